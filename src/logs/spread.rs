//! How the numbers of a field are spread, in a bounded space.

use std::collections::BTreeMap;

/// Each bucket ends at so many times its beginning: percentiles are at most 1 % off.
const GROWTH: f64 = 1.02;

/// Least, greatest and percentiles of numbers of one unit.
#[derive(Debug, Clone, Default)]
pub struct Spread {
    /// By the power of [`GROWTH`]; negative numbers apart.
    positive: BTreeMap<i32, u64>,
    negative: BTreeMap<i32, u64>,
    zeros: u64,
    count: u64,
    ends: Option<(f64, f64)>,
    unit: Option<&'static str>,
}

impl Spread {
    /// Counts a number in its unit; the first one says which unit, and others in another are left out.
    pub(crate) fn add(&mut self, value: f64, unit: &'static str) {
        if !value.is_finite() || *self.unit.get_or_insert(unit) != unit {
            return;
        }
        self.count += 1;
        let (least, greatest) = self.ends.unwrap_or((value, value));
        self.ends = Some((least.min(value), greatest.max(value)));
        let bucket = || (value.abs().ln() / GROWTH.ln()).floor() as i32;
        match value {
            0.0 => self.zeros += 1,
            above if above > 0.0 => *self.positive.entry(bucket()).or_default() += 1,
            _ => *self.negative.entry(bucket()).or_default() += 1,
        }
    }

    /// Takes over what another has counted, where it is of one unit.
    pub(crate) fn merge(&mut self, other: &Self) {
        let (Some(unit), Some((least, greatest))) = (other.unit, other.ends) else { return };
        if *self.unit.get_or_insert(unit) != unit {
            return;
        }
        let ends = self.ends.unwrap_or((least, greatest));
        self.ends = Some((ends.0.min(least), ends.1.max(greatest)));
        self.count += other.count;
        self.zeros += other.zeros;
        for (held, more) in [(&mut self.positive, &other.positive), (&mut self.negative, &other.negative)] {
            for (bucket, count) in more {
                *held.entry(*bucket).or_default() += count;
            }
        }
    }

    /// How many numbers were counted.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Their unit: `s`, `B`, `%` or nothing.
    pub(crate) fn unit(&self) -> &'static str {
        self.unit.unwrap_or_default()
    }

    /// The least and the greatest, exactly.
    pub(crate) fn ends(&self) -> Option<(f64, f64)> {
        self.ends
    }

    /// The number that so large a part of all does not pass, 0 to 1.
    pub(crate) fn quantile(&self, quantile: f64) -> Option<f64> {
        let (least, greatest) = self.ends?;
        let rank = ((self.count as f64 * quantile).ceil() as u64).clamp(1, self.count);
        let middle = |bucket: i32| GROWTH.powi(bucket) * f64::midpoint(1.0, GROWTH);
        let below = self.negative.iter().rev().map(|(bucket, count)| (-middle(*bucket), *count));
        let above = self.positive.iter().map(|(bucket, count)| (middle(*bucket), *count));
        let mut passed = 0;
        for (value, count) in below.chain([(0.0, self.zeros)]).chain(above) {
            passed += count;
            if passed >= rank {
                return Some(value.clamp(least, greatest));
            }
        }
        Some(greatest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_near_and_the_ends_exact() {
        let mut spread = Spread::default();
        for n in (1..=1000).rev() {
            spread.add(f64::from(n), "");
        }
        assert_eq!((spread.count(), spread.ends()), (1000, Some((1.0, 1000.0))));
        for (quantile, expected) in [(0.5, 500.0), (0.95, 950.0), (1.0, 1000.0), (0.0, 1.0)] {
            let found = spread.quantile(quantile).unwrap();
            assert!((found - expected).abs() <= expected * 0.011, "{quantile}: {found}");
        }
    }

    #[test]
    fn numbers_below_nothing_and_other_units_have_their_place() {
        let mut spread = Spread::default();
        assert_eq!(spread.quantile(0.5), None);
        for value in [-10.0, -1.0, 0.0, 0.5, f64::NAN, f64::INFINITY] {
            spread.add(value, "s");
        }
        spread.add(7.0, "B");
        assert_eq!((spread.count(), spread.unit(), spread.ends()), (4, "s", Some((-10.0, 0.5))));
        assert!(spread.quantile(0.25).is_some_and(|value| (value + 10.0).abs() < 0.2));
        assert_eq!(spread.quantile(0.75), Some(0.0));
    }
}
