//! The values of a table one by one: what they are, and what is read from them.

use std::path::{Path, PathBuf};

use super::{Context, Thing};
use crate::config::file::Place;
use crate::config::tree::{Node, Span, Value};
use crate::text::secret::Template;

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

/// A path as written, against a directory; `~/` is the person's home.
pub(crate) fn resolve_path(directory: &Path, written: &str) -> PathBuf {
    match (written.strip_prefix("~/"), directories::BaseDirs::new()) {
        (Some(rest), Some(dirs)) => dirs.home_dir().join(rest),
        _ => directory.join(written),
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

/// The texts of a list; notes a problem for each that is none.
pub(crate) fn texts_of(context: &Context<'_>, key: &str, entry: &Entry<'_>) -> Option<Vec<Text>> {
    let Value::Array(items) = entry.value else { return None };
    let mut found = Vec::new();
    for item in items {
        let at = entry.within(item.span);
        match &item.value {
            Value::String(value) => found.push(Text { value: value.clone().into_owned(), at }),
            other => context.error(
                at,
                format!("`{key}` is a list of texts, and this is {}", described(other)),
                "write each in quotes: [\"a\", \"b\"]",
            ),
        }
    }
    Some(found)
}

/// A template; notes every secret in it that is not defined.
pub(crate) fn template(context: &Context<'_>, text: &Text) -> Template {
    let template = Template(text.value.clone());
    for name in template.secrets() {
        let offset = text.value.find(&format!("{{secret:{name}}}")).unwrap_or(0) + "{secret:".len();
        let start = context.files[text.at.file].inside(text.at, offset).start;
        context.refer(Thing::Secret, name, Place { start, end: start + name.len(), ..text.at });
    }
    template
}

/// `HOST:PORT`, `[v6]:PORT`.
pub(crate) fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good = match bare {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')),
    };
    good.then(|| (bare.unwrap_or(host).to_owned(), port))
}
