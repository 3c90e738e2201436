//! The bodies of what can be said, each in the form in which it is stored.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::lang::time::BootTime;
use crate::model::preview::Preview;
use crate::model::run::{ChecksAfter, Lock, Run, RunState};
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;

/// The heads of the chains of an earlier version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreOpened {
    /// The schema it had.
    pub schema: u32,
    /// The number and the hash (hex) of the last entry, by writer.
    pub heads: BTreeMap<String, (u64, String)>,
}

/// An entry of the audit of an earlier version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenBefore {
    /// Whose chain.
    pub writer: String,
    /// Its number in that chain.
    pub seq: u64,
    /// The entry, to the letter.
    pub entry: String,
    /// Its hash, hex.
    pub hash: String,
}

/// A run of an earlier version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunImported {
    /// The run.
    pub run: Run,
    /// When it began by the clock of its host.
    pub boot: Option<BootTime>,
    /// Whether it counts as an attempt.
    pub changing: bool,
    /// The lock that it held.
    pub lock: Option<Lock>,
    /// The last fence of its target.
    pub fence: u64,
}

/// Why a store was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreAccepted {
    /// Its id.
    pub store: String,
    /// Why.
    pub why: String,
    /// What spoke against it.
    pub doubt: Option<String>,
}

/// The intent of a run, with what was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunIntended {
    /// The run.
    pub run: Name,
    /// The action.
    pub action: Name,
    /// The verb.
    pub verb: Name,
    /// The service.
    pub service: Option<Name>,
    /// The target.
    pub target: String,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// The environment, as the configuration calls it.
    pub environment: String,
    /// Each step's argv, without secrets.
    pub steps: Vec<Vec<String>>,
    /// Where the steps run.
    pub directory: PathBuf,
    /// Names of the environment variables that they get.
    pub env: Vec<String>,
    /// What was set.
    pub parameters: BTreeMap<String, String>,
    /// Whether it is a dry run.
    pub dry_run: bool,
    /// On which host the steps run, as the plan says.
    pub host: String,
    /// Timeout in milliseconds.
    pub timeout_ms: u64,
    /// What was shown when it was confirmed, without secrets.
    pub preview: Preview,
    /// SHA-256 of the plan, hex.
    pub plan_digest: String,
    /// Whether it takes the lock and counts as an attempt.
    pub changing: bool,
    /// The fence of its lock; 0 where it has none.
    pub fence: u64,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// When it began by the clock of its host.
    pub boot: Option<BootTime>,
    /// Its directory.
    pub output_path: PathBuf,
    /// Whether it still holds its lock though it is said late: the store that knew of it lost it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub holds: bool,
}

/// How the steps of a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepsEnded {
    /// When the last process ended.
    pub at: DateTime<Utc>,
    /// Exit code of the last step.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// In words.
    pub note: Option<SafeText>,
    /// How long it took in milliseconds, where it is known better than by the wall clock.
    pub took_ms: Option<u64>,
}

/// The steps of a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnded {
    /// The run.
    pub run: Name,
    /// How.
    #[serde(flatten)]
    pub ended: StepsEnded,
}

/// A run is closed: its lock is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunClosed {
    /// The run.
    pub run: Name,
    /// Its target.
    pub target: String,
    /// Where it stands at last.
    pub state: RunState,
    /// What the checks said; `None`: none were looked at.
    pub checks: Option<ChecksAfter>,
    /// Why, in words.
    pub note: Option<SafeText>,
    /// How its steps ended, where that was not on record.
    pub ended: Option<StepsEnded>,
    /// Only the lock of this very acquisition is released; `None`: whichever it holds.
    pub fence: Option<u64>,
    /// From the intent to this outcome in milliseconds, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}

/// Nobody knows what became of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLost {
    /// The run.
    pub run: Name,
    /// Why.
    pub note: String,
    /// How its steps ended, where that is known and was not on record.
    pub ended: Option<StepsEnded>,
}

/// When a run began, by a clock that nobody sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDated {
    /// The run.
    pub run: Name,
    /// The moment from which it counts.
    pub boot: BootTime,
}

/// What was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRefused {
    /// The target.
    pub target: String,
    /// The action.
    pub action: Name,
    /// The verb.
    pub verb: Name,
    /// Why.
    pub why: SafeText,
    /// SHA-256 of the plan, hex.
    pub plan_digest: String,
}

/// A lock that was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlocked {
    /// The run that held it.
    pub run: Name,
    /// Why.
    pub why: String,
    /// The target.
    pub target: String,
    /// Who held it.
    pub holder: String,
    /// Its fence.
    pub fence: u64,
    /// Since when it was held.
    pub since: DateTime<Utc>,
    /// Whether something spoke against it.
    pub forced: bool,
    /// What did.
    pub against: Vec<String>,
}

/// A store whose facts, things and roll-ups were brought over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreImported {
    /// Its id.
    pub store: String,
    /// Its last fact.
    pub seq: u64,
    /// The hash of that fact, hex.
    pub hash: String,
}

/// Things that were derived again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRebuilt {
    /// Those that differed, such as `run:ID`; at most a hundred are named.
    pub differed: Vec<String>,
    /// How many did.
    pub count: u64,
}

/// What may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorePruned {
    /// `readings.minutes`, `readings.hours`, `audit`, or the kind of thing: `run`.
    pub kind: String,
    /// What was over by then.
    pub before: DateTime<Utc>,
    /// Of facts and things: those up to this fact.
    pub seq: Option<u64>,
}

/// Who acts for all from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseTaken {
    /// The process.
    pub holder: String,
    /// Whether it is a watcher.
    pub watcher: bool,
    /// Grows with each taking.
    pub fence: u64,
    /// Of the configuration by which it acts.
    pub digest: String,
    /// Who held it before; `None`: nobody did, or it was given back.
    pub before: Option<String>,
    /// Whether its configuration is another than that by which was acted before.
    pub reconfigured: bool,
}

/// A release that was brought up. Who did it is in the envelope, when it was up is the fact's `at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// The service.
    pub service: Name,
    /// The release: a version, a tag, a commit.
    pub version: SafeText,
    /// What it brings, in a line: the subject of its commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SafeText>,
}

/// A check that settled at another status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStatus {
    /// The check.
    pub check: Name,
    /// Its service.
    pub service: Option<Name>,
    /// Ok, degraded or down.
    pub status: Status,
    /// At which it settled before, as far as that was on record; `None`: this is the first word of it.
    pub before: Option<Status>,
    /// Since when it is shown so, in milliseconds.
    pub since: DateTime<Utc>,
    /// Whether its beginning was seen; otherwise `since` is the first look at which it was found so.
    pub seen: bool,
    /// Why, where it is not ok.
    pub reason: Option<SafeText>,
    /// The dependency that was down then and explained all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Name>,
    /// The fence by which it was said.
    pub fence: u64,
}
