//! Objectives about how long runs take, from confirmed to verified.

use std::time::Duration;

use crate::model::burn::LEAST_BAD;
use crate::model::run::{Run, RunState};

/// How many runs of an action were verified in time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RunsFigures {
    /// The share that must be in time, above 0 and below 1.
    pub objective: f64,
    /// Runs of which the outcome is known.
    pub count: u32,
    /// Those that were verified in time.
    pub good: u32,
    /// The longest that one took until it was verified.
    pub longest: Option<Duration>,
}

impl RunsFigures {
    /// Adds up the runs of an action. Left out are dry runs, what is under way, what never ran (refused, cancelled) and
    /// what ended without anything that says whether it helped.
    pub fn new<'a>(objective: f64, within: Duration, runs: impl Iterator<Item = &'a Run>) -> Self {
        let mut figures = Self { objective, ..Self::default() };
        for run in runs.filter(|run| counts(run)) {
            figures.count += 1;
            // What was never verified is late, however fast it was.
            if let Some(took) = run.took().filter(|_| run.state.is_good()) {
                figures.longest = figures.longest.max(Some(took));
                figures.good += u32::from(took <= within);
            }
        }
        figures
    }

    /// The share that was in time, 0 to 1; `None` where no outcome is known.
    pub fn share(&self) -> Option<f64> {
        (self.count > 0).then(|| f64::from(self.good) / f64::from(self.count))
    }

    /// Runs that were late or failed.
    pub const fn bad(&self) -> u32 {
        self.count - self.good
    }

    /// How many more runs may be late before the objective is missed; negative where it is.
    pub fn left(&self) -> f64 {
        (1.0 - self.objective) * f64::from(self.count) - f64::from(self.bad())
    }

    /// Whether somebody should look: the objective is missed, by as many runs as the floor of the burn rates. Runs are
    /// too rare for those rates themselves. `None` where no outcome is known.
    pub fn is_missed(&self) -> Option<bool> {
        self.share().map(|share| share < self.objective && self.bad() >= LEAST_BAD)
    }
}

fn counts(run: &Run) -> bool {
    let is_known = !run.state.is_open()
        && !matches!(run.state, RunState::Refused | RunState::Cancelled | RunState::Unknown | RunState::Inconclusive);
    is_known && !run.dry_run
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::Verdict;
    use chrono::DateTime;

    fn run(state: RunState, seconds: u64) -> Run {
        Run {
            id: "20261121T024105-3f9a".into(),
            action: "rollback".into(),
            verb: "rollback".into(),
            dry_run: false,
            service: None,
            target: "web".into(),
            who: "ops-a".into(),
            reason: None,
            host: "h".into(),
            plan_digest: String::new(),
            started_at: DateTime::UNIX_EPOCH,
            boot: None,
            ended_at: Some(DateTime::UNIX_EPOCH),
            duration_ms: Some(1_000),
            outcome_ms: Some(seconds * 1_000),
            state,
            verdict: Verdict::None,
            checks: None,
            exit_code: Some(0),
            signal: None,
            output_path: std::path::PathBuf::new(),
            note: None,
        }
    }

    fn figures(runs: &[Run]) -> RunsFigures {
        RunsFigures::new(0.95, Duration::from_mins(2), runs.iter())
    }

    #[test]
    fn a_run_is_in_time_from_confirmed_to_verified_and_not_to_its_exit() {
        let figures = figures(&[run(RunState::Verified, 120), run(RunState::Verified, 121), run(RunState::Ended, 3)]);
        assert_eq!((figures.good, figures.count, figures.longest), (2, 3, Some(Duration::from_secs(121))));
    }

    #[test]
    fn what_never_ran_or_is_not_known_does_not_count() {
        let mut dry = run(RunState::Ended, 1);
        dry.dry_run = true;
        let left_out = [RunState::Running, RunState::Verifying, RunState::Refused, RunState::Cancelled];
        let unknown = [RunState::Unknown, RunState::Inconclusive];
        let runs: Vec<Run> = left_out.into_iter().chain(unknown).map(|state| run(state, 1)).chain([dry]).collect();
        let figures = figures(&runs);
        assert_eq!((figures.share(), figures.is_missed(), figures.count), (None, None, 0));
    }

    #[test]
    fn three_late_runs_miss_the_objective_and_two_do_not() {
        let late = [RunState::Failed, RunState::NotRecovered, RunState::TimedOut].map(|state| run(state, 10));
        let two = figures(&late[..2]);
        assert_eq!((two.share(), two.is_missed(), two.bad()), (Some(0.0), Some(false), 2));
        assert_eq!(figures(&late).is_missed(), Some(true));
        let many: Vec<Run> = (0..97).map(|_| run(RunState::Verified, 10)).chain(late).collect();
        assert_eq!(figures(&many).is_missed(), Some(false), "97 % are in time");
        assert!((figures(&many).left() - 2.0).abs() < 1e-9);
    }
}
