//! The runbook on the screen of its service: read when it is come to, shown, scrolled, opened.

use std::path::Path;

use crate::support::app::App;
use crate::support::frame::{draw, text};
use crate::support::room::Room;
use crate::support::shell;
use crate::support::world;
use opsroom::app::row::RowKey;
use opsroom::config::panels;
use opsroom::model::effect::{ConsoleEffect, Effect, RequestId, TerminalEffect};
use opsroom::model::outcome::Outcome;
use opsroom::text::SafeText;

/// The only question for a runbook: by which request, of which file, which section.
fn asked(app: &mut App) -> Option<(RequestId, String, String)> {
    let effects = app.take();
    let mut questions = effects.into_iter().filter_map(|effect| match effect {
        Effect::Console(ConsoleEffect::ReadRunbook { request, path, section }) => {
            Some((request, path.display().to_string(), section))
        }
        _ => None,
    });
    let question = questions.next();
    assert!(questions.next().is_none(), "asked twice");
    question
}

fn answer(app: &mut App, request: RequestId, lines: &[&str]) {
    let text = Ok(lines.iter().map(|line| SafeText::new(line)).collect());
    app.outcome(Outcome::Runbook { request, text });
}

/// On the screen of the api, whose runbook was asked for.
fn on_the_service() -> (App, RequestId) {
    let mut app = world::trouble();
    app.state.console.screens.service.service = Some("api".into());
    app.keys("2");
    app.state.console.screens.service.service = Some("api".into());
    app.pass(1);
    let (request, ..) = asked(&mut app).expect("a question");
    (app, request)
}

fn shown(app: &App) -> String {
    text(&draw(&app.state, 120, 40))
}

#[test]
fn the_section_stands_beside_what_is_wrong() {
    let mut app = world::trouble();
    assert_eq!(asked(&mut app), None, "no panel shows it");
    let api = RowKey::Service("api".into());
    while app.state.selected(&panels::SERVICES.id()) != Some(api.clone()) {
        app.keys("j");
    }
    app.keys("enter");
    let (request, path, section) = asked(&mut app).expect("a question");
    assert_eq!((path.as_str(), section.as_str()), ("/srv/docs/RUNBOOK.md", "api"));
    app.pass(5);
    assert_eq!(asked(&mut app), None, "once");
    answer(&mut app, request, &["## Api", "1. Look at `queue` first.", "2. Call ben."]);
    let drawn = shown(&app);
    for words in ["runbook docs/RUNBOOK.md#api", "│ Api", "1. Look at queue first.", "2. Call ben."] {
        assert!(drawn.contains(words), "{words}: {drawn}");
    }
    app.keys("esc enter");
    assert!(asked(&mut app).is_some(), "it may have been changed meanwhile");
    answer(&mut app, request, &["of before"]);
    assert!(!shown(&app).contains("of before"), "an answer that comes too late");
}

#[test]
fn it_is_scrolled_and_opened() {
    let (mut app, request) = on_the_service();
    let lines: Vec<String> = (1..=80).map(|number| format!("line {number}")).collect();
    answer(&mut app, request, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    while app.state.focused_panel() != Some(panels::SERVICE_RUNBOOK.id()) {
        app.keys("tab");
    }
    assert!(shown(&app).contains("line 1 ") && !shown(&app).contains("line 80"));
    app.keys("j");
    assert!(!shown(&app).contains("line 1 ") && shown(&app).contains("line 2 "), "{}", shown(&app));
    app.keys("G");
    assert!(shown(&app).contains("line 80"), "{}", shown(&app));
    assert!(shown(&app).contains("enter open in the pager"), "{}", shown(&app));
    app.keys("enter");
    let page =
        TerminalEffect::PageFile { path: Path::new("/srv/docs/RUNBOOK.md").to_owned(), section: "api".to_owned() };
    assert!(app.take().contains(&page.into()));
}

#[test]
fn its_first_lines_are_on_a_small_screen_too() {
    let (mut app, request) = on_the_service();
    answer(&mut app, request, &["## Api", "1. Look at `queue` first.", "2. Call ben.", "3. Wait."]);
    let frame = text(&draw(&app.state, 80, 24));
    assert!(frame.contains("1. Look at queue first.") && !frame.contains("\n Api"), "{frame}");
}

#[test]
fn what_can_not_be_read_says_why() {
    let (mut app, request) = on_the_service();
    assert!(shown(&app).contains("runbook docs/RUNBOOK.md#api"), "while it is read");
    app.outcome(Outcome::Runbook { request, text: Err(SafeText::new("docs/RUNBOOK.md does not exist")) });
    assert!(shown(&app).contains("docs/RUNBOOK.md does not exist"), "{}", shown(&app));
    app.state.console.screens.service.service = Some("mail".into());
    app.pass(1);
    assert!(!shown(&app).contains("runbook"), "it has none: {}", shown(&app));
}

/// A frame that is taken once waits for it, and shows no secret that is written in it.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test may touch files, and waits for what it started")]
fn a_snapshot_shows_the_section() {
    let at = tempfile::tempdir().expect("a directory");
    let config = "[secret.pin]\nfile = \"pin\"\n[service.web]\nrunbook = \"RUNBOOK.md#web\"\n\
                  [check.web]\nservice = \"web\"\ncommand = [\"true\"]\n";
    for (name, text) in [
        ("opsroom.toml", config),
        ("pin", "correct-horse-battery"),
        ("RUNBOOK.md", "# Api\nof another\n# Web\nCall ben, pin correct-horse-battery.\n"),
    ] {
        std::fs::write(at.path().join(name), text).expect("a file");
    }
    let output = shell::opsroom(at.path())
        .args(["--config", "opsroom.toml", "snapshot", "service", "--size", "160x50"])
        .output()
        .expect("the program");
    let drawn = String::from_utf8_lossy(&output.stdout);
    assert!(drawn.contains("Call ben, pin ***."), "{drawn}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!drawn.contains("of another"), "{drawn}");
}

/// A secret may take long, and says nothing about a screen on which no runbook is shown.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test may touch files, and waits for what it started")]
fn a_snapshot_without_a_runbook_waits_for_no_secret() {
    let at = tempfile::tempdir().expect("a directory");
    let config = "[secret.pin]\ncommand = [\"sh\", \"-c\", \"sleep 9; touch known; echo correct-horse-battery\"]\n\
                  [service.web]\nrunbook = \"RUNBOOK.md\"\n";
    std::fs::write(at.path().join("opsroom.toml"), config).expect("a file");
    let output = shell::opsroom(at.path())
        .args(["--config", "opsroom.toml", "snapshot", "overview", "--within", "100ms"])
        .output()
        .expect("the program");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !at.path().join("known").exists(), "{said}");
}

#[test]
fn an_action_that_it_links_to_is_offered_through_its_own_dialog() {
    let (mut app, request) = on_the_service();
    answer(&mut app, request, &["1. [action:restart-db] first", "2. [action:none-such]"]);
    let drawn = shown(&app);
    assert!(drawn.contains("[restart-db] first"), "{drawn}");
    app.keys("x");
    app.typed("restart db");
    let menu = shown(&app);
    assert!(menu.contains("run Restart db") && !menu.contains("none-such"), "{menu}");
    app.keys("enter");
    assert!(app.dialog().is_some(), "an action of the database, with its own question");
}

/// With keys going to the runbook of the api.
fn focused(lines: &[&str]) -> Room {
    let mut room = Room::of(world::CONFIG);
    room.app.state.console.screens.service.service = Some("api".into());
    room.app.keys("2");
    room.app.state.console.screens.service.service = Some("api".into());
    room.app.pass(1);
    let (request, ..) = asked(&mut room.app).expect("a question");
    answer(&mut room.app, request, lines);
    while room.app.state.focused_panel() != Some(panels::SERVICE_RUNBOOK.id()) {
        room.app.keys("tab");
    }
    room
}

const TASKS: [&str; 8] = [
    "## Api",
    "- [ ] Look at `queue`",
    "```sh",
    "queue list",
    "```",
    "- [ ] Restart: [action:restart-db]",
    "- [ ] Call ben",
    "Then write it down.",
];

#[test]
fn tasks_are_ticked_as_facts_that_every_console_sees() {
    let mut room = focused(&TASKS);
    assert!(room.frame().contains("never followed") && room.frame().contains("space tick"), "{}", room.frame());
    room.app.keys("space");
    assert_eq!(room.kinds(), ["runbook.ticked"]);
    room.app.keys("space");
    room.said();
    let frame = room.frame();
    for part in ["[x] Look at queue (ana ", "[x] Restart: [restart-db]", "[ ] Call ben", "2 of 3 done"] {
        assert!(frame.contains(part), "{part}: {frame}");
    }
    // Another console finds it on record, and takes one back.
    room.app.keys("k space");
    room.said();
    assert!(room.frame().contains("[ ] Restart: [restart-db]") && room.frame().contains("1 of 3 done"));
    room.app.pass(13 * 3_600);
    let frame = room.frame();
    assert!(frame.contains("last followed 13h ago by ana") && !frame.contains("[x]"), "{frame}");
    let next = room.next();
    let record = next.app.state.world.runbook_record("docs/RUNBOOK.md#api").expect("it is on record");
    assert_eq!(record.ticks.len(), 1);
}

#[test]
fn a_task_runs_the_action_that_it_links_to_and_copies_its_own_commands() {
    let mut room = focused(&TASKS);
    let copied = |room: &mut Room| {
        room.app.take();
        room.app.keys("y");
        let effects = room.app.take();
        effects.iter().find_map(|effect| match effect {
            Effect::Terminal(TerminalEffect::Copy(text)) => Some(text.to_string()),
            _ => None,
        })
    };
    assert_eq!(copied(&mut room).as_deref(), Some("queue list"));
    room.app.keys("j");
    assert!(room.frame().contains("enter run its action"), "{}", room.frame());
    room.app.keys("enter");
    assert!(room.app.dialog().is_some(), "{}", room.frame());
    room.app.pass(3);
    room.app.keys("esc j j");
    assert!(room.frame().contains("Then write it down."), "{}", room.frame());
    room.app.keys("enter");
    assert!(room.app.take().iter().any(|effect| matches!(effect, Effect::Terminal(TerminalEffect::PageFile { .. }))));
}

#[test]
fn read_only_no_task_is_ticked() {
    let mut room = focused(&TASKS);
    room.app.state.world.read_only = true;
    room.app.take();
    room.app.keys("space");
    assert!(room.app.take().is_empty() && room.app.toast().contains("read-only"), "{}", room.app.toast());
}

#[test]
fn one_block_of_commands_is_copied_alone_and_never_run() {
    let (mut app, request) = on_the_service();
    answer(&mut app, request, &["Look:", "```sh", "psql -c 'select 1'", "```"]);
    while app.state.focused_panel() != Some(panels::SERVICE_RUNBOOK.id()) {
        app.keys("tab");
    }
    app.take();
    app.keys("y");
    let effects = app.take();
    assert!(
        matches!(&effects[..], [Effect::Terminal(TerminalEffect::Copy(text))] if text.as_str().starts_with("psql -c 'select 1'")),
        "{effects:?}"
    );
    answer(&mut app, request, &["Look:", "```sh", "a", "```", "```sh", "b", "```"]);
    app.keys("y");
    let effects = app.take();
    let all = |text: &SafeText| text.as_str().starts_with("Look:");
    assert!(matches!(&effects[..], [Effect::Terminal(TerminalEffect::Copy(text))] if all(text)), "{effects:?}");
}
