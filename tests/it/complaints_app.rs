//! What users of other consoles complained about, one test each, as far as it is decided in the core. `complaints.rs` has the table of
//! all of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::support::app::{App, WORLD, config};
use opsroom::app::commands;
use opsroom::app::keymap::{Binding, Command, Keymap};
use opsroom::app::message::Event;
use opsroom::app::overlays::choices::Choices;
use opsroom::app::overlays::help::{Help, HelpRow};
use opsroom::app::overlays::line::LineInput;
use opsroom::app::overlays::palette::Palette;
use opsroom::app::row::RowKey;
use opsroom::app::screens::Screen;
use opsroom::config::commands::COMMANDS;
use opsroom::config::panels;
use opsroom::logs::record::Level;
use opsroom::model::choice::Choice;
use opsroom::model::effect::{ConsoleEffect, Effect, FeedEffect, RunEffect, StoreEffect, TerminalEffect};
use opsroom::model::observation::Observation;
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::model::run::Confirm;
use opsroom::model::status::Status;
use opsroom::text::SafeText;
use opsroom::world::alerts::Phase;

/// Complaint 1: one key destroys.
#[test]
fn one_key_never_changes_the_world() {
    for key in ["R", "enter", "space", "R R R", "R enter", "R y y y", "R R y y"] {
        let mut app = App::new(WORLD);
        app.keys(key);
        assert!(app.started().is_empty(), "{key}");
    }
    // Held down, the key repeats for as long as one likes.
    let mut app = App::new(WORLD);
    for _ in 0..100 {
        app.wait(30);
        app.keys("R");
    }
    assert!(app.started().is_empty());
    // Enter on a fresh dialog cancels; on the other button it does nothing.
    let mut app = App::new(WORLD);
    app.keys("R");
    app.wait(400);
    app.keys("enter");
    assert!(app.dialog().is_none() && app.started().is_empty());
    app.keys("R");
    app.wait(400);
    app.keys("tab enter enter");
    assert!(app.dialog().is_some() && app.started().is_empty());
    app.keys("y");
    assert_eq!(app.started().len(), 1);
    // What changes nothing, and what says so itself, needs no dialog.
    let mut app = App::new(WORLD);
    app.keys("I");
    assert_eq!(app.started().len(), 1);
}

/// Complaint 2: a typo in the filter reached the list.
#[test]
fn what_is_typed_or_pasted_never_starts_an_action() {
    for open in ["/", ":", "3 /", "3 s", "6 /"] {
        let mut app = App::new(WORLD);
        app.keys(open);
        app.wait(400);
        app.typed("RRIyRqfz1");
        assert!(
            app.dialog().is_none()
                && app.effects.iter().all(|effect| matches!(effect, Effect::Store(_, StoreEffect::LoadRuns))),
            "{open}"
        );
    }
    let mut app = App::new(WORLD);
    app.paste("R\ny\nI\n");
    assert!(app.effects.is_empty() && app.state.console.overlays.is_empty());
    app.keys("R");
    app.wait(400);
    app.paste("y");
    app.paste("api\n");
    assert!(app.dialog().is_some() && app.started().is_empty());
}

/// Complaint 3, the part of the core: every dialog begins with the environment.
#[test]
fn the_environment_stands_first_in_every_dialog() {
    let mut app = App::new(&WORLD.replace("staging", "production"));
    app.keys("R");
    let dialog = app.dialog().unwrap();
    let first = &dialog.preview.rows[0];
    assert_eq!((first.label.as_str(), first.text.as_str()), ("environment", "PRODUCTION"));
    assert_eq!(dialog.grade, Confirm::TypeName);
}

/// Complaint 4: the confirmation lacks the parameters.
#[test]
fn the_dialog_lists_what_will_run_with_every_parameter() {
    let mut app = App::new(WORLD);
    app.keys("B");
    let request = app.choices().request;
    assert_eq!(app.take(), [Effect::Run(request, RunEffect::FetchChoices("rollback-api".into()))]);
    let values = [("version".to_owned(), vec![Choice::from(SafeText::new("v41")), SafeText::new("v40").into()].into())];
    app.outcome(Outcome::Choices { request, action: "rollback-api".into(), choices: Ok(values.into()) });
    // Nothing says which one runs, so nothing is chosen beforehand.
    app.keys("down down enter");
    let facts: Vec<String> =
        app.dialog().unwrap().preview.rows.iter().map(|row| format!("{} {}", row.label, row.text)).collect();
    assert!(!facts.iter().any(|fact| fact.contains("secret:")), "names of the environment, never values: {facts:#?}");
    for part in ["version = v40", "step 1 ./ctl rollback api v40", "directory ", "env TOKEN", "digest "] {
        assert!(facts.iter().any(|fact| fact.contains(part)), "{part} is not in {facts:#?}");
    }
}

/// Complaint 20: one blip pages.
#[test]
fn one_blip_is_pending_and_tells_nobody() {
    let mut app = App::new(WORLD);
    app.poll("api", Sign::Good);
    app.poll("api", Sign::Good);
    app.poll("api", Sign::Bad);
    assert_eq!(app.state.world.check("api").unwrap().status, Status::Pending);
    assert_eq!(app.state.world.check("api").unwrap().streak, Some((1, 3)));
    app.poll("api", Sign::Good);
    assert_eq!(app.state.world.check("api").unwrap().status, Status::Ok);
    assert!(app.state.world.alerts.is_empty() && !app.effects.contains(&TerminalEffect::Bell.into()));
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    assert_eq!(app.state.world.check("api").unwrap().status, Status::Down);
}

/// Complaint 21: up at the first success.
#[test]
fn one_success_does_not_end_an_outage() {
    let mut app = App::new(WORLD);
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    app.poll("api", Sign::Good);
    assert_eq!(app.state.world.check("api").unwrap().status, Status::Pending);
    app.poll("api", Sign::Good);
    assert_eq!(app.state.world.check("api").unwrap().status, Status::Ok);
}

/// Complaint 22: a cascade when the uplink dies, or what others depend on.
#[test]
fn one_cause_is_one_alert() {
    let mut app = App::new(WORLD);
    for check in ["db", "api"] {
        for _ in 0..3 {
            app.poll(check, Sign::Bad);
        }
    }
    assert_eq!(app.state.world.service("api").unwrap().blocked_by.as_deref(), Some("db"));
    let rings = app.take().iter().filter(|effect| **effect == TerminalEffect::Bell.into()).count();
    assert_eq!(rings, 1, "db rings; api is inhibited by it");
    let api = app.state.world.alerts.iter().find(|alert| alert.id.starts_with("check:api")).unwrap();
    assert_eq!((api.phase, api.inhibited_by.as_deref()), (Phase::Firing, Some("db")));

    let mut app = App::new(WORLD);
    for check in ["db", "api"] {
        app.poll(check, Sign::Good);
    }
    let detail = SafeText::new("no route to 192.0.2.1:443");
    app.send_observation(Observation::Connectivity { ok: false, detail: detail.clone() });
    for check in ["db", "api"] {
        for _ in 0..5 {
            app.poll(check, Sign::Bad);
        }
        assert_eq!(app.state.world.check(check).unwrap().status, Status::Unknown);
    }
    assert_eq!(app.state.world.alerts.len(), 1);
    assert_eq!(app.state.world.alerts[0].value, detail);
}

/// Complaint 23: the alert list fills the screen.
#[test]
fn alerts_are_merged_scrollable_and_filterable() {
    let mut text = WORLD.to_owned();
    for n in 0..60 {
        write!(text, "\n[check.c{n:02}]\ntcp = \"127.0.0.1:{}\"\nalert = {{ high = \"down\" }}\n", 7000 + n).unwrap();
    }
    let mut app = App::new(&text);
    for round in 0..5 {
        for n in 0..60 {
            app.poll(&format!("c{n:02}"), Sign::Bad);
        }
        assert!(app.state.world.alerts.len() <= 60, "round {round}: the same trouble is the same alert");
    }
    let panel = panels::ALERTS.id();
    app.keys("tab");
    assert_eq!(app.state.focused_panel(), Some(panel.clone()));
    app.keys("G");
    assert!(app.state.list(&panel).unwrap().scroll > 0);
    app.keys("/");
    app.typed("c07");
    app.keys("enter");
    assert_eq!(app.state.rows(&panel).len(), 1);
    app.keys("esc");
    assert_eq!(app.state.rows(&panel).len(), 60);
}

/// Complaint 24: keys can't be discovered, or not be typed on this keyboard.
#[test]
fn every_command_is_in_the_help_and_can_be_bound_anew() {
    let mut app = App::new(&format!("{WORLD}\n[keys]\n\"f5\" = \"poll\"\n\"p\" = \"palette\"\n"));
    app.keys("?");
    let Some(help) = app.state.console.overlays.top_as::<Help>() else { panic!("no help") };
    let entries: Vec<(&str, &str)> = help
        .rows
        .iter()
        .filter_map(|row| match row {
            HelpRow::Entry { keys, help } => Some((keys.as_str(), help.as_str())),
            HelpRow::Heading(_) | HelpRow::Sign(..) => None,
        })
        .collect();
    for command in COMMANDS {
        assert!(entries.iter().any(|(_, help)| *help == command.help), "{} is not in the help", command.name);
    }
    assert!(entries.iter().any(|(keys, _)| *keys == "ctrl-r f5"));
    assert!(entries.iter().any(|(keys, help)| *keys == "R" && help.contains("api")));
    // Nothing needs a key that some keyboards lack.
    for command in COMMANDS {
        assert!(!command.keys.iter().any(|key| "[]{}\\|~@".contains(key)), "{}", command.name);
    }
    app.keys("esc f5");
    assert_eq!(app.take(), [FeedEffect::PollNow(Vec::new()).into()]);
    app.keys("p");
    assert!(app.state.console.overlays.top_as::<Palette>().is_some());
}

/// The other half of complaint 24: whatever has no key is still reachable.
#[test]
fn every_command_is_in_the_palette() {
    let mut app = App::new(WORLD);
    app.keys(":");
    let Some(palette) = app.state.console.overlays.top_as::<Palette>() else { panic!("no palette") };
    let names: Vec<&str> = palette.items.iter().map(|item| item.name.as_str()).collect();
    for command in COMMANDS {
        assert!(names.contains(&command.name), "{}", command.name);
    }
    for more in ["run restart api", "service HTTP API", "service db", "log api", "metric errors"] {
        assert!(names.contains(&more), "{more}");
    }
    app.typed("rollapi");
    let Some(palette) = app.state.console.overlays.top_as::<Palette>() else { panic!("no palette") };
    assert_eq!(palette.items[0].name, "run rollback api");
    app.keys("enter");
    assert!(app.state.console.overlays.top_as::<Choices>().is_some());
}

/// Complaint 27: a dry run that the tool ignores.
#[test]
fn no_dry_run_is_made_up() {
    let mut app = App::new(WORLD);
    app.keys("6");
    app.take();
    let rows = app.state.rows(&panels::STARTABLE.id());
    assert_eq!(rows[0], RowKey::Action("restart-api".into()));
    app.keys("d");
    assert!(app.effects.is_empty() && app.state.console.overlays.is_empty());
    assert!(app.toast().contains("declares no dry run"), "{}", app.toast());
    app.keys("j d");
    let request = app.choices().request;
    app.outcome(Outcome::Choices { request, action: "rollback-api".into(), choices: Ok(BTreeMap::default()) });
    app.typed("v40");
    app.keys("enter");
    let plan = &app.dialog().unwrap().plan;
    assert!(plan.dry_run && !plan.changing);
    assert_eq!(plan.steps, [["./ctl", "rollback", "--check", "api", "v40"]]);
}

/// Complaint 28: a default interval that nobody knows of.
#[test]
fn the_effective_interval_and_the_next_poll_are_known() {
    let mut app = App::new(WORLD);
    let check = app.state.world.check("api").unwrap();
    assert_eq!(check.every, config(WORLD).checks.iter().find(|check| &*check.name == "api").unwrap().every);
    assert_eq!(check.next_due(app.now()), None);
    app.poll("api", Sign::Good);
    app.pass(4);
    let check = app.state.world.check("api").unwrap();
    assert_eq!(check.next_due(app.now()), check.every.checked_sub(Duration::from_secs(4)));
}

/// Read-only: actions are not refused, they are not there.
#[test]
fn read_only_leaves_no_trace_of_actions() {
    let mut app = App::new(&WORLD.replace("[console]", "[console]\nread_only = true"));
    app.keys("R B I");
    assert!(app.effects.is_empty() && app.state.console.overlays.is_empty());
    app.keys(":");
    let Some(palette) = app.state.console.overlays.top_as::<Palette>() else { panic!("no palette") };
    assert!(!palette.items.iter().any(|item| item.name.contains("run") || item.name == "cancel"));
    app.keys("esc ?");
    let Some(help) = app.state.console.overlays.top_as::<Help>() else { panic!("no help") };
    assert!(!help.rows.iter().any(|row| format!("{row:?}").contains("estart")));
    app.keys("esc 6");
    assert!(!app.state.panels().contains(&panels::STARTABLE.id()));
    let keymap = Keymap::new(&config(WORLD), true);
    assert!(!keymap.iter().any(|(_, _, binding)| matches!(binding, Binding::Action(_))));
}

/// `q` goes back and at last leaves; it never asks, because nothing that runs is lost.
#[test]
fn quitting_goes_back_and_then_leaves() {
    let mut app = App::new(WORLD);
    app.keys("3 4 q");
    assert_eq!(app.state.console.screen, Screen::Logs);
    app.keys("q");
    assert_eq!(app.state.console.screen, Screen::Overview);
    assert!(app.effects.is_empty());
    app.keys("esc");
    assert!(app.effects.is_empty());
    app.keys("q");
    assert_eq!(app.take(), [ConsoleEffect::Quit.into()]);
    commands::run(&mut app.state, Command::Logs, &mut Vec::new());
    app.keys("1 q");
    assert_eq!(app.take(), [ConsoleEffect::Quit.into()], "the overview is home");
}

fn lines(from: u64, to: u64) -> Vec<String> {
    (from..to).map(|n| format!("line {n:05} {}", if n % 100 == 0 { "needle" } else { "hay" })).collect()
}

fn write(app: &mut App, from: u64, to: u64) {
    let lines = lines(from, to);
    let records: Vec<(Level, &str)> = lines.iter().map(|line| (Level::Info, line.as_str())).collect();
    app.records("api", &records);
}

fn shown(app: &App, height: usize) -> Vec<String> {
    let rows = app.state.console.screens.logs.rows(&app.state.world.logs, height);
    rows.iter().map(|row| row.record.message.to_string()).collect()
}

/// Complaint 8: the filter is applied after the tail was cut.
#[test]
fn the_filter_looks_through_all_that_is_held_and_says_what_is_not() {
    let mut app = App::new(&WORLD.replace("[console]", "[console]\nlog_records = 20000"));
    write(&mut app, 0, 25_000);
    app.keys("3 /");
    app.typed("needle");
    app.keys("enter");
    // The scan is done in slices; each tick that is asked for at once does one.
    let mut slices = 0;
    while app.state.next_tick() == Some(Duration::ZERO) {
        app.send(Event::Clock);
        slices += 1;
    }
    assert!(slices > 1, "a long scan must not be done in one go");
    assert_eq!(app.state.console.screens.logs.pane.view().len(), 200);
    assert_eq!(app.state.world.log("api").unwrap().loss.dropped, 5_000);
    // What comes in is filtered too.
    write(&mut app, 25_000, 25_101);
    assert_eq!(shown(&app, 5).last().unwrap(), "line 25100 needle");
}

/// Complaint 9: autoscroll fights the reader.
#[test]
fn a_scrolled_log_does_not_move_even_past_the_limit_of_the_ring() {
    let mut app = App::new(&WORLD.replace("[console]", "[console]\nlog_records = 1000"));
    write(&mut app, 0, 1_000);
    app.keys("3");
    assert_eq!(shown(&app, 10).last().unwrap(), "line 00999 hay");
    app.keys("k k k");
    let before = shown(&app, 30);
    let selected = app.state.console.screens.logs.pane.selected(&app.state.world.logs).unwrap().message.to_string();
    assert_eq!(selected, "line 00996 hay");
    // Five times what the ring holds: every record that is shown was dropped long ago.
    for batch in 1..6 {
        write(&mut app, batch * 1_000, (batch + 1) * 1_000);
    }
    assert_eq!(shown(&app, 30), before);
    assert_eq!(app.state.console.screens.logs.pane.new_records, 5_000);
    assert!(app.state.world.log("api").unwrap().loss.dropped >= 5_000);
    app.keys("j");
    assert_eq!(
        app.state.console.screens.logs.pane.selected(&app.state.world.logs).unwrap().message.as_str(),
        "line 00997 hay"
    );
    app.keys("G");
    assert_eq!(shown(&app, 10).last().unwrap(), "line 05999 hay");
    assert_eq!(app.state.console.screens.logs.pane.new_records, 0);
}

/// Complaint 10: filtering hides the context.
#[test]
fn search_hides_nothing_and_a_filter_can_keep_neighbours() {
    let mut app = App::new(WORLD);
    write(&mut app, 0, 1_000);
    app.keys("3 s");
    app.typed("needle");
    app.keys("enter");
    app.pass(1);
    assert_eq!(app.state.console.screens.logs.hit(), Some((10, 10)));
    assert!(shown(&app, 30).iter().any(|line| line.contains("hay")), "the neighbours are still there");
    app.keys("N");
    assert_eq!(app.state.console.screens.logs.hit(), Some((9, 10)));
    app.keys("n n");
    assert_eq!(app.state.console.screens.logs.hit(), Some((1, 10)), "around the end");
    app.keys("esc /");
    app.typed("needle");
    app.keys("enter + +");
    app.pass(1);
    let rows = shown(&app, 100);
    assert!(rows.contains(&"line 00398 hay".to_owned()) && rows.contains(&"line 00402 hay".to_owned()));
    assert!(!rows.contains(&"line 00397 hay".to_owned()));
}

/// Complaint 11: the horizontal position is lost with each new line.
#[test]
fn the_column_stays_when_lines_come_in() {
    let mut app = App::new(WORLD);
    write(&mut app, 0, 10);
    app.keys("3 l l");
    let column = app.state.console.screens.logs.column;
    assert!(column > 0);
    write(&mut app, 10, 200);
    app.pass(3);
    assert_eq!(app.state.console.screens.logs.column, column);
}

/// A wrong filter says where, and what was in force stays in force.
#[test]
fn a_wrong_filter_points_at_the_character() {
    let mut app = App::new(WORLD);
    write(&mut app, 0, 200);
    app.keys("3 /");
    app.typed("needle /[/");
    let Some(line) = app.state.console.overlays.top_as::<LineInput>() else { panic!("no line") };
    let (at, why) = line.error.clone().expect("an open class is no expression");
    assert!(at >= 7, "{at} {why}");
    app.keys("enter");
    assert!(app.state.console.overlays.top_as::<LineInput>().is_some(), "a wrong filter can't be taken");
    app.keys("esc");
    assert_eq!(app.state.console.screens.logs.filter.text(), "");
}
