//! Alerts by their usefulness: whether anybody acted on them, and which are candidates for deletion.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Serialize;

use super::firings::{Firing, FiringLog};
use super::scope::{ReportScope, When};
use crate::config::titles::title_of_firing;
use crate::lang::order::InOrder;
use crate::model::alert::Severity;
use crate::model::fact::AlertFired;
use crate::report::markdown::{Align, MarkdownText};
use crate::report::spans::{CountsBefore, SpanSpread, span};
use crate::text::name::Name;

/// What fired for so long without anybody acting was ignored; what ended before healed by itself.
const IGNORED_AFTER: TimeDelta = TimeDelta::hours(1);
/// So often in a period, and never acted on: a candidate for deletion.
const OFTEN: usize = 3;

/// The firings of one alert in the period.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AlertUse {
    pub alert: Name,
    /// What it watches: `check`, `metric`, `slo` or `console`, which may share a name.
    pub subject: String,
    pub title: String,
    pub severity: Severity,
    pub fired: usize,
    /// In the period before.
    pub fired_before: usize,
    /// Acknowledged, or a run of its service was started meanwhile.
    pub acted_on: usize,
    /// Over within an hour, without anybody acting.
    pub healed_by_itself: usize,
    /// Fired for an hour or longer, without anybody acting.
    pub ignored: usize,
    /// Muted when they began; nobody was to act.
    pub muted: usize,
    /// How long they fired, those that are over.
    pub lasted: Option<SpanSpread>,
    /// Whether it fired often and nobody ever acted.
    pub candidate_for_deletion: bool,
}

/// All alerts of the period.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct AlertsInPeriod {
    pub fired: usize,
    pub fired_before: usize,
    pub critical: usize,
    pub ignored: usize,
    /// From firing to the first acknowledgement.
    pub time_to_acknowledge: Option<SpanSpread>,
    /// From firing to the end.
    pub time_to_resolve: Option<SpanSpread>,
    /// Each alert, the one that fired most first.
    pub alerts: Vec<AlertUse>,
}

/// What became of one firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    ActedOn,
    Healed,
    Ignored,
    Muted,
    /// It fires, not for long yet.
    Open,
}

fn use_of(firing: &Firing<'_>, scope: &ReportScope<'_>) -> Use {
    let lasted = firing.resolved_at.unwrap_or(scope.now) - firing.fired.fired_at;
    match firing.resolved_at {
        _ if firing.is_acted_on() => Use::ActedOn,
        _ if firing.fired.muted_because.is_some() => Use::Muted,
        _ if lasted >= IGNORED_AFTER => Use::Ignored,
        Some(_) => Use::Healed,
        None => Use::Open,
    }
}

fn seconds(span: TimeDelta) -> f64 {
    span.num_milliseconds().max(0) as f64 / 1e3
}

impl AlertsInPeriod {
    /// Of what the facts say.
    pub(super) fn new(scope: &ReportScope<'_>, log: &FiringLog<'_>) -> Self {
        let mut by_alert: BTreeMap<(&Name, &str, Severity), Vec<&Firing<'_>>> = BTreeMap::new();
        for firing in log.firings.values() {
            let AlertFired { alert, severity, .. } = firing.fired;
            by_alert.entry((alert, subject_of(firing.fired), *severity)).or_default().push(firing);
        }
        let alerts = by_alert.into_values().filter_map(|firings| Some(one(scope, firings.first()?, &firings)));
        let mut alerts: Vec<AlertUse> = alerts.filter(|one| one.fired > 0).collect();
        alerts.order_by(|one, other| {
            let worst = other.fired.cmp(&one.fired).then(other.severity.cmp(&one.severity));
            worst.then_with(|| (&one.alert, &one.subject).cmp(&(&other.alert, &other.subject)))
        });
        let of = |when| log.firings.values().filter(move |firing| firing.when == when);
        let since_fired = |firing: &Firing<'_>, at| seconds(at - firing.fired.fired_at);
        let acknowledged = of(When::Now).filter_map(|one| Some(since_fired(one, one.acknowledged_at?)));
        let resolved = of(When::Now).filter_map(|one| Some(since_fired(one, one.resolved_at?)));
        Self {
            fired: of(When::Now).count(),
            fired_before: of(When::Before).count(),
            critical: of(When::Now).filter(|one| one.fired.severity == Severity::Critical).count(),
            ignored: alerts.iter().map(|one| one.ignored).sum(),
            time_to_acknowledge: SpanSpread::new(acknowledged.collect()),
            time_to_resolve: SpanSpread::new(resolved.collect()),
            alerts,
        }
    }

    /// Firings of critical alerts of which somebody was to hear.
    pub(super) fn critical_unmuted(&self) -> usize {
        let critical = self.alerts.iter().filter(|one| one.severity == Severity::Critical);
        critical.map(|one| one.fired - one.muted).sum()
    }

    /// The alerts that fired often while nobody ever acted.
    pub(super) fn candidates(&self) -> impl Iterator<Item = &AlertUse> {
        self.alerts.iter().filter(|one| one.candidate_for_deletion)
    }
}

/// What the rule of an alert is about: a check, a metric and an objective may share a name.
fn subject_of(fired: &AlertFired) -> &str {
    fired.rule.split_once(':').map_or("console", |(subject, _)| subject)
}

/// All firings of one alert, with the first of them.
fn one(scope: &ReportScope<'_>, first: &Firing<'_>, firings: &[&Firing<'_>]) -> AlertUse {
    let AlertFired { alert, rule, severity, .. } = first.fired;
    let now: Vec<_> = firings.iter().filter(|firing| firing.when == When::Now).collect();
    let uses: Vec<Use> = now.iter().map(|firing| use_of(firing, scope)).collect();
    let count = |wanted| uses.iter().filter(|found| **found == wanted).count();
    let lasted = now.iter().filter_map(|one| Some(seconds(one.resolved_at? - one.fired.fired_at)));
    AlertUse {
        alert: alert.clone(),
        subject: subject_of(first.fired).to_owned(),
        title: title_of_firing(scope.config, rule, alert).into_owned(),
        severity: *severity,
        fired: now.len(),
        fired_before: firings.len() - now.len(),
        acted_on: count(Use::ActedOn),
        healed_by_itself: count(Use::Healed),
        ignored: count(Use::Ignored),
        muted: count(Use::Muted),
        lasted: SpanSpread::new(lasted.collect()),
        candidate_for_deletion: count(Use::Healed) + count(Use::Ignored) >= OFTEN && count(Use::ActedOn) == 0,
    }
}

pub(super) fn write(report: &AlertsInPeriod, counts_before: CountsBefore, out: &mut MarkdownText) {
    if report.alerts.is_empty() {
        return;
    }
    out.heading(2, "Alerts");
    let row = |one: &AlertUse| {
        let lasted = one.lasted.as_ref().map_or_else(|| "–".to_owned(), |lasted| span(lasted.median_s));
        let counts = [one.acted_on, one.healed_by_itself, one.ignored, one.muted].map(|count| count.to_string());
        let fired = [one.fired.to_string(), counts_before.cell(one.fired_before)];
        let words = [one.title.clone(), one.severity.word().to_owned()];
        words.into_iter().chain(fired).chain(counts).chain([lasted]).collect()
    };
    let before = counts_before.column();
    let right = ["Fired", &before, "Acted on", "Healed by itself", "Ignored", "Muted", "Lasted (median)"];
    let right = right.map(|name| (name, Align::Right));
    let columns: Vec<_> = [("Alert", Align::Left), ("Severity", Align::Left)].into_iter().chain(right).collect();
    out.table(&columns, &report.alerts.iter().map(row).collect::<Vec<_>>());
    let spread = |name: &str, spread: &Option<SpanSpread>| {
        spread.as_ref().map(|spread| format!("Time to {name}: {}", spread.describe()))
    };
    let mut notes: Vec<String> = Vec::new();
    notes.extend(spread("acknowledge", &report.time_to_acknowledge));
    notes.extend(spread("resolve", &report.time_to_resolve));
    let candidates: Vec<_> = report
        .candidates()
        .map(|one| format!("{} ({}, fired {} times)", one.title, one.severity.word(), one.fired))
        .collect();
    if !candidates.is_empty() {
        notes.push(format!("Candidates for deletion, nobody ever acted on them: {}", candidates.join(", ")));
    }
    if !notes.is_empty() {
        out.list(&notes);
    }
}
