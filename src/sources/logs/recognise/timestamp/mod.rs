//! The time that a line states.
//!
//! A time is read whole or not at all: what is read with half of its parts is wrong by hours or years, and nobody sees
//! it. The forms are told apart by their first bytes and read by hand: a format string would be parsed again for each
//! of 200,000 lines a second.

mod clock;
mod epoch;
mod forms;
#[cfg(test)]
mod tests;

use crate::lang::tz::Tz;
use chrono::{DateTime, NaiveDateTime, Utc};

use crate::logs::zone;
use forms::{Written, of_digits, of_letters};

/// Reads timestamps; times without a zone are in `zone`, those without a year in the year nearest before a moment.
#[derive(Debug, Clone, Copy)]
pub struct TimeReader {
    zone: Tz,
}

/// A time found at the start of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leading {
    /// When; `None` where it can't be known what is meant, as with an abbreviation of several zones.
    pub at: Option<DateTime<Utc>>,
    /// Where the rest of the line begins, in bytes.
    pub rest: usize,
}

/// What was read of a time.
struct Read {
    at: Option<DateTime<Utc>>,
    length: usize,
}

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
            // The clock of a device is not set, or is about to be.
            b'*' | b'.' if bytes.get(start + 1).is_some_and(u8::is_ascii_uppercase) => start += 1,
            b'=' => start += report(&bytes[start..])?,
            _ => {}
        }
        start += redis_role(&bytes[start..]);
        let found = self.any(line.get(start..)?, now)?;
        let mut rest = start + found.length;
        let next = bytes.get(rest);
        if bracket && next == Some(&b']') {
            rest += 1;
        } else if next.is_some_and(|next| {
            let ends = matches!(
                next,
                b' ' | b'\t' | b':' | b',' | b'|' | b'[' | b']' | b'-' | b'"' | b'(' | b')' | b';' | b'>'
            );
            // `[TIME LEVEL module] text`.
            !ends || (bracket && !matches!(next, b' ' | b':'))
        }) || (bracket && next.is_none())
        {
            return None;
        }
        rest += bytes[rest..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b':' | b',' | b'|')).count();
        Some(Leading { at: found.at, rest })
    }

    /// The time that a whole value states: any of the forms, or seconds, milliseconds, microseconds or
    /// nanoseconds since 1970 by their magnitude.
    pub fn value(self, text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let text = text.trim_ascii();
        let found = self.any(text, now).filter(|found| found.length == text.len());
        found.map_or_else(|| epoch::read(text), |found| found.at)
    }

    fn any(self, text: &str, now: DateTime<Utc>) -> Option<Read> {
        let found = match text.as_bytes().first()? {
            b'0'..=b'9' => match of_digits(text) {
                Some(found) => found,
                None => return leading_epoch(text),
            },
            b'A'..=b'Z' => of_letters(text, self.near(now))?,
            _ => return None,
        };
        Some(Read { at: self.instant(found), length: found.length })
    }

    /// A day from now as the local clock of the log shows it.
    fn near(self, now: DateTime<Utc>) -> NaiveDateTime {
        now.with_timezone(&self.zone).naive_local() + chrono::Duration::days(1)
    }

    fn instant(self, written: Written<'_>) -> Option<DateTime<Utc>> {
        let local = written.local?;
        match written.zone {
            None => Some(zone::in_zone(local, self.zone)),
            Some(zone) => zone.instant(local, self.zone),
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

/// `=ERROR REPORT==== ` of Erlang: how long it is.
fn report(bytes: &[u8]) -> Option<usize> {
    const MARK: &[u8] = b" REPORT==== ";
    memchr::memmem::find(&bytes[..bytes.len().min(32)], MARK).map(|at| at + MARK.len())
}

/// `1:M ` of Redis: how long it is.
fn redis_role(bytes: &[u8]) -> usize {
    match bytes.iter().take(12).position(|byte| *byte == b':') {
        Some(at)
            if at > 0
                && bytes[..at].iter().all(u8::is_ascii_digit)
                && bytes.get(at + 1).is_some_and(u8::is_ascii_uppercase)
                && bytes.get(at + 2) == Some(&b' ') =>
        {
            at + 3
        }
        _ => 0,
    }
}

/// Ten digits at least, which are a time since 1970; fewer are some other number.
fn leading_epoch(text: &str) -> Option<Read> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(0);
    let mut length = whole;
    if bytes.get(length) == Some(&b'.') {
        length += 1 + digits(length + 1);
    }
    // `1.7952552001234567e+09`, as zap writes.
    let exponent = bytes.get(length..length + 2).is_some_and(|mark| mark == b"e+");
    if exponent && whole == 1 {
        length += 2 + digits(length + 2);
    } else if !(10..=19).contains(&whole) {
        return None;
    }
    let at = epoch::read(&text[..length])?;
    Some(Read { at: Some(at), length })
}
