//! The change calendar: what is on record of it and what the configuration says, and what of it is shown and announced.

use chrono::{DateTime, Utc};

use super::World;
use crate::model::calendar;
use crate::model::fact::{Fact, Statement};
use crate::model::maintenance::MaintenanceWindow;
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
        let known = self.changes.get(said.id()).cloned();
        ChangeRecord::after(known, &fact.draft).is_some_and(|record| self.changes.learn(record, fact.seq))
    }

    /// Which freezes the configuration has around now.
    pub(super) fn review_freezes(&mut self) {
        self.changes.look(&self.config, self.now.utc);
    }

    /// What speaks against changing a service now.
    pub(crate) fn objection_to_change(&self, service: Option<&str>) -> Option<String> {
        calendar::objection(&self.changes.all(), service, self.now.utc, self.config.console.timezone)
    }

    /// What runs or comes within its notice: what runs first, then what comes next, with how many more there are.
    pub(crate) fn change_shown(&self) -> Option<(&ChangeRecord, usize)> {
        let now = self.now.utc;
        let is_near = |change: &&ChangeRecord| {
            let ahead = (change.from - now).to_std().unwrap_or_default();
            change.stands(now) && ahead.as_secs() <= change.notice_s
        };
        let near = || self.changes.all().filter(is_near);
        let first = near().min_by_key(|change| change.from.max(now))?;
        Some((first, near().count() - 1))
    }

    /// What of the calendar is to be announced at a moment.
    pub(super) fn announced_changes(&self, now: DateTime<Utc>) -> Vec<MaintenanceWindow> {
        let stand = self.changes.told(now).filter(|change| change.called_off.is_none());
        stand.map(ChangeRecord::window).filter(|one| one.announced_from().is_some_and(|from| from <= now)).collect()
    }

    /// What of it was called off before it began.
    pub(super) fn changes_called_off(&self, now: DateTime<Utc>) -> Vec<MaintenanceWindow> {
        self.changes.told(now).filter(|change| change.called_off.is_some()).map(ChangeRecord::window).collect()
    }

    /// When what is to be announced of it is another.
    pub(super) fn change_edges(&self) -> Vec<DateTime<Utc>> {
        let coming = self.changes.told(self.now.utc).filter_map(|change| change.window().announced_from());
        coming.chain(self.changes.edges()).collect()
    }
}
