//! What was before the demo's start: five weeks, as its log files and its store tell them.

#![expect(clippy::disallowed_methods, reason = "the demo keeps real files in a folder of its own")]

mod facts;
mod incident;
mod outages;
mod readings;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub(super) use self::facts::{PastFact, facts};
pub(super) use self::readings::{DISK_NOW, Readings};
use super::journal;
use super::world::DemoWorld;
use crate::model::lease::LeaseCandidate;
use crate::model::rollup::{Pack, SeriesKey, Sheet, Width};
use crate::store::address::StoreAddress;
use crate::store::place::StoreLocation;
use crate::store::rollups::SheetToWrite;
use crate::store::{Store, StoreError, new_fact};

/// How long before the start the logs begin, and for how long: what is new since yesterday is told from it.
const LOGGED: TimeDelta = TimeDelta::hours(26);
const LOGGED_FOR: Duration = Duration::from_mins(10);
/// Where all of it was put on record.
pub(super) const HOST: &str = "ops-1";

/// What the services logged the day before, in files that were rotated since. Those that the demo rotates are others.
pub(crate) fn write_logs(logs: &Path, seed: u64, started: DateTime<Utc>) -> io::Result<()> {
    let world = DemoWorld::new(seed).calm_for(Duration::from_hours(48));
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for second in 0..LOGGED_FOR.as_secs() {
        for line in journal::lines(&world, started - LOGGED, second) {
            let file = files.entry(line.service).or_default();
            file.push_str(&line.text);
            file.push('\n');
        }
    }
    for (service, text) in files {
        fs::write(logs.join(format!("{service}.log.2")), text)?;
    }
    Ok(())
}

/// The store of a demo that keeps its state in `state`.
pub(super) fn place(state: &Path) -> StoreLocation {
    let at = StoreAddress::File(state.join("opsroom.db"));
    StoreLocation { at, host: HOST.to_owned(), state: Some(state.to_owned()) }
}

/// Puts on record what happened before the start, and what was measured: who opens the demo finds a history, as in the
/// morning at work.
pub(crate) async fn remember(state: &Path, seed: u64, started: DateTime<Utc>) -> Result<(), StoreError> {
    let store = Store::open(&place(state)).await?;
    let written = write(&store, seed, started).await;
    store.close().await;
    written
}

async fn write(store: &Store, seed: u64, started: DateTime<Utc>) -> Result<(), StoreError> {
    let yesterday = LeaseCandidate {
        id: "yesterday".to_owned(),
        who: facts::WATCHER.to_owned(),
        watcher: false,
        // Of none: the configuration of whoever comes next is then no other one.
        digest: String::new(),
        looks_on: false,
    };
    let Some(fence) = store.lease_turn(&yesterday, started).await?.fence() else { return Ok(()) };
    let told = facts(started, fence).into_iter();
    store.record_all(told.map(|fact| new_fact(fact.at, fact.who, HOST, fact.said)).collect()).await?;
    let readings = Readings::new(seed, started, started);
    store.put_packs(fence, &packs(&readings)).await?;
    let mut sheets: Vec<SheetToWrite> = sheets(&readings).map(SheetToWrite::from).collect();
    store.add_minutes(fence, &mut sheets).await?;
    store.give_back(fence).await
}

/// The hours that are over: each in the pack of its day, and the latest minute by minute.
fn packs(readings: &Readings) -> Vec<(SeriesKey, Pack)> {
    let (from, in_minutes, until) = readings.span();
    let this_hour = Width::Minute.first_minute(until);
    let mut packs: Vec<(SeriesKey, Pack)> = Vec::new();
    for series in Readings::series() {
        for (width, from) in [(Width::Hour, from), (Width::Minute, in_minutes)] {
            let mut minutes = (from..this_hour).step_by(width.minutes() as usize).peekable();
            while let Some(first) = minutes.peek().copied() {
                let mut pack = Pack::new(width, first);
                while let Some(minute) = minutes.next_if(|minute| width.first_minute(*minute) == pack.first_minute()) {
                    pack.add(minute, readings.bucket(&series, width, minute));
                }
                packs.push((series.clone(), pack));
            }
        }
    }
    packs
}

/// The minutes of the hour that is not over.
fn sheets(readings: &Readings) -> impl Iterator<Item = Sheet> {
    let (.., until) = readings.span();
    (Width::Minute.first_minute(until)..until).map(|minute| {
        let bucket = |series: SeriesKey| {
            let bucket = readings.bucket(&series, Width::Minute, minute);
            (series, bucket)
        };
        Sheet::new(minute, Readings::series().map(bucket).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rollup::ChartQuery;

    fn started() -> DateTime<Utc> {
        "2026-11-21T02:40:30Z".parse().unwrap()
    }

    #[test]
    fn the_past_is_of_the_series_that_the_demo_has() {
        let config = super::super::simulate::configuration().unwrap();
        for series in Readings::series() {
            let known = match &series {
                SeriesKey::Check(name) => config.checks.iter().any(|check| check.name == *name),
                SeriesKey::Metric(name) => config.metrics.iter().any(|metric| metric.name == *name),
            };
            assert!(known, "{series}");
        }
        let sheets: Vec<Sheet> = sheets(&Readings::new(1, started(), started())).collect();
        assert_eq!(sheets.last().map(|sheet| i64::from(sheet.minute) * 60), Some(started().timestamp() - 90));
        assert!(sheets.iter().all(|sheet| sheet.buckets().all(|(_, bucket)| bucket.count() == 6)));
    }

    #[tokio::test]
    async fn the_store_has_what_is_simulated() {
        let directory = tempfile::tempdir().unwrap();
        remember(directory.path(), 1, started()).await.unwrap();
        let store = Store::look(&place(directory.path())).await.unwrap();
        let now = (started().timestamp() / 60) as u32;
        let simulated = super::super::memory::DemoStore::new(1, started(), started());
        let series: Vec<SeriesKey> = Readings::series().collect();
        let stored = store.stored_readings(&series, now).await.unwrap();
        for (stored, simulated) in stored.iter().zip(simulated.histories(&series)) {
            assert_eq!(stored.series, simulated.series);
            assert_eq!((stored.first, &stored.hours), (simulated.first, &simulated.hours), "{}", stored.series);
            assert_eq!(stored.minutes, simulated.minutes, "{}", stored.series);
        }
        for days in [1, 7, 35] {
            let query = ChartQuery::new(SeriesKey::Metric("requests".into()), now - days * 1_440, now - 60);
            let (stored, simulated) = (store.chart(&query).await.unwrap(), simulated.chart(&query));
            assert!(!stored.is_empty() && stored == simulated, "{days} days: {} spans", stored.len());
        }
        let things = store.alerts(started()).await.unwrap();
        let keys = |things: &[crate::model::thing::StoredThing]| {
            things.iter().map(|thing| (thing.key.clone(), thing.open)).collect::<Vec<_>>()
        };
        assert_eq!(keys(&things), keys(&simulated.alerts(started())));
        store.close().await;
    }

    #[test]
    fn yesterday_was_more_than_a_day_ago_and_knew_no_error() {
        let directory = tempfile::tempdir().unwrap();
        let started: DateTime<Utc> = "2026-11-21T02:40:30Z".parse().unwrap();
        write_logs(directory.path(), 1, started).unwrap();
        let mut lines = 0;
        for entry in fs::read_dir(directory.path()).unwrap() {
            for line in fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                let at: DateTime<Utc> = line["timestamp"].as_str().unwrap().parse().unwrap();
                assert!(at < started - crate::logs::pattern::YESTERDAY && line["level"] != "error", "{line}");
                lines += 1;
            }
        }
        assert!(lines > 1000, "{lines}");
    }
}
