//! Typed reading of spanned tables: each getter takes what it can and notes a problem where it can't, so that one
//! pass over the file finds all problems at once.

mod alerting;
mod values;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use self::values::{host_and_port, quoted, resolve_path, template, texts_of};
pub(crate) use super::context::{Names, ReadContext};
use super::entry::text_or_number;
pub(crate) use super::entry::{KeyValue, Text, described, entries, text_of};
use super::file::FilePlace;
use super::spec::{KeySpec, ValueForm};
use super::syntax;
pub(crate) use super::thing::Thing;
use super::tree::TomlValue;
use crate::lang::nearest;
use crate::text::name::Name;
use crate::text::secret::Template;

/// How a table is called in a problem, and spelled out only there: of ten thousand checks few have one.
pub(crate) enum TableTitle<'a> {
    /// A thing of a section, by the section and its name.
    Thing(&'static str, &'a str),
    /// Anything else.
    Other(String),
}

impl From<String> for TableTitle<'_> {
    fn from(title: String) -> Self {
        Self::Other(title)
    }
}

impl fmt::Display for TableTitle<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thing(section, name) => write!(to, "{section} `{name}`"),
            Self::Other(title) => to.write_str(title),
        }
    }
}

/// A table whose keys are known.
pub(crate) struct TableReader<'a> {
    /// What is shared.
    pub context: &'a ReadContext<'a>,
    /// How it is called.
    pub title: TableTitle<'a>,
    /// The thing's own name.
    pub name: &'a str,
    /// Where its name is written.
    pub at: FilePlace,
    keys: &'static [KeySpec],
    entries: Vec<KeyValue<'a>>,
}

impl<'a> TableReader<'a> {
    /// Opens a table and notes every key that is not known.
    pub(crate) fn open(
        context: &'a ReadContext<'a>,
        title: TableTitle<'a>,
        name: &'a str,
        at: FilePlace,
        entries: Vec<KeyValue<'a>>,
        keys: &'static [KeySpec],
    ) -> Self {
        let table = Self { context, title, name, at, keys, entries };
        let (mut later, mut unknown) = (false, Vec::new());
        for entry in &table.entries {
            match keys.iter().find(|spec| spec.name == entry.key) {
                Some(KeySpec { kind: ValueForm::Later, help, .. }) => {
                    later = true;
                    context.error(
                        entry.key_at,
                        format!("`{}` is not in this version", entry.key),
                        format!("{help}; remove it until then"),
                    );
                }
                Some(_) => {}
                None => unknown.push(entry),
            }
        }
        // What belongs to a key of a later version is not known either, and not worth a word of its own.
        for entry in unknown {
            table.unknown(entry, later);
        }
        table
    }

    /// As [`TableReader::open`] for a table with free names beside its keys: the caller reads [`TableReader::others`].
    pub(crate) fn open_free(
        context: &'a ReadContext<'a>,
        title: TableTitle<'a>,
        name: &'a str,
        at: FilePlace,
        entries: Vec<KeyValue<'a>>,
        keys: &'static [KeySpec],
    ) -> Self {
        let known: Vec<KeyValue<'a>> =
            entries.iter().copied().filter(|entry| keys.iter().any(|spec| spec.name == entry.key)).collect();
        let mut table = Self::open(context, title, name, at, known, keys);
        table.entries = entries;
        table
    }

    fn unknown(&self, entry: &KeyValue<'_>, later: bool) {
        let known = || self.keys.iter().filter(|spec| !matches!(spec.kind, ValueForm::Later)).map(|spec| spec.name);
        let hint = match nearest::nearest_key(entry.key, known()) {
            _ if let Some(elsewhere) = (self.context.elsewhere)(&self.title.to_string(), self.name, entry.key) => {
                elsewhere
            }
            Some(near) => nearest::did_you_mean(near),
            None if later => return,
            None => format!("known keys: {}", nearest::listed(known())),
        };
        self.context.error(entry.key_at, format!("unknown key `{}` in {}", entry.key, self.title), hint);
    }

    /// The entries that are not among the keys.
    pub(crate) fn others(&self) -> impl Iterator<Item = &KeyValue<'a>> {
        self.entries.iter().filter(|entry| !self.keys.iter().any(|spec| spec.name == entry.key))
    }

    /// The entry of a key.
    pub(crate) fn entry(&self, key: &str) -> Option<&KeyValue<'a>> {
        debug_assert!(self.keys.iter().any(|spec| spec.name == key), "`{key}` is not in the table of keys");
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Whether an entry of that name is there, a known key or not.
    pub(crate) fn has_any(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// Whether none of these keys is there, nor a slip of one that was noted as an unknown key already.
    pub(crate) fn lacks(&self, keys: &[&str]) -> bool {
        let known = || self.keys.iter().map(|spec| spec.name);
        let slip =
            |entry: &KeyValue<'_>| nearest::nearest_key(entry.key, known()).is_some_and(|near| keys.contains(&near));
        !keys.iter().any(|key| self.has(key)) && !self.others().any(slip)
    }

    /// Whether the value of a key is a text.
    pub(crate) fn is_text(&self, key: &str) -> bool {
        matches!(self.entry(key), Some(KeyValue { value: TomlValue::String(_), .. }))
    }

    /// Whether the value of a key is a list.
    pub(crate) fn is_list(&self, key: &str) -> bool {
        matches!(self.entry(key), Some(KeyValue { value: TomlValue::Array(_), .. }))
    }

    /// The directory of the file in which the table is written.
    pub(crate) fn directory(&self) -> PathBuf {
        self.context.files[self.at.file].directory()
    }

    /// Where a key's value is written; the table's name where it is not there.
    pub(crate) fn place(&self, key: &str) -> FilePlace {
        self.entry(key).map_or(self.at, |entry| entry.at)
    }

    /// Notes a key that is there though it goes with something else.
    pub(crate) fn out_of_place(&self, key: &str, with: &str) {
        if let Some(entry) = self.entry(key) {
            let message = format!("`{key}` goes with {with}");
            self.context.error(entry.key_at, message, format!("remove it: {} has no {with}", self.title));
        }
    }

    /// Notes a value of a wrong type.
    fn wrong(&self, entry: &KeyValue<'_>, expected: &str, hint: &str) {
        let message = format!("`{}` must be {expected}, not {}", entry.key, described(entry.value));
        self.context.error(entry.at, message, hint);
    }

    pub(crate) fn text(&self, key: &str) -> Option<Text> {
        let entry = self.entry(key)?;
        let found = text_of(entry);
        if found.is_none() {
            self.wrong(entry, "a text", &format!("write it in quotes: {key} = \"…\""));
        }
        found
    }

    /// A text's value.
    pub(crate) fn string(&self, key: &str) -> Option<String> {
        self.text(key).map(|text| text.value)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        let entry = self.entry(key)?;
        if let TomlValue::Boolean(value) = entry.value {
            return Some(*value);
        }
        self.wrong(entry, "true or false", &format!("write {key} = true, without quotes"));
        None
    }

    /// A whole number within the bounds of the table of keys.
    pub(crate) fn whole(&self, key: &str) -> Option<u64> {
        let entry = self.entry(key)?;
        let (least, most) = match self.keys.iter().find(|spec| spec.name == key)?.kind {
            ValueForm::Whole(least, most) => (least, most),
            _ => (0, u64::MAX),
        };
        let TomlValue::Integer(number) = entry.value else {
            self.wrong(entry, "a whole number", &format!("write {key} = {least}, without quotes"));
            return None;
        };
        let found = number.value().filter(|value| (least..=most).contains(value));
        if found.is_none() {
            let hint = format!("allowed: {least} to {most}");
            self.context.error(entry.at, format!("`{key}` is out of bounds"), hint);
        }
        found
    }

    pub(crate) fn duration(&self, key: &str) -> Option<Duration> {
        let entry = self.entry(key)?;
        if let TomlValue::Integer(number) = entry.value {
            let message = format!("`{key}` is a duration, and {} has no unit", number.digits());
            self.context.error(entry.at, message, format!("write {key} = \"{}s\" for seconds", number.digits()));
            return None;
        }
        let text = self.text(key)?;
        match syntax::duration(&text.value) {
            Ok(duration) => Some(duration),
            Err(fault) => {
                self.context.fault(&text, &format!("`{key}`"), &fault);
                None
            }
        }
    }

    /// A duration above zero.
    pub(crate) fn positive(&self, key: &str) -> Option<Duration> {
        let duration = self.duration(key)?;
        if duration.is_zero() {
            self.context.error(self.place(key), format!("`{key}` must be more than zero"), "write 15s, 2m, 1h");
            return None;
        }
        Some(duration)
    }

    /// A size in bytes.
    pub(crate) fn size(&self, key: &str) -> Option<u64> {
        let entry = self.entry(key)?;
        if let TomlValue::Integer(number) = entry.value {
            let size = number.value();
            if size.is_none() {
                self.context.error(entry.at, format!("`{key}` is out of bounds"), "a size is a number of bytes");
            }
            return size;
        }
        let text = self.text(key)?;
        match syntax::size(&text.value) {
            Ok(size) => Some(size),
            Err(fault) => {
                self.context.fault(&text, &format!("`{key}` is not a valid size"), &fault);
                None
            }
        }
    }

    /// A word of a few.
    pub(crate) fn one_of<T: Clone>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(value.clone());
        }
        let hint = nearest::suggest(nearest::nearest(&text.value, words.iter().map(|(word, _)| *word)), || {
            format!("known: {}", nearest::listed(words.iter().map(|(word, _)| *word)))
        });
        self.context.error(text.at, format!("`{}` is not a known {key}", text.value), hint);
        None
    }

    /// A list of texts; one text alone is a list of one where `alone` says so.
    fn list(&self, key: &str, alone: bool) -> Option<Vec<Text>> {
        let entry = self.entry(key)?;
        match entry.value {
            TomlValue::Array(_) => texts_of(self.context, key, entry),
            TomlValue::String(_) if alone => text_of(entry).map(|text| vec![text]),
            _ => {
                self.wrong(entry, "a list of texts", &format!("write {key} = [\"…\"]"));
                None
            }
        }
    }

    /// A list of texts, empty where the key is not there.
    pub(crate) fn texts(&self, key: &str) -> Vec<Text> {
        self.list(key, false).unwrap_or_default()
    }

    /// A list of texts, or one text alone.
    pub(crate) fn texts_or_one(&self, key: &str) -> Vec<Text> {
        self.list(key, true).unwrap_or_default()
    }

    /// A reference by name.
    pub(crate) fn reference(&self, key: &str, thing: Thing) -> Option<Name> {
        let text = self.text(key)?;
        self.context.refer(thing, &text.value, text.at)
    }

    /// References by name.
    pub(crate) fn references(&self, key: &str, thing: Thing) -> Vec<Name> {
        self.texts(key).iter().filter_map(|text| self.context.refer(thing, &text.value, text.at)).collect()
    }

    /// A text that may hold `{secret:NAME}`; every secret must exist.
    pub(crate) fn template(&self, key: &str) -> Option<Template> {
        self.text(key).map(|text| template(self.context, &text))
    }

    /// A table of texts under free names, in the order of the file.
    pub(crate) fn text_map(&self, key: &str) -> Vec<(Text, Text)> {
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let TomlValue::Table(table) = entry.value else {
            self.wrong(entry, "a table of texts", &format!("write {key} = {{ name = \"value\" }}"));
            return Vec::new();
        };
        let mut found = Vec::new();
        for inner in entries(table, entry.at.file) {
            match text_or_number(&inner) {
                Some(value) => found.push((Text { value: inner.key.to_owned(), at: inner.key_at }, value)),
                None => self.wrong(&inner, "a text", &format!("write it in quotes: {} = \"…\"", inner.key)),
            }
        }
        found
    }

    /// A table within this one, with its own keys.
    pub(crate) fn table(&self, key: &str) -> Option<TableReader<'a>> {
        let keys = match self.keys.iter().find(|spec| spec.name == key)?.kind {
            ValueForm::Table(keys) => keys,
            _ => &[],
        };
        let entry = self.entry(key)?;
        let TomlValue::Table(inner) = entry.value else {
            let known = nearest::listed(keys.iter().map(|spec| spec.name));
            self.wrong(entry, "a table", &format!("write {key} = {{ … }} with {known}"));
            return None;
        };
        let title = format!("`{key}` of {}", self.title);
        Some(TableReader::open(
            self.context,
            title.into(),
            self.name,
            entry.key_at,
            entries(inner, entry.at.file),
            keys,
        ))
    }

    /// A path, against the directory of the file that names it.
    pub(crate) fn path(&self, key: &str) -> Option<PathBuf> {
        let text = self.text(key)?;
        Some(resolve_path(&self.context.files[text.at.file].directory(), &text.value))
    }
}
