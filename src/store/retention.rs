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
use super::rollups::{ALL, HOURS, MINUTES};
use super::{Store, StoreError};
use crate::config::sections::retention::Retention;
use crate::model::fact::{Statement, StorePruned};
use crate::model::thing::ThingKind;

/// Rows that go in one transaction.
const SLICE: u32 = 1_000;
/// Between two slices, so that others get their turn.
const PAUSE: Duration = Duration::from_millis(20);
/// Series that are looked at between two pauses.
const SERIES: usize = 50;
/// Who says so: nobody asked for it.
const OPSROOM: &str = "opsroom";
/// The name by which it is kept what went.
pub(super) const PRUNED: &str = "retention.pruned";

/// What went last of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Pruned {
    before: DateTime<Utc>,
    /// Whether all of it is gone.
    done: bool,
}

/// Whether it says what went.
pub(super) fn is_pruned(body: &[u8]) -> bool {
    serde_json::from_slice::<BTreeMap<String, Pruned>>(body).is_ok()
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
        if !(self.retain_readings("readings.minutes", MINUTES, retention.minutes, now, fence).await?
            && self.retain_readings("readings.hours", HOURS, retention.hours, now, fence).await?)
        {
            return Ok(false);
        }
        for (kind, kept) in [
            (ThingKind::Run, retention.deployments),
            (ThingKind::Alert, retention.audit),
            (ThingKind::Silence, retention.audit),
            (ThingKind::Maintenance, retention.audit),
            (ThingKind::Exclusion, retention.audit),
            (ThingKind::Checklist, retention.audit),
            (ThingKind::Incident, retention.incidents),
            (ThingKind::Change, retention.audit),
            (ThingKind::Runbook, retention.audit),
            (ThingKind::OnCall, retention.audit),
            (ThingKind::Handover, retention.audit),
        ] {
            if !self.retain_things(kind, kept, OPSROOM, now, fence).await? {
                return Ok(false);
            }
        }
        self.retain_audit(retention.audit, OPSROOM, now, fence).await
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
        let done = self.prune_rollups(tier, before).await?;
        all.insert(kind.to_owned(), Pruned { before, done });
        self.keep_pruned(fence, &all).await
    }

    async fn keep_pruned(&self, fence: u64, all: &BTreeMap<String, Pruned>) -> Result<bool, StoreError> {
        let body = serde_json::to_vec(all).map_err(|error| StoreError::Content(error.to_string()))?;
        self.put_held(fence, &[Side::Keep(PRUNED, &body)]).await
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

    /// Removes the rows of a tier that begin before a moment. `false`: some are not packed yet since a process ended, and hold
    /// hours that are kept for longer; they go once they are.
    async fn prune_rollups(&self, tier: &str, before: DateTime<Utc>) -> Result<bool, StoreError> {
        let (before, packed_until) = (before.timestamp_millis(), self.packed_until().await?);
        let (mut series, mut looked_at) = (self.dialect.next_series(tier, None).await?, 0);
        while let Some(name) = series {
            let before = if name == ALL { before.min(packed_until) } else { before };
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
        Ok(packed_until >= before)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::TimeDelta;

    use super::*;
    use crate::lang::time::minute_of;
    use crate::model::rollup::{Bucket, Pack, SeriesKey, Sheet, Width};
    use crate::store::dialect::WhichFacts;

    const DAY: u32 = 24 * 60;

    async fn open(directory: &Path) -> (Store, u64) {
        let store = Store::sample(directory).await;
        let fence = store.held(DateTime::UNIX_EPOCH).await;
        (store, fence)
    }

    /// Two series with an hour of minutes and an hour each day, for so many days before `now`.
    async fn fill(store: &Store, fence: u64, now: u32, days: u32) {
        for day in 0..days {
            let packs = ["check:a", "metric:b"].into_iter().flat_map(|series| {
                let series = SeriesKey::parse(series).unwrap();
                [Width::Minute, Width::Hour].map(|width| {
                    let mut pack = Pack::new(width, now - day * DAY);
                    let mut bucket = Bucket::default();
                    bucket.measure(1, 1.0);
                    pack.add(pack.first_minute(), bucket);
                    (series.clone(), pack)
                })
            });
            assert!(store.add_packs(fence, &packs.collect::<Vec<_>>()).await.unwrap());
        }
    }

    async fn rows(store: &Store, tier: &str) -> usize {
        let mut rows = 0;
        for series in ["check:a", "metric:b"] {
            rows += store.dialect.rollups(tier, series, 0, i64::MAX, u32::MAX).await.unwrap().len();
        }
        rows
    }

    async fn said(store: &Store) -> Vec<String> {
        let facts = store.dialect.facts(WhichFacts::After(0), u32::MAX).await.unwrap();
        facts.into_iter().filter(|fact| fact.kind == "store.pruned").map(|fact| fact.entry).collect()
    }

    #[tokio::test]
    async fn old_readings_go_once_a_day_and_it_is_on_record() {
        let directory = tempfile::tempdir().unwrap();
        let (store, fence) = open(directory.path()).await;
        let now: DateTime<Utc> = "2026-11-21T02:41:00Z".parse().unwrap();
        let minute = minute_of(now);
        fill(&store, fence, minute, 20).await;
        let retention = Retention { hours: None, ..Retention::default() };
        assert!(!store.retain(&retention, now, fence + 1).await.unwrap(), "another holds the lease");
        assert_eq!((rows(&store, MINUTES).await, said(&store).await.len()), (40, 0));

        assert!(store.retain(&retention, now, fence).await.unwrap());
        // Whole days go: today, fourteen days before it, and what is left of none.
        assert_eq!((rows(&store, MINUTES).await, rows(&store, HOURS).await), (30, 40));
        let facts = said(&store).await;
        assert!(facts.len() == 1 && facts[0].contains("readings.minutes") && facts[0].contains("2026-11-07T00:00:00Z"));
        assert!(store.retain(&retention, now + TimeDelta::hours(20), fence).await.unwrap());
        assert_eq!((rows(&store, MINUTES).await, said(&store).await.len()), (30, 1));
        assert!(store.retain(&retention, now + TimeDelta::days(2), fence).await.unwrap());
        assert_eq!((rows(&store, MINUTES).await, said(&store).await.len()), (26, 2));
    }

    #[tokio::test]
    async fn minutes_that_are_not_packed_yet_stay_for_the_sake_of_their_hour() {
        let directory = tempfile::tempdir().unwrap();
        let (store, fence) = open(directory.path()).await;
        let now: DateTime<Utc> = "2026-11-21T02:41:00Z".parse().unwrap();
        let series = SeriesKey::parse("check:a").unwrap();
        // The last minutes of a process that ended three weeks ago.
        for minute in 0..3 {
            let mut bucket = Bucket::default();
            bucket.measure(1, 1.0);
            let sheet = Sheet::new(minute_of(now) - 21 * DAY + minute, vec![(series.clone(), bucket)]);
            assert!(store.add_minute(fence, &mut sheet.into()).await.unwrap());
        }
        assert!(store.retain(&Retention::default(), now, fence).await.unwrap());
        assert!(store.pack(fence, minute_of(now)).await.unwrap());
        assert_eq!((rows(&store, MINUTES).await, rows(&store, HOURS).await), (1, 1));
        let read = store.stored_readings(&[series], minute_of(now)).await.unwrap();
        assert_eq!(read[0].hours.iter().map(|(_, bucket)| bucket.count()).sum::<u64>(), 3);
        assert!(store.retain(&Retention::default(), now + TimeDelta::hours(1), fence).await.unwrap());
        assert_eq!((rows(&store, MINUTES).await, rows(&store, HOURS).await), (0, 1));
        assert_eq!(said(&store).await.len(), 1, "it is said once");
    }

    #[tokio::test]
    async fn what_was_cut_short_is_done_to_the_end_and_not_said_again() {
        let directory = tempfile::tempdir().unwrap();
        let (store, fence) = open(directory.path()).await;
        let now: DateTime<Utc> = "2026-11-21T02:41:00Z".parse().unwrap();
        fill(&store, fence, minute_of(now), 20).await;
        let before = "2026-11-07T00:00:00Z".parse().unwrap();
        let begun = BTreeMap::from([("readings.minutes".to_owned(), Pruned { before, done: false })]);
        assert!(store.keep_pruned(fence, &begun).await.unwrap());
        assert!(store.retain(&Retention::default(), now, fence).await.unwrap());
        assert_eq!((rows(&store, MINUTES).await, said(&store).await.len()), (30, 0));
        assert_eq!(rows(&store, HOURS).await, 40);
    }
}
