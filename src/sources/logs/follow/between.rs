//! Files that came and went between two looks at a path: written after the one that was followed, and rotated away
//! before the one that is there now was made.
//!
//! They are looked for in the same directory, by name, and must have been written last after the one that was
//! followed. What was deleted, moved to another directory, or given another name is lost to everybody who reads by
//! name. An archive that begins as a file that was read is taken for that file.

use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::open::{FinishedFile, HEAD, LogFileIdentity, OpenLog};
use crate::sources::logs::decode::archive::{Packing, open_any};
use crate::sources::logs::history;

/// Rotated files that are read between two, the newest.
const MOST: usize = 16;

/// A file that lay beside the path already. A number that is given again comes with another time of birth; where the
/// file system knows none, with another time of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeenFile {
    identity: LogFileIdentity,
    born: Option<SystemTime>,
}

impl SeenFile {
    fn from_metadata(meta: &Metadata) -> Self {
        Self { identity: LogFileIdentity::from_metadata(meta), born: meta.created().or_else(|_| meta.modified()).ok() }
    }
}

/// The rotated files of `path` that are there now.
pub(crate) fn seen(path: &Path) -> Vec<SeenFile> {
    let files = history::rotated(path);
    files
        .iter()
        .filter_map(|file| std::fs::metadata(&file.path).ok())
        .map(|meta| SeenFile::from_metadata(&meta))
        .collect()
}

/// What was read, or lay there before.
pub(crate) struct SeenBefore<'a> {
    /// The file that was followed until now.
    pub held: &'a OpenLog,
    /// The files before it that are still open.
    pub open: Vec<&'a OpenLog>,
    /// Those that were let go.
    pub known: &'a [FinishedFile],
    /// Those that lay there when `held` was opened.
    pub seen: &'a [SeenFile],
}

impl SeenBefore<'_> {
    fn holds(&self, identity: LogFileIdentity) -> bool {
        self.open.iter().chain([&self.held]).any(|open| open.identity() == identity)
    }

    /// Whether an archive begins as a file that was read.
    fn has_unpacked(&self, path: &Path) -> bool {
        let mut start = Vec::new();
        if open_any(path).is_ok_and(|file| file.take(HEAD as u64).read_to_end(&mut start).is_err()) {
            return false;
        }
        let open = self.open.iter().chain([&self.held]).map(|open| open.head());
        let mut heads = open.chain(self.known.iter().map(FinishedFile::head));
        heads.any(|head| start.starts_with(head) && (head.len() == start.len() || !head.is_empty()))
    }
}

/// The files between the one that was followed and `present`, which `path` leads to; oldest first.
pub(crate) fn between(path: &Path, before: &SeenBefore<'_>, present: &Metadata) -> Vec<PathBuf> {
    let Ok(held) = before.held.metadata() else { return Vec::new() };
    let last = (held.mtime(), held.mtime_nsec());
    let mut found: Vec<PathBuf> = history::rotated(path)
        .into_iter()
        .filter_map(|file| Some((std::fs::metadata(&file.path).ok()?, file.path)))
        .filter(|(meta, _)| {
            let identity = LogFileIdentity::from_metadata(meta);
            (meta.mtime(), meta.mtime_nsec()) >= last
                && identity != LogFileIdentity::from_metadata(present)
                && !before.holds(identity)
                && !before.seen.contains(&SeenFile::from_metadata(meta))
        })
        .map(|(_, path)| path)
        .filter(|path| Packing::of_name(path).is_none() || !before.has_unpacked(path))
        .collect();
    found.drain(..found.len().saturating_sub(MOST));
    found
}
