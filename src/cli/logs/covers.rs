//! What a count covers: which logs, since when, and what was not read.

use std::fmt::Write;
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::sources::logs::history;
use crate::sources::logs::pipeline::Pipeline;
use crate::text::count::counted;
use crate::text::name::Name;

/// Logs that are named one by one.
const NAMED: usize = 4;

/// What was read of one log.
#[derive(Debug, Clone)]
pub(crate) struct Cover {
    /// Its name.
    pub log: Name,
    /// Where it was to begin, if not at its beginning: `--since`, else its own.
    pub since: Option<DateTime<Utc>>,
    /// The first time that was read; `None` where no line states one.
    pub from: Option<DateTime<Utc>>,
    /// Files that were read, the rotated ones among them.
    pub files: usize,
    /// Rotated files that were read.
    pub rotated: usize,
    /// Rotated files that hold older records and were not read.
    pub left_out: usize,
    /// Older files were too large to be read.
    pub cut: bool,
    /// So many of its last lines were read; `None`: not only those.
    pub last: Option<usize>,
}

impl Cover {
    /// Nothing of `log` so far.
    pub(crate) fn new(log: Name) -> Self {
        Self { log, since: None, from: None, files: 0, rotated: 0, left_out: 0, cut: false, last: None }
    }

    /// Notes that a file is read.
    pub(crate) fn file(&mut self, path: &Path, pipeline: &Pipeline, now: DateTime<Utc>) {
        self.files += 1;
        // A pipe can be read only once.
        if path.metadata().is_ok_and(|meta| meta.is_file()) {
            self.reaches(history::first_time(path, pipeline, now).ok().flatten());
        }
    }

    fn reaches(&mut self, at: Option<DateTime<Utc>>) {
        self.from = match (self.from, at) {
            (Some(held), Some(at)) => Some(held.min(at)),
            (held, at) => held.or(at),
        };
    }
}

/// What all of a request covers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Covers {
    /// Each log.
    pub logs: Vec<Cover>,
    /// `--since`, where it was given.
    pub since: Option<DateTime<Utc>>,
    /// `--until`, else when it was read.
    pub until: Option<DateTime<Utc>>,
}

impl Covers {
    /// Notes when the records of the logs begin whose beginning could not be looked up: a pipe, a command.
    pub(crate) fn seen(&mut self, first: Option<DateTime<Utc>>) {
        for cover in self.logs.iter_mut().filter(|cover| cover.from.is_none()) {
            cover.reaches(first);
        }
    }

    fn since_of(&self, cover: &Cover) -> Option<DateTime<Utc>> {
        self.since.or(cover.since)
    }

    /// The moment from which on `cover` has its records: that which was asked for, where it reaches back that far.
    fn from(&self, cover: &Cover) -> Option<DateTime<Utc>> {
        match (cover.from, self.since_of(cover)) {
            (Some(from), Some(since)) => Some(from.max(since)),
            (from, _) => from,
        }
    }

    /// Whether everything that was asked for is in it, as far as that can be known: without `--since` all that there
    /// is.
    fn is_complete(&self, cover: &Cover) -> bool {
        cover.left_out == 0
            && !cover.cut
            && self.since_of(cover).is_none_or(|since| cover.from.is_some_and(|from| from <= since))
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let logs: Vec<Value> = self
            .logs
            .iter()
            .map(|cover| {
                json!({
                    "log": &*cover.log,
                    "from": self.from(cover).map(time),
                    "files": cover.files,
                    "rotated_files": cover.rotated,
                    "rotated_files_not_read": cover.left_out,
                    "complete": self.is_complete(cover),
                })
            })
            .collect();
        json!({
            "from": self.logs.iter().filter_map(|cover| self.from(cover)).min().map(time),
            "until": self.until.map(time),
            "complete": self.logs.iter().all(|cover| self.is_complete(cover)),
            "logs": logs,
        })
    }

    /// For people, in one line.
    pub(crate) fn text(&self) -> String {
        let mut words: Vec<String> = self.logs.iter().take(NAMED).map(|cover| self.of_one(cover)).collect();
        if self.logs.len() > NAMED {
            words.push(format!("and {}", counted(self.logs.len() - NAMED, "more log")));
        }
        words.join(", ")
    }

    fn of_one(&self, cover: &Cover) -> String {
        let log = &cover.log;
        if let Some(lines) = cover.last {
            return format!("the last {lines} lines of {log}, use `--since` for more");
        }
        let mut words = match self.from(cover) {
            Some(from) if self.since_of(cover) == Some(from) => format!("{log} since {}", time(from)),
            Some(from) => format!("{log} since {}, the oldest record read", time(from)),
            None => format!("all of {log} (no times)"),
        };
        // Writing to a string can't fail.
        if cover.rotated > 0 {
            let _ = write!(words, ", {} of {} files rotated", cover.rotated, cover.files);
        }
        if cover.left_out > 0 {
            let files = if cover.left_out == 1 { "file" } else { "files" };
            let _ = write!(words, "; {} rotated {files} not read, use `--since`", cover.left_out);
        }
        if cover.cut {
            words.push_str("; older files are too large to be read");
        }
        words
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
