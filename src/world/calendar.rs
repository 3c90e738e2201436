//! Planned changes and freezes: as they are on record, and as the configuration has them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::newest::Newest;
use crate::config::Config;
use crate::model::thing::ChangeRecord;
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
    pub(super) fn learn(&mut self, record: ChangeRecord, seq: u64) -> bool {
        let is_news = self.newest.is_news(&record.id, seq);
        if is_news {
            self.records.insert(record.id.clone(), record);
        }
        is_news
    }

    /// What is on record of one.
    pub(super) fn get(&self, id: &str) -> Option<&ChangeRecord> {
        self.records.get(id)
    }

    /// When freezes of the configuration begin and end: what is looked up is another one then.
    pub(super) fn edges(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.configured.iter().flat_map(|one| [one.from, one.until])
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
    pub(super) fn look(&mut self, config: &Config, now: DateTime<Utc>) {
        let is_known = |looked: DateTime<Utc>| looked <= now && !self.edges().any(|at| looked < at && at <= now);
        if self.looked.is_some_and(is_known) {
            return;
        }
        self.configured = config.freezes_around(now).collect();
        self.looked = Some(now);
    }

    /// All of them, also what is over and what was called off.
    pub(super) fn all(&self) -> impl Iterator<Item = &ChangeRecord> + Clone {
        self.records.values().chain(&self.configured)
    }

    /// What comes of which somebody is told, though it may be called off. What is not approved is nothing to rely on.
    pub(super) fn told(&self, now: DateTime<Utc>) -> impl Iterator<Item = &ChangeRecord> {
        let comes = move |change: &&ChangeRecord| change.from > now && !change.needs_approval();
        self.all().filter(comes).filter(|change| !change.notify.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::model::fact::{ChangePlanned, ChangeSaid, NewFact, Statement};
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
        let approved = said("ben", ChangeSaid::Approved(planned.approving()));
        let approved = ChangeRecord::after(Some(planned.clone()), &approved).unwrap();
        let mut calendar = ChangeCalendar::default();
        assert!(calendar.learn(planned.clone(), 1) && calendar.learn(approved.clone(), 2));
        assert!(!calendar.learn(planned, 1));
        assert_eq!(calendar.records["c1"], approved);
    }
}
