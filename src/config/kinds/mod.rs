//! The kinds of polled sources as the configuration knows them: the keys of each, its defaults, what its documents look
//! like, and how it is read. How each is polled is in the file of the same name under `sources/kinds`.
//!
//! A new kind is a file here and its line in `kinds!` below.

pub mod command;
pub(crate) mod exposition;
pub mod heartbeat;
pub mod http;
pub(crate) mod later;
pub mod tcp;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::changes::{Fact, summary};
use super::reader::{TableReader, quoted};
use super::spec::{KeySpec, ValueForm, each_once, key};
use crate::model::document::DocumentShape;
use crate::text::secret::Template;

/// One kind, as data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KindSpec {
    /// The key that says that a section is of this kind: `http = URL`.
    pub key: &'static str,
    /// What its value may be.
    pub value: ValueForm,
    /// The sections that may be of this kind, each with what it means there.
    pub roles: &'static [(KindRole, &'static str)],
    /// The further keys of this kind. Kinds may share them.
    pub keys: &'static [KeySpec],
    /// How a source of this kind is written: `http = "…"`.
    pub example: &'static str,
    /// How a metric reads a number from it: `value = ".body.…"`.
    pub number: &'static str,
    /// Start to start, unless the configuration says otherwise.
    pub every: Duration,
    /// Longest time for the whole poll, unless the configuration says otherwise.
    pub timeout: Duration,
    /// What its documents look like.
    pub document: DocumentShape,
    /// Reads the kind's own keys; notes what is wrong with them.
    pub read: fn(&TableReader<'_>) -> Option<SourceKind>,
}

/// A section that may be of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KindRole {
    /// `[source.NAME]`
    Source,
    /// `[check.NAME]`
    Check,
    /// `[log.NAME]`
    Log,
}

impl KindSpec {
    /// Whether a section of this role may be of the kind.
    pub(crate) const fn serves(&self, role: KindRole) -> bool {
        self.help(role).is_some()
    }

    const fn help(&self, role: KindRole) -> Option<&'static str> {
        let mut index = 0;
        while index < self.roles.len() {
            if self.roles[index].0 as u8 == role as u8 {
                return Some(self.roles[index].1);
            }
            index += 1;
        }
        None
    }
}

/// What is written under a kind.
pub(crate) trait Settings {
    /// Every text in which secrets may be named.
    fn templates(&self) -> Vec<&Template> {
        Vec::new()
    }

    /// What a change of it is said by.
    fn change(&self) -> Fact;

    /// Whether the other side need not prove who it is.
    fn is_insecure(&self) -> bool {
        false
    }

    /// What it needs of the machine on which it is polled.
    fn needs(&self) -> Vec<Need<'_>> {
        Vec::new()
    }
}

/// Something that a machine may lack.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need<'a> {
    /// A PEM file, under this key, that holds these parts; of each, one of the words stands in it.
    Pem(&'static str, &'a Path, &'static [&'static [&'static str]]),
    /// A program and its directory.
    Command(&'a command::CommandLine),
}

/// Makes the list of kinds and the enum of their settings out of one line a kind.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($settings:ty) = $spec:path;)*) => {
        /// What is polled, with the settings of its kind.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum SourceKind {
            $($(#[$doc])* $variant(Arc<$settings>),)*
        }

        /// Every kind, in the order in which sections list them.
        pub(crate) const KINDS: &[&KindSpec] = &[$(&$spec,)*];

        impl SourceKind {
            /// The description of its kind.
            pub(crate) const fn spec(&self) -> &'static KindSpec {
                match self {
                    $(Self::$variant(_) => &$spec,)*
                }
            }

            /// What is written under it.
            pub(crate) fn settings(&self) -> &dyn Settings {
                match self {
                    $(Self::$variant(settings) => &**settings,)*
                }
            }
        }
    };
}

kinds! {
    /// `http = URL`
    Http(http::HttpRequest) = http::SPEC;
    /// `exposition = URL`: Prometheus text or OpenMetrics.
    Exposition(http::HttpRequest) = exposition::SPEC;
    /// `tcp = "HOST:PORT"`
    Tcp(tcp::TcpTarget) = tcp::SPEC;
    /// `heartbeat = DURATION`
    Heartbeat(heartbeat::ExpectedHeartbeat) = heartbeat::SPEC;
    /// `command = [...]`
    Command(command::CommandLine) = command::SPEC;
}

impl SourceKind {
    /// What its documents look like.
    pub(crate) const fn document(&self) -> DocumentShape {
        self.spec().document
    }

    /// The names of the secrets that it is polled with.
    pub(crate) fn secrets(&self) -> BTreeSet<&str> {
        self.settings().templates().into_iter().flat_map(Template::secrets).collect()
    }

    /// What a change of what is polled is said by.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        vec![summary("kind", self.spec().key), self.settings().change()]
    }
}

/// The kinds that a section of this role may be of.
pub(crate) fn of_role(role: KindRole) -> impl Iterator<Item = &'static KindSpec> + Clone {
    KINDS.iter().copied().filter(move |spec| spec.serves(role))
}

/// How many kinds a role has.
pub(crate) const fn count(role: KindRole) -> usize {
    let (mut found, mut index) = (0, 0);
    while index < KINDS.len() {
        if KINDS[index].serves(role) {
            found += 1;
        }
        index += 1;
    }
    found
}

/// The keys that choose the kind of a section, all of them; `N` is [`count`].
pub(crate) const fn keys<const N: usize>(role: KindRole) -> [KeySpec; N] {
    let mut all = [key("", ValueForm::Text, ""); N];
    let (mut filled, mut index) = (0, 0);
    while index < KINDS.len() {
        if let Some(help) = KINDS[index].help(role) {
            all[filled] = key(KINDS[index].key, KINDS[index].value, help);
            filled += 1;
        }
        index += 1;
    }
    all
}

/// How many further keys the kinds of a role have together.
pub(crate) const fn count_further(role: KindRole) -> usize {
    each_once::<0>(&further(role)).1
}

/// The further keys of the kinds of a role, each once; `N` is [`count_further`].
pub(crate) const fn further_keys<const N: usize>(role: KindRole) -> [KeySpec; N] {
    each_once(&further(role)).0
}

/// The further keys of every kind; none of one that the role does not have.
const fn further(role: KindRole) -> [&'static [KeySpec]; KINDS.len()] {
    let mut all: [&'static [KeySpec]; KINDS.len()] = [&[]; KINDS.len()];
    let mut index = 0;
    while index < KINDS.len() {
        if KINDS[index].serves(role) {
            all[index] = KINDS[index].keys;
        }
        index += 1;
    }
    all
}

/// The one key that is there and says the kind of a section of this role, or `other` in its place; notes the problem
/// where there is none, or more than one.
pub(crate) fn only_one(
    table: &TableReader<'_>,
    role: KindRole,
    other: Option<&'static str>,
    what: &str,
) -> Option<&'static str> {
    let kinds = || of_role(role).map(|spec| spec.key).chain(other);
    let is_later = || later::SOURCE.iter().chain(later::CHECK).any(|spec| table.has_any(spec.name));
    let missing = || (!is_later()).then(|| (format!("does not say {what}"), format!("add one of {}", quoted(kinds()))));
    table.only_one(kinds(), missing, || format!("keep one of {}", quoted(kinds())))
}

/// The kind of a section of this role, by the one key that says it; notes the keys that go with another kind.
pub(crate) fn read(table: &TableReader<'_>, key: &str, role: KindRole) -> Option<SourceKind> {
    let spec = of_role(role).find(|spec| spec.key == key)?;
    others_out_of_place(table, Some(spec), role);
    (spec.read)(table)
}

/// Notes the keys of all other kinds of the role that are there.
pub(crate) fn others_out_of_place(table: &TableReader<'_>, kind: Option<&KindSpec>, role: KindRole) {
    let own = kind.map_or(&[] as &[KeySpec], |kind| kind.keys);
    let is_own = |name: &str| own.iter().any(|spec| spec.name == name);
    let mut seen = BTreeSet::new();
    for other in of_role(role) {
        // Most sections have no key of another kind, and there may be ten thousand of them.
        for spec in other.keys.iter().filter(|spec| table.has(spec.name) && !is_own(spec.name)) {
            if seen.insert(spec.name) {
                table.out_of_place(spec.name, &format!("`{}`", other.key));
            }
        }
    }
}

/// The defaults of `every` and `timeout`, by the kind that a section seems to be of.
pub(crate) fn timing(table: &TableReader<'_>, role: KindRole) -> (Duration, Duration) {
    let given = of_role(role).filter(|spec| table.has(spec.key)).max_by_key(|spec| spec.every);
    given.map_or((http::SPEC.every, http::SPEC.timeout), |spec| (spec.every, spec.timeout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_have_one_key_and_each_serves_some_section() {
        let keys: BTreeSet<&str> = KINDS.iter().map(|spec| spec.key).collect();
        assert_eq!(keys.len(), KINDS.len());
        for spec in KINDS {
            assert!(!spec.roles.is_empty(), "{}", spec.key);
            assert!(spec.example.starts_with(&format!("{} = ", spec.key)), "{}", spec.example);
            assert!(spec.timeout <= spec.every, "{}", spec.key);
        }
    }

    #[test]
    fn a_key_that_kinds_share_is_listed_once() {
        const FURTHER: &[KeySpec] = &further_keys::<{ count_further(KindRole::Source) }>(KindRole::Source);
        let names: BTreeSet<&str> = FURTHER.iter().map(|spec| spec.name).collect();
        assert_eq!(names.len(), FURTHER.len());
        assert!(names.contains("headers") && names.contains("shell"));
    }
}
