//! Planned maintenance, as far as it concerns one objective.

use chrono::{DateTime, Utc};

use crate::config::Config;
use crate::lang::schedule::TimeWindow;
use crate::text::name::Name;

/// Edges of maintenance windows that are caught up with at once: a console that slept for longer goes on from now.
const CAUGHT_UP: usize = 64;

/// Whether a maintenance window is open, and when that changes.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::world) struct Planned {
    /// When it was looked up; `None`: not yet.
    looked: Option<DateTime<Utc>>,
    is_open: bool,
    /// The next moment at which a window begins or ends.
    next: Option<DateTime<Utc>>,
}

impl Planned {
    /// The same, to be looked up again with the next look: the configuration is another.
    pub(in crate::world) const fn reviewed(self) -> Self {
        Self { looked: None, next: None, ..self }
    }

    /// The changes up to now, oldest first: when, and whether a window is open from then on.
    pub(in crate::world) fn advance(
        &mut self,
        now: DateTime<Utc>,
        config: &Config,
        service: Option<&Name>,
    ) -> Vec<(DateTime<Utc>, bool)> {
        let mut changes = Vec::new();
        // Nothing to look up in most configurations, and nothing new in most seconds.
        if config.maintenance.is_empty() && !self.is_open {
            return changes;
        }
        if self.looked.is_none_or(|looked| looked > now) {
            self.look(now, config, service, &mut changes);
        }
        while let Some(edge) = self.next.filter(|edge| *edge <= now) {
            let at = if changes.len() < CAUGHT_UP { edge } else { now };
            self.look(at, config, service, &mut changes);
        }
        changes
    }

    fn look(
        &mut self,
        at: DateTime<Utc>,
        config: &Config,
        service: Option<&Name>,
        changes: &mut Vec<(DateTime<Utc>, bool)>,
    ) {
        let zone = config.console.timezone;
        let about = config.maintenance.iter().filter(|one| one.services.includes(service.map(|name| &**name)));
        let (mut is_open, mut next) = (false, None::<DateTime<Utc>>);
        for maintenance in about {
            let open = maintenance.when.covers(at, zone);
            is_open |= open.is_some();
            let begins = || maintenance.when.next(at, zone).map(|window| window.start);
            let edge = open.map(|window| window.end).or_else(begins);
            next = next.into_iter().chain(edge).min();
        }
        if is_open != self.is_open {
            changes.push((at, is_open));
        }
        *self = Self { looked: Some(at), is_open, next };
    }
}

/// The windows of maintenance that concern a service, between two moments, in no order; those that overlap are joined
/// where they are added up.
pub(in crate::world) fn windows(
    config: &Config,
    service: Option<&Name>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Vec<TimeWindow> {
    let zone = config.console.timezone;
    let about = config.maintenance.iter().filter(|one| one.services.includes(service.map(|name| &**name)));
    let mut found: Vec<TimeWindow> = Vec::new();
    for maintenance in about {
        found.extend(maintenance.when.covers(from, zone));
        let mut at = from;
        while let Some(window) = maintenance.when.next(at, zone).filter(|window| window.start < to) {
            found.push(window);
            at = window.start;
        }
    }
    joined(found)
}

/// The same without overlaps, in their order.
fn joined(mut windows: Vec<TimeWindow>) -> Vec<TimeWindow> {
    windows.sort_by_key(|window| window.start);
    let mut joined: Vec<TimeWindow> = Vec::with_capacity(windows.len());
    for window in windows {
        match joined.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => joined.push(window),
        }
    }
    joined
}
