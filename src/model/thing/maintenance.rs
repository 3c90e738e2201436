//! Windows of maintenance, from their plan to their end.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::alert::login;
use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::model::fact::{
    Fact, MaintenanceEnd, MaintenanceEnded, MaintenancePlanned, MaintenanceStarted, NewFact, Statement,
};
use crate::model::maintenance::ServiceChoice;
use crate::text::SafeText;
use crate::text::name::Name;

/// A window as it is on record. It is open until it was said to be over; its time may be over before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceRecord {
    /// Its id.
    pub id: Name,
    /// Its name in the configuration, or the id.
    pub name: Name,
    /// The services whose alerts are muted.
    pub services: ServiceChoice,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it, as planned.
    pub until: DateTime<Utc>,
    /// What a person planned; `None`: the configuration did.
    pub planned: Option<PlannedBy>,
    /// Whether it was said to have begun.
    pub has_started: bool,
    /// Why it is over, and since when.
    pub ended: Option<(MaintenanceEnd, DateTime<Utc>)>,
}

/// What a person said of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedBy {
    /// Who: the login name.
    pub by: SafeText,
    /// Why.
    pub why: SafeText,
    /// It is announced so many seconds before.
    pub notice_s: Option<u64>,
    /// The channels by which it is announced.
    pub notify: Vec<Name>,
}

impl MaintenanceRecord {
    fn planned(draft: &NewFact, said: &MaintenancePlanned) -> Self {
        let MaintenancePlanned { id, why, services, from, until, notice_s, notify } = said.clone();
        let planned = Some(PlannedBy { by: login(&draft.who), why, notice_s, notify });
        Self { name: id.clone(), id, services, from, until, planned, has_started: false, ended: None }
    }

    /// Takes in what is said of a window, of which `known` is on record; `None`: that is no news.
    pub fn after(known: Option<Self>, draft: &NewFact) -> Option<Self> {
        match (&draft.said, known) {
            (Statement::MaintenancePlanned(said), None) => Some(Self::planned(draft, said)),
            (Statement::MaintenanceStarted(said), known) => {
                if known.as_ref().is_some_and(|known| known.has_started || known.ended.is_some()) {
                    return None;
                }
                let MaintenanceStarted { id, name, services, from, until } = said.clone();
                let planned = known.and_then(|known| known.planned);
                Some(Self { id, name, services, from, until, planned, has_started: true, ended: None })
            }
            (Statement::MaintenanceEnded(said), known) => {
                if known.as_ref().is_some_and(|known| known.ended.is_some()) {
                    return None;
                }
                let MaintenanceEnded { id, name, services, from, until, because } = said.clone();
                let has_started = known.as_ref().is_some_and(|known| known.has_started);
                let planned = known.and_then(|known| known.planned);
                let at = if because == MaintenanceEnd::Over { until } else { draft.at };
                Some(Self { id, name, services, from, until, planned, has_started, ended: Some((because, at)) })
            }
            _ => None,
        }
    }

    /// The first moment after it: as planned, or earlier where it was ended.
    pub fn end(&self) -> DateTime<Utc> {
        self.ended.map_or(self.until, |(_, at)| at.min(self.until))
    }
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let (Statement::MaintenancePlanned(MaintenancePlanned { id, .. })
    | Statement::MaintenanceStarted(MaintenanceStarted { id, .. })
    | Statement::MaintenanceEnded(MaintenanceEnded { id, .. })) = fact.said()
    else {
        return;
    };
    let key = ThingKey::new(ThingKind::Maintenance, id);
    let known = things.get(&key).and_then(StoredThing::read::<MaintenanceRecord>);
    if let Some(record) = MaintenanceRecord::after(known, &fact.draft) {
        things.write(key, record.ended.is_none(), record.name.to_string(), &record, fact.seq);
    }
}
