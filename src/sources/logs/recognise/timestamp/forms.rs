//! The forms in which programs write a date and a time.

use chrono::{Datelike, NaiveDateTime};

use super::clock::{Clock, clock, compact_clock, moment, month, number, short_number, weekday, whole_clock};
use crate::logs::zone;
use crate::logs::zone::Zone;

#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    /// What the clock shows; `None` where it can't be known which day is meant.
    pub(super) local: Option<NaiveDateTime>,
    pub(super) zone: Option<Zone<'a>>,
    /// Bytes of it.
    pub(super) length: usize,
}

/// Years that a log may be of, where something else could stand in the place of a year.
const YEARS: std::ops::RangeInclusive<u32> = 1970..=2199;

impl<'a> Written<'a> {
    /// With the zone that may stand behind it.
    fn zoned(local: Option<NaiveDateTime>, text: &'a str, length: usize) -> Self {
        match text.get(length..).and_then(zone::behind) {
            Some((zone, more)) => Self { local, zone: Some(zone), length: length + more },
            None => Self { local, zone: None, length },
        }
    }
}

/// Any form that begins with a digit and has a date. `near` is the latest moment that may be meant.
pub(super) fn of_digits(text: &str) -> Option<Written<'_>> {
    let bytes = text.as_bytes();
    match bytes.get(4)? {
        b'-' | b'/' | b'.' if bytes[..4].iter().all(u8::is_ascii_digit) => year_first(text),
        b'0'..=b'9' if bytes[..4].iter().all(u8::is_ascii_digit) => compact(text).or_else(|| two_digit_years(text)),
        _ => day_first(text).or_else(|| day_or_month_first(text)).or_else(|| two_digit_years(text)),
    }
}

/// Any form that begins with a letter.
pub(super) fn of_letters(text: &str, near: NaiveDateTime) -> Option<Written<'_>> {
    let bytes = text.as_bytes();
    if let Some(length) = weekday(bytes) {
        let mut at = length + usize::from(matches!(bytes.get(length), Some(b',' | b'.')));
        if bytes.get(at) != Some(&b' ') {
            return None;
        }
        at += bytes[at..].iter().take_while(|byte| **byte == b' ').count();
        let rest = &text[at..];
        let mut found = match rest.as_bytes().first()? {
            b'0'..=b'9' => year_first(rest).or_else(|| day_first(rest))?,
            _ => month_first(rest, near, true)?,
        };
        found.length += at;
        found.length += comment(&text[found.length..]);
        return Some(found);
    }
    month_first(text, near, false).or_else(|| klog(text, near))
}

/// ` (CET)` and ` (Central European Standard Time)` behind an offset.
fn comment(text: &str) -> usize {
    let Some(inner) = text.strip_prefix(" (") else { return 0 };
    let length = inner.bytes().take(48).take_while(|byte| byte.is_ascii_alphabetic() || *byte == b' ').count();
    if length > 0 && inner[length..].starts_with(')') { length + 3 } else { 0 }
}

/// What stands between date and time.
fn gap(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b' ', b'-', b' ', ..] => Some(3),
        [b',' | b' ', b' ', ..] | [b':', b':', ..] => Some(2),
        [b'T' | b't' | b'_' | b' ' | b':', ..] => Some(1),
        _ => None,
    }
}

/// `2026-11-21T10:00:00.123Z`, with `/` or `.`, with a space, a comma, with and without zone and seconds.
fn year_first(text: &str) -> Option<Written<'_>> {
    let bytes = text.as_bytes();
    let mark = *bytes.get(4)?;
    let (month, month_length) = short_number(bytes, 5)?;
    let day_at = 6 + month_length;
    if !matches!(mark, b'-' | b'/' | b'.') || bytes.get(day_at - 1) != Some(&mark) {
        return None;
    }
    let (day, day_length) = short_number(bytes, day_at)?;
    let mut at = day_at + day_length;
    at += gap(bytes.get(at..)?)?;
    let clock = clock(bytes.get(at..)?, true)?;
    let local = moment(number(bytes, 0, 4)?, month, day, clock)?;
    Some(Written::zoned(Some(local), text, at + clock.length))
}

/// `20261121T100000Z`, `20261121 10:00:00`, `20261121-10:00:00`, `20261121100000`.
fn compact(text: &str) -> Option<Written<'_>> {
    let bytes = text.as_bytes();
    let date = (number(bytes, 0, 4)?, number(bytes, 4, 2)?, number(bytes, 6, 2)?);
    let gap = match bytes.get(8)? {
        b'T' | b't' | b' ' | b'-' | b'_' => 1,
        b'0'..=b'9' => 0,
        _ => return None,
    };
    let rest = bytes.get(8 + gap..)?;
    let clock = if gap == 0 {
        run_of_digits(rest)?
    } else if rest.get(1..3)?.contains(&b':') {
        clock(rest, false)?
    } else {
        compact_clock(rest)?
    };
    let local = moment(date.0, date.1, date.2, clock)?;
    let found = Written::zoned(Some(local), text, 8 + gap + clock.length);
    (gap > 0 || YEARS.contains(&date.0)).then_some(found)
}

/// `100000`, and milliseconds behind it; more digits are some other number.
fn run_of_digits(bytes: &[u8]) -> Option<Clock> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let millis = match digits {
        6 => return compact_clock(bytes),
        9 => number(bytes, 6, 3)?,
        _ => return None,
    };
    let (hour, minute, second) = (number(bytes, 0, 2)?, number(bytes, 2, 2)?, number(bytes, 4, 2)?);
    Some(whole_clock(hour, minute, second, millis * 1_000_000, 9))
}

/// `21/Nov/2026:10:00:00 +0000` (web servers), `21 Nov 2026 10:00:00.123` (Redis), `21-Nov-2026::10:00:00` (Erlang),
/// `21-Nov-26 10:00:00 GMT` (RFC 850).
fn day_first(text: &str) -> Option<Written<'_>> {
    let bytes = text.as_bytes();
    let (day, day_length) = short_number(bytes, 0)?;
    let mark = *bytes.get(day_length)?;
    if !matches!(mark, b'/' | b' ' | b'-') {
        return None;
    }
    let (month, month_length) = month(&bytes[day_length + 1..])?;
    let mut at = day_length + 1 + month_length;
    if bytes.get(at) != Some(&mark) {
        return None;
    }
    let (year, year_length) = match number(bytes, at + 1, 4) {
        Some(year) => (year, 4),
        None => (2000 + number(bytes, at + 1, 2)?, 2),
    };
    at += 1 + year_length;
    at += gap(bytes.get(at..)?)?;
    let clock = clock(bytes.get(at..)?, false)?;
    Some(Written::zoned(Some(moment(year, month, day, clock)?), text, at + clock.length))
}

/// `21.11.2026 10:00:00`, and `21/11/2026` or `11/21/2026` where one of the numbers can't be a month. Else it can't be
/// known which day is meant.
fn day_or_month_first(text: &str) -> Option<Written<'_>> {
    let bytes = text.as_bytes();
    let (first, first_length) = short_number(bytes, 0)?;
    let mark = *bytes.get(first_length)?;
    let (second, second_length) = short_number(bytes, first_length + 1)?;
    let mut at = first_length + 1 + second_length;
    if !matches!(mark, b'/' | b'-' | b'.') || bytes.get(at) != Some(&mark) {
        return None;
    }
    let year = number(bytes, at + 1, 4).filter(|year| YEARS.contains(year))?;
    at += 5;
    at += gap(bytes.get(at..)?)?;
    let clock = clock(bytes.get(at..)?, true)?;
    let local = if mark == b'.' || first > 12 {
        Some(moment(year, second, first, clock)?)
    } else if second > 12 || first == second {
        Some(moment(year, first, second, clock)?)
    } else {
        moment(year, first, second, clock)?;
        None
    };
    Some(Written::zoned(local, text, at + clock.length))
}

/// `26/11/21 10:00:00 INFO` (Spark: a level follows) and `261121 10:00:00`, `261121  1:00:00` (old `MySQL`).
fn two_digit_years(text: &str) -> Option<Written<'_>> {
    let bytes = text.as_bytes();
    let marked = bytes.get(2) == Some(&b'/') && bytes.get(5) == Some(&b'/');
    let step = if marked { 3 } else { 2 };
    let (year, month, day) = (number(bytes, 0, 2)?, number(bytes, step, 2)?, number(bytes, 2 * step, 2)?);
    let mut at = 2 * step + 2;
    at += gap(bytes.get(at..)?).filter(|gap| *gap == 1 || !marked)?;
    let clock = clock(bytes.get(at..)?, false)?;
    let end = at + clock.length;
    let local = moment(2000 + year, month, day, clock)?;
    if !marked {
        return Some(Written { local: Some(local), zone: None, length: end });
    }
    let next = text.get(end..)?.trim_ascii_start().split(' ').next().unwrap_or_default();
    let is_spark = matches!(next, "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL");
    is_spark.then_some(Written { local: Some(local), zone: None, length: end })
}

/// `Nov 21 10:00:00`, `Nov  1 10:00:00` (syslog), `Nov 21 2026 10:00:00`, `Nov 21, 2026 1:00:00 PM`,
/// `Nov 21 10:00:00.123456 2026`, `Nov 21 01:00:00 PM CET 2026`.
fn month_first(text: &str, near: NaiveDateTime, weekday: bool) -> Option<Written<'_>> {
    let bytes = text.as_bytes();
    let (month, length) = month(bytes)?;
    let mut at = length;
    if bytes.get(at) != Some(&b' ') {
        return None;
    }
    at += if bytes.get(at + 1) == Some(&b' ') { 2 } else { 1 };
    let (day, day_length) = short_number(bytes, at)?;
    at += day_length;
    let comma = bytes.get(at) == Some(&b',');
    at += usize::from(comma);
    if bytes.get(at) != Some(&b' ') {
        return None;
    }
    at += 1;
    // The year before the clock.
    if let Some(year) = number(bytes, at, 4).filter(|_| bytes.get(at + 4) != Some(&b':')) {
        at += 4;
        at += gap(bytes.get(at..)?)?;
        let clock = clock(bytes.get(at..)?, comma)?;
        return Some(Written::zoned(Some(moment(year, month, day, clock)?), text, at + clock.length));
    }
    let clock = clock(bytes.get(at..)?, false)?;
    let mut found = Written::zoned(None, text, at + clock.length);
    let year = bytes.get(found.length) == Some(&b' ');
    let year = year.then(|| number(bytes, found.length + 1, 4)).flatten().filter(|year| YEARS.contains(year));
    let ends = bytes.get(found.length + 5).is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b':');
    if let Some(year) = year.filter(|_| ends) {
        found.length += 5;
        found.local = Some(moment(year, month, day, clock)?);
    } else if zone_and_year(&bytes[found.length..], weekday) {
        return None;
    } else {
        found.local = Some(without_year(month, day, clock, near)?);
    }
    Some(found)
}

/// Whether ` XYZT 2026` follows: date(1) with a zone that isn't known, whose year must not be taken for a message. A
/// host stands there in syslog, mostly in small letters; but syslog has no weekday.
fn zone_and_year(bytes: &[u8], weekday: bool) -> bool {
    let Some(word) = bytes.strip_prefix(b" ") else { return false };
    let length = word.iter().take(40).take_while(|byte| byte.is_ascii_graphic()).count();
    let is_zone = match word.first() {
        Some(b'A'..=b'Z' | b'+' | b'-' | b'<' | b'(' | b'[') => true,
        Some(b'a'..=b'z') => weekday,
        _ => false,
    };
    let ends = word.get(length + 5).is_none_or(|next| !next.is_ascii_alphanumeric() && !b"-/.:".contains(next));
    let year = number(word, length + 1, 4).is_some_and(|year| YEARS.contains(&year));
    is_zone && ends && year && word.get(length) == Some(&b' ') && word[length - 1] != b':'
}

/// `I1121 10:00:00.123456` (klog) and `I20261121 10:00:00.123456` (glog).
fn klog(text: &str, near: NaiveDateTime) -> Option<Written<'_>> {
    let bytes = text.as_bytes();
    let digits = bytes.get(1..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !matches!(bytes[0], b'I' | b'W' | b'E' | b'F') || bytes.get(1 + digits) != Some(&b' ') {
        return None;
    }
    let clock = clock(&bytes[digits + 2..], false)?;
    let local = match digits {
        4 => without_year(number(bytes, 1, 2)?, number(bytes, 3, 2)?, clock, near)?,
        8 => moment(number(bytes, 1, 4)?, number(bytes, 5, 2)?, number(bytes, 7, 2)?, clock)?,
        _ => return None,
    };
    Some(Written { local: Some(local), zone: None, length: digits + 2 + clock.length })
}

/// In the latest year that puts it not behind `near`. The 29th of February may be eight years back.
fn without_year(month: u32, day: u32, clock: Clock, near: NaiveDateTime) -> Option<NaiveDateTime> {
    let year = u32::try_from(near.year()).ok()?;
    (0..=8).filter_map(|back| moment(year.checked_sub(back)?, month, day, clock)).find(|at| *at <= near)
}
