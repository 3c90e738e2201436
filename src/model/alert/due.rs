//! When an alert changes by the time alone.

use super::{Alert, AlertState};
use crate::lang::condition::Predicate;
use crate::lang::time::Stamp;

impl Alert {
    /// The first moment after `now` at which an evaluation may change it though nothing else is seen; `None`: there is none.
    pub(crate) fn due(&self, now: Stamp) -> Option<Stamp> {
        let own = match self.state {
            AlertState::Pending { active_at } => Some(active_at.plus(self.condition.hold + self.blind)),
            AlertState::Keeping { since, .. } => Some(since.plus(self.keep)),
            AlertState::Resolved { at, .. } => Some(at.plus(self.resolved_for)),
            AlertState::Inactive | AlertState::Firing { .. } => None,
        };
        let counted = match &self.condition.predicate {
            Predicate::Changes { within, .. } => self.changes.edges(*within),
            _ => [None, None],
        };
        own.into_iter().chain(counted.into_iter().flatten()).filter(|at| at.mono > now.mono).min()
    }
}
