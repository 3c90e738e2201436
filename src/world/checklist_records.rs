//! What is on record of runs of checklists.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::lang::order::InOrder;
use crate::lang::time::Stamp;
use crate::model::checklist::StepState;
use crate::model::fact::ChecklistMissed;
use crate::model::thing::{ChecklistRecord, DEFERRED_FOR, StepRecord};
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
    /// Steps that were deferred to a list and are finished there in a run that is not held any more, by that list and their id in
    /// it, and when.
    finished: BTreeMap<(Name, Name), DateTime<Utc>>,
    /// Runs and steps of which something waits on disk for a store that is away.
    queued: BTreeSet<(Name, Name)>,
}

/// Runs of one list that are held: those of the periods that are looked back at, and as many again. Of each list by itself, or
/// one that is due every few minutes would push out those of all others.
const PAST: usize = 64;
/// Steps that are remembered to be finished.
const FINISHED: usize = 4_096;

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

    /// Whether a step that was deferred to a list is finished there.
    pub(super) fn is_finished(&self, checklist: &Name, carried: &Name) -> bool {
        let runs = || self.records.values().filter(|run| run.checklist == *checklist);
        self.finished.contains_key(&(checklist.clone(), carried.clone()))
            || runs().filter_map(|run| run.step(carried)).any(|step| step.state().is_terminal())
    }

    /// Lets go of the runs of a list that have been over for the longest, where there are too many. Of those from which something
    /// was deferred that is still to be done, as many again are held.
    fn forget_oldest_of(&mut self, checklist: &str) {
        let over = self.records.values().filter(|record| *record.checklist == *checklist && !record.is_open());
        let mut over: Vec<&ChecklistRecord> = over.collect();
        if over.len() <= PAST {
            return;
        }
        over.order_by_key(|record| std::cmp::Reverse(record.ended_at()));
        let now = over.first().and_then(|latest| latest.ended_at());
        let mut waiting = 0;
        let is_let_go = |record: &&&ChecklistRecord| {
            let waits = waiting < PAST && self.waits(record, now);
            waiting += usize::from(waits);
            !waits
        };
        let let_go: Vec<Name> = over[PAST..].iter().filter(is_let_go).map(|record| record.id.clone()).collect();
        for run in let_go {
            self.seqs.remove(&run);
            if let Some(record) = self.records.remove(&run) {
                self.note_finished(&record);
            }
        }
    }

    /// Whether something was deferred in a run that is asked and not finished at a moment.
    fn waits(&self, run: &ChecklistRecord, now: Option<DateTime<Utc>>) -> bool {
        let is_asked = |at: DateTime<Utc>| now.is_none_or(|now| now - at < DEFERRED_FOR);
        run.steps.iter().any(|step| {
            deferral(step).is_some_and(|(to, at)| is_asked(at) && !self.is_finished(to, &carried_id(run, step)))
        })
    }

    /// Remembers what was deferred to a run that is let go of and is finished in it, for as long as it would be asked again.
    fn note_finished(&mut self, run: &ChecklistRecord) {
        for step in run.steps.iter().filter(|step| step.asked.from.is_some() && step.state().is_terminal()) {
            if let Some(answer) = &step.answer {
                self.finished.insert((run.checklist.clone(), step.asked.id.clone()), answer.at);
            }
        }
        let Some(latest) = self.finished.values().max().copied() else { return };
        self.finished.retain(|_, at| latest - *at < DEFERRED_FOR);
        while self.finished.len() > FINISHED {
            let oldest = self.finished.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone());
            self.finished.remove(&oldest.unwrap_or_default());
        }
    }
}

/// To which list a step was deferred, and when; `None`: it was not.
pub(super) fn deferral(step: &StepRecord) -> Option<(&Name, DateTime<Utc>)> {
    let answer = step.answer.as_ref().filter(|answer| answer.state == StepState::Deferred)?;
    Some((answer.to.as_ref()?, answer.at))
}

/// The id of a step of a run in the list to which it is deferred.
pub(super) fn carried_id(run: &ChecklistRecord, step: &StepRecord) -> Name {
    Name::from(format!("{}/{}", run.id, step.asked.id))
}
