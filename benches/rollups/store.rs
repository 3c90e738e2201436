//! Stores of SQLite, filled through what the holder of the lease writes by.

use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use chrono::{DateTime, Utc};
use opsroom::model::fact::{CheckStatus, NewFact, Statement};
use opsroom::model::lease::LeaseCandidate;
use opsroom::model::rollup::{Bucket, Pack, SeriesKey, Width};
use opsroom::model::status::Status;
use opsroom::store::Store;
use opsroom::store::address::StoreAddress;
use opsroom::store::place::StoreLocation;

use super::sheet;

const CHECKS: usize = 100;
const MINUTES: u32 = 14 * 24 * 60;
const HOURS: u32 = 400 * 24;
/// What they may take, so that a store of the usual retention stays one that is copied and backed up without a thought.
const MINUTES_MEGABYTES: f64 = 30.0;
const HOURS_MEGABYTES: f64 = 60.0;
const FACTS: usize = 200_000;
/// Facts of one transaction.
const TOGETHER: usize = 1_000;

fn name(check: usize) -> String {
    format!("service{:03}.check{check:05}", check / 40)
}

fn series(check: usize) -> SeriesKey {
    SeriesKey::Check(name(check).into())
}

/// A minute of a check that is polled every 15 s: mostly ok, its latency lognormal around 63 ms.
fn minute(random: &mut fastrand::Rng, down: &mut u32) -> Bucket {
    let mut bucket = Bucket::default();
    if random.f64() < 0.001 {
        *down = random.u32(1..20);
    }
    for poll in 0..4 {
        let normal = (-2.0 * random.f64().max(1e-9).ln()).sqrt() * (TAU * random.f64()).cos();
        bucket.measure(poll * 15 + 3, (63.0 * (normal * 0.495).exp()).round());
    }
    if *down > 0 {
        *down -= 1;
        bucket.stand(Status::Down, random.u64(1..60_001), true);
    }
    bucket.stand(Status::Ok, 60_000 - bucket.standing_ms(Status::Down), false);
    bucket
}

/// The hours of days, oldest first, as packs of minutes or of hours, a day in a transaction.
async fn fill(store: &Store, fence: u64, first: u32, until: u32, keep: Width) {
    let mut random = fastrand::Rng::with_seed(7);
    let mut down = vec![0; CHECKS];
    for day in (first..until).step_by(24 * 60) {
        let mut packs = Vec::new();
        for (check, down) in down.iter_mut().enumerate() {
            let mut of_day = Pack::new(Width::Hour, day);
            for hour in (day..(day + 24 * 60).min(until)).step_by(60) {
                let mut pack = Pack::new(Width::Minute, hour);
                for at in hour..hour + 60 {
                    pack.add(at, minute(&mut random, down));
                }
                of_day.add(hour, pack.total());
                packs.extend((keep == Width::Minute).then_some((series(check), pack)));
            }
            packs.extend((keep == Width::Hour).then_some((series(check), of_day)));
        }
        assert!(store.add_packs(fence, &packs).await.expect("a store that can be written"));
    }
}

async fn open(directory: &Path) -> (Store, u64) {
    let path = directory.join("opsroom.db");
    let place =
        StoreLocation { at: StoreAddress::File(path), state: Some(directory.to_owned()), host: "bench".to_owned() };
    let store = Store::open(&place).await.expect("a store");
    let text = |text: &str| text.to_owned();
    let me = LeaseCandidate {
        id: text("bench"),
        who: text("bench"),
        watcher: false,
        digest: text("bench"),
        looks_on: false,
    };
    let view = store.lease_turn(&me, at(0)).await.expect("a lease");
    (store, view.fence().expect("nobody else"))
}

/// So many seconds ago, for a store that looks as if it had been used until now.
fn at(ago: i64) -> DateTime<Utc> {
    let now = std::time::SystemTime::now();
    DateTime::<Utc>::from(now) - chrono::Duration::seconds(ago)
}

fn megabytes(directory: &Path) -> f64 {
    std::fs::metadata(directory.join("opsroom.db")).map_or(0.0, |file| file.len() as f64 / 1e6)
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(work);
}

pub(super) fn figures() {
    run(async {
        let now = u32::try_from(at(0).timestamp() / 60).expect("before the year 10000") / 1_440 * 1_440;
        for (what, keep, first, most) in [
            ("minutes of 14 days", Width::Minute, now - MINUTES, MINUTES_MEGABYTES),
            ("hours of 400 days", Width::Hour, now - HOURS * 60, HOURS_MEGABYTES),
        ] {
            let directory = tempfile::tempdir().expect("a directory");
            let (store, fence) = open(directory.path()).await;
            store.checkpoint().await;
            let empty = megabytes(directory.path());
            fill(&store, fence, first, now, keep).await;
            store.close().await;
            let takes = megabytes(directory.path()) - empty;
            let verdict = if takes > most { ", OVER" } else { "" };
            println!("{what}, {CHECKS} checks {takes:>24.2} MB of at most {most:.0} MB{verdict}");
        }
        holder(10_000, now).await;
    });
}

/// What an hour of a holder costs, but for what the world takes.
async fn holder(checks: usize, now: u32) {
    let directory = tempfile::tempdir().expect("a directory");
    let (store, fence) = open(directory.path()).await;
    let mut random = fastrand::Rng::with_seed(7);
    let (began, before) = (Instant::now(), processor());
    for at in now..now + 60 {
        let sheet = sheet(at, checks, &mut random);
        assert!(store.add_minute(fence, &mut sheet.into()).await.expect("a store that can be written"));
    }
    println!(
        "{checks} checks: 60 minutes stored in {:.3} s, of the processor {:.3} s",
        began.elapsed().as_secs_f64(),
        processor() - before
    );
    let (began, before) = (Instant::now(), processor());
    assert!(store.pack(fence, now + 60).await.expect("a store that can be written"));
    println!(
        "{checks} checks: an hour packed in {:.3} s, of the processor {:.3} s",
        began.elapsed().as_secs_f64(),
        processor() - before
    );
    store.close().await;
}

/// A check that goes down and comes back.
fn fact(place: usize, at: DateTime<Utc>) -> NewFact {
    let check = name(place % CHECKS);
    let down = (place / CHECKS).is_multiple_of(2);
    let said = CheckStatus {
        check: check.as_str().into(),
        service: None,
        status: if down { Status::Down } else { Status::Ok },
        before: Some(if down { Status::Ok } else { Status::Down }),
        since: at,
        seen: true,
        reason: None,
        by: None,
        fence: 1,
    };
    NewFact {
        id: format!("{place:032x}"),
        at,
        who: "bench".to_owned(),
        host: "bench".to_owned(),
        process: 1,
        late: false,
        said: Statement::CheckStatus(said),
    }
}

/// Seconds of the processor that this process has taken.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// What charts of such a store cost.
pub(super) fn charts(directory: &Path) {
    let series: Vec<SeriesKey> = (0..CHECKS).map(series).collect();
    run(super::charts::figures(directory, &series, at(0)));
}

/// A store as it is after a year and more, and a configuration with its checks.
pub(super) fn generate(directory: &Path) {
    std::fs::create_dir_all(directory).expect("a directory");
    run(async {
        let (store, fence) = open(directory).await;
        let now = u32::try_from(at(0).timestamp() / 60).expect("before the year 10000") / 60 * 60;
        fill(&store, fence, (now - HOURS * 60) / 1_440 * 1_440, now, Width::Hour).await;
        fill(&store, fence, (now - MINUTES) / 1_440 * 1_440, now, Width::Minute).await;
        for first in (0..FACTS).step_by(TOGETHER) {
            let facts = (first..first + TOGETHER).map(|place| {
                // The last ones are today's.
                let ago = i64::try_from((FACTS - place) * 150).expect("a year in seconds");
                fact(place, at(ago))
            });
            store.append_held(fence, facts.collect()).await.expect("a store that can be written");
        }
        store.give_back(fence).await.expect("a store that can be written");
        store.close().await;
    });
    let mut text = String::from("[console]\nname = \"a year\"\n");
    for check in 0..CHECKS {
        writeln!(text, "[check.\"{}\"]\ntcp = \"127.0.0.1:9\"\nevery = \"15s\"", name(check))
            .expect("a string takes all");
    }
    std::fs::write(directory.join("opsroom.toml"), text).expect("a directory that can be written");
    println!(
        "{:.1} MB; opsroom --config {1}/opsroom.toml --store {1}/opsroom.db",
        megabytes(directory),
        directory.display()
    );
}
