//! Whether the store is the one that was used here before, with all that was seen in it; and the way out where a person
//! knows that it is another one.

use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::chain::{hex, unhex};
use super::dialect::{Cut, Head, WhichFacts};
use super::engine_copy::EngineCopy;
use super::heads::{ChainHead, ChainMark, Heads};
use super::history::ChainPlace;
use super::place::{Found, StoreLocation, canonical};
use super::queue::LateQueue;
use super::site::{Purpose, Site};
use super::{Store, StoreError};
use crate::model::fact::{Fact, Statement, StoreAccepted, WrittenBefore};

/// A store that was accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// It.
    pub store: Store,
    /// What was wrong with it before; `None`: nothing.
    pub doubt: Option<String>,
    /// Whether other hosts may use it: it does not lie in the state directory.
    pub is_shared: bool,
}

/// What is known of the stores in its place, and of itself.
struct KnownHeads {
    here: Vec<ChainHead>,
    own: Option<ChainHead>,
}

impl Store {
    /// Whether it is the store that was used here before, and every head that was seen lies in its chain.
    ///
    /// # Errors
    /// It is not; or that can't be known.
    pub(crate) async fn trusted(&self) -> Result<(), StoreError> {
        let doubts = self.doubts().await;
        let doubt = doubts.and_then(|doubts| doubts.into_iter().next().map_or(Ok(()), Err));
        let is_doubted = doubt.as_ref().is_err_and(StoreError::is_doubt);
        self.doubted.send_if_modified(|known| std::mem::replace(known, is_doubted) != is_doubted);
        doubt
    }

    /// The same, of a store whose chain ended there a moment ago.
    pub(super) async fn trusted_at(&self, head: &Head) -> Result<(), StoreError> {
        match &self.known()? {
            Some(known) if !self.doubts_by(known, head).await?.is_empty() => {}
            _ => return Ok(()),
        }
        // Others may have written and noted more since that head was read: it is the one of now that counts.
        self.trusted().await
    }

    /// Returns once something speaks against it that nobody knew of when it was opened: who writes has seen that.
    pub(crate) async fn doubted(&self) {
        let mut doubted = self.doubted.subscribe();
        // The sender is ours: it does not go.
        if doubted.wait_for(|doubted| *doubted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Everything that speaks against it.
    ///
    /// # Errors
    /// That can't be known.
    pub(crate) async fn doubts(&self) -> Result<Vec<StoreError>, StoreError> {
        // In this order: what is known was in the chain before it was noted.
        let Some(known) = self.known()? else { return Ok(Vec::new()) };
        let head = self.dialect.head().await?;
        self.doubts_by(&known, &head).await
    }

    fn known(&self) -> Result<Option<KnownHeads>, StoreError> {
        let Some(heads) = &self.heads else { return Ok(None) };
        let here = known_at(heads, &self.place)?;
        let own = heads.read(self.id()).map_err(unreadable(heads))?;
        Ok(Some(KnownHeads { here, own }))
    }

    async fn doubts_by(&self, known: &KnownHeads, head: &Head) -> Result<Vec<StoreError>, StoreError> {
        let mut doubts = Vec::new();
        if let Some(other) = known.here.iter().find(|head| head.store != self.id()) {
            let (id, known) = (self.id().to_owned(), other.store.clone());
            doubts.push(StoreError::Other { path: self.place.display().to_string(), id, known });
        }
        let Some(known) = &known.own else { return Ok(doubts) };
        for mark in known.due(&self.place, self.inode()) {
            if let Some(doubt) = self.doubt(head, mark).await? {
                // The furthest says it all.
                doubts.push(doubt);
                break;
            }
        }
        for (writer, mark) in &known.chains {
            doubts.extend(self.doubt_before(writer, mark).await?);
        }
        Ok(doubts)
    }

    /// What speaks against the chain, of which `mark` was seen. What lies before the cut can't be compared any more: that
    /// says nothing against it.
    async fn doubt(&self, head: &Head, mark: &ChainMark) -> Result<Option<StoreError>, StoreError> {
        let whose = "its audit".to_owned();
        let (last, seq) = (head.seq.cast_signed(), mark.seq);
        let found = match mark.seq {
            seq if seq == last => Some(head.hash.clone()),
            seq if seq > last || seq < 1 => None,
            seq => {
                let after = WhichFacts::After(seq.cast_unsigned() - 1);
                let row = self.dialect.facts(after, 1).await?.pop();
                row.filter(|row| row.seq == seq.cast_unsigned()).map(|row| row.hash)
            }
        };
        let found = match (found, self.cut_if_older(mark, head).await?) {
            (None, Some(cut)) if cut.seq.cast_signed() > seq => return Ok(None),
            (None, Some(cut)) => Some(cut.hash),
            (found, _) => found,
        };
        Ok(match found {
            Some(hash) if hex(&hash) == mark.hash => None,
            Some(_) => Some(StoreError::Forked { whose, seq }),
            None => Some(StoreError::LostEnd { whose, from: (last + 1).min(seq), to: seq }),
        })
    }

    /// The cut, where `mark` does not lie after it.
    async fn cut_if_older(&self, mark: &ChainMark, head: &Head) -> Result<Option<Cut>, StoreError> {
        if mark.seq >= head.seq.cast_signed() {
            return Ok(None);
        }
        Ok(self.dialect.cut().await?.filter(|cut| mark.seq <= cut.seq.cast_signed()))
    }

    /// What speaks against the chain of a writer of an earlier version, which lies in ours.
    async fn doubt_before(&self, writer: &str, mark: &ChainMark) -> Result<Option<StoreError>, StoreError> {
        let object = format!("audit:{writer}:{}", mark.seq);
        let row = self.dialect.facts(WhichFacts::About(&object), 1).await?.pop();
        let said = row.and_then(|row| Fact::from_entry(&row.entry).ok()).map(|fact| fact.draft.said);
        let (whose, seq) = (format!("its audit by {writer}"), mark.seq);
        Ok(match said {
            Some(Statement::WrittenBefore(WrittenBefore { hash, .. })) if unhex(&hash) == unhex(&mark.hash) => None,
            Some(_) => Some(StoreError::Forked { whose, seq }),
            None if self.dialect.cut().await?.is_some() => None,
            None => Some(StoreError::LostEnd { whose, from: seq, to: seq }),
        })
    }

    /// Notes where the chain is, where nothing speaks against it: what is seen now is missed when it is gone.
    pub(super) async fn remember(&self) {
        let seen = async {
            let head = self.dialect.head().await?;
            self.trusted_at(&head).await.map(|()| head)
        };
        match seen.await {
            Ok(head) if head.seq == 0 => {}
            Ok(head) => self.advance(ChainMark::new(head.seq, &head.hash)).await,
            Err(error) => tracing::warn!(%error, "the head of the audit is not noted"),
        }
    }

    /// Moves the known head forwards. What was committed stays so where that fails.
    pub(super) async fn advance(&self, mark: ChainMark) {
        self.seen.send_if_modified(|seen| {
            let is_further = seen.as_ref().is_none_or(|seen| seen.seq < mark.seq);
            if is_further {
                *seen = Some(mark.clone());
            }
            is_further
        });
        let (heads, id, place, inode) = (self.heads.clone(), self.id().to_owned(), self.place.clone(), self.inode());
        let written = tokio::task::spawn_blocking(move || match &heads {
            Some(heads) => heads.advance(&id, &place, inode, &mark),
            None => Ok(()),
        });
        if let Ok(Err(error)) = written.await {
            tracing::warn!(%error, "the head of the audit could not be noted");
        }
    }

    /// Notes that the chain was read up to there. Who only reads knows a store that lost its end for it as well, and does not
    /// go on in it while another console refuses to.
    ///
    /// # Errors
    /// Something speaks against the store, or that can't be known.
    pub(crate) async fn has_seen(&self, end: &ChainPlace) -> Result<(), StoreError> {
        if end.seq == 0 {
            return Ok(());
        }
        self.trusted().await?;
        self.advance(end.mark()).await;
        Ok(())
    }

    /// The number of its file. The device has none that lasts over a restart of the machine.
    pub(super) fn inode(&self) -> Option<u64> {
        self.file.map(|file| file.inode)
    }

    /// Takes what lies in the place for the store from now on, on record: a store that was restored on purpose, or a new
    /// one where it is gone.
    ///
    /// # Errors
    /// It can't be opened or written, or is no store of ours.
    pub(crate) async fn accept(
        place: &StoreLocation,
        who: &str,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<Accepted, StoreError> {
        let site = Site::look(&place.at).await?;
        let mut gone = None;
        if site.found() != Found::Ours {
            gone = Some("a new store in place of one that was gone".to_owned());
        }
        let store = Self::connect(place, site, Purpose::Use).await?.whole().await?;
        let is_shared = place.state.as_ref().is_none_or(|state| store.path().parent() != Some(&*canonical(state)));
        let doubts = match store.doubts().await {
            Err(error @ StoreError::Heads { .. }) => vec![error],
            doubts => doubts?,
        };
        let doubts: Vec<String> = gone.into_iter().chain(doubts.iter().map(ToString::to_string)).collect();
        if doubts.is_empty() {
            return Ok(Accepted { store, doubt: None, is_shared });
        }
        let doubt = Some(doubts.join("; "));
        let accepted = StoreAccepted { store: store.id().to_owned(), why: why.to_owned(), doubt: doubt.clone() };
        store.record(now, who, Statement::StoreAccepted(accepted)).await?;
        if let Some(heads) = &store.heads {
            store.succeed(place, heads)?;
            let head = store.dialect.head().await?;
            let (mark, inode) = (ChainMark::new(head.seq, &head.hash), store.inode());
            heads.accept(store.id(), &store.place, inode, mark).map_err(unreadable(heads))?;
        }
        Ok(Accepted { store, doubt, is_shared })
    }

    /// Whether the store with that id was in no other place than this one, and is gone: this one was accepted there.
    pub(crate) fn has_replaced(&self, id: &str) -> bool {
        let known = self.heads.as_ref().and_then(|heads| heads.read(id).ok().flatten());
        known.is_some_and(|known| known.places.is_empty() && id != self.id())
    }

    /// Takes over what waits below a state directory for the store with that id; what its engine knew goes.
    ///
    /// # Errors
    /// It can't be read or written: then it goes on waiting there.
    pub(crate) fn take_over(&self, state: &Path, id: &str) -> io::Result<()> {
        LateQueue::of(state, id).give_to(&LateQueue::of(state, self.id()))?;
        EngineCopy::remove(state, id)
    }

    /// Takes over what waits for stores that were only in its place: they are gone.
    fn succeed(&self, place: &StoreLocation, heads: &Heads) -> Result<(), StoreError> {
        let Some(state) = &place.state else { return Ok(()) };
        // Heads that can't be read are what was accepted, too.
        for head in heads.at(&self.place).unwrap_or_default() {
            if head.store == self.id() || head.places.len() > 1 {
                continue;
            }
            let path = || LateQueue::of(state, &head.store).file().display().to_string();
            self.take_over(state, &head.store).map_err(|error| StoreError::Queue { path: path(), error })?;
        }
        Ok(())
    }
}

/// What is known of the stores that were seen at `path`.
pub(super) fn known_at(heads: &Heads, path: &Path) -> Result<Vec<ChainHead>, StoreError> {
    heads.at(path).map_err(unreadable(heads))
}

pub(super) fn unreadable(heads: &Heads) -> impl FnOnce(io::Error) -> StoreError {
    let path = heads.unreadable().display().to_string();
    |error| StoreError::Heads { path, error }
}
