//! The `run_service` at which runs are asked for, by the console and by `opsroom run` alike: it holds the order of things.
//!
//! Digest, secrets, directory with its lock, then the intent in the store (lock, cooldown, `at_most`, audit; synced),
//! then the supervisor, which runs and verifies by itself. What its supervisor can't see to its end, because it was
//! killed, the next `run_service` takes in.

mod refusing;
mod standing;
mod verifying;

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use self::refusing::NotBegun;
pub use self::standing::{ended, output};
pub(super) use self::standing::{liveness_of, present};
use self::standing::{never_started, refused};
use super::accepting::place;
use super::handover::handover;
use super::identity::Identity;
use crate::actions::follow::{RunLiveness, is_alive};
use crate::actions::launch::{PreparedRun, own_program};
use crate::actions::rundir::{RunDir, RunIntent, StorePlace};
use crate::clock::Clock;
use crate::config::{Config, plan};
use crate::files::made;
use crate::lang::time::Moment;
use crate::model::effect::StartRun;
use crate::model::preview::Preview;
use crate::model::run::{Lock, Run, RunState, Verdict};
use crate::store::address::{ServerUrl, StoreAddress};
use crate::store::fault::StoreFault;
use crate::store::place::StoreLocation;
use crate::store::runs::{Begin, BeginError, Begun};
use crate::store::{Store, StoreError};
use crate::text::SafeText;
use crate::text::redact::{Literals, Redactor};
use crate::text::secret::Secrets;

/// How many runs are read for the list.
pub(crate) const LISTED: u32 = 200;

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
        Self { store, url, place, runs: state_directory.join("runs"), program: own_program(), identity, clock }
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

    /// The time as it compares with what other processes wrote.
    pub(crate) fn moment(&self) -> Moment {
        self.clock.moment()
    }

    /// Who we are.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Starts a run: when this returns its intent is synced and its supervisor runs.
    ///
    /// # Errors
    /// Why it was refused, in words; nothing ran then.
    pub async fn begin(&self, start: &StartRun, config: &Config, secrets: &Secrets) -> Result<Run, SafeText> {
        let begun = self.try_begin(start, config, secrets).await;
        if let Err(NotBegun { why, is_on_record: false }) = &begun
            && start.plan.changing
        {
            self.record_refusal(start, why).await;
        }
        begun.map_err(|refused| refused.why)
    }

    async fn try_begin(&self, start: &StartRun, config: &Config, secrets: &Secrets) -> Result<Run, NotBegun> {
        if start.plan.digest() != start.digest {
            let why = "the plan is not the one that was confirmed: preview and confirm it again";
            return Err(SafeText::new(why).into());
        }
        plan::refuse_literals(&start.plan, &Literals::from(secrets))
            .map_err(|error| SafeText::new(&error.to_string()))?;
        if start.plan.changing
            && let Err(stray) = self.refuse_stray(&start.plan.target).await
        {
            // What is wrong with the store comes first: it says what to do about it.
            let doubt = self.store.trusted().await.err();
            return Err(doubt.map_or(stray, |doubt| SafeText::new(&BeginError::Store(doubt).with_hint())).into());
        }
        let redactor = Redactor::from(secrets);
        let mut handover = handover(&start.plan, start.verify.as_ref(), config, secrets)?;
        let prepared = self.prepare().map_err(|error| self.no_directory(&error))?;
        let run = self.new_run(start, prepared.dir(), &redactor);
        handover.run = run.id.clone();
        handover.store = self.url.as_ref().map(|url| url.expose().to_owned());
        let preview = start.preview.redacted(&redactor);
        let begun = match self.record_intent(start, &preview, &run).await {
            Ok(begun) => begun,
            Err(why) => {
                remove(&prepared);
                return Err(why.into());
            }
        };
        let intent = RunIntent {
            id: run.id.clone(),
            plan: start.plan.clone(),
            digest: start.digest.clone(),
            preview,
            fence: begun.fence,
            attempt: begun.attempt,
            who: self.identity.who.clone(),
            at: run.started_at,
            boot: run.boot,
            verify: start.verify.clone(),
            store: Some(self.place.clone()),
        };
        let evidence = redactor.redact(&start.evidence);
        let written = prepared.dir().write_evidence(&evidence).and_then(|()| prepared.write_intent(&intent));
        let launched = match written {
            Ok(()) => prepared.launch(&self.program, &handover).await,
            Err(error) => Err(error),
        };
        if let Err(error) = launched {
            let why = SafeText::new(&format!("the supervisor could not be started: {error}"));
            let closing = refused(self.clock.now().utc, why.clone());
            let closed = self.store.close_run(&run.id, None, &closing, None, &self.identity.who).await;
            if let Err(error) = &closed {
                tracing::warn!(%error, run = %run.id, "the end of a run could not be stored");
            }
            return Err(NotBegun { why, is_on_record: closed.is_ok() });
        }
        Ok(run)
    }

    fn no_directory(&self, error: &io::Error) -> SafeText {
        let fault = StoreFault::from_io(error);
        let words = fault.describe().map_or_else(|| error.to_string(), str::to_owned);
        let place = self.runs.display();
        SafeText::new(&format!("no directory for the run could be made in {place}: {words}; {}", fault.hint()))
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
        let runs = self.store.runs(most).await?;
        Ok(runs.into_iter().map(|run| self.as_it_stands(run)).collect())
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
                self.store.close_run(&run.id, end.as_ref(), closing, None, who).await
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

    /// Why nobody knows what becomes of a run.
    async fn why_lost(&self, run: &Run, ended: bool) -> String {
        if let Some(pid) = self.supervisor(run).await {
            return format!("its directory was removed or changed, while its supervisor (pid {pid}) is still running");
        }
        if !run.output_path.is_dir() {
            return "its directory was removed, and its outcome with it".to_owned();
        }
        let before = if ended { "the checks were evaluated" } else { "its steps ended" };
        let beat = RunDir::new(&run.output_path).read_heartbeat().ok().flatten();
        let seen = beat.map_or_else(String::new, |beat| {
            format!(", last seen {} s after it began", beat.since(run.began()).as_secs())
        });
        let now = self.clock.now().utc.format("%Y-%m-%d %H:%M:%SZ");
        format!("the supervisor died before {before}{seen}; found out at {now}")
    }

    /// The intent in the store. A lock in the way may belong to a run that is over and that nobody took in: that is done,
    /// and tried once more. What changes nothing may run without a record.
    async fn record_intent(&self, start: &StartRun, preview: &Preview, run: &Run) -> Result<Begun, SafeText> {
        let StartRun { plan, cooldown, at_most, .. } = start;
        let begin = Begin { run, plan, preview, cooldown: *cooldown, at_most: *at_most };
        let mut answer = self.store.begin(begin).await;
        if matches!(answer, Err(BeginError::Locked(_))) && self.take_in().await.is_ok() {
            answer = self.store.begin(begin).await;
        }
        match answer {
            Err(BeginError::Store(error)) if !plan.changing => {
                tracing::warn!(%error, run = %run.id, "runs without a record: it changes nothing");
                Ok(Begun { fence: 0, attempt: 1 })
            }
            answer => answer.map_err(|error| SafeText::new(&error.with_hint())),
        }
    }

    fn prepare(&self) -> io::Result<PreparedRun> {
        let now = self.clock.now().utc.format("%Y%m%dT%H%M%S");
        loop {
            match PreparedRun::new(&self.runs, &format!("{now}-{:04x}", fastrand::u16(..))) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                prepared => return prepared,
            }
        }
    }

    fn new_run(&self, start: &StartRun, dir: &RunDir, redactor: &Redactor) -> Run {
        let (plan, now) = (&start.plan, self.clock.moment());
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
            started_at: now.utc,
            boot: now.boot,
            ended_at: None,
            duration_ms: None,
            outcome_ms: None,
            state: RunState::Running,
            verdict: Verdict::None,
            checks: None,
            exit_code: None,
            signal: None,
            output_path: dir.path().to_owned(),
            note: None,
        }
    }

    /// The directory of a run: most are ours, and then the store need not be asked, which may be away.
    pub(super) async fn dir(&self, id: &str) -> Result<RunDir, SafeText> {
        let ours = RunDir::new(self.runs.join(id));
        if ours.alive().is_file() && matches!(ours.read_intent(), Ok(intent) if *intent.id == *id) {
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

/// A run that was refused leaves no empty directory behind.
fn remove(prepared: &PreparedRun) {
    if let Err(error) = prepared.discard() {
        tracing::warn!(%error, "the directory of a refused run could not be removed");
    }
}
