//! Checklists as people use them: the walkthrough on the screen and in plain lines, alone and in twos.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the files are the tests' own, and what fails here fails the test"
)]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use opsroom::app::state::State;
use opsroom::model::checklist::CommandResult;
use opsroom::model::effect::{Effect, RunEffect, StoreEffect};
use opsroom::model::fact::{Fact, NewFact, Statement};
use opsroom::model::outcome::{Outcome, StoreAbsence, StoreAway};
use opsroom::model::reading::Sign;
use opsroom::text::SafeText;
use serde_json::Value;

use crate::support::app::{App, WORLD};
use crate::support::frame::{draw, text};
use crate::support::pty::Terminal;
use crate::support::shared::{knows_the_store, reaches, told};
use crate::support::shell;
use crate::support::team::Team;

const ROUND: &str = r#"
[checklist.morning]
title = "Morning round"
at = "daily 00:00"
budget = "15m"
step = [
  { title = "The API answers", auto = "check:api", gate = true },
  { title = "Active users", measure = "number", range = "> 0", name = "dau" },
  { title = "Plausible", ask = "{dau} users: as expected?" },
  { title = "Staging answers", run = ["curl", "-fsS", "https://staging.example.com/{dau}"] },
  { title = "The log", show = "log:*", open = "https://logs.example.com/" },
]
[checklist.evening]
title = "Evening round"
at = "daily 18:00"
step = [{ title = "Backups", ask = "Are they there?" }]
"#;

/// A console whose store takes what is said, and whose commands exit 0.
struct Walker {
    app: App,
    seq: u64,
    commands: Vec<Vec<String>>,
    passes: bool,
}

impl Walker {
    fn new(lists: &str) -> Self {
        let mut app = App::new(&format!("{WORLD}{lists}"));
        app.outcome(Outcome::Remembered { lately: Vec::new(), head: 0 });
        let mut walker = Self { app, seq: 0, commands: Vec::new(), passes: true };
        walker.answer();
        walker
    }

    /// What was asked of the store and of commands is answered, until nothing is asked any more.
    fn answer(&mut self) {
        loop {
            let effects = self.app.take();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Store(request, StoreEffect::SayOfAlerts(said)) => {
                        let facts = said.into_iter().map(|said| self.fact(said)).collect();
                        self.app.outcome(Outcome::Recorded { request });
                        self.app.outcome(Outcome::Facts(facts));
                    }
                    Effect::Run(request, RunEffect::Command(command)) => {
                        self.commands.push(command.argv.clone());
                        let (value, output) = (SafeText::new("exit 0 after 0.2s"), SafeText::new("pong"));
                        let result = CommandResult { passed: self.passes, value, output };
                        self.app.outcome(Outcome::StepRan { request, result });
                    }
                    _ => {}
                }
            }
        }
    }

    fn fact(&mut self, said: Statement) -> Fact {
        self.seq += 1;
        let (seq, at) = (self.seq, self.app.now().utc);
        let (id, who, host) = (format!("{seq:032x}"), "ana (ssh)".to_owned(), "box".to_owned());
        Fact { seq, recorded_at: at, draft: NewFact { id, at, who, host, process: 7, late: false, said } }
    }

    fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.app.keys(key);
            self.answer();
        }
    }

    fn typed(&mut self, text: &str) {
        self.app.typed(text);
        self.keys("enter");
    }

    fn screen(&self) -> String {
        text(&draw(&self.app.state, 120, 40))
    }

    fn row(&self, title: &str) -> String {
        let screen = self.screen();
        let row = screen.lines().find(|line| line.contains(title));
        row.unwrap_or_else(|| panic!("{title}:\n{screen}")).to_owned()
    }
}

#[test]
fn enter_moves_on_from_step_to_step_to_the_sign_off() {
    let mut walker = Walker::new(ROUND);
    walker.app.poll("api", Sign::Good);
    walker.keys("7 enter");
    assert!(walker.row("The API answers").contains("✓ passed"), "{}", walker.screen());
    // What is measured and passed is moved past: the first key is for the number.
    walker.keys("enter");
    walker.typed("1204");
    assert!(walker.row("Active users").contains("1204"), "{}", walker.screen());
    assert!(walker.screen().contains("1204 users: as expected?"), "{}", walker.screen());
    walker.keys("enter enter");
    assert_eq!(walker.commands, [["curl", "-fsS", "https://staging.example.com/1204"]]);
    walker.keys("enter");
    assert!(walker.screen().contains("5 of 5"), "{}", walker.screen());
    walker.keys("enter");
    assert!(walker.screen().contains("signed off by ana"), "{}", walker.screen());
    assert!(walker.app.toast().contains("Morning round signed off"), "{}", walker.app.toast());
}

#[test]
fn ten_healthy_steps_take_ten_keys() {
    let steps: Vec<String> = (1..=10).map(|at| format!("{{ title = \"Look at {at}\", ask = \"Fine?\" }}")).collect();
    let list = format!("[checklist.ten]\nat = \"daily 00:00\"\nstep = [{}]\n", steps.join(", "));
    let mut walker = Walker::new(&list);
    walker.keys("7 enter");
    walker.keys(&["enter"; 10].join(" "));
    assert!(walker.screen().contains("10 of 10"), "{}", walker.screen());
}

#[test]
fn a_failure_is_passed_over_with_a_reason_and_never_passed() {
    let mut walker = Walker::new(ROUND);
    for _ in 0..3 {
        walker.app.poll("api", Sign::Bad);
    }
    walker.keys("7 enter");
    assert!(walker.row("The API answers").contains("✗ failed"), "{}", walker.screen());
    // Enter measures again, and the round stays at its gate.
    walker.keys("enter j enter");
    assert!(walker.app.toast().contains("the round stops at `The API answers`"), "{}", walker.app.toast());
    walker.keys("k w");
    walker.typed("known");
    assert!(walker.screen().contains("say why, in 10 characters or more"), "{}", walker.screen());
    walker.typed(" since yesterday");
    assert!(walker.row("The API answers").contains("waived"), "{}", walker.screen());
    walker.keys("d");
    walker.typed("figures come later");
    assert!(walker.row("Active users").contains("deferred"), "{}", walker.screen());
}

#[test]
fn a_gate_stops_a_person_before_anything_is_typed() {
    let mut walker = Walker::new(ROUND);
    for _ in 0..3 {
        walker.app.poll("api", Sign::Bad);
    }
    walker.keys("7 enter s");
    assert!(walker.app.toast().contains("a gate is not skipped"), "{}", walker.app.toast());
    assert!(walker.app.state.console.overlays.is_empty());
    for key in ["x", "s", "w", "d", "enter"] {
        walker.keys(&format!("j {key}"));
        assert!(walker.app.toast().contains("the round stops at `The API answers`"), "{key}: {}", walker.app.toast());
        assert!(walker.app.state.console.overlays.is_empty(), "{key}: {}", walker.screen());
        walker.keys("k");
    }
    // A note changes nothing, and is taken anywhere.
    walker.keys("j n");
    assert!(!walker.app.state.console.overlays.is_empty(), "{}", walker.screen());
}

/// A command behind a gate, one that does not apply today, and one of a run that is over.
const COMMANDS: &str = r#"
[checklist.round]
step = [
  { title = "The API answers", auto = "check:api", gate = true },
  { title = "Never", run = ["rm", "x"], when = "check:api down" },
  { title = "Copy", run = ["cp", "x", "y"] },
]
"#;

#[test]
fn no_command_starts_where_its_result_would_stand_for_nothing() {
    let mut walker = Walker::new(COMMANDS);
    for _ in 0..3 {
        walker.app.poll("api", Sign::Bad);
    }
    // Behind a gate `r` does no more than Enter.
    walker.keys("7 enter j j r");
    assert!(walker.app.toast().contains("the round stops at `The API answers`"), "{}", walker.app.toast());
    assert!(walker.commands.is_empty(), "{:?}", walker.commands);
    for _ in 0..3 {
        walker.app.poll("api", Sign::Good);
    }
    walker.keys("k r");
    assert!(walker.app.toast().contains("Never does not apply: only while"), "{}", walker.app.toast());
    assert!(walker.commands.is_empty(), "{:?}", walker.commands);
    walker.keys("j r");
    assert_eq!(walker.commands, [["cp", "x", "y"]]);
    // Once it is signed off nothing of it runs again.
    walker.keys("j enter");
    assert!(walker.screen().contains("signed off by ana"), "{}", walker.screen());
    walker.keys("g j j r");
    assert!(walker.app.toast().contains("already signed off by ana"), "{}", walker.app.toast());
    assert_eq!(walker.commands.len(), 1);
}

#[test]
fn what_a_person_decided_of_a_command_is_taken_back_before_it_runs_again() {
    let mut walker = Walker::new("[checklist.one]\nstep = [{ title = \"Copy\", run = [\"cp\", \"x\", \"y\"] }]\n");
    walker.keys("7 enter enter k x");
    walker.typed("the wrong copy");
    assert_eq!(walker.commands.len(), 1);
    assert!(walker.row("Copy").contains("✗ failed"), "{}", walker.screen());
    // Enter and `r` take it back, and then it runs.
    for key in ["enter", "r"] {
        let ran = walker.commands.len();
        walker.keys("g");
        walker.keys(key);
        assert_eq!(walker.commands.len(), ran, "{key}");
        assert!(walker.app.toast().contains("to be answered again"), "{key}: {}", walker.app.toast());
        assert!(walker.row("Copy").contains("□ open"), "{key}: {}", walker.screen());
        walker.keys("enter");
        assert_eq!(walker.commands.len(), ran + 1, "{key}");
        assert!(walker.row("Copy").contains("✓ passed"), "{key}: {}", walker.screen());
        walker.keys("g x");
        walker.typed("wrong again");
    }
    walker.keys("g s");
    walker.typed("nobody needs it today");
    assert!(walker.row("Copy").contains("- skipped"), "{}", walker.screen());
    let ran = walker.commands.len();
    walker.keys("g r");
    assert!(walker.row("Copy").contains("□ open"), "{}", walker.screen());
    assert_eq!(walker.commands.len(), ran);
    walker.keys("r");
    assert_eq!(walker.commands.len(), ran + 1);
    assert!(walker.row("Copy").contains("✓ passed"), "{}", walker.screen());
}

#[test]
fn the_bar_offers_what_the_keys_do_at_a_step() {
    let mut walker = Walker::new(COMMANDS);
    for _ in 0..3 {
        walker.app.poll("api", Sign::Bad);
    }
    let bar = |walker: &Walker| walker.screen().lines().last().unwrap_or_default().to_owned();
    walker.keys("7 enter");
    let gate = bar(&walker);
    assert!(gate.contains("measure again") && gate.contains("waive") && !gate.contains("skip"), "{gate}");
    walker.keys("j j");
    let behind = bar(&walker);
    assert!(behind.contains("waits for the gate") && behind.contains("add note"), "{behind}");
    assert!(!["run the command", "fail", "skip", "waive", "defer"].iter().any(|one| behind.contains(one)), "{behind}");
    for _ in 0..3 {
        walker.app.poll("api", Sign::Good);
    }
    let open = bar(&walker);
    assert!(open.contains("run the command") && open.contains("skip"), "{open}");
    walker.keys("x");
    walker.typed("the wrong copy");
    let failed = bar(&walker);
    assert!(failed.contains("take it back") && !failed.contains("run the command"), "{failed}");
    // What is measured is taken back the same way: to measure it again would change nothing.
    walker.keys("g x");
    walker.typed("not for everybody");
    let failed = bar(&walker);
    assert!(failed.contains("take it back") && !failed.contains("measure again"), "{failed}");
    walker.keys("enter");
    assert!(walker.row("The API answers").contains("✓ passed"), "{}", walker.screen());
}

#[test]
fn steps_wait_on_disk_while_the_store_is_away_and_say_so() {
    let mut walker = Walker::new(
        "[checklist.one]\nstep = [{ title = \"Look\", ask = \"?\" }, { title = \"Listen\", ask = \"?\" }]\n",
    );
    walker.keys("7 enter");
    let since = walker.app.now().utc;
    let (why, problem) = ("no route to host".into(), "no route".into());
    let away = StoreAway { since, seen: true, why, problem, how: StoreAbsence::Unusable };
    walker.app.outcome(Outcome::Store { away: Some(away), since });
    walker.app.keys("enter");
    let mine = walker.app.take();
    let (request, said) = mine
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Store(request, StoreEffect::SayOfAlerts(said)) => Some((request, said)),
            _ => None,
        })
        .unwrap();
    let facts: Vec<Fact> = said.into_iter().map(|said| walker.fact(said)).collect();
    let drafts = facts.iter().map(|fact| NewFact { late: true, ..fact.draft.clone() }).collect();
    walker.app.outcome(Outcome::Queued { request, drafts });
    assert!(
        walker.app.toast().contains("Look: queued on disk, recorded once the store is back"),
        "{}",
        walker.screen()
    );
    let row = walker.row("Look");
    assert!(row.contains("passed") && row.contains("queued"), "{row}");
    assert!(walker.screen().contains("1 of 2"), "{}", walker.screen());
    // It is back: what waited is put on record, and stands there once.
    walker.app.outcome(Outcome::Store { away: None, since });
    walker.app.outcome(Outcome::Facts(facts));
    let row = walker.row("Look");
    assert!(row.contains("passed") && !row.contains("queued"), "{row}");
    walker.keys("enter");
    assert!(walker.screen().contains("2 of 2"), "{}", walker.screen());
}

#[test]
fn the_open_run_of_a_list_that_was_renamed_is_said_to_be_left_open() {
    let at = tempfile::tempdir().unwrap();
    let file = at.path().join("opsroom.toml");
    let lists = |name: &str| {
        let config = format!("[checklist.{name}]\nstep = [{{ title = \"Look\", ask = \"?\" }}]\n");
        std::fs::write(&file, config).unwrap();
    };
    let json = |arguments: &[&str]| -> Value {
        let mut command = shell::opsroom(at.path());
        let output = command.args(["--config", file.to_str().unwrap(), "checklist"]).args(arguments).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };
    lists("round");
    json(&["round", "--json"]);
    let before = json(&["--json"]);
    assert_eq!((&before[0]["state"], &before[0]["left_open"]), (&"running".into(), &Value::Array(Vec::new())));
    lists("rounds");
    let after = json(&["--json"]);
    assert_eq!((&after[0]["name"], &after[0]["run"]), (&"rounds".into(), &Value::Null), "{after}");
    assert_eq!((&after[1]["name"], &after[1]["state"]), (&"round".into(), &"left_open".into()), "{after}");
    assert_eq!((&after[1]["run"], &after[1]["left_open"]), (&before[0]["run"], &vec![before[0]["run"].clone()].into()));
}

#[test]
fn a_step_is_described_by_what_it_asks_and_what_was_found() {
    let mut walker = Walker::new(ROUND);
    walker.app.poll("api", Sign::Good);
    walker.keys("7 d");
    let screen = walker.screen();
    for part in ["Morning round", "check:api", "a number > 0", "curl -fsS"] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    walker.keys("esc enter k");
    walker.keys(":");
    walker.typed("describe");
    let screen = walker.screen();
    for part in ["measured: check:api", "the round stops here until it passes", "found", "measured"] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
}

#[test]
fn a_command_that_fails_is_run_again() {
    let mut walker = Walker::new(ROUND);
    walker.app.poll("api", Sign::Good);
    walker.passes = false;
    walker.keys("7 enter enter");
    walker.typed("7");
    walker.keys("enter enter");
    assert!(walker.row("Staging answers").contains("✗ failed"), "{}", walker.screen());
    walker.passes = true;
    walker.keys("enter");
    assert!(walker.row("Staging answers").contains("✓ passed"), "{}", walker.screen());
    assert_eq!(walker.commands.len(), 2);
}

#[test]
fn what_somebody_else_did_first_is_seen_and_not_done_again() {
    let mut walker = Walker::new(
        "[checklist.one]\nstep = [{ title = \"Look\", ask = \"?\" }, { title = \"Listen\", ask = \"?\" }]\n",
    );
    walker.keys("7 enter");
    let run = walker.screen();
    assert!(run.contains("0 of 2"), "{run}");
    // Ben answers the first step on his console: here the box moves on by itself.
    walker.app.keys("enter");
    let mine = walker.app.take();
    let said = mine.iter().find_map(|effect| match effect {
        Effect::Store(request, StoreEffect::SayOfAlerts(said)) => Some((*request, said.clone())),
        _ => None,
    });
    let (request, said) = said.unwrap();
    let mut facts: Vec<Fact> = said.into_iter().map(|said| walker.fact(said)).collect();
    for fact in &mut facts {
        fact.draft.who = "ben (ssh)".to_owned();
    }
    walker.app.outcome(Outcome::Facts(facts));
    let why = SafeText::new("Look: already done by ben 08:03Z");
    walker.app.outcome(Outcome::RequestFailed { request, why });
    assert!(walker.app.toast().contains("already done by ben"), "{}", walker.app.toast());
    assert!(walker.row("Look").contains("ben"), "{}", walker.screen());
    walker.keys("enter");
    assert!(walker.screen().contains("2 of 2"), "{}", walker.screen());
}

#[test]
fn read_only_nothing_is_started_or_answered() {
    let mut walker = Walker::new(ROUND);
    walker.app.state.world.read_only = true;
    walker.keys("7 enter");
    assert!(walker.app.toast().contains("read-only"), "{}", walker.app.toast());
}

#[test]
fn screens() {
    let mut walker = Walker::new(ROUND);
    walker.app.poll("api", Sign::Good);
    walker.keys("7");
    insta::assert_snapshot!("checklists_due_120x40", walker.screen());
    walker.keys("enter enter");
    walker.typed("1204");
    walker.keys("n");
    walker.typed("a public holiday");
    walker.app.pass(90);
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        walker.app.send(opsroom::app::message::Event::Resize(width, height));
        let screen = text(&draw(&walker.app.state, width, height));
        insta::assert_snapshot!(format!("checklists_walkthrough_{width}x{height}"), screen);
    }
    walker.keys("x");
    insta::assert_snapshot!("checklists_fail_80x24", text(&draw(&walker.app.state, 80, 24)));
}

/// The command line, in a directory of its own.
struct Shell(tempfile::TempDir);

impl Shell {
    fn new(lists: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("opsroom.toml"), lists).unwrap();
        Self(directory)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        command(self.0.path(), self.0.path(), arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> (Value, i32) {
        let output = self.run(arguments);
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        (json, output.status.code().unwrap())
    }
}

fn command(config: &Path, home: &Path, arguments: &[&str]) -> Command {
    let mut command = shell::opsroom(home);
    command.arg("--config").arg(config.join("opsroom.toml")).args(arguments);
    command
}

fn states(run: &Value) -> Vec<&str> {
    run["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect()
}

#[test]
fn without_a_terminal_what_needs_no_person_is_done_and_a_question_stays_open() {
    let shell = Shell::new(
        r#"
[check.api]
command = ["true"]
[checklist.nightly]
step = [
  { title = "Up", auto = "check:api" },
  { title = "Says hello", run = ["echo", "hello"] },
  { title = "Asked", ask = "?" },
]
[checklist.robot]
step = [{ title = "Up", auto = "check:*" }, { title = "Runs", run = ["true"] }]
[checklist.broken]
step = [{ title = "Fails", run = ["sh", "-c", "echo why >&2; exit 3"] }, { title = "Asked", ask = "?" }]
"#,
    );
    let (run, code) = shell.json(&["checklist", "nightly", "--json"]);
    assert_eq!((states(&run), code), (vec!["passed", "passed", "open"], 3), "{run:#}");
    assert_eq!(
        (&run["state"], &run["signed_by"], &run["checklist"]),
        (&"running".into(), &Value::Null, &"nightly".into())
    );
    assert_eq!(run["steps"][1]["evidence"], "hello");
    // It is resumed, and nothing of it signed.
    let (again, code) = shell.json(&["checklist", "nightly", "--json", "--sign"]);
    assert_eq!((&again["run"], &again["state"], code), (&run["run"], &"running".into(), 3));
    let (robot, code) = shell.json(&["checklist", "robot", "--json", "--sign"]);
    assert_eq!((robot["state"].as_str(), code), (Some("done"), 0), "{robot:#}");
    assert!(robot["signed_by"].is_string() && robot["ended_at"].is_string());
    let (broken, code) = shell.json(&["checklist", "broken", "--json"]);
    assert_eq!((states(&broken), code), (vec!["failed", "open"], 2));
    assert_eq!(broken["steps"][0]["evidence"], "why");
    // Without --json it is the same in lines, and what is signed is shown as it was.
    let shown = shell.run(&["checklist", "robot", "--show"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("done · 2 passed"), "{shown:?}");
    let (lists, code) = shell.json(&["checklist", "--json"]);
    assert_eq!((lists.as_array().unwrap().len(), code), (3, 0));
    let (timeline, _) = shell.json(&["timeline", "--json"]);
    let kinds: Vec<&str> = timeline.as_array().unwrap().iter().filter_map(|entry| entry["kind"].as_str()).collect();
    assert!(kinds.contains(&"checklist"), "{timeline:#}");
    assert_eq!(shell.run(&["checklist", "nightli"]).status.code(), Some(64));
    assert_eq!(shell.run(&["--read-only", "checklist", "nightly"]).status.code(), Some(64));
    assert_eq!(shell.run(&["audit", "verify"]).status.code(), Some(0));
}

/// Waits for the prompt: what is typed before it is thrown away.
fn asks(terminal: &Terminal) {
    terminal.wait("the prompt", |screen| {
        let (row, column) = screen.cursor_position();
        let line = screen.rows(0, 100).nth(usize::from(row));
        column == 2 && line.is_some_and(|line| line.trim_end() == ">")
    });
}

#[test]
fn in_a_terminal_it_is_a_prompt_a_step_and_resumes() {
    let shell = Shell::new(
        r#"
[checklist.round]
step = [
  { title = "Users", measure = "number", range = "> 0", name = "dau" },
  { title = "Plausible", ask = "{dau} as expected?" },
  { title = "Hello", run = ["echo", "hello"] },
]
"#,
    );
    let config = shell.0.path().join("opsroom.toml");
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", config.to_str().unwrap(), "checklist", "round"];
    let (home, state) = (shell.0.path().to_str().unwrap(), shell.0.path().join("state"));
    let environment = [("HOME", home), ("XDG_STATE_HOME", state.to_str().unwrap())];
    let mut first = Terminal::program(&argv, 100, 30, &environment);
    first.wait_for("1 of 3");
    asks(&first);
    first.press("0\r");
    first.wait_for("out of range");
    asks(&first);
    first.press("12\r");
    first.wait_for("12 as expected?");
    asks(&first);
    first.press("q\r");
    first.wait_for("resumes");
    assert_eq!(first.wait_for_end().exit_code(), 3);
    let mut second = Terminal::program(&argv, 100, 30, &environment);
    second.wait_for("resumed, started by");
    second.wait_for("12 as expected?");
    asks(&second);
    second.press("\r");
    second.wait_for("run echo hello");
    asks(&second);
    second.press("\r");
    second.wait_for("| hello");
    second.wait_for("sign off");
    asks(&second);
    second.press("\r");
    second.wait_for("run digest");
    assert_eq!(second.wait_for_end().exit_code(), 0);
}

/// A walk through a list in a terminal.
fn walked(shell: &Shell, list: &str) -> Terminal {
    let config = shell.0.path().join("opsroom.toml");
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", config.to_str().unwrap(), "checklist", list];
    let (home, state) = (shell.0.path().to_str().unwrap(), shell.0.path().join("state"));
    Terminal::program(&argv, 100, 30, &[("HOME", home), ("XDG_STATE_HOME", state.to_str().unwrap())])
}

#[test]
fn in_the_shell_a_command_that_a_person_failed_runs_once_that_is_taken_back() {
    let shell =
        Shell::new("[checklist.copy]\nstep = [{ title = \"Copy\", run = [\"sh\", \"-c\", \"echo x >> ran\"] }]\n");
    let ran = || std::fs::read_to_string(shell.0.path().join("ran")).unwrap_or_default().lines().count();
    let mut terminal = walked(&shell, "copy");
    terminal.wait_for("1 of 1");
    asks(&terminal);
    terminal.press("f: the wrong copy\r");
    terminal.wait_for("Enter: take it back");
    asks(&terminal);
    terminal.press("q\r");
    assert_eq!(terminal.wait_for_end().exit_code(), 2);
    // Where nobody is asked it does not run: its result would be thrown away.
    let (run, code) = shell.json(&["checklist", "copy", "--json"]);
    assert_eq!((states(&run), code, ran()), (vec!["failed"], 2, 0), "{run:#}");
    let mut terminal = walked(&shell, "copy");
    terminal.wait_for("Enter: take it back");
    asks(&terminal);
    terminal.press("\r");
    terminal.wait_for("Enter: run sh");
    asks(&terminal);
    terminal.press("\r");
    terminal.wait_for("sign off");
    assert_eq!(ran(), 1);
    asks(&terminal);
    terminal.press("q\r");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
}

#[test]
fn a_list_that_is_mistyped_is_typed_again_and_the_reason_stays() {
    let step = "step = [{ title = \"Order the disk\", ask = \"?\" }]\n";
    let shell = Shell::new(&format!("[checklist.first]\n{step}[checklist.second]\n{step}[checklist.third]\n{step}"));
    let mut terminal = walked(&shell, "first");
    terminal.wait_for("1 of 1");
    asks(&terminal);
    terminal.press("d: the shop is closed\r");
    // None of them is due by itself, so that there is none for Enter.
    terminal.wait_for("to which list, Enter to leave it:");
    terminal.press("secnd\r");
    terminal.wait_for("no other checklist named `secnd`; there are: second, third");
    terminal.wait("the question again", |screen| screen.contents().matches("to which list").count() == 2);
    terminal.press("third\r");
    terminal.wait_for("sign off");
    asks(&terminal);
    terminal.press("\r");
    terminal.wait_for("run digest");
    assert_eq!(terminal.wait_for_end().exit_code(), 1);
    let (run, _) = shell.json(&["checklist", "first", "--show", "--json"]);
    let (to, why) = (&run["steps"][0]["deferred_to"], &run["steps"][0]["reason"]);
    assert_eq!((to.as_str(), why.as_str()), (Some("third"), Some("the shop is closed")), "{run:#}");
    let (third, _) = shell.json(&["checklist", "third", "--json"]);
    assert!(third["steps"][0]["title"].as_str().unwrap().starts_with("Order the disk (deferred"), "{third:#}");
}

#[test]
fn where_there_is_no_list_to_defer_to_no_reason_is_typed_for_it() {
    let one = "[checklist.one]\nstep = [{ title = \"Look\", ask = \"?\" }]\n";
    let mut walker = Walker::new(one);
    walker.keys("7 enter d");
    assert!(walker.app.toast().contains("no other checklist to defer it to"), "{}", walker.app.toast());
    assert!(walker.app.state.console.overlays.is_empty(), "{}", walker.screen());
    let shell = Shell::new(one);
    let mut terminal = walked(&shell, "one");
    terminal.wait_for("1 of 1");
    asks(&terminal);
    terminal.press("d\r");
    terminal.wait_for("no other checklist to defer it to");
    asks(&terminal);
    terminal.press("q\r");
    assert_eq!(terminal.wait_for_end().exit_code(), 3);
}

const SHARED: &str = "[checklist.round]\ntitle = \"ChecklistRound\"\nstep = [{ title = \"Echo\", run = [\"echo\", \"x\"] }, { title = \"Look\", ask = \"?\" }]\n";

/// What one says is seen by the other within this.
const WITHIN: Duration = Duration::from_secs(2);

async fn is_shared(team: Team) {
    let mut console = team.console("ana");
    reaches(&mut console, "the store", Duration::from_secs(30), knows_the_store).await;
    let config = format!("{}{SHARED}", team.config());
    let output = team.opsroom_with(&config, &["checklist", "round", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let from = Instant::now();
    let sees = |state: &State| told(state).iter().any(|entry| entry.contains("ChecklistRound started"));
    reaches(&mut console, "the run of somebody else", Duration::from_secs(30), sees).await;
    assert!(from.elapsed() < WITHIN, "{:?}", from.elapsed());
    console.finish().await;
    team.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_begun_elsewhere_is_seen_within_two_seconds() {
    Box::pin(is_shared(Team::sqlite())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_begun_elsewhere_is_seen_within_two_seconds_on_postgres() {
    if let Some(team) = Team::postgres().await {
        Box::pin(is_shared(team)).await;
    }
}

/// The keys that the round of the demo takes; `None`: its outage came first, half a minute after its start.
fn keys_of_the_demos_round() -> Option<usize> {
    let directory = tempfile::tempdir().unwrap();
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "demo", "--seed", "1"];
    let mut demo = Terminal::program(&argv, 120, 40, &[("TMPDIR", directory.path().to_str().unwrap())]);
    demo.wait_for("6 of 6 ok");
    let keys = [("7", "Morning round"), ("\r", "6 of 9"), ("\r", "7 of 9"), ("\r", "8 of 9"), ("\r", "9 of 9")];
    let keys = keys.into_iter().chain([("\r", "signed off by")]);
    let mut pressed = 0;
    for (key, seen) in keys {
        demo.press(key);
        pressed += 1;
        demo.wait(seen, |screen| screen.contents().contains(seen) || screen.contents().contains(" down "));
        if !demo.contents().contains(seen) {
            return None;
        }
    }
    Some(pressed)
}

#[test]
fn the_morning_round_of_the_demo_takes_fifteen_keys() {
    // A machine with much else to do is given another outage to be faster than.
    let keys = std::iter::repeat_with(keys_of_the_demos_round).take(5).find_map(|keys| keys);
    assert!(keys.is_some_and(|keys| keys <= 15), "{keys:?}");
}
