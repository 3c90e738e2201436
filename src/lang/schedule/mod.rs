//! When something happens again: windows (`Sun 02:00-04:00 UTC`) and moments (`weekly Mon 09:00`, a cron line).
//!
//! A written zone goes before the one that a caller gives. Windows are `[start, end)` in UTC. Where clocks are set
//! forward, what would begin in the hour that they skip begins at the change; where they are set back, what they show
//! twice is the first of both. So each day has exactly one occurrence.

mod cron;
mod days;
mod local;
mod parse;

use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

use self::cron::Cron;
use self::days::DayRule;
pub use self::local::LocalMoment;
use crate::lang::tz::Tz;

/// What is wrong in a written schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScheduleError {
    /// The character of the text, from 0, at which it is wrong.
    pub offset: usize,
    /// What is wrong, no full stop.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// A span of time, the start included, the end not. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// The first moment after it.
    pub end: DateTime<Utc>,
}

impl TimeWindow {
    /// Whether the moment lies in it.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.start <= at && at < self.end
    }
}

/// So many days are looked through for the next one that fits: a quarter has at most 92, and a day may be missing from
/// the calendar of a zone.
const HORIZON: usize = 200;

/// Within so long of the noon of a day by Greenwich's clocks lies all of that day and of those beside it, in every zone.
const NEAR_A_CHANGE: Duration = Duration::hours(72);

/// A window, once or again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowSchedule {
    form: WindowForm,
    zone: Option<Tz>,
    written: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum WindowForm {
    /// On days that fit, between two times of the clock. Where `to` is not after `from`, it is of the next day; midnight
    /// as the end is that of the day.
    Again { days: DayRule, from: NaiveTime, to: NaiveTime },
    /// Once.
    Once { start: LocalMoment, end: LocalMoment },
}

impl WindowSchedule {
    /// Reads `Sun 02:00-04:00 UTC`, `daily 22:00-07:00`, `Mon-Fri 09:00-17:00`, `monthly first Sun 02:00-04:00`, or
    /// `2026-03-02T09:00/2026-03-02T11:00`.
    ///
    /// # Errors
    /// What is wrong, at which character, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        parse::window(text)
    }

    /// As it is written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The zone that is written in it.
    pub fn zone(&self) -> Option<Tz> {
        self.zone
    }

    /// What of a window that comes once the clocks of its zone never show, in words.
    pub(crate) fn skipped(&self, zone: Tz) -> impl Iterator<Item = String> {
        let zone = self.zone.unwrap_or(zone);
        let written = match &self.form {
            WindowForm::Once { start, end } => vec![*start, *end],
            WindowForm::Again { .. } => Vec::new(),
        };
        written.into_iter().filter_map(move |moment| moment.skipped(zone))
    }

    /// Whether it comes once and lies wholly in what the clocks of its zone skip.
    pub(crate) fn never_holds(&self, zone: Tz) -> bool {
        let zone = self.zone.unwrap_or(zone);
        matches!(&self.form, WindowForm::Once { start, end } if once(*start, *end, zone).is_none())
    }

    /// The window in which a moment lies. `zone` is whose clocks are meant where none is written.
    pub fn covers(&self, at: DateTime<Utc>, zone: Tz) -> Option<TimeWindow> {
        let zone = self.zone.unwrap_or(zone);
        match &self.form {
            WindowForm::Once { start, end } => once(*start, *end, zone).filter(|window| window.contains(at)),
            WindowForm::Again { .. } => {
                // One that crosses midnight began the day before; where a day is missing, two days before.
                let first = day_before(date_of(at, zone), 2);
                let days = first.iter_days().take(4);
                days.filter_map(|day| self.of_day(day, zone)).find(|window| window.contains(at))
            }
        }
    }

    /// The first window that starts after a moment, not at it; `None` where none will.
    pub fn next(&self, after: DateTime<Utc>, zone: Tz) -> Option<TimeWindow> {
        let zone = self.zone.unwrap_or(zone);
        match &self.form {
            WindowForm::Once { start, end } => once(*start, *end, zone).filter(|window| window.start > after),
            WindowForm::Again { .. } => {
                let days = day_before(date_of(after, zone), 1).iter_days().take(HORIZON);
                days.filter_map(|day| self.of_day(day, zone)).find(|window| window.start > after)
            }
        }
    }

    /// The window that begins on a day of the zone.
    fn of_day(&self, day: NaiveDate, zone: Tz) -> Option<TimeWindow> {
        let WindowForm::Again { days, from, to } = &self.form else { return None };
        if !days.fits(day) || !exists(day, zone) {
            return None;
        }
        let last = if to > from { day } else { day.succ_opt()? };
        let (from, to) = (day.and_time(*from), last.and_time(*to));
        let (start, end) = (zone.first_moment(from), zone.first_moment(to));
        // All of it lies in what the clocks skip: it keeps its length, so that the day has its window.
        let end = if end > start { end } else { start + (to - from) };
        Some(TimeWindow { start, end })
    }
}

fn once(start: LocalMoment, end: LocalMoment, zone: Tz) -> Option<TimeWindow> {
    let window = TimeWindow { start: start.at(zone), end: end.at(zone) };
    (window.start < window.end).then_some(window)
}

/// A moment that comes again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MomentSchedule {
    form: MomentForm,
    zone: Option<Tz>,
    written: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum MomentForm {
    /// On days that fit, at a time of the clock.
    Days { days: DayRule, at: NaiveTime },
    /// A cron line.
    Cron(Cron),
}

impl MomentSchedule {
    /// Reads `daily 09:00`, `weekly Mon 09:00`, `Mon-Fri 09:00`, `monthly first Mon 10:00`, `monthly 15 10:00`,
    /// `fortnightly Mon 09:00`, `quarterly`, or a cron line of five fields, each with a zone behind it if wished. Without a time it is midnight.
    ///
    /// # Errors
    /// What is wrong, at which character, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        parse::moment(text)
    }

    /// As it is written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The zone that is written in it.
    pub fn zone(&self) -> Option<Tz> {
        self.zone
    }

    /// The first moment after another, not the same; `None` where none will come. `zone` is whose clocks are meant where
    /// none is written.
    pub fn next(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let zone = self.zone.unwrap_or(zone);
        match &self.form {
            MomentForm::Days { days, at } => {
                let candidates = day_before(date_of(after, zone), 1).iter_days().take(HORIZON);
                let fitting = candidates.filter(|day| days.fits(*day) && exists(*day, zone));
                fitting.map(|day| zone.first_moment(day.and_time(*at))).find(|at| *at > after)
            }
            MomentForm::Cron(cron) => cron.next(after, zone),
        }
    }

    /// The last moment at or before another, not earlier than `since`.
    pub fn last(&self, at: DateTime<Utc>, since: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let zone = self.zone.unwrap_or(zone);
        match &self.form {
            MomentForm::Days { days, at: time } => {
                let days_back = date_of(at, zone).succ_opt().into_iter().flat_map(days_down_from);
                let fitting = days_back.take(HORIZON).filter(|day| days.fits(*day) && exists(*day, zone));
                let moments = fitting.map(|day| zone.first_moment(day.and_time(*time)));
                moments.take_while(|moment| *moment >= since).find(|moment| *moment <= at)
            }
            MomentForm::Cron(cron) => cron.last(at, since, zone),
        }
    }

    /// Whether the day on which a moment lies by the clocks of `zone` has one of its own: `Fri`, `monthly 15`.
    pub fn is_on_day_of(&self, at: DateTime<Utc>, zone: Tz) -> bool {
        let zone = self.zone.unwrap_or(zone);
        let day = date_of(at, zone);
        let next = self.next(zone.first_moment(day.and_time(NaiveTime::MIN)) - Duration::nanoseconds(1), zone);
        next.is_some_and(|next| date_of(next, zone) == day)
    }

    /// How many moments there are from `from` to `until`, both included. Each day in between is looked at, but only those near
    /// a change of the clocks moment by moment: rotations count from their beginning, which may be decades ago.
    pub fn count(&self, from: DateTime<Utc>, until: DateTime<Utc>, zone: Tz) -> usize {
        let zone = self.zone.unwrap_or(zone);
        let (first, last) = (date_of(from, zone), date_of(until, zone));
        let mut changes = zone.changes(from - NEAR_A_CHANGE * 2).peekable();
        let (mut count, mut latest) = (0, None);
        // Clocks that are set back over midnight show a day before again.
        let days = day_before(first, 1).iter_days().take_while(|day| *day <= last || day.pred_opt() == Some(last));
        for day in days.filter(|day| self.fits(*day)) {
            let noon = day.and_time(NaiveTime::MIN).and_utc() + Duration::hours(12);
            while changes.next_if(|change| *change < noon - NEAR_A_CHANGE).is_some() {}
            let is_near = changes.peek().is_some_and(|change| *change <= noon + NEAR_A_CHANGE);
            if !is_near && first < day && day < last {
                count += self.times_a_day();
                continue;
            }
            for moment in self.of_day(day, zone).filter(|moment| from <= *moment && *moment <= until) {
                // What clocks skip is one moment.
                count += usize::from(latest.replace(moment) != Some(moment));
            }
        }
        count
    }

    fn fits(&self, day: NaiveDate) -> bool {
        match &self.form {
            MomentForm::Days { days, .. } => days.fits(day),
            MomentForm::Cron(cron) => cron.fits(day),
        }
    }

    /// How many moments a day has that fits, where clocks are not set.
    const fn times_a_day(&self) -> usize {
        match &self.form {
            MomentForm::Days { .. } => 1,
            MomentForm::Cron(cron) => cron.times_a_day(),
        }
    }

    /// The moments of a day that fits, in their order.
    fn of_day(&self, day: NaiveDate, zone: Tz) -> impl Iterator<Item = DateTime<Utc>> {
        let (at, cron) = match &self.form {
            MomentForm::Days { at, .. } => (exists(day, zone).then_some(*at), None),
            MomentForm::Cron(cron) => (None, Some(cron)),
        };
        let at = at.into_iter().map(move |at| zone.first_moment(day.and_time(at)));
        at.chain(cron.into_iter().flat_map(move |cron| cron.of_day(day, zone)))
    }
}

fn days_down_from(day: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    std::iter::successors(Some(day), NaiveDate::pred_opt)
}

/// What the calendars of a zone show.
fn date_of(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

fn day_before(day: NaiveDate, days: i64) -> NaiveDate {
    day.checked_sub_signed(Duration::days(days)).unwrap_or(day)
}

/// Whether the zone has the day: where it crossed the date line, one is missing.
fn exists(day: NaiveDate, zone: Tz) -> bool {
    date_of(zone.first_moment(day.and_time(NaiveTime::MIN)), zone) == day
}

#[cfg(test)]
mod tests;
