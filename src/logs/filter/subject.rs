//! What a filter asks of a record, and of a line that need not become one.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::write::TRACE_NAMES;
use crate::logs::record::{Level, Record, RecordKind};
use crate::text::SafeText;

/// Something that can be filtered and counted: a [`Record`], or a line of which it is known what its record would
/// say.
pub trait Subject {
    /// The whole line, sanitised.
    fn raw(&self) -> &str;
    /// The message alone.
    fn message(&self) -> &str;
    /// Its level.
    fn level(&self) -> Level;
    /// The time that it states.
    fn time(&self) -> Option<DateTime<Utc>>;
    /// When it was read.
    fn read_at(&self) -> DateTime<Utc>;
    /// The log that it came from.
    fn log(&self) -> &str;
    /// The service that it names.
    fn service(&self) -> Option<&str>;
    /// One field, without regard to case; `name` also finds `outer.name`. Not sanitised.
    fn field(&self, name: &str) -> Option<Cow<'_, str>>;
    /// Whether its texts are written with escapes.
    fn is_json(&self) -> bool;
    /// Whether it is a note of the follower and no line.
    fn is_marker(&self) -> bool;
    /// Whether a command wrote it to stderr.
    fn is_stderr(&self) -> bool;

    /// Bytes of it that were left out, so that no filter sees them.
    fn cut_bytes(&self) -> u64 {
        0
    }

    /// When it happened: what the line says, else when it was read.
    fn at(&self) -> DateTime<Utc> {
        self.time().unwrap_or_else(|| self.read_at())
    }

    /// The value by which records are counted and grouped under `name`: of `level`, `service`, `log`, `message` and
    /// `trace` what the filter language means by them, else the field.
    fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("level") {
            return (self.level() != Level::None).then(|| Cow::Borrowed(self.level().word()));
        }
        if is("log") {
            return Some(Cow::Borrowed(self.log()));
        }
        if is("message") || is("msg") {
            return Some(Cow::Borrowed(self.message()));
        }
        if is("service")
            && let Some(service) = self.service()
        {
            return Some(Cow::Borrowed(service));
        }
        if is("trace") {
            return TRACE_NAMES.iter().find_map(|name| self.field(name));
        }
        self.field(name)
    }
}

impl Subject for Record {
    fn raw(&self) -> &str {
        self.raw.as_str()
    }

    fn message(&self) -> &str {
        self.message.as_str()
    }

    fn level(&self) -> Level {
        self.level
    }

    fn time(&self) -> Option<DateTime<Utc>> {
        self.time
    }

    fn read_at(&self) -> DateTime<Utc> {
        self.read_at.utc
    }

    fn log(&self) -> &str {
        &self.log
    }

    fn service(&self) -> Option<&str> {
        self.service.as_ref().map(SafeText::as_str)
    }

    fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        Self::field(self, name)
    }

    fn is_json(&self) -> bool {
        self.format.is_json()
    }

    fn is_marker(&self) -> bool {
        self.kind == RecordKind::Marker
    }

    fn is_stderr(&self) -> bool {
        self.stderr
    }

    fn cut_bytes(&self) -> u64 {
        self.cut_bytes
    }
}
