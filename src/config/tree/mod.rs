//! A file of the configuration as a tree of keys and values with their places.
//!
//! A file of ten thousand checks is read before the first frame. So its plain parts, which are nearly everything that
//! people and generators write, are read by [`plain`], which makes one small node a key; the TOML parser reads what is
//! left, which takes ten times as long and as much memory. *Invariant:* where both can read a text, they make the same tree.

mod plain;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::lang::order::InOrder;

/// A file that was parsed.
pub(crate) struct Parsed<'a> {
    /// Its tables, as far as they could be read.
    pub root: Vec<Node<'a>>,
    /// What could not be read.
    pub faults: Vec<toml::de::Error>,
}

/// Bytes of a file, in half the space of a `Range<usize>`: a file has at most 16 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSpan {
    start: u32,
    end: u32,
}

impl ByteSpan {
    fn new(start: usize, end: usize) -> Self {
        let within = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        Self { start: within(start), end: within(end) }
    }

    fn from_range(range: &Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }

    /// As indices.
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One `key = value`, or a table with its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node<'a> {
    /// The key, without quotes.
    pub key: Cow<'a, str>,
    /// Where the key is written.
    pub key_span: ByteSpan,
    pub value: TomlValue<'a>,
    /// Where the value is written; of a table, its header.
    pub span: ByteSpan,
}

/// One value of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub value: TomlValue<'a>,
    /// Where it is written.
    pub span: ByteSpan,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TomlValue<'a> {
    /// A text, without quotes and escapes.
    String(Cow<'a, str>),
    /// A whole number.
    Integer(Integer<'a>),
    /// A number with a fraction or an exponent, as written.
    Float(Cow<'a, str>),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or a time: no key takes one.
    Datetime,
    /// A list.
    Array(Vec<Item<'a>>),
    /// A table: its nodes in the order of the file.
    Table(Vec<Node<'a>>),
}

/// A whole number as written, which may exceed every type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Integer<'a> {
    digits: Cow<'a, str>,
    radix: u32,
}

impl Integer<'_> {
    /// The number, where it is one that fits.
    pub(crate) fn value(&self) -> Option<u64> {
        u64::from_str_radix(&self.digits, self.radix).ok()
    }

    /// Sign and digits, without prefix and separators.
    pub(crate) fn digits(&self) -> &str {
        &self.digits
    }
}

impl fmt::Display for Integer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.radix {
            2 => "0b",
            8 => "0o",
            16 => "0x",
            _ => "",
        };
        write!(f, "{prefix}{}", self.digits)
    }
}

/// Parses a file, with best effort where it is not TOML.
pub(crate) fn parse(text: &str) -> Parsed<'_> {
    plain::parse(text).map_or_else(|| thorough(text), |root| Parsed { root, faults: Vec::new() })
}

/// As [`parse`], by the TOML parser alone.
fn thorough(text: &str) -> Parsed<'_> {
    let (root, faults) = DeTable::parse_recoverable(text);
    Parsed { root: nodes(root.into_inner()), faults }
}

fn nodes(table: DeTable<'_>) -> Vec<Node<'_>> {
    let mut nodes: Vec<Node<'_>> = table
        .into_iter()
        .map(|(key, value)| {
            let (key_span, span) = (ByteSpan::from_range(&key.span()), ByteSpan::from_range(&value.span()));
            Node { key: key.into_inner(), key_span, value: value_of(value.into_inner()), span }
        })
        .collect();
    nodes.order_by_key(|node| (node.key_span.start, node.key_span.end));
    nodes
}

fn value_of(value: DeValue<'_>) -> TomlValue<'_> {
    match value {
        DeValue::String(text) => TomlValue::String(text),
        DeValue::Integer(number) => {
            TomlValue::Integer(Integer { digits: number.as_str().to_owned().into(), radix: number.radix() })
        }
        DeValue::Float(number) => TomlValue::Float(number.as_str().to_owned().into()),
        DeValue::Boolean(value) => TomlValue::Boolean(value),
        DeValue::Datetime(_) => TomlValue::Datetime,
        DeValue::Array(items) => {
            let item = |item: toml::Spanned<_>| Item {
                span: ByteSpan::from_range(&item.span()),
                value: value_of(item.into_inner()),
            };
            TomlValue::Array(items.into_iter().map(item).collect())
        }
        DeValue::Table(table) => TomlValue::Table(nodes(table)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether the plain reader took the text. Where it did, it must have read what the TOML parser reads.
    fn agree(text: &str) -> bool {
        let Some(plain) = plain::parse(text) else { return false };
        let thorough = thorough(text);
        assert!(thorough.faults.is_empty(), "{text:?}: {:?}", thorough.faults);
        assert_eq!(plain, thorough.root, "{text:?}");
        true
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test reads fixtures")]
    fn both_readers_make_the_same_tree_of_every_fixture() {
        assert!(agree(crate::config::EXAMPLE), "the example is plain");
        let config = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
        for directory in [config.join("valid"), config.join("invalid")] {
            for entry in directory.read_dir().unwrap() {
                let path = entry.unwrap().path();
                if let Some(text) = path.is_file().then(|| std::fs::read_to_string(&path).ok()).flatten() {
                    agree(&text);
                }
            }
        }
    }

    #[test]
    fn what_people_write_is_plain() {
        for text in [
            "",
            "# nothing\n",
            "include = [\"a\", 'b', # c\n \"d\",\n]\n[check.a]\nhttp = \"https://x/\" # here\nevery=\"5s\"",
            "[service]\n[service.\"a b\"]\nlinks = { a = \"b\", 'c' = 'd' }\n[ secret ]\nx = 1\ny = -20\nz = 1.5\nw = true",
            "[log.a]\nignore = ['\\d+', \"\\\"\\\\\\n\\t\"]\nmultiline = '''\na'b\n'''\nx = []\ny = {}\n",
            "[[a]]\nx = 1\n[b.c]\ny = 2\n[[ a ]] # again\nz = [\n  { at = \"1m\", to = [\"x\"] },\n]\n[[d]]",
            "[a]\nx = \"\"\ny = ''\nz = \"ä→\"\n\t\n  w\t=\t0  \n",
        ] {
            assert!(agree(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_plain_or_not_toml_is_left_to_the_parser() {
        for text in [
            "a.b = 1",
            "[a.b.c]",
            "a = [{}]\n[[a]]",
            "[a]\n[[a]]",
            "[[a]]\n[a]",
            "[[a]]\n[a.b]",
            "[[a.b]]",
            "[[a] ]",
            "[[a]",
            "[a]\n[a]",
            "[a.b]\n[a.b]",
            "[a.b]\n[a]",
            "a = 1\na = 2",
            "a = 1\n[a.b]",
            "[a]\nb = 1\n[a.b]",
            "a = { b = 1, b = 2 }",
            "a = { b.c = 1 }",
            "a = 01",
            "a = 1_000",
            "a = 0x1",
            "a = 1e3",
            "a = 1.",
            "a = 2020-01-01",
            "a = \"\\u00e4\"",
            "a = \"x",
            "a = \"x\ny\"",
            "a = 'x\ny'",
            "a = \"\"\"x\\\n y\"\"\"",
            "a = '''x''''",
            "a = \"\u{1}\"",
            "a = 1 b = 2",
            "a = [1, , 2]",
            "a = [1 2]",
            "a = [1",
            "a = {",
            "a = { b }",
            "a",
            "a =",
            "= 1",
            "[a",
            "[]",
            "[a]]",
            "[a] b",
            "a = truer",
            "a = 1\r\n",
            "# \u{7f}",
            "\u{feff}a = 1",
        ] {
            assert!(!agree(text), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// Pieces of the language in any order: most are no TOML, some are.
        #[test]
        fn the_readers_never_disagree(pieces in prop::collection::vec(prop::sample::select(vec![
            "[", "]", "[a]", "[a.b]", "[b]", "[b.'c d']", "{", "}", "a", "b", "\"c\"", ".", "=", " = ", ",", "\n", "\n\n", " ",
            "\t", "#", "# x\n", "\"", "'", "'''", "\"\"\"", "\\", "\\n", "\"\\\"\"", "1", "-1", "0", "1.5", "+", "_", "true",
            "false", "x", "ä", "\r\n", "\u{1}", "a = 1\n", "b = \"x\"\n", "a = [1, 2]\n", "c = { d = 1 }\n", "d = [\n1,\n]\n",
        ]), 0..14)) {
            agree(&pieces.concat());
        }
    }
}
