//! Recordings as files: gzip over one line for each message, so that `zcat` shows them, and what was written before a
//! crash can be read.
//!
//! A file that has reached [`SEGMENT`], or twice what it began by saying again where that is more, becomes FILE.1, what was
//! that FILE.2, and so on: of more than [`FILES`] the oldest is removed. Each begins with what is known then, so that it can be
//! played where those before it are gone. Within a file each minute is a gzip member of its own, from whose beginning it can
//! be read.

mod budget;
pub(crate) mod reader;
mod tapping;
pub(crate) mod writer;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Bytes of one file after which another one is begun.
pub(crate) const SEGMENT: u64 = 64 << 20;
/// Files of one recording.
pub(crate) const FILES: usize = 16;

/// The file of a recording that is so many files older than the latest one.
fn older(path: &Path, by: usize) -> PathBuf {
    if by == 0 {
        return path.to_owned();
    }
    let mut name = OsString::from(path);
    name.push(format!(".{by}"));
    PathBuf::from(name)
}
