//! How many records of each level there were, over time.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::record::Level;

/// Widths of the buckets that are kept, in seconds.
const SCALES: [i64; 3] = [1, 10, 60];

/// Counts by level, mildest first: index with `level as usize`.
pub(crate) type Counts = [u32; 7];

/// Counts of records by level and time, kept as records come and go and never counted again for a frame. Memory is
/// bounded by the records that are counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct LevelHistogram {
    scales: [Scale; 3],
}

/// Buckets of one width that count anything, in the order of time. Records come at the end and go at the beginning,
/// where both ends of a deque are at hand without a search.
#[derive(Debug, Clone, Default)]
struct Scale(VecDeque<(i64, Counts)>);

impl Scale {
    fn counts(&mut self, bucket: i64) -> &mut Counts {
        let index = match self.find(bucket) {
            Ok(index) => index,
            Err(index) => {
                self.0.insert(index, (bucket, Counts::default()));
                index
            }
        };
        &mut self.0[index].1
    }

    fn find(&self, bucket: i64) -> Result<usize, usize> {
        match (self.0.front(), self.0.back()) {
            (_, Some((last, _))) if *last == bucket => Ok(self.0.len() - 1),
            (_, Some((last, _))) if *last < bucket => Err(self.0.len()),
            (Some((first, _)), _) if *first == bucket => Ok(0),
            _ => self.0.binary_search_by_key(&bucket, |(held, _)| *held),
        }
    }

    fn remove(&mut self, bucket: i64, level: Level) {
        let Ok(index) = self.find(bucket) else { return };
        let counts = &mut self.0[index].1;
        counts[level as usize] = counts[level as usize].saturating_sub(1);
        if counts.iter().all(|count| *count == 0) {
            self.0.remove(index);
        }
    }

    /// The buckets in `[from, to)`.
    fn range(&self, from: i64, to: i64) -> impl Iterator<Item = &(i64, Counts)> {
        let first = self.0.partition_point(|(bucket, _)| *bucket < from);
        self.0.range(first..).take_while(move |(bucket, _)| *bucket < to)
    }
}

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistogramBar {
    /// Where it begins.
    pub from: DateTime<Utc>,
    /// What it counts.
    pub counts: Counts,
}

impl LevelHistogram {
    /// Counts one record.
    pub(crate) fn add(&mut self, at: DateTime<Utc>, level: Level) {
        for (scale, width) in self.scales.iter_mut().zip(SCALES) {
            let count = &mut scale.counts(at.timestamp().div_euclid(width))[level as usize];
            *count = count.saturating_add(1);
        }
    }

    /// Takes one record out again.
    pub(crate) fn remove(&mut self, at: DateTime<Utc>, level: Level) {
        for (scale, width) in self.scales.iter_mut().zip(SCALES) {
            scale.remove(at.timestamp().div_euclid(width), level);
        }
    }

    /// From the first to the last second that has a record.
    pub(crate) fn span(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let seconds = &self.scales[0];
        let first = DateTime::from_timestamp(seconds.0.front()?.0, 0)?;
        let last = DateTime::from_timestamp(seconds.0.back()?.0, 0)?;
        Some((first, last))
    }

    /// The span `[from, to)` as at most `columns` bars of one width, which is returned in seconds: a round one (1, 2,
    /// 5, 10, 15, 30 seconds, minutes, …), with bars that begin at its multiples, so that they do not flicker as
    /// time goes on. Of the first bar only what is not before `from` is counted, so that all together are those of the span.
    /// Bars without records are there too.
    pub(crate) fn bars(&self, from: DateTime<Utc>, to: DateTime<Utc>, columns: usize) -> (i64, Vec<HistogramBar>) {
        let (from, to) = (from.timestamp(), to.timestamp().max(from.timestamp() + 1));
        let columns = i64::try_from(columns.max(1)).unwrap_or(i64::MAX);
        let width = round_width(to - from, columns);
        let (first, last) = (from.div_euclid(width), (to - 1).div_euclid(width));
        let mut bars: Vec<HistogramBar> = (first..=last)
            .filter_map(|bar| {
                Some(HistogramBar { from: DateTime::from_timestamp(bar * width, 0)?, counts: Counts::default() })
            })
            .collect();
        let begin = from.max(first * width);
        let divides = |unit: i64| width % unit == 0 && begin % unit == 0;
        let scale = (0..SCALES.len()).rev().find(|at| divides(SCALES[*at])).unwrap_or(0);
        let unit = SCALES[scale];
        for (bucket, counts) in self.scales[scale].range(begin / unit, (last + 1) * width / unit) {
            let place = usize::try_from((bucket * unit).div_euclid(width) - first).unwrap_or_default();
            if let Some(bar) = bars.get_mut(place) {
                for (sum, count) in bar.counts.iter_mut().zip(counts) {
                    *sum = sum.saturating_add(*count);
                }
            }
        }
        (width, bars)
    }
}

/// The first moment of a span that ends now: to a sixtieth of it, and to the minute from an hour on. Whatever is counted
/// over an hour is counted from here, or two screens would give two counts.
pub(crate) fn span_begin(now: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    let unit = (span.num_seconds() / 60).clamp(1, 60);
    let end = (now.timestamp().div_euclid(unit) + 1) * unit;
    DateTime::from_timestamp(end - span.num_seconds(), 0).unwrap_or(now)
}

/// The smallest round width with which `span` seconds take at most `columns` bars, wherever they begin.
pub(crate) fn round_width(span: i64, columns: i64) -> i64 {
    const ROUND: [i64; 17] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200];
    let fits = |width: i64| span.div_euclid(width) + 2 <= columns.max(3);
    let day = 86_400;
    ROUND.into_iter().find(|width| fits(*width)).unwrap_or_else(|| {
        // With one bar to spare at each end, whole days fit.
        let room = (columns - 2).max(1);
        (span / day / room + 1) * day
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn bars_are_round_and_complete() {
        let mut histogram = LevelHistogram::default();
        histogram.add(at(1000), Level::Error);
        histogram.add(at(1001), Level::Info);
        histogram.add(at(1060), Level::Info);
        let (width, bars) = histogram.bars(at(1000), at(1061), 10);
        assert_eq!(width, 10);
        assert_eq!(bars.len(), 7);
        assert_eq!(bars[0].counts[Level::Error as usize], 1);
        assert_eq!(bars[0].counts[Level::Info as usize], 1);
        assert_eq!(bars[6].counts[Level::Info as usize], 1);
        assert_eq!(histogram.span(), Some((at(1000), at(1060))));
    }

    #[test]
    fn bars_count_what_is_in_the_span_and_nothing_before() {
        let mut histogram = LevelHistogram::default();
        for second in [119, 120, 3_719] {
            histogram.add(at(second), Level::Error);
        }
        let from = span_begin(at(3_719), TimeDelta::hours(1));
        assert_eq!(from, at(120), "sixty minutes, with the one that is under way");
        // Minutes, and bars of two of which the first begins before the span.
        for columns in [80, 40] {
            let (_, bars) = histogram.bars(from, at(3_720), columns);
            let sum: u32 = bars.iter().flat_map(|bar| bar.counts).sum();
            assert_eq!(sum, 2, "{columns} columns");
        }
        assert_eq!(span_begin(at(3_719), TimeDelta::minutes(5)), at(3_420));
    }

    #[test]
    fn what_is_removed_leaves_nothing() {
        let mut histogram = LevelHistogram::default();
        histogram.add(at(-5), Level::Warn);
        histogram.remove(at(-5), Level::Warn);
        histogram.remove(at(7), Level::Warn);
        assert_eq!(histogram.span(), None);
    }

    proptest! {
        #[test]
        fn every_record_is_in_one_bar(times in prop::collection::vec(0_i64..1_000_000, 1..50), columns in 3_usize..200) {
            let mut histogram = LevelHistogram::default();
            for time in &times {
                histogram.add(at(*time), Level::Info);
            }
            let (first, last) = histogram.span().unwrap();
            let (_, bars) = histogram.bars(first, last + chrono::Duration::seconds(1), columns);
            prop_assert!(bars.len() <= columns, "{} bars", bars.len());
            let sum: u32 = bars.iter().flat_map(|bar| bar.counts).sum();
            prop_assert_eq!(sum as usize, times.len());
        }
    }
}
