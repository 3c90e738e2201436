//! What the engine of alerts remembers over a restart and a handover: streaks, what is pending and what fires, since when.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use opsroom::app::state::State;
use opsroom::clock::Clock;
use opsroom::model::effect::{Effect, HolderEffect};
use opsroom::model::engine::{EngineState, KeptAlertState};
use opsroom::model::lease::{LeaseReport, LeaseView};
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::model::since::Since;
use opsroom::model::status::Status;
use opsroom::runtime::core::{ConsolePart, StartOptions};
use opsroom::runtime::headless::{Headless, LoopEnd};
use opsroom::store::engine_body;
use opsroom::world::alerts::Phase;
use rustix::process::Signal;
use sqlx::Connection as _;

use super::support::app::{App, config};
use super::support::pty::{Terminal, until};

const CONFIG: &str = r#"
[check.api]
tcp = "api.example:1"
every = "10s"
fail_after = 3
alert = { critical = "down for 1m" }
[metric.load]
check = "api"
latency = "p95"
window = "5m"
alert = { high = "> 100 for 1m" }
"#;

fn ours(app: &mut App) {
    let view = LeaseView::Ours { fence: 1, since: app.now().utc };
    app.outcome(Outcome::Lease(Box::new(LeaseReport { view, ..LeaseReport::default() })));
}

/// What was to be kept last.
fn kept(app: &mut App) -> Option<EngineState> {
    app.take().into_iter().rev().find_map(|effect| match effect {
        Effect::Holder(HolderEffect::KeepEngine(engine)) => Some(Arc::unwrap_or_clone(engine)),
        _ => None,
    })
}

/// The next console, some seconds later, which knows what the other one kept; as it is stored.
fn next(engine: &EngineState, seconds: u64, before: impl FnOnce(&mut App)) -> App {
    let mut app = App::new(CONFIG);
    app.wait(600_000 + seconds * 1_000);
    before(&mut app);
    let engine = serde_json::from_str(&serde_json::to_string(engine).unwrap()).unwrap();
    app.outcome(Outcome::Engine { engine: Box::new(engine), unseen: Duration::from_secs(seconds) });
    app
}

/// A console that was up for ten minutes: well, then down since the given number of polls.
fn outage(polls: u64) -> App {
    let mut app = App::new(CONFIG);
    ours(&mut app);
    for poll in 0..60 {
        app.poll("api", if poll < 60 - polls { Sign::Good } else { Sign::Bad });
        app.pass(10);
    }
    app
}

fn alert(state: &State) -> Option<(Phase, Option<Since>)> {
    state.world.alerts.iter().next().map(|alert| (alert.phase, alert.since))
}

#[test]
fn only_the_holder_keeps_it_and_only_where_it_changed() {
    let mut app = App::new(CONFIG);
    app.poll("api", Sign::Good);
    app.pass(30);
    assert_eq!(kept(&mut app), None, "it does not hold the lease");
    ours(&mut app);
    app.pass(1);
    assert!(kept(&mut app).is_some());
    app.pass(20);
    assert_eq!(kept(&mut app), None, "nothing is new");
    app.poll("api", Sign::Bad);
    app.pass(5);
    assert_eq!(kept(&mut app).unwrap().checks[0].1.bad, 1);
    app.poll("api", Sign::Bad);
    app.pass(3);
    assert_eq!(kept(&mut app), None, "not so soon");
    app.pass(2);
    assert_eq!(kept(&mut app).unwrap().checks[0].1.bad, 2);
}

#[test]
fn what_is_well_has_been_so_since_the_last_engine_knew_also_where_it_was_polled_before() {
    let mut first = outage(0);
    let engine = kept(&mut first).unwrap();
    let at = |app: &App| {
        let world = &app.state.world;
        let (check, row) = (world.checks.iter().next().unwrap().since, world.services.iter().next().unwrap().since);
        [check, row].map(|since| since.map(|since| since.at.utc))
    };
    let since = at(&first);
    assert_eq!(since[0], since[1]);
    for is_polled_first in [true, false] {
        let mut app = next(&engine, 5, |app| {
            if is_polled_first {
                app.poll("api", Sign::Good);
            }
        });
        app.poll("api", Sign::Good);
        assert_eq!(at(&app), since, "polled before: {is_polled_first}");
    }
}

#[test]
fn a_streak_goes_on_after_a_restart() {
    let mut first = outage(2);
    let engine = kept(&mut first).unwrap();
    assert_eq!(first.state.world.checks.iter().next().unwrap().status, Status::Pending);
    let mut app = next(&engine, 5, |_| {});
    app.poll("api", Sign::Bad);
    let check = app.state.world.checks.iter().next().unwrap();
    assert_eq!(check.status, Status::Down, "the third in a row");
    // The same where the first poll came before what was kept was read.
    let app = next(&engine, 5, |app| app.poll("api", Sign::Bad));
    assert_eq!(app.state.world.checks.iter().next().unwrap().status, Status::Down);
    // And not where it is well again.
    let app = next(&engine, 5, |app| app.poll("api", Sign::Good));
    assert_eq!(app.state.world.checks.iter().next().unwrap().status, Status::Ok);
}

#[test]
fn what_fires_goes_on_firing_since_then() {
    let mut first = outage(20);
    let before = alert(&first.state).unwrap();
    assert_eq!(before.0, Phase::Firing);
    let since = first.state.world.checks.iter().next().unwrap().since.unwrap();
    let engine = kept(&mut first).unwrap();
    let mut app = next(&engine, 5, |_| {});
    assert_eq!(
        alert(&app.state).map(|(phase, since)| (phase, since.unwrap().at.utc)),
        Some((Phase::Firing, before.1.unwrap().at.utc))
    );
    app.poll("api", Sign::Bad);
    let check = app.state.world.checks.iter().next().unwrap();
    assert_eq!((check.status, check.since.unwrap().at.utc), (Status::Down, since.at.utc));
    let fired = |app: &App| {
        app.state.world.timeline.newest_first().filter(|entry| entry.text.as_str().contains(" api down")).count()
    };
    app.pass(120);
    assert_eq!(fired(&app), 0, "it is not said again");
    // Well again: that it is over is said.
    app.poll("api", Sign::Good);
    app.poll("api", Sign::Good);
    assert_eq!((alert(&app.state).unwrap().0, fired(&app)), (Phase::Resolved, 1));
}

#[test]
fn what_is_pending_goes_on_without_the_time_in_which_nobody_looked() {
    // Down since the third poll of seven, so for 40 s of the minute.
    let mut first = outage(7);
    assert_eq!(alert(&first.state).unwrap().0, Phase::Pending);
    let engine = kept(&mut first).unwrap();
    let KeptAlertState::Pending(active_at) = engine.alerts[0].1.state else { panic!("{engine:?}") };
    let mut app = next(&engine, 30, |_| {});
    app.poll("api", Sign::Bad);
    assert_eq!(
        alert(&app.state).map(|(phase, since)| (phase, since.unwrap().at.utc)),
        Some((Phase::Pending, active_at))
    );
    let since = app.now();
    while alert(&app.state).unwrap().0 == Phase::Pending {
        app.pass(1);
        assert!(app.now().since(since) < Duration::from_mins(1), "it begins again");
        app.poll("api", Sign::Bad);
    }
    assert!(app.now().since(since) >= Duration::from_secs(5), "the time in between counts");
}

#[test]
fn what_is_no_longer_configured_is_left_out() {
    let mut first = outage(20);
    let engine = kept(&mut first).unwrap();
    let mut app = App::new("[check.api]\ntcp = \"api.example:1\"\nalert = { critical = \"down for 5m\" }\n");
    app.outcome(Outcome::Engine { engine: Box::new(engine), unseen: Duration::ZERO });
    assert_eq!(alert(&app.state), None, "another condition");
    let engine = kept(&mut outage(20)).unwrap();
    let mut app = App::new("[check.web]\ntcp = \"web.example:1\"\n");
    app.outcome(Outcome::Engine { engine: Box::new(engine), unseen: Duration::ZERO });
    assert_eq!(app.state.world.checks.iter().next().unwrap().status, Status::Unknown);
}

/// What the holder kept in the store, once an alert fires.
async fn firing(db: &Path) -> Option<DateTime<Utc>> {
    let mut raw = sqlx::SqliteConnection::connect(&format!("sqlite:{}", db.display())).await.ok()?;
    let body: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT body FROM keep WHERE name = 'engine'").fetch_optional(&mut raw).await.ok()?;
    raw.close().await.ok()?;
    let engine: EngineState = engine_body::unpacked(&body?).ok()?;
    match engine.alerts.first()?.1.state {
        KeptAlertState::Firing(_, fired_at) => Some(fired_at),
        _ => None,
    }
}

/// The true program is killed while an alert fires. The next console on its store takes over what fires, and then the lease.
#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_is_killed_is_succeeded() {
    let at = tempfile::tempdir().unwrap();
    let file = at.path().join("opsroom.toml");
    let text = r#"
        [check.api]
        command = ["sh", "-c", "exit 2"]
        every = "200ms"
        timeout = "200ms"
        fail_after = 3
        alert = { critical = "down for 1s" }
    "#;
    std::fs::write(&file, text).unwrap();
    let (state_directory, argv) =
        (at.path().join("opsroom"), [env!("CARGO_BIN_EXE_opsroom"), "--config", file.to_str().unwrap()]);
    let terminal = Terminal::program(&argv, 80, 24, &[("XDG_STATE_HOME", at.path().to_str().unwrap())]);
    let db = state_directory.join("opsroom.db");
    let mut fired_at = None;
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        until("the alert fires on record", || {
            fired_at = handle.block_on(firing(&db));
            fired_at.is_some()
        });
    });
    terminal.signal(Signal::KILL);
    drop(terminal);

    let start = StartOptions {
        clock: Clock::start(),
        config: config(text),
        loader: None,
        warnings: Vec::new(),
        store: None,
        part: ConsolePart::ActsForAll,
        state_directory,
        record: None,
    };
    let mut next = Headless::start(start, (80, 24));
    let patience = Duration::from_mins(1);
    let since = |state: &State| alert(state).and_then(|(_, since)| since).map(|since| since.at.utc);
    // However late the store answers, and whatever this console saw by then.
    let goes_on =
        |state: &State| alert(state).is_some_and(|(phase, _)| phase == Phase::Firing) && since(state) == fired_at;
    assert_eq!(next.run(patience, goes_on).await, LoopEnd::Reached, "it fires since then");
    assert!(!matches!(next.state().world.lease, LeaseView::Ours { .. }), "the other one's has not expired yet");
    let holds = |state: &State| matches!(state.world.lease, LeaseView::Ours { .. });
    assert_eq!(next.run(Duration::from_secs(25), holds).await, LoopEnd::Reached);
    assert_eq!(since(next.state()), fired_at);
    let fired = next.state().world.timeline.newest_first().filter(|entry| entry.text.as_str().contains(" api down"));
    assert_eq!(fired.count(), 1, "as it is on record, and not again");
    next.finish().await;
    let mut raw = sqlx::SqliteConnection::connect(&format!("sqlite:{}", db.display())).await.unwrap();
    let taken: i64 =
        sqlx::query_scalar("SELECT count(*) FROM fact WHERE kind = 'lease.taken'").fetch_one(&mut raw).await.unwrap();
    let holder: String = sqlx::query_scalar("SELECT holder FROM lease").fetch_one(&mut raw).await.unwrap();
    assert_eq!((taken, &*holder), (2, ""), "both are on record, and who leaves gives it back");
}
