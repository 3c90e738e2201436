//! Metrics that count records: how many matched within a sliding window.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::config::Config;
use crate::config::sections::metric::MetricKind;
use crate::model::filter::Filter;
use crate::model::message::Observation;
use crate::model::name::Name;
use crate::model::reading::Sample;
use crate::model::record::{Record, RecordKind};
use crate::model::text::SafeText;
use crate::model::time::Stamp;

/// Buckets of one window at most; a window of 24 hours is counted by the minute.
const MAX_BUCKETS: u64 = 1440;
/// A changed count is said at most this often.
const LEAST: Duration = Duration::from_secs(2);

/// One counting metric.
#[derive(Debug)]
pub struct Counter {
    metric: Name,
    filter: Filter,
    per_second: bool,
    /// Seconds of one bucket.
    bucket: i64,
    /// Buckets of the window.
    buckets: i64,
    every: Duration,
    counts: VecDeque<(i64, u32)>,
    total: u64,
    said: Option<(Duration, Result<f64, SafeText>)>,
}

impl Counter {
    /// The counters of the log `log`, from the configuration.
    pub fn of(config: &Config, log: &str) -> Vec<Self> {
        config
            .metrics
            .iter()
            .filter_map(|metric| match &metric.kind {
                MetricKind::LogCount { log: of, filter, window } if &**of == log => {
                    let filter = Filter::parse(filter).ok()?;
                    Some(Self::new(metric.name.clone(), filter, *window, metric.every, metric.per_second))
                }
                _ => None,
            })
            .collect()
    }

    /// A counter of what passes `filter` within `window`, said at least each `every`; `per_second` divides it by
    /// the window.
    pub fn new(metric: Name, filter: Filter, window: Duration, every: Duration, per_second: bool) -> Self {
        let seconds = window.as_secs().max(1);
        let bucket = seconds.div_ceil(MAX_BUCKETS);
        Self {
            metric,
            filter,
            per_second,
            bucket: bucket.cast_signed(),
            buckets: seconds.div_ceil(bucket).cast_signed(),
            every,
            counts: VecDeque::new(),
            total: 0,
            said: None,
        }
    }

    /// Whether both count the same for the same metric.
    pub fn counts_as(&self, other: &Self) -> bool {
        self.metric == other.metric
            && self.filter == other.filter
            && self.window() == other.window()
            && self.per_second == other.per_second
    }

    /// How far back the window reaches.
    pub fn window(&self) -> Duration {
        Duration::from_secs((self.bucket * self.buckets).unsigned_abs())
    }

    /// Counts the record where it matches, and says whether it did.
    pub fn count(&mut self, record: &Record) -> bool {
        if record.kind == RecordKind::Marker || !self.filter.matches(record) {
            return false;
        }
        // A clock that runs ahead must not keep a record in the window for ever.
        let at = record.at().min(record.read_at.utc).timestamp().div_euclid(self.bucket);
        let place = self.counts.partition_point(|(bucket, _)| *bucket < at);
        match self.counts.get_mut(place) {
            Some((bucket, count)) if *bucket == at => *count = count.saturating_add(1),
            _ => self.counts.insert(place, (at, 1)),
        }
        self.total += 1;
        if self.counts.len() > usize::try_from(self.buckets).unwrap_or(usize::MAX).saturating_mul(2) {
            self.forget(record.read_at.utc);
        }
        true
    }

    /// How many matched within the window that ends at `now`.
    pub fn value(&mut self, now: DateTime<Utc>) -> f64 {
        self.forget(now);
        if self.per_second { self.total as f64 / self.window().as_secs_f64() } else { self.total as f64 }
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        let first = now.timestamp().div_euclid(self.bucket) - self.buckets + 1;
        while let Some((_, count)) = self.counts.pop_front_if(|(bucket, _)| *bucket < first) {
            self.total -= u64::from(count);
        }
    }

    /// The sample that is due, if one is: when the count has changed, and each `every`. `broken` says why nothing
    /// can be counted.
    pub fn due(&mut self, now: Stamp, broken: Option<&SafeText>) -> Option<Observation> {
        let elapsed = self.said.as_ref().map(|(at, _)| now.mono.saturating_sub(*at));
        if elapsed.is_some_and(|elapsed| elapsed < LEAST) {
            return None;
        }
        let value = broken.map_or_else(|| Ok(self.value(now.utc)), |why| Err(why.clone()));
        let unchanged = self.said.as_ref().is_some_and(|(_, said)| *said == value);
        if unchanged && elapsed.is_some_and(|elapsed| elapsed < self.every) {
            return None;
        }
        self.said = Some((now.mono, value.clone()));
        Some(Observation::Sample(Sample { metric: self.metric.clone(), at: now, value }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::{Level, RecordData};

    fn stamp(seconds: i64) -> Stamp {
        Stamp {
            mono: Duration::from_secs(seconds.unsigned_abs()),
            utc: DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap(),
        }
    }

    fn record(read: i64, said: i64, text: &str) -> Record {
        Record::new(RecordData {
            time: Some(stamp(said).utc),
            level: Level::Error,
            ..RecordData::unknown("a".into(), 1, stamp(read), SafeText::new(text))
        })
    }

    fn counter(window: u64) -> Counter {
        Counter::new(
            "m".into(),
            Filter::parse("boom").unwrap(),
            Duration::from_secs(window),
            Duration::from_secs(15),
            false,
        )
    }

    #[test]
    fn the_window_slides() {
        let mut counter = counter(60);
        for second in [0, 10, 10, 50] {
            assert!(counter.count(&record(60, second, "boom")));
        }
        assert!(!counter.count(&record(60, 55, "fine")));
        let at = |seconds| stamp(seconds).utc;
        assert_eq!(counter.value(at(59)) as u64, 4);
        assert_eq!(counter.value(at(60)) as u64, 3);
        assert_eq!(counter.value(at(69)) as u64, 3);
        assert_eq!(counter.value(at(70)) as u64, 1);
        assert_eq!(counter.value(at(500)) as u64, 0);
    }

    #[test]
    fn what_comes_late_is_counted_where_it_belongs_and_the_future_is_now() {
        let mut counter = counter(60);
        counter.count(&record(60, 50, "boom"));
        counter.count(&record(60, 5, "boom"));
        counter.count(&record(60, 100_000, "boom"));
        assert_eq!(counter.value(stamp(66).utc) as u64, 2);
        assert_eq!(counter.value(stamp(120).utc) as u64, 0);
    }

    #[test]
    fn memory_is_bounded() {
        let mut counter = counter(86_400 * 30);
        for second in 0..20_000 {
            counter.count(&record(second * 1000, second * 1000, "boom"));
        }
        assert!(counter.counts.len() <= 2 * 1440 + 1, "{}", counter.counts.len());
    }

    #[test]
    fn samples_come_when_the_count_changes_and_now_and_then() {
        let mut counter = counter(600);
        assert!(counter.due(stamp(0), None).is_some());
        assert!(counter.due(stamp(5), None).is_none());
        counter.count(&record(6, 6, "boom"));
        assert!(counter.due(stamp(6), None).is_some());
        assert!(counter.due(stamp(7), None).is_none());
        assert!(counter.due(stamp(21), None).is_some());
        let why = SafeText::new("no permission");
        let Some(Observation::Sample(sample)) = counter.due(stamp(30), Some(&why)) else { panic!("a sample is due") };
        assert_eq!(sample.value.unwrap_err(), why);
    }
}
