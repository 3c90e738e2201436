//! The words of checklists: how a step is answered, how it stands, how a run is named, and what is refused.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::text::SafeText;
use crate::text::name::Name;

/// Steps of a list at most, those of lists that it includes with them.
pub(crate) const MAX_STEPS: usize = 200;
/// Characters that a reason needs where a step is skipped, waived or deferred.
pub(crate) const REASON: usize = 10;
/// The same of a killer step.
pub(crate) const KILLER_REASON: usize = 30;
/// Bytes of what a command put out that are kept as evidence: its head and its tail.
pub(crate) const EVIDENCE_BYTES: usize = 4 << 10;
/// Bytes of what a person types.
pub(crate) const TYPED_BYTES: usize = 2 << 10;
/// Notes of a run at most.
pub(crate) const MAX_NOTES: usize = 200;
/// Seconds that a person takes at least to answer a step by looking.
const LOOK_S: i64 = 2;

/// How a step is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// By a condition, measured all the time.
    Auto,
    /// By a number that a person reads off.
    Measure,
    /// By a person who is asked something.
    Ask,
    /// By a command: its exit code.
    Run,
    /// By an action: how its run ended.
    Action,
    /// By a person who has looked at something.
    Confirm,
}

impl StepKind {
    /// Whether it is measured: a person can't make it pass.
    pub const fn is_sensed(self) -> bool {
        matches!(self, Self::Auto | Self::Run | Self::Action)
    }

    /// Whether only a person can answer it.
    pub const fn is_manual(self) -> bool {
        matches!(self, Self::Measure | Self::Ask | Self::Confirm)
    }

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Measure => "measure",
            Self::Ask => "ask",
            Self::Run => "run",
            Self::Action => "action",
            Self::Confirm => "confirm",
        }
    }
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It holds.
    Passed,
    /// It does not apply: its `when` does not hold.
    NotApplicable,
    /// It was put off to another list, with a reason.
    Deferred,
    /// It failed and that was accepted, with a reason.
    Waived,
    /// It was left out, with a reason.
    Skipped,
    /// It is not answered yet.
    Open,
    /// It does not hold.
    Failed,
}

impl StepState {
    /// Whether nothing more is to be done about it.
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Open | Self::Failed)
    }

    /// Whether a person passed over it.
    pub const fn is_passed_over(self) -> bool {
        matches!(self, Self::Deferred | Self::Waived | Self::Skipped)
    }

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NotApplicable => "not applicable",
            Self::Deferred => "deferred",
            Self::Waived => "waived",
            Self::Skipped => "skipped",
            Self::Open => "open",
            Self::Failed => "failed",
        }
    }
}

/// How many steps stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StepCounts {
    /// Steps that passed.
    pub passed: usize,
    /// Steps that do not apply.
    pub not_applicable: usize,
    /// Steps that were deferred.
    pub deferred: usize,
    /// Steps that were waived.
    pub waived: usize,
    /// Steps that were skipped.
    pub skipped: usize,
    /// Steps without an answer.
    pub open: usize,
    /// Steps that failed.
    pub failed: usize,
}

impl StepCounts {
    /// Of so many states.
    pub fn of(states: impl IntoIterator<Item = StepState>) -> Self {
        let mut counts = Self::default();
        for state in states {
            *counts.count_mut(state) += 1;
        }
        counts
    }

    const fn count_mut(&mut self, state: StepState) -> &mut usize {
        match state {
            StepState::Passed => &mut self.passed,
            StepState::NotApplicable => &mut self.not_applicable,
            StepState::Deferred => &mut self.deferred,
            StepState::Waived => &mut self.waived,
            StepState::Skipped => &mut self.skipped,
            StepState::Open => &mut self.open,
            StepState::Failed => &mut self.failed,
        }
    }

    /// All of them.
    pub const fn total(&self) -> usize {
        self.terminal() + self.open + self.failed
    }

    /// Those of which nothing more is to be done.
    pub const fn terminal(&self) -> usize {
        self.passed + self.not_applicable + self.deferred + self.waived + self.skipped
    }

    /// Those over which a person passed.
    pub const fn passed_over(&self) -> usize {
        self.deferred + self.waived + self.skipped
    }

    /// `9 passed, 1 waived`: what is none is left out.
    pub fn describe(&self) -> String {
        let all = [
            (self.failed, StepState::Failed),
            (self.open, StepState::Open),
            (self.passed, StepState::Passed),
            (self.waived, StepState::Waived),
            (self.skipped, StepState::Skipped),
            (self.deferred, StepState::Deferred),
            (self.not_applicable, StepState::NotApplicable),
        ];
        let words =
            all.iter().filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {}", state.word()));
        let words: Vec<String> = words.collect();
        if words.is_empty() { "no steps".to_owned() } else { words.join(", ") }
    }
}

/// The id of a run: of a period it is made of the moment at which that is due, so that everybody who begins it begins the
/// same; on demand of the moment at which it begins.
pub fn run_id(checklist: &str, due: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Name {
    let at = due.map_or_else(|| now.format("%Y%m%d-%H%M%S-%3f"), |due| due.format("%Y%m%dT%H%MZ"));
    Name::from(format!("{checklist}@{at}"))
}

/// The id of a step: the letters and digits of its title, in lower case, with hyphens between.
pub(crate) fn step_id(title: &str) -> Name {
    let mut id = String::with_capacity(title.len());
    for letter in title.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            id.push(letter);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    Name::from(id.trim_end_matches('-'))
}

/// Whether so many steps were answered by a person in less time than it takes to look at each.
pub(crate) fn is_fast(answered: usize, took: chrono::Duration) -> bool {
    let answered = i64::try_from(answered).unwrap_or(i64::MAX / LOOK_S);
    answered > 0 && took < chrono::Duration::seconds(answered.saturating_mul(LOOK_S))
}

/// How a command of a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandResult {
    /// Whether it exited 0.
    pub passed: bool,
    /// `exit 0 after 0.3s`
    pub value: SafeText,
    /// What it put out, head and tail.
    pub output: SafeText,
}

/// Why something said of a checklist is not put on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChecklistRefusal {
    /// There is no such run.
    NoRun(Name),
    /// The run has begun already.
    Begun {
        /// By whom.
        by: SafeText,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its period went by.
    Missed(SafeText),
    /// It is signed off: nothing of it changes any more.
    Signed {
        /// By whom.
        by: SafeText,
        /// When.
        at: DateTime<Utc>,
    },
    /// There is no such step.
    NoStep(Name),
    /// Somebody else was first.
    Done {
        /// The step.
        title: SafeText,
        /// By whom.
        by: SafeText,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is measured: a person can't make it pass.
    Measured(SafeText),
    /// It is on record so already.
    Same,
    /// The round stops at a step before it.
    Gated(SafeText),
    /// Steps are left.
    Unfinished(usize, SafeText),
    /// It is another one than the person saw.
    Changed,
    /// Too much was said.
    Full,
}

impl ChecklistRefusal {
    /// In words; `clock` says what time it was.
    pub fn describe(&self, clock: impl Fn(DateTime<Utc>) -> String) -> String {
        match self {
            Self::NoRun(run) => format!("no checklist run `{run}`"),
            Self::Begun { by, at } => format!("already started by {by} {}", clock(*at)),
            Self::Missed(title) => format!("{title} was missed: its period is over"),
            Self::Signed { by, at } => format!("already signed off by {by} {}", clock(*at)),
            Self::NoStep(step) => format!("no step `{step}` in this run"),
            Self::Done { title, by, at } => format!("{title}: already done by {by} {}", clock(*at)),
            Self::Measured(title) => {
                format!("{title}: measured, a person cannot make it pass; skip, waive or defer it with a reason")
            }
            Self::Same => "already so on record".to_owned(),
            Self::Gated(title) => format!("the round stops at `{title}` until that passes"),
            Self::Unfinished(1, title) => format!("1 step is not finished: {title}"),
            Self::Unfinished(count, title) => format!("{count} steps are not finished, the first is: {title}"),
            Self::Changed => "the run changed meanwhile; look again and sign".to_owned(),
            Self::Full => format!("a run takes {MAX_NOTES} notes at most"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_keeps_its_id_whatever_answers_it() {
        assert_eq!(&*step_id("Disk below 85 %"), "disk-below-85");
        assert_eq!(&*step_id("  Gibt's Ärger?  "), "gibt-s-ärger");
        assert_eq!(&*step_id("…"), "");
    }

    #[test]
    fn everybody_who_begins_a_period_begins_the_same_run() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let due = at("2026-03-02T09:00:00Z");
        let one = run_id("morning", Some(due), at("2026-03-02T09:01:00Z"));
        assert_eq!(one, run_id("morning", Some(due), at("2026-03-02T09:30:00Z")));
        assert_eq!(&*one, "morning@20260302T0900Z");
        assert_ne!(run_id("drill", None, due), run_id("drill", None, due + chrono::Duration::seconds(1)));
    }

    #[test]
    fn a_round_is_fast_where_nobody_can_have_looked() {
        let seconds = chrono::Duration::seconds;
        assert!(is_fast(3, seconds(5)) && !is_fast(3, seconds(6)));
        assert!(!is_fast(0, seconds(0)), "nothing was to be looked at");
    }

    #[test]
    fn counts_leave_out_what_there_is_none_of() {
        let counts = StepCounts::of([StepState::Passed, StepState::Waived, StepState::Passed]);
        assert_eq!((counts.describe(), counts.total(), counts.passed_over()), ("2 passed, 1 waived".to_owned(), 3, 1));
    }
}
