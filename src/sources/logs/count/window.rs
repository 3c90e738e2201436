//! A sliding window of counts, kept by the bucket.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// How a window is divided. Buckets lie on whole multiples of their width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    /// Seconds of one bucket.
    width: i64,
    /// Buckets of the window.
    count: i64,
}

impl Grid {
    /// A grid over `window` of at most `most` buckets, none shorter than a second.
    pub(super) fn new(window: Duration, most: u64) -> Self {
        let seconds = window.as_secs().max(1);
        let width = seconds.div_ceil(most);
        Self { width: width.cast_signed(), count: seconds.div_ceil(width).cast_signed() }
    }

    /// The bucket of a moment.
    pub(super) fn bucket(self, at: DateTime<Utc>) -> i64 {
        at.timestamp().div_euclid(self.width)
    }

    /// The first bucket of the window that ends at `now`.
    pub(super) fn first(self, now: DateTime<Utc>) -> i64 {
        self.bucket(now) - self.count + 1
    }

    /// Buckets of the window.
    pub(super) fn len(self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }
}

/// Two counts: of what matches, and of the whole it is a part of.
pub(super) type Pair = [u64; 2];

/// Counts within a window.
#[derive(Debug, Clone)]
pub(super) struct Window {
    grid: Grid,
    buckets: VecDeque<(i64, Pair)>,
    total: Pair,
}

impl Window {
    pub(super) fn new(grid: Grid) -> Self {
        Self { grid, buckets: VecDeque::new(), total: [0; 2] }
    }

    /// Counts something that happened at `at`, seen at `now`. What is older than the window is not kept.
    pub(super) fn add(&mut self, at: DateTime<Utc>, now: DateTime<Utc>, pair: Pair) {
        let bucket = self.grid.bucket(at);
        if bucket < self.grid.first(now) {
            return;
        }
        self.insert(bucket, pair);
        if self.buckets.len() > self.grid.len() {
            self.forget(now);
        }
    }

    fn insert(&mut self, bucket: i64, pair: Pair) {
        let place = self.buckets.partition_point(|(known, _)| *known < bucket);
        match self.buckets.get_mut(place) {
            Some((known, sum)) if *known == bucket => *sum = [sum[0] + pair[0], sum[1] + pair[1]],
            _ => self.buckets.insert(place, (bucket, pair)),
        }
        self.total = [self.total[0] + pair[0], self.total[1] + pair[1]];
    }

    /// Adds what another window of the same grid has counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (bucket, pair) in &other.buckets {
            self.insert(*bucket, *pair);
        }
    }

    /// The counts within the window that ends at `now`.
    pub(super) fn total(&mut self, now: DateTime<Utc>) -> Pair {
        self.forget(now);
        self.total
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        let first = self.grid.first(now);
        while let Some((_, pair)) = self.buckets.pop_front_if(|(bucket, _)| *bucket < first) {
            self.total = [self.total[0] - pair[0], self.total[1] - pair[1]];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    #[test]
    fn the_window_slides() {
        let mut window = Window::new(Grid::new(Duration::from_mins(1), 1440));
        for second in [0, 10, 10, 50] {
            window.add(at(second), at(59), [1, 2]);
        }
        for (now, count) in [(59, 4), (60, 3), (69, 3), (70, 1), (500, 0)] {
            assert_eq!(window.total(at(now)), [count, 2 * count], "{now}");
        }
    }

    #[test]
    fn what_comes_late_is_counted_where_it_belongs() {
        let mut window = Window::new(Grid::new(Duration::from_mins(1), 1440));
        for second in [50, 5, -100] {
            window.add(at(second), at(59), [1, 0]);
        }
        assert_eq!(window.total(at(60)), [2, 0]);
        assert_eq!(window.total(at(66)), [1, 0]);
    }

    #[test]
    fn windows_are_added_up() {
        let grid = Grid::new(Duration::from_mins(1), 1440);
        let (mut live, mut backfilled) = (Window::new(grid), Window::new(grid));
        live.add(at(30), at(30), [1, 1]);
        backfilled.add(at(10), at(30), [2, 2]);
        backfilled.add(at(30), at(30), [4, 4]);
        live.merge(&backfilled);
        assert_eq!(live.total(at(30)), [7, 7]);
        assert_eq!(live.total(at(75)), [5, 5]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut window = Window::new(Grid::new(Duration::from_hours(24 * 30), 1440));
        for second in 0..20_000 {
            window.add(at(second * 1000), at(second * 1000), [1, 1]);
        }
        assert!(window.buckets.len() <= 1440, "{}", window.buckets.len());
    }
}
