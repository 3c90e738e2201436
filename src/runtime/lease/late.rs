//! What the holder says while the store is away: queued on disk, held in memory where that has no room either, and sent once
//! the store is back.

use std::collections::BTreeSet;
use std::io;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{LateQueue, LeaseParticipant, NewFact, Outcome, Statement, Store, new_fact};
use crate::files::trust::describe;
use crate::model::fact::AlertAcknowledged;
use crate::store::acting::SeenStore;
use crate::store::queue::{WaitingFacts, forget_fences};
use crate::text::SafeText;

/// Facts that are held in memory at most.
const HELD: usize = 20_000;

/// Facts that the disk has no room for, of one store.
#[derive(Debug, Default)]
pub(super) struct Unqueued {
    store: String,
    pub facts: Vec<NewFact>,
    /// Why the disk can't take them.
    pub why: Option<SafeText>,
}

impl LeaseParticipant {
    /// Queues what a person here said, and says whether that is on disk. True: it waits; the store may be back by now.
    pub(super) async fn queue_facts(&mut self, drafts: Vec<NewFact>, queued: oneshot::Sender<bool>) -> bool {
        let waits = self.queue_drafts(drafts).await;
        queued.send(waits && self.unqueued.facts.is_empty()).ok();
        waits
    }

    /// Queues what somebody here could not put on record, whoever acts for the store. True: it is in the queue. The store may
    /// be back by now, and what waits is to be said.
    pub(super) async fn say_late(&mut self, at: DateTime<Utc>, said: Statement) -> bool {
        let draft = new_fact(at, &self.me.who, &self.host, said);
        self.queue_drafts(vec![draft]).await
    }

    async fn queue_drafts(&mut self, drafts: Vec<NewFact>) -> bool {
        let Some(store) = self.known_store().await else {
            tracing::warn!(?drafts, "not put on record: which store it belongs to is not known");
            return false;
        };
        self.queue(&store, drafts).await;
        true
    }

    /// Tells what waits of acknowledgements for a store that is away since before this process began: they hold.
    pub(super) async fn tell_queued(&self, acknowledgements: Vec<NewFact>) {
        if !acknowledgements.is_empty() {
            self.outcomes.send(Outcome::QueuedBefore(acknowledgements)).await.ok();
        }
    }

    /// What waits for the store with this id, as far as it can be read.
    pub(super) async fn waiting_for(&self, store: &str) -> WaitingFacts {
        let queue = LateQueue::of(&self.state_directory, store);
        let waiting = tokio::task::spawn_blocking(move || queue.waiting()).await.map_err(io::Error::other).flatten();
        waiting
            .inspect_err(|error| tracing::warn!(%error, "what waits for the store can't be read"))
            .unwrap_or_default()
    }

    /// The id of the store that is open, was open last, or lay in its place when somebody here saw it last.
    async fn known_store(&self) -> Option<String> {
        let open = self.store().map(|store| store.id().to_owned());
        let held = || self.holding.as_ref().map(|holding| holding.store.clone());
        if let Some(known) = open.or_else(held).or_else(|| self.seen.as_ref().map(|(_, id)| id.clone())) {
            return Some(known);
        }
        let (state, place) = (self.state_directory.clone(), self.place.clone()?);
        let seen = tokio::task::spawn_blocking(move || SeenStore::at(&state, &place)).await.ok()?;
        seen.map(|seen| seen.id)
    }

    /// Sends what waits for a store that is open.
    pub(super) async fn send_late(&mut self, store: &Store) {
        self.queue_again().await;
        self.succeed(store).await;
        let queue = LateQueue::of(&self.state_directory, store.id());
        let sent = async {
            let mut sent = store.send_late(&queue).await?;
            if sent.facts > 0 {
                tracing::info!(facts = sent.facts, "what waited for the store is on record");
            }
            // The disk of the queue may be full for longer than the store's.
            if self.unqueued.store == store.id() {
                sent.unattached.extend(store.append_late(&self.unqueued.facts).await?);
            }
            Ok::<_, crate::store::StoreError>((sent.aside, sent.unattached))
        };
        match sent.await {
            Ok((aside, unattached)) => {
                for said in unattached {
                    let AlertAcknowledged { alert, severity, .. } = said;
                    let words = format!(
                        "the acknowledgement of {} {alert} is not on record: no such alert fired by the store; \
                         hint: acknowledge it again if it fires",
                        severity.word()
                    );
                    self.outcomes.send(Outcome::Failed(SafeText::new(&words))).await.ok();
                }
                if let Some(aside) = aside {
                    let (what, path) = ("lines of what waited for the store make no sense", aside.display());
                    let words = format!("{what} and are not on record; hint: they are kept in {path}");
                    self.outcomes.send(Outcome::Failed(SafeText::new(&words))).await.ok();
                }
                self.waiting = 0;
                if self.unqueued.store == store.id() {
                    self.unqueued.facts.clear();
                }
            }
            Err(error) => {
                tracing::warn!(%error, "what waits for the store could not be sent");
                // What was queued before this process began comes first too.
                let waiting = tokio::task::spawn_blocking(move || queue.len()).await;
                self.waiting = waiting.ok().and_then(Result::ok).unwrap_or(self.waiting);
            }
        }
    }

    /// Puts behind what waits what was seen while nobody acted, and sends it: as history, of which each change stands once.
    pub(super) async fn append_missed(&mut self, at: DateTime<Utc>, said: Vec<Statement>) {
        let Some(holding) = self.holding.clone() else { return };
        let draft = |said: Statement| new_fact(said.began().unwrap_or(at), &self.me.who, &self.host, said);
        let drafts = said.into_iter().map(draft).collect();
        self.queue(&holding.store, drafts).await;
        if let Some(store) = self.store().filter(|store| store.id() == holding.store) {
            self.send_late(&store).await;
        }
        self.report().await;
    }

    /// Gives a store what was said here for those that it was accepted in place of, also since then.
    async fn succeed(&mut self, store: &Store) {
        let (state, id, before) = (self.state_directory.clone(), store.id().to_owned(), self.unqueued.store.clone());
        let store = store.clone();
        let given = tokio::task::spawn_blocking(move || {
            let waiting = LateQueue::of(&state, store.id()).other_ids().into_iter();
            let replaced = waiting.chain([before.clone()]).filter(|id| store.has_replaced(id));
            let replaced: BTreeSet<String> = replaced.collect();
            replaced.iter().try_for_each(|id| store.take_over(&state, id))?;
            Ok::<_, io::Error>(replaced.contains(&before))
        });
        match given.await {
            Ok(Ok(true)) => {
                forget_fences(&mut self.unqueued.facts);
                self.unqueued.store = id;
            }
            Ok(Ok(false)) | Err(_) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the queue of a replaced store could not be handed over; retrying");
            }
        }
    }

    /// Puts facts behind those that wait for a store.
    pub(super) async fn queue(&mut self, store: &str, drafts: Vec<NewFact>) {
        if self.unqueued.store != store {
            self.queue_again().await;
            self.dropped += self.unqueued.facts.len();
            self.unqueued = Unqueued { store: store.to_owned(), ..Unqueued::default() };
        }
        self.unqueued.facts.extend(drafts);
        self.queue_again().await;
        self.dropped += self.unqueued.facts.len().saturating_sub(HELD);
        self.unqueued.facts.truncate(HELD);
    }

    /// Queues what is held in memory, where the disk takes it by now.
    pub(super) async fn queue_again(&mut self) {
        if self.unqueued.facts.is_empty() {
            return;
        }
        let queue = LateQueue::of(&self.state_directory, &self.unqueued.store);
        let facts = std::mem::take(&mut self.unqueued.facts);
        let count = facts.len();
        let pushed = tokio::task::spawn_blocking(move || {
            let pushed = queue.push(&facts);
            (pushed, facts)
        });
        match pushed.await {
            Ok((Ok(dropped), _)) => {
                self.waiting += count - dropped;
                self.dropped += dropped;
            }
            Ok((Err(error), facts)) => {
                tracing::error!(%error, "the queue on disk can't be written");
                self.unqueued.facts = facts;
                self.unqueued.why = Some(SafeText::new(&describe(&error)));
            }
            Err(_) => self.dropped += count,
        }
    }
}
