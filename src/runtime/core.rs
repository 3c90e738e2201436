//! What the console and the headless driver share: state, time, the queues, and the tasks behind them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::ack_links::SharedLinkKey;
use super::effects::{Effects, Tools};
use super::feeds::Feeds;
use super::held::HeldRecords;
use super::history::HistoryWriter;
use super::lease::LeaseTask;
use super::memory::resident;
use super::presence::PresenceTask;
use super::recording::writer::{MessageRecorder, RecordingFile};
use super::reload::{self, Loader, Reload, ReloadPace};
use super::retention;
use super::secrets::{SecretStore, SecretsHandle};
use super::shape_history::ShapeHistoryReader;
use super::tasks::Tasks;
use crate::app::message::{Event, Learned, Message};
use crate::app::state::State;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::reload::changes;
use crate::lang::diagnostic::Diagnostic;
use crate::model::effect::{HolderEffect, TerminalEffect};
use crate::model::observation::Observation;
use crate::model::outcome::Outcome;
use crate::sources::masks::Masks;
use crate::store::address::StoreAddress;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::{Literals, Redactor};
use crate::text::secret::Template;
use crate::world::diagnostics::{CONFIGURATION, Meters};

/// Observations that may wait for the loop; sources wait beyond that.
const OBSERVATIONS: usize = 1024;
/// Outcomes that may wait.
const OUTCOMES: usize = 256;
/// How often our own memory is looked up: it costs a system call of the drawing thread.
const WEIGH: Duration = Duration::from_secs(10);
/// How long a run that was just asked for may take to be started or refused, before we leave.
const LAST_ANSWER: Duration = Duration::from_secs(3);
/// How long tasks may take to end.
const PATIENCE: Duration = Duration::from_millis(800);

/// How a console is started.
pub struct StartOptions {
    /// The process clock.
    pub clock: Clock,
    /// The configuration, with the options of the command line applied.
    pub config: Arc<Config>,
    /// How it is read again; `None` where it can't be (the demo).
    pub loader: Option<Loader>,
    /// What a person should know of the configuration, though it can be used.
    pub warnings: Vec<SafeText>,
    /// `--store`: where runs, locks and the audit are kept, where not where the configuration says.
    pub store: Option<String>,
    /// Its part in what is shared.
    pub part: ConsolePart,
    /// Where everything that is written goes; see [`super::paths::state_directory`].
    pub state_directory: PathBuf,
    /// `--record`: what is taken in is recorded there.
    pub record: Option<RecordingFile>,
}

/// The part of a console in what is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsolePart {
    /// It takes part in the lease: it may append alert facts and roll-ups for all.
    ActsForAll,
    /// It does the same without a screen, and consoles yield to it.
    Watches,
    /// It plays: it takes no part in the lease.
    Plays,
    /// It looks once: it takes no part in the lease, and makes no store.
    LooksOnce,
}

/// The part of a console that needs no terminal.
pub(crate) struct Core {
    pub clock: Clock,
    /// Written by `update` alone.
    pub(super) state: State,
    /// Keeps what is taken in; `None`: nothing does.
    pub(super) recorder: Option<MessageRecorder>,
    /// The effect runner.
    pub effects: Effects,
    /// Whether a person asked to leave.
    pub left: bool,
    pub(super) tasks: Tasks,
    pub(super) feeds: Feeds,
    secret_store: SecretStore,
    /// Of what `state.world.literals` was made last.
    pub(super) known: SecretsHandle,
    pub(super) observation_sender: mpsc::Sender<Observation>,
    pub(super) loader: Option<Loader>,
    observations: mpsc::Receiver<Observation>,
    outcomes: mpsc::Receiver<Outcome>,
    pub(super) outcome_sender: mpsc::Sender<Outcome>,
    pub(super) shape_history: ShapeHistoryReader,
    pub(super) held: HeldRecords,
    pub(super) history: HistoryWriter,
    reloads: mpsc::Receiver<Reload>,
    pub(super) reload_sender: mpsc::Sender<Reload>,
    /// Whether the last reload was rejected.
    rejected: bool,
    /// Our memory, and when it was looked up.
    resident: Option<(Duration, Option<u64>)>,
    warnings: Vec<SafeText>,
    store: Option<String>,
    part: ConsolePart,
    /// `None`: this console takes no part.
    pub(super) lease: Option<LeaseTask>,
    /// Says to others that this console is here; `None`: it says nothing.
    presence: Option<PresenceTask>,
}

impl Core {
    /// A state of which nothing is known, and idle queues: nothing runs before [`Core::go`], so that the first frame waits
    /// for nobody.
    pub(crate) fn new(start: StartOptions, size: (u16, u16)) -> Self {
        let StartOptions { clock, config, loader, warnings, store, part, state_directory, record } = start;
        let secret_store = SecretStore::default();
        let (observation_sender, observations) = mpsc::channel(OBSERVATIONS);
        let (outcome_sender, outcomes) = mpsc::channel(OUTCOMES);
        let (reload_sender, reloads) = mpsc::channel(4);
        let shape_history = ShapeHistoryReader::new(clock, secret_store.secrets_handle(), outcome_sender.clone());
        let lease = match part {
            ConsolePart::ActsForAll => Some(LeaseTask::new(clock, &config, outcome_sender.clone())),
            ConsolePart::Watches => Some(LeaseTask::new(clock, &config, outcome_sender.clone()).preferred()),
            ConsolePart::Plays | ConsolePart::LooksOnce => None,
        };
        let now = clock.now();
        let mut core = Self {
            clock,
            state: State::new(config, now, size),
            recorder: None,
            effects: Effects::new(
                outcome_sender.clone(),
                secret_store.secrets_handle(),
                state_directory,
                lease.as_ref().map(LeaseTask::late_recorder),
            ),
            left: false,
            tasks: Tasks::new(observation_sender.clone()).masking(Masks::new(secret_store.secrets_handle().latest())),
            feeds: Feeds::new(clock, observation_sender.clone(), secret_store.secrets_handle()),
            observation_sender,
            known: secret_store.secrets_handle(),
            secret_store,
            loader,
            observations,
            outcomes,
            outcome_sender,
            shape_history,
            held: HeldRecords::default(),
            history: HistoryWriter::new(),
            reloads,
            reload_sender,
            rejected: false,
            resident: None,
            warnings,
            store,
            presence: lease.is_some().then(|| PresenceTask::new(part == ConsolePart::Watches)),
            part,
            lease,
        };
        core.record(record);
        core.state.console.has_screen = !matches!(part, ConsolePart::Watches | ConsolePart::LooksOnce);
        if part == ConsolePart::Watches {
            core.effects.tools.link_key = Some(SharedLinkKey::new(Arc::clone(&core.effects.tools.state_directory)));
        }
        if let Some((at, boot)) = clock.origin() {
            core.learn(Learned::Boot { at, boot });
        }
        core
    }

    /// What is known, and what this person looks at.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// The redactor for the secrets that are known now.
    pub(crate) fn redactor(&self) -> Redactor {
        self.known.latest().borrow().as_deref().map_or_else(Redactor::default, Redactor::from)
    }

    /// Starts sources, the store and the watch over the configuration.
    pub(crate) fn go(&mut self) {
        self.warn();
        self.secret_store.fill(&mut self.tasks, &self.state.world.config, self.observation_sender.clone());
        self.feeds.start(&mut self.tasks, &self.state.world.config);
        let store = self.store.take().map(Template).or_else(|| self.state.world.config.store.url.clone());
        let url = store.as_ref().map(|store| store.0.clone());
        let place = StoreAddress::locate(url.as_deref(), &self.effects.tools.state_directory).ok();
        self.effects.looks_on(self.looks_on());
        self.effects.start(&mut self.tasks, self.clock, store, place.clone());
        self.history.start(&mut self.tasks, &self.effects, self.clock);
        retention::start(&mut self.tasks, &self.effects, &self.history, self.clock);
        if let Some(lease) = &self.lease {
            retention::start_removing(&mut self.tasks, &self.effects, &lease.configuration());
            let Tools { run_service, state_directory, .. } = &self.effects.tools;
            lease.start(&mut self.tasks, run_service, state_directory, place);
        }
        if let Some(presence) = &self.presence {
            presence.shows(&self.state);
            presence.start(&mut self.tasks, &self.effects.tools, self.clock);
        }
        if let Some(loader) = &self.loader {
            let token = self.tasks.token();
            reload::watch(&mut self.tasks, token, loader, ReloadPace::default(), self.reload_sender.clone());
        }
    }

    /// Whether it makes no store where there is none.
    fn looks_on(&self) -> bool {
        self.state.world.read_only || self.part == ConsolePart::LooksOnce
    }

    /// Says what a person should know of the running configuration.
    fn warn(&mut self) {
        for text in self.warnings.clone() {
            let observation = Observation::Warning { name: Name::from(CONFIGURATION), text };
            let message = Message { at: self.clock.now(), event: Event::Observation(observation) };
            for effect in self.take_in(message) {
                // A warning asks nothing of the terminal.
                self.execute(effect);
            }
        }
    }

    /// What a reload means for the running configuration. An automatic reload that changes nothing is
    /// silent, unless the one before it was rejected: then it is good news.
    fn reloaded(&mut self, reload: Reload) -> Option<Event> {
        let rejected = std::mem::replace(&mut self.rejected, reload.loaded.is_err());
        match reload.loaded {
            Ok((config, mut warnings)) => {
                for warning in &mut warnings {
                    warning.mask(&self.state.world.literals);
                }
                let warnings: Vec<SafeText> = warnings.iter().map(Diagnostic::in_one_line).collect();
                let others = std::mem::replace(&mut self.warnings, warnings) != self.warnings;
                let words = changes(&self.state.world.config, &config);
                let changed: Vec<SafeText> = words.iter().map(|word| SafeText::new(word)).collect();
                if changed.is_empty() && !reload.asked && !rejected && !others {
                    return None;
                }
                Some(Event::Reloaded(Ok((Arc::new(config), changed))))
            }
            Err(problems) => Some(Event::Reloaded(Err(problems))),
        }
    }

    /// The next event that is no key: outcomes first, then reloads, then observations.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            tokio::select! {
                biased;
                Some(outcome) = self.outcomes.recv() => return Event::Outcome(outcome),
                Some(reload) = self.reloads.recv() => {
                    if let Some(event) = self.reloaded(reload) {
                        return event;
                    }
                }
                Some(observation) = self.observations.recv() => return Event::Observation(observation),
            }
        }
    }

    /// One that is there already.
    pub(crate) fn ready(&mut self) -> Option<Event> {
        if let Ok(outcome) = self.outcomes.try_recv() {
            return Some(Event::Outcome(outcome));
        }
        if let Ok(reload) = self.reloads.try_recv()
            && let Some(event) = self.reloaded(reload)
        {
            return Some(event);
        }
        self.observations.try_recv().ok().map(Event::Observation)
    }

    /// When the next clock event is due, on the monotonic clock.
    pub(crate) fn tick_at(&self) -> Option<Duration> {
        self.state.next_tick().map(|after| self.state.world.now.mono + after)
    }

    /// Gives one event to the state. Effects that need no terminal are under way when this returns; the others are
    /// returned.
    pub(crate) fn handle(&mut self, event: Event) -> Vec<TerminalEffect> {
        let reloaded = matches!(event, Event::Reloaded(Ok(_)));
        let may_move = !matches!(event, Event::Observation(_) | Event::Clock);
        let before = reloaded.then(|| Arc::clone(&self.state.world.config));
        if let Some(secrets) = self.known.changed() {
            self.learn(Learned::Literals(Literals::from(&*secrets)));
        }
        let effects = self.take_in(Message { at: self.clock.now(), event });
        if reloaded {
            self.warn();
        }
        if let Some(before) = before
            && !Arc::ptr_eq(&before, &self.state.world.config)
        {
            self.secret_store.fill(&mut self.tasks, &self.state.world.config, self.observation_sender.clone());
            self.feeds.restart(&mut self.tasks, &before, &self.state.world.config);
            self.effects.looks_on(self.looks_on());
            if let Some(lease) = &self.lease {
                lease.configured(&self.state.world.config, self.state.world.read_only);
            }
        }
        if let Some(presence) = self.presence.as_ref().filter(|_| may_move) {
            presence.shows(&self.state);
        }
        effects.into_iter().filter_map(|effect| self.execute(effect)).collect()
    }

    /// Takes in what only the runtime can know. It belongs to what was taken in last, and no time passes by it.
    pub(crate) fn learn(&mut self, learned: Learned) {
        let message = Message { at: self.state.world.now, event: Event::Learned(learned) };
        for effect in self.take_in(message) {
            // What is learned of the terminal asks nothing of it.
            self.execute(effect);
        }
    }

    /// Takes in the figures of frames, and our own, before a frame that may show them.
    pub(crate) fn measure(&mut self, frames: Meters) {
        let now = self.clock.now().mono;
        let resident = match self.resident {
            Some((at, resident)) if now.saturating_sub(at) < WEIGH => resident,
            _ => {
                let resident = resident();
                self.resident = Some((now, resident));
                resident
            }
        };
        let (queued, tasks) = (self.observations.len(), self.tasks.alive());
        self.learn(Learned::Meters(Meters { queued, queue_capacity: OBSERVATIONS, tasks, resident, ..frames }));
    }

    /// Writes files into the state directory, off the loop, and says where.
    pub(crate) fn save(&mut self, name: &str, text: String) {
        self.effects.save_file(&mut self.tasks, name.to_owned(), text);
    }

    /// Writes files into a directory of their own there.
    pub(crate) fn save_evidence(&mut self, name: String, files: Vec<(String, String)>) {
        self.effects.save_evidence(&mut self.tasks, name, files);
    }

    /// The state alone.
    pub(crate) fn into_state(self) -> State {
        self.state
    }

    /// Starts a task that panics, for the tests.
    ///
    /// # Panics
    /// The task does, not the caller.
    #[cfg(debug_assertions)]
    pub(crate) fn break_a_task(&mut self) {
        self.tasks.once("breaking", async { panic!("asked to panic") });
    }

    /// Ends every task, and takes in what the last of them answered.
    pub(crate) async fn end(&mut self) {
        // What was asked for is either under way or refused before we leave, so that it can be said.
        let answered = async {
            while self.state.console.requests.starting().next().is_some() {
                let event = self.next().await;
                self.handle(event);
            }
        };
        tokio::time::timeout(LAST_ANSWER, answered).await.ok();
        self.learn(Learned::Ending);
        if self.state.world.lease.fence().is_some() {
            self.holder(HolderEffect::KeepEngine(Arc::new(self.state.world.engine())));
        }
        self.tasks.end(PATIENCE).await;
        self.effects.close().await;
        while let Some(event) = self.ready() {
            self.handle(event);
        }
        self.end_recording().await;
    }

    /// What a person who leaves should know: what continues without the console, and how to see it.
    pub(crate) fn farewell(&self) -> Vec<String> {
        let continues = self.state.world.runs.iter().filter(|view| view.run.state.is_open());
        let continues = continues.map(|view| view.run.continues());
        let unanswered = self.state.console.requests.starting();
        let unanswered = unanswered.map(|action| format!("{action} may not have been started: opsroom runs shows it"));
        continues.chain(unanswered).collect()
    }
}
