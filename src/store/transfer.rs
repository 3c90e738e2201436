//! A whole store as JSON lines, and back: facts to the letter with their hashes, the checkpoint, roll-ups, and what is kept
//! by name. Things are not written: they are derived.
//!
//! The first line says what it is and where the chain begins, the last one what was written, so that a file that was cut
//! short is known.

mod export;
mod export_file;
mod import;
mod line;
mod mark;

use std::io;

use thiserror::Error;

pub(crate) use self::export_file::ExportFile;
pub(crate) use self::import::Imported;
pub(crate) use self::mark::ImportMark;
use super::StoreError;

/// Why nothing, or not all, was imported.
#[derive(Debug, Error)]
pub(crate) enum ImportError {
    /// The file can't be read.
    #[error("{}", super::fault::describe_io(.0))]
    Read(#[from] io::Error),
    /// It is a pipe, a directory or a device.
    #[error("not a file: an import reads it twice, first to see that all of it is sound")]
    NotAFile,
    /// The file is not sound: nothing was changed.
    #[error("line {line}: {what}")]
    Unsound {
        /// From 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// The store holds something else already.
    #[error("the store is not empty: it has {0} entries")]
    NotEmpty(u64),
    /// The store holds no entries, but readings.
    #[error("the store is not empty: it has readings of checks and metrics")]
    HasReadings,
    /// The import of another export did not come to its end there.
    #[error(
        "the import of another export is not finished there: of store {store}, entry {reached} of {last} is reached"
    )]
    Unfinished {
        /// The id of that store.
        store: String,
        /// The entry that is reached.
        reached: u64,
        /// The last one.
        last: u64,
    },
    /// An import is on the way.
    #[error("another import into this store is on the way (on {host}, process {process})")]
    Busy {
        /// Where.
        host: String,
        /// Its process.
        process: u32,
    },
    /// Another import has begun or gone on since ours began.
    #[error("another import into this store is on the way: it was faster, and this one stopped")]
    Overtaken,
    /// The store can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
