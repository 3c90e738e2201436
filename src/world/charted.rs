//! What charts are of: the values of a metric, or how fast a check is answered.

use std::borrow::Cow;
use std::time::Duration;

use super::World;
use super::checks::CheckView;
use super::metrics::{MetricView, Point};
use super::services::ServiceView;
use crate::lang::time::Stamp;
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::latency::Merged;
use crate::model::reading::{Caveat, Sign};
use crate::model::rollup::SeriesKey;
use crate::model::series::OlderSpans;
use crate::text::SafeText;
use crate::text::name::Name;

/// The subject of a chart.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Charted<'a> {
    /// The values of a metric: the average of each column, and its lowest and highest value.
    Metric(&'a MetricView),
    /// The latency of a check: the median of each column, and its 95th percentile.
    Check(&'a CheckView),
}

impl World {
    /// The metric or check of a series.
    pub(crate) fn charted(&self, series: &SeriesKey) -> Option<Charted<'_>> {
        match series {
            SeriesKey::Metric(name) => self.metric(name).map(Charted::Metric),
            SeriesKey::Check(name) => self.check(name).map(Charted::Check),
        }
    }

    /// Every metric, then every check whose latency is known, in the order of the configuration.
    pub(crate) fn all_charted(&self) -> impl Iterator<Item = Charted<'_>> {
        let checks = self.checks.iter().map(Charted::Check).filter(|check| check.first().is_some());
        self.metrics.iter().map(Charted::Metric).chain(checks)
    }

    /// Those of a service.
    pub(crate) fn charted_of(&self, service: &ServiceView) -> impl Iterator<Item = Charted<'_>> {
        let metrics = service.metrics.iter().filter_map(|id| self.metrics.get(*id)).map(Charted::Metric);
        let checks = service.checks.iter().filter_map(|id| self.checks.get(*id)).map(Charted::Check);
        metrics.chain(checks.filter(|check| check.first().is_some()))
    }
}

impl<'a> Charted<'a> {
    /// By which name it is stored.
    pub(crate) fn series(self) -> SeriesKey {
        match self {
            Self::Metric(metric) => SeriesKey::Metric(metric.name.clone()),
            Self::Check(check) => SeriesKey::Check(check.name.clone()),
        }
    }

    /// Its name.
    pub(crate) const fn name(self) -> &'a Name {
        match self {
            Self::Metric(metric) => &metric.name,
            Self::Check(check) => &check.name,
        }
    }

    /// Whether it is of that series.
    pub(crate) fn is(self, series: &SeriesKey) -> bool {
        match (self, series) {
            (Self::Metric(metric), SeriesKey::Metric(name)) => metric.name == *name,
            (Self::Check(check), SeriesKey::Check(name)) => check.name == *name,
            _ => false,
        }
    }

    /// As it is shown: `shop front p95`, `api latency`.
    pub(crate) fn title(self, world: &'a World) -> Cow<'a, str> {
        match self {
            Self::Metric(metric) => Cow::Borrowed(&metric.title),
            Self::Check(check) => Cow::Owned(format!("{} latency", world.title_of_check(&check.name))),
        }
    }

    /// The service it belongs to.
    pub(crate) const fn service(self) -> Option<&'a Name> {
        match self {
            Self::Metric(metric) => metric.service.as_ref(),
            Self::Check(check) => check.service.as_ref(),
        }
    }

    /// The unit of its values; may be empty.
    pub(crate) fn unit(self) -> &'a str {
        match self {
            Self::Metric(metric) => &metric.unit,
            Self::Check(_) => "ms",
        }
    }

    /// How often a value is due.
    pub(crate) const fn every(self) -> Duration {
        match self {
            Self::Metric(metric) => metric.every,
            Self::Check(check) => check.every,
        }
    }

    /// The latest number.
    pub(crate) fn value(self) -> Option<(Stamp, f64)> {
        match self {
            Self::Metric(metric) => metric.value,
            // What our own side prevented was not measured.
            Self::Check(check) => {
                let last = check.last.as_ref().filter(|last| last.sign != Sign::Unknown)?;
                Some((last.timing.ended, last.latency_ms()))
            }
        }
    }

    /// Why there is no number now. What refuses is fast, and what hangs takes as long as it is waited for: neither is how
    /// fast it answers.
    pub(crate) fn error(self, now: Stamp) -> Option<Cow<'a, SafeText>> {
        match self {
            Self::Metric(metric) => metric.error.as_ref().map(Cow::Borrowed),
            Self::Check(check) => {
                let since = check.unanswered_for(now).filter(|_| !check.stale)?;
                Some(Cow::Owned(SafeText::new(&format!("no answer for {}", unit::span(since)))))
            }
        }
    }

    /// What the latest number leaves out.
    pub(crate) const fn caveat(self) -> Option<&'a Caveat> {
        match self {
            Self::Metric(metric) => metric.caveat.as_ref(),
            Self::Check(_) => None,
        }
    }

    /// The worst severity that fires for its number.
    pub(crate) const fn severity(self) -> Option<Severity> {
        match self {
            Self::Metric(metric) => metric.severity,
            Self::Check(_) => None,
        }
    }

    /// Whether the latest number is too old.
    pub(crate) const fn is_stale(self) -> bool {
        match self {
            Self::Metric(metric) => metric.stale,
            Self::Check(check) => check.stale,
        }
    }

    /// Threshold lines: severity, threshold in its own unit, whether above it is bad.
    pub(crate) fn thresholds(self) -> &'a [(Severity, f64, bool)] {
        match self {
            Self::Metric(metric) => &metric.thresholds,
            Self::Check(check) => &check.thresholds,
        }
    }

    /// Age of the latest number.
    pub(crate) fn age(self, now: Stamp) -> Option<Duration> {
        self.value().map(|(at, _)| now.since(at))
    }

    /// Since when there are values, on the monotonic clock, with what is stored of before this console began.
    pub(crate) fn first(self) -> Option<Duration> {
        match self {
            Self::Metric(metric) => metric.first(),
            Self::Check(check) => check.first(),
        }
    }

    /// From where on every minute is here, in milliseconds of the monotonic clock; `None`: all that there is.
    pub(crate) fn minutes_since(self) -> Option<i64> {
        match self {
            Self::Metric(metric) => metric.minutes_since(),
            Self::Check(check) => check.minutes_since(),
        }
    }

    /// Whether what is stored of it is not here yet.
    pub(crate) fn is_reading_past(self) -> bool {
        match self {
            Self::Metric(metric) => metric.is_reading_past(),
            Self::Check(check) => check.is_reading_past(),
        }
    }

    /// The last `buckets` buckets of `width` up to `now`, oldest first, with what is stored of before; `None` where there was
    /// no value.
    pub(crate) fn points(
        self,
        older: OlderSpans<'_>,
        buckets: usize,
        width: Duration,
        now: Stamp,
    ) -> Vec<Option<Point>> {
        match self {
            Self::Metric(metric) => metric.points_after(older, buckets, width, now),
            Self::Check(check) => check.latency_points(older, buckets, width, now),
        }
    }

    /// All latencies of a span up to `now`, with what is stored of before; `None` for a metric.
    pub(crate) fn latencies(self, older: OlderSpans<'_>, span: Duration, now: Stamp) -> Option<Merged> {
        match self {
            Self::Metric(_) => None,
            Self::Check(check) => Some(check.latencies_after(older, span, now)),
        }
    }

    /// What stands before a number that leaves something out; nothing before others.
    pub(crate) fn mark(self) -> String {
        self.caveat().map_or("", Caveat::mark).to_owned()
    }

    /// One line in words.
    pub(crate) fn summary(self, world: &World) -> String {
        match self {
            Self::Metric(metric) => metric.summary(),
            Self::Check(_) => {
                let title = self.title(world);
                match (self.error(world.now), self.value()) {
                    (Some(error), _) => format!("{title} {error}"),
                    (None, Some((at, value))) => {
                        format!("{title} {} at {}", unit::quantity(value, self.unit()), at.utc.to_rfc3339())
                    }
                    (None, None) => format!("{title} not measured yet"),
                }
            }
        }
    }
}
