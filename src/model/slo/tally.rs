//! What is added up of an objective.

use std::ops::{AddAssign, SubAssign};

const MINUTE_MS: u64 = 60_000;

/// Milliseconds of a span of time by what was known of them, and how many readings were bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SloTally {
    /// Good time outside maintenance.
    pub good_ms: u64,
    /// Bad time outside maintenance.
    pub bad_ms: u64,
    /// Good time in maintenance, or in a span that a person excluded.
    pub maintenance_good_ms: u64,
    /// Bad time in maintenance, or in a span that a person excluded.
    pub maintenance_bad_ms: u64,
    /// All that time, also that of which nothing is known.
    pub maintenance_ms: u64,
    /// Bad readings outside maintenance.
    pub bad_events: u64,
}

impl AddAssign for SloTally {
    fn add_assign(&mut self, other: Self) {
        self.good_ms += other.good_ms;
        self.bad_ms += other.bad_ms;
        self.maintenance_good_ms += other.maintenance_good_ms;
        self.maintenance_bad_ms += other.maintenance_bad_ms;
        self.maintenance_ms += other.maintenance_ms;
        self.bad_events += other.bad_events;
    }
}

/// Takes away what was added before; anything else would be negative.
impl SubAssign for SloTally {
    fn sub_assign(&mut self, other: Self) {
        self.good_ms -= other.good_ms;
        self.bad_ms -= other.bad_ms;
        self.maintenance_good_ms -= other.maintenance_good_ms;
        self.maintenance_bad_ms -= other.maintenance_bad_ms;
        self.maintenance_ms -= other.maintenance_ms;
        self.bad_events -= other.bad_events;
    }
}

impl SloTally {
    /// `ms` milliseconds that were good or bad, in maintenance or not.
    pub fn known(good: bool, maintenance: bool, ms: u64) -> Self {
        let mut tally = Self::default();
        match (good, maintenance) {
            (true, false) => tally.good_ms = ms,
            (false, false) => tally.bad_ms = ms,
            (true, true) => tally.maintenance_good_ms = ms,
            (false, true) => tally.maintenance_bad_ms = ms,
        }
        tally
    }

    /// `part` of `whole` of it, each rounded down.
    pub(super) fn part(self, part: u64, whole: u64) -> Self {
        let of = |all: u64| all * part / whole.max(1);
        Self {
            good_ms: of(self.good_ms),
            bad_ms: of(self.bad_ms),
            maintenance_good_ms: of(self.maintenance_good_ms),
            maintenance_bad_ms: of(self.maintenance_bad_ms),
            maintenance_ms: of(self.maintenance_ms),
            bad_events: of(self.bad_events),
        }
    }

    /// What of it does not count where `excluded` of the `length` milliseconds that it is about are excluded. What is known of
    /// a minute only in part is taken to lie in what is excluded of it, as far as it can: that is what was excluded.
    pub(crate) fn excluded(self, excluded: u64, length: u64) -> Self {
        let known = self.valid_ms() + self.maintenance_good_ms + self.maintenance_bad_ms;
        if length > MINUTE_MS || known == 0 || known >= length {
            return self.part(excluded, length);
        }
        let part = self.part(excluded.min(known), known);
        Self { maintenance_ms: self.part(excluded, length).maintenance_ms, ..part }
    }

    /// The same where a part of it, which was `length_ms` long with what is not known of it, does not count: that counts
    /// as maintenance.
    pub(crate) fn without(self, part: Self, length_ms: u64) -> Self {
        Self {
            good_ms: self.good_ms.saturating_sub(part.good_ms),
            bad_ms: self.bad_ms.saturating_sub(part.bad_ms),
            maintenance_good_ms: self.maintenance_good_ms + part.good_ms,
            maintenance_bad_ms: self.maintenance_bad_ms + part.bad_ms,
            maintenance_ms: self.maintenance_ms + length_ms.saturating_sub(part.maintenance_ms),
            bad_events: self.bad_events.saturating_sub(part.bad_events),
        }
    }

    /// Known milliseconds outside maintenance: the denominator.
    pub const fn valid_ms(&self) -> u64 {
        self.good_ms + self.bad_ms
    }

    /// Good time of the known time outside maintenance, 0 to 1; `None` where nothing is known.
    pub fn availability(&self) -> Option<f64> {
        ratio(self.good_ms, self.valid_ms())
    }

    /// The raw figure: good time of all known time, maintenance included.
    pub fn with_maintenance(&self) -> Option<f64> {
        let good = self.good_ms + self.maintenance_good_ms;
        ratio(good, good + self.bad_ms + self.maintenance_bad_ms)
    }

    /// How many times faster than the objective allows the budget is used; `None` where nothing is known.
    pub fn burn(&self, objective: f64) -> Option<f64> {
        ratio(self.bad_ms, self.valid_ms()).map(|bad| bad / (1.0 - objective))
    }
}

pub(super) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
