//! What a line says without becoming a record.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::Pipeline;
use crate::logs::fields;
use crate::logs::filter::Subject;
use crate::logs::format::Format;
use crate::logs::record::Level;
use crate::sources::logs::follow::container;
use crate::sources::logs::recognise::format::{ParsedLine, level_of_object};
use crate::sources::logs::recognise::join::Joiner;
use crate::text::MAX_RECORD;
use crate::text::every::{is_printable, is_printable_or};

/// Longest line that the sanitiser surely leaves whole.
pub(crate) const LONGEST: usize = MAX_RECORD;

/// A line whose record would say exactly this.
#[derive(Debug)]
pub(crate) struct LinePreview<'a> {
    line: &'a str,
    seen: ParsedLine<'a>,
    log: &'a str,
    read_at: DateTime<Utc>,
}

/// Whether `line` is an object of its own: nothing before it and nothing behind it belongs to it. Objects of docker
/// may be a piece of a line.
pub(crate) fn is_object(line: &[u8]) -> bool {
    line.first() == Some(&b'{') && !line.starts_with(b"{\"log\":")
}

impl Pipeline {
    /// Whether `line` surely begins a record: nothing above it belongs to it. `before` is the line above it, where it
    /// is known; `printable` where both are known to be printable ASCII and tabs.
    pub(crate) fn begins(&self, before: Option<&[u8]>, line: &[u8], printable: bool) -> bool {
        let is_bare = |line: &[u8]| (printable || is_printable_or(b'\t', line)) && container::unwrap(line).is_none();
        is_object(line)
            || before.is_some_and(|before| is_bare(before) && is_bare(line) && self.joiner.begins(before, line))
    }

    /// Whether each object of this log is a record, whatever stands beside it, and every record is wanted.
    pub(crate) fn takes_objects_alone(&self) -> bool {
        self.ignore.is_empty()
            && matches!(self.joiner, Joiner::Off | Joiner::Auto)
            && self.recogniser.is_plain_auto()
            && self.counters.is_empty()
            && !self.hidden
            && self.floor == Level::None
    }

    /// Whether nothing in `bytes` would be taken out before they are shown.
    pub(crate) fn is_unredacted(&self, bytes: &[u8]) -> bool {
        matches!(self.redactor.redact_bytes(bytes), Cow::Borrowed(_))
    }

    /// Notes that objects were passed by, by which the next lines could be told.
    pub(crate) fn passed_objects(&mut self) {
        self.last = Format::Json;
    }

    /// What the record of `line` would say, for an object without escapes, secrets and anything that is no printable
    /// ASCII; `None` for every other line, which must become a record to be known. The pipeline must take objects
    /// alone, and the record before the line must have been closed.
    pub(crate) fn glance<'a>(&'a mut self, line: &'a [u8], now: DateTime<Utc>) -> Option<LinePreview<'a>> {
        if !is_object(line) || !is_printable(line) || !self.is_unredacted(line) {
            return None;
        }
        self.glance_clean(std::str::from_utf8(line).ok()?, now)
    }

    /// The lines of `bytes` as text, if all of them are printable ASCII without secrets.
    pub(crate) fn clean<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        let is_clean = is_printable_or(b'\n', bytes) && self.is_unredacted(bytes);
        is_clean.then(|| std::str::from_utf8(bytes).ok()).flatten()
    }

    /// The level of the record of an object that is clean; `None` where it must become a record to be known.
    pub(crate) fn level_of_clean(&mut self, line: &str) -> Option<Level> {
        let level = (line.len() <= LONGEST).then(|| level_of_object(line)).flatten()?;
        self.passed_objects();
        Some(level)
    }

    /// As [`Self::glance`], for an object that is clean.
    pub(crate) fn glance_clean<'a>(&'a mut self, line: &'a str, now: DateTime<Utc>) -> Option<LinePreview<'a>> {
        if line.len() > LONGEST {
            return None;
        }
        let seen = self.recogniser.recognise(line, self.last, now);
        let as_written = matches!(seen.message, Cow::Borrowed(_)) && !matches!(seen.service, Some(Cow::Owned(_)));
        if as_written {
            self.last = seen.format;
        }
        as_written.then_some(LinePreview { line, seen, log: &self.log, read_at: now })
    }
}

impl Subject for LinePreview<'_> {
    fn raw(&self) -> &str {
        self.line
    }

    fn message(&self) -> &str {
        &self.seen.message
    }

    fn level(&self) -> Level {
        self.seen.level
    }

    fn time(&self) -> Option<DateTime<Utc>> {
        self.seen.time
    }

    fn read_at(&self) -> DateTime<Utc> {
        self.read_at
    }

    fn log(&self) -> &str {
        self.log
    }

    fn service(&self) -> Option<&str> {
        self.seen.service.as_deref()
    }

    fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        fields::find(name, |visit| fields::walk(self.seen.format, self.line, visit)).map(fields::FieldValue::text)
    }

    fn is_json(&self) -> bool {
        self.seen.format.is_json()
    }

    fn is_marker(&self) -> bool {
        false
    }

    fn is_stderr(&self) -> bool {
        false
    }
}
