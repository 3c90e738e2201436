//! One `key = value` of a file with its places, and what stands in it.

use super::file::Place;
use super::tree::{Node, Span, Value};

/// A text of the file with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// The text.
    pub value: String,
    /// Its span, with the quotes.
    pub at: Place,
}

/// One `key = value`.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// The key.
    pub key: &'a str,
    /// The key's span.
    pub key_at: Place,
    /// The value.
    pub value: &'a Value<'a>,
    /// The value's span.
    pub at: Place,
}

impl Entry<'_> {
    /// The place of a value within this one.
    pub(crate) fn within(&self, span: Span) -> Place {
        place(self.at.file, span)
    }
}

/// The entries of a table, in the order of the file.
pub(crate) fn entries<'a>(table: &'a [Node<'a>], file: usize) -> Vec<Entry<'a>> {
    let entry = |node: &'a Node<'a>| Entry {
        key: &node.key,
        key_at: place(file, node.key_span),
        value: &node.value,
        at: place(file, node.span),
    };
    table.iter().map(entry).collect()
}

fn place(file: usize, span: Span) -> Place {
    let span = span.range();
    Place { file, start: span.start, end: span.end }
}

/// What a value is, in words.
pub(crate) fn described(value: &Value<'_>) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

/// The text of an entry, where it is one.
pub(crate) fn text_of(entry: &Entry<'_>) -> Option<Text> {
    match entry.value {
        Value::String(value) => Some(Text { value: value.clone().into_owned(), at: entry.at }),
        _ => None,
    }
}

/// The text of an entry, also of a number: `{ replicas = 3 }` means what it seems to.
pub(super) fn text_or_number(entry: &Entry<'_>) -> Option<Text> {
    match entry.value {
        Value::Integer(number) => Some(Text { value: number.to_string(), at: entry.at }),
        Value::Float(number) => Some(Text { value: number.clone().into_owned(), at: entry.at }),
        _ => text_of(entry),
    }
}
