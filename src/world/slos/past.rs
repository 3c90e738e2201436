//! What is stored of what an objective measures, added to what was seen here.

use std::sync::Arc;
use std::time::Duration;

use super::{Id as _, SloId, World, is_good};
use crate::config::Config;
use crate::config::sections::slo::Slo;
use crate::model::rollup::{Bucket, SeriesKey};
use crate::model::slo::SloTally;
use crate::world::maintenance::{PlannedPast, StoredTime};
use crate::world::objectives::{SloView, interval};
use crate::world::past::Past;

/// Stored spans: first minute on the monotonic clock, minutes, bucket; oldest first.
pub(in crate::world) type Spans<'a> = [(u32, u32, &'a Bucket)];

impl World {
    /// The series that objectives measure: their past counts whether it is on a screen or not.
    pub(crate) fn measured_by_slos(&self) -> impl Iterator<Item = SeriesKey> {
        let checks = self.checks.ids().filter(|id| !self.membership.slos_of_check[*id].is_empty());
        let checks = checks.map(|id| SeriesKey::Check(self.checks[id].name.clone()));
        let metrics = self.metrics.ids().filter(|id| !self.membership.slos_of_metric[*id].is_empty());
        checks.chain(metrics.map(|id| SeriesKey::Metric(self.metrics[id].name.clone())))
    }

    /// The objectives that measure a series.
    pub(in crate::world) fn slos_of(&self, series: &SeriesKey) -> Vec<SloId> {
        let found = match series {
            SeriesKey::Check(name) => {
                self.membership.checks.get(name).and_then(|id| self.membership.slos_of_check.get(*id))
            }
            SeriesKey::Metric(name) => {
                self.membership.metrics.get(name).and_then(|id| self.membership.slos_of_metric.get(*id))
            }
        };
        found.cloned().unwrap_or_default()
    }

    /// Takes in what is stored of what an objective measures, once.
    pub(in crate::world) fn restore_slo(&mut self, id: SloId, spans: &Spans<'_>) {
        if std::mem::replace(&mut self.slos[id].past, Past::Here) == Past::Here {
            return;
        }
        let (tallies, now) = (self.tallies(id, spans), self.now);
        let slo = &mut self.slos[id];
        let Some(meter) = &mut slo.meter else { return };
        let meter = Arc::make_mut(meter);
        for (first, count, tally) in tallies {
            meter.restore(first, count, tally);
        }
        slo.review(now);
    }

    /// Leaves out again what does not count of an objective, by the minutes that are stored of the hours within which that
    /// begins or ends: also those that were seen here, of which only the hours are left.
    pub(in crate::world) fn divide_hours(&mut self, id: SloId, spans: &Spans<'_>) {
        let tallies = self.tallies(id, spans).into_iter();
        let Some(meter) = &mut self.slos[id].meter else { return };
        let minutes = tallies.filter(|(_, count, _)| *count == 1).map(|(first, _, tally)| (first, tally));
        Arc::make_mut(meter).divide(minutes);
        self.exclude_from(id);
    }

    /// What an objective makes of what is stored: first minute, minutes, tally. Of one about runs, nothing.
    fn tallies(&self, id: SloId, spans: &Spans<'_>) -> Vec<(u32, u32, SloTally)> {
        let (slo, plan) = (&self.slos[id], self.maintenance_plan());
        let Some(configured) = self.config.slos.get(id.place()).filter(|_| slo.meter.is_some()) else {
            return Vec::new();
        };
        let every = every(slo, &self.config);
        let first = spans.first().map(|(first, ..)| *first);
        let planned = PlannedPast::new(&plan, slo.service.as_deref(), first, self.now);
        let mut events = BadEvents::new(every);
        let tallies = spans.iter().map(|(first, count, bucket)| {
            let mut tally = of_span(configured, every, bucket, planned.at(*first, *count));
            tally.bad_events = events.of(tally.bad_ms, *first, *count);
            (*first, *count, tally)
        });
        tallies.collect()
    }
}

/// How often what it measures is polled.
fn every(slo: &SloView, config: &Config) -> Duration {
    let slo = config.slos.iter().find(|one| one.name == slo.name);
    slo.and_then(|slo| interval(slo, config)).unwrap_or(Duration::from_mins(1))
}

/// What an objective makes of what is stored of some time, of which a part may have lain in maintenance. Bad readings are not
/// counted. `every`: how often what it measures is polled.
pub(crate) fn of_span(slo: &Slo, every: Duration, bucket: &Bucket, time: StoredTime<'_>) -> SloTally {
    if slo.is_of_check() {
        return of_check(bucket, time);
    }
    let share = time.share();
    let each: Vec<(u8, f64)> = if time.is_minute() && share < 1.0 { bucket.each().collect() } else { Vec::new() };
    if share <= 0.0 || each.is_empty() {
        let (good, bad) = of_values(slo, bucket.counts(), time.length_ms(), every);
        return split(good, bad, time.length_ms(), share);
    }
    // Of a minute it is known when each value came.
    let planned = planned_of(time.length_ms(), share);
    let of = |is_planned: bool, length: u64| {
        let values = each.iter().filter(|(second, _)| time.includes(*second) == is_planned);
        of_values(slo, values.map(|(_, value)| (*value, 1)), length, every)
    };
    let ((good_ms, bad_ms), (maintenance_good_ms, maintenance_bad_ms)) =
        (of(false, time.length_ms() - planned), of(true, planned));
    let maintenance_ms = planned;
    SloTally { good_ms, bad_ms, maintenance_good_ms, maintenance_bad_ms, maintenance_ms, bad_events: 0 }
}

/// What is known of a check in some stored time, of which a part may have lain in maintenance.
pub(crate) fn of_check(bucket: &Bucket, time: StoredTime<'_>) -> SloTally {
    let share = time.share();
    let (known, bad) = (bucket.known_ms(), bucket.failed_ms().min(bucket.known_ms()));
    let (planned, maintenance_bad_ms) = bucket.in_maintenance(share);
    let maintenance_good_ms = planned - maintenance_bad_ms;
    SloTally {
        good_ms: known - bad - maintenance_good_ms,
        bad_ms: bad - maintenance_bad_ms,
        maintenance_good_ms,
        maintenance_bad_ms,
        maintenance_ms: planned_of(time.length_ms(), share),
        bad_events: 0,
    }
}

/// Good and bad milliseconds of a metric: each stored value stands for an interval, within `length`.
fn of_values(slo: &Slo, values: impl IntoIterator<Item = (f64, u64)>, length: u64, every: Duration) -> (u64, u64) {
    let (mut good, mut bad) = (0, 0);
    for (value, count) in values {
        match is_good(slo, value) {
            Some(true) => good += count,
            Some(false) => bad += count,
            None => {}
        }
    }
    let all = good + bad;
    let known = (all * every.as_millis() as u64).min(length);
    let bad = (known * bad).checked_div(all).unwrap_or(0);
    (known - bad, bad)
}

/// Bad readings are not stored, but bad time is: each stands for an interval. What is left of one is carried on into the
/// next minute, so that one that lies in two is counted once.
struct BadEvents {
    ms: u64,
    every_ms: u64,
    /// The minute after the latest span.
    upto: u32,
}

impl BadEvents {
    fn new(every: Duration) -> Self {
        Self { ms: 0, every_ms: (every.as_millis() as u64).max(1), upto: 0 }
    }

    fn of(&mut self, bad_ms: u64, first: u32, count: u32) -> u64 {
        if first != self.upto || bad_ms == 0 {
            self.ms = 0;
        }
        self.upto = first + count;
        self.ms += bad_ms;
        let events = self.ms / self.every_ms;
        self.ms -= events * self.every_ms;
        events
    }
}

fn planned_of(ms: u64, share: f64) -> u64 {
    (ms as f64 * share).round() as u64
}

/// What was known of a span, of which a share lay in maintenance.
fn split(good: u64, bad: u64, length: u64, share: f64) -> SloTally {
    let planned = |ms: u64| planned_of(ms, share);
    let mut tally = SloTally {
        good_ms: good - planned(good),
        bad_ms: bad - planned(bad),
        maintenance_ms: planned(length),
        ..SloTally::default()
    };
    tally.maintenance_good_ms = planned(good);
    tally.maintenance_bad_ms = planned(bad);
    tally
}
