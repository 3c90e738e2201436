//! Metrics: the configuration of each joined with its samples.

use std::sync::Arc;
use std::time::Duration;

use super::past::Past;
use crate::config::sections::metric::Metric;
use crate::lang::condition::Condition;
use crate::lang::time::Stamp;
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::reading::{Caveat, Sample};
use crate::model::rollup::{Bucket, HOURS_BACK};
use crate::model::series::{OlderSpans, Series};
use crate::text::SafeText;
use crate::text::name::Name;

pub use crate::model::series::Point;

/// One metric with everything that the screens show of it.
#[derive(Debug, Clone)]
pub struct MetricView {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: String,
    /// The service it belongs to.
    pub service: Option<Name>,
    /// Its unit as configured; may be empty.
    pub unit: String,
    /// The latest sample, also one without a value.
    pub last: Option<Sample>,
    /// The latest number: shown, with its age, while newer samples have none.
    pub value: Option<(Stamp, f64)>,
    /// Why there is no number now.
    pub error: Option<SafeText>,
    /// What the latest number leaves out.
    pub caveat: Option<Caveat>,
    /// The worst severity that fires (or is pending: see the alerts).
    pub severity: Option<Severity>,
    /// Whether the latest number is too old.
    pub stale: bool,
    /// Threshold lines: severity, threshold in the metric's own unit, whether above it is bad.
    pub thresholds: Vec<(Severity, f64, bool)>,
    /// How often a value is due.
    pub every: Duration,
    /// Past this age it is stale.
    pub stale_after: Duration,
    /// Since when it is configured: an age counts from here until something is known.
    pub known_from: Stamp,
    /// Whether what is stored of it is here.
    pub(super) past: Past,
    /// Since when anything is stored, in milliseconds of the monotonic clock.
    stored_since: Option<i64>,
    /// Shared with a screen that is held still, until either changes.
    series: Arc<Series>,
}

impl MetricView {
    /// A metric of which nothing is known yet.
    pub(crate) fn new(metric: &Metric, now: Stamp) -> Self {
        Self {
            name: metric.name.clone(),
            title: metric.title.clone(),
            service: metric.service.clone(),
            unit: metric.unit.clone(),
            last: None,
            value: None,
            error: None,
            caveat: None,
            severity: None,
            stale: false,
            thresholds: thresholds(metric),
            every: metric.every,
            stale_after: metric.stale_after,
            known_from: now,
            past: Past::default(),
            stored_since: None,
            series: Arc::new(Series::new(metric.stale_after)),
        }
    }

    /// Takes in a sample. `true` where a person would notice it at once.
    pub(crate) fn observe(&mut self, sample: Sample) -> bool {
        let error = sample.value.as_ref().err().cloned();
        let noticeable = error != self.error
            || self.stale
            || self.value.is_none()
            || self.caveat.is_some() != sample.caveat.is_some();
        if let Ok(value) = sample.value {
            self.caveat.clone_from(&sample.caveat);
            self.value = Some((sample.at, value));
            Arc::make_mut(&mut self.series).push(sample.at, value);
            self.stale = false;
        } else {
            Arc::make_mut(&mut self.series).gap(sample.at);
        }
        self.error = error;
        self.last = Some(sample);
        noticeable
    }

    /// The same metric under another configuration: history is kept.
    pub(crate) fn moved(self, fresh: Self) -> Self {
        let mut series = self.series;
        Arc::make_mut(&mut series).set_hold(fresh.stale_after);
        Self {
            last: self.last,
            value: self.value,
            error: self.error,
            caveat: self.caveat,
            severity: self.severity,
            stale: self.stale,
            known_from: self.known_from,
            past: self.past,
            stored_since: self.stored_since,
            series,
            ..fresh
        }
    }

    /// Puts what is stored before what was measured here, which began `until`: first minute on the monotonic clock,
    /// minutes, bucket. `first`: the first minute of which anything is stored.
    pub(super) fn restore(&mut self, spans: &[(u32, u32, &Bucket)], first: Option<u32>, until: Stamp) {
        const MINUTE_MS: i64 = 60_000;
        self.stored_since = first.map(|first| i64::from(first) * MINUTE_MS);
        let until = until.mono.as_millis() as i64;
        let since = until - i64::from(HOURS_BACK) * MINUTE_MS;
        let placed = spans
            .iter()
            .map(|(first, count, bucket)| (i64::from(*first) * MINUTE_MS, i64::from(*count) * MINUTE_MS, *bucket));
        Arc::make_mut(&mut self.series).restore(&placed, since, until);
    }

    /// The latest number with its unit, as it is shown.
    pub(crate) fn shown(&self) -> String {
        self.value
            .map_or_else(|| unit::NOTHING.to_owned(), |(_, value)| self.mark() + &unit::quantity(value, &self.unit))
    }

    /// What stands before a number that leaves something out; nothing before others.
    pub(crate) fn mark(&self) -> String {
        self.caveat.as_ref().map_or("", Caveat::mark).to_owned()
    }

    /// One line in words.
    pub(crate) fn summary(&self) -> String {
        match (self.value, &self.error) {
            (_, Some(error)) => format!("{} {error}", self.name),
            (Some((at, value)), None) => {
                let caveat = self.caveat.as_ref().map_or_else(String::new, |caveat| format!(" ({})", caveat.text));
                format!("{} {}{caveat} at {}", self.name, unit::quantity(value, &self.unit), at.utc.to_rfc3339())
            }
            (None, None) => format!("{} has no value yet", self.name),
        }
    }

    /// The last `count` values, oldest first.
    pub fn latest(&self, count: usize) -> Vec<(Stamp, f64)> {
        self.series.latest(count)
    }

    /// Since when there are values, on the monotonic clock, with what is stored of before this console began.
    pub(crate) fn first(&self) -> Option<Duration> {
        let first = self.series.first().into_iter().chain(self.stored_since).min();
        first.and_then(|first| u64::try_from(first).ok()).map(Duration::from_millis)
    }

    /// Whether what is stored of it is not here yet.
    pub(crate) fn is_reading_past(&self) -> bool {
        self.past == Past::Asked
    }

    /// Age of the latest number.
    pub(crate) fn age(&self, now: Stamp) -> Option<Duration> {
        self.value.map(|(at, _)| now.since(at))
    }

    /// The last `buckets` buckets of `width`, oldest first; `None` where there was no value. On whole multiples of
    /// `width`, so that they advance together.
    pub fn points(&self, buckets: usize, width: Duration, now: Stamp) -> Vec<Option<Point>> {
        self.series.points(OlderSpans::NONE, buckets, width, now)
    }

    /// The same with what is stored of before.
    pub(crate) fn points_after(
        &self,
        older: OlderSpans<'_>,
        buckets: usize,
        width: Duration,
        now: Stamp,
    ) -> Vec<Option<Point>> {
        self.series.points(older, buckets, width, now)
    }

    /// From where on every minute is here, in milliseconds of the monotonic clock: what lies before it is in the store.
    /// `None` where the store has nothing of before that is not here, or what it has was not read yet.
    pub(crate) fn minutes_since(&self) -> Option<i64> {
        let since = self.series.minutes_since()?;
        (self.past == Past::Here && self.stored_since.is_some_and(|first| first < since)).then_some(since)
    }
}

/// The lines to draw for the conditions that compare the value with a number.
fn thresholds(metric: &Metric) -> Vec<(Severity, f64, bool)> {
    let line = |(severity, condition): &(Severity, Condition)| {
        let (threshold, is_above_bad) = condition.line("")?;
        Some((*severity, threshold, is_above_bad))
    };
    metric.alerts.iter().filter_map(line).collect()
}
