//! The change calendar as it is on record, and what of it is shown.

use super::World;
use crate::model::calendar;
use crate::model::fact::{Fact, Statement};
use crate::model::thing::{ChangeRecord, StoredThing};

impl World {
    /// What the store says of one.
    pub(super) fn learn_change(&mut self, thing: &StoredThing) {
        if let Some(record) = thing.read::<ChangeRecord>() {
            self.changes.learn(record, thing.seq);
        }
    }

    /// A fact about the calendar; true where that shows.
    pub(super) fn apply_change(&mut self, fact: &Fact) -> bool {
        let Statement::Change(said) = fact.said() else { return false };
        let known = self.changes.known.get(said.id()).cloned();
        ChangeRecord::after(known, &fact.draft).is_some_and(|record| self.changes.learn(record, fact.seq))
    }

    /// What speaks against changing a service now.
    pub(crate) fn objection_to_change(&self, service: Option<&str>) -> Option<String> {
        calendar::objection(&self.changes.known.values(), service, self.now.utc, self.config.console.timezone)
    }

    /// What runs or comes within its notice: what runs first, then what comes next, with how many more there are.
    pub(crate) fn change_shown(&self) -> Option<(&ChangeRecord, usize)> {
        let now = self.now.utc;
        let is_near = |change: &&ChangeRecord| {
            let ahead = (change.from - now).to_std().unwrap_or_default();
            change.until > now && ahead.as_secs() <= change.notice_s
        };
        let near = || self.changes.known.values().filter(is_near);
        let first = near().min_by_key(|change| change.from.max(now))?;
        Some((first, near().count() - 1))
    }
}
