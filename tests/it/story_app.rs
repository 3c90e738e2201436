//! The core told as stories: what a person does and sees between a red row and a green one.

use std::time::Duration;

use crate::support::app::{App, WORLD, config};
use crate::support::frame::{draw, text};
use crate::support::world;
use opsroom::app::layout::{Area, LayoutMap, Target};
use opsroom::app::message::{Event, Learned, Mouse, MouseKind};
use opsroom::app::overlays::choices::Choices;
use opsroom::app::overlays::confirm::Focus;
use opsroom::app::overlays::record::RecordOverlay;
use opsroom::app::row::RowKey;
use opsroom::app::screens::Screen;
use opsroom::app::screens::metrics::RANGES;
use opsroom::app::toasts::Tone;
use opsroom::config::panels;
use opsroom::lang::key::{Key, KeyCode};
use opsroom::logs::record::Level;
use opsroom::model::alert::Severity;
use opsroom::model::choice::Choice;
use opsroom::model::effect::{ConsoleEffect, Effect, HistoryEffect, RequestId, RunEffect, StoreEffect, TerminalEffect};
use opsroom::model::outcome::{Outcome, StoreAbsence, StoreAway};
use opsroom::model::reading::Sign;
use opsroom::model::run::{
    CheckProgress, ChecksAfter, Confirm, LeftProcess, Lock, OutputLine, Run, RunState, Signs, Stopping,
    VerificationProgress,
};
use opsroom::model::status::Status;
use opsroom::text::SafeText;
use opsroom::text::redact::Redactor;
use opsroom::world::alerts::Phase;
use proptest::prelude::*;

fn production() -> String {
    WORLD.replace("staging", "production")
}

/// Starts the restart and reports its run; the app stands at the end of its steps, its checks being polled.
fn restarted(app: &mut App) -> Run {
    app.keys("R");
    app.wait(400);
    app.keys("y");
    let (request, digest) = (app.asked()[0], app.started()[0].digest.clone());
    app.take();
    let mut run = app.run_of("restart-api", RunState::Running);
    run.plan_digest = digest;
    app.outcome(Outcome::RunStarted { request, run: Box::new(run.clone()) });
    let effects = app.take();
    let [Effect::Run(_, RunEffect::Follow(followed)), Effect::Store(_, StoreEffect::LoadRuns)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(*followed, run.id);
    app.pass(3);
    run.state = RunState::Verifying;
    run.ended_at = Some(app.now().utc);
    run.exit_code = Some(0);
    app.outcome(Outcome::Run(Box::new(run.clone())));
    run
}

fn closed(run: &Run, state: RunState, note: &str) -> Outcome {
    let note = (!note.is_empty()).then(|| SafeText::new(note));
    Outcome::Run(Box::new(Run { state, verdict: state.verdict(), note, ..run.clone() }))
}

/// The row above the footer.
fn strip(app: &App, width: u16) -> String {
    text(&draw(&app.state, width, 24)).lines().nth(22).unwrap_or_default().trim_end().to_owned()
}

#[test]
fn no_message_repeats_what_the_row_above_the_footer_says() {
    let mut app = App::new(WORLD);
    app.keys("R");
    app.wait(400);
    app.keys("y");
    assert!(app.toast().ends_with("starting"), "{}", app.toast());
    let (request, run) = (app.asked()[0], Box::new(app.run_of("restart-api", RunState::Running)));
    app.outcome(Outcome::RunStarted { request, run });
    assert_eq!(app.toast(), "");
    assert!(strip(&app, 80).contains("running"), "{}", strip(&app, 80));
    // Nor is one of another console told twice.
    let mut other = App::new(WORLD);
    other.outcome(Outcome::Run(Box::new(other.run_of("restart-api", RunState::Running))));
    assert_eq!(other.toast(), "");
    assert!(strip(&other, 80).contains("running"), "{}", strip(&other, 80));
}

#[test]
fn what_was_proven_comes_before_the_keys_to_it() {
    let mut app = App::new(WORLD);
    let mut run = app.run_of("restart-api", RunState::Running);
    run.verb = "backup-verify".into();
    app.outcome(Outcome::Run(Box::new(run.clone())));
    run.outcome_ms = Some(420);
    let proven = "proven: customers 310 of 310, orders 1,279 of 1,279, dump 3 h old";
    app.outcome(closed(&run, RunState::Ended, proven));
    assert!(strip(&app, 80).contains(proven), "{}", strip(&app, 80));
}

#[test]
fn a_restart_is_handed_over_with_what_verifies_it_and_the_supervisor_is_shown() {
    let mut app = App::new(WORLD);
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    app.records("api", &[(Level::Error, "connect ECONNREFUSED")]);
    app.sample("errors", Ok(12.5));
    app.keys("R");
    app.wait(400);
    app.keys("y");
    let start = app.started()[0].clone();
    assert_eq!(start.digest, start.plan.digest());
    let terms = start.verify.unwrap();
    assert_eq!((terms.checks, terms.within), (vec!["api".into()], Duration::from_mins(1)));
    assert_eq!(terms.before["api"], Status::Down);
    let evidence: serde_json::Value = serde_json::from_str(&start.evidence).unwrap();
    assert_eq!(evidence["captured"][0]["lines"][0], "connect ECONNREFUSED");
    assert_eq!(evidence["captured"][1]["status"], "down");
    assert_eq!(evidence["captured"][2]["values"][0][1], 12.5);

    let mut app = App::new(WORLD);
    let run = restarted(&mut app);
    // What the past of the screen was is read once it is drawn; nothing else is asked, and nothing written.
    let asked = app.take().into_iter().filter(|effect| !matches!(effect, Effect::History(HistoryEffect::Read { .. })));
    assert_eq!(asked.collect::<Vec<_>>(), [], "the console polls nothing for it");
    let progress = VerificationProgress {
        until: app.now().utc + chrono::Duration::seconds(57),
        until_boot: None,
        checks: vec![CheckProgress { name: "api".into(), good: 1, needed: 2 }],
    };
    app.outcome(Outcome::RunProgress { run: run.id.clone(), progress: progress.clone() });
    assert_eq!(app.state.world.run(&run.id).unwrap().progress, Some(progress));
    for _ in 0..3 {
        app.poll("api", Sign::Good);
        app.pass(1);
    }
    assert_eq!(
        app.state.world.run(&run.id).unwrap().run.state,
        RunState::Verifying,
        "its supervisor decides, nobody else"
    );
    let run = Run { ended_at: Some(run.started_at), duration_ms: Some(300), outcome_ms: Some(9_000), ..run };
    app.outcome(closed(&run, RunState::Verified, ""));
    assert_eq!(app.result(), "restart api: verified after 9s: HTTP API is good");
    // What was read before it was closed may arrive after it.
    app.outcome(Outcome::Runs { runs: vec![run.clone()], locks: Vec::new() });
    assert_eq!(app.state.world.run(&run.id).unwrap().run.state, RunState::Verified);
}

#[test]
fn what_did_not_help_is_said_and_the_way_back_is_offered_not_taken() {
    let mut app = App::new(WORLD);
    let run = restarted(&mut app);
    app.take();
    app.outcome(closed(&run, RunState::NotRecovered, "still not healthy after 1m: api"));
    let effects = app.take();
    assert!(app.result().contains("not recovered"), "{}", app.result());
    assert!(strip(&app, 120).ends_with("B rollback api   esc dismiss"), "{}", strip(&app, 120));
    assert!(strip(&app, 80).ends_with("  B rollback api"), "{}", strip(&app, 80));
    assert!(effects.iter().all(|effect| !matches!(effect, Effect::Run(_, RunEffect::Start(_)))));
    app.keys("6");
    app.take();
    app.state.console.focus = Some(panels::RUNS.id());
    assert_eq!(app.state.shown_run().unwrap().id, run.id);
    app.keys("u");
    assert!(app.state.console.overlays.top_as::<Choices>().is_some());
}

#[test]
fn a_failed_step_is_no_success_though_its_checks_are_good() {
    let mut app = App::new(WORLD);
    let run = restarted(&mut app);
    let failed = Run { exit_code: Some(1), checks: Some(ChecksAfter::Good), ..run };
    app.outcome(closed(&failed, RunState::Failed, ""));
    assert!(app.result().contains("failed: exit 1 (checks are good)"), "{}", app.result());
    assert!(strip(&app, 80).contains("B rollback api"), "{}", strip(&app, 80));
    assert_eq!(app.state.run_result().unwrap().tone, Tone::Error);
}

#[test]
fn a_run_is_one_row_of_the_timeline_and_opens_its_output() {
    let mut app = App::new(WORLD);
    let run = app.run_of("restart-api", RunState::Running);
    app.outcome(Outcome::Run(Box::new(run.clone())));
    app.outcome(closed(&run, RunState::Verifying, ""));
    let timeline = panels::TIMELINE.id();
    let of_run = RowKey::Run(run.id.clone());
    assert_eq!(app.state.rows(&timeline).iter().filter(|row| **row == of_run).count(), 1);
    app.outcome(closed(&run, RunState::Ended, "proven: users 10 of 10"));
    let screen = text(&draw(&app.state, 120, 40));
    let rows: Vec<&str> = screen.lines().filter(|line| line.contains("restart api proven: users 10 of 10")).collect();
    assert!(!rows.is_empty() && !screen.contains("restart api: verifying"), "{screen}");
    app.state.console.focus = Some(timeline);
    app.keys("enter");
    assert_eq!(app.state.console.screen, Screen::Actions);
    assert_eq!(app.state.shown_run().unwrap().id, run.id);
}

/// On a low screen what runs, and its output, have the room; a run that began later and is over stands below.
#[test]
fn what_runs_stands_first_and_its_output_has_the_room() {
    let mut text_of_config = WORLD.to_owned();
    for n in 0..8 {
        let table =
            format!("[action.extra-{n}]\nservice = \"api\"\nadapter = \"ours\"\ndo = \"restart\"\ntarget = \"api\"\n");
        text_of_config.push_str(&table);
    }
    let mut app = App::new(&text_of_config);
    let rows = |app: &App| {
        let drawn = text(&draw(&app.state, 80, 24));
        let from = drawn.lines().position(|line| line.contains(" output ")).unwrap();
        (24 - from, drawn)
    };
    app.keys("6");
    let (calm, _) = rows(&app);
    let run = app.run_of("restart-api", RunState::Running);
    app.outcome(Outcome::Run(Box::new(run.clone())));
    app.pass(1);
    let later = Run { id: "later".into(), ..app.run_of("rollback-api", RunState::Ended) };
    app.outcome(Outcome::Run(Box::new(later)));
    let runs = app.state.rows(&panels::RUNS.id());
    assert_eq!(runs[0], RowKey::Run(run.id.clone()), "{runs:?}");
    let (watched, drawn) = rows(&app);
    assert!(watched > calm && watched >= 11, "{watched} rows, {calm} before:\n{drawn}");
    assert_eq!(app.state.shown_run().unwrap().id, run.id);
}

#[test]
fn what_was_proven_is_whole_before_how_long_it_took() {
    let mut app = App::new(WORLD);
    let run = app.run_of("restart-api", RunState::Running);
    let run = Run { outcome_ms: Some(310), ..run };
    app.outcome(closed(&run, RunState::Ended, "proven: users 1,000 of 1,000, dump 3 h old, 12 tables checked"));
    assert!(strip(&app, 120).contains("12 tables checked (took 310ms)"), "{}", strip(&app, 120));
    assert!(strip(&app, 80).ends_with("dump 3 h old, 12 tables checked"), "{}", strip(&app, 80));
}

#[test]
fn saved_evidence_is_one_message_with_its_path() {
    let mut app = App::new(WORLD);
    app.outcome(Outcome::EvidenceSaved { path: "/tmp/evidence".into(), files: Vec::new() });
    assert_eq!(app.take(), [TerminalEffect::CopyPath(SafeText::new("/tmp/evidence")).into()]);
    assert!(app.toast().contains("evidence saved in /tmp/evidence"), "{}", app.toast());
}

#[test]
fn one_key_copies_what_happened_for_a_colleague() {
    let mut app = App::new(WORLD);
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    let run = app.run_of("restart-api", RunState::Running);
    app.outcome(closed(&run, RunState::Failed, "no space left"));
    app.take();
    app.keys("ctrl-y");
    let [Effect::Terminal(TerminalEffect::CopySigned(text))] = &app.take()[..] else { panic!("not one copy") };
    let lines: Vec<&str> = text.as_str().split('⏎').collect();
    assert!(lines[0].starts_with("test") && lines[0].ends_with(" UTC"), "{lines:#?}");
    assert!(lines[1].starts_with("now: HTTP API DOWN since "), "{lines:#?}");
    assert!(lines[2..].iter().any(|line| line.contains("Z HTTP API DOWN")), "{lines:#?}");
    assert!(lines.last().unwrap().contains("Z restart api: failed: "), "{lines:#?}");
    assert!(lines.last().unwrap().ends_with(": no space left"), "{lines:#?}");
}

/// What Ctrl-y copies, by lines.
fn copied(app: &mut App) -> Vec<String> {
    app.take();
    app.keys("ctrl-y");
    let [Effect::Terminal(TerminalEffect::CopySigned(text))] = &app.take()[..] else { panic!("not one copy") };
    text.as_str().split('⏎').map(str::to_owned).collect()
}

#[test]
fn a_check_that_flaps_hides_no_outage() {
    let mut app = App::new(WORLD);
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    app.poll("db", Sign::Good);
    for _ in 0..400 {
        app.wait(1_000);
        app.poll("db", Sign::Bad);
        app.poll("db", Sign::Good);
    }
    let drawn = text(&draw(&app.state, 120, 40));
    assert!(!drawn.contains("no events yet"), "{drawn}");
    let lines = copied(&mut app);
    assert!(lines.iter().any(|line| line.contains("Z HTTP API DOWN")), "{lines:#?}");
}

#[test]
fn what_is_copied_of_a_mass_outage_is_a_message_and_no_list() {
    let many: String = (0..130)
        .map(|n| format!("[check.c{n}]\nservice = \"s{n}\"\ntcp = \"127.0.0.1:1\"\n[service.s{n}]\n"))
        .collect::<Vec<_>>()
        .concat();
    let mut app = App::new(&many);
    for n in 0..130 {
        for _ in 0..3 {
            app.poll(&format!("c{n}"), Sign::Bad);
        }
    }
    let lines = copied(&mut app);
    let now: Vec<&String> = lines.iter().filter(|line| line.starts_with("now: ")).collect();
    assert_eq!((now.len(), now[50].as_str()), (51, "now: … and 80 more not ok"), "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| line.contains("Z s")).count(), 60, "{lines:#?}");
    assert!(lines.contains(&"… and 70 more before".to_owned()), "{lines:#?}");
}

#[test]
fn a_message_goes_once_it_is_true_no_more() {
    let mut app = App::new(WORLD);
    let says =
        |app: &App, words: &str| app.state.console.toasts.iter().any(|toast| toast.text.as_str().contains(words));
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    assert!(says(&app, "critical HTTP API down"), "{}", app.toast());
    app.poll("db", Sign::Good);
    app.pass(1);
    assert!(says(&app, "critical HTTP API down"), "it is still down");
    app.poll("api", Sign::Good);
    app.poll("api", Sign::Good);
    assert_eq!(app.state.world.check("api").map(|check| check.status), Some(Status::Ok));
    assert!(!says(&app, "critical HTTP API down"), "{}", app.toast());

    let gone = opsroom::config::load::load("/nonexistent/opsroom.toml".as_ref());
    app.send(Event::Reloaded(Err(gone.diagnostics)));
    assert!(says(&app, "configuration rejected"), "{}", app.toast());
    app.send(Event::Reloaded(Ok((config(WORLD), Vec::new()))));
    assert!(!says(&app, "configuration rejected") && says(&app, "configuration reloaded"), "{}", app.toast());
}

#[test]
fn an_alert_that_goes_with_its_check_takes_its_message_along() {
    let mut app = App::new(WORLD);
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    assert!(app.toast().contains("critical HTTP API down"), "{}", app.toast());
    let without = WORLD.replace("critical = \"down\", medium", "medium");
    app.send(Event::Reloaded(Ok((config(&without), Vec::new()))));
    let says = |words: &str| app.state.console.toasts.iter().any(|toast| toast.text.as_str().contains(words));
    assert!(!says("critical HTTP API down"));
}

#[test]
fn an_unknown_outcome_is_offered_to_be_verified_now() {
    let mut app = App::new(WORLD);
    let run = restarted(&mut app);
    app.outcome(closed(&run, RunState::Unknown, "the supervisor died before its steps ended"));
    assert!(app.result().contains("verifies it now"), "{}", app.result());
    app.keys("6");
    app.state.console.focus = Some(panels::RUNS.id());
    app.take();
    app.keys("u");
    assert!(matches!(&app.take()[..], [Effect::Run(_, RunEffect::VerifyNow(id))] if *id == run.id));
    // Its supervisor of now reports as the first one did.
    app.outcome(Outcome::Run(Box::new(run.clone())));
    assert_eq!(app.state.world.run(&run.id).unwrap().run.state, RunState::Verifying);
    app.outcome(closed(&run, RunState::Verified, ""));
    app.take();
    app.keys("u");
    assert_eq!(app.take(), [], "nothing is offered any more");
}

/// A run of `action` whose supervisor died an hour before this console was opened.
fn lost_long_ago(app: &App, action: &str) -> Run {
    let run = app.run_of("restart-api", RunState::Unknown);
    let started_at = app.now().utc - chrono::Duration::hours(1);
    let (ended_at, duration_ms, note) = (None, None, Some(SafeText::new("found out at noon")));
    Run { action: action.into(), started_at, ended_at, duration_ms, note, ..run }
}

#[test]
fn a_run_that_is_found_lost_is_news_once_and_for_those_who_know_its_action() {
    let mut app = App::new(WORLD);
    let run = lost_long_ago(&app, "restart-api");
    app.outcome(Outcome::Run(Box::new(run.clone())));
    let toast = app.result();
    // Nobody knows how long it took.
    assert!(toast.contains("outcome unknown: found out at noon") && !toast.contains("after"), "{toast}");

    let mut later = App::new(WORLD);
    let reason = run.action.to_string();
    let (target, id, holder) = (run.target.clone(), run.id.clone(), run.who.clone());
    let lock = Lock { target, id, fence: 1, holder, host: run.host.clone(), reason, since: run.started_at };
    later.outcome(Outcome::Runs { runs: vec![run.clone()], locks: vec![lock] });
    assert_eq!(later.result(), "");
    assert!(later.state.world.run(&run.id).is_some(), "it is kept in sight");

    let mut other = App::new(WORLD);
    other.outcome(Outcome::Run(Box::new(lost_long_ago(&other, "of-another-configuration"))));
    assert_eq!(other.result(), "");
}

#[test]
fn what_nothing_verifies_is_not_offered_to_be_verified() {
    let mut app = App::new(WORLD);
    let run = lost_long_ago(&app, "status-api");
    app.outcome(Outcome::Run(Box::new(run.clone())));
    assert!(app.result().contains(&format!("opsroom unlock {}", run.id)), "{}", app.result());
    assert!(!app.result().contains("verif"), "{}", app.result());
    app.keys("6");
    app.state.console.focus = Some(panels::RUNS.id());
    app.take();
    app.keys("u");
    assert_eq!(app.take(), []);
    assert!(app.toast().contains(&format!("opsroom unlock {}", run.id)), "{}", app.toast());
}

#[test]
fn cancelling_is_offered_where_there_is_something_to_cancel() {
    let offered = |app: &App| text(&draw(&app.state, 120, 40)).lines().last().unwrap().contains("x cancel");
    let mut app = App::new(WORLD);
    let verifying = restarted(&mut app);
    app.keys("6");
    app.state.console.focus = Some(panels::RUNS.id());
    assert!(!offered(&app));
    app.keys("x");
    assert!(app.toast().contains("is being verified: nothing to cancel"), "{}", app.toast());
    let id = "20261121T024105-4a9b".into();
    app.outcome(Outcome::Run(Box::new(Run { id, state: RunState::Running, ended_at: None, ..verifying })));
    assert!(offered(&app));
}

/// A refused or cancelled request leaves nothing by which a later one of the same plan is judged.
#[test]
fn what_was_refused_or_cancelled_leaves_nothing_behind() {
    let mut app = App::new(WORLD);
    app.poll("api", Sign::Good);
    app.poll("db", Sign::Good);
    app.keys("R");
    app.wait(400);
    app.keys("y");
    let (request, plan) = (app.asked()[0], app.started()[0].plan.digest());
    app.take();
    assert_eq!(app.state.console.requests.starting().count(), 1);
    let why = SafeText::new("api is locked");
    app.outcome(Outcome::RunRefused { request, action: "restart-api".into(), why });
    assert_eq!(app.state.console.requests.starting().count(), 0);

    // The same plan, started by another console: it is not taken for the one that was asked for here.
    let run = Run { plan_digest: plan.clone(), ..app.run_of("restart-api", RunState::Running) };
    app.outcome(Outcome::Run(Box::new(run.clone())));
    assert_ne!(
        app.state.list(&panels::RUNS.id()).and_then(|list| list.selected.clone()),
        Some(RowKey::Run(run.id.clone()))
    );

    // Cancelled in the dialog, then asked for again in another world: judged by that one.
    app.keys("R");
    app.wait(400);
    app.keys("esc");
    assert!(app.state.console.requests.starting().count() == 0 && app.started().is_empty());
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
        app.poll("db", Sign::Bad);
    }
    app.keys("R");
    app.wait(400);
    app.keys("y");
    let start = app.started()[0].clone();
    assert_eq!(start.digest, plan);
    assert_ne!(app.asked()[0], request);
    assert_eq!(start.verify.unwrap().before["db"], Status::Down);
}

/// What was asked for again is answered by the later answer alone; what failed is said once, and only to who waits.
#[test]
fn an_answer_to_a_request_that_is_gone_is_dropped() {
    let mut app = App::new(WORLD);
    let asked = |app: &mut App| {
        app.take().into_iter().find_map(|effect| match effect {
            Effect::Store(request, StoreEffect::LoadRuns) => Some(request),
            _ => None,
        })
    };
    app.keys("6");
    let first = asked(&mut app).unwrap();
    app.keys("1 6");
    let second = asked(&mut app).unwrap();
    assert_ne!(first, second);
    let runs = |state| vec![app.run_of("restart-api", state)];
    let (old, new) = (runs(RunState::Running), runs(RunState::Verified));
    let why = || SafeText::new("the store is locked");
    app.outcome(Outcome::RequestFailed { request: first, why: why() });
    assert_eq!(app.toast(), "", "nobody waits for it any more");
    app.outcome(Outcome::RunsLoaded { request: second, runs: new.clone(), locks: Vec::new() });
    app.outcome(Outcome::RunsLoaded { request: first, runs: old, locks: Vec::new() });
    assert_eq!(app.state.world.history, new);
    app.outcome(Outcome::RequestFailed { request: second, why: why() });
    assert_eq!(app.toast(), "", "it was answered");

    app.keys("1 6");
    let third = asked(&mut app).unwrap();
    app.outcome(Outcome::RequestFailed { request: third, why: why() });
    assert_eq!(app.toast(), "the store is locked");
}

/// An answer for a dialog that was closed is not taken for one that is open.
#[test]
fn values_that_come_late_are_not_taken_for_those_of_another_request() {
    let mut app = App::new(WORLD);
    let asked = |app: &mut App| {
        app.take().into_iter().find_map(|effect| match effect {
            Effect::Run(request, RunEffect::FetchChoices(_)) => Some(request),
            _ => None,
        })
    };
    app.keys("B");
    let first = asked(&mut app).unwrap();
    app.keys("esc B");
    let second = asked(&mut app).unwrap();
    let answer = |request, value: &str| Outcome::Choices {
        request,
        action: "rollback-api".into(),
        choices: Ok([("version".to_owned(), vec![Choice::from(SafeText::new(value))].into())].into()),
    };
    let shown = |app: &App| app.choices().parameters[0].1.values.clone();
    app.outcome(answer(first, "v1"));
    assert!(shown(&app).is_empty());
    app.outcome(answer(second, "v2"));
    assert_eq!(shown(&app), [Choice::from(SafeText::new("v2"))]);
}

#[test]
fn keys_before_the_dialog_could_be_read_are_not_for_it() {
    for millis in [0, 100, 299] {
        let mut app = App::new(WORLD);
        app.keys("R");
        app.wait(millis);
        app.keys("y esc enter");
        assert!(app.dialog().is_some() && app.started().is_empty(), "{millis}");
    }
    let mut app = App::new(WORLD);
    app.keys("R");
    app.wait(300);
    app.keys("y");
    assert_eq!(app.started().len(), 1);
}

#[test]
fn production_asks_for_the_name_and_a_paste_is_no_answer() {
    let mut app = App::new(&production());
    app.keys("R");
    app.wait(400);
    app.keys("y");
    assert_eq!(app.dialog().unwrap().focus, Focus::Name, "letters are text in the field");
    app.keys("backspace");
    app.paste("api");
    assert_eq!(app.dialog().unwrap().name.text(), "");
    app.typed("ap");
    app.keys("enter");
    assert!(app.dialog().unwrap().missing.as_ref().unwrap().as_str().contains("`api`"));
    app.typed("i");
    assert!(app.started().is_empty(), "typing alone never runs it");
    app.keys("enter");
    assert_eq!(app.started().len(), 1, "a name that was typed in full is the confirmation");
}

/// Nobody types a name for nothing: what would be refused is said before.
#[test]
fn a_dialog_says_beforehand_that_it_would_be_refused() {
    let mut app = App::new(&production());
    app.keys("R");
    app.wait(400);
    let frames = |app: &App| [(80, 24), (120, 40), (200, 50)].map(|(w, h)| text(&draw(&app.state, w, h)));
    let all_say = |app: &App, what: &str| {
        for frame in frames(app) {
            assert!([what, "type api:", "Cancel     Run"].iter().all(|part| frame.contains(part)), "{what}: {frame}");
        }
    };
    let since = app.now().utc;
    let away = |app: &mut App, seen, how| {
        let (why, problem) = (SafeText::new("gone"), SafeText::new("no such file"));
        app.outcome(Outcome::Store { away: Some(StoreAway { since, seen, why, problem, how }), since });
    };
    away(&mut app, true, StoreAbsence::NotMade);
    all_say(&app, "no store exists yet: Run is refused until one is made");
    away(&mut app, false, StoreAbsence::Unusable);
    all_say(&app, "the store has been away since before ");
    away(&mut app, true, StoreAbsence::Unusable);
    all_say(&app, "Run is refused until it is back");
    // Where the dialog is narrow, the reason is wrapped.
    all_say(&app, "(no such");
    assert!(frames(&app).iter().all(|frame| !frame.contains("since before")), "it was seen");
    app.typed("api");
    all_say(&app, "it would be refused now; Esc cancels");
    app.outcome(Outcome::Store { away: None, since });
    all_say(&app, "Enter runs it now; Esc cancels");
    assert!(frames(&app).iter().all(|frame| !frame.contains("refused")), "it is back");
    app.outcome(Outcome::StoreOnlyRead(Some(SafeText::new("the role `looker` may only read the store"))));
    all_say(&app, "the store may only be read here: Run is refused");
}

/// At every moment the dialog says what the next key does, and the key does that.
#[test]
fn a_dialog_states_its_true_next_key() {
    let next = |app: &App| app.dialog().unwrap().next_key(&app.state, app.now(), true);
    let mut app = App::new(WORLD);
    app.keys("R");
    assert!(next(&app).starts_with("keys are ignored"), "{}", next(&app));
    assert!(app.state.next_tick().unwrap() <= Duration::from_millis(300), "it is drawn again when that is over");
    app.wait(300);
    assert_eq!(next(&app), "Enter cancels; y runs it");
    app.keys("tab");
    assert_eq!(next(&app), "y runs it; Enter does nothing; Esc cancels");
    app.keys("enter");
    assert!(app.dialog().is_some() && app.started().is_empty());

    let mut app = App::new(&production());
    app.keys("R");
    app.wait(300);
    for (typed, says) in [
        ("", "Enter does nothing yet: type the name `api`; Esc cancels"),
        ("a", "Enter does nothing yet: 2 more characters, `pi`; Esc cancels"),
        ("p", "Enter does nothing yet: 1 more character, `i`; Esc cancels"),
        ("x", "Enter does nothing: `apx` is not `api`, press Backspace"),
    ] {
        app.typed(typed);
        assert_eq!(next(&app), says);
        app.keys("enter");
        assert!(app.dialog().is_some() && app.started().is_empty(), "{says}");
    }
    assert!(app.dialog().unwrap().is_wrong());
    app.keys("tab");
    assert_eq!(next(&app), "nothing runs yet: press Tab and type the name `api`");
    app.keys("tab");
    assert_eq!(next(&app), "Enter cancels; to run it, press Tab and type the name `api`");
    app.keys("tab backspace");
    app.typed("i");
    assert_eq!(next(&app), "Enter runs it now; Esc cancels");
    app.keys("tab");
    assert_eq!(next(&app), "Enter or y runs it now; Esc cancels");
    app.keys("enter");
    assert_eq!(app.started().len(), 1);

    let mut app = App::new(&production());
    app.keys("B");
    let (request, choices) = (app.choices().request, Err(SafeText::new("./ctl: not found")));
    app.outcome(Outcome::Choices { request, action: "rollback-api".into(), choices });
    app.typed("v40");
    app.keys("enter");
    app.wait(300);
    app.typed("api");
    assert_eq!(next(&app), "Enter goes to the reason; Esc cancels");
    app.keys("enter enter");
    assert_eq!(next(&app), "Enter does nothing yet: type a reason; Esc cancels");
    app.typed("bad");
    assert_eq!(next(&app), "Enter runs it now; Esc cancels");
    app.keys("shift-tab backspace tab");
    assert_eq!(next(&app), "Enter goes back to the name, which is still missing");
    app.keys("enter");
    app.typed("i");
    app.keys("enter enter");
    assert_eq!(app.started().len(), 1);
}

/// The last steps of a long plan are as dangerous as the first.
#[test]
fn nothing_runs_before_the_end_of_what_would_run_was_seen() {
    let steps: Vec<String> = (1..=17).map(|n| format!("[\"./ctl\", \"step-{n}\", \"{{target}}\"]")).collect();
    let one = "restart = { steps = [[\"./ctl\", \"restart\", \"{target}\"]] }";
    let long = production().replace(one, &format!("restart = {{ steps = [{}] }}", steps.join(", ")));
    let open = || {
        let mut app = App::new(&long);
        app.send(Event::Resize(80, 24));
        // Messages of what just fired lie over no row of the dialog.
        for _ in 0..3 {
            app.poll("api", Sign::Bad);
        }
        app.keys("R");
        app.wait(400);
        app
    };
    let frame = |app: &App| text(&draw(&app.state, 80, 24));
    let mut app = open();
    assert!(app.state.console.toasts.iter().next().is_some(), "there is a message");
    assert!(frame(&app).contains(" more below") && !frame(&app).contains("step-17"), "{}", frame(&app));
    app.typed("api");
    assert!(frame(&app).contains("scroll to the end first (PgDn)"), "{}", frame(&app));
    app.keys("enter tab y enter");
    assert!(app.started().is_empty() && app.dialog().is_some(), "{}", frame(&app));
    // A page is what is seen but one row: none is skipped.
    let mut seen = frame(&app);
    for _ in 0..20 {
        app.keys("pagedown");
        seen.push_str(&frame(&app));
    }
    for n in 1..=17 {
        assert!(seen.contains(&format!("step-{n}")), "step {n} was shown");
    }
    assert!(!frame(&app).contains("scroll to the end"), "{}", frame(&app));
    app.keys("pageup k y");
    assert_eq!(app.started().len(), 1, "it was read, wherever it stands now");
    // Keys that come before the next frame was drawn confirm nothing.
    let mut app = open();
    app.typed("api");
    let page = Key { code: KeyCode::PageDown, ctrl: false, alt: false };
    let enter = Key { code: KeyCode::Enter, ..page };
    for key in std::iter::repeat_n(page, 20).chain([enter]) {
        app.send(Event::Key(key));
    }
    assert!(app.started().is_empty() && app.dialog().is_some());
    app.keys("enter");
    assert_eq!(app.started().len(), 1);
}

/// What was left is said to be left: by every way out of every dialog.
#[test]
fn what_was_cancelled_says_that_nothing_ran() {
    for keys in ["esc", "enter", "n", "q"] {
        let mut app = App::new(WORLD);
        app.keys("R");
        app.wait(400);
        app.keys(keys);
        assert_eq!(app.toast(), "restart api: cancelled, nothing ran", "{keys}");
        assert!(app.dialog().is_none() && app.started().is_empty());
    }
    for keys in ["esc", "tab tab enter"] {
        let mut app = App::new(&production());
        app.keys("R");
        app.wait(400);
        app.keys(keys);
        assert_eq!(app.toast(), "restart api: cancelled, nothing ran", "{keys}");
    }
    let mut app = App::new(WORLD);
    app.keys("B esc");
    assert_eq!(app.toast(), "rollback api: cancelled, nothing ran");
    // Asked whether a run is to be cancelled, and answered no: the run is what goes on.
    let run = app.run_of("restart-api", RunState::Running);
    app.outcome(Outcome::Run(Box::new(run)));
    app.keys("6");
    app.state.console.focus = Some(panels::RUNS.id());
    app.keys("x");
    app.wait(400);
    app.keys("esc");
    assert_eq!(app.toast(), "restart api: not cancelled, it continues");
}

/// What the adapter answers to the choices that are open.
fn releases(app: &App, lines: &[&str]) -> Outcome {
    let values = lines.iter().filter_map(|line| Choice::read(line, &Redactor::default())).collect();
    let (request, choices) = (app.choices().request, Ok([("version".to_owned(), values)].into()));
    Outcome::Choices { request, action: "rollback-api".into(), choices }
}

/// Until the adapter has answered nothing can be chosen; once it has failed a value may be typed.
#[test]
fn choices_that_are_loading_take_no_value() {
    let mut app = App::new(WORLD);
    app.keys("B");
    let drawn = |app: &App| text(&draw(&app.state, 80, 24));
    assert!(drawn(&app).contains("the choices are being loaded"), "{}", drawn(&app));
    assert!(!drawn(&app).contains("type a value"), "{}", drawn(&app));
    app.typed("v40");
    app.keys("enter enter");
    assert!(app.dialog().is_none() && drawn(&app).contains("the choices are being loaded"), "{}", drawn(&app));
    let (request, choices) = (app.choices().request, Err(SafeText::new("./ctl: not found")));
    app.outcome(Outcome::Choices { request, action: "rollback-api".into(), choices });
    let failed = "the choices could not be loaded: ./ctl: not found";
    assert!(drawn(&app).contains(failed) && !drawn(&app).contains("being loaded"), "{}", drawn(&app));
    app.keys("backspace");
    app.typed("1");
    assert!(drawn(&app).contains(failed), "the reason stays: {}", drawn(&app));
    app.keys("enter");
    assert_eq!(app.dialog().unwrap().plan.parameters["version"], "v41");
}

/// What is known of releases stands in columns: who made them, and when, is compared down the list.
#[test]
fn who_made_releases_and_when_stands_in_columns() {
    let mut app = App::new(WORLD);
    app.keys("B");
    let answer = releases(
        &app,
        &[
            r#"{"value":"v42","running":true,"at":"2026-11-21","by":"ci","title":"Count carts"}"#,
            r#"{"value":"v41","at":"2026-11-20","by":"bernadette","title":"Round prices"}"#,
            r#"{"value":"v40","at":"2026-11-19","title":"Show dates"}"#,
        ],
    );
    app.outcome(answer);
    let drawn = text(&draw(&app.state, 120, 40));
    for row in [
        " v42  runs now        2026-11-21  by ci          Count carts ",
        "▌v41  the one before  2026-11-20  by bernadette  Round prices ",
        " v40                  2026-11-19                 Show dates ",
    ] {
        assert!(drawn.contains(row), "{row}: {drawn}");
    }
}

/// Who confirms a rollback reads which release gives way to which; nothing is said where the adapter says nothing of it.
#[test]
fn the_dialog_of_a_rollback_says_from_what_to_what() {
    let said = |lines: &[&str]| {
        let mut app = App::new(WORLD);
        app.keys("B");
        let answer = releases(&app, lines);
        app.outcome(answer);
        app.keys("down enter");
        let drawn = text(&draw(&app.state, 100, 30));
        drawn.lines().find(|line| line.contains(" version")).map(|line| line.trim_matches(['┃', '│', ' ']).to_owned())
    };
    let known = said(&[r#"{"value":"v42","running":true}"#, "v41", "v40"]).unwrap();
    assert!(known.contains("version") && known.contains("v42 → v40") && !known.contains('='), "{known}");
    let unknown = said(&["v42", "v41", "v40"]).unwrap();
    assert!(unknown.contains("version =") && !unknown.contains('→'), "{unknown}");
}

/// Going back is going to what was before, and never to what runs.
#[test]
fn the_release_before_the_running_one_has_the_cursor_and_the_running_one_never() {
    const RELEASES: [&str; 4] = ["v43", r#"{"value":"v42","running":true,"title":"the bad one"}"#, "v41", "v40"];
    let chosen = |keys: &str, typed: &str, lines: &[&str]| {
        let mut app = App::new(WORLD);
        app.keys("B");
        let answer = releases(&app, lines);
        app.outcome(answer);
        app.typed(typed);
        app.keys(keys);
        app.dialog().map(|dialog| dialog.plan.parameters["version"].clone())
    };
    assert_eq!(chosen("enter", "", &RELEASES).as_deref(), Some("v41"));
    assert_eq!(chosen("down enter", "", &RELEASES).as_deref(), Some("v40"));
    assert_eq!(chosen("up enter", "", &RELEASES).as_deref(), Some("v43"), "over the running one");
    assert_eq!(chosen("enter", "v42", &RELEASES), None);
    assert_eq!(chosen("enter", "bad", &RELEASES), None);
    assert_eq!(chosen("up up down pageup enter", "v42", &RELEASES), None);
    assert_eq!(chosen("enter", "v40", &RELEASES).as_deref(), Some("v40"));
    // Nothing before it, or nothing known: nothing is chosen beforehand.
    assert_eq!(
        chosen("enter", "", &["v3", r#"{"value":"v2","running":true}"#, r#"{"value":"v1","running":true}"#]),
        Some("v3".to_owned()),
        "the only one left"
    );
    assert_eq!(chosen("enter", "", &["v3", "v2", r#"{"value":"v1","running":true}"#]), None);
    assert_eq!(chosen("enter", "", &["v3", "v2", "v1"]), None);
    assert_eq!(chosen("down enter", "", &["v3", "v2", "v1"]).as_deref(), Some("v3"));
}

#[test]
fn the_end_of_a_dry_run_says_that_nothing_was_changed() {
    for (code, state, says) in [
        (0, RunState::Ended, "dry run ended, nothing was changed"),
        (3, RunState::Failed, "dry run: failed: exit 3, nothing was changed"),
    ] {
        let mut app = App::new(WORLD);
        let mut run = app.run_of("rollback-api", RunState::Running);
        run.dry_run = true;
        app.outcome(Outcome::Run(Box::new(run.clone())));
        run = Run { exit_code: Some(code), ..app.run_of("rollback-api", state) };
        run.dry_run = true;
        app.outcome(Outcome::Run(Box::new(run)));
        assert!(app.result().contains(says), "{}", app.result());
    }
}

#[test]
fn the_highest_grade_asks_for_name_and_reason_and_says_what_it_can_not_do() {
    let mut app = App::new(&production());
    app.keys("B");
    let request = app.choices().request;
    let choices = Err(SafeText::new("./ctl: not found"));
    app.outcome(Outcome::Choices { request, action: "rollback-api".into(), choices });
    app.typed("v40");
    app.keys("enter");
    app.wait(400);
    let dialog = app.dialog().unwrap();
    assert_eq!(dialog.grade, Confirm::TwoPerson);
    assert!(dialog.warnings(&app.state).iter().any(|warning| warning.as_str().contains("second person")));
    app.typed("api");
    app.keys("tab tab y");
    assert!(app.started().is_empty(), "no reason yet");
    app.typed("bad deploy");
    app.keys("tab y");
    let started = app.started();
    assert_eq!(started[0].reason.as_deref(), Some("bad deploy"));
    assert_eq!(started[0].plan.parameters["version"], "v40");
}

#[test]
fn what_is_refused_after_a_reason_was_typed_comes_back_with_the_reason() {
    let mut app = App::new(&production());
    app.keys("B");
    let request = app.choices().request;
    let choices = Err(SafeText::new("./ctl: not found"));
    app.outcome(Outcome::Choices { request, action: "rollback-api".into(), choices });
    app.typed("v40");
    app.keys("enter");
    app.wait(400);
    app.typed("api");
    app.keys("tab");
    app.typed("bad deploy");
    app.keys("tab y");
    assert!(app.dialog().is_none());
    let refused = |app: &mut App, why: &str| {
        let (request, why) = (app.asked()[0], SafeText::new(why));
        app.take();
        app.outcome(Outcome::RunRefused { request, action: "rollback-api".into(), why });
    };
    refused(&mut app, "api is locked by ben");
    let dialog = app.dialog().expect("it is open again");
    assert_eq!((dialog.reason.text(), dialog.name.text(), dialog.focus), ("bad deploy", "", Focus::Name));
    for (width, height) in [(80, 24), (120, 40)] {
        let drawn = text(&draw(&app.state, width, height));
        assert!(
            drawn.contains("it was refused: api is locked by ben") && drawn.contains("reason: bad deploy"),
            "{drawn}"
        );
    }
    // Keys that were typed before it can have been read, and the reason alone, run nothing.
    app.typed("api");
    assert_eq!(app.dialog().map(|dialog| dialog.name.text()), Some(""));
    app.wait(400);
    app.keys("tab tab y");
    assert!(app.started().is_empty());
    app.typed("api");
    app.keys("tab enter");
    assert_eq!(app.started()[0].reason.as_deref(), Some("bad deploy"));
    // What runs is not asked for again, whatever becomes of it.
    let request = app.asked()[0];
    let run = app.run_of("rollback-api", RunState::Running);
    app.outcome(Outcome::RunStarted { request, run: Box::new(run) });
    refused(&mut app, "too late");
    assert!(app.dialog().is_none());
}

#[test]
fn a_start_that_takes_long_is_named_once_its_message_is_gone() {
    let mut app = App::new(WORLD);
    app.keys("R");
    app.wait(400);
    app.keys("y");
    let drawn = |app: &App| text(&draw(&app.state, 80, 24));
    app.pass(4);
    assert!(drawn(&app).contains("restart api: starting") && !drawn(&app).contains("still"), "{}", drawn(&app));
    app.pass(2);
    assert!(drawn(&app).contains("still starting (6s): restart api"), "{}", drawn(&app));
    assert!(!drawn(&app).contains("restart api: starting"), "{}", drawn(&app));
    let request = app.asked()[0];
    let run = app.run_of("restart-api", RunState::Running);
    app.outcome(Outcome::RunStarted { request, run: Box::new(run) });
    assert!(!drawn(&app).contains("still starting"), "{}", drawn(&app));
}

#[test]
fn a_run_of_unknown_outcome_is_said_to_be_that_and_is_verified_or_closed() {
    let mut app = App::new(WORLD);
    let run = app.run_of("restart-api", RunState::Unknown);
    app.outcome(Outcome::Run(Box::new(run.clone())));
    let left = LeftProcess { pid: 4711, command: SafeText::new("sleep 300"), since: None };
    let signs = Signs { left: vec![left], ..Signs::default() };
    app.outcome(Outcome::RunSigns { run: run.id.clone(), signs });
    app.keys("6");
    app.state.console.focus = Some(panels::RUNS.id());
    let drawn = text(&draw(&app.state, 120, 40));
    let footer = drawn.lines().last().unwrap_or_default();
    for says in ["outcome unknown", "remaining: pid 4711, sleep 300", "verifies it now", "opsroom unlock", "--why TEXT"]
    {
        assert!(drawn.contains(says), "{says}: {drawn}");
    }
    assert!(footer.contains("stop what is left") && footer.contains("verify"), "{footer}");
    assert!(!drawn.contains("still runs") && !footer.contains("cancel"), "{drawn}");
}

#[test]
fn cancelling_a_run_asks_first() {
    let mut app = App::new(WORLD);
    let run = app.run_of("restart-api", RunState::Running);
    app.outcome(Outcome::Run(Box::new(run.clone())));
    app.keys("6");
    app.take();
    app.state.console.focus = Some(panels::RUNS.id());
    app.keys("x y");
    assert!(app.effects.is_empty());
    app.wait(400);
    app.keys("enter");
    assert!(app.state.console.overlays.is_empty() && app.effects.is_empty());
    app.keys("x");
    app.wait(400);
    app.keys("y");
    assert!(matches!(&app.take()[..], [Effect::Run(_, RunEffect::Stop(stopped))] if **stopped == run));
    let words = |app: &App| {
        let (stopping, told) = app.state.world.run(&run.id).unwrap().stopping.clone().unwrap();
        stopping.describe(app.state.world.now.since(told))
    };
    assert_eq!(words(&app), "stopping: waiting for its supervisor");
    let summary = |stopping| Outcome::RunStopping { run: run.id.clone(), stopping };
    app.outcome(summary(Stopping::Terminated { kill_in: Duration::from_secs(10) }));
    app.wait(3_500);
    // What is known is not taken back by an earlier word.
    app.outcome(summary(Stopping::Asked));
    assert_eq!(words(&app), "stopping: asked to end, killed in 7 s");
    app.outcome(summary(Stopping::Killed));
    assert_eq!(words(&app), "stopping: killed, waiting for its end");
}

#[test]
fn output_is_held_where_it_is_read_and_followed_at_its_end() {
    let mut app = App::new(WORLD);
    let run = app.run_of("restart-api", RunState::Running);
    app.outcome(Outcome::Run(Box::new(run.clone())));
    let feed = |app: &mut App, from: u64, to: u64| {
        let lines =
            (from..to).map(|index| OutputLine { index, stderr: false, text: SafeText::new(&format!("{index}")) });
        app.outcome(Outcome::RunOutput { run: run.id.clone(), lines: lines.collect(), omitted: 0 });
    };
    feed(&mut app, 0, 100);
    // A re-attached run is followed from its beginning again.
    feed(&mut app, 0, 120);
    assert_eq!(app.state.world.run(&run.id).unwrap().lines.len(), 120);
    app.keys("6");
    app.state.console.focus = Some(panels::OUTPUT.id());
    app.keys("pageup");
    let held = app.state.console.screens.actions.output_at;
    assert!(held.is_some());
    feed(&mut app, 120, 10_000);
    assert_eq!(app.state.console.screens.actions.output_at, held);
    assert!(app.state.world.run(&run.id).unwrap().lines.len() <= 5_000);
    app.keys("G");
    assert_eq!(app.state.console.screens.actions.output_at, None);
}

#[test]
fn an_alert_waits_for_its_time_fires_once_and_is_over() {
    let mut app = App::new(WORLD);
    app.sample("errors", Ok(7.0));
    assert_eq!(app.state.world.alerts[0].phase, Phase::Pending);
    for _ in 0..7 {
        app.pass(10);
        app.sample("errors", Ok(7.0));
    }
    let alert = &app.state.world.alerts[0];
    assert_eq!((alert.phase, alert.severity), (Phase::Firing, Severity::Medium));
    assert!(alert.value.as_str().contains('7'), "{}", alert.value);
    assert_eq!(app.state.world.metric("errors").unwrap().severity, Some(Severity::Medium));
    assert!(!app.effects.contains(&TerminalEffect::Bell.into()), "only what is critical rings");
    for _ in 0..3 {
        app.poll("db", Sign::Bad);
    }
    let rings = app.take();
    assert_eq!(rings.iter().filter(|effect| **effect == TerminalEffect::Bell.into()).count(), 1);
    assert!(rings.iter().any(
        |effect| matches!(effect, Effect::Terminal(TerminalEffect::Title(title)) if title.as_str().contains("db"))
    ));
    assert_eq!(app.state.world.alerts[0].severity, Severity::Critical, "the worst comes first");
    app.pass(5);
    app.poll("db", Sign::Bad);
    assert!(!app.take().contains(&TerminalEffect::Bell.into()), "it rings once");
    app.poll("db", Sign::Good);
    app.poll("db", Sign::Good);
    assert!(
        app.take()
            .iter()
            .any(|effect| matches!(effect, Effect::Terminal(TerminalEffect::Title(title)) if title.as_str() == "test"))
    );
    let phases: Vec<Phase> = app.state.world.alerts.iter().map(|alert| alert.phase).collect();
    assert_eq!(phases, [Phase::Firing, Phase::Resolved]);
}

#[test]
fn only_what_a_person_would_see_asks_for_a_frame() {
    let mut app = App::new(WORLD);
    for _ in 0..2 {
        app.poll("api", Sign::Good);
        app.sample("errors", Ok(1.0));
    }
    let drawn = app.state.console.revision;
    app.poll("api", Sign::Good);
    app.sample("errors", Ok(1.1));
    assert_eq!(app.state.console.revision, drawn, "one more good poll changes no cell before the clock turns");
    app.wait(200);
    app.send(Event::Clock);
    assert_eq!(app.state.console.revision, drawn, "the same second looks the same");
    app.pass(1);
    assert!(app.state.console.revision > drawn);
    let drawn = app.state.console.revision;
    app.poll("api", Sign::Bad);
    assert!(app.state.console.revision > drawn, "a new status is shown at once");

    app.keys("f");
    let drawn = app.state.console.revision;
    app.pass(3);
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
        app.records("api", &[(Level::Error, "still down")]);
    }
    assert_eq!(app.state.console.revision, drawn, "frozen: nothing is written");
    assert_eq!(app.state.world.check("api").unwrap().status, Status::Down, "and nothing is missed");
    app.keys("f");
    assert!(app.state.console.revision > drawn);
    app.send(Event::Focus(false));
    let drawn = app.state.console.revision;
    app.pass(3);
    assert_eq!(app.state.console.revision, drawn, "nobody looks");
}

#[test]
fn what_does_not_answer_turns_stale_and_is_not_the_last_green() {
    let mut app = App::new(WORLD);
    app.poll("api", Sign::Good);
    let after = app.state.world.check("api").unwrap().stale_after;
    app.pass(after.as_secs() + 1);
    let check = app.state.world.check("api").unwrap();
    assert!(check.stale && app.state.world.service("api").unwrap().stale);
    assert!(app.state.world.metric("errors").unwrap().stale, "what never came is stale too");
    app.poll("api", Sign::Good);
    assert!(!app.state.world.check("api").unwrap().stale);
}

#[test]
fn a_reload_keeps_what_stayed_and_says_what_changed() {
    let mut app = App::new(WORLD);
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    app.sample("errors", Ok(50.0));
    for n in 0..100 {
        app.records("api", &[(Level::Info, &format!("line {n}"))]);
    }
    app.keys("3 k k");
    let selected = app.state.console.screens.logs.pane.selected(&app.state.world.logs).unwrap().message.to_string();
    let more = WORLD
        .replace("[check.db]", "[check.first]\ntcp = \"127.0.0.1:1\"\n\n[check.db]")
        .replace("[log.api]", "[log.first]\nfile = \"/var/log/first.log\"\n\n[log.api]");
    let changes = vec![SafeText::new("check first is new"), SafeText::new("log first is new")];
    app.send(Event::Reloaded(Ok((config(&more), changes))));
    assert_eq!(app.state.world.check("api").unwrap().status, Status::Down);
    assert_eq!(app.state.world.check("first").unwrap().status, Status::Unknown);
    assert_eq!(app.state.world.metric("errors").unwrap().latest(5).len(), 1);
    assert!(
        app.state.world.alerts.iter().any(|alert| alert.id.starts_with("check:api") && alert.phase == Phase::Firing)
    );
    assert!(app.toast().contains("check first is new"), "{}", app.toast());
    let pane = &app.state.console.screens.logs.pane;
    assert_eq!(pane.selected(&app.state.world.logs).unwrap().message.as_str(), selected);
    while app.state.next_tick() == Some(Duration::ZERO) {
        app.send(Event::Clock);
    }
    assert_eq!(app.state.console.screens.logs.pane.view().len(), 100);

    let loaded = opsroom::config::load::load_text("/srv/opsroom.toml".as_ref(), "[check.api]\nhttp = 3\n");
    app.send(Event::Reloaded(Err(loaded.diagnostics)));
    assert!(app.state.world.check("db").is_some(), "the old configuration goes on");
    assert!(app.toast().contains("opsroom.toml:2"), "{}", app.toast());
    assert!(!app.state.world.diagnostics.problems.is_empty());
}

#[test]
fn of_very_many_problems_of_a_reload_the_first_are_kept_and_the_others_counted() {
    let mut app = App::new(WORLD);
    let wrong: String = (0..5_000).fold(String::new(), |text, number| text + &format!("k{number} = 1\n"));
    let loaded = opsroom::config::load::load_text("/srv/opsroom.toml".as_ref(), &wrong);
    app.send(Event::Reloaded(Err(loaded.diagnostics)));
    let problems = &app.state.world.diagnostics.problems;
    assert_eq!(problems.len(), 51);
    assert!(problems.back().unwrap().text.as_str().starts_with("and 4950 more"));
    assert!(app.toast().contains("and 4999 more"), "{}", app.toast());
}

#[test]
fn warnings_of_a_rejected_configuration_are_no_problems_of_it() {
    let mut app = App::new(WORLD);
    let warned =
        "[check.api]\nhttp = \"http://127.0.0.1/\"\nheaders = { Cookie = \"abcdefgh\" }\n[check.web]\nhttp = 3\n";
    let loaded = opsroom::config::load::load_text("/srv/opsroom.toml".as_ref(), warned);
    assert_eq!(loaded.diagnostics.len(), 2);
    app.send(Event::Reloaded(Err(loaded.diagnostics)));
    assert!(!app.toast().contains("more"), "{}", app.toast());
    let problems = &app.state.world.diagnostics.problems;
    assert!(problems.len() == 1 && problems[0].about.as_str().contains(":5:"), "{problems:?}");
}

fn service(name: &str) -> RowKey {
    RowKey::Service(name.into())
}

#[test]
fn lists_are_walked_opened_and_left() {
    let mut app = App::new(WORLD);
    assert_eq!(app.state.focused_panel(), Some(panels::SERVICES.id()));
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    assert_eq!(app.state.rows(&panels::SERVICES.id()), ["api", "db"].map(service));
    app.keys("j");
    assert_eq!(app.state.selected(&panels::SERVICES.id()).unwrap(), service("db"));
    for _ in 0..3 {
        app.poll("db", Sign::Bad);
    }
    app.poll("api", Sign::Good);
    assert_eq!(app.state.rows(&panels::SERVICES.id())[0], service("db"));
    app.keys("enter");
    assert_eq!(app.state.console.screen, Screen::Service);
    assert_eq!(&*app.state.shown_service().unwrap().name, "db", "the selection stayed with its row");
    app.keys("z q");
    assert_eq!(app.state.console.screen, Screen::Service, "q leaves the zoom first");
    app.keys("q");
    assert_eq!(app.state.console.screen, Screen::Overview);
    app.keys("4 + +");
    assert_eq!(app.state.console.screens.metrics.span(), RANGES[4].0);
    app.keys("h h l");
    assert!(app.state.console.time_cursor.is_some());
    app.keys("l");
    assert_eq!(app.state.console.time_cursor, None);
}

#[test]
fn the_mouse_can_do_nothing_that_keys_can_not() {
    let mut app = App::new(WORLD);
    let area = |y: u16, height: u16| Area { x: 0, y, width: 40, height };
    let mut layout = LayoutMap::default();
    layout.push(area(1, 10), Target::Panel(panels::SERVICES.id()));
    layout.push(area(2, 1), Target::Row(service("api")));
    layout.push(area(30, 5), Target::Panel(panels::STARTABLE.id()));
    layout.push(area(30, 1), Target::Row(RowKey::Action("status-api".into())));
    app.send(Event::Learned(Learned::Layout(layout.clone())));
    let press = |app: &mut App, row: u16| {
        app.send(Event::Mouse(Mouse { column: 3, row, kind: MouseKind::Press }));
    };
    press(&mut app, 2);
    assert_eq!(app.state.selected(&panels::SERVICES.id()).unwrap(), service("api"));
    press(&mut app, 2);
    assert_eq!(app.state.console.screen, Screen::Service);
    app.keys("6");
    app.send(Event::Learned(Learned::Layout(layout)));
    app.take();
    press(&mut app, 30);
    press(&mut app, 30);
    assert!(app.effects.is_empty(), "clicks start nothing");
    assert_eq!(app.state.selected(&panels::STARTABLE.id()).unwrap(), RowKey::Action("status-api".into()));
}

#[test]
fn marks_are_copied_and_saved_in_order() {
    let mut app = App::new(WORLD);
    for n in 0..5 {
        app.records("api", &[(if n == 1 { Level::Error } else { Level::Info }, &format!("line {n}"))]);
        app.wait(10);
    }
    app.keys("3 y");
    assert_eq!(app.take(), [TerminalEffect::Copy(SafeText::new("line 4")).into()]);
    app.keys("m E m o");
    let effects = app.take();
    let [Effect::Console(ConsoleEffect::Save { name, text })] = &effects[..] else { panic!("{effects:?}") };
    assert!(name.starts_with("logs-20261121T0241"));
    assert_eq!(text, "line 1\nline 4\n");
    app.keys("enter");
    let Some(open) = app.state.console.overlays.top_as::<RecordOverlay>() else { panic!("no record") };
    assert_eq!(open.record.message.as_str(), "line 1");
    app.keys("l");
    let Some(open) = app.state.console.overlays.top_as::<RecordOverlay>() else { panic!("no record") };
    assert_eq!(open.record.message.as_str(), "line 2");
}

#[test]
fn a_dialog_whose_plan_changed_under_it_is_closed() {
    let mut app = App::new(WORLD);
    app.keys("R");
    app.send(Event::Reloaded(Ok((config(WORLD), Vec::new()))));
    assert!(app.dialog().is_some(), "the same plan is the same plan");
    let other = WORLD.replace("\"./ctl\", \"restart\"", "\"./ctl\", \"restart\", \"--hard\"");
    app.send(Event::Reloaded(Ok((config(&other), Vec::new()))));
    assert!(app.dialog().is_none());
    app.wait(400);
    app.keys("y");
    assert!(app.started().is_empty());
}

/// What a hand does that does not look.
#[derive(Debug, Clone)]
enum Blow {
    Key(&'static str),
    Paste,
    Wait(u64),
    Poll(bool),
    Log,
    Tick,
    Choices,
    Resize(u16),
}

fn blow() -> impl Strategy<Value = Blow> {
    const KEYS: [&str; 44] = [
        "R",
        "B",
        "I",
        "y",
        "n",
        "q",
        "esc",
        "enter",
        "tab",
        "shift-tab",
        "j",
        "k",
        "h",
        "l",
        "g",
        "G",
        "1",
        "2",
        "3",
        "4",
        "6",
        "!",
        "?",
        ":",
        "/",
        "s",
        "m",
        "e",
        "E",
        "x",
        "d",
        "u",
        "z",
        "f",
        "w",
        "t",
        "v",
        "o",
        ".",
        "space",
        "pageup",
        "backspace",
        "a",
        "+",
    ];
    prop_oneof![
        12 => prop::sample::select(&KEYS[..]).prop_map(Blow::Key),
        1 => Just(Blow::Paste),
        2 => prop::sample::select(&[10_u64, 200, 400][..]).prop_map(Blow::Wait),
        1 => any::<bool>().prop_map(Blow::Poll),
        1 => Just(Blow::Log),
        1 => Just(Blow::Tick),
        1 => Just(Blow::Choices),
        1 => prop::sample::select(&[0_u16, 1, 20, 200][..]).prop_map(Blow::Resize),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn blind_hands_break_nothing_and_start_nothing_unconfirmed(blows in prop::collection::vec(blow(), 1..120)) {
        let mut app = App::new(WORLD);
        for blow in blows {
            let ready = app.dialog().is_some_and(|dialog| dialog.ready(app.now()));
            let typed = ready && app.dialog().is_some_and(|dialog| dialog.grade >= Confirm::TypeName);
            app.take();
            match &blow {
                Blow::Key(key) => app.keys(key),
                Blow::Paste => app.paste("y api\nR"),
                Blow::Wait(millis) => app.wait(*millis),
                Blow::Poll(good) => app.poll("api", if *good { Sign::Good } else { Sign::Bad }),
                Blow::Log => app.records("api", &[(Level::Error, "a line"), (Level::Info, "another")]),
                Blow::Tick => app.pass(1),
                Blow::Choices => {
                    let values = [("version".to_owned(), vec![Choice::from(SafeText::new("v1")), SafeText::new("v2").into()].into())];
                    let open = app.state.console.overlays.top_as::<Choices>();
                    let request = open.map_or_else(RequestId::default, |choices| choices.request);
                    let action = "rollback-api".into();
                    app.outcome(Outcome::Choices { request, action, choices: Ok(values.into()) });
                }
                Blow::Resize(size) => app.send(Event::Resize(*size, *size)),
            }
            let height = usize::from(app.state.console.size.1);
            prop_assert!(app.state.console.screens.logs.rows(&app.state.world.logs, height).len() <= height.max(1) * 3);
            prop_assert!(app.state.focused_panel().is_some());
            for start in app.started() {
                prop_assert!(!start.plan.changing || (ready && matches!(blow, Blow::Key("y")))
                        || (typed && matches!(blow, Blow::Key("enter"))));
            }
        }
    }
}

#[test]
fn without_services_each_check_is_a_row_of_its_own() {
    let mut app = App::new("[check.site]\nhttp = 'http://a.invalid/'\n[check.mail]\ntcp = 'b.invalid:25'\n");
    for _ in 0..3 {
        app.poll("site", Sign::Good);
        app.poll("mail", Sign::Bad);
    }
    let rows: Vec<_> = app.state.world.services.iter().map(|row| (row.title.as_str(), row.status)).collect();
    assert_eq!(rows, [("mail", Status::Down), ("site", Status::Ok)]);
    assert_eq!(&*app.state.world.row_of("site"), "site");
    app.keys("2");
    assert_eq!(app.state.shown_service().map(|row| row.title.as_str()), Some("mail"));
}

/// Runs of before this console have their output in files: it is read when one is chosen.
#[test]
fn a_finished_run_shows_its_stored_output() {
    let mut app = App::new(WORLD);
    let long_ago = app.now().utc - chrono::Duration::days(1);
    let stored: Vec<Run> = (0..40)
        .map(|at| Run {
            id: format!("r{at:02}").into(),
            started_at: long_ago - chrono::Duration::minutes(at),
            ended_at: Some(long_ago),
            ..app.run_of("restart-api", RunState::Verified)
        })
        .collect();
    app.outcome(Outcome::Runs { runs: stored, locks: Vec::new() });
    assert_eq!(app.take(), [], "nothing is read before anybody looks");
    app.keys("6");
    app.state.console.focus = Some(panels::RUNS.id());
    let mut chosen = vec![app.state.shown_run().unwrap().id.clone()];
    for _ in 0..39 {
        app.keys("j");
        chosen.push(app.state.shown_run().unwrap().id.clone());
    }
    let followed = |effect| match effect {
        Effect::Run(_, RunEffect::Follow(id)) => Some(id),
        _ => None,
    };
    assert_eq!(app.take().into_iter().filter_map(followed).collect::<Vec<_>>(), chosen);
    // The last one is older than all that are held: it is held all the same.
    app.keys("enter");
    let id = chosen.last().unwrap().clone();
    let lines = vec![OutputLine { index: 0, stderr: false, text: SafeText::new("restarted") }];
    app.outcome(Outcome::RunOutput { run: id.clone(), lines, omitted: 0 });
    assert_eq!(app.state.world.run(&id).unwrap().lines[0].text.as_str(), "restarted");
}

#[test]
fn a_message_does_not_lie_on_what_runs() {
    let mut app = world::calm();
    let run = app.run_of("restart-api", RunState::Running);
    app.outcome(Outcome::Run(Box::new(run)));
    app.keys("T");
    let said = app.toast();
    assert!(!said.is_empty(), "a message is shown");
    let shown = text(&draw(&app.state, 80, 24));
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[22].trim_start().starts_with('▸') && !lines[22].contains(&said), "{shown}");
    assert!(lines[21].contains(&said), "above it: {shown}");
}
