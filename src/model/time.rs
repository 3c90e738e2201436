//! Time as data.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// One moment, on both clocks. Durations and deadlines are computed from `mono` alone, so that a stepped wall
/// clock never makes an age negative; `utc` is for display and for what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Monotonic time since the process started.
    pub mono: Duration,
    /// Wall clock at the same moment.
    pub utc: DateTime<Utc>,
}

impl Stamp {
    /// Time from `earlier` to `self` on the monotonic clock; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.mono.saturating_sub(earlier.mono)
    }

    /// The moment `by` later on both clocks.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self { mono: self.mono + by, utc: self.utc + chrono::Duration::from_std(by).unwrap_or_default() }
    }
}
