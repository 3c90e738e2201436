//! Actions as they are planned and run: the plan, the run, its outcome and its verdict.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::name::Name;
use super::text::SafeText;

/// How much a person must do before an action runs; production raises it by one grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// Runs at once. Only for verbs that change nothing, unless the configuration says so.
    None,
    /// A dialog with Cancel focused; `y` confirms, Enter never does.
    #[default]
    Yes,
    /// The target's name is typed.
    TypeName,
    /// The name is typed with a reason, and a second person approves.
    TwoPerson,
}

impl Confirm {
    /// The grade one higher; the highest stays.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::None => Self::Yes,
            Self::Yes => Self::TypeName,
            Self::TypeName | Self::TwoPerson => Self::TwoPerson,
        }
    }
}

/// Exactly what will run: computed by a pure function from configuration and choices, shown in the dialog,
/// hashed, written to the audit and handed to the supervisor unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The action.
    pub action: Name,
    /// The verb of the adapter: `restart`, `rollback`, …
    pub verb: Name,
    /// The adapter.
    pub adapter: Name,
    /// The service it belongs to.
    pub service: Option<Name>,
    /// What it acts on. Locks, cooldown and `at_most` are kept by target.
    pub target: String,
    /// The console's environment: `production`, `staging`, …
    pub environment: String,
    /// Where the steps run; `local` in this release.
    pub host: String,
    /// The working directory of the steps.
    pub directory: PathBuf,
    /// The argv of each step, in order; the first that fails ends the run.
    pub steps: Vec<Vec<String>>,
    /// The environment given to the steps beside the cleaned base. Values may hold `{secret:NAME}`; they are resolved
    /// by the supervisor's parent and never stored.
    pub env: BTreeMap<String, String>,
    /// The parameters that a person chose, by name.
    pub parameters: BTreeMap<String, String>,
    /// Bound on the whole run.
    pub timeout: Duration,
    /// From TERM to KILL.
    pub grace: Duration,
    /// Whether it changes the world; those that do not may run without lock and confirmation.
    pub changing: bool,
    /// True for a dry run: `steps` are then the adapter's declared `dry_run` argv.
    pub dry_run: bool,
}

impl Plan {
    /// SHA-256 of the plan in its one serialised form, hex. Confirmation binds to it: whatever changes in the plan
    /// changes the digest, and a runner refuses a plan whose digest is not the confirmed one.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"opsroom plan 1\n");
        // Fields are serialised in their order and maps are sorted, so equal plans give equal bytes. Strings, numbers
        // and maps with string keys can't fail to serialise; were it ever to happen, the digest would match nothing.
        match serde_json::to_vec(self) {
            Ok(bytes) => hash.update(&bytes),
            Err(error) => hash.update(format!("unserialisable: {error}").as_bytes()),
        }
        hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Intent is written, the supervisor starts.
    Starting,
    /// Steps run.
    Running,
    /// TERM or KILL was sent, the process group is being waited for.
    Stopping,
    /// Ended; the checks are judged.
    Verifying,
    /// All done.
    Ended,
    /// Refused before anything ran.
    Refused,
    /// Cancelled by a person.
    Cancelled,
    /// Ended at its timeout.
    TimedOut,
    /// Console and supervisor are gone and there is no result. The lock stays until a person closes it.
    OutcomeUnknown,
}

/// What the checks say of a run after it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every named check gave enough fresh good readings in time.
    Verified,
    /// Time ran out and a named check is still bad.
    NotRecovered,
    /// Another check that was good before turned bad.
    Regressed,
    /// Not enough could be seen.
    Inconclusive,
    /// There is nothing to verify by, or it is not decided yet.
    #[default]
    None,
}

/// One run as `opsroom runs` shows it and the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Sortable by time, unique: `20261121T024105-3f9a`.
    pub id: Name,
    /// The action.
    pub action: Name,
    /// The verb.
    pub verb: Name,
    /// Whether it ran the steps of a dry run, which change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// The service.
    pub service: Option<Name>,
    /// The target.
    pub target: String,
    /// Who asked: the login name, with the SSH client where known.
    pub who: String,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// The host on which it ran.
    pub host: String,
    /// SHA-256 of the plan, hex.
    pub plan_digest: String,
    /// When the intent was written.
    pub started_at: DateTime<Utc>,
    /// When its last process ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// `ended_at - started_at`.
    pub duration_ms: Option<u64>,
    /// Where it stands.
    pub state: RunState,
    /// What the checks say.
    pub verdict: Verdict,
    /// Exit code of the last step that ran.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The directory with intent, output and result.
    pub output_path: PathBuf,
    /// A note in words: processes that survived KILL, what regressed, why refused.
    pub note: Option<SafeText>,
}

impl Run {
    /// `outcome`, said for what it was: the end of a dry run changed nothing, however it ended.
    pub fn of_dry_run(&self, outcome: String) -> String {
        match (self.dry_run, self.ended_at, self.state, self.exit_code) {
            (false, ..) | (true, None, ..) => outcome,
            (true, _, RunState::Ended, Some(0)) => "dry run ended, nothing was changed".to_owned(),
            (true, ..) => format!("dry run: {outcome}, nothing was changed"),
        }
    }
}

/// A lock on a target, as the store holds it. Never stolen by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// What is locked.
    pub target: String,
    /// The lock's own id, which `opsroom unlock` asks for: the run's id.
    pub id: Name,
    /// Rises with every acquisition of this target; handed to adapters as `OPSROOM_FENCE`.
    pub fence: u64,
    /// Who holds it.
    pub holder: String,
    /// On which host.
    pub host: String,
    /// For what.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A piece of output of a run: redacted, sanitised, one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// Position from 0 in this run's output.
    pub index: u64,
    /// Whether it came from stderr.
    pub stderr: bool,
    /// The text.
    pub text: SafeText,
}
