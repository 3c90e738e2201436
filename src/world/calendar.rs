//! Planned changes and freezes as they are on record.

use std::collections::BTreeMap;

use super::newest::Newest;
use crate::model::thing::ChangeRecord;
use crate::text::name::Name;

/// Planned changes and freezes.
#[derive(Debug, Clone, Default)]
pub(super) struct Calendar {
    /// By id, which is the order in which they were planned.
    pub(super) known: BTreeMap<Name, ChangeRecord>,
    newest: Newest,
}

impl Calendar {
    /// The fact `seq` leaves this of one; false where a later one is known.
    pub(super) fn learn(&mut self, record: ChangeRecord, seq: u64) -> bool {
        let is_news = self.newest.is_news(&record.id, seq);
        if is_news {
            self.known.insert(record.id.clone(), record);
        }
        is_news
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
            freeze: false,
        };
        let planned = ChangeRecord::after(None, &said("ana", ChangeSaid::Planned(planned))).unwrap();
        let approved = said("ben", ChangeSaid::Approved(ChangeApproved { id: "c1".into() }));
        let approved = ChangeRecord::after(Some(planned.clone()), &approved).unwrap();
        let mut calendar = Calendar::default();
        assert!(calendar.learn(planned.clone(), 1) && calendar.learn(approved.clone(), 2));
        assert!(!calendar.learn(planned, 1));
        assert_eq!(calendar.known["c1"], approved);
    }
}
