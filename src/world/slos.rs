//! Objectives: one for each of the configuration, fed by readings, samples and runs.

pub(crate) mod past;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::World;
use super::ids::{CheckId, Id, MetricId, SloId};
use super::objectives::{SloMeasure, SloView};
use super::output::Output;
use super::timeline::EventKind;
use crate::config::Config;
use crate::config::sections::slo::{Slo, SloKind};
use crate::lang::condition::Predicate;
use crate::lang::time::Stamp;
use crate::model::reading::{Sample, Sign};
use crate::model::run::Run;
use crate::model::slo::RunsFigures;
use crate::model::thing::ExclusionRecord;
use crate::text::SafeText;
use crate::text::name::Name;

/// What is used of a budget for so long after a release is held against it, where no other follows.
pub(crate) const RELEASE_SHOWN: Duration = Duration::from_hours(24);

/// What of a budget was used since the latest release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReleaseCost {
    /// The service and its version.
    pub release: SafeText,
    /// When it was deployed.
    pub at: Stamp,
    /// The bad time since then.
    pub cost: Duration,
}

impl World {
    /// The objective of that name.
    pub fn slo(&self, name: &str) -> Option<&SloView> {
        self.slos.get(*self.membership.slos.get(name)?)
    }

    /// A check has a new reading: so have its objectives.
    pub(super) fn observe_slos_of_check(&mut self, check: CheckId, sign: Sign, at: Stamp, output: &mut Output) {
        let good = match sign {
            Sign::Unknown => None,
            Sign::Bad => Some(false),
            Sign::Good | Sign::Degraded | Sign::Cold => Some(true),
        };
        let membership = Arc::clone(&self.membership);
        for id in membership.slos_of_check.get(check).into_iter().flatten() {
            self.observe_slo(*id, good, at, output);
        }
    }

    /// A metric has a new sample: so have its objectives. One without a value says nothing.
    pub(super) fn observe_slos_of_metric(&mut self, metric: MetricId, sample: &Sample, output: &mut Output) {
        let (membership, config) = (Arc::clone(&self.membership), Arc::clone(&self.config));
        for id in membership.slos_of_metric.get(metric).into_iter().flatten() {
            let slo = config.slos.get(id.place());
            let good = slo.zip(sample.value.as_ref().ok()).and_then(|(slo, value)| is_good(slo, *value));
            self.observe_slo(*id, good, sample.at, output);
        }
    }

    fn observe_slo(&mut self, id: SloId, good: Option<bool>, at: Stamp, output: &mut Output) {
        let (plan, now) = (self.maintenance_plan(), self.now);
        self.slos[id].observe(good, at, now, &plan);
        self.evaluate_slo(id, output);
    }

    /// Time passed: windows move on, and those of maintenance begin and end.
    pub(super) fn tick_slos(&mut self) {
        if self.slos.is_empty() {
            return;
        }
        let (plan, now) = (self.maintenance_plan(), self.now);
        for slo in &mut self.slos {
            slo.tick(now, &plan);
        }
        let about_runs: Vec<SloId> =
            self.slos.ids().filter(|id| matches!(self.slos[*id].measured, SloMeasure::Runs(_))).collect();
        for id in about_runs {
            self.count_runs(id);
        }
    }

    /// Adds up the runs of an objective that is about runs.
    pub(super) fn count_runs(&mut self, id: SloId) {
        let Some(slo) = self.config.slos.get(id.place()) else { return };
        let SloKind::Action { action, within } = &slo.kind else { return };
        let now = self.now.utc;
        let excluded: Vec<_> = self.exclusions_of(&slo.name).map(ExclusionRecord::span).collect();
        let counts = |run: &Run| !excluded.iter().any(|span| span.contains(&run.started_at));
        let is_within = |run: &&Run| run.action == *action && age(now, run) <= slo.window && counts(run);
        let live = self.runs.iter().map(|view| &view.run);
        // There may be thousands of other actions: whether one is live is looked up of those that count alone.
        let stored = self.history.iter().filter(is_within).filter(|run| self.run(&run.id).is_none());
        let figures = RunsFigures::new(slo.objective, *within, live.filter(is_within).chain(stored));
        self.slos[id].measured = SloMeasure::Runs(figures);
    }

    /// Windows of maintenance are others.
    pub(super) fn replan_slos(&mut self) {
        for slo in &mut self.slos {
            slo.replan();
        }
    }

    /// Nothing is known of any check or metric from a moment on.
    pub(super) fn slos_lose_sight(&mut self, at: Stamp) {
        for slo in &mut self.slos {
            slo.lose_sight(at);
        }
    }

    /// Takes in the objectives of another configuration: those that measure the same go on.
    pub(super) fn reconfigure_slos(&mut self, config: &Config) {
        let now = self.now;
        let before = Arc::clone(&self.config);
        let old = std::mem::take(&mut self.slos).into_iter().zip(&before.slos);
        let mut old: HashMap<&Name, _> = old.map(|(view, slo)| (&slo.name, (view, slo))).collect();
        let views = config.slos.iter().map(|slo| {
            let fresh = SloView::new(slo, config, now);
            match old.remove(&slo.name) {
                Some((kept, was)) if was.kind == slo.kind => kept.moved(fresh, slo, config),
                _ => fresh,
            }
        });
        self.slos = views.collect();
    }

    /// What the latest release of a service cost its objective, where it is of the last day and cost anything.
    pub(crate) fn release_cost(&self, slo: &SloView) -> Option<ReleaseCost> {
        let service = slo.service.as_ref()?;
        let mut of_service = self.timeline.newest_first().filter(|entry| entry.service.as_ref() == Some(service));
        let (release, at) = of_service.find_map(|entry| match &entry.kind {
            EventKind::Deployed { release, .. } => Some((release, entry.at)),
            _ => None,
        })?;
        if self.now.since(at) > RELEASE_SHOWN {
            return None;
        }
        let cost = slo.bad_since(at, self.now).filter(|cost| !cost.is_zero())?;
        Some(ReleaseCost { release: release.clone(), at, cost })
    }
}

/// Whether a value is as an objective asks for.
fn is_good(slo: &Slo, value: f64) -> Option<bool> {
    match &slo.kind {
        SloKind::Metric { good, .. } => match &good.predicate {
            Predicate::Number { comparison, threshold, .. } if !value.is_nan() => {
                Some(comparison.holds(value, *threshold))
            }
            _ => None,
        },
        SloKind::Check(_) | SloKind::Action { .. } => None,
    }
}

fn age(now: chrono::DateTime<chrono::Utc>, run: &Run) -> Duration {
    (now - run.started_at).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests;
