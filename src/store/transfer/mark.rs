//! The mark of an import: it is kept in the store from the first write to the last, so that nobody takes a part of a store
//! for a whole one.

use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use super::export_file::ExportFile;
use crate::process::table;
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
    /// When that was started, in milliseconds since the machine was; `None` where the system does not say.
    #[serde(default)]
    began: Option<u64>,
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
            began: i32::try_from(std::process::id()).ok().and_then(table::one).as_ref().and_then(began),
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
        now - written < AT_WORK && !(self.host == host && self.is_dead())
    }

    /// Whether its process is gone, also where it waits as a zombie to be buried or another one bears its number.
    fn is_dead(&self) -> bool {
        let Some(pid) = i32::try_from(self.process).ok().and_then(Pid::from_raw) else { return true };
        match (test_kill_process(pid), table::one(pid.as_raw_nonzero().get())) {
            (Err(Errno::SRCH), _) => true,
            (_, Some(listed)) => self.began.is_some() && began(&listed) != self.began,
            // One that we may not signal may also be hidden from us.
            (signalled, None) => signalled.is_ok(),
        }
    }

    /// What keeps everybody else out of the store at `path`.
    pub(crate) fn unfinished(&self, path: &impl Display) -> StoreError {
        let Self { store, last, reached, .. } = self.clone();
        StoreError::Importing { path: path.to_string(), store, reached, last }
    }
}

fn began(process: &table::Listed) -> Option<u64> {
    u64::try_from(process.began?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn an_import_is_at_work_for_as_long_as_its_very_process_lives() {
        let now = DateTime::UNIX_EPOCH;
        let mark = |process: u32, began| ImportMark {
            store: String::new(),
            last: 9,
            hash: String::new(),
            reached: 1,
            rollups: 0,
            host: "box".to_owned(),
            process,
            began,
            attempt: String::new(),
        };
        let began_of = |id: u32| began(&table::one(i32::try_from(id).unwrap()).unwrap());
        let at_work = |mark: &ImportMark, host| mark.is_at_work(now, now, host);
        let ours = mark(std::process::id(), began_of(std::process::id()));
        assert!(at_work(&ours, "box"));
        assert!(!ours.is_at_work(now, now + AT_WORK, "box"), "it has stopped");
        let mut child = Command::new("sleep").arg("300").spawn().unwrap();
        let theirs = mark(child.id(), began_of(child.id()));
        assert!(at_work(&theirs, "box"));
        let stranger = ImportMark { began: theirs.began.map(|began| began + 10), ..theirs.clone() };
        assert_eq!(at_work(&stranger, "box"), theirs.began.is_none(), "another process bears its number");
        child.kill().unwrap();
        let zombie = || table::one(i32::try_from(child.id()).unwrap()).is_none();
        while !zombie() {
            std::thread::yield_now();
        }
        assert!(!at_work(&theirs, "box"), "a zombie does no work");
        assert!(at_work(&theirs, "elsewhere"), "nobody can see it from there");
        child.wait().unwrap();
        assert!(!at_work(&theirs, "box"));
    }
}
