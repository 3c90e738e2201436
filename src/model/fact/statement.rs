//! The one list of what can be said.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lang::time::BootTime;
use crate::model::preview::Preview;
use crate::model::run::{ChecksAfter, Lock, Run, RunState};
use crate::model::thing::{ThingKey, ThingKind};
use crate::text::SafeText;
use crate::text::name::Name;

/// What a fact says.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// The store goes on from the audit of an earlier version.
    StoreOpened(StoreOpened),
    /// An entry of that audit.
    WrittenBefore(WrittenBefore),
    /// A run, and the lock it holds, as that version had stored them.
    RunImported(Box<RunImported>),
    /// A person took the store, as it is, for the one to use.
    StoreAccepted(StoreAccepted),
    /// A run is about to start: the plan that was confirmed, lock and attempt.
    RunIntended(Box<RunIntended>),
    /// The steps of a run ended; its checks are looked at now.
    RunEnded(RunEnded),
    /// A person stopped a run.
    RunCancelled {
        /// The run.
        run: Name,
    },
    /// A run is closed.
    RunClosed(RunClosed),
    /// Nobody knows what became of a run. Its lock stays.
    RunLost(RunLost),
    /// The checks of a run of unknown outcome are looked at.
    RunReopened {
        /// The run.
        run: Name,
    },
    /// A run of which only a wrong wall clock was known was seen at this moment by the machine's own.
    RunDated(RunDated),
    /// A run was refused before there was one.
    RunRefused(RunRefused),
    /// A lock was taken away from a run.
    Unlocked(Unlocked),
    /// What a newer version says.
    Other {
        /// Its kind.
        kind: String,
        /// What it is about.
        object: String,
        /// Its version.
        version: u32,
        /// What it says.
        detail: Value,
    },
}

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

impl Statement {
    /// What kind of thing is said: `run.intent`, `unlock`, …
    pub fn kind(&self) -> &str {
        match self {
            Self::StoreOpened(_) => "store.opened",
            Self::WrittenBefore(_) => "audit.entry",
            Self::RunImported(_) => "run.imported",
            Self::StoreAccepted(_) => "store.accepted",
            Self::RunIntended(_) => "run.intent",
            Self::RunEnded(_) | Self::RunClosed(RunClosed { checks: None, .. }) => "run.end",
            Self::RunCancelled { .. } => "run.cancel",
            Self::RunClosed(_) => "run.verdict",
            Self::RunLost(_) => "run.lost",
            Self::RunReopened { .. } => "run.verify",
            Self::RunDated(_) => "run.dated",
            Self::RunRefused(_) => "run.refused",
            Self::Unlocked(_) => "unlock",
            Self::Other { kind, .. } => kind,
        }
    }

    /// What it is about: `run:ID`, `target:NAME`, …
    pub fn object(&self) -> String {
        match self {
            Self::StoreOpened(_) => "store".to_owned(),
            Self::StoreAccepted(accepted) => format!("store:{}", accepted.store),
            Self::WrittenBefore(before) => format!("audit:{}:{}", before.writer, before.seq),
            Self::RunImported(imported) => format!("run:{}", imported.run.id),
            Self::RunIntended(intended) => format!("run:{}", intended.run),
            Self::RunEnded(RunEnded { run, .. })
            | Self::RunCancelled { run }
            | Self::RunClosed(RunClosed { run, .. })
            | Self::RunLost(RunLost { run, .. })
            | Self::RunReopened { run }
            | Self::RunDated(RunDated { run, .. })
            | Self::Unlocked(Unlocked { run, .. }) => format!("run:{run}"),
            Self::RunRefused(refused) => format!("target:{}", refused.target),
            Self::Other { object, .. } => object.clone(),
        }
    }

    /// The version of its form.
    pub(crate) const fn version(&self) -> u32 {
        match self {
            Self::Other { version, .. } => *version,
            _ => super::VERSION,
        }
    }

    /// What it says, as JSON.
    pub(crate) fn detail(&self) -> serde_json::Result<Value> {
        match self {
            Self::StoreOpened(said) => serde_json::to_value(said),
            Self::WrittenBefore(said) => serde_json::to_value(said),
            Self::RunImported(said) => serde_json::to_value(said),
            Self::StoreAccepted(said) => serde_json::to_value(said),
            Self::RunIntended(said) => serde_json::to_value(said),
            Self::RunEnded(said) => serde_json::to_value(said),
            Self::RunClosed(said) => serde_json::to_value(said),
            Self::RunLost(said) => serde_json::to_value(said),
            Self::RunDated(said) => serde_json::to_value(said),
            Self::RunRefused(said) => serde_json::to_value(said),
            Self::Unlocked(said) => serde_json::to_value(said),
            Self::RunCancelled { run } | Self::RunReopened { run } => Ok(serde_json::json!({ "run": run })),
            Self::Other { detail, .. } => Ok(detail.clone()),
        }
    }

    /// From its parts. What is not known, or does not read back to the letter, is kept as it is.
    pub(crate) fn read(kind: String, object: String, version: u32, detail: Value) -> Self {
        let known = if version == super::VERSION { Self::known(&kind, &detail) } else { None };
        let same = |said: &Self| {
            said.kind() == kind && said.object() == object && said.detail().ok().as_ref() == Some(&detail)
        };
        known.filter(same).unwrap_or(Self::Other { kind, object, version, detail })
    }

    fn known(kind: &str, detail: &Value) -> Option<Self> {
        fn typed<'a, T: Deserialize<'a>>(detail: &'a Value) -> Option<T> {
            T::deserialize(detail).ok()
        }
        #[derive(Deserialize)]
        struct OfRun {
            run: Name,
        }
        Some(match kind {
            "store.opened" => Self::StoreOpened(typed(detail)?),
            "audit.entry" => Self::WrittenBefore(typed(detail)?),
            "run.imported" => Self::RunImported(typed(detail)?),
            "store.accepted" => Self::StoreAccepted(typed(detail)?),
            "run.intent" => Self::RunIntended(typed(detail)?),
            "run.end" if detail.get("state").is_none() => Self::RunEnded(typed(detail)?),
            "run.cancel" => Self::RunCancelled { run: typed::<OfRun>(detail)?.run },
            "run.end" | "run.verdict" => Self::RunClosed(typed(detail)?),
            "run.lost" => Self::RunLost(typed(detail)?),
            "run.verify" => Self::RunReopened { run: typed::<OfRun>(detail)?.run },
            "run.dated" => Self::RunDated(typed(detail)?),
            "run.refused" => Self::RunRefused(typed(detail)?),
            "unlock" => Self::Unlocked(typed(detail)?),
            _ => return None,
        })
    }

    /// The things that it changes.
    pub(crate) fn touches(&self) -> Vec<ThingKey> {
        let run = |run: &Name| ThingKey::new(ThingKind::Run, run);
        let lock = |target: &str| ThingKey::new(ThingKind::Lock, target);
        match self {
            Self::RunImported(imported) => vec![run(&imported.run.id), lock(&imported.run.target)],
            Self::RunIntended(intended) => vec![run(&intended.run), lock(&intended.target)],
            Self::RunClosed(closed) => vec![run(&closed.run), lock(&closed.target)],
            Self::RunEnded(RunEnded { run: id, .. })
            | Self::RunLost(RunLost { run: id, .. })
            | Self::RunReopened { run: id }
            | Self::RunDated(RunDated { run: id, .. }) => vec![run(id)],
            Self::Unlocked(unlocked) => vec![lock(&unlocked.target)],
            Self::StoreOpened(_)
            | Self::WrittenBefore(_)
            | Self::StoreAccepted(_)
            | Self::RunCancelled { .. }
            | Self::RunRefused(_)
            | Self::Other { .. } => Vec::new(),
        }
    }
}
