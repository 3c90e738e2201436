//! The sliding accumulator of one objective.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::excluded::Excluded;
use super::figures::{BURN_WINDOWS, SloFigures};
use super::sliding::Sliding;
use super::tally::SloTally;
use crate::lang::time::{Stamp, millis};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// What the latest reading says, until the next one.
#[derive(Debug, Clone, Copy)]
struct Standing {
    good: bool,
    until_ms: u64,
}

/// Adds up what readings say of one objective: minutes for the burn rates, hours for its window. Windows begin on a
/// whole minute, or hour, of the monotonic clock. A reading, a tick and a look at the figures cost the same however long
/// the window is.
///
/// Time is counted when the next thing is known, so that what turns out to be a gap can be taken back until then.
#[derive(Debug, Clone)]
pub(crate) struct SloMeter {
    objective: f64,
    window: Duration,
    /// How long a reading speaks for itself: two intervals.
    hold_ms: u64,
    /// Since when anything is known.
    known_from_ms: u64,
    /// Up to here all is counted.
    counted_ms: u64,
    standing: Option<Standing>,
    is_maintenance: bool,
    in_a_row: u64,
    minutes: Sliding,
    hours: Sliding,
    /// Minutes of hours that are older than those of which all minutes are kept, and within which something begins or ends not
    /// to count: by their number.
    apart: BTreeMap<u32, SloTally>,
    /// `None`: all counts.
    excluded: Option<Box<Excluded>>,
}

impl SloMeter {
    /// An empty one. `objective` is above 0 and below 1, `every` the interval of what is measured.
    pub(crate) fn new(objective: f64, window: Duration, every: Duration, now: Stamp) -> Self {
        let now_ms = millis(now.mono);
        let spans = BURN_WINDOWS.iter().map(|(_, span)| (span.as_secs() / 60) as u32);
        let whole = [(window.as_secs() / 3_600) as u32];
        Self {
            objective,
            window,
            hold_ms: millis(every * 2),
            known_from_ms: now_ms,
            counted_ms: now_ms,
            standing: None,
            is_maintenance: false,
            in_a_row: 0,
            minutes: Sliding::new(spans, minute(now_ms)),
            hours: Sliding::new(whole, hour(now_ms)),
            apart: BTreeMap::new(),
            excluded: None,
        }
    }

    /// Whether it measures the same, so that it can go on after a reload.
    pub(crate) fn measures(&self, objective: f64, window: Duration) -> bool {
        self.objective.to_bits() == objective.to_bits() && self.window == window
    }

    /// Takes a reading: good, bad, or `None` where it says nothing.
    pub(crate) fn observe(&mut self, good: Option<bool>, at: Stamp) {
        let at_ms = millis(at.mono);
        self.settle(at_ms);
        self.standing = good.map(|good| Standing { good, until_ms: at_ms + self.hold_ms });
        match good {
            Some(false) if !self.is_maintenance => {
                self.in_a_row += u64::from(!self.excludes(at_ms));
                self.add(at_ms..at_ms, SloTally { bad_events: 1, ..SloTally::default() });
            }
            Some(true) => self.in_a_row = 0,
            _ => {}
        }
    }

    /// Nothing is known from `at` on.
    pub(crate) fn lose_sight(&mut self, at: Stamp) {
        self.settle(millis(at.mono));
        self.standing = None;
    }

    /// A maintenance window begins or ends.
    pub(crate) fn set_maintenance(&mut self, is_maintenance: bool, at: Stamp) {
        self.settle(millis(at.mono));
        self.is_maintenance = is_maintenance;
    }

    /// These spans of the monotonic clock, in milliseconds, do not count, and no others: what was known in them is set aside,
    /// and counts again once they are not given any more.
    pub(crate) fn exclude(&mut self, spans: Vec<Range<u64>>) {
        self.excluded = Excluded::new(spans, (&self.minutes, &self.hours), &self.apart, self.counted_ms);
    }

    /// What is stored of single minutes that are too old to be here one by one, by their number: by these the hours are divided
    /// within which something begins or ends not to count. Counted are those hours already.
    pub(crate) fn divide(&mut self, minutes: impl IntoIterator<Item = (u32, SloTally)>) {
        self.apart = minutes.into_iter().filter(|(minute, _)| self.is_old(*minute)).collect();
    }

    /// Whether one of these minutes lies in an hour of the window that can't be divided by what is here.
    pub(crate) fn lacks_minutes(&self, minutes: impl IntoIterator<Item = u32>) -> bool {
        let is_apart = |first: u32| self.apart.range(first..first + 60).next().is_some();
        let mut old = minutes.into_iter().filter(|minute| self.is_old(*minute) && self.hours.reaches(minute / 60));
        old.any(|minute| !is_apart(minute / 60 * 60))
    }

    /// Whether not all minutes of the hour of this one are kept.
    fn is_old(&self, minute: u32) -> bool {
        !self.minutes.reaches(minute / 60 * 60)
    }

    fn excludes(&self, at_ms: u64) -> bool {
        self.excluded.as_ref().is_some_and(|excluded| excluded.includes(at_ms))
    }

    /// What time counts as from this moment on, by the latest reading; `None`: it does not count, as in maintenance.
    pub(crate) fn counts_as(&self, now: Stamp) -> Option<bool> {
        let now_ms = millis(now.mono);
        let counts = !self.is_maintenance && !self.excludes(now_ms);
        let speaks = |standing: &Standing| counts && standing.until_ms > now_ms;
        self.standing.filter(speaks).map(|standing| standing.good)
    }

    /// Another interval after a reload; what was counted stays.
    pub(crate) fn set_every(&mut self, every: Duration) {
        self.hold_ms = millis(every * 2);
    }

    /// Puts what is stored before what was seen here: so many whole minutes from a minute of the monotonic clock on,
    /// whose sum is spread evenly over them. Each minute once only, and none of those that were counted here.
    pub(crate) fn restore(&mut self, first: u32, count: u32, sum: SloTally) {
        self.known_from_ms = self.known_from_ms.min(u64::from(first) * MINUTE_MS);
        if count == 1 && self.is_old(first) {
            self.apart.insert(first, sum);
        }
        let count = u64::from(count);
        for nth in 0..count {
            let part = |whole: u64| whole * (nth + 1) / count - whole * nth / count;
            let tally = SloTally {
                good_ms: part(sum.good_ms),
                bad_ms: part(sum.bad_ms),
                maintenance_good_ms: part(sum.maintenance_good_ms),
                maintenance_bad_ms: part(sum.maintenance_bad_ms),
                maintenance_ms: part(sum.maintenance_ms),
                bad_events: part(sum.bad_events),
            };
            let start = (u64::from(first) + nth) * MINUTE_MS;
            self.add(start..start + MINUTE_MS, tally);
        }
    }

    /// What is known now. Moves the windows on.
    pub(crate) fn figures(&mut self, now: Stamp) -> SloFigures {
        let now_ms = millis(now.mono).max(self.counted_ms);
        self.minutes.advance(minute(now_ms));
        self.hours.advance(hour(now_ms));
        if let Some(excluded) = &mut self.excluded {
            excluded.advance(minute(now_ms));
        }
        let mut spans = [SloTally::default(); BURN_WINDOWS.len()];
        for (at, (span, (_, length))) in spans.iter_mut().zip(BURN_WINDOWS).enumerate() {
            let begin = (u64::from(minute(now_ms)) * MINUTE_MS).saturating_sub(millis(length));
            let set_aside = self.excluded.as_ref().map(|excluded| excluded.of_minutes(at));
            *span = self.counting(self.minutes.sum(at), set_aside, begin..now_ms);
        }
        let begin = (u64::from(hour(now_ms)) * HOUR_MS).saturating_sub(millis(self.window));
        let known = begin.max(self.known_from_ms)..now_ms;
        let set_aside = self.excluded.as_ref().map(|excluded| excluded.of_hours());
        SloFigures {
            objective: self.objective,
            window: self.window,
            tally: self.counting(self.hours.sum(0), set_aside, begin..now_ms),
            elapsed_ms: now_ms.saturating_sub(known.start),
            excluded_ms: self.excluded.as_ref().map_or(0, |excluded| excluded.overlap(&known)),
            spans,
            in_a_row: self.in_a_row,
        }
    }

    /// What counts of a span up to now, by what is counted of it and what of that is set aside; what is not counted yet is
    /// added.
    fn counting(&self, counted: SloTally, set_aside: Option<SloTally>, span: Range<u64>) -> SloTally {
        let mut sum = counted;
        sum += self.uncounted(span.start, span.end);
        let (Some(excluded), Some(mut aside)) = (&self.excluded, set_aside) else { return sum };
        let from = self.counted_ms.max(span.start);
        if let Some(Standing { good, until_ms }) = self.standing {
            let known = excluded.overlap(&(from..until_ms.min(span.end)));
            aside += SloTally::known(good, self.is_maintenance, known);
        }
        if self.is_maintenance {
            aside.maintenance_ms += excluded.overlap(&(from..span.end));
        }
        let known = span.start.max(self.known_from_ms)..span.end;
        sum.without(aside, excluded.overlap(&known))
    }

    /// What is known since a moment, by whole minutes, for three days at most.
    pub(crate) fn since(&self, from: Duration, now: Stamp) -> SloTally {
        let from_ms = millis(from) / MINUTE_MS * MINUTE_MS;
        let set_aside = self.excluded.as_ref().map(|excluded| excluded.since(minute(from_ms)));
        self.counting(self.minutes.since(minute(from_ms)), set_aside, from_ms..millis(now.mono))
    }

    /// Counts up to a moment. An earlier one than was counted already changes nothing.
    fn settle(&mut self, upto_ms: u64) {
        if upto_ms <= self.counted_ms {
            return;
        }
        let mut from = self.counted_ms;
        // Without a reading and without maintenance there is nothing to count, however long that was.
        let end = if self.is_maintenance { upto_ms } else { self.known_until(upto_ms) };
        while from < end {
            let to = end.min((from / MINUTE_MS + 1) * MINUTE_MS);
            let tally = self.part(from, to);
            self.add(from..to, tally);
            from = to;
        }
        self.counted_ms = upto_ms;
        self.standing = self.standing.filter(|standing| standing.until_ms > upto_ms);
    }

    fn known_until(&self, upto_ms: u64) -> u64 {
        self.standing.map_or(self.counted_ms, |standing| standing.until_ms.min(upto_ms))
    }

    /// What is not counted yet of the time from `begin` on.
    fn uncounted(&self, begin: u64, now_ms: u64) -> SloTally {
        let from = self.counted_ms.max(begin);
        if from < now_ms { self.part(from, now_ms) } else { SloTally::default() }
    }

    /// What stands, said of a span of time.
    fn part(&self, from: u64, to: u64) -> SloTally {
        let mut tally = match self.standing {
            Some(Standing { good, until_ms }) => {
                SloTally::known(good, self.is_maintenance, until_ms.min(to).saturating_sub(from))
            }
            None => SloTally::default(),
        };
        if self.is_maintenance {
            tally.maintenance_ms = to - from;
        }
        tally
    }

    /// Counts what is known of a span within one minute, or at one moment of it.
    fn add(&mut self, span: Range<u64>, tally: SloTally) {
        self.minutes.add(minute(span.start), tally);
        self.hours.add(hour(span.start), tally);
        if let Some(excluded) = &mut self.excluded {
            excluded.add(&span, tally);
        }
    }
}

fn minute(ms: u64) -> u32 {
    (ms / MINUTE_MS) as u32
}

fn hour(ms: u64) -> u32 {
    (ms / HOUR_MS) as u32
}
