//! From the lines of one log to its records: recognised, redacted, sanitised, joined, counted.

mod emit;
pub(crate) mod preview;
mod run;
mod stream;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use encoding_rs::Encoding;

use crate::config::sections::log::{Ansi, Log, LogKind};
use crate::files::glob;
use crate::lang::pattern::PatternSet;
use crate::lang::time::Stamp;
use crate::lang::unit;
use crate::logs::format::Format;
use crate::logs::layout::{Layout, Names};
use crate::logs::record::{Level, Loss, Record, RecordBatch, RecordData, RecordKind};
use crate::sources::logs::count::LogCounter;
use crate::sources::logs::follow::container;
use crate::sources::logs::follow::reading::RecordReader;
use crate::sources::logs::recognise::format::Recogniser;
use crate::sources::logs::recognise::join::{Joiner, Lines};
use crate::sources::logs::recognise::timestamp::TimeReader;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Redactor;

pub(crate) use crate::sources::logs::pipeline::preview::{LONGEST, is_object};
pub(crate) use run::objects_of;
pub use stream::RecordStream;
use stream::{Counted, Open, Origin, Version};

/// What one log makes of its lines. One for each `[log.*]`, whatever its files and pipes are.
pub struct Pipeline {
    log: Name,
    recogniser: Recogniser,
    redactor: Redactor,
    ignore: PatternSet,
    joiner: Joiner,
    ansi: Ansi,
    /// What the record before was recognised as.
    last: Format,
    floor: Level,
    next_seq: u64,
    records: Vec<Record>,
    loss: Loss,
    reported: Loss,
    counters: Vec<LogCounter>,
    /// Which set of counters that is: it changes with each reload.
    generation: u32,
    counting: bool,
    hidden: bool,
    /// The latest time that a record stated.
    latest: Option<DateTime<Utc>>,
    encoding: Option<&'static Encoding>,
    /// Where several files are one log, how they are named.
    pattern: Option<PathBuf>,
}

impl Pipeline {
    /// A pipeline for `log`. `counters` are the metrics that count its records; `first_seq` is 1, or goes on where
    /// an earlier pipeline of the same log ended.
    pub fn new(log: &Log, redactor: Redactor, counters: Vec<LogCounter>, first_seq: u64) -> Self {
        let joiner = match &log.multiline {
            Some(pattern) => Joiner::Matching(pattern.clone()),
            None if log.join => Joiner::Auto,
            None => Joiner::Off,
        };
        let is_usual = log.pattern.is_none() && log.fields == Names::default();
        let layout = (!is_usual).then(|| Arc::new(Layout::new(log.fields.clone(), log.pattern.clone())));
        Self {
            log: log.name.clone(),
            recogniser: Recogniser::new(log.format, TimeReader::new(log.timezone), layout),
            redactor,
            ignore: log.ignore.clone(),
            joiner,
            ansi: log.ansi,
            last: Format::Unknown,
            floor: log.level.unwrap_or_default(),
            next_seq: first_seq,
            records: Vec::new(),
            loss: Loss::default(),
            reported: Loss::default(),
            counters,
            generation: 0,
            counting: true,
            hidden: false,
            latest: None,
            encoding: log.encoding,
            pattern: pattern_of(log),
        }
    }

    /// What the log is written in, where the configuration says it.
    pub(crate) fn encoding(&self) -> Option<&'static Encoding> {
        self.encoding
    }

    pub(crate) fn log(&self) -> &Name {
        &self.log
    }

    /// What tells a file from the others of its log; `None` where it is the only one.
    pub(crate) fn label(&self, path: &Path) -> Option<Name> {
        let below = glob::below(self.pattern.as_deref()?, path);
        Some(SafeText::new(&below.to_string_lossy()).as_str().into())
    }

    /// The `seq` that the next record gets.
    pub(crate) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Goes on with other secrets and counters, after a reload. Records that have begun are not counted any more.
    pub(crate) fn reload(&mut self, redactor: Redactor, counters: Vec<LogCounter>) {
        self.redactor = redactor;
        self.counters = counters;
        self.generation = self.generation.wrapping_add(1);
    }

    /// Whether lines that come are counted. What was written before we came is read with `false`: it is counted by a
    /// [`crate::sources::logs::count::Backfill`]. Records that begin meanwhile are not counted later either.
    pub(crate) fn count(&mut self, counting: bool) {
        self.counting = counting;
    }

    /// What was lost so far.
    pub(crate) fn loss(&self) -> Loss {
        self.loss
    }

    /// What an earlier pipeline of the same log had lost.
    pub(crate) fn lost_before(&mut self, loss: Loss) {
        self.loss = loss;
        self.reported = loss;
    }

    /// Whether records are counted and not shown.
    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// While hidden, records are counted and not shown; a line without a time belongs to that before it.
    pub(crate) fn hide(&mut self, hidden: bool) {
        self.hidden = hidden;
    }

    /// The counters of this log.
    pub(crate) fn counters(&self) -> &[LogCounter] {
        &self.counters
    }

    /// How many records wait to be taken.
    pub(crate) fn waiting(&self) -> usize {
        self.records.len()
    }

    /// The time that a line states, if any: for finding `since` in a file.
    pub(crate) fn time_of(&self, line: &[u8], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let wrapped = container::unwrap(line);
        let text = String::from_utf8_lossy(wrapped.as_ref().map_or(line, |wrapped| &wrapped.line));
        let own = self.recogniser.recognise(&text, self.last, now).time;
        own.or_else(|| self.recogniser.time(&wrapped?.time, now))
    }

    /// Bytes that were not read because the writer was too fast.
    pub(crate) fn skipped(&mut self, bytes: u64, at: Stamp) {
        self.loss.skipped_bytes += bytes;
        for counter in &self.counters {
            counter.lost(at.utc, &format!("{} skipped", unit::quantity(bytes as f64, "B")));
        }
    }

    /// Takes one whole line, without its line feed. `cut` bytes of it were dropped already.
    pub fn line(&mut self, stream: &mut RecordStream, bytes: &[u8], cut: u64, at: Stamp, stderr: bool) {
        let carried = stream.carried.take();
        let Some(wrapped) = container::unwrap(bytes) else {
            return self.whole(stream, bytes, Origin { stderr, time: carried, at, cut });
        };
        let (line, more) = stream.pieces.add(&wrapped);
        stream.cut += cut + more;
        if let Some(line) = line {
            let time = self.recogniser.time(&wrapped.time, at.utc);
            let cut = std::mem::take(&mut stream.cut);
            self.whole(stream, &line, Origin { stderr: stderr || wrapped.stderr, time, at, cut });
        }
    }

    /// Takes one line of the program itself.
    fn whole(&mut self, stream: &mut RecordStream, bytes: &[u8], from: Origin) {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if self.ignored(bytes) && stream.partial.is_none() {
            return;
        }
        let mut lines = None;
        let placed = stream.placed(from.at);
        if let Some(open) = stream.open.as_mut().filter(|open| open.version.stderr == from.stderr)
            && self.joiner.goes_on(&mut open.lines, bytes, &self.recogniser, placed)
        {
            if !open.lines.is_full(bytes) {
                open.lines.push(bytes);
                open.version.cut += from.cut;
                open.dirty = true;
                return;
            }
            lines = Some(Lines::after(&open.lines, bytes));
        }
        self.settle(stream, from.at);
        let mut version =
            Version::new(stream.partial.take(), RecordKind::Line, from, self.uncounted(), stream.file.as_ref());
        if self.joiner.is_alone(bytes) {
            stream.open = None;
            self.emit(bytes, &mut version, stream, from.at);
        } else {
            let lines = lines.unwrap_or_else(|| match stream.open.take() {
                Some(before) => Lines::again(before.lines, bytes),
                None => Lines::new(bytes),
            });
            stream.open = Some(Open { version, lines, dirty: true });
        }
    }

    /// Shows a line that its writer has not ended. The line takes the record's place when it is whole.
    pub(crate) fn partial(&mut self, stream: &mut RecordStream, bytes: &[u8], at: Stamp, stderr: bool) {
        self.settle(stream, at);
        if self.ignored(bytes) {
            return;
        }
        let from = Origin { stderr, time: stream.carried.take(), at, cut: 0 };
        let mut version =
            Version::new(stream.partial, RecordKind::Partial, from, Counted::default(), stream.file.as_ref());
        self.emit(bytes, &mut version, stream, at);
        stream.partial = version.seq;
    }

    /// Shows the record that may go on, as it is by now; what follows later replaces it.
    pub fn settle(&mut self, stream: &mut RecordStream, at: Stamp) {
        let Some(mut open) = stream.open.take() else { return };
        if open.dirty {
            self.emit(&open.lines.bytes, &mut open.version, stream, at);
            open.dirty = false;
        }
        stream.open = Some(open);
    }

    /// Ends the record that may go on: what comes next is another.
    pub(crate) fn end_record(&mut self, stream: &mut RecordStream, at: Stamp) {
        self.settle(stream, at);
        stream.open = None;
    }

    /// Ends a stream: nothing will be added to its last record.
    pub fn close(&mut self, stream: &mut RecordStream, at: Stamp) {
        for (piece, stderr) in stream.pieces.take_payloads() {
            let cut = std::mem::take(&mut stream.cut);
            self.whole(stream, &piece, Origin { stderr, time: None, at, cut });
        }
        self.settle(stream, at);
        *stream = stream.renewed();
    }

    /// A note of the follower itself.
    pub(crate) fn marker(&mut self, text: &str, level: Level, at: Stamp) {
        let text = self.redactor.clean(text.as_bytes());
        let data = RecordData {
            level,
            kind: RecordKind::Marker,
            ..RecordData::unknown(self.log.clone(), self.next_seq, at, text)
        };
        self.next_seq += 1;
        self.records.push(Record::new(data));
    }

    /// What was made since the last call, or nothing.
    pub fn take_batch(&mut self, backlog: bool) -> Option<RecordBatch> {
        if self.records.is_empty() && self.loss == self.reported {
            return None;
        }
        self.reported = self.loss;
        Some(RecordBatch { records: std::mem::take(&mut self.records), shapes: Vec::new(), loss: self.loss, backlog })
    }

    fn ignored(&self, bytes: &[u8]) -> bool {
        !self.ignore.is_empty() && self.ignore.is_match(&String::from_utf8_lossy(bytes))
    }

    fn reader(&self) -> RecordReader<'_> {
        RecordReader { recogniser: &self.recogniser, redactor: &self.redactor, ansi: self.ansi }
    }
}

fn pattern_of(log: &Log) -> Option<PathBuf> {
    match &log.kind {
        LogKind::File(path) if glob::is_pattern(path) => Some(path.clone()),
        _ => None,
    }
}
