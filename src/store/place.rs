//! What lies where a store should be: one of ours, nothing yet, or something that is not ours and is never written to.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::StoreError;
use super::address::StoreAddress;

/// How a SQLite file begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// `PRAGMA application_id` of a store of ours, at its place in the header.
const APPLICATION: [u8; 4] = *b"opsr";
const APPLICATION_AT: usize = 68;
/// Tables that every store has: since the facts, and before.
const TABLES: [[&str; 4]; 2] =
    [["fact", "thing", "store", "schema_version"], ["audit", "lock", "run", "schema_version"]];
/// Bound on an intent when it is asked for its store.
const INTENT: u64 = 4 << 20;

/// Where a store is, and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreLocation {
    /// The file, or the database.
    pub at: StoreAddress,
    /// Whose chain of the audit is written: the host's name.
    pub host: String,
    /// The state directory, with the heads and the runs; `None`: no heads are kept.
    pub state: Option<PathBuf>,
}

/// A file as the system tells it from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    pub device: u64,
    /// The number on it.
    pub inode: u64,
}

impl FileIdentity {
    /// Of what lies at `path` now.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn from_path(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&fs::metadata(path)?))
    }
}

impl From<&Metadata> for FileIdentity {
    fn from(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// No such file.
    Missing,
    /// A file without content.
    Empty,
    /// A store of ours.
    Ours,
}

impl Found {
    /// In words, after the file's name.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Missing => "is missing",
            Self::Empty | Self::Ours => "is empty",
        }
    }
}

/// Looks without writing.
pub(super) async fn look(path: &Path) -> Result<Found, StoreError> {
    let failed = |error| StoreError::File { path: path.display().to_string(), error };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Missing),
        Err(error) => return Err(failed(error)),
    };
    let foreign = |what: &str| StoreError::NotAStore { path: path.display().to_string(), what: what.to_owned() };
    if let Some(kind) = other_kind(&metadata) {
        return Err(foreign(kind));
    }
    let mut header = Vec::new();
    open(path).and_then(|file| file.take(100).read_to_end(&mut header)).map_err(failed)?;
    if header.is_empty() {
        return Ok(Found::Empty);
    }
    if header.get(..MAGIC.len()) != Some(MAGIC) {
        return Err(foreign("a file of another kind"));
    }
    if header.get(APPLICATION_AT..APPLICATION_AT + APPLICATION.len()) == Some(&APPLICATION) {
        return Ok(Found::Ours);
    }
    let tables = tables(path).await?;
    if tables.is_empty() {
        return Ok(Found::Empty);
    }
    if TABLES.iter().any(|ours| ours.iter().all(|ours| tables.iter().any(|table| table == ours))) {
        return Ok(Found::Ours);
    }
    let named = tables.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if tables.len() > 3 { ", …" } else { "" };
    Err(foreign(&format!("the database of another program (tables: {named}{more})")))
}

/// What a file is that can't be a store.
fn other_kind(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("a directory"),
        () if kind.is_fifo() => Some("a FIFO"),
        () if kind.is_socket() => Some("a socket"),
        () => Some("a device"),
    }
}

/// The tables of a database, read without a trace: with no log beside it, it is read as if nobody could change it, so
/// that none is made.
async fn tables(path: &Path) -> Result<Vec<String>, StoreError> {
    let logged = fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(!logged);
    let mut connection = options.connect().await?;
    let tables = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .fetch_all(&mut connection)
        .await?;
    connection.close().await?;
    Ok(tables)
}

/// The file that SQLite keeps beside a database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The one name of a file that may be missing, whatever links lead to it.
pub(super) fn canonical(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    fs::canonicalize(&absolute).unwrap_or_else(|_| match (absolute.parent(), absolute.file_name()) {
        (Some(parent), Some(name)) => fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned()).join(name),
        _ => absolute,
    })
}

/// How many runs below `state` were recorded in the store at `path`: each says so in its intent. One of an early version
/// does not, and then belongs to the store in the usual place.
pub(super) fn runs_of(state: &Path, path: &Path) -> usize {
    let Ok(entries) = fs::read_dir(state.join("runs")) else { return 0 };
    let intents = entries.filter_map(|entry| read_json(&entry.ok()?.path().join("intent.json")));
    let ours = |intent: &serde_json::Value| match intent.pointer("/store/path").and_then(serde_json::Value::as_str) {
        Some(said) => Path::new(said) == path || canonical(Path::new(said)) == path,
        None => path.parent().is_some_and(|parent| parent == canonical(state)),
    };
    intents.filter(ours).count()
}

fn read_json(path: &Path) -> Option<serde_json::Value> {
    let mut bytes = Vec::new();
    open(path).ok()?.take(INTENT).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}
