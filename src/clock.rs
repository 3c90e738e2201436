//! The one place that reads the clocks. Everything else gets a [`Stamp`] or a [`Moment`] as data.

use std::io::Read as _;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::lang::time::{BootTime, Moment, Stamp};

/// The process clock: a monotonic origin, the machine's clock, and the wall clock beside them. Copies share the origin.
/// The monotonic clock is tokio's, so that a test that pauses the time pauses this one.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
    /// The machine's clock at the origin.
    boot: Option<BootTime>,
    /// The wall clock at the origin, where it goes with the monotonic one instead of the machine's.
    wall: Option<DateTime<Utc>>,
    /// By how much the wall clock was set.
    set_by: TimeDelta,
}

impl Clock {
    /// Starts counting.
    pub fn start() -> Self {
        let boot = boot_id().zip(uptime()).map(|(boot, ms)| BootTime { boot, ms });
        Self { origin: Instant::now(), boot, wall: None, set_by: TimeDelta::zero() }
    }

    /// A clock that starts counting now, at this time of the wall clock, which goes with the monotonic one from then on:
    /// for tests that pause the time.
    pub fn start_at(wall: DateTime<Utc>) -> Self {
        Self { origin: Instant::now(), boot: None, wall: Some(wall), set_by: TimeDelta::zero() }
    }

    /// The same clock after somebody has set the wall clock by so much, for tests.
    #[must_use]
    pub fn set_by(self, by: TimeDelta) -> Self {
        Self { set_by: self.set_by + by, ..self }
    }

    /// The same clock on a machine that was started again, for tests.
    #[must_use]
    pub fn rebooted(self) -> Self {
        Self { boot: self.boot.map(|boot| BootTime { boot: boot.boot.wrapping_add(1), ..boot }), ..self }
    }

    /// This moment.
    #[expect(clippy::disallowed_methods, reason = "this is the room that owns the clock")]
    pub fn now(self) -> Stamp {
        let mono = self.origin.elapsed();
        let utc = self.wall.map_or_else(Utc::now, |wall| wall + mono);
        Stamp { mono, utc: utc + self.set_by }
    }

    /// This moment as another process understands it.
    pub fn moment(self) -> Moment {
        let boot = self.boot.zip(uptime()).map(|(origin, ms)| BootTime { ms, ..origin });
        Moment { utc: self.now().utc, boot }
    }

    /// The machine's clock when this one was started.
    pub(crate) fn origin(self) -> Option<BootTime> {
        self.boot
    }

    /// The moment of `stamp` as a timer wants it.
    pub(crate) fn instant(self, stamp: Stamp) -> Instant {
        self.origin + stamp.mono
    }
}

/// Which start of the machine this is; its first 64 bits tell enough apart.
fn boot_id() -> Option<u64> {
    let digits: String = read("/proc/sys/kernel/random/boot_id")?.chars().filter(char::is_ascii_hexdigit).collect();
    u64::from_str_radix(digits.get(..16)?, 16).ok()
}

/// Milliseconds since the machine was started, sleep included, in steps of ten.
fn uptime() -> Option<u64> {
    let text = read("/proc/uptime")?;
    let (seconds, hundredths) = text.split_whitespace().next()?.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 1000 + hundredths.parse::<u64>().ok()? * 10)
}

fn read(path: &str) -> Option<String> {
    let mut text = String::new();
    std::fs::OpenOptions::new().read(true).open(path).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}
