//! What can be done with what is selected, and all that is known of it.

use opsroom::model::effect::{Effect, TerminalEffect};
use opsroom::model::reading::Sign;

use crate::support::app::App;
use crate::support::frame::{draw, text};

const CONFIG: &str = r#"
[console]
name = "shop"
environment = "staging"
[service.web]
title = "Shop front"
depends_on = ["db"]
runbook = "RUNBOOK.md#restart-the-web"
links = { sentry = "https://sentry.example/1" }
[service.db]
[check.web]
service = "web"
tcp = "127.0.0.1:1"
alert = { critical = "down for 10s" }
[check.db]
service = "db"
tcp = "127.0.0.1:2"
[adapter.ours]
restart = { steps = [["true"]] }
[action.restart-web]
service = "web"
adapter = "ours"
do = "restart"
target = "web"
confirm = "yes"
[action.restart-db]
service = "db"
adapter = "ours"
do = "restart"
target = "db"
"#;

fn shown(app: &App) -> String {
    text(&draw(&app.state, 80, 24))
}

fn troubled() -> App {
    let mut app = App::new(CONFIG);
    app.poll("db", Sign::Good);
    for _ in 0..3 {
        app.poll("web", Sign::Bad);
        app.pass(15);
    }
    app
}

#[test]
fn the_menu_has_what_belongs_to_the_service_and_nothing_else() {
    let mut app = troubled();
    app.keys("x");
    let menu = shown(&app);
    for offered in ["Shop front: actions", "run restart web", "describe", "runbook", "copy link sentry"] {
        assert!(menu.contains(offered), "{offered}: {menu}");
    }
    assert!(!menu.contains("restart db"), "{menu}");
    app.keys("enter");
    assert!(app.dialog().is_some(), "its own dialog, and nothing ran");
    assert!(app.started().is_empty());
    app.wait(400);
    app.keys("esc");
    app.keys("x");
    app.typed("sentry");
    app.take();
    app.keys("enter");
    let copied = |effect: &Effect| matches!(effect, Effect::Terminal(TerminalEffect::Copy(text)) if text.as_str() == "https://sentry.example/1");
    assert!(app.take().iter().any(copied));
    app.keys("x");
    app.typed("runbook");
    app.keys("enter");
    let paged = app.take().into_iter().find_map(|effect| match effect {
        Effect::Terminal(TerminalEffect::PageFile { path, section }) => Some((path, section)),
        _ => None,
    });
    let (path, section) = paged.expect("the runbook");
    assert!(path.ends_with("RUNBOOK.md") && section == "restart-the-web", "{path:?} {section}");
}

#[test]
fn a_description_says_all_that_is_known_and_stays_fresh() {
    let mut app = troubled();
    app.keys("d");
    let said = shown(&app);
    for known in [
        "name          web",
        "status        DOWN",
        "depends on    db",
        "actions       restart web",
        "https://sentry.example/1",
        "RUNBOOK.md",
    ] {
        assert!(said.contains(known), "{known}: {said}");
    }
    for _ in 0..2 {
        app.poll("web", Sign::Good);
        app.pass(15);
    }
    assert!(shown(&app).contains("status        OK"), "{}", shown(&app));
    app.keys("esc");
    assert!(!shown(&app).contains("depends on    db"));
}

#[test]
fn on_the_actions_screen_the_keys_keep_their_meaning() {
    let mut app = troubled();
    app.keys("6");
    app.keys("x");
    assert!(!shown(&app).contains(": actions"), "{}", shown(&app));
}
