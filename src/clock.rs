//! The one place that reads the clocks. Everything else gets a [`Stamp`] or a [`Moment`] as data.

use std::io::Read as _;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::lang::time::{BootTime, Moment, Stamp};

/// The process clock: a monotonic origin, the machine's clock, and the wall clock beside them. Copies share the origin.
/// The monotonic clock is tokio's, so that a test that pauses the time pauses this one.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
    /// The origin on both clocks.
    started: Stamp,
    /// The machine's clock at the origin.
    boot: Option<BootTime>,
    /// The wall clock at the origin, where it goes with the monotonic one instead of the machine's.
    wall: Option<DateTime<Utc>>,
    /// By how much the wall clock was set.
    set_by: TimeDelta,
}

impl Clock {
    /// Starts counting.
    #[expect(clippy::disallowed_methods, reason = "this is the room that owns the clock")]
    pub fn start() -> Self {
        let boot = boot_id().zip(uptime()).map(|(boot, ms)| BootTime { boot, ms });
        Self { boot, wall: None, ..Self::start_at(Utc::now()) }
    }

    /// A clock that starts counting now, at this time of the wall clock, which goes with the monotonic one from then on:
    /// for tests that pause the time.
    pub fn start_at(wall: DateTime<Utc>) -> Self {
        // Whole milliseconds, as timers have them: a slot of the scheduler is then a moment of a timer.
        let mono = Duration::from_millis(u64::try_from(wall.timestamp_millis()).unwrap_or_default());
        let started = Stamp { mono, utc: wall };
        Self { origin: Instant::now(), started, boot: None, wall: Some(wall), set_by: TimeDelta::zero() }
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
        let elapsed = self.origin.elapsed();
        let utc = self.wall.map_or_else(Utc::now, |wall| wall + elapsed);
        Stamp { mono: self.started.mono + elapsed, utc: utc + self.set_by }
    }

    /// This moment as another process understands it.
    pub fn moment(self) -> Moment {
        let boot = self.boot.zip(uptime()).map(|(origin, ms)| BootTime { ms, ..origin });
        Moment { utc: self.now().utc, boot }
    }

    /// When this clock was started, and the machine's clock then.
    pub(crate) fn origin(self) -> Option<(Stamp, BootTime)> {
        self.boot.map(|boot| (self.started, boot))
    }

    /// Time since this clock was started.
    pub(crate) fn elapsed(self) -> Duration {
        self.origin.elapsed()
    }

    /// The moment of `stamp` as a timer wants it.
    pub(crate) fn instant(self, stamp: Stamp) -> Instant {
        self.origin + stamp.since(self.started)
    }

    /// Resolves at a moment of the monotonic clock; never without one. Owns what it needs, so that `select!` may.
    pub(crate) fn timer(self, at: Option<Duration>) -> impl Future<Output = ()> + use<> {
        let until = at.map(|mono| self.instant(Stamp { mono, ..self.started }));
        async move {
            match until {
                Some(until) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_begins_with_the_wall_clock_and_nobody_sets_it() {
        let wall = "2026-11-28T05:25:10.500Z".parse::<DateTime<Utc>>().unwrap();
        let clock = Clock::start_at(wall);
        assert_eq!(clock.now().mono.as_millis(), wall.timestamp_millis().unsigned_abs().into());
        tokio::time::advance(Duration::from_secs(90)).await;
        let now = clock.now();
        assert_eq!((now.mono, now.utc), (clock.started.mono + Duration::from_secs(90), wall + TimeDelta::seconds(90)));
        assert_eq!(clock.set_by(TimeDelta::hours(-3)).now().mono, now.mono);
        assert_eq!(clock.instant(now), Instant::now());
        assert_eq!(clock.elapsed(), Duration::from_secs(90));
    }
}
