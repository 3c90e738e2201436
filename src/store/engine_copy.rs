//! What the engine of the last holder knows while the store is away: a file beside the queue, one a store, so that a restart
//! or a kill meanwhile begins no alert again.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::queue::directory;
use crate::files::made;
use crate::model::engine::EngineState;

/// Bytes of a copy at most: the engine of some fifty thousand checks.
pub(super) const MOST: u64 = 16 << 20;
const SUFFIX: &str = "engine.json";

/// What an engine knew, for a store that was away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EngineCopy {
    /// The id of the store.
    pub store: String,
    /// Where it is, without password; `None`: that is not known.
    pub place: Option<PathBuf>,
    /// Up to when the engine ran, by the clock of its host.
    pub at: DateTime<Utc>,
    /// When the store answered last, by the same clock; `None`: an earlier version did not note it, or nobody knew.
    #[serde(default)]
    pub seen_at: Option<DateTime<Utc>>,
    /// The fence by which it acted; 0: an earlier version did not note it.
    #[serde(default)]
    pub fence: u64,
    /// Whether it began while the store was away, so that it knows nothing of before: the store does.
    #[serde(default)]
    pub began_anew: bool,
    /// What it knew.
    pub engine: Arc<EngineState>,
}

impl EngineCopy {
    /// For how long nobody has known more.
    pub(crate) fn age(&self, now: DateTime<Utc>) -> Duration {
        (now - self.at).to_std().unwrap_or_default()
    }

    /// Puts it in the place of the one there was, 0600 and synced. One that is too large is not kept.
    ///
    /// # Errors
    /// It can't be written.
    pub(crate) fn write(&self, state: &Path) -> io::Result<()> {
        let body = serde_json::to_vec(self)?;
        if body.len() as u64 > MOST {
            return Err(io::Error::other("the state of the engine is too large"));
        }
        let directory = directory(state);
        made::inner_directory(&directory).map_err(|distrust| io::Error::other(distrust.to_string()))?;
        let temporary = directory.join(format!("{}.{}.tmp", self.store, std::process::id()));
        // What a killed process of our number left.
        if let Err(error) = fs::remove_file(&temporary)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = made::create_new(&temporary)?;
        let written = file.write_all(&body).and_then(|()| file.sync_all());
        let written = written.and_then(|()| fs::rename(&temporary, path(state, &self.store)));
        if written.is_err() {
            fs::remove_file(&temporary).ok();
            return written;
        }
        OpenOptions::new().read(true).open(&directory)?.sync_all()
    }

    /// That of a store; `None` where there is none that can be read.
    pub(crate) fn read(state: &Path, store: &str) -> Option<Self> {
        read(&path(state, store)).filter(|copy| copy.store == store)
    }

    /// The newest of a store in a place, where its id is not known because it is away.
    pub(crate) fn at_place(state: &Path, place: &Path) -> Option<Self> {
        let entries = fs::read_dir(directory(state)).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        let named = entries.filter(|path| path.to_string_lossy().ends_with(SUFFIX));
        let here = named.filter_map(|path| read(&path)).filter(|copy| copy.place.as_deref() == Some(place));
        here.max_by_key(|copy| copy.at)
    }

    /// The store knows more.
    ///
    /// # Errors
    /// It can't be removed.
    pub(crate) fn remove(state: &Path, store: &str) -> io::Result<()> {
        match fs::remove_file(path(state, store)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn path(state: &Path, store: &str) -> PathBuf {
    directory(state).join(format!("{store}.{SUFFIX}"))
}

fn read(path: &Path) -> Option<EngineCopy> {
    let mut body = Vec::new();
    made::open(path).ok()?.take(MOST).read_to_end(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::model::engine::ENGINE_VERSION;

    fn copy(store: &str, place: &str, second: i64) -> EngineCopy {
        let engine = EngineState { version: ENGINE_VERSION, ..EngineState::default() };
        let at = DateTime::from_timestamp(second, 0).unwrap();
        let (store, place) = (store.to_owned(), Some(place.into()));
        EngineCopy { store, place, at, seen_at: None, fence: 7, began_anew: false, engine: Arc::new(engine) }
    }

    #[test]
    fn the_last_one_of_each_store_is_kept_to_its_user() {
        let state = tempfile::tempdir().unwrap();
        let at = state.path();
        assert_eq!(EngineCopy::read(at, "a"), None);
        for copy in [copy("a", "/x", 1), copy("a", "/x", 2), copy("b", "/x", 9), copy("c", "/y", 99)] {
            copy.write(at).unwrap();
        }
        assert_eq!(EngineCopy::read(at, "a"), Some(copy("a", "/x", 2)));
        assert_eq!(EngineCopy::at_place(at, Path::new("/x")), Some(copy("b", "/x", 9)));
        assert_eq!(path(at, "a").metadata().unwrap().permissions().mode() & 0o777, 0o600);
        EngineCopy::remove(at, "b").unwrap();
        EngineCopy::remove(at, "b").unwrap();
        assert_eq!(EngineCopy::at_place(at, Path::new("/x")), Some(copy("a", "/x", 2)));
        assert_eq!(fs::read_dir(directory(at)).unwrap().count(), 2, "nothing is left beside them");
    }
}
