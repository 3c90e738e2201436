//! How a run is stopped, and what is seen of what works under it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::lang::time::Moment;
use crate::text::SafeText;

/// Who asked for a run to be stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancelled {
    /// The person.
    pub who: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What the supervisor did to stop its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// When it sent TERM.
    pub term: Moment,
    /// From TERM to KILL.
    pub grace: Duration,
    /// Whether it sent KILL as well.
    pub killed: bool,
}

impl Stop {
    /// How far that is, seen at `now`.
    pub(crate) fn seen(&self, now: Moment) -> Stopping {
        if self.killed {
            return Stopping::Killed;
        }
        Stopping::Terminated { kill_in: self.grace.saturating_sub(now.since(self.term)) }
    }
}

/// How far the stopping of a run is, at the moment it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stopping {
    /// The supervisor was asked by a file; it has not answered yet.
    Asked,
    /// The file could not be written, or was not answered: the supervisor got a signal.
    Signalled {
        /// Its process id.
        pid: i32,
    },
    /// TERM was sent to the processes of the run.
    Terminated {
        /// Until KILL.
        kill_in: Duration,
    },
    /// KILL was sent as well.
    Killed,
    /// It could not be stopped, in words.
    Failed(SafeText),
}

impl Stopping {
    /// In words, `since` so long after it was told.
    pub fn describe(&self, since: Duration) -> String {
        match self {
            Self::Asked => "stopping: waiting for its supervisor".to_owned(),
            Self::Signalled { pid } => format!("stopping: sent a signal to its supervisor (pid {pid})"),
            Self::Terminated { kill_in } => {
                let left = kill_in.saturating_sub(since).as_millis().div_ceil(1000);
                format!("stopping: asked to end, killed in {left} s")
            }
            Self::Killed => "stopping: killed, waiting for its end".to_owned(),
            Self::Failed(why) => format!("not stopped: {why}"),
        }
    }
}

/// A process of a run that is there without its supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftProcess {
    /// Its process id.
    pub pid: i32,
    /// Its command line, without secrets.
    pub command: SafeText,
    /// When it was started, where the system says.
    pub since: Option<DateTime<Utc>>,
}

impl LeftProcess {
    /// `pid 4711, sleep 300, since 11:05:02Z`
    pub(crate) fn describe(&self) -> String {
        let command: String = self.command.as_str().chars().take(MOST_COMMAND).collect();
        let cut = if command.len() < self.command.as_str().len() { "…" } else { "" };
        let since = self.since.map_or_else(String::new, |since| since.format(", since %H:%M:%SZ").to_string());
        format!("pid {}, {command}{cut}{since}", self.pid)
    }
}

/// Characters of a command line that name a process.
const MOST_COMMAND: usize = 120;

/// What is seen of the supervisor and the processes of a run, at the moment it is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Signs {
    /// For how long its supervisor gave no sign, where that is longer than usual.
    pub quiet: Option<Duration>,
    /// Whether the disk of its directory is full: then the supervisor can't write a sign.
    pub full: bool,
    /// What runs though the supervisor is gone.
    pub left: Vec<LeftProcess>,
    /// Why its processes can't be seen, where they can't.
    pub unseen: Option<SafeText>,
}

impl Signs {
    /// For how long the supervisor gave no sign, and why, `since` so long after it was told; `None` where it gives some.
    pub(crate) fn silence(&self, since: Duration) -> Option<String> {
        let quiet = (self.quiet? + since).as_secs();
        Some(if self.full {
            format!("the disk is full: the supervisor can't write anything, no sign of it for {quiet} s")
        } else {
            format!("no sign of the supervisor for {quiet} s")
        })
    }
}
