//! Incidents as the store has them, and what was said here that it does not have yet.

pub(crate) mod lines;
pub(crate) mod words;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::lang::order::InOrder;
use crate::lang::time::Stamp;
use crate::model::fact::{IncidentSaid, NewFact};
use crate::model::incident::{Reminder, incident_number};
use crate::model::thing::IncidentRecord;
use crate::text::name::Name;

/// Incidents that are held at most; those that are open stay.
const HELD: usize = 250;

/// One incident.
#[derive(Debug, Clone)]
struct KnownIncident {
    record: IncidentRecord,
    /// The fact that changed it last.
    seq: u64,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Incidents {
    /// By number.
    all: BTreeMap<u32, KnownIncident>,
    /// What was said to be due, and when, where that is not known to be on record.
    pub(super) said: BTreeMap<(Name, Reminder, DateTime<Utc>), Stamp>,
}

impl Incidents {
    /// The newest first.
    pub(crate) fn newest_first(&self) -> impl DoubleEndedIterator<Item = &IncidentRecord> {
        self.all.values().rev().map(|known| &known.record)
    }

    /// Those that are worked on, the worst first, of equally bad ones the newest.
    pub(crate) fn open(&self) -> Vec<&IncidentRecord> {
        let mut open: Vec<&IncidentRecord> = self.newest_first().filter(|record| record.is_open()).collect();
        open.order_by_key(|record| Reverse(record.severity));
        open
    }

    /// How many are worked on.
    pub(crate) fn open_count(&self) -> usize {
        self.all.values().filter(|known| known.record.is_open()).count()
    }

    /// The first of [`Self::open`]. A frame asks for it again and again: nothing is sorted.
    pub(crate) fn worst_open(&self) -> Option<&IncidentRecord> {
        let oldest_first = self.all.values().map(|known| &known.record).filter(|record| record.is_open());
        // Of equally bad ones the last is kept, which is the newest.
        oldest_first.max_by_key(|record| record.severity)
    }

    /// The one of that id, however it is written.
    pub(crate) fn get(&self, id: &str) -> Option<&IncidentRecord> {
        self.all.get(&incident_number(id)?).map(|known| &known.record)
    }

    /// The store has this of an incident; false where more was known.
    pub(super) fn learn(&mut self, record: IncidentRecord, seq: u64) -> bool {
        let number = record.number();
        if self.all.get(&number).is_some_and(|known| known.seq >= seq) {
            return false;
        }
        self.all.insert(number, KnownIncident { record, seq });
        let done = self.all.iter().find(|(_, known)| known.record.state.is_done()).map(|(number, _)| *number);
        if let Some(done) = done.filter(|_| self.all.len() > HELD) {
            self.all.remove(&done);
        }
        true
    }

    /// A fact says this; the record as it was before, and whether that is news. What is not on record yet has the number 0.
    pub(super) fn apply(&mut self, draft: &NewFact, said: &IncidentSaid, seq: u64) -> bool {
        let Some(number) = incident_number(&said.id) else { return false };
        let known = self.all.get(&number);
        if seq > 0 && known.is_some_and(|known| known.seq >= seq) {
            return false;
        }
        let kept = known.map_or(seq, |known| known.seq.max(seq));
        let before = known.map(|known| known.record.clone());
        let Some(after) = IncidentRecord::after(before, draft, said) else {
            if let Some(known) = self.all.get_mut(&number) {
                known.seq = kept;
            }
            return false;
        };
        self.all.insert(number, KnownIncident { record: after, seq: kept });
        true
    }

    /// Another incident turned out to be this one.
    pub(super) fn merge(&mut self, into: &str, other: &Name) {
        let known = incident_number(into).and_then(|number| self.all.get_mut(&number));
        if let Some(known) = known.filter(|known| !known.record.merged.contains(other)) {
            known.record.merged.push(other.clone());
        }
    }
}
