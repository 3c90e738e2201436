//! `[metric.NAME]`: a number over time.

mod log;

use crate::config::changes::{Fact, alerts as alert_facts, name_of, summary};
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::lang::unit::duration as shown;
use std::collections::HashMap;
use std::time::Duration;

use crate::config::reader::{TableReader, Text, Thing};
use crate::config::sections::alerts::{self, On};
use crate::config::sections::check::Check;
use crate::config::sections::source::Source;
use crate::config::spec::{KeySpec, ValueForm, key, later};
use crate::config::syntax;
use crate::lang::condition::Condition;
use crate::lang::expression::Expression;
use crate::lang::selector::Selector;
use crate::model::alert::Severity;
use crate::text::name::Name;

pub(crate) use log::{LogChoice, LogMetric, Measure};

/// A metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: Name,
    /// `title`, default the name.
    pub title: String,
    /// How its alerts are called: by its title, with what it is where a check or a service is called so too.
    pub alert_title: String,
    /// The service it belongs to.
    pub service: Option<Name>,
    /// Where its numbers come from.
    pub kind: MetricKind,
    /// `unit`: `%`, `s`, `ms`, `B`, `/s`, or any word; empty where not said.
    pub unit: String,
    /// `per_second`: the value is a counter and is shown as a rate.
    pub per_second: bool,
    /// How often a new value is due, for ages and staleness.
    pub every: Duration,
    /// Past this age the value is stale: `2 × every + timeout`.
    pub stale_after: Duration,
    /// `alert`, worst severity first.
    pub alerts: Vec<(Severity, Condition)>,
}

/// Where the numbers of a metric come from.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricKind {
    /// `from` + `value`: jq over the documents of a source.
    Value {
        /// The source.
        from: Name,
        /// The jq program.
        program: Expression,
    },
    /// `from` + `sample`: a selector over an exposition; several matching series are added up.
    Sample {
        /// The source, of kind exposition.
        from: Name,
        /// The selector: `http_requests_total{job="api"}`.
        selector: Selector,
    },
    /// `log` + `count`, `rate`, `ratio` or `percentile`, + `window`: records within a sliding window.
    Log(LogMetric),
    /// `check` + `latency = "p95"` + `window`: a percentile of a check's own latency, in milliseconds.
    Latency {
        /// The check.
        check: Name,
        /// 0 < quantile < 1.
        quantile: f64,
        /// The window.
        window: Duration,
    },
    /// `check` + `availability = "24h"`: time-weighted availability in per cent.
    Availability {
        /// The check.
        check: Name,
        /// The window.
        window: Duration,
    },
}

/// How often the figures of a log or of a check's history are computed again.
const DERIVED_EVERY: Duration = Duration::from_secs(10);

pub(crate) const KEYS: &[KeySpec] = &[
    key("title", ValueForm::Text, "How it is shown. Default its name"),
    key("service", ValueForm::Name, "The service it belongs to"),
    key("from", ValueForm::Name, "A source"),
    key("value", ValueForm::Text, "jq over the source's document: .body.queue | length; true and false are 1 and 0"),
    key("sample", ValueForm::Text, "A selector over an exposition: http_requests_total{job=\"api\"}"),
    key("log", ValueForm::TextsOrOne, "A log, a list of logs, or * for all"),
    key("count", ValueForm::Text, "A filter: how many records match within the window"),
    key("rate", ValueForm::Text, "A filter: how many records match per second, over the window"),
    key("ratio", ValueForm::Text, "A filter: what share of the records match, in per cent"),
    key("of", ValueForm::Text, "With ratio: the filter whose records are the whole. Default all records"),
    key("percentile", ValueForm::Text, "A percentile of a field of the records: p95"),
    key("field", ValueForm::Text, "With percentile: the field, a number with or without a unit (12, 12ms, 1.5s)"),
    key("where", ValueForm::Text, "With percentile: a filter. Default all records"),
    key("window", ValueForm::Duration, "Over how long records are counted or a percentile is taken"),
    key("check", ValueForm::Name, "A check, for its own latency or availability"),
    key("latency", ValueForm::Text, "A percentile: p95"),
    key("availability", ValueForm::Duration, "Over how long availability is taken"),
    key("unit", ValueForm::Text, "%, s, ms, B, /s, or any word"),
    key("per_second", ValueForm::Flag, "The value is a counter and is shown as a rate"),
    key("alert", ValueForm::Alerts, "Conditions by severity: { high = \"> 10% for 5m\" }"),
    later("query", "PromQL and SQL come later; `value` (jq) and `sample` (exposition) work now"),
];

/// What metrics are read against.
pub(crate) struct MetricScope<'a> {
    /// The sources by name.
    pub sources: HashMap<&'a Name, &'a Source>,
    /// The checks by name.
    pub checks: HashMap<&'a Name, &'a Check>,
}

impl<'a> MetricScope<'a> {
    /// These by their names.
    pub(crate) fn new(sources: &'a [Source], checks: &'a [Check]) -> Self {
        Self {
            sources: sources.iter().map(|source| (&source.name, source)).collect(),
            checks: checks.iter().map(|check| (&check.name, check)).collect(),
        }
    }
}

pub(crate) const SECTION: SectionSpec =
    SectionSpec { name: "metric", shape: spec::SectionShape::Named(KEYS), help: "A number over time" };

/// Reads a metric.
pub(crate) fn read(table: &TableReader<'_>, known: &MetricScope<'_>) -> Option<Metric> {
    let per_second = table.flag("per_second").unwrap_or(false);
    let kind = read_kind(table, known);
    let default_unit = match &kind {
        Some(MetricKind::Log(log)) => log.measure.unit(),
        Some(MetricKind::Latency { .. }) => "ms",
        Some(MetricKind::Availability { .. }) => "%",
        _ if per_second => "/s",
        _ => "",
    };
    let unit = table.string("unit").unwrap_or_else(|| default_unit.to_owned());
    let service = table.reference("service", Thing::Service);
    let alerts = alerts::read(table, &On::Metric(unit.clone()));
    let kind = kind?;
    if per_second && !matches!(kind, MetricKind::Value { .. } | MetricKind::Sample { .. }) {
        table.context.error(
            table.place("per_second"),
            "`per_second` goes with `value` and `sample`",
            "remove it: this metric is not a counter",
        );
    }
    let (every, timeout) = match &kind {
        MetricKind::Value { from, .. } | MetricKind::Sample { from, .. } => {
            known.sources.get(from).map(|source| (source.every, source.timeout))?
        }
        MetricKind::Log(_) => (DERIVED_EVERY, Duration::ZERO),
        MetricKind::Latency { check, .. } | MetricKind::Availability { check, .. } => {
            known.checks.get(check).map(|check| (check.every, check.timeout))?
        }
    };
    let title = table.string("title").unwrap_or_else(|| table.name.to_owned());
    Some(Metric {
        name: Name::from(table.name),
        alert_title: title.clone(),
        title,
        service,
        kind,
        unit,
        per_second,
        every,
        stale_after: every * 2 + timeout,
        alerts,
    })
}

/// Where the numbers come from is said by `from`, `log` or `check`; what is taken of it by the keys that go with it.
fn read_kind(table: &TableReader<'_>, known: &MetricScope<'_>) -> Option<MetricKind> {
    const GROUPS: [(&str, &[&str]); 3] =
        [("from", &["value", "sample"]), ("log", log::MEASURES), ("check", &["latency", "availability"])];
    let context = table.context;
    let mut given = GROUPS.iter().filter(|(key, _)| table.has(key));
    let (origin, ours) = match (given.next(), given.next()) {
        (Some(one), None) => *one,
        (None, _) => {
            let told = ["http", "exposition", "command", "file", "expect"].iter().any(|key| table.has_any(key));
            if !table.has("query") && !told && table.lacks(&["from", "log", "check"]) {
                context.error(
                    table.at,
                    format!("{} does not say where its numbers come from", table.title),
                    "add `from` with `value` or `sample`, `log` with `count`, `rate`, `ratio` or `percentile`, or `check` with `latency` or `availability`",
                );
            }
            return None;
        }
        (Some((first, _)), Some((second, _))) => {
            let at = table.entry(second).map_or(table.at, |entry| entry.key_at);
            context.error(at, format!("{} has both `{first}` and `{second}`", table.title), "keep one of them");
            return None;
        }
    };
    for (other, keys) in GROUPS.iter().filter(|(key, _)| *key != origin) {
        for key in *keys {
            if let Some(entry) = table.entry(key) {
                let hint = format!("with `{origin}` write {}", listed(ours));
                context.error(entry.key_at, format!("`{key}` goes with `{other}`"), hint);
            }
        }
    }
    log::out_of_place(table);
    let mut taken = ours.iter().filter(|key| table.has(key));
    let what = match (taken.next(), taken.next()) {
        (Some(one), None) => *one,
        (None, _) => {
            if !table.has("query") && table.lacks(ours) {
                let hint = format!("add {}", listed(ours));
                context.error(table.at, format!("{} does not say what to measure in `{origin}`", table.title), hint);
            }
            return None;
        }
        (Some(first), Some(second)) => {
            let at = table.entry(second).map_or(table.at, |entry| entry.key_at);
            context.error(at, format!("{} has both `{first}` and `{second}`", table.title), "keep one of them");
            return None;
        }
    };
    match what {
        "value" | "sample" => from_source(table, known, what),
        what if origin == "log" => log::read(table, what).map(MetricKind::Log),
        _ => from_check(table, what),
    }
}

fn listed(keys: &[&str]) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn no_window(table: &TableReader<'_>, with: &str) {
    if let Some(entry) = table.entry("window") {
        table.context.error(entry.key_at, format!("`window` does not go with `{with}`"), "remove it");
    }
}

fn from_source(table: &TableReader<'_>, known: &MetricScope<'_>, what: &str) -> Option<MetricKind> {
    no_window(table, what);
    let from = table.reference("from", Thing::Source);
    let text = table.text(what)?;
    let source = from.as_ref().and_then(|from| known.sources.get(from));
    let exposition = source.map(|source| source.kind.document().samples);
    if what == "value" {
        let program = table.context.program(&text.value, source.map(|source| source.kind.document()));
        let program = program.map_err(|fault| table.context.fault(&text, "bad jq", &fault)).ok()?;
        return Some(MetricKind::Value { from: from?, program });
    }
    let selector = syntax::selector(&text.value);
    let selector = selector.map_err(|fault| table.context.fault(&text, "bad selector", &fault)).ok()?;
    let from = from?;
    if exposition == Some(false) {
        table.context.error(
            table.place("from"),
            format!("`sample` needs an exposition, and source `{from}` is not one"),
            "write `exposition = URL` in the source, or `value` with jq here",
        );
        return None;
    }
    Some(MetricKind::Sample { from, selector })
}

fn window(table: &TableReader<'_>) -> Option<Duration> {
    if table.lacks(&["window"]) {
        table.context.error(table.at, format!("{} has no `window`", table.title), "add window = \"5m\"");
    }
    table.positive("window")
}

fn from_check(table: &TableReader<'_>, what: &str) -> Option<MetricKind> {
    let check = table.reference("check", Thing::Check);
    if what == "availability" {
        no_window(table, what);
        return Some(MetricKind::Availability { window: table.positive("availability")?, check: check? });
    }
    let window = window(table);
    let text = table.text("latency")?;
    let quantile = quantile(table, &text, "latency");
    Some(MetricKind::Latency { check: check?, quantile: quantile?, window: window? })
}

/// `p95`, as a part of one.
fn quantile(table: &TableReader<'_>, text: &Text, key: &str) -> Option<f64> {
    let found = text
        .value
        .strip_prefix('p')
        .and_then(|digits| digits.parse::<f64>().ok())
        .filter(|percentile| *percentile > 0.0 && *percentile < 100.0)
        .map(|percentile| percentile / 100.0);
    if found.is_none() {
        let message = format!("`{}` is not a valid percentile", text.value);
        table.context.error(text.at, message, format!("write {key} = \"p50\", \"p95\", \"p99\" or \"p99.9\""));
    }
    found
}

/// What a change is said by.
pub(crate) fn facts(metric: &Metric) -> Vec<Fact> {
    let (origin, rest) = match &metric.kind {
        MetricKind::Value { from, program } => (format!("from {from}"), program.text().to_owned()),
        MetricKind::Sample { from, selector } => (format!("from {from}"), selector.text().to_owned()),
        MetricKind::Log(LogMetric { logs, measure, window }) => {
            (format!("log {logs}"), format!("{} in {}", measure.summary(), shown(*window)))
        }
        MetricKind::Latency { check, quantile, window } => {
            (format!("check {check}"), format!("p{} in {}", quantile * 100.0, shown(*window)))
        }
        MetricKind::Availability { check, window } => {
            (format!("check {check}"), format!("availability in {}", shown(*window)))
        }
    };
    vec![
        summary("title", &metric.title),
        summary("service", name_of(metric.service.as_ref())),
        summary("origin", origin),
        summary("value", rest),
        summary("unit", &metric.unit),
        summary("per_second", metric.per_second),
        summary("every", shown(metric.every)),
        alert_facts(&metric.alerts),
    ]
}
