//! The console's part in the lease: a turn every few seconds, and what only its holder writes.
//!
//! *Invariant:* what the holder says is on record, in the queue (in memory where the disk has no room for it), refused because
//! another one holds the lease, or counted as dropped. It is said in its order.

mod acting;
mod commands;
mod engine;
mod late;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use self::acting::ActingLease;
pub(crate) use self::commands::LateRecorder;
use self::commands::{HolderCommand, HolderCommands};
use self::late::Unqueued;
use super::effects::StoreState;
use super::identity::Identity;
use super::tasks::Tasks;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::effect::HolderEffect;
use crate::model::engine::EngineState;
use crate::model::fact::{NewFact, Statement};
use crate::model::lease::{LateFigures, LeaseCandidate, LeaseReport, LeaseView, RENEWED_EVERY};
use crate::model::outcome::Outcome;
use crate::store::acting::ActingClaim;
use crate::store::address::StoreAddress;
use crate::store::lease::HeldWrite;
use crate::store::queue::LateQueue;
use crate::store::{Store, StoreError, new_fact};

/// Commands that may wait: one a tick, for as long as a store may hang.
const COMMANDS: usize = 1024;
/// A holder that dies is succeeded sooner.
const LATE_BY: TimeDelta = TimeDelta::minutes(1);
/// How long giving the lease back may take at the end: it expires by itself.
const LEAVING: Duration = Duration::from_millis(600);

/// The console's end of the task.
pub(crate) struct LeaseTask {
    commands: HolderCommands,
    received: Arc<Mutex<mpsc::Receiver<HolderCommand>>>,
    /// The configuration by which is acted, and whether this console only looks on.
    configuration: watch::Sender<(Arc<Config>, bool)>,
    outcomes: mpsc::Sender<Outcome>,
    clock: Clock,
    /// Whether it takes part as a watcher, to which consoles yield.
    is_watcher: bool,
}

impl LeaseTask {
    /// A task that is not started yet. What it learns goes to `outcomes`.
    pub(crate) fn new(clock: Clock, config: &Arc<Config>, outcomes: mpsc::Sender<Outcome>) -> Self {
        let (commands, received) = mpsc::channel(COMMANDS);
        let configuration = watch::Sender::new((Arc::clone(config), config.console.read_only));
        let commands = HolderCommands { commands, outcomes: outcomes.clone(), lost: Arc::default() };
        let received = Arc::new(Mutex::new(received));
        Self { commands, received, configuration, outcomes, clock, is_watcher: false }
    }

    /// The same for a watcher: consoles yield to it.
    pub(crate) fn preferred(self) -> Self {
        Self { is_watcher: true, ..self }
    }

    /// Takes part from now on, in whichever store is open.
    /// `place` is where that is, as far as it is known before.
    pub(super) fn start(
        &self,
        tasks: &mut Tasks,
        stores: &watch::Receiver<StoreState>,
        state_directory: &Path,
        place: Option<StoreAddress>,
    ) {
        let identity = Identity::present();
        let id = format!("{}.{}.{:012x}", identity.host, std::process::id(), fastrand::u64(..1 << 48));
        let (received, outcomes, clock, stores) =
            (Arc::clone(&self.received), self.outcomes.clone(), self.clock, stores.clone());
        let (configuration, state_directory) = (self.configuration.subscribe(), state_directory.to_owned());
        let (lost, watcher) = (Arc::clone(&self.commands.lost), self.is_watcher);
        tasks.supervise("lease", tasks.token(), move |token| {
            let participant = LeaseParticipant {
                me: LeaseCandidate {
                    id: id.clone(),
                    who: identity.who.clone(),
                    watcher,
                    digest: String::new(),
                    looks_on: true,
                },
                host: identity.host.clone(),
                clock,
                outcomes: outcomes.clone(),
                stores: stores.clone(),
                configuration: configuration.clone(),
                state_directory: state_directory.clone(),
                place: place.clone(),
                is_reader: false,
                view: LeaseView::Unknown,
                unattended_for: None,
                holding: None,
                claim: None,
                engine: None,
                is_engine_kept: false,
                resumed: None,
                seen: None,
                seen_before: None,
                began_anew: false,
                waiting: 0,
                unqueued: Unqueued::default(),
                dropped: 0,
                lost: Arc::clone(&lost),
                reported: LeaseReport::default(),
                trouble: None,
            };
            let received = Arc::clone(&received);
            async move { participant.run(&mut *received.lock().await, token).await }
        });
    }

    /// The configuration by which is acted from now on. Who only looks on never holds the lease.
    pub(crate) fn configured(&self, config: &Arc<Config>, looks_on: bool) {
        self.configuration.send_replace((Arc::clone(config), looks_on));
    }

    /// The configuration by which is acted, and whether this console only looks on.
    pub(super) fn configuration(&self) -> watch::Receiver<(Arc<Config>, bool)> {
        self.configuration.subscribe()
    }

    /// Where others of this console leave what is to be put on record once the store is back.
    pub(super) fn late_recorder(&self) -> LateRecorder {
        LateRecorder { commands: self.commands.clone(), clock: self.clock }
    }

    /// Carries out what only the holder does. Of a console that does not hold the lease, nothing comes of it.
    pub(crate) fn execute(&self, effect: HolderEffect) {
        self.commands.tell(match effect {
            // Sent by the console itself: the holder only puts on record what became of it.
            HolderEffect::Notify(_) => return,
            HolderEffect::Append(said) => HolderCommand::Append(self.clock.now().utc, said),
            HolderEffect::AppendMissed(said) => HolderCommand::AppendMissed(self.clock.now().utc, said),
            HolderEffect::KeepEngine(engine) => HolderCommand::Keep(engine),
        });
    }
}

struct LeaseParticipant {
    me: LeaseCandidate,
    host: String,
    clock: Clock,
    outcomes: mpsc::Sender<Outcome>,
    stores: watch::Receiver<StoreState>,
    configuration: watch::Receiver<(Arc<Config>, bool)>,
    state_directory: PathBuf,
    place: Option<StoreAddress>,
    /// Whether the store that was open last may only be read here.
    is_reader: bool,
    view: LeaseView,
    /// Where it was taken at this turn: for how long nobody had acted.
    unattended_for: Option<Duration>,
    /// The lease that is ours, or was when the store went away.
    holding: Option<ActingLease>,
    /// Held with it: others that start while that store is away do not begin.
    claim: Option<ActingClaim>,
    /// What the engine knew last, and whether the store knows it too.
    engine: Option<Arc<EngineState>>,
    is_engine_kept: bool,
    /// What was taken over last: the store (empty while that is away), and what its engines knew.
    resumed: Option<(String, Vec<EngineState>)>,
    /// When the store was last seen, by the clock of this host, and its id.
    seen: Option<(DateTime<Utc>, String)>,
    /// When those saw it last whom this process succeeds.
    seen_before: Option<DateTime<Utc>>,
    /// Whether it began while the store was away, knowing nothing of the engine of before: the store knows that.
    began_anew: bool,
    /// Facts in the queue of the store that is or was open, those that the disk has no room for, and those that had none
    /// anywhere.
    waiting: usize,
    unqueued: Unqueued,
    dropped: usize,
    /// Facts that did not come as far as here: the way was full.
    lost: Arc<AtomicUsize>,
    reported: LeaseReport,
    /// What was wrong at the last turn: said once.
    trouble: Option<String>,
}

impl LeaseParticipant {
    async fn run(mut self, commands: &mut mpsc::Receiver<HolderCommand>, token: CancellationToken) {
        let mut turns = tokio::time::interval(RENEWED_EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Known before the first turn, though nobody has changed it.
        self.configuration.mark_changed();
        let mut is_due = false;
        loop {
            tokio::select! {
                biased;
                () = token.cancelled() => break,
                Ok(()) = self.configuration.changed() => {
                    // Seen by the turn.
                    self.configuration.mark_changed();
                    self.turn().await;
                }
                Some(command) = commands.recv() => {
                    is_due |= self.obey(command).await;
                    // One turn for all that waits.
                    if is_due && commands.is_empty() {
                        is_due = false;
                        self.turn().await;
                    }
                }
                Ok(()) = self.stores.changed() => self.turn().await,
                _ = turns.tick() => self.turn().await,
                else => break,
            }
        }
        let last = async {
            while let Ok(command) = commands.try_recv() {
                is_due |= self.obey(command).await;
            }
            if is_due {
                self.turn().await;
            }
            self.leave().await;
        };
        tokio::time::timeout(LEAVING, last).await.ok();
    }

    fn store(&self) -> Option<Store> {
        match &*self.stores.borrow() {
            StoreState::Open(run_service) => Some(run_service.store().clone()),
            StoreState::Opening | StoreState::Closed(_) => None,
        }
    }

    fn seen_at(&self) -> Option<DateTime<Utc>> {
        self.seen.as_ref().map(|(at, _)| *at)
    }

    /// True: a turn is due, once nothing waits behind it.
    async fn obey(&mut self, command: HolderCommand) -> bool {
        match command {
            HolderCommand::Append(at, said) => self.append(at, said).await,
            HolderCommand::AppendMissed(at, said) => self.append_missed(at, said).await,
            HolderCommand::Keep(engine) => {
                (self.engine, self.is_engine_kept) = (Some(engine), false);
                self.keep_engine().await;
            }
            HolderCommand::Late(at, said) => return self.say_late(at, said).await,
            HolderCommand::LateFacts(drafts, queued) => return self.queue_facts(drafts, queued).await,
        }
        false
    }

    /// One look at the lease, and what follows from it.
    async fn turn(&mut self) {
        // Seen by this: a change after it is another turn.
        self.stores.mark_unchanged();
        if self.configuration.has_changed().unwrap_or_default() {
            let config = Arc::clone(&self.configuration.borrow_and_update().0);
            self.me.digest = config.digest();
        }
        let store = self.store();
        if let Some(store) = &store {
            self.is_reader = store.is_read_only();
        }
        self.me.looks_on = self.is_reader || self.configuration.borrow().1;
        self.unattended_for = None;
        let turn = match store {
            Some(store) => {
                if self.holding.as_ref().is_some_and(|holding| holding.store != store.id()) {
                    self.holding = None;
                }
                self.lease_turn(&store).await.map(|view| Some((store, view)))
            }
            None => Ok(None),
        };
        let trouble = turn.as_ref().err().map(ToString::to_string);
        if let Ok(Some((store, view))) = turn {
            self.seen(&store, view).await;
        } else {
            self.resume_away().await;
            self.claim_held().await;
            self.queue_again().await;
            self.go_on();
            self.copy_engine().await;
        }
        if let Some(trouble) = trouble.as_ref().filter(|trouble| self.trouble.as_ref() != Some(trouble)) {
            tracing::warn!(%trouble, "the lease");
        }
        self.trouble = trouble;
        self.report().await;
    }

    /// A turn at the lease of a store that answers. For how long nobody renewed it can be asked before it is taken only.
    async fn lease_turn(&mut self, store: &Store) -> Result<LeaseView, StoreError> {
        let may_take = self.holding.is_none() && !self.me.looks_on;
        let unattended_for = if may_take { Some(store.unattended_for().await?) } else { None };
        let view = store.lease_turn(&self.me, self.clock.now().utc).await?;
        self.unattended_for = unattended_for.filter(|_| view.fence().is_some());
        Ok(view)
    }

    async fn seen(&mut self, store: &Store, view: LeaseView) {
        let (now, before) = (self.clock.now().utc, self.holding.take());
        if let LeaseView::Ours { fence, since } = view {
            let began = before.filter(|before| before.fence == fence).map_or(now, |before| before.began);
            self.holding = Some(ActingLease { store: store.id().to_owned(), fence, since, began });
        }
        self.seen = Some((now, store.id().to_owned()));
        self.claim_held().await;
        let is_alike = !matches!(view, LeaseView::OtherConfiguration(_));
        self.view = view;
        // Also who only looks on: what fires does so since the holder saw it.
        if is_alike {
            self.resume(store).await;
        }
        if !self.me.looks_on {
            self.send_late(store).await;
        }
        self.keep_engine().await;
    }

    /// The last holder goes on while the store is away, or who succeeded it here; others do not begin.
    fn go_on(&mut self) {
        self.view = match &self.holding {
            Some(ActingLease { fence, since, .. }) => LeaseView::Away { fence: *fence, since: *since },
            None => LeaseView::Unknown,
        };
    }

    async fn append(&mut self, at: DateTime<Utc>, said: Vec<Statement>) {
        let Some(holding) = self.holding.clone() else { return };
        let draft = |said: Statement| new_fact(said.began().unwrap_or(at), &self.me.who, &self.host, said);
        // What changed long before this process acted is history, which nobody put on record then.
        let is_late = |draft: &NewFact| holding.began - draft.at > LATE_BY;
        let drafts = said.into_iter().map(draft).map(|draft| NewFact { late: is_late(&draft), ..draft });
        let drafts: Vec<NewFact> = drafts.collect();
        let store = self.store().filter(|store| store.id() == holding.store);
        // What waits comes first.
        if let Some(store) = store.filter(|_| self.waiting + self.unqueued.facts.len() == 0) {
            match store.append_held(holding.fence, drafts.clone()).await {
                Ok(HeldWrite::Done) => return,
                Ok(HeldWrite::Lost) => return self.turn().await,
                Err(error) => tracing::warn!(%error, "the holder's facts could not be put on record"),
            }
        }
        self.queue(&holding.store, drafts).await;
        if matches!(self.view, LeaseView::Ours { .. }) {
            self.go_on();
        }
        self.report().await;
    }

    async fn leave(&mut self) {
        self.keep_engine().await;
        self.queue_again().await;
        if let (Some(holding), Some(store)) = (&self.holding, self.store())
            && let Err(error) = store.give_back(holding.fence).await
        {
            tracing::warn!(%error, "the lease could not be given back");
        }
    }

    /// Says how it stands, where that has changed.
    async fn report(&mut self) {
        let id = self.holding.as_ref().map(|holding| holding.store.clone());
        let id = id.or_else(|| self.store().map(|store| store.id().to_owned())).unwrap_or_default();
        let queue = LateQueue::of(&self.state_directory, &id);
        let others = tokio::task::spawn_blocking(move || queue.others()).await.unwrap_or_default();
        let others = if id.is_empty() { self.reported.others.clone() } else { others };
        let in_memory = self.unqueued.facts.len();
        let dropped = self.dropped + self.lost.load(Ordering::Relaxed);
        let late = LateFigures { on_disk: self.waiting, in_memory, dropped };
        let unqueued = self.unqueued.why.clone().filter(|_| in_memory > 0);
        let (view, unattended_for) = (self.view.clone(), self.unattended_for);
        let report = LeaseReport { view, unattended_for, late, unqueued, others };
        if report != self.reported {
            self.reported = report.clone();
            self.outcomes.send(Outcome::Lease(Box::new(report))).await.ok();
        }
    }
}

#[cfg(test)]
mod tests;
