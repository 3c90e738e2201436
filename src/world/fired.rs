//! How often an alert fired, as far as that is on record.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::World;
use super::alerts::{AlertView, Phase};
use super::ids::Id as _;
use crate::lang::time::Stamp;
use crate::model::alert::AlertState;

/// Days that are counted.
pub(crate) const DAYS: usize = 30;

/// The firings of one condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fired {
    /// How often on each of the last days, of 24 hours up to now, oldest first.
    pub by_day: [u32; DAYS],
    /// The last that is over: when it began, and for how long.
    pub before: Option<(DateTime<Utc>, Duration)>,
}

impl World {
    /// When an alert began to fire, also where it is over; of one that is pending since when its condition holds. `None`:
    /// nobody knows.
    pub(crate) fn began_to_fire(&self, alert: &AlertView) -> Option<Stamp> {
        if alert.phase != Phase::Resolved {
            return alert.since.map(|since| since.at);
        }
        if let Some(firing) = self.firings.latest(&alert.id) {
            return Some(self.now.stored(firing.record.fired_at));
        }
        let id = self.machines.alert(&alert.id, &self.membership)?;
        match self.machines.all.get(id.place())?.alert.state {
            AlertState::Resolved { fired_at, .. } => Some(fired_at),
            _ => None,
        }
    }

    /// How often an alert fired in the last 30 days.
    pub(crate) fn firings_of(&self, alert: &AlertView) -> Fired {
        let mut fired = Fired { by_day: [0; DAYS], before: None };
        for record in self.firings.iter().map(|firing| &firing.record).filter(|record| record.rule == alert.id) {
            let days = (self.now.utc - record.fired_at).max(TimeDelta::zero()).num_days();
            let day = usize::try_from(days).ok().and_then(|days| (DAYS - 1).checked_sub(days));
            if let Some(count) = day.and_then(|day| fired.by_day.get_mut(day)) {
                *count += 1;
                let over = record.resolved_at.map(|at| (at - record.fired_at).to_std().unwrap_or_default());
                fired.before = over.map(|lasted| (record.fired_at, lasted)).or(fired.before);
            }
        }
        fired
    }
}
