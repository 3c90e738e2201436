//! What the holder says while the store is away: queued on disk, held in memory where that has no room either, and sent once
//! the store is back.

use crate::files::trust::describe;
use crate::store::queue::forget_fences;
use crate::text::SafeText;

use super::{LateQueue, LeaseParticipant, NewFact, Store};

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
    /// Sends what waits for a store that is open.
    pub(super) async fn send_late(&mut self, store: &Store) {
        self.queue_again().await;
        self.succeed(store).await;
        let queue = LateQueue::of(&self.state_directory, store.id());
        let sent = async {
            store.send_late(&queue).await?;
            // The disk of the queue may be full for longer than the store's.
            if self.unqueued.store == store.id() {
                store.append_late(&self.unqueued.facts).await?;
            }
            Ok::<(), crate::store::StoreError>(())
        };
        match sent.await {
            Ok(()) => {
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

    /// Gives a store what was said here for the one that it was accepted in place of, also since then.
    async fn succeed(&mut self, store: &Store) {
        let (state, id, before) = (self.state_directory.clone(), store.id().to_owned(), self.unqueued.store.clone());
        let store = store.clone();
        let given = tokio::task::spawn_blocking(move || {
            if !store.has_replaced(&before) {
                return Ok(false);
            }
            store.take_over(&state, &before).map(|()| true)
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
