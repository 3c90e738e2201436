//! `[retention]`: for how long the store keeps what.

use std::time::Duration;

use crate::config::changes::{Fact, summary};
use crate::config::reader::TableReader;
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::config::syntax;
use crate::lang::unit;

const DAY: Duration = Duration::from_hours(24);
/// What is kept for ever is written so.
const FOREVER: &str = "forever";

/// For how long the store keeps what; `None` is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// `readings.minutes`: readings and samples by the minute. Default 14 days, at least 2.
    pub minutes: Option<Duration>,
    /// `readings.hours`: the same by the hour. Default 400 days, at least 30, and no less than the minutes.
    pub hours: Option<Duration>,
    /// `audit`: everything that was put on record. Default 365 days.
    pub audit: Option<Duration>,
    /// `deployments`: runs that are over. Default 90 days.
    pub deployments: Option<Duration>,
    /// `logs`: what is stored of logs; nothing is yet. Default 30 days.
    pub logs: Option<Duration>,
    /// `incidents`: closed incidents, with what was copied into them. Default for ever.
    pub incidents: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            minutes: Some(14 * DAY),
            hours: Some(400 * DAY),
            audit: Some(365 * DAY),
            deployments: Some(90 * DAY),
            logs: Some(30 * DAY),
            incidents: None,
        }
    }
}

/// The keys of `readings`.
const READINGS: &[KeySpec] = &[
    key("minutes", ValueForm::Keep, "By the minute. Default 14d, at least 2d"),
    key("hours", ValueForm::Keep, "By the hour. Default 400d, at least 30d"),
];

/// The keys of `[retention]`.
pub(crate) const KEYS: &[KeySpec] = &[
    key("readings", ValueForm::Table(READINGS), "Stored readings of checks and samples of metrics"),
    key("audit", ValueForm::Keep, "Everything on record. Default 365d"),
    key("deployments", ValueForm::Keep, "Runs that have ended. Default 90d"),
    key("logs", ValueForm::Keep, "Stored logs: none are stored yet, so nothing goes by it. Default 30d"),
    key("incidents", ValueForm::Keep, "Closed incidents. Default forever"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "retention",
    shape: spec::SectionShape::Single(KEYS),
    help: "How long the store keeps readings, runs and the audit log",
};

/// Reads `[retention]`.
pub(crate) fn read(table: &TableReader<'_>) -> Retention {
    let default = Retention::default();
    let readings = table.table("readings");
    let readings = readings.as_ref();
    let minutes = readings.map_or(default.minutes, |table| kept(table, "minutes", 2 * DAY, default.minutes));
    let hours = readings.map_or(default.hours, |table| kept(table, "hours", 30 * DAY, default.hours));
    if let (Some(table), Some(hours)) = (readings, hours)
        && minutes.is_none_or(|minutes| minutes > hours)
    {
        let place = table.place(if table.has("minutes") { "minutes" } else { "hours" });
        let message = format!("`minutes` is longer than `hours`, which is {}", days(hours));
        table.context.error(place, message, "keep hours at least as long as minutes");
    }
    Retention {
        minutes,
        hours,
        audit: kept(table, "audit", DAY, default.audit),
        deployments: kept(table, "deployments", DAY, default.deployments),
        logs: kept(table, "logs", DAY, default.logs),
        incidents: kept(table, "incidents", DAY, default.incidents),
    }
}

/// A duration of at least so long, or `forever`; `default` where it is not there or wrong.
fn kept(table: &TableReader<'_>, key: &str, least: Duration, default: Option<Duration>) -> Option<Duration> {
    let text = table.is_text(key).then(|| table.text(key)).flatten();
    if text.as_ref().is_some_and(|text| text.value == FOREVER) {
        return None;
    }
    if let Some(text) = text.filter(|text| syntax::duration(&text.value).is_err()) {
        let message = format!("`{key}` is neither a duration nor {FOREVER}");
        table.context.error(text.at, message, format!("write {key} = \"90d\" or {key} = \"{FOREVER}\""));
        return default;
    }
    let Some(duration) = table.duration(key) else { return default };
    if duration < least {
        let message = format!("`{key}` is too short");
        table.context.error(table.place(key), message, format!("allowed: {} and longer, or {FOREVER}", days(least)));
        return default;
    }
    Some(duration)
}

/// Whole days as they are written, anything else as spans are shown.
fn days(span: Duration) -> String {
    let days = span.as_secs() / DAY.as_secs();
    if DAY * u32::try_from(days).unwrap_or(u32::MAX) == span { format!("{days}d") } else { unit::span(span) }
}

/// What a change is said by.
pub(crate) fn facts(retention: &Retention) -> Vec<Fact> {
    let fact = |key, kept: Option<Duration>| summary(key, kept.map_or_else(|| FOREVER.to_owned(), days));
    vec![
        fact("readings.minutes", retention.minutes),
        fact("readings.hours", retention.hours),
        fact("audit", retention.audit),
        fact("deployments", retention.deployments),
        fact("logs", retention.logs),
        fact("incidents", retention.incidents),
    ]
}
