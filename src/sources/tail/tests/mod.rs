//! Following real files in a scratch directory, tick by tick, with time as data.

#![expect(clippy::disallowed_methods, reason = "the tests are the writers of the logs")]

mod access;
mod beginning;
mod counting;
mod lines;
mod rotation;
mod writer;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::counts::{Backfill, Board};
use super::files::FileLog;
use super::open::READ;

use super::pipeline::Pipeline;
use crate::config::Config;
use crate::config::sections::log::Log;
use crate::config::sections::metric::Metric;
use crate::model::message::Observation;
use crate::model::reading::Caveat;
use crate::model::record::{Level, LogState, Loss, Record, RecordKind};
use crate::model::redact::Redactor;
use crate::model::time::Stamp;

/// A log that is followed, and all that it has said.
struct Bench {
    directory: tempfile::TempDir,
    files: FileLog,
    now: Stamp,
    buffer: Vec<u8>,
    records: BTreeMap<u64, Record>,
    state: LogState,
    loss: Loss,
    board: Board,
    samples: Vec<Result<f64, String>>,
    caveat: Option<Caveat>,
    /// The past is not read yet.
    past_waits: bool,
    past: Vec<Backfill>,
}

fn stamp() -> Stamp {
    let utc = chrono::DateTime::parse_from_rfc3339("2026-11-21T12:00:00Z").unwrap().to_utc();
    Stamp { mono: Duration::from_secs(1), utc }
}

fn log(path: PathBuf) -> Log {
    Log::of_file("app".into(), path)
}

impl Bench {
    fn new(pattern: &str, before: impl FnOnce(&Path), change: impl FnOnce(&mut Log)) -> Self {
        Self::counting(pattern, before, change, Vec::new())
    }

    fn counting(
        pattern: &str,
        before: impl FnOnce(&Path),
        change: impl FnOnce(&mut Log),
        metrics: Vec<Metric>,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        before(directory.path());
        let mut log = log(directory.path().join(pattern));
        change(&mut log);
        let board = Board::new(&Config { logs: vec![log.clone()], metrics, ..Config::default() });
        let counters = board.counters("app");
        let pipeline = Pipeline::new(&log, Redactor::new(["hunter2secret"]), counters, 1).unwrap();
        let files = FileLog::new(&log, pipeline, stamp()).unwrap();
        Self {
            directory,
            files,
            now: stamp(),
            buffer: vec![0; READ],
            records: BTreeMap::new(),
            state: LogState::Starting,
            loss: Loss::default(),
            board,
            samples: Vec::new(),
            caveat: None,
            past_waits: false,
            past: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap().write_all(bytes.as_ref()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Time passes, in one tick.
    fn wait(&mut self, by: Duration) {
        self.now = self.now.plus(by);
        let mut out = Vec::new();
        self.files.tick(self.now, &mut self.buffer, &mut out);
        for observation in out {
            match observation {
                Observation::Records { batch, .. } => {
                    self.loss = batch.loss;
                    self.records.extend(batch.records.into_iter().map(|record| (record.seq, record)));
                }
                Observation::LogState { state, .. } => self.state = state,
                _ => {}
            }
        }
        self.past.extend(self.files.backfill(self.now));
        if !self.past_waits {
            self.past.drain(..).for_each(|past| past.read(&Redactor::default(), &|| false));
        }
        for observation in self.board.due(self.now) {
            if let Observation::Sample(sample) = observation {
                self.samples.push(sample.value.map_err(|why| why.to_string()));
                self.caveat = sample.caveat;
            }
        }
    }

    fn reload(&mut self, metrics: Vec<Metric>) {
        self.board = Board::new(&Config { logs: vec![self.files.log().clone()], metrics, ..Config::default() });
        self.files.reload(Redactor::default(), self.board.counters("app"));
    }

    fn tick(&mut self) {
        self.wait(Duration::from_millis(100));
    }

    fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            self.tick();
        }
    }

    fn texts(&self) -> Vec<&str> {
        self.records.values().map(|record| record.raw.as_str()).collect()
    }

    fn lines(&self) -> Vec<&str> {
        self.records
            .values()
            .filter(|record| record.kind != RecordKind::Marker)
            .map(|record| record.raw.as_str())
            .collect()
    }
}

fn numbered(lines: usize) -> String {
    (0..lines).fold(String::new(), |text, number| text + &number.to_string() + "\n")
}

fn write(directory: &Path, name: &str, text: &str) {
    File::create(directory.join(name)).unwrap().write_all(text.as_bytes()).unwrap();
}
