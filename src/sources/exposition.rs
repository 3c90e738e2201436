//! Prometheus text 0.0.4 and OpenMetrics, read line by line while they stream.
//!
//! Only what a selector asks for is kept; a megabyte of other series costs its bytes and nothing else. The two formats
//! differ in what a console does not read (types, units, exemplars, the unit of timestamps), so one reader serves
//! both. It is lenient: a line that is not understood is counted and named, and the others are still good.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use serde_json::{Value, json};

use crate::lang::selector::Selector;
use crate::model::document::PollError;
use crate::text::SafeText;

use super::http::BodySink;

/// The longest line that is read.
const MAX_LINE: usize = 1 << 20;

/// The sum of the samples that a selector chose.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    sum: Option<f64>,
}

impl Sum {
    /// The number, or why there is none.
    ///
    /// # Errors
    /// No series matches, or the sum is not a number.
    pub fn value(&self) -> Result<f64, String> {
        match self.sum {
            Some(sum) if sum.is_finite() => Ok(sum),
            Some(sum) => Err(format!("not a number: {sum}")),
            None => Err("absent: no series matches".to_owned()),
        }
    }

    fn add(&mut self, value: f64) {
        self.sum = Some(self.sum.unwrap_or(0.0) + value);
    }
}

/// A line that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct LineFault {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: &'static str,
}

/// One exposition, while it comes in.
#[derive(Debug)]
pub struct Scrape<'a> {
    selectors: Vec<&'a Selector>,
    sums: Vec<Sum>,
    /// The beginning of a line whose end has not come yet.
    carry: Vec<u8>,
    line: u64,
    samples: u64,
    bytes: usize,
    limit: usize,
    faults: u64,
    first_fault: Option<LineFault>,
}

impl<'a> Scrape<'a> {
    /// Nothing read yet; at most `limit` bytes will be.
    pub fn new(selectors: Vec<&'a Selector>, limit: usize) -> Self {
        let sums = vec![Sum::default(); selectors.len()];
        Self { selectors, sums, carry: Vec::new(), line: 0, samples: 0, bytes: 0, limit, faults: 0, first_fault: None }
    }

    /// The end of the text: the document, the sums in the order of the selectors, and the first line that was not
    /// understood.
    ///
    /// # Errors
    /// It holds no sample, and lines that are none.
    pub fn finish(mut self, latency_ms: f64) -> Result<(Value, Vec<Sum>, Option<LineFault>), PollError> {
        let rest = std::mem::take(&mut self.carry);
        if !rest.is_empty() {
            self.read_line_of(&rest);
        }
        if let (0, Some(fault)) = (self.samples, &self.first_fault) {
            return Err(PollError::Unreadable(SafeText::new(&format!("not a Prometheus exposition: {fault}"))));
        }
        let document = json!({
            "samples": self.samples,
            "bytes": self.bytes,
            "faults": self.faults,
            "latency_ms": latency_ms,
        });
        Ok((document, self.sums, self.first_fault))
    }

    fn read_line_of(&mut self, line: &[u8]) {
        self.line += 1;
        // A byte order mark is no part of the first line.
        let line = if self.line == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        let selectors = self.selectors.iter().zip(&mut self.sums);
        match read_line(line, selectors) {
            Ok(true) => self.samples += 1,
            Ok(false) => {}
            Err(what) => self.fault(what),
        }
    }

    fn fault(&mut self, what: &'static str) {
        self.faults += 1;
        self.first_fault.get_or_insert(LineFault { line: self.line, what });
    }
}

impl BodySink for &mut Scrape<'_> {
    fn write(&mut self, piece: &[u8]) -> bool {
        self.bytes += piece.len();
        if self.bytes > self.limit {
            return false;
        }
        let mut rest = piece;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, tail) = (&rest[..end], &rest[end + 1..]);
            rest = tail;
            if self.carry.is_empty() {
                self.read_line_of(line);
            } else {
                let mut whole = std::mem::take(&mut self.carry);
                whole.extend_from_slice(line);
                self.read_line_of(&whole);
                whole.clear();
                self.carry = whole;
            }
        }
        if self.carry.len() + rest.len() > MAX_LINE {
            // What comes up to the next line break will be a fault of its own.
            self.carry.clear();
            self.fault("the line is too long");
        }
        self.carry.extend_from_slice(rest);
        true
    }

    fn limit(&self) -> usize {
        self.limit
    }
}

/// Reads one line; `true` where it is a sample, which has then been added to the sums of the selectors that mean it.
fn read_line<'s>(
    line: &[u8],
    sums: impl Iterator<Item = (&'s &'s Selector, &'s mut Sum)>,
) -> Result<bool, &'static str> {
    let line = line.trim_ascii();
    if line.is_empty() || line[0] == b'#' {
        return Ok(false);
    }
    let (bare, rest) = line.split_at(line.iter().position(|byte| !is_name(*byte)).unwrap_or(line.len()));
    if bare.first().is_some_and(u8::is_ascii_digit) {
        return Err("a metric's name can't begin with a digit");
    }
    let rest = rest.trim_ascii_start();
    let mut name = (!bare.is_empty()).then_some(Cow::Borrowed(bare));
    let mut labels: &[u8] = &[];
    let rest = if let Some(inner) = rest.strip_prefix(b"{") {
        let tail = scan_labels(inner, |label| {
            if let Label::Name(quoted) = label {
                name = Some(unescape(quoted));
            }
        })?;
        labels = &inner[..inner.len() - tail.len()];
        tail
    } else {
        rest
    };
    let Some(name) = name else { return Err("expected the name of a metric") };
    let value = read_value(rest)?;
    for (selector, sum) in sums {
        if selector.name().is_some_and(|wanted| wanted.as_bytes() != &*name) {
            continue;
        }
        if selector.is_bare() || matches(selector, &name, labels) {
            sum.add(value);
        }
    }
    Ok(true)
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

/// What stands between braces: a quoted metric name, or a label with its value, both as written.
enum Label<'a> {
    Name(&'a [u8]),
    Pair(&'a [u8], &'a [u8]),
}

/// Goes through the labels after `{`; gives what follows the `}`.
fn scan_labels<'a>(text: &'a [u8], mut each: impl FnMut(Label<'a>)) -> Result<&'a [u8], &'static str> {
    let mut rest = text.trim_ascii_start();
    loop {
        if let Some(tail) = rest.strip_prefix(b"}") {
            return Ok(tail);
        }
        let (key, quoted, tail) = if rest.first() == Some(&b'"') {
            let (key, tail) = quoted(rest)?;
            (key, true, tail)
        } else {
            let (key, tail) = rest.split_at(rest.iter().position(|byte| !is_name(*byte)).unwrap_or(rest.len()));
            (key, false, tail)
        };
        rest = tail.trim_ascii_start();
        if let Some(tail) = rest.strip_prefix(b"=") {
            if key.is_empty() && !quoted {
                return Err("a label has no name");
            }
            let (value, tail) = self::quoted(tail.trim_ascii_start())?;
            each(Label::Pair(key, value));
            rest = tail.trim_ascii_start();
        } else if quoted {
            each(Label::Name(key));
        } else {
            return Err("expected a label");
        }
        rest = match rest.first() {
            Some(b',') => rest[1..].trim_ascii_start(),
            Some(b'}') => rest,
            _ => return Err("expected `,` or `}` after a label"),
        };
    }
}

/// A text in quotes, as written, and what follows it.
fn quoted(text: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let Some(inner) = text.strip_prefix(b"\"") else { return Err("expected a value in quotes") };
    let mut at = 0;
    loop {
        match memchr2(b'"', b'\\', &inner[at..]) {
            Some(found) if inner[at + found] == b'"' => return Ok((&inner[..at + found], &inner[at + found + 1..])),
            Some(found) if at + found + 2 <= inner.len() => at += found + 2,
            _ => return Err("a quote is not closed"),
        }
    }
}

fn unescape(written: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', written).is_none() {
        return Cow::Borrowed(written);
    }
    let mut out = Vec::with_capacity(written.len());
    let mut bytes = written.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, byte == b'\\') {
            (_, true) => match bytes.next() {
                Some(b'n') => out.push(b'\n'),
                Some(other @ (b'\\' | b'"')) => out.push(other),
                Some(other) => out.extend([b'\\', other]),
                None => out.push(b'\\'),
            },
            (byte, false) => out.push(byte),
        }
    }
    Cow::Owned(out)
}

fn matches(selector: &Selector, name: &[u8], written: &[u8]) -> bool {
    let mut labels: Vec<(Cow<str>, Cow<str>)> = Vec::new();
    // It was scanned before, and was good.
    let _ = scan_labels(written, |label| {
        if let Label::Pair(key, value) = label {
            labels.push((text(unescape(key)), text(unescape(value))));
        }
    });
    selector.matches(&String::from_utf8_lossy(name), |wanted| {
        labels.iter().find(|(key, _)| key == wanted).map(|(_, value)| &**value)
    })
}

fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// ` VALUE [TIMESTAMP] [# EXEMPLAR]`
fn read_value(rest: &[u8]) -> Result<f64, &'static str> {
    let mut words = rest.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    let Some(value) = words.next().and_then(number) else { return Err("expected a number after the series") };
    match words.next() {
        None | Some(b"#") => Ok(value),
        Some(timestamp) if number(timestamp).is_some() => match words.next() {
            None | Some(b"#") => Ok(value),
            Some(_) => Err("expected the end of the line after the timestamp"),
        },
        Some(_) => Err("expected a timestamp or the end of the line after the value"),
    }
}

/// A number as Go reads it, hexadecimal floats among them.
fn number(word: &[u8]) -> Option<f64> {
    let word = std::str::from_utf8(word).ok()?;
    word.parse().ok().or_else(|| hexadecimal(word))
}

fn hexadecimal(word: &str) -> Option<f64> {
    let (sign, word) = match word.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, word.strip_prefix('+').unwrap_or(word)),
    };
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))?;
    let (mantissa, exponent) = digits.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let mut value = 0.0_f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = exponent.parse::<i32>().ok()?.saturating_sub(i32::try_from(fraction.len()).ok()?.saturating_mul(4));
    Some(sign * value * 2.0_f64.powi(shift))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scrape(
        text: &[u8],
        selectors: &[&str],
        piece: usize,
    ) -> Result<(Value, Vec<Sum>, Option<LineFault>), PollError> {
        let selectors: Vec<Selector> = selectors.iter().map(|selector| Selector::parse(selector).unwrap()).collect();
        let mut scrape = Scrape::new(selectors.iter().collect(), 1 << 20);
        for piece in text.chunks(piece.max(1)) {
            assert!((&mut scrape).write(piece));
        }
        scrape.finish(1.0)
    }

    fn sum(text: &str, selector: &str) -> Option<f64> {
        scrape(text.as_bytes(), &[selector], 7).unwrap().1[0].sum
    }

    const PAGE: &str = r#"# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400",}    3 1395066363000
http_requests_total { method = "get" , code = "500" } 1.5e+01

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
nothing NaN
hex 0x1.8p3
job:rate:5m 0.25
braces{path="/a}b{c"} 2
{"my.dotted.metric","error.message"="Not Found"} 7
{"quoted \"name\""} 8
foo_bucket{le="0.1"} 8 # {trace_id="a b"} 0.067 1520879607.789
foo_seconds_count 17 1520879607.789 # {} 1
under	tab	3
# EOF
"#;

    #[test]
    fn every_form_of_a_sample() {
        for (selector, expected) in [
            ("http_requests_total", 1045.0),
            (r#"http_requests_total{code=~"[45].."}"#, 18.0),
            (r#"http_requests_total{method="get"}"#, 15.0),
            (r#"msdos_file_access_time_seconds{error=~"Cannot.*\"FILE.TXT\""}"#, 1_458_255_915.0),
            (r#"msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT"}"#, 1_458_255_915.0),
            ("metric_without_timestamp_and_labels", 12.47),
            ("something_weird", f64::INFINITY),
            ("hex", 12.0),
            ("job:rate:5m", 0.25),
            (r#"braces{path="/a}b{c"}"#, 2.0),
            (r#"{"my.dotted.metric"}"#, 7.0),
            (r#"{"my.dotted.metric", "error.message"="Not Found"}"#, 7.0),
            (r#"{"quoted \"name\""}"#, 8.0),
            ("foo_bucket", 8.0),
            ("foo_seconds_count", 17.0),
        ] {
            assert_eq!(sum(PAGE, selector), Some(expected), "{selector}");
        }
        assert_eq!(sum(PAGE, "missing"), None);
        let (document, sums, fault) = scrape(PAGE.as_bytes(), &["nothing"], 1000).unwrap();
        assert_eq!(document["samples"], 14);
        assert_eq!(sums[0].value(), Err("not a number: NaN".to_owned()));
        assert_eq!(fault, Some(LineFault { line: 19, what: "expected a number after the series" }));
    }

    #[test]
    fn faults_are_named_by_line_and_leave_the_rest() {
        for (line, what) in [
            ("1abc 2", "digit"),
            ("a", "number"),
            ("a b", "number"),
            ("a 1 b", "timestamp"),
            ("a 1 2 3", "end of the line"),
            ("a{b=\"c} 1", "not closed"),
            ("a{b} 1", "expected a label"),
            ("a{=\"c\"} 1", "no name"),
            ("a{b=\"c\" d=\"e\"} 1", "`,` or `}`"),
            ("{b=\"c\"} 1", "name of a metric"),
            ("a{b=c} 1", "in quotes"),
        ] {
            let (document, sums, fault) = scrape(format!("ok 1\r\n{line}\nok 2").as_bytes(), &["ok"], 5).unwrap();
            assert_eq!(sums[0].value(), Ok(3.0), "{line}");
            assert_eq!(document["faults"], 1, "{line}");
            let fault = fault.unwrap();
            assert_eq!(fault.line, 2);
            assert!(fault.what.contains(what), "{line}: {fault}");
        }
        let page = scrape(b"<html>\n<body>Sign in</body>", &["a"], 9);
        assert!(matches!(page, Err(PollError::Unreadable(_))), "{page:?}");
        assert!(scrape(b"", &["a"], 9).is_ok());
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_ends_are_no_part_of_it() {
        for text in [
            "\u{feff}up 1\nother 2\n",
            "\u{feff}up 1\r\nother 2\r\n",
            "up 1\r\n",
            "\u{feff}# HELP up x\nup 1",
            "\u{feff}up 1",
        ] {
            for piece in [1, 2, 7, 100] {
                let (_, sums, fault) = scrape(text.as_bytes(), &["up"], piece).unwrap();
                assert_eq!((sums[0].sum, fault), (Some(1.0), None), "{text:?}");
            }
        }
        // Only at the beginning.
        let (_, _, fault) = scrape("up 1\n\u{feff}other 2\n".as_bytes(), &["up"], 7).unwrap();
        assert_eq!(fault.map(|fault| fault.line), Some(2));
    }

    #[test]
    fn a_text_over_its_limit_is_not_read_on() {
        let mut scrape = Scrape::new(Vec::new(), 10);
        assert!((&mut scrape).write(b"a 1\nb 2\n"));
        assert!(!(&mut scrape).write(b"c 3\n"));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(piece in 1_usize..200) {
            let selectors = ["http_requests_total", "foo_seconds_count", r#"{"my.dotted.metric"}"#];
            prop_assert_eq!(scrape(PAGE.as_bytes(), &selectors, piece), scrape(PAGE.as_bytes(), &selectors, 1 << 20));
        }

        #[test]
        fn never_panics(text in prop::collection::vec(prop::sample::select(b"ab1{}\",=\\ \n#\t.\xff".to_vec()), 0..120), piece in 1_usize..20) {
            let _ = scrape(&text, &["a", "{b=\"a\"}"], piece);
        }
    }
}
