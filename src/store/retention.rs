//! What is old goes, in slices; that it may go is put on record first.
//!
//! Readings go by whole days of UTC: once a day it is said what may go, and then it goes, series by series.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::cut::day_before;
use super::dialect::{Prune, Side};
use super::lease::HeldWrite;
use super::rollups::{HOURS, MINUTES};
use super::{Store, StoreError};
use crate::config::sections::retention::Retention;
use crate::model::fact::{Statement, StorePruned};

/// Rows that go in one transaction.
const SLICE: u32 = 1_000;
/// Between two slices, so that others get their turn.
const PAUSE: Duration = Duration::from_millis(20);
/// Series that are looked at between two pauses.
const SERIES: usize = 50;
/// Who says so: nobody asked for it.
const OPSROOM: &str = "opsroom";
/// The name by which it is kept what went.
const PRUNED: &str = "retention.pruned";

/// What went last of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Pruned {
    before: DateTime<Utc>,
    /// Whether all of it is gone.
    done: bool,
}

impl Store {
    /// Lets go of what is older than it is to be kept. `false`: the lease has another fence by now.
    ///
    /// # Errors
    /// It could not be done to the end; the rest is for the next time.
    pub(crate) async fn retain(
        &self,
        retention: &Retention,
        now: DateTime<Utc>,
        fence: u64,
    ) -> Result<bool, StoreError> {
        Ok(self.retain_readings("readings.minutes", MINUTES, retention.minutes, now, fence).await?
            && self.retain_readings("readings.hours", HOURS, retention.hours, now, fence).await?
            && self.retain_runs(retention.deployments, OPSROOM, now, fence).await?
            && self.retain_audit(retention.audit, OPSROOM, now, fence).await?)
    }

    async fn retain_readings(
        &self,
        kind: &str,
        tier: &str,
        kept: Option<Duration>,
        now: DateTime<Utc>,
        fence: u64,
    ) -> Result<bool, StoreError> {
        let Some(before) = day_before(now, kept) else { return Ok(true) };
        let mut all: BTreeMap<String, Pruned> = match self.dialect.kept(PRUNED).await? {
            Some((body, _)) => serde_json::from_slice(&body).unwrap_or_default(),
            None => BTreeMap::new(),
        };
        let said = all.get(kind).copied().filter(|pruned| pruned.before == before);
        if said.is_some_and(|pruned| pruned.done) {
            return Ok(true);
        }
        if said.is_none() && self.any_rollup(tier, before).await? {
            let pruned = StorePruned { kind: kind.to_owned(), before, seq: None };
            let fact = self.new_fact(now, OPSROOM, Statement::StorePruned(pruned));
            if self.append_held(fence, vec![fact]).await? == HeldWrite::Lost {
                return Ok(false);
            }
            all.insert(kind.to_owned(), Pruned { before, done: false });
            if !self.keep_pruned(fence, &all).await? {
                return Ok(false);
            }
        }
        self.prune_rollups(tier, before).await?;
        all.insert(kind.to_owned(), Pruned { before, done: true });
        self.keep_pruned(fence, &all).await
    }

    async fn keep_pruned(&self, fence: u64, all: &BTreeMap<String, Pruned>) -> Result<bool, StoreError> {
        let body = serde_json::to_vec(all).map_err(|error| StoreError::Content(error.to_string()))?;
        self.dialect.put(Some(fence), &[Side::Keep(PRUNED, &body)]).await
    }

    /// Whether a tier has any row that begins before a moment.
    async fn any_rollup(&self, tier: &str, before: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut series = self.dialect.next_series(tier, None).await?;
        while let Some(name) = series {
            if !self.dialect.rollups(tier, &name, 0, before.timestamp_millis(), 1).await?.is_empty() {
                return Ok(true);
            }
            series = self.dialect.next_series(tier, Some(&name)).await?;
        }
        Ok(false)
    }

    async fn prune_rollups(&self, tier: &str, before: DateTime<Utc>) -> Result<(), StoreError> {
        let before = before.timestamp_millis();
        let (mut series, mut looked_at) = (self.dialect.next_series(tier, None).await?, 0);
        while let Some(name) = series {
            let what = Prune::Rollups { tier, series: &name, before };
            while self.dialect.prune(what, SLICE).await? >= u64::from(SLICE) {
                tokio::time::sleep(PAUSE).await;
            }
            looked_at += 1;
            if looked_at % SERIES == 0 {
                tokio::time::sleep(PAUSE).await;
            }
            series = self.dialect.next_series(tier, Some(&name)).await?;
        }
        Ok(())
    }
}
