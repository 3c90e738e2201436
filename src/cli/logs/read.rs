//! Reading everything once, in the order of time.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::covers::{Cover, Covers};
use super::live;
use super::quiet::Quiet;
use super::request::{self, PrintMode, Request, of_file};
use super::summary::Summary;
use crate::cli::{Global, output};
use crate::config::sections::log::{Log, LogKind};
use crate::logs::record::Record;
use crate::sources::logs::follow::refuse;
use crate::sources::logs::follow::start::StartAt;
use crate::sources::logs::history;
use crate::sources::logs::history::History;
use crate::sources::logs::pipeline::Pipeline;
use crate::sources::logs::scan;
use crate::sources::logs::scan::once::{Records, files_of};
use crate::text::redact::Redactor;

/// Lines of each configured log that are printed where nothing else is said.
const LAST_LINES: usize = 1000;

/// What becomes of the records.
pub(crate) trait RecordSink {
    /// Takes one.
    ///
    /// # Errors
    /// When the output can't be written.
    fn write(&mut self, record: &Record) -> io::Result<()>;

    /// Gives out what is held back: nothing may come for a while.
    ///
    /// # Errors
    /// When the output can't be written.
    fn flush(&mut self) -> io::Result<()>;

    /// What counts instead of printing, if this does: whole files need not be read record by record for it.
    fn summary(&mut self) -> Option<&mut Summary> {
        None
    }
}

impl RecordSink for Summary {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        self.count_within(record);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn summary(&mut self) -> Option<&mut Summary> {
        Some(self)
    }
}

/// Counts a whole file without making records of it, where that is possible; false where it is not.
fn scanned(
    path: &Path,
    log: &Log,
    redactor: &Redactor,
    global: &Global,
    sink: &mut impl RecordSink,
) -> io::Result<bool> {
    let Some(summary) = sink.summary().filter(|summary| !summary.bounds.is_bounded()) else { return Ok(false) };
    let empty = summary.empty();
    let Some(parts) = scan::file(path, log, redactor, global.clock, &summary.filter, &empty)? else { return Ok(false) };
    for part in parts {
        summary.merge(part);
    }
    Ok(true)
}

/// Reads everything once in the order of time; what that covers, and true where something could not be read.
///
/// # Errors
/// When the output can't be written.
pub(crate) fn read_once(request: &Request, global: &Global, sink: &mut impl RecordSink) -> io::Result<(Covers, bool)> {
    let redactor = Redactor::from(&*request.secrets);
    let configured = request.logs.len() - request.files;
    let now = global.clock.now().utc;
    let mut covers = Covers {
        since: request.since,
        until: Some(request.until.map_or(now, |until| until.min(now))),
        logs: Vec::new(),
    };
    let mut failed = false;
    let mut sources: Vec<Source> = Vec::new();
    if let Some(records) = single_pipe(request, global, sink, &redactor)? {
        covers.logs.push(Cover::new(records.log().clone()));
        return Ok((covers, stream(records, sink)?));
    }
    for (index, log) in request.logs.iter().enumerate() {
        let named = index < configured;
        let mut cover = Cover::new(log.name.clone());
        let probe = Pipeline::new(log, Redactor::default(), Vec::new(), 1);
        let start = start_of(request, log, named, now);
        cover.last = if let StartAt::Last(lines) = start { Some(lines) } else { None };
        if let (true, StartAt::Since(since)) = (named, start) {
            cover.since = Some(since);
            let history = History::of_rotated(log, since, redactor.clone(), global.clock);
            cover.cut = history.is_cut();
            cover.rotated = history.files().count();
            history.files().for_each(|path| cover.file(path, &probe, now));
            sources.push(Source::new(Box::new(history)));
        }
        for path in files_of(log) {
            cover.file(&path, &probe, now);
            if named && start == StartAt::Beginning {
                cover.left_out += history::rotated(&path).len();
            }
            match counted_or_opened(&path, log, start, &redactor, global, sink) {
                Ok(source) => sources.extend(source),
                Err(why) => {
                    eprint_error(&path, &why);
                    failed = true;
                }
            }
        }
        covers.logs.push(cover);
    }
    let commands: Vec<Log> =
        request.logs.iter().filter(|log| matches!(log.kind, LogKind::Command(_))).cloned().collect();
    if !commands.is_empty() {
        let (records, broken) = live::ask_commands(request, global, commands)?;
        failed |= broken;
        sources.push(Source::new(Box::new(records.into_iter().map(Ok))));
    }
    if request.stdin {
        let log = stdin();
        covers.logs.push(Cover::new(log.name.clone()));
        let records = Records::open(Box::new(io::stdin()), &log, redactor, global.clock);
        sources.push(Source::new(Box::new(records)));
    }
    let broken = merge(sources, sink)?;
    Ok((covers, failed | broken))
}

/// Where reading a log begins; `named` in the configuration, not on the command line.
fn start_of(request: &Request, log: &Log, named: bool, now: DateTime<Utc>) -> StartAt {
    match (request.since, log.since) {
        (Some(since), _) => StartAt::Since(since),
        (None, Some(back)) => StartAt::Since(now - chrono::Duration::from_std(back).unwrap_or_default()),
        (None, None) if named && matches!(request.output, PrintMode::Records { .. }) => StartAt::Last(LAST_LINES),
        (None, _) => StartAt::Beginning,
    }
}

/// Counts a file where it can be; gives its records where not.
fn counted_or_opened(
    path: &Path,
    log: &Log,
    start: StartAt,
    redactor: &Redactor,
    global: &Global,
    sink: &mut impl RecordSink,
) -> io::Result<Option<Source>> {
    if start == StartAt::Beginning && scanned(path, log, redactor, global, sink)? {
        return Ok(None);
    }
    let records = Records::of_file(path, log, start, redactor.clone(), global.clock)?;
    Ok(Some(Source::new(Box::new(records))))
}

fn stdin() -> Log {
    let mut log = of_file("stdin".into(), PathBuf::new());
    log.kind = LogKind::File(PathBuf::new());
    log
}

/// The records of stdin or of a named pipe where nothing else is read: each is printed as it comes, and the newest one
/// once nothing has come for a moment.
fn single_pipe(
    request: &Request,
    global: &Global,
    sink: &mut impl RecordSink,
    redactor: &Redactor,
) -> io::Result<Option<Records>> {
    let pipe = match &request.logs[..] {
        [] if request.stdin => Some((stdin(), None)),
        [log] if !request.stdin && request.files == 1 => match &log.kind {
            LogKind::File(path) if request::is_pipe(path) => Some((log.clone(), Some(path.clone()))),
            _ => None,
        },
        _ => None,
    };
    let Some((log, path)) = pipe else { return Ok(None) };
    #[expect(clippy::disallowed_methods, reason = "a named pipe of the command line is read as a stream")]
    let input: Box<dyn io::Read + Send> = match path {
        Some(path) => Box::new(std::fs::File::open(path)?),
        None => Box::new(io::stdin()),
    };
    // What is counted need not be shown before it is whole.
    let input: Box<dyn io::Read> = if sink.summary().is_some() { input } else { Box::new(Quiet::new(input)?) };
    Ok(Some(Records::open(input, &log, redactor.clone(), global.clock)))
}

/// Says why a file can't be read.
fn eprint_error(path: &Path, why: &io::Error) {
    let (facts, hint) = refuse::explained(path, why);
    let hint = if hint.is_empty() { hint } else { format!("hint: {hint}\n") };
    output::eprint_error(&format!("error: {}: {facts}\n{hint}", path.display()));
}

/// Takes a single stream, each part as soon as it comes.
fn stream(mut records: Records, sink: &mut impl RecordSink) -> io::Result<bool> {
    loop {
        if records.must_read() {
            sink.flush()?;
        }
        match records.next() {
            Some(Ok(record)) => sink.write(&record)?,
            Some(Err(why)) => {
                output::eprint_error(&format!("error: {why}\n"));
                return Ok(true);
            }
            None => return Ok(false),
        }
    }
}

/// One input of the merge: the next record is looked at before it is taken.
struct Source {
    records: Box<dyn Iterator<Item = io::Result<Record>>>,
    next: Option<Record>,
    at: DateTime<Utc>,
    failed: bool,
}

impl Source {
    fn new(records: Box<dyn Iterator<Item = io::Result<Record>>>) -> Self {
        let mut source = Self { records, next: None, at: DateTime::UNIX_EPOCH, failed: false };
        source.advance();
        source
    }

    /// A line without a time goes with the one above it; the order of one log is never changed.
    fn advance(&mut self) -> Option<Record> {
        let taken = self.next.take();
        for record in self.records.by_ref() {
            match record {
                Ok(record) => {
                    self.at = record.time.map_or(self.at, |time| time.max(self.at));
                    self.next = Some(record);
                    break;
                }
                // What one file does not give, the next one may.
                Err(why) => {
                    output::eprint_error(&format!("error: {why}\n"));
                    self.failed = true;
                }
            }
        }
        taken
    }
}

fn merge(mut sources: Vec<Source>, sink: &mut impl RecordSink) -> io::Result<bool> {
    while let Some(source) = sources.iter_mut().filter(|source| source.next.is_some()).min_by_key(|source| source.at) {
        if let Some(record) = source.advance() {
            sink.write(&record)?;
        }
    }
    Ok(sources.iter().any(|source| source.failed))
}
