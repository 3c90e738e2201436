//! Checklists: which are due, under way, done or missed; how the steps of a run stand now; what a person may say of them.
//!
//! *Invariant:* what is measured is measured all the time. The record says how a step was answered; how it stands is that and
//! what is measured now, and a failure that is measured is never made a pass by a person.

pub(crate) mod due;
pub(crate) mod round;
pub(crate) mod said;
mod saying;
pub(crate) mod sense;
pub(crate) mod start;

use chrono::{DateTime, Utc};

use super::World;
use crate::lang::order::InOrder;
use crate::model::fact::{Fact, NewFact, Statement};
use crate::model::thing::{ChecklistRecord, StoredThing, checklist_run_of};

impl World {
    /// The run of that id.
    pub(crate) fn checklist_run(&self, id: &str) -> Option<&ChecklistRecord> {
        self.checklists.records.get(id)
    }

    /// Every known run of a checklist and every period that was missed, the latest first.
    pub(crate) fn runs_of_checklist<'a>(&'a self, checklist: &str) -> Vec<&'a ChecklistRecord> {
        let mut runs: Vec<_> = self.checklist_runs().filter(|run| *run.checklist == *checklist).collect();
        runs.order_by_key(|run| std::cmp::Reverse(began(run)));
        runs
    }

    /// Every known run, in no order.
    pub(crate) fn checklist_runs(&self) -> impl Iterator<Item = &ChecklistRecord> {
        self.checklists.records.values()
    }

    /// What the store says of a run.
    pub(super) fn learn_checklist(&mut self, thing: &StoredThing) {
        if let Some(record) = thing.read() {
            self.checklists.learn(record, thing.seq);
        }
    }

    /// All that the store says of runs was read.
    pub(super) fn checklists_are_read(&mut self) {
        self.checklists.is_read = true;
        self.checklists.missed = None;
    }

    /// A fact about a checklist; true where that shows.
    pub(super) fn apply_checklist(&mut self, fact: &Fact) -> bool {
        let Some(run) = checklist_run_of(fact.said()) else { return false };
        if let Statement::ChecklistStepped(said) = fact.said() {
            self.checklists.recorded(run, &said.step);
        }
        let known = self.checklists.records.get(run).cloned();
        let record = ChecklistRecord::after(known, &fact.draft);
        record.is_some_and(|record| self.checklists.learn(record, fact.seq))
    }

    /// Takes in what was just said here, before the store says it again: the next key looks at it.
    pub(crate) fn expect_checklist(&mut self, drafts: &[NewFact]) {
        for draft in drafts {
            let Some(run) = checklist_run_of(&draft.said) else { continue };
            let known = self.checklists.records.get(run).cloned();
            if let Some(record) = ChecklistRecord::after(known, draft) {
                self.checklists.put(record);
            }
        }
    }

    /// The same of what waits on disk for a store that is away: it stands here at once, and says so.
    pub(super) fn queue_checklist(&mut self, draft: &NewFact) {
        self.expect_checklist(std::slice::from_ref(draft));
        if let Statement::ChecklistStepped(said) = &draft.said {
            self.checklists.queue(&said.run, &said.step);
        }
    }
}

/// When a run began, or its period did.
fn began(run: &ChecklistRecord) -> Option<DateTime<Utc>> {
    run.due.or_else(|| run.started.as_ref().map(|(at, _)| *at))
}

#[cfg(test)]
mod tests;
