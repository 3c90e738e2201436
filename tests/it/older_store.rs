//! Runs of which an older store, that was accepted, knows nothing: on this host, and on others.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use opsroom::actions::follow::is_alive;
use opsroom::actions::rundir::RunDir;
use opsroom::app::state::State;
use opsroom::config::Config;
use opsroom::model::outcome::StoreAbsence;
use opsroom::model::run::{Run, RunState};
use opsroom::text::secret::Secrets;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::shared::{ONE, Shared, knows_the_store, reaches, told, waits_for};

const PATIENCE: Duration = Duration::from_secs(30);
/// The other host.
const ELSEWHERE: &str = "elsewhere";

/// The console's state directory is the one that commands here use.
const HERE: &str = "opsroom";

/// Keeps the store as it is now, to be put in its place later.
async fn kept(shared: &Shared) {
    let desk = shared.run_service(HERE).await;
    desk.store().checkpoint().await;
    std::fs::copy(shared.at.path().join("shared.db"), shared.at.path().join("older.db")).unwrap();
    desk.close().await;
}

fn put_back(shared: &Shared) {
    shared.moved("shared.db", "lost.db");
    std::fs::rename(shared.at.path().join("older.db"), shared.at.path().join("shared.db")).unwrap();
}

fn opsroom(shared: &Shared, state: &Path, before: &[&str], arguments: &[&str]) -> Output {
    let go = shared.at.path().join("go");
    let script = format!("while ! [ -e {} ]; do sleep 0.02; done", go.display());
    let text = format!(
        "[adapter.ours]\nrestart = {{ steps = [[\"/bin/sh\", \"-c\", \"{script}\"]] }}\n\
         touch = {{ steps = [[\"true\"]] }}\n\
         [action.restart-api]\nadapter = \"ours\"\ndo = \"restart\"\ntarget = \"api\"\n\
         [action.touch-web]\nadapter = \"ours\"\ndo = \"touch\"\ntarget = \"web\"\n"
    );
    let path = shared.at.path().join("opsroom.toml");
    std::fs::write(&path, text).unwrap();
    let program = [env!("CARGO_BIN_EXE_opsroom"), "--config", path.to_str().unwrap(), "--store"].map(str::to_owned);
    let words = before.iter().map(|word| (*word).to_owned()).chain(program).chain([shared.store()]);
    let words: Vec<String> = words.chain(arguments.iter().map(|word| (*word).to_owned())).collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(shared.at.path()).env("HOME", shared.at.path()).env("XDG_STATE_HOME", state);
    command.env_remove("OPSROOM_CONFIG").stdin(Stdio::null()).output().unwrap()
}

fn here(shared: &Shared, arguments: &[&str]) -> Output {
    opsroom(shared, shared.at.path(), &[], arguments)
}

/// A command on the other host, with the state directory of that.
fn elsewhere(shared: &Shared, arguments: &[&str]) -> Output {
    let renamed = format!("hostname {ELSEWHERE}; exec \"$@\"");
    opsroom(shared, &far(shared), &["unshare", "--uts", "sh", "-c", &renamed, "sh"], arguments)
}

fn far(shared: &Shared) -> PathBuf {
    shared.at.path().join("far")
}

fn is_another_host_possible() -> bool {
    let named = Command::new("unshare").args(["--uts", "hostname", ELSEWHERE]).output();
    let is_possible = named.is_ok_and(|named| named.status.success());
    if !is_possible {
        println!("skipped: another host needs the right to `unshare --uts`");
    }
    is_possible
}

fn text(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat()
}

fn does(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    text(output)
}

async fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let from = Instant::now();
    while !done() {
        assert!(from.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What is on record of runs: kind, host, and whether it is marked as late.
async fn of_runs(shared: &Shared) -> Vec<(String, String, bool)> {
    let page = shared.run_service("dora").await.store().audit_page(0, 100).await.unwrap();
    let said = page.into_iter().map(|line| {
        let text = |name: &str| line.entry[name].as_str().unwrap().to_owned();
        (text("kind"), text("host"), line.entry["late"] == true)
    });
    said.filter(|(kind, ..)| kind.starts_with("run.")).collect()
}

/// Kills the supervisor of a run.
fn kill(run: &Run) {
    let started = std::fs::read(run.output_path.join("started.json")).unwrap();
    let started: serde_json::Value = serde_json::from_slice(&started).unwrap();
    let pid = i32::try_from(started["pid"].as_i64().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

fn is_locked(state: &State) -> bool {
    state.world.locks.iter().any(|lock| lock.host == ELSEWHERE && lock.target == "api")
}

fn lacks_entries(state: &State) -> bool {
    state.world.store_away.as_ref().is_some_and(|away| away.how == StoreAbsence::LostEntries)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_another_host_keeps_its_lock_when_an_older_store_is_accepted() {
    if !is_another_host_possible() {
        return;
    }
    let shared = Shared::new();
    let mut console = shared.console(HERE, ONE);
    reaches(&mut console, "the store", PATIENCE, knows_the_store).await;
    kept(&shared).await;
    does(&elsewhere(&shared, &["run", "restart-api", "--yes", "--detach"]));
    reaches(&mut console, "its lock", PATIENCE, is_locked).await;

    put_back(&shared);
    reaches(&mut console, "that it lost entries", PATIENCE, lacks_entries).await;
    let said = does(&here(&shared, &["audit", "verify", "--accept", "--why", "restored"]));
    assert!(said.contains("accept it on the other hosts too"), "{said}");
    reaches(&mut console, "its lock again", PATIENCE, |state| state.world.store_away.is_none() && is_locked(state))
        .await;
    let refused = text(&here(&shared, &["run", "restart-api", "--yes"]));
    assert!(refused.contains("api is locked by") && refused.contains(ELSEWHERE), "{refused}");
    let timeline = does(&here(&shared, &["timeline"]));
    assert!(timeline.contains("on record again: the store had lost it"), "{timeline}");

    // It ends, and its host says so once it is told that this is the store to use.
    std::fs::write(shared.at.path().join("go"), "").unwrap();
    wait_for("its end", || {
        let runs = std::fs::read_dir(far(&shared).join("opsroom/runs")).unwrap().flatten();
        runs.into_iter().any(|run| RunDir::new(run.path()).read_closing().is_ok_and(|closing| closing.is_some()))
    })
    .await;
    let refused = text(&elsewhere(&shared, &["run", "restart-api", "--yes"]));
    assert!(refused.contains("opsroom audit verify --accept --why TEXT"), "{refused}");
    does(&elsewhere(&shared, &["audit", "verify", "--accept", "--why", "restored"]));
    reaches(&mut console, "that it is over", PATIENCE, |state| {
        let is_over = |run: &Run| run.host == ELSEWHERE && run.state == RunState::Ended;
        state.world.locks.is_empty() && state.world.history.iter().any(is_over)
    })
    .await;
    console.finish().await;
    let said = of_runs(&shared).await;
    let kinds: Vec<_> =
        said.iter().filter(|(_, host, _)| host == ELSEWHERE).map(|(kind, _, late)| (&**kind, *late)).collect();
    assert_eq!(kinds, [("run.intent", true), ("run.end", true)], "nothing verifies it: {said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_another_state_directory_here_that_is_over_is_on_record_with_its_outcome() {
    let shared = Shared::new();
    let mut console = shared.console(HERE, ONE);
    reaches(&mut console, "the store", PATIENCE, knows_the_store).await;
    kept(&shared).await;
    let desk = shared.run_service("ana").await;
    let start = waits_for(&shared.at.path().join("go"));
    let run = desk.begin(&start, &Config::default(), &Secrets::default()).await.unwrap();
    desk.close().await;
    reaches(&mut console, "its lock", PATIENCE, |state| !state.world.locks.is_empty()).await;
    put_back(&shared);
    reaches(&mut console, "that it lost entries", PATIENCE, lacks_entries).await;
    std::fs::write(shared.at.path().join("go"), "").unwrap();
    let dir = RunDir::new(&run.output_path);
    wait_for("the outcome", || dir.read_closing().is_ok_and(|closing| closing.is_some())).await;
    kill(&run);
    wait_for("that nobody is left to tell of it", || !is_alive(&dir)).await;

    let said = does(&here(&shared, &["audit", "verify", "--accept", "--why", "restored"]));
    assert!(!said.contains("recorded from their directories"), "{said}");
    reaches(&mut console, "that it is over", PATIENCE, |state| {
        let is_over = |known: &Run| known.id == run.id && known.state == RunState::Ended;
        state.world.store_away.is_none() && state.world.locks.is_empty() && state.world.history.iter().any(is_over)
    })
    .await;
    console.finish().await;
    let said = of_runs(&shared).await;
    assert!(said.iter().all(|(.., late)| *late), "it is history by now: {said:?}");
    assert_eq!(said.iter().filter(|(kind, ..)| kind == "run.intent").count(), 1, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_another_host_that_an_older_store_knows_ends_in_it() {
    if !is_another_host_possible() {
        return;
    }
    let shared = Shared::new();
    let mut console = shared.console(HERE, ONE);
    reaches(&mut console, "the store", PATIENCE, knows_the_store).await;
    does(&elsewhere(&shared, &["run", "restart-api", "--yes", "--detach"]));
    reaches(&mut console, "its lock", PATIENCE, is_locked).await;
    kept(&shared).await;
    does(&here(&shared, &["run", "touch-web", "--yes"]));
    put_back(&shared);
    reaches(&mut console, "that it lost entries", PATIENCE, lacks_entries).await;
    does(&here(&shared, &["audit", "verify", "--accept", "--why", "restored"]));
    reaches(&mut console, "that it is back", PATIENCE, |state| state.world.store_away.is_none()).await;
    assert!(is_locked(console.state()));
    // Its host has seen nothing that is missing.
    std::fs::write(shared.at.path().join("go"), "").unwrap();
    reaches(&mut console, "that it is over", PATIENCE, |state| {
        let is_over = |run: &Run| run.host == ELSEWHERE && run.state == RunState::Ended;
        state.world.locks.is_empty() && state.world.history.iter().any(is_over)
    })
    .await;
    let lines = told(&console.finish().await);
    assert!(!lines.iter().any(|line| line.contains("the store lost run ")), "{lines:?}");
    let said = of_runs(&shared).await;
    assert_eq!(said.iter().filter(|(kind, host, _)| kind == "run.intent" && host == ELSEWHERE).count(), 1, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_directories_tell_of_lost_runs_is_on_record_once_the_store_is_accepted() {
    let shared = Shared::new();
    kept(&shared).await;
    let desk = shared.run_service(HERE).await;
    let go = shared.at.path().join("go");
    let begin = async |target: &str| {
        let mut start = waits_for(&go);
        start.plan.target = target.to_owned();
        start.digest = start.plan.digest();
        desk.begin(&start, &Config::default(), &Secrets::default()).await.unwrap()
    };
    let (ends, is_lost) = (begin("web").await, begin("api").await);
    for run in [&ends, &is_lost] {
        wait_for("the start", || run.output_path.join("started.json").exists()).await;
    }
    kill(&is_lost);
    desk.close().await;
    put_back(&shared);
    std::fs::write(&go, "").unwrap();
    let dir = RunDir::new(&ends.output_path);
    wait_for("the outcome", || dir.read_closing().is_ok_and(|closing| closing.is_some())).await;
    kill(&ends);
    wait_for("that nobody is left to tell of it", || {
        [&ends, &is_lost].iter().all(|run| !is_alive(&RunDir::new(&run.output_path)))
    })
    .await;

    let said = does(&here(&shared, &["audit", "verify", "--accept", "--why", "restored"]));
    assert!(said.contains("recorded from their directories here") && said.contains(&*ends.id), "{said}");
    let stored = shared.run_service(HERE).await;
    let known = async |run: &Run| stored.store().run(&run.id).await.unwrap().map(|run| run.state);
    assert_eq!(known(&ends).await, Some(RunState::Ended));
    assert_eq!(known(&is_lost).await, Some(RunState::Unknown));
    let locks: Vec<_> = stored.store().locks().await.unwrap().into_iter().map(|lock| lock.id).collect();
    assert_eq!(locks, [is_lost.id], "nobody knows how it ended: a person says when its lock goes");
    let again = does(&here(&shared, &["audit", "verify", "--accept", "--why", "restored"]));
    assert!(again.contains("nothing was changed") && !again.contains("directories"), "{again}");
}
