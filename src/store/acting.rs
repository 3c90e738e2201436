//! Who acts for a store that is away.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::queue::directory;
use crate::files::made;
use crate::files::trust::Owners;

/// The right to act for a store that is away: one process of a state directory at a time has it, until it is dropped.
#[derive(Debug)]
pub(crate) struct ActingClaim {
    store: String,
    _file: File,
}

impl ActingClaim {
    /// The right to act for this store; `None`: another process of this state directory has it.
    ///
    /// # Errors
    /// Its file can't be made.
    pub(crate) fn take(state: &Path, store: &str) -> io::Result<Option<Self>> {
        let directory = directory(state);
        made::inner_directory(&directory).map_err(|distrust| io::Error::other(distrust.to_string()))?;
        let file = made::append(&directory.join(format!("{store}.acting")), 0o600, Owners::ours())?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { store: store.to_owned(), _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether it is that of this store.
    pub(crate) fn is_of(&self, store: &str) -> bool {
        self.store == store
    }
}
