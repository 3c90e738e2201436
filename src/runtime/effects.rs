//! Carrying effects out, off the loop; what comes of them returns as outcomes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::ack_links::SharedLinkKey;
use super::attaching::{follow_directory, intent_of, unreadable};
use super::foreground::ForegroundRun;
use super::handover::fetch_choices;
use super::lease::LateRecorder;
use super::notifying::SharedClient;
use super::runs::{BegunRun, Refusal, RunService};
use super::secrets::SecretsHandle;
use super::stopping::Recorded;
use super::tasks::Tasks;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::effect::{RequestId, StartRun};
use crate::model::fact::Statement;
use crate::model::outcome::Outcome;
use crate::model::run::{Cancelled, Run, Stopping};
use crate::sources::heartbeats;
use crate::store::Store;
use crate::store::address::StoreAddress;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::secret::Template;

/// How long who needs a store that is away waits for the next try. A locked one answers after five seconds.
pub(super) const ANSWER: Duration = Duration::from_secs(7);
/// How long the last checkpoint may take at the end.
const CLOSING: Duration = Duration::from_millis(500);

/// What runs are asked of, while its store comes and goes.
#[derive(Clone)]
pub(super) enum StoreState {
    /// The store is being opened.
    Opening,
    Open(Box<RunService>),
    /// It can't be opened, in words.
    Closed(SafeText),
}

/// What a task of an effect needs. Cheap to clone.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) outcomes: mpsc::Sender<Outcome>,
    pub(super) run_service: watch::Receiver<StoreState>,
    /// The one that was open last, though its store may be away: stopping a run needs none.
    last: Arc<Mutex<Option<RunService>>>,
    /// Wakes whoever watches the runs: there is one more.
    pub(super) started: Arc<Notify>,
    /// Wakes whoever waits to try the store again: a person needs it.
    pub(super) wanted: Arc<Notify>,
    /// Whether this console only looks on, and makes no store.
    pub(super) looks_on: watch::Receiver<bool>,
    pub(super) secrets_handle: SecretsHandle,
    pub(super) state_directory: Arc<Path>,
    /// Takes what is to be put on record once the store is back; `None`: this console takes no part in that.
    pub(super) late: Option<LateRecorder>,
    pub(super) notify_client: SharedClient,
    /// What signs the links in messages; `None`: nobody here would answer who follows one.
    pub(super) link_key: Option<SharedLinkKey>,
    /// The run that waits for the terminal.
    foreground: Arc<Mutex<Option<ForegroundRun>>>,
}

/// The runner of effects.
pub(crate) struct Effects {
    pub(super) tools: Tools,
    run_service: watch::Sender<StoreState>,
    looks_on: watch::Sender<bool>,
    following: HashMap<Name, CancellationToken>,
}

impl Effects {
    /// A runner that answers to `outcomes` and writes into `state_directory`.
    pub(crate) fn new(
        outcomes: mpsc::Sender<Outcome>,
        secrets_handle: SecretsHandle,
        state_directory: PathBuf,
        late: Option<LateRecorder>,
    ) -> Self {
        let (sender, run_service) = watch::channel(StoreState::Opening);
        let (looking_on, looks_on) = watch::channel(false);
        heartbeats::use_directory(&state_directory);
        let state_directory = state_directory.into();
        Self {
            tools: Tools {
                outcomes,
                run_service,
                last: Arc::default(),
                started: Arc::default(),
                wanted: Arc::default(),
                looks_on,
                secrets_handle,
                state_directory,
                late,
                notify_client: SharedClient::default(),
                link_key: None,
                foreground: Arc::default(),
            },
            run_service: sender,
            looks_on: looking_on,
            following: HashMap::new(),
        }
    }

    /// Says whether this console only looks on. One that does so no more makes the store that is missing.
    pub(crate) fn looks_on(&self, looks_on: bool) {
        if self.looks_on.send_replace(looks_on) && !looks_on {
            self.tools.wanted.notify_one();
        }
    }

    /// Opens the store, takes in what ran without us, and watches what runs.
    /// `place` is where it is, as far as that is known before it is opened.
    pub(crate) fn start(
        &mut self,
        tasks: &mut Tasks,
        clock: Clock,
        store: Option<Template>,
        place: Option<StoreAddress>,
    ) {
        let (sender, tools, token) = (self.run_service.clone(), self.tools.clone(), tasks.token());
        tasks.supervise("store", token, move |token| {
            let (sender, tools, store, place) = (sender.clone(), tools.clone(), store.clone(), place.clone());
            async move {
                tokio::select! {
                    () = token.cancelled() => {}
                    () = tools.open(&sender, store.as_ref(), place.as_ref(), clock) => {}
                }
            }
        });
    }

    /// Leaves the store with everything in its one file.
    pub(crate) async fn close(&self) {
        let StoreState::Open(run_service) = self.tools.run_service.borrow().clone() else { return };
        tokio::time::timeout(CLOSING, run_service.close()).await.ok();
    }

    /// Follows a run's output from its beginning; who followed it before follows it no more.
    pub(super) fn follow(&mut self, tasks: &mut Tasks, request: RequestId, run: Name) {
        let (tools, token) = (self.tools.clone(), tasks.token());
        if let Some(old) = self.following.insert(run.clone(), token.clone()) {
            old.cancel();
        }
        tasks.once("output", async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = tools.follow(request, &run) => {}
            }
        });
    }

    /// The run that waits for the terminal, once.
    pub(super) fn foreground(&self) -> Option<ForegroundRun> {
        self.tools.waiting().take()
    }

    /// Says something that went well. Dropped where the person has not read the last 256 of them.
    pub(crate) fn say(&self, words: &str) {
        self.tools.outcomes.try_send(Outcome::Said(SafeText::new(words))).ok();
    }

    /// Says what failed.
    pub(crate) fn fail(&self, words: &str) {
        self.tools.outcomes.try_send(Outcome::Failed(SafeText::new(words))).ok();
    }
}

impl Tools {
    /// Nobody listens any more only where the console is ending.
    pub(super) async fn answer(&self, outcome: Outcome) {
        self.outcomes.send(outcome).await.ok();
    }

    /// The store, where it is open now.
    pub(super) fn open_store(&self) -> Option<Store> {
        match &*self.run_service.borrow() {
            StoreState::Open(run_service) => Some(run_service.store().clone()),
            StoreState::Opening | StoreState::Closed(_) => None,
        }
    }

    /// The store, once it is open; why not, where it can't be.
    pub(super) async fn store(&self) -> Result<Store, SafeText> {
        self.run_service().await.map(|run_service| run_service.store().clone())
    }

    /// The service of runs, once the store is open; why not, where it can't be. One that is away is tried again first.
    pub(super) async fn run_service(&self) -> Result<RunService, SafeText> {
        let mut run_service = self.run_service.clone();
        if matches!(*run_service.borrow_and_update(), StoreState::Closed(_)) {
            self.wanted.notify_one();
            tokio::time::timeout(ANSWER, run_service.changed()).await.ok();
        }
        match run_service.wait_for(|run_service| !matches!(run_service, StoreState::Opening)).await.as_deref() {
            Ok(StoreState::Open(run_service)) => Ok(*run_service.clone()),
            Ok(StoreState::Closed(why)) => Err(why.clone()),
            Ok(StoreState::Opening) | Err(_) => Err(SafeText::new("the console is ending")),
        }
    }

    pub(super) async fn run(mut self, request: RequestId, start: &StartRun, config: &Config) {
        let secrets = self.secrets_handle.secrets().await;
        let begun = match self.run_service().await {
            // Never cut short: between the intent and the supervisor nobody else could tell what happened.
            Ok(run_service) => run_service.begin_here(start, config, &secrets).await,
            Err(why) => Err(Refusal::without_store(start, why)),
        };
        match begun {
            Ok(BegunRun { run, foreground }) => {
                if foreground.is_some() {
                    *self.waiting() = foreground;
                }
                self.answer(Outcome::RunStarted { request, run: Box::new(run) }).await;
                self.started.notify_one();
            }
            Err(Refusal { reason, unrecorded }) => {
                if let (Some(said), Some(late)) = (unrecorded, &self.late) {
                    late.record(said);
                }
                let (action, why) = (start.plan.action.clone(), reason.explained());
                self.answer(Outcome::RunRefused { request, action, why }).await;
            }
        }
    }

    pub(super) async fn verify_now(mut self, request: RequestId, run: &Name, config: &Config) {
        let secrets = self.secrets_handle.secrets().await;
        let begun = match self.run_service().await {
            Ok(run_service) => run_service.verify_now(run, config, &secrets).await,
            Err(why) => Err(why),
        };
        match begun {
            Ok(run) => {
                self.answer(Outcome::RunVerifying { request, run: Box::new(run) }).await;
                self.started.notify_one();
            }
            Err(why) => self.answer(Outcome::RequestFailed { request, why }).await,
        }
    }

    pub(super) async fn choices(mut self, request: RequestId, action: &Name, config: &Config) {
        let secrets = self.secrets_handle.secrets().await;
        let choices = fetch_choices(config, action, &secrets).await;
        self.answer(Outcome::Choices { request, action: action.clone(), choices }).await;
    }

    pub(super) async fn stop(self, request: RequestId, run: &Run) {
        let say = |stopping| {
            let told = Outcome::RunStopping { run: run.id.clone(), stopping };
            // What is not taken now is said again by whoever watches the run.
            self.outcomes.try_send(told).ok();
        };
        let stopped = self.try_stop(run, say).await.map_err(|why| {
            say(Stopping::Failed(why.clone()));
            SafeText::new(&format!("{} was not stopped: {why}", run.action))
        });
        self.close_request(request, stopped).await;
    }

    async fn try_stop(&self, run: &Run, say: impl Fn(Stopping) + Copy) -> Result<(), SafeText> {
        let last = self.last().clone();
        let run_service = match last {
            Some(run_service) => run_service,
            None => self.run_service().await?,
        };
        match run_service.stop(run, say).await? {
            Recorded::BySupervisor => {}
            recorded @ Recorded::ByUs(_) => self.record_stop(run, &recorded).await,
        }
        Ok(())
    }

    /// The answer to a request of which nothing more is to be said than whether it was done.
    async fn close_request(&self, request: RequestId, done: Result<(), SafeText>) {
        self.answer(match done {
            Ok(()) => Outcome::Completed { request },
            Err(why) => Outcome::RequestFailed { request, why },
        })
        .await;
    }

    /// Puts on record that a run was stopped, in the store that answers by then.
    async fn record_stop(&self, run: &Run, recorded: &Recorded) {
        let Recorded::ByUs(Cancelled { at, .. }) = recorded else { return };
        loop {
            let why = match self.run_service().await {
                Ok(run_service) => match run_service.record_stop(run, recorded).await {
                    Ok(()) => return,
                    Err(error) => SafeText::new(&error.to_string()),
                },
                Err(why) => why,
            };
            tracing::warn!(%why, run = %run.id, "that a run was stopped is not on record yet");
            // What waits on disk waits longer than this console.
            if let Some(late) = &self.late {
                return late.record_at(*at, Statement::RunCancelled { run: run.id.clone() });
            }
            tokio::time::sleep(ANSWER).await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Option<ForegroundRun>> {
        self.foreground.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn last(&self) -> MutexGuard<'_, Option<RunService>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn follow(self, request: RequestId, run: &Name) {
        let is_away = matches!(*self.run_service.borrow(), StoreState::Closed(_));
        // A run that goes on here is read from its directory: that needs no store.
        let ours = intent_of(&self.state_directory.join("runs"), run).filter(|_| is_away);
        let followed = match ours {
            Some((dir, _)) => {
                let followed = follow_directory(dir, run, &self.outcomes).await;
                followed.map_err(|error| SafeText::new(&unreadable(&error)))
            }
            None => match self.run_service().await {
                Ok(run_service) => run_service.follow(run, &self.outcomes).await,
                Err(why) => Err(why),
            },
        };
        self.close_request(request, followed).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::runtime::secrets::SecretStore;

    #[tokio::test]
    async fn who_looks_on_no_more_tries_the_store_at_once() {
        let handle = SecretStore::default().secrets_handle();
        let effects = Effects::new(mpsc::channel(1).0, handle, PathBuf::new(), None);
        let is_woken = || effects.tools.wanted.notified().now_or_never().is_some();
        for (looks_on, wakes) in [(false, false), (true, false), (false, true), (false, false)] {
            effects.looks_on(looks_on);
            assert_eq!((is_woken(), *effects.tools.looks_on.borrow()), (wakes, looks_on));
        }
    }
}
