//! Time as data.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A duration in whole milliseconds; what is longer than they can count is as long as that.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The minute in which a moment lies, counted from 1970; what was before is in the first.
pub(crate) fn minute_of(at: DateTime<Utc>) -> u32 {
    u32::try_from(at.timestamp().div_euclid(60)).unwrap_or(0)
}

/// A moment as other programs read it (RFC 3339), to the second: `2026-03-02T09:00:00Z`.
pub(crate) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The same, to the millisecond.
pub(crate) fn rfc3339_millis(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// One moment, on both clocks. Durations and deadlines are computed from `mono` alone, so that a stepped wall
/// clock never makes an age negative; `utc` is for display and for what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// Monotonic time. It begins with what the wall clock shows when the process starts, counted from 1970, so that what
    /// an earlier process saw has its place on it too; from then on nobody sets it.
    pub mono: Duration,
    /// Wall clock at the same moment.
    pub utc: DateTime<Utc>,
}

impl Stamp {
    /// Time from `earlier` to `self` on the monotonic clock; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.mono.saturating_sub(earlier.mono)
    }

    /// A moment that was stored by the wall clock, seen from this one.
    pub(crate) fn stored(self, utc: DateTime<Utc>) -> Self {
        let mono = match (self.utc - utc).to_std() {
            Ok(ago) => self.mono.saturating_sub(ago),
            // By a clock that is ahead of ours.
            Err(_) => self.mono + (utc - self.utc).to_std().unwrap_or_default(),
        };
        Self { mono, utc }
    }

    /// By how much the monotonic clock is ahead of the wall clock, in milliseconds. What is stored by whole minutes has its
    /// place on it by whole minutes; the two clocks are read one after the other, and that is no difference.
    fn ahead_ms(self) -> i64 {
        let apart = self.mono.as_millis() as i64 - self.utc.timestamp_millis();
        let minutes = self.minutes_ahead() * 60_000;
        if (apart - minutes).abs() < 1_000 { minutes } else { apart }
    }

    /// The same in whole minutes: by these, minutes that are stored have their places on the monotonic clock.
    pub(crate) fn minutes_ahead(self) -> i64 {
        let apart = self.mono.as_millis() as i64 - self.utc.timestamp_millis();
        (apart + 30_000).div_euclid(60_000)
    }

    /// A moment by the wall clock on the monotonic one, to the millisecond where the edge of a minute lies on both: what is
    /// stored by minutes begins and ends with it.
    pub(crate) fn placed(self, utc: DateTime<Utc>) -> Self {
        let ms = u64::try_from(utc.timestamp_millis() + self.ahead_ms()).unwrap_or(0);
        Self { mono: Duration::from_millis(ms), utc }
    }

    /// The moment `by` later on both clocks.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self { mono: self.mono + by, utc: self.utc + chrono::Duration::from_std(by).unwrap_or_default() }
    }
}

/// Time since the machine was started: nobody sets this clock, it counts sleep, and every process of the machine reads
/// the same from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootTime {
    /// Which start of which machine.
    pub boot: u64,
    /// Milliseconds since then.
    pub ms: u64,
}

impl BootTime {
    /// Time since `earlier`; `None` where the machine was started in between, or is another.
    pub(crate) fn since(self, earlier: Self) -> Option<Duration> {
        let ms = self.ms.checked_sub(earlier.ms).filter(|_| self.boot == earlier.boot);
        ms.map(Duration::from_millis)
    }

    /// The moment `by` later.
    #[must_use]
    pub(crate) fn plus(self, by: Duration) -> Self {
        Self { ms: self.ms.saturating_add(millis(by)), ..self }
    }
}

/// A moment as one process tells another: by the wall clock, which anybody may set, and by the machine's own where
/// there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The wall clock.
    pub utc: DateTime<Utc>,
    /// The machine's clock; `None` on systems that have none, and in what older versions wrote.
    pub boot: Option<BootTime>,
}

impl Moment {
    /// Time since `earlier`, by the machine's clock where both are of one start of it. Otherwise by the wall clock; what
    /// lies in the future by that was just now.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let own = self.boot.zip(earlier.boot).and_then(|(now, then)| now.since(then));
        own.unwrap_or_else(|| (self.utc - earlier.utc).to_std().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_changes_no_span_within_one_start_of_the_machine() {
        let at = |seconds: i64, boot: Option<(u64, u64)>| Moment {
            utc: DateTime::UNIX_EPOCH + chrono::Duration::seconds(seconds),
            boot: boot.map(|(boot, ms)| BootTime { boot, ms }),
        };
        let began = at(10_000, Some((1, 5_000)));
        assert_eq!(at(10_002, Some((1, 7_000))).since(began), Duration::from_secs(2));
        assert_eq!(at(10_002 - 10_800, Some((1, 7_000))).since(began), Duration::from_secs(2), "set back");
        assert_eq!(at(10_002 + 10_800, Some((1, 7_000))).since(began), Duration::from_secs(2), "set forward");
        assert_eq!(at(10_060, Some((2, 1_000))).since(began), Duration::from_mins(1), "started again");
        assert_eq!(at(9_000, Some((2, 1_000))).since(began), Duration::ZERO, "in the future");
        assert_eq!(at(10_030, None).since(began), Duration::from_secs(30));
    }
}
