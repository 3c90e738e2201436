//! The facts of a span of time, with the runs that they are about.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::dialect::{WhichFacts, WhichThings};
use super::{Store, StoreError};
use crate::model::fact::Fact;
use crate::model::run::Run;
use crate::model::thing::{RunRecord, ThingKey, ThingKind};

/// Facts that are read at once.
const PAGE: u32 = 1000;

/// Facts, and the runs that they are about as they stand now, by the object of the fact.
#[derive(Debug, Clone, Default)]
pub(crate) struct PastFacts {
    /// In the order of the chain.
    pub facts: Vec<Fact>,
    /// By `run:ID`.
    pub runs: BTreeMap<String, Run>,
}

impl Store {
    /// What was put on record since a moment, by the store's clock.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn history(&self, since: DateTime<Utc>) -> Result<PastFacts, StoreError> {
        let mut history = PastFacts::default();
        let mut after = 0;
        loop {
            let page = self.dialect.facts(WhichFacts::Since { since, after }, PAGE).await?;
            for row in &page {
                after = row.seq;
                let fact = Fact::from_entry(&row.entry).map_err(|error| StoreError::Content(error.to_string()))?;
                history.facts.push(fact);
            }
            if page.len() < PAGE as usize {
                break;
            }
        }
        let objects: BTreeSet<String> = history.facts.iter().map(|fact| fact.said().object()).collect();
        let keys: Vec<ThingKey> = objects
            .iter()
            .filter_map(|object| object.strip_prefix("run:"))
            .map(|id| ThingKey::new(ThingKind::Run, id))
            .collect();
        for thing in self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await? {
            if let Some(record) = thing.read::<RunRecord>() {
                history.runs.insert(format!("run:{}", thing.key.id), record.into_run());
            }
        }
        Ok(history)
    }
}
