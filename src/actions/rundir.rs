//! The directory of one run: what is in it, who writes it, what it means.
//!
//! | file | written by | meaning |
//! |---|---|---|
//! | `alive` | the console | locked (flock) from before the intent is stored until the supervisor is gone: whoever can lock it knows that nobody runs |
//! | `intent.json` | the console | the plan, the fence, the attempt; synced before the supervisor is started |
//! | `evidence.json` | the console | readings, log lines and metric values from before |
//! | `started.json` | the supervisor | it is about to run the first step; without it nothing ran |
//! | `out.log` | the supervisor | output: `INDEX TIME out\|err\|note TEXT` a line, redacted and sanitised, up to a cap |
//! | `tail.log` | the supervisor | the latest lines beyond that cap, rewritten |
//! | `heartbeat` | the supervisor | the time, once a second |
//! | `cancel` | anybody allowed to | asks for TERM, grace, KILL |
//! | `result.json` | the supervisor | how it ended; synced |

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::files;
use crate::model::name::Name;
use crate::model::preview::Preview;
use crate::model::run::Plan;
use crate::model::text::SafeText;

/// Bound on the small files when they are read.
const SMALL_FILE: u64 = 4 << 20;

/// What the supervisor is told, beside secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
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
    /// When.
    pub at: DateTime<Utc>,
}

/// What reaches the supervisor through its stdin alone: it holds values of secrets and is never stored.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Handover {
    /// The declared environment, secrets filled in.
    pub env: BTreeMap<String, String>,
    /// Every secret by name, for the redactor.
    pub secrets: BTreeMap<String, String>,
}

impl std::fmt::Debug for Handover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handover").field("env", &self.env.keys()).field("secrets", &self.secrets.keys()).finish()
    }
}

/// How the last step that ran came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It exited by itself; the code says how.
    Exited,
    /// A signal that we did not send ended it.
    Signalled,
    /// It was stopped at the timeout.
    TimedOut,
    /// It was stopped by a person.
    Cancelled,
    /// It could not be started.
    NotStarted,
}

/// A process that still runs after all was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survivor {
    /// Its process id.
    pub pid: i32,
    /// Its name, as the system gives it.
    pub name: SafeText,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When the last process ended.
    pub at: DateTime<Utc>,
    /// In which way.
    pub how: How,
    /// Exit code of the last step that ran.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The step, from 1.
    pub step: usize,
    /// In words, for a person; empty where all went well.
    pub message: SafeText,
    /// What still runs.
    pub survivors: Vec<Survivor>,
    /// Lines of output in all.
    pub lines: u64,
    /// Lines that are in neither `out.log` nor `tail.log`.
    pub omitted: u64,
}

impl End {
    /// Whether every step ran and ended with exit code 0.
    pub fn is_success(&self) -> bool {
        self.how == How::Exited && self.exit_code == Some(0)
    }
}

/// The directory of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// The directory at `path`; it need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// `alive`
    pub fn alive(&self) -> PathBuf {
        self.0.join("alive")
    }

    /// `started.json`
    pub fn started(&self) -> PathBuf {
        self.0.join("started.json")
    }

    /// `out.log`
    pub fn out(&self) -> PathBuf {
        self.0.join("out.log")
    }

    /// `tail.log`
    pub fn tail(&self) -> PathBuf {
        self.0.join("tail.log")
    }

    /// `heartbeat`
    pub fn heartbeat(&self) -> PathBuf {
        self.0.join("heartbeat")
    }

    /// `cancel`
    pub fn cancel(&self) -> PathBuf {
        self.0.join("cancel")
    }

    /// `supervisor.log`: what the supervisor itself had to say; empty unless something is very wrong.
    pub fn complaints(&self) -> PathBuf {
        self.0.join("supervisor.log")
    }

    /// Writes the intent, synced.
    ///
    /// # Errors
    /// As the system says.
    pub fn write_intent(&self, intent: &Intent) -> io::Result<()> {
        files::write_synced(&self.0.join("intent.json"), &serde_json::to_vec_pretty(intent)?)
    }

    /// Reads the intent.
    ///
    /// # Errors
    /// It is missing or can't be read.
    pub fn read_intent(&self) -> io::Result<Intent> {
        let bytes = files::read_bounded(&self.0.join("intent.json"), SMALL_FILE)?;
        Ok(serde_json::from_slice(&bytes.ok_or(io::ErrorKind::NotFound)?)?)
    }

    /// Writes the evidence, which its maker has redacted.
    ///
    /// # Errors
    /// As the system says.
    pub fn write_evidence(&self, evidence: &str) -> io::Result<()> {
        files::write_synced(&self.0.join("evidence.json"), evidence.as_bytes())
    }

    /// Writes how it ended, synced.
    ///
    /// # Errors
    /// As the system says.
    pub fn write_end(&self, end: &End) -> io::Result<()> {
        files::write_synced(&self.0.join("result.json"), &serde_json::to_vec_pretty(end)?)
    }

    /// How it ended; `None` where there is no result.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read_end(&self) -> io::Result<Option<End>> {
        let bytes = files::read_bounded(&self.0.join("result.json"), SMALL_FILE)?;
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// Asks the supervisor to stop the run.
    ///
    /// # Errors
    /// As the system says.
    pub fn ask_to_cancel(&self) -> io::Result<()> {
        files::write_whole(&self.cancel(), b"")
    }
}
