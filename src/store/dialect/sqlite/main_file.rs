//! Whether the file itself is still ours. With a log beside it a database looks well to its readers however little of it is
//! left: what was written last is read from the log. So the file is looked at alone, where it is another than before.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::store::StoreError;
use crate::store::fault::StoreFault;
use crate::store::place;

/// Where the two numbers are by which a log is told from the one before it, and how many bytes they take.
const SALT_AT: usize = 16;
const SALT: usize = 8;

/// What was seen when all was well.
#[derive(Debug, Default)]
struct Seen {
    /// Length and last change.
    as_it_was: Option<(u64, SystemTime)>,
    /// Whether the file alone has told the id once: until the log of a new one is first brought into it, it can't.
    has_told: bool,
    /// Which log belonged to it.
    log: Option<[u8; SALT]>,
    /// Whether it was written over.
    is_lost: bool,
}

/// The file of a database, without its log.
#[derive(Debug, Default)]
pub(super) struct MainFile(Mutex<Seen>);

impl MainFile {
    /// Holds where the file is that of the store `id`, as far as it can tell alone.
    ///
    /// # Errors
    /// It was emptied or written over, or can't be read.
    pub(super) async fn is_of(&self, path: &Path, id: &str) -> Result<(), StoreError> {
        let now = path.metadata().ok();
        let as_it_is = now.as_ref().and_then(|now| Some((now.len(), now.modified().ok()?)));
        let (is_same, has_told) = self.with(|seen| (as_it_is.is_some() && seen.as_it_was == as_it_is, seen.has_told));
        let found = match is_same {
            true => None,
            false if now.as_ref().is_some_and(is_empty) => Some(Alone::Other),
            false => Some(alone(path, id).await?),
        };
        let is_lost = match found {
            Some(Alone::Other) => true,
            Some(Alone::NoStore) => has_told,
            Some(Alone::Ours) | None => false,
        };
        let log = if is_lost { None } else { salt(path).ok() };
        self.with(|seen| {
            seen.is_lost = is_lost;
            if !is_lost {
                seen.has_told |= matches!(found, Some(Alone::Ours));
                (seen.as_it_was, seen.log) = (as_it_is, log);
            }
        });
        if is_lost { Err(StoreError::Replaced { path: path.display().to_string() }) } else { Ok(()) }
    }

    /// Empties the log of a file that was written over. It belongs to what the file was: SQLite would bring it into what lies
    /// there now when the last connection is closed, and so would whoever opens that next.
    pub(super) fn discard_log(&self, path: &Path) -> io::Result<()> {
        let log = self.with(|seen| seen.log.filter(|_| seen.is_lost));
        // One that was begun since may be that of what lies there.
        if log.is_none() || salt(path).ok() != log {
            return Ok(());
        }
        tracing::warn!(path = %path.display(), "the store was written over: its log is emptied");
        open_log(path, OpenOptions::new().write(true))?.set_len(0)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a file says of itself without its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alone {
    /// It is that of the store.
    Ours,
    /// It is a database in which there is no store.
    NoStore,
    /// It is that of another store, or no database.
    Other,
}

/// Reads it by SQLite, which must not lose the locks that this process has on the file: any other way to open and close it
/// would drop them.
///
/// A log that was brought into it only in part, as on a full disk, leaves its first page saying that it is longer than it is.
/// Together with the log nothing is missing, so that is no reason to call it damaged: it is read as far as it goes.
async fn alone(path: &Path, id: &str) -> Result<Alone, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    let options = if has_log(path) { options.pragma("writable_schema", "ON") } else { options };
    let read = async {
        let mut connection = options.connect().await?;
        let found = sqlx::query_scalar::<_, String>("SELECT id FROM store").fetch_optional(&mut connection).await;
        connection.close().await.ok();
        found
    };
    match read.await {
        Ok(Some(found)) if found == id => Ok(Alone::Ours),
        Ok(Some(_)) => Ok(Alone::Other),
        Ok(None) => Ok(Alone::NoStore),
        Err(error) if StoreFault::is_no_database(&error) => Ok(Alone::Other),
        Err(error) if StoreFault::is_no_table(&error) => Ok(Alone::NoStore),
        Err(error) => Err(error.into()),
    }
}

fn has_log(path: &Path) -> bool {
    place::beside(path, "-wal").metadata().is_ok_and(|log| !is_empty(&log))
}

fn is_empty(file: &Metadata) -> bool {
    file.len() == 0
}

fn salt(path: &Path) -> io::Result<[u8; SALT]> {
    let mut header = [0; SALT_AT + SALT];
    open_log(path, OpenOptions::new().read(true))?.read_exact(&mut header)?;
    let mut salt = [0; SALT];
    salt.copy_from_slice(&header[SALT_AT..]);
    Ok(salt)
}

fn open_log(path: &Path, options: &OpenOptions) -> io::Result<File> {
    options.open(place::beside(path, "-wal"))
}
