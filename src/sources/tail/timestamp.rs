//! The time that a line states.
//!
//! The forms are told apart by their first bytes and read by hand: a format string would be parsed anew for each
//! of 200,000 lines a second.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// Reads timestamps; times without a zone are in `zone`, those without a year in the year nearest to now.
#[derive(Debug, Clone, Copy)]
pub struct TimeReader {
    zone: Tz,
}

/// A time found at the start of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leading {
    /// When.
    pub at: DateTime<Utc>,
    /// Where the rest of the line begins, in bytes.
    pub rest: usize,
    /// The line is in the old syslog form: a host and a tag follow.
    pub syslog: bool,
}

/// What was read: a local time, or an instant.
enum Read {
    Local(NaiveDateTime),
    Instant(DateTime<Utc>),
}

const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";

impl TimeReader {
    /// A reader for times without a zone in `zone`.
    pub fn new(zone: Tz) -> Self {
        Self { zone }
    }

    /// The time at the start of `line`, in brackets or after a syslog priority too. `now` gives the year where
    /// there is none: the one that puts the time nearest before a day from now.
    pub fn leading(self, line: &str, now: DateTime<Utc>) -> Option<Leading> {
        let bytes = line.as_bytes();
        let mut start = bytes.iter().take_while(|byte| **byte == b' ').count();
        let mut bracket = false;
        match bytes.get(start)? {
            b'[' => {
                start += 1;
                bracket = true;
            }
            b'<' => start += priority(&bytes[start..])?,
            _ => {}
        }
        // Redis: `1:M 21 Nov 2026 …`.
        if let Some(at) = bytes[start..].iter().take(12).position(|byte| *byte == b':')
            && at > 0
            && bytes[start..start + at].iter().all(u8::is_ascii_digit)
            && bytes.get(start + at + 1).is_some_and(u8::is_ascii_uppercase)
            && bytes.get(start + at + 2) == Some(&b' ')
        {
            start += at + 3;
        }
        let (read, length, syslog) = self.any(&bytes[start..], now)?;
        let mut rest = start + length;
        if bracket {
            if bytes.get(rest) != Some(&b']') {
                return None;
            }
            rest += 1;
        } else if bytes
            .get(rest)
            .is_some_and(|next| !matches!(next, b' ' | b'\t' | b':' | b',' | b'|' | b'[' | b']' | b'-' | b'"'))
        {
            return None;
        }
        rest += bytes[rest..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b':' | b',' | b'|')).count();
        Some(Leading { at: self.instant(&read), rest, syslog })
    }

    /// The time that a whole value states: any of the forms, or seconds, milliseconds, microseconds or
    /// nanoseconds since 1970 by their magnitude.
    pub fn value(self, text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let bytes = text.trim_ascii().as_bytes();
        if bytes.first()?.is_ascii_digit()
            && bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+'))
        {
            return epoch(std::str::from_utf8(bytes).ok()?);
        }
        let (read, length, _) = self.any(bytes, now)?;
        (length == bytes.len()).then(|| self.instant(&read))
    }

    fn any(self, bytes: &[u8], now: DateTime<Utc>) -> Option<(Read, usize, bool)> {
        match bytes.first()? {
            b'0'..=b'9' => {
                if let Some(found) = dashed(bytes).or_else(|| day_first(bytes)) {
                    return Some((found.0, found.1, false));
                }
                let length = bytes.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
                let whole = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
                // Ten digits at least: seconds since 1970; fewer are some other number.
                if !(10..=19).contains(&whole) {
                    return None;
                }
                let at = epoch(std::str::from_utf8(&bytes[..length]).ok()?)?;
                Some((Read::Instant(at), length, false))
            }
            b'A'..=b'Z' => month_first(bytes, self.near(now)).or_else(|| klog(bytes, self.near(now))),
            _ => None,
        }
    }

    /// A day from now as the local clock of the log shows it.
    fn near(self, now: DateTime<Utc>) -> NaiveDateTime {
        now.with_timezone(&self.zone).naive_local() + chrono::Duration::days(1)
    }

    fn instant(self, read: &Read) -> DateTime<Utc> {
        match read {
            Read::Instant(at) => *at,
            Read::Local(local) if self.zone == Tz::UTC => local.and_utc(),
            // Twice in an autumn night: the first. Never in a spring night: as if the clock had not been moved.
            Read::Local(local) => self.zone.from_local_datetime(local).earliest().map_or_else(
                || {
                    let before = self.zone.offset_from_utc_datetime(&(*local - chrono::Duration::hours(3)));
                    local.and_utc() - chrono::Duration::seconds(i64::from(before.fix().local_minus_utc()))
                },
                |at| at.to_utc(),
            ),
        }
    }
}

/// `<34>1 ` or `<34>`: how long it is.
fn priority(bytes: &[u8]) -> Option<usize> {
    let close = bytes.iter().take(5).position(|byte| *byte == b'>')?;
    if close < 2 || !bytes[1..close].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let version = if bytes.get(close + 1) == Some(&b'1') && bytes.get(close + 2) == Some(&b' ') { 2 } else { 0 };
    Some(close + 1 + version)
}

fn number(bytes: &[u8], at: usize, digits: usize) -> Option<u32> {
    let mut value = 0;
    for byte in bytes.get(at..at + digits)? {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    Some(value)
}

fn month(bytes: &[u8]) -> Option<u32> {
    let name = bytes.get(..3)?;
    (0..12).find(|at| MONTHS[*at * 3..*at * 3 + 3].eq_ignore_ascii_case(name)).and_then(|at| u32::try_from(at + 1).ok())
}

/// `HH:MM:SS` with an optional fraction after `.` or `,`: hour, minute, second, nanoseconds, and its length.
fn clock(bytes: &[u8]) -> Option<(u32, u32, u32, u32, usize)> {
    if bytes.get(2) != Some(&b':') || bytes.get(5) != Some(&b':') {
        return None;
    }
    let (hour, minute, second) = (number(bytes, 0, 2)?, number(bytes, 3, 2)?, number(bytes, 6, 2)?);
    let mut length = 8;
    let mut nanos = 0;
    if matches!(bytes.get(8), Some(b'.' | b',')) && bytes.get(9).is_some_and(u8::is_ascii_digit) {
        let mut scale = 100_000_000;
        length = 9;
        while let Some(digit) = bytes.get(length).filter(|byte| byte.is_ascii_digit()) {
            nanos += u32::from(digit - b'0') * scale;
            scale /= 10;
            length += 1;
        }
    }
    Some((hour, minute, second, nanos, length))
}

fn moment(year: u32, month: u32, day: u32, time: (u32, u32, u32, u32, usize)) -> Option<NaiveDateTime> {
    let (hour, minute, second, nanos, _) = time;
    // A leap second is the last nanosecond before it.
    let (second, nanos) = if second == 60 { (59, 999_999_999) } else { (second, nanos) };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?.and_hms_nano_opt(hour, minute, second, nanos)
}

/// `Z`, `+00:00`, `+0000`, `+00`, ` UTC`, ` GMT`, ` +0000`: seconds east of Greenwich, and its length. Other
/// abbreviations mean different things in different countries, and are not guessed.
fn zone(bytes: &[u8]) -> Option<(i32, usize)> {
    if matches!(bytes.first(), Some(b'Z' | b'z')) {
        return Some((0, 1));
    }
    if bytes.starts_with(b" UTC") || bytes.starts_with(b" GMT") {
        return Some((0, 4));
    }
    let space = usize::from(bytes.first() == Some(&b' '));
    let sign = match bytes.get(space)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let at = space + 1;
    let hours = number(bytes, at, 2)?;
    let (minutes, length) = if bytes.get(at + 2) == Some(&b':') {
        (number(bytes, at + 3, 2)?, 5)
    } else if let Some(minutes) = number(bytes, at + 2, 2) {
        (minutes, 4)
    } else if space == 0 {
        (0, 2)
    } else {
        return None;
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some((sign * i32::try_from(hours * 3600 + minutes * 60).ok()?, at + length))
}

fn with_zone(local: NaiveDateTime, bytes: &[u8], length: usize) -> (Read, usize) {
    match zone(&bytes[length..]) {
        Some((0, more)) => (Read::Instant(local.and_utc()), length + more),
        Some((east, more)) => {
            (Read::Instant(local.and_utc() - chrono::Duration::seconds(i64::from(east))), length + more)
        }
        None => (Read::Local(local), length),
    }
}

/// `2026-11-21T10:00:00.123Z`, with a space, with `/`, with a comma, with and without zone.
fn dashed(bytes: &[u8]) -> Option<(Read, usize)> {
    let dash = *bytes.get(4)?;
    if !matches!(dash, b'-' | b'/')
        || bytes.get(7) != Some(&dash)
        || !matches!(bytes.get(10)?, b'T' | b't' | b' ' | b'_')
    {
        return None;
    }
    let time = clock(&bytes[11..])?;
    let local = moment(number(bytes, 0, 4)?, number(bytes, 5, 2)?, number(bytes, 8, 2)?, time)?;
    Some(with_zone(local, bytes, 11 + time.4))
}

/// `21/Nov/2026:10:00:00 +0000` (web servers) and `21 Nov 2026 10:00:00.123` (Redis).
fn day_first(bytes: &[u8]) -> Option<(Read, usize)> {
    let separator = *bytes.get(2)?;
    if !matches!(separator, b'/' | b' ' | b'-')
        || bytes.get(6) != Some(&separator)
        || !matches!(bytes.get(11)?, b':' | b' ')
    {
        return None;
    }
    let time = clock(bytes.get(12..)?)?;
    let local = moment(number(bytes, 7, 4)?, month(&bytes[3..])?, number(bytes, 0, 2)?, time)?;
    Some(with_zone(local, bytes, 12 + time.4))
}

/// `Nov 21 10:00:00`, `Nov  1 10:00:00` (syslog), and `Sat Nov 21 10:00:00.123456 2026`.
fn month_first(bytes: &[u8], near: NaiveDateTime) -> Option<(Read, usize, bool)> {
    let weekday =
        bytes.get(3) == Some(&b' ') && month(bytes).is_none() && bytes.get(..3)?.iter().all(u8::is_ascii_alphabetic);
    let start = if weekday { 4 } else { 0 };
    let date = bytes.get(start..)?;
    let month = month(date)?;
    if date.get(3) != Some(&b' ') || date.get(6) != Some(&b' ') {
        return None;
    }
    let day = if date[4] == b' ' { number(date, 5, 1)? } else { number(date, 4, 2)? };
    let time = clock(date.get(7..)?)?;
    let end = 7 + time.4;
    if date.get(end) == Some(&b' ')
        && let Some(year) = number(date, end + 1, 4)
        && date.get(end + 5).is_none_or(|next| !next.is_ascii_digit())
    {
        return Some((Read::Local(moment(year, month, day, time)?), start + end + 5, false));
    }
    Some((Read::Local(without_year(month, day, time, near)?), start + end, true))
}

/// `I1121 10:00:00.123456` (klog).
fn klog(bytes: &[u8], near: NaiveDateTime) -> Option<(Read, usize, bool)> {
    if !matches!(bytes.first()?, b'I' | b'W' | b'E' | b'F') || bytes.get(5) != Some(&b' ') {
        return None;
    }
    let time = clock(bytes.get(6..)?)?;
    Some((Read::Local(without_year(number(bytes, 1, 2)?, number(bytes, 3, 2)?, time, near)?), 6 + time.4, false))
}

fn without_year(month: u32, day: u32, time: (u32, u32, u32, u32, usize), near: NaiveDateTime) -> Option<NaiveDateTime> {
    let year = u32::try_from(near.year()).ok()?;
    (0..5).filter_map(|back| moment(year.checked_sub(back)?, month, day, time)).find(|at| *at <= near)
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, by magnitude.
fn epoch(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(match whole {
            ..=99_999_999_999 => DateTime::from_timestamp(whole, 0)?,
            100_000_000_000..=99_999_999_999_999 => DateTime::from_timestamp_millis(whole)?,
            100_000_000_000_000..=99_999_999_999_999_999 => DateTime::from_timestamp_micros(whole)?,
            _ => DateTime::from_timestamp_nanos(whole),
        });
    }
    let value: f64 = text.parse().ok()?;
    if !value.is_finite() || value < 0.0 {
        return None;
    }
    let micros = if value < 1e11 {
        value * 1e6
    } else if value < 1e14 {
        value * 1e3
    } else {
        value
    };
    DateTime::from_timestamp_micros(micros.round() as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-11-21T12:00:00Z").unwrap().to_utc()
    }

    fn read(zone: Tz, line: &str) -> Option<(String, String)> {
        let found = TimeReader::new(zone).leading(line, now())?;
        Some((found.at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true), line[found.rest..].to_owned()))
    }

    #[test]
    fn the_forms_that_are_in_use() {
        for (line, expected) in [
            ("2026-11-21T10:00:00Z x", "2026-11-21T10:00:00Z"),
            ("2026-11-21T10:00:00.5+02:00 x", "2026-11-21T08:00:00.500Z"),
            ("2026-11-21 10:00:00,123 x", "2026-11-21T10:00:00.123Z"),
            ("2026-11-21 10:00:00.123456789 +0100 x", "2026-11-21T09:00:00.123456789Z"),
            ("2026-11-21 10:00:00+01 x", "2026-11-21T09:00:00Z"),
            ("2026-11-21 10:00:00.123 UTC x", "2026-11-21T10:00:00.123Z"),
            ("2026/11/21 10:00:00 x", "2026-11-21T10:00:00Z"),
            ("[2026-11-21 10:00:00] x", "2026-11-21T10:00:00Z"),
            ("[21/Nov/2026:10:00:00 -0500] x", "2026-11-21T15:00:00Z"),
            ("Nov 21 10:00:00 x", "2026-11-21T10:00:00Z"),
            ("Nov  1 10:00:00 x", "2026-11-01T10:00:00Z"),
            ("Dec 31 23:59:59 x", "2025-12-31T23:59:59Z"),
            ("<34>1 2026-11-21T10:00:00.003Z x", "2026-11-21T10:00:00.003Z"),
            ("<34>Nov 21 10:00:00 x", "2026-11-21T10:00:00Z"),
            ("[Sat Nov 21 10:00:00.123456 2026] x", "2026-11-21T10:00:00.123456Z"),
            ("1795255200 x", "2026-11-21T10:00:00Z"),
            ("1795255200.25 x", "2026-11-21T10:00:00.250Z"),
            ("1795255200123 x", "2026-11-21T10:00:00.123Z"),
            ("I1121 10:00:00.123456 x", "2026-11-21T10:00:00.123456Z"),
            ("1:M 21 Nov 2026 10:00:00.123 x", "2026-11-21T10:00:00.123Z"),
            ("2016-12-31T23:59:60Z x", "2016-12-31T23:59:59.999999999Z"),
            ("2026-11-21T10:00:00,123456+0100 x", "2026-11-21T09:00:00.123456Z"),
            ("2026-11-21T10:00:00.1234567891234Z x", "2026-11-21T10:00:00.123456789Z"),
            ("2026-11-21 10:00:00 GMT x", "2026-11-21T10:00:00Z"),
            ("2026-11-21_10:00:00 x", "2026-11-21T10:00:00Z"),
            ("2026/11/21 10:00:00.5 x", "2026-11-21T10:00:00.500Z"),
            ("[21/Nov/2026:10:00:00.123] x", "2026-11-21T10:00:00.123Z"),
            ("21-Nov-2026 10:00:00.123 x", "2026-11-21T10:00:00.123Z"),
            ("Sat Nov 21 10:00:00 2026 x", "2026-11-21T10:00:00Z"),
            ("1795255200123456 x", "2026-11-21T10:00:00.123456Z"),
            ("1795255200123456789 x", "2026-11-21T10:00:00.123456789Z"),
            ("12345:C 01 Nov 2026 10:00:00.123 x", "2026-11-01T10:00:00.123Z"),
        ] {
            assert_eq!(read(Tz::UTC, line), Some((expected.to_owned(), "x".to_owned())), "{line}");
        }
    }

    #[test]
    fn the_year_that_is_not_written_is_the_nearest() {
        for (now, line, expected) in [
            ("2026-01-01T00:30:00Z", "Dec 31 23:59:59 x", "2025-12-31T23:59:59Z"),
            // A clock that is a little ahead.
            ("2025-12-31T23:59:00Z", "Jan  1 00:00:30 x", "2026-01-01T00:00:30Z"),
            ("2025-12-31T23:59:00Z", "Jan  2 00:00:00 x", "2025-01-02T00:00:00Z"),
            ("2026-03-01T00:00:00Z", "Feb 29 10:00:00 x", "2024-02-29T10:00:00Z"),
            ("2026-11-21T12:00:00Z", "I1122 10:00:00.5 x", "2026-11-22T10:00:00.500Z"),
            ("2026-11-21T12:00:00Z", "I1123 10:00:00.5 x", "2025-11-23T10:00:00.500Z"),
        ] {
            let now = DateTime::parse_from_rfc3339(now).unwrap().to_utc();
            let found = TimeReader::new(Tz::UTC).leading(line, now).map(|found| found.at);
            assert_eq!(found, Some(DateTime::parse_from_rfc3339(expected).unwrap().to_utc()), "{line}");
        }
    }

    #[test]
    fn abbreviations_of_zones_are_not_believed() {
        for abbreviation in ["CET", "EST", "IST", "PST"] {
            let line = format!("2026-11-21 10:00:00 {abbreviation} x");
            let expected = ("2026-11-21T10:00:00Z".to_owned(), format!("{abbreviation} x"));
            assert_eq!(read(Tz::UTC, &line), Some(expected));
        }
    }

    #[test]
    fn what_is_no_time() {
        for line in [
            "",
            "2026-13-21 10:00:00 x",
            "12345 x",
            "2026-11-21",
            "Nov 31 10:00:00 x",
            "Nothing 10:00:00",
            "2026-11-21T10:00:00abc",
        ] {
            assert_eq!(read(Tz::UTC, line), None, "{line}");
        }
    }

    #[test]
    fn times_without_a_zone_are_in_the_zone_of_the_log() {
        let zone = Tz::Europe__Berlin;
        assert_eq!(read(zone, "2026-11-21 10:00:00 x").unwrap().0, "2026-11-21T09:00:00Z");
        assert_eq!(read(zone, "2026-11-21T10:00:00Z x").unwrap().0, "2026-11-21T10:00:00Z");
        // Twice, and never.
        assert_eq!(read(zone, "2026-10-25 02:30:00 x").unwrap().0, "2026-10-25T00:30:00Z");
        assert_eq!(read(zone, "2026-03-29 02:30:00 x").unwrap().0, "2026-03-29T01:30:00Z");
    }

    #[test]
    fn values_of_fields() {
        let reader = TimeReader::new(Tz::UTC);
        for (text, expected) in [
            ("1795255200", Some("2026-11-21T10:00:00Z")),
            ("1795255200.5", Some("2026-11-21T10:00:00.500Z")),
            ("1.7952552e9", Some("2026-11-21T10:00:00Z")),
            ("1795255200123", Some("2026-11-21T10:00:00.123Z")),
            ("1795255200123456", Some("2026-11-21T10:00:00.123456Z")),
            ("1795255200123456789", Some("2026-11-21T10:00:00.123456789Z")),
            ("99999999999", Some("5138-11-16T09:46:39Z")),
            ("100000000000", Some("1973-03-03T09:46:40Z")),
            ("99999999999999", Some("5138-11-16T09:46:39.999Z")),
            ("100000000000000", Some("1973-03-03T09:46:40Z")),
            ("99999999999999999", Some("5138-11-16T09:46:39.999999Z")),
            ("100000000000000000", Some("1973-03-03T09:46:40Z")),
            ("2026-11-21T10:00:00Z", Some("2026-11-21T10:00:00Z")),
            ("2026-11-21T10:00:00Z and more", None),
            ("yesterday", None),
        ] {
            let found = reader.value(text, now()).map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_the_rest_is_in_the_line(line in r"[\[<]{0,2}[0-9A-Za-z:/\-,. +é>\]]{0,40}|.{0,40}") {
            for zone in [Tz::UTC, Tz::America__New_York] {
                let reader = TimeReader::new(zone);
                if let Some(found) = reader.leading(&line, now()) {
                    prop_assert!(line.is_char_boundary(found.rest));
                }
                reader.value(&line, now());
            }
        }
    }
}
