//! Which lines belong to the record before them.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use memchr::memmem::Finder;

use super::format::Recogniser;
use crate::lang::pattern::Pattern;
use crate::logs::fields;
use crate::logs::format::Format;
use crate::logs::record::Level;
use crate::sources::logs::follow::trace;
use crate::sources::logs::follow::trace::Trace;
use crate::text::{Bound, MAX_RECORD, sanitise_within};

/// Lines of one record at most.
const MAX_LINES: usize = 500;
/// Lines of `PostgreSQL` that explain the one before.
const EXPLAIN: [&str; 6] = ["DETAIL", "HINT", "STATEMENT", "CONTEXT", "QUERY", "LOCATION"];

/// How lines become records.
#[derive(Debug)]
pub(crate) enum Joiner {
    /// Each line is a record.
    Off,
    /// A line that matches belongs to the record before it.
    Matching(Pattern),
    /// Traces and indented lines do.
    Auto,
}

/// The lines of a record that may go on.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The lines, with line feeds between them.
    pub bytes: Vec<u8>,
    count: usize,
    /// Where the last line begins.
    last: usize,
    start: Option<Start>,
}

/// What the first line of a record is, found out when it matters.
#[derive(Debug, Clone, Copy)]
struct Start {
    /// Indented lines belong to it.
    open: bool,
    /// A trace that is not indented may belong to it.
    strong: bool,
    postgres: bool,
    indent: usize,
    trace: Option<Trace>,
}

impl Lines {
    /// A record of one line.
    pub(crate) fn new(line: &[u8]) -> Self {
        Self { bytes: line.to_vec(), count: 1, last: 0, start: None }
    }

    /// The same, in memory that another record has used.
    pub(crate) fn again(used: Self, line: &[u8]) -> Self {
        let mut bytes = used.bytes;
        bytes.clear();
        bytes.extend_from_slice(line);
        Self { bytes, count: 1, last: 0, start: None }
    }

    /// Whether a trace may be going on: it begins with a letter, or below a record that is known by now.
    fn is_trace(&self) -> bool {
        self.start.map_or(!self.bytes.first().is_some_and(u8::is_ascii_digit), |start| start.trace.is_some())
    }

    /// Adds a line.
    pub(crate) fn push(&mut self, line: &[u8]) {
        self.bytes.push(b'\n');
        self.last = self.bytes.len();
        self.bytes.extend_from_slice(line);
        self.count += 1;
    }

    fn first(&self) -> &[u8] {
        memchr::memchr(b'\n', &self.bytes).map_or(&self.bytes, |end| &self.bytes[..end])
    }

    /// The record that follows one that became too long: what went on with that goes on with this.
    pub(crate) fn after(full: &Self, line: &[u8]) -> Self {
        Self { start: full.start.map(|start| Start { indent: 0, ..start }), ..Self::new(line) }
    }

    /// Whether nothing more is added.
    pub(crate) fn is_full(&self, line: &[u8]) -> bool {
        // Each line feed is drawn as a mark of three bytes.
        self.count >= MAX_LINES || self.bytes.len() + 3 * self.count + line.len() >= MAX_RECORD
    }
}

impl Joiner {
    /// Whether nothing can follow `line` as a part of its record.
    pub(crate) fn is_alone(&self, line: &[u8]) -> bool {
        match self {
            Self::Off => true,
            Self::Matching(_) => false,
            Self::Auto => line.first() == Some(&b'{'),
        }
    }

    /// Whether `line` begins a record whatever stands above `before`, the line above it, both printable ASCII and tabs.
    /// Where that can't be told from these two, it does not.
    pub(crate) fn begins(&self, before: &[u8], line: &[u8]) -> bool {
        match self {
            Self::Off => true,
            Self::Matching(pattern) => !pattern.is_match(&String::from_utf8_lossy(line)),
            Self::Auto => self.is_alone(before) || surely_begins(before, line),
        }
    }

    /// Whether `line` belongs to the record of `lines`.
    pub(crate) fn goes_on(&self, lines: &mut Lines, line: &[u8], recogniser: &Recogniser, now: DateTime<Utc>) -> bool {
        match self {
            Self::Off => false,
            Self::Matching(pattern) => pattern.is_match(&String::from_utf8_lossy(line)),
            Self::Auto => auto(lines, line, recogniser, now),
        }
    }
}

fn auto(lines: &mut Lines, line: &[u8], recogniser: &Recogniser, now: DateTime<Utc>) -> bool {
    // Most lines begin with their own time or as an object.
    match line.first() {
        Some(b'{' | b'<') => return false,
        // A number within a trace, or a time.
        Some(b'0'..=b'9') if !lines.is_trace() || recogniser.begins_with_time(&String::from_utf8_lossy(line), now) => {
            return explains(line) && start(lines, recogniser, now).postgres;
        }
        _ => {}
    }
    let line = visible(line);
    if line.trim_ascii().is_empty() {
        return follows(lines, "");
    }
    if line.starts_with([' ', '\t']) {
        let start = start(lines, recogniser, now);
        return start.open && indent(&line) > start.indent && !recogniser.begins_with_time(&line, now);
    }
    if follows(lines, &line) {
        return true;
    }
    let Some(trace) = joined_head(&line) else { return false };
    let start = start(lines, recogniser, now);
    if let Some(start) = lines.start.as_mut().filter(|_| start.strong && start.trace.is_none()) {
        start.trace = Some(trace);
        return true;
    }
    false
}

/// What [`auto`] comes to for every record that ends in `before`.
fn surely_begins(before: &[u8], line: &[u8]) -> bool {
    match line.first() {
        Some(b'{' | b'<') => return true,
        Some(b' ' | b'\t') | None => return false,
        Some(b'0'..=b'9') if explains(line) => return false,
        Some(b'0'..=b'9') if is_number(line) && before.first().is_some_and(u8::is_ascii_digit) => {
            // Below a line that begins with a number only what was said in a panic begins with one.
            return !before.ends_with(b":");
        }
        _ => {}
    }
    let (Ok(before), Ok(line)) = (std::str::from_utf8(before), std::str::from_utf8(line)) else { return false };
    joined_head(line).is_none() && !Trace::ALL.iter().any(|trace| trace::goes_on(*trace, before, line))
}

/// Whether the first word is a time, an address or a number; no name of a file or an exception.
fn is_number(line: &[u8]) -> bool {
    line.iter().take_while(|byte| **byte != b' ').all(|byte| !byte.is_ascii_lowercase())
}

/// Whether the line goes on with the trace that the record is.
fn follows(lines: &mut Lines, line: &str) -> bool {
    let trace = match lines.start {
        Some(start) => start.trace,
        None => trace::head(&visible(lines.first())).map(|(trace, _)| trace),
    };
    trace.is_some_and(|trace| trace::goes_on(trace, &visible(&lines.bytes[lines.last..]), line))
}

/// The beginning of a trace that is written below the record that speaks of it. Panics and uncaught exceptions are
/// records of their own.
fn joined_head(line: &str) -> Option<Trace> {
    if line.starts_with("Caused by: ") || line.starts_with("Error: ") {
        return Some(Trace::Exception);
    }
    let (trace, level) = trace::head(line)?;
    let own = level == Level::Fatal || line.starts_with("Exception in thread");
    (!own && trace != Trace::Node).then_some(trace)
}

fn start(lines: &mut Lines, recogniser: &Recogniser, now: DateTime<Utc>) -> Start {
    if let Some(start) = lines.start {
        return start;
    }
    let line = visible(lines.first());
    let seen = recogniser.recognise(&line, Format::Unknown, now);
    // One line is all that these ever write for a record.
    let single = matches!(
        seen.format,
        Format::Unknown | Format::Json | Format::Mongodb | Format::Logfmt | Format::Access | Format::Haproxy
    );
    let start = Start {
        open: !single,
        strong: !single
            && (seen.time.is_some() || seen.format == Format::Python)
            && (seen.level == Level::None || seen.level >= Level::Warn),
        postgres: seen.format == Format::Postgres,
        indent: indent(&line),
        trace: trace::head(&line).map(|(trace, _)| trace),
    };
    lines.start = Some(start);
    start
}

fn explains(line: &[u8]) -> bool {
    static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b":  "));
    let head = &line[..line.len().min(320)];
    if MARK.find(head).is_none() {
        return false;
    }
    let mut explains = false;
    fields::walk(Format::Postgres, &String::from_utf8_lossy(head), &mut |key, value| {
        explains |= key == "level" && EXPLAIN.contains(&&*value.text());
        std::ops::ControlFlow::Continue(())
    });
    explains
}

fn indent(line: &str) -> usize {
    line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The line without its colours.
fn visible(line: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(0x1b, line).is_some() {
        Cow::Owned(sanitise_within(line, Bound::Record).text.as_str().to_owned())
    } else {
        String::from_utf8_lossy(line)
    }
}
