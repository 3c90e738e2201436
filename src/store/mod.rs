//! Durable memory: runs, locks and the audit, in one SQLite file that all consoles of a host share.
//!
//! *Invariant:* what has to be true together is written in one `BEGIN IMMEDIATE` transaction: the lock, the checks of
//! cooldown and `at_most`, the run and the audit's intent. The file is synced before a commit returns. Where the audit
//! can't be written, nothing else is.

pub mod audit;
pub mod locks;
pub mod runs;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};
use thiserror::Error;

use crate::files::made;
use crate::files::trust::Distrust;

/// How long a transaction waits for that of another console.
const BUSY: Duration = Duration::from_secs(5);
/// Every schema in order: version N is at index N - 1.
const SCHEMA: &[&str] =
    &[include_str!("schema/001.sql"), include_str!("schema/002.sql"), include_str!("schema/004.sql")];

/// Why the store can't do it. Each is a sentence with the file's name where it helps.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Directory or file can't be made or read.
    #[error("the store {path} can't be opened: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// Others could replace the file, or it can't be made.
    #[error("the store can't be used: {0}")]
    Untrusted(Distrust),
    /// A kind of store that does not exist.
    #[error("`{0}` is not a supported store: use `sqlite` or the path of a file")]
    Kind(String),
    /// A newer program made the file.
    #[error("the store has schema {found}, and this version knows up to {known}: use the newer opsroom")]
    Newer {
        /// What it has.
        found: i64,
        /// What we know.
        known: usize,
    },
    /// The database says no.
    #[error("the store failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A row that makes no sense.
    #[error("the store contains invalid data: {0}")]
    Content(String),
}

impl StoreError {
    /// The problem and what to do about it, as far as that is known, in one sentence.
    pub fn explained(&self) -> String {
        match self {
            Self::Untrusted(distrust) => format!("{self}; {}", distrust.hint),
            _ => self.to_string(),
        }
    }
}

/// An open store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    /// Whose chain of the audit we write: the host's name.
    writer: String,
}

/// Where the store named by `--store` lies: `sqlite` (and nothing) mean `opsroom.db` in the state directory.
///
/// # Errors
/// A URL of another kind.
pub fn locate(url: Option<&str>, state_directory: &Path) -> Result<PathBuf, StoreError> {
    let default = || state_directory.join("opsroom.db");
    let Some(url) = url else { return Ok(default()) };
    let path = match url.split_once(':') {
        _ if url == "sqlite" => return Ok(default()),
        Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
        Some((scheme, rest)) if rest.starts_with("//") => {
            return Err(StoreError::Kind(format!("{scheme}://…")));
        }
        _ => url,
    };
    Ok(if path.is_empty() { default() } else { PathBuf::from(path) })
}

impl Store {
    /// Opens the store in `path` and brings its schema up to date. The file is 0600 and its directory 0700 where they
    /// are made here; in a directory into which its group may write, the file is 0660. `host` names our chain of the audit.
    ///
    /// # Errors
    /// It can't be opened, or a newer program made it.
    pub async fn open(path: &Path, host: &str) -> Result<Self, StoreError> {
        made::shared_file(path).map_err(StoreError::Untrusted)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true);
        // One connection: SQLite has one writer anyway, and what is read here is small.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let store = Self { pool, writer: host.to_owned() };
        store.migrate().await?;
        Ok(store)
    }

    /// Opens the store in `path` where it is there; never makes one.
    ///
    /// # Errors
    /// It is not there, can't be opened, or a newer program made it.
    pub async fn open_existing(path: &Path, host: &str) -> Result<Self, StoreError> {
        if !path.is_file() {
            let error = io::ErrorKind::NotFound.into();
            return Err(StoreError::File { path: path.display().to_string(), error });
        }
        Self::open(path, host).await
    }

    /// A number that changes whenever another process has written into the store.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn version(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("PRAGMA data_version").fetch_one(&self.pool).await?)
    }

    /// Ends the connection, with the last checkpoint written.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that holds the right to write from its beginning, so that what it reads can't change under it.
    async fn begin_writing(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let mut tx = self.begin_writing().await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT")
            .execute(&mut *tx)
            .await?;
        let found: i64 =
            sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM schema_version").fetch_one(&mut *tx).await?;
        let known = SCHEMA.len();
        let done = usize::try_from(found).ok().filter(|done| *done <= known);
        let done = done.ok_or(StoreError::Newer { found, known })?;
        for (version, schema) in (1_i64..).zip(SCHEMA).skip(done) {
            sqlx::raw_sql(*schema).execute(&mut *tx).await?;
            sqlx::query("INSERT INTO schema_version (version) VALUES ($1)").bind(version).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// A moment as it is stored.
fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// A stored moment.
fn moment(millis: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(millis).ok_or_else(|| StoreError::Content(format!("{millis} is not a valid time")))
}

/// A span as it is stored; one beyond what can be stored is as good as for ever.
fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
