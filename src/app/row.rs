//! What a row of a list is about: the selection stays with it while rows come, go and change places.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::rollup::SeriesKey;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::diagnostics::{Problem, ProblemKind};
use crate::world::timeline::{EventKind, TimelineEntry};

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
    /// A silence, by its id.
    Silence(Name),
    /// An incident, by its id.
    Incident(Name),
    /// A line of the timeline of an incident: when, and its words.
    IncidentLine(DateTime<Utc>, SafeText),
    /// An entry of an incident, by its number.
    IncidentEntry(Name, usize),
    /// What runs or comes by the change calendar, by its id.
    Planned(Name),
    /// A run, by its id.
    Run(Name),
    /// A checklist, by its name.
    Checklist(Name),
    /// A run of a checklist that is over, by its id.
    Round(Name),
    /// A step of a run of a checklist, by the ids of both; `None`: its sign-off.
    Step(Name, Option<Name>),
    /// A lock, by its target.
    Lock(String),
    /// What happened, by when on the monotonic clock, and its words.
    Entry(Duration, SafeText),
    /// A problem of the console: its kind, what it is about, its words.
    Problem(ProblemKind, SafeText, SafeText),
}

impl RowKey {
    /// The row of what a chart is of.
    pub(crate) fn of_series(series: SeriesKey) -> Self {
        match series {
            SeriesKey::Check(name) => Self::Check(name),
            SeriesKey::Metric(name) => Self::Metric(name),
        }
    }

    /// What a chart of it would be of; `None`: there is none of it.
    pub(crate) fn series(&self) -> Option<SeriesKey> {
        match self {
            Self::Check(name) => Some(SeriesKey::Check(name.clone())),
            Self::Metric(name) => Some(SeriesKey::Metric(name.clone())),
            _ => None,
        }
    }

    /// The row of something that happened.
    pub(crate) fn entry(entry: &TimelineEntry) -> Self {
        match &entry.kind {
            EventKind::Run { id: Some(id), .. } => Self::Run(id.clone()),
            _ => Self::Entry(entry.at.mono, entry.text.clone()),
        }
    }

    /// Whether this is the row of something that happened.
    pub(crate) fn is_entry(&self, entry: &TimelineEntry) -> bool {
        match (self, &entry.kind) {
            (Self::Run(run), EventKind::Run { id: Some(id), .. }) => run == id,
            (Self::Entry(at, text), _) => *at == entry.at.mono && *text == entry.text,
            _ => false,
        }
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
