//! How a record is printed.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufWriter, Stdout, Write};

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::read::Sink;
use super::request::Request;
use crate::model::filter::Filter;
use crate::model::format::Format;
use crate::model::name::Name;
use crate::model::record::{Level, Record, RecordKind};

/// Text for people, or JSON for programs.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Time, level, whether it came from stderr, log, service, message and the other fields.
    Text {
        /// With colours.
        colour: bool,
        /// With the name of the log.
        log: bool,
    },
    /// One object a line.
    Json,
}

/// Prints the records that pass a filter, and those around them.
pub struct Printer {
    form: Form,
    filter: Filter,
    bounds: Filter,
    out: BufWriter<Stdout>,
    /// For each followed log the latest record and how much of it is printed: a joined record may grow.
    printed: Option<HashMap<Name, (u64, usize)>>,
    context: usize,
    /// Records that did not pass, for what is printed before the next that does.
    before: VecDeque<Record>,
    /// Records that are printed still, whatever they are.
    after: usize,
    /// Something was printed, and something behind it was not.
    gap: Gap,
}

/// Whether records were left out behind those that were printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    NothingPrinted,
    No,
    Yes,
}

/// Fields that are shown as something else already.
const SHOWN: [&str; 19] = [
    "MESSAGE",
    "PRIORITY",
    "SYSLOG_IDENTIFIER",
    "time",
    "timestamp",
    "@timestamp",
    "ts",
    "level",
    "severity",
    "lvl",
    "service",
    "message",
    "msg",
    "event",
    "client",
    "method",
    "path",
    "status",
    "protocol",
];

/// Whether the journal has added a field to what the program said: whose it was, and where it stands.
fn is_of_journal(name: &str) -> bool {
    name.starts_with('_') && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase())
}

impl Printer {
    /// A printer to stdout of what `request` asks for, with `context` records before and after each.
    pub fn new(form: Form, request: &Request, context: usize) -> Self {
        Self {
            form,
            filter: request.filter.clone(),
            bounds: request.bounds.clone(),
            out: BufWriter::with_capacity(64 << 10, io::stdout()),
            printed: request.follow.then(HashMap::new),
            context,
            before: VecDeque::new(),
            after: 0,
            gap: Gap::NothingPrinted,
        }
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
                Form::Text { .. } => writeln!(self.out, "-- {}: {} --", record.log, record.message),
                Form::Json => Ok(()),
            };
        }
        let length = record.raw.as_str().len();
        let before = self.printed.as_mut().and_then(|printed| printed.insert(record.log.clone(), (record.seq, length)));
        match (self.form, before) {
            (Form::Text { .. }, Some((seq, shown))) if seq == record.seq => {
                let more = record.raw.as_str().get(shown..).unwrap_or_default();
                more.split('⏎').filter(|line| !line.is_empty()).try_for_each(|line| writeln!(self.out, "{line}"))
            }
            (Form::Text { colour, log }, _) => self.text(record, colour, log),
            (Form::Json, _) => self.json(record, passes),
        }
    }

    fn text(&mut self, record: &Record, colour: bool, log: bool) -> io::Result<()> {
        let (on, dim, off) = if colour { (paint(record.level), "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
        let out = &mut self.out;
        if let Some(time) = record.time {
            write!(out, "{dim}{}{off} ", time.to_rfc3339_opts(SecondsFormat::Millis, true))?;
        }
        if record.level != Level::None {
            write!(out, "{on}{:<5}{off} ", record.level.word().to_uppercase())?;
        }
        if record.stderr {
            write!(out, "{dim}stderr{off} ")?;
        }
        if log {
            write!(out, "{dim}{}{off} ", record.log)?;
        }
        if let Some(service) = &record.service {
            write!(out, "{service}: ")?;
        }
        let mut lines = record.message.as_str().split('⏎');
        write!(out, "{}", lines.next().unwrap_or_default())?;
        if (record.format.is_json() || record.format == Format::Logfmt) && record.message != record.raw {
            for (name, value) in record.fields() {
                if !SHOWN.contains(&name.as_str()) && !is_of_journal(name.as_str()) {
                    write!(out, " {dim}{name}={off}{value}")?;
                }
            }
        }
        writeln!(out)?;
        lines.try_for_each(|line| writeln!(out, "{line}"))
    }

    fn json(&mut self, record: &Record, passes: bool) -> io::Result<()> {
        let fields: Map<String, Value> =
            record.fields().into_iter().map(|(name, value)| (name.to_string(), value.as_str().into())).collect();
        let level = (record.level != Level::None).then(|| record.level.word());
        let mut object = json!({
            "log": &*record.log,
            "time": record.time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            "level": level,
            "service": record.service,
            "message": record.message,
            "fields": fields,
            "stderr": record.stderr,
        });
        if self.context > 0 {
            object["match"] = passes.into();
        }
        serde_json::to_writer(&mut self.out, &object)?;
        self.out.write_all(b"\n")
    }
}

impl Sink for Printer {
    fn take(&mut self, record: &Record) -> io::Result<()> {
        if !self.bounds.matches(record) {
            return Ok(());
        }
        if !self.filter.matches(record) {
            return self.around(record);
        }
        if self.gap == Gap::Yes && matches!(self.form, Form::Text { .. }) {
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

/// The colour of a level.
pub fn paint(level: Level) -> &'static str {
    match level {
        Level::Fatal | Level::Error => "\x1b[31m",
        Level::Warn => "\x1b[33m",
        Level::Info => "\x1b[32m",
        Level::Debug | Level::Trace | Level::None => "\x1b[2m",
    }
}
