//! Points in time as they are written.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use crate::lang::unit;

/// How long ago: `10m`, `1h30m`, `2d`; `10min` and `-10m` too.
pub(super) fn ago(text: &str) -> Option<Duration> {
    unit::parse_duration(text.strip_prefix('-').unwrap_or(text)).ok()
}

/// A time of day as a screen shows it, `17:54:00`, `17:54` or `17:54:00Z`, and whether it says that it is UTC.
pub(super) fn clock(text: &str) -> Option<(NaiveTime, bool)> {
    let digits = text.strip_suffix('Z').unwrap_or(text);
    let time = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(digits, form).ok())?;
    Some((time, digits.len() < text.len()))
}

/// RFC 3339, or without seconds, zone (UTC) or time of day.
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, form) {
            return Some(at.and_utc());
        }
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc())
}
