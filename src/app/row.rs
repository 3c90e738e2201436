//! What a row of a list is about: the selection stays with it while rows come, go and change places.

use std::time::Duration;

use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::diagnostics::{Problem, ProblemKind};
use crate::world::timeline::TimelineEntry;

/// A row, by what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// A service.
    Service(Name),
    /// The services that are well, folded into one row.
    Healthy,
    /// A check.
    Check(Name),
    /// A metric.
    Metric(Name),
    /// An action.
    Action(Name),
    /// An alert, by [`crate::world::alerts::AlertView::id`].
    Alert(Name),
    /// A run, by its id.
    Run(Name),
    /// A lock, by its target.
    Lock(String),
    /// What happened, by when on the monotonic clock, and its words.
    Entry(Duration, SafeText),
    /// A problem of the console: its kind, what it is about, its words.
    Problem(ProblemKind, SafeText, SafeText),
}

impl RowKey {
    /// The row of something that happened.
    pub(crate) fn entry(entry: &TimelineEntry) -> Self {
        Self::Entry(entry.at.mono, entry.text.clone())
    }

    /// Whether this is the row of something that happened.
    pub(crate) fn is_entry(&self, entry: &TimelineEntry) -> bool {
        matches!(self, Self::Entry(at, text) if *at == entry.at.mono && *text == entry.text)
    }

    pub(crate) fn problem(problem: &Problem) -> Self {
        Self::Problem(problem.kind, problem.about.clone(), problem.text.clone())
    }

    /// Whether this is the row of a problem.
    pub(crate) fn is_problem(&self, problem: &Problem) -> bool {
        matches!(self, Self::Problem(kind, about, text)
            if *kind == problem.kind && *about == problem.about && *text == problem.text)
    }
}
