//! What comes of taking something in: what a screen may show of it, and what is to be done.

use std::sync::Arc;

use crate::model::engine::EngineState;
use crate::model::fact::{IncidentSaid, Statement};
use crate::model::message::Notification;
use crate::model::rollup::Sheet;
use crate::model::run::Run;
use crate::text::SafeText;
use crate::text::name::Name;

/// What came of one input.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Whether anything changed that a person would notice at once. Figures that move are none: they wait for the next
    /// second.
    pub noticeable: bool,
    /// What happened, in its order.
    pub changes: Vec<Change>,
    /// What is to be done.
    pub intents: Vec<Intent>,
}

impl Output {
    /// Only that something would be noticed.
    pub(crate) fn noticeable() -> Self {
        Self { noticeable: true, ..Self::default() }
    }

    /// Adds what came of another input.
    pub(crate) fn extend(&mut self, other: Self) {
        self.noticeable |= other.noticeable;
        self.changes.extend(other.changes);
        self.intents.extend(other.intents);
    }
}

/// Something that happened, for those who have a screen, a bell or a title.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// A critical alert began to fire, and nothing explains it.
    Critical {
        /// The alert.
        alert: Name,
        /// What fires, in a line.
        text: String,
    },
    /// The list of alerts is another one.
    Alerts,
    /// Something was said of an incident.
    Incident {
        /// What.
        said: Box<IncidentSaid>,
        /// Who said it: the login name.
        by: SafeText,
        /// In words.
        text: String,
    },
    /// Our own network went away.
    NetworkLost,
    /// The diagnostics have a new problem.
    Problem,
    /// A poll was skipped.
    Overrun,
    /// A background task panicked and was restarted.
    TaskFailed {
        /// Which.
        task: SafeText,
        /// What it said.
        text: SafeText,
    },
    /// A run began or moved on.
    RunMoved(Name),
    /// A run is over.
    RunEnded(Box<Run>),
    /// The outcome of a run that is over is on record by now.
    RunStored(Box<Run>),
}

/// Something that the world wants done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Intent {
    /// Read runs and locks from the store.
    LoadRuns,
    /// Put these on record, all together: asked for only by a console that acts for all.
    Append(Vec<Statement>),
    /// Put these on record as history: they were seen before this console acted for all, and nobody else did then.
    AppendMissed(Vec<Statement>),
    /// Keep what the engine knows.
    KeepEngine(Arc<EngineState>),
    /// Follow the output of a run, from line 0.
    FollowRun(Name),
    /// Store what is known of a minute, for all, with what is stored of it already.
    WriteMinute {
        /// By which the lease was held then.
        fence: u64,
        /// The minute.
        sheet: Sheet,
        /// It was seen here while another one stored minutes: only as far as less is stored of it.
        standing_in: bool,
    },
    /// Read from the store at which status these checks settled last.
    ReadStatuses(Vec<Name>),
    /// Read from the store which alerts fire, and which did lately.
    ReadAlerts,
    /// Send a message, whose claim is on record, and say what became of it.
    Notify(Box<Notification>),
    /// Write this to the terminal: it calls for attention.
    Signal(String),
}
