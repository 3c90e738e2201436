//! Locks that outlive the record of them: where the store went back to an older state, or another was accepted in its place, runs
//! may go on of which it knows nothing, most of all on other hosts.

use std::time::Duration;

use tokio::sync::mpsc;

use super::RunService;
use super::standing::ended;
use crate::actions::follow::{RunLiveness, standing_at};
use crate::actions::intent::RunIntent;
use crate::actions::rundir::RunDir;
use crate::model::fact::{NewFact, RunIntended, Statement};
use crate::model::outcome::Outcome;
use crate::model::run::Lock;
use crate::store::StoreError;
use crate::store::runs::{Begin, Begun};
use crate::text::SafeText;

impl RunService {
    /// Knows the intents of the runs that hold these locks, and no others.
    pub(in crate::runtime) async fn know_intents(
        &self,
        known: &mut Vec<NewFact>,
        locks: &[Lock],
    ) -> Result<(), StoreError> {
        let is_of = |intent: &NewFact, lock: &Lock| run_of(intent).is_some_and(|said| said.run == lock.id);
        known.retain(|intent| locks.iter().any(|lock| is_of(intent, lock)));
        for lock in locks {
            if !known.iter().any(|intent| is_of(intent, lock)) {
                known.extend(self.store.intent_of(lock).await?);
            }
        }
        Ok(())
    }

    /// Puts runs back on record that held a lock when the store was read last, and that it knows nothing of now, with their locks:
    /// whether they are over is not for this store to say. Those of this host that are over are put there with their outcome: their
    /// supervisors may be gone, and their directories in no state directory that is looked through on acceptance.
    pub(in crate::runtime) async fn restore_locks(
        &self,
        held: &[NewFact],
        out: &mpsc::Sender<Outcome>,
    ) -> Result<(), StoreError> {
        if self.store.is_read_only() {
            return Ok(());
        }
        for intent in held {
            let Some(said) = run_of(intent) else { continue };
            if intent.host == self.identity.host {
                let dir = RunDir::new(&said.output_path);
                match standing_at(&dir) {
                    RunLiveness::NeverStarted => continue,
                    RunLiveness::Over { .. } if self.restore(&dir).await? => continue,
                    _ => {}
                }
            }
            if self.store.restore_intent(intent).await? {
                let (run, host, target) = (&said.run, &intent.host, &said.target);
                let words = format!(
                    "the store lost run {run} on {host}: it is on record again, and holds the lock of {target} until {host} \
                     accepts the store and says how it ended; hint: look there; if it has ended: opsroom unlock {run} --why TEXT"
                );
                out.send(Outcome::Failed(SafeText::new(&words))).await.ok();
            }
        }
        Ok(())
    }

    /// Puts on record what directories here tell of runs that were recorded in this place and of which the store, which was
    /// accepted a moment ago, knows nothing. What began longer ago than runs are kept (`None`: for ever) may have been let go of.
    /// Those whose supervisor lives it puts there itself. Returns their ids.
    ///
    /// # Errors
    /// The store can't be read or written.
    pub(crate) async fn restore_runs(&self, kept: Option<Duration>) -> Result<Vec<String>, StoreError> {
        let (runs, path, host, now) =
            (self.runs.clone(), self.store.path().to_owned(), self.identity.host.clone(), self.now());
        let is_wanted = move |intent: &RunIntent| {
            let is_of_it = intent.store.as_ref().is_some_and(|store| store.host == host && store.path == path);
            let is_kept = (now - intent.at).to_std().is_ok_and(|age| kept.is_none_or(|kept| age <= kept));
            is_of_it && intent.fence != 0 && is_kept
        };
        let looked = tokio::task::spawn_blocking(move || super::forgetting::over(&runs, is_wanted)).await;
        let mut restored = Vec::new();
        for (id, dir) in looked.unwrap_or_default() {
            let known = self.store.run(&id).await?;
            // A console may have put it back with its lock meanwhile.
            if known.is_none_or(|run| run.state.is_open()) && self.restore(&dir).await? {
                restored.push(id);
            }
        }
        Ok(restored)
    }

    /// Puts a run on record of which its directory alone tells. One that is known by now gets its outcome. Says whether there
    /// was any to tell.
    async fn restore(&self, dir: &RunDir) -> Result<bool, StoreError> {
        let Ok(intent) = dir.read_intent() else { return Ok(false) };
        let run = intent.to_run(dir, &self.identity.host);
        let begin =
            Begin { run: &run, plan: &intent.plan, preview: &intent.preview, cooldown: Duration::ZERO, at_most: None };
        let given = Begun { fence: intent.fence, attempt: intent.attempt };
        let liveness = standing_at(dir);
        match &liveness {
            RunLiveness::Over { end, closing } => {
                let ended = end.as_deref().map(ended);
                if !self.store.record_whole(begin, given, ended.as_ref(), closing).await? {
                    self.store_liveness(&run, &liveness).await?;
                }
            }
            RunLiveness::Lost(_) => {
                self.store.restore_run(begin, given).await?;
                self.store_liveness(&run, &liveness).await?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn run_of(intent: &NewFact) -> Option<&RunIntended> {
    match &intent.said {
        Statement::RunIntended(said) => Some(said),
        _ => None,
    }
}
