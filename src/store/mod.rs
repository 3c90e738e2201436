//! Durable memory: runs, locks and the audit, in one SQLite file that all consoles of a host share.
//!
//! *Invariant:* what has to be true together is written in one `BEGIN IMMEDIATE` transaction: the lock, the checks of
//! cooldown and `at_most`, the run and the audit's intent. The file is synced before a commit returns. Where the audit
//! can't be written, nothing else is.

pub mod audit;
mod error;
pub mod fault;
pub mod heads;
pub mod locks;
pub mod place;
pub mod runs;
pub mod trust;
mod writing;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool};

pub(crate) use self::error::StoreError;
use self::fault::StoreFault;
use self::heads::Heads;
use self::place::{FileIdentity, Found, StoreLocation};
use crate::files::made;

/// How long a transaction waits for that of another console.
const BUSY: Duration = Duration::from_secs(5);
/// Every schema in order: version N is at index N - 1.
const SCHEMA: &[&str] = &[
    include_str!("schema/001.sql"),
    include_str!("schema/002.sql"),
    include_str!("schema/003.sql"),
    include_str!("schema/004.sql"),
];

/// An open store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    /// Whose chain of the audit we write: the host's name.
    writer: String,
    opened: Arc<Opened>,
}

/// What was opened, to be known again.
#[derive(Debug)]
struct Opened {
    path: PathBuf,
    id: String,
    /// The database and its log, which lasts as long as our connection.
    files: [Option<FileIdentity>; 2],
    heads: Option<Heads>,
}

/// Where the store named by `--store` lies: `sqlite` (and nothing) mean `opsroom.db` in the state directory.
///
/// # Errors
/// A URL of another kind.
pub(crate) fn locate(url: Option<&str>, state_directory: &Path) -> Result<PathBuf, StoreError> {
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
    /// Opens the store in its place and brings its schema up to date; makes one where there was none. The file is 0600 and
    /// its directory 0700 where they are made here; in a directory into which its group may write, the file is 0660. What
    /// is not a store of ours is not touched.
    ///
    /// # Errors
    /// It can't be opened, there was one that is gone, something else is in its place, or a newer program made it.
    pub async fn open(place: &StoreLocation) -> Result<Self, StoreError> {
        let path = place::canonical(&place.path);
        let found = place::look(&path).await?;
        if found != Found::Ours
            && let Some(evidence) = evidence(place, &path)?
        {
            let (path, how) = (path.display().to_string(), found.describe());
            return Err(StoreError::Gone { path, how, evidence });
        }
        let store = Self::connect(place, path).await?;
        store.remember().await;
        Ok(store)
    }

    /// Opens the store in its place where it is there; never makes one.
    ///
    /// # Errors
    /// It is not there, can't be opened, or a newer program made it.
    pub(crate) async fn open_existing(place: &StoreLocation) -> Result<Self, StoreError> {
        let path = place::canonical(&place.path);
        if place::look(&path).await? == Found::Ours {
            return Self::connect(place, path).await;
        }
        let error = io::ErrorKind::NotFound.into();
        Err(StoreError::File { path: path.display().to_string(), error })
    }

    async fn connect(place: &StoreLocation, path: PathBuf) -> Result<Self, StoreError> {
        made::shared_file(&place.path).map_err(StoreError::Untrusted)?;
        let named = |error| {
            let fault = StoreFault::from_sql(&error).at(&path);
            StoreError::Open { path: path.display().to_string(), fault, error }
        };
        let before = FileIdentity::from_path(&path).ok();
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true);
        // One connection: SQLite has one writer anyway, and what is read here is small. It is kept, so that its log is.
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = pool.connect_with(options).await.map_err(named)?;
        let id = migrate(&pool).await.map_err(|error| match error {
            StoreError::Database(error) => named(error),
            other => other,
        })?;
        let files = [before, FileIdentity::from_path(&place::beside(&path, "-wal")).ok()];
        let heads = place.state.as_deref().map(Heads::below);
        let store = Self { pool, writer: place.host.clone(), opened: Arc::new(Opened { path, id, files, heads }) };
        store.version().await?;
        Ok(store)
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.opened.path
    }

    /// Its id, which tells it from every other store.
    pub fn id(&self) -> &str {
        &self.opened.id
    }

    /// The file as it was when it was opened.
    pub(crate) fn identity(&self) -> Option<FileIdentity> {
        self.opened.files[0]
    }

    /// A number that changes whenever another process has written into the store.
    ///
    /// # Errors
    /// The store can't be read, or is not the one that was opened any more.
    pub(crate) async fn version(&self) -> Result<i64, StoreError> {
        let mut connection = self.pool.acquire().await?;
        self.is_still_there(&mut connection).await?;
        Ok(sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *connection).await?)
    }

    /// Moves what is in the log into the database where nobody is in the way. So little is then lost with the log.
    pub async fn checkpoint(&self) {
        // Not worth a wait: who is in the way does it later.
        let statement = format!(
            "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = {}",
            BUSY.as_millis()
        );
        if let Err(error) = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&self.pool).await {
            tracing::debug!(%error, "no checkpoint");
        }
    }

    /// Ends the connection, with the last checkpoint written.
    pub async fn close(&self) {
        // A file that lies where ours was is not written to.
        if self.version().await.is_ok() {
            self.checkpoint().await;
        }
        self.pool.close().await;
    }

    /// Whether the file is the one that was opened: by its number, by its log, and by the id in it, which is read from the
    /// file again.
    async fn is_still_there(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let replaced = || StoreError::Replaced { path: self.opened.path.display().to_string() };
        let present = [&self.opened.path, &place::beside(&self.opened.path, "-wal")]
            .map(|path| FileIdentity::from_path(path).ok());
        if present != self.opened.files {
            return Err(replaced());
        }
        sqlx::query("PRAGMA shrink_memory").execute(&mut *connection).await?;
        match sqlx::query_scalar::<_, String>("SELECT id FROM store").fetch_optional(connection).await {
            Ok(Some(id)) if id == self.opened.id => Ok(()),
            Ok(_) => Err(replaced()),
            Err(error) if matches!(StoreFault::from_sql(&error), StoreFault::Damaged | StoreFault::Other) => {
                Err(replaced())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// How we know that there was a store in this place; `None` where nothing says so.
fn evidence(place: &StoreLocation, path: &Path) -> Result<Option<String>, StoreError> {
    let Some(state) = &place.state else { return Ok(None) };
    let known = trust::known_at(&Heads::below(state), path)?;
    if let Some(head) = known.first() {
        let to = head.chains.get(&place.host).map_or(0, |mark| mark.seq);
        return Ok(Some(format!("one was used there before (id {}, audit up to entry {to})", head.store)));
    }
    Ok(match place::runs_of(state, path) {
        0 => None,
        1 => Some(format!("a run in {} was recorded there", state.join("runs").display())),
        many => Some(format!("{many} runs in {} were recorded there", state.join("runs").display())),
    })
}

/// Brings the schema up to date, and gives the id.
async fn migrate(pool: &SqlitePool) -> Result<String, StoreError> {
    let known = SCHEMA.len();
    let newest = "SELECT coalesce(max(version), 0) FROM schema_version";
    let found: i64 = sqlx::query_scalar(newest).fetch_one(pool).await.unwrap_or(0);
    if usize::try_from(found) != Ok(known) {
        // Its rights are taken from the beginning, so that two that open it at once make it once.
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT")
            .execute(&mut *tx)
            .await?;
        let found: i64 = sqlx::query_scalar(newest).fetch_one(&mut *tx).await?;
        let done = usize::try_from(found).ok().filter(|done| *done <= known);
        let done = done.ok_or(StoreError::Newer { found, known })?;
        for (version, schema) in (1_i64..).zip(SCHEMA).skip(done) {
            sqlx::raw_sql(*schema).execute(&mut *tx).await?;
            sqlx::query("INSERT INTO schema_version (version) VALUES ($1)").bind(version).execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    Ok(sqlx::query_scalar("SELECT id FROM store").fetch_one(pool).await?)
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
