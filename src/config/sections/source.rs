//! `[source.NAME]`: how a document is got, and how often.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::changes::{Fact, summary};
use crate::config::kinds::{self, KindRole, SourceKind, later};
use crate::config::reader::TableReader;
use crate::config::sections::defaults::Defaults;
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::config::spec::{KeySpec, ValueForm, joined, key};
use crate::lang::unit;
use crate::lang::unit::duration as shown;
use crate::text::name::Name;

/// A polled source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name; `check:NAME` for the source of a check that names its own.
    pub name: Name,
    /// What is polled.
    pub kind: SourceKind,
    /// Start to start. Default: as its kind says.
    pub every: Duration,
    /// Longest time for the whole poll, never more than `every`. Default: as its kind says.
    pub timeout: Duration,
    /// `keep_warm`: poll at least this often though nothing else needs it. `None` where not asked for.
    pub keep_warm: Option<Duration>,
    /// `cold_start`: a first answer after idleness may take this long; also the timeout of that poll.
    pub cold_start: Option<Duration>,
}

impl Source {
    /// The names of the secrets that it is polled with.
    pub(crate) fn secrets(&self) -> BTreeSet<&str> {
        self.kind.secrets()
    }
}

/// When it is polled.
pub(super) const POLL_KEYS: &[KeySpec] = &[
    key("every", ValueForm::Duration, "Interval from start to start. Default 15s, 60s for commands"),
    key(
        "timeout",
        ValueForm::Duration,
        "Longest time for the whole poll. Default 10s for HTTP, 30s for commands, 5s for TCP; at most `every`",
    ),
    key("keep_warm", ValueForm::Duration, "Poll at least this often, so that the service does not fall asleep"),
    key("cold_start", ValueForm::Duration, "A first answer after idleness may take this long"),
];

const KIND_KEYS: &[KeySpec] = &kinds::keys::<{ kinds::count(KindRole::Source) }>(KindRole::Source);
const FURTHER_KEYS: &[KeySpec] = &kinds::further_keys::<{ kinds::count_further(KindRole::Source) }>(KindRole::Source);

pub(crate) const KEYS: &[KeySpec] = &joined::<
    { KIND_KEYS.len() + POLL_KEYS.len() + FURTHER_KEYS.len() + later::SOURCE.len() },
>(&[KIND_KEYS, POLL_KEYS, FURTHER_KEYS, later::SOURCE]);

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "source",
    shape: spec::SectionShape::Named(KEYS),
    help: "Where a document is fetched from, and how often",
};

/// Reads a source.
pub(crate) fn read(table: &TableReader<'_>, defaults: &Defaults) -> Option<Source> {
    let timing = Timing::read(table, defaults, KindRole::Source);
    let key = kinds::only_one(table, KindRole::Source, None, "what is polled")?;
    let kind = kinds::read(table, key, KindRole::Source)?;
    Some(timing.source(Name::from(table.name), kind))
}

/// When a source is polled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    every: Duration,
    timeout: Duration,
    keep_warm: Option<Duration>,
    cold_start: Option<Duration>,
}

impl Timing {
    /// Reads interval and timeout; what is not said depends on what is polled.
    pub(super) fn read(table: &TableReader<'_>, defaults: &Defaults, role: KindRole) -> Self {
        const LEAST: Duration = Duration::from_millis(100);
        let (every, timeout) = kinds::timing(table, role);
        let own_every = table.positive("every");
        if own_every.is_some_and(|every| every < LEAST) {
            table.context.error(table.place("every"), "`every` is too short", "allowed: 100ms and more");
        }
        let every = own_every.or(defaults.every).unwrap_or(every);
        let own = table.positive("timeout");
        if own.is_some_and(|timeout| timeout > every) {
            table.context.error(
                table.place("timeout"),
                format!("`timeout` is longer than the interval of {}", unit::duration(every)),
                "a poll must end before the next begins: raise `every` or lower `timeout`",
            );
        }
        Self {
            every,
            timeout: own.or(defaults.timeout).unwrap_or(timeout).min(every),
            keep_warm: table.positive("keep_warm"),
            cold_start: table.positive("cold_start"),
        }
    }

    /// The source that is polled so.
    pub(super) fn source(self, name: Name, kind: SourceKind) -> Source {
        let Self { every, timeout, keep_warm, cold_start } = self;
        Source { name, kind, every, timeout, keep_warm, cold_start }
    }
}

/// What a change is said by.
pub(crate) fn facts(source: &Source) -> Vec<Fact> {
    let optional = |duration: Option<_>| duration.map_or_else(String::new, shown);
    let mut facts = source.kind.facts();
    facts.extend([
        summary("every", shown(source.every)),
        summary("timeout", shown(source.timeout)),
        summary("keep_warm", optional(source.keep_warm)),
        summary("cold_start", optional(source.cold_start)),
    ]);
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::kinds::KINDS;

    #[test]
    fn the_help_of_intervals_names_the_default_of_every_kind() {
        let help = |key: &str| POLL_KEYS.iter().find(|spec| spec.name == key).unwrap().help;
        for spec in KINDS {
            assert!(help("every").contains(&format!("{}s", spec.every.as_secs())), "{}", spec.key);
            assert!(help("timeout").contains(&format!("{}s", spec.timeout.as_secs())), "{}", spec.key);
        }
    }
}
