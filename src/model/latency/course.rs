//! The course of latencies in a chart: the median and the 95th percentile of each column, from what is stored and what is
//! here. Where several spans lie in a column their counts are added: percentiles are never averaged.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::{DIGITS, Latencies, MAX_MS, MINUTES, Merged, bounded, lowest_equivalent, minute_of};
use crate::lang::time::Stamp;
use crate::model::series::{Columns, OlderSpans, Point};

const MINUTE_MS: i64 = 60_000;

impl Latencies {
    /// From where on what is stored is taken in at that moment, in milliseconds of the monotonic clock.
    pub(crate) fn kept_from(now: Stamp) -> i64 {
        i64::from((minute_of(now.mono) + 1).saturating_sub(MINUTES)) * MINUTE_MS
    }

    /// From where on every minute that was measured is here, in milliseconds of the monotonic clock; `None`: nothing is.
    pub(crate) fn minutes_since(&self) -> Option<i64> {
        let newest = self.minutes.back()?.minute;
        Some(i64::from((newest + 1).saturating_sub(MINUTES)) * MINUTE_MS)
    }

    /// The first minute that is here, in milliseconds of the monotonic clock.
    pub(crate) fn first(&self) -> Option<i64> {
        self.minutes.front().map(|first| i64::from(first.minute) * MINUTE_MS)
    }

    /// `buckets` buckets of `width` on whole multiples of `width`, oldest first; the last is the one in which `now` lies.
    /// The median stands as average and least value of each, the 95th percentile as its greatest, in milliseconds. `None`
    /// where nothing was measured; a poll speaks for itself for `hold`. Up to its end `older` stands for what is here.
    pub(crate) fn points(
        &self,
        older: OlderSpans<'_>,
        hold: Duration,
        (buckets, width): (usize, Duration),
        now: Stamp,
    ) -> Vec<Option<Point>> {
        let (now, hold) = (now.mono.as_millis() as i64, hold.as_millis() as i64);
        let width = (width.as_millis() as i64).max(1);
        let mut course = Course::new(Columns::new(buckets, width, now), width > hold);
        let (start, end) = course.columns.bounds();
        // What lies before the range may hold into it.
        self.pieces(older, (start - hold, end), width < MINUTE_MS, |from, to, counts| course.add(from, to, counts));
        course.finish().fill(hold, now)
    }

    /// All latencies from a moment to another, of what is stored and what is here.
    pub(crate) fn merged_between(&self, older: OlderSpans<'_>, (from, to): (Stamp, Stamp)) -> Merged {
        let mut merged = Merged::default();
        let span = (from.mono.as_millis() as i64, to.mono.as_millis() as i64 + 1);
        self.pieces(older, span, false, |_, _, counts| merged.count(counts));
        merged
    }

    /// Calls `each` with the first and last moment and the counts of every piece that overlaps a span, oldest first.
    /// `fine`: single polls, as far as they are kept.
    fn pieces(
        &self,
        older: OlderSpans<'_>,
        (from, to): (i64, i64),
        fine: bool,
        mut each: impl FnMut(i64, i64, &mut dyn Iterator<Item = (u16, u32)>),
    ) {
        for (at, ends, span) in older.placed().filter(|(at, ends, _)| *ends > from && *at < to) {
            let count =
                |(ms, count): &(f64, u64)| (lowest_equivalent(bounded(*ms)), u32::try_from(*count).unwrap_or(u32::MAX));
            each(at, ends - 1, &mut span.counts.iter().map(count));
        }
        let from = from.max(older.until);
        let polls_from = if fine { self.polls_since() } else { i64::MAX };
        let mut behind = 0;
        for minute in &self.minutes {
            let begin = behind;
            behind += minute.values as usize;
            let at = i64::from(minute.minute) * MINUTE_MS;
            if at >= polls_from || at >= to {
                break;
            }
            if at + MINUTE_MS > from && at >= older.until {
                let counts = self.counts.range(begin..behind).map(|(ms, count)| (*ms, u32::from(*count)));
                each(at, at + MINUTE_MS - 1, &mut { counts });
            }
        }
        let polls = self.recent.iter().filter(|_| fine);
        for (step, ms) in polls {
            let at = self.moment_of(*step).cast_signed();
            if at >= from.max(polls_from) && at < to {
                each(at, at, &mut std::iter::once((lowest_equivalent(*ms), 1)));
            }
        }
    }

    /// The first minute of which every poll is kept by itself, in milliseconds of the monotonic clock.
    fn polls_since(&self) -> i64 {
        let Some((step, _)) = self.recent.front() else { return i64::MAX };
        let begun = self.moment_of(*step).cast_signed() / MINUTE_MS * MINUTE_MS;
        // Of the first minute of all none was let go.
        if self.first().is_none_or(|first| first >= begun) { begun } else { begun + MINUTE_MS }
    }
}

impl Merged {
    /// Adds counts of values in milliseconds.
    fn count(&mut self, counts: &mut dyn Iterator<Item = (u16, u32)>) {
        for (value, count) in counts {
            if self.0.is_none() {
                self.0 = Histogram::new_with_bounds(1, MAX_MS, DIGITS).ok().map(Box::new);
            }
            let Some(histogram) = &mut self.0 else { return };
            histogram.saturating_record_n(u64::from(value), count);
        }
    }

    /// Median and 95th percentile; `None` where nothing was measured.
    fn point(&self) -> Option<Point> {
        let (median, most) = (self.percentile(0.5)? as f64, self.percentile(0.95)? as f64);
        let count = u32::try_from(self.0.as_ref()?.len()).unwrap_or(u32::MAX);
        Some(Point { min: median, mean: median, max: most, last: median, count })
    }

    fn clear(&mut self) {
        if let Some(histogram) = &mut self.0 {
            histogram.reset();
        }
    }
}

/// Columns while they are filled, piece by piece in their order.
struct Course {
    columns: Columns,
    /// No column without a poll of its own is filled from the one before.
    ended: bool,
    /// The column that is open, and from when to when was measured in it.
    open: Option<(Option<usize>, i64, i64)>,
    merged: Merged,
}

impl Course {
    fn new(columns: Columns, ended: bool) -> Self {
        Self { columns, ended, open: None, merged: Merged::default() }
    }

    fn add(&mut self, from: i64, to: i64, counts: &mut dyn Iterator<Item = (u16, u32)>) {
        let place = self.columns.place(from);
        match &mut self.open {
            // What lies before the first column is not one column.
            Some((open, _, until)) if *open == place && place.is_some() => *until = to,
            _ => {
                self.close();
                self.open = Some((place, from, to));
            }
        }
        self.merged.count(counts);
    }

    fn close(&mut self) {
        if let Some((_, from, to)) = self.open.take() {
            self.columns.add(from, to, self.merged.point(), self.ended);
            self.merged.clear();
        }
    }

    fn finish(mut self) -> Columns {
        self.close();
        self.columns
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::model::rollup::ChartSpan;

    fn at(seconds: u64) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_secs(seconds))
    }

    fn secs(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// A poll every fifteen seconds: nineteen of twenty take 20 ms, one takes 400 ms.
    fn measured(from: u64, polls: u64) -> Latencies {
        let mut latencies = Latencies::default();
        for poll in 0..polls {
            let ms = if poll % 20 == 7 { 400 } else { 20 };
            latencies.record(at(from + poll * 15), Duration::from_millis(ms));
        }
        latencies
    }

    fn figures(points: &[Option<Point>]) -> Vec<Option<(u64, u64)>> {
        points.iter().map(|point| point.map(|point| (point.mean as u64, point.max as u64))).collect()
    }

    #[test]
    fn a_column_has_the_percentiles_of_all_that_lies_in_it() {
        let latencies = measured(0, 80);
        // Ten minutes: two of forty polls, so that 95 of 100 took 20 ms.
        let points = latencies.points(OlderSpans::NONE, secs(35), (2, secs(600)), at(1_199));
        assert_eq!(figures(&points), [Some((20, 20)), Some((20, 20))]);
        let (a_minute, slow) = (figures(&latencies.points(OlderSpans::NONE, secs(35), (20, secs(60)), at(1_199))), 401);
        assert_eq!(a_minute.iter().filter(|point| **point == Some((20, slow))).count(), 4, "{a_minute:?}");
        assert_eq!(a_minute[1], Some((20, slow)), "the eighth poll");
    }

    #[test]
    fn columns_finer_than_a_minute_show_single_polls_and_have_no_holes() {
        let latencies = measured(0, 80);
        let points = figures(&latencies.points(OlderSpans::NONE, secs(35), (30, secs(10)), at(1_199)));
        assert!(points.iter().all(Option::is_some), "{points:?}");
        // The column after it has no poll of its own.
        assert_eq!(points.iter().flatten().filter(|(median, _)| *median > 400).count(), 2, "{points:?}");
        // Past what is kept poll by poll, a minute stands for all of its columns.
        let long = measured(0, 600);
        let points = figures(&long.points(OlderSpans::NONE, secs(35), (300, secs(30)), at(8_999)));
        assert!(points.iter().all(Option::is_some), "{points:?}");
    }

    #[test]
    fn a_gap_stays_a_gap() {
        let mut latencies = measured(0, 40);
        for poll in 0..40 {
            latencies.record(at(1_200 + poll * 15), Duration::from_millis(20));
        }
        let points = figures(&latencies.points(OlderSpans::NONE, secs(35), (30, secs(60)), at(1_799)));
        let known: Vec<bool> = points.iter().map(Option::is_some).collect();
        assert_eq!(known, [[true; 10], [false; 10], [true; 10]].concat());
    }

    #[test]
    fn store_and_memory_meet_without_a_seam() {
        let whole = measured(0, 4 * 60 * 6);
        // The first three hours are stored, by the minute, and memory has them too.
        let counts = |minute: u32| {
            let of_minute = whole.minutes.iter().take_while(|other| other.minute < minute);
            let begin: usize = of_minute.map(|other| other.values as usize).sum();
            let values = whole.minutes.iter().find(|other| other.minute == minute).map_or(0, |other| other.values);
            let range = whole.counts.range(begin..begin + values as usize);
            range.map(|(ms, count)| (f64::from(*ms), u64::from(*count))).collect::<Vec<_>>()
        };
        let point = Point { min: 1.0, mean: 1.0, max: 1.0, last: 1.0, count: 4 };
        let span = |minute| ChartSpan { start: minute + 1_000, minutes: 1, point, counts: counts(minute) };
        let spans: Vec<ChartSpan> = (0..180).map(span).collect();
        let older = OlderSpans { spans: &spans, offset: -1_000, until: 180 * MINUTE_MS };
        for (buckets, width) in [(24, 900), (100, 216), (360, 60), (6, 3_600)] {
            let of = |older, latencies: &Latencies| {
                figures(&latencies.points(older, secs(35), (buckets, secs(width)), at(6 * 3_600 - 1)))
            };
            let alone = of(OlderSpans::NONE, &whole);
            assert_eq!(of(older, &whole), alone, "{width}: nothing counts twice");
            let mut rest = Latencies::default();
            (4 * 180..4 * 360).for_each(|poll: u64| {
                rest.record(at(poll * 15), Duration::from_millis(if poll % 20 == 7 { 400 } else { 20 }));
            });
            assert_eq!(of(older, &rest), alone, "{width}: nothing is missing");
        }
        let merged = whole.merged_between(older, (at(0), at(6 * 3_600 - 1)));
        assert_eq!((merged.len(), merged.percentile(0.95), merged.percentile(1.0)), (1_440, Some(20), Some(401)));
    }
}
