//! A moment as a calendar and a clock show it: `2026-03-02T09:00`.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use super::ScheduleError;
use crate::lang::tz::Tz;

/// A date with a time, by the clocks of a zone that is given later, or of UTC where it ends with `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalMoment {
    local: NaiveDateTime,
    /// Whether it is of UTC, wherever it is read.
    is_utc: bool,
}

impl LocalMoment {
    /// Reads `2026-03-02T09:00`, with seconds, with `Z`; a date alone is its midnight.
    ///
    /// # Errors
    /// What is wrong and what to write instead, at its first character.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let (bare, is_utc) = text.strip_suffix('Z').map_or((text, false), |bare| (bare, true));
        let found = match bare.split_once('T') {
            None if !is_utc => NaiveDate::parse_from_str(bare, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN)),
            None => None,
            Some((day, time)) => {
                let time =
                    NaiveTime::parse_from_str(time, "%H:%M").or_else(|_| NaiveTime::parse_from_str(time, "%H:%M:%S"));
                NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().zip(time.ok()).map(|(day, time)| day.and_time(time))
            }
        };
        // What is shown in a zone differs by hours from UTC, and must stay a date that can be counted from.
        // A leap second is none that clocks of computers count.
        let local = found.filter(|local| (1..9999).contains(&local.year()) && local.nanosecond() == 0);
        local.map(|local| Self { local, is_utc }).ok_or_else(|| ScheduleError {
            offset: 0,
            message: format!("`{text}` is not a valid date and time"),
            hint: "write 2026-03-02T09:00, with Z behind it for UTC".to_owned(),
        })
    }

    /// Where the clocks of a zone never show it, that, and what it is taken for.
    pub(crate) fn skipped(self, zone: Tz) -> Option<String> {
        if self.is_utc || zone.shows(self.local) {
            return None;
        }
        let (form, meant) = ("%Y-%m-%d %H:%M", self.at(zone).with_timezone(&zone));
        let (local, meant) = (self.local.format(form), meant.format(form));
        Some(format!("{local} does not exist in {zone}, where clocks are set forward then: it is taken for {meant}"))
    }

    /// When it is in a zone; in an hour that clocks skip, the moment at which they are set.
    pub fn at(self, zone: Tz) -> DateTime<Utc> {
        if self.is_utc { self.local.and_utc() } else { zone.first_moment(self.local) }
    }
}
