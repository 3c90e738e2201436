//! Who else uses the store: each console says that it is here and on which screen, and looks who else is.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::effects::Tools;
use super::identity::Identity;
use super::looked;
use super::tasks::Tasks;
use crate::app::state::State;
use crate::clock::Clock;
use crate::model::outcome::Outcome;
use crate::model::presence::{ANNOUNCED_EVERY, FOLLOWED_EVERY, LOOKED_EVERY, Presence, PresenceView, SAID_AFTER};
use crate::store::{Store, StoreError};
use crate::text::SafeText;
use crate::text::redact::Redactor;

/// How long the last word may take at the end: who is silent is gone after a while.
const LEAVING: Duration = Duration::from_millis(400);

/// A screen by its name, and what it shows.
type Shown = (String, PresenceView);

/// The console's end of the task.
pub(super) struct PresenceTask {
    /// The screen that is shown and what of it; empty of a watcher.
    shown: watch::Sender<Shown>,
    /// Whether this console follows a colleague's.
    follows: watch::Sender<bool>,
    is_watcher: bool,
}

impl PresenceTask {
    pub(super) fn new(is_watcher: bool) -> Self {
        Self { shown: watch::Sender::default(), follows: watch::Sender::new(false), is_watcher }
    }

    /// Starts the task. A console that only looks on sees others, and writes nothing.
    pub(super) fn start(&self, tasks: &mut Tasks, tools: &Tools, clock: Clock) {
        let (shown, follows) = (self.shown.subscribe(), self.follows.subscribe());
        let (tools, is_watcher, token) = (tools.clone(), self.is_watcher, tasks.token());
        let identity = Identity::present();
        let id = format!("{}.{}.{:012x}", identity.host, std::process::id(), fastrand::u64(..1 << 48));
        tasks.supervise("presence", token, move |token| {
            let task = Attendance {
                id: id.clone(),
                identity: identity.clone(),
                is_watcher,
                clock,
                tools: tools.clone(),
                shown: shown.clone(),
                follows: follows.clone(),
                began: None,
                announced: None,
                reported: Vec::new(),
                looked: None,
            };
            async move { task.run(&token).await }
        });
    }

    /// What is shown from now on, and whether that is a colleague's screen: then one looks more often what it shows.
    pub(super) fn shows(&self, state: &State) {
        let (screen, view) = (state.console.screen.name(), state.view_of_screen());
        self.follows.send_if_modified(|known| std::mem::replace(known, view.follows) != view.follows);
        self.shown.send_if_modified(|shown| {
            let is_other = !self.is_watcher && (shown.0 != screen || shown.1 != view);
            if is_other {
                *shown = (screen.to_owned(), view);
            }
            is_other
        });
    }
}

struct Attendance {
    id: String,
    identity: Identity,
    is_watcher: bool,
    clock: Clock,
    tools: Tools,
    shown: watch::Receiver<Shown>,
    follows: watch::Receiver<bool>,
    /// By the clock of the store in which it began.
    began: Option<DateTime<Utc>>,
    /// What was said last, in which store, and when by the monotonic clock.
    announced: Option<(String, Presence, Duration)>,
    reported: Vec<Presence>,
    /// The store of which this person was told what they missed.
    looked: Option<String>,
}

impl Attendance {
    async fn run(mut self, token: &CancellationToken) {
        let mut turns = tokio::time::interval(LOOKED_EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = tokio::time::interval(FOLLOWED_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let follows = *self.follows.borrow_and_update();
            tokio::select! {
                biased;
                () = token.cancelled() => break,
                Ok(()) = self.tools.run_service.changed() => {}
                Ok(()) = self.follows.changed() => {}
                () = moved(&mut self.shown) => {}
                _ = looks.tick(), if follows => {}
                _ = turns.tick() => {}
            }
            // One that hangs holds nobody up at the end.
            tokio::select! {
                biased;
                () = token.cancelled() => break,
                () = self.turn() => {}
            }
        }
        self.note_look().await;
        if let (Some(store), Some(_)) = (self.tools.open_store(), &self.announced) {
            tokio::time::timeout(LEAVING, store.withdraw_presence(&self.id)).await.ok();
        }
    }

    async fn turn(&mut self) {
        self.tools.run_service.mark_unchanged();
        let present = match self.tools.open_store() {
            Some(store) => {
                self.tell_missed(&store).await;
                self.meet(&store).await
            }
            None => Ok(Vec::new()),
        };
        let present = match present {
            Ok(present) => present,
            Err(error) => {
                tracing::debug!(%error, "who else is here can't be read");
                return;
            }
        };
        if present != self.reported {
            self.reported.clone_from(&present);
            self.tools.answer(Outcome::Present(present)).await;
        }
    }

    /// Says once what this person missed in a store.
    async fn tell_missed(&mut self, store: &Store) {
        if self.is_watcher || self.looked.as_deref() == Some(store.id()) {
            return;
        }
        let now = self.clock.now().utc;
        match looked::since(&self.tools.state_directory, store, &self.identity.who, now).await {
            Ok(missed) => {
                self.looked = Some(store.id().to_owned());
                self.tools.answer(missed).await;
            }
            Err(error) => tracing::debug!(%error, "what was missed can't be read"),
        }
    }

    /// Notes that this person has looked until now.
    async fn note_look(&self) {
        let Some(store) = self.looked.clone() else { return };
        let (state, at) = (std::sync::Arc::clone(&self.tools.state_directory), self.clock.now().utc);
        tokio::task::spawn_blocking(move || looked::note(&state, &store, at)).await.ok();
    }

    async fn meet(&mut self, store: &Store) -> Result<Vec<Presence>, StoreError> {
        let looks_on = *self.tools.looks_on.borrow() || store.is_read_only();
        if !looks_on {
            if let Some(others) = self.announce(store).await? {
                return Ok(others);
            }
        } else if self.announced.take().is_some() && !store.is_read_only() {
            store.withdraw_presence(&self.id).await?;
        }
        store.present(Some(&self.id)).await
    }

    fn redactor(&self) -> Redactor {
        let secrets = self.tools.secrets_handle.latest();
        secrets.borrow().as_deref().map_or_else(Redactor::default, Redactor::from)
    }

    /// Says that it is here where that is due, or where another screen is shown; who else is here was read then.
    async fn announce(&mut self, store: &Store) -> Result<Option<Vec<Presence>>, StoreError> {
        let since = match self.began {
            Some(began) => began,
            None => *self.began.insert(store.now().await?),
        };
        let (screen, view) = self.shown.borrow_and_update().clone();
        // What was typed into a filter may be a secret.
        let filter = self.redactor().redact(view.filter.as_str()).into_owned();
        let presence = Presence {
            who: SafeText::new(&self.identity.who),
            host: SafeText::new(&self.identity.host),
            pid: std::process::id(),
            watcher: self.is_watcher,
            screen: SafeText::new(&screen),
            since,
            view: PresenceView { filter: SafeText::new(&filter), ..view },
        };
        let now = self.clock.now().mono;
        let is_said = |(id, said, at): &(String, Presence, Duration)| {
            id == store.id() && *said == presence && now.saturating_sub(*at) < ANNOUNCED_EVERY
        };
        if self.announced.as_ref().is_some_and(is_said) {
            return Ok(None);
        }
        let others = store.announce_presence(&self.id, &presence).await?;
        self.announced = Some((store.id().to_owned(), presence, now));
        Ok(Some(others))
    }
}

/// Waits until another screen is shown, and for what follows at once.
async fn moved(shown: &mut watch::Receiver<Shown>) {
    if shown.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(SAID_AFTER).await;
}
