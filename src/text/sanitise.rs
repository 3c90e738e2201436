//! The sanitiser: bytes from outside to text that can only be read.

use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::characters::{EMOJI_STYLE, JOINER, KEYCAP, is_emoji, is_hidden, is_keycap_base};
use super::every::is_printable;
use super::sgr::{Sgr, StyleSpan};
use super::{LINE_BREAK, RETURN, SafeText, escape};

/// The longest line in bytes, with its cut mark.
pub const MAX_LINE: usize = 8192;

/// The longest record in bytes: what is looked at when records are filtered and counted. It carries no cut mark, which
/// a filter could hit.
pub const MAX_RECORD: usize = 1 << 20;

/// [`MAX_RECORD`] in words.
pub const MAX_RECORD_WORDS: &str = "1 MiB";

/// Where a line that is too long is cut; the mark fits behind it.
const CUT_AT: usize = MAX_LINE - 40;
/// Columns between tab stops.
const TAB: usize = 8;
/// Combining marks kept on one character.
const MAX_MARKS: usize = 4;
/// Characters kept in one cluster: a family of four with skin tones has eleven.
const MAX_CLUSTER: usize = 16;

/// A sanitised line and what it took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sanitised {
    /// The safe text.
    pub text: SafeText,
    /// Control characters and sequences, invisible characters, overwritten parts and floods of marks that were
    /// neutralised. Tabs, line breaks and plain colours are none.
    pub neutralised: u32,
    /// Bytes of input beyond the bound that were cut. The text of a line then ends in a mark that says so.
    pub cut_bytes: u64,
}

/// A sanitised line with the colours it asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coloured {
    /// The line.
    pub line: Sanitised,
    /// Byte ranges of the text with their styles, in order, not overlapping.
    pub spans: Vec<StyleSpan>,
}

/// How long a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// [`MAX_LINE`]: what is only shown.
    Line,
    /// [`MAX_RECORD`]: what is filtered and counted.
    Record,
}

impl Bound {
    /// Bytes.
    const fn most(self) -> usize {
        match self {
            Self::Line => MAX_LINE,
            Self::Record => MAX_RECORD,
        }
    }

    /// Bytes that are kept of what is longer.
    const fn cut_at(self) -> usize {
        match self {
            Self::Line => CUT_AT,
            Self::Record => MAX_RECORD,
        }
    }
}

/// Sanitises one line. Line breaks inside it become [`LINE_BREAK`]; one at its end vanishes. A lone carriage return
/// becomes `␍`: what a terminal would overwrite is still there to be seen and found.
pub fn sanitise(raw: &[u8]) -> Sanitised {
    sanitise_within(raw, Bound::Line)
}

/// The same within another bound.
pub fn sanitise_within(raw: &[u8], bound: Bound) -> Sanitised {
    plain(raw, bound).unwrap_or_else(|| Pass::new(raw, bound).run().line)
}

/// Sanitises one line and keeps its SGR colours as spans.
pub fn sanitise_coloured(raw: &[u8]) -> Coloured {
    sanitise_coloured_within(raw, Bound::Line)
}

/// The same within another bound.
pub fn sanitise_coloured_within(raw: &[u8], bound: Bound) -> Coloured {
    plain(raw, bound).map_or_else(
        || Pass { colours: Some(Colours::default()), ..Pass::new(raw, bound) }.run(),
        |line| Coloured { line, spans: Vec::new() },
    )
}

/// Sanitises one line and leaves the sequences in it as they are written, with `␛` for the escape: for seeing what a
/// program sends.
pub fn sanitise_shown(raw: &[u8], bound: Bound) -> Sanitised {
    plain(raw, bound).unwrap_or_else(|| Pass { sequences: Sequences::Shown, ..Pass::new(raw, bound) }.run().line)
}

/// Sanitises one line and drops the text within control strings: only to find what they tear apart.
pub fn sanitise_bare(raw: &[u8], bound: Bound) -> Sanitised {
    plain(raw, bound).unwrap_or_else(|| Pass { sequences: Sequences::Dropped, ..Pass::new(raw, bound) }.run().line)
}

/// Sanitises text line by line; a line break at the end does not begin another line.
pub fn sanitise_lines(raw: &[u8]) -> Vec<Sanitised> {
    let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
    if raw.is_empty() {
        return Vec::new();
    }
    raw.split(|byte| *byte == b'\n').map(sanitise).collect()
}

/// The common case: printable ASCII within the bound, copied once; `None` for anything else.
pub fn printable(raw: &[u8], bound: Bound) -> Option<SafeText> {
    if raw.len() > bound.most() || !is_printable(raw) {
        return None;
    }
    std::str::from_utf8(raw).ok().map(SafeText::from_clean)
}

fn plain(raw: &[u8], bound: Bound) -> Option<Sanitised> {
    printable(raw, bound).map(|text| Sanitised { text, ..Sanitised::default() })
}

/// One pass over one line.
struct Pass<'a> {
    raw: &'a [u8],
    bound: Bound,
    at: usize,
    out: String,
    column: usize,
    /// Where in `out` the present line begins: a carriage return goes back there.
    line_start: usize,
    /// A carriage return was seen; what comes next would overwrite what is there.
    returned: bool,
    /// Marks on the present character; `None` where there is no character to carry any.
    marks: Option<usize>,
    /// Characters were seen that can grow one cluster without end.
    clusters: bool,
    neutralised: u32,
    sequences: Sequences,
    /// Up to here of `raw` no control string that an 8-bit character begins comes to its end.
    endless_to: usize,
    /// Lengths of output and input up to which all is kept if the line must be cut.
    safe: (usize, usize),
    colours: Option<Colours>,
}

/// What becomes of escape sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sequences {
    /// A mark stands for each; the text within control strings stays.
    Marked,
    /// They are shown as they are written.
    Shown,
    /// A mark stands for each, whatever it holds.
    Dropped,
}

#[derive(Default)]
struct Colours {
    spans: Vec<StyleSpan>,
    current: Sgr,
    since: usize,
}

impl Colours {
    fn close(&mut self, end: usize) {
        let style = self.current.visible();
        if end > self.since && style != Sgr::default() {
            self.spans.push((self.since..end, style));
        }
        self.since = end;
    }

    fn truncate(&mut self, len: usize) {
        self.since = self.since.min(len);
        self.spans.retain_mut(|(range, _)| {
            range.end = range.end.min(len);
            range.start < range.end
        });
    }
}

impl<'a> Pass<'a> {
    fn new(raw: &'a [u8], bound: Bound) -> Self {
        let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
        Self {
            raw,
            bound,
            at: 0,
            out: String::with_capacity(raw.len().min(bound.most()) + 16),
            column: 0,
            line_start: 0,
            returned: false,
            marks: None,
            clusters: false,
            neutralised: 0,
            sequences: Sequences::Marked,
            endless_to: 0,
            safe: (0, 0),
            colours: None,
        }
    }

    fn run(mut self) -> Coloured {
        let mut cut_bytes = 0;
        while self.at < self.raw.len() {
            self.step();
            if self.out.len() <= self.bound.cut_at() {
                self.safe = (self.out.len(), self.at);
            } else if self.out.len() > self.bound.most() {
                cut_bytes = (self.raw.len() - self.safe.1) as u64;
                break;
            }
        }
        if cut_bytes > 0 {
            self.truncate(self.safe.0);
            while self.out.ends_with([JOINER, EMOJI_STYLE]) {
                self.out.pop();
            }
        }
        let mut spans = Vec::new();
        if let Some(mut colours) = self.colours.take() {
            colours.close(self.out.len());
            colours.truncate(self.out.len());
            spans = colours.spans;
        }
        if cut_bytes > 0 && self.bound == Bound::Line {
            // Writing to a string can't fail.
            let _ = write!(self.out, "…(+{cut_bytes} bytes cut)");
        }
        if self.clusters && self.cap_clusters() {
            spans.clear();
        }
        let line = Sanitised { text: SafeText::from_clean(&self.out), neutralised: self.neutralised, cut_bytes };
        Coloured { line, spans }
    }

    /// Takes one thing: a run of plain bytes, a control, a sequence, a character.
    fn step(&mut self) {
        match self.raw[self.at] {
            0x20..=0x7e => self.plain_run(),
            b'\t' => {
                self.at += 1;
                let spaces = TAB - self.column % TAB;
                self.push_str(&"        "[..spaces], spaces);
            }
            b'\n' => {
                self.at += 1;
                self.returned = false;
                self.push_str(LINE_BREAK.encode_utf8(&mut [0; 4]), 0);
                (self.line_start, self.column, self.marks) = (self.out.len(), 0, None);
            }
            b'\r' => {
                self.at += 1;
                self.returned = true;
            }
            0x1b => self.escape(),
            control @ (0..=0x1f | 0x7f) => {
                self.at += 1;
                self.neutralised = self.neutralised.saturating_add(1);
                let picture =
                    if control == 0x7f { '␡' } else { char::from_u32(0x2400 + u32::from(control)).unwrap_or('␀') };
                self.push_char(picture, 1);
            }
            0x80.. => self.character(),
        }
    }

    fn plain_run(&mut self) {
        self.mark_return();
        let rest = &self.raw[self.at..];
        // Never more than what decides that the line is too long, and a stop at the cut itself.
        let (cut_at, most) = (self.bound.cut_at(), self.bound.most());
        let room = if self.out.len() < cut_at { cut_at - self.out.len() } else { most + 1 - self.out.len().min(most) };
        let len = rest.iter().take(room).take_while(|byte| matches!(byte, 0x20..=0x7e)).count();
        self.at += len;
        self.push_str(std::str::from_utf8(&rest[..len]).unwrap_or_default(), len);
    }

    fn escape(&mut self) {
        let rest = &self.raw[self.at + 1..];
        let sequence = escape::after_escape(rest);
        if self.sequences == Sequences::Shown {
            self.neutralised = self.neutralised.saturating_add(u32::from(!sequence.sgr));
            self.at += 1;
            return self.push_char('␛', 1);
        }
        let is_string = sequence.complete && matches!(rest.first(), Some(b']' | b'P' | b'X' | b'^' | b'_'));
        if is_string && self.says_something(&rest[1..sequence.len]) {
            self.at += 2;
            self.neutralised = self.neutralised.saturating_add(1);
            return self.push_char('␛', 1);
        }
        self.at += 1 + sequence.len;
        if sequence.sgr {
            if let Some(colours) = &mut self.colours {
                colours.close(self.out.len());
                colours.current.apply(&rest[1..sequence.len - 1]);
            }
        } else {
            self.neutralised = self.neutralised.saturating_add(1);
            self.push_char('␛', 1);
        }
    }

    /// Something that is not ASCII: a character, a C1 control, or no UTF-8 at all.
    fn character(&mut self) {
        match decode(&self.raw[self.at..]) {
            Ok((c, len)) if ('\u{80}'..='\u{9f}').contains(&c) => self.c1(c as u8, len),
            Ok((c, len)) => {
                self.at += len;
                self.visible(c);
            }
            Err(_) if self.raw[self.at] < 0xa0 => self.c1(self.raw[self.at], 1),
            Err(len) => {
                self.at += len;
                self.push_char(char::REPLACEMENT_CHARACTER, 1);
            }
        }
    }

    fn c1(&mut self, c1: u8, len: usize) {
        self.neutralised = self.neutralised.saturating_add(1);
        self.at += len;
        let rest = &self.raw[self.at..];
        let is_string = c1 != 0x9b;
        // Each of many beginnings would look as far ahead for the end that is not there.
        let found = if is_string && self.at < self.endless_to { None } else { escape::after_c1(c1, rest) };
        if let Some(sequence) = found {
            if !(is_string && self.says_something(&rest[..sequence.len])) {
                self.at += sequence.len;
            }
            self.push_char('␛', 1);
        } else {
            if is_string && escape::begins_string(c1) && self.at >= self.endless_to {
                self.endless_to = self.at + escape::MAX_SEQUENCE;
            }
            self.push_str(&format!("\\x{c1:02x}"), 4);
        }
    }

    /// Whether a control string, with its end, holds more than the number of a command: the address behind a link, a
    /// title. A terminal would hide it; here it stays to be seen, found and counted.
    fn says_something(&self, string: &[u8]) -> bool {
        let text = string.strip_suffix(b"\x1b\\").unwrap_or(string);
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let says = |byte: &u8| (byte.is_ascii_graphic() && *byte != b';') || *byte >= 0xa0;
        self.sequences != Sequences::Dropped && text[digits..].iter().any(says)
    }

    /// A character above ASCII, already taken from the input.
    fn visible(&mut self, c: char) {
        self.clusters |= c >= '\u{300}';
        if is_hidden(c) {
            if self.belongs_to_emoji(c) {
                self.out.push(c);
            } else {
                self.show_hidden(c);
            }
            return;
        }
        let width = c.width().unwrap_or(0);
        if width > 0 {
            return self.push_char(c, width);
        }
        match self.marks {
            Some(marks) if marks < MAX_MARKS && !self.returned => {
                self.out.push(c);
                self.marks = Some(marks + 1);
            }
            Some(marks) if !self.returned => {
                if marks == MAX_MARKS {
                    self.neutralised = self.neutralised.saturating_add(1);
                }
                self.marks = Some(marks + 1);
            }
            _ => self.show_hidden(c),
        }
    }

    fn belongs_to_emoji(&self, c: char) -> bool {
        if self.returned {
            return false;
        }
        let Some(before) = self.out[self.line_start..].chars().next_back() else { return false };
        let next = || decode(&self.raw[self.at..]).ok().map(|(next, _)| next);
        match c {
            JOINER => (is_emoji(before) || before == EMOJI_STYLE) && next().is_some_and(is_emoji),
            EMOJI_STYLE => is_emoji(before) || is_keycap_base(before) && next() == Some(KEYCAP),
            _ => false,
        }
    }

    fn show_hidden(&mut self, c: char) {
        self.neutralised = self.neutralised.saturating_add(1);
        let shown = format!("<U+{:04X}>", u32::from(c));
        self.push_str(&shown, shown.len());
    }

    fn push_char(&mut self, c: char, width: usize) {
        self.push_str(c.encode_utf8(&mut [0; 4]), width);
    }

    /// Something stands behind a carriage return: where something is before it too, a mark parts them.
    fn mark_return(&mut self) {
        if !std::mem::take(&mut self.returned) {
            return;
        }
        if self.out.len() > self.line_start {
            self.neutralised = self.neutralised.saturating_add(1);
            self.out.push(RETURN);
            self.column += 1;
        }
    }

    fn push_str(&mut self, text: &str, width: usize) {
        self.mark_return();
        self.out.push_str(text);
        self.column += width;
        self.marks = Some(0);
    }

    fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
        if let Some(colours) = &mut self.colours {
            colours.truncate(len);
        }
    }

    /// Cuts clusters that would make one cell of the screen hold a page. Says whether there were any.
    fn cap_clusters(&mut self) -> bool {
        if self
            .out
            .graphemes(true)
            .all(|cluster| cluster.len() <= MAX_CLUSTER || cluster.chars().count() <= MAX_CLUSTER)
        {
            return false;
        }
        let mut capped = String::with_capacity(self.out.len());
        for cluster in self.out.graphemes(true) {
            match cluster.char_indices().nth(MAX_CLUSTER) {
                None => capped.push_str(cluster),
                Some((end, _)) => {
                    // One byte, so that the line can't grow; idempotent, because the mark takes the place of the rest.
                    capped.push_str(cluster[..end].trim_end_matches([JOINER, EMOJI_STYLE]));
                    capped.push('~');
                    self.neutralised = self.neutralised.saturating_add(1);
                }
            }
        }
        self.out = capped;
        true
    }
}

/// The first character and its length, or how many bytes are no character.
fn decode(bytes: &[u8]) -> Result<(char, usize), usize> {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
        Err(error) => return Err(error.error_len().unwrap_or(head.len())),
    };
    valid.chars().next().map(|c| (c, c.len_utf8())).ok_or(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Colour;
    use super::*;

    fn safe(raw: &[u8]) -> String {
        sanitise(raw).text.to_string()
    }

    #[test]
    fn hostile_fixtures_are_neutralised() {
        let cases: [(&[u8], &str); 32] = [
            (b"\x1b]0;pwn\x07x", "␛0;pwn␇x"),
            (b"\x1b]52;c;cm0gLXJm\x07x", "␛52;c;cm0gLXJm␇x"),
            (b"\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\!", "␛8;;http://x␛text␛!"),
            (b"\x1b[2J\x1b[1;1Hx", "␛␛x"),
            (b"\x1b[6nx", "␛x"),
            (b"\x1b[21tx", "␛x"),
            (b"\x1bcx", "␛x"),
            (b"\x1bP+q544e\x1b\\x", "␛+q544e␛x"),
            (b"\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\x", "␛apc␛␛pm␛␛sos␛x"),
            (b"\x1b]9;x\x07y", "␛9;x␇y"),
            (b"\x1b]4;1;red\x07x", "␛4;1;red␇x"),
            (b"\x9d0;title\x07x", "␛0;title␇x"),
            (b"\x1b]0;the rest stays readable", "␛0;the rest stays readable"),
            (b"\x9b31mred", "␛red"),
            (b"\xc2\x9b31mred", "␛red"),
            (b"\x85x\x93y\x94", "\\x85x\\x93y\\x94"),
            (b"OK\rFAIL", "OK␍FAIL"),
            (b"OK\r\r\rFAIL\r", "OK␍FAIL"),
            (b"\rFAIL", "FAIL"),
            (b"plain\r\n", "plain"),
            (b"one\r\ntwo\rthree", "one⏎two␍three"),
            (b"a\x0bb\x0cc\x1b[2K\x1b[1Gd", "a␋b␌c␛␛d"),
            ("a\u{2028}b".as_bytes(), "a<U+2028>b"),
            (b"50 %\r\x1b[0m", "50 %"),
            (b"a\x08b", "a␈b"),
            ("user\u{202e}gpj.exe".as_bytes(), "user<U+202E>gpj.exe"),
            ("a\u{200b}b\u{e0041}\u{feff}".as_bytes(), "a<U+200B>b<U+E0041><U+FEFF>"),
            (b"\x1b[8mhidden\x1b[0m \x1b[31;41mtoo\x1b[m", "hidden too"),
            (b"one%0a\ntwo", "one%0a⏎two"),
            (b"nul\0del\x7f", "nul␀del␡"),
            (b"a\tb\t\tc", "a       b               c"),
            (b"caf\xe9 \xe2\x82", "caf\u{fffd} \u{fffd}"),
        ];
        for (raw, want) in cases {
            assert_eq!(safe(raw), want, "{:?}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn what_people_write_stays() {
        for text in
            ["Grüße, Ωμέγα, 日本語, עברית", "👩‍👩‍👧‍👦 family 👍🏽 ❤️ 1️⃣ 🇩🇪", "e\u{301}tude", "नमस्ते", "한국어", "│ ▁▂▃ ✓ │"]
        {
            let done = sanitise(text.as_bytes());
            assert_eq!(done.text, text);
            assert_eq!(done.neutralised, 0, "{text}");
        }
    }

    #[test]
    fn tabs_follow_columns_not_bytes() {
        assert_eq!(safe("日本\tx".as_bytes()), "日本    x");
    }

    #[test]
    fn marks_do_not_pile_up() {
        let flood = format!("a{}", "\u{301}".repeat(5000));
        assert_eq!(safe(flood.as_bytes()), format!("a{}", "\u{301}".repeat(4)));
        assert!(safe("\u{301}".repeat(5000).as_bytes()).starts_with("<U+0301>"));
        let family = format!("👩{}", "\u{200d}👩".repeat(500));
        assert!(safe(family.as_bytes()).graphemes(true).all(|cluster| cluster.chars().count() <= MAX_CLUSTER));
    }

    #[test]
    fn long_lines_are_cut_and_say_so() {
        let long = "x".repeat(100_000);
        let done = sanitise(long.as_bytes());
        assert!(done.text.as_str().len() <= MAX_LINE);
        assert_eq!(done.cut_bytes, (100_000 - CUT_AT) as u64);
        assert!(done.text.as_str().ends_with(&format!("…(+{} bytes cut)", done.cut_bytes)));
        assert_eq!(sanitise("x".repeat(MAX_LINE).as_bytes()).cut_bytes, 0);
        assert_eq!(sanitise("é".repeat(MAX_LINE / 2).as_bytes()).cut_bytes, 0);
        let record = |text: &str| sanitise_within(text.as_bytes(), Bound::Record);
        let whole = "é".repeat(MAX_RECORD / 2);
        assert_eq!((record(&whole).text.as_str(), record(&whole).cut_bytes), (&*whole, 0));
        assert_eq!(record(&format!("{whole}é")).text.as_str(), whole);
        assert_eq!(record(&format!("{whole}é")).cut_bytes, 2);
        let over = record(&("a\r".to_owned() + &"x".repeat(MAX_RECORD)));
        assert_eq!((over.text.len(), over.cut_bytes), (MAX_RECORD, 4));
        assert!(sanitise("é".repeat(MAX_LINE / 2 + 1).as_bytes()).cut_bytes > 0);
    }

    #[test]
    fn counts_are_of_hostile_things_only() {
        assert_eq!(sanitise(b"\x1b[1;31mERROR\x1b[0m\tdone\r\n").neutralised, 0);
        assert_eq!(sanitise(b"\x1b]0;x\x07\x1b[2J\0").neutralised, 4);
    }

    #[test]
    fn colours_become_spans() {
        let done = sanitise_coloured("ok \u{1b}[1;31mbäd\u{1b}[0m end".as_bytes());
        assert_eq!(done.line.text, "ok bäd end");
        assert_eq!(done.spans, vec![(3..7, Sgr { bold: true, fg: Some(Colour::Indexed(1)), ..Sgr::default() })]);
        let done = sanitise_coloured(b"\x1b[31mold\rnew\x1b[0m");
        assert_eq!((done.line.text.as_str(), done.spans[0].0.clone()), ("old␍new", 0..9));
    }

    #[test]
    fn lines_are_lines() {
        let lines: Vec<_> = sanitise_lines(b"a\r\nb\n\nc\n").into_iter().map(|line| line.text.to_string()).collect();
        assert_eq!(lines, ["a", "b", "", "c"]);
        assert!(sanitise_lines(b"").is_empty());
    }

    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..12),
            proptest::string::string_regex("\\PC{0,8}").expect("a valid pattern").prop_map(String::into_bytes),
            proptest::sample::select(vec![
                &b"\x1b"[..],
                b"\x1b[31m",
                b"\x1b]0;",
                b"\x07",
                b"\x1b\\",
                b"\x9b",
                b"\xc2\x9b",
                b"\xc2\x9c",
                b"\r",
                b"\n",
                b"\t",
                b"1",
                "\u{200d}".as_bytes(),
                "\u{fe0f}".as_bytes(),
                "\u{20e3}".as_bytes(),
                "\u{301}".as_bytes(),
                "👩".as_bytes(),
                "\u{1f3fb}".as_bytes(),
                "\u{202e}".as_bytes(),
                "\u{d4e}".as_bytes(),
                "क्".as_bytes(),
                "🇩".as_bytes(),
                "⏎".as_bytes(),
            ])
            .prop_map(<[u8]>::to_vec),
        ];
        proptest::collection::vec((piece, 1..40_usize), 0..24)
            .prop_map(|pieces| pieces.into_iter().flat_map(|(piece, times)| piece.repeat(times)).collect())
    }

    proptest! {
        #[test]
        fn nothing_dangerous_comes_out(raw in hostile()) {
            let done = sanitise_coloured(&raw);
            let text = done.line.text.as_str();
            prop_assert!(text.len() <= MAX_LINE);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!(!text.chars().any(|c| is_hidden(c) && c != JOINER && c != EMOJI_STYLE));
            prop_assert!(text.graphemes(true).all(|cluster| cluster.chars().count() <= MAX_CLUSTER + 1));
            let mut end = 0;
            for (range, _) in &done.spans {
                prop_assert!(range.start >= end && text.get(range.clone()).is_some());
                end = range.end;
            }
            prop_assert_eq!(&done.line, &sanitise(&raw));
        }

        #[test]
        fn cleaning_twice_changes_nothing(raw in hostile()) {
            let once = sanitise(&raw);
            let twice = sanitise(once.text.as_str().as_bytes());
            prop_assert_eq!(&twice.text, &once.text);
            prop_assert_eq!(twice.cut_bytes, 0);
        }
    }
}
