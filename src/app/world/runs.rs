//! Runs: what was started here or elsewhere, with live output and verification.

use std::collections::VecDeque;

use crate::model::name::Name;
use crate::model::reading::Reading;
use crate::model::run::{OutputLine, Run, RunState, Verdict};
use crate::model::time::Stamp;
use crate::model::verification::{Judgement, Verification};

/// Output lines kept a run; the tail is what is read.
pub const MAX_OUTPUT_LINES: usize = 5_000;

/// One run.
#[derive(Debug, Clone)]
pub struct RunView {
    /// The run as the store has it.
    pub run: Run,
    /// Its output, oldest first, bounded.
    pub lines: VecDeque<OutputLine>,
    /// Lines left out between head and tail.
    pub omitted: u64,
    /// While it is being verified.
    pub verifying: Option<Verifying>,
    /// A person asked for it to be cancelled.
    pub cancelling: bool,
    /// Whether its output is being followed.
    pub followed: bool,
    /// The action to offer after it did not help.
    pub offer: Option<Name>,
    /// Whether its end was said already.
    pub(in crate::app) announced: bool,
}

impl RunView {
    /// A run as it was reported.
    pub fn new(run: Run) -> Self {
        Self {
            run,
            lines: VecDeque::new(),
            omitted: 0,
            verifying: None,
            cancelling: false,
            followed: false,
            offer: None,
            announced: false,
        }
    }
}

/// A verification under way.
#[derive(Debug, Clone)]
pub struct Verifying {
    /// When it is given up.
    pub deadline: Stamp,
    /// The checks that must be good: name, fresh good readings so far, needed.
    pub progress: Vec<(Name, u32, u32)>,
    /// When its checks were last asked for.
    pub(in crate::app) polled: Stamp,
    verification: Verification,
}

impl Verifying {
    /// Begins now.
    pub(in crate::app) fn new(verification: Verification, deadline: Stamp, polled: Stamp) -> Self {
        let mut verifying = Self { deadline, progress: Vec::new(), polled, verification };
        verifying.show();
        verifying
    }

    /// Takes a reading.
    pub(in crate::app) fn saw(&mut self, reading: &Reading) -> Option<Judgement> {
        let judgement = self.verification.observe(reading).cloned();
        self.show();
        judgement
    }

    /// The verdict, as far as there is one.
    pub(in crate::app) fn judge(&mut self, now: Stamp) -> Option<Judgement> {
        self.verification.judge(now).cloned()
    }

    fn show(&mut self) {
        let progress = self.verification.progress();
        self.progress = progress.map(|(name, good, needed)| (name.clone(), good, needed)).collect();
    }
}

/// One line about a run: when, how it ended, how long it took, who.
pub fn told(run: &Run) -> String {
    let outcome = outcome(run);
    let took = run.duration_ms.map_or_else(String::new, |ms| format!(", {:.1}s", ms as f64 / 1000.0));
    format!("{} {outcome}{took}, {}", run.started_at.format("%m-%d %H:%M"), run.who)
}

/// The outcome of a run in one or two words.
pub fn outcome(run: &Run) -> String {
    run.of_dry_run(of_steps(run))
}

fn of_steps(run: &Run) -> String {
    match (run.state, run.verdict, run.exit_code, run.signal) {
        (RunState::Starting, ..) => "starting".to_owned(),
        (RunState::Running, ..) => "running".to_owned(),
        (RunState::Stopping, ..) => "stopping".to_owned(),
        (RunState::Verifying, ..) => "verifying".to_owned(),
        (RunState::Refused, ..) => "refused".to_owned(),
        (RunState::Cancelled, ..) => "cancelled".to_owned(),
        (RunState::TimedOut, ..) => "timed out".to_owned(),
        (RunState::OutcomeUnknown, ..) => "outcome unknown".to_owned(),
        (RunState::Ended, Verdict::Verified, ..) => "verified".to_owned(),
        (RunState::Ended, Verdict::NotRecovered, ..) => "not recovered".to_owned(),
        (RunState::Ended, Verdict::Regressed, ..) => "regressed".to_owned(),
        (RunState::Ended, Verdict::Inconclusive, ..) => "inconclusive".to_owned(),
        (RunState::Ended, Verdict::None, Some(0), _) => "done".to_owned(),
        (RunState::Ended, Verdict::None, Some(code), _) => format!("exit {code}"),
        (RunState::Ended, Verdict::None, None, Some(signal)) => format!("killed by signal {signal}"),
        (RunState::Ended, Verdict::None, None, None) => "could not start".to_owned(),
    }
}

/// Whether its processes may still be alive.
pub const fn is_active(state: RunState) -> bool {
    matches!(state, RunState::Starting | RunState::Running | RunState::Stopping)
}
