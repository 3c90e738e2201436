//! The wall: the worst first and large, honest about how old what it shows is, and deaf to all keys but one.

use opsroom::app::message::Event;
use opsroom::app::screens::{Screen, Wall};
use opsroom::app::state::State;
use opsroom::model::alert::Severity;
use opsroom::model::effect::{ConsoleEffect, Effect, HistoryEffect};
use opsroom::model::fact::incident::{IncidentMoved, IncidentOpened};
use opsroom::model::fact::{IncidentFact, IncidentSaid, Statement};
use opsroom::model::incident::{IncidentStep, IncidentTargets};
use opsroom::model::reading::Sign;
use opsroom::model::rollup::SeriesKey;
use opsroom::text::SafeText;
use opsroom::theme::{ColorDepth, GlyphSet};

use crate::support::app::{App, WORLD};
use crate::support::frame::{SIZES, draw, draw_with, styled, text};
use crate::support::room::Room;
use crate::support::world;

fn on_the_wall(mut app: App) -> App {
    app.send(Event::Wall(Wall::default()));
    app
}

fn shown(state: &State) -> String {
    text(&draw(state, 120, 40))
}

/// What the overlay alone says.
const OLD: &str = "no answer for";

#[test]
fn at_three_sizes() {
    for (name, app) in [("calm", world::calm()), ("trouble", world::trouble())] {
        let app = on_the_wall(app);
        for (width, height) in SIZES {
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&draw(&app.state, width, height)));
        }
    }
}

#[test]
fn in_each_kind_of_theme() {
    let app = on_the_wall(world::trouble());
    for theme in ["midnight", "daylight", "high-contrast", "mono"] {
        let depth = if theme == "mono" { ColorDepth::None } else { ColorDepth::True };
        let frame = draw_with(&app.state, 80, 24, theme, depth, GlyphSet::UTF8);
        insta::assert_snapshot!(format!("theme_{theme}"), styled(&frame));
    }
    let ascii = text(&draw_with(&app.state, 80, 24, "mono", ColorDepth::None, GlyphSet::ASCII));
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn data_that_are_old_lie_under_a_word_that_says_so() {
    let mut app = on_the_wall(world::calm());
    assert!(!shown(&app.state).contains(OLD));
    // Stopped and continued, or asleep: no second of it was seen.
    app.wait(600_000);
    app.send(Event::Clock);
    insta::assert_snapshot!("stale_120x40", shown(&app.state));
    let small = text(&draw(&app.state, 80, 24));
    assert!(small.contains(OLD), "{small}");
    let check = app.state.world.checks.iter().next().expect("a check").name.to_string();
    app.poll(&check, Sign::Good);
    assert!(!shown(&app.state).contains(OLD), "an answer is news of now");
}

#[test]
fn where_nothing_ever_answered_it_says_so() {
    let mut app = on_the_wall(App::new("[check.api]\ntcp = \"127.0.0.1:9\"\nevery = \"10s\"\n"));
    app.pass(29);
    assert!(!shown(&app.state).contains(OLD), "{}", shown(&app.state));
    app.pass(2);
    assert!(shown(&app.state).contains("since the start"), "{}", shown(&app.state));
}

#[test]
fn what_can_not_be_measured_is_an_answer_of_now() {
    let queue = "[source.queue]\ncommand = [\"false\"]\nevery = \"5s\"\n[metric.queue]\nfrom = \"queue\"\nvalue = \".json.n\"\n";
    let config = &format!("[check.api]\ntcp = \"127.0.0.1:9\"\nevery = \"60s\"\n{queue}");
    let mut app = on_the_wall(App::new(config));
    app.poll("api", Sign::Good);
    for _ in 0..10 {
        app.pass(5);
        app.sample("queue", Err("exit 3"));
        assert!(!shown(&app.state).contains(OLD), "{}", shown(&app.state));
    }
    app.pass(60);
    assert!(shown(&app.state).contains(OLD), "nothing was asked any more");
}

#[test]
fn no_key_does_anything_but_q() {
    let mut app = on_the_wall(world::trouble());
    let before = shown(&app.state);
    app.effects.clear();
    app.keys("4 enter ? : R x / j esc tab f");
    app.paste("q");
    app.send(Event::Focus(false));
    assert_eq!(shown(&app.state), before);
    assert!(app.effects.is_empty() && app.state.console.screen == Screen::Overview, "{:?}", app.effects);
    app.keys("q");
    assert!(matches!(app.effects[..], [Effect::Console(ConsoleEffect::Quit)]), "{:?}", app.effects);
}

#[test]
fn what_does_not_fit_is_shown_in_turns_with_what_is_broken_above_it() {
    let mut many = String::new();
    for n in 0..60 {
        let check = format!("[check.c{n:02}]\nservice = \"s{n:02}\"\ntcp = \"127.0.0.1:9\"\nevery = \"10m\"\n");
        many = format!("{many}[service.s{n:02}]\n{check}");
    }
    let mut app = on_the_wall(App::new(&many));
    for _ in 0..3 {
        for n in 0..60 {
            app.poll(&format!("c{n:02}"), Sign::Bad);
        }
        app.pass(1);
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let frame = text(&draw(&app.state, 80, 24));
        assert!(frame.contains("nobody leads yet") && frame.contains("page "), "{frame}");
        seen.extend((0..60).filter(|n| frame.contains(&format!("s{n:02}  "))));
        app.pass(15);
    }
    assert_eq!(seen.len(), 60, "each has its turn: {seen:?}");
}

#[test]
fn a_screen_may_stand_below_what_is_broken() {
    let mut app = world::trouble();
    app.send(Event::Wall(Wall { screen: Some(Screen::Metrics) }));
    insta::assert_snapshot!("metrics_120x40", shown(&app.state));
}

#[test]
fn budgets_on_the_wall_are_those_of_what_is_stored() {
    let text =
        "[check.api]\ntcp = \"127.0.0.1:1\"\n[slo.api]\ncheck = \"api\"\nobjective = \"99%\"\nwindow = \"30d\"\n";
    let mut app = on_the_wall(App::new(text));
    app.take();
    app.pass(1);
    app.poll("api", Sign::Good);
    app.pass(120);
    app.poll("api", Sign::Bad);
    assert!(shown(&app.state).contains("api budget "), "of which objective: {}", shown(&app.state));
    let is_asked = app.take().into_iter().any(|effect| match effect {
        Effect::History(HistoryEffect::Read { series, .. }) => series.contains(&SeriesKey::Check("api".into())),
        _ => false,
    });
    assert!(is_asked, "what is left of it is not what was seen since the wall was hung up");
}

/// A room in which the api is down, an incident was opened for it, somebody leads, and the next update was promised.
fn fought() -> Room {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    room.app.keys("i enter");
    room.said();
    room.app.pass(180);
    room.app.keys("r enter u");
    room.app.typed("rolling back");
    room.app.keys("enter");
    room.said();
    room.app.send(Event::Wall(Wall::default()));
    room
}

#[test]
fn it_is_filled_from_the_incident_that_people_work_on() {
    let mut room = fought();
    let small = text(&draw(&room.app.state, 80, 24));
    for part in ["ana leads", "next update in "] {
        assert!(small.contains(part), "{part}: {small}");
    }
    room.app.pass(60);
    for (width, height) in SIZES {
        let frame = text(&draw(&room.app.state, width, height));
        for part in ["ana leads", "next update in 29m", "critical"] {
            assert!(frame.contains(part), "{part} at {width}x{height}: {frame}");
        }
    }
    room.app.pass(30 * 60);
    let late = shown(&room.app.state);
    assert!(late.contains("update overdue for "), "{late}");
}

#[test]
fn the_incident_has_its_title_beside_its_id_and_all_who_are_at_it_are_named() {
    let mut room = Room::new();
    room.acts();
    room.fail("api");
    room.said();
    room.app.keys("a enter");
    let said = room.said();
    let known = said.iter().find(|said| matches!(said, Statement::AlertAcknowledged(_))).expect("an acknowledgement");
    let now = room.app.now().utc;
    room.tell(now, "ben", known.clone());
    room.app.send(Event::Wall(Wall::default()));
    for (width, height) in SIZES {
        let frame = text(&draw(&room.app.state, width, height));
        assert!(frame.contains("ana, ben are at it") || frame.contains("ben, ana are at it"), "{frame}");
    }
    let opened = IncidentOpened {
        title: SafeText::new("orders are lost"),
        severity: Severity::Critical,
        targets: IncidentTargets::new(None, None, std::time::Duration::from_mins(30)),
        services: vec!["api".into()],
        kind: None,
        checklist: None,
        from: None,
        alerted_at: None,
        impact_started_at: None,
    };
    room.tell(
        now,
        "ana",
        Statement::Incident(Box::new(IncidentSaid::of(&"INC-1".into(), IncidentFact::Opened(opened)))),
    );
    let frame = shown(&room.app.state);
    assert!(frame.contains("INC-1 orders are lost  nobody leads yet, "), "{frame}");
    assert!(frame.contains("ana, ben at it") || frame.contains("ben, ana at it"), "{frame}");
}

#[test]
fn an_incident_of_which_nothing_is_broken_any_more_stays_until_it_is_resolved() {
    let mut room = fought();
    room.mend("api");
    let open = shown(&room.app.state);
    for part in ["ana leads", "nothing of", "is down or fires high now"] {
        assert!(open.contains(part), "{part}: {open}");
    }
    let resolved = IncidentMoved { step: IncidentStep::Resolve, why: None, into: None, copied: Vec::new() };
    let said = IncidentSaid::of(&"INC-1".into(), IncidentFact::Moved(resolved));
    let now = room.app.now().utc;
    room.tell(now, "ana", Statement::Incident(Box::new(said)));
    let calm = shown(&room.app.state);
    assert!(!calm.contains("INC-1") && !calm.contains("leads"), "{calm}");
}

#[test]
fn an_incident_of_something_else_is_not_said_to_be_about_what_is_broken() {
    let mut room = Room::of(WORLD);
    let now = room.app.now().utc;
    let opened = |services: &[&str], severity| {
        let opened = IncidentOpened {
            title: SafeText::new("orders are lost"),
            severity,
            targets: IncidentTargets::new(None, None, std::time::Duration::from_mins(30)),
            services: services.iter().map(|name| (*name).into()).collect(),
            kind: None,
            checklist: None,
            from: None,
            alerted_at: None,
            impact_started_at: None,
        };
        Statement::Incident(Box::new(IncidentSaid::of(&"INC-1".into(), IncidentFact::Opened(opened))))
    };
    room.tell(now, "ana", opened(&["db"], Severity::Medium));
    room.fail("api");
    room.app.send(Event::Wall(Wall::default()));
    let frame = shown(&room.app.state);
    assert!(frame.contains("+1 open incident") && frame.contains("nobody leads yet"), "{frame}");
    assert!(!frame.contains("INC-1"), "{frame}");
}

#[test]
fn how_much_is_broken_outlives_all_else_where_there_is_little_room() {
    let app = on_the_wall(world::trouble());
    for width in [40, 44, 50, 60, 80] {
        let frame = text(&draw(&app.state, width, 12));
        assert!(frame.lines().next().is_some_and(|row| row.contains(" down")), "{width}: {frame}");
        assert!(frame.contains("nobody leads"), "{width}: {frame}");
    }
}

#[test]
fn a_good_mark_stands_before_nothing_that_is_not_well() {
    let mut app = on_the_wall(App::new("[check.api]\ntcp = \"127.0.0.1:9\"\nevery = \"10s\"\n"));
    let frame = shown(&app.state);
    assert!(frame.contains("? nothing known yet of 1 service") && !frame.contains('✓'), "{frame}");
    for _ in 0..3 {
        app.poll("api", Sign::Degraded);
        app.pass(10);
    }
    let frame = shown(&app.state);
    assert!(frame.contains(" 0 ok of 1 service") && !frame.contains('✓'), "{frame}");
    for _ in 0..3 {
        app.poll("api", Sign::Good);
        app.pass(10);
    }
    let frame = shown(&app.state);
    assert!(frame.contains("✓ 1 ok of 1 service"), "{frame}");
}

#[test]
fn what_is_worst_is_said_in_small_letters_where_large_ones_have_no_room() {
    let mut app = on_the_wall(App::new("[check.api]\ntcp = \"127.0.0.1:9\"\nevery = \"10s\"\n"));
    for _ in 0..3 {
        app.poll("api", Sign::Degraded);
        app.pass(10);
    }
    let frame = text(&draw(&app.state, 40, 12));
    assert!(frame.contains("1 DEGRADED") && frame.contains("0 ok of 1 service"), "{frame}");
}
