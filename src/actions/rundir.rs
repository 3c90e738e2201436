//! The directory of one run: what is in it, who writes it, what it means.
//!
//! | file | written by | meaning |
//! |---|---|---|
//! | `alive` | the console | locked (flock) from before the intent is stored until the supervisor is gone: whoever can lock it knows that nobody runs; the supervisor writes into it before the first step: empty, it says that nothing ran |
//! | `intent.json` | the console | the plan, the fence, the attempt, the terms of its verification, where the store is; synced before the supervisor is started |
//! | `evidence.json` | the console | readings, log lines and metric values from before |
//! | `started.json` | the supervisor | it is about to run the first step |
//! | `out.log` | the supervisor | output: `INDEX TIME out\|err\|note TEXT` a line, redacted and sanitised, up to a cap |
//! | `tail.log` | the supervisor | the latest lines beyond that cap, rewritten |
//! | `reserve` | the supervisor | room for `result.json` and `closing.json` on a disk that is full by then |
//! | `heartbeat` | the supervisor | the time, once a second until it is gone |
//! | `cancel` | anybody allowed to | asks for TERM, grace, KILL; says who asked |
//! | `stopping.json` | the supervisor | TERM was sent, and perhaps KILL |
//! | `result.json` | the supervisor | how the steps ended; synced |
//! | `progress.json` | the supervisor | how far the verification is |
//! | `closing.json` | the supervisor | the outcome: with it the run is over; synced |

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::files;
use super::intent::RunIntent;
use crate::lang::time::Moment;
use crate::model::run::{Cancelled, Closing, RunState, Stop, Verdict, VerificationProgress};
use crate::model::verification::Conclusion;
use crate::text::SafeText;

/// Bound on the small files when they are read.
const SMALL_FILE: u64 = 4 << 20;

/// How the last step that ran came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
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

/// How the steps of a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When the last process ended.
    pub at: DateTime<Utc>,
    /// In which way.
    pub how: StepOutcome,
    /// Exit code of the last step that ran.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The step, from 1.
    pub step: usize,
    /// Whether any process was started: what never started changed nothing, and is not verified.
    #[serde(default = "yes")]
    pub ran: bool,
    /// Whether the supervisor looks at checks after it.
    #[serde(default)]
    pub to_verify: bool,
    /// In words, for a person; empty where all went well.
    pub message: SafeText,
    /// What still runs.
    pub survivors: Vec<Survivor>,
    /// Lines of output in all.
    pub lines: u64,
    /// Lines that are in neither `out.log` nor `tail.log`.
    pub omitted: u64,
    /// Who asked for it to be stopped, where a person did.
    #[serde(default)]
    pub cancelled: Option<Cancelled>,
    /// From the intent to the end, by the machine's clock; `None` where only the wall clock is known.
    #[serde(default)]
    pub took: Option<Duration>,
}

/// What the supervisor says of itself before its first step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Started {
    /// Its process id, and with it that of the session of every step.
    pub pid: i32,
    /// When.
    #[serde(flatten)]
    pub at: Moment,
    /// Which program it is.
    pub version: String,
}

impl End {
    /// Whether every step ran and ended with exit code 0.
    pub fn is_success(&self) -> bool {
        self.how == StepOutcome::Exited && self.exit_code == Some(0)
    }

    /// The state of a run that ended so, its checks left aside.
    pub(crate) fn state(&self) -> RunState {
        match self.how {
            StepOutcome::Exited if self.exit_code == Some(0) => RunState::Ended,
            StepOutcome::Exited | StepOutcome::NotStarted => RunState::Failed,
            StepOutcome::Signalled => RunState::Killed,
            StepOutcome::TimedOut => RunState::TimedOut,
            StepOutcome::Cancelled => RunState::Cancelled,
        }
    }
}

const fn yes() -> bool {
    true
}

/// The outcome of a run: a verdict needs every step exited 0 *and* the checks. `end` is missing where nobody knows how
/// the steps ended, `conclusion` where no checks were looked at.
pub fn closing(end: Option<&End>, conclusion: Option<&Conclusion>, at: DateTime<Utc>) -> Closing {
    let state = match (end, conclusion.map(|conclusion| conclusion.verdict)) {
        (None, _) => RunState::Unknown,
        (Some(end), Some(verdict)) if end.is_success() => match verdict {
            Verdict::Verified => RunState::Verified,
            Verdict::NotRecovered => RunState::NotRecovered,
            Verdict::Regressed => RunState::Regressed,
            Verdict::Inconclusive => RunState::Inconclusive,
            Verdict::None => RunState::Ended,
        },
        (Some(end), _) => end.state(),
    };
    let said =
        end.map(|end| end.message.as_str()).into_iter().chain(conclusion.map(|conclusion| conclusion.note.as_str()));
    let note = said.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
    Closing {
        at,
        state,
        checks: conclusion.and_then(Conclusion::checks),
        note: (!note.is_empty()).then(|| SafeText::new(&note)),
        took: None,
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
    pub(crate) fn alive(&self) -> PathBuf {
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
    pub(crate) fn heartbeat(&self) -> PathBuf {
        self.0.join("heartbeat")
    }

    /// `cancel`
    pub(crate) fn cancel(&self) -> PathBuf {
        self.0.join("cancel")
    }

    /// `supervisor.log`: what the supervisor itself had to say; empty unless something is very wrong.
    pub(crate) fn complaints(&self) -> PathBuf {
        self.0.join("supervisor.log")
    }

    /// Writes the intent, synced.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn write_intent(&self, intent: &RunIntent) -> io::Result<()> {
        files::write_synced(&self.0.join("intent.json"), &serde_json::to_vec_pretty(intent)?)
    }

    /// Reads the intent.
    ///
    /// # Errors
    /// It is missing or can't be read.
    pub(crate) fn read_intent(&self) -> io::Result<RunIntent> {
        Ok(self.read("intent.json")?.ok_or(io::ErrorKind::NotFound)?)
    }

    /// Writes the evidence, which its maker has redacted.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn write_evidence(&self, evidence: &str) -> io::Result<()> {
        files::write_synced(&self.0.join("evidence.json"), evidence.as_bytes())
    }

    /// Writes how it ended, synced.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn write_end(&self, end: &End) -> io::Result<()> {
        self.write_last("result.json", &serde_json::to_vec_pretty(end)?)
    }

    /// How it ended; `None` where there is no result.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn read_end(&self) -> io::Result<Option<End>> {
        self.read("result.json")
    }

    /// Writes how far the verification is.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn write_progress(&self, progress: &VerificationProgress) -> io::Result<()> {
        files::write_whole(&self.0.join("progress.json"), &serde_json::to_vec(progress)?)
    }

    /// How far the verification is; `None` where none has begun.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn read_progress(&self) -> io::Result<Option<VerificationProgress>> {
        self.read("progress.json")
    }

    /// Writes the outcome, synced.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn write_closing(&self, closing: &Closing) -> io::Result<()> {
        self.write_last("closing.json", &serde_json::to_vec_pretty(closing)?)?;
        self.release()
    }

    /// The outcome; `None` while the run is open.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read_closing(&self) -> io::Result<Option<Closing>> {
        self.read("closing.json")
    }

    /// Writes that the first step is about to run, synced.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn write_started(&self, started: &Started) -> io::Result<()> {
        files::write_synced(&self.started(), &serde_json::to_vec(started)?)
    }

    /// What the supervisor said before its first step; `None` where none began.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn read_started(&self) -> io::Result<Option<Started>> {
        self.read("started.json")
    }

    /// Writes the sign of life.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn write_heartbeat(&self, now: &Moment) -> io::Result<()> {
        files::write_whole(&self.heartbeat(), &serde_json::to_vec(now)?)
    }

    /// The latest sign of life; `None` where there is none yet.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn read_heartbeat(&self) -> io::Result<Option<Moment>> {
        self.read("heartbeat")
    }

    /// Asks the supervisor to stop the run.
    ///
    /// # Errors
    /// As the system says.
    pub fn ask_to_cancel(&self, who: &Cancelled) -> io::Result<()> {
        files::write_whole(&self.cancel(), &serde_json::to_vec(who)?)
    }

    /// Who asked for the run to be stopped; `None` where nobody did.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn read_cancel(&self) -> io::Result<Option<Cancelled>> {
        self.read("cancel")
    }

    /// Writes how far the stopping is.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) fn write_stop(&self, stop: &Stop) -> io::Result<()> {
        files::write_whole(&self.0.join("stopping.json"), &serde_json::to_vec(stop)?)
    }

    /// How far the stopping is; `None` where it is not being stopped.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read_stop(&self) -> io::Result<Option<Stop>> {
        self.read("stopping.json")
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        let bytes = files::read_bounded(&self.0.join(name), SMALL_FILE)?;
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::ChecksAfter;

    fn end(how: StepOutcome, exit_code: Option<i32>) -> End {
        End {
            at: DateTime::UNIX_EPOCH,
            how,
            exit_code,
            signal: None,
            step: 1,
            ran: true,
            to_verify: true,
            message: SafeText::new(""),
            survivors: Vec::new(),
            lines: 0,
            omitted: 0,
            cancelled: None,
            took: None,
        }
    }

    #[test]
    fn a_verdict_needs_exit_0_and_the_checks() {
        let good = Conclusion { verdict: Verdict::Verified, note: String::new() };
        let bad = Conclusion { verdict: Verdict::NotRecovered, note: "still not healthy after 1m: api".to_owned() };
        let closed = |how, code, conclusion: Option<&Conclusion>| {
            let closing = closing(Some(&end(how, code)), conclusion, DateTime::UNIX_EPOCH);
            (closing.state, closing.checks)
        };
        assert_eq!(closed(StepOutcome::Exited, Some(0), Some(&good)), (RunState::Verified, Some(ChecksAfter::Good)));
        assert_eq!(closed(StepOutcome::Exited, Some(0), Some(&bad)), (RunState::NotRecovered, Some(ChecksAfter::Bad)));
        assert_eq!(closed(StepOutcome::Exited, Some(0), None), (RunState::Ended, None));
        for (how, code, state) in [
            (StepOutcome::Exited, Some(1), RunState::Failed),
            (StepOutcome::NotStarted, None, RunState::Failed),
            (StepOutcome::Signalled, None, RunState::Killed),
            (StepOutcome::TimedOut, None, RunState::TimedOut),
            (StepOutcome::Cancelled, None, RunState::Cancelled),
        ] {
            assert_eq!(closed(how, code, Some(&good)), (state, Some(ChecksAfter::Good)));
            assert_eq!(closed(how, code, Some(&bad)), (state, Some(ChecksAfter::Bad)));
        }
        let unknown = closing(None, Some(&good), DateTime::UNIX_EPOCH);
        assert_eq!((unknown.state, unknown.checks), (RunState::Unknown, Some(ChecksAfter::Good)));
    }
}
