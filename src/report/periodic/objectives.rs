//! Objectives over the period: what share of it was good, and how much of the budget of such a period was used.

use std::time::Duration;

use serde::Serialize;

use super::checks::{availability, figures_of};
use super::scope::{ReportScope, When};
use crate::config::sections::slo::{Slo, SloKind};
use crate::lang::unit;
use crate::model::rollup::{SeriesKey, StoredSpan};
use crate::model::run::Run;
use crate::model::slo::{RunsFigures, SloTally};
use crate::report::markdown::{Align, MarkdownText};
use crate::report::spans::{NowAndBefore, rounded, span};
use crate::text::name::Name;
use crate::world::objectives;
use crate::world::slos::past;

/// One objective in the period.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SloResult {
    pub slo: Name,
    pub title: String,
    /// The share that must be good, 0 to 1.
    pub objective: f64,
    /// The share that was good: of the known time outside maintenance, or of the runs.
    pub good: NowAndBefore,
    /// Null where nothing is known: then it is not met.
    pub met: Option<bool>,
    /// Known time of the time outside maintenance, 0 to 1; null for objectives about runs.
    pub coverage: Option<f64>,
    pub thin: bool,
    /// The least and the most that the share can be, whatever the unknown time was.
    pub bounds: Option<(f64, f64)>,
    /// The bad time that the objective allows in a period of this length; null for objectives about runs.
    pub budget_s: Option<f64>,
    /// The bad time.
    pub bad_s: Option<f64>,
    /// Runs whose outcome is known; null for objectives about time.
    pub runs: Option<u32>,
    pub runs_in_time: Option<u32>,
}

/// The series that an objective measures; `None` where it is about runs.
pub(super) fn series(slo: &Slo) -> Option<SeriesKey> {
    match &slo.kind {
        SloKind::Check(name) => Some(SeriesKey::Check(name.clone())),
        SloKind::Metric { metric, .. } => Some(SeriesKey::Metric(metric.clone())),
        SloKind::Action { .. } => None,
    }
}

impl SloResult {
    /// Of one about time, by what is stored of what it measures.
    pub(super) fn of_time(scope: &mut ReportScope<'_>, slo: &Slo, spans: &[StoredSpan]) -> Self {
        let service = objectives::service(slo, scope.config).cloned();
        let every = objectives::interval(slo, scope.config).unwrap_or(Duration::from_mins(1));
        let (mut now, mut before) = (SloTally::default(), SloTally::default());
        for one in spans {
            let Some(when) = scope.when_of(one.begin) else { continue };
            let share = scope.maintenance(service.as_ref(), one.begin, one.minutes);
            let tally = past::of_span(slo, every, (&one.bucket, one.minutes), share);
            *(if when == When::Now { &mut now } else { &mut before }) += tally;
        }
        now.maintenance_ms = scope.maintenance_ms(service.as_ref(), When::Now);
        let figures = figures_of(slo.objective, now, scope.length_ms(When::Now));
        Self {
            good: NowAndBefore { now: figures.availability(), before: before.availability() },
            met: figures.availability().map(|_| figures.is_met()),
            coverage: figures.coverage(),
            thin: figures.is_thin(),
            bounds: figures.bounds().filter(|_| figures.availability().is_some()),
            budget_s: Some(rounded(figures.budget_s())),
            bad_s: figures.availability().map(|_| rounded(now.bad_ms as f64 / 1e3)),
            ..Self::unknown(slo)
        }
    }

    /// Of one about runs.
    pub(super) fn of_runs(scope: &ReportScope<'_>, slo: &Slo, runs: &[&Run]) -> Option<Self> {
        let SloKind::Action { action, within } = &slo.kind else { return None };
        let figures = |when| {
            let of_action = runs.iter().filter(|run| run.action == *action);
            let of_period = of_action.filter(|run| scope.when(run.started_at) == Some(when));
            RunsFigures::new(slo.objective, *within, of_period.copied())
        };
        let (now, before) = (figures(When::Now), figures(When::Before));
        Some(Self {
            good: NowAndBefore { now: now.share(), before: before.share() },
            met: now.share().map(|share| share >= slo.objective),
            runs: Some(now.count),
            runs_in_time: Some(now.good),
            ..Self::unknown(slo)
        })
    }

    fn unknown(slo: &Slo) -> Self {
        Self {
            slo: slo.name.clone(),
            title: slo.title.clone(),
            // As it is written: 99.9 % is read as 0.999 and one bit.
            objective: (slo.objective * 1e9).round() / 1e9,
            good: NowAndBefore::default(),
            met: None,
            coverage: None,
            thin: false,
            bounds: None,
            budget_s: None,
            bad_s: None,
            runs: None,
            runs_in_time: None,
        }
    }

    /// The objective as it is written: `99.9 %`.
    pub(super) fn asked(&self) -> String {
        format!("{} %", (self.objective * 1e8).round() / 1e6)
    }

    /// `4m 10s of 10m 04s`, `12 of 12 runs`.
    fn used(&self) -> String {
        match (self.bad_s, self.budget_s, self.runs.zip(self.runs_in_time)) {
            (_, _, Some((count, good))) => format!("{good} of {} in time", crate::text::count::counted(count, "run")),
            (Some(bad), Some(budget), None) => format!("{} of {}", span(bad), span(budget)),
            _ => unit::NOTHING.to_owned(),
        }
    }

    fn word(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "missed",
            None => "no data",
        }
    }
}

/// The missed first, then those of which nothing is known.
pub(super) fn write(slos: &[SloResult], out: &mut MarkdownText) {
    if slos.is_empty() {
        return;
    }
    out.heading(2, "Objectives");
    let mut rows: Vec<&SloResult> = slos.iter().collect();
    rows.sort_by_key(|slo| match slo.met {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    });
    let row = |slo: &&SloResult| {
        let good = availability(slo.good.now, slo.coverage, slo.thin && slo.runs.is_none());
        vec![slo.title.clone(), slo.word().to_owned(), slo.asked(), good, slo.good.points(), slo.used()]
    };
    out.table(
        &[
            ("Objective", Align::Left),
            ("Result", Align::Left),
            ("Asked", Align::Right),
            ("Good", Align::Right),
            ("Points", Align::Right),
            ("Budget used", Align::Right),
        ],
        &rows.iter().map(row).collect::<Vec<_>>(),
    );
}
