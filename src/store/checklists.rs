//! Runs of checklists: read, and of what is said of them that which a run still takes.

use std::collections::BTreeMap;

use super::dialect::WhichThings;
use super::{Store, StoreError};
use crate::model::checklist::ChecklistRefusal;
use crate::model::fact::NewFact;
use crate::model::thing::{ChecklistRecord, StoredThing, ThingKey, ThingKind, checklist_key, checklist_run_of};

/// Runs that are read: those of a month, where there are ten a day.
const PAST: u32 = 300;

impl Store {
    /// Runs that go on, and the latest that are over.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn checklists(&self) -> Result<Vec<StoredThing>, StoreError> {
        let mut things = self.dialect.things(WhichThings::Latest(ThingKind::Checklist), PAST).await?;
        things.extend(self.dialect.things(WhichThings::Open(ThingKind::Checklist), PAST).await?);
        Ok(things)
    }

    /// What of these a run still takes, of those that are about runs of checklists; all others.
    pub(super) async fn checklist_news(&self, drafts: Vec<NewFact>) -> Result<Vec<NewFact>, StoreError> {
        let is_about = |draft: &NewFact| checklist_run_of(&draft.said).is_some();
        if !drafts.iter().any(is_about) {
            return Ok(drafts);
        }
        let keys: Vec<ThingKey> =
            drafts.iter().filter(|draft| is_about(draft)).flat_map(|draft| draft.said.touches()).collect();
        let things = self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await?;
        let is_news =
            |draft: &NewFact| !is_about(draft) || checklist_refusal(std::slice::from_ref(draft), &things).is_none();
        Ok(drafts.into_iter().filter(is_news).collect())
    }
}

/// What a run of a checklist does not take of these, each after those before it.
pub(super) fn checklist_refusal(drafts: &[NewFact], things: &[StoredThing]) -> Option<ChecklistRefusal> {
    let mut runs: BTreeMap<&str, ChecklistRecord> = BTreeMap::new();
    for draft in drafts {
        let Some(run) = checklist_run_of(&draft.said) else { continue };
        let key = checklist_key(run);
        let is_it = |thing: &&StoredThing| thing.key == key;
        let stored = || things.iter().find(is_it).and_then(StoredThing::read::<ChecklistRecord>);
        let known = runs.remove(&**run).or_else(stored);
        if let Err(refusal) = ChecklistRecord::admits(known.as_ref(), &draft.said) {
            return Some(refusal);
        }
        runs.extend(ChecklistRecord::after(known, draft).map(|record| (&**run, record)));
    }
    None
}
