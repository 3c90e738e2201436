//! Who acts for a store that is away.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::address::StoreAddress;
use super::engine_copy::EngineCopy;
use super::heads::{ChainHead, Heads};
use super::place::{FileIdentity, canonical};
use super::queue::directory;
use crate::files::made;
use crate::files::trust::Owners;

/// The right to act for a store, also while that is away: one process of a state directory at a time has it, until it is
/// dropped.
#[derive(Debug)]
pub(crate) struct ActingClaim {
    store: String,
    path: PathBuf,
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
        let path = directory.join(format!("{store}.acting"));
        loop {
            let file = made::append(&path, 0o600, Owners::ours())?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Who had it before may have removed the file after we opened it: a lock on that one keeps nobody out.
            let ours = FileIdentity::from(&file.metadata()?);
            if FileIdentity::from_path(&path).is_ok_and(|there| there == ours) {
                return Ok(Some(Self { store: store.to_owned(), path, _file: file }));
            }
        }
    }

    /// Whether it is that of this store.
    pub(crate) fn is_of(&self, store: &str) -> bool {
        self.store == store
    }
}

impl Drop for ActingClaim {
    fn drop(&mut self) {
        // While it is still locked: nobody else has it.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the file of who acts stays");
        }
    }
}

/// A store that is away, as its place alone tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenStore {
    /// Its id.
    pub id: String,
    /// As a fence: no lease that was seen here is newer, and each later one is, since a fence is the place of a fact.
    pub fence: u64,
}

impl SeenStore {
    /// The one that was seen in a place; `None`: none was, or it can't be said which.
    pub(crate) fn at(state: &Path, address: &StoreAddress) -> Option<Self> {
        let place = name_of(address);
        let mut seen = Heads::below(state).at(&place).ok()?;
        let head = seen.pop().filter(|_| seen.is_empty())?;
        let mark = head.places.get(&place)?.chain.as_ref()?;
        Some(Self { fence: mark.seq.cast_unsigned(), id: head.store })
    }
}

/// When a store that is away answered last, as far as who acted for it since has noted it.
pub(crate) fn last_seen(state: &Path, address: &StoreAddress) -> Option<DateTime<Utc>> {
    let copy = EngineCopy::at_place(state, &address.name())?;
    copy.seen_at.filter(|_| !is_left_over(state, &copy))
}

/// Whether a copy was left of an earlier absence: the store was seen here since, and it says nothing of this one.
pub(crate) fn is_left_over(state: &Path, copy: &EngineCopy) -> bool {
    Heads::below(state).noted_at(&copy.store).is_some_and(|noted| noted > copy.at)
}

/// What is in the place of a store, without a look into it: another than before asks for a look.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlaceTrace {
    /// The file, its length and its last change.
    file: Option<(FileIdentity, u64, SystemTime)>,
    /// What is known of the stores there: one may be accepted.
    heads: Vec<ChainHead>,
}

impl PlaceTrace {
    /// That of a place, as it is now.
    pub(crate) fn of(state: &Path, address: &StoreAddress) -> Self {
        let place = name_of(address);
        let file = match address {
            StoreAddress::File(_) => place.metadata().ok(),
            StoreAddress::Server(_) => None,
        };
        let file = file.and_then(|file| Some((FileIdentity::from(&file), file.len(), file.modified().ok()?)));
        Self { file, heads: Heads::below(state).at(&place).unwrap_or_default() }
    }
}

impl StoreAddress {
    /// Whether a store that is said to be in this place (its file, or the name of its database) is here.
    pub(crate) fn is_at(&self, place: &Path) -> bool {
        match self {
            Self::File(path) => path == place || canonical(path) == canonical(place),
            Self::Server(_) => self.name() == place,
        }
    }
}

/// By which name a place is in the heads.
fn name_of(address: &StoreAddress) -> PathBuf {
    match address {
        StoreAddress::File(path) => canonical(path),
        StoreAddress::Server(_) => address.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::heads::ChainMark;

    #[test]
    fn one_has_it_at_a_time_and_leaves_nothing_behind() {
        let state = tempfile::tempdir().unwrap();
        let take = || ActingClaim::take(state.path(), "id").unwrap();
        let one = take().unwrap();
        assert!(one.is_of("id") && take().is_none());
        drop(one);
        assert_eq!(fs::read_dir(directory(state.path())).unwrap().count(), 0);
        // However often it changes hands meanwhile, never two have it.
        let holders = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let Some(claim) = take() else { continue };
                        assert_eq!(holders.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        holders.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(claim);
                    }
                });
            }
        });
    }

    #[test]
    fn a_store_is_known_by_its_place_where_one_was_seen_there() {
        let state = tempfile::tempdir().unwrap();
        let (path, heads) = (state.path().join("x.db"), Heads::below(state.path()));
        let address = StoreAddress::File(path.clone());
        assert_eq!(SeenStore::at(state.path(), &address), None);
        let mark = |seq| ChainMark { seq, hash: String::new() };
        heads.advance("one", &canonical(&path), Some(1), &mark(7)).unwrap();
        let known = SeenStore { id: "one".to_owned(), fence: 7 };
        assert_eq!(SeenStore::at(state.path(), &address), Some(known));
        heads.advance("two", &canonical(&path), Some(2), &mark(9)).unwrap();
        assert_eq!(SeenStore::at(state.path(), &address), None, "which of them lies there is not known");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what comes to a place is laid out")]
    fn what_comes_to_a_place_and_what_is_accepted_there_is_a_change() {
        let state = tempfile::tempdir().unwrap();
        let (path, heads) = (state.path().join("x.db"), Heads::below(state.path()));
        let address = StoreAddress::File(path.clone());
        let trace = || PlaceTrace::of(state.path(), &address);
        let missing = trace();
        assert_eq!(trace(), missing);
        fs::write(&path, "a store").unwrap();
        let there = trace();
        assert_ne!(there, missing);
        assert_eq!(trace(), there);
        let mark = ChainMark { seq: 7, hash: String::new() };
        heads.accept("one", Path::new("/elsewhere"), None, mark.clone()).unwrap();
        assert_eq!(trace(), there, "what is accepted elsewhere");
        heads.accept("two", &canonical(&path), None, mark).unwrap();
        assert_ne!(trace(), there);
    }
}
