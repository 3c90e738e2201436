//! Putting facts on record: the head is read, then what must hold, and then everything is written in one batch right after
//! that head. Where somebody else was faster, all of it is looked at and decided again: since nothing changes without a fact,
//! a batch that gets its place proves that what was read still held.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use tokio::time::{sleep, timeout};

use super::dialect::{Appended, Batch, FactRow, Head, WhichFacts, WhichThings};
use super::heads::ChainMark;
use super::{Store, StoreError, chain};
use crate::model::fact::{Fact, NewFact, Statement};
use crate::model::thing::{StoredThing, ThingKey, Things, follow};

/// How often something is decided again because somebody else was faster. Each time somebody got further.
const TRIES: u32 = 400;
/// The longest pause before that, in milliseconds.
const PAUSE: u64 = 20;
/// How long a batch whose answer was lost is tried again, to learn what became of it.
const UNANSWERED: Duration = Duration::from_secs(10);
/// The pause before that.
const AGAIN: Duration = Duration::from_millis(200);

/// Something to be put on record, with an id of its own. The time is kept in milliseconds.
pub(crate) fn new_fact(at: DateTime<Utc>, who: &str, host: &str, said: Statement) -> NewFact {
    let id = format!("{:032x}", fastrand::u128(..));
    NewFact {
        id,
        at: at.trunc_subsecs(3),
        who: who.to_owned(),
        host: host.to_owned(),
        process: std::process::id(),
        late: false,
        said,
    }
}

/// What is to be written right after `head`: the facts, and the things as they leave them. `things` holds those that are
/// touched, as they are.
pub(super) fn rows_of(
    head: &Head,
    drafts: Vec<NewFact>,
    mut things: Things,
) -> Result<(Vec<FactRow>, Vec<StoredThing>), StoreError> {
    let (mut before, mut facts) = (head.hash.clone(), Vec::with_capacity(drafts.len()));
    for (seq, draft) in (head.seq + 1..).zip(drafts) {
        let fact = Fact { seq, recorded_at: head.now, draft };
        let entry = fact.to_entry().map_err(|error| StoreError::Content(error.to_string()))?;
        before = chain::chained(&before, entry.as_bytes());
        follow(&fact, &mut things);
        facts.push(FactRow {
            seq,
            id: fact.draft.id.clone(),
            recorded_at: head.now,
            kind: fact.said().kind().to_owned(),
            object: fact.said().object(),
            entry,
            hash: before.clone(),
        });
    }
    let changed = things.iter().filter(|thing| thing.seq > head.seq).cloned().collect();
    Ok((facts, changed))
}

/// Tries at something that depends on what is in the store.
pub(super) struct Turns<'a> {
    store: &'a Store,
    tries: u32,
}

/// One try: the store as it was at one moment.
pub(super) struct Turn<'a> {
    store: &'a Store,
    head: Head,
    /// Whether nothing speaks against the store, where that was asked already.
    is_sound: bool,
}

impl Store {
    /// Tries, each with the store as it is by then.
    pub(super) const fn turns(&self) -> Turns<'_> {
        Turns { store: self, tries: 0 }
    }

    /// Something to be put on record by this host.
    pub(super) fn new_fact(&self, at: DateTime<Utc>, who: &str, said: Statement) -> NewFact {
        new_fact(at, who, &self.host, said)
    }

    /// Puts something on record by itself.
    ///
    /// # Errors
    /// It could not be written: what it is the record of must then not happen.
    pub(crate) async fn record(&self, at: DateTime<Utc>, who: &str, said: Statement) -> Result<(), StoreError> {
        self.record_all(vec![self.new_fact(at, who, said)]).await
    }

    /// Puts these on record together, in their order.
    ///
    /// # Errors
    /// They could not be written; none of them is on record then.
    pub(crate) async fn record_all(&self, drafts: Vec<NewFact>) -> Result<(), StoreError> {
        let mut turns = self.turns();
        while turns.next().await?.append(drafts.clone()).await?.is_none() {}
        Ok(())
    }
}

impl<'a> Turns<'a> {
    /// The next try.
    pub(super) async fn next(&mut self) -> Result<Turn<'a>, StoreError> {
        if self.tries > 0 {
            sleep(Duration::from_millis(fastrand::u64(..PAUSE))).await;
        }
        if self.tries == TRIES {
            return Err(StoreError::Crowded);
        }
        self.tries += 1;
        Ok(Turn { store: self.store, head: self.store.dialect.head().await?, is_sound: false })
    }
}

impl Turn<'_> {
    /// The place in the chain of what is put on record first.
    pub(super) const fn next_seq(&self) -> u64 {
        self.head.seq + 1
    }

    /// The store's time in this try: what is put on record by it bears this one.
    pub(super) const fn now(&self) -> DateTime<Utc> {
        self.head.now
    }

    /// Whether the store is the one that was used here before, as it is in this try.
    pub(super) async fn trusted(&mut self) -> Result<(), StoreError> {
        self.store.trusted_at(&self.head).await?;
        self.is_sound = true;
        Ok(())
    }

    /// Puts these on record together. `None`: somebody else was faster, nothing is written.
    pub(super) async fn append(self, drafts: Vec<NewFact>) -> Result<Option<()>, StoreError> {
        self.append_with(drafts, Batch::default()).await
    }

    /// The same, with what else is in the batch: a lease that changes hands, a cut, all things there are.
    pub(super) async fn append_with(mut self, drafts: Vec<NewFact>, rest: Batch<'_>) -> Result<Option<()>, StoreError> {
        let mut keys: Vec<ThingKey> = drafts.iter().flat_map(|draft| draft.said.touches()).collect();
        keys.sort();
        keys.dedup();
        let things = self.store.dialect.things(WhichThings::Keys(&keys), u32::MAX).await?.into_iter().collect();
        // A head that is not in the chain stays, so that the loss is still told.
        let sound = self.is_sound || self.trusted().await.is_ok();
        let (facts, changed) = rows_of(&self.head, drafts, things)?;
        let things = if rest.all_things { rest.things } else { &changed };
        match self.write(Batch { facts: &facts, things, ..rest }).await? {
            Appended::Clash => Ok(None),
            Appended::Importing => Err(self.store.unfinished().await),
            // The head that is known moves on with whatever is seen next.
            Appended::Known => Ok(Some(())),
            Appended::Done => {
                if let Some(last) = facts.last() {
                    self.store.written.send_replace(last.seq);
                }
                if let Some(last) = facts.last().filter(|_| sound) {
                    self.store.advance(ChainMark::new(last.seq, &last.hash)).await;
                }
                Ok(Some(()))
            }
        }
    }

    /// Writes a batch. One whose answer was lost is tried again as it is: its facts have ids of their own, so that it is
    /// written once, and found where it was written already.
    async fn write(&self, batch: Batch<'_>) -> Result<Appended, StoreError> {
        let dialect = &self.store.dialect;
        let error = match dialect.append(&self.head, batch).await {
            Err(error) if error.is_unanswered() => error,
            answered => return answered,
        };
        let id = batch.facts.first().map_or("", |fact| &fact.id);
        let learn = async {
            loop {
                sleep(AGAIN).await;
                match dialect.append(&self.head, batch).await {
                    // The head has moved: by this very batch, or by another.
                    Ok(Appended::Clash) => match dialect.facts(WhichFacts::Id(id), 1).await {
                        Ok(found) if found.is_empty() => return Appended::Clash,
                        Ok(_) => return Appended::Known,
                        // What a later try says of itself says nothing of the first.
                        Err(_) => {}
                    },
                    Ok(appended) => return appended,
                    Err(_) => {}
                }
            }
        };
        timeout(UNANSWERED, learn).await.map_err(|_| error)
    }
}
