//! Log records: one line, or one joined group of lines, recognised and sanitised.

mod others;
mod recorded;

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fields::{self, FieldValue, Visit};
use super::format::Format;
use super::layout::Layout;
use super::pattern;
use crate::lang::time::Stamp;
use crate::text::name::Name;
use crate::text::redact::Redactor;
use crate::text::{SafeText, StyleSpan, TextStyles};

pub(crate) use others::quoted;

/// Severity of a log record, mildest first, so that `level >= Level::Warn` reads as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// No level was recognised.
    #[default]
    None,
    /// Trace, verbose, finest.
    Trace,
    /// Debug, fine.
    Debug,
    /// Info, notice.
    Info,
    /// Warning.
    Warn,
    /// Error, severe.
    Error,
    /// Fatal, critical, alert, emergency, panic.
    Fatal,
}

impl Level {
    /// Every level that a filter or a configuration may name, mildest first.
    pub(crate) const WORDS: [&'static str; 7] = ["none", "trace", "debug", "info", "warn", "error", "fatal"];

    /// The level that a word or a number (syslog 0 to 7, bunyan and pino 10 to 60, Monolog 100 to
    /// 600) means, in any case.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        let mut lower = [0_u8; 16];
        let length = word.len();
        let lower = lower.get_mut(..length)?;
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"none" => Self::None,
            b"trace" | b"trc" | b"trce" | b"trac" | b"verbose" | b"finest" | b"finer" | b"silly" => Self::Trace,
            b"debug" | b"dbg" | b"dbug" | b"debu" | b"d" | b"fine" => Self::Debug,
            b"info" | b"inf" | b"information" | b"informational" | b"notice" | b"note" | b"i" | b"log" | b"system"
            | b"http" => Self::Info,
            b"warn" | b"warning" | b"wrn" | b"w" => Self::Warn,
            b"error" | b"err" | b"erro" | b"fail" | b"e" | b"severe" => Self::Error,
            b"fatal" | b"ftl" | b"fata" | b"f" | b"crit" | b"critical" | b"alert" | b"emerg" | b"emergency"
            | b"panic" | b"dpanic" | b"pani" | b"pnc" => Self::Fatal,
            digits if digits.iter().all(u8::is_ascii_digit) => match word.parse::<u32>().ok()? {
                0..=2 | 60..=99 | 500..=600 => Self::Fatal,
                3 | 50..=59 | 400..=499 => Self::Error,
                4 | 40..=49 | 300..=399 => Self::Warn,
                5 | 6 | 30..=39 | 200..=299 => Self::Info,
                7 | 20..=29 | 100..=199 => Self::Debug,
                10..=19 => Self::Trace,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// The house's word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

/// What kind of entry a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordKind {
    /// A line of the log.
    Line,
    /// The last line, not yet ended by its writer; replaced (same `seq`) when it is completed.
    Partial,
    /// A note of the follower itself: rotated, truncated, skipped N bytes, gone, back, restarted.
    Marker,
}

/// One entry of a log. Cheap to clone. Entries that were made together hold their memory together.
#[derive(Debug, Clone)]
pub struct Record {
    block: Arc<[RecordData]>,
    index: u32,
}

/// The contents of a [`Record`], as the recogniser fills them.
#[derive(Debug, Clone)]
pub struct RecordData {
    /// The `[log.NAME]` it came from.
    pub log: Name,
    /// Position in its log, from 1, never reused in a process: the identity of the record for scrolling and marks.
    pub seq: u64,
    /// When it was read.
    pub read_at: Stamp,
    /// The time that the line itself states, in UTC.
    pub time: Option<DateTime<Utc>>,
    /// Its level.
    pub level: Level,
    /// The service that the line names, where it names one.
    pub service: Option<SafeText>,
    /// The message alone, without time, level and service; for an unrecognised line the whole line.
    pub message: SafeText,
    /// The whole line as it came, sanitised. [`Record::fields`] reads it again.
    pub raw: SafeText,
    /// What it was recognised as; decides how its fields are read.
    pub format: Format,
    /// The colours of the message; see [`Record::styles`].
    pub styles: TextStyles,
    /// What the configuration says of the form of its log.
    pub layout: Option<Arc<Layout>>,
    /// What kind of entry.
    pub kind: RecordKind,
    /// Whether a command wrote it to stderr.
    pub stderr: bool,
    /// Bytes behind [`crate::text::MAX_RECORD`] that were left out: no filter and no count has seen them.
    pub cut_bytes: u64,
    /// Which file it came from, where its log has several.
    pub file: Option<Name>,
}

impl RecordData {
    /// A line of which nothing was recognised.
    pub fn unknown(log: Name, seq: u64, read_at: Stamp, text: SafeText) -> Self {
        Self {
            log,
            seq,
            read_at,
            time: None,
            level: Level::None,
            service: None,
            message: text.clone(),
            raw: text,
            format: Format::Unknown,
            styles: TextStyles::default(),
            layout: None,
            kind: RecordKind::Line,
            stderr: false,
            cut_bytes: 0,
            file: None,
        }
    }
}

impl Record {
    /// Wraps recognised contents.
    pub fn new(data: RecordData) -> Self {
        Self { block: Arc::new([data]), index: 0 }
    }

    /// Wraps contents that came together, in one allocation for all: it goes when the last of them goes.
    pub(crate) fn block(contents: impl IntoIterator<Item = RecordData>) -> impl Iterator<Item = Self> {
        let block: Arc<[RecordData]> = contents.into_iter().collect();
        (0..block.len() as u32).map(move |index| Self { block: Arc::clone(&block), index })
    }

    /// Every field of the line, in its order, with dotted names where nested; also time, level and message.
    /// Read from the line at each call: for a record that a person looks at, not for every record.
    pub fn fields(&self) -> Vec<(SafeText, SafeText)> {
        self.fields_of_start(usize::MAX)
    }

    /// Those of the first `bytes` of the line: what a row of a list shows, at a cost that does not grow with the record.
    pub(crate) fn fields_of_start(&self, bytes: usize) -> Vec<(SafeText, SafeText)> {
        let mut found = Vec::new();
        if self.kind != RecordKind::Marker {
            self.walk_start(bytes, &mut |key, value| {
                found.push((SafeText::new(key), SafeText::of_record(&value.text())));
                ControlFlow::Continue(())
            });
        }
        found
    }

    /// One field, without regard to case; `name` also finds `outer.name`. Not sanitised: for comparing, not for
    /// drawing.
    pub(crate) fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        let name = self.layout.as_ref().map_or(name, |layout| layout.resolve(name));
        fields::find(name, |visit| self.walk(visit)).map(FieldValue::text)
    }

    fn walk<'a>(&'a self, visit: Visit<'_, 'a>) -> bool {
        self.walk_start(usize::MAX, visit)
    }

    /// The fields of the first `bytes` of the line: of what is cut in the middle those before.
    fn walk_start<'a>(&'a self, bytes: usize, visit: Visit<'_, 'a>) -> bool {
        let start = |text: &'a str| &text[..text.floor_char_boundary(bytes)];
        match &self.layout {
            Some(layout) if self.format == Format::Pattern => layout.walk(start(self.first_line()), visit),
            _ => fields::walk(self.format, start(self.raw.as_str()), visit),
        }
    }

    fn first_line(&self) -> &str {
        self.lines().next().unwrap_or_default()
    }

    /// The colours that the writer gave to parts of the message: byte ranges of [`RecordData::message`], in order,
    /// not overlapping, each at character boundaries. Empty for most records, and where the log strips colours.
    pub fn styles(&self) -> &[StyleSpan] {
        self.styles.as_slice()
    }

    /// The record without the secrets in it; `None` where it has none.
    pub(crate) fn masked(&self, redactor: &Redactor) -> Option<Self> {
        let masked = |text: &SafeText| match redactor.redact(text.as_str()) {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(SafeText::of_record(&text)),
        };
        let (raw, message) = (masked(&self.raw), masked(&self.message));
        let service = self.service.as_ref().and_then(masked);
        if raw.is_none() && message.is_none() && service.is_none() {
            return None;
        }
        let styles = if message.is_some() { TextStyles::default() } else { self.styles.clone() };
        let known = RecordData::clone(self);
        Some(Self::new(RecordData {
            raw: raw.unwrap_or(known.raw),
            message: message.unwrap_or(known.message),
            service: service.or(known.service),
            styles,
            ..known
        }))
    }

    /// The lines it was joined from; one for most records.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.raw.lines()
    }

    /// When it happened: what the line says, else when it was read.
    pub fn at(&self) -> DateTime<Utc> {
        self.time.unwrap_or(self.read_at.utc)
    }

    /// Whether two records are the same version of the same entry.
    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.block, &other.block) && self.index == other.index
    }

    /// The same with what the configuration says of the form of its log.
    #[must_use]
    pub(crate) fn arranged(&self, layout: Option<&Arc<Layout>>) -> Self {
        Self::new(RecordData { layout: layout.cloned(), ..(**self).clone() })
    }

    /// Memory it holds, in bytes, with the texts it does not share.
    pub(crate) fn footprint(&self) -> usize {
        let shared = self.message.shares_memory_with(&self.raw);
        let message = if shared { 0 } else { 16 + self.message.len() };
        size_of::<RecordData>() + 32 + self.raw.len() + message + size_of_val(self.styles())
    }
}

impl std::ops::Deref for Record {
    type Target = RecordData;

    fn deref(&self) -> &RecordData {
        &self.block[self.index as usize]
    }
}

/// What one tick of a log source yields.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RecordBatch {
    /// New records, oldest first.
    pub records: Vec<Record>,
    /// The hash of the shape of each message, where its source has found it; else it is found by who takes it in.
    #[serde(skip)]
    pub shapes: Vec<u64>,
    /// What was lost since the source started.
    pub loss: Loss,
    /// True while these are lines that were there before we came: they are merged where their time says, and
    /// not announced as new.
    pub backlog: bool,
}

impl RecordBatch {
    /// With the shapes of its messages: for sources, so that the loop looks at no message.
    #[must_use]
    pub(crate) fn with_shapes(mut self) -> Self {
        let mut shape = String::new();
        let of = |record: &Record| {
            pattern::shape_of(record.message.as_str(), &mut shape);
            pattern::shape_hash(&shape)
        };
        self.shapes = self.records.iter().map(of).collect();
        self
    }
}

/// Counts of what a log source could not show as it was, since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Loss {
    /// Records that the ring dropped to keep within its bounds.
    pub dropped: u64,
    /// Bytes cut from over-long records.
    pub cut_bytes: u64,
    /// Records that were cut.
    pub cut_records: u64,
    /// Bytes skipped because the writer was faster than we may read.
    pub skipped_bytes: u64,
    /// Control sequences neutralised.
    pub neutralised: u64,
}

/// What a log source is doing, with the words to show where it is no plain following.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum LogState {
    /// Not started yet.
    #[default]
    Starting,
    /// Following; how many files.
    Following(usize),
    /// Following the files that were written last; there are more than can be followed.
    FollowingNewest {
        /// How many are followed.
        files: usize,
        /// How many are not.
        left_out: usize,
    },
    /// The file is not there (yet), or no file matches.
    Waiting(SafeText),
    /// It can't be read: permission, I/O, not text.
    Failed(SafeText),
    /// A command ended and will be started again.
    Restarting(SafeText),
    /// Still reading what was there at the start, or what was written faster than it could be read.
    CatchingUp {
        /// Bytes that are left, as far as that is known.
        left: u64,
    },
}
