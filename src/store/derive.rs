//! Things derived again from the facts, compared with those that are stored, and put in their place.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::dialect::{Batch, Cut, WhichFacts, WhichThings};
use super::{Store, StoreError};
use crate::model::fact::{Fact, Statement, StorePruned, StoreRebuilt};
use crate::model::thing::{StoredThing, ThingKey, ThingKind, Things, follow, forget};

/// Facts that are read at once.
const PAGE: u32 = 1000;
/// Things that a rebuild names in its fact.
const NAMED: usize = 100;

/// Things as the facts make them, up to one of them.
#[derive(Debug, Default)]
pub(super) struct Derived {
    /// All there are.
    pub things: Things,
    /// The last fact that was followed.
    pub seq: u64,
    /// What may go, up to which fact: rows of it may still be there.
    pruned: BTreeMap<ThingKind, u64>,
}

/// How the things that are stored compare with their facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    /// How many there are by the facts.
    pub things: u64,
    /// Those that are not as the facts make them, such as `run:ID`.
    pub differing: Vec<String>,
}

impl Derived {
    /// From the cut of the chain, or from its beginning.
    pub(super) fn from_cut(cut: Option<&Cut>) -> Result<Self, StoreError> {
        let Some(cut) = cut else { return Ok(Self::default()) };
        let things: Vec<StoredThing> =
            serde_json::from_slice(&cut.things).map_err(|error| StoreError::Content(error.to_string()))?;
        Ok(Self { things: things.into_iter().collect(), seq: cut.seq, pruned: BTreeMap::new() })
    }

    /// Follows one more fact.
    pub(super) fn follow(&mut self, fact: &Fact) {
        follow(fact, &mut self.things);
        if let Statement::StorePruned(StorePruned { kind, seq: Some(seq), .. }) = fact.said()
            && let Some(kind) = ThingKind::from_name(kind)
        {
            forget(&mut self.things, kind, *seq);
            self.pruned.insert(kind, *seq);
        }
        self.seq = fact.seq;
    }

    /// What differs from the things that are stored, of what did not change after our last fact.
    fn compare(&self, stored: &Things) -> Compared {
        let known: BTreeSet<&ThingKey> = self.things.iter().chain(stored.iter()).map(|thing| &thing.key).collect();
        let differs = |key: &ThingKey| match (self.things.get(key), stored.get(key)) {
            (_, Some(found)) if found.seq > self.seq => false,
            (None, Some(found)) => found.open || self.pruned.get(&key.kind).is_none_or(|seq| found.seq > *seq),
            (derived, found) => derived != found,
        };
        let differing = known.into_iter().filter(|key| differs(key));
        let differing = differing.map(|key| format!("{}:{}", key.kind.name(), key.id)).collect();
        Compared { things: self.things.iter().len() as u64, differing }
    }
}

impl Store {
    /// Compares the things that are stored with what the facts make of them.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn compare(&self) -> Result<Compared, StoreError> {
        let mut derived = Derived::from_cut(self.dialect.cut().await?.as_ref())?;
        self.derive(&mut derived, None).await?;
        Ok(derived.compare(&self.all_things().await?))
    }

    /// Puts things in their place as the facts make them, on record, where any differs.
    ///
    /// # Errors
    /// The store can't be read or written, or others write all the time.
    pub(crate) async fn rebuild(&self, who: &str, now: DateTime<Utc>) -> Result<Compared, StoreError> {
        let mut derived = Derived::from_cut(self.dialect.cut().await?.as_ref())?;
        let mut turns = self.turns();
        loop {
            let turn = turns.next().await?;
            self.derive(&mut derived, None).await?;
            let compared = derived.compare(&self.all_things().await?);
            if compared.differing.is_empty() {
                return Ok(compared);
            }
            // What was put on record since the turn began is not in its place yet.
            if derived.seq + 1 != turn.next_seq() {
                continue;
            }
            let count = compared.differing.len() as u64;
            let differed = compared.differing.iter().take(NAMED).cloned().collect();
            let said = self.new_fact(now, who, Statement::StoreRebuilt(StoreRebuilt { differed, count }));
            let things: Vec<StoredThing> = derived.things.iter().cloned().collect();
            let batch = Batch { things: &things, all_things: true, ..Batch::default() };
            if turn.append_with(vec![said], batch).await?.is_some() {
                return Ok(compared);
            }
        }
    }

    /// Follows the facts after those that were followed, up to `until`, or all.
    pub(super) async fn derive(&self, derived: &mut Derived, until: Option<u64>) -> Result<(), StoreError> {
        loop {
            let page = self.dialect.facts(WhichFacts::After(derived.seq), PAGE).await?;
            for row in &page {
                if until.is_some_and(|until| row.seq > until) {
                    return Ok(());
                }
                let unreadable = |error| StoreError::Content(format!("entry {} is not readable: {error}", row.seq));
                let fact = Fact::from_entry(&row.entry).map_err(unreadable)?;
                derived.follow(&fact);
            }
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    /// Every thing that is stored.
    pub(super) async fn all_things(&self) -> Result<Things, StoreError> {
        let mut all = Vec::new();
        for kind in ThingKind::ALL {
            all.extend(self.dialect.things(WhichThings::Latest(kind), u32::MAX).await?);
        }
        Ok(all.into_iter().collect())
    }
}
