//! How a record is printed.

use std::collections::HashMap;
use std::io::{self, BufWriter, Stdout, Write};

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use crate::model::filter::Filter;
use crate::model::format::Format;
use crate::model::name::Name;
use crate::model::record::{Level, Record, RecordKind};

/// Text for people, or JSON for programs.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Time, level, log, service, message and the other fields.
    Text {
        /// With colours.
        colour: bool,
        /// With the name of the log.
        log: bool,
    },
    /// One object a line.
    Json,
}

/// Prints the records that pass a filter.
pub struct Printer {
    form: Form,
    filter: Filter,
    out: BufWriter<Stdout>,
    /// For each followed log the latest record and how much of it is printed: a joined record may grow.
    printed: Option<HashMap<Name, (u64, usize)>>,
}

/// Fields that are shown as something else already.
const SHOWN: [&str; 16] = [
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

impl Printer {
    /// A printer to stdout; `live` where a record may come again, grown.
    pub fn new(form: Form, filter: Filter, live: bool) -> Self {
        let out = BufWriter::with_capacity(64 << 10, io::stdout());
        Self { form, filter, out, printed: live.then(HashMap::new) }
    }

    /// Prints one record.
    ///
    /// # Errors
    /// When stdout can't be written.
    pub fn print(&mut self, record: &Record) -> io::Result<()> {
        if !self.filter.matches(record) {
            return Ok(());
        }
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
            (Form::Json, _) => self.json(record),
        }
    }

    /// Gives out what is buffered.
    ///
    /// # Errors
    /// When stdout can't be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
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
                if !SHOWN.contains(&name.as_str()) {
                    write!(out, " {dim}{name}={off}{value}")?;
                }
            }
        }
        writeln!(out)?;
        lines.try_for_each(|line| writeln!(out, "{line}"))
    }

    fn json(&mut self, record: &Record) -> io::Result<()> {
        let fields: Map<String, Value> =
            record.fields().into_iter().map(|(name, value)| (name.to_string(), value.as_str().into())).collect();
        let level = (record.level != Level::None).then(|| record.level.word());
        let object = json!({
            "log": &*record.log,
            "time": record.time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            "level": level,
            "service": record.service,
            "message": record.message,
            "fields": fields,
            "stderr": record.stderr,
        });
        serde_json::to_writer(&mut self.out, &object)?;
        self.out.write_all(b"\n")
    }
}

fn paint(level: Level) -> &'static str {
    match level {
        Level::Fatal | Level::Error => "\x1b[31m",
        Level::Warn => "\x1b[33m",
        Level::Info => "\x1b[32m",
        Level::Debug | Level::Trace | Level::None => "\x1b[2m",
    }
}
