//! Follows one path: appended, rotated, truncated, removed and come back.
//!
//! The truth is asked of the file system at every tick and never taken from events, which are lost on network
//! shares, bind mounts and under load. Everything happens by positioned reads on a handle that is kept: a mapped
//! log that is truncated kills the process, and a path that is opened again each time loses what was written to the
//! old file last.

mod opening;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::opening::Refused;
use super::advance::{drain, find_again, name, open_again, read_current};
use super::between::{self, SeenBefore, SeenFile};
use super::open::{FinishedFile, LogFileIdentity, OpenLog};
use super::refuse::Reasons;
use super::replay::Replay;
use super::start::StartAt;
use crate::lang::time::Stamp;
use crate::logs::record::Level;
use crate::sources::logs::count::Uncounted;
use crate::sources::logs::decode::archive::Packing;
use crate::sources::logs::history;
use crate::sources::logs::pipeline::Pipeline;
use crate::text::SafeText;

/// A line without its end is shown after this time.
const PARTIAL_AFTER: Duration = Duration::from_millis(1500);
/// The file before the rotation is read this long after its last growth: some writers go on until they are told.
const KEEP_OLD: Duration = Duration::from_secs(5);
/// A path that is missing this long is said to be gone.
const GONE_AFTER: Duration = Duration::from_secs(2);
/// So many bytes behind, a file that is written fast is said to be caught up with: some four ticks of reading.
const FAR_BEHIND: u64 = 16 << 20;
/// Files before the current one that are kept open.
const MOST_EARLIER: usize = 32;

/// What a path is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathState {
    /// Read up to its end.
    Following,
    /// What was there before us, or was written faster than it is read, is still being read.
    CatchingUp,
    /// Not there.
    Missing,
    /// Can't be read; why.
    Failed(SafeText),
}

/// How a path is followed.
#[derive(Debug, Clone)]
pub(crate) struct FollowOptions {
    /// What is shown of what is there already.
    pub start: StartAt,
    /// The pattern that named the path: what it names besides is followed by itself.
    pub pattern: Option<PathBuf>,
    /// What is written faster than can be read is skipped.
    pub skip: bool,
}

/// One followed path.
#[derive(Debug)]
pub(crate) struct FileTail {
    path: PathBuf,
    options: FollowOptions,
    current: Option<OpenLog>,
    /// What is read before the current file, oldest first.
    earlier: VecDeque<Earlier>,
    /// Rotated files that lay there when the current one was opened.
    seen: Vec<SeenFile>,
    state: PathState,
    missing_since: Option<Duration>,
    said_gone: bool,
    /// What was no text, as it was then: it is judged again when it changes.
    refused: Option<Refused>,
    reasons: Reasons,
    /// Files that were let go since they were last asked for.
    released: Vec<FinishedFile>,
    /// What was there before and has to be counted.
    uncounted: Vec<Uncounted>,
}

/// Something that is read before the current file.
#[derive(Debug)]
enum Earlier {
    /// A file that the path led to. Its writer may go on for a while.
    File(OpenLog),
    /// Files that are read once.
    Replay(Replay),
}

/// What one tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TickProgress {
    /// Bytes read.
    pub bytes: usize,
    /// More waits to be read.
    pub behind: bool,
}

impl FileTail {
    /// Follows `path`.
    pub(crate) fn new(path: PathBuf, options: FollowOptions) -> Self {
        Self {
            path,
            options,
            current: None,
            earlier: VecDeque::new(),
            seen: Vec::new(),
            state: PathState::Missing,
            missing_since: None,
            said_gone: false,
            refused: None,
            reasons: Reasons::default(),
            released: Vec::new(),
            uncounted: Vec::new(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it is doing.
    pub(crate) fn state(&self) -> &PathState {
        &self.state
    }

    /// The file that is followed now.
    pub(crate) fn identity(&self) -> Option<LogFileIdentity> {
        self.current.as_ref().map(OpenLog::identity)
    }

    /// Whether this tail holds the file.
    pub(crate) fn holds(&self, identity: LogFileIdentity) -> bool {
        self.open().any(|open| open.identity() == identity)
    }

    /// Bytes that are not read yet, as far as that is known: not of a pipe; a packed file counts as what it takes on the
    /// disk until it is through.
    pub(crate) fn left(&self) -> u64 {
        let earlier = self.earlier.iter().map(|earlier| match earlier {
            Earlier::File(open) => open.left(),
            Earlier::Replay(replay) => replay.left(),
        });
        earlier.chain(self.current.as_ref().map(OpenLog::left)).sum()
    }

    fn open(&self) -> impl Iterator<Item = &OpenLog> {
        let earlier = self.earlier.iter().filter_map(|earlier| match earlier {
            Earlier::File(open) => Some(open),
            Earlier::Replay(_) => None,
        });
        earlier.chain(&self.current)
    }

    /// The files that were let go since the last call.
    pub(crate) fn released(&mut self) -> Vec<FinishedFile> {
        std::mem::take(&mut self.released)
    }

    /// The files whose past has to be counted since the last call, each up to where it is counted as it grows.
    pub(crate) fn uncounted(&mut self) -> Vec<Uncounted> {
        std::mem::take(&mut self.uncounted)
    }

    /// What was read up to now has to be counted as the past: there are counters that have not seen it.
    pub(crate) fn count_anew(&mut self) {
        self.uncounted = self.open().filter_map(|open| Uncounted::new(open, &self.path, open.offset())).collect();
    }

    /// One step: looks at the path, reads at most `budget` bytes into `pipeline`. `known` are files that were read
    /// under another name.
    pub(crate) fn tick(
        &mut self,
        now: Stamp,
        budget: usize,
        buffer: &mut [u8],
        pipeline: &mut Pipeline,
        known: &[FinishedFile],
    ) -> TickProgress {
        let at_path = std::fs::metadata(&self.path);
        if self.current.is_none() {
            self.first_open(at_path, now, pipeline, known, buffer);
            return self.read_all(now, budget, buffer, pipeline);
        }
        let progress = self.read_all(now, budget, buffer, pipeline);
        if !progress.behind {
            self.compare(at_path, now, pipeline, known);
        }
        progress
    }

    /// Ends following: what is held is shown as it is.
    pub(crate) fn finish(&mut self, now: Stamp, pipeline: &mut Pipeline) {
        for earlier in &mut self.earlier {
            if let Earlier::File(open) = earlier {
                open.finish(pipeline, now);
            }
        }
        if let Some(open) = &mut self.current {
            open.finish(pipeline, now);
        }
    }

    fn arrived(&mut self) {
        self.missing_since = None;
        self.said_gone = false;
    }

    fn failed(&mut self, why: &io::Error, now: Stamp) {
        self.state = if why.kind() == io::ErrorKind::NotFound {
            self.missing_since.get_or_insert(now.mono);
            PathState::Missing
        } else {
            let words = self.reasons.explain(&self.path, why);
            PathState::Failed(SafeText::new(&format!("{}: {words}", self.path.display())))
        };
    }

    /// Reads what is earlier, then the present file.
    fn read_all(&mut self, now: Stamp, budget: usize, buffer: &mut [u8], pipeline: &mut Pipeline) -> TickProgress {
        let mut progress = self.read_earlier(now, budget, buffer, pipeline);
        let Some(current) = &mut self.current else { return progress };
        if progress.behind {
            self.state = PathState::CatchingUp;
            return progress;
        }
        match read_current(current, &self.path, self.options.skip, now, budget, buffer, pipeline, &mut progress) {
            Ok(()) => {
                current.settle(pipeline, now, PARTIAL_AFTER);
                let was_behind = self.state == PathState::CatchingUp;
                let far = progress.behind && (was_behind || current.left() >= FAR_BEHIND);
                self.state = if far || current.in_backlog() { PathState::CatchingUp } else { PathState::Following };
            }
            Err(why) => {
                // A stale handle never heals: the path is opened again, where we were.
                current.finish(pipeline, now);
                self.released.push(current.known());
                self.current = None;
                self.failed(&why, now);
            }
        }
        progress
    }

    fn read_earlier(&mut self, now: Stamp, budget: usize, buffer: &mut [u8], pipeline: &mut Pipeline) -> TickProgress {
        let mut progress = TickProgress::default();
        let mut kept = VecDeque::new();
        while let Some(mut earlier) = self.earlier.pop_front() {
            let over = match &mut earlier {
                Earlier::File(open) => {
                    let outcome = drain(open, now, budget, buffer, pipeline, &mut progress);
                    // What is not ended keeps its place before the lines of the next file.
                    open.settle(pipeline, now, Duration::ZERO);
                    let over = outcome.is_err() || (!progress.behind && open.idle(now) >= KEEP_OLD);
                    if over {
                        open.finish(pipeline, now);
                        self.released.push(open.known());
                    }
                    over
                }
                Earlier::Replay(replay) => {
                    progress.bytes += replay.read(budget.saturating_sub(progress.bytes), buffer, pipeline, now);
                    progress.behind |= !replay.is_over();
                    replay.is_over()
                }
            };
            if !over {
                kept.push_back(earlier);
            }
            if progress.behind {
                break;
            }
        }
        kept.append(&mut self.earlier);
        self.earlier = kept;
        progress
    }

    /// Whether the path still leads to the file that is open.
    fn compare(&mut self, at_path: io::Result<Metadata>, now: Stamp, pipeline: &mut Pipeline, known: &[FinishedFile]) {
        let Some(current) = &self.current else { return };
        match at_path {
            Ok(meta) if LogFileIdentity::from_metadata(&meta) == current.identity() => {
                if self.said_gone {
                    pipeline.marker(&format!("{} is back", name(&self.path)), Level::Info, now);
                }
                self.arrived();
            }
            // One quiet tick before the switch: the writer may be at its last line.
            Ok(_) if current.idle(now) > Duration::ZERO => self.switch(now, pipeline, known),
            Ok(_) => {}
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                let since = *self.missing_since.get_or_insert(now.mono);
                if !self.said_gone && now.mono.saturating_sub(since) >= GONE_AFTER {
                    self.said_gone = true;
                    pipeline.marker(&format!("{} is gone; waiting for it", name(&self.path)), Level::Warn, now);
                }
                if self.said_gone {
                    self.state = PathState::Missing;
                }
            }
            Err(why) => self.failed(&why, now),
        }
    }

    /// The path leads to another file: the one that was read becomes an earlier one, and what came between follows it.
    fn switch(&mut self, now: Stamp, pipeline: &mut Pipeline, known: &[FinishedFile]) {
        let opened = OpenLog::open(&self.path, pipeline.encoding(), now).and_then(|open| Ok((open.metadata()?, open)));
        let (meta, open) = match opened {
            Ok(opened) => opened,
            Err(why) => return self.failed(&why, now),
        };
        let Some(mut held) = self.current.take() else { return };
        // A line that is not ended keeps its place before those of the new file.
        held.settle(pipeline, now, Duration::ZERO);
        let replaced = !held.metadata().is_ok_and(|meta| !held.refers_to_other_file(&meta));
        let lost = replaced && !find_again(&self.path, &mut held, pipeline, now);
        if lost {
            held.finish(pipeline, now);
        }
        let before = SeenBefore { held: &held, open: self.open().collect(), known, seen: &self.seen };
        let files = between::between(&self.path, &before, &meta);
        let files = history::besides(self.options.pattern.as_deref(), files);
        self.current = Some(open);
        self.seen = between::seen(&self.path);
        let word = if self.said_gone { "is back" } else { "was rotated" };
        let mut text = format!("{} {word}", name(&self.path));
        if lost {
            text.push_str("; its last lines can't be read on this file system");
        }
        if !files.is_empty() {
            let names: Vec<String> = files.iter().map(|path| name(path)).collect();
            write!(text, "; written in between: {}", names.join(", ")).ok();
        }
        pipeline.marker(&text, Level::Info, now);
        self.arrived();
        self.earlier.push_back(Earlier::File(held));
        for path in files {
            let earlier = match Packing::of_name(&path) {
                Some(_) => Some(Earlier::Replay(Replay::of_one(path))),
                None => open_again(&path, known, pipeline, now).ok().map(Earlier::File),
            };
            self.earlier.extend(earlier);
        }
        while self.earlier.len() > MOST_EARLIER {
            if let Some(Earlier::File(mut open)) = self.earlier.pop_front() {
                open.finish(pipeline, now);
                self.released.push(open.known());
            }
        }
    }
}
