//! One objective with everything that is shown of it.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::planned::Planned;
use crate::config::Config;
use crate::config::sections::slo::{self, Slo, SloKind, SloScope};
use crate::lang::time::{Stamp, millis};
use crate::model::burn::BurnRule;
use crate::model::slo::{ENOUGH, RunsFigures, SloFigures, SloMeter};
use crate::text::name::Name;
use crate::world::maintenance::MaintenancePlan;
use crate::world::past::Past;

/// How long the stored past of an objective is waited for before it is judged without.
const PATIENCE: Duration = Duration::from_mins(1);
/// The share of a short window that must be known to be believed.
const MOST: f64 = 0.5;

/// What is known of an objective.
#[derive(Debug, Clone, PartialEq)]
pub enum SloMeasure {
    /// Of one about time: a check or a metric.
    Time(Box<SloFigures>),
    /// Of one about runs.
    Runs(RunsFigures),
}

/// One objective.
#[derive(Debug, Clone)]
pub struct SloView {
    /// Its name.
    pub name: Name,
    /// How it is shown.
    pub title: String,
    /// The service of what it measures.
    pub service: Option<Name>,
    /// The share that must be good, above 0 and below 1.
    pub objective: f64,
    /// Over how long.
    pub window: Duration,
    /// What is known of it.
    pub measured: SloMeasure,
    /// Whether what is stored of it is here.
    pub(in crate::world) past: Past,
    /// Whether the minutes of old hours are here within which something begins or ends not to count.
    pub(in crate::world) minutes: Past,
    /// Since when it is configured.
    pub(in crate::world) known_from: Stamp,
    /// `None` where it is about runs. Shared with a screen that is held still, until either changes.
    pub(in crate::world) meter: Option<Arc<SloMeter>>,
    planned: Planned,
}

impl SloView {
    /// What of its past stands as `from` stands as `to` from now on; whether anything did.
    pub(in crate::world) fn turn_past(&mut self, from: Past, to: Past) -> bool {
        let mut any = false;
        for past in [&mut self.past, &mut self.minutes].into_iter().filter(|past| **past == from) {
            *past = to;
            any = true;
        }
        any
    }

    /// An objective of which nothing is known yet.
    pub(crate) fn new(slo: &Slo, config: &Config, now: Stamp) -> Self {
        let meter = interval(slo, config).map(|every| SloMeter::new(slo.objective, slo.window, every, now));
        let (measured, meter) = match meter {
            Some(mut meter) => (SloMeasure::Time(Box::new(meter.figures(now))), Some(Arc::new(meter))),
            None => (SloMeasure::Runs(RunsFigures { objective: slo.objective, ..RunsFigures::default() }), None),
        };
        Self {
            name: slo.name.clone(),
            title: slo.title.clone(),
            service: service(slo, config).cloned(),
            objective: slo.objective,
            window: slo.window,
            measured,
            past: Past::default(),
            minutes: Past::Here,
            known_from: now,
            meter,
            planned: Planned::default(),
        }
    }

    /// Takes a reading of what it measures: good, bad, or `None` where it says nothing.
    pub(in crate::world) fn observe(&mut self, good: Option<bool>, at: Stamp, now: Stamp, plan: &MaintenancePlan) {
        self.advance(at, plan);
        if let Some(meter) = &mut self.meter {
            Arc::make_mut(meter).observe(good, at);
        }
        self.review(now);
    }

    /// Time passed.
    pub(in crate::world) fn tick(&mut self, now: Stamp, plan: &MaintenancePlan) {
        self.advance(now, plan);
        self.review(now);
    }

    /// These spans of the monotonic clock, in milliseconds, do not count, and no others.
    pub(in crate::world) fn exclude(&mut self, spans: Vec<Range<u64>>, now: Stamp) {
        if let Some(meter) = &mut self.meter {
            Arc::make_mut(meter).exclude(spans);
        }
        self.review(now);
    }

    /// Nothing is known from `at` on.
    pub(in crate::world) fn lose_sight(&mut self, at: Stamp) {
        if let Some(meter) = &mut self.meter {
            Arc::make_mut(meter).lose_sight(at);
        }
    }

    /// Windows of maintenance may be others: that is looked up again.
    pub(in crate::world) fn replan(&mut self) {
        self.planned = self.planned.reviewed();
    }

    fn advance(&mut self, now: Stamp, plan: &MaintenancePlan) {
        let Some(meter) = &mut self.meter else { return };
        for (at, is_open) in self.planned.advance(now.utc, plan, self.service.as_ref()) {
            Arc::make_mut(meter).set_maintenance(is_open, now.placed(at));
        }
    }

    /// Computes the figures again.
    pub(in crate::world) fn review(&mut self, now: Stamp) {
        if let (Some(meter), SloMeasure::Time(figures)) = (&mut self.meter, &mut self.measured) {
            **figures = Arc::make_mut(meter).figures(now);
        }
    }

    /// The same objective under another configuration. What was counted stays where it is counted in the same windows.
    pub(in crate::world) fn moved(self, fresh: Self, slo: &Slo, config: &Config) -> Self {
        let kept = self.meter.filter(|meter| meter.measures(slo.objective, slo.window));
        let Some(mut meter) = kept else { return fresh };
        if let Some(every) = interval(slo, config) {
            Arc::make_mut(&mut meter).set_every(every);
        }
        // Windows of maintenance may be others: that is looked up again.
        let Self { measured, past, minutes, known_from, planned, .. } = self;
        Self { meter: Some(meter), measured, past, minutes, known_from, planned: planned.reviewed(), ..fresh }
    }

    /// The bad time since a moment, outside maintenance, for three days at most; `None` where it is about runs.
    pub(in crate::world) fn bad_since(&self, from: Stamp, now: Stamp) -> Option<Duration> {
        let meter = self.meter.as_ref()?;
        Some(Duration::from_millis(meter.since(from.mono, now).bad_ms))
    }

    /// Whether too little is known to say that a rule which fires is over: neither nearly all of its long window is known, nor
    /// most of a short one that burns slowly enough.
    pub(in crate::world) fn lacks_data(&self, rule: &BurnRule, now: Stamp) -> bool {
        let (Some(meter), Some(figures)) = (self.meter.as_ref(), self.figures()) else { return false };
        let knows = |window: Duration, share: f64| {
            let counted = meter.since(now.mono.saturating_sub(window), now);
            let whole = millis(window).saturating_sub(counted.maintenance_ms);
            counted.valid_ms() as f64 >= share * whole as f64
        };
        !(knows(rule.long, ENOUGH) || (figures.burns_slowly(rule) && knows(rule.short, MOST)))
    }

    /// Whether what is stored of it is still to come, so that it can't be judged yet.
    pub(in crate::world) fn waits_for_past(&self, now: Stamp) -> bool {
        let is_due = self.past == Past::Unread && now.since(self.known_from) < PATIENCE;
        self.meter.is_some() && (is_due || self.past == Past::Asked)
    }

    /// The figures, where it is about time.
    pub fn figures(&self) -> Option<&SloFigures> {
        match &self.measured {
            SloMeasure::Time(figures) => Some(figures),
            SloMeasure::Runs(_) => None,
        }
    }
}

/// How often what an objective measures is polled; `None` where it is about runs.
pub(crate) fn interval(slo: &Slo, config: &Config) -> Option<Duration> {
    slo::interval(slo, &SloScope { checks: &config.checks, metrics: &config.metrics })
}

/// The service of what an objective measures.
pub(crate) fn service<'a>(slo: &Slo, config: &'a Config) -> Option<&'a Name> {
    match &slo.kind {
        SloKind::Check(name) => config.checks.iter().find(|check| check.name == *name)?.service.as_ref(),
        SloKind::Metric { metric, .. } => config.metrics.iter().find(|one| one.name == *metric)?.service.as_ref(),
        SloKind::Action { action, .. } => config.actions.iter().find(|one| one.name == *action)?.service.as_ref(),
    }
}
