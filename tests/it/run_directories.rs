//! Directories of runs that the store has let go of.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use opsroom::actions::follow::is_alive;
use opsroom::actions::rundir::RunDir;
use opsroom::clock::Clock;
use opsroom::config::Config;
use opsroom::model::effect::StartRun;
use opsroom::model::run::{Plan, Run, RunState};
use opsroom::runtime::runs::RunService;
use opsroom::text::secret::Secrets;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::Connection as _;
use tokio::sync::mpsc;

use crate::support::plans;
use crate::support::shared::{ONE, Shared, reaches, waits_for};

/// Far beyond what any wait takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// For so long runs are kept.
const KEPT: Duration = Duration::from_hours(90 * 24);

async fn begun(desk: &RunService, until: &Path) -> Run {
    desk.begin(&waits_for(until), &Config::default(), &Secrets::default()).await.unwrap()
}

/// The directory of a run that is over, and whose supervisor is gone.
async fn over(desk: &RunService) -> PathBuf {
    let run = begun(desk, Path::new("/")).await;
    let (out, _) = mpsc::channel(1);
    let directory = desk.attach(run, &out).await.output_path;
    until("its supervisor is gone", || !is_alive(&RunDir::new(&directory))).await;
    directory
}

/// The directory of a run of another target whose supervisor was killed: nobody knows how it ended, and it holds its lock.
async fn killed(desk: &RunService, until_file: &Path) -> PathBuf {
    let StartRun { plan, .. } = waits_for(until_file);
    let start = plans::confirmed(Plan { target: "web".to_owned(), ..plan });
    let run = desk.begin(&start, &Config::default(), &Secrets::default()).await.unwrap();
    let started = run.output_path.join("started.json");
    until("it runs", || started.exists()).await;
    let text: serde_json::Value = serde_json::from_slice(&std::fs::read(&started).unwrap()).unwrap();
    let pid = Pid::from_raw(i32::try_from(text["pid"].as_i64().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    until("its supervisor is gone", || !is_alive(&RunDir::new(&run.output_path))).await;
    desk.take_in().await.unwrap();
    assert_eq!(desk.run(&run.id).await.unwrap().unwrap().state, RunState::Unknown);
    run.output_path
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let holds = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, holds).await.is_ok(), "{what}");
}

/// It began that long ago.
fn age(directory: &Path, days: i64) {
    let file = directory.join("intent.json");
    let mut intent: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let at: DateTime<Utc> = intent["at"].as_str().unwrap().parse().unwrap();
    intent["at"] = (at - TimeDelta::days(days)).to_rfc3339().into();
    std::fs::write(&file, intent.to_string()).unwrap();
}

/// The store lets go of it, as retention does.
async fn prune(shared: &Shared, directory: &Path) {
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(shared.at.path().join("shared.db"));
    let mut store = sqlx::SqliteConnection::connect_with(&file).await.unwrap();
    let id = directory.file_name().unwrap().to_str().unwrap();
    let gone = sqlx::query("DELETE FROM thing WHERE kind = 'run' AND id = $1").bind(id).execute(&mut store).await;
    assert_eq!(gone.unwrap().rows_affected(), 1);
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn directories_of_runs_that_were_pruned_go_and_no_others() {
    let shared = Shared::new();
    let desk = shared.run_service("ana").await;
    let url = format!("sqlite:{}", shared.at.path().join("other.db").display());
    let other = RunService::open(Some(&url), &shared.state_of("ana"), Clock::start()).await.unwrap();
    let other = over(&other.with_program(env!("CARGO_BIN_EXE_opsroom"))).await;
    let (old, known, young, held, lost) =
        (over(&desk).await, over(&desk).await, over(&desk).await, over(&desk).await, over(&desk).await);
    let go = shared.at.path().join("go");
    let live = begun(&desk, &go).await.output_path;
    until("it runs", || live.join("started.json").exists()).await;
    let open = killed(&desk, &go).await;
    for directory in [&old, &young, &held, &lost, &live, &open] {
        prune(&shared, directory).await;
    }
    for directory in [&old, &known, &held, &lost, &live, &open, &other] {
        age(directory, 91);
    }
    age(&young, 89);
    for file in ["closing.json", "result.json"] {
        std::fs::remove_file(lost.join(file)).unwrap();
    }
    // Somebody takes it up again, as a supervisor does.
    let alive = File::options().append(true).open(held.join("alive")).unwrap();
    alive.lock().unwrap();

    assert_eq!(desk.remove_pruned(None).await.unwrap(), 0, "they are kept for ever");
    assert!(old.exists());
    desk.remove_pruned(Some(KEPT)).await.unwrap();
    assert!(!old.exists());
    assert!(!lost.exists(), "nobody knows how it ended, and nobody asks any more");
    for (directory, what) in [
        (&known, "the store knows it"),
        (&young, "it was not pruned for its age"),
        (&held, "somebody holds it"),
        (&open, "nobody knows how it ended, and it holds its lock"),
        (&live, "it runs"),
        (&other, "another store knows it"),
    ] {
        assert!(directory.join("intent.json").exists(), "{what}");
    }
    // A person has closed it.
    let id = open.file_name().unwrap().to_str().unwrap();
    assert!(desk.unlock(id, "looked", &[]).await.unwrap().is_some());
    desk.remove_pruned(Some(KEPT)).await.unwrap();
    assert!(!open.exists());
    // Its supervisor, which nobody can tell from its files any more, waits for its store.
    std::fs::copy(known.join("closing.json"), live.join("closing.json")).unwrap();
    std::fs::remove_file(live.join("alive")).unwrap();
    desk.remove_pruned(Some(KEPT)).await.unwrap();
    assert!(live.join("intent.json").exists(), "its supervisor lives");
    std::fs::write(&go, "").unwrap();
    until("it ends", || live.join("result.json").exists()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_what_it_was_proves_nothing() {
    let shared = Shared::new();
    let desk = shared.run_service("ana").await;
    let directory = over(&desk).await;
    age(&directory, 91);
    let mut store = {
        let file = sqlx::sqlite::SqliteConnectOptions::new().filename(shared.at.path().join("shared.db"));
        sqlx::SqliteConnection::connect_with(&file).await.unwrap()
    };
    let lost = "DELETE FROM thing; DROP TRIGGER fact_is_never_deleted; DELETE FROM fact WHERE seq > 1";
    sqlx::raw_sql(lost).execute(&mut store).await.unwrap();
    let doubt = desk.remove_pruned(Some(KEPT)).await.unwrap_err();
    assert!(directory.exists(), "{doubt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_acts_removes_them_and_one_that_looks_on_does_not() {
    let shared = Shared::new();
    let mut directories = Vec::new();
    for who in ["ana", "ben"] {
        let desk = shared.run_service(who).await;
        let directory = over(&desk).await;
        desk.close().await;
        prune(&shared, &directory).await;
        age(&directory, 91);
        directories.push(directory);
    }
    let mut looking = shared.console("ben", "[console]\nread_only = true\n");
    let mut acting = shared.console("ana", ONE);
    let runs = async { looking.run(PATIENCE, |_| !directories[0].exists()).await };
    tokio::join!(runs, reaches(&mut acting, "that it is gone", PATIENCE, |_| !directories[0].exists()));
    assert!(directories[1].exists());
}
