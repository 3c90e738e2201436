//! Spans that people excluded from objectives, as they are on record.

use std::collections::BTreeMap;

use super::newest::Newest;
use crate::model::thing::ExclusionRecord;
use crate::text::name::Name;

/// Spans that do not count against objectives.
#[derive(Debug, Clone, Default)]
pub(super) struct Exclusions {
    /// Those that hold, by id, which is the order in which they were said.
    pub(super) known: BTreeMap<Name, ExclusionRecord>,
    /// Also of those that were taken back.
    newest: Newest,
}

impl Exclusions {
    /// The fact `seq` leaves this of one: the objective that counts otherwise by that. `None`: a later one is known.
    pub(super) fn learn(&mut self, record: ExclusionRecord, seq: u64) -> Option<Name> {
        if !self.newest.is_news(&record.id, seq) {
            return None;
        }
        let slo = record.slo.clone();
        if record.holds() {
            self.known.insert(record.id.clone(), record);
        } else {
            self.known.remove(&record.id);
        }
        Some(slo)
    }
}
