//! What is known of one shape.

use chrono::{DateTime, Utc};

use super::trend::Trend;
use crate::logs::record::Level;

/// The records of one shape, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<E> {
    /// The shape, as [`super::mask()`] makes it.
    pub shape: Box<str>,
    /// [`super::shape_hash`] of it, by which it is known elsewhere.
    pub hash: u64,
    /// How many records.
    pub count: u64,
    /// How many of each level: index with `level as usize`.
    pub levels: [u64; Level::WORDS.len()],
    /// The earliest time of a record.
    pub first: DateTime<Utc>,
    /// The latest.
    pub last: DateTime<Utc>,
    /// How many over time.
    pub trend: Trend,
    /// One of the records, as the caller names it: the first, unless the caller put another here.
    pub example: E,
}

impl<E> Group<E> {
    /// The worst level of its records.
    pub(crate) fn worst(&self) -> Level {
        let worst = self.levels.iter().rposition(|count| *count > 0).unwrap_or_default();
        Level::from_word(Level::WORDS[worst]).unwrap_or_default()
    }

    pub(super) fn note(&mut self, level: Level, at: DateTime<Utc>) {
        self.count += 1;
        self.levels[level as usize] += 1;
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        self.trend.add(at, 1);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        for (sum, count) in self.levels.iter_mut().zip(other.levels) {
            *sum += count;
        }
        if other.first < self.first {
            self.first = other.first;
            self.example = other.example;
        }
        self.last = self.last.max(other.last);
        self.trend.merge(&other.trend);
    }
}
