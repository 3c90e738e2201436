//! The fields of a log line, read from the line itself at the moment they are asked for.
//!
//! Nothing is stored per field: at 200,000 lines a second the allocations would cost more than everything else,
//! and hardly any record is ever looked at closely. The readers here are tolerant: a line that was cut in the
//! middle yields what it still holds.

use std::borrow::Cow;
use std::ops::ControlFlow;

use memchr::{memchr, memchr2};

use super::format::Format;

/// Objects within objects are read to this depth; what is deeper is one field, as written.
const DEPTH: usize = 8;

/// A value as it is written in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    written: &'a str,
    escaped: bool,
}

impl<'a> Value<'a> {
    fn plain(written: &'a str) -> Self {
        Self { written, escaped: false }
    }

    /// The value with its escapes undone; borrowed where it has none.
    pub fn text(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.written)) } else { Cow::Borrowed(self.written) }
    }
}

/// What a reader of fields is called with: the name (dotted where nested) and the value.
pub type Visit<'v, 'a> = &'v mut dyn FnMut(&str, Value<'a>) -> ControlFlow<()>;

/// Calls `visit` with every field of `line`, in order, until it breaks. Returns whether the line was well-formed
/// as far as it was read.
pub fn walk<'a>(format: Format, line: &'a str, visit: Visit<'_, 'a>) -> bool {
    match format {
        Format::Json | Format::Mongodb => walk_json(line, visit),
        Format::Access => walk_access(line, visit),
        _ => walk_pairs(line, visit),
    }
}

/// The value of the field `name`: an exact match, else one that ends in `.name`, both without regard to case.
pub fn find<'a>(format: Format, line: &'a str, name: &str) -> Option<Value<'a>> {
    let mut exact = None;
    let mut nested = None;
    walk(format, line, &mut |key, value| {
        if key.eq_ignore_ascii_case(name) {
            exact = Some(value);
            return ControlFlow::Break(());
        }
        if nested.is_none() && ends_in(key, name) {
            nested = Some(value);
        }
        ControlFlow::Continue(())
    });
    exact.or(nested)
}

fn ends_in(key: &str, name: &str) -> bool {
    let (key, name) = (key.as_bytes(), name.as_bytes());
    key.len() > name.len() + 1
        && key[key.len() - name.len() - 1] == b'.'
        && key[key.len() - name.len()..].eq_ignore_ascii_case(name)
}

enum Stop {
    Broken,
    Enough,
}

struct Json<'a, 'v> {
    text: &'a str,
    at: usize,
    path: String,
    visit: Visit<'v, 'a>,
}

fn walk_json<'a>(line: &'a str, visit: Visit<'_, 'a>) -> bool {
    let Some(start) = memchr(b'{', line.as_bytes()) else { return false };
    let mut json = Json { text: line, at: start, path: String::new(), visit };
    match json.object(0) {
        Ok(()) => line[json.at..].trim_ascii().is_empty(),
        Err(Stop::Enough) => true,
        Err(Stop::Broken) => false,
    }
}

impl<'a> Json<'a, '_> {
    fn byte(&mut self) -> Result<u8, Stop> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(byte);
            }
            self.at += 1;
        }
        Err(Stop::Broken)
    }

    fn object(&mut self, depth: usize) -> Result<(), Stop> {
        self.at += 1;
        loop {
            match self.byte()? {
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                b',' => self.at += 1,
                b'"' => self.member(depth)?,
                _ => return Err(Stop::Broken),
            }
        }
    }

    fn member(&mut self, depth: usize) -> Result<(), Stop> {
        let (key, closed) = self.string();
        if !closed || self.byte()? != b':' {
            return Err(Stop::Broken);
        }
        self.at += 1;
        match self.byte()? {
            b'"' => {
                let (value, closed) = self.string();
                self.emit(key, value)?;
                if closed { Ok(()) } else { Err(Stop::Broken) }
            }
            b'{' if depth + 1 < DEPTH => {
                let outer = self.path.len();
                self.path.push_str(&key.text());
                self.path.push('.');
                let result = self.object(depth + 1);
                self.path.truncate(outer);
                result
            }
            b'{' | b'[' => {
                let start = self.at;
                let closed = self.skip_nested();
                self.emit(key, Value::plain(&self.text[start..self.at]))?;
                if closed { Ok(()) } else { Err(Stop::Broken) }
            }
            b'}' | b',' => Err(Stop::Broken),
            _ => {
                let rest = &self.text[self.at..];
                let end = rest.find([',', '}', ']', ' ', '\t', '"', '{', '[']).unwrap_or(rest.len());
                self.at += end;
                self.emit(key, Value::plain(&rest[..end]))
            }
        }
    }

    fn emit(&mut self, key: Value<'a>, value: Value<'a>) -> Result<(), Stop> {
        let flow = if self.path.is_empty() {
            (self.visit)(&key.text(), value)
        } else {
            let outer = self.path.len();
            self.path.push_str(&key.text());
            let flow = (self.visit)(&self.path, value);
            self.path.truncate(outer);
            flow
        };
        if flow.is_break() { Err(Stop::Enough) } else { Ok(()) }
    }

    /// Reads a string whose opening quote is at the cursor; says whether it is closed.
    fn string(&mut self) -> (Value<'a>, bool) {
        let (value, length, closed) = quoted(&self.text[self.at + 1..]);
        self.at += 1 + length;
        (value, closed)
    }

    /// Steps over an array or an object; says whether it is closed. A loop and not a recursion: depth is the
    /// writer's choice.
    fn skip_nested(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    if !self.string().1 {
                        return false;
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return true;
            }
        }
        false
    }
}

/// Reads up to the closing quote: the value, the bytes consumed with the quote, and whether there was one.
fn quoted(text: &str) -> (Value<'_>, usize, bool) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut escaped = false;
    while let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) {
        at += found;
        if bytes[at] == b'"' {
            return (Value { written: &text[..at], escaped }, at + 1, true);
        }
        escaped = true;
        at += 2;
        if at > bytes.len() {
            break;
        }
    }
    (Value { written: text, escaped }, text.len(), false)
}

fn unescape(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(letter) = rest.chars().next() else {
            out.push('\\');
            break;
        };
        rest = &rest[letter.len_utf8()..];
        match letter {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'u' => rest = push_code(&mut out, rest),
            other => out.push(other),
        }
    }
    out.push_str(rest);
    out
}

/// Pushes the character of `XXXX` (or of a surrogate pair `XXXX\uXXXX`) and returns what follows.
fn push_code<'a>(out: &mut String, rest: &'a str) -> &'a str {
    let hex = |text: &str| text.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let Some(high) = hex(rest) else {
        out.push_str("\\u");
        return rest;
    };
    let after = &rest[4..];
    if (0xd800..0xdc00).contains(&high)
        && let Some(low) = after.strip_prefix("\\u").and_then(hex)
        && (0xdc00..0xe000).contains(&low)
    {
        out.push(char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)).unwrap_or('\u{fffd}'));
        return &after[6..];
    }
    out.push(char::from_u32(high).unwrap_or('\u{fffd}'));
    after
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b'@')
}

fn walk_pairs<'a>(line: &'a str, visit: Visit<'_, 'a>) -> bool {
    let bytes = line.as_bytes();
    let mut from = 0;
    while let Some(found) = memchr(b'=', &bytes[from..]) {
        let equals = from + found;
        let key_length = bytes[from..equals].iter().rev().take_while(|byte| is_key_byte(**byte)).count();
        let key = &line[equals - key_length..equals];
        from = equals + 1;
        let starts_a_word = equals - key_length == 0
            || matches!(bytes[equals - key_length - 1], b' ' | b'\t' | b',' | b'[' | b'(' | b'{' | b';');
        if key.is_empty() || !starts_a_word || key.as_bytes()[0].is_ascii_digit() {
            continue;
        }
        let value = if bytes.get(from) == Some(&b'"') {
            let (value, length, _) = quoted(&line[from + 1..]);
            from += 1 + length;
            value
        } else {
            let rest = &bytes[from..];
            let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
            let value = &line[from..from + end];
            from += end;
            Value::plain(value.trim_end_matches([',', ';', ')', ']', '}']))
        };
        if visit(key, value).is_break() {
            return true;
        }
    }
    true
}

/// `CLIENT - USER [TIME] "METHOD PATH PROTOCOL" STATUS BYTES "REFERER" "AGENT"`.
fn walk_access<'a>(line: &'a str, visit: Visit<'_, 'a>) -> bool {
    access(line, visit).is_some()
}

fn access<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let (client, rest) = line.split_once(' ')?;
    let open = rest.find(" [")?;
    let user = rest[..open].rsplit(' ').next()?;
    let (time, rest) = rest[open + 2..].split_once("] ")?;
    let (request, length, closed) = quoted(rest.strip_prefix('"')?);
    if !closed {
        return None;
    }
    let mut words = rest[1 + length..].split_ascii_whitespace();
    let status = words.next()?;
    if status.len() != 3 || !status.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = words.next().unwrap_or("-");
    let mut parts = request.written.split(' ');
    let mut fields = vec![
        ("client", client),
        ("user", user),
        ("time", time),
        ("method", parts.next().unwrap_or_default()),
        ("path", parts.next().unwrap_or_default()),
        ("protocol", parts.next().unwrap_or_default()),
        ("status", status),
        ("bytes", size),
    ];
    let mut tail = rest[1 + length..].split_once('"').map(|(_, after)| after);
    for name in ["referer", "agent"] {
        if let Some(text) = tail {
            let (value, length, _) = quoted(text);
            fields.push((name, value.written));
            tail = text[length..].split_once('"').map(|(_, after)| after);
        }
    }
    for (name, value) in fields {
        if !value.is_empty() && value != "-" && visit(name, Value::plain(value)).is_break() {
            break;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(format: Format, line: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        walk(format, line, &mut |key, value| {
            found.push((key.to_owned(), value.text().into_owned()));
            ControlFlow::Continue(())
        });
        found
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn json_fields_come_in_order_with_dotted_names() {
        let line =
            r#"{"a":"x \"y\" \u00e9\ud83d\ude00","n": -1.5e3 ,"b":true,"o":{"p":{"q":null},"r":[1,{"s":"]"}]},"e":{}}"#;
        let expected = pairs(&[
            ("a", "x \"y\" é😀"),
            ("n", "-1.5e3"),
            ("b", "true"),
            ("o.p.q", "null"),
            ("o.r", r#"[1,{"s":"]"}]"#),
        ]);
        assert_eq!(all(Format::Json, line), expected);
    }

    #[test]
    fn a_cut_json_line_yields_what_it_holds() {
        assert_eq!(all(Format::Json, r#"{"a":1,"b":"hel"#), pairs(&[("a", "1"), ("b", "hel")]));
        assert!(!walk(Format::Json, r#"{"a":1,"b":"hel"#, &mut |_, _| ControlFlow::Continue(())));
        assert!(!walk(Format::Json, r#"{"a":1} and more"#, &mut |_, _| ControlFlow::Continue(())));
    }

    #[test]
    fn pairs_are_found_in_text_too() {
        assert_eq!(
            all(Format::Plain, r#"took=20ms (user=7) path="/a b" x==y ==z 1=2 url=http://h/?q=1"#),
            pairs(&[("took", "20ms"), ("user", "7"), ("path", "/a b"), ("x", "=y"), ("url", "http://h/?q=1")])
        );
    }

    #[test]
    fn access_lines_have_names() {
        let line = r#"10.0.0.1 - bob [21/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 503 12 "-" "curl/8 \"x\"""#;
        let found = all(Format::Access, line);
        assert!(found.contains(&("status".into(), "503".into())));
        assert!(found.contains(&("user".into(), "bob".into())));
        assert!(found.iter().any(|(key, value)| key == "agent" && value.starts_with("curl")));
    }

    #[test]
    fn find_prefers_the_exact_name() {
        let line = r#"{"meta":{"id":"1"},"id":"2"}"#;
        assert_eq!(find(Format::Json, line, "ID").map(|v| v.text().into_owned()), Some("2".into()));
        assert_eq!(find(Format::Json, r#"{"meta":{"id":"1"}}"#, "id").map(|v| v.text().into_owned()), Some("1".into()));
    }

    proptest! {
        #[test]
        fn no_line_is_refused_with_a_panic(line in ".{0,200}") {
            for format in [Format::Plain, Format::Json, Format::Logfmt, Format::Access] {
                all(format, &line);
            }
        }

        #[test]
        fn json_like_text_never_panics(line in r#"[\{\}\[\]":,\\u0-9a-d é]{0,80}"#) {
            all(Format::Json, &line);
            all(Format::Access, &line);
        }

        #[test]
        fn strings_come_back_as_serde_wrote_them(key in "[a-z]{1,5}", value in any::<String>()) {
            let line = serde_json::to_string(&std::collections::BTreeMap::from([(&key, &value)])).unwrap();
            prop_assert_eq!(all(Format::Json, &line), vec![(key, value)]);
        }
    }
}
