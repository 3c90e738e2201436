//! Cron lines of five fields: minute, hour, day of the month, month, day of the week.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};

use super::{ScheduleError, date_of, day_before, days_down_from};
use crate::lang::tz::Tz;

/// So many days are looked through: 29 February comes within eight years.
const HORIZON: usize = 8 * 366 + 2;

/// One field: a bit for each value.
type Bits = u64;

/// A cron line. As in Vixie cron, a day fits if either of its two fields says so, where both say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Bits,
    hours: Bits,
    days: Bits,
    months: Bits,
    /// Sunday is 0.
    weekdays: Bits,
    /// Whether the day of the month, and the day of the week, begin with `*`: then both must fit.
    any_day: bool,
}

struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    /// Names of the values, from `least` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of the month", least: 1, most: 31, names: &[] },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field { name: "day of the week", least: 0, most: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

impl Cron {
    /// Reads the five fields, each with the character at which it begins.
    pub(super) fn parse(words: &[(usize, &str)]) -> Result<Self, ScheduleError> {
        let mut bits = [0; 5];
        for ((slot, field), (offset, word)) in bits.iter_mut().zip(&FIELDS).zip(words) {
            *slot = field.parse(word).ok_or_else(|| ScheduleError {
                offset: *offset,
                message: format!("`{word}` is not a valid {} of a cron line", field.name),
                hint: format!("write {} to {}, *, */5, 1-5 or 1,15", field.least, field.most),
            })?;
        }
        let [minutes, hours, days, months, week] = bits;
        // Sunday is 0 and 7.
        let weekdays = (week | (week >> 7)) & 0b111_1111;
        let any_day = [2, 4].into_iter().any(|index| words.get(index).is_none_or(|(_, word)| word.starts_with('*')));
        let cron = Self { minutes, hours, days, months, weekdays, any_day };
        let leap_year = NaiveDate::from_ymd_opt(2024, 1, 1).into_iter().flat_map(|day| day.iter_days().take(366));
        // With a day of the week that must fit too, a day of the year may be years away; each comes.
        if !leap_year.into_iter().any(|day| cron.could_fit(day)) {
            let offset = words.get(2).map_or(0, |(offset, _)| *offset);
            let (message, hint) = ("no month of the cron line has this day", "write a day that the month has");
            return Err(ScheduleError { offset, message: message.to_owned(), hint: hint.to_owned() });
        }
        Ok(cron)
    }

    /// The first moment after another; `None` where the calendar ends.
    pub(super) fn next(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let days = day_before(date_of(after, zone), 1).iter_days().take(HORIZON);
        days.filter(|day| self.fits(*day)).find_map(|day| self.of_day(day, zone).find(|at| *at > after))
    }

    /// The last moment at or before another, not earlier than `since`. It is looked for backwards: a line may have hundreds of
    /// thousands of moments in between.
    pub(super) fn last(&self, at: DateTime<Utc>, since: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let days = date_of(at, zone).succ_opt().into_iter().flat_map(days_down_from).take(HORIZON);
        let moments = days.filter(|day| self.fits(*day)).flat_map(|day| {
            let times = self.times_down();
            times.map(move |time| zone.first_moment(day.and_time(time)))
        });
        moments.take_while(|moment| *moment >= since).find(|moment| *moment <= at)
    }

    /// The moments of a day that fits, in their order; some are the same where clocks skip what it says.
    pub(super) fn of_day(&self, day: NaiveDate, zone: Tz) -> impl Iterator<Item = DateTime<Utc>> {
        self.times().map(move |time| zone.first_moment(day.and_time(time)))
    }

    /// How many times a day that fits has.
    pub(super) const fn times_a_day(&self) -> usize {
        (self.hours.count_ones() * self.minutes.count_ones()) as usize
    }

    fn times_down(&self) -> impl Iterator<Item = NaiveTime> {
        let (hours, minutes) = (self.hours, self.minutes);
        let hours = (0..24).rev().filter(move |hour| has(hours, *hour));
        hours.flat_map(move |hour| {
            let minutes = (0..60).rev().filter(move |minute| has(minutes, *minute));
            minutes.filter_map(move |minute| NaiveTime::from_hms_opt(hour, minute, 0))
        })
    }

    fn times(&self) -> impl Iterator<Item = NaiveTime> {
        let (hours, minutes) = (self.hours, self.minutes);
        let hours = (0..24).filter(move |hour| has(hours, *hour));
        hours.flat_map(move |hour| {
            (0..60)
                .filter(move |minute| has(minutes, *minute))
                .filter_map(move |minute| NaiveTime::from_hms_opt(hour, minute, 0))
        })
    }

    pub(super) fn fits(&self, day: NaiveDate) -> bool {
        let (date, week) = (has(self.days, day.day()), has(self.weekdays, day.weekday().num_days_from_sunday()));
        has(self.months, day.month()) && if self.any_day { date && week } else { date || week }
    }

    /// As [`Cron::fits`], in some year.
    fn could_fit(&self, day: NaiveDate) -> bool {
        has(self.months, day.month()) && (has(self.days, day.day()) || !self.any_day && self.weekdays != 0)
    }
}

fn has(bits: Bits, value: u32) -> bool {
    bits & (1 << value) != 0
}

impl Field {
    fn parse(&self, word: &str) -> Option<Bits> {
        let mut bits = 0;
        for part in word.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, step.parse::<u32>().ok().filter(|step| (1..=self.most).contains(step))?),
                None => (part, 1),
            };
            let (from, to) = match range.split_once('-') {
                Some((from, to)) => (self.value(from)?, self.value(to)?),
                None if range == "*" => (self.least, self.most),
                None if part.contains('/') => return None,
                None => (self.value(range)?, self.value(range)?),
            };
            if from > to {
                return None;
            }
            for value in (from..=to).step_by(step as usize) {
                bits |= 1 << value;
            }
        }
        Some(bits)
    }

    fn value(&self, word: &str) -> Option<u32> {
        let lower = word.to_ascii_lowercase();
        let named = self.names.iter().position(|name| *name == lower).and_then(|index| u32::try_from(index).ok());
        let number = || word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok()).flatten();
        let value = named.map(|index| index + self.least).or_else(number)?;
        (self.least..=self.most).contains(&value).then_some(value)
    }
}
