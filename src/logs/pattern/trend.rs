//! Counts over time in a fixed space.

use chrono::{DateTime, Utc};

/// Buckets of a trend.
pub(crate) const BUCKETS: usize = 24;

/// How often something was seen over the time in which it was seen, in at most [`BUCKETS`] buckets of one width: a
/// second at first, twice as much whenever the span needs it. Buckets begin at multiples of their width, so that
/// the trends of several groups and threads fit together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trend {
    /// Two to this power seconds is the width of one bucket.
    scale: u32,
    /// The place of the first bucket, in widths since 1970.
    first: i64,
    counts: [u32; BUCKETS],
    used: bool,
}

impl Trend {
    /// Counts `count` at `at`.
    pub(crate) fn add(&mut self, at: DateTime<Utc>, count: u32) {
        self.add_second(at.timestamp(), count);
    }

    fn add_second(&mut self, second: i64, count: u32) {
        if !self.used {
            self.used = true;
            self.first = second >> self.scale;
        }
        loop {
            let place = second >> self.scale;
            if place < self.first {
                self.make_room(self.first - place);
            }
            match usize::try_from(place - self.first) {
                Ok(index) if index < BUCKETS => {
                    self.counts[index] = self.counts[index].saturating_add(count);
                    return;
                }
                _ => self.widen(),
            }
        }
    }

    /// Moves the buckets to the right where the last ones are empty.
    fn make_room(&mut self, wanted: i64) {
        let free = self.counts.iter().rev().take_while(|count| **count == 0).count();
        if let Ok(places) = usize::try_from(wanted)
            && places <= free
        {
            self.counts.rotate_right(places);
            self.first -= wanted;
        }
    }

    /// Makes the buckets twice as wide.
    fn widen(&mut self) {
        let mut counts = [0_u32; BUCKETS];
        let first = self.first >> 1;
        for (index, count) in (0_i64..).zip(self.counts) {
            let place = ((self.first + index) >> 1) - first;
            counts[place as usize] = counts[place as usize].saturating_add(count);
        }
        self.counts = counts;
        self.first = first;
        self.scale += 1;
    }

    /// Takes over what another has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        while self.scale < other.scale {
            self.widen();
        }
        for (second, count) in other.held() {
            self.add_second(second, count);
        }
    }

    /// The buckets that count anything, by the second at which they begin.
    fn held(&self) -> impl Iterator<Item = (i64, u32)> {
        let begin = |(index, count)| ((self.first + index) << self.scale, count);
        (0_i64..).zip(self.counts).filter(|(_, count)| *count > 0).map(begin)
    }

    /// The counts over `[from, to]` as `columns` sums of equal spans of time; what a bucket counts is put where the
    /// bucket begins.
    pub(crate) fn over(&self, from: DateTime<Utc>, to: DateTime<Utc>, columns: usize) -> Vec<u64> {
        let mut sums = vec![0_u64; columns];
        let (from, to) = (from.timestamp(), to.timestamp());
        let span = (to - from).max(0) + 1;
        for (second, count) in self.held() {
            let second = second.clamp(from, to.max(from));
            let column = i128::from(second - from) * columns as i128 / i128::from(span);
            if let Some(sum) = sums.get_mut(column as usize) {
                *sum += u64::from(count);
            }
        }
        sums
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
    fn the_width_grows_with_the_span() {
        let mut trend = Trend::default();
        for second in 0..100 {
            trend.add(at(1000 + second), 1);
        }
        assert_eq!(1 << trend.scale, 8, "seconds of a bucket");
        assert_eq!(trend.over(at(1000), at(1099), 1), [100]);
        let halves = trend.over(at(1000), at(1099), 2);
        assert!(halves.iter().all(|half| (44..=56).contains(half)), "{halves:?}");
    }

    #[test]
    fn what_comes_from_before_finds_room() {
        let mut trend = Trend::default();
        trend.add(at(1010), 1);
        trend.add(at(1000), 1);
        assert_eq!(trend.scale, 0, "a bucket is a second");
        assert_eq!(trend.over(at(1000), at(1010), 11), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_in_any_order_or_by_merging(
            left in prop::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 0..30),
            right in prop::collection::vec(-1_000_000_i64..1_000_000, 0..30),
        ) {
            let (mut one, mut other) = (Trend::default(), Trend::default());
            for second in &left {
                one.add(at(*second), 1);
            }
            for second in &right {
                other.add(at(*second), 1);
            }
            one.merge(&other);
            let sum: u64 = one.over(at(-2_000_000_000_000), at(2_000_000_000_000), 3).iter().sum();
            prop_assert_eq!(sum as usize, left.len() + right.len());
        }
    }
}
