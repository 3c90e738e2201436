//! Durable memory: facts in one chain, the things that they made, roll-ups, leases. One database that all consoles share.
//!
//! *Invariant:* what has to be true together is written in one batch right after the head that was read: the lock, the
//! checks of cooldown and `at_most`, the run's intent. It is synced before a commit returns. Nothing is written but with the
//! fact that says why.

pub(crate) mod acknowledging;
pub(crate) mod acting;
pub mod address;
pub(crate) mod alerts;
pub mod audit;
mod baselines;
mod chain;
pub(crate) mod check;
mod checklists;
mod cut;
mod database;
pub(crate) mod derive;
mod dialect;
pub mod engine_body;
pub(crate) mod engine_copy;
mod error;
pub mod fault;
pub mod heads;
pub(crate) mod history;
pub(crate) mod incidents;
mod late;
pub mod lease;
pub mod locks;
mod oncall;
pub mod place;
pub(crate) mod presence;
pub(crate) mod queue;
mod readable;
mod reopening;
mod retention;
pub mod rollups;
pub mod runs;
#[cfg(test)]
mod samples;
pub(crate) mod saying;
mod site;
mod together;
pub(crate) mod transfer;
pub mod trust;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::watch;

use self::database::Database;
use self::dialect::Side;
pub(crate) use self::error::StoreError;
use self::fault::StoreFault;
use self::heads::{ChainMark, Heads};
use self::place::{FileIdentity, Found, StoreLocation};
use self::site::{Opened, Purpose, Site};
pub(crate) use self::writing::new_fact;

/// By this name is kept what was written to see whether it can be.
const TRIED: &str = "store.tried";
/// Bytes of it: the facts of many checks that turn at once.
const ROOM: usize = 128 << 10;

/// An open store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    dialect: Database,
    /// The host that writes.
    host: String,
    /// Where it lies: the file, or the name of the database.
    place: PathBuf,
    /// The file, where it is one.
    file: Option<FileIdentity>,
    heads: Option<Heads>,
    /// How far this process has seen its chain.
    seen: watch::Sender<Option<ChainMark>>,
    /// The last fact that was put on record here.
    written: watch::Sender<u64>,
    /// Whether something was found that speaks against it.
    doubted: watch::Sender<bool>,
    /// Roll-ups that can't be read.
    unreadable: Arc<UnreadableRollups>,
}

/// Roll-ups that can't be read: what they hold is left out.
#[derive(Debug, Default)]
struct UnreadableRollups {
    /// Whether some were found.
    found: AtomicBool,
    /// Whether somebody has said so.
    said: AtomicBool,
}

impl Store {
    /// Opens the store in its place and brings its schema up to date; makes one where there was none. The file is 0600 and
    /// its directory 0700 where they are made here; in a directory into which its group may write, the file is 0660. What
    /// is not a store of ours is not touched.
    ///
    /// # Errors
    /// It can't be opened, there was one that is gone, something else is in its place, or a newer program made it.
    pub async fn open(place: &StoreLocation) -> Result<Self, StoreError> {
        Self::open_site(place, Self::site(place).await?).await
    }

    /// The same where it was made before; makes none.
    ///
    /// # Errors
    /// As [`Store::open`], and there is none yet.
    pub(crate) async fn open_made(place: &StoreLocation) -> Result<Self, StoreError> {
        let site = Self::site(place).await?;
        if site.found() != Found::Ours {
            return Err(site.missing());
        }
        Self::open_site(place, site).await
    }

    /// What lies in the place, where nothing says that a store is gone from there.
    async fn site(place: &StoreLocation) -> Result<Site, StoreError> {
        let site = Site::look(&place.at).await?;
        refuse_if_gone(place, &site)?;
        Ok(site)
    }

    async fn open_site(place: &StoreLocation, site: Site) -> Result<Self, StoreError> {
        let store = Self::connect(place, site, Purpose::Use).await?.whole().await?;
        store.remember().await;
        Ok(store)
    }

    /// Opens the store in its place to look at it, also where it may only be read, and where an import is not at its end;
    /// never makes one, nor anything beside it.
    ///
    /// # Errors
    /// It is not there, there was one that is gone, it can't be opened, or a newer program made it.
    pub(crate) async fn look(place: &StoreLocation) -> Result<Self, StoreError> {
        let site = Self::site(place).await?;
        if site.found() != Found::Ours {
            return Err(site.missing());
        }
        let store = Self::connect(place, site, Purpose::Look).await?;
        if store.heads.as_ref().is_some_and(|heads| heads.directory().is_dir()) && store.importing().await?.is_none() {
            store.remember().await;
        }
        Ok(store)
    }

    /// Opens the store in its place to import into it; makes one where there is none, also where there was one that is gone.
    ///
    /// # Errors
    /// It can't be opened, something else is in its place, or a newer program made it.
    pub(crate) async fn open_for_import(place: &StoreLocation) -> Result<Self, StoreError> {
        Self::connect(place, Site::look(&place.at).await?, Purpose::Use).await
    }

    /// Opens the store in its place where it is there; never makes one.
    ///
    /// # Errors
    /// It is not there, can't be opened, or a newer program made it.
    pub(crate) async fn open_existing(place: &StoreLocation) -> Result<Self, StoreError> {
        let site = Site::look(&place.at).await?;
        if site.found() == Found::Ours {
            return Self::connect(place, site, Purpose::Use).await?.whole().await;
        }
        let (path, how) = (site.name().display().to_string(), site.found().describe());
        Err(StoreError::Gone { path, how, evidence: "it was in use".to_owned() })
    }

    /// It, where no import into it is unfinished.
    ///
    /// # Errors
    /// One is.
    pub(crate) async fn whole(self) -> Result<Self, StoreError> {
        match self.importing().await {
            Ok(None) => Ok(self),
            Ok(Some(mark)) => {
                self.close().await;
                Err(mark.unfinished(&self.describe()))
            }
            Err(error) => Err(error),
        }
    }

    /// What keeps us from writing while an import is unfinished.
    async fn unfinished(&self) -> StoreError {
        match self.importing().await {
            Ok(Some(mark)) => mark.unfinished(&self.describe()),
            Ok(None) => StoreError::Crowded,
            Err(error) => error,
        }
    }

    async fn connect(place: &StoreLocation, site: Site, purpose: Purpose) -> Result<Self, StoreError> {
        let Opened { dialect, place: name, file, reader } = site.open(purpose).await?;
        let heads = place.state.as_deref().map(Heads::below);
        let (host, written) = (place.host.clone(), watch::Sender::default());
        let dialect = Database::new(dialect, reader, &name);
        let (seen, doubted) = (watch::Sender::default(), watch::Sender::default());
        let unreadable = Arc::default();
        Ok(Self { dialect, host, place: name, file, heads, seen, written, doubted, unreadable })
    }

    /// The file, or the name of the database.
    pub(crate) fn path(&self) -> &Path {
        &self.place
    }

    /// Where it is, as a person is shown it.
    pub(crate) fn describe(&self) -> String {
        self.place.display().to_string()
    }

    /// Its id, which tells it from every other store.
    pub fn id(&self) -> &str {
        self.dialect.id()
    }

    /// The file as it was when it was opened; `None` where it is a database on a server.
    pub(crate) fn identity(&self) -> Option<FileIdentity> {
        self.file
    }

    /// Whether it may only be read.
    pub(crate) fn is_read_only(&self) -> bool {
        self.writable().is_err()
    }

    /// Holds where it may be written.
    ///
    /// # Errors
    /// Why it may only be read.
    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        self.dialect.writable()
    }

    /// A number that changes whenever another process has written into the store.
    ///
    /// # Errors
    /// The store can't be read, or is not the one that was opened any more.
    pub(crate) async fn version(&self) -> Result<i64, StoreError> {
        self.dialect.version().await
    }

    /// The last fact that was put on record by this process: what others write shows in [`Store::version`].
    pub(crate) fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// Returns when somebody may have written: only a hint, and never where the store gives none.
    pub(crate) async fn woken(&self) {
        self.dialect.woken().await;
    }

    /// Returns once the store can't be written, with why: somebody here tried it. A store that can only be read is away.
    pub(crate) async fn unwritable(&self) -> StoreError {
        let (fault, why) = self.dialect.failed().await;
        self.not_written(fault, &why)
    }

    /// Writes as much as the next facts may need, and takes it back.
    ///
    /// # Errors
    /// The store can't be written, or has no room for them.
    pub(crate) async fn try_writing(&self) -> Result<(), StoreError> {
        let mut room = vec![0; ROOM];
        // What a file system can compress takes no room.
        fastrand::fill(&mut room);
        for body in [&room[..], &[]] {
            let written = self.dialect.put(dialect::Guard::Free, &[Side::Keep(TRIED, body)]).await;
            written.map_err(|error| match error {
                StoreError::Database(error) => self.not_written(StoreFault::from_sql(&error), &fault::describe(&error)),
                other => other,
            })?;
        }
        Ok(())
    }

    /// What is wrong by the file system, where the database says no more than that its content makes no sense.
    pub(crate) async fn at_its_place(&self, error: StoreError) -> StoreError {
        if self.file.is_none() {
            return error;
        }
        match error {
            // What is no store can't be accepted as one.
            StoreError::Replaced { .. } => match place::look(&self.place).await {
                Err(foreign @ StoreError::NotAStore { .. }) => foreign,
                _ => error,
            },
            error => error.by_room_at(&self.place),
        }
    }

    fn not_written(&self, fault: StoreFault, why: &str) -> StoreError {
        let fault = if self.file.is_some() { fault.at(&self.place) } else { fault };
        let why = fault.describe().unwrap_or(why).to_owned();
        StoreError::Unwritable { path: self.describe(), fault, why }
    }

    /// Moves what is in the log into the database where nobody is in the way. So little is then lost with the log.
    pub async fn checkpoint(&self) {
        self.dialect.checkpoint().await;
    }

    /// Ends the connection, with the last checkpoint written.
    pub async fn close(&self) {
        self.dialect.close().await;
    }
}

/// Refuses where there was a store and there is none any more.
fn refuse_if_gone(place: &StoreLocation, site: &Site) -> Result<(), StoreError> {
    if site.found() == Found::Ours {
        return Ok(());
    }
    let Some(evidence) = evidence(place, site.name())? else { return Ok(()) };
    let (path, how) = (site.name().display().to_string(), site.found().describe());
    Err(StoreError::Gone { path, how, evidence })
}

/// How we know that there was a store in this place; `None` where nothing says so.
fn evidence(place: &StoreLocation, path: &Path) -> Result<Option<String>, StoreError> {
    let Some(state) = &place.state else { return Ok(None) };
    let known = trust::known_at(&Heads::below(state), path)?;
    if let Some(head) = known.first() {
        let here = head.places.get(path).and_then(|here| here.chain.as_ref());
        let to = here.or_else(|| head.chains.get(&place.host)).map_or(0, |mark| mark.seq);
        return Ok(Some(format!("one was used there before (id {}, audit up to entry {to})", head.store)));
    }
    Ok(match place::runs_of(state, path) {
        0 => None,
        1 => Some(format!("a run in {} was recorded there", state.join("runs").display())),
        many => Some(format!("{many} runs in {} were recorded there", state.join("runs").display())),
    })
}
