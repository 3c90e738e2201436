//! Actions as they are planned and run: the plan, the run, its outcome and its verdict.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::lang::time::{BootTime, Moment};
use crate::text::SafeText;
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

/// Where a run stands: `state` of `opsroom runs --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Its supervisor starts, or its steps run.
    Running,
    /// The steps ended; the supervisor polls the checks.
    Verifying,
    /// Every step exited 0, and every named check gave enough fresh good readings in time.
    Verified,
    /// Every step exited 0, and a named check that was bad before is still bad.
    NotRecovered,
    /// Every step exited 0, and not enough could be seen of the checks.
    Inconclusive,
    /// Every step exited 0, and a check is worse now than it was before.
    Regressed,
    /// Every step exited 0, and there was nothing to verify.
    Ended,
    /// A step exited with another code, or could not be started.
    Failed,
    /// Stopped at its timeout.
    TimedOut,
    /// Ended by a signal that we did not send.
    Killed,
    /// Stopped by a person.
    Cancelled,
    /// Refused before anything ran.
    Refused,
    /// The supervisor died before the outcome was known. The lock stays until the run is verified or unlocked.
    Unknown,
}

impl RunState {
    /// Whether its supervisor still works on it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Verifying)
    }

    /// Whether it did what was asked, as far as anybody can tell.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Verified | Self::Ended)
    }

    /// The verdict that the state implies: there is one only where every step exited 0.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Verified => Verdict::Verified,
            Self::NotRecovered => Verdict::NotRecovered,
            Self::Regressed => Verdict::Regressed,
            Self::Inconclusive => Verdict::Inconclusive,
            _ => Verdict::None,
        }
    }
}

/// Whether an action helped: every step exited 0 *and* the checks say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every named check gave enough fresh good readings in time.
    Verified,
    /// Time ran out and a named check is still bad.
    NotRecovered,
    /// A check is worse now than it was before.
    Regressed,
    /// Not enough could be seen.
    Inconclusive,
    /// There is nothing to verify by, a step failed, or it is not decided yet.
    #[default]
    None,
}

/// What the checks said after the steps ended, whatever the steps' exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecksAfter {
    /// Every named check gave enough fresh good readings.
    Good,
    /// A named check is bad.
    Bad,
    /// A check is worse now than it was before.
    Regressed,
    /// Not enough could be seen.
    Unknown,
}

impl ChecksAfter {
    /// In words, for the parentheses behind a failure.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Good => "checks are good",
            Self::Bad => "checks are bad",
            Self::Regressed => "checks regressed",
            Self::Unknown => "checks are unknown",
        }
    }
}

/// How a run is closed: written into its directory and its row in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// When.
    pub at: DateTime<Utc>,
    /// Any state but the open ones.
    pub state: RunState,
    /// What the checks said; `None`: none were looked at.
    pub checks: Option<ChecksAfter>,
    /// Why, in words.
    pub note: Option<SafeText>,
}

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
    pub fn seen(&self, now: Moment) -> Stopping {
        if self.killed {
            return Stopping::Killed;
        }
        Stopping::Terminated { kill_in: self.grace.saturating_sub(now.since(self.term)) }
    }
}

/// How far the stopping of a run is, at the moment it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub fn words(&self, since: Duration) -> String {
        match self {
            Self::Asked => "stopping: its supervisor was asked to send TERM".to_owned(),
            Self::Signalled { pid } => format!("stopping: its supervisor (pid {pid}) got a signal to send TERM"),
            Self::Terminated { kill_in } => {
                let left = kill_in.saturating_sub(since).as_millis().div_ceil(1000);
                format!("stopping: TERM sent, {left} s until KILL")
            }
            Self::Killed => "stopping: KILL sent".to_owned(),
            Self::Failed(why) => format!("not stopped: {why}"),
        }
    }
}

/// A process of a run that is there without its supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub fn words(&self) -> String {
        let command: String = self.command.as_str().chars().take(MOST_COMMAND).collect();
        let cut = if command.len() < self.command.as_str().len() { "…" } else { "" };
        let since = self.since.map_or_else(String::new, |since| since.format(", since %H:%M:%SZ").to_string());
        format!("pid {}, {command}{cut}{since}", self.pid)
    }
}

/// Characters of a command line that name a process.
const MOST_COMMAND: usize = 120;

/// What is seen of the supervisor and the processes of a run, at the moment it is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signs {
    /// For how long its supervisor gave no sign, where that is longer than usual.
    pub quiet: Option<Duration>,
    /// What runs though the supervisor is gone.
    pub left: Vec<LeftProcess>,
    /// Why its processes can't be seen, where they can't.
    pub unseen: Option<SafeText>,
}

/// How far a verification is: written by the supervisor, shown by everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// When it is given up.
    pub until: DateTime<Utc>,
    /// The same moment by the machine's clock.
    #[serde(default)]
    pub until_boot: Option<BootTime>,
    /// The named checks.
    pub checks: Vec<CheckProgress>,
}

/// How far one named check is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckProgress {
    /// The check.
    pub name: Name,
    /// Fresh good readings in a row, at most `needed`.
    pub good: u32,
    /// How many are asked for.
    pub needed: u32,
}

impl Progress {
    /// Time until it is given up.
    pub fn left(&self, now: Moment) -> Duration {
        Moment { utc: self.until, boot: self.until_boot }.since(now)
    }

    /// `api 1 of 2 good, db 0 of 2 good`
    pub fn words(&self) -> String {
        let one = |check: &CheckProgress| format!("{} {} of {} good", check.name, check.good, check.needed);
        self.checks.iter().map(one).collect::<Vec<_>>().join(", ")
    }
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
    /// The same moment by the clock of its host.
    #[serde(skip)]
    pub boot: Option<BootTime>,
    /// When its last process ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// From `started_at` to `ended_at` by a clock that nobody sets, where there is one.
    pub duration_ms: Option<u64>,
    /// Where it stands.
    pub state: RunState,
    /// Whether it helped; follows from `state`.
    pub verdict: Verdict,
    /// What the checks said, also where a step failed.
    pub checks: Option<ChecksAfter>,
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
    /// The outcome in few words: the one place that has words for it.
    pub fn outcome(&self) -> String {
        let words = match self.state {
            RunState::Running => "running".to_owned(),
            RunState::Verifying => "verifying".to_owned(),
            RunState::Verified => "verified".to_owned(),
            RunState::NotRecovered => "not recovered".to_owned(),
            RunState::Inconclusive => "inconclusive".to_owned(),
            RunState::Regressed => "regressed".to_owned(),
            RunState::Ended => "ended".to_owned(),
            RunState::Failed => match self.exit_code {
                Some(code) => format!("failed: exit {code}"),
                None => "failed: could not start".to_owned(),
            },
            RunState::TimedOut => "timed out".to_owned(),
            RunState::Killed => match self.signal {
                Some(signal) => format!("killed by signal {signal}"),
                None => "killed".to_owned(),
            },
            RunState::Cancelled => "cancelled".to_owned(),
            RunState::Refused => "refused".to_owned(),
            RunState::Unknown => "outcome unknown".to_owned(),
        };
        let spoken = self.state.is_open() || self.state.verdict() != Verdict::None;
        let words = match self.checks.filter(|_| !spoken) {
            Some(checks) => format!("{words} ({})", checks.words()),
            None => words,
        };
        self.of_dry_run(words)
    }

    /// `outcome`, said for what it was: the end of a dry run changed nothing, however it ended.
    fn of_dry_run(&self, outcome: String) -> String {
        match (self.dry_run, self.ended_at, self.state) {
            (false, ..) | (true, None, _) => outcome,
            (true, _, RunState::Ended) => "dry run ended, nothing was changed".to_owned(),
            (true, ..) => format!("dry run: {outcome}, nothing was changed"),
        }
    }

    /// The outcome with its note.
    pub fn outcome_and_note(&self) -> String {
        match &self.note {
            Some(note) if !note.as_str().is_empty() => format!("{}: {note}", self.outcome()),
            _ => self.outcome(),
        }
    }

    /// When it began.
    pub const fn began(&self) -> Moment {
        Moment { utc: self.started_at, boot: self.boot }
    }

    /// How long it took, or has been going on.
    pub fn took(&self, now: Moment) -> Duration {
        match (self.duration_ms, self.ended_at) {
            (Some(ms), _) => Duration::from_millis(ms),
            (None, Some(ended)) => (ended - self.started_at).to_std().unwrap_or_default(),
            (None, None) => now.since(self.began()),
        }
    }

    /// How long ago it ended, or began where it goes on.
    pub fn ago(&self, now: Moment) -> Duration {
        let Some(ended) = self.ended_at else { return now.since(self.began()) };
        let took = Duration::from_millis(self.duration_ms.unwrap_or(0));
        now.since(Moment { utc: ended, boot: self.boot.map(|began| began.plus(took)) })
    }

    /// What to say to a person who leaves it while it continues: one line.
    pub fn continues(&self) -> String {
        let doing = if self.state == RunState::Verifying { " to be verified" } else { "" };
        format!("{} continues{doing} (run {}): opsroom runs {} --follow", self.action, self.id, self.id)
    }

    /// Whether nobody knows how its steps ended and nobody has looked at its checks since.
    pub fn can_be_verified_now(&self) -> bool {
        self.state == RunState::Unknown && self.checks.is_none()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn run(state: RunState) -> Run {
        Run {
            id: "r".into(),
            action: "restart-api".into(),
            verb: "restart".into(),
            dry_run: false,
            service: None,
            target: "api".to_owned(),
            who: "me".to_owned(),
            reason: None,
            host: "here".to_owned(),
            plan_digest: String::new(),
            started_at: DateTime::UNIX_EPOCH,
            boot: None,
            ended_at: None,
            duration_ms: None,
            state,
            verdict: state.verdict(),
            checks: None,
            exit_code: None,
            signal: None,
            output_path: PathBuf::new(),
            note: None,
        }
    }

    #[test]
    fn a_failure_says_its_exit_code_and_what_the_checks_say() {
        let failed = |code, checks| Run { exit_code: code, checks, ..run(RunState::Failed) }.outcome();
        assert_eq!(failed(Some(1), Some(ChecksAfter::Good)), "failed: exit 1 (checks are good)");
        assert_eq!(failed(Some(7), Some(ChecksAfter::Bad)), "failed: exit 7 (checks are bad)");
        assert_eq!(failed(Some(1), Some(ChecksAfter::Regressed)), "failed: exit 1 (checks regressed)");
        assert_eq!(failed(Some(1), None), "failed: exit 1");
        assert_eq!(failed(None, None), "failed: could not start");
    }

    #[test]
    fn every_state_has_its_word_of_the_command_line() {
        let words = [
            (RunState::Running, "running"),
            (RunState::Verifying, "verifying"),
            (RunState::Verified, "verified"),
            (RunState::NotRecovered, "not_recovered"),
            (RunState::Inconclusive, "inconclusive"),
            (RunState::Regressed, "regressed"),
            (RunState::Ended, "ended"),
            (RunState::Failed, "failed"),
            (RunState::TimedOut, "timed_out"),
            (RunState::Killed, "killed"),
            (RunState::Cancelled, "cancelled"),
            (RunState::Refused, "refused"),
            (RunState::Unknown, "unknown"),
        ];
        for (state, word) in words {
            assert_eq!(serde_json::to_value(state).unwrap(), word);
            assert_eq!(state.is_good(), matches!(word, "verified" | "ended"));
        }
    }

    #[test]
    fn checks_that_are_good_make_no_verdict_of_a_failure() {
        for state in [RunState::Failed, RunState::TimedOut, RunState::Killed, RunState::Cancelled, RunState::Unknown] {
            let run = Run { checks: Some(ChecksAfter::Good), ..run(state) };
            assert_eq!(run.verdict, Verdict::None);
            assert!(run.outcome().ends_with(" (checks are good)"), "{}", run.outcome());
        }
    }
}
