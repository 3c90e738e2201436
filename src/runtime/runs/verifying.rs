//! Verifies later what could not be verified in its time.

use std::collections::BTreeMap;

use super::RunService;
use crate::actions::handover::Task;
use crate::actions::launch::PreparedRun;
use crate::config::{Config, verifying};
use crate::model::run::{LeftProcess, Run, RunState};
use crate::runtime::handover::handover;
use crate::text::SafeText;
use crate::text::secret::Secrets;

impl RunService {
    /// Verifies a run whose supervisor died: another one polls its checks, closes it and releases its lock.
    ///
    /// # Errors
    /// In words: it is not such a run, nothing verifies it, its processes still run, or it could not be started.
    pub async fn verify_now(&self, id: &str, config: &Config, secrets: &Secrets) -> Result<Run, SafeText> {
        let said = |error: &dyn std::fmt::Display| SafeText::new(&format!("run {id} can't be verified: {error}"));
        let run = self.store.run(id).await.map_err(|error| said(&error))?.ok_or_else(|| said(&"no such run"))?;
        if run.state != RunState::Unknown {
            return Err(said(&format!("it is {}; only a run of unknown outcome is verified later", run.outcome())));
        }
        let dir = self.dir(id).await?;
        let left = self.left(&run).await;
        if !left.is_empty() {
            let left = left.iter().take(8).map(LeftProcess::describe).collect::<Vec<_>>().join("; ");
            return Err(said(&format!("its processes still run: {left}; wait for them or stop them")));
        }
        let mut intent = dir.read_intent().map_err(|error| said(&error))?;
        if intent.verify.is_none() {
            let action = config.actions.iter().find(|action| action.name == run.action);
            let verify = action.and_then(|action| action.verify.as_ref());
            let verify = verify.ok_or_else(|| said(&"no checks configured to verify this action"))?;
            intent.verify = Some(verifying::terms(config, verify, BTreeMap::new()));
        }
        let prepared = PreparedRun::again(dir).map_err(|error| said(&error))?;
        let prepared = prepared.ok_or_else(|| said(&"it is being verified already"))?;
        prepared.write_intent(&intent).map_err(|error| said(&error))?;
        let mut handover = handover(&intent.plan, intent.verify.as_ref(), config, secrets)?;
        (handover.run, handover.task) = (run.id.clone(), Task::Verify);
        let here = intent.store.as_ref().is_none_or(|place| place.path == *self.store.path());
        handover.store = self.url.as_ref().filter(|_| here).map(|url| url.expose().to_owned());
        let reopened = self.store.reopen(id, &self.identity.who, self.clock.now().utc).await;
        let reopened = reopened.map_err(|error| said(&error))?;
        prepared.launch(&self.program, &handover).await.map_err(|error| said(&error))?;
        Ok(reopened)
    }
}
