//! Planned maintenance, as far as it concerns one objective.

use chrono::{DateTime, Utc};

use crate::text::name::Name;
use crate::world::maintenance::MaintenancePlan;

/// Edges of maintenance windows that are caught up with at once: a console that slept for longer goes on from now.
const CAUGHT_UP: usize = 64;

/// Whether a maintenance window is open, and when that changes.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::world) struct Planned {
    /// When it was looked up; `None`: not yet.
    looked: Option<DateTime<Utc>>,
    /// Whether the windows may be others since.
    is_reviewed: bool,
    is_open: bool,
    /// The next moment at which a window begins or ends.
    next: Option<DateTime<Utc>>,
}

impl Planned {
    /// The same, to be looked up again with the next look: the windows are others.
    pub(in crate::world) const fn reviewed(self) -> Self {
        Self { is_reviewed: true, next: None, ..self }
    }

    /// The changes up to now, oldest first: when, and whether a window is open from then on.
    pub(in crate::world) fn advance(
        &mut self,
        now: DateTime<Utc>,
        plan: &MaintenancePlan,
        service: Option<&Name>,
    ) -> Vec<(DateTime<Utc>, bool)> {
        let mut changes = Vec::new();
        // Nothing to look up in most configurations, and nothing new in most seconds.
        if plan.is_empty() && !self.is_open {
            return changes;
        }
        if self.is_reviewed || self.looked.is_none_or(|looked| looked > now) {
            // One that a person began is heard of a little later.
            let began = plan.began(service.map(|name| &**name), now);
            let heard = began.zip(self.looked).map_or(now, |(began, looked)| began.max(looked).min(now));
            self.look(now, plan, service, &mut changes);
            changes.iter_mut().filter(|(_, is_open)| *is_open).for_each(|(at, _)| *at = heard);
        }
        while let Some(edge) = self.next.filter(|edge| *edge <= now) {
            let at = if changes.len() < CAUGHT_UP { edge } else { now };
            self.look(at, plan, service, &mut changes);
        }
        changes
    }

    fn look(
        &mut self,
        at: DateTime<Utc>,
        plan: &MaintenancePlan,
        service: Option<&Name>,
        changes: &mut Vec<(DateTime<Utc>, bool)>,
    ) {
        let (is_open, next) = plan.is_open(service.map(|name| &**name), at);
        if is_open != self.is_open {
            changes.push((at, is_open));
        }
        *self = Self { looked: Some(at), is_reviewed: false, is_open, next };
    }
}
