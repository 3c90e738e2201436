//! Exactly what an action will run, and how much a person must do before.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::text::coding::to_hex;
use crate::text::name::Name;

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
    pub(crate) const fn raised(self) -> Self {
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
    /// Whether the terminal is handed over to its steps, as a shell needs it: they then run under whoever asked, without
    /// a supervisor. Left out where it is not, so that plans of earlier versions keep their digest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub terminal: bool,
}

impl Plan {
    /// Whether it needs confirmation and a record: it changes the world, or lets a person do so.
    pub(crate) const fn is_guarded(&self) -> bool {
        self.changing || self.terminal
    }

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
        to_hex(&hash.finalize())
    }
}
