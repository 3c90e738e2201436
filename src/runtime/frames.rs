//! When to draw: at once for a key, in company for data, never for nothing.

use std::time::Duration;

use crate::world::diagnostics::Meters;

/// How soon a change wants to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// One more reading among many: with the next frame that is drawn anyway, or after a short while.
    Deferred,
    /// Lines that flow by: a person can't read twenty screens of them a second.
    Streaming,
    /// Data that somebody is watching: output of a run, a changed state.
    Soon,
    /// The answer to a key.
    Immediate,
}

/// At most 20 frames a second for data.
const PACE: Duration = Duration::from_millis(50);
/// At most 10 where the link is slow.
const SLOW_PACE: Duration = Duration::from_millis(100);
/// At most 10 for lines that flow by, and fewer where frames are large: see [`FLOW_RATE`].
const FLOW_PACE: Duration = Duration::from_millis(100);
/// Bytes a second that flowing lines may cost, whatever the size of the terminal: what a slow link carries.
const FLOW_RATE: u64 = 50_000;
/// Frames that may follow each other at once after a pause: the first that shows no more than a title, that which says
/// "reading", and the one that is waited for.
const SPARE: f64 = 3.0;
/// Readings are gathered for so long: a dozen checks a second then cost four frames and not twelve.
const GATHER: Duration = Duration::from_millis(250);
/// A frame that needs longer than this to leave makes the link a slow one.
const SLOW_WRITE: Duration = Duration::from_millis(40);

/// The frame scheduler. All times are on the monotonic clock since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    due: Option<Duration>,
    asked_now: Option<Duration>,
    last: Option<Duration>,
    /// Frames that may still come without a pace: some are earned back while nothing is drawn.
    spare: f64,
    submitted: Option<Duration>,
    /// Bytes of the last frame.
    size: u64,
    slow: bool,
    minute: (u64, u64),
    meters: Meters,
}

impl Frames {
    /// Something shown has changed at `now`.
    pub(crate) fn ask(&mut self, urgency: Urgency, now: Duration) {
        let pace = if self.slow { SLOW_PACE } else { PACE };
        let earliest = self.after(pace).max(now);
        let at = match urgency {
            Urgency::Immediate => {
                self.asked_now.get_or_insert(now);
                now
            }
            Urgency::Streaming => self.after(self.flow_pace()).max(now),
            Urgency::Soon => earliest,
            Urgency::Deferred => earliest.max(now + GATHER),
        };
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// When a frame may follow at this pace; at once while some are spare.
    fn after(&self, pace: Duration) -> Duration {
        self.last.filter(|_| self.spare < 1.0).map_or(Duration::ZERO, |last| last + pace.mul_f64(1.0 - self.spare))
    }

    /// Frames that are alike in size leave at no more than [`FLOW_RATE`].
    fn flow_pace(&self) -> Duration {
        FLOW_PACE.max(Duration::from_micros(self.size * 1_000_000 / FLOW_RATE)).min(GATHER * 2)
    }

    /// When the next frame is to be drawn.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Whether a person waits for it.
    pub(crate) fn is_urgent(&self) -> bool {
        self.asked_now.is_some()
    }

    /// A frame was made at `now`, took `took` to draw and diff, and `bytes` were handed to the terminal.
    pub(crate) fn drawn(&mut self, now: Duration, took: Duration, bytes: usize) {
        self.due = None;
        let pause = self.last.replace(now).map_or(f64::INFINITY, |last| now.saturating_sub(last).as_secs_f64());
        self.spare = (self.spare + pause / self.flow_pace().as_secs_f64()).min(SPARE) - 1.0;
        self.spare = self.spare.max(0.0);
        self.size = bytes as u64;
        self.meters.frame_time = took;
        self.meters.frame_time_max = self.meters.frame_time_max.max(took);
        if let Some(asked) = self.asked_now.take() {
            self.meters.key_latency = now.saturating_sub(asked);
            self.meters.key_latency_max = self.meters.key_latency_max.max(self.meters.key_latency);
        }
        if bytes > 0 {
            self.submitted = Some(now);
            self.meters.frames += 1;
            self.meters.bytes_written += bytes as u64;
        }
        let minute = now.as_secs() / 60;
        if minute != self.minute.0 {
            self.meters.bytes_last_minute = if minute == self.minute.0 + 1 { self.minute.1 } else { 0 };
            self.minute = (minute, 0);
        }
        self.minute.1 += bytes as u64;
    }

    /// The terminal has taken the frame.
    pub(crate) fn written(&mut self, now: Duration) {
        if let Some(submitted) = self.submitted.take() {
            self.slow = now.saturating_sub(submitted) > SLOW_WRITE;
        }
    }

    /// What was measured.
    pub(crate) fn meters(&self) -> Meters {
        self.meters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_key_draws_at_once_and_data_at_most_twenty_times_a_second() {
        let mut frames = Frames::default();
        frames.ask(Urgency::Soon, ms(1000));
        assert_eq!(frames.due(), Some(ms(1000)), "after silence there is nothing to wait for");
        frames.drawn(ms(1000), ms(1), 10);
        for _ in 0..2 {
            frames.ask(Urgency::Soon, ms(1000));
            assert_eq!(frames.due(), Some(ms(1000)), "nor for what the first frames did not have yet");
            frames.drawn(ms(1000), ms(1), 10);
        }
        frames.ask(Urgency::Soon, ms(1001));
        frames.ask(Urgency::Deferred, ms(1002));
        assert_eq!(frames.due(), Some(ms(1050)));
        frames.ask(Urgency::Immediate, ms(1003));
        assert_eq!(frames.due(), Some(ms(1003)));
        frames.drawn(ms(1005), ms(1), 10);
        assert_eq!(frames.meters().key_latency, ms(2));
        assert_eq!(frames.due(), None, "nothing changed, nothing is drawn");
    }

    #[test]
    fn lines_flow_by_ten_times_a_second_and_no_faster_than_a_slow_link() {
        let mut frames = Frames::default();
        frames.ask(Urgency::Streaming, ms(1000));
        assert_eq!(frames.due(), Some(ms(1000)), "the first line after silence waits for nothing");
        for _ in 0..3 {
            frames.drawn(ms(1000), ms(1), 2_000);
        }
        frames.ask(Urgency::Streaming, ms(1001));
        assert_eq!(frames.due(), Some(ms(1100)));
        frames.drawn(ms(1100), ms(1), 10_000);
        frames.ask(Urgency::Streaming, ms(1101));
        assert_eq!(frames.due(), Some(ms(1300)), "10 kB at 50 kB/s");
        frames.ask(Urgency::Immediate, ms(1102));
        assert_eq!(frames.due(), Some(ms(1102)), "a key is not slowed down");
    }

    #[test]
    fn readings_are_gathered() {
        let mut frames = Frames::default();
        frames.ask(Urgency::Deferred, ms(1000));
        frames.ask(Urgency::Deferred, ms(1100));
        assert_eq!(frames.due(), Some(ms(1250)));
    }

    #[test]
    fn a_slow_link_gets_half_the_frames() {
        let mut frames = Frames::default();
        for _ in 0..3 {
            frames.drawn(ms(1000), ms(1), 10);
        }
        frames.written(ms(1070));
        frames.ask(Urgency::Soon, ms(1071));
        assert_eq!(frames.due(), Some(ms(1100)));
        frames.drawn(ms(1100), ms(1), 10);
        frames.written(ms(1101));
        frames.ask(Urgency::Soon, ms(1102));
        assert_eq!(frames.due(), Some(ms(1150)));
    }

    #[test]
    fn bytes_are_counted_by_the_minute() {
        let mut frames = Frames::default();
        frames.drawn(ms(59_000), ms(1), 100);
        frames.drawn(ms(60_000), ms(1), 7);
        assert_eq!(frames.meters().bytes_last_minute, 100);
        frames.drawn(ms(240_000), ms(1), 1);
        assert_eq!(frames.meters().bytes_last_minute, 0);
        assert_eq!(frames.meters().bytes_written, 108);
    }
}
