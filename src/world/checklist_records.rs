//! What is on record of runs of checklists.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::lang::time::Stamp;
use crate::model::fact::ChecklistMissed;
use crate::model::thing::ChecklistRecord;
use crate::text::name::Name;

/// The periods that went by without a run, as they were found at one moment.
#[derive(Debug, Clone)]
pub(super) struct MissedPeriods {
    /// The moment at which they were found.
    pub found_at: DateTime<Utc>,
    /// When the next period of any list ends or begins: until then there are no others. `None`: none will.
    pub next: Option<DateTime<Utc>>,
    pub missed: Vec<ChecklistMissed>,
}

/// What is on record of runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Checklists {
    pub(super) records: BTreeMap<Name, ChecklistRecord>,
    pub(super) seqs: BTreeMap<Name, u64>,
    /// What was said lately, by run and step, and when.
    pub(super) said: BTreeMap<(Name, Name), Stamp>,
    /// Whether the store was read.
    pub(super) is_read: bool,
    /// The periods that were missed, until a run or the configuration is another one.
    pub(super) missed: Option<MissedPeriods>,
    /// Since when lists are due as they are, of which that is another moment than the start.
    pub(super) scheduled: BTreeMap<Name, DateTime<Utc>>,
    /// Rounds that nobody did in time and that the schedule of a reload asks no more, until they are on record.
    pub(super) superseded: Vec<ChecklistMissed>,
    /// Runs and steps of which something waits on disk for a store that is away.
    queued: BTreeSet<(Name, Name)>,
}

/// Runs of one list that are held: those of the periods that are looked back at, and as many again. Of each list by itself, or
/// one that is due every few minutes would push out those of all others.
const PAST: usize = 64;

impl Checklists {
    /// The store has this of a run; false where more was known.
    pub(super) fn learn(&mut self, record: ChecklistRecord, seq: u64) -> bool {
        if self.seqs.get(&record.id).is_some_and(|known| *known >= seq) {
            return false;
        }
        let checklist = record.checklist.clone();
        self.seqs.insert(record.id.clone(), seq);
        self.put(record);
        self.forget_oldest_of(&checklist);
        true
    }

    /// Another record is read: of this one all is forgotten. Since when lists are due as they are stands in no record.
    pub(super) fn forget(&mut self) {
        let (scheduled, superseded) = (std::mem::take(&mut self.scheduled), std::mem::take(&mut self.superseded));
        *self = Self { scheduled, superseded, ..Self::default() };
    }

    /// A run as it stands from now on.
    pub(super) fn put(&mut self, record: ChecklistRecord) {
        self.missed = None;
        self.records.insert(record.id.clone(), record);
    }

    /// A step of a run, or the run, of which something waits on disk.
    pub(super) fn queue(&mut self, run: &Name, step: &Name) {
        self.queued.insert((run.clone(), step.clone()));
    }

    /// The store took what waited of a step.
    pub(super) fn recorded(&mut self, run: &Name, step: &Name) {
        self.queued.remove(&(run.clone(), step.clone()));
    }

    /// Nothing waits any more.
    pub(super) fn all_recorded(&mut self) {
        self.queued.clear();
    }

    /// Whether what was said of a step waits on disk.
    pub(super) fn is_queued(&self, run: &Name, step: &Name) -> bool {
        !self.queued.is_empty() && self.queued.contains(&(run.clone(), step.clone()))
    }

    /// Lets go of the run of a list that has been over for the longest, where there are too many.
    fn forget_oldest_of(&mut self, checklist: &str) {
        let over = self.records.values().filter(|record| *record.checklist == *checklist && !record.is_open());
        let (count, oldest) = over.fold((0, None::<&ChecklistRecord>), |(count, oldest), record| {
            let is_older = oldest.is_none_or(|known| record.ended_at() < known.ended_at());
            (count + 1, if is_older { Some(record) } else { oldest })
        });
        if let Some(oldest) = oldest.filter(|_| count > PAST).map(|record| record.id.clone()) {
            self.records.remove(&oldest);
            self.seqs.remove(&oldest);
        }
    }
}
