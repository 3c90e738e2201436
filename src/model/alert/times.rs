//! For how long what people say of alerts may hold: an acknowledgement, a silence, a maintenance window.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, Utc};

use crate::lang::schedule::LocalMoment;
use crate::lang::tz::Tz;
use crate::lang::unit;

/// The shortest and the longest span that a person may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanBounds {
    least: Duration,
    most: Duration,
}

impl SpanBounds {
    /// Of an acknowledgement: somebody is at it, so it is a matter of days at the most.
    pub(crate) const ACKNOWLEDGED: Self = Self { least: Duration::from_secs(1), most: Duration::from_hours(30 * 24) };
    /// Of a silence and of a maintenance window. What must stay quiet for longer should not be an alert.
    pub(crate) const MUTED: Self = Self { least: Duration::from_secs(1), most: Duration::from_hours(366 * 24) };

    /// `1s to 30d`
    pub(crate) fn describe(self) -> String {
        format!("{} to {}", unit::duration(self.least), unit::duration(self.most))
    }

    /// `366d`
    pub(crate) fn longest(self) -> String {
        unit::duration(self.most)
    }

    /// The moment that lies a span ahead.
    ///
    /// # Errors
    /// What is wrong with the span, where it is not within the bounds.
    pub(crate) fn until(self, now: DateTime<Utc>, span: Duration) -> Result<DateTime<Utc>, String> {
        let wrong = |how: &str| Err(format!("`{}` is too {how}", unit::duration(span)));
        if span < self.least {
            return wrong("short");
        }
        if span > self.most {
            return wrong("long");
        }
        chrono::Duration::from_std(span)
            .ok()
            .and_then(|span| now.checked_add_signed(span))
            .map_or_else(|| wrong("long"), Ok)
    }

    /// Whether a span is longer than that.
    pub(crate) fn is_exceeded_by(self, span: Duration) -> bool {
        span > self.most
    }

    /// The moment that a text names: `now`, a span from now such as `2h`, `06:30` (the next one), or a date and a time by the
    /// clocks of a zone.
    ///
    /// # Errors
    /// What is wrong with it, and a hint.
    pub(crate) fn moment(self, text: &str, now: DateTime<Utc>, zone: Tz) -> Result<DateTime<Utc>, (String, String)> {
        if text == "now" {
            return Ok(now);
        }
        if let Some((time, zone)) = time_of_day(text, zone) {
            let today = now.with_timezone(&zone).date_naive();
            let days = [Some(today), today.succ_opt()].into_iter().flatten();
            let next = days.map(|day| zone.first_moment(day.and_time(time))).find(|at| *at >= now);
            return Ok(next.unwrap_or(now));
        }
        match unit::parse_duration(text) {
            Ok(ahead) => self.until(now, ahead).map_err(|problem| (problem, format!("at most {}", self.longest()))),
            Err(_) => LocalMoment::parse(text)
                .map(|moment| moment.at(zone))
                .map_err(|error| (error.to_string(), format!("{}, 06:30, `now`, or `2h` from now", error.hint))),
        }
    }
}

/// `06:30`, or `06:30Z` of UTC: a time of a day that is not named, and whose clocks it is by.
pub(crate) fn time_of_day(text: &str, zone: Tz) -> Option<(NaiveTime, Tz)> {
    let bare = text.strip_suffix('Z');
    let time = NaiveTime::parse_from_str(bare.unwrap_or(text), "%H:%M").ok()?;
    Some((time, if bare.is_some() { Tz::UTC } else { zone }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let now: DateTime<Utc> = "2026-03-02T05:30:00Z".parse().unwrap();
        let at = |text| {
            SpanBounds::MUTED
                .moment(text, now, Tz::named("Europe/Vienna"))
                .map(|at| at.to_rfc3339())
                .map_err(|why| why.1)
        };
        assert_eq!(at("now").as_deref(), Ok("2026-03-02T05:30:00+00:00"));
        assert_eq!(at("06:30").as_deref(), Ok("2026-03-02T05:30:00+00:00"));
        assert_eq!(at("06:29").as_deref(), Ok("2026-03-03T05:29:00+00:00"));
        assert_eq!(at("06:30Z").as_deref(), Ok("2026-03-02T06:30:00+00:00"));
        assert_eq!(at("2h").as_deref(), Ok("2026-03-02T07:30:00+00:00"));
        assert!(at("soon").unwrap_err().contains("06:30"));
    }

    #[test]
    fn a_span_lies_within_its_bounds() {
        let (now, bounds) = (DateTime::UNIX_EPOCH, SpanBounds::ACKNOWLEDGED);
        let day = Duration::from_hours(24);
        assert_eq!(bounds.until(now, day * 30), Ok(now + chrono::Duration::days(30)));
        assert_eq!(bounds.until(now, day * 31), Err("`31d` is too long".to_owned()));
        assert_eq!(bounds.until(now, Duration::ZERO), Err("`0s` is too short".to_owned()));
        assert!(bounds.until(now, Duration::MAX).is_err());
        assert!(bounds.until(DateTime::<Utc>::MAX_UTC, day).is_err());
        assert_eq!(bounds.describe(), "1s to 30d");
    }
}
