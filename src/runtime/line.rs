//! What is on its way to the terminal, and whether more may follow.
//!
//! A write that returns says little: a pseudo-terminal takes 64 kB, and an `ssh` behind it megabytes, before anything
//! blocks. On a line of a few kilobytes a second that is a minute in which no key is answered. So a frame ends in a
//! question that every terminal answers (`CSI 5 n`, since the VT100): once the answer is there, so is the frame. Until then
//! nothing but the answer to a key follows it, and what changes meanwhile is drawn once, as it is by then.
//!
//! A terminal that never answers is believed to be as fast as its writes.

use std::collections::VecDeque;
use std::time::Duration;

/// Asks the terminal whether it is well. The answer, `CSI 0 n`, is none of a key's.
pub(crate) const QUESTION: &[u8] = b"\x1b[5n";

/// What leaves within this time delays no key that a person would notice.
const UNNOTICED: f64 = 0.1;
/// A fast line is asked once for so many bytes.
const UNASKED: usize = 4 << 10;
/// A frame of so few bytes takes no time of its own: its answer comes as fast as any can.
const SMALL: usize = 128;
/// Frames on their way beyond which a key waits for an answer too.
const MOST_FRAMES: usize = 2;
/// While it is not known whether the terminal answers, frames of data follow each other so slowly,
const FIRST_PACE: Duration = Duration::from_millis(250);
/// and no more bytes are on their way than this,
const FIRST_BYTES: usize = 8 << 10;
/// until after so long it is taken for one that does not.
const MUTE_AFTER: Duration = Duration::from_secs(3);
/// Seconds a byte of a line whose speed is not known yet: 9,600 baud, so that no answer is given up too soon.
const SLOWEST: f64 = 1.0 / 960.0;
/// An answer is given up after four times what it should take, within these.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// So long is waited for answers before the terminal is given back, or they would be typed into the shell.
const FAREWELL: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));
/// The longest pause after a frame.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// A write that takes longer has waited for the line.
const BLOCKED: Duration = Duration::from_millis(40);

/// Whether the terminal answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Voice {
    #[default]
    Unknown,
    Answers,
    Mute,
}

/// Bytes that end in a question.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: Duration,
    bytes: usize,
    /// Nothing else was on its way.
    alone: bool,
}

/// The line to the terminal. All times are on the monotonic clock since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct TerminalLink {
    voice: Voice,
    flight: VecDeque<Sent>,
    /// Bytes since the last question.
    unasked: usize,
    first: Option<Duration>,
    last_sent: Duration,
    /// A frame that the system has not taken yet.
    untaken: Option<Duration>,
    last_answer: Duration,
    /// What an answer takes where nothing is before it.
    turn: Option<Duration>,
    /// Seconds a byte.
    pace: Option<f64>,
    /// Data rests until then: as long as the last frame took to leave, so that a key finds the line free every other time.
    rest: Duration,
}

impl TerminalLink {
    /// Whether a frame of so many bytes is to end in a question.
    pub(crate) fn asks(&self, bytes: usize) -> bool {
        match self.voice {
            Voice::Mute => false,
            Voice::Unknown => true,
            Voice::Answers => self.unasked + bytes > self.unnoticed().min(UNASKED),
        }
    }

    /// So many bytes were handed over, with a question at their end or without.
    pub(crate) fn sent(&mut self, now: Duration, bytes: usize, asked: bool) {
        self.last_sent = now;
        self.untaken = Some(now);
        self.unasked += bytes;
        if asked {
            self.first.get_or_insert(now);
            let bytes = std::mem::take(&mut self.unasked);
            self.flight.push_back(Sent { at: now, bytes, alone: self.flight.is_empty() });
        }
    }

    /// The system has taken the bytes. Where nothing answers, that is all there is to measure.
    pub(crate) fn written(&mut self, now: Duration) {
        let took = self.untaken.take().map_or(Duration::ZERO, |sent| now.saturating_sub(sent));
        if self.voice == Voice::Mute && took > BLOCKED {
            self.rest = now + took.min(LONGEST_REST);
        }
    }

    /// The terminal has answered a question. What it was not asked, or was given up, changes nothing.
    pub(crate) fn answered(&mut self, now: Duration) {
        self.voice = Voice::Answers;
        let Some(sent) = self.flight.pop_front() else { return };
        let took = now.saturating_sub(sent.at);
        self.turn = Some(match self.turn {
            // The way may have become longer.
            Some(turn) if sent.alone && sent.bytes <= SMALL => turn.min(took).max((turn * 7 + took) / 8),
            Some(turn) => turn.min(took),
            None => took,
        });
        let begun = (sent.at + self.turn.unwrap_or_default()).max(self.last_answer);
        let leaving = now.saturating_sub(begun);
        self.last_answer = now;
        if sent.bytes > SMALL {
            let pace = leaving.as_secs_f64().max(0.001) / sent.bytes as f64;
            self.pace = Some(self.pace.map_or(pace, |before| f64::midpoint(before, pace)));
        }
        self.rest = now + leaving.min(LONGEST_REST);
    }

    /// Notes what has not been answered for too long.
    pub(crate) fn settle(&mut self, now: Duration) {
        match self.voice {
            Voice::Unknown if self.first.is_some_and(|first| now >= first + MUTE_AFTER) => {
                self.voice = Voice::Mute;
                self.flight.clear();
            }
            Voice::Answers if self.given_up().is_some_and(|until| now >= until) => self.flight.clear(),
            _ => {}
        }
    }

    /// From when on a frame may follow, if nothing is heard until then. `urgent` is the answer to a key: it waits for one
    /// frame at the most.
    pub(crate) fn free_at(&self, urgent: bool) -> Duration {
        let rest = if urgent { Duration::ZERO } else { self.rest };
        if self.flight.is_empty() {
            return rest;
        }
        let bytes = self.bytes();
        match self.voice {
            Voice::Mute => rest,
            Voice::Unknown if urgent => Duration::ZERO,
            Voice::Unknown if bytes <= FIRST_BYTES => self.last_sent + FIRST_PACE,
            Voice::Unknown => self.first.unwrap_or_default() + MUTE_AFTER,
            Voice::Answers if bytes <= self.unnoticed() || (urgent && self.flight.len() < MOST_FRAMES) => rest,
            Voice::Answers => self.given_up().unwrap_or_default(),
        }
    }

    /// Answers that are still to come.
    pub(crate) fn owed(&self) -> usize {
        self.flight.len()
    }

    /// How long those are worth waiting for before the terminal is somebody else's.
    pub(crate) fn farewell(&self) -> Duration {
        match self.voice {
            Voice::Answers => (self.expected() * 2).clamp(FAREWELL.0, FAREWELL.1),
            Voice::Unknown | Voice::Mute => FAREWELL.0,
        }
    }

    /// The terminal was somebody else's: what it was asked before is answered or never will be.
    pub(crate) fn forget(&mut self) {
        self.flight.clear();
        self.unasked = 0;
        self.rest = Duration::ZERO;
    }

    fn bytes(&self) -> usize {
        self.flight.iter().map(|sent| sent.bytes).sum()
    }

    /// Bytes that leave without being noticed.
    fn unnoticed(&self) -> usize {
        self.pace.map_or(0, |pace| (UNNOTICED / pace) as usize)
    }

    /// What it should take until all is answered.
    fn expected(&self) -> Duration {
        let leaving = Duration::from_secs_f64(self.bytes() as f64 * self.pace.unwrap_or(SLOWEST));
        self.turn.unwrap_or_default() + leaving
    }

    /// When the oldest question is given up.
    fn given_up(&self) -> Option<Duration> {
        let patience = (self.expected() * 4).clamp(PATIENCE.0, PATIENCE.1);
        self.flight.front().map(|sent| sent.at + patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A line that has answered its first question after `turn`, and a frame of 1,000 bytes after `took` more.
    fn known(turn: u64, took: u64) -> (TerminalLink, u64) {
        let mut line = TerminalLink::default();
        line.sent(ms(0), 60, true);
        line.sent(ms(0), 1_000, true);
        line.answered(ms(turn));
        line.answered(ms(turn + took));
        (line, turn + took)
    }

    #[test]
    fn data_waits_for_the_answer_and_then_as_long_as_the_frame_took() {
        let (mut line, now) = known(600, 1_000);
        assert_eq!(line.free_at(false), ms(now + 1_000));
        assert_eq!(line.free_at(true), ms(0), "a key finds the line free");
        line.sent(ms(10_000), 2_000, true);
        assert!(line.free_at(false) > ms(12_600), "not before the answer");
        line.answered(ms(12_600));
        assert_eq!(line.free_at(false), ms(14_600));
    }

    #[test]
    fn a_key_goes_behind_one_frame_and_no_further() {
        let (mut line, _) = known(600, 1_000);
        line.sent(ms(10_000), 2_000, true);
        assert_eq!(line.free_at(true), ms(0), "behind one frame");
        line.sent(ms(10_100), 500, true);
        assert!(line.free_at(true) > ms(12_600), "a second key waits for the first frame");
        line.answered(ms(12_600));
        assert_eq!(line.free_at(true), ms(0));
    }

    #[test]
    fn a_long_line_that_is_fast_carries_many_frames_and_is_rarely_asked() {
        let (mut line, _) = known(300, 2);
        assert!(!line.asks(500), "it is fast");
        line.sent(ms(1_000), 5_000, true);
        for at in 0..20 {
            assert!(line.free_at(true) < ms(1_000) && line.free_at(false) < ms(1_000));
            line.sent(ms(1_001 + at), 500, line.asks(500));
        }
        assert!(line.owed() < 5);
    }

    #[test]
    fn a_slow_line_is_asked_for_every_frame_that_can_be_noticed() {
        let (mut line, _) = known(600, 1_000);
        assert!(line.asks(300));
        assert!(!line.asks(40), "a clock");
        line.sent(ms(5_000), 40, false);
        assert!(!line.asks(40));
        line.sent(ms(5_000), 40, false);
        assert!(line.asks(40), "but not for ever");
    }

    #[test]
    fn a_terminal_that_does_not_answer_is_as_fast_as_its_writes() {
        let mut line = TerminalLink::default();
        line.sent(ms(0), 1_000, true);
        line.settle(ms(2_999));
        assert_eq!((line.free_at(true), line.free_at(false)), (ms(0), ms(250)));
        line.sent(ms(250), 9_000, true);
        assert_eq!((line.free_at(true), line.free_at(false)), (ms(0), ms(3_000)));
        line.settle(ms(3_000));
        assert_eq!((line.free_at(false), line.asks(9_000), line.owed()), (ms(0), false, 0));
        line.sent(ms(4_000), 1_000, false);
        line.written(ms(4_500));
        assert_eq!((line.free_at(true), line.free_at(false)), (ms(0), ms(5_000)));
        line.answered(ms(9_000));
        assert!(line.asks(1_000), "one that answers late answers");
    }

    #[test]
    fn an_answer_that_is_lost_is_given_up() {
        let (mut line, _) = known(10, 1);
        line.sent(ms(5_000), 500_000, true);
        let until = line.free_at(false);
        assert!(until > ms(6_000) && until < ms(35_001), "{until:?}");
        line.settle(until);
        assert_eq!(line.owed(), 0);
        line.answered(ms(50_000));
        assert_eq!(line.owed(), 0, "a late answer does no harm");
    }

    #[test]
    fn a_way_that_became_longer_is_believed_after_some_small_frames() {
        let (mut line, _) = known(20, 10);
        for at in 1..60 {
            line.sent(ms(at * 1_000), 50, true);
            line.answered(ms(at * 1_000 + 300));
        }
        line.sent(ms(100_000), 1_000, true);
        line.answered(ms(100_310));
        assert!(line.free_at(false) < ms(100_340), "{:?}", line.free_at(false));
    }
}
