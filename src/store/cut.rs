//! The chain is cut where it is older than is kept: a checkpoint holds the hash that was reached and the things as they
//! stood, so that what comes after can still be verified and derived. Runs that are over go by themselves.

use std::time::Duration;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use super::derive::Derived;
use super::dialect::{Batch, Cut, Prune, WhichFacts, WhichThings};
use super::lease::HeldWrite;
use super::{Store, StoreError};
use crate::model::fact::{Statement, StorePruned};
use crate::model::thing::{StoredThing, ThingKind};

/// Rows that go at once: so few that nobody waits for it.
const SLICE: u32 = 500;
/// The pause between two slices.
const PAUSE: Duration = Duration::from_millis(50);
/// Things that are looked at each time, to see whether any may go.
const OLDEST: u32 = 100;
/// Fewer facts than these are not worth a cut.
const WORTH: u64 = 1000;

impl Store {
    /// Lets go of things of a kind that were over before the day that lies `kept` back. `false`: the lease has another fence by
    /// now.
    ///
    /// # Errors
    /// The store can't be read or written.
    pub(super) async fn retain_things(
        &self,
        kind: ThingKind,
        kept: Option<Duration>,
        who: &str,
        now: DateTime<Utc>,
        fence: u64,
    ) -> Result<bool, StoreError> {
        let Some(before) = day_before(now, kept) else { return Ok(true) };
        let last = self.last_before(before).await?.min(self.kept_from(kind).await?);
        // Their ids begin with the time: what may go is among the first of them.
        let oldest = self.dialect.things(WhichThings::Oldest(kind), OLDEST).await?;
        if !oldest.iter().any(|thing| thing.seq <= last) {
            return Ok(true);
        }
        let last = last.min(self.over_up_to(kind, before).await?);
        if !oldest.iter().any(|thing| thing.seq <= last) {
            return Ok(true);
        }
        let pruned = StorePruned { kind: kind.name().to_owned(), before, seq: Some(last) };
        let fact = self.new_fact(now, who, Statement::StorePruned(pruned));
        if self.append_held(fence, vec![fact]).await? == HeldWrite::Lost {
            return Ok(false);
        }
        self.prune_all(Prune::Things(kind, last)).await?;
        Ok(true)
    }

    /// The last fact up to which things of a kind may go: the newest incident stays, for the next one gets the number after it.
    async fn kept_from(&self, kind: ThingKind) -> Result<u64, StoreError> {
        if kind != ThingKind::Incident {
            return Ok(u64::MAX);
        }
        let newest = self.dialect.things(WhichThings::Latest(kind), 1).await?;
        Ok(newest.first().map_or(u64::MAX, |newest| newest.seq.saturating_sub(1)))
    }

    /// The last fact up to which all things of a kind were over before a moment. What was said long ago may hold still, or
    /// lie ahead, though nobody has to act on it; what was said after that waits for it.
    async fn over_up_to(&self, kind: ThingKind, before: DateTime<Utc>) -> Result<u64, StoreError> {
        if !StoredThing::may_lie_ahead(kind) {
            return Ok(u64::MAX);
        }
        let all = self.dialect.things(WhichThings::Latest(kind), u32::MAX).await?;
        let standing = all.iter().filter(|thing| thing.ends_at().is_some_and(|end| end > before));
        Ok(standing.map(|thing| thing.seq.saturating_sub(1)).min().unwrap_or(u64::MAX))
    }

    /// Cuts the chain before what was put on record since the day that lies `kept` back, and removes what lies there.
    /// `false`: the lease has another fence by now.
    ///
    /// # Errors
    /// The store can't be read or written.
    pub(super) async fn retain_audit(
        &self,
        kept: Option<Duration>,
        who: &str,
        now: DateTime<Utc>,
        fence: u64,
    ) -> Result<bool, StoreError> {
        let Some(before) = day_before(now, kept) else { return Ok(true) };
        let held = self.cut_before(before, who, now, fence).await?;
        if held {
            self.prune_all(Prune::Facts).await?;
        }
        Ok(held)
    }

    async fn cut_before(
        &self,
        before: DateTime<Utc>,
        who: &str,
        now: DateTime<Utc>,
        fence: u64,
    ) -> Result<bool, StoreError> {
        // Read first: who takes the lease after this moves the head.
        let turn = self.turns().next().await?;
        if self.dialect.lease().await?.0.is_none_or(|lease| lease.fence != fence) {
            return Ok(false);
        }
        let last = self.last_before(before).await?;
        let cut = self.dialect.cut().await?;
        if last < cut.as_ref().map_or(0, |cut| cut.seq) + WORTH {
            return Ok(true);
        }
        let mut derived = Derived::from_cut(cut.as_ref())?;
        self.derive(&mut derived, Some(last)).await?;
        let row = self.dialect.facts(WhichFacts::After(last - 1), 1).await?.pop();
        let Some(row) = row.filter(|row| row.seq == last && derived.seq == last) else { return Ok(true) };
        let things: Vec<StoredThing> = derived.things.iter().cloned().collect();
        let things = serde_json::to_vec(&things).map_err(|error| StoreError::Content(error.to_string()))?;
        let cut = Cut { seq: last, hash: row.hash, things };
        let pruned = StorePruned { kind: "audit".to_owned(), before, seq: Some(last) };
        let said = self.new_fact(now, who, Statement::StorePruned(pruned));
        // Where somebody else was faster, the next round does it.
        turn.append_with(vec![said], Batch { cut: Some(&cut), ..Batch::default() }).await?;
        Ok(true)
    }

    /// The last fact that was put on record before a moment; 0: there is none.
    async fn last_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let next = self.dialect.facts(WhichFacts::Since { since: before, after: 0 }, 1).await?.pop();
        Ok(match next {
            Some(next) => next.seq - 1,
            None => self.dialect.head().await?.seq,
        })
    }

    async fn prune_all(&self, what: Prune<'_>) -> Result<(), StoreError> {
        while self.dialect.prune(what, SLICE).await? >= u64::from(SLICE) {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// The beginning of the day that lies `kept` back; `None`: it is kept for ever.
pub(super) fn day_before(now: DateTime<Utc>, kept: Option<Duration>) -> Option<DateTime<Utc>> {
    let before = now.checked_sub_signed(TimeDelta::from_std(kept?).ok()?)?;
    before.duration_trunc(TimeDelta::days(1)).ok()
}

#[cfg(test)]
mod tests;
