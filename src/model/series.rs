//! The values of one metric over time: the last ones as they came, older ones in buckets that grow coarser.

mod columns;
mod tier;

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::rollup::{Bucket, ChartSpan};
use crate::lang::time::Stamp;
use tier::{Stored, Tier};

pub(super) use columns::Columns;

/// Samples that are kept as they came.
const RAW: usize = 512;
/// Step and number of the buckets: two hours by ten seconds, two days by the minute, thirty days by ten minutes.
/// Some 250 KB for a metric at the most.
const TIERS: [(i64, usize); 3] = [(10, 720), (60, 2_880), (600, 4_320)];

/// What is known of one bucket of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Lowest value.
    pub min: f64,
    /// Mean of the values.
    pub mean: f64,
    /// Highest value.
    pub max: f64,
    /// Newest value.
    pub last: f64,
    /// How many values; 0 where one is only carried on.
    pub count: u32,
}

/// One metric's values. Gaps stay gaps: a value holds until the next one, and no longer than `hold`.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    hold: Duration,
    /// `None`: from here on there is no value.
    raw: VecDeque<(Stamp, Option<f64>)>,
    /// All values since that moment, in milliseconds, are in `raw`; `None`: all there ever were.
    raw_since: Option<i64>,
    tiers: [Tier; 3],
}

impl Series {
    /// An empty series. `hold` is how long a value speaks for itself: past it, it is stale.
    pub(crate) fn new(hold: Duration) -> Self {
        let tiers = TIERS.map(|(step, buckets)| Tier::new(step * 1_000, buckets));
        Self { hold, raw: VecDeque::new(), raw_since: None, tiers }
    }

    /// Takes a value. What is not finite, or older than the newest value, is left out.
    pub(crate) fn push(&mut self, at: Stamp, value: f64) {
        if value.is_finite() && self.raw.back().is_none_or(|(last, _)| last.mono <= at.mono) {
            self.keep(at, Some(value));
            for tier in &mut self.tiers {
                tier.push(millis(at), value);
            }
        }
    }

    /// From `at` on there is no value: it is absent, or nothing is known. The last value ends here.
    pub(crate) fn gap(&mut self, at: Stamp) {
        if self.raw.back().is_some_and(|(last, value)| value.is_some() && last.mono <= at.mono) {
            self.keep(at, None);
            for tier in &mut self.tiers {
                tier.end();
            }
        }
    }

    /// A new hold after a reload; the values stay.
    pub(crate) fn set_hold(&mut self, hold: Duration) {
        self.hold = hold;
    }

    /// Puts what is stored before what was measured here: `spans` in their order, each with the moment of the monotonic
    /// clock at which it begins and how long it lasts, in milliseconds; all of them end by `until`, before the first value
    /// here. `since`: everything from there on is among them.
    pub(crate) fn restore<'a>(
        &mut self,
        spans: &(impl DoubleEndedIterator<Item = (i64, i64, &'a Bucket)> + Clone),
        since: i64,
        until: i64,
    ) {
        self.raw_since = self.raw_since.or(Some(until));
        for (tier, (_, most)) in self.tiers.iter_mut().zip(TIERS) {
            let step = tier.step();
            let oldest = since.max(until - step * i64::try_from(most).unwrap_or(0));
            let parts = spans.clone().rev().take_while(|(start, length, _)| start + length > oldest);
            tier.restore(parts.flat_map(|(start, length, bucket)| stored(start, length, bucket, step)), oldest);
        }
    }

    /// Since when anything is known, in milliseconds of the monotonic clock, as exactly as it is still kept.
    pub(crate) fn first(&self) -> Option<i64> {
        let mut first: Option<(i64, i64)> = None;
        // What is kept finer says more exactly when that was, as long as it reaches back so far.
        for tier in self.tiers.iter().rev() {
            let start = tier.buckets().next().map(|bucket| tier.start_of(bucket));
            if let Some(start) = start.filter(|start| first.is_none_or(|(at, step)| *start < at + step)) {
                first = Some((start, tier.step()));
            }
        }
        let raw = self.raw.iter().find_map(|(at, value)| value.map(|_| millis(*at)));
        raw.filter(|raw| self.raw_since.is_none() && first.is_none_or(|(at, step)| *raw < at + step))
            .or(first.map(|(at, _)| at))
    }

    /// The last `count` values as they came, oldest first; at most some hundred are kept.
    pub(crate) fn latest(&self, count: usize) -> Vec<(Stamp, f64)> {
        let mut latest: Vec<_> =
            self.raw.iter().rev().filter_map(|(at, value)| value.map(|value| (*at, value))).take(count).collect();
        latest.reverse();
        latest
    }

    /// Since when every minute is here, in milliseconds of the monotonic clock; `None`: all there ever were.
    pub(crate) const fn minutes_since(&self) -> Option<i64> {
        let [_, minutes, _] = &self.tiers;
        minutes.since()
    }

    /// `buckets` buckets of `width` on whole multiples of `width`, oldest first; the last is the one in which
    /// `now` lies. `None` where there was no value; a value is carried on for as long as it holds. Up to its end `older`
    /// stands for what is here, and from there on alone what is here: nothing counts twice, and nothing is missing between.
    pub(crate) fn points(
        &self,
        older: OlderSpans<'_>,
        buckets: usize,
        width: Duration,
        now: Stamp,
    ) -> Vec<Option<Point>> {
        let width = (width.as_millis() as i64).max(1);
        let mut columns = Columns::new(buckets, width, millis(now));
        let (start, end) = columns.bounds();
        // What lies before the range may hold into it.
        let hold = self.hold.as_millis() as i64;
        let from = start - hold;
        for (at, ends, span) in older.placed().filter(|(at, ends, _)| *ends > from && *at < end) {
            // Held, the last one before a gap would fill a whole column of it.
            columns.add(at, ends - 1, Some(span.point), width > hold);
        }
        let (start, from) = (start.max(older.until), from.max(older.until));
        let raw_covers = self.raw_since.is_none_or(|since| since <= start);
        if raw_covers {
            for (at, value) in &self.raw {
                let at = millis(*at);
                if at >= from && at < end {
                    let point = value.map(|value| Point { min: value, mean: value, max: value, last: value, count: 1 });
                    columns.add(at, at, point, value.is_none());
                }
            }
        } else {
            let tier = self.tiers.iter().find(|tier| tier.covers(start)).unwrap_or(&self.tiers[2]);
            for bucket in tier.buckets() {
                let at = tier.start_of(bucket);
                if at >= from && at < end {
                    columns.add(at, at + tier.step() - 1, Some(bucket.point()), bucket.has_ended());
                }
            }
        }
        columns.fill(hold, millis(now))
    }

    fn keep(&mut self, at: Stamp, value: Option<f64>) {
        if self.raw.len() == RAW {
            self.raw.pop_front();
            self.raw_since = self.raw.front().map(|(at, _)| millis(*at));
        }
        self.raw.push_back((at, value));
    }
}

/// What is stored of a time before the values of a series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OlderSpans<'a> {
    /// Oldest first.
    pub spans: &'a [ChartSpan],
    /// Minutes from the wall clock to the monotonic one.
    pub offset: i64,
    /// Where they end, in milliseconds of the monotonic clock: everything before is among them.
    pub until: i64,
}

impl<'a> OlderSpans<'a> {
    /// Nothing is stored, or it is not here.
    pub(crate) const NONE: Self = Self { spans: &[], offset: 0, until: i64::MIN };

    /// Where each begins and ends on the monotonic clock, in milliseconds.
    pub(super) fn placed(self) -> impl Iterator<Item = (i64, i64, &'a ChartSpan)> {
        const MINUTE_MS: i64 = 60_000;
        let placed = move |span: &'a ChartSpan| {
            let at = (i64::from(span.start) + self.offset) * MINUTE_MS;
            (at, (at + i64::from(span.minutes) * MINUTE_MS).min(self.until), span)
        };
        self.spans.iter().map(placed).filter(move |(at, ..)| *at < self.until)
    }
}

/// A stored span in pieces of `step`, newest first. Values that were kept have their own places; what was only counted
/// stands for the whole span.
fn stored(start: i64, length: i64, bucket: &Bucket, step: i64) -> Vec<(i64, Stored)> {
    let each = bucket.each().map(|(second, value)| {
        let point = Point { min: value, mean: value, max: value, last: value, count: 1 };
        (start + i64::from(second) * 1_000, Stored { point, sum: value })
    });
    let mut each: Vec<_> = each.collect();
    each.reverse();
    let Some((min, max)) = bucket.bounds().filter(|_| each.is_empty()) else { return each };
    let mean = bucket.sum() / bucket.count() as f64;
    let pieces = (length / step).max(1);
    let count = u32::try_from(bucket.count().div_euclid(pieces.cast_unsigned())).unwrap_or(u32::MAX).max(1);
    let piece = Stored { point: Point { min, mean, max, last: mean, count }, sum: mean * f64::from(count) };
    (0..pieces).rev().map(|place| (start + place * step, piece)).collect()
}

fn millis(at: Stamp) -> i64 {
    at.mono.as_millis() as i64
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_secs(seconds))
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn lasts(points: &[Option<Point>]) -> Vec<Option<f64>> {
        points.iter().map(|point| point.map(|point| point.last)).collect()
    }

    #[test]
    fn buckets_tell_what_was_in_them() {
        let mut series = Series::new(seconds(30));
        for (second, value) in [(0, 1.0), (5, 3.0), (9, 2.0), (10, 7.0)] {
            series.push(at(second), value);
        }
        let points = series.points(OlderSpans::NONE, 2, seconds(10), at(12));
        assert_eq!(
            points,
            [
                Some(Point { min: 1.0, mean: 2.0, max: 3.0, last: 2.0, count: 3 }),
                Some(Point { min: 7.0, mean: 7.0, max: 7.0, last: 7.0, count: 1 })
            ]
        );
        assert_eq!(series.latest(2), [(at(9), 2.0), (at(10), 7.0)]);
    }

    #[test]
    fn values_hold_and_gaps_stay_gaps() {
        let mut series = Series::new(seconds(20));
        series.push(at(0), 1.0);
        series.push(at(50), 2.0);
        series.gap(at(55));
        series.push(at(80), 3.0);
        let points = series.points(OlderSpans::NONE, 10, seconds(10), at(99));
        let want = [Some(1.0), Some(1.0), Some(1.0), None, None, Some(2.0), None, None, Some(3.0), Some(3.0)];
        assert_eq!(lasts(&points), want);
        assert_eq!(lasts(&series.points(OlderSpans::NONE, 2, seconds(1), at(101))), [Some(3.0), None]);
        // The future is not filled.
        assert_eq!(lasts(&series.points(OlderSpans::NONE, 1, seconds(10), at(81))), [Some(3.0)]);
    }

    #[test]
    fn finer_columns_than_samples_are_no_dots() {
        let mut series = Series::new(seconds(35));
        for sample in 0..20 {
            series.push(at(sample * 15), 5.0);
        }
        assert!(
            series.points(OlderSpans::NONE, 200, Duration::from_millis(1_400), at(285))[10..]
                .iter()
                .all(Option::is_some)
        );
    }

    #[test]
    fn a_month_is_kept_within_bounds_and_yesterday_can_be_seen() {
        let mut series = Series::new(seconds(120));
        for minute in 0..(31 * 24 * 60_u64) {
            series.push(at(minute * 60), (minute / 1_440) as f64);
        }
        let now = at(31 * 86_400 - 60);
        let month = series.points(OlderSpans::NONE, 30, Duration::from_hours(24), now);
        assert_eq!(lasts(&month), (1..31).map(|day| Some(f64::from(day))).collect::<Vec<_>>());
        let yesterday = series.points(OlderSpans::NONE, 24, Duration::from_hours(1), at(30 * 86_400 - 60));
        assert!(yesterday.iter().all(|point| point.is_some_and(|point| (point.mean - 29.0).abs() < 1e-9)));
        assert_eq!(series.raw.len(), RAW);
        assert!(series.tiers.iter().all(|tier| tier.buckets().count() <= 4_320));
        assert_eq!(
            Series::new(seconds(120)).points(OlderSpans::NONE, 3, Duration::from_hours(1), at(3_600)),
            [None; 3]
        );
    }

    #[test]
    fn what_is_kept_by_the_minute_fills_finer_columns() {
        let mut series = Series::new(seconds(30));
        for minute in 0..2_000 {
            series.push(at(minute * 60), (minute / 60) as f64);
        }
        let columns = series.points(OlderSpans::NONE, 20, seconds(15), at(3_600 * 5 - 1));
        assert!(columns.iter().all(|point| point.is_some_and(|point| (point.mean - 4.0).abs() < 1e-9)), "{columns:?}");
    }

    #[test]
    fn the_first_value_is_known_as_exactly_as_it_is_kept() {
        let mut series = Series::new(seconds(30));
        assert_eq!(series.first(), None);
        series.push(at(1_234), 1.0);
        assert_eq!(series.first(), Some(1_234_000));
        for sample in 1..=RAW as u64 {
            series.push(at(1_234 + sample), 1.0);
        }
        assert_eq!(series.first(), Some(1_230_000), "the ten seconds in which it came");
        let mut old = Series::new(seconds(30));
        (0..300).for_each(|minute| old.push(at(7_300 + minute * 60), 1.0));
        (0..9_000).for_each(|sample| old.push(at(30_000 + sample), 1.0));
        assert_eq!(old.first(), Some(7_260_000), "the minute: nothing finer reaches back so far");
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let mut series = Series::new(seconds(30));
        series.push(at(10), f64::NAN);
        series.push(at(10), f64::INFINITY);
        series.gap(at(11));
        assert_eq!(series.latest(1), []);
        series.push(at(20), 1.0);
        series.push(at(5), 9.0);
        assert_eq!(series.latest(9), [(at(20), 1.0)]);
    }

    /// Six hours of which the first three are stored, by the minute, and the others here.
    #[test]
    fn where_the_store_ends_and_memory_begins_nothing_counts_twice_and_nothing_is_missing() {
        let minute = |minute: u32| Point { min: 1.0, mean: 2.0, max: 3.0, last: 2.0, count: 4 + minute % 2 };
        let spans: Vec<_> = (0..200)
            .map(|at| ChartSpan { start: 1_000 + at, minutes: 1, point: minute(at), counts: Vec::new() })
            .collect();
        let mut series = Series::new(seconds(30));
        for sample in 0..6 * 240 {
            series.push(at(sample * 15), if sample < 720 { 9.0 } else { 5.0 });
        }
        let until = 180 * 60_000;
        let older = OlderSpans { spans: &spans, offset: -1_000, until };
        let points = series.points(older, 24, seconds(900), at(6 * 3_600 - 1));
        let (stored, own) = points.split_at(12);
        assert!(
            stored.iter().all(|point| point.is_some_and(|point| (point.min, point.max) == (1.0, 3.0))),
            "{points:?}"
        );
        let counted: u32 = stored.iter().flatten().map(|point| point.count).sum();
        assert_eq!(counted, (0..180).map(|at| minute(at).count).sum::<u32>());
        assert!(
            own.iter().all(|point| point.is_some_and(|point| (point.mean - 5.0).abs() < 1e-9 && point.count == 60)),
            "{points:?}"
        );
        // A gap in the store stays one, and an hour fills the finer columns that it covers.
        let hour = [ChartSpan { start: 1_060, minutes: 60, point: minute(0), counts: Vec::new() }];
        let points = series.points(OlderSpans { spans: &hour, ..older }, 24, seconds(900), at(6 * 3_600 - 1));
        let is_known: Vec<_> = points[..12].iter().map(Option::is_some).collect();
        assert_eq!(is_known, [[false; 4], [true; 4], [false; 4]].concat());
    }

    proptest! {
        #[test]
        fn every_column_lies_within_the_values(
            steps in proptest::collection::vec((0..90_u64, -50.0..50.0_f64), 1..900),
            width in 1..4_000_u64, buckets in 1..120_usize, ago in 0..5_000_u64,
        ) {
            let mut series = Series::new(seconds(60));
            let mut now = 0;
            for (step, value) in &steps {
                now += step;
                series.push(at(now), *value);
            }
            let points = series.points(OlderSpans::NONE, buckets, seconds(width), at(now.saturating_sub(ago)));
            prop_assert_eq!(points.len(), buckets);
            let lowest = steps.iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min) - 1e-4;
            let highest = steps.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max) + 1e-4;
            for point in points.into_iter().flatten() {
                prop_assert!(lowest <= point.min && point.min <= point.mean + 1e-4 && point.mean <= point.max + 1e-4 && point.max <= highest);
            }
        }
    }
}
