//! A sliding window of values, of which percentiles are taken: counted sparsely by the bucket, merged on demand.
//! Percentiles are never averaged.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use hdrhistogram::Histogram;

use super::window::Grid;

/// Values are told apart by the thousandth of their unit.
const PARTS: f64 = 1000.0;
/// The highest that is told apart, in thousandths: a million seconds in microseconds.
const HIGHEST: u64 = 1 << 46;
/// Significant decimal digits.
const DIGITS: u8 = 2;

/// Values within a window. A bucket holds at most some five thousand different ones, of 8 bytes each.
#[derive(Debug, Clone)]
pub(super) struct Quantiles {
    grid: Grid,
    buckets: VecDeque<(i64, Vec<(u16, u32)>)>,
}

impl Quantiles {
    pub(super) fn new(grid: Grid) -> Self {
        Self { grid, buckets: VecDeque::new() }
    }

    /// Records a value that was stated at `at`, seen at `now`; false where it can't be: negative or no number.
    pub(super) fn add(&mut self, at: DateTime<Utc>, now: DateTime<Utc>, value: f64) -> bool {
        if !value.is_finite() || value < 0.0 {
            return false;
        }
        let bucket = self.grid.bucket(at);
        if bucket < self.grid.first(now) {
            return true;
        }
        let parts = ((value * PARTS).round() as u64).min(HIGHEST);
        self.insert(bucket, code(parts), 1);
        if self.buckets.len() > self.grid.len() {
            self.forget(now);
        }
        true
    }

    fn insert(&mut self, bucket: i64, code: u16, count: u32) {
        let place = self.buckets.partition_point(|(known, _)| *known < bucket);
        if self.buckets.get(place).is_none_or(|(known, _)| *known != bucket) {
            self.buckets.insert(place, (bucket, Vec::new()));
        }
        let Some((_, values)) = self.buckets.get_mut(place) else { return };
        match values.binary_search_by_key(&code, |(known, _)| *known) {
            Ok(found) => values[found].1 = values[found].1.saturating_add(count),
            Err(found) => values.insert(found, (code, count)),
        }
    }

    /// Adds what another of the same grid holds.
    pub(super) fn merge(&mut self, other: &Self) {
        for (bucket, values) in &other.buckets {
            for (code, count) in values {
                self.insert(*bucket, *code, *count);
            }
        }
    }

    /// Puts the values of the window that ends at `now` into `merged`.
    pub(super) fn pour(&mut self, now: DateTime<Utc>, merged: &mut Merged) {
        self.forget(now);
        let Some(histogram) = &mut merged.0 else { return };
        for (code, count) in self.buckets.iter().flat_map(|(_, values)| values) {
            histogram.saturating_record_n(decoded(*code), *count);
        }
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        let first = self.grid.first(now);
        while self.buckets.pop_front_if(|(bucket, _)| *bucket < first).is_some() {}
    }
}

/// The values of one window, perhaps of several logs.
#[derive(Debug)]
pub(super) struct Merged(Option<Histogram<u32>>);

impl Merged {
    pub(super) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, HIGHEST, DIGITS).ok())
    }

    /// A percentile, at most 1 % off; `None` where there is no value. 0 < `quantile` < 1.
    pub(super) fn quantile(&self, quantile: f64) -> Option<f64> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        let high = histogram.value_at_quantile(quantile);
        Some(shortest(histogram.lowest_equivalent(high), high) / PARTS)
    }
}

/// The number with the fewest digits within a bucket: nobody wrote 5.023.
fn shortest(low: u64, high: u64) -> f64 {
    let (low, high) = (low as f64, high as f64);
    let mut step = 10_f64.powf(high.max(1.0).log10().floor());
    while step > 1.0 {
        let round = (f64::midpoint(low, high) / step).round() * step;
        if (low..=high).contains(&round) {
            return round;
        }
        step /= 10.0;
    }
    f64::midpoint(low, high).floor()
}

/// The bucket of a histogram with two digits in which a value lies: exact below 256, then steps of 2, 4, 8, …
fn code(value: u64) -> u16 {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(8);
    (shift << 8) as u16 | (value >> shift) as u16
}

fn decoded(code: u16) -> u64 {
    u64::from(code & 0xff) << (code >> 8)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    fn quantiles() -> Quantiles {
        Quantiles::new(Grid::new(Duration::from_mins(1), 60))
    }

    fn quantile(values: &mut Quantiles, now: i64, quantile: f64) -> Option<f64> {
        let mut merged = Merged::new();
        values.pour(at(now), &mut merged);
        merged.quantile(quantile)
    }

    #[test]
    fn a_percentile_is_of_the_values_in_the_window() {
        let mut values = quantiles();
        assert_eq!(quantile(&mut values, 0, 0.95), None);
        for value in 1..=100 {
            assert!(values.add(at(0), at(30), f64::from(value)));
        }
        assert!(values.add(at(30), at(30), 5000.0));
        assert_eq!(quantile(&mut values, 30, 0.95), Some(96.0));
        assert_eq!(quantile(&mut values, 70, 0.5), Some(5000.0));
        assert_eq!(quantile(&mut values, 100, 0.5), None);
    }

    #[test]
    fn what_is_no_measure_is_said_so() {
        let mut values = quantiles();
        for value in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(!values.add(at(0), at(0), value));
        }
        assert!(values.add(at(0), at(0), 1e300));
        assert!(values.add(at(0), at(0), 0.0));
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_one_per_cent(values in prop::collection::vec(0.001..1e7_f64, 1..200), quantile in 0.01..0.999_f64) {
            let mut kept = quantiles();
            for value in &values {
                kept.add(at(0), at(0), *value);
            }
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let rank = ((quantile * values.len() as f64).ceil() as usize).max(1) - 1;
            let mut merged = Merged::new();
            kept.pour(at(0), &mut merged);
            let found = merged.quantile(quantile).unwrap();
            let wanted = sorted[rank];
            prop_assert!((found - wanted).abs() <= wanted * 0.01 + 0.001, "{found} for {wanted}");
        }

        #[test]
        fn a_code_is_the_lowest_value_of_its_bucket(value in 0..HIGHEST) {
            let low = decoded(code(value));
            prop_assert!(low <= value && value - low <= low / 128);
        }
    }
}
