//! Stopping a run, and what is seen of its processes: neither waits for the store, nor for a file.
//!
//! The supervisor is asked by a file. Where that can't be written or is not answered, it gets a signal; where it is gone
//! or deaf, the processes that carry the run's mark do. Who asked goes on record afterwards.

use std::time::Duration;

use rustix::process::Signal;

use super::runs::RunService;
use crate::actions::follow::is_alive;
use crate::actions::left;
use crate::actions::rundir::RunDir;
use crate::lang::time::Moment;
use crate::model::fact::Statement;
use crate::model::run::{Cancelled, LeftProcess, Run, Signs, Stopping};
use crate::process::table;
use crate::store::StoreError;
use crate::text::SafeText;

/// How long the supervisor has to answer. It looks ten times a second.
const ANSWER: Duration = Duration::from_secs(2);
/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(50);
/// A file or `/proc` that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(1);
/// From KILL to giving up.
const REAP: Duration = Duration::from_secs(2);
/// Grace where the plan can't be read.
const GRACE: Duration = Duration::from_secs(10);
/// How long the supervisor may give no sign before a person is told.
const QUIET: Duration = Duration::from_secs(5);
/// Pauses between two tries to put it on record: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// TERM, also to what is stopped: that takes it only when it continues.
const TERM: [Signal; 2] = [Signal::TERM, Signal::CONT];

/// Who puts on record that a run was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// Its supervisor, with the end of its steps.
    BySupervisor,
    /// Whoever asked: [`RunService::record_stop`].
    ByUs(Cancelled),
}

impl RunService {
    /// Stops the steps of a run: TERM, its grace, KILL. Returns when the supervisor has taken it over, or when the
    /// processes are gone. `say` gets how far it is.
    ///
    /// # Errors
    /// In words: it runs on another host, nothing of it runs, or something survived KILL.
    pub async fn stop(&self, run: &Run, mut say: impl FnMut(Stopping)) -> Result<Recorded, SafeText> {
        if !self.is_here(run) {
            return Err(SafeText::new(&format!("run {} is on {}: it can be stopped there", run.id, run.host)));
        }
        let cancelled = Cancelled { who: self.identity().who.clone(), at: self.now() };
        let dir = RunDir::new(&run.output_path);
        let (mut by, grace) = (Recorded::ByUs(cancelled.clone()), grace(&dir).await);
        if self.supervisor(run).await.is_some() {
            let (files, who) = (dir.clone(), cancelled.clone());
            if matches!(bounded(move || files.ask_to_cancel(&who)).await, Some(Ok(()))) {
                say(Stopping::Asked);
                by = Recorded::BySupervisor;
                if until(ANSWER, &dir, answered).await {
                    return Ok(by);
                }
            }
            if let Some(pid) = signalled(&dir).await {
                say(Stopping::Signalled { pid });
                let (id, at) = (run.id.clone(), self.clock.moment());
                let gone = move |dir: &RunDir| ended(dir) || left::processes(&id, dir, at).is_empty();
                if until(grace + ANSWER + REAP, &dir, gone).await {
                    return Ok(by);
                }
            }
        }
        let by_us = Recorded::ByUs(cancelled);
        self.stop_left(run, &dir, grace, say).await.map(|()| by_us)
    }

    /// Stops what a run left behind, without its supervisor.
    async fn stop_left(
        &self,
        run: &Run,
        dir: &RunDir,
        grace: Duration,
        mut say: impl FnMut(Stopping),
    ) -> Result<(), SafeText> {
        let at = self.clock.moment();
        let send = |signals: &'static [Signal]| {
            let (id, dir) = (run.id.clone(), dir.clone());
            bounded(move || left::signal(&left::processes(&id, &dir, at), signals))
        };
        let id = run.id.clone();
        let gone = move |dir: &RunDir| left::processes(&id, dir, at).is_empty();
        if send(&TERM).await.unwrap_or(0) == 0 && !until(LOOK, dir, gone.clone()).await {
            return Err(SafeText::new(&format!("the processes of run {} may not be signalled by this user", run.id)));
        }
        say(Stopping::Terminated { kill_in: grace });
        if until(grace, dir, gone.clone()).await {
            return Ok(());
        }
        send(&[Signal::KILL]).await;
        say(Stopping::Killed);
        if until(REAP, dir, gone).await {
            return Ok(());
        }
        let left: Vec<String> = self.left(run).await.iter().map(LeftProcess::describe).collect();
        Err(SafeText::new(&format!("still running after KILL: {}", left.join("; "))))
    }

    /// Puts on record that a run was stopped, as often as that takes while the store is busy.
    ///
    /// # Errors
    /// It is away: opened again, it may take it.
    pub async fn record_stop(&self, run: &Run, recorded: &Recorded) -> Result<(), StoreError> {
        let Recorded::ByUs(Cancelled { who, at }) = recorded else { return Ok(()) };
        let mut pause = PAUSE.0;
        loop {
            let error = match self.store.record(*at, who, Statement::RunCancelled { run: run.id.clone() }).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_away() => return Err(error),
                Err(error) => error,
            };
            tracing::warn!(%error, run = %run.id, "that a run was stopped could not be put on record yet");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    /// What still runs of a run of this host, its supervisor among it.
    pub async fn left(&self, run: &Run) -> Vec<LeftProcess> {
        if !self.is_here(run) {
            return Vec::new();
        }
        let (id, dir, now) = (run.id.clone(), RunDir::new(&run.output_path), self.clock.moment());
        bounded(move || left::named(&id, &dir, now)).await.unwrap_or_default()
    }

    /// Whether anything of a run works but its supervisor.
    pub(crate) async fn works(&self, run: &Run) -> bool {
        let supervisor = self.supervisor(run).await;
        self.left(run).await.iter().any(|process| Some(process.pid) != supervisor)
    }

    /// What is seen of an open run's supervisor, and of what a lost one left behind.
    pub async fn signs(&self, run: &Run) -> Signs {
        let mut signs = Signs { unseen: self.unseen_of(run).map(|why| SafeText::new(&why)), ..Signs::default() };
        if self.is_here(run) && run.state.is_open() {
            let dir = RunDir::new(&run.output_path);
            (signs.quiet, signs.full) = (quiet(&dir, self.clock.moment()), dir.is_full());
        } else {
            signs.left = self.left(run).await;
        }
        signs
    }

    /// The supervisor of a run, where it is there.
    pub(crate) async fn supervisor(&self, run: &Run) -> Option<i32> {
        let dir = RunDir::new(&run.output_path);
        bounded(move || left::supervisor(&dir)).await.flatten().filter(|_| self.is_here(run))
    }
}

/// For how long a supervisor that is there has given no sign, where that is too long.
pub(super) fn quiet(dir: &RunDir, now: Moment) -> Option<Duration> {
    let beat = dir.read_heartbeat().ok().flatten()?;
    Some(now.since(beat)).filter(|quiet| *quiet >= QUIET && is_alive(dir))
}

/// A call that may block for ever, on a thread of its own; `None` where it takes too long.
pub(super) async fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(work)).await.ok()?.ok()
}

/// Whether `done` became true in time. A look that hangs counts as no.
async fn until(patience: Duration, dir: &RunDir, done: impl Fn(&RunDir) -> bool + Clone + Send + 'static) -> bool {
    let looking = async {
        loop {
            let (dir, done) = (dir.clone(), done.clone());
            if bounded(move || done(&dir)).await == Some(true) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(patience, looking).await.is_ok()
}

/// Whether the supervisor has taken notice: it stops its steps, or they are over.
fn answered(dir: &RunDir) -> bool {
    matches!(dir.read_stop(), Ok(Some(_))) || ended(dir)
}

fn ended(dir: &RunDir) -> bool {
    matches!(dir.read_end(), Ok(Some(_))) || matches!(dir.read_closing(), Ok(Some(_)))
}

/// Signals the supervisor; its process id where it got it.
async fn signalled(dir: &RunDir) -> Option<i32> {
    let dir = dir.clone();
    bounded(move || {
        let pid = left::supervisor(&dir)?;
        table::signal(pid, &TERM, |id| left::is_supervisor(id, &dir)).then_some(pid)
    })
    .await?
}

async fn grace(dir: &RunDir) -> Duration {
    let dir = dir.clone();
    let intent = bounded(move || dir.read_intent().ok()).await.flatten();
    intent.map_or(GRACE, |intent| intent.plan.grace)
}
