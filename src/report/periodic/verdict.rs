//! Whether it was a good period, in a word and with the reasons.

use serde::Serialize;

use super::alerts::AlertsInPeriod;
use super::incidents::IncidentsInPeriod;
use super::{PeriodReport, RoundsKept};
use crate::lang::unit;
use crate::model::slo::SloTally;
use crate::report::baseline::AgainstBaseline;
use crate::report::spans::{CountsBefore, NowAndBefore};
use crate::text::count::counted;

/// Without objectives, at least this share of the time must have been up.
const UPTIME: f64 = 0.999;
/// A limit that is met within so many days needs somebody now.
const SOON_DAYS: i64 = 30;

/// The word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PeriodVerdict {
    /// Everything that was asked for was met, and nothing waits for anybody.
    Good,
    /// What was asked for was met, and something needs somebody.
    NeedsAttention,
    /// Something that was asked for was missed.
    Bad,
    /// Nothing is known.
    NoData,
}

impl PeriodVerdict {
    /// `Good week.`, or that something needs attention.
    pub(super) fn describe(self, noun: &str) -> String {
        match self {
            Self::Good => format!("Good {noun}."),
            // What was met is counted right behind it: with an outage in it, or with nothing known, it was not simply good.
            Self::NeedsAttention => "Needs attention.".to_owned(),
            Self::Bad => format!("Bad {noun}."),
            Self::NoData => "No data.".to_owned(),
        }
    }
}

/// The share of the time in which checks were up, all of them together.
pub(super) fn uptime(report: &PeriodReport) -> NowAndBefore {
    let sum = |of: fn(&super::CheckFigures) -> SloTally| {
        let mut sum = SloTally::default();
        report.checks.iter().for_each(|check| sum += of(check));
        sum.availability()
    };
    NowAndBefore { now: sum(|check| check.tally), before: sum(|check| check.tally_before) }
}

/// What was missed, and what needs somebody.
pub(super) fn judge(report: &PeriodReport) -> (PeriodVerdict, Vec<String>) {
    let is_known = report.checks.iter().any(super::CheckFigures::is_known)
        || !report.metrics.is_empty()
        || report.slos.iter().any(|slo| slo.met.is_some())
        || report.alerts.as_ref().is_some_and(|alerts| alerts.fired > 0)
        || !report.runs.is_empty();
    if !is_known {
        return (PeriodVerdict::NoData, Vec::new());
    }
    let missed = missed(report);
    let (is_missed, mut reasons) = (!missed.is_empty(), missed);
    reasons.extend(attention(report));
    let verdict = match (is_missed, reasons.is_empty()) {
        (true, _) => PeriodVerdict::Bad,
        (false, false) => PeriodVerdict::NeedsAttention,
        (false, true) => PeriodVerdict::Good,
    };
    (verdict, reasons)
}

fn missed(report: &PeriodReport) -> Vec<String> {
    let slos = report.slos.iter().filter(|slo| slo.met == Some(false));
    let mut reasons: Vec<String> =
        slos.map(|slo| format!("objective {} missed: {} good", slo.title, unit::availability(slo.good.now))).collect();
    if report.slos.is_empty() && report.uptime.now.is_some_and(|uptime| uptime < UPTIME) {
        reasons.push(format!("uptime {} is below 99.9 %", unit::availability(report.uptime.now)));
    }
    reasons
}

fn attention(report: &PeriodReport) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    let mut add = |count: usize, noun: &str, what: &str| {
        if count > 0 {
            reasons.push(format!("{} {what}", counted(count, noun)));
        }
    };
    // Where nothing ran, nothing is missing.
    add(report.slos.iter().filter(|slo| slo.met.is_none() && slo.runs.is_none()).count(), "objective", "without data");
    let thin = report.slos.iter().filter(|slo| slo.met.is_some() && slo.thin).count();
    add(thin, "objective", "known for less than 95 % of the time");
    let alerts = report.alerts.as_ref();
    add(alerts.map_or(0, AlertsInPeriod::critical_unmuted), "critical alert", "fired (not muted)");
    let incidents = report.incidents.as_ref();
    add(incidents.map_or(0, IncidentsInPeriod::open), "incident", "still open");
    add(alerts.map_or(0, |alerts| alerts.ignored), "alert", "ignored for an hour or longer");
    add(report.pages.as_ref().map_or(0, |pages| pages.shifts_overloaded), "shift", "with more than 2 pages");
    add(report.runs.iter().map(|one| one.failed).sum(), "run", "failed");
    add(report.runs.iter().map(|one| one.unclear).sum(), "run", "without a known outcome");
    add(report.checklists.iter().map(|one: &RoundsKept| one.missed).sum(), "checklist", "missed");
    for one in &report.capacity {
        let left = one.days_left(report.last_day);
        if one.is_met() {
            reasons.push(format!("{} has met its limit of {}", one.title, unit::quantity(one.limit, &one.unit)));
        } else if let (Some(day), true) = (one.met_on, left.is_some_and(|days| days <= SOON_DAYS)) {
            let limit = unit::quantity(one.limit, &one.unit);
            reasons.push(format!("{} meets its limit of {limit} on {day}, if it grows as before", one.title));
        }
    }
    let worse = report.baseline.as_ref().map_or(0, AgainstBaseline::worse);
    if worse > 0 {
        reasons.push(format!("{} slower than in the baseline", counted(worse, "check")));
    }
    reasons
}

/// What a person wants to know first, in a sentence.
pub(super) fn summary(report: &PeriodReport, before: CountsBefore) -> String {
    if report.verdict == PeriodVerdict::NoData {
        return "The store has nothing of this time.".to_owned();
    }
    let mut parts = Vec::new();
    // Those of which nothing is known are neither met nor missed, and named below.
    let known = report.slos.iter().filter(|slo| slo.met.is_some()).count();
    if known > 0 {
        let met = report.slos.iter().filter(|slo| slo.met == Some(true)).count();
        parts.push(format!("{met} of {} met", counted(known, "objective")));
    }
    if report.uptime.now.is_some() {
        let then = report.uptime.before.map(|then| format!(" (before: {})", unit::availability(Some(then))));
        parts.push(format!("uptime {}{}", unit::availability(report.uptime.now), then.unwrap_or_default()));
    }
    if let Some(alerts) = &report.alerts {
        let critical = if alerts.critical > 0 { format!(", {} critical", alerts.critical) } else { String::new() };
        parts.push(format!("{}{}{critical}", counted(alerts.fired, "alert"), before.beside(alerts.fired_before)));
    }
    if let Some(pages) = &report.pages {
        parts.push(counted(pages.pages, "page") + &before.beside(pages.pages_before));
    }
    if !report.runs.is_empty() {
        let (runs, failed) =
            report.runs.iter().fold((0, 0), |(runs, failed), one| (runs + one.runs, failed + one.failed));
        parts.push(format!("{}, {failed} failed", counted(runs, "run")));
    }
    if parts.is_empty() { String::new() } else { format!("{}.", parts.join("; ")) }
}
