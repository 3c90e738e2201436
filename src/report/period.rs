//! The spans of time that reports are about: days, weeks and months by the calendar of the console's zone.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Utc};
use serde::Serialize;

use crate::lang::tz::Tz;

/// The first year that is counted in minutes, and the last.
const YEARS: std::ops::RangeInclusive<i32> = 1971..=9997;

/// How long a report looks back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReportKind {
    /// A day.
    Daily,
    /// A week, Monday to Sunday.
    Weekly,
    /// A month.
    Monthly,
}

impl ReportKind {
    /// What one of them is called.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Daily => "day",
            Self::Weekly => "week",
            Self::Monthly => "month",
        }
    }
}

/// Whole days by the calendar of a zone. A day on which the clocks change has 23 or 25 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    kind: ReportKind,
    first: NaiveDate,
    /// The first day after it.
    next: NaiveDate,
    zone: Tz,
}

impl Period {
    /// The one in which a day lies; `None` where the calendar has none that can be counted.
    pub(crate) fn containing(kind: ReportKind, day: NaiveDate, zone: Tz) -> Option<Self> {
        let (first, next) = match kind {
            ReportKind::Daily => (day, day.succ_opt()?),
            ReportKind::Weekly => {
                let first = day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday())))?;
                (first, first.checked_add_days(Days::new(7))?)
            }
            ReportKind::Monthly => {
                let first = day.with_day(1)?;
                (first, first.checked_add_months(Months::new(1))?)
            }
        };
        (YEARS.contains(&first.year()) && YEARS.contains(&next.year())).then_some(Self { kind, first, next, zone })
    }

    /// The last one that is over.
    pub(crate) fn last_complete(kind: ReportKind, now: DateTime<Utc>, zone: Tz) -> Option<Self> {
        Self::containing(kind, now.with_timezone(&zone).date_naive(), zone)?.before()
    }

    /// The one before it.
    pub(crate) fn before(&self) -> Option<Self> {
        Self::containing(self.kind, self.first.pred_opt()?, self.zone)
    }

    /// How long it is.
    pub(crate) const fn kind(&self) -> ReportKind {
        self.kind
    }

    /// By whose calendar.
    pub(crate) const fn zone(&self) -> Tz {
        self.zone
    }

    /// Its first day.
    pub(crate) const fn first_day(&self) -> NaiveDate {
        self.first
    }

    /// Its last day.
    pub(crate) fn last_day(&self) -> NaiveDate {
        self.next.pred_opt().unwrap_or(self.first)
    }

    /// Its first moment.
    pub(crate) fn from(&self) -> DateTime<Utc> {
        self.zone.first_moment(self.first.and_time(NaiveTime::MIN))
    }

    /// The first moment after it.
    pub(crate) fn until(&self) -> DateTime<Utc> {
        self.zone.first_moment(self.next.and_time(NaiveTime::MIN))
    }

    /// Whether a moment lies in it.
    pub(crate) fn contains(&self, at: DateTime<Utc>) -> bool {
        (self.from()..self.until()).contains(&at)
    }

    /// What it is called: `Monday, 2026-11-02`, `week 45 of 2026`, `November 2026`.
    pub(crate) fn name(&self) -> String {
        match self.kind {
            ReportKind::Daily => self.first.format("%A, %Y-%m-%d").to_string(),
            ReportKind::Weekly => {
                let week = self.first.iso_week();
                format!("week {} of {}", week.week(), week.year())
            }
            ReportKind::Monthly => self.first.format("%B %Y").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn berlin(kind: ReportKind, at: &str) -> Period {
        Period::containing(kind, day(at), Tz::named("Europe/Berlin")).unwrap()
    }

    fn hours(period: Period) -> i64 {
        (period.until() - period.from()).num_hours()
    }

    #[test]
    fn a_week_is_monday_to_sunday_by_the_clocks_of_the_zone() {
        for at in ["2026-11-02", "2026-11-05", "2026-11-08"] {
            let week = berlin(ReportKind::Weekly, at);
            assert_eq!((week.from(), week.until()), (utc("2026-11-01T23:00:00Z"), utc("2026-11-08T23:00:00Z")));
            assert_eq!((week.first_day(), week.last_day()), (day("2026-11-02"), day("2026-11-08")));
            assert_eq!(week.name(), "week 45 of 2026");
        }
        // The year of a week is that of its Thursday.
        assert_eq!(berlin(ReportKind::Weekly, "2027-01-01").name(), "week 53 of 2026");
    }

    #[test]
    fn a_day_on_which_the_clocks_change_has_23_or_25_hours() {
        assert_eq!(hours(berlin(ReportKind::Daily, "2026-03-29")), 23);
        assert_eq!(hours(berlin(ReportKind::Daily, "2026-10-25")), 25);
        assert_eq!(hours(berlin(ReportKind::Daily, "2026-10-26")), 24);
        assert_eq!(hours(berlin(ReportKind::Weekly, "2026-10-25")), 7 * 24 + 1);
        assert_eq!(hours(berlin(ReportKind::Monthly, "2026-10-01")), 31 * 24 + 1);
        // Where the clocks skip midnight, the day begins with the first moment that is in it.
        let cairo = Period::containing(ReportKind::Daily, day("2026-04-24"), Tz::named("Africa/Cairo")).unwrap();
        assert_eq!((cairo.from(), hours(cairo)), (utc("2026-04-23T22:00:00Z"), 23));
    }

    #[test]
    fn months_are_as_long_as_the_calendar_says() {
        assert_eq!(hours(berlin(ReportKind::Monthly, "2028-02-29")), 29 * 24);
        assert_eq!(hours(berlin(ReportKind::Monthly, "2027-02-01")), 28 * 24);
        let march = berlin(ReportKind::Monthly, "2028-03-31");
        assert_eq!(march.before().map(|before| before.last_day()), Some(day("2028-02-29")));
        assert_eq!(march.name(), "March 2028");
    }

    #[test]
    fn periods_follow_each_other_without_a_gap() {
        for kind in [ReportKind::Daily, ReportKind::Weekly, ReportKind::Monthly] {
            let mut period = berlin(kind, "2026-11-30");
            for _ in 0..60 {
                let before = period.before().unwrap();
                assert_eq!(before.until(), period.from(), "{before:?}");
                assert!(before.contains(before.from()) && !before.contains(before.until()));
                period = before;
            }
        }
    }

    #[test]
    fn the_last_complete_one_ends_before_now() {
        let zone = Tz::named("Pacific/Auckland");
        // There it is Monday already.
        let now = utc("2026-11-08T12:00:00Z");
        let week = Period::last_complete(ReportKind::Weekly, now, zone).unwrap();
        assert_eq!(week.last_day(), day("2026-11-08"));
        let week = Period::last_complete(ReportKind::Weekly, now, Tz::UTC).unwrap();
        assert_eq!(week.last_day(), day("2026-11-01"));
        let before = Period::last_complete(ReportKind::Monthly, utc("2028-03-01T00:00:00Z"), Tz::UTC).unwrap();
        assert_eq!(before.name(), "February 2028");
    }

    #[test]
    fn what_can_not_be_counted_is_no_period() {
        for at in ["1969-06-01", "9999-12-31"] {
            assert_eq!(Period::containing(ReportKind::Daily, day(at), Tz::UTC), None, "{at}");
        }
    }
}
