//! Reading on in one open file, within a budget.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::file::TickProgress;
use super::open::{FinishedFile, LogFileIdentity, OpenLog};
use crate::lang::time::Stamp;
use crate::logs::record::Level;
use crate::sources::logs::history;
use crate::sources::logs::pipeline::{Pipeline, RecordStream};

/// Further behind than this, what lies between is skipped: the ring could not hold it.
const FARTHEST_BEHIND: u64 = 32 << 20;
/// After a skip, so much of the end is read.
const AFTER_SKIP: u64 = 1 << 20;

/// Opens a file that came and went, or one that was let go and has grown since.
pub(crate) fn open_again(path: &Path, known: &[FinishedFile], pipeline: &Pipeline, now: Stamp) -> io::Result<OpenLog> {
    let mut open = OpenLog::open(path, pipeline.encoding(), now)?;
    if let Some(known) = known.iter().rev().find(|known| open.is(known)) {
        open.start_at(known.offset, 0, RecordStream::default())?;
    }
    Ok(open)
}

/// Finds the file of a handle that tells of another one by now, under the name that it was given, and reads on there.
/// False where there is none.
pub(crate) fn find_again(path: &Path, held: &mut OpenLog, pipeline: &Pipeline, now: Stamp) -> bool {
    let is_it = |file: &PathBuf| {
        std::fs::metadata(file).is_ok_and(|meta| LogFileIdentity::from_metadata(&meta) == held.identity())
    };
    let found = history::rotated(path).into_iter().map(|file| file.path).find(is_it);
    let opened = found.and_then(|path| OpenLog::open(&path, pipeline.encoding(), now).ok());
    let Some(found) = opened.filter(|found| found.is(&held.known())) else { return false };
    held.continue_in(found);
    true
}

/// Reads to the end or to the budget.
pub(crate) fn drain(
    open: &mut OpenLog,
    now: Stamp,
    budget: usize,
    buffer: &mut [u8],
    pipeline: &mut Pipeline,
    progress: &mut TickProgress,
) -> io::Result<()> {
    while progress.bytes < budget {
        let most = buffer.len().min(budget - progress.bytes);
        let read = open.read(&mut buffer[..most], pipeline, now)?;
        progress.bytes += read;
        if read == 0 {
            return Ok(());
        }
    }
    // How much is in a pipe is not known.
    progress.behind = open.is_pipe() || open.metadata()?.size() > open.offset();
    Ok(())
}

/// Reads what the file at a path has now: from its beginning where it was truncated, near its end where it is too far
/// ahead.
#[expect(clippy::too_many_arguments, reason = "one step of the tail, told apart for its length")]
pub(crate) fn read_current(
    open: &mut OpenLog,
    path: &Path,
    skip: bool,
    now: Stamp,
    budget: usize,
    buffer: &mut [u8],
    pipeline: &mut Pipeline,
    progress: &mut TickProgress,
) -> io::Result<()> {
    let meta = match open.metadata() {
        // Where a file is found by its name, nothing is told of it while there is none of that name.
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    if open.refers_to_other_file(&meta) {
        return Ok(());
    }
    if open.was_rewritten(&meta, now)? {
        open.rewind(pipeline, now);
        pipeline.marker(&format!("{} was truncated", name(path)), Level::Info, now);
        open.was_rewritten(&meta, now)?;
    }
    let end = open.written_end(&meta, FARTHEST_BEHIND, now)?;
    let behind = end.saturating_sub(open.offset());
    if skip && !open.in_backlog() && behind > FARTHEST_BEHIND {
        let skipped = open.skip_to_line(end - AFTER_SKIP, end, pipeline, now)?;
        pipeline.skipped(skipped, now);
        let text = format!("{} MB skipped: {} is written faster than it may be read", skipped / 1_000_000, name(path));
        pipeline.marker(&text, Level::Warn, now);
    }
    drain(open, now, budget, buffer, pipeline, progress)
}

/// The file's name without its directory.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
