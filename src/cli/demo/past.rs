//! What was before the demo's start: an uneventful day, as its log files and its store tell it.

#![expect(clippy::disallowed_methods, reason = "the demo keeps real files in a folder of its own")]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::journal;
use super::world::{DEPLOYMENTS, DemoWorld, Deployment, SERVICES};
use crate::lang::time::minute_of;
use crate::model::fact::{Deployed, Statement};
use crate::model::lease::LeaseCandidate;
use crate::model::rollup::{Bucket, SeriesKey, Sheet};
use crate::model::status::Status;
use crate::store::address::StoreAddress;
use crate::store::place::StoreLocation;
use crate::store::rollups::SheetToWrite;
use crate::store::{Store, StoreError};
use crate::text::SafeText;
use crate::text::name::Name;

/// How long before the start the logs begin, and for how long: what is new since yesterday is told from it.
const LOGGED: TimeDelta = TimeDelta::hours(26);
const LOGGED_FOR: Duration = Duration::from_mins(10);
/// Minutes of readings: those of the hour that charts show, and of the hour before, with which they are compared.
const MINUTES: u32 = 125;
/// Seconds between two readings.
const EVERY: u8 = 10;

/// A world of that seed in which nothing happens.
fn calm(seed: u64) -> DemoWorld {
    DemoWorld::new(seed).calm_for(Duration::from_hours(48))
}

/// What the services logged the day before, in files that were rotated since. Those that the demo rotates are others.
pub(crate) fn write_logs(logs: &Path, seed: u64, started: DateTime<Utc>) -> io::Result<()> {
    let world = calm(seed);
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

/// Puts on record what happened before the start, and what was measured: who opens the demo finds a history, as in the
/// morning at work.
pub(crate) async fn remember(state: &Path, seed: u64, started: DateTime<Utc>) -> Result<(), StoreError> {
    let at = StoreAddress::File(state.join("opsroom.db"));
    let place = StoreLocation { at, host: "ci-1".to_owned(), state: Some(state.to_owned()) };
    let store = Store::open(&place).await?;
    let written = write(&store, seed, started).await;
    store.close().await;
    written
}

async fn write(store: &Store, seed: u64, started: DateTime<Utc>) -> Result<(), StoreError> {
    for deployment in &DEPLOYMENTS {
        store.record(started - deployment.before, deployment.by, statement(deployment)).await?;
    }
    let yesterday = LeaseCandidate {
        id: "yesterday".to_owned(),
        who: "ci".to_owned(),
        watcher: false,
        // Of none: the configuration of whoever comes next is then no other one.
        digest: String::new(),
        looks_on: false,
    };
    let Some(fence) = store.lease_turn(&yesterday, started).await?.fence() else { return Ok(()) };
    // Together: the first frame waits for it.
    let mut sheets: Vec<SheetToWrite> = sheets(&calm(seed), started).map(SheetToWrite::from).collect();
    store.add_minutes(fence, &mut sheets).await?;
    store.give_back(fence).await
}

/// What is on record of a deployment.
pub(crate) fn statement(deployment: &Deployment) -> Statement {
    let release = deployment.release;
    let (version, subject) = (SafeText::new(release.version), Some(SafeText::new(release.subject)));
    Statement::Deployed(Deployed { service: Name::from(deployment.service), version, subject })
}

/// The readings of the last whole minutes before the start.
fn sheets(world: &DemoWorld, started: DateTime<Utc>) -> impl Iterator<Item = Sheet> {
    let first = minute_of(started).saturating_sub(MINUTES);
    (0..MINUTES).map(move |minute| sheet(world, first + minute, Duration::from_secs(u64::from(minute) * 60)))
}

/// One minute that begins at that moment of the world.
fn sheet(world: &DemoWorld, minute: u32, from: Duration) -> Sheet {
    let mut metrics: BTreeMap<&str, Bucket> = BTreeMap::new();
    let mut checks: BTreeMap<&str, Bucket> = BTreeMap::new();
    for second in (0..60).step_by(usize::from(EVERY)) {
        let at = from + Duration::from_secs(u64::from(second));
        for (metric, value) in [
            ("error-rate", world.failing_share("api", at) as f64 / 10.0),
            ("response-time", world.latency("api", at).as_millis() as f64),
            ("requests", (48 + world.noise("requests", at.as_secs(), 9)) as f64),
            ("queue", world.queue(at) as f64),
            ("clients", world.clients(at) as f64),
            ("connections", world.connections(at) as f64),
            ("disk", 71.0),
        ] {
            metrics.entry(metric).or_default().measure(second, value);
        }
        for service in SERVICES {
            let check = checks.entry(service).or_default();
            check.measure(second, world.latency(service, at).as_secs_f64() * 1000.0);
            check.stand(Status::Ok, u64::from(EVERY) * 1000, false);
        }
    }
    let metrics = metrics.into_iter().map(|(name, bucket)| (SeriesKey::Metric(name.into()), bucket));
    let checks = checks.into_iter().map(|(name, bucket)| (SeriesKey::Check(name.into()), bucket));
    Sheet::new(minute, metrics.chain(checks).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_calm_and_of_the_series_that_the_demo_has() {
        let config = super::super::simulate::configuration().unwrap();
        let started = "2026-11-21T02:40:30Z".parse().unwrap();
        let sheets: Vec<Sheet> = sheets(&calm(1), started).collect();
        assert_eq!(sheets.last().map(|sheet| i64::from(sheet.minute) * 60), Some(started.timestamp() - 90));
        for (series, bucket) in sheets[0].buckets() {
            let known = match series {
                SeriesKey::Check(name) => config.checks.iter().any(|check| check.name == *name),
                SeriesKey::Metric(name) => config.metrics.iter().any(|metric| metric.name == *name),
            };
            assert!(known && bucket.count() == 6, "{series}: {bucket:?}");
        }
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
