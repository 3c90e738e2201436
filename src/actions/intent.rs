//! What a run is to do, as it lies in its directory, and where the store is that knows of it.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::rundir::RunDir;
use crate::lang::time::BootTime;
use crate::model::preview::Preview;
use crate::model::run::{Plan, Run, RunState, Verdict};
use crate::model::verification::Terms;
use crate::text::name::Name;

/// What the supervisor is given, beside secrets and checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunIntent {
    /// The run.
    pub id: Name,
    /// What runs.
    pub plan: Plan,
    /// Its digest, as confirmed.
    pub digest: String,
    /// What was shown when it was confirmed, without secrets.
    #[serde(default)]
    pub preview: Preview,
    /// `OPSROOM_FENCE`: rises with every acquisition of the target's lock; 0 where there is no lock.
    pub fence: u64,
    /// `OPSROOM_ATTEMPT`: how many times this was tried within its `at_most` window, from 1.
    pub attempt: u32,
    /// Who asked.
    pub who: String,
    /// Why, where a reason was given.
    #[serde(default)]
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// The same moment by the machine's clock.
    #[serde(default)]
    pub boot: Option<BootTime>,
    /// By what it is verified; `None`: its exit code alone says how it went.
    #[serde(default)]
    pub verify: Option<Terms>,
    /// The store into which the outcome goes; `None`: into none.
    #[serde(default)]
    pub store: Option<StorePlace>,
}

/// Where the supervisor finds the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorePlace {
    /// The file, by its absolute path; or the name of a database on a server, without password.
    pub path: PathBuf,
    /// Whose chain of the audit is written.
    pub host: String,
    /// The state directory, where the heads of the chains are kept.
    #[serde(default)]
    pub state: Option<PathBuf>,
    /// The id of the store that holds the intent; `None`: of an earlier version, which did not say it.
    #[serde(default)]
    pub id: Option<String>,
    /// Device and number of its file.
    #[serde(default)]
    pub file: Option<(u64, u64)>,
}

impl RunIntent {
    /// The run as it begins in its directory, on `host`.
    pub(crate) fn to_run(&self, dir: &RunDir, host: &str) -> Run {
        let plan = &self.plan;
        Run {
            id: self.id.clone(),
            action: plan.action.clone(),
            verb: plan.verb.clone(),
            dry_run: plan.dry_run,
            service: plan.service.clone(),
            target: plan.target.clone(),
            who: self.who.clone(),
            reason: self.reason.clone(),
            host: host.to_owned(),
            plan_digest: self.digest.clone(),
            started_at: self.at,
            boot: self.boot,
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
}
