//! What is remembered between two lines.

use chrono::{DateTime, Utc};

use crate::lang::time::Stamp;
use crate::logs::record::RecordKind;
use crate::sources::logs::count::CountedAs;
use crate::sources::logs::follow::container::Pieces;
use crate::sources::logs::recognise::join::Lines;
use crate::text::name::Name;

/// What the pipeline remembers of one file or pipe: its unfinished record.
#[derive(Debug, Default)]
pub struct RecordStream {
    pub(super) partial: Option<u64>,
    pub(super) open: Option<Open>,
    pub(super) pieces: Pieces,
    pub(super) not_before: Option<DateTime<Utc>>,
    pub(super) carried: Option<DateTime<Utc>>,
    /// What tells its file from the others of its log.
    pub(super) file: Option<Name>,
    /// Bytes that had no room in the line whose pieces are held.
    pub(super) cut: u64,
    written: Option<DateTime<Utc>>,
}

impl RecordStream {
    /// A stream whose records are kept from the first that states `bound` or a later time.
    pub(crate) fn since(bound: Option<DateTime<Utc>>) -> Self {
        Self { not_before: bound, ..Self::default() }
    }

    /// Its records come from this file of several.
    pub(crate) fn come_from(&mut self, file: Option<Name>) {
        self.file = file;
    }

    /// The file was last written at `time`: its lines are not later, which gives the year to those that name none.
    pub(crate) fn written(&mut self, time: Option<DateTime<Utc>>) {
        self.written = time;
    }

    /// The same stream from its beginning: nothing of what was read is remembered.
    pub(super) fn renewed(&self) -> Self {
        Self { file: self.file.clone(), written: self.written, ..Self::default() }
    }

    /// The moment before which times without a year are placed. A file may come from a clock that is ahead.
    pub(crate) fn placed(&self, at: Stamp) -> DateTime<Utc> {
        self.written.map_or(at.utc, |written| written.min(at.utc))
    }

    /// The next line came with a time that is no part of it.
    pub(crate) fn carry(&mut self, time: Option<DateTime<Utc>>) {
        self.carried = time;
    }

    /// Whether a container runtime has written a line whose other pieces are to come.
    pub(crate) fn holds_pieces(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// Whether the next line is more than itself: it replaces its beginning, or came with a time.
    pub(super) fn is_expecting(&self) -> bool {
        self.partial.is_some() || self.carried.is_some()
    }
}

/// A record that may go on in the next line.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) version: Version,
    pub(super) lines: Lines,
    /// It has changed since it was shown.
    pub(super) dirty: bool,
}

/// One version of a record; a later one has the same `seq`.
#[derive(Debug)]
pub(super) struct Version {
    /// `None` until it is shown for the first time.
    pub(super) seq: Option<u64>,
    pub(super) kind: RecordKind,
    pub(super) stderr: bool,
    /// When a container runtime read it, for lines that state no time.
    pub(super) time: Option<DateTime<Utc>>,
    /// Bytes of its lines that were not read.
    pub(super) cut: u64,
    /// Which file of several it came from.
    pub(super) file: Option<Name>,
    /// What was counted as neutralised and as cut.
    pub(super) lost: (u32, u64),
    pub(super) counted: Counted,
}

/// What the counters of one generation have counted a record as; empty where they are not to count it.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) generation: u32,
    pub(super) seen: Vec<CountedAs>,
}

impl Version {
    pub(super) fn new(seq: Option<u64>, kind: RecordKind, from: Origin, counted: Counted, file: Option<&Name>) -> Self {
        let file = file.cloned();
        Self { seq, kind, file, stderr: from.stderr, time: from.time, cut: from.cut, lost: (0, 0), counted }
    }
}

/// Where a line came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) stderr: bool,
    pub(super) time: Option<DateTime<Utc>>,
    pub(super) at: Stamp,
    /// Bytes of the line that were not read.
    pub(super) cut: u64,
}
