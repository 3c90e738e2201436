//! Readings as they are stored by the minute: written by the holder of the lease, packed, read back by another console.
#![expect(clippy::unwrap_used, reason = "a test's helpers end it where they fail")]

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use opsroom::app::message::{Event, Learned};
use opsroom::lang::time::Stamp;
use opsroom::model::effect::{Effect, HistoryEffect};
use opsroom::model::lease::{LeaseCandidate, LeaseView};
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::model::rollup::{Bucket, SeriesHistory, SeriesKey, Sheet};
use opsroom::model::status::Status;
use opsroom::store::Store;
use opsroom::store::address::StoreAddress;
use opsroom::store::place::StoreLocation;
use opsroom::store::rollups::SheetToWrite;
use opsroom::text::SafeText;
use sqlx::Connection as _;

use crate::support::app::App;
use crate::support::frame::{draw, text};

const CONFIG: &str = r#"
[console]
name = "test"
[check.api]
tcp = "127.0.0.1:9"
every = "15s"
fail_after = 2
[source.m]
http = "http://127.0.0.1:9/"
every = "15s"
[metric.queue]
from = "m"
value = ".body.x"
[metric.up]
check = "api"
availability = "24h"
"#;

async fn open(directory: &Path) -> Store {
    let path = directory.join("opsroom.db");
    let place = StoreLocation { at: StoreAddress::File(path), state: None, host: "box".to_owned() };
    Store::open(&place).await.unwrap()
}

fn candidate(id: &str) -> LeaseCandidate {
    LeaseCandidate { id: id.to_owned(), who: "ana".to_owned(), watcher: false, digest: "d".to_owned(), looks_on: false }
}

async fn hold(store: &Store, id: &str) -> u64 {
    let view = store.lease_turn(&candidate(id), now()).await.unwrap();
    view.fence().unwrap_or_else(|| panic!("{view:?}"))
}

fn now() -> DateTime<Utc> {
    "2026-11-21T02:41:00Z".parse().unwrap()
}

/// A console of that configuration that starts at that moment. Its monotonic clock begins with the wall clock, as ours does.
fn console(at: DateTime<Utc>) -> App {
    let mono = Duration::from_millis(at.timestamp_millis().cast_unsigned());
    App::at(CONFIG, Stamp { mono, utc: at })
}

fn minute(at: DateTime<Utc>) -> u32 {
    u32::try_from(at.timestamp() / 60).unwrap()
}

fn check(name: &str) -> SeriesKey {
    SeriesKey::Check(name.into())
}

fn sheet(minute: u32, checks: usize) -> Sheet {
    let buckets = (0..checks).map(|place| {
        let mut bucket = Bucket::default();
        bucket.measure(5, f64::from(minute % 60) + place as f64);
        bucket.stand(Status::Ok, 50_000, false);
        bucket.stand(Status::Down, 10_000, true);
        (check(&format!("c{place:04}")), bucket)
    });
    Sheet::new(minute, buckets.collect())
}

/// What is known of all minutes and of all hours of a series.
fn totals(history: &SeriesHistory) -> (Vec<(u32, u64)>, u64) {
    let minutes = history.minutes.iter().map(|(minute, bucket)| (*minute, bucket.count())).collect();
    let known = history.minutes.iter().chain(&history.hours).map(|(_, bucket)| bucket.known_ms()).sum();
    (minutes, known)
}

/// A console that shows a frame, so that it asks for what is stored.
fn shown(app: &mut App) -> Vec<SeriesKey> {
    use opsroom::app::layout::{Area, LayoutMap, Target};
    use opsroom::app::row::RowKey;
    let mut layout = LayoutMap::default();
    for row in [RowKey::Check("api".into()), RowKey::Metric("queue".into())] {
        layout.push(Area { x: 0, y: 0, width: 9, height: 1 }, Target::Row(row));
    }
    app.send(Event::Learned(Learned::Layout(layout)));
    app.pass(1);
    let effects = app.take();
    let asked = effects.into_iter().filter_map(|effect| match effect {
        Effect::History(HistoryEffect::Read { series, .. }) => Some(series),
        _ => None,
    });
    asked.flatten().collect()
}

/// Three hours: sometimes down, once not polled, latencies and values that move.
async fn three_hours(app: &mut App, store: &Store, fence: u64) {
    for poll in 0..3 * 60 * 4_u64 {
        let lost = (400..420).contains(&poll);
        let bad = (100..140).contains(&poll) || poll % 97 == 0;
        if !lost {
            app.poll_in("api", if bad { Sign::Bad } else { Sign::Good }, 20 + poll * 7919 % 300);
            app.sample("queue", Ok((poll * 31 % 500) as f64));
        }
        app.pass(15);
        for effect in app.take() {
            if let Effect::History(HistoryEffect::WriteMinute { fence: with, sheet, .. }) = effect {
                assert_eq!(with, fence);
                assert!(store.add_minute(fence, &mut (*sheet).into()).await.unwrap());
                assert!(store.pack(fence, minute(app.now().utc)).await.unwrap());
            }
        }
    }
}

fn near(one: f64, other: f64, off: f64) -> bool {
    (one - other).abs() <= one.abs().max(other.abs()) * off + 1e-9
}

#[tokio::test]
async fn a_console_that_starts_later_knows_what_was_measured_before() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let fence = hold(&store, "one").await;
    let mut first = console(now());
    first.state.world.lease = LeaseView::Ours { fence, since: now() };
    three_hours(&mut first, &store, fence).await;
    first.pass(60);
    for effect in first.take() {
        if let Effect::History(HistoryEffect::WriteMinute { sheet, .. }) = effect {
            assert!(store.add_minute(fence, &mut (*sheet).into()).await.unwrap());
        }
    }

    let mut second = console(first.now().utc);
    let asked = shown(&mut second);
    assert_eq!(asked, [check("api"), SeriesKey::Metric("queue".into())]);
    let histories = store.stored_readings(&asked, minute(second.now().utc)).await.unwrap();
    second.outcome(Outcome::Past { series: asked, histories: Some(histories) });
    first.pass(1);

    let now = first.now();
    let [one, other] = [&first, &second].map(|app| app.state.world.checks.iter().next().unwrap());
    for window in [Duration::from_hours(1), Duration::from_hours(3), Duration::from_hours(24)] {
        let [a, b] = [one, other].map(|check| check.availability(window, now).unwrap());
        assert!(near(a.percent, b.percent, 0.001), "{window:?}: {a:?} {b:?}");
        for quantile in [0.5, 0.9, 0.99] {
            let [a, b] = [one, other].map(|check| check.percentile(quantile, window).unwrap() as f64);
            assert!(near(a, b, 0.07), "{window:?} {quantile}: {a} {b}");
        }
    }
    let ten = Duration::from_mins(10);
    let [a, b] = [one, other].map(|check| check.spark(18, ten, now));
    for (a, b) in a[1..].iter().zip(&b[1..]) {
        assert!(a.is_some() == b.is_some() && near(a.unwrap_or(0) as f64, b.unwrap_or(0) as f64, 0.07), "{a:?} {b:?}");
    }
    let [one, other] = [&first, &second].map(|app| app.state.world.metrics.iter().next().unwrap());
    for (buckets, width) in [(17, ten), (150, Duration::from_mins(1))] {
        let [a, b] = [one, other].map(|metric| metric.points(buckets, width, now));
        let known = |points: &[Option<_>]| points.iter().filter(|point| point.is_some()).count();
        assert!(known(&b) > buckets * 8 / 10, "{b:?}");
        for (a, b) in a.iter().zip(&b).take(buckets - 2).skip(1) {
            let (Some(a), Some(b)) = (a, b) else {
                assert_eq!(a.is_some(), b.is_some());
                continue;
            };
            assert!(near(a.mean, b.mean, 0.07) && near(a.min, b.min, 0.07) && near(a.max, b.max, 0.07), "{a:?} {b:?}");
        }
    }
    // It is there once, and never asked for again.
    assert_eq!(shown(&mut second), []);
}

#[tokio::test]
async fn what_was_measured_here_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let fence = hold(&store, "one").await;
    let mut app = console(now());
    app.state.world.lease = LeaseView::Ours { fence, since: now() };
    three_hours(&mut app, &store, fence).await;
    let now = app.now();
    let figures = |app: &App| {
        let check = app.state.world.checks.iter().next().unwrap();
        let day = Duration::from_hours(24);
        (check.availability(day, now), check.percentile(0.9, day), check.spark(60, Duration::from_mins(3), now))
    };
    let before = figures(&app);
    let asked = shown(&mut app);
    let histories = store.stored_readings(&asked, minute(now.utc)).await.unwrap();
    assert!(histories.iter().all(|history| !history.minutes.is_empty()));
    app.outcome(Outcome::Past { series: asked, histories: Some(histories) });
    assert_eq!(figures(&app), before);
}

#[tokio::test]
async fn a_past_that_could_not_be_read_is_asked_for_again() {
    let mut app = console(now());
    let asked = shown(&mut app);
    assert_eq!(asked.len(), 2);
    assert_eq!(shown(&mut app), []);
    app.outcome(Outcome::Past { series: asked, histories: None });
    assert_eq!(shown(&mut app).len(), 2);
}

#[tokio::test]
async fn two_holders_parts_of_a_minute_are_added_and_a_try_is_not_added_twice() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let first = minute(now());
    let fence = hold(&store, "one").await;
    let mut written = sheet(first, 3).into();
    assert!(store.add_minute(fence, &mut written).await.unwrap());
    // Its answer was lost.
    assert!(store.add_minute(fence, &mut written).await.unwrap());
    store.give_back(fence).await.unwrap();
    let next = hold(&store, "two").await;
    assert!(next > fence);
    assert!(!store.add_minute(fence, &mut sheet(first, 3).into()).await.unwrap(), "the old one's fence is over");
    assert!(store.add_minute(next, &mut sheet(first, 3).into()).await.unwrap());
    let history = store.stored_readings(&[check("c0001")], first).await.unwrap().remove(0);
    assert_eq!(totals(&history), (vec![(first, 2)], 120_000));
}

#[tokio::test]
async fn packing_goes_on_where_another_left_it_and_late_minutes_are_added() {
    let checks = 450;
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let first = minute(now()) / 60 * 60;
    let mut fence = hold(&store, "0").await;
    for at in first..first + 64 {
        assert!(store.add_minute(fence, &mut sheet(at, checks).into()).await.unwrap());
    }
    let series: Vec<SeriesKey> = [0, 199, 200, 449].iter().map(|place| check(&format!("c{place:04}"))).collect();
    let before = store.stored_readings(&series, first + 64).await.unwrap();
    assert!(before.iter().all(|history| totals(history).0.len() == 64));
    // Whoever packs is cut off at each await in turn, and another one goes on.
    let (mut cuts, mut cut) = (0, Duration::from_millis(3));
    loop {
        cut = cut.mul_f64(1.25);
        if let Ok(packed) = tokio::time::timeout(cut, store.pack(fence, first + 64)).await {
            assert!(packed.unwrap());
            break;
        }
        cuts += 1;
        assert_eq!(store.stored_readings(&series, first + 64).await.unwrap(), before);
        store.give_back(fence).await.unwrap();
        fence = hold(&store, &cuts.to_string()).await;
    }
    assert!(cuts > 3, "{cuts}");
    let after = store.stored_readings(&series, first + 64).await.unwrap();
    assert_eq!(after, before);
    // Days later the hours say what their minutes do.
    let later = store.stored_readings(&series, first + 3 * 24 * 60).await.unwrap();
    for (history, before) in later.iter().zip(&before) {
        let hours: Vec<_> =
            history.hours.iter().map(|(hour, bucket)| (*hour, bucket.count(), bucket.known_ms())).collect();
        assert_eq!(hours, [(first, 60, 3_600_000)]);
        assert_eq!(before.series, history.series);
    }
    // How far they are packed is damaged: the readings are there all the same, and what comes is packed again.
    let mut raw = sqlx::SqliteConnection::connect(&format!("sqlite:{}", directory.path().join("opsroom.db").display()))
        .await
        .unwrap();
    sqlx::query("UPDATE keep SET body = x'7a7a' WHERE name = 'rollup.packed'").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    assert_eq!(store.stored_readings(&series, first + 64).await.unwrap(), before);
    assert!(store.pack(fence, first + 64).await.unwrap());
    assert_eq!(store.stored_readings(&series, first + 64).await.unwrap(), before);
    // A clock that was set back: a minute of an hour that is packed.
    assert!(store.add_minute(fence, &mut sheet(first + 7, checks).into()).await.unwrap());
    let read = |at| {
        let store = &store;
        let series = &series;
        async move { store.stored_readings(series, at).await.unwrap() }
    };
    assert_eq!(totals(&read(first + 64).await[3]).0[7], (first + 7, 2));
    assert!(store.pack(fence, first + 64).await.unwrap());
    assert_eq!(totals(&read(first + 64).await[3]).0[7], (first + 7, 2));
    assert_eq!(totals(&read(first + 64).await[3]).0.len(), 64);
}

#[tokio::test]
async fn what_another_one_saw_fills_minutes_of_which_nothing_or_less_is_stored() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let fence = hold(&store, "one").await;
    let first = minute(now());
    let seen = |at: u32, value: f64| {
        let mut bucket = Bucket::default();
        bucket.measure(0, value);
        Sheet::new(at, vec![(check("api"), bucket)])
    };
    assert!(store.add_minute(fence, &mut seen(first, 1.0).into()).await.unwrap());
    for at in [first, first + 1] {
        let mut left = SheetToWrite::standing_in(seen(at, 2.0));
        assert!(store.add_minute(fence, &mut left).await.unwrap());
    }
    // Who held the lease until the middle of a minute stored that half: who looked on saw the whole, and goes on from there.
    let part = |at: u32, seconds: u64| {
        let mut bucket = Bucket::default();
        (0..seconds / 10).for_each(|nth| bucket.measure((nth * 10) as u8, 1.0));
        bucket.stand(Status::Ok, seconds * 1_000, false);
        Sheet::new(at, vec![(check("web"), bucket)])
    };
    assert!(store.add_minute(fence, &mut part(first, 20).into()).await.unwrap());
    for (seconds, is_in_place) in [(10, true), (40, true), (40, true), (20, false)] {
        let seen = part(first, seconds);
        let mut seen = if is_in_place { SheetToWrite::standing_in(seen) } else { seen.into() };
        assert!(store.add_minute(fence, &mut seen).await.unwrap());
    }
    let web = &store.stored_readings(&[check("web")], first + 1).await.unwrap()[0].minutes;
    assert_eq!(
        web.iter().map(|(at, one)| (*at, one.count(), one.known_ms())).collect::<Vec<_>>(),
        [(first, 6, 60_000)]
    );
    // What follows of a minute that was filled so is added to it.
    assert!(store.add_minute(fence, &mut seen(first + 1, 3.0).into()).await.unwrap());
    let stored = |now: u32| {
        let store = &store;
        async move {
            let histories = store.stored_readings(&[check("api")], now).await.unwrap();
            histories[0].minutes.iter().map(|(at, bucket)| (*at, bucket.count())).collect::<Vec<_>>()
        }
    };
    assert_eq!(stored(first + 2).await, [(first, 1), (first + 1, 2)]);
    // An hour that is packed is known whole: nothing is put into it later.
    assert!(store.pack(fence, first + 120).await.unwrap());
    // That it was not seen to its end is known all the same.
    let standing = store.standing(&[check("api")], first / 1440 * 1440, first + 120).await.unwrap();
    assert_eq!(standing[0].until, Some(first + 2));
    let mut late = SheetToWrite::standing_in(seen(first + 2, 9.0));
    assert!(store.add_minute(fence, &mut late).await.unwrap());
    assert_eq!(stored(first + 120).await.len(), 2);
}

#[test]
fn what_cannot_be_read_is_a_problem_until_it_can() {
    let mut app = console(now());
    let shown = |app: &mut App| {
        app.keys("!");
        let shown = text(&draw(&app.state, 120, 40));
        app.keys("esc");
        shown
    };
    assert!(shown(&mut app).contains("no problems"));
    app.outcome(Outcome::ReadingsLeftOut(Some(SafeText::new("disk I/O error"))));
    let problems = shown(&mut app);
    assert!(problems.contains("stored readings can't be read: disk I/O"), "{problems}");
    app.outcome(Outcome::Past { series: vec![check("api")], histories: Some(Vec::new()) });
    assert!(shown(&mut app).contains("no problems"));
    for _ in 0..2 {
        app.outcome(Outcome::ReadingsLeftOut(None));
    }
    app.outcome(Outcome::Past { series: vec![check("api")], histories: Some(Vec::new()) });
    let problems = shown(&mut app);
    assert!(problems.contains("some stored readings can't be read") && !problems.contains("no problems"), "{problems}");
    assert!(!problems.contains("2x"), "{problems}");
}
