//! How many records of each level there were over any span of time, in a bounded space.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::histogram::round_width;
use super::record::Level;

/// Buckets that are held at most. Ten of the next width are one, so 800 are left at least when they are joined, more
/// than a terminal has columns.
const MOST: usize = 8192;
const DAY: i64 = 86_400;

/// Counts by level, mildest first: index with `level as usize`.
pub(crate) type Sums = [u64; Level::WORDS.len()];

/// Counts of records by level and time, for a whole file of any length. Unlike the histogram of a view it forgets
/// nothing that was added, and its buckets become wider when there are too many.
#[derive(Debug, Clone)]
pub(crate) struct LevelTimeline {
    /// Seconds of one bucket.
    width: i64,
    buckets: BTreeMap<i64, Sums>,
    /// The bucket that was counted last: lines that follow each other are nearly always in one.
    latest: Option<(i64, Sums)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimelineBar {
    /// Where it begins.
    pub from: DateTime<Utc>,
    pub counts: Sums,
}

impl TimelineBar {
    /// All levels together.
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Default for LevelTimeline {
    fn default() -> Self {
        Self { width: 1, buckets: BTreeMap::new(), latest: None }
    }
}

impl LevelTimeline {
    /// Counts one record.
    pub(crate) fn add(&mut self, at: DateTime<Utc>, level: Level) {
        let bucket = at.timestamp().div_euclid(self.width);
        match &mut self.latest {
            Some((held, sums)) if *held == bucket => sums[level as usize] += 1,
            _ => {
                self.settle();
                let mut sums = Sums::default();
                sums[level as usize] = 1;
                // Settling may have made the buckets wider.
                self.latest = Some((at.timestamp().div_euclid(self.width), sums));
            }
        }
    }

    fn settle(&mut self) {
        if let Some((bucket, sums)) = self.latest.take() {
            self.put(bucket, &sums);
        }
    }

    fn put(&mut self, bucket: i64, sums: &Sums) {
        for (sum, count) in self.buckets.entry(bucket).or_default().iter_mut().zip(sums) {
            *sum += count;
        }
        while self.buckets.len() > MOST {
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.settle();
        let wider = wider(self.width);
        let factor = wider / self.width;
        self.width = wider;
        for (bucket, sums) in std::mem::take(&mut self.buckets) {
            self.put(bucket.div_euclid(factor), &sums);
        }
    }

    /// Takes over what another has counted, as a thread that read another part of a file.
    pub(crate) fn merge(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        while self.width < other.width {
            self.widen();
        }
        for (bucket, sums) in other.buckets {
            self.put((bucket * other.width).div_euclid(self.width), &sums);
        }
    }

    /// Everything as at most `rows` bars of one width, which is returned in seconds: a round one, with bars that begin
    /// at its multiples. Bars without records are there too.
    pub(crate) fn bars(&self, rows: usize) -> (i64, Vec<TimelineBar>) {
        let mut whole = self.clone();
        whole.settle();
        let (Some((first, _)), Some((last, _))) = (whole.buckets.first_key_value(), whole.buckets.last_key_value())
        else {
            return (whole.width, Vec::new());
        };
        let (first, last) = (first * whole.width, (last + 1) * whole.width - 1);
        let rows = i64::try_from(rows.max(3)).unwrap_or(i64::MAX);
        let round = round_width(last + 1 - first, rows);
        let width = (round + whole.width - 1) / whole.width * whole.width;
        let (start, end) = (first.div_euclid(width), last.div_euclid(width));
        let mut bars: Vec<TimelineBar> = (start..=end)
            .filter_map(|bar| {
                Some(TimelineBar { from: DateTime::from_timestamp(bar * width, 0)?, counts: Sums::default() })
            })
            .collect();
        for (bucket, sums) in &whole.buckets {
            let place = usize::try_from((bucket * whole.width).div_euclid(width) - start).unwrap_or_default();
            if let Some(bar) = bars.get_mut(place) {
                for (sum, count) in bar.counts.iter_mut().zip(sums) {
                    *sum += count;
                }
            }
        }
        (width, bars)
    }
}

/// The next width: each is a multiple of the one before.
fn wider(width: i64) -> i64 {
    match width {
        1 => 10,
        10 => 60,
        60 => 600,
        600 => 3600,
        3600 => 21_600,
        21_600 => DAY,
        days => days * 10,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn bars_are_round_and_complete() {
        let mut timeline = LevelTimeline::default();
        for (second, level) in [(1000, Level::Error), (1001, Level::Info), (1060, Level::Info)] {
            timeline.add(at(second), level);
        }
        let (width, bars) = timeline.bars(10);
        assert_eq!((width, bars.len()), (10, 7));
        assert_eq!((bars[0].from, bars[0].total(), bars[0].counts[Level::Error as usize]), (at(1000), 2, 1));
        assert_eq!(bars[6].total(), 1);
        assert_eq!(LevelTimeline::default().bars(10).1, []);
    }

    #[test]
    fn a_year_of_seconds_is_bounded() {
        let mut timeline = LevelTimeline::default();
        for number in 0..100_000_i64 {
            timeline.add(at(number * 317), Level::Info);
        }
        assert!(timeline.buckets.len() <= MOST);
        let (width, bars) = timeline.bars(50);
        assert!(bars.len() <= 50 && width % DAY == 0, "{} bars of {width} s", bars.len());
        assert_eq!(bars.iter().map(TimelineBar::total).sum::<u64>(), 100_000);
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(
            times in prop::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 0..200),
            split in 0_usize..200,
            rows in 3_usize..100,
        ) {
            let (mut whole, mut left, mut right) = (LevelTimeline::default(), LevelTimeline::default(), LevelTimeline::default());
            for (index, time) in times.iter().enumerate() {
                whole.add(at(*time), Level::Warn);
                if index < split { &mut left } else { &mut right }.add(at(*time), Level::Warn);
            }
            left.merge(right);
            prop_assert_eq!(left.bars(rows), whole.bars(rows));
            prop_assert!(whole.bars(rows).1.len() <= rows);
            prop_assert_eq!(whole.bars(rows).1.iter().map(TimelineBar::total).sum::<u64>(), times.len() as u64);
        }
    }
}
