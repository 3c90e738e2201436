//! Watching runs to their end. Nothing is decided here: the supervisor does that, and its directory says it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, mpsc};

use super::attaching::{RunWatch, follow_directory, unreadable};
use super::catching_up::ReadTo;
use super::runs::{RunService, present};
use crate::actions::follow::{RunLiveness, is_alive};
use crate::actions::rundir::RunDir;
use crate::model::outcome::Outcome;
use crate::model::run::{Lock, Run, RunState};
use crate::store::StoreError;
use crate::text::SafeText;
use crate::text::name::Name;

/// How often the store is looked at for what others write.
const REFRESH: Duration = Duration::from_secs(1);
/// How long more is waited for where the store says that somebody wrote.
const GATHER: Duration = Duration::from_millis(50);
/// How often the end of a run is tried to be stored whose supervisor is gone, a little later each time.
const TRIES: u32 = 5;

/// Runs that hold a lock and that nobody here watches, because their supervisor died or they are on another host; with
/// the processes of them that were told.
#[derive(Default)]
struct Lost {
    runs: Vec<(Run, Option<Vec<i32>>)>,
}

impl Lost {
    fn observe(&mut self, run_service: &RunService, runs: &[Run], locks: &[Lock]) {
        let seen_nowhere =
            |run: &Run| run.state == RunState::Unknown || (run.state.is_open() && !run_service.is_here(run));
        let holds = |run: &&Run| seen_nowhere(run) && locks.iter().any(|lock| lock.id == run.id);
        let summary =
            |run: &Run| self.runs.iter().find(|(known, _)| known.id == run.id).and_then(|(_, told)| told.clone());
        self.runs = runs.iter().filter(holds).map(|run| (run.clone(), summary(run))).collect();
    }

    async fn look(&mut self, run_service: &RunService, out: &mpsc::Sender<Outcome>) {
        for (run, told) in &mut self.runs {
            let signs = run_service.signs(run).await;
            let now: Vec<i32> = signs.left.iter().map(|process| process.pid).collect();
            if told.as_ref() != Some(&now) {
                *told = Some(now);
                out.send(Outcome::RunSigns { run: run.id.clone(), signs }).await.ok();
            }
        }
    }
}

/// What asks for a look at the runs before the next one by the clock.
#[derive(Clone, Copy)]
struct Hints<'a> {
    /// A run was started here.
    wake: &'a Notify,
    /// A run that is watched here ended.
    ended: &'a Notify,
}

/// A store that answers no more.
#[derive(Debug)]
pub struct Away {
    /// Why.
    pub error: StoreError,
    /// The runs that went on then.
    pub live: Vec<Run>,
}

impl RunService {
    /// Watches every open run of this host, also those that others start, and what is put on record, for as long as the store
    /// answers. What changes goes to `out`. `wake` says that a run was started here.
    pub async fn watch(&self, read: &mut ReadTo, wake: &Notify, out: &mpsc::Sender<Outcome>) -> Away {
        let (found, mut runs) = mpsc::unbounded_channel();
        let ended = Notify::new();
        let live: Mutex<HashMap<Name, Run>> = Mutex::default();
        let known = || live.lock().unwrap_or_else(PoisonError::into_inner);
        // Beside each other: a store that is locked holds up no run that is watched.
        let attached = async {
            let mut watched = FuturesUnordered::new();
            loop {
                tokio::select! {
                    Some(run) = runs.recv() => {
                        let run: Run = run;
                        if known().insert(run.id.clone(), run.clone()).is_none() {
                            watched.push(async move {
                                let id = run.id.clone();
                                self.attach(run, out).await;
                                id
                            });
                        }
                    }
                    Some(id) = watched.next() => {
                        known().remove(&id);
                        ended.notify_one();
                    }
                }
            }
        };
        let error = tokio::select! {
            error = self.look(read, Hints { wake, ended: &ended }, &found, out) => error,
            never = attached => never,
        };
        let live = std::mem::take(&mut *known()).into_values().collect();
        Away { error: self.store.at_its_place(error).await, live }
    }

    /// Watches runs whose store is away: their directories say the same as ever.
    pub(crate) async fn watch_without(&self, live: &[Run], out: &mpsc::Sender<Outcome>) {
        RunWatch::of(self).attach_all(live, out).await;
    }

    /// Reads the store where somebody wrote into it; open runs of this host go to `found`. Returns when it is to be opened
    /// again.
    async fn look(
        &self,
        read: &mut ReadTo,
        hints: Hints<'_>,
        found: &mpsc::UnboundedSender<Run>,
        out: &mpsc::Sender<Outcome>,
    ) -> StoreError {
        let mut written = self.store.written();
        let (mut version, mut moved, mut complained, mut doubted) = (None, true, false, false);
        let mut lost = Lost::default();
        loop {
            let now = match self.store.version().await {
                Err(error) if error.is_away() => return error,
                now => now.ok(),
            };
            let news = moved || now.is_none() || now != version;
            version = now;
            // A server may have failed over to an older state, and a backup lie over the file.
            if (news || std::mem::take(&mut doubted))
                && let Err(doubt) = self.store.trusted().await
                && doubt.is_doubt()
            {
                return doubt;
            }
            if news {
                match self.catch_up(read, std::mem::take(&mut moved), &mut lost, found, out).await {
                    Ok(()) => complained = false,
                    Err(error) if error.is_away() => return error,
                    // A row that makes no sense stays; what another holds, or has no room, is tried again.
                    Err(error) => {
                        moved = !matches!(error, StoreError::Content(_));
                        if !std::mem::replace(&mut complained, true) {
                            out.send(Outcome::Failed(SafeText::new(&error.explained()))).await.ok();
                        }
                    }
                }
            }
            lost.look(self, out).await;
            tokio::select! {
                error = self.store.unwritable() => return error,
                () = self.store.doubted() => doubted = true,
                () = hints.ended.notified() => moved = true,
                () = hints.wake.notified() => moved = true,
                // The number that tells of others does not tell of us.
                Ok(()) = written.changed() => version = None,
                () = self.store.woken() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(REFRESH) => {}
            }
        }
    }

    /// Reads what was put on record since the last time, and the runs where they are not what they were.
    async fn catch_up(
        &self,
        read: &mut ReadTo,
        mut moved: bool,
        lost: &mut Lost,
        found: &mpsc::UnboundedSender<Run>,
        out: &mpsc::Sender<Outcome>,
    ) -> Result<(), StoreError> {
        loop {
            let news = read.next(self).await?;
            // Runs first: what facts say of them is then known by their names.
            if std::mem::take(&mut moved) || news.as_ref().is_some_and(|news| news.moves_runs) {
                if read.went_back {
                    self.restore_locks(&read.held, out).await?;
                    read.went_back = false;
                }
                let locks = self.reload(lost, found, out).await?;
                self.know_intents(&mut read.held, &locks).await?;
            }
            let Some(news) = news else { return Ok(()) };
            let is_full = news.is_full;
            read.tell(news, out).await;
            if !is_full {
                return Ok(());
            }
        }
    }

    /// Takes in what ended, and tells how runs and locks stand. Returns the locks.
    async fn reload(
        &self,
        lost: &mut Lost,
        found: &mpsc::UnboundedSender<Run>,
        out: &mpsc::Sender<Outcome>,
    ) -> Result<Vec<Lock>, StoreError> {
        let taken = self.take_in().await?;
        for run in taken.settled.into_iter().chain(taken.live.iter().cloned()) {
            out.send(Outcome::Run(Box::new(run))).await.ok();
        }
        taken.live.into_iter().for_each(|run| drop(found.send(run)));
        let (runs, locks) = self.load().await?;
        lost.observe(self, &runs, &locks);
        out.send(Outcome::Runs { runs, locks: locks.clone() }).await.ok();
        Ok(locks)
    }

    /// Watches a run until it is closed, and returns it so. Changes go to `out`.
    pub async fn attach(&self, run: Run, out: &mpsc::Sender<Outcome>) -> Run {
        RunWatch::of(self).attach(run, out).await
    }

    /// A run whose directory says that it is over, once the store says so too. While the supervisor still tries to store
    /// it, that is its work; where it is gone, it is ours; and where the store stays away, it is shown as it is known.
    pub(super) async fn settle(&self, run: &Run, liveness: &RunLiveness) -> Run {
        let dir = RunDir::new(&run.output_path);
        let mut pause = Duration::from_millis(20);
        let mut tries = 0;
        while tries < TRIES {
            let alive = is_alive(&dir);
            let stored = if alive {
                self.store.run(&run.id).await.map(|stored| stored.filter(|stored| !stored.state.is_open()))
            } else {
                self.store_liveness(run, liveness).await.map(Some)
            };
            match stored {
                Ok(Some(stored)) => return stored,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, run = %run.id, "the end of a run could not be stored"),
            }
            tries += u32::from(pause >= Duration::from_millis(320));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
        present(run, liveness, self.clock.now().utc).not_stored_yet()
    }

    /// Sends the output of a run from line 0 until its steps have ended, or nobody listens any more.
    ///
    /// # Errors
    /// In words: its output can't be read, or is on another host.
    pub async fn follow(&self, id: &str, out: &mpsc::Sender<Outcome>) -> Result<(), SafeText> {
        let dir = self.dir(id).await?;
        match follow_directory(dir, id, out).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let run = self.store.run(id).await.ok().flatten();
                let why = run.map_or_else(|| unreadable(&error), |run| run.why_unreadable(&error));
                Err(SafeText::new(&why))
            }
        }
    }
}
