//! What happened lately: status transitions, alerts, runs, reloads.

use std::collections::VecDeque;

use crate::lang::time::Stamp;
use crate::model::alert::Severity;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::text::name::Name;

/// What kind of thing happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A check changed its status.
    Status {
        /// The check.
        check: Name,
        /// Before.
        from: Status,
        /// Now.
        to: Status,
    },
    /// An alert began to fire.
    Fired(Severity),
    /// An alert that fired is over.
    Resolved(Severity),
    /// A run started, ended, or was refused.
    Run,
    /// The configuration was read again.
    Reload,
    /// Our own connectivity, a gap, a task.
    Console,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// When.
    pub at: Stamp,
    /// What kind.
    pub kind: EventKind,
    /// The service it concerns.
    pub service: Option<Name>,
    /// In words.
    pub text: SafeText,
}

/// Entries kept.
pub(crate) const MAX_ENTRIES: usize = 500;

/// The last entries, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Timeline(VecDeque<TimelineEntry>);

impl Timeline {
    /// Adds an entry; the oldest goes where there are too many.
    pub fn push(&mut self, entry: TimelineEntry) {
        if self.0.len() == MAX_ENTRIES {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    /// Entries, newest first.
    pub fn newest_first(&self) -> impl ExactSizeIterator<Item = &TimelineEntry> + DoubleEndedIterator {
        self.0.iter().rev()
    }
}
