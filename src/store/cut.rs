//! The chain is cut where it is older than is kept: a checkpoint holds the hash that was reached and the things as they
//! stood, so that what comes after can still be verified and derived.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::derive::Derived;
use super::dialect::{Appended, Batch, Cut, Prune, WhichFacts};
use super::heads::ChainMark;
use super::{Store, StoreError, writing};
use crate::model::fact::{Statement, StorePruned};
use crate::model::thing::{StoredThing, ThingKind, Things, forget};

/// Rows that go at once: so few that nobody waits for it.
const SLICE: u32 = 500;
/// The pause between two slices.
const PAUSE: Duration = Duration::from_millis(50);
/// Fewer facts than these are not worth a cut.
const WORTH: u64 = 1000;
/// The kinds of things that go with the facts that tell of them, once they need nobody any more.
const GOING: [ThingKind; 1] = [ThingKind::Run];

impl Store {
    /// Cuts the chain before the facts that were put on record since `before`, and removes what lies there, in slices.
    /// Only whoever holds the lease with this fence does so. Says how many facts went.
    ///
    /// # Errors
    /// The store can't be read or written.
    pub(crate) async fn cut_audit(
        &self,
        before: DateTime<Utc>,
        fence: u64,
        who: &str,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.try_cut(before, fence, who, now).await?;
        let cut = self.dialect.cut().await?.map_or(0, |cut| cut.seq);
        let mut gone = 0;
        for what in GOING.map(|kind| Prune::Things(kind, cut)).into_iter().chain([Prune::Facts]) {
            loop {
                let slice = self.dialect.prune(what, SLICE).await?;
                gone += if matches!(what, Prune::Facts) { slice } else { 0 };
                if slice < u64::from(SLICE) {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(gone)
    }

    async fn try_cut(
        &self,
        before: DateTime<Utc>,
        fence: u64,
        who: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let head = self.dialect.head().await?;
        if !self.dialect.lease().await?.0.is_some_and(|lease| lease.fence == fence) {
            return Ok(());
        }
        let kept = self.dialect.facts(WhichFacts::Since { since: before, after: 0 }, 1).await?;
        let last = kept.first().map_or(head.seq, |row| row.seq.saturating_sub(1));
        let cut = self.dialect.cut().await?;
        if last < cut.as_ref().map_or(0, |cut| cut.seq) + WORTH {
            return Ok(());
        }
        let mut derived = Derived::from_cut(cut.as_ref())?;
        self.derive(&mut derived, Some(last)).await?;
        let row = self.dialect.facts(WhichFacts::After(last - 1), 1).await?.pop();
        let Some(row) = row.filter(|row| row.seq == last && derived.seq == last) else { return Ok(()) };
        let mut things = derived.things;
        let mut drafts = Vec::new();
        for (kind, name) in GOING.map(|kind| (Some(kind), kind.name())).into_iter().chain([(None, "audit")]) {
            if let Some(kind) = kind {
                forget(&mut things, kind, last);
            }
            let pruned = StorePruned { kind: name.to_owned(), before, seq: Some(last) };
            drafts.push(self.new_fact(now, who, Statement::StorePruned(pruned)));
        }
        let things: Vec<StoredThing> = things.iter().cloned().collect();
        let things = serde_json::to_vec(&things).map_err(|error| StoreError::Content(error.to_string()))?;
        let cut = Cut { seq: last, hash: row.hash, things };
        let (facts, _) = writing::rows_of(&head, drafts, Things::default())?;
        let batch = Batch { facts: &facts, cut: Some(&cut), ..Batch::default() };
        // Where somebody else was faster, the next round does it.
        if self.dialect.append(&head, batch).await? == Appended::Done
            && let Some(last) = facts.last()
        {
            self.advance(ChainMark::new(last.seq, &last.hash)).await;
        }
        Ok(())
    }
}
