//! The shapes that logs held before, by which a new one is told.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use serde::{Deserialize, Serialize};

use crate::text::name::Name;

/// A shape is new where nothing older than this has it.
pub const YESTERDAY: TimeDelta = TimeDelta::hours(24);
/// So far back the files are read.
pub const FARTHEST: TimeDelta = TimeDelta::hours(48);

/// The shapes of logs between two moments.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShapeHistory {
    /// Their hashes.
    pub shapes: HashSet<u64>,
    /// For each log the earliest time that was found; none where nothing states one, as of a command.
    pub reach: BTreeMap<Name, Option<DateTime<Utc>>>,
    /// Not all of it was read: what looks new may be old.
    pub cut: bool,
}

/// Whether a shape is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// It was there before.
    Old,
    /// It was not.
    New,
    /// Nobody knows: the log's files do not reach back that far.
    Unknown,
}

impl ShapeHistory {
    /// Whether a shape is new that was first seen at `first` in a log, looked at from `now`.
    pub(crate) fn novelty(&self, hash: u64, log: &str, first: DateTime<Utc>, now: DateTime<Utc>) -> Novelty {
        if self.shapes.contains(&hash) || first <= now - YESTERDAY {
            return Novelty::Old;
        }
        if self.reaches(log, now) { Novelty::New } else { Novelty::Unknown }
    }

    /// Whether something of a log was found that is older than a day.
    pub(crate) fn reaches(&self, log: &str, now: DateTime<Utc>) -> bool {
        self.reach.iter().any(|(name, first)| **name == *log && first.is_some_and(|first| first <= now - YESTERDAY))
    }

    /// The earliest time that any log reaches back to.
    pub(crate) fn earliest(&self) -> Option<DateTime<Utc>> {
        self.reach.values().flatten().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_is_what_the_past_does_not_have_where_there_is_a_past() {
        let now: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().unwrap();
        let ago = |hours| now - TimeDelta::hours(hours);
        let history = ShapeHistory {
            shapes: HashSet::from([7]),
            reach: BTreeMap::from([("api".into(), Some(ago(47))), ("web".into(), Some(ago(3))), ("unit".into(), None)]),
            cut: false,
        };
        assert_eq!(history.novelty(7, "api", ago(1), now), Novelty::Old);
        assert_eq!(history.novelty(8, "api", ago(1), now), Novelty::New);
        assert_eq!(history.novelty(8, "api", ago(25), now), Novelty::Old);
        for log in ["web", "unit", "other"] {
            assert_eq!(history.novelty(8, log, ago(1), now), Novelty::Unknown, "{log}");
        }
        assert_eq!(history.earliest(), Some(ago(47)));
    }
}
