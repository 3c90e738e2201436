//! What the holder of the lease could not put on record because the store was away: a file in its own state directory, one a
//! store, synced before anything is taken for queued, and sent once the store is back, by whichever process finds it.
//!
//! *Invariant:* exactly once. A fact keeps its id from the moment it is said; what is on record is not sent again, and a fact
//! leaves the file only after it is on record.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::files::made;
use crate::files::trust::Owners;
use crate::model::fact::{CheckStatus, Fact, NewFact, Statement};
use crate::model::thing::checklist_run_of;
use crate::text::name::Name;

/// Bytes that are kept at most: some twenty thousand facts.
const MOST: u64 = 8 << 20;

/// Where what waits for stores that are away lies, below a state directory.
pub(super) fn directory(state: &Path) -> PathBuf {
    state.join("queue")
}

/// The queue of one store.
#[derive(Debug, Clone)]
pub(crate) struct LateQueue {
    directory: PathBuf,
    store: String,
}

impl LateQueue {
    /// Of the store with this id, below a state directory.
    pub(crate) fn of(state: &Path, store: &str) -> Self {
        Self { directory: directory(state), store: store.to_owned() }
    }

    /// Puts facts into it, synced. Says how many of them had no room.
    ///
    /// # Errors
    /// It can't be written.
    pub(crate) fn push(&self, drafts: &[NewFact]) -> io::Result<usize> {
        let mut file = self.open()?;
        let mut length = file.seek(SeekFrom::End(0))?;
        // A line that a killed writer left unfinished ends here.
        let mut bytes = if length > 0 && last_byte(&mut file)? != b'\n' { vec![b'\n'] } else { Vec::new() };
        let mut dropped = 0;
        for draft in drafts {
            let fact = Fact { seq: 0, recorded_at: draft.at, draft: NewFact { late: true, ..draft.clone() } };
            let line = fact.to_entry()? + "\n";
            if length + (bytes.len() + line.len()) as u64 > MOST {
                dropped += 1;
            } else {
                bytes.extend_from_slice(line.as_bytes());
            }
        }
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_all()) {
            // What found room is not there twice when all of it is tried again.
            file.set_len(length).ok();
            return Err(error);
        }
        length += bytes.len() as u64;
        tracing::warn!(queued = drafts.len() - dropped, dropped, length, "facts wait for the store");
        Ok(dropped)
    }

    /// What is in it, which is ours alone until that is dropped; `None` where nothing waits.
    ///
    /// # Errors
    /// It can't be read.
    pub(super) fn take(&self) -> io::Result<Option<TakenQueue>> {
        if !fs::metadata(self.file()).is_ok_and(|file| file.len() > 0) {
            return Ok(None);
        }
        let mut file = self.open()?;
        file.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        (&mut file).take(MOST + 1).read_to_end(&mut bytes)?;
        let (mut facts, mut unreadable) = (Vec::new(), Vec::new());
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match Fact::from_entry(&String::from_utf8_lossy(line)) {
                Ok(fact) => facts.push(fact.draft),
                Err(_) => unreadable.extend(line.iter().chain(b"\n")),
            }
        }
        Ok(Some(TakenQueue { file, facts, unreadable, aside: self.aside() }))
    }

    /// Where lines are kept that make no sense.
    pub(crate) fn aside(&self) -> PathBuf {
        self.directory.join(format!("{}.jsonl.unreadable", self.store))
    }

    /// Gives what waits to the store that is accepted in the place of this one.
    ///
    /// # Errors
    /// One of them can't be read or written, or has no room for all: then everything goes on waiting here.
    pub(crate) fn give_to(&self, accepted: &Self) -> io::Result<()> {
        let Some(mut taken) = self.take()? else { return Ok(()) };
        // Before anything is given: what can't be kept aside keeps all of it here.
        taken.keep_aside()?;
        forget_fences(&mut taken.facts);
        if accepted.push(&taken.facts)? > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        taken.empty().map(drop)
    }

    /// How many facts wait; 0 where there is no file.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn len(&self) -> io::Result<usize> {
        match made::open(&self.file()) {
            Ok(mut file) => {
                let mut text = Vec::new();
                (&mut file).take(MOST + 1).read_to_end(&mut text)?;
                Ok(text.split(|byte| *byte == b'\n').count() - 1)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// What waits that whoever starts now has to know. Asks for no lock: whoever sends what waits to a store that hangs may have
    /// that for long.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn waiting(&self) -> io::Result<WaitingFacts> {
        let (mut last, mut acknowledgements) = (HashMap::<Name, (DateTime<Utc>, CheckStatus)>::new(), Vec::new());
        for draft in self.look()? {
            match draft.said {
                Statement::CheckStatus(said)
                    if last.get(&said.check).is_none_or(|(_, before)| before.since <= said.since) =>
                {
                    last.insert(said.check.clone(), (draft.at, said));
                }
                Statement::AlertAcknowledged(_) | Statement::Incident(_) => acknowledgements.push(draft),
                _ if checklist_run_of(&draft.said).is_some() => acknowledgements.push(draft),
                _ => {}
            }
        }
        Ok(WaitingFacts { statuses: last.into_values().collect(), acknowledgements })
    }

    /// What waits by now, as far as it makes sense.
    fn look(&self) -> io::Result<Vec<NewFact>> {
        let mut bytes = Vec::new();
        match made::open(&self.file()) {
            Ok(mut file) => (&mut file).take(MOST + 1).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
        Ok(lines.filter_map(|line| Fact::from_entry(line).ok()).map(|fact| fact.draft).collect())
    }

    /// The ids of other stores that have a queue here, in no order; it may be empty.
    pub(crate) fn other_ids(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.directory) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let ids = names.filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned));
        ids.filter(|id| *id != self.store).collect()
    }

    /// The ids of other stores for which facts wait here, each with how many.
    pub(crate) fn others(&self) -> Vec<(String, usize)> {
        let waiting = |store: String| {
            let queue = Self { store, directory: self.directory.clone() };
            queue.len().ok().filter(|waiting| *waiting > 0).map(|waiting| (queue.store, waiting))
        };
        let mut others: Vec<_> = self.other_ids().into_iter().filter_map(waiting).collect();
        others.sort();
        others
    }

    /// The file.
    pub(super) fn file(&self) -> PathBuf {
        self.directory.join(format!("{}.jsonl", self.store))
    }

    /// The file, ours alone until it is dropped.
    fn open(&self) -> io::Result<File> {
        made::inner_directory(&self.directory).map_err(|distrust| io::Error::other(distrust.to_string()))?;
        let path = self.file();
        // Made and judged there; read and cut here.
        drop(made::append(&path, 0o600, Owners::ours())?);
        let file = OpenOptions::new().read(true).append(true).open(&path)?;
        file.lock()?;
        Ok(file)
    }
}

/// What waits for a store, as far as whoever starts has to know it.
#[derive(Debug, Default)]
pub(crate) struct WaitingFacts {
    /// For each check the status that it is at since the latest moment, with when that was said.
    pub statuses: Vec<(DateTime<Utc>, CheckStatus)>,
    /// In the order in which they were said.
    pub acknowledgements: Vec<NewFact>,
}

/// What waits, taken out of its file once all of it is somewhere else.
pub(super) struct TakenQueue {
    file: File,
    pub facts: Vec<NewFact>,
    /// Lines that make no sense: of a killed writer, of another version, or damaged.
    unreadable: Vec<u8>,
    aside: PathBuf,
}

impl TakenQueue {
    /// Empties the file. Where lines make no sense, says where they are kept aside.
    ///
    /// # Errors
    /// It can't be written: then it is all still there.
    pub(super) fn empty(mut self) -> io::Result<Option<PathBuf>> {
        let is_aside = self.keep_aside()?;
        // Not removed: somebody may wait for it to be free.
        self.file.set_len(0).and_then(|()| self.file.sync_all())?;
        Ok(is_aside.then_some(self.aside))
    }

    /// Keeps the lines aside that make no sense, once; whether there are any.
    fn keep_aside(&mut self) -> io::Result<bool> {
        if self.unreadable.is_empty() {
            return Ok(false);
        }
        let mut aside = made::append(&self.aside, 0o600, Owners::ours())?;
        aside.write_all(&self.unreadable).and_then(|()| aside.sync_all())?;
        self.unreadable.clear();
        let path = self.aside.display();
        tracing::error!(%path, "lines of what waited for the store make no sense, and are kept aside");
        Ok(true)
    }
}

/// The fences of a store say nothing in the one that is accepted in its place: what is said there is newer.
pub(crate) fn forget_fences(facts: &mut [NewFact]) {
    for fact in facts {
        if let Some((fence, _)) = fact.said.fence_mut() {
            *fence = 0;
        }
    }
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "what a process of before left is laid out")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::model::fact::RunRefused;
    use crate::model::lease::{LeaseCandidate, LeaseView};
    use crate::model::status::Status;
    use crate::model::thing::{CheckRecord, StoredThing, ThingKey, ThingKind};
    use crate::store::address::StoreAddress;
    use crate::store::dialect::WhichThings;
    use crate::store::place::StoreLocation;
    use crate::store::{Store, new_fact};
    use crate::text::SafeText;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn settled(status: Status, fence: u64) -> NewFact {
        let (check, service, before, reason) = ("api".into(), None, None, None);
        let said = CheckStatus { check, service, status, before, since: AT, seen: true, reason, by: None, fence };
        new_fact(AT, "ana", "box", Statement::CheckStatus(said))
    }

    async fn candidate(store: &Store, id: &str) -> LeaseView {
        let (id, who, digest) = (id.to_owned(), "ana".to_owned(), "d".to_owned());
        store.lease_turn(&LeaseCandidate { id, who, watcher: false, digest, looks_on: false }, AT).await.unwrap()
    }

    async fn shown(store: &Store) -> Option<Status> {
        let keys = [ThingKey::new(ThingKind::Check, "api")];
        let things = store.dialect.things(WhichThings::Keys(&keys), 1).await.unwrap();
        things.first().and_then(StoredThing::read::<CheckRecord>).map(|record| record.status)
    }

    async fn facts(store: &Store) -> Vec<Fact> {
        let page = store.audit_page(0, 1_000).await.unwrap();
        page.iter().map(|line| Fact::from_entry(&line.entry.to_string()).unwrap()).collect()
    }

    #[tokio::test]
    async fn what_waits_twice_is_put_on_record_once_and_nothing_beside_it_is_lost() {
        let at = tempfile::tempdir().unwrap();
        let store = Store::sample(at.path()).await;
        let queue = LateQueue::of(at.path(), store.id());
        let refused = |action: &str| {
            let (target, verb, why) = ("api".to_owned(), "restart".into(), SafeText::new("the store is away"));
            let said = RunRefused { target, action: action.into(), verb, why, plan_digest: String::new() };
            new_fact(AT, "ana", "box", Statement::RunRefused(said))
        };
        let (twice, once) = (refused("restart"), refused("rollback"));
        assert_eq!(queue.push(std::slice::from_ref(&twice)).unwrap(), 0);
        assert_eq!(queue.push(&[twice.clone(), once.clone()]).unwrap(), 0);
        store.send_late(&queue).await.unwrap();
        let ids: Vec<_> = facts(&store).await.into_iter().map(|fact| fact.draft.id).collect();
        assert_eq!(ids, [twice.id, once.id]);
    }

    #[tokio::test]
    async fn what_waited_is_put_on_record_once() {
        let at = tempfile::tempdir().unwrap();
        let store = Store::sample(at.path()).await;
        let queue = LateQueue::of(at.path(), store.id());
        assert_eq!(store.send_late(&queue).await.unwrap().facts, 0);
        assert!(!at.path().join("queue").exists(), "who has nothing to say leaves nothing behind");
        let fence = candidate(&store, "a").await.fence().unwrap();
        let said = [settled(Status::Down, fence), settled(Status::Ok, fence)];
        assert_eq!(queue.push(&said).unwrap(), 0);
        assert_eq!(queue.file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let before = fs::read(queue.file()).unwrap();
        assert_eq!((store.send_late(&queue).await.unwrap().facts, queue.len().unwrap()), (2, 0));
        // Killed before the file was emptied, and in the middle of a line.
        fs::write(queue.file(), [&before[..], b"{\"seq\":0,\"id\":\"torn"].concat()).unwrap();
        queue.push(&[settled(Status::Down, fence)]).unwrap();
        assert_eq!(store.send_late(&queue).await.unwrap().facts, 3);
        let facts = facts(&store).await;
        assert_eq!(facts.len(), 1 + 3, "{facts:?}");
        assert!(facts[1..].iter().all(|fact| fact.draft.late));
        assert_eq!(shown(&store).await, Some(Status::Down));
        assert_eq!(queue.len().unwrap(), 0);
        assert_eq!(fs::read(queue.aside()).unwrap(), b"{\"seq\":0,\"id\":\"torn\n", "what makes no sense is kept");
        assert_eq!(queue.aside().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn what_a_newer_holder_said_stays() {
        let at = tempfile::tempdir().unwrap();
        let store = Store::sample(at.path()).await;
        let old = candidate(&store, "a").await.fence().unwrap();
        let queue = LateQueue::of(at.path(), store.id());
        queue.push(&[settled(Status::Down, old)]).unwrap();
        store.give_back(old).await.unwrap();
        let new = candidate(&store, "b").await.fence().unwrap();
        store.append_held(new, vec![settled(Status::Ok, new)]).await.unwrap();
        assert_eq!(store.send_late(&queue).await.unwrap().facts, 1);
        assert_eq!((shown(&store).await, facts(&store).await.len()), (Some(Status::Ok), 4));
    }

    #[tokio::test]
    async fn what_waited_for_a_store_that_is_replaced_goes_to_the_accepted_one() {
        let at = tempfile::tempdir().unwrap();
        let state = at.path().canonicalize().unwrap();
        let path = state.join("opsroom.db");
        let (address, host) = (StoreAddress::File(path.clone()), "box".to_owned());
        let place = StoreLocation { at: address, host, state: Some(state.clone()) };
        let store = Store::open(&place).await.unwrap();
        let old = LateQueue::of(&state, store.id());
        let fence = candidate(&store, "a").await.fence().unwrap();
        old.push(&[settled(Status::Down, fence + 9)]).unwrap();
        store.close().await;
        for entry in fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.to_string_lossy().contains("opsroom.db") {
                fs::remove_file(entry).unwrap();
            }
        }
        let accepted = Store::accept(&place, "ana", "restored", AT).await.unwrap().store;
        let new = LateQueue::of(&state, accepted.id());
        assert_eq!((old.len().unwrap(), new.len().unwrap(), new.others()), (0, 1, Vec::new()));
        let fence = candidate(&accepted, "b").await.fence().unwrap();
        accepted.append_held(fence, vec![settled(Status::Ok, fence)]).await.unwrap();
        accepted.send_late(&new).await.unwrap();
        assert_eq!(shown(&accepted).await, Some(Status::Ok), "what the new one says is newer");
        assert!(facts(&accepted).await.last().unwrap().draft.late);
    }

    #[test]
    fn the_latest_status_of_each_check_is_known_without_the_lock() {
        let at = tempfile::tempdir().unwrap();
        let queue = LateQueue::of(at.path(), "one");
        assert_eq!(queue.waiting().unwrap().statuses, []);
        let said = |check: &str, status, second| {
            let mut fact = settled(status, 1);
            if let Statement::CheckStatus(said) = &mut fact.said {
                (said.check, said.since) = (check.into(), DateTime::from_timestamp(second, 0).unwrap());
            }
            fact
        };
        queue.push(&[said("api", Status::Down, 5), said("web", Status::Down, 7), said("api", Status::Ok, 9)]).unwrap();
        // Seen while nobody acted, and put behind what was said since.
        queue.push(&[said("web", Status::Degraded, 3)]).unwrap();
        // Killed in the middle of a line; and whoever sends it has the lock.
        let sends = queue.take().unwrap().unwrap();
        OpenOptions::new().append(true).open(queue.file()).unwrap().write_all(b"{\"seq\":0,\"id\":\"to").unwrap();
        let mut last: Vec<_> = queue
            .waiting()
            .unwrap()
            .statuses
            .into_iter()
            .map(|(_, said)| (said.check.to_string(), said.status))
            .collect();
        last.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(last, [("api".to_owned(), Status::Ok), ("web".to_owned(), Status::Down)]);
        drop(sends);
    }

    #[test]
    fn it_is_bounded_and_others_are_named() {
        let at = tempfile::tempdir().unwrap();
        let queue = LateQueue::of(at.path(), "one");
        let many: Vec<NewFact> = (0..4_000).map(|_| settled(Status::Down, 1)).collect();
        let mut dropped = 0;
        for _ in 0..16 {
            dropped += queue.push(&many).unwrap();
        }
        assert!(queue.file().metadata().unwrap().len() <= MOST);
        assert_eq!(dropped + queue.len().unwrap(), 64_000);
        let other = LateQueue::of(at.path(), "two");
        assert_eq!(other.others(), [("one".to_owned(), 64_000 - dropped)]);
        assert_eq!(queue.others(), []);
    }
}
