//! Actions as they are planned and run: the plan, the run, its outcome and its verdict.

pub(in crate::model) mod note;
mod plan;
mod stopping;
mod unstored;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::lang::time::{BootTime, Moment};
use crate::lang::unit;
use crate::text::SafeText;
use crate::text::name::Name;

pub use plan::{Confirm, Plan};
pub use stopping::{Cancelled, LeftProcess, Signs, Stop, Stopping};

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
    pub(crate) const fn is_good(self) -> bool {
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
    pub(crate) const fn describe(self) -> &'static str {
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
    /// From the intent to this outcome; `None`: nothing ran, or nobody knows.
    #[serde(default)]
    pub took: Option<Duration>,
}

/// How far a verification is: written by the supervisor, shown by everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationProgress {
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

impl VerificationProgress {
    /// Time until it is given up.
    pub(crate) fn left(&self, now: Moment) -> Duration {
        Moment { utc: self.until, boot: self.until_boot }.since(now)
    }

    /// `api 1 of 2 good, db 0 of 2 good`
    pub(crate) fn describe(&self) -> String {
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
    /// From `started_at` to the outcome, the look at its checks included; `None`: it is open, or nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_ms: Option<u64>,
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
            Some(checks) => format!("{words} ({})", checks.describe()),
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

    /// The outcome, and after how long from the intent it was known.
    pub(crate) fn outcome_after(&self) -> String {
        let is_timed = !self.dry_run && !matches!(self.state, RunState::Refused | RunState::Unknown);
        match self.took().filter(|_| is_timed) {
            Some(took) => format!("{} after {}", self.outcome(), unit::span(took)),
            None => self.outcome(),
        }
    }

    /// What its steps said that they have proven.
    pub(crate) fn proven(&self) -> Option<&str> {
        self.note.as_ref().filter(|_| self.state.is_good() && !self.dry_run)?.as_str().strip_prefix("proven: ")
    }

    /// Why its output can't be read: on a store that several users share, most runs are of others.
    pub(crate) fn why_unreadable(&self, error: &io::Error) -> String {
        if error.kind() == io::ErrorKind::PermissionDenied {
            format!("its output can be read only by {} on {}", self.who, self.host)
        } else {
            format!("its output can't be read: {error}")
        }
    }

    /// When it began.
    pub(crate) const fn began(&self) -> Moment {
        Moment { utc: self.started_at, boot: self.boot }
    }

    /// How long it took from the intent to its outcome; `None` where it is open or nobody knows.
    pub(crate) fn took(&self) -> Option<Duration> {
        if self.state.is_open() {
            return None;
        }
        let known = self.outcome_ms.or(self.duration_ms).map(Duration::from_millis);
        known.or_else(|| Some((self.ended_at? - self.started_at).to_std().unwrap_or_default()))
    }

    /// How long it took, or has been going on; `None` where nobody knows when it ended.
    pub fn duration(&self, now: Moment) -> Option<Duration> {
        self.took().or_else(|| (self.state != RunState::Unknown).then(|| now.since(self.began())))
    }

    /// How long ago it was over, or began where it goes on or its end is unknown.
    pub(crate) fn ago(&self, now: Moment) -> Duration {
        let since = now.since(self.began());
        self.took().map_or(since, |took| since.saturating_sub(took))
    }

    /// What to say to a person who leaves it while it continues: one line.
    pub(crate) fn continues(&self) -> String {
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
            outcome_ms: None,
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
    fn who_may_read_the_output_of_others_is_said() {
        let why = |kind: io::ErrorKind| run(RunState::Ended).why_unreadable(&io::Error::from(kind));
        assert_eq!(why(io::ErrorKind::PermissionDenied), "its output can be read only by me on here");
        assert_eq!(why(io::ErrorKind::NotFound), "its output can't be read: entity not found");
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
