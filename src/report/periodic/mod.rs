//! The report of a day, a week or a month: one model, written as Markdown and as JSON.

mod alerts;
mod capacity;
mod checklists;
mod checks;
mod errors;
mod firings;
mod incidents;
mod metrics;
mod objectives;
mod pages;
mod runs;
mod scope;
mod verdict;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use self::alerts::AlertsInPeriod;
use self::capacity::{CapacityOutlook, DAYS_BACK, SustainedLoad};
use self::checklists::RoundsKept;
pub(crate) use self::checks::CheckFigures;
pub(crate) use self::errors::{ErrorShape, ErrorsOfLog, LogErrors, TOP_SHAPES};
use self::firings::FiringLog;
use self::incidents::IncidentsInPeriod;
use self::metrics::MetricFigures;
use self::objectives::{Deployments, SloResult};
use self::pages::PageLoad;
use self::runs::{ActionRuns, Releases};
pub(crate) use self::scope::{ReportScope, When};
pub(crate) use self::verdict::PeriodVerdict;
use super::baseline::AgainstBaseline;
use super::markdown::MarkdownText;
use super::period::ReportKind;
use super::spans::{CountsBefore, NowAndBefore};
use crate::config::sections::slo::Slo;
use crate::lang::order::InOrder;
use crate::lang::time::minute_of;
use crate::model::fact::{Fact, Statement};
use crate::model::rollup::{SeriesKey, StoredSpan, WantedSpans};
use crate::model::run::Run;
use crate::model::status::Status;
use crate::model::thing::IncidentRecord;
use crate::text::count::counted;
use crate::text::name::Name;
use crate::world::duty::DutyPlan;

/// Everything that a report says. The fields and their names in JSON are a promise; some may be added. Sections without
/// data are left out.
#[derive(Debug, Serialize)]
pub(crate) struct PeriodReport {
    pub console: String,
    pub environment: String,
    pub kind: ReportKind,
    pub period: String,
    pub first_day: NaiveDate,
    pub last_day: NaiveDate,
    pub zone: String,
    pub from: DateTime<Utc>,
    /// The end of the period; now, where it is not over.
    pub until: DateTime<Utc>,
    pub complete: bool,
    /// Whether anything is known of the period before.
    pub before_known: bool,
    pub verdict: PeriodVerdict,
    /// What was missed, and what needs somebody.
    pub reasons: Vec<String>,
    /// What is missing in it because it can't be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// The share of the known time in which checks were up, all of them together.
    pub uptime: NowAndBefore,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slos: Vec<SloResult>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckFigures>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<LogErrors>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<AlertsInPeriod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incidents: Option<IncidentsInPeriod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<PageLoad>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<ActionRuns>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<Releases>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checklists: Vec<RoundsKept>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capacity: Vec<CapacityOutlook>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sustained_load: Vec<SustainedLoad>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<AgainstBaseline>,
}

/// What the store says of the two periods beside its roll-ups.
#[derive(Debug, Default)]
pub(crate) struct ReportFacts {
    /// Since the beginning of the period before, in the order of the chain.
    pub facts: Vec<Fact>,
    /// The runs that they are about.
    pub runs: Vec<Run>,
    /// The incidents that are on record.
    pub incidents: Vec<IncidentRecord>,
    /// How many more there are, which can't be read.
    pub unread_incidents: usize,
}

/// Takes in what is stored, series by series: of ten thousand checks only one is in memory at a time.
#[derive(Debug)]
pub(crate) struct ReportBuilder<'a> {
    scope: ReportScope<'a>,
    /// How often each check went down.
    outages: HashMap<Name, usize>,
    deployed: Deployments,
    slos: Vec<SloResult>,
    checks: Vec<CheckFigures>,
    /// Metrics that were taken in.
    metrics_done: usize,
    metrics: Vec<MetricFigures>,
    capacity: Vec<CapacityOutlook>,
    sustained_load: Vec<SustainedLoad>,
}

impl<'a> ReportBuilder<'a> {
    /// Begins a report.
    pub(crate) fn new(scope: ReportScope<'a>, facts: &ReportFacts) -> Self {
        let mut outages: HashMap<Name, usize> = HashMap::new();
        for fact in &facts.facts {
            if let Statement::CheckStatus(said) = fact.said()
                && said.status == Status::Down
                && scope.when(said.since) == Some(When::Now)
            {
                *outages.entry(said.check.clone()).or_default() += 1;
            }
        }
        let deployed = Deployments::new(&scope, &facts.facts);
        Self {
            scope,
            outages,
            deployed,
            slos: Vec::new(),
            checks: Vec::new(),
            metrics_done: 0,
            metrics: Vec::new(),
            capacity: Vec::new(),
            sustained_load: Vec::new(),
        }
    }

    /// The series that it is made of, with what is wanted of each.
    pub(crate) fn wanted(&mut self) -> Vec<WantedSpans> {
        let [before, ..] = self.scope.edges();
        let growth = minute_of(self.scope.until() - TimeDelta::days(DAYS_BACK)).min(before);
        let config = self.scope.config;
        let mut measured: HashMap<SeriesKey, Vec<&Slo>> = HashMap::new();
        for slo in &config.slos {
            if let Some(series) = objectives::series(slo) {
                measured.entry(series).or_default().push(slo);
            }
        }
        let scope = &mut self.scope;
        let mut wanted = |series: SeriesKey, service: Option<&Name>, from| {
            // What no objective measures is read by the hour: there may be ten thousand.
            let slos = measured.get(&series);
            let edges = slos.map_or_else(Vec::new, |slos| scope.uncounted_edges(service, slos.iter().copied()));
            WantedSpans { series, from, edges }
        };
        let checks = config.checks.iter().map(|one| (SeriesKey::Check(one.name.clone()), &one.service, before));
        let metrics = config.metrics.iter().map(|one| (SeriesKey::Metric(one.name.clone()), &one.service, growth));
        checks.chain(metrics).map(|(series, service, from)| wanted(series, service.as_ref(), from)).collect()
    }

    /// Takes in what is stored of the next of [`Self::wanted`], oldest first: all of them in their order, which is that of the
    /// configuration.
    pub(crate) fn take_in(&mut self, series: &SeriesKey, spans: &[StoredSpan]) {
        let config = self.scope.config;
        for slo in config.slos.iter().filter(|slo| objectives::series(slo).as_ref() == Some(series)) {
            self.slos.push(SloResult::of_time(&mut self.scope, slo, spans, &self.deployed));
        }
        match series {
            SeriesKey::Check(name) => {
                let check = config.checks.get(self.checks.len()).filter(|check| check.name == *name);
                let outages = self.outages.get(name).copied().unwrap_or(0);
                self.checks.extend(check.map(|check| CheckFigures::new(&mut self.scope, check, spans, outages)));
            }
            SeriesKey::Metric(name) => {
                let metric = config.metrics.get(self.metrics_done).filter(|metric| metric.name == *name);
                self.metrics_done += 1;
                let Some(metric) = metric else { return };
                self.metrics.extend(MetricFigures::new(&self.scope, metric, spans));
                self.capacity.extend(CapacityOutlook::new(&self.scope, metric, spans));
                self.sustained_load.extend(SustainedLoad::new(&self.scope, metric, spans));
            }
        }
    }

    /// Ends it.
    pub(crate) fn finish(
        mut self,
        (facts, duty): (&ReportFacts, &DutyPlan),
        errors: Option<LogErrors>,
        baseline: Option<AgainstBaseline>,
    ) -> PeriodReport {
        let runs: Vec<&Run> = facts.runs.iter().collect();
        let scope = &self.scope;
        let about_runs = scope.config.slos.iter().filter_map(|slo| SloResult::of_runs(scope, slo, &runs));
        self.slos.extend(about_runs);
        let place = |slo: &SloResult| scope.config.slos.iter().position(|one| one.name == slo.slo);
        self.slos.order_by_key(place);
        let log = FiringLog::new(scope, &facts.facts, &runs);
        let alerts = AlertsInPeriod::new(scope, &log);
        let has_alerts = alerts.fired > 0 || alerts.fired_before > 0;
        let mut report = PeriodReport {
            console: scope.config.console.name.clone(),
            environment: scope.config.console.environment.clone(),
            kind: scope.period.kind(),
            period: scope.period.name(),
            first_day: scope.period.first_day(),
            last_day: scope.period.last_day(),
            zone: scope.period.zone().to_string(),
            from: scope.period.from(),
            until: scope.until(),
            complete: scope.is_complete(),
            before_known: false,
            verdict: PeriodVerdict::NoData,
            reasons: Vec::new(),
            left_out: Vec::new(),
            uptime: NowAndBefore::default(),
            slos: self.slos,
            checks: self.checks,
            metrics: self.metrics,
            errors,
            alerts: Some(alerts).filter(|_| has_alerts),
            incidents: IncidentsInPeriod::new(scope, &facts.incidents),
            pages: PageLoad::new(scope, &log, duty),
            runs: runs::by_action(scope, &runs),
            releases: runs::releases(scope, &facts.facts),
            checklists: checklists::kept(scope, &facts.facts),
            capacity: self.capacity,
            sustained_load: self.sustained_load,
            baseline,
        };
        report.uptime = verdict::uptime(&report);
        report.before_known = report.uptime.before.is_some()
            || report.metrics.iter().any(|metric| metric.mean.before.is_some())
            || facts.facts.iter().any(|fact| scope.when(fact.draft.at) == Some(When::Before));
        if facts.unread_incidents > 0 {
            report.left_out.push(counted(facts.unread_incidents as u64, "incident"));
        }
        (report.verdict, report.reasons) = verdict::judge(&report);
        report
    }
}

impl PeriodReport {
    /// The same, made of roll-ups of which some can't be read.
    pub(crate) fn without_some_readings(mut self) -> Self {
        self.left_out.insert(0, "some stored readings".to_owned());
        self
    }

    /// As Markdown: the first lines say whether it was good.
    pub(crate) fn markdown(&self) -> String {
        let mut out = MarkdownText::default();
        let noun = self.kind.noun();
        let before = CountsBefore { noun, is_known: self.before_known };
        let environment = if self.environment.is_empty() { String::new() } else { format!(", {}", self.environment) };
        out.heading(1, &format!("{}{environment}: {}", self.console, self.period));
        out.paragraph(&self.verdict.describe(noun), &verdict::summary(self, before));
        out.paragraph("", &self.covers());
        if !self.left_out.is_empty() {
            let missing = self.left_out.join(" and ");
            let hint = "opsroom store check lists what can't be read";
            out.paragraph("Incomplete.", &format!("Left out because they can't be read: {missing}; {hint}."));
        }
        if self.verdict == PeriodVerdict::NoData {
            return out.finish();
        }
        if !self.reasons.is_empty() {
            out.heading(2, "Needs attention");
            out.list(&self.reasons);
        }
        objectives::write(&self.slos, &mut out);
        checks::write(&self.checks, &mut out);
        metrics::write(&self.metrics, &mut out);
        if let Some(baseline) = &self.baseline {
            baseline.write(&mut out);
        }
        if let Some(errors) = &self.errors {
            errors::write(errors, noun, &mut out);
        }
        if let Some(alerts) = &self.alerts {
            alerts::write(alerts, before, &mut out);
        }
        if let Some(incidents) = &self.incidents {
            incidents::write(incidents, before, &mut out);
        }
        pages::write(self.pages.as_ref(), before, &mut out);
        runs::write(&self.runs, &self.releases, before, &mut out);
        checklists::write(&self.checklists, &mut out);
        capacity::write(&self.capacity, &self.sustained_load, &mut out);
        out.finish()
    }

    /// As JSON.
    ///
    /// # Errors
    /// It has no form in JSON.
    pub(crate) fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// `2026-11-02 to 2026-11-08, Europe/Berlin. Compared with the week before.`
    fn covers(&self) -> String {
        let days = if self.first_day == self.last_day {
            self.first_day.to_string()
        } else {
            format!("{} to {}", self.first_day, self.last_day)
        };
        let open = if self.complete {
            String::new()
        } else {
            format!(" Not over: up to {} UTC.", self.until.format("%Y-%m-%d %H:%M"))
        };
        format!("{days}, {}.{open} Compared with the {} before.", self.zone, self.kind.noun())
    }
}
