//! What a chart asks of the stored roll-ups of a series, and the answer: a bounded number of spans, however long the past is.

use serde::{Deserialize, Serialize};

use super::bucket::Bucket;
use super::series_key::SeriesKey;
use crate::lang::order::InOrder;
use crate::model::series::Point;

/// Spans of one answer, at most.
const MOST_SPANS: u32 = 1_000;
/// Lengths of a span, in minutes. Each divides an hour or is whole hours that divide a day, so that no stored bucket belongs
/// to two spans.
const STEPS: [u32; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1_440];

/// A window of one series. Minutes are counted from 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartQuery {
    /// Of what.
    pub series: SeriesKey,
    /// The first minute; the start of an hour.
    pub from: u32,
    /// The minute after the last; the start of an hour.
    pub until: u32,
    /// Minutes of one span.
    pub step: u32,
}

impl ChartQuery {
    /// The query for the window that holds `[from, until)`: whole hours, in as few minutes a span as the bound allows.
    pub fn new(series: SeriesKey, from: u32, until: u32) -> Self {
        const HOUR: u32 = 60;
        let (from, until) = (from - from % HOUR, until.div_ceil(HOUR) * HOUR);
        let [.., longest] = STEPS;
        let window = until.saturating_sub(from);
        let step = STEPS.into_iter().find(|step| window.div_ceil(*step) < MOST_SPANS).unwrap_or(longest);
        Self { series, from, until, step }
    }

    /// Whether the answer has everything of `[from, until)`.
    pub fn covers(&self, from: u32, until: u32) -> bool {
        self.from <= from && until <= self.until
    }

    /// Whether buckets of a minute say more than those of an hour.
    pub fn is_fine(&self) -> bool {
        self.step < 60
    }
}

/// What is known of a part of the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChartSpan {
    /// The minute with which it begins.
    pub start: u32,
    /// Minutes: the step of the query, or an hour where nothing finer is kept.
    pub minutes: u32,
    /// Its values: their average and their range. The newest of them is not kept, the average stands for it.
    pub point: Point,
    /// How often which latency was measured, in milliseconds: percentiles of several spans are those of all their values
    /// together. Empty for a metric.
    pub counts: Vec<(f64, u64)>,
}

/// The spans of a window while buckets are added to them.
#[derive(Debug, Default)]
pub struct ChartSpans(Vec<OpenSpan>);

#[derive(Debug)]
struct OpenSpan {
    start: u32,
    minutes: u32,
    count: u64,
    sum: f64,
    bounds: (f64, f64),
    /// All of them, where they are latencies.
    merged: Option<Bucket>,
}

impl ChartSpans {
    /// Adds a bucket of so many minutes that begins with `minute`. Within one kind of bucket they come in their order.
    pub fn add(&mut self, query: &ChartQuery, minute: u32, minutes: u32, bucket: &Bucket) {
        let Some((least, most)) = bucket.bounds() else { return };
        if !query.covers(minute, minute.saturating_add(minutes)) {
            return;
        }
        let minutes = query.step.max(minutes);
        let start = minute - minute % minutes;
        if let Some(open) = self.0.last_mut().filter(|open| open.start == start) {
            open.count = open.count.saturating_add(bucket.count());
            open.sum += bucket.sum();
            open.bounds = (open.bounds.0.min(least), open.bounds.1.max(most));
            if let Some(merged) = &mut open.merged {
                merged.merge(bucket);
            }
        } else {
            let (count, sum) = (bucket.count(), bucket.sum());
            let merged = matches!(query.series, SeriesKey::Check(_)).then(|| bucket.clone());
            self.0.push(OpenSpan { start, minutes, count, sum, bounds: (least, most), merged });
        }
    }

    /// All spans, oldest first. What nothing is known of has none.
    pub fn finish(mut self) -> Vec<ChartSpan> {
        self.0.order_by_key(|open| open.start);
        self.0.iter().map(OpenSpan::span).collect()
    }
}

impl OpenSpan {
    fn span(&self) -> ChartSpan {
        let (min, max) = self.bounds;
        let mean = (self.sum / self.count as f64).clamp(min, max);
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        let counts = self.merged.as_ref().map_or_else(Vec::new, Bucket::counts);
        ChartSpan {
            start: self.start,
            minutes: self.minutes,
            point: Point { min, mean, max, last: mean, count },
            counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(from: u32, until: u32) -> ChartQuery {
        ChartQuery::new(SeriesKey::Metric("queue".into()), from, until)
    }

    fn bucket(values: &[f64]) -> Bucket {
        let mut bucket = Bucket::default();
        for value in values {
            bucket.measure(5, *value);
        }
        bucket
    }

    #[test]
    fn an_answer_is_bounded_and_its_window_is_whole_hours() {
        const DAY: u32 = 1_440;
        let now = 29_000_017;
        for (days, step) in [(0, 1), (1, 2), (7, 15), (14, 30), (30, 60), (90, 180), (400, 720)] {
            let query = query(now - days * DAY - 60, now);
            assert_eq!(query.step, step, "{days} days");
            assert!(query.covers(now - days * DAY - 60, now));
            assert_eq!((query.from % 60, query.until % 60), (0, 0));
            assert!((query.until - query.from).div_ceil(query.step) < MOST_SPANS);
        }
    }

    #[test]
    fn spans_add_up_and_hours_stand_where_no_minutes_are_kept() {
        let query = ChartQuery { step: 15, ..query(600, 960) };
        let mut spans = ChartSpans::default();
        spans.add(&query, 720, 1, &bucket(&[1.0, 3.0]));
        spans.add(&query, 734, 1, &bucket(&[8.0]));
        spans.add(&query, 735, 1, &bucket(&[5.0]));
        spans.add(&query, 736, 1, &bucket(&[]));
        spans.add(&query, 660, 60, &bucket(&[2.0]));
        spans.add(&query, 540, 60, &bucket(&[99.0]));
        spans.add(&query, 960, 1, &bucket(&[99.0]));
        let spans = spans.finish();
        let shown: Vec<_> = spans.iter().map(|span| (span.start, span.minutes, span.point.count)).collect();
        assert_eq!(shown, [(660, 60, 1), (720, 15, 3), (735, 15, 1)]);
        let point = spans[1].point;
        assert_eq!((point.min, point.mean, point.max), (1.0, 4.0, 8.0));
        assert_eq!(spans[1].counts, []);
    }

    #[test]
    fn latencies_of_a_span_are_counted_and_not_averaged() {
        let query = ChartQuery { series: SeriesKey::Check("api".into()), step: 15, ..query(600, 660) };
        let mut spans = ChartSpans::default();
        spans.add(&query, 600, 1, &bucket(&[10.0, 20.0]));
        spans.add(&query, 601, 1, &bucket(&[900.0]));
        assert_eq!(spans.finish()[0].counts, [(10.0, 1), (20.0, 1), (900.0, 1)]);
    }
}
