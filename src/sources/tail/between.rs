//! Files that came and went between two looks at a path: written after the one that was followed, and rotated away
//! before the one that is there now was made.
//!
//! They are looked for in the same directory, by name, and must have been written last after the one that was
//! followed. What was deleted, moved to another directory, or given another name is lost to everybody who reads by
//! name.

use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::archive::{Packing, open_any};
use super::history;
use super::open::{Identity, OpenLog};

/// Rotated files that are read between two, the newest.
const MOST: usize = 16;

/// A file that lay beside the path already, as it was then. A number that is given anew comes with another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    identity: Identity,
    modified: (i64, i64),
}

impl Seen {
    fn of(meta: &Metadata) -> Self {
        Self { identity: Identity::of(meta), modified: (meta.mtime(), meta.mtime_nsec()) }
    }
}

/// The rotated files of `path` that are there now.
pub fn seen(path: &Path) -> Vec<Seen> {
    let files = history::rotated(path);
    files.iter().filter_map(|file| std::fs::metadata(&file.path).ok()).map(|meta| Seen::of(&meta)).collect()
}

/// The files between `held`, which was followed until now, and `present`, which `path` leads to; oldest first. `seen`
/// lay there already when `held` was opened.
pub fn between(path: &Path, held: &OpenLog, present: &Metadata, seen: &[Seen]) -> Vec<PathBuf> {
    let Ok(held_meta) = held.metadata() else { return Vec::new() };
    let last = (held_meta.mtime(), held_meta.mtime_nsec());
    let mut found: Vec<PathBuf> = history::rotated(path)
        .into_iter()
        .filter_map(|file| Some((std::fs::metadata(&file.path).ok()?, file.path)))
        .filter(|(meta, _)| {
            let identity = Identity::of(meta);
            identity != held.identity()
                && identity != Identity::of(present)
                && (meta.mtime(), meta.mtime_nsec()) >= last
                && !seen.contains(&Seen::of(meta))
        })
        .filter(|(meta, path)| meta.mtime() != held_meta.mtime() || !is_packed_form(path, held))
        .map(|(_, path)| path)
        .collect();
    found.drain(..found.len().saturating_sub(MOST));
    found
}

/// Whether the file at `path` is what was followed, packed since: then it begins the same.
fn is_packed_form(path: &Path, held: &OpenLog) -> bool {
    let mut start = Vec::new();
    Packing::of_name(path).is_some()
        && open_any(path).is_ok_and(|file| file.take(held.head().len() as u64).read_to_end(&mut start).is_ok())
        && start == held.head()
}
