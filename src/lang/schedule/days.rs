//! Days of the calendar: which fit a rule.

use chrono::{Datelike, NaiveDate, Weekday};

/// Which days are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayRule {
    /// These days of every week.
    Weekly(Weekdays),
    /// These days of every second week.
    Fortnightly(Weekdays),
    /// A day of every month.
    Monthly(DayOfMonth),
    /// A day of the first month of every quarter.
    Quarterly(DayOfMonth),
}

/// A set of weekdays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Weekdays(u8);

impl Weekdays {
    /// Every day.
    pub(super) const ALL: Self = Self(0b111_1111);

    pub(super) fn add(&mut self, day: Weekday) {
        self.0 |= 1 << day.num_days_from_monday();
    }

    /// Adds the days from one to another, both included, over the end of a week too: `Sat-Mon`.
    pub(super) fn add_range(&mut self, from: Weekday, to: Weekday) {
        let mut day = from;
        self.add(day);
        while day != to {
            day = day.succ();
            self.add(day);
        }
    }

    pub(super) fn has(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_monday()) != 0
    }
}

/// One day of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayOfMonth {
    /// By its number, 1 to 31; in a month that is shorter, its last day.
    Number(u32),
    /// The last day, whatever its number.
    LastDay,
    /// The first to the fourth of a weekday.
    Nth(u32, Weekday),
    /// The last of a weekday.
    Last(Weekday),
}

impl DayOfMonth {
    fn fits(self, day: NaiveDate) -> bool {
        let is_within_last = |days: i64| {
            let later = day.checked_add_signed(chrono::Duration::days(days));
            later.is_none_or(|later| later.month() != day.month())
        };
        match self {
            Self::Number(number) => day.day() == number || (day.day() < number && is_within_last(1)),
            Self::LastDay => is_within_last(1),
            Self::Nth(nth, weekday) => day.weekday() == weekday && (day.day() - 1) / 7 + 1 == nth,
            Self::Last(weekday) => day.weekday() == weekday && is_within_last(7),
        }
    }
}

impl DayRule {
    /// Whether a day is meant.
    pub(super) fn fits(self, day: NaiveDate) -> bool {
        match self {
            Self::Weekly(days) => days.has(day.weekday()),
            Self::Fortnightly(days) => days.has(day.weekday()) && is_even_week(day),
            Self::Monthly(rule) => rule.fits(day),
            Self::Quarterly(rule) => day.month0().is_multiple_of(3) && rule.fits(day),
        }
    }
}

/// Whether a week is counted: every second one from Monday 5 January 1970, and so from 5 January 2026. The numbers of ISO
/// weeks would not do: after a year of 53 weeks two odd ones follow each other.
fn is_even_week(day: NaiveDate) -> bool {
    const MONDAY: i32 = 719_167;
    (day.num_days_from_ce() - MONDAY).div_euclid(7) % 2 == 0
}

/// A weekday by its English name: `Mon`, `monday`.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    const NAMES: [(&str, &str, Weekday); 7] = [
        ("mon", "monday", Weekday::Mon),
        ("tue", "tuesday", Weekday::Tue),
        ("wed", "wednesday", Weekday::Wed),
        ("thu", "thursday", Weekday::Thu),
        ("fri", "friday", Weekday::Fri),
        ("sat", "saturday", Weekday::Sat),
        ("sun", "sunday", Weekday::Sun),
    ];
    let lower = word.to_ascii_lowercase();
    NAMES.iter().find(|(short, long, _)| *short == lower || *long == lower).map(|(_, _, day)| *day)
}
