//! The parts of a JSON text, for a tree that can be folded: everything as it was written.
//!
//! A general JSON value would lose what a person may be looking for: the digits of a number, the second of two keys
//! of one name, the order. Here each part is a place in the text.

use std::ops::Range;

use crate::text::{LINE_BREAK, SafeText};

/// Parts that are kept; the others are counted.
const MOST: usize = 20_000;
/// Arrays and objects within each other; what is deeper is no tree that anybody reads.
const DEEPEST: usize = 64;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// An object with so many members.
    Object(usize),
    /// An array of so many values.
    Array(usize),
    /// A string.
    Text,
    /// A number, in the digits in which it was written.
    Number,
    /// `true`, `false` or `null`.
    Word,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// How many parts it lies within.
    pub depth: usize,
    /// Its name in the object that it is a member of.
    pub key: Option<SafeText>,
    /// The dotted name under which a filter finds it; none for the whole and within arrays.
    pub path: Option<SafeText>,
    /// What it is.
    pub kind: PartKind,
    /// The value without quotes and escapes; empty for objects and arrays.
    pub value: SafeText,
    /// Where it stands in the text, in bytes.
    pub source: Range<usize>,
    /// The first part behind those that lie within it, by position.
    pub end: usize,
}

impl Part {
    /// Whether others lie within it.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.kind, PartKind::Object(count) | PartKind::Array(count) if count > 0)
    }
}

/// The parts of a text, each before those that lie within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The parts, the whole first.
    pub parts: Vec<Part>,
    /// Parts beyond the bound.
    pub left_out: usize,
}

impl Outline {
    /// Reads the object or array that `text` holds, perhaps after a prefix. `None` where it is not well-formed to its
    /// end, or too deep.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let start = text.find('{').or_else(|| text.find('['))?;
        let mut reader = Reader { text, at: start, outline: Self { parts: Vec::new(), left_out: 0 } };
        reader.value(0, None, Some(""))?;
        reader.blank();
        (reader.at == text.len()).then_some(reader.outline)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    outline: Outline,
}

impl Reader<'_> {
    fn blank(&mut self) {
        let rest = &self.text[self.at..];
        let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n') || c == LINE_BREAK;
        self.at += rest.len() - rest.trim_start_matches(blank).len();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Reads one value. `path` is its own: empty for the whole, none within arrays.
    fn value(&mut self, depth: usize, key: Option<&str>, path: Option<&str>) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        let start = self.at;
        let place = self.push(depth, key, path);
        let (kind, value) = match self.peek()? {
            b'{' => (PartKind::Object(self.members(depth, path)?), SafeText::default()),
            b'[' => (PartKind::Array(self.values(depth)?), SafeText::default()),
            b'"' => (PartKind::Text, SafeText::new(&self.string()?)),
            _ => self.scalar()?,
        };
        let end = self.outline.parts.len();
        if let Some(part) = place.and_then(|place| self.outline.parts.get_mut(place)) {
            (part.kind, part.value, part.source, part.end) = (kind, value, start..self.at, end);
        }
        Some(())
    }

    /// Makes room for a part; none beyond the bound.
    fn push(&mut self, depth: usize, key: Option<&str>, path: Option<&str>) -> Option<usize> {
        let place = self.outline.parts.len();
        if place >= MOST {
            self.outline.left_out += 1;
            return None;
        }
        self.outline.parts.push(Part {
            depth,
            key: key.map(SafeText::new),
            path: path.filter(|path| !path.is_empty()).map(SafeText::new),
            kind: PartKind::Word,
            value: SafeText::default(),
            source: 0..0,
            end: place + 1,
        });
        Some(place)
    }

    fn members(&mut self, depth: usize, path: Option<&str>) -> Option<usize> {
        self.at += 1;
        let mut count = 0;
        self.blank();
        if self.takes(b'}') {
            return Some(0);
        }
        loop {
            self.blank();
            let key = self.string()?;
            self.blank();
            if !self.takes(b':') {
                return None;
            }
            self.blank();
            let own = path.map(|outer| if outer.is_empty() { key.clone() } else { format!("{outer}.{key}") });
            self.value(depth + 1, Some(&key), own.as_deref())?;
            count += 1;
            self.blank();
            if self.takes(b'}') {
                return Some(count);
            }
            if !self.takes(b',') {
                return None;
            }
        }
    }

    fn values(&mut self, depth: usize) -> Option<usize> {
        self.at += 1;
        let mut count = 0;
        self.blank();
        if self.takes(b']') {
            return Some(0);
        }
        loop {
            self.blank();
            self.value(depth + 1, None, None)?;
            count += 1;
            self.blank();
            if self.takes(b']') {
                return Some(count);
            }
            if !self.takes(b',') {
                return None;
            }
        }
    }

    /// A string, without its quotes and escapes.
    fn string(&mut self) -> Option<String> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if !self.takes(b'"') {
            return None;
        }
        loop {
            self.at += memchr::memchr2(b'"', b'\\', bytes.get(self.at..)?)?;
            if bytes[self.at] == b'"' {
                break;
            }
            self.at += 2;
        }
        self.at += 1;
        let written = &self.text[start..self.at];
        // What the sanitiser has put in place of an escape need not be one.
        Some(serde_json::from_str(written).unwrap_or_else(|_| written[1..written.len() - 1].to_owned()))
    }

    fn scalar(&mut self) -> Option<(PartKind, SafeText)> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', '}', ']', ' ', '\t', LINE_BREAK]);
        let written = &rest[..end.unwrap_or(rest.len())];
        let kind = match written {
            "true" | "false" | "null" => PartKind::Word,
            number if serde_json::from_str::<serde_json::Number>(number).is_ok() => PartKind::Number,
            // Larger than any number that a computer holds, yet written as one.
            number if is_number(number) => PartKind::Number,
            _ => return None,
        };
        self.at += written.len();
        Some((kind, SafeText::new(written)))
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let outline = Outline::parse(text).unwrap();
        let line = |part: &Part| {
            let key = part.key.as_ref().map_or("", SafeText::as_str);
            format!("{}{key}={:?} {}", " ".repeat(part.depth), part.kind, part.value)
        };
        outline.parts.iter().map(line).collect()
    }

    #[test]
    fn numbers_keep_their_digits_and_keys_their_second_value() {
        let text = r#"{"n":1.0,"big":123456789012345678901234567890,"e":1e999,"n":2.50,"s":"a\nb","ok":true}"#;
        assert_eq!(
            shown(text),
            [
                "=Object(6) ",
                " n=Number 1.0",
                " big=Number 123456789012345678901234567890",
                " e=Number 1e999",
                " n=Number 2.50",
                " s=Text a⏎b",
                " ok=Word true"
            ]
        );
    }

    #[test]
    fn parts_know_their_names_and_where_they_end() {
        let text = r#"prefix {"a":{"b":[1,{"c":2}],"d":{}},"e":null}"#;
        let outline = Outline::parse(text).unwrap();
        let paths: Vec<_> = outline.parts.iter().map(|part| part.path.as_ref().map_or("", SafeText::as_str)).collect();
        assert_eq!(paths, ["", "a", "a.b", "", "", "", "a.d", "e"]);
        assert_eq!(outline.parts[1].end, 7);
        assert_eq!(&text[outline.parts[2].source.clone()], r#"[1,{"c":2}]"#);
        assert!(outline.parts[2].is_open() && !outline.parts[6].is_open());
    }

    #[test]
    fn what_is_not_well_formed_is_no_tree() {
        for text in ["", "plain", "{", r#"{"a":}"#, r#"{"a":1,}"#, r#"{"a":1} tail"#, r#"{"a":tru}"#, r#"{"a":"x"#] {
            assert_eq!(Outline::parse(text), None, "{text}");
        }
        assert_eq!(Outline::parse(&"[".repeat(100_000)), None);
        assert!(Outline::parse("{\"a\":⏎ 1⏎}").is_some(), "written over several lines");
    }

    #[test]
    fn the_parts_of_a_huge_record_are_bounded() {
        let text = format!("[{}]", vec!["1"; 100_000].join(","));
        let outline = Outline::parse(&text).unwrap();
        assert_eq!((outline.parts.len(), outline.left_out), (MOST, 100_001 - MOST));
        assert_eq!(outline.parts[0].kind, PartKind::Array(100_000));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}\",:\\\\a1⏎ é-]{0,60}") {
            if let Some(outline) = Outline::parse(&text) {
                prop_assert!(outline.parts.iter().all(|part| text.get(part.source.clone()).is_some()));
            }
        }
    }
}
