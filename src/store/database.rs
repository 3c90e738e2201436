//! The database of a store, and whether it can be written: that is noted with each write, so that whoever watches the store
//! hears of it from whoever writes.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use super::StoreError;
use super::dialect::{Appended, Batch, Dialect, Guard, Head, Prune, Side};
use super::fault::{self, StoreFault};

/// Why the last write failed: the fault, and its words.
type Failure = Option<(StoreFault, String)>;

/// A database. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Database {
    dialect: Arc<dyn Dialect>,
    failure: watch::Sender<Failure>,
    /// Who may only read it, with its place.
    reader: Option<Arc<(StoreReader, String)>>,
}

/// Who may only read a store.
#[derive(Debug, Clone)]
pub(super) struct StoreReader {
    /// The role, or this user.
    pub who: String,
    /// What the system or the server says of it.
    pub fault: StoreFault,
    /// On which tables it lacks which rights, where the server says so.
    pub lacks: Option<String>,
}

impl Database {
    pub(super) fn new(dialect: Arc<dyn Dialect>, reader: Option<StoreReader>, place: &Path) -> Self {
        let reader = reader.map(|reader| Arc::new((reader, place.display().to_string())));
        Self { dialect, failure: watch::Sender::default(), reader }
    }

    /// Holds where it may be written.
    ///
    /// # Errors
    /// It may only be read.
    pub(super) fn writable(&self) -> Result<(), StoreError> {
        let Some((StoreReader { who, fault, lacks }, path)) = self.reader.as_deref() else { return Ok(()) };
        Err(StoreError::OnlyRead { who: who.clone(), path: path.clone(), fault: *fault, lacks: lacks.clone() })
    }

    /// Returns once a write has failed and none has succeeded since: the fault, and what it says.
    pub(super) async fn failed(&self) -> (StoreFault, String) {
        let mut failures = self.failure.subscribe();
        let failure = failures.wait_for(Option::is_some).await.ok().and_then(|failure| failure.clone());
        match failure {
            Some(failure) => failure,
            // The sender is ours: it does not go.
            None => std::future::pending().await,
        }
    }

    /// As [`Dialect::append`].
    pub(super) async fn append(&self, after: &Head, batch: Batch<'_>) -> Result<Appended, StoreError> {
        self.writable()?;
        self.noted(self.dialect.append(after, batch).await)
    }

    /// As [`Dialect::renew`].
    pub(super) async fn renew(&self, fence: u64, holder: &str, digest: &str) -> Result<bool, StoreError> {
        self.writable()?;
        self.noted(self.dialect.renew(fence, holder, digest).await)
    }

    /// As [`Dialect::put`].
    pub(super) async fn put(&self, guard: Guard<'_>, rows: &[Side<'_>]) -> Result<bool, StoreError> {
        self.writable()?;
        self.noted(self.dialect.put(guard, rows).await)
    }

    /// As [`Dialect::prune`].
    pub(super) async fn prune(&self, what: Prune<'_>, most: u32) -> Result<u64, StoreError> {
        self.writable()?;
        self.noted(self.dialect.prune(what, most).await)
    }

    fn noted<T>(&self, written: Result<T, StoreError>) -> Result<T, StoreError> {
        let failure = match &written {
            Err(StoreError::Database(error)) => Some((StoreFault::from_sql(error), fault::describe(error))),
            // It is not what was opened, which whoever watches sees by itself.
            Err(_) => return written,
            Ok(_) => None,
        };
        self.failure.send_if_modified(|known| std::mem::replace(known, failure).is_some() || known.is_some());
        written
    }
}

impl Deref for Database {
    type Target = dyn Dialect;

    fn deref(&self) -> &Self::Target {
        &*self.dialect
    }
}
