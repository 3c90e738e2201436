//! The head of the chain as it was last seen here, kept beside the store: a chain that lost its end can't show that by
//! itself.
//!
//! One file a store, named by its id, in the user's own state directory; written after the commit, by rename, synced, and only
//! forwards, however many consoles and commands write at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::chain::hex;
use crate::files::made;

/// Bound on one file.
const MOST: u64 = 1 << 20;

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

/// What is known of one store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChainHead {
    /// Its id.
    pub store: String,
    /// Where it lies.
    pub paths: BTreeSet<PathBuf>,
    /// How far its chain was.
    #[serde(default)]
    pub chain: Option<ChainMark>,
    /// How far the chains of an earlier version were, by writer.
    #[serde(default)]
    pub chains: BTreeMap<String, ChainMark>,
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

    /// What is known of the store `id`.
    pub(super) fn read(&self, id: &str) -> io::Result<Option<ChainHead>> {
        read(&self.file(id))
    }

    /// The stores that were seen at `path`, each by what is known of it.
    pub(super) fn at(&self, path: &Path) -> io::Result<Vec<ChainHead>> {
        let mut found = self.all()?;
        found.retain(|head| head.paths.contains(path));
        Ok(found)
    }

    /// Notes how far the chain of the store `id` at `path` is, only forwards.
    pub(super) fn advance(&self, id: &str, path: &Path, mark: &ChainMark) -> io::Result<()> {
        let _turn = self.turn()?;
        let known = self.read(id)?;
        let fresh = || ChainHead { store: id.to_owned(), ..ChainHead::default() };
        let mut head = known.clone().unwrap_or_else(fresh);
        head.paths.insert(path.to_owned());
        if head.chain.as_ref().is_none_or(|known| known.seq < mark.seq) {
            head.chain = Some(mark.clone());
        }
        if known.as_ref() == Some(&head) { Ok(()) } else { self.write(&head) }
    }

    /// Takes the store `id` for the one at `path`, its chain as it is now: a person said so. No other is at that path,
    /// and what can't be read is not kept.
    pub(super) fn accept(&self, id: &str, path: &Path, mark: ChainMark) -> io::Result<()> {
        let _turn = self.turn()?;
        let mut paths = BTreeSet::from([path.to_owned()]);
        for file in self.files()? {
            match read(&file) {
                Ok(Some(head)) if head.store == id => paths.extend(head.paths),
                Ok(Some(mut other)) => {
                    if other.paths.remove(path) {
                        self.write(&other)?;
                    }
                }
                Ok(None) => {}
                Err(_) => fs::remove_file(file)?,
            }
        }
        self.write(&ChainHead { store: id.to_owned(), paths, chain: Some(mark), chains: BTreeMap::new() })
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
mod tests {
    use super::*;

    fn mark(seq: i64) -> ChainMark {
        ChainMark { seq, hash: format!("{seq:064x}") }
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
                        heads.advance("id", Path::new("/x"), &mark(step * 4 + writer)).unwrap();
                        let seen = heads.read("id").unwrap().unwrap().chain.unwrap().seq;
                        assert!(seen >= highest && seen >= step * 4 + writer);
                        highest = seen;
                    }
                });
            }
        });
        assert_eq!(heads.read("id").unwrap().unwrap().chain, Some(mark(99)));
        heads.accept("id", Path::new("/x"), mark(3)).unwrap();
        assert_eq!(heads.read("id").unwrap().unwrap().chain, Some(mark(3)));
    }

    #[test]
    fn one_store_is_accepted_at_a_path() {
        let state = tempfile::tempdir().unwrap();
        let heads = Heads::below(state.path());
        heads.advance("one", Path::new("/x"), &mark(1)).unwrap();
        heads.advance("one", Path::new("/y"), &mark(1)).unwrap();
        heads.accept("two", Path::new("/x"), mark(7)).unwrap();
        let at = |path: &str| heads.at(Path::new(path)).unwrap().into_iter().map(|head| head.store).collect::<Vec<_>>();
        assert_eq!((at("/x"), at("/y")), (vec!["two".to_owned()], vec!["one".to_owned()]));
    }
}
