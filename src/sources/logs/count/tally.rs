//! What was counted of one log for one metric.

use chrono::{DateTime, Utc};

use super::measured::Found;
use super::quantiles::{Merged, Quantiles};
use super::window::{Pair, Window};
use crate::logs::record::Record;

/// What was counted.
#[derive(Debug, Clone)]
pub(super) enum Tally {
    /// Of counts, rates and ratios.
    Counts(Window),
    /// Of percentiles; and how many fields were no number of the metric's unit.
    Values(Quantiles, u64),
}

impl Tally {
    /// Takes in what a record adds.
    pub(super) fn add(&mut self, record: &Record, found: Found) {
        let now = record.read_at.utc;
        // A clock that runs ahead must not keep a record in the window for ever.
        let at = record.at().min(now);
        match (self, found) {
            (Self::Counts(window), Found::Count(pair)) => window.add(at, now, pair),
            (Self::Values(values, strange), Found::Value(value)) => {
                *strange += u64::from(!values.add(at, now, value));
            }
            (Self::Values(_, strange), Found::NoMeasure) => *strange += 1,
            (Self::Counts(_), _) | (Self::Values(..), Found::Count(_)) => {}
        }
    }

    /// Adds what another of the same measure has counted.
    pub(super) fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Counts(window), Self::Counts(other)) => window.merge(other),
            (Self::Values(values, strange), Self::Values(other, more)) => {
                values.merge(other);
                *strange += more;
            }
            _ => {}
        }
    }

    /// The counts within the window that ends at `now`.
    pub(super) fn counts(&mut self, now: DateTime<Utc>) -> Pair {
        match self {
            Self::Counts(window) => window.total(now),
            Self::Values(..) => [0; 2],
        }
    }

    /// Puts the values of the window that ends at `now` into `merged`, and says how many were none.
    pub(super) fn pour(&mut self, now: DateTime<Utc>, merged: &mut Merged) -> u64 {
        match self {
            Self::Values(values, strange) => {
                values.pour(now, merged);
                *strange
            }
            Self::Counts(_) => 0,
        }
    }
}
