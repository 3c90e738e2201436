//! How a record is printed.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufWriter, Stdout, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::bounds::Bounds;
use super::fields_not_seen::FieldsNotSeen;
use super::read::RecordSink;
use super::request::Request;
use super::summary::earlier;
use crate::lang::time::rfc3339_millis;
use crate::lang::unit;
use crate::logs::filter::Filter;
use crate::logs::record::{Level, Record, RecordKind, quoted};
use crate::text::LINE_BREAK;
use crate::text::name::Name;

/// Records of one log that may still grow.
const GROWING: usize = 16;

/// Text for people, or JSON for programs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OutputForm {
    /// Time, level, whether it came from stderr, log, service, message and the other fields.
    Text {
        colour: bool,
        /// With the name of the log.
        log: bool,
    },
    /// One object a line.
    Json,
}

/// Prints the records that pass a filter, and those around them.
pub(crate) struct Printer {
    form: OutputForm,
    filter: Filter,
    bounds: Bounds,
    out: BufWriter<Stdout>,
    /// For each log that is read as it is written its latest records, and how much of each is printed: a joined record
    /// may grow.
    printed: Option<HashMap<Name, VecDeque<(u64, usize)>>>,
    /// Records that were cut, of those that were looked at.
    cut: u64,
    context: usize,
    /// Records that did not pass, for what is printed before the next that does.
    before: VecDeque<Record>,
    /// Records that are printed still, whatever they are.
    after: usize,
    /// Something was printed, and something behind it was not.
    gap: Gap,
    /// The earliest time that a record states, of those that were looked at.
    first: Option<DateTime<Utc>>,
    fields_not_seen: FieldsNotSeen,
}

/// Whether records were left out behind those that were printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    NothingPrinted,
    No,
    Yes,
}

impl Printer {
    /// A printer to stdout of what `request` asks for, with `context` records before and after each.
    pub(crate) fn new(form: OutputForm, request: &Request, context: usize) -> Self {
        Self {
            form,
            filter: request.filter.clone(),
            bounds: request.bounds.clone(),
            out: BufWriter::with_capacity(64 << 10, io::stdout()),
            printed: request.is_live().then(HashMap::new),
            cut: 0,
            context,
            before: VecDeque::new(),
            after: 0,
            gap: Gap::NothingPrinted,
            first: None,
            fields_not_seen: FieldsNotSeen::of(&request.filter),
        }
    }

    /// The fields of the filter that no record had, in words.
    pub(crate) fn fields_not_seen(&self) -> Option<String> {
        self.fields_not_seen.describe()
    }

    /// Whether no record passed so far.
    pub(crate) fn has_printed_nothing(&self) -> bool {
        self.gap == Gap::NothingPrinted
    }

    /// The earliest time that a record states, of those that were looked at.
    pub(crate) fn first(&self) -> Option<DateTime<Utc>> {
        self.first
    }

    /// How many records were cut, of those that were looked at.
    pub(crate) fn cut(&self) -> u64 {
        self.cut
    }

    /// How many records were kept for want of a time.
    pub(crate) fn without_time(&self) -> u64 {
        self.bounds.without_time()
    }

    /// How much of a record was printed before it grew to `length`; `None` where it was not.
    fn printed_of(&mut self, record: &Record, length: usize) -> Option<usize> {
        let latest = self.printed.as_mut()?.entry(record.log.clone()).or_default();
        if let Some((_, shown)) = latest.iter_mut().find(|(seq, _)| *seq == record.seq) {
            return Some(std::mem::replace(shown, length));
        }
        latest.push_back((record.seq, length));
        if latest.len() > GROWING {
            latest.pop_front();
        }
        None
    }

    /// A record that did not pass by itself.
    fn around(&mut self, record: &Record) -> io::Result<()> {
        if self.context == 0 {
            return Ok(());
        }
        if self.after > 0 {
            self.after -= 1;
            return self.print(record, false);
        }
        // A record that has grown takes its own place.
        if self.before.back().is_some_and(|last| last.log == record.log && last.seq == record.seq) {
            self.before.pop_back();
        }
        self.before.push_back(record.clone());
        if self.before.len() > self.context {
            self.before.pop_front();
            if self.gap == Gap::No {
                self.gap = Gap::Yes;
            }
        }
        Ok(())
    }

    fn print(&mut self, record: &Record, passes: bool) -> io::Result<()> {
        if record.kind == RecordKind::Marker {
            return match self.form {
                OutputForm::Text { .. } => writeln!(self.out, "-- {}: {} --", record.log, record.message),
                OutputForm::Json => Ok(()),
            };
        }
        let raw = record.raw.as_str();
        let more = self.printed_of(record, raw.len()).map(|shown| raw.get(shown..).unwrap_or_default());
        match (self.form, more) {
            (_, Some("")) => Ok(()),
            (OutputForm::Text { .. }, Some(more)) => {
                more.split(LINE_BREAK).filter(|line| !line.is_empty()).try_for_each(|line| further(&mut self.out, line))
            }
            (OutputForm::Text { colour, log }, None) => self.text(record, colour, log),
            (OutputForm::Json, more) => self.json(record, more, passes),
        }
    }

    fn text(&mut self, record: &Record, colour: bool, log: bool) -> io::Result<()> {
        let (on, dim, off) = if colour { (paint(record.level), "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
        let out = &mut self.out;
        if let Some(time) = record.time {
            write!(out, "{dim}{}{off} ", rfc3339_millis(time))?;
        }
        if record.level != Level::None {
            write!(out, "{on}{:<5}{off} ", record.level.word().to_uppercase())?;
        }
        if record.stderr {
            write!(out, "{dim}stderr{off} ")?;
        }
        // Files of one name in several directories are told apart; names of their own tell enough.
        let file = record.file.as_ref().filter(|file| file.contains('/'));
        if log || file.is_some() {
            write!(out, "{dim}{}", record.log)?;
            if let Some(file) = file {
                write!(out, ":{file}")?;
            }
            write!(out, "{off} ")?;
        }
        if let Some(service) = &record.service {
            write!(out, "{service}: ")?;
        }
        let mut lines = record.message.as_str().split(LINE_BREAK);
        write!(out, "{}", lines.next().unwrap_or_default())?;
        for (name, value) in record.other_fields() {
            write!(out, " {dim}{name}={off}{}", quoted(value.as_str()))?;
        }
        if record.cut_bytes > 0 {
            write!(out, " {dim}… +{}{off}", unit::quantity(record.cut_bytes as f64, "B"))?;
        }
        writeln!(out)?;
        lines.try_for_each(|line| further(out, line))
    }

    /// One object; of a record that has grown the lines that came to it, `more`.
    fn json(&mut self, record: &Record, more: Option<&str>, passes: bool) -> io::Result<()> {
        let fields: Map<String, Value> = match more {
            Some(_) => Map::new(),
            None => {
                record.fields().into_iter().map(|(name, value)| (name.to_string(), value.as_str().into())).collect()
            }
        };
        let level = (record.level != Level::None).then(|| record.level.word());
        let message = more.map_or(record.message.as_str(), |more| more.trim_start_matches(LINE_BREAK));
        let mut object = json!({
            "log": &*record.log,
            "time": record.time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            "level": level,
            "service": record.service,
            "message": message,
            "fields": fields,
            "stderr": record.stderr,
        });
        if let Some(file) = &record.file {
            object["file"] = (**file).into();
        }
        if more.is_some() {
            object["continued"] = true.into();
        }
        if record.cut_bytes > 0 {
            object["cut_bytes"] = record.cut_bytes.into();
        }
        if self.context > 0 {
            object["match"] = passes.into();
        }
        serde_json::to_writer(&mut self.out, &object)?;
        self.out.write_all(b"\n")
    }
}

impl RecordSink for Printer {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        self.first = earlier(self.first, record.time);
        self.fields_not_seen.look(record);
        if !self.bounds.holds(record) {
            return Ok(());
        }
        self.cut += u64::from(record.cut_bytes > 0);
        if !self.filter.matches(record) {
            return self.around(record);
        }
        if self.gap == Gap::Yes && matches!(self.form, OutputForm::Text { .. }) {
            writeln!(self.out, "--")?;
        }
        for record in std::mem::take(&mut self.before) {
            self.print(&record, false)?;
        }
        self.gap = Gap::No;
        self.after = self.context;
        self.print(record, true)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Prints a line of a record behind its first, so that none of them can be taken for a record of its own.
fn further(out: &mut impl Write, line: &str) -> io::Result<()> {
    let indent = if line.is_empty() || line.starts_with([' ', '\t']) { "" } else { "    " };
    writeln!(out, "{indent}{line}")
}

/// The colour of a level.
pub(crate) fn paint(level: Level) -> &'static str {
    match level {
        Level::Fatal | Level::Error => "\x1b[31m",
        Level::Warn => "\x1b[33m",
        Level::Info => "\x1b[32m",
        Level::Debug | Level::Trace | Level::None => "\x1b[2m",
    }
}
