//! What the engine of the holder knows: kept in the store, beside the queue while that is away, and taken over from where more
//! is known.

use std::sync::Arc;
use std::time::Duration;

use super::{ActingLease, EngineState, LeaseParticipant, Outcome, Store, StoreAddress, StoreState};
use crate::model::engine::ENGINE_VERSION;
use crate::store::acting::{ActingClaim, SeenStore, is_left_over};
use crate::store::engine_body;
use crate::store::engine_copy::EngineCopy;
use crate::store::lease::{HeldWrite, KeptEngine};
use crate::store::queue::WaitingFacts;

impl LeaseParticipant {
    /// Takes over what the engine of the last holder knew: at the start, and whenever the lease is taken.
    pub(super) async fn resume(&mut self, store: &Store) {
        let known = self.resumed.as_ref().is_some_and(|(id, _)| id == store.id());
        let taken = self.holding.is_some() && self.reported.view.fence() != self.view.fence();
        if known && !taken {
            return;
        }
        // Whoever took the lease at this turn has just renewed it: for how long nobody had is known from before.
        let unattended = self.unattended_for.filter(|_| taken);
        let silent_for = |kept: &KeptEngine| unattended.map_or(kept.silent_for, |silent| silent.min(kept.age));
        let kept = match store.kept_engine().await {
            Ok(kept) => kept.map(|kept| KeptEngine { silent_for: silent_for(&kept), ..kept }),
            Err(error) => return tracing::warn!(%error, "what the engine knew can't be read"),
        };
        let (state, id, now) = (self.state_directory.clone(), store.id().to_owned(), self.clock.now().utc);
        let copy = tokio::task::spawn_blocking(move || EngineCopy::read(&state, &id)).await.ok().flatten();
        // Each by its own clock: that of a server may be another than ours.
        let copy = copy.filter(|copy| kept.as_ref().is_none_or(|kept| copy.age(now) <= kept.age && !self.began_anew));
        self.began_anew = false;
        // What is told later is put before what is known: a copy that began anew says what came after what the store knows.
        let kept = kept.filter(|_| copy.as_ref().is_none_or(|copy| copy.began_anew));
        let copied = copy
            .map(|copy| (copy.age(now), copy))
            .and_then(|(age, copy)| Some((usable(Arc::unwrap_or_clone(copy.engine))?, age)));
        let kept = kept.and_then(|kept| Some((usable_body(&kept.body)?, kept.silent_for)));
        let mut known: Vec<_> = copied.into_iter().chain(kept).collect();
        match store.last_taken(self.holding.as_ref().map(|holding| holding.fence)).await {
            Ok(taken) => self.know_queued(&self.waiting_for(store.id()).await, taken, &mut known),
            Err(error) => tracing::warn!(%error, "who acted last can't be read"),
        }
        self.take_over(store.id().to_owned(), known).await;
    }

    /// Succeeds who acted here for a store that is away and is gone: what fired then fires on. Where it was killed while the
    /// store was well, and so left nothing here, its place says which store that is. Tried at each turn: who acts may die.
    pub(super) async fn resume_away(&mut self) {
        let is_closed = matches!(&*self.stores.borrow(), StoreState::Closed(_));
        let Some(address) = self.place.clone().filter(|_| is_closed && self.holding.is_none()) else { return };
        let (state, is_new) = (self.state_directory.clone(), self.resumed.is_none());
        // Who saw the store leaves it to the holder of then, which may be elsewhere: one that is here keeps a copy since.
        let seen_at = self.seen_at();
        let found = tokio::task::spawn_blocking(move || {
            let copy = EngineCopy::at_place(&state, &address.name());
            let copy = copy.filter(|copy| seen_at.is_none_or(|at| copy.at > at));
            let seen = seen_at.is_none().then(|| SeenStore::at(&state, &address)).flatten();
            // The lease may have changed hands since: what is said now is newer than what its last holder said.
            let fence_since = seen
                .as_ref()
                .zip(copy.as_ref())
                .filter(|(seen, copy)| seen.id == copy.store && is_left_over(&state, copy));
            let fence_since = fence_since.map_or(0, |(seen, _)| seen.fence);
            let copy = copy.map(|copy| EngineCopy { fence: copy.fence.max(fence_since), ..copy });
            (copy, seen)
        });
        let (copy, seen) = found.await.unwrap_or_default();
        let now = self.clock.now().utc;
        let (store, fence, since, unattended_for) = match (&copy, seen) {
            (Some(copy), _) => (copy.store.clone(), copy.fence, copy.at, copy.age(now)),
            (None, Some(seen)) => (seen.id, seen.fence, now, Duration::MAX),
            (None, None) => return,
        };
        if !self.me.looks_on {
            self.claim(&store).await;
        }
        let (has_copy, mut known) = (copy.is_some(), Vec::new());
        if let Some(copy) = copy.filter(|_| is_new || self.claim.is_some()) {
            (self.began_anew, self.seen_before) = (copy.began_anew, copy.seen_at);
            let age = copy.age(now);
            known.extend(usable(Arc::unwrap_or_clone(copy.engine)).map(|engine| (engine, age)));
        } else if self.claim.is_some() {
            self.began_anew = true;
        }
        let knows_more = !known.is_empty() || (!has_copy && (is_new || self.claim.is_some()));
        let waiting = if knows_more || is_new { self.waiting_for(&store).await } else { WaitingFacts::default() };
        if knows_more {
            self.know_queued(&waiting, 0, &mut known);
            self.take_over(String::new(), known).await;
        }
        if is_new {
            self.tell_queued(waiting.acknowledgements).await;
        }
        if self.claim.is_some() {
            self.holding = Some(ActingLease { store, fence, since, began: now });
            self.unattended_for = Some(unattended_for);
        }
    }

    /// Claims the right to act with the lease that is held, and leaves it with that.
    pub(super) async fn claim_held(&mut self) {
        match self.holding.as_ref().map(|holding| holding.store.clone()) {
            Some(store) => self.claim(&store).await,
            None => self.claim = None,
        }
    }

    /// Claims the right to act for this store, so that nobody who starts while it is away begins to.
    async fn claim(&mut self, store: &str) {
        if self.claim.as_ref().is_some_and(|claim| claim.is_of(store)) {
            return;
        }
        let (state, store) = (self.state_directory.clone(), store.to_owned());
        self.claim = match tokio::task::spawn_blocking(move || ActingClaim::take(&state, &store)).await {
            Ok(Ok(claim)) => claim,
            Ok(Err(error)) => {
                tracing::warn!(%error, "who acts while the store is away can't be noted");
                None
            }
            Err(_) => None,
        };
    }

    /// Puts into the newest of what engines knew what their holder queued since: each status is queued at once, and what an engine
    /// knows is kept every few seconds, where there is room for it. What was said by a fence before `fence` is left out: somebody
    /// has acted since.
    fn know_queued(&self, waiting: &WaitingFacts, fence: u64, known: &mut Vec<(EngineState, Duration)>) {
        let queued: Vec<_> = waiting.statuses.iter().filter(|(_, said)| said.fence >= fence).collect();
        let Some(last) = queued.iter().map(|(at, _)| *at).max() else { return };
        if known.is_empty() {
            known.push((EngineState { version: ENGINE_VERSION, ..EngineState::default() }, Duration::MAX));
        }
        let Some((engine, unseen)) = known.first_mut() else { return };
        engine.settled(queued.iter().map(|(_, said)| said));
        *unseen = (*unseen).min((self.clock.now().utc - last).to_std().unwrap_or_default());
    }

    /// Tells what engines knew, each with for how long nobody has seen more, but not what was told last.
    async fn take_over(&mut self, store: String, known: Vec<(EngineState, Duration)>) {
        let engines = known.iter().map(|(engine, _)| engine.clone()).collect();
        let before = self.resumed.replace((store.clone(), engines));
        let told = before.filter(|(id, _)| *id == store || id.is_empty()).map(|(_, told)| told).unwrap_or_default();
        for (engine, unseen) in known.into_iter().filter(|(engine, _)| !told.contains(engine)) {
            // Known again once the engine has taken it in: until then it would hide this one from whoever comes next.
            self.engine = None;
            self.outcomes.send(Outcome::Engine { engine: Box::new(engine), unseen }).await.ok();
        }
    }

    /// Keeps what the engine knows: in the store, or beside the queue where that can't be written.
    pub(super) async fn keep_engine(&mut self) {
        let (Some(holding), Some(engine)) = (&self.holding, &self.engine) else { return };
        let Some(store) = self.store().filter(|store| store.id() == holding.store) else {
            return self.copy_engine().await;
        };
        if self.is_engine_kept {
            return;
        }
        let Ok(body) = engine_body::packed(engine) else { return };
        match store.keep_engine(holding.fence, &body).await {
            Ok(kept) => {
                self.is_engine_kept = true;
                if kept == HeldWrite::Done {
                    let (state, id) = (self.state_directory.clone(), holding.store.clone());
                    let removed = tokio::task::spawn_blocking(move || EngineCopy::remove(&state, &id)).await;
                    if let Ok(Err(error)) = removed {
                        tracing::warn!(%error, "the copy of what the engine knew stays");
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "what the engine knows could not be kept");
                self.copy_engine().await;
            }
        }
    }

    /// Keeps it beside the queue: also where the store knows it, since it does not know up to when it held.
    pub(super) async fn copy_engine(&mut self) {
        let (Some(holding), Some(engine)) = (&self.holding, &self.engine) else { return };
        let copy = EngineCopy {
            store: holding.store.clone(),
            place: self.place.as_ref().map(StoreAddress::name),
            at: self.clock.now().utc,
            seen_at: self.seen_at().or(self.seen_before),
            fence: holding.fence,
            began_anew: self.began_anew,
            engine: Arc::clone(engine),
        };
        let state = self.state_directory.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || copy.write(&state)).await {
            tracing::warn!(%error, "what the engine knows could not be kept beside the queue");
        }
    }
}

/// What an engine knew, where this version can read it.
fn usable(engine: EngineState) -> Option<EngineState> {
    let is_usable = engine.version == ENGINE_VERSION;
    if !is_usable {
        tracing::warn!(version = engine.version, "the state of the engine has another version");
    }
    is_usable.then_some(engine)
}

/// The same of what the store keeps.
fn usable_body(body: &[u8]) -> Option<EngineState> {
    let engine = engine_body::unpacked::<EngineState>(body);
    let engine = engine.inspect_err(|error| tracing::warn!(%error, "the state of the engine makes no sense")).ok()?;
    usable(engine)
}
