//! Following a run through its directory: by the console that started it, by one that came later, by many at once.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::files;
use super::rundir::{End, RunDir, closing};
use crate::model::run::{Closing, OutputLine, VerificationProgress};
use crate::text::SafeText;

/// Most bytes that one look takes in.
const LOOK: u64 = 256 << 10;
/// Bound on `tail.log`.
const TAIL: u64 = 4 << 20;

/// Where a followed run stands: what its directory says, by which alone everybody judges an open run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunLiveness {
    /// The supervisor starts, or its steps run, or more output is waiting to be read.
    Running,
    /// The steps ended and the supervisor polls the checks.
    Verifying {
        /// How the steps ended; `None` where a run is verified whose first supervisor died.
        end: Option<Box<End>>,
        /// How far it is.
        progress: Option<VerificationProgress>,
    },
    /// It is over, and all its output was read.
    Over {
        /// How the steps ended; `None` where they never began or nobody knows.
        end: Option<Box<End>>,
        /// The outcome.
        closing: Box<Closing>,
    },
    /// Supervisor and console are gone before the first step: nothing ran.
    NeverStarted,
    /// The supervisor is gone and left no outcome, perhaps how the steps ended.
    Lost(Option<Box<End>>),
    /// The directory can't be entered from here, which proves nothing: it may be another user's, on a shared store.
    Hidden(SafeText),
}

impl RunLiveness {
    /// Whether there may be more to see.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self, Self::Running | Self::Verifying { .. } | Self::Hidden(_))
    }
}

/// A reader of one run's directory.
#[derive(Debug)]
pub struct Follower {
    dir: RunDir,
    out: Option<File>,
    offset: u64,
    partial: Vec<u8>,
    next_index: u64,
    omitted: u64,
}

impl Follower {
    /// Follows the run in `dir` from its first line.
    pub fn new(dir: RunDir) -> Self {
        Self { dir, out: None, offset: 0, partial: Vec::new(), next_index: 0, omitted: 0 }
    }

    /// Lines that were left out between head and tail so far.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// New lines since the last look, at most some hundred kilobytes, and where the run stands.
    ///
    /// # Errors
    /// The directory can't be read.
    pub fn look(&mut self) -> io::Result<(Vec<OutputLine>, RunLiveness)> {
        // The order matters: whether the supervisor lives is asked before anything is read, because all that it
        // leaves is written before it dies; and the output, which is complete before the result, is read last.
        let liveness = liveness(&self.dir)?;
        let (mut lines, more) = self.read_out()?;
        if !more {
            self.read_tail(&mut lines)?;
        }
        Ok((lines, if more { RunLiveness::Running } else { liveness }))
    }

    fn read_out(&mut self) -> io::Result<(Vec<OutputLine>, bool)> {
        if self.out.is_none() {
            self.out = files::open(&self.dir.out())?;
        }
        let Some(file) = &mut self.out else { return Ok((Vec::new(), false)) };
        file.seek(SeekFrom::Start(self.offset))?;
        let read = file.take(LOOK).read_to_end(&mut self.partial)? as u64;
        self.offset += read;
        let complete = memchr::memrchr(b'\n', &self.partial).map_or(0, |at| at + 1);
        let bytes: Vec<u8> = self.partial.drain(..complete).collect();
        let mut lines = Vec::new();
        self.take_lines(&bytes, &mut lines);
        Ok((lines, read == LOOK))
    }

    fn read_tail(&mut self, lines: &mut Vec<OutputLine>) -> io::Result<()> {
        if let Some(bytes) = files::read_bounded(&self.dir.tail(), TAIL)? {
            self.take_lines(&bytes, lines);
        }
        Ok(())
    }

    fn take_lines(&mut self, bytes: &[u8], lines: &mut Vec<OutputLine>) {
        for line in String::from_utf8_lossy(bytes).lines().filter_map(parse) {
            if line.index < self.next_index {
                continue;
            }
            self.omitted += line.index - self.next_index;
            self.next_index = line.index + 1;
            lines.push(line);
        }
    }
}

/// Where a run stands, its output left aside.
///
/// # Errors
/// The directory can't be read.
pub fn liveness(dir: &RunDir) -> io::Result<RunLiveness> {
    let life = life(dir)?;
    let alive = life == Life::Held;
    let end = dir.read_end()?.map(Box::new);
    if let Some(closing) = dir.read_closing()? {
        return Ok(RunLiveness::Over { end, closing: Box::new(closing) });
    }
    // What is missing proves nothing: a directory is cleared away one file after the other.
    let began = life != Life::Empty || end.is_some() || dir.started().exists();
    let progress = if alive { dir.read_progress()? } else { None };
    Ok(match (alive, end) {
        (true, None) if progress.is_none() => RunLiveness::Running,
        (true, Some(end)) if !end.to_verify => RunLiveness::Running,
        (true, end) => RunLiveness::Verifying { end, progress },
        (false, None) if !began => RunLiveness::NeverStarted,
        // The checks would only have added to it.
        (false, Some(end)) if !end.to_verify || !end.is_success() => {
            let closing = closing(Some(&end), None, end.at);
            RunLiveness::Over { end: Some(end), closing: Box::new(closing) }
        }
        (false, end) => RunLiveness::Lost(end),
    })
}

/// Whether a console that is just starting the run, or its supervisor, lives: whether `alive` is locked.
pub fn is_alive(dir: &RunDir) -> bool {
    matches!(life(dir), Ok(Life::Held))
}

/// What `alive` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Somebody holds it.
    Held,
    /// Nobody does, and the first step was never about to run.
    Empty,
    /// Nobody does, and it was.
    Begun,
    Missing,
}

fn life(dir: &RunDir) -> io::Result<Life> {
    let Some(file) = files::open(&dir.alive())? else { return Ok(Life::Missing) };
    // Shared, so that two consoles that ask at once do not take each other for a supervisor.
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Ok(Life::Held),
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) if file.metadata()?.len() == 0 => Ok(Life::Empty),
        Ok(()) => Ok(Life::Begun),
    }
}

/// Where a run stands, of which nothing but the path of its directory is known. One that is gone, or whose files make no
/// sense, says nothing; one that can't be looked into proves nothing.
pub(crate) fn standing_at(dir: &RunDir) -> RunLiveness {
    let looked = match dir.path().symlink_metadata() {
        Ok(found) if found.is_dir() => liveness(dir),
        Ok(_) => Err(io::Error::other("it is not a directory")),
        Err(error) => Err(error),
    };
    looked.unwrap_or_else(|error| match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidData
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::FileTooLarge => RunLiveness::Lost(None),
        _ => RunLiveness::Hidden(SafeText::new(&format!("{}: {error}", dir.path().display()))),
    })
}

/// `INDEX TIME out|err|note TEXT`
fn parse(line: &str) -> Option<OutputLine> {
    let mut parts = line.splitn(4, ' ');
    let index = parts.next()?.parse().ok()?;
    let _time = parts.next()?;
    let stream = parts.next()?;
    // Sanitised again: the file may have been edited since.
    Some(OutputLine { index, stderr: stream != "out", text: SafeText::new(parts.next().unwrap_or_default()) })
}
