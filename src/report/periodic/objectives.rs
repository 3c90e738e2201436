//! Objectives over the period: what share of it was good, and how much of the budget of such a period was used.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::checks::{availability, figures_of};
use super::scope::{ReportScope, When, span_of};
use crate::config::sections::slo::{Slo, SloKind};
use crate::lang::order::InOrder;
use crate::lang::unit;
use crate::model::fact::{Fact, Statement};
use crate::model::rollup::{SeriesKey, StoredSpan};
use crate::model::run::Run;
use crate::model::slo::{RunsFigures, SloTally};
use crate::report::markdown::{Align, MarkdownText};
use crate::report::spans::{NowAndBefore, rounded, span};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::maintenance;
use crate::world::objectives;
use crate::world::slos::{RELEASE_SHOWN, past};

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
    /// Spans that a person excluded: they do not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<ExcludedSpan>,
    /// What releases of its service cost, where they cost anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<CostOfRelease>,
}

/// A span that does not count.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ExcludedSpan {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub by: SafeText,
    pub why: SafeText,
}

/// The bad time after a release: until the next one, and for a day at most.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CostOfRelease {
    pub release: SafeText,
    pub at: DateTime<Utc>,
    pub cost_s: f64,
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
    pub(super) fn of_time(
        scope: &mut ReportScope<'_>,
        slo: &Slo,
        spans: &[StoredSpan],
        deployed: &Deployments,
    ) -> Self {
        let service = objectives::service(slo, scope.config).cloned();
        let every = objectives::interval(slo, scope.config).unwrap_or(Duration::from_mins(1));
        let (mut now, mut before) = (SloTally::default(), SloTally::default());
        let excluded = scope.excluded_windows(slo);
        let mut costs = service.as_ref().map_or_else(Vec::new, |service| deployed.of(service, scope));
        for one in spans {
            let Some(when) = scope.when_of(one.begin) else { continue };
            let time = scope.planned(service.as_ref(), one.begin, one.minutes);
            let tally = past::of_span(slo, every, &one.bucket, time);
            // As an objective leaves it out that runs: what is excluded counts as maintenance.
            let ((start, end), length) = (time.ends(), time.length_ms());
            let excluded = maintenance::inside_ms(&excluded, start, end);
            let tally = tally.without(tally.excluded(excluded, length), excluded);
            *(if when == When::Now { &mut now } else { &mut before }) += tally;
            for cost in &mut costs {
                cost.add(one, tally.bad_ms);
            }
        }
        now.maintenance_ms = scope.uncounted_ms(slo, service.as_ref(), When::Now);
        let figures = figures_of(slo.objective, now, scope.length_ms(When::Now));
        Self {
            good: NowAndBefore { now: figures.availability(), before: before.availability() },
            met: figures.availability().map(|_| figures.is_met()),
            coverage: figures.coverage(),
            thin: figures.is_thin(),
            bounds: figures.bounds().filter(|_| figures.availability().is_some()),
            budget_s: Some(rounded(figures.budget_s())),
            bad_s: figures.availability().map(|_| rounded(now.bad_ms as f64 / 1e3)),
            releases: costs.into_iter().filter_map(ReleaseSpan::into_cost).collect(),
            ..Self::unknown(scope, slo)
        }
    }

    /// Of one about runs.
    pub(super) fn of_runs(scope: &ReportScope<'_>, slo: &Slo, runs: &[&Run]) -> Option<Self> {
        let SloKind::Action { action, within } = &slo.kind else { return None };
        let figures = |when| {
            let of_action = runs.iter().filter(|run| run.action == *action);
            let counts = |run: &&&Run| !scope.is_excluded(slo, run.started_at);
            let of_period = of_action.filter(counts).filter(|run| scope.when(run.started_at) == Some(when));
            RunsFigures::new(slo.objective, *within, of_period.copied())
        };
        let (now, before) = (figures(When::Now), figures(When::Before));
        Some(Self {
            good: NowAndBefore { now: now.share(), before: before.share() },
            met: now.share().map(|share| share >= slo.objective),
            runs: Some(now.count),
            runs_in_time: Some(now.good),
            ..Self::unknown(scope, slo)
        })
    }

    fn unknown(scope: &ReportScope<'_>, slo: &Slo) -> Self {
        let excluded = scope.excluded(slo).map(|one| ExcludedSpan {
            from: one.from,
            until: one.until,
            by: one.by.clone(),
            why: one.why.clone(),
        });
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
            excluded: excluded.collect(),
            releases: Vec::new(),
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

    /// What does not count and why, and what releases cost.
    fn notes(&self) -> impl Iterator<Item = String> {
        let excluded = self.excluded.iter().map(|one| {
            let [from, until] = [one.from, one.until].map(|at| at.format("%Y-%m-%d %H:%M"));
            format!("{}: {from} to {until} UTC excluded by {}: {}", self.title, one.by, one.why)
        });
        let costs = self
            .releases
            .iter()
            .map(|one| format!("{}: {} cost {} of the budget", self.title, one.release, span(one.cost_s)));
        excluded.chain(costs)
    }

    fn word(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "missed",
            None if self.runs.is_some() => "no runs",
            None => "no data",
        }
    }
}

/// The releases of the period, by service, the earliest first.
#[derive(Debug, Default)]
pub(super) struct Deployments(BTreeMap<Name, Vec<(DateTime<Utc>, SafeText)>>);

impl Deployments {
    /// Of what is on record.
    pub(super) fn new(scope: &ReportScope<'_>, facts: &[Fact]) -> Self {
        let mut found: BTreeMap<Name, Vec<(DateTime<Utc>, SafeText)>> = BTreeMap::new();
        for fact in facts {
            if let Statement::Deployed(said) = fact.said()
                && scope.when(fact.draft.at) == Some(When::Now)
            {
                let release = SafeText::new(&format!("{} {}", said.service, said.version));
                found.entry(said.service.clone()).or_default().push((fact.draft.at, release));
            }
        }
        for releases in found.values_mut() {
            releases.order_by_key(|(at, _)| *at);
        }
        Self(found)
    }

    fn of(&self, service: &Name, scope: &ReportScope<'_>) -> Vec<ReleaseSpan> {
        let releases = self.0.get(service).map_or(&[][..], Vec::as_slice);
        let next = releases.iter().skip(1).map(|(at, _)| *at).chain([scope.until()]);
        let spans = releases.iter().zip(next).map(|((at, release), next)| ReleaseSpan {
            release: release.clone(),
            from: *at,
            until: next.min(*at + TimeDelta::from_std(RELEASE_SHOWN).unwrap_or_default()),
            bad_ms: 0.0,
        });
        spans.collect()
    }
}

/// The time that is held against a release, and what of it was bad.
struct ReleaseSpan {
    release: SafeText,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    bad_ms: f64,
}

impl ReleaseSpan {
    /// Adds the part of the bad time of a stored span that lies in it.
    fn add(&mut self, span: &StoredSpan, bad_ms: u64) {
        let (begin, end) = span_of(span.begin, span.minutes);
        let inside = (end.min(self.until) - begin.max(self.from)).num_milliseconds().max(0);
        let length = i64::from(span.minutes) * 60_000;
        self.bad_ms += bad_ms as f64 * inside as f64 / length.max(1) as f64;
    }

    fn into_cost(self) -> Option<CostOfRelease> {
        let Self { release, from: at, bad_ms, .. } = self;
        (bad_ms >= 1_000.0).then(|| CostOfRelease { release, at, cost_s: rounded(bad_ms / 1e3) })
    }
}

/// The missed first, then those of which nothing is known.
pub(super) fn write(slos: &[SloResult], out: &mut MarkdownText) {
    if slos.is_empty() {
        return;
    }
    out.heading(2, "Objectives");
    let mut rows: Vec<&SloResult> = slos.iter().collect();
    rows.order_by_key(|slo| match slo.met {
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
    let notes: Vec<String> = rows.iter().flat_map(|slo| slo.notes()).collect();
    if !notes.is_empty() {
        out.list(&notes);
    }
}
