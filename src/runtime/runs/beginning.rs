//! How a run begins: what is refused, what is on record before anything runs, and who runs it.

use std::io;

use super::RunService;
use super::refusing::{NotBegun, Refusal, RefusalReason};
use super::standing::refused;
use crate::actions::intent::RunIntent;
use crate::actions::launch::PreparedRun;
use crate::actions::rundir::RunDir;
use crate::actions::supervisor::foreground::TerminalSteps;
use crate::config::{Config, plan};
use crate::model::effect::StartRun;
use crate::model::preview::Preview;
use crate::model::run::Run;
use crate::runtime::foreground::ForegroundRun;
use crate::runtime::handover::handover;
use crate::store::fault::StoreFault;
use crate::store::runs::{Begin, BeginError, Begun};
use crate::text::SafeText;
use crate::text::redact::{Literals, Redactor};
use crate::text::secret::Secrets;

/// A run that has begun.
pub(crate) struct BegunRun {
    /// As it is on record.
    pub run: Run,
    /// Its steps, where they need the terminal; else its supervisor runs.
    pub foreground: Option<ForegroundRun>,
}

impl RunService {
    /// Starts a run: when this returns its intent is synced and its supervisor runs.
    ///
    /// # Errors
    /// Why it was refused, in words; nothing ran then.
    pub async fn begin(&self, start: &StartRun, config: &Config, secrets: &Secrets) -> Result<Run, SafeText> {
        self.begin_here(start, config, secrets)
            .await
            .map(|begun| begun.run)
            .map_err(|refusal| refusal.reason.explained())
    }

    /// As [`RunService::begin`]; what needs the terminal is still to be run, by whoever has it.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn begin_here(
        &self,
        start: &StartRun,
        config: &Config,
        secrets: &Secrets,
    ) -> Result<BegunRun, Refusal> {
        match self.try_begin(start, config, secrets).await {
            Ok(begun) => Ok(begun),
            Err(NotBegun { reason, is_on_record: false }) if start.plan.is_guarded() => {
                Err(self.record_refusal(start, reason).await)
            }
            Err(NotBegun { reason, .. }) => Err(Refusal { reason, unrecorded: None }),
        }
    }

    async fn try_begin(&self, start: &StartRun, config: &Config, secrets: &Secrets) -> Result<BegunRun, NotBegun> {
        self.preflight(start, secrets).await?;
        let redactor = Redactor::from(secrets);
        let mut handover = handover(&start.plan, start.verify.as_ref(), config, secrets)?;
        let prepared = self.prepare().map_err(|error| self.no_directory(&error))?;
        let mut intent = self.new_intent(start, prepared.dir(), &redactor);
        let run = intent.to_run(prepared.dir(), &self.identity.host);
        handover.run = run.id.clone();
        handover.store = self.url.as_ref().map(|url| url.expose().to_owned());
        match self.record_intent(start, &intent.preview, &run).await {
            Ok(Begun { fence, attempt }) => (intent.fence, intent.attempt) = (fence, attempt),
            Err(why) => {
                remove(&prepared);
                return Err(why.into());
            }
        }
        let evidence = redactor.redact(&start.evidence);
        let written = prepared.dir().write_evidence(&evidence).and_then(|()| prepared.write_intent(&intent));
        let launched = match written {
            Ok(()) if start.plan.terminal => {
                let steps = TerminalSteps { prepared, intent, declared: handover.env };
                let foreground = ForegroundRun::new(self.clone(), run.clone(), steps);
                return Ok(BegunRun { run, foreground: Some(foreground) });
            }
            Ok(()) => prepared.launch(&self.program, &handover).await,
            Err(error) => Err(error),
        };
        if let Err(error) = launched {
            let why = SafeText::new(&format!("the supervisor could not be started: {error}"));
            let closing = refused(self.clock.now().utc, why.clone());
            let closed = self.store.close_run(&run.id, None, &closing, None, self.identity.who.as_str()).await;
            if let Err(error) = &closed {
                tracing::warn!(%error, run = %run.id, "the end of a run could not be stored");
            }
            return Err(NotBegun { reason: why.into(), is_on_record: closed.is_ok() });
        }
        Ok(BegunRun { run, foreground: None })
    }

    /// What is refused before anything is written.
    async fn preflight(&self, start: &StartRun, secrets: &Secrets) -> Result<(), RefusalReason> {
        if start.plan.digest() != start.digest {
            return Err(RefusalReason::new(
                "the plan is not the one that was confirmed",
                "preview and confirm it again",
            ));
        }
        plan::refuse_literals(&start.plan, &Literals::from(secrets))
            .map_err(|error| SafeText::new(&error.to_string()))?;
        if start.plan.changing
            && let Err(stray) = self.refuse_stray(&start.plan.target).await
        {
            // What is wrong with the store comes first: it says what to do about it.
            let doubt = self.store.trusted().await.err();
            return Err(doubt.map_or(stray, |doubt| BeginError::Store(doubt).into()));
        }
        Ok(())
    }

    fn no_directory(&self, error: &io::Error) -> RefusalReason {
        let fault = StoreFault::from_io(error);
        let words = fault.describe().map_or_else(|| error.to_string(), str::to_owned);
        let place = self.runs.display();
        RefusalReason::new(&format!("no directory for the run could be made in {place}: {words}"), fault.hint())
    }

    /// The intent in the store. A lock in the way may belong to a run that is over and that nobody took in: that is done,
    /// and tried once more. What changes nothing may run without a record.
    async fn record_intent(&self, start: &StartRun, preview: &Preview, run: &Run) -> Result<Begun, RefusalReason> {
        let StartRun { plan, cooldown, at_most, .. } = start;
        let begin = Begin { run, plan, preview, cooldown: *cooldown, at_most: *at_most };
        let mut answer = self.store.begin(begin).await;
        if matches!(answer, Err(BeginError::Locked(_))) && self.take_in().await.is_ok() {
            answer = self.store.begin(begin).await;
        }
        match answer {
            Err(BeginError::Store(error)) if !plan.is_guarded() => {
                tracing::warn!(%error, run = %run.id, "runs without a record: it changes nothing");
                Ok(Begun { fence: 0, attempt: 1 })
            }
            answer => answer.map_err(RefusalReason::from),
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

    /// The intent of a run that has no lock yet.
    fn new_intent(&self, start: &StartRun, dir: &RunDir, redactor: &Redactor) -> RunIntent {
        let now = self.clock.moment();
        let id = dir.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        RunIntent {
            id: id.into(),
            plan: start.plan.clone(),
            digest: start.digest.clone(),
            preview: start.preview.redacted(redactor),
            fence: 0,
            attempt: 1,
            who: self.identity.who.clone(),
            reason: start.reason.as_deref().map(|reason| redactor.clean(reason.as_bytes()).as_str().to_owned()),
            at: now.utc,
            boot: now.boot,
            verify: start.verify.clone(),
            store: Some(self.place.clone()),
        }
    }
}

/// A run that was refused leaves no empty directory behind.
fn remove(prepared: &PreparedRun) {
    if let Err(error) = prepared.discard() {
        tracing::warn!(%error, "the directory of a refused run could not be removed");
    }
}
