//! One run, watched through its directory: that needs no store.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;

use super::identity::Identity;
use super::runs::{RunService, liveness_of, present};
use super::stopping::quiet;
use crate::actions::follow::{Follower, RunLiveness};
use crate::actions::intent::RunIntent;
use crate::actions::rundir::RunDir;
use crate::clock::Clock;
use crate::model::outcome::Outcome;
use crate::model::run::{Run, RunState, Signs};
use crate::store::address::StoreAddress;

/// How often a run's directory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Watches runs of this host.
#[derive(Debug)]
pub(super) struct RunWatch<'a> {
    host: &'a str,
    clock: Clock,
    /// Puts on record how they end; `None`: the store was never open here.
    run_service: Option<&'a RunService>,
}

impl<'a> RunWatch<'a> {
    pub(super) fn of(run_service: &'a RunService) -> Self {
        Self { host: &run_service.identity().host, clock: run_service.clock, run_service: Some(run_service) }
    }

    /// For whoever started while the store is away.
    pub(super) const fn without_store(host: &'a str, clock: Clock) -> Self {
        Self { host, clock, run_service: None }
    }

    /// Watches each of them until it is closed.
    pub(super) async fn attach_all(&self, live: &[Run], out: &mpsc::Sender<Outcome>) {
        futures_util::future::join_all(live.iter().map(|run| self.attach(run.clone(), out))).await;
    }

    /// Watches a run until it is closed, and returns it so. Changes go to `out`.
    pub(super) async fn attach(&self, mut run: Run, out: &mpsc::Sender<Outcome>) -> Run {
        let (mut progress, mut told_stop, mut was_quiet) = (None, None, false);
        let dir = RunDir::new(&run.output_path);
        // What runs on another host is for that host's directory to say.
        while run.state.is_open() && run.host == self.host {
            let liveness = liveness_of(&run);
            let now = match &liveness {
                RunLiveness::Verifying { progress, .. } => progress.clone(),
                // The last step of it may have gone by between two looks.
                RunLiveness::Over { closing, .. } if closing.checks.is_some() => dir.read_progress().ok().flatten(),
                _ => None,
            };
            if let Some(now) = now.filter(|now| progress.as_ref() != Some(now)) {
                progress = Some(now.clone());
                out.send(Outcome::RunProgress { run: run.id.clone(), progress: now }).await.ok();
            }
            if run.state == RunState::Running
                && let Some(stop) = dir.read_stop().ok().flatten().filter(|now| told_stop.as_ref() != Some(now))
            {
                let stopping = stop.seen(self.clock.moment());
                out.send(Outcome::RunStopping { run: run.id.clone(), stopping }).await.ok();
                told_stop = Some(stop);
            }
            let quiet = quiet(&dir, self.clock.moment());
            if quiet.is_some() != was_quiet {
                was_quiet = quiet.is_some();
                let signs = Signs { quiet, full: dir.is_full(), ..Signs::default() };
                out.send(Outcome::RunSigns { run: run.id.clone(), signs }).await.ok();
            }
            let seen = self.see(&run, &liveness).await;
            if seen != run {
                out.send(Outcome::Run(Box::new(seen.clone()))).await.ok();
                run = seen;
            }
            if run.state.is_open() {
                tokio::time::sleep(LOOK).await;
            }
        }
        run
    }

    /// How a run stands. One that is over is on record then, as far as there is a store.
    async fn see(&self, run: &Run, liveness: &RunLiveness) -> Run {
        let shown = present(run, liveness, self.clock.now().utc);
        match (liveness, self.run_service) {
            // Whoever can see it stores what comes of it.
            (RunLiveness::Hidden(_), Some(run_service)) => {
                run_service.run(&run.id).await.ok().flatten().unwrap_or_else(|| run.clone())
            }
            (liveness, _) if liveness.is_open() => shown,
            (liveness, Some(run_service)) => run_service.settle(run, liveness).await,
            (_, None) => shown.not_stored_yet(),
        }
    }
}

/// Runs of this host that go on now and are of the store in this place, as their directories below `runs` say: for whoever can't
/// ask the store. Blocking.
pub(super) fn going_on(runs: &Path, place: &StoreAddress, clock: Clock) -> Vec<Run> {
    let host = Identity::present().host;
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let found = ids.filter_map(|id| {
        let (dir, intent) = intent_of(runs, &id)?;
        let is_of_it = intent.store.as_ref().is_some_and(|store| store.host == host && place.is_at(&store.path));
        let run = intent.to_run(&dir, &host);
        let liveness = liveness_of(&run);
        let goes_on = matches!(liveness, RunLiveness::Running | RunLiveness::Verifying { .. });
        (is_of_it && goes_on).then(|| present(&run, &liveness, clock.now().utc))
    });
    found.collect()
}

/// The directory of a run below `runs`, with what it is to do; `None` where there is none.
pub(super) fn intent_of(runs: &Path, id: &str) -> Option<(RunDir, RunIntent)> {
    let dir = RunDir::new(runs.join(id));
    let intent = dir.read_intent().ok().filter(|intent| *intent.id == *id && dir.alive().is_file())?;
    Some((dir, intent))
}

/// Sends the output of the run `id` from line 0 until its steps have ended, or nobody listens any more.
///
/// # Errors
/// Its output can't be read.
pub(super) async fn follow_directory(dir: RunDir, id: &str, out: &mpsc::Sender<Outcome>) -> io::Result<()> {
    let mut follower = Follower::new(dir);
    loop {
        let (lines, liveness) = follower.look()?;
        let full = !lines.is_empty();
        if full {
            let output = Outcome::RunOutput { run: id.into(), lines, omitted: follower.omitted() };
            if out.send(output).await.is_err() {
                return Ok(());
            }
        }
        if liveness != RunLiveness::Running {
            return Ok(());
        }
        if !full {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Why the output of a run is not shown of which nothing else is known.
pub(super) fn unreadable(error: &io::Error) -> String {
    format!("its output can't be read: {error}")
}
