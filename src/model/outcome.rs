//! What the carriers of effects say to the console.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use serde::{Deserialize, Serialize, Serializer};

use super::checklist::CommandResult;
use super::choice::ChoiceList;
use super::effect::RequestId;
use super::engine::EngineState;
use super::fact::incident::EvidenceFile;
use super::fact::{Fact, NewFact};
use super::lease::LeaseReport;
use super::message::{DeliveryFailure, Recipient};
use super::presence::Presence;
use super::rollup::{ChartQuery, ChartSpan, SeriesHistory, SeriesKey};
use super::run::{Lock, OutputLine, Run, Signs, Stopping, VerificationProgress};
use super::thing::{CheckRecord, IncidentRecord, StoredThing};
use crate::logs::pattern::ShapeHistory;
use crate::logs::record::Record;
use crate::text::SafeText;
use crate::text::name::Name;

/// A store that is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreAway {
    /// Since when: when it answered last, as far as that is known.
    pub since: DateTime<Utc>,
    /// Whether that is known; where it is not, it was away before.
    pub seen: bool,
    /// Why, with a hint.
    pub why: SafeText,
    /// The problem alone, in a few words: `no server accepts connections there`.
    pub problem: SafeText,
    /// In what way.
    pub how: StoreAbsence,
}

/// In what way a store is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoreAbsence {
    /// It can't be reached, read or written.
    Unusable,
    /// It answers, and entries that were seen in it are gone.
    LostEntries,
    /// Another store is in its place, and nobody has accepted that one.
    Replaced,
    /// None was made yet, and whoever only looks on makes none.
    NotMade,
}

/// Figures about the store, as this process sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StoreFigures {
    /// Bytes that it takes; `None`: not known yet.
    pub size: Option<u64>,
    /// Minutes of readings that wait in memory for it.
    pub waiting: usize,
    /// Minutes of readings that were not stored: they waited too long, or another process stores them.
    pub lost: u64,
}

/// What a person missed while they did not look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// The name by which they log in.
    pub login: SafeText,
    /// When they last looked at this store; `None`: never.
    pub since: Option<DateTime<Utc>>,
    /// What was put on record since then, oldest first.
    pub facts: Vec<Fact>,
    /// The runs that they are about, by the object of the fact.
    pub runs: BTreeMap<String, Run>,
    /// The checks that are not ok.
    #[serde(default)]
    pub troubled: BTreeMap<Name, CheckRecord>,
    /// The incidents that are open, were opened since then or ended since then.
    #[serde(default)]
    pub incidents: Vec<IncidentRecord>,
}

/// What came of an effect.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Outcome {
    /// What was asked for was started.
    RunStarted {
        /// Who asked.
        request: RequestId,
        /// The run.
        run: Box<Run>,
    },
    /// A run is being verified that nobody verified any more.
    RunVerifying {
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
        progress: VerificationProgress,
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
    /// The command of a step of a checklist has ended.
    StepRan {
        /// Who asked.
        request: RequestId,
        /// How.
        result: CommandResult,
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
        choices: Result<BTreeMap<String, ChoiceList>, SafeText>,
    },
    /// Past runs, newest first, and the locks that are held.
    Runs {
        /// Runs.
        runs: Vec<Run>,
        /// Locks.
        locks: Vec<Lock>,
    },
    /// The same, as the answer to who asked for them.
    RunsLoaded {
        /// Who asked.
        request: RequestId,
        /// Runs.
        runs: Vec<Run>,
        /// Locks.
        locks: Vec<Lock>,
    },
    /// The store went away, or came back.
    Store {
        /// How it is away; `None`: it is back.
        away: Option<StoreAway>,
        /// Since when it is, or was, away.
        since: DateTime<Utc>,
    },
    /// The store that is open now may only be read here, for a reason with a hint; `None`: it may be written.
    StoreOnlyRead(Option<SafeText>),
    /// What is stored of series.
    Past {
        /// Of which.
        series: Vec<SeriesKey>,
        /// What is stored; `None`: the store could not be read, they may be asked for again.
        histories: Option<Vec<SeriesHistory>>,
    },
    /// Figures about the store.
    StoreFigures(StoreFigures),
    /// Some stored readings can't be read and are left out, which is said once of each store that is opened; or, for a reason,
    /// all of them, which is tried again.
    ReadingsLeftOut(Option<SafeText>),
    /// The lease stands otherwise than before.
    Lease(Box<LeaseReport>),
    /// Who else uses the store.
    Present(Vec<Presence>),
    /// What the engine of the last holder of the lease knew.
    Engine {
        /// It.
        engine: Box<EngineState>,
        /// For how long nobody has known more.
        unseen: Duration,
    },
    /// The store was opened: what this person missed.
    Looked(Box<Missed>),
    /// The store was opened: what it has said lately. What was known of it before is forgotten.
    Remembered {
        /// Facts, oldest first.
        lately: Vec<Fact>,
        /// Its last fact.
        head: u64,
    },
    /// Facts of the store, in their order; a page of them where there are many.
    Facts(Vec<Fact>),
    /// What the store says of checks.
    Statuses {
        /// Who asked.
        request: RequestId,
        /// Of which.
        checks: Vec<Name>,
        /// What is there of them.
        things: Vec<StoredThing>,
    },
    /// What the store says of alerts.
    Alerts {
        /// Who asked.
        request: RequestId,
        /// Those that fire, and those that did lately.
        things: Vec<StoredThing>,
    },
    /// What the store has of the windows of charts.
    Charts {
        /// Who asked.
        request: RequestId,
        /// What was asked, each with its answer.
        answers: Vec<(ChartQuery, Vec<ChartSpan>)>,
    },
    /// What the store has of deployments, runs and alerts.
    Marks {
        /// Who asked.
        request: RequestId,
        /// Facts, oldest first.
        facts: Vec<Fact>,
        /// The runs that they are about, by the object of the fact.
        runs: BTreeMap<String, Run>,
    },
    /// What a person said of alerts is on record.
    Recorded {
        /// Who asked.
        request: RequestId,
    },
    /// The store is away: what a person said waits on disk, synced, and is put on record once.
    Queued {
        /// Who asked.
        request: RequestId,
        /// What waits.
        drafts: Vec<NewFact>,
    },
    /// Acknowledgements that wait on disk since before this console began, while the store is away.
    QueuedBefore(Vec<NewFact>),
    /// What became of a message that was sent.
    Delivered {
        /// Which.
        message: Name,
        /// To whom.
        target: Recipient,
        /// How it failed, where it did.
        delivered: Result<(), DeliveryFailure>,
    },
    /// The shapes that logs held before.
    ShapeHistory {
        /// Who asked.
        request: RequestId,
        /// The shapes.
        history: Box<ShapeHistory>,
    },
    /// The section of a runbook.
    Runbook {
        /// Who asked.
        request: RequestId,
        /// Its lines, or why it can't be shown.
        text: Result<Vec<SafeText>, SafeText>,
    },
    /// Records that hold a secret which was not known when they were read, each with what it is to be replaced by.
    #[serde(serialize_with = "masked_alone")]
    Masked(Vec<(Record, Record)>),
    /// A text was copied or saved; says where.
    Said(SafeText),
    /// What was asked for is done, and there is nothing more to say of it.
    Completed {
        /// Who asked.
        request: RequestId,
    },
    /// What was asked for failed.
    RequestFailed {
        /// Who asked.
        request: RequestId,
        /// What failed, and what to do.
        why: SafeText,
    },
    /// Something failed that nobody waits for; says what and what to do.
    Failed(SafeText),
    /// A file was written.
    Saved(PathBuf),
    /// The evidence of a moment was written into this directory.
    EvidenceSaved {
        /// Which.
        path: PathBuf,
        /// The files in it.
        files: Vec<EvidenceFile>,
    },
    /// The evidence of a moment could not be written; says why and what to do.
    EvidenceFailed(SafeText),
}

/// What holds the secret is written nowhere: a record is known by its log and number.
fn masked_alone<S: Serializer>(pairs: &[(Record, Record)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(pairs.iter().map(|(_, masked)| (masked, masked)))
}
