//! Follows one path: appended, rotated, truncated, removed and come back.
//!
//! The truth is asked of the file system at every tick and never taken from events, which are lost on network
//! shares, bind mounts and under load. Everything happens by positioned reads on a handle that is kept: a mapped
//! log that is truncated kills the process, and a path that is opened anew each time loses what was written to the
//! old file last.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::counts::Uncounted;
use super::decode::is_binary;
use super::open::{Identity, Known, OpenLog};
use super::pipeline::{Pipeline, Stream};
use super::start::{self, Start};
use crate::model::record::Level;
use crate::model::text::SafeText;
use crate::model::time::Stamp;

/// A line without its end is shown after this time.
const PARTIAL_AFTER: Duration = Duration::from_millis(1500);
/// The file before the rotation is read this long after its last growth: some writers go on until they are told.
const KEEP_OLD: Duration = Duration::from_secs(5);
/// A path that is missing this long is said to be gone.
const GONE_AFTER: Duration = Duration::from_secs(2);
/// Further behind than this, what lies between is skipped: the ring could not hold it.
const FARTHEST_BEHIND: u64 = 32 << 20;
/// After a skip, so much of the end is read.
const AFTER_SKIP: u64 = 1 << 20;

/// What a path is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathState {
    /// Read up to its end.
    Following,
    /// What was there before us is still being read.
    CatchingUp,
    /// Not there.
    Missing,
    /// Can't be read; why.
    Failed(SafeText),
}

/// One followed path.
#[derive(Debug)]
pub struct FileTail {
    path: PathBuf,
    start: Start,
    current: Option<OpenLog>,
    /// The file before the last rotation.
    old: Option<OpenLog>,
    state: PathState,
    missing_since: Option<Duration>,
    said_gone: bool,
    binary: Option<(Identity, u64)>,
    /// Files that were let go since they were last asked for.
    released: Vec<Known>,
    /// What was there before and has to be counted.
    uncounted: Vec<Uncounted>,
}

/// What one tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes read.
    pub bytes: usize,
    /// More waits to be read.
    pub behind: bool,
}

impl FileTail {
    /// Follows `path`; `start` says what is shown of what is there already.
    pub fn new(path: PathBuf, start: Start) -> Self {
        Self {
            path,
            start,
            current: None,
            old: None,
            state: PathState::Missing,
            missing_since: None,
            said_gone: false,
            binary: None,
            released: Vec::new(),
            uncounted: Vec::new(),
        }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is doing.
    pub fn state(&self) -> &PathState {
        &self.state
    }

    /// Whether this tail holds the file.
    pub fn holds(&self, identity: Identity) -> bool {
        [&self.current, &self.old].into_iter().flatten().any(|open| open.identity() == identity)
    }

    /// The files that were let go since the last call.
    pub fn released(&mut self) -> Vec<Known> {
        std::mem::take(&mut self.released)
    }

    /// The files whose past has to be counted since the last call, each up to where it is counted as it grows.
    pub fn uncounted(&mut self) -> Vec<Uncounted> {
        std::mem::take(&mut self.uncounted)
    }

    /// What was read up to now has to be counted as the past: there are counters that have not seen it.
    pub fn count_anew(&mut self) {
        let open = [&self.old, &self.current].into_iter().flatten();
        self.uncounted = open.filter_map(|open| Uncounted::new(open, open.offset())).collect();
    }

    /// One step: looks at the path, reads at most `budget` bytes into `pipeline`. `known` are files that were read
    /// under another name.
    pub fn tick(
        &mut self,
        now: Stamp,
        budget: usize,
        buffer: &mut [u8],
        pipeline: &mut Pipeline,
        known: &[Known],
    ) -> Progress {
        let at_path = std::fs::metadata(&self.path);
        if self.current.is_none() {
            self.first_open(at_path, now, pipeline, known, buffer);
            if self.current.is_none() {
                return Progress::default();
            }
            return self.read_all(now, budget, buffer, pipeline);
        }
        let progress = self.read_all(now, budget, buffer, pipeline);
        if !progress.behind {
            self.compare(at_path, now, pipeline);
        }
        progress
    }

    /// Ends following: what is held is shown as it is.
    pub fn finish(&mut self, now: Stamp, pipeline: &mut Pipeline) {
        for open in [&mut self.old, &mut self.current].into_iter().flatten() {
            open.finish(pipeline, now);
        }
    }

    fn first_open(
        &mut self,
        at_path: io::Result<Metadata>,
        now: Stamp,
        pipeline: &mut Pipeline,
        known: &[Known],
        buffer: &mut [u8],
    ) {
        let opened = at_path.and_then(|meta| {
            if self.binary == Some((Identity::of(&meta), meta.size())) {
                return Err(io::Error::other("binary, not shown"));
            }
            let mut open = OpenLog::open(&self.path, now)?;
            let meta = open.metadata()?;
            if refuse_binary(&open, &meta, buffer)? {
                self.binary = Some((Identity::of(&meta), meta.size()));
                return Err(io::Error::other("binary, not shown"));
            }
            self.place(&mut open, &meta, now, pipeline, known)?;
            Ok(open)
        });
        match opened {
            Ok(open) => {
                if self.said_gone {
                    pipeline.marker(&format!("{} is there again", name(&self.path)), Level::Info, now);
                }
                self.arrived();
                self.current = Some(open);
                self.binary = None;
            }
            Err(why) => {
                self.failed(&why, now);
                // What appears later is new from its first byte.
                if why.kind() == io::ErrorKind::NotFound {
                    self.start = Start::Beginning;
                }
            }
        }
    }

    fn arrived(&mut self) {
        self.missing_since = None;
        self.said_gone = false;
    }

    /// Where reading begins in a file that is opened for the first time.
    fn place(
        &mut self,
        open: &mut OpenLog,
        meta: &Metadata,
        now: Stamp,
        pipeline: &Pipeline,
        known: &[Known],
    ) -> io::Result<()> {
        if let Some(known) = known.iter().rev().find(|known| open.is(known)) {
            open.start_at(known.offset, 0, Stream::default());
            return Ok(());
        }
        let size = meta.size();
        let (shown, stream) = match self.start {
            Start::Beginning => (0, Stream::default()),
            Start::Last(0) => (size, Stream::default()),
            Start::Last(count) => (start::last_lines(open.file(), size, count)?, Stream::default()),
            Start::Since(bound) => match start::since(open.file(), size, bound, pipeline, now.utc)? {
                Some(offset) => (offset, Stream::since(Some(bound))),
                None => (start::last_lines(open.file(), size, 1000)?, Stream::default()),
            },
        };
        let backlog = if self.start == Start::Beginning { 0 } else { size };
        open.start_at(shown, backlog, stream);
        open.count_from(backlog);
        if backlog > 0 {
            self.uncounted.extend(Uncounted::new(open, backlog));
        }
        Ok(())
    }

    fn failed(&mut self, why: &io::Error, now: Stamp) {
        self.state = if why.kind() == io::ErrorKind::NotFound {
            self.missing_since.get_or_insert(now.mono);
            PathState::Missing
        } else {
            PathState::Failed(SafeText::new(&format!("{}: {}", self.path.display(), in_words(why))))
        };
    }

    /// Reads the old file, then the present one.
    fn read_all(&mut self, now: Stamp, budget: usize, buffer: &mut [u8], pipeline: &mut Pipeline) -> Progress {
        let mut progress = Progress::default();
        if let Some(old) = &mut self.old {
            let outcome = drain(old, now, budget, buffer, pipeline, &mut progress);
            old.settle(pipeline, now, PARTIAL_AFTER);
            if outcome.is_err() || (!progress.behind && old.idle(now) >= KEEP_OLD) {
                self.release_old(pipeline, now);
            }
        }
        if progress.behind {
            return progress;
        }
        let Some(current) = &mut self.current else { return progress };
        match read_current(current, &self.path, now, budget, buffer, pipeline, &mut progress) {
            Ok(()) => {
                current.settle(pipeline, now, PARTIAL_AFTER);
                self.state = if current.in_backlog() { PathState::CatchingUp } else { PathState::Following };
            }
            Err(why) => {
                // A stale handle never heals: the path is opened anew, where we were.
                current.finish(pipeline, now);
                self.released.push(current.known());
                self.current = None;
                self.failed(&why, now);
            }
        }
        progress
    }

    fn release_old(&mut self, pipeline: &mut Pipeline, now: Stamp) {
        if let Some(mut old) = self.old.take() {
            old.finish(pipeline, now);
            self.released.push(old.known());
        }
    }

    /// Whether the path still leads to the file that is open.
    fn compare(&mut self, at_path: io::Result<Metadata>, now: Stamp, pipeline: &mut Pipeline) {
        let Some(current) = &self.current else { return };
        match at_path {
            Ok(meta) if Identity::of(&meta) == current.identity() => {
                if self.said_gone {
                    pipeline.marker(&format!("{} is there again", name(&self.path)), Level::Info, now);
                }
                self.arrived();
            }
            // One quiet tick before the switch: the writer may be at its last line.
            Ok(_) if current.idle(now) > Duration::ZERO => self.switch(now, pipeline),
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

    /// The path leads to another file: the one that was read becomes the old one.
    fn switch(&mut self, now: Stamp, pipeline: &mut Pipeline) {
        match OpenLog::open(&self.path, now) {
            Ok(open) => {
                self.release_old(pipeline, now);
                // A line that is not ended keeps its place before those of the new file.
                if let Some(current) = &mut self.current {
                    current.settle(pipeline, now, Duration::ZERO);
                }
                let word = if self.said_gone { "is there again" } else { "was rotated" };
                pipeline.marker(&format!("{} {word}", name(&self.path)), Level::Info, now);
                self.arrived();
                self.old = self.current.replace(open);
            }
            Err(why) => self.failed(&why, now),
        }
    }
}

/// Reads to the end or to the budget.
fn drain(
    open: &mut OpenLog,
    now: Stamp,
    budget: usize,
    buffer: &mut [u8],
    pipeline: &mut Pipeline,
    progress: &mut Progress,
) -> io::Result<()> {
    while progress.bytes < budget {
        let most = buffer.len().min(budget - progress.bytes);
        let read = open.read(&mut buffer[..most], pipeline, now)?;
        progress.bytes += read;
        if read == 0 {
            return Ok(());
        }
    }
    progress.behind = open.metadata()?.size() > open.offset();
    Ok(())
}

fn read_current(
    open: &mut OpenLog,
    path: &Path,
    now: Stamp,
    budget: usize,
    buffer: &mut [u8],
    pipeline: &mut Pipeline,
    progress: &mut Progress,
) -> io::Result<()> {
    let meta = open.metadata()?;
    if open.was_rewritten(&meta, now)? {
        open.rewind(pipeline, now);
        pipeline.marker(&format!("{} was truncated", name(path)), Level::Info, now);
        open.was_rewritten(&meta, now)?;
    }
    let behind = meta.size().saturating_sub(open.offset());
    if !open.in_backlog() && behind > FARTHEST_BEHIND {
        let from = open.offset();
        let target = open.line_start(meta.size() - AFTER_SKIP, buffer)?;
        open.skip_to(target, pipeline, now);
        pipeline.skipped(target - from, now);
        let text =
            format!("{} MB skipped: {} is written faster than it may be read", (target - from) / 1_000_000, name(path));
        pipeline.marker(&text, Level::Warn, now);
    }
    drain(open, now, budget, buffer, pipeline, progress)
}

/// Whether the file is no text. One that begins with a hole is judged by its end: a writer that goes on at its old
/// place after a truncation leaves such a file.
fn refuse_binary(open: &OpenLog, meta: &Metadata, buffer: &mut [u8]) -> io::Result<bool> {
    use std::os::unix::fs::FileExt;
    let size = buffer.len().min(4096);
    let read = open.file().read_at(&mut buffer[..size], 0)?;
    if read == 0 || !is_binary(&buffer[..read]) {
        return Ok(false);
    }
    if buffer[..read].iter().any(|byte| *byte != 0) {
        return Ok(true);
    }
    let read = open.file().read_at(&mut buffer[..size], meta.size().saturating_sub(size as u64))?;
    Ok(is_binary(&buffer[..read]))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// What a person can do about it.
fn in_words(why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::PermissionDenied => "no permission to read it; it is tried again".to_owned(),
        _ => why.to_string(),
    }
}
