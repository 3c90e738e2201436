//! The desk at which runs are asked for, by the console and by `opsroom run` alike: it holds the order of things.
//!
//! Digest, secrets, directory with its lock, then the intent in the store (lock, cooldown, `at_most`, audit; synced), then
//! the supervisor, then following it, then its end. What it can't see to its end, because this process is killed, the next
//! desk takes in.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::sync::mpsc;

use super::handover::handover;
use super::identity::Identity;
use crate::actions::follow::{Follower, Standing};
use crate::actions::launch::{Prepared, own_program};
use crate::actions::rundir::{End, How, Intent, RunDir};
use crate::clock::Clock;
use crate::model::message::{Outcome, StartRun};
use crate::model::preview::Preview;
use crate::model::redact::Redactor;
use crate::model::run::{OutputLine, Run, RunState, Verdict};
use crate::model::secret::Secrets;
use crate::model::text::SafeText;
use crate::store::audit::Entry;
use crate::store::runs::{Begin, BeginError, Begun, Ended};
use crate::store::{self, Store, StoreError};

/// How often a run's directory is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How many runs are read for the list.
pub const LISTED: u32 = 200;
/// How often the end of a run is tried to be stored, a little later each time.
const TRIES: u32 = 5;

/// The desk. Cheap to clone: every task has its own.
#[derive(Debug, Clone)]
pub struct RunDesk {
    store: Store,
    runs: PathBuf,
    program: PathBuf,
    identity: Identity,
    clock: Clock,
}

/// What was found at the start.
#[derive(Debug, Default)]
pub struct TakenIn {
    /// Runs that ended, or were lost, while no console looked.
    pub settled: Vec<Run>,
    /// Runs that go on: each is to be [`RunDesk::attach`]ed.
    pub live: Vec<Run>,
}

impl RunDesk {
    /// Opens the store (`--store`) and the desk over it; runs are kept in `runs/` of the state directory.
    ///
    /// # Errors
    /// The store can't be opened.
    pub async fn open(store: Option<&str>, state_directory: &Path, clock: Clock) -> Result<Self, StoreError> {
        let identity = Identity::present();
        let path = store::locate(store, state_directory)?;
        let store = Store::open(&path, &identity.host).await?;
        Ok(Self { store, runs: state_directory.join("runs"), program: own_program(), identity, clock })
    }

    /// The same desk with another program as the supervisor, for tests that are not that program.
    #[must_use]
    pub fn with_program(self, program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// The store, for what needs no desk.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who we are.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Starts a run and watches it to its end. Every change goes to `out`, its output does not: see [`Self::follow`].
    pub async fn start(&self, start: &StartRun, secrets: &Secrets, out: &mpsc::Sender<Outcome>) {
        match self.begin(start, secrets).await {
            Ok(run) => {
                // A console that is ending listens no more; the run goes on all the same.
                out.send(Outcome::Run(Box::new(run.clone()))).await.ok();
                self.attach(run, out).await;
            }
            Err(why) => {
                out.send(Outcome::RunRefused { action: start.plan.action.clone(), why }).await.ok();
            }
        }
    }

    /// Starts a run: when this returns its intent is synced and its supervisor runs.
    ///
    /// # Errors
    /// Why it was refused, in words; nothing ran then.
    pub async fn begin(&self, start: &StartRun, secrets: &Secrets) -> Result<Run, SafeText> {
        let begun = self.try_begin(start, secrets).await;
        if let Err(why) = &begun
            && start.plan.changing
        {
            let detail = json!({ "action": start.plan.action, "verb": start.plan.verb, "why": why });
            let (digest, target) = (Some(start.digest.as_str()), start.plan.target.as_str());
            // Where even this can't be written, the refusal is still one.
            if let Err(error) = self.record("run.refused", target, digest, &detail).await {
                tracing::warn!(%error, "a refusal could not be put on record");
            }
        }
        begun
    }

    async fn try_begin(&self, start: &StartRun, secrets: &Secrets) -> Result<Run, SafeText> {
        if start.plan.digest() != start.digest {
            return Err(SafeText::new("the plan is not the one that was confirmed: look at it again and confirm anew"));
        }
        let redactor = Redactor::from(secrets);
        let handover = handover(&start.plan, secrets)?;
        let prepared = self.prepare().map_err(|error| {
            SafeText::new(&format!("no directory for the run could be made in {}: {error}", self.runs.display()))
        })?;
        let run = self.new_run(start, prepared.dir(), &redactor);
        let preview = start.preview.redacted(&redactor);
        let begun = match self.record_intent(start, &preview, &run).await {
            Ok(begun) => begun,
            Err(why) => {
                remove(&prepared);
                return Err(why);
            }
        };
        let intent = Intent {
            id: run.id.clone(),
            plan: start.plan.clone(),
            digest: start.digest.clone(),
            preview,
            fence: begun.fence,
            attempt: begun.attempt,
            who: self.identity.who.clone(),
            at: run.started_at,
        };
        let evidence = redactor.redact(&start.evidence);
        let launched = match prepared.dir().write_evidence(&evidence) {
            Ok(()) => prepared.launch(&self.program, &intent, &handover).await,
            Err(error) => Err(error),
        };
        if let Err(error) = launched {
            let why = SafeText::new(&format!("the supervisor could not be started: {error}"));
            let ended = Ended { note: Some(why.clone()), ..refused(self.clock.now().utc) };
            if let Err(error) = self.store.finish(&run.id, &ended, &self.identity.who).await {
                tracing::warn!(%error, run = %run.id, "the end of a run could not be stored");
            }
            return Err(why);
        }
        Ok(run)
    }

    /// Watches a run to its end and stores that. Changes go to `out`.
    pub async fn attach(&self, mut run: Run, out: &mpsc::Sender<Outcome>) {
        let dir = RunDir::new(&run.output_path);
        let mut follower = Follower::new(dir.clone());
        loop {
            let standing = match follower.look() {
                Ok((_, standing)) => standing,
                Err(error) => {
                    out.send(failed(&format!("run {} can't be followed: {error}", run.id))).await.ok();
                    return;
                }
            };
            if standing != Standing::Live {
                let settled = self.settle(&run, &standing).await;
                out.send(Outcome::Run(Box::new(settled))).await.ok();
                return;
            }
            let state = live_state(&dir, run.state);
            if state != run.state {
                run.state = state;
                if state == RunState::Running
                    && let Err(error) = self.store.mark_running(&run.id).await
                {
                    tracing::warn!(%error, run = %run.id, "the state of a run could not be stored");
                }
                out.send(Outcome::Run(Box::new(run.clone()))).await.ok();
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Sends the output of a run from line 0 until it has ended, or nobody listens any more.
    pub async fn follow(&self, id: &str, out: &mpsc::Sender<Outcome>) {
        let dir = match self.dir(id).await {
            Ok(dir) => dir,
            Err(why) => {
                out.send(Outcome::Failed(why)).await.ok();
                return;
            }
        };
        let mut follower = Follower::new(dir);
        loop {
            let (lines, standing) = match follower.look() {
                Ok(looked) => looked,
                Err(error) => {
                    out.send(failed(&format!("the output of {id} can't be read: {error}"))).await.ok();
                    return;
                }
            };
            let full = !lines.is_empty();
            if full {
                let output = Outcome::RunOutput { run: id.into(), lines, omitted: follower.omitted() };
                if out.send(output).await.is_err() {
                    return;
                }
            }
            if standing != Standing::Live {
                return;
            }
            if !full {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Asks a run to stop: TERM, grace, KILL.
    ///
    /// # Errors
    /// There is no such run on this host, or its directory can't be written.
    pub async fn cancel(&self, id: &str) -> Result<(), SafeText> {
        let dir = self.dir(id).await?;
        self.record("run.cancel", id, None, &json!({})).await.map_err(|error| SafeText::new(&error.to_string()))?;
        dir.ask_to_cancel().map_err(|error| SafeText::new(&format!("{id} can't be cancelled: {error}")))
    }

    /// Writes the verdict of an ended run and gives back its lock.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn record_verdict(&self, id: &str, verdict: Verdict, note: Option<&SafeText>) -> Result<Run, StoreError> {
        self.store.record_verdict(id, verdict, note, &self.identity.who, self.clock.now().utc).await
    }

    /// Past runs and held locks.
    pub async fn load(&self) -> Outcome {
        let loaded = async { Ok::<_, StoreError>((self.store.runs(LISTED).await?, self.store.locks().await?)) };
        match loaded.await {
            Ok((runs, locks)) => Outcome::Runs { runs, locks },
            Err(error) => failed(&error.to_string()),
        }
    }

    /// Takes in what went on while no console looked: runs that ended get their end, dead ones become unknown, live ones
    /// are returned to be attached.
    ///
    /// # Errors
    /// The store can't be read or written.
    pub async fn take_in(&self) -> Result<TakenIn, StoreError> {
        let mut taken = TakenIn::default();
        for run in self.store.open_runs(&self.identity.host).await? {
            match Self::standing(&run) {
                Standing::Live => taken.live.push(run),
                standing => taken.settled.push(self.store_standing(&run, &standing).await?),
            }
        }
        taken.settled.extend(self.store.close_unverified(&self.identity.who, self.clock.now().utc).await?);
        Ok(taken)
    }

    /// Takes the lock `id` away, on record. `None` where there is none; with it whether its run still goes on.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn unlock(&self, id: &str, why: &str) -> Result<Option<(crate::model::run::Lock, bool)>, StoreError> {
        let live = match self.store.run(id).await? {
            Some(run) => run.ended_at.is_none() && Self::standing(&run) == Standing::Live,
            None => false,
        };
        let lock = self.store.unlock(id, &self.identity.who, why, self.clock.now().utc).await?;
        Ok(lock.map(|lock| (lock, live)))
    }

    /// Where a run stands, its output left aside.
    fn standing(run: &Run) -> Standing {
        let mut follower = Follower::new(RunDir::new(&run.output_path));
        loop {
            match follower.look() {
                Ok((lines, Standing::Live)) if !lines.is_empty() => {}
                Ok((_, standing)) => return standing,
                // A directory that is gone or can't be read tells nothing.
                Err(_) => return Standing::Lost,
            }
        }
    }

    /// Stores the end, and where that fails for long tells it from what is known here.
    async fn settle(&self, run: &Run, standing: &Standing) -> Run {
        let mut pause = Duration::from_millis(200);
        for _ in 0..TRIES {
            match self.store_standing(run, standing).await {
                Ok(run) => return run,
                Err(error) => tracing::warn!(%error, run = %run.id, "the end of a run could not be stored"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let ended = ended(standing, self.clock.now().utc);
        let untold = "its end could not be stored; the next console will try again";
        let note = ended.note.map_or_else(|| untold.to_owned(), |note| format!("{note}; {untold}"));
        Run {
            ended_at: Some(ended.at),
            duration_ms: (ended.at - run.started_at).num_milliseconds().try_into().ok(),
            state: ended.state,
            exit_code: ended.exit_code,
            signal: ended.signal,
            note: Some(SafeText::new(&note)),
            ..run.clone()
        }
    }

    async fn store_standing(&self, run: &Run, standing: &Standing) -> Result<Run, StoreError> {
        let now = self.clock.now().utc;
        match standing {
            Standing::Lost | Standing::Live => self.store.lose(&run.id, &self.identity.who, now).await,
            _ => self.store.finish(&run.id, &ended(standing, now), &self.identity.who).await,
        }
    }

    /// The intent in the store. A lock in the way may belong to a run that is over and that nobody took in: that is done,
    /// and tried once more. What changes nothing may run without a record.
    async fn record_intent(&self, start: &StartRun, preview: &Preview, run: &Run) -> Result<Begun, SafeText> {
        let StartRun { plan, cooldown, at_most, verify_within, .. } = start;
        let (cooldown, at_most, verify_within) = (*cooldown, *at_most, *verify_within);
        let begin = Begin { run, plan, preview, cooldown, at_most, verify_within };
        let mut answer = self.store.begin(begin).await;
        if matches!(answer, Err(BeginError::Locked(_))) && self.take_in().await.is_ok() {
            answer = self.store.begin(begin).await;
        }
        match answer {
            Err(BeginError::Store(error)) if !plan.changing => {
                tracing::warn!(%error, run = %run.id, "runs without a record: it changes nothing");
                Ok(Begun { fence: 0, attempt: 1 })
            }
            answer => answer.map_err(|error| SafeText::new(&error.to_string())),
        }
    }

    fn prepare(&self) -> io::Result<Prepared> {
        let now = self.clock.now().utc.format("%Y%m%dT%H%M%S");
        loop {
            match Prepared::new(&self.runs, &format!("{now}-{:04x}", fastrand::u16(..))) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                prepared => return prepared,
            }
        }
    }

    fn new_run(&self, start: &StartRun, dir: &RunDir, redactor: &Redactor) -> Run {
        let plan = &start.plan;
        let id = dir.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Run {
            id: id.into(),
            action: plan.action.clone(),
            verb: plan.verb.clone(),
            dry_run: plan.dry_run,
            service: plan.service.clone(),
            target: plan.target.clone(),
            who: self.identity.who.clone(),
            reason: start.reason.as_deref().map(|reason| redactor.clean(reason.as_bytes()).as_str().to_owned()),
            host: self.identity.host.clone(),
            plan_digest: start.digest.clone(),
            started_at: self.clock.now().utc,
            ended_at: None,
            duration_ms: None,
            state: RunState::Starting,
            verdict: Verdict::None,
            exit_code: None,
            signal: None,
            output_path: dir.path().to_owned(),
            note: None,
        }
    }

    async fn dir(&self, id: &str) -> Result<RunDir, SafeText> {
        match self.store.run(id).await {
            Ok(Some(run)) if run.host == self.identity.host => Ok(RunDir::new(run.output_path)),
            Ok(Some(run)) => Err(SafeText::new(&format!("run {id} is on {}: its output is there", run.host))),
            Ok(None) => Err(SafeText::new(&format!("there is no run {id}"))),
            Err(error) => Err(SafeText::new(&error.to_string())),
        }
    }

    async fn record(
        &self,
        kind: &str,
        object: &str,
        plan_digest: Option<&str>,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let entry = Entry { at: self.clock.now().utc, who: &self.identity.who, kind, object, plan_digest, detail };
        self.store.record(entry).await
    }
}

/// A run that was refused leaves no empty directory behind.
fn remove(prepared: &Prepared) {
    if let Err(error) = prepared.discard() {
        tracing::warn!(%error, "the directory of a refused run could not be removed");
    }
}

/// What a live run's directory says of its state.
fn live_state(dir: &RunDir, present: RunState) -> RunState {
    if dir.cancel().exists() {
        RunState::Stopping
    } else if dir.started().exists() {
        RunState::Running
    } else {
        present
    }
}

fn ended(standing: &Standing, now: DateTime<Utc>) -> Ended {
    match standing {
        Standing::Ended(end) => of_end(end),
        Standing::NeverStarted => {
            Ended { note: Some(SafeText::new("the supervisor never began: nothing was run")), ..refused(now) }
        }
        Standing::Lost | Standing::Live => Ended { state: RunState::OutcomeUnknown, ..refused(now) },
    }
}

fn refused(at: DateTime<Utc>) -> Ended {
    Ended { at, state: RunState::Refused, exit_code: None, signal: None, note: None }
}

fn of_end(end: &End) -> Ended {
    let state = match end.how {
        How::Exited | How::Signalled | How::NotStarted => RunState::Ended,
        How::TimedOut => RunState::TimedOut,
        How::Cancelled => RunState::Cancelled,
    };
    let note = (!end.message.is_empty()).then(|| end.message.clone());
    Ended { at: end.at, state, exit_code: end.exit_code, signal: end.signal, note }
}

fn failed(words: &str) -> Outcome {
    Outcome::Failed(SafeText::new(words))
}

/// The output lines of a finished or running run that are there now, for commands that do not follow.
///
/// # Errors
/// The run's directory can't be read.
pub fn output(run: &Run) -> io::Result<(Vec<OutputLine>, u64)> {
    let mut follower = Follower::new(RunDir::new(&run.output_path));
    let mut all = Vec::new();
    loop {
        let (lines, _) = follower.look()?;
        if lines.is_empty() {
            return Ok((all, follower.omitted()));
        }
        all.extend(lines);
    }
}
