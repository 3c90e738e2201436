//! The head of the chain as it was last seen here, kept beside the store: a chain that lost its end can't show that by
//! itself.
//!
//! One file a store, named by its id, in the user's own state directory; written after the commit, by rename, synced, and only
//! forwards, however many consoles and commands write at once.
//!
//! A head belongs to a place: a copy of a store has the id of the original, and both go on by themselves from there. What
//! comes to a place, as a copy, by a move or out of a backup, is another file than the one that was seen there, or the first:
//! it must hold all that was seen of this store anywhere. An older state is so told wherever it is put, and what is done with
//! a copy says nothing against the original.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::chain::hex;
use crate::files::made;
use crate::lang::order::InOrder;

/// Bound on one file.
const MOST: u64 = 1 << 20;

/// Places of one store that are kept: copies come and go.
const PLACES: usize = 100;

/// How far a chain was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChainMark {
    /// The number of its last entry.
    pub seq: i64,
    /// The hash of that entry, hex.
    pub hash: String,
}

impl ChainMark {
    /// Of a chain that reaches to `seq`, with the hash of that entry.
    pub(super) fn new(seq: u64, hash: &[u8]) -> Self {
        Self { seq: seq.cast_signed(), hash: hex(hash) }
    }
}

/// How far a store was in one place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlaceHead {
    /// How far its chain was; `None`: nothing was seen of it.
    pub chain: Option<ChainMark>,
    /// The number of the file; `None`: it is not known, or there is none because it is on a server.
    pub inode: Option<u64>,
}

/// What is known of one store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredHead")]
pub(crate) struct ChainHead {
    /// Its id.
    pub store: String,
    /// Where it lies or lay.
    pub places: BTreeMap<PathBuf, PlaceHead>,
    /// How far the chains of an earlier version were, by writer.
    pub chains: BTreeMap<String, ChainMark>,
}

/// As it is read: before, there was one head for all places.
#[derive(Deserialize)]
struct StoredHead {
    store: String,
    #[serde(default)]
    places: BTreeMap<PathBuf, PlaceHead>,
    #[serde(default)]
    chains: BTreeMap<String, ChainMark>,
    #[serde(default)]
    paths: BTreeSet<PathBuf>,
    #[serde(default)]
    chain: Option<ChainMark>,
}

impl From<StoredHead> for ChainHead {
    fn from(stored: StoredHead) -> Self {
        let StoredHead { store, mut places, chains, paths, chain } = stored;
        places.extend(paths.into_iter().map(|path| (path, PlaceHead { chain: chain.clone(), inode: None })));
        Self { store, places, chains }
    }
}

impl ChainHead {
    /// The heads that must lie in the chain of the file with that number at `path`, the furthest first.
    pub(super) fn due(&self, path: &Path, inode: Option<u64>) -> Vec<&ChainMark> {
        let here = self.places.get(path).filter(|here| here.inode.is_none() || here.inode == inode);
        if let Some(mark) = here.and_then(|here| here.chain.as_ref()) {
            return vec![mark];
        }
        let mut all: Vec<_> = self.places.values().filter_map(|place| place.chain.as_ref()).collect();
        all.order_by_key(|mark| std::cmp::Reverse(mark.seq));
        all.dedup();
        all
    }
}

/// The directory of the heads.
#[derive(Debug, Clone)]
pub(super) struct Heads(PathBuf);

impl Heads {
    pub(super) fn below(state: &Path) -> Self {
        Self(state.join("heads"))
    }

    pub(super) fn directory(&self) -> &Path {
        &self.0
    }

    /// What of it can't be read: a file, or all of it.
    pub(super) fn unreadable(&self) -> PathBuf {
        let files = self.files().unwrap_or_default();
        files.into_iter().find(|file| read(file).is_err()).unwrap_or_else(|| self.0.clone())
    }

    /// What is known of the store `id`.
    pub(super) fn read(&self, id: &str) -> io::Result<Option<ChainHead>> {
        read(&self.file(id))
    }

    /// When something was noted of the store `id` last.
    pub(super) fn noted_at(&self, id: &str) -> Option<DateTime<Utc>> {
        self.file(id).metadata().ok()?.modified().ok().map(DateTime::from)
    }

    /// The stores that were seen at `path`, each by what is known of it.
    pub(super) fn at(&self, path: &Path) -> io::Result<Vec<ChainHead>> {
        let mut found = self.all()?;
        found.retain(|head| head.places.contains_key(path));
        Ok(found)
    }

    /// Notes how far the chain of the store `id` at `path`, in the file with that number, is, only forwards.
    pub(super) fn advance(&self, id: &str, path: &Path, inode: Option<u64>, mark: &ChainMark) -> io::Result<()> {
        let _turn = self.turn()?;
        let known = self.read(id)?;
        let fresh = || ChainHead { store: id.to_owned(), ..ChainHead::default() };
        let mut head = known.clone().unwrap_or_else(fresh);
        let here = head.places.entry(path.to_owned()).or_default();
        here.inode = inode;
        if here.chain.as_ref().is_none_or(|known| known.seq < mark.seq) {
            here.chain = Some(mark.clone());
        }
        while head.places.len() > PLACES {
            let others = head.places.iter().filter(|(place, _)| *place != path);
            let last = others.min_by_key(|(_, head)| head.chain.as_ref().map(|mark| mark.seq));
            let Some(last) = last.map(|(place, _)| place.clone()) else { break };
            head.places.remove(&last);
        }
        if known.as_ref() == Some(&head) { Ok(()) } else { self.write(&head) }
    }

    /// Takes the store `id` for the one at `path`, its chain as it is now: a person said so. No other is at that path,
    /// and what can't be read is not kept.
    pub(super) fn accept(&self, id: &str, path: &Path, inode: Option<u64>, mark: ChainMark) -> io::Result<()> {
        let _turn = self.turn()?;
        let mut places = BTreeMap::new();
        for file in self.files()? {
            match read(&file) {
                Ok(Some(head)) if head.store == id => places.extend(head.places),
                Ok(Some(mut other)) => {
                    if other.places.remove(path).is_some() {
                        self.write(&other)?;
                    }
                }
                Ok(None) => {}
                Err(_) => fs::remove_file(file)?,
            }
        }
        places.insert(path.to_owned(), PlaceHead { chain: Some(mark), inode });
        self.write(&ChainHead { store: id.to_owned(), places, chains: BTreeMap::new() })
    }

    fn all(&self) -> io::Result<Vec<ChainHead>> {
        let read = self.files()?.into_iter().filter_map(|path| read(&path).transpose());
        read.collect()
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        Ok(files)
    }

    fn file(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.json"))
    }

    /// Ours alone until it is dropped.
    fn turn(&self) -> io::Result<File> {
        made::inner_directory(&self.0).map_err(|distrust| io::Error::other(distrust.to_string()))?;
        let file = private().create(true).append(true).open(self.0.join("lock"))?;
        file.lock()?;
        Ok(file)
    }

    fn write(&self, head: &ChainHead) -> io::Result<()> {
        let temporary = self.0.join("next.tmp");
        // What a killed writer left; nobody else writes while it is our turn.
        if let Err(error) = fs::remove_file(&temporary)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = private().create_new(true).write(true).open(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(head)?)?;
        file.sync_all()?;
        fs::rename(&temporary, self.file(&head.store))?;
        OpenOptions::new().read(true).open(&self.0)?.sync_all()
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    options
}

fn read(path: &Path) -> io::Result<Option<ChainHead>> {
    let file = match private().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a file of an older form is written as it was")]
mod tests {
    use super::*;

    fn mark(seq: i64) -> ChainMark {
        ChainMark { seq, hash: format!("{seq:064x}") }
    }

    fn known(heads: &Heads, path: &str, inode: u64) -> Vec<i64> {
        heads.read("id").unwrap().unwrap().due(Path::new(path), Some(inode)).iter().map(|mark| mark.seq).collect()
    }

    #[test]
    fn a_head_only_goes_forwards_whoever_writes_it() {
        let state = tempfile::tempdir().unwrap();
        let heads = Heads::below(state.path());
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let heads = &heads;
                scope.spawn(move || {
                    let mut highest = 0;
                    for step in 0..25 {
                        heads.advance("id", Path::new("/x"), Some(1), &mark(step * 4 + writer)).unwrap();
                        let seen = known(heads, "/x", 1)[0];
                        assert!(seen >= highest && seen >= step * 4 + writer);
                        highest = seen;
                    }
                });
            }
        });
        assert_eq!(known(&heads, "/x", 1), [99]);
        heads.accept("id", Path::new("/x"), Some(1), mark(3)).unwrap();
        assert_eq!(known(&heads, "/x", 1), [3]);
    }

    #[test]
    fn a_copy_goes_on_by_itself_and_what_comes_to_a_place_must_hold_all() {
        let state = tempfile::tempdir().unwrap();
        let heads = Heads::below(state.path());
        heads.advance("id", Path::new("/x"), Some(1), &mark(5)).unwrap();
        assert_eq!(known(&heads, "/copy", 2), [5], "the first look at a copy");
        heads.advance("id", Path::new("/copy"), Some(2), &mark(9)).unwrap();
        heads.advance("id", Path::new("/x"), Some(1), &mark(6)).unwrap();
        assert_eq!((known(&heads, "/x", 1), known(&heads, "/copy", 2)), (vec![6], vec![9]));
        assert_eq!(known(&heads, "/x", 2), [9, 6], "the copy was moved there, or something out of a backup");
        assert_eq!(known(&heads, "/y", 1), [9, 6], "the original was moved");
        for place in 0..2 * PLACES {
            heads.advance("id", Path::new(&format!("/tmp/{place}")), Some(3), &mark(7)).unwrap();
        }
        assert_eq!(heads.read("id").unwrap().unwrap().places.len(), PLACES);
        assert!(known(&heads, "/y", 1).contains(&9));
    }

    #[test]
    fn a_head_of_before_is_that_of_each_of_its_places() {
        let state = tempfile::tempdir().unwrap();
        let heads = Heads::below(state.path());
        drop(heads.turn().unwrap());
        let before = r#"{"store": "id", "paths": ["/x", "/y"], "chain": {"seq": 4, "hash": "00"}}"#;
        fs::write(heads.file("id"), before).unwrap();
        assert_eq!((known(&heads, "/x", 1), known(&heads, "/y", 2)), (vec![4], vec![4]));
        assert_eq!(heads.at(Path::new("/y")).unwrap().len(), 1);
        heads.advance("id", Path::new("/x"), Some(1), &mark(5)).unwrap();
        assert_eq!((known(&heads, "/x", 1), known(&heads, "/y", 2)), (vec![5], vec![4]));
    }

    #[test]
    fn one_store_is_accepted_at_a_path() {
        let state = tempfile::tempdir().unwrap();
        let heads = Heads::below(state.path());
        heads.advance("one", Path::new("/x"), None, &mark(1)).unwrap();
        heads.advance("one", Path::new("/y"), None, &mark(1)).unwrap();
        heads.accept("two", Path::new("/x"), None, mark(7)).unwrap();
        let at = |path: &str| heads.at(Path::new(path)).unwrap().into_iter().map(|head| head.store).collect::<Vec<_>>();
        assert_eq!((at("/x"), at("/y")), (vec!["two".to_owned()], vec!["one".to_owned()]));
    }
}
