//! Steps over the parts of a line of text.

use std::ops::ControlFlow;

use super::value::FieldValue;
use super::{Visit, pairs};
use crate::logs::zone;

/// What is left of a line. Each step returns `None`, and leaves the rest as it is, where the line goes on otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'a>(pub &'a str);

impl<'a> Scan<'a> {
    /// Steps over `text`.
    pub(super) fn literal(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// Takes what is before `end` and steps over both.
    pub(super) fn until(&mut self, end: &str) -> Option<&'a str> {
        let (before, after) = self.0.split_once(end)?;
        self.0 = after;
        Some(before)
    }

    /// Takes a word and the spaces behind it.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let end = memchr::memchr(b' ', self.0.as_bytes()).unwrap_or(self.0.len());
        let word = &self.0[..end];
        self.0 = self.0[end..].trim_ascii_start();
        (!word.is_empty()).then_some(word)
    }

    /// Takes a word of digits and the spaces behind it.
    pub(super) fn number(&mut self) -> Option<&'a str> {
        let before = *self;
        let word = self.word().filter(|word| is_number(word));
        if word.is_none() {
            *self = before;
        }
        word
    }

    /// Takes what is between brackets, and steps over the spaces behind them.
    pub(super) fn bracketed(&mut self, open: char, close: char) -> Option<&'a str> {
        let (inner, rest) = self.0.strip_prefix(open)?.split_once(close)?;
        self.0 = rest.trim_ascii_start();
        Some(inner)
    }

    /// Takes a time as [`time_length`] knows it, and the spaces behind it.
    pub(super) fn time(&mut self) -> Option<&'a str> {
        let length = time_length(self.0)?;
        let time = &self.0[..length];
        self.0 = self.0[length..].trim_ascii_start();
        Some(time)
    }

    /// Takes `Nov 21 10:00:00` and the space behind it.
    pub(super) fn syslog_time(&mut self) -> Option<&'a str> {
        let bytes = self.0.as_bytes();
        let is_clock = bytes.get(9) == Some(&b':') && bytes.get(12) == Some(&b':');
        let ends = bytes.get(15) == Some(&b' ');
        if !is_clock
            || !ends
            || bytes[3] != b' '
            || bytes[6] != b' '
            || !bytes[..3].is_ascii()
            || !bytes.is_ascii_upto(15)
        {
            return None;
        }
        let time = &self.0[..15];
        self.0 = &self.0[16..];
        Some(time)
    }
}

/// Whether the first bytes are ASCII, so that slices there end between characters.
trait AsciiUpTo {
    fn is_ascii_upto(&self, end: usize) -> bool;
}

impl AsciiUpTo for [u8] {
    fn is_ascii_upto(&self, end: usize) -> bool {
        self.get(..end).is_some_and(<[u8]>::is_ascii)
    }
}

/// Whether a text is digits only, and some.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// How long `2026-11-21T10:00:00.123Z` is, with `/` or a space, a comma, PM, a zone; or `10:00:00.123` alone.
pub(super) fn time_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits =
        |at: usize, count: usize| bytes.get(at..at + count).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let mut at = 0;
    if digits(0, 4) {
        let dated =
            matches!(bytes.get(4), Some(b'-' | b'/')) && digits(5, 2) && bytes.get(7) == bytes.get(4) && digits(8, 2);
        if !dated || !matches!(bytes.get(10), Some(b'T' | b' ' | b'_')) {
            return None;
        }
        at = 11;
    }
    let clock =
        digits(at, 2) && bytes.get(at + 2) == Some(&b':') && digits(at + 3, 2) && bytes.get(at + 5) == Some(&b':');
    if !clock || !digits(at + 6, 2) {
        return None;
    }
    let dated = at > 0;
    at += 8;
    if matches!(bytes.get(at), Some(b'.' | b',')) && digits(at + 1, 1) {
        at += 1 + bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    }
    at += zone::half(&bytes[at..]).map_or(0, |(_, length)| length);
    Some(if dated { at + zone::behind(&text[at..]).map_or(0, |(_, length)| length) } else { at })
}

/// Hands over fields, those without a value left out. False when no more are wanted.
pub(super) fn emit<'a, const N: usize>(visit: Visit<'_, 'a>, fields: [(&str, &'a str); N]) -> bool {
    fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty() && *value != "-")
        .all(|(name, value)| visit(name, FieldValue::plain(value)) == ControlFlow::Continue(()))
}

/// Hands over fields, the message, and the pairs within the message.
pub(super) fn emit_all<'a, const N: usize>(visit: Visit<'_, 'a>, fields: [(&str, &'a str); N], message: &'a str) {
    if emit(visit, fields) && emit(visit, [("message", message)]) {
        pairs::walk(message, visit);
    }
}
