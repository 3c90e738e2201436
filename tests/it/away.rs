//! What becomes of runs and attempts while the store is away, or another one is accepted in its place.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use opsroom::actions::follow::is_alive;
use opsroom::actions::rundir::RunDir;
use opsroom::app::state::State;
use opsroom::clock::Clock;
use opsroom::config::Config;
use opsroom::model::effect::StartRun;
use opsroom::model::outcome::{Outcome, StoreAbsence, StoreAway};
use opsroom::model::run::{Plan, Run, RunState};
use opsroom::model::status::Status;
use opsroom::model::verification::Terms;
use opsroom::runtime::runs::RunService;
use opsroom::text::SafeText;
use opsroom::text::secret::Secrets;

use crate::support::app::{App, config};
use crate::support::frame;
use crate::support::plans;
use crate::support::pty::{self, Terminal};
use crate::support::shared::{ONE, Shared, all_reach, knows_the_store, reaches, told, waits_for};

/// Far beyond what any wait takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Within this a console shows what waited for a store that is back, twice over: the machine of a test has other work.
const SOON: Duration = Duration::from_secs(4);

const CHECKED: &str =
    "[console]\nname = \"one\"\n[check.api]\ncommand = [\"true\"]\nevery = \"1s\"\ntimeout = \"900ms\"\n";

/// What is said of a run above the footer and in its note.
fn is_said_unstored(state: &State) -> bool {
    let result = state.run_result().map(|result| result.text.to_string());
    let notes = state.world.runs.iter().filter_map(|view| view.run.note.as_ref().map(ToString::to_string));
    result.into_iter().chain(notes).any(|said| said.contains("not stored yet"))
}

fn is_in(wanted: RunState) -> impl Fn(&State) -> bool + Copy {
    move |state| state.world.runs.iter().any(|view| view.run.state == wanted)
}

fn is_away(state: &State) -> bool {
    state.world.store_away.is_some()
}

async fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let from = Instant::now();
    while !done() {
        assert!(from.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Kind, whether it is marked as late, and the state, of all that is on record of runs.
async fn of_runs(shared: &Shared) -> Vec<(String, bool, Option<String>)> {
    let page = shared.run_service("dora").await.store().audit_page(0, 100).await.unwrap();
    let entries = page.into_iter().map(|line| line.entry);
    let said = entries.map(|entry| {
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        (text(&entry["kind"]).unwrap(), entry["late"] == true, text(&entry["detail"]["state"]))
    });
    said.filter(|(kind, ..)| kind.starts_with("run.")).collect()
}

fn said(kind: &str, is_late: bool, state: Option<&str>) -> (String, bool, Option<String>) {
    (kind.to_owned(), is_late, state.map(str::to_owned))
}

/// Begins a run that waits, is verified, and is in the state directory of `who`.
async fn begun(shared: &Shared, who: &str, checked: &Config) -> Run {
    let desk = shared.run_service(who).await;
    let (checks, before) = (vec!["api".into()], BTreeMap::new());
    let verify = Some(Terms { checks, good: 1, ok_after: BTreeMap::new(), within: Duration::from_secs(20), before });
    let start = StartRun { verify, ..waits_for(&shared.at.path().join("go")) };
    let begun = desk.begin(&start, checked, &Secrets::default()).await.unwrap();
    desk.close().await;
    begun
}

fn ends(shared: &Shared) {
    std::fs::write(shared.at.path().join("go"), "").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_while_the_store_is_away_is_late_and_seen_as_soon_as_that_is_back() {
    let shared = Shared::new();
    let mut consoles: Vec<_> = ["ana", "ben"].iter().map(|who| shared.console(who, ONE)).collect();
    all_reach(&mut consoles, "the store", knows_the_store).await;
    begun(&shared, "ana", &config(CHECKED)).await;
    all_reach(&mut consoles, "the run", is_in(RunState::Running)).await;
    shared.moved("shared.db", "gone.db");
    all_reach(&mut consoles, "that it is away", is_away).await;
    ends(&shared);
    all_reach(&mut consoles, "the outcome, and that it waits", |state| {
        is_in(RunState::Verified)(state) && is_said_unstored(state)
    })
    .await;
    shared.moved("gone.db", "shared.db");
    let took = all_reach(&mut consoles, "that it is stored", |state| {
        !is_away(state) && state.world.locks.is_empty() && !is_said_unstored(state)
    })
    .await;
    assert!(took < SOON, "{took:?}");
    for console in consoles {
        let lines = told(&console.finish().await);
        let said = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        assert_eq!(said("restart-api: verified"), 1, "by who saw it and by the fact: {lines:?}");
    }
    let due =
        [said("run.intent", false, None), said("run.end", true, None), said("run.verdict", true, Some("verified"))];
    assert_eq!(of_runs(&shared).await, due);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_store_lacks_once_it_went_back_is_recorded_from_its_directory() {
    let shared = Shared::new();
    let mut console = shared.console("opsroom", ONE);
    reaches(&mut console, "the store", PATIENCE, knows_the_store).await;
    let desk = shared.run_service("opsroom").await;
    desk.store().checkpoint().await;
    std::fs::copy(shared.at.path().join("shared.db"), shared.at.path().join("older.db")).unwrap();
    desk.close().await;
    let run = begun(&shared, "opsroom", &config(CHECKED)).await;
    reaches(&mut console, "the run", PATIENCE, is_in(RunState::Running)).await;
    ends(&shared);
    let is_stored = |state: &State| is_in(RunState::Verified)(state) && state.world.locks.is_empty();
    reaches(&mut console, "its outcome", PATIENCE, |state| is_stored(state) && !is_said_unstored(state)).await;

    shared.moved("shared.db", "lost.db");
    reaches(&mut console, "that it is away", PATIENCE, is_away).await;
    std::fs::rename(shared.at.path().join("older.db"), shared.at.path().join("shared.db")).unwrap();
    let lacks =
        |state: &State| state.world.store_away.as_ref().is_some_and(|away| away.how == StoreAbsence::LostEntries);
    reaches(&mut console, "that it lost entries", PATIENCE, lacks).await;
    shared.accept();
    let is_again = |state: &State| {
        let is_it = |stored: &Run| stored.id == run.id && stored.state == RunState::Verified;
        state.world.locks.is_empty() && state.world.history.iter().any(is_it) && !is_said_unstored(state)
    };
    reaches(&mut console, "what its directory tells", PATIENCE, |state| !is_away(state) && is_again(state)).await;
    assert!(of_runs(&shared).await.iter().all(|(_, late, _)| *late), "it is history by now");
    // What it says of the record comes after the runs.
    let is_said =
        |state: &State| told(state).iter().any(|line| line.contains("the store holds another record than before"));
    reaches(&mut console, "that the record went back", PATIENCE, is_said).await;
    console.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_a_store_that_is_replaced_goes_to_the_accepted_one() {
    let shared = Shared::new();
    let mut console = shared.console("opsroom", ONE);
    reaches(&mut console, "the store", PATIENCE, knows_the_store).await;
    let run = begun(&shared, "opsroom", &config(CHECKED)).await;
    reaches(&mut console, "the run", PATIENCE, is_in(RunState::Running)).await;
    shared.moved("shared.db", "lost.db");
    reaches(&mut console, "that it is away", PATIENCE, is_away).await;
    ends(&shared);
    let dir = RunDir::new(&run.output_path);
    wait_for("the outcome", || dir.read_closing().is_ok_and(|closing| closing.is_some())).await;
    reaches(&mut console, "that it waits", PATIENCE, is_said_unstored).await;
    shared.accept();
    let took = reaches(&mut console, "that it is stored", PATIENCE, |state| {
        let is_known = state.world.history.iter().any(|known| known.id == run.id);
        !is_away(state) && is_known && !is_said_unstored(state)
    })
    .await;
    assert!(took < SOON, "{took:?}");
    wait_for("the end of its supervisor", || !is_alive(&dir)).await;
    console.finish().await;
    let stored = shared.run_service("opsroom").await;
    let known = stored.store().run(&run.id).await.unwrap().unwrap();
    let began = |run: &Run| run.started_at.timestamp_millis();
    assert_eq!((known.state, &known.reason, began(&known)), (RunState::Verified, &run.reason, began(&run)));
    assert!(stored.store().locks().await.unwrap().is_empty());
    let due =
        [said("run.intent", true, None), said("run.end", true, None), said("run.verdict", true, Some("verified"))];
    assert_eq!(of_runs(&shared).await, due, "once, all of it as history");
}

/// What was refused, as the store of a terminal has it: whether each is marked as late.
fn refused(console: &Terminal) -> Vec<bool> {
    let output = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .args(["audit", "export"])
        .env("XDG_STATE_HOME", console.state())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let refused = text.lines().filter(|line| line.contains("run.refused"));
    refused.map(|line| line.contains("late\\\":true") || line.contains("late\":true")).collect()
}

#[test]
fn an_attempt_without_the_store_is_said_to_be_refused_and_is_on_record_once_that_is_back() {
    let at = tempfile::tempdir().unwrap();
    let path = at.path().join("opsroom.toml");
    let text = "[console]\nname = \"proving-ground\"\n[adapter.ours]\nrestart = { steps = [[\"touch\", \"ran\"]] }\n\
                [action.restart-api]\nadapter = \"ours\"\ndo = \"restart\"\ntarget = \"api\"\nkey = \"H\"\n";
    std::fs::write(&path, text).unwrap();
    let mut console = Terminal::console(&path, 80, 24);
    console.wait_for("proving-ground");
    let state = console.state().join("opsroom");
    let moved = |from: &str, to: &str| {
        for suffix in ["", "-wal", "-shm"] {
            let [from, to] = [from, to].map(|name| state.join(format!("{name}{suffix}")));
            std::fs::rename(from, to).ok();
        }
    };
    pty::until("it is known which store that is", || {
        std::fs::read_dir(state.join("heads")).is_ok_and(|at| at.count() > 1)
    });
    moved("opsroom.db", "gone.db");
    console.wait_for("STORE AWAY");
    console.press("H");
    console.wait_for("Run is refused until it is back");
    pty::until("the dialog takes the key", || {
        console.press("y");
        std::thread::sleep(Duration::from_millis(50));
        !console.contents().contains("digest")
    });
    console.wait_for("was refused");
    moved("gone.db", "opsroom.db");
    console.wait("it is back", |screen| !screen.contents().contains("STORE AWAY"));
    pty::until("it is on record", || !refused(&console).is_empty());
    console.press("q");
    console.wait_for_end();
    assert_eq!(refused(&console), [true], "once, and marked as late");
}

/// Since when the last status that waits for the store is so, where it is down.
fn queued_down(state: &Path) -> Option<DateTime<Utc>> {
    let files = std::fs::read_dir(state.join("queue")).ok()?.flatten().map(|file| file.path());
    let queue = files.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "jsonl"))?;
    let text = std::fs::read_to_string(queue).ok()?;
    let last: serde_json::Value = serde_json::from_str(text.lines().last()?).ok()?;
    let since = last["detail"]["since"].as_str().filter(|_| last["detail"]["status"] == "down")?;
    since.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_without_the_store_knows_what_was_queued_after_the_engine_was_kept() {
    let shared = Shared::new();
    let service = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = service.local_addr().unwrap();
    let text = format!(
        "{ONE}[check.api]\ntcp = \"{address}\"\nevery = \"1s\"\ntimeout = \"900ms\"\nfail_after = 3\nok_after = 1\n"
    );
    let is = |status| move |state: &State| state.world.check("api").is_some_and(|check| check.status == status);
    let mut holder = shared.console("ana", &text);
    reaches(&mut holder, "the lease", PATIENCE, |state| state.world.lease.fence().is_some()).await;
    reaches(&mut holder, "ok", PATIENCE, is(Status::Ok)).await;
    shared.moved("shared.db", "gone.db");
    reaches(&mut holder, "that it is away", PATIENCE, is_away).await;
    let state = shared.state_of("ana");
    let copy = || {
        let mut files = std::fs::read_dir(state.join("queue")).unwrap().flatten().map(|file| file.path());
        files.find(|path| path.to_string_lossy().ends_with("engine.json"))
    };
    reaches(&mut holder, "a copy of what it knows", PATIENCE, |_| copy().is_some()).await;
    let (path, older) = (copy().unwrap(), std::fs::read(copy().unwrap()).unwrap());
    drop(service);
    reaches(&mut holder, "down", PATIENCE, is(Status::Down)).await;
    reaches(&mut holder, "that it waits", PATIENCE, |_| queued_down(&state).is_some()).await;
    let since = queued_down(&state);
    // As by a kill, before it was kept again.
    drop(holder);
    std::fs::write(&path, older).unwrap();

    let mut next = shared.console("ana", &text);
    reaches(&mut next, "since when it is down", PATIENCE, move |state| {
        let check = state.world.check("api").unwrap();
        check.status == Status::Down && check.since.map(|known| known.at.utc) == since
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_without_the_store_sees_the_run_that_goes_on_and_its_output() {
    let shared = Shared::new();
    let desk = shared.run_service("ana").await;
    let go = shared.at.path().join("go");
    let script = format!("echo begun; while ! [ -e '{}' ]; do sleep 0.02; done; echo over", go.display());
    let plan = plans::plan(Path::new("/"), &script);
    let start = plans::confirmed(Plan { timeout: Duration::from_mins(1), ..plan });
    let run = desk.begin(&start, &Config::default(), &Secrets::default()).await.unwrap();
    // Of another store: it is none of this one's.
    let url = format!("sqlite:{}", shared.at.path().join("other.db").display());
    let other = RunService::open(Some(&url), &shared.state_of("ana"), Clock::start()).await.unwrap();
    let other = other.with_program(env!("CARGO_BIN_EXE_opsroom"));
    let elsewhere = other.begin(&waits_for(&go), &Config::default(), &Secrets::default()).await.unwrap();
    desk.close().await;
    other.close().await;
    shared.moved("shared.db", "gone.db");

    let mut console = shared.console("ana", ONE);
    reaches(&mut console, "that it is away", PATIENCE, is_away).await;
    reaches(&mut console, "the run", PATIENCE, is_in(RunState::Running)).await;
    let says = |what: &'static str| {
        move |state: &State| {
            state.world.runs.iter().any(|view| view.lines.iter().any(|line| line.text.as_str() == what))
        }
    };
    reaches(&mut console, "its output", PATIENCE, says("begun")).await;
    let shown: Vec<_> = console.state().world.runs.iter().map(|view| view.run.id.clone()).collect();
    assert_eq!(shown, std::slice::from_ref(&run.id), "and not {}", elsewhere.id);
    ends(&shared);
    reaches(&mut console, "its last word", PATIENCE, says("over")).await;
    reaches(&mut console, "its outcome, and that it waits", PATIENCE, |state| {
        is_in(RunState::Ended)(state) && is_said_unstored(state)
    })
    .await;
    shared.moved("gone.db", "shared.db");
    reaches(&mut console, "that it is stored", PATIENCE, |state| {
        !is_away(state) && state.world.locks.is_empty() && !is_said_unstored(state)
    })
    .await;
    let lines = told(&console.finish().await);
    assert_eq!(lines.iter().filter(|line| line.contains("restart-api: ended")).count(), 1, "{lines:?}");
}

#[test]
fn what_ran_before_is_not_said_to_be_nothing_while_the_store_is_away() {
    let text = "[adapter.ours]\nrestart = { steps = [[\"true\"]] }\n\
                [action.restart-api]\nadapter = \"ours\"\ndo = \"restart\"\ntarget = \"api\"\nkey = \"H\"\n";
    let shown = |how: Option<StoreAbsence>, was_read: bool| {
        let mut app = App::new(text);
        let since = app.now().utc;
        if was_read {
            app.outcome(Outcome::Remembered { lately: Vec::new(), head: 1 });
        }
        let (why, problem) = (SafeText::new("gone"), SafeText::new("no such file"));
        let away = how.map(|how| StoreAway { since, seen: false, why, problem, how });
        app.outcome(Outcome::Store { away, since });
        app.keys("6");
        frame::text(&frame::draw(&app.state, 120, 30))
    };
    let unknown = shown(Some(StoreAbsence::Unusable), false);
    assert!(unknown.contains("past runs are listed once it is back"), "{unknown}");
    assert!(unknown.contains("store away") && !unknown.contains("never run"), "{unknown}");
    for (how, was_read) in
        [(None, false), (Some(StoreAbsence::NotMade), false), (Some(StoreAbsence::Unusable), true), (None, true)]
    {
        let known = shown(how, was_read);
        assert!(known.contains("never run") && !known.contains("past runs"), "{how:?}, read: {was_read}: {known}");
    }
}
