//! What is known of one series in one minute or one hour.

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;
use crate::model::status::Status;

/// Values that are kept as they came: what is polled every five seconds keeps them, corrected samples apart.
pub(super) const FEW: usize = 15;

/// One value with the second of its minute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Measurement {
    pub(super) second: u8,
    pub(super) value: f32,
}

/// The values of a bucket. Seven digits are enough for charts and percentiles, and halve what is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Measured {
    /// At most [`FEW`], in the order of their seconds.
    Each(Vec<Measurement>),
    Counted(Distribution),
}

/// What is known of one check or metric in one minute or hour: the values that were measured, and of a check how long
/// each status was shown. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    pub(super) standing: [u64; 6],
    pub(super) failed_ms: u64,
    /// How much of the known time lay in maintenance, and how much of that counts as unavailable.
    #[serde(default)]
    pub(super) planned: [u64; 2],
    pub(super) corrected: u64,
    pub(super) measured: Measured,
}

/// What was known of a span, and how much of that was noted to lie in maintenance. Times are in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlannedTime {
    /// All that was known.
    pub known: u64,
    /// How much of that counts as unavailable.
    pub failed: u64,
    /// The same of what was noted to lie in maintenance: known, and unavailable.
    pub planned: [u64; 2],
}

impl PlannedTime {
    /// Where a `share` of the span lay in maintenance, what was known in it, and how much of that counts as unavailable. What
    /// was noted then says so of a span that lay in it in part; where nothing was, both are spread evenly.
    pub(crate) fn within(self, share: f64) -> (u64, u64) {
        let Self { known, failed, planned: [planned, planned_failed] } = self;
        if share > 0.0 && share < 1.0 && planned > 0 {
            let planned = planned.min(known);
            return (planned, planned_failed.min(failed).min(planned).max(failed.saturating_sub(known - planned)));
        }
        let of = |ms: u64| ((ms as f64 * share).round() as u64).min(ms);
        (of(known - failed) + of(failed), of(failed))
    }
}

impl Default for Bucket {
    fn default() -> Self {
        Self { standing: [0; 6], failed_ms: 0, planned: [0; 2], corrected: 0, measured: Measured::Each(Vec::new()) }
    }
}

impl Bucket {
    /// An empty sum, for an hour or any other span: it counts values and keeps none.
    pub fn sum_of_none() -> Self {
        Self { measured: Measured::Counted(Distribution::default()), ..Self::default() }
    }

    /// Takes a value that was measured in that second of the minute. What is not finite is left out.
    pub fn measure(&mut self, second: u8, value: f64) {
        if !value.is_finite() {
            return;
        }
        // The sum makes -0 to 0.
        let value = (value as f32).clamp(f32::MIN, f32::MAX) + 0.0;
        if let Measured::Each(values) = &mut self.measured
            && values.len() < FEW
        {
            return insert(values, Measurement { second: second.min(59), value });
        }
        self.add_counted(|counted| counted.add(value));
    }

    /// Takes a value that was not measured but follows from skipped polls; it counts as the others do.
    pub fn correct(&mut self, second: u8, value: f64) {
        self.corrected += 1;
        self.measure(second, value);
    }

    /// A status was shown for so many milliseconds. `failed`: the latest poll in that time was bad, which counts
    /// against availability also while the status is pending.
    pub fn stand(&mut self, status: Status, ms: u64, failed: bool) {
        self.standing[place(status)] += ms;
        if failed {
            self.failed_ms += ms;
        }
    }

    /// The same in maintenance, by what was known of that then.
    pub fn stand_in_maintenance(&mut self, status: Status, ms: u64, failed: bool) {
        self.stand(status, ms, failed);
        if status != Status::Unknown {
            self.planned[0] += ms;
            self.planned[1] += if failed { ms } else { 0 };
        }
    }

    /// Adds another bucket: of the same minute, or to a sum.
    pub fn merge(&mut self, other: &Self) {
        for (ms, more) in self.standing.iter_mut().zip(other.standing) {
            *ms = ms.saturating_add(more);
        }
        self.failed_ms = self.failed_ms.saturating_add(other.failed_ms);
        for (ms, more) in self.planned.iter_mut().zip(other.planned) {
            *ms = ms.saturating_add(more);
        }
        self.corrected = self.corrected.saturating_add(other.corrected);
        match (&mut self.measured, &other.measured) {
            (Measured::Each(values), Measured::Each(more)) if values.len() + more.len() <= FEW => {
                for value in more {
                    insert(values, *value);
                }
            }
            (_, Measured::Each(more)) => {
                self.add_counted(|counted| counted.extend(more.iter().map(|measurement| measurement.value)));
            }
            (_, Measured::Counted(more)) => self.add_counted(|counted| counted.merge(more)),
        }
    }

    /// Whether nothing at all is known.
    pub fn is_empty(&self) -> bool {
        self.count() == 0 && self.standing == [0; 6]
    }

    /// Milliseconds for which a status was shown.
    pub fn standing_ms(&self, status: Status) -> u64 {
        self.standing[place(status)]
    }

    /// Milliseconds that count as unavailable.
    pub fn failed_ms(&self) -> u64 {
        self.failed_ms
    }

    /// Of a span of which a `share` lay in maintenance, the known milliseconds in it, and how many of those count as
    /// unavailable.
    pub fn in_maintenance(&self, share: f64) -> (u64, u64) {
        self.planned_time().within(share)
    }

    /// What was noted of maintenance.
    pub(super) fn planned_time(&self) -> PlannedTime {
        let known = self.known_ms();
        PlannedTime { known, failed: self.failed_ms.min(known), planned: self.planned }
    }

    /// How many of the values follow from skipped polls.
    pub fn corrected(&self) -> u64 {
        self.corrected
    }

    /// Values.
    pub fn count(&self) -> u64 {
        match &self.measured {
            Measured::Each(values) => values.len() as u64,
            Measured::Counted(counted) => counted.len(),
        }
    }

    /// Sum of the values.
    pub fn sum(&self) -> f64 {
        match &self.measured {
            Measured::Each(values) => values.iter().map(|measurement| f64::from(measurement.value)).sum(),
            Measured::Counted(counted) => counted.sum,
        }
    }

    /// Lowest and highest value; `None` where nothing was measured.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        match &self.measured {
            Measured::Each(values) => {
                let values = || values.iter().map(|measurement| f64::from(measurement.value));
                values().reduce(f64::min).zip(values().reduce(f64::max))
            }
            Measured::Counted(counted) => {
                (!counted.cells.is_empty()).then(|| (f64::from(counted.min), f64::from(counted.max)))
            }
        }
    }

    /// The value at a quantile, 0 to 1, by nearest rank: exact where each value is kept, otherwise at most 6.25 % off.
    pub fn percentile(&self, quantile: f64) -> Option<f64> {
        match &self.measured {
            Measured::Each(values) => {
                let mut values: Vec<f32> = values.iter().map(|measurement| measurement.value).collect();
                values.sort_unstable_by(f32::total_cmp);
                let rank = ((quantile * values.len() as f64).ceil() as usize).clamp(1, values.len().max(1));
                values.get(rank - 1).copied().map(f64::from)
            }
            Measured::Counted(counted) => counted.at_quantile(quantile),
        }
    }

    /// Each value with the second of its minute, oldest first; empty where they were too many to keep.
    pub fn each(&self) -> impl Iterator<Item = (u8, f64)> {
        let values = if let Measured::Each(values) = &self.measured { values.as_slice() } else { &[] };
        values.iter().map(|measurement| (measurement.second, f64::from(measurement.value)))
    }

    /// Values with how often each was measured. Where they were too many to keep, a value is at most 6.25 % off.
    pub fn counts(&self) -> Vec<(f64, u64)> {
        match &self.measured {
            Measured::Each(values) => values.iter().map(|measurement| (f64::from(measurement.value), 1)).collect(),
            Measured::Counted(counted) => {
                counted.cells.iter().map(|(cell, count)| (counted.value_of(*cell), *count)).collect()
            }
        }
    }

    /// Milliseconds for which anything was known but that it is not.
    pub fn known_ms(&self) -> u64 {
        let unknown = self.standing_ms(Status::Unknown);
        self.standing.iter().fold(0_u64, |sum, ms| sum.saturating_add(*ms)) - unknown
    }

    /// Makes the values a distribution, if they are none yet, and adds to it.
    fn add_counted(&mut self, add: impl FnOnce(&mut Distribution)) {
        let mut counted = match std::mem::replace(&mut self.measured, Measured::Each(Vec::new())) {
            Measured::Each(values) => {
                let mut counted = Distribution::default();
                counted.extend(values.iter().map(|measurement| measurement.value));
                counted
            }
            Measured::Counted(counted) => counted,
        };
        add(&mut counted);
        self.measured = Measured::Counted(counted);
    }
}

/// Keeps the order, which values of one second have too: then it does not depend on which came first.
fn insert(values: &mut Vec<Measurement>, new: Measurement) {
    let place = values.partition_point(|old| old.second.cmp(&new.second).then(old.value.total_cmp(&new.value)).is_lt());
    values.insert(place, new);
}

/// Its place in [`Bucket::standing`], in memory and where it is stored.
fn place(status: Status) -> usize {
    match status {
        Status::Ok => 0,
        Status::Degraded => 1,
        Status::Down => 2,
        Status::Unknown => 3,
        Status::Pending => 4,
        Status::Cold => 5,
    }
}
