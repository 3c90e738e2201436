//! The values of a table one by one: what they are, and what is read from them.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::{Context, Thing};
use crate::config::file::Place;
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
    pub value: &'a DeValue<'a>,
    /// The value's span.
    pub at: Place,
}

/// The entries of a table, in the order of the file.
pub(crate) fn entries<'a>(table: &'a DeTable<'a>, file: usize) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = table
        .iter()
        .map(|(key, value)| {
            let place = |span: std::ops::Range<usize>| Place { file, start: span.start, end: span.end };
            Entry { key: key.get_ref(), key_at: place(key.span()), value: value.get_ref(), at: place(value.span()) }
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_at);
    entries
}

/// What a value is, in words.
pub(crate) fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
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
        DeValue::String(value) => Some(Text { value: value.clone().into_owned(), at: entry.at }),
        _ => None,
    }
}

/// The text of an entry, also of a number: `{ replicas = 3 }` means what it seems to.
pub(super) fn text_or_number(entry: &Entry<'_>) -> Option<Text> {
    match entry.value {
        DeValue::Integer(number) => Some(Text { value: number.to_string(), at: entry.at }),
        DeValue::Float(number) => Some(Text { value: number.as_str().to_owned(), at: entry.at }),
        _ => text_of(entry),
    }
}

/// The texts of a list; notes a problem for each that is none.
pub(crate) fn texts_of(context: &Context<'_>, key: &str, entry: &Entry<'_>) -> Option<Vec<Text>> {
    let DeValue::Array(items) = entry.value else { return None };
    let mut found = Vec::new();
    for item in items {
        let at = Place { file: entry.at.file, start: item.span().start, end: item.span().end };
        match item.get_ref() {
            DeValue::String(value) => found.push(Text { value: value.clone().into_owned(), at }),
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
