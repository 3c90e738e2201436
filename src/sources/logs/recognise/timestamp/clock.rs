//! The digits of a time: numbers, names of months and weekdays, and what a clock shows.

use chrono::{NaiveDate, NaiveDateTime};

use crate::logs::zone;

/// A time of day as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    /// Its bytes.
    pub(super) length: usize,
}

/// A number of exactly `digits` digits at `at`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call of it costs more than it does, and a small binary inlines little")]
pub(super) fn number(bytes: &[u8], at: usize, digits: usize) -> Option<u32> {
    let mut value = 0;
    for byte in bytes.get(at..at + digits)? {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    Some(value)
}

/// A number of one or two digits at `at`, and its length.
pub(super) fn short_number(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    match number(bytes, at, 2) {
        Some(value) => Some((value, 2)),
        None => number(bytes, at, 1).map(|value| (value, 1)),
    }
}

const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];

const WEEKDAYS: [&[u8]; 7] = [b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];

/// The month whose name, whole or its first three letters, is at the beginning, and the length of the name.
pub(super) fn month(bytes: &[u8]) -> Option<(u32, usize)> {
    let (at, length) = named(bytes, &MONTHS)?;
    Some((u32::try_from(at + 1).ok()?, length))
}

/// The length of the name of a weekday at the beginning.
pub(super) fn weekday(bytes: &[u8]) -> Option<usize> {
    named(bytes, &WEEKDAYS).map(|(_, length)| length)
}

fn named(bytes: &[u8], names: &[&[u8]]) -> Option<(usize, usize)> {
    let start = bytes.get(..3)?;
    let at = names.iter().position(|name| name[..3].eq_ignore_ascii_case(start))?;
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let whole = letters == 3 || bytes[..letters].eq_ignore_ascii_case(names[at]) || &bytes[..letters] == b"Sept";
    whole.then_some((at, letters))
}

/// `HH:MM:SS` or `H:MM:SS`, with a fraction after `.`, `,` or `:`, with AM or PM. The seconds may be missing where
/// `brief`.
pub(super) fn clock(bytes: &[u8], brief: bool) -> Option<Clock> {
    let (hour, hour_length) = short_number(bytes, 0)?;
    let mut length = hour_length;
    if bytes.get(length) != Some(&b':') {
        return None;
    }
    let minute = number(bytes, length + 1, 2)?;
    length += 3;
    let (mut second, mut nanos) = (0, 0);
    match bytes.get(length) {
        Some(b':') => {
            second = number(bytes, length + 1, 2)?;
            length += 3;
            let (fraction, more) = fraction(&bytes[length..]);
            nanos = fraction;
            length += more;
        }
        Some(b'0'..=b'9') => return None,
        _ if brief => {}
        _ => return None,
    }
    let Some((afternoon, more)) = zone::half(&bytes[length..]) else {
        return Some(Clock { hour, minute, second, nanos, length });
    };
    let hour = match (hour, afternoon) {
        (12, false) => 0,
        (12, true) => 12,
        (1..=11, true) => hour + 12,
        // From 13 on, and at 0, of twenty-four hours with the half of the day beside them.
        (0..=11, false) | (13..=23, true) => hour,
        _ => return None,
    };
    Some(Clock { hour, minute, second, nanos, length: length + more })
}

/// Nanoseconds, and the length with the mark; what is finer than that is left out. Behind a colon three digits.
fn fraction(bytes: &[u8]) -> (u32, usize) {
    let digits = bytes.get(1..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_fraction = match bytes.first() {
        Some(b'.' | b',') => digits > 0,
        Some(b':') => digits == 3,
        _ => false,
    };
    if !is_fraction {
        return (0, 0);
    }
    let (mut nanos, mut scale) = (0, 100_000_000);
    for digit in &bytes[1..=digits] {
        nanos += u32::from(digit - b'0') * scale;
        scale /= 10;
    }
    (nanos, 1 + digits)
}

/// `HHMMSS` without marks, with a fraction.
pub(super) fn compact_clock(bytes: &[u8]) -> Option<Clock> {
    let (hour, minute, second) = (number(bytes, 0, 2)?, number(bytes, 2, 2)?, number(bytes, 4, 2)?);
    let (nanos, more) = fraction(&bytes[6..]);
    Some(Clock { hour, minute, second, nanos, length: 6 + more })
}

/// A clock from its numbers.
pub(super) fn whole_clock(hour: u32, minute: u32, second: u32, nanos: u32, length: usize) -> Clock {
    Clock { hour, minute, second, nanos, length }
}

/// The moment that a date and a clock state; `None` where there is no such day or time.
pub(super) fn moment(year: u32, month: u32, day: u32, clock: Clock) -> Option<NaiveDateTime> {
    let Clock { hour, minute, second, nanos, .. } = clock;
    // A leap second is the last nanosecond before it. It ends an hour of UTC, which ends a quarter everywhere.
    let (second, nanos) = if second == 60 && minute % 15 == 14 { (59, 999_999_999) } else { (second, nanos) };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?.and_hms_nano_opt(hour, minute, second, nanos)
}
