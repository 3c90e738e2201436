//! The bodies of what is said of checklists, each in the form in which it is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::checklist::{StepKind, StepState};
use crate::text::SafeText;
use crate::text::name::Name;

/// A run of a checklist begins: who, is in the envelope. What is asked is said here, so that a run that is over says for
/// ever what was asked in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistStarted {
    /// Unique for ever: see [`crate::model::checklist::run_id`]. The same for everybody who begins the same period.
    pub run: Name,
    /// The checklist, by its name in the configuration.
    pub checklist: Name,
    /// How it is shown.
    pub title: SafeText,
    /// When it was due; `None`: on demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DateTime<Utc>>,
    /// Until when it is on time: the first moment after its window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// By which schedule it was due, and by whose clocks: `daily 09:00 Europe/Berlin`; `None`: on demand, or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// So many seconds it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_s: Option<u64>,
    /// A digest of its definition: another one is another list.
    pub digest: String,
    /// What is asked, in its order.
    pub steps: Vec<AskedStep>,
}

/// A step, as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedStep {
    /// Its id among the steps of the list: made of its title, so that it stays the same when it becomes automatic.
    pub id: Name,
    /// What is asked.
    pub title: SafeText,
    /// How it is answered.
    pub kind: StepKind,
    /// Whether it is one of those that must not be passed over lightly.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub killer: bool,
    /// Whether the round stops here while it is not passed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gate: bool,
    /// The run from which it was deferred to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Name>,
}

/// A step has an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistStepped {
    /// The run.
    pub run: Name,
    /// The checklist.
    pub checklist: Name,
    /// The step, by its id.
    pub step: Name,
    /// Its title.
    pub title: SafeText,
    /// How it stands.
    pub state: StepState,
    /// Whether it was measured, not said by a person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensed: bool,
    /// What was found: a number with its unit, an answer. The envelope says when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<SafeText>,
    /// When that was measured, which is before it was found: the end of the poll, of the command or of the run. `None`: a
    /// person said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_at: Option<DateTime<Utc>>,
    /// What it is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<SafeText>,
    /// Why it was skipped, waived, deferred or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SafeText>,
    /// What a command put out, or the run of an action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<SafeText>,
    /// The list to which it was deferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Name>,
    /// The earlier run from which the result was taken, and when it was found there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<ReusedResult>,
}

/// Where a result was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReusedResult {
    /// The run.
    pub run: Name,
    /// When it was found there.
    pub at: DateTime<Utc>,
}

/// A person noted something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistNoted {
    /// The run.
    pub run: Name,
    /// The checklist.
    pub checklist: Name,
    /// The step that it is about; `None`: the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Name>,
    /// What.
    pub text: SafeText,
}

/// A person signed a run off: nothing of it changes any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistSigned {
    /// The run.
    pub run: Name,
    /// The checklist.
    pub checklist: Name,
    /// A digest of the run as it was signed.
    pub digest: String,
    /// How it ended, in figures: `9 passed, 1 waived`.
    pub outcome: SafeText,
    /// Whether the steps that a person answers took less than 2 s each.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fast: bool,
}

/// A period went by without a run. Said by the holder of the lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistMissed {
    /// The id that the run would have had.
    pub run: Name,
    /// The checklist.
    pub checklist: Name,
    /// How it is shown.
    pub title: SafeText,
    /// When it was due.
    pub due: DateTime<Utc>,
    /// When the next one was due, which is the end of the period.
    pub ended: DateTime<Utc>,
    /// By which schedule it was due, and by whose clocks; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Periods right before this one that went by too and have no row of their own, because they are too many.
    #[serde(default, skip_serializing_if = "crate::lang::left_out::is_default")]
    pub more: u32,
}
