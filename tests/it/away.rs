//! What becomes of runs and attempts while the store is away, or another one is accepted in its place.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use opsroom::actions::follow::is_alive;
use opsroom::actions::rundir::RunDir;
use opsroom::app::state::State;
use opsroom::config::Config;
use opsroom::model::effect::StartRun;
use opsroom::model::run::{Run, RunState};
use opsroom::model::verification::Terms;
use opsroom::text::secret::Secrets;

use crate::support::app::config;
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
    let verify = Some(Terms { checks, good: 1, within: Duration::from_secs(20), before });
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
