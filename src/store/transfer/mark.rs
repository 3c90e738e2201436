//! The mark of an import: it is kept in the store from the first write to the last, so that nobody takes a part of a store
//! for a whole one.

use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use super::export_file::ExportFile;
use crate::store::StoreError;

/// How long an import that has stopped counts as one that is on the way, where nobody can see whether its process lives.
const AT_WORK: TimeDelta = TimeDelta::seconds(15);

/// What is being imported, how far it got, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportMark {
    /// The id of the store that was exported.
    pub store: String,
    /// Its last entry.
    pub last: u64,
    /// The hash of that, hex.
    hash: String,
    /// The entry that is reached; 0: none.
    pub reached: u64,
    /// Rows of roll-ups that this attempt has written.
    rollups: u64,
    /// Where the import runs.
    pub host: String,
    /// Its process there.
    pub process: u32,
    /// Which attempt it is: the mark of another is another, whatever it says besides.
    attempt: String,
}

impl ImportMark {
    /// Of an attempt of this process at a store that reaches to `reached`.
    pub(super) fn new(file: &ExportFile, reached: u64, host: &str) -> Self {
        Self {
            store: file.head.id.clone(),
            last: file.end.seq,
            hash: file.end.hash.clone(),
            reached,
            rollups: 0,
            host: host.to_owned(),
            process: std::process::id(),
            attempt: format!("{:032x}", fastrand::u128(..)),
        }
    }

    /// As it is stored.
    ///
    /// # Errors
    /// It makes no sense.
    pub(in crate::store) fn read(body: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(body).map_err(|error| StoreError::Content(format!("the mark of an import: {error}")))
    }

    pub(super) fn body(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(|error| StoreError::Content(error.to_string()))
    }

    /// The same, further on.
    pub(super) fn moved(&self, reached: u64, rollups: usize) -> Self {
        Self { reached, rollups: self.rollups + rollups as u64, ..self.clone() }
    }

    /// Whether it is the mark of that very export.
    pub(super) fn is_of(&self, file: &ExportFile) -> bool {
        (&self.store, self.last, &self.hash) == (&file.head.id, file.end.seq, &file.end.hash)
    }

    /// Whether the process that wrote it at `written` may still be at work, seen from `host`.
    pub(super) fn is_at_work(&self, written: DateTime<Utc>, now: DateTime<Utc>, host: &str) -> bool {
        now - written < AT_WORK && !(self.host == host && is_dead(self.process))
    }

    /// What keeps everybody else out of the store at `path`.
    pub(crate) fn unfinished(&self, path: &impl Display) -> StoreError {
        let Self { store, last, reached, .. } = self.clone();
        StoreError::Importing { path: path.to_string(), store, reached, last }
    }
}

fn is_dead(process: u32) -> bool {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    pid.is_none_or(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}
