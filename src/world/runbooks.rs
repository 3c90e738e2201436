//! What is on record of runbooks: which tasks are done, and when each was followed last.

use super::World;
use crate::model::fact::{Fact, Statement};
use crate::model::thing::{RunbookRecord, StoredThing};
use crate::text::name::Name;

impl World {
    /// What is on record of a runbook, by its file and section as the configuration has them.
    pub fn runbook_record(&self, runbook: &str) -> Option<&RunbookRecord> {
        self.runbooks.get(runbook)
    }

    /// What the store says of one.
    pub(super) fn learn_runbook(&mut self, thing: &StoredThing) {
        if let Some(record) = thing.read::<RunbookRecord>()
            && self.runbooks_newest.is_news(&thing.key.id, thing.seq)
        {
            self.runbooks.insert(Name::from(&*thing.key.id), record);
        }
    }

    /// A fact about a runbook; true where that shows.
    pub(super) fn apply_runbook(&mut self, fact: &Fact) -> bool {
        let Statement::RunbookTicked(said) = fact.said() else { return false };
        if !self.runbooks_newest.is_news(&said.runbook, fact.seq) {
            return false;
        }
        let known = self.runbooks.get(&said.runbook).cloned();
        let Some(record) = RunbookRecord::after(known, &fact.draft, said) else { return false };
        self.runbooks.insert(said.runbook.clone(), record);
        true
    }
}
