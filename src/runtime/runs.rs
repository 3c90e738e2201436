//! The `run_service` at which runs are asked for, by the console and by `opsroom run` alike: it holds the order of things.
//!
//! Digest, secrets, directory with its lock, then the intent in the store (lock, cooldown, `at_most`, audit; synced),
//! then the supervisor, which runs and verifies by itself, or whoever has the terminal that the steps need. What its
//! supervisor can't see to its end, because it was killed, the next `run_service` takes in.

mod beginning;
mod forgetting;
mod refusing;
mod restoring;
mod standing;
mod verifying;

use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use self::beginning::BegunRun;
pub(crate) use self::refusing::{Refusal, RefusalReason};
use self::standing::never_started;
pub use self::standing::{ended, output};
pub(super) use self::standing::{liveness_of, present};
use super::accepting::place;
use super::attaching::intent_of;
use super::identity::Identity;
use crate::actions::follow::{RunLiveness, is_alive};
use crate::actions::intent::StorePlace;
use crate::actions::launch::own_program;
use crate::actions::rundir::RunDir;
use crate::clock::Clock;
use crate::files::made;
use crate::lang::time::{Moment, Stamp};
use crate::model::run::{Lock, Run};
use crate::store::address::{ServerUrl, StoreAddress};
use crate::store::place::StoreLocation;
use crate::store::runs::SaidBy;
use crate::store::{Store, StoreError};
use crate::text::SafeText;

/// How many runs are read for the list.
pub(crate) const LISTED: u32 = 200;

/// What ended longer ago than this is put on record as history.
const LATE_BY: TimeDelta = TimeDelta::minutes(1);

/// The `run_service`. Cheap to clone: every task has its own.
#[derive(Debug, Clone)]
pub struct RunService {
    pub(super) store: Store,
    /// Its URL, where it is on a server: for supervisors, through their stdin alone.
    url: Option<ServerUrl>,
    place: StorePlace,
    pub(super) runs: PathBuf,
    program: PathBuf,
    identity: Identity,
    pub(super) clock: Clock,
    /// While its store was away.
    absence: Option<Range<DateTime<Utc>>>,
}

/// What was found at the start.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Runs that ended, or were lost, while nobody looked.
    pub settled: Vec<Run>,
    /// Runs whose supervisor lives, as they stand: each is to be [`RunService::attach`]ed.
    pub live: Vec<Run>,
}

impl RunService {
    /// Opens the store (`--store`) and the `run_service` over it; runs are kept in `runs/` of the state directory.
    ///
    /// # Errors
    /// The store can't be opened.
    pub async fn open(store: Option<&str>, state_directory: &Path, clock: Clock) -> Result<Self, StoreError> {
        let identity = Identity::present();
        made::own_directory(state_directory).map_err(StoreError::Untrusted)?;
        let opened = place(store, state_directory, &identity)?;
        let store = Store::open(&opened).await?;
        Ok(Self::over(store, opened, identity, state_directory, clock))
    }

    /// The `run_service` over a store that is open.
    pub(super) fn over(
        store: Store,
        opened: StoreLocation,
        identity: Identity,
        state_directory: &Path,
        clock: Clock,
    ) -> Self {
        let place = StorePlace {
            path: store.path().to_owned(),
            host: opened.host,
            state: opened.state,
            id: Some(store.id().to_owned()),
            file: store.identity().map(|file| (file.device, file.inode)),
        };
        let url = match opened.at {
            StoreAddress::Server(url) => Some(url),
            StoreAddress::File(_) => None,
        };
        Self {
            store,
            url,
            place,
            runs: state_directory.join("runs"),
            program: own_program(),
            identity,
            clock,
            absence: None,
        }
    }

    /// The same over a store that is back since now and was away `since` then: what ended meanwhile had to wait.
    pub(super) fn after_absence(self, since: Option<DateTime<Utc>>) -> Self {
        let absence = since.map(|since| since..self.now());
        Self { absence, ..self }
    }

    /// The same `run_service` with another program as the supervisor, for tests that are not that program.
    #[must_use]
    pub fn with_program(self, program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// The store, for what needs no `run_service`.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Ends the connection to the store, with everything in its one file.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// The time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now().utc
    }

    /// The time by our clock.
    pub(crate) fn stamp(&self) -> Stamp {
        self.clock.now()
    }

    /// The time as it compares with what other processes wrote.
    pub(crate) fn moment(&self) -> Moment {
        self.clock.moment()
    }

    /// Who we are.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Past runs and held locks.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn load(&self) -> Result<(Vec<Run>, Vec<Lock>), StoreError> {
        Ok((self.runs(LISTED).await?, self.store.locks().await?))
    }

    /// The latest runs as they stand, newest first: open ones of this host as their directories say.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn runs(&self, most: u32) -> Result<Vec<Run>, StoreError> {
        Ok(self.readable_runs(most).await?.0)
    }

    /// The same, and the ids of those of the latest that can't be read.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn readable_runs(&self, most: u32) -> Result<(Vec<Run>, Vec<String>), StoreError> {
        let (runs, unreadable) = self.store.readable_runs(most).await?;
        Ok((runs.into_iter().map(|run| self.as_it_stands(run)).collect(), unreadable))
    }

    /// One run as it stands.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn run(&self, id: &str) -> Result<Option<Run>, StoreError> {
        Ok(self.store.run(id).await?.map(|run| self.as_it_stands(run)))
    }

    /// Whether a run is one of this host.
    pub(super) fn is_here(&self, run: &Run) -> bool {
        run.host == self.identity.host
    }

    /// A run of the store as its directory says, where it is one of this host.
    pub(crate) fn as_it_stands(&self, run: Run) -> Run {
        if run.state.is_open() && self.is_here(&run) {
            present(&run, &liveness_of(&run), self.clock.now().utc)
        } else {
            run
        }
    }

    /// Takes in what went on while nobody looked: runs that ended get their end, those whose supervisor died become
    /// unknown, live ones are returned to be attached. Those that can't be seen from here stay as the store says.
    ///
    /// # Errors
    /// The store can't be read or written.
    pub async fn take_in(&self) -> Result<Recovered, StoreError> {
        let mut taken = Recovered::default();
        for run in self.store.open_runs(&self.identity.host).await? {
            let dir = RunDir::new(&run.output_path);
            let liveness = liveness_of(&run);
            if matches!(liveness, RunLiveness::Hidden(_)) {
                continue;
            }
            if liveness.is_open() || is_alive(&dir) {
                taken.live.push(present(&run, &liveness, self.clock.now().utc));
            } else {
                taken.settled.push(self.store_liveness(&run, &liveness).await?);
            }
        }
        Ok(taken)
    }

    /// Stores what the directory of a run says whose supervisor is gone.
    pub(super) async fn store_liveness(&self, run: &Run, liveness: &RunLiveness) -> Result<Run, StoreError> {
        let (now, who) = (self.clock.now().utc, self.identity.who.as_str());
        if self.store.is_read_only() {
            return Ok(present(run, liveness, now));
        }
        match liveness {
            RunLiveness::Over { end, closing } => {
                let end = end.as_deref().map(ended);
                let by = SaidBy { who, late: self.is_late(closing.at) };
                self.store.close_run(&run.id, end.as_ref(), closing, None, by).await
            }
            RunLiveness::NeverStarted => self.store.close_run(&run.id, None, &never_started(now), None, who).await,
            RunLiveness::Verifying { end, .. } | RunLiveness::Lost(end) => {
                let why = self.why_lost(run, end.is_some()).await;
                self.store.lose(&run.id, end.as_deref().map(ended).as_ref(), &why, who, now).await
            }
            RunLiveness::Running => {
                let why = self.why_lost(run, false).await;
                self.store.lose(&run.id, None, &why, who, now).await
            }
            RunLiveness::Hidden(_) => Ok(run.clone()),
        }
    }

    /// Whether what was so `at` that time had to wait for the store, or for somebody to look.
    fn is_late(&self, at: DateTime<Utc>) -> bool {
        self.absence.as_ref().is_some_and(|absence| absence.contains(&at)) || self.now() - at > LATE_BY
    }

    /// Why nobody knows what becomes of a run.
    async fn why_lost(&self, run: &Run, ended: bool) -> String {
        if let Some(pid) = self.supervisor(run).await {
            return format!("its directory was removed or changed, while its supervisor (pid {pid}) is still running");
        }
        if !run.output_path.is_dir() {
            return "its directory was removed, and its outcome with it".to_owned();
        }
        let before = if ended { "the checks were evaluated" } else { "its steps ended" };
        let dir = RunDir::new(&run.output_path);
        let beat = dir.read_heartbeat().ok().flatten();
        let seen = beat.map_or_else(String::new, |beat| {
            format!(", last seen {} s after it began", beat.since(run.began()).as_secs())
        });
        let now = self.clock.now().utc.format("%Y-%m-%d %H:%M:%SZ");
        let had_terminal = dir.read_intent().is_ok_and(|intent| intent.plan.terminal);
        let who = if had_terminal { "the console that lent it the terminal" } else { "the supervisor" };
        format!("{who} died before {before}{seen}; found out at {now}")
    }

    /// The directory of a run: most are ours, and then the store need not be asked, which may be away.
    pub(super) async fn dir(&self, id: &str) -> Result<RunDir, SafeText> {
        if let Some((ours, _)) = intent_of(&self.runs, id) {
            return Ok(ours);
        }
        match self.store.run(id).await {
            Ok(Some(run)) if run.host == self.identity.host => Ok(RunDir::new(run.output_path)),
            Ok(Some(run)) => Err(SafeText::new(&format!("run {id} is on {}; its output is there", run.host))),
            Ok(None) => Err(SafeText::new(&format!("no run {id}"))),
            Err(error) => Err(SafeText::new(&error.to_string())),
        }
    }
}
