//! What the rooms say to each other: observations from sources, effects from the app, outcomes of effects.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::choice::Choice;
use super::preview::Preview;
use super::reading::{Reading, Sample};
use super::run::{Lock, OutputLine, Plan, Progress, Run, Signs, Stopping};
use super::verification::Terms;
use crate::lang::time::Stamp;
use crate::logs::pattern::Past;
use crate::logs::record::{LogState, Record, RecordBatch};
use crate::text::SafeText;
use crate::text::name::Name;

/// Something that a source saw.
#[derive(Debug, Clone)]
pub enum Observation {
    /// A check was polled and judged.
    Reading(Box<Reading>),
    /// A metric has a new value.
    Sample(Sample),
    /// A log has new records.
    Records {
        /// The log.
        log: Name,
        /// The records and losses.
        batch: RecordBatch,
    },
    /// All that was read of logs with the secrets that were known before has come; what comes from now on is masked with
    /// those that are known now.
    LogsResumed,
    /// A log source changed its state.
    LogState {
        /// The log.
        log: Name,
        /// Its new state.
        state: LogState,
    },
    /// A poll was still running at its next tick, which was skipped. The count is since the start.
    Overrun {
        /// The check or source.
        name: Name,
        /// How many ticks were skipped.
        count: u64,
    },
    /// The process itself was suspended or starved: nothing is known of this span.
    Gap {
        /// From when.
        from: Stamp,
        /// Until when.
        to: Stamp,
    },
    /// The self-check changed its mind about our own connectivity.
    Connectivity {
        /// Whether we reach our own reference point.
        ok: bool,
        /// In words.
        detail: SafeText,
    },
    /// Scheduler figures, at most once in ten seconds.
    Scheduler {
        /// How late the latest slots were launched, at the worst.
        lag: Duration,
        /// Polls under way.
        in_flight: usize,
        /// Polls that wait for a place.
        waiting: usize,
        /// Ticks since the start at which the poll before still waited for a place: nothing was asked.
        not_asked: u64,
    },
    /// Something a person should read in the diagnostics: a warning of a source (`insecure`, wrong content type).
    Warning {
        /// What it is about.
        name: Name,
        /// In words.
        text: SafeText,
    },
    /// A background task panicked and was restarted.
    TaskFailed {
        /// Which.
        task: SafeText,
        /// What it said.
        text: SafeText,
    },
}

/// Names one request of a person, from the key that began it to the answer: what is refused or cancelled takes with it
/// all that was kept for it. Unique within a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RequestId(pub u64);

/// Something that the app wants done. The runtime carries it out and answers with an [`Outcome`] where one is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Leave the program.
    Quit,
    /// Stop the process as Ctrl-Z does; the terminal is given back first.
    Suspend,
    /// Clear and draw everything anew.
    Redraw,
    /// Poll these checks and sources now; empty means all.
    PollNow(Vec<Name>),
    /// Ask the adapter for the values of the parameters of an action.
    FetchChoices {
        /// Who asks.
        request: RequestId,
        /// The action.
        action: Name,
    },
    /// Run a plan: lock, audit, evidence, supervisor.
    StartRun(Box<StartRun>),
    /// TERM, grace, KILL to the processes of a run, also where the store or its directory can't be written.
    StopRun(Box<Run>),
    /// Follow the output of a run, from line 0.
    FollowRun(Name),
    /// Verify a run whose supervisor died: poll its checks, close it, release its lock.
    VerifyNow(Name),
    /// Read past runs and locks from the store.
    LoadRuns,
    /// Read from the files of logs which shapes of messages they held between two moments.
    LearnPast {
        /// The logs.
        logs: Vec<Name>,
        /// From when.
        since: DateTime<Utc>,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Nobody waits for that any more.
    ForgetPast,
    /// Look through the records that are held for secrets that were not known when they were read.
    MaskHeld,
    /// Put a text into the clipboard (OSC 52), or into a file where the terminal can't.
    Copy(SafeText),
    /// Write a text file into the state directory's `saved/` folder.
    Save {
        /// File name without directory.
        name: String,
        /// Contents.
        text: String,
    },
    /// Save the present frame as evidence.
    SaveScreen,
    /// Show this text in `$PAGER`; the terminal is handed over meanwhile.
    Page(String),
    /// Set the terminal's title.
    Title(SafeText),
    /// Ring.
    Bell,
    /// Capture the mouse or free it.
    Mouse(bool),
    /// Read the configuration again.
    Reload,
}

/// Everything that a run needs beside the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartRun {
    /// Who asks.
    pub request: RequestId,
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

/// What came of an effect.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// What was asked for was started.
    RunStarted {
        /// Who asked.
        request: RequestId,
        /// The run.
        run: Box<Run>,
    },
    /// A run changed its state (also runs that were found at the start).
    Run(Box<Run>),
    /// The supervisor of a run looked at its checks.
    RunProgress {
        /// The run.
        run: Name,
        /// How far it is.
        progress: Progress,
    },
    /// A run is being stopped.
    RunStopping {
        /// The run.
        run: Name,
        /// How far that is.
        stopping: Stopping,
    },
    /// What is seen of the supervisor of a run, and of what it left behind.
    RunSigns {
        /// The run.
        run: Name,
        /// What is seen.
        signs: Signs,
    },
    /// New output of a followed run.
    RunOutput {
        /// The run.
        run: Name,
        /// New lines.
        lines: Vec<OutputLine>,
        /// Lines left out between head and tail so far.
        omitted: u64,
    },
    /// A run was refused before anything happened.
    RunRefused {
        /// Who asked.
        request: RequestId,
        /// The action.
        action: Name,
        /// Why, with a hint.
        why: SafeText,
    },
    /// The values that a person may choose from.
    Choices {
        /// Who asked.
        request: RequestId,
        /// The action.
        action: Name,
        /// Values by parameter, or why there are none.
        choices: Result<BTreeMap<String, Vec<Choice>>, SafeText>,
    },
    /// Past runs, newest first, and the locks that are held.
    Runs {
        /// Runs.
        runs: Vec<Run>,
        /// Locks.
        locks: Vec<Lock>,
    },
    /// The store went away, or came back.
    Store {
        /// Why it is away, with a hint; `None`: it is back.
        away: Option<SafeText>,
        /// Since when it is, or was, away.
        since: DateTime<Utc>,
    },
    /// The shapes that logs held before.
    Past(Box<Past>),
    /// Records that hold a secret which was not known when they were read, each with what it is to be replaced by.
    Masked(Vec<(Record, Record)>),
    /// A text was copied or saved; says where.
    Said(SafeText),
    /// Something failed; says what and what to do.
    Failed(SafeText),
    /// A file was written.
    Saved(PathBuf),
}
