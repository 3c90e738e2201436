//! What is asked of the service of runs.

use std::time::Duration;

use crate::model::preview::Preview;
use crate::model::run::{Plan, Run};
use crate::model::verification::Terms;
use crate::text::name::Name;

/// Something to be done with a run, or before there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEffect {
    /// Ask the adapter for the values of the parameters of an action.
    FetchChoices(Name),
    /// Start a plan: lock, audit, evidence, supervisor.
    Start(Box<StartRun>),
    /// TERM, grace, KILL to the processes of a run, also where the store or its directory can't be written.
    Stop(Box<Run>),
    /// Follow the output of a run, from line 0. Whoever followed it before follows it no more.
    Follow(Name),
    /// Run the command of a step of a checklist to its end.
    Command(Box<StepCommand>),
    /// Verify a run whose supervisor died: poll its checks, close it, release its lock.
    VerifyNow(Name),
}

/// The command of a step of a checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepCommand {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
}

/// Everything that a run needs beside the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartRun {
    /// What will run. The runner hashes it again and refuses where `digest` differs.
    pub plan: Plan,
    /// The digest that was confirmed.
    pub digest: String,
    /// What was shown before it was confirmed: kept with the run and in the audit.
    pub preview: Preview,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// Last readings, log lines, metric values: JSON, already redacted.
    pub evidence: String,
    /// Least time since the last attempt on this target.
    pub cooldown: Duration,
    /// At most so many attempts in so long.
    pub at_most: Option<(u32, Duration)>,
    /// By what it is verified, and how the checks were before; the lock is kept until the verdict. `None`: the run is
    /// over when its last process ended.
    pub verify: Option<Terms>,
}
