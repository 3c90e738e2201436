//! What is on record of runs of checklists.

use std::collections::BTreeMap;

use crate::lang::time::Stamp;
use crate::model::thing::ChecklistRecord;
use crate::text::name::Name;

/// What is on record of runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Checklists {
    pub(super) records: BTreeMap<Name, ChecklistRecord>,
    pub(super) seqs: BTreeMap<Name, u64>,
    /// What was said lately, by run and step, and when.
    pub(super) said: BTreeMap<(Name, Name), Stamp>,
    /// Whether the store was read.
    pub(super) is_read: bool,
}

/// Runs that are over and are held.
const PAST: usize = 400;

impl Checklists {
    /// The store has this of a run; false where more was known.
    pub(super) fn learn(&mut self, record: ChecklistRecord, seq: u64) -> bool {
        if self.seqs.get(&record.id).is_some_and(|known| *known >= seq) {
            return false;
        }
        self.seqs.insert(record.id.clone(), seq);
        self.records.insert(record.id.clone(), record);
        if self.records.len() > PAST {
            self.forget();
        }
        true
    }

    /// Lets go of the run that has been over for the longest.
    fn forget(&mut self) {
        let over = self.records.values().filter(|record| !record.is_open());
        if let Some(oldest) = over.min_by_key(|record| record.ended_at()).map(|record| record.id.clone()) {
            self.records.remove(&oldest);
            self.seqs.remove(&oldest);
        }
    }
}
