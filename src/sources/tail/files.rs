//! All files of one log: a path, or the newest that a pattern names.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::counts::{Backfill, Counter, Reach, Uncounted};
use super::file::{FileTail, Manner, PathState, Progress};
use super::history;
use super::open::{Identity, Known};

use super::pipeline::Pipeline;
use super::start::Start;
use super::watch::Followed;
use crate::config::load::glob;
use crate::config::sections::log::{Log, LogKind};
use crate::model::message::Observation;
use crate::model::record::LogState;
use crate::model::redact::Redactor;
use crate::model::text::SafeText;
use crate::model::time::Stamp;

/// Files of one pattern that are followed, the newest.
const MAX_FILES: usize = 32;
/// How often a pattern is looked at anew.
const RE_GLOB: Duration = Duration::from_secs(5);
/// Bytes that one log may read in one tick.
const BUDGET: usize = 4 << 20;
/// Files remembered after they were let go.
const MAX_KNOWN: usize = 64;
/// Lines read at the start where nothing else is said.
const LAST_LINES: usize = 1000;

/// A `[log.*]` of kind file, being followed.
pub struct FileLog {
    log: Log,
    pattern: Option<PathBuf>,
    tails: Vec<FileTail>,
    known: Vec<Known>,
    globbed: Option<Duration>,
    manner: Manner,
    /// The counters that have not seen what was there before; all, for a file that is opened late.
    uncounted: Option<Vec<Counter>>,
    /// The pipeline; public to the room for the counters.
    pub(super) pipeline: Pipeline,
    state: LogState,
    complained: Option<SafeText>,
    backlog: bool,
}

impl FileLog {
    /// Follows the files of `log`; `None` where it is no file log.
    pub fn new(log: &Log, pipeline: Pipeline, now: Stamp) -> Option<Self> {
        let LogKind::File(path) = &log.kind else { return None };
        let ago = |back| now.utc - chrono::Duration::from_std(back).unwrap_or(chrono::Duration::days(3650));
        let start = log.since.map_or(Start::Last(LAST_LINES), |back| Start::Since(ago(back)));
        let pattern = glob::is_pattern(path).then(|| path.clone());
        let manner = Manner { start, pattern: pattern.clone(), skip: log.skip };
        let tails = if pattern.is_some() { Vec::new() } else { vec![FileTail::new(path.clone(), manner.clone())] };
        Some(Self {
            log: log.clone(),
            pattern,
            tails,
            known: Vec::new(),
            globbed: None,
            manner,
            uncounted: Some(pipeline.counters().to_vec()),
            pipeline,
            state: LogState::Starting,
            complained: None,
            backlog: true,
        })
    }

    /// The configuration that it follows.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The paths that are followed, each with the file that it led to last.
    pub fn followed(&self) -> impl Iterator<Item = Followed<'_>> {
        self.tails.iter().map(|tail| (tail.path(), tail.identity()))
    }

    /// Goes on after a reload: records that were read are not shown again. Metrics that are new count what comes, and
    /// the past of what is there now.
    pub fn reload(&mut self, redactor: Redactor, counters: Vec<Counter>) {
        let fresh: Vec<Counter> = counters.iter().filter(|known| known.reach() == Reach::Unknown).cloned().collect();
        self.pipeline.reload(redactor, counters);
        self.state = LogState::Starting;
        if !fresh.is_empty() {
            self.tails.iter_mut().for_each(FileTail::count_anew);
            self.uncounted = Some(fresh);
        }
    }

    /// What was there before and has to be counted, where there is something new.
    pub fn backfill(&mut self, now: Stamp) -> Option<Backfill> {
        let files: Vec<Uncounted> = self.tails.iter_mut().flat_map(FileTail::uncounted).collect();
        let counters = match self.uncounted.take() {
            Some(counters) => counters,
            None if files.is_empty() => return None,
            None => self.pipeline.counters().to_vec(),
        };
        let paths: Vec<&Path> = self.tails.iter().map(FileTail::path).collect();
        Backfill::new(&self.log, files, &paths, &counters, now)
    }

    /// One step over all files, bounded in bytes; what there is to say is pushed to `out`.
    pub fn tick(&mut self, now: Stamp, buffer: &mut [u8], out: &mut Vec<Observation>) -> Progress {
        self.glob(now);
        let mut total = Progress::default();
        for tail in &mut self.tails {
            let left = BUDGET.saturating_sub(total.bytes);
            if left == 0 {
                total.behind = true;
                break;
            }
            let progress = tail.tick(now, left, buffer, &mut self.pipeline, &self.known);
            total.bytes += progress.bytes;
            total.behind |= progress.behind;
            self.known.extend(tail.released());
        }
        let over = self.known.len().saturating_sub(MAX_KNOWN);
        self.known.drain(..over);
        self.say_state(out);
        let backlog = self.backlog;
        self.backlog = backlog && (total.behind || matches!(self.state, LogState::CatchingUp));
        if let Some(batch) = self.pipeline.take(backlog) {
            out.push(Observation::Records { log: self.log.name.clone(), batch });
        }
        self.say_trouble();
        total
    }

    fn glob(&mut self, now: Stamp) {
        let Some(pattern) = &self.pattern else { return };
        if self.globbed.is_some_and(|at| now.mono.saturating_sub(at) < RE_GLOB) {
            return;
        }
        let first = self.globbed.replace(now.mono).is_none();
        let mut found: Vec<(PathBuf, Metadata)> = glob::expand(pattern)
            .into_iter()
            .filter(|path| history::is_followed(path))
            .filter_map(|path| std::fs::metadata(&path).ok().map(|meta| (path, meta)))
            .collect();
        found.sort_by_key(|(path, meta)| (std::cmp::Reverse(meta.modified().ok()), path.clone()));
        found.truncate(MAX_FILES);
        let pipeline = &mut self.pipeline;
        self.tails.retain_mut(|tail| {
            let keep = *tail.state() != PathState::Missing || found.iter().any(|(path, _)| path == tail.path());
            if !keep {
                tail.finish(now, pipeline);
            }
            keep
        });
        if !first {
            self.manner.start = Start::Beginning;
        }
        for (path, meta) in found.into_iter().rev() {
            let followed = self.tails.iter().any(|tail| tail.path() == path);
            // A rotated file under its new name is still being read under the old one.
            let held = self.tails.iter().any(|tail| tail.holds(Identity::of(&meta)));
            if !followed && !held {
                self.tails.push(FileTail::new(path, self.manner.clone()));
            }
        }
        while self.tails.len() > MAX_FILES {
            self.tails.remove(0).finish(now, &mut self.pipeline);
        }
    }

    fn say_state(&mut self, out: &mut Vec<Observation>) {
        let following = self.tails.iter().filter(|tail| matches!(tail.state(), PathState::Following)).count();
        let catching_up = self.tails.iter().any(|tail| matches!(tail.state(), PathState::CatchingUp));
        let failed = self.tails.iter().find_map(|tail| match tail.state() {
            PathState::Failed(why) => Some(why.clone()),
            _ => None,
        });
        let state = if catching_up {
            LogState::CatchingUp
        } else if following > 0 {
            LogState::Following(following)
        } else if let Some(why) = &failed {
            LogState::Failed(why.clone())
        } else {
            LogState::Waiting(SafeText::new(&match &self.pattern {
                Some(pattern) => format!("no file matches {} yet", pattern.display()),
                None => self
                    .tails
                    .first()
                    .map_or_else(String::new, |tail| format!("{} is not there", tail.path().display())),
            }))
        };
        if state != self.state {
            self.state = state.clone();
            out.push(Observation::LogState { log: self.log.name.clone(), state });
        }
        // Where others are followed, the one that fails is said once.
        if failed != self.complained && following > 0 {
            if let Some(text) = failed.clone() {
                out.push(Observation::Warning { name: self.log.name.clone(), text });
            }
            self.complained = failed;
        }
    }

    fn say_trouble(&self) {
        let why = match &self.state {
            LogState::Failed(why) | LogState::Waiting(why) => Some(why),
            _ => None,
        };
        self.pipeline.counters().iter().for_each(|counter| counter.troubled(why));
    }
}
