//! `[check.NAME]`: a verdict over a document.

use crate::config::changes::{Fact, alerts as alert_facts, hidden, name_of, summary};
use crate::config::kinds::{self, KindRole, later};
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::lang::unit::duration as shown;
use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::reader::{TableReader, Thing, text_of};
use crate::config::sections::alerts::{self, On};
use crate::config::sections::defaults::Defaults;
use crate::config::sections::source::{POLL_KEYS, Source, Timing};
use crate::config::spec::{KeySpec, ValueForm, joined, key};
use crate::lang::condition::Condition;
use crate::lang::expression::Expression;
use crate::model::alert::Severity;
use crate::model::document::DocumentShape;
use crate::text::name::Name;

/// A check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: Name,
    /// The service it belongs to.
    pub service: Option<Name>,
    /// The source whose documents it judges: one from `[source.*]` (`from = …`) or its own, `check:NAME`.
    pub source: Name,
    /// Copied from the source, for ages and staleness.
    pub every: Duration,
    /// Copied from the source.
    pub timeout: Duration,
    /// `expect`: jq programs; all must be true, else bad. Empty: judged by kind (HTTP health body or 2xx, exit code, connected).
    pub expect: Vec<Expression>,
    /// `degraded`: jq programs; one that is true makes it degraded.
    pub degraded: Vec<Expression>,
    /// `fail_after`, default 3, at least 1.
    pub fail_after: u32,
    /// `ok_after`, default 2, at least 1.
    pub ok_after: u32,
    /// `cold_start`: see [`super::source::Source::cold_start`].
    pub cold_start: Option<Duration>,
    /// `protocol = "nagios"`: exit 3 and a timeout are unknown.
    pub nagios: bool,
    /// `alert`, worst severity first. A supervisor, which gets checks through its stdin, needs none.
    #[serde(skip)]
    pub alerts: Vec<(Severity, Condition)>,
}

impl Check {
    /// Past this age a reading is stale: `2 × every + timeout`.
    pub(crate) fn stale_after(&self) -> Duration {
        self.every * 2 + self.timeout
    }
}

const SERVICE: KeySpec = key("service", ValueForm::Name, "The service it belongs to");
const KIND_KEYS: &[KeySpec] = &kinds::keys::<{ kinds::count(KindRole::Check) }>(KindRole::Check);
const FURTHER_KEYS: &[KeySpec] = &kinds::further_keys::<{ kinds::count_further(KindRole::Check) }>(KindRole::Check);
const OWN_KEYS: &[KeySpec] = &[
    key("from", ValueForm::Name, "A source whose documents are judged"),
    key("expect", ValueForm::TextsOrOne, "jq over the document; all must be true, else down"),
    key("degraded", ValueForm::TextsOrOne, "jq over the document; one that is true makes it degraded"),
    key("fail_after", ValueForm::Whole(1, 1_000), "Consecutive failures until it is down. Default 3"),
    key("ok_after", ValueForm::Whole(1, 1_000), "Consecutive successes until it is ok again. Default 2"),
    key("protocol", ValueForm::OneOf(&["nagios"]), "nagios: exit 3 and a timeout are unknown"),
    key("alert", ValueForm::Alerts, "Conditions by severity: { critical = \"down for 2m\" }"),
];

pub(crate) const KEYS: &[KeySpec] = &joined::<
    { 1 + KIND_KEYS.len() + OWN_KEYS.len() + POLL_KEYS.len() + FURTHER_KEYS.len() + later::CHECK.len() },
>(&[&[SERVICE], KIND_KEYS, OWN_KEYS, POLL_KEYS, FURTHER_KEYS, later::CHECK]);

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "check",
    shape: spec::SectionShape::Named(KEYS),
    help: "A verdict on a document: ok, degraded or down",
};

/// The sources that have a section, by name.
pub(crate) type ByName<'a> = HashMap<&'a str, &'a Source>;

/// Reads a check; with it the source that it brings itself, `check:NAME`.
pub(crate) fn read(
    table: &TableReader<'_>,
    defaults: &Defaults,
    sources: &ByName<'_>,
) -> Option<(Check, Option<Source>)> {
    let service = table.reference("service", Thing::Service);
    let shape = shape(table, sources);
    let expect = programs(table, "expect", shape);
    let degraded = programs(table, "degraded", shape);
    let nagios = table.one_of("protocol", &[("nagios", true)]).unwrap_or(false);
    let alerts = alerts::read(table, &On::Check(shape));
    let whole = |key, default: Option<u32>, else_: u32| {
        table.whole(key).map_or(default.unwrap_or(else_), |number| number as u32)
    };
    let fail_after = whole("fail_after", defaults.fail_after, 3);
    let ok_after = whole("ok_after", defaults.ok_after, 2);
    let timing = Timing::read(table, defaults, KindRole::Check);
    let own = match kinds::only_one(table, KindRole::Check, Some("from"), "what is checked")? {
        "from" => None,
        kind => Some(kinds::read(table, kind, KindRole::Check)?),
    };
    useless(table);
    let own = own.map(|kind| timing.source(Name::from(format!("check:{}", table.name)), kind));
    let polled = if let Some(own) = &own {
        own
    } else {
        let from = table.string("from")?;
        for spec in [POLL_KEYS, FURTHER_KEYS].into_iter().flatten() {
            if let Some(entry) = table.entry(spec.name) {
                let message = format!("`{}` belongs to the source", spec.name);
                table.context.error(entry.key_at, message, format!("write it into [source.{from}]"));
            }
        }
        let from = table.reference("from", Thing::Source)?;
        *sources.get(&*from)?
    };
    let check = Check {
        name: Name::from(table.name),
        service,
        source: polled.name.clone(),
        every: polled.every,
        timeout: polled.timeout,
        expect,
        degraded,
        fail_after,
        ok_after,
        cold_start: polled.cold_start,
        nagios,
        alerts,
    };
    Some((check, own))
}

/// Warns of keys that change nothing for a check of this kind.
fn useless(table: &TableReader<'_>) {
    let kinds: &[(&str, &[&str])] = &[("tcp", &["cold_start", "keep_warm", "protocol"]), ("http", &["protocol"])];
    for (kind, keys) in kinds.iter().filter(|(kind, _)| table.has(kind)) {
        for key in keys.iter().filter(|key| table.has(key)) {
            let message = format!("`{key}` changes nothing for a check with `{kind}`");
            let hint = match *key {
                "protocol" => "remove it: it says how the exit code of a `command` is read",
                _ => "remove it: only what answers over HTTP or by a command can fall asleep",
            };
            table.context.warning(table.place(key), message, hint);
        }
    }
}

/// What the documents look like that the check judges, where its keys say so.
fn shape(table: &TableReader<'_>, sources: &ByName<'_>) -> Option<DocumentShape> {
    let mut given = kinds::of_role(KindRole::Check).filter(|spec| table.has(spec.key)).map(|spec| spec.document);
    match (given.next(), given.next(), table.entry("from")) {
        (Some(shape), None, None) => Some(shape),
        (None, None, Some(from)) => {
            let from = text_of(from)?.value;
            sources.get(&*from).map(|source| source.kind.document())
        }
        _ => None,
    }
}

fn programs(table: &TableReader<'_>, key: &str, shape: Option<DocumentShape>) -> Vec<Expression> {
    let mut found = Vec::new();
    for text in table.texts_or_one(key) {
        match table.context.program(&text.value, shape) {
            Ok(program) => found.push(program),
            Err(fault) => table.context.fault(&text, "bad jq", &fault),
        }
    }
    found
}

/// Checks with the sources that they bring themselves: to a person these are one thing.
pub(crate) fn with_sources<'a>(checks: &'a [Check], sources: &'a [Source]) -> Vec<(&'a Check, Option<&'a Source>)> {
    let sources = sources.iter().filter(|source| source.name.starts_with("check:"));
    let own: HashMap<&Name, &Source> = sources.map(|source| (&source.name, source)).collect();
    checks.iter().map(|check| (check, own.get(&check.source).copied())).collect()
}

/// What a change is said by.
pub(crate) fn facts((check, own): &(&Check, Option<&Source>)) -> Vec<Fact> {
    let mut facts = vec![
        summary("service", name_of(check.service.as_ref())),
        summary("every", shown(check.every)),
        summary("timeout", shown(check.timeout)),
        hidden("expect", &check.expect),
        hidden("degraded", &check.degraded),
        summary("fail_after", check.fail_after),
        summary("ok_after", check.ok_after),
        summary("cold_start", check.cold_start.map_or_else(String::new, shown)),
        summary("nagios", check.nagios),
        alert_facts(&check.alerts),
    ];
    match own {
        Some(own) => facts.extend(own.kind.facts()),
        None => facts.extend([summary("kind", "from"), summary("from", &check.source)]),
    }
    facts
}
