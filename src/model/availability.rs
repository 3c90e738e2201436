//! Availability of one check, weighted by time.
//!
//! A reading holds until the next one, and no longer than two intervals; what is not known, and maintenance, leaves
//! the denominator. Beside the figure stands its coverage: how much of the window is known at all.

use std::collections::VecDeque;
use std::ops::AddAssign;
use std::time::Duration;

use super::reading::Sign;
use super::rollup::Bucket;
use super::status::Status;
use crate::lang::time::{Stamp, millis};

/// Minutes that are kept: thirty days and the open one.
const MINUTES: u32 = 30 * 24 * 60;
/// How far back it is known.
pub(crate) const KEPT: Duration = Duration::from_mins(MINUTES as u64);
/// Minutes that are joined at the most.
const RUN: u32 = 24 * 60;
const MINUTE_MS: u64 = 60_000;
/// Below this coverage a figure is marked.
const ENOUGH: f64 = 0.95;

/// Milliseconds by what was known of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_field_names, reason = "the unit belongs into the name")]
pub(crate) struct Tally {
    /// It answered well; includes `degraded`.
    pub up_ms: u64,
    /// It answered, degraded.
    pub degraded_ms: u64,
    /// It did not answer as it should.
    pub down_ms: u64,
    /// Up during maintenance.
    pub maintenance_up_ms: u64,
    /// Down during maintenance.
    pub maintenance_down_ms: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.add(other, 1);
    }
}

impl Tally {
    /// The time of which anything is known, in maintenance or not.
    pub(crate) const fn known_ms(&self) -> u64 {
        self.up_ms + self.down_ms + self.maintenance_up_ms + self.maintenance_down_ms
    }

    fn add(&mut self, other: Self, times: u64) {
        self.up_ms += other.up_ms * times;
        self.degraded_ms += other.degraded_ms * times;
        self.down_ms += other.down_ms * times;
        self.maintenance_up_ms += other.maintenance_up_ms * times;
        self.maintenance_down_ms += other.maintenance_down_ms * times;
    }
}

/// Availability over a window.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Window {
    /// What was known.
    pub tally: Tally,
    /// How long the window really is: since the check is known at the most.
    pub elapsed_ms: u64,
}

impl Window {
    /// Up time of the known time outside maintenance, 0 to 1; `None` where nothing is known.
    pub(crate) fn availability(&self) -> Option<f64> {
        ratio(self.tally.up_ms, self.tally.up_ms + self.tally.down_ms)
    }

    /// Known time of the time outside maintenance, 0 to 1; `None` where no time passed.
    pub(crate) fn coverage(&self) -> Option<f64> {
        let maintenance = self.tally.maintenance_up_ms + self.tally.maintenance_down_ms;
        ratio(self.tally.up_ms + self.tally.down_ms, self.elapsed_ms.saturating_sub(maintenance))
            .map(|known| known.min(1.0))
    }

    /// Whether so little is known that the figure must be marked.
    pub(crate) fn is_thin(&self) -> bool {
        self.coverage().is_none_or(|coverage| coverage < ENOUGH)
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// What is being counted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    from_ms: u64,
    sign: Sign,
    maintenance: bool,
}

/// Minutes in a row that are equal: a check that is always up is one of these.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: u32,
    count: u32,
    tally: Minute,
}

/// A [`Tally`] of one minute, small: a check that changes all the time keeps 43,200 of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Minute([u16; 5]);

impl From<Tally> for Minute {
    fn from(tally: Tally) -> Self {
        let parts = [tally.up_ms, tally.degraded_ms, tally.down_ms, tally.maintenance_up_ms, tally.maintenance_down_ms];
        Self(parts.map(|ms| ms.min(MINUTE_MS) as u16))
    }
}

impl From<Minute> for Tally {
    fn from(Minute(parts): Minute) -> Self {
        let [up_ms, degraded_ms, down_ms, maintenance_up_ms, maintenance_down_ms] = parts.map(u64::from);
        Self { up_ms, degraded_ms, down_ms, maintenance_up_ms, maintenance_down_ms }
    }
}

/// The counter of one check. Bounded: thirty days of minutes, equal ones in a row kept as one.
#[derive(Debug, Clone)]
pub(crate) struct Availability {
    /// Two intervals: as long as a reading speaks for itself.
    hold_ms: u64,
    known_from_ms: u64,
    open: Option<Open>,
    runs: VecDeque<Run>,
}

impl Availability {
    /// Counts from now. `every` is the interval of the check.
    pub(crate) fn new(every: Duration, now: Stamp) -> Self {
        Self { hold_ms: millis(every * 2), known_from_ms: millis(now.mono), open: None, runs: VecDeque::new() }
    }

    /// Takes a reading. `maintenance` is whether a maintenance window is open.
    pub(crate) fn observe(&mut self, sign: Sign, at: Stamp, maintenance: bool) {
        self.close(millis(at.mono));
        if sign != Sign::Unknown {
            self.open = Some(Open { from_ms: millis(at.mono), sign, maintenance });
        }
    }

    /// Nothing is known from `at` on.
    pub(crate) fn lose_sight(&mut self, at: Stamp) {
        self.close(millis(at.mono));
    }

    /// A new interval after a reload; what was counted stays.
    pub(crate) fn set_every(&mut self, every: Duration) {
        self.hold_ms = millis(every * 2);
    }

    /// Puts what is stored before what was seen here: `spans` in their order, each with the minute of the monotonic clock
    /// at which it begins and how many minutes it lasts, all of them before the first reading here. What was known of a
    /// span is spread evenly over its minutes. `planned` says which share of a span lay in maintenance.
    pub(crate) fn restore<'a>(
        &mut self,
        spans: impl DoubleEndedIterator<Item = (u32, u32, &'a Bucket)>,
        planned: impl Fn(u32, u32) -> f64,
    ) {
        for (first, count, bucket) in spans.rev() {
            if let Some(run) = self.runs.front()
                && first + count > run.first
            {
                continue;
            }
            let tally = Minute::from(per_minute(bucket, count, planned(first, count)));
            self.known_from_ms = self.known_from_ms.min(u64::from(first) * MINUTE_MS);
            match self.runs.front_mut() {
                Some(run) if run.first == first + count && run.tally == tally && run.count < RUN => {
                    (run.first, run.count) = (first, run.count + count);
                }
                _ => self.runs.push_front(Run { first, count, tally }),
            }
        }
    }

    /// The last `window`, which begins on a whole minute, up to now.
    pub(crate) fn window(&self, window: Duration, now: Stamp) -> Window {
        let now_ms = millis(now.mono);
        let kept = ((now_ms / MINUTE_MS) as u32).saturating_sub(MINUTES);
        let first = ((now_ms.saturating_sub(millis(window)) / MINUTE_MS) as u32).max(kept);
        let mut tally = self.sum(first, u32::MAX);
        if let Some(open) = self.open {
            let (from, to) = (open.from_ms.max(u64::from(first) * MINUTE_MS), self.end_of(open, now_ms));
            tally += kind(open, to.saturating_sub(from));
        }
        let begin = (u64::from(first) * MINUTE_MS).max(self.known_from_ms);
        Window { tally, elapsed_ms: now_ms.saturating_sub(begin) }
    }

    /// Sum over the minutes `first..end`, without what is still open.
    fn sum(&self, first: u32, end: u32) -> Tally {
        let mut tally = Tally::default();
        for run in self.runs.iter().rev().take_while(|run| run.first + run.count > first) {
            let from = run.first.max(first);
            let to = (run.first + run.count).min(end);
            tally.add(run.tally.into(), u64::from(to.saturating_sub(from)));
        }
        tally
    }

    fn end_of(&self, open: Open, upto_ms: u64) -> u64 {
        upto_ms.min(open.from_ms + self.hold_ms)
    }

    /// Counts what is open, up to `upto_ms`.
    fn close(&mut self, upto_ms: u64) {
        let Some(open) = self.open.take() else { return };
        let (mut from, end) = (open.from_ms, self.end_of(open, upto_ms));
        while from < end {
            let minute = from / MINUTE_MS;
            let to = end.min((minute + 1) * MINUTE_MS);
            self.count(minute as u32, kind(open, to - from));
            from = to;
        }
    }

    fn count(&mut self, minute: u32, tally: Tally) {
        match self.runs.back_mut() {
            Some(last) if last.first + last.count == minute + 1 => {
                // The open minute always is a run of its own.
                let mut sum = Tally::from(last.tally);
                sum += tally;
                last.tally = sum.into();
            }
            _ => {
                self.join_last();
                self.runs.push_back(Run { first: minute, count: 1, tally: tally.into() });
                while self.runs.front().is_some_and(|run| run.first + run.count + MINUTES <= minute) {
                    self.runs.pop_front();
                }
            }
        }
    }

    /// Joins the minute that is over with the run before it, where they are equal.
    fn join_last(&mut self) {
        let [.., before, last] = self.runs.make_contiguous() else { return };
        // Runs are dropped whole, so none may grow much beyond a day.
        if before.first + before.count == last.first && before.tally == last.tally && before.count < RUN {
            before.count += last.count;
            self.runs.pop_back();
        }
    }
}

/// What is known of each of so many minutes that are stored together, of which a share lay in maintenance.
fn per_minute(bucket: &Bucket, minutes: u32, share: f64) -> Tally {
    let minutes = u64::from(minutes.max(1));
    let each = |ms: u64| (ms + minutes / 2) / minutes;
    let down = bucket.failed_ms().min(bucket.known_ms());
    let up = bucket.known_ms() - down;
    let (planned, planned_down) = bucket.in_maintenance(share);
    let planned_up = planned - planned_down;
    let degraded = bucket.standing_ms(Status::Degraded).min(up);
    let planned_degraded = (degraded * planned_up).checked_div(up).unwrap_or(0);
    Tally {
        up_ms: each(up - planned_up),
        degraded_ms: each(degraded - planned_degraded),
        down_ms: each(down - planned_down),
        maintenance_up_ms: each(planned_up),
        maintenance_down_ms: each(planned_down),
    }
}

fn kind(open: Open, ms: u64) -> Tally {
    let mut tally = Tally::default();
    match (open.sign, open.maintenance) {
        (Sign::Unknown, _) => {}
        (Sign::Bad, false) => tally.down_ms = ms,
        (Sign::Bad, true) => tally.maintenance_down_ms = ms,
        (Sign::Degraded, false) => (tally.up_ms, tally.degraded_ms) = (ms, ms),
        (Sign::Good | Sign::Cold, false) => tally.up_ms = ms,
        (Sign::Good | Sign::Cold | Sign::Degraded, true) => tally.maintenance_up_ms = ms,
    }
    tally
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn at(ms: u64) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_millis(ms))
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn counted(readings: &[(u64, Sign)]) -> Availability {
        let mut availability = Availability::new(secs(15), at(0));
        for (second, sign) in readings {
            availability.observe(*sign, at(second * 1_000), false);
        }
        availability
    }

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn a_reading_holds_until_the_next_and_at_most_two_intervals() {
        let window = counted(&[(0, Sign::Good), (15, Sign::Bad), (20, Sign::Good)]).window(HOUR, at(100_000));
        assert_eq!((window.tally.up_ms, window.tally.down_ms, window.elapsed_ms), (45_000, 5_000, 100_000));
        assert_eq!((window.availability(), window.coverage(), window.is_thin()), (Some(0.9), Some(0.5), true));
    }

    #[test]
    fn the_open_reading_counts_up_to_now() {
        let counted = counted(&[(0, Sign::Good), (15, Sign::Bad)]);
        assert_eq!(counted.window(HOUR, at(20_000)).availability(), Some(0.75));
        assert_eq!(counted.window(HOUR, at(20_000)).availability(), Some(0.75));
    }

    #[test]
    fn unknown_changes_coverage_and_not_availability() {
        let mut known = counted(&[(0, Sign::Good), (15, Sign::Unknown), (60, Sign::Bad)]);
        known.lose_sight(at(75_000));
        let window = known.window(HOUR, at(120_000));
        assert_eq!((window.availability(), window.coverage()), (Some(0.5), Some(0.25)));
        let nothing = Availability::new(secs(15), at(0)).window(HOUR, at(50_000));
        assert_eq!((nothing.availability(), nothing.coverage(), nothing.is_thin()), (None, Some(0.0), true));
    }

    #[test]
    fn degraded_and_cold_are_up() {
        let window = counted(&[(0, Sign::Degraded), (15, Sign::Cold)]).window(HOUR, at(30_000));
        assert_eq!((window.availability(), window.tally.degraded_ms), (Some(1.0), 15_000));
    }

    #[test]
    fn maintenance_leaves_the_denominator_and_is_shown_raw() {
        let mut availability = Availability::new(secs(15), at(0));
        for (second, sign, maintenance) in
            [(0, Sign::Good, false), (15, Sign::Bad, true), (30, Sign::Good, true), (45, Sign::Good, false)]
        {
            availability.observe(sign, at(second * 1_000), maintenance);
        }
        let window = availability.window(HOUR, at(60_000));
        assert_eq!((window.availability(), window.coverage()), (Some(1.0), Some(1.0)));
        assert_eq!((window.tally.maintenance_up_ms, window.tally.maintenance_down_ms), (15_000, 15_000));
    }

    #[test]
    fn a_month_is_kept_and_equal_minutes_are_one() {
        let mut availability = Availability::new(Duration::from_mins(1), at(0));
        for minute in 0..40 * 24 * 60 {
            availability.observe(Sign::Good, at(minute * MINUTE_MS), false);
        }
        let now = at(40 * 24 * 60 * MINUTE_MS);
        assert!(availability.runs.len() < 40, "{}", availability.runs.len());
        let window = availability.window(Duration::from_hours(24 * 365), now);
        assert_eq!((window.availability(), window.coverage()), (Some(1.0), Some(1.0)));
        assert_eq!(window.elapsed_ms, u64::from(MINUTES) * MINUTE_MS);
    }

    proptest! {
        #[test]
        fn windows_add_up_and_match_a_plain_sum(
            steps in proptest::collection::vec((1..40_000_u64, 0..4_u8, any::<bool>()), 1..120), cut in 0..100_u32, tail in 0..200_000_u64,
        ) {
            let mut availability = Availability::new(secs(15), at(0));
            let (mut now, mut readings) = (0, vec![]);
            for (step, kind, maintenance) in steps {
                now += step;
                let sign = [Sign::Good, Sign::Degraded, Sign::Bad, Sign::Unknown][usize::from(kind)];
                availability.observe(sign, at(now), maintenance);
                readings.push((now, sign, maintenance));
            }
            let end = now + tail;
            let mut plain = Tally::default();
            for (index, (from_ms, sign, maintenance)) in readings.iter().copied().enumerate() {
                let until = readings.get(index + 1).map_or(end, |next| next.0).min(from_ms + 30_000);
                plain += kind(Open { from_ms, sign, maintenance }, until - from_ms);
            }
            prop_assert_eq!(availability.window(Duration::from_hours(10_000), at(end)).tally, plain);
            availability.lose_sight(at(end));
            let mut parts = availability.sum(0, cut);
            parts += availability.sum(cut, u32::MAX);
            prop_assert_eq!(parts, plain);
            let coverage = availability.window(HOUR, at(end)).coverage();
            prop_assert!(coverage.is_none_or(|coverage| (0.0..=1.0).contains(&coverage)));
        }
    }
}
