//! Whether the file is the one that was opened: by its number, by its log's, and by the id in it.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use sqlx::SqliteConnection;

use super::migrate;
use crate::store::StoreError;
use crate::store::fault::StoreFault;
use crate::store::place::{self, FileIdentity};

/// The database and its log, which lasts as long as our connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct OpenFiles {
    database: Option<FileIdentity>,
    log: Option<FileIdentity>,
    /// The length and the time of the last change of a file that is read as if nobody wrote it.
    frozen: Option<(u64, SystemTime)>,
}

impl OpenFiles {
    /// Those of `path`, whose database was `database` when it was opened.
    pub(super) fn of(database: Option<FileIdentity>, path: &Path) -> Self {
        let log = FileIdentity::from_path(&place::beside(path, "-wal")).ok();
        Self { database, log, frozen: None }
    }

    /// That of `path`, read without a log: what is in the file is read as it is now. A log that somebody fills meanwhile says
    /// more.
    pub(super) fn frozen(path: &Path) -> Self {
        let found = path.metadata().ok();
        let frozen = found.as_ref().and_then(|found| Some((found.len(), found.modified().ok()?)));
        let log = place::beside(path, "-wal").metadata().ok().filter(|log| log.len() > 0);
        Self { database: found.as_ref().map(FileIdentity::from), log: log.as_ref().map(FileIdentity::from), frozen }
    }

    /// Whether it is read as if nobody wrote it.
    pub(super) const fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// The database.
    pub(super) const fn database(&self) -> Option<FileIdentity> {
        self.database
    }

    /// Holds where `path` is still what was opened.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn are_there(&self, path: &Path) -> Result<(), StoreError> {
        let now = match self.frozen {
            Some(_) => Self::frozen(path),
            None => Self::of(FileIdentity::from_path(path).ok(), path),
        };
        if self.frozen.is_some() && now.database == self.database && now != *self {
            return Err(StoreError::Changed { path: path.display().to_string() });
        }
        if now == *self {
            return Ok(());
        }
        // What can't be looked at is neither removed nor replaced, as far as anybody knows.
        match path.metadata() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::File { path: path.display().to_string(), error })
            }
            _ => Err(replaced(path)),
        }
    }
}

/// Holds where the database tells the id `id`, which is read from the file again, and has a schema that is known here.
///
/// # Errors
/// It does not, or can't be read.
pub(super) async fn tells(path: &Path, id: &str, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("PRAGMA shrink_memory").execute(&mut *connection).await?;
    let text = "SELECT id, (SELECT coalesce(max(version), 0) FROM schema_version) FROM store";
    match sqlx::query_as::<_, (String, i64)>(text).fetch_optional(connection).await {
        Ok(Some((found, schema))) if found == id => migrate::known(schema).map(drop),
        Ok(_) => Err(replaced(path)),
        // Only what says so: whatever else is wrong is tried again, and said as it is.
        Err(error) if StoreFault::is_no_table(&error) || StoreFault::is_no_database(&error) => Err(replaced(path)),
        Err(error) => Err(error.into()),
    }
}

fn replaced(path: &Path) -> StoreError {
    StoreError::Replaced { path: path.display().to_string() }
}
