//! The change calendar: what is on record of it and what the configuration says, and what of it is shown and announced.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::World;
use super::newest::Newest;
use crate::config::Config;
use crate::model::calendar;
use crate::model::fact::{Fact, Statement};
use crate::model::maintenance::MaintenanceWindow;
use crate::model::thing::{ChangeRecord, StoredThing};
use crate::text::name::Name;

/// Planned changes and freezes.
#[derive(Debug, Clone, Default)]
pub(super) struct ChangeCalendar {
    /// What is on record, by id, which is the order in which it was planned.
    records: BTreeMap<Name, ChangeRecord>,
    newest: Newest,
    /// The freezes of the configuration: the one that runs and the next one of each.
    configured: Vec<ChangeRecord>,
    /// When those were looked up; `None`: the configuration is another one since.
    looked: Option<DateTime<Utc>>,
}

impl ChangeCalendar {
    /// The fact `seq` leaves this of one; false where a later one is known.
    fn learn(&mut self, record: ChangeRecord, seq: u64) -> bool {
        let is_news = self.newest.is_news(&record.id, seq);
        if is_news {
            self.records.insert(record.id.clone(), record);
        }
        is_news
    }

    /// Forgets what is on record.
    pub(super) fn forget(&mut self) {
        (self.records, self.newest) = (BTreeMap::new(), Newest::default());
    }

    /// The configuration is another one.
    pub(super) fn reconfigure(&mut self) {
        self.looked = None;
    }

    /// Looks the freezes of the configuration up again, where one has begun or ended since.
    fn look(&mut self, config: &Config, now: DateTime<Utc>) {
        let mut edges = self.configured.iter().flat_map(|one| [one.from, one.until]);
        let is_known = |looked: DateTime<Utc>| looked <= now && !edges.any(|at| looked < at && at <= now);
        if self.looked.is_some_and(is_known) {
            return;
        }
        let zone = config.console.timezone;
        self.configured = config.freezes.iter().flat_map(|freeze| freeze.around(now, zone)).collect();
        self.looked = Some(now);
    }

    /// All of them, also what is over and what was called off.
    fn all(&self) -> impl Iterator<Item = &ChangeRecord> + Clone {
        self.records.values().chain(&self.configured)
    }

    /// What comes of which somebody is told, though it may be called off. What is not approved is nothing to rely on.
    fn told(&self, now: DateTime<Utc>) -> impl Iterator<Item = &ChangeRecord> {
        let comes = move |change: &&ChangeRecord| change.from > now && !change.needs_approval();
        self.all().filter(comes).filter(|change| !change.notify.is_empty())
    }
}

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
        let known = self.changes.records.get(said.id()).cloned();
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
        coming.chain(self.changes.configured.iter().flat_map(|one| [one.from, one.until])).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::model::fact::{ChangeApproved, ChangePlanned, ChangeSaid, NewFact, Statement};
    use crate::model::maintenance::ServiceChoice;

    #[test]
    fn an_older_word_on_a_change_takes_no_approval_back() {
        let at: DateTime<Utc> = "2026-11-21T02:00:00Z".parse().unwrap();
        let said = |who: &str, said: ChangeSaid| NewFact {
            id: "f".to_owned(),
            at,
            who: who.to_owned(),
            host: "h".to_owned(),
            process: 7,
            late: false,
            said: Statement::Change(said),
        };
        let planned = ChangePlanned {
            id: "c1".into(),
            title: "disks".into(),
            why: "full".into(),
            services: ServiceChoice::All,
            from: at,
            until: at + TimeDelta::hours(1),
            notice_s: 0,
            notify: Vec::new(),
            freeze: false,
        };
        let planned = ChangeRecord::after(None, &said("ana", ChangeSaid::Planned(planned))).unwrap();
        let approved = said("ben", ChangeSaid::Approved(ChangeApproved { id: "c1".into() }));
        let approved = ChangeRecord::after(Some(planned.clone()), &approved).unwrap();
        let mut calendar = ChangeCalendar::default();
        assert!(calendar.learn(planned.clone(), 1) && calendar.learn(approved.clone(), 2));
        assert!(!calendar.learn(planned, 1));
        assert_eq!(calendar.records["c1"], approved);
    }
}
