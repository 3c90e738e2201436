//! One run of a checklist by this command: the store, a world that is polled when it is needed, and what is said.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cli::output::{self, exit};
use crate::cli::{Global, run_service};
use crate::config::Config;
use crate::config::sections::checklist::{Checklist, Sensed, StepTask, StepWhen};
use crate::lang::time::Stamp;
use crate::model::checklist::{StepKind, StepState};
use crate::model::fact::Statement;
use crate::model::thing::ChecklistRecord;
use crate::runtime::checklist_command;
use crate::runtime::runs::RunService;
use crate::runtime::secrets;
use crate::sources::SourceContext;
use crate::sources::round::Round;
use crate::store::new_fact;
use crate::text::name::Name;
use crate::text::redact::Redactor;
use crate::world::checklists::start::begun;
use crate::world::{World, one_round};

/// What was measured is measured again after so long.
const FRESH: Duration = Duration::from_secs(10);
/// A command that passed so long ago is run again where nobody can be asked.
const RESULT_HOLDS: chrono::Duration = chrono::Duration::minutes(15);

/// One run of a checklist by this command.
pub(super) struct Session<'a> {
    pub(super) world: World,
    pub(super) global: &'a Global,
    pub(super) config: &'a Arc<Config>,
    pub(super) list: &'a Checklist,
    run_service: RunService,
    context: SourceContext,
    redactor: Redactor,
    polled: Option<Stamp>,
    run: Option<Name>,
}

impl<'a> Session<'a> {
    /// Opens the store and reads what is on record.
    ///
    /// # Errors
    /// The exit code, once the reason is said.
    pub(super) async fn open(global: &'a Global, config: &'a Arc<Config>, list: &'a Checklist) -> Result<Self, u8> {
        let (run_service, _) = run_service::open_and_take_in(global).await?;
        let (secrets, missing) = secrets::resolve(&config.secrets).await;
        for (name, why) in &missing {
            output::eprint_error(&format!("warning: secret {name} has no value: {why}\n"));
        }
        let redactor = Redactor::from(&secrets);
        let context = SourceContext {
            config: Arc::clone(config),
            secrets: Arc::new(secrets),
            clock: global.clock,
            out: mpsc::channel(1).0,
            cancel: CancellationToken::new(),
        };
        let world = one_round::world(config, global.clock.now());
        let mut session = Self { world, global, config, list, run_service, context, redactor, polled: None, run: None };
        if let Err(code) = session.read().await {
            session.close().await;
            return Err(code);
        }
        Ok(session)
    }

    /// Ends the connection to the store.
    pub(super) async fn close(&self) {
        self.run_service.close().await;
    }

    /// The run, once there is one.
    pub(super) fn run(&self) -> Option<&ChecklistRecord> {
        self.world.checklist_run(self.run.as_deref()?)
    }

    /// Its id.
    pub(super) fn run_id(&self) -> Name {
        self.run.clone().unwrap_or_default()
    }

    /// Reads what others said meanwhile, and the runs of actions.
    async fn read(&mut self) -> Result<(), u8> {
        let now = self.global.clock.now();
        self.world.advance(now);
        let things = self.run_service.store().checklists().await.map_err(|error| run_service::broken(&error))?;
        let _ = self.world.alerts_read(&things);
        let (runs, locks) = self.run_service.load().await.map_err(|error| run_service::broken(&error))?;
        let _ = self.world.stored_runs(runs, locks);
        Ok(())
    }

    /// Takes up the run that goes on, else begins one. `true`: it was begun here.
    ///
    /// # Errors
    /// The exit code: the run of this period is over, or the store can't be written.
    pub(super) async fn begin(&mut self) -> Result<bool, u8> {
        let view = self.world.list_view(self.list);
        if let Some(open) = view.run.filter(|run| run.is_open()) {
            self.run = Some(open.id.clone());
            return Ok(false);
        }
        match self.world.start_checklist(self.list) {
            Ok(said) => {
                self.run = begun(&said);
                // Somebody else may have begun it at the same moment: it is the same run then.
                if let Err(why) = self.say(said).await?
                    && self.run().is_none()
                {
                    return Err(output::fail(exit::UNKNOWN, &why, ""));
                }
                Ok(true)
            }
            Err(why) => {
                let over = view.run.map(|run| run.id.clone());
                self.run = over;
                output::eprint_error(&format!("note: {why}\n"));
                Ok(false)
            }
        }
    }

    /// Whether the run still goes on.
    pub(super) fn is_open(&self) -> bool {
        self.run().is_some_and(ChecklistRecord::is_open)
    }

    /// Puts it on record. The inner error is why it is refused.
    ///
    /// # Errors
    /// The exit code where the store can't be written.
    pub(super) async fn say(&mut self, said: Vec<Statement>) -> Result<Result<(), String>, u8> {
        if said.is_empty() {
            return Ok(Ok(()));
        }
        let (now, identity) = (self.run_service.now(), self.run_service.identity());
        let drafts: Vec<_> = said.into_iter().map(|said| new_fact(now, &identity.who, &identity.host, said)).collect();
        match self.run_service.store().say(&drafts).await {
            Ok(Ok(_)) => {
                self.world.advance(self.global.clock.now());
                self.world.expect_checklist(&drafts);
                Ok(Ok(()))
            }
            Ok(Err(refusal)) => {
                self.read().await?;
                Ok(Err(refusal.describe()))
            }
            Err(error) => Err(run_service::broken(&error)),
        }
    }

    /// Measures what the steps need, where that was not done lately, and puts on record what turned.
    ///
    /// # Errors
    /// The exit code where the store can't be read or written.
    pub(super) async fn measure(&mut self, again: bool) -> Result<(), u8> {
        let now = self.global.clock.now();
        if again || self.polled.is_none_or(|polled| now.since(polled) > FRESH) {
            if let Some(names) = self.needed() {
                let round = Round::new(&self.context, &names);
                let (link, polled) = tokio::join!(round.link(), round.poll());
                one_round::apply(&mut self.world, link.into_iter().chain(polled), self.global.clock.now());
            }
            self.polled = Some(self.global.clock.now());
        }
        self.read().await?;
        let news = self.run().filter(|run| run.is_open()).map_or_else(Vec::new, |run| self.world.measured_news(run));
        // What somebody else measured meanwhile is as good.
        let _ = self.say(news).await?;
        Ok(())
    }

    /// The checks and metrics that are measured, empty for all; `None`: nothing is.
    fn needed(&self) -> Option<Vec<Name>> {
        let steps = || self.list.steps.iter();
        let of_task = steps().filter_map(|step| match &step.task {
            StepTask::Auto(sensed) => Some(sensed),
            _ => None,
        });
        let of_when = steps().flat_map(|step| &step.when).filter_map(|when| match when {
            StepWhen::Holds(sensed) => Some(sensed),
            StepWhen::Day(_) => None,
        });
        let sensed: Vec<&Sensed> = of_task.chain(of_when).collect();
        if sensed.is_empty() {
            return None;
        }
        if sensed.iter().any(|one| one.polled().is_none()) {
            return Some(Vec::new());
        }
        Some(sensed.iter().filter_map(|one| one.polled().cloned()).collect())
    }

    /// Runs the command of a step, and puts on record what came of it. The inner error is why that is refused.
    ///
    /// # Errors
    /// The exit code where the store can't be written.
    pub(super) async fn execute(&mut self, step: &Name) -> Result<Result<(), String>, u8> {
        if let Err(why) = self.takes_result_of(step).await? {
            return Ok(Err(why));
        }
        let Some(run) = self.run() else { return Ok(Ok(())) };
        let round = self.world.round(run);
        let found = round.place_of(step).and_then(|at| round.steps[at].config);
        let Some(StepTask::Run(command)) = found.map(|config| &config.task) else {
            return Ok(Err("the list was changed: this command is not configured any more".to_owned()));
        };
        let argv = match round.arguments(&command.argv) {
            Ok(argv) => argv,
            Err(name) => return Ok(Err(format!("`{{{name}}}` is not known yet: answer that step first"))),
        };
        let directory = checklist_command::directory(self.config);
        let timeout = command.timeout;
        let clock = self.global.clock;
        let result = checklist_command::run(&argv, timeout, directory, &self.redactor, clock).await;
        self.world.advance(clock.now());
        match self.world.say_result(&self.run_id(), step, &result) {
            Ok(said) => self.say(said).await,
            Err(why) => Ok(Err(why)),
        }
    }

    /// Whether the command or the action of a step may start, as it is now: what was shown may have been a while ago. The inner
    /// error is why not.
    ///
    /// # Errors
    /// The exit code where the store can't be read or written.
    pub(super) async fn takes_result_of(&mut self, step: &Name) -> Result<Result<(), String>, u8> {
        self.measure(false).await?;
        Ok(self.world.takes_result_of(&self.run_id(), step))
    }

    /// Does what needs no person: measures, runs the commands, and signs where that is asked for.
    ///
    /// # Errors
    /// The exit code where the store can't be written.
    pub(super) async fn alone(&mut self, sign: bool) -> Result<(), u8> {
        self.begin().await?;
        if !self.is_open() {
            return Ok(());
        }
        self.measure(true).await?;
        let commands = self.list.steps.iter().filter(|step| step.kind() == StepKind::Run);
        let commands: Vec<Name> = commands.map(|step| step.id.clone()).collect();
        for step in &commands {
            if self.is_to_run(step)
                && let Err(why) = self.execute(step).await?
            {
                output::eprint_error(&format!("warning: {step}: {why}\n"));
            }
        }
        if sign && let Err(why) = self.sign().await? {
            output::eprint_error(&format!("not signed off: {why}\n"));
        }
        Ok(())
    }

    /// Whether a command is to be run where nobody can be asked: it has no answer, or one that is old, or it
    /// failed and nobody said so.
    fn is_to_run(&self, step: &Name) -> bool {
        let Some(run) = self.run() else { return false };
        let round = self.world.round(run);
        let Some(found) = round.place_of(step).map(|at| &round.steps[at]) else { return false };
        let answer = found.record.answer.as_ref();
        let is_fresh =
            answer.is_some_and(|answer| answer.reused.is_some() || self.world.now.utc - answer.at < RESULT_HOLDS);
        match found.state {
            StepState::Open | StepState::Failed => found.gate.is_none() && !found.is_overruled(),
            StepState::Passed => found.gate.is_none() && !is_fresh,
            _ => false,
        }
    }

    /// Signs the run off. The inner error is why it can't be.
    ///
    /// # Errors
    /// The exit code where the store can't be written.
    pub(super) async fn sign(&mut self) -> Result<Result<(), String>, u8> {
        self.measure(true).await?;
        match self.world.say_signed(&self.run_id()) {
            Ok(said) => self.say(said).await,
            Err(why) => Ok(Err(why)),
        }
    }
}
