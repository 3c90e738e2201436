//! What may stand in the file: a table of keys for each section. The reader refuses what is not in it, the hints
//! come from it, and `opsroom config schema` prints it, so that the three can't disagree.

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeySpec {
    pub name: &'static str,
    /// What its value may be.
    pub kind: ValueForm,
    /// A few words about it.
    pub help: &'static str,
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValueForm {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds, both included.
    Whole(u64, u64),
    /// `15s`, `2m`, `26h`, `30d`.
    Duration,
    /// As `Duration`, or `forever`.
    Keep,
    /// `1MB`, `2GiB`, or a number of bytes.
    Size,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The name of a thing.
    Name,
    /// A list of texts.
    Texts,
    /// A list of texts, or one text alone.
    TextsOrOne,
    /// A table of commands under free names, each a list of words.
    Commands,
    /// A list of steps: each a list of words, or with `shell = true` one text.
    Steps,
    /// A command: a list of words, or one text together with `shell = true`.
    Command,
    /// A table of texts under free names.
    TextMap,
    /// A table of conditions by severity.
    Alerts,
    /// A table with these keys.
    Table(&'static [KeySpec]),
    /// A table of tables under free names, each with these keys.
    NamedTables(&'static [KeySpec]),
    /// A list of tables, each with these keys.
    Tables(&'static [KeySpec]),
    /// `99.9%`, above 0 % and below 100 %.
    Percentage,
    /// When something is, once or again and again: `Sun 02:00-04:00 UTC`, `daily 22:00-07:00`.
    Windows,
    /// When something comes again: `daily 09:00`, a cron line.
    Moments,
    /// A date with or without a time: `2026-03-02T09:00`.
    LocalMoment,
    /// A severity or an alias of one.
    Severity,
    /// A table of whole numbers by durations: `{ "1m" = 1, "1h" = 11 }`.
    Limits,
    /// A table of durations by severity, and for the others `default`.
    DurationsBySeverity,
    /// Rows of panels.
    Rows,
    /// Known, but not in this version; `help` says what it is.
    Later,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct SectionSpec {
    /// Its name: `check` for `[check.NAME]`.
    pub name: &'static str,
    /// What it holds.
    pub shape: SectionShape,
    /// A few words about it.
    pub help: &'static str,
}

/// What a section holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SectionShape {
    /// `[console]`: these keys.
    Single(&'static [KeySpec]),
    /// `[check.NAME]`: things with names, each with these keys.
    Named(&'static [KeySpec]),
    /// `[[test]]`: things without names, each with these keys.
    Tables(&'static [KeySpec]),
    /// `[adapter.NAME]`: as `Named`, and free names for verbs and variables beside the keys.
    Adapters(&'static [KeySpec]),
    /// `[secret]`: free names, each a text or a table with one of these keys.
    Secrets(&'static [KeySpec]),
    /// `[keys]`: free names, each a text.
    Texts,
    /// `include = [...]`: a list of texts.
    List,
}

impl SectionShape {
    /// The keys of one thing of the section.
    pub(crate) const fn keys(self) -> &'static [KeySpec] {
        match self {
            Self::Single(keys)
            | Self::Named(keys)
            | Self::Tables(keys)
            | Self::Adapters(keys)
            | Self::Secrets(keys) => keys,
            Self::Texts | Self::List => &[],
        }
    }
}

/// A key, in one line.
pub(super) const fn key(name: &'static str, kind: ValueForm, help: &'static str) -> KeySpec {
    KeySpec { name, kind, help }
}

/// A key of a later version, in one line.
pub(super) const fn later(name: &'static str, help: &'static str) -> KeySpec {
    KeySpec { name, kind: ValueForm::Later, help }
}

/// Several tables of keys as one; `N` is the sum of their lengths.
pub(super) const fn joined<const N: usize>(parts: &[&[KeySpec]]) -> [KeySpec; N] {
    let mut all = [key("", ValueForm::Text, ""); N];
    let (mut filled, mut part) = (0, 0);
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            all[filled] = parts[part][index];
            filled += 1;
            index += 1;
        }
        part += 1;
    }
    assert!(filled == N, "the length of the joined table is the sum of its parts");
    all
}

/// The first `N` keys of several tables, of those that share a name the first one, and how many names there are. Within one
/// table no name comes twice.
pub(super) const fn each_once<const N: usize>(parts: &[&[KeySpec]]) -> ([KeySpec; N], usize) {
    let mut all = [key("", ValueForm::Text, ""); N];
    let (mut found, mut part) = (0, 0);
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            if !has_before(parts, part, parts[part][index].name) {
                if found < N {
                    all[found] = parts[part][index];
                }
                found += 1;
            }
            index += 1;
        }
        part += 1;
    }
    (all, found)
}

/// Whether a table before that at `end` has a key of this name.
const fn has_before(parts: &[&[KeySpec]], end: usize, name: &str) -> bool {
    let mut part = 0;
    while part < end {
        let mut index = 0;
        while index < parts[part].len() {
            if same(parts[part][index].name, name) {
                return true;
            }
            index += 1;
        }
        part += 1;
    }
    false
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}
