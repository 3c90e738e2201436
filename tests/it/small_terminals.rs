//! Dialogs on terminals of any size: what can't be seen whole says so and does nothing; what can, works.

use crate::support::app::{App, WORLD};
use crate::support::frame::{draw, text};
use crate::support::world;
use opsroom::app::message::Event;
use opsroom::model::effect::Effect;
use opsroom::model::outcome::Outcome;
use opsroom::model::run::RunState;
use opsroom::text::SafeText;

const WIDTHS: [u16; 5] = [20, 30, 36, 40, 60];

fn production() -> String {
    WORLD.replace("staging", "production")
}

fn confirming() -> App {
    let mut app = App::new(WORLD);
    app.keys("R");
    app
}

fn naming() -> App {
    let mut app = App::new(&production());
    app.keys("R");
    app
}

fn choosing() -> App {
    let mut app = App::new(&production());
    app.keys("B");
    let request = app.choices().request;
    let choices = Err(SafeText::new("./ctl: not found"));
    app.outcome(Outcome::Choices { request, action: "rollback-api".into(), choices });
    app
}

fn approving() -> App {
    let mut app = choosing();
    app.typed("v40");
    app.keys("enter");
    app
}

fn cancelling() -> App {
    let mut app = App::new(WORLD);
    let run = app.run_of("restart-api", RunState::Running);
    app.outcome(Outcome::Run(Box::new(run)));
    app.keys("6 x");
    app
}

fn silencing() -> App {
    let mut app = world::trouble();
    app.keys("s");
    app
}

fn acknowledging() -> App {
    let mut app = world::trouble();
    app.keys("a");
    app
}

fn commanding() -> App {
    let mut app = App::new(WORLD);
    app.keys(":");
    app
}

/// A dialog, what it acts on, and the keys that would run it.
type Case = (&'static str, fn() -> App, &'static [&'static str], &'static str);

/// Every dialog that acts.
const DIALOGS: [Case; 8] = [
    ("confirmation", confirming, &["Cancel", "Run"], "y tab y"),
    ("name", naming, &["Cancel", "Run", "api:"], "a p i enter"),
    ("name and reason", approving, &["Cancel", "Run", "api:", "reason:"], "a p i enter w enter"),
    ("value", choosing, &["version ="], "v 4 0 enter"),
    ("stop", cancelling, &["Keep running", "y cancels it"], "y"),
    ("silence", silencing, &["match", "why", "for", "Enter silence"], "enter"),
    ("acknowledgement", acknowledging, &["why", "for", "Enter acknowledge"], "enter"),
    ("palette", commanding, &["commands", ": a command", "run restart"], "r e s t a r t enter"),
];

fn resized(app: &mut App, width: u16, height: u16) -> String {
    app.send(Event::Resize(width, height));
    let drawn = text(&draw(&app.state, width, height));
    drawn.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn acts(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Run(..) | Effect::Store(..)))
}

#[test]
fn a_dialog_shows_all_that_it_acts_on_or_says_that_the_terminal_is_too_small() {
    for (name, open, parts, _) in DIALOGS {
        let mut app = open();
        assert!(!app.state.console.overlays.is_empty(), "{name}");
        app.wait(400);
        let (mut seen, mut cut) = (0, 0);
        for (width, height) in WIDTHS.iter().flat_map(|width| (4..14).map(move |height| (*width, height))) {
            let drawn = resized(&mut app, width, height);
            if let Some((columns, rows)) = app.state.console.overlays.too_small((width, height)) {
                let says = format!("terminal too small: make it at least {columns}x{rows}");
                assert!(
                    drawn.starts_with(&says) && drawn.contains("Esc closes"),
                    "{name} at {width}x{height}: {drawn}"
                );
                cut += 1;
            } else {
                for part in parts {
                    assert!(drawn.contains(part), "{name} at {width}x{height}: no {part:?} in {drawn}");
                }
                seen += 1;
            }
        }
        assert!(seen > 0 && (cut > 0 || name == "palette"), "{name}: {seen} seen, {cut} cut");
    }
}

#[test]
fn a_dialog_that_is_cut_takes_no_key_but_the_one_that_leaves_it() {
    for (name, open, _, keys) in DIALOGS.into_iter().filter(|(name, ..)| *name != "palette") {
        let mut app = open();
        app.wait(400);
        app.take();
        resized(&mut app, 20, 5);
        app.keys(keys);
        app.paste("api");
        assert!(!app.state.console.overlays.is_empty() && !acts(&app.take()), "{name}");
        // What was pressed meanwhile is not done later either.
        let drawn = resized(&mut app, 80, 24);
        assert!(!drawn.contains("too small") && !acts(&app.take()), "{name}: {drawn}");
        resized(&mut app, 20, 5);
        app.keys("esc");
        assert!(app.state.console.overlays.is_empty(), "{name}");
    }
}

#[test]
fn what_fits_a_small_terminal_works_there() {
    for (name, open, _, keys) in DIALOGS.into_iter().filter(|(name, ..)| *name != "acknowledgement") {
        let mut app = open();
        app.wait(400);
        app.take();
        resized(&mut app, 40, 10);
        // All that would run is read first.
        for _ in 0..40 {
            app.keys("pagedown");
            resized(&mut app, 40, 10);
        }
        app.keys(keys);
        let opened = matches!(name, "value" | "palette");
        assert!(acts(&app.take()) != opened && app.dialog().is_some() == opened, "{name}");
    }
}

/// What is typed stays in sight beside a name that has no room in the prompt.
#[test]
fn a_long_name_leaves_room_for_what_is_typed() {
    let long = "database-primary-eu-central-1.internal.example.com";
    let mut app = App::new(&production().replace("target = \"api\"", &format!("target = \"{long}\"")));
    app.keys("R");
    app.wait(400);
    app.typed(&long[..12]);
    let drawn = resized(&mut app, 40, 10);
    assert!(drawn.contains("its name: database-pri"), "{drawn}");
}

/// Warnings are read before what would run, not cut off below it.
#[test]
fn warnings_that_leave_no_room_are_the_first_of_what_is_scrolled() {
    let mut app = approving();
    app.wait(400);
    let first = resized(&mut app, 40, 10);
    let rest: Vec<String> = (0..30)
        .map(|_| {
            app.keys("down");
            resized(&mut app, 40, 10)
        })
        .collect();
    assert!(first.contains("this action asks for a second"), "{first}");
    assert!(rest.iter().any(|drawn| drawn.contains("are recorded instead")), "{rest:#?}");
    assert!(rest.iter().any(|drawn| drawn.contains("digest")), "{rest:#?}");
}
