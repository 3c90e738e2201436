//! Runs: what was started here or elsewhere, with live output and verification.

use std::collections::VecDeque;

use crate::lang::time::Stamp;
use crate::lang::tz::Tz;
use crate::model::run::{OutputLine, Run, Signs, Stopping, VerificationProgress};
use crate::text::SafeText;
use crate::text::name::Name;

/// Output lines kept a run; the tail is what is read.
pub(crate) const MAX_OUTPUT_LINES: usize = 5_000;

/// Runs of an action that are shown before it is started again.
pub(crate) const LAST_RUNS: usize = 3;

/// One run.
#[derive(Debug, Clone)]
pub struct RunView {
    /// The run as the store has it.
    pub run: Run,
    /// Its output, oldest first, bounded.
    pub lines: VecDeque<OutputLine>,
    /// Lines left out between head and tail.
    pub omitted: u64,
    /// How far its verification is, as its supervisor says.
    pub progress: Option<VerificationProgress>,
    /// How far its stopping is, and when that was told.
    pub stopping: Option<(Stopping, Stamp)>,
    /// What is seen of its supervisor and of what it left behind, and when that was told.
    pub signs: Option<(Signs, Stamp)>,
    /// Whether its output is being followed.
    pub followed: bool,
    /// Why its output can't be read.
    pub unreadable: Option<SafeText>,
    /// The action to offer after it did not help.
    pub offer: Option<Name>,
}

impl RunView {
    /// A run as it was reported.
    pub(crate) fn new(run: Run) -> Self {
        Self {
            run,
            lines: VecDeque::new(),
            omitted: 0,
            progress: None,
            stopping: None,
            signs: None,
            followed: false,
            unreadable: None,
            offer: None,
        }
    }
}

/// One line about a run: when by the clocks of `zone`, how it ended, how long it took, who.
pub(crate) fn summary(run: &Run, zone: Tz) -> String {
    let at = run.started_at.with_timezone(&zone).format("%Y-%m-%d %H:%M");
    format!("{at} {}, {}", run.outcome_after(), run.who)
}
