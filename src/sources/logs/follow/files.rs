//! All files of one log: a path, or the newest that a pattern names.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::file::{FileTail, FollowOptions, PathState, TickProgress};
use super::open::{FinishedFile, LogFileIdentity};
use crate::lang::order::InOrder;
use crate::sources::logs::count::{Backfill, CountReach, LogCounter, Uncounted};
use crate::sources::logs::history;

use super::start::StartAt;
use super::watch::Followed;
use crate::config::sections::log::{Log, LogKind};
use crate::files::glob;
use crate::lang::time::Stamp;
use crate::logs::record::LogState;
use crate::model::observation::Observation;
use crate::sources::logs::pipeline::Pipeline;
use crate::text::SafeText;
use crate::text::redact::Redactor;

/// Files of one pattern that are followed: those that were written last.
pub(crate) const MAX_FILES: usize = 32;
/// How often it is said how much is left to read.
const SAY_LEFT: Duration = Duration::from_millis(500);
/// How often a pattern is looked at again.
const RE_GLOB: Duration = Duration::from_secs(5);
/// Bytes that one log may read in one tick.
const BUDGET: usize = 4 << 20;
/// Files remembered after they were let go.
const MAX_KNOWN: usize = 64;
/// Lines read at the start where nothing else is said.
const LAST_LINES: usize = 1000;

/// A `[log.*]` of kind file, being followed.
pub(crate) struct FileLog {
    log: Log,
    pattern: Option<PathBuf>,
    tails: Vec<FileTail>,
    known: Vec<FinishedFile>,
    globbed: Option<Duration>,
    options: FollowOptions,
    /// The counters that have not seen what was there before; all, for a file that is opened late.
    uncounted: Option<Vec<LogCounter>>,
    /// The pipeline; public to the room for the counters.
    pub(crate) pipeline: Pipeline,
    state: LogState,
    said_at: Duration,
    complained: Option<SafeText>,
    backlog: bool,
    left_out: LeftOut,
}

/// The files of a pattern that are too many to be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct LeftOut {
    files: usize,
    /// When the newest of them was written.
    newest: Option<DateTime<Utc>>,
    said: bool,
}

impl FileLog {
    /// Follows the files of `log`; `None` where it is no file log.
    pub(crate) fn new(log: &Log, pipeline: Pipeline, now: Stamp) -> Option<Self> {
        let LogKind::File(path) = &log.kind else { return None };
        let ago = |back| now.utc - chrono::Duration::from_std(back).unwrap_or(chrono::Duration::days(3650));
        let start = log.since.map_or(StartAt::Last(LAST_LINES), |back| StartAt::Since(ago(back)));
        let pattern = glob::is_pattern(path).then(|| path.clone());
        let options = FollowOptions { start, pattern: pattern.clone(), skip: log.skip };
        let tails = if pattern.is_some() { Vec::new() } else { vec![FileTail::new(path.clone(), options.clone())] };
        Some(Self {
            log: log.clone(),
            pattern,
            tails,
            known: Vec::new(),
            globbed: None,
            options,
            uncounted: Some(pipeline.counters().to_vec()),
            pipeline,
            state: LogState::Starting,
            said_at: now.mono,
            complained: None,
            backlog: true,
            left_out: LeftOut::default(),
        })
    }

    /// The configuration that it follows.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// The paths that are followed, each with the file that it led to last.
    pub(crate) fn followed(&self) -> impl Iterator<Item = Followed<'_>> {
        self.tails.iter().map(|tail| (tail.path(), tail.identity()))
    }

    /// Goes on after a reload: records that were read are not shown again. Metrics that are new count what comes, and
    /// the past of what is there now.
    pub(crate) fn reload(&mut self, redactor: Redactor, counters: Vec<LogCounter>) {
        let fresh: Vec<LogCounter> =
            counters.iter().filter(|known| known.reach() == CountReach::Unknown).cloned().collect();
        self.pipeline.reload(redactor, counters);
        self.state = LogState::Starting;
        if !fresh.is_empty() {
            self.tails.iter_mut().for_each(FileTail::count_anew);
            self.uncounted = Some(fresh);
        }
    }

    /// What was there before and has to be counted, where there is something new.
    pub(crate) fn backfill(&mut self, now: Stamp) -> Option<Backfill> {
        let files: Vec<Uncounted> = self.tails.iter_mut().flat_map(FileTail::uncounted).collect();
        let counters = match self.uncounted.take() {
            Some(counters) => counters,
            None if files.is_empty() => return None,
            None => self.pipeline.counters().to_vec(),
        };
        let paths: Vec<&Path> = self.tails.iter().map(FileTail::path).collect();
        let mut backfill = Backfill::new(&self.log, files, &paths, &counters, now)?;
        if let Some(newest) = self.left_out.newest {
            backfill.leave_out(self.left_out.files, newest);
        }
        Some(backfill)
    }

    /// One step over all files, bounded in bytes; what there is to say is pushed to `out`.
    pub(crate) fn tick(&mut self, now: Stamp, buffer: &mut [u8], out: &mut Vec<Observation>) -> TickProgress {
        self.glob(now);
        let mut total = TickProgress::default();
        for tail in &mut self.tails {
            let left = BUDGET.saturating_sub(total.bytes);
            if left == 0 {
                total.behind = true;
                // It is opened all the same, so that it is known how much there is to read.
                if tail.identity().is_some() {
                    continue;
                }
            }
            let progress = tail.tick(now, left, buffer, &mut self.pipeline, &self.known);
            total.bytes += progress.bytes;
            total.behind |= progress.behind;
            self.known.extend(tail.released());
        }
        let over = self.known.len().saturating_sub(MAX_KNOWN);
        self.known.drain(..over);
        self.say_state(now, out);
        let backlog = self.backlog;
        self.backlog = backlog && (total.behind || matches!(self.state, LogState::CatchingUp { .. }));
        if let Some(batch) = self.pipeline.take_batch(backlog) {
            out.push(Observation::Records { log: self.log.name.clone(), batch: batch.with_shapes() });
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
        found.order_by_key(|(path, meta)| (std::cmp::Reverse(meta.modified().ok()), path.clone()));
        self.left_out = LeftOut {
            files: found.len().saturating_sub(MAX_FILES),
            newest: found.get(MAX_FILES).and_then(|(_, meta)| meta.modified().ok()).map(Into::into),
            ..self.left_out
        };
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
            self.options.start = StartAt::Beginning;
        }
        for (path, meta) in found.into_iter().rev() {
            let followed = self.tails.iter().any(|tail| tail.path() == path);
            // A rotated file under its new name is still being read under the old one.
            let held = self.tails.iter().any(|tail| tail.holds(LogFileIdentity::from_metadata(&meta)));
            if !followed && !held {
                self.tails.push(FileTail::new(path, self.options.clone()));
            }
        }
        while self.tails.len() > MAX_FILES {
            self.tails.remove(0).finish(now, &mut self.pipeline);
        }
    }

    fn say_state(&mut self, now: Stamp, out: &mut Vec<Observation>) {
        let failed = self.tails.iter().find_map(|tail| match tail.state() {
            PathState::Failed(why) => Some(why.clone()),
            _ => None,
        });
        let following = self.tails.iter().filter(|tail| *tail.state() == PathState::Following).count();
        let state = self.present(now, following, failed.as_ref());
        if state != self.state {
            self.state = state.clone();
            self.said_at = now.mono;
            out.push(Observation::LogState { log: self.log.name.clone(), state });
        }
        if self.left_out.files > 0 && !self.left_out.said {
            self.left_out.said = true;
            let text = format!(
                "more than {MAX_FILES} files match: only those that were written last are followed; name them more closely \
                 or make several logs of them"
            );
            out.push(Observation::Warning { name: self.log.name.clone(), text: SafeText::new(&text) });
        }
        // Where others are followed, the one that fails is said once.
        if failed != self.complained && following > 0 {
            if let Some(text) = failed.clone() {
                out.push(Observation::Warning { name: self.log.name.clone(), text });
            }
            self.complained = failed;
        }
    }

    /// What it is doing. How much is left to read is looked at now and then: a figure that changes with each tick is
    /// for nobody.
    fn present(&self, now: Stamp, following: usize, failed: Option<&SafeText>) -> LogState {
        let catching_up = || self.tails.iter().filter(|tail| *tail.state() == PathState::CatchingUp);
        if catching_up().next().is_some() {
            let fresh = now.mono.saturating_sub(self.said_at) < SAY_LEFT;
            if fresh && matches!(self.state, LogState::CatchingUp { .. }) {
                return self.state.clone();
            }
            return LogState::CatchingUp { left: catching_up().map(FileTail::left).sum() };
        }
        if following > 0 {
            return match self.left_out.files {
                0 => LogState::Following(following),
                left_out => LogState::FollowingNewest { files: following, left_out },
            };
        }
        if let Some(why) = failed {
            return LogState::Failed(why.clone());
        }
        LogState::Waiting(SafeText::new(&match &self.pattern {
            Some(pattern) => format!("no file matches {} yet", pattern.display()),
            None => {
                self.tails.first().map_or_else(String::new, |tail| format!("{} does not exist", tail.path().display()))
            }
        }))
    }

    fn say_trouble(&self) {
        let why = match &self.state {
            LogState::Failed(why) | LogState::Waiting(why) => Some(why),
            _ => None,
        };
        self.pipeline.counters().iter().for_each(|counter| counter.troubled(why));
    }
}
