//! The facts of a span of time, with the runs that they are about.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::dialect::{FactRow, WhichFacts, WhichThings};
use super::heads::ChainMark;
use super::{Store, StoreError};
use crate::model::fact::Fact;
use crate::model::run::Run;
use crate::model::thing::{CheckRecord, RunRecord, StoredThing, ThingKey, ThingKind};
use crate::text::name::Name;

/// Facts that are read at once.
const PAGE: u32 = 1000;
/// Facts that are marked in charts, at most.
const MOST_MARKS: u32 = 2000;
/// Their kinds.
const MARKED: &str = " deployment run.end run.verdict run.lost alert.fired alert.resolved ";

/// The kinds that say what became of messages about alerts.
const TOLD: &str = " message.sent message.failed ";

/// Facts, and the runs that they are about as they stand now, by the object of the fact.
#[derive(Debug, Clone, Default)]
pub(crate) struct PastFacts {
    /// In the order of the chain.
    pub facts: Vec<Fact>,
    /// By `run:ID`.
    pub runs: BTreeMap<String, Run>,
}

/// A place in the chain up to which it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChainPlace {
    /// The last fact; 0: none.
    pub seq: u64,
    /// Its hash.
    hash: Vec<u8>,
}

impl ChainPlace {
    /// The same as it is noted beside the store.
    pub(super) fn mark(&self) -> ChainMark {
        ChainMark::new(self.seq, &self.hash)
    }
}

/// Facts that follow each other.
#[derive(Debug, Clone)]
pub(crate) struct FactPage {
    /// In the order of the chain. What can't be read is left out.
    pub facts: Vec<Fact>,
    /// The last of them.
    pub end: ChainPlace,
    /// Whether there may be more.
    pub is_full: bool,
}

impl FactPage {
    fn new(rows: &[FactRow], before: ChainPlace, is_full: bool) -> Self {
        let end = rows.last().map_or(before, |row| ChainPlace { seq: row.seq, hash: row.hash.clone() });
        let read = |row: &FactRow| {
            let fact = Fact::from_entry(&row.entry);
            fact.inspect_err(|error| tracing::warn!(%error, seq = row.seq, "a fact can't be read")).ok()
        };
        Self { facts: rows.iter().filter_map(read).collect(), end, is_full }
    }
}

impl Store {
    /// The facts after a place, at most some hundreds. `None`: the place is not in the chain any more, because another state
    /// of the store was put in its place or what lies there was cut off.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn facts_after(&self, place: &ChainPlace) -> Result<Option<FactPage>, StoreError> {
        // The last one that was read is read again: it shows that this is still the same chain.
        let rows = self.dialect.facts(WhichFacts::After(place.seq.saturating_sub(1)), PAGE + 1).await?;
        let is_full = rows.len() > PAGE as usize;
        let (known, news) = rows.split_at(usize::from(place.seq > 0).min(rows.len()));
        let follows = match known.first() {
            Some(row) => (row.seq, &row.hash) == (place.seq, &place.hash),
            None => place.seq == 0 && news.first().is_none_or(|row| row.seq == 1),
        };
        Ok(follows.then(|| FactPage::new(news, place.clone(), is_full)))
    }

    /// Whether the chain was cut off at a place or after it.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn has_cut(&self, place: &ChainPlace) -> Result<bool, StoreError> {
        Ok(self.dialect.cut().await?.is_some_and(|cut| place.seq <= cut.seq))
    }

    /// The last facts that were put on record since a moment, by the store's clock, at most `most`.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn lately(&self, since: DateTime<Utc>, most: u32) -> Result<FactPage, StoreError> {
        let mut rows = self.dialect.facts(WhichFacts::Last, most).await?;
        rows.reverse();
        let first = rows.iter().position(|row| row.recorded_at >= since).unwrap_or(rows.len());
        let mut page = FactPage::new(&rows[first..], ChainPlace::default(), false);
        if let Some(last) = rows.last() {
            page.end = ChainPlace { seq: last.seq, hash: last.hash.clone() };
        }
        Ok(page)
    }

    /// At which status these checks settled last.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn statuses(&self, checks: &[Name]) -> Result<Vec<StoredThing>, StoreError> {
        let keys: Vec<ThingKey> = checks.iter().map(|check| ThingKey::new(ThingKind::Check, check)).collect();
        self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await
    }

    /// The checks that are not ok, as they settled last.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn troubled(&self) -> Result<BTreeMap<Name, CheckRecord>, StoreError> {
        let things = self.dialect.things(WhichThings::Open(ThingKind::Check), u32::MAX).await?;
        Ok(things.into_iter().filter_map(|thing| Some((Name::from(&*thing.key.id), thing.read()?))).collect())
    }

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
        history.runs = self.runs_about(&history.facts).await?;
        Ok(history)
    }

    /// What charts mark since a moment, by the store's clock, oldest first: deployments, the ends of runs, and alerts.
    /// Where there is more than a chart could mark, the last of them. With the runs that they are about, by the object of the
    /// fact.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn marks(&self, since: DateTime<Utc>) -> Result<(Vec<Fact>, BTreeMap<String, Run>), StoreError> {
        let rows = self.dialect.facts(WhichFacts::Kinds { since, kinds: MARKED }, MOST_MARKS).await?;
        let mut facts = FactPage::new(&rows, ChainPlace::default(), false).facts;
        facts.reverse();
        let runs = self.runs_about(&facts).await?;
        Ok((facts, runs))
    }

    /// What became of messages about alerts since a moment, by the store's clock, in the order of the chain.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn messages(&self, since: DateTime<Utc>) -> Result<Vec<Fact>, StoreError> {
        let rows = self.dialect.facts(WhichFacts::Kinds { since, kinds: TOLD }, u32::MAX).await?;
        let mut facts = FactPage::new(&rows, ChainPlace::default(), false).facts;
        facts.reverse();
        Ok(facts)
    }

    /// The runs that facts are about, as they stand now, by the object of the fact.
    async fn runs_about(&self, facts: &[Fact]) -> Result<BTreeMap<String, Run>, StoreError> {
        let objects: BTreeSet<String> = facts.iter().map(|fact| fact.said().object()).collect();
        let keys: Vec<ThingKey> = objects
            .iter()
            .filter_map(|object| object.strip_prefix("run:"))
            .map(|id| ThingKey::new(ThingKind::Run, id))
            .collect();
        let mut runs = BTreeMap::new();
        for thing in self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await? {
            if let Some(record) = thing.read::<RunRecord>() {
                runs.insert(format!("run:{}", thing.key.id), record.into_run());
            }
        }
        Ok(runs)
    }
}
