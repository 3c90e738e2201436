//! One `key = value` of a file with its places, and what stands in it.

use super::file::FilePlace;
use super::tree::{ByteSpan, Node, TomlValue};

/// A text of the file with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub value: String,
    /// Its span, with the quotes.
    pub at: FilePlace,
}

/// One `key = value`.
#[derive(Clone, Copy)]
pub(crate) struct KeyValue<'a> {
    pub key: &'a str,
    /// The key's span.
    pub key_at: FilePlace,
    pub value: &'a TomlValue<'a>,
    /// The value's span.
    pub at: FilePlace,
}

impl KeyValue<'_> {
    /// The place of a value within this one.
    pub(crate) fn within(&self, span: ByteSpan) -> FilePlace {
        place(self.at.file, span)
    }
}

/// The entries of a table, in the order of the file.
pub(crate) fn entries<'a>(table: &'a [Node<'a>], file: usize) -> Vec<KeyValue<'a>> {
    let entry = |node: &'a Node<'a>| KeyValue {
        key: &node.key,
        key_at: place(file, node.key_span),
        value: &node.value,
        at: place(file, node.span),
    };
    table.iter().map(entry).collect()
}

fn place(file: usize, span: ByteSpan) -> FilePlace {
    let span = span.range();
    FilePlace { file, start: span.start, end: span.end }
}

/// What a value is, in words.
pub(crate) fn described(value: &TomlValue<'_>) -> &'static str {
    match value {
        TomlValue::String(_) => "a text",
        TomlValue::Integer(_) | TomlValue::Float(_) => "a number",
        TomlValue::Boolean(_) => "true or false",
        TomlValue::Datetime => "a date",
        TomlValue::Array(_) => "a list",
        TomlValue::Table(_) => "a table",
    }
}

/// The text of an entry, where it is one.
pub(crate) fn text_of(entry: &KeyValue<'_>) -> Option<Text> {
    match entry.value {
        TomlValue::String(value) => Some(Text { value: value.clone().into_owned(), at: entry.at }),
        _ => None,
    }
}

/// The text of an entry, also of a number: `{ replicas = 3 }` means what it seems to.
pub(super) fn text_or_number(entry: &KeyValue<'_>) -> Option<Text> {
    match entry.value {
        TomlValue::Integer(number) => Some(Text { value: number.to_string(), at: entry.at }),
        TomlValue::Float(number) => Some(Text { value: number.clone().into_owned(), at: entry.at }),
        _ => text_of(entry),
    }
}
