//! What is selected stays selected while the rows of its list change places.

use crate::support::app::App;
use crate::support::world::{self, CONFIG, poll};
use chrono::DateTime;
use opsroom::app::row::RowKey;
use opsroom::config::panels::{self, PanelSpec};
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::model::run::{Lock, RunState};

/// Every list on a screen of its own, in the order of tab.
const LISTS: [&PanelSpec; 5] =
    [&panels::SERVICES, &panels::ALERTS, &panels::METRIC_LIST, &panels::RUNS, &panels::STARTABLE];

fn desk() -> App {
    let names: Vec<String> = LISTS.iter().map(|panel| format!("[\"{}\"]", panel.name)).collect();
    let mut app = App::new(&format!("{CONFIG}\n[screen.mine]\nkey = \"W\"\nrows = [{}]\n", names.join(", ")));
    for check in ["web", "mail", "worker"] {
        for _ in 0..3 {
            app.pass(15);
            poll(&mut app, check, Sign::Bad, 1, Some("connection refused"));
        }
    }
    app.sample("error-rate", Ok(8.0));
    app.pass(150);
    let runs = [
        world::run(&app, "20261121T020000-3f9a", 70, RunState::Verified),
        world::run(&app, "20261121T010000-77aa", 90, RunState::Ended),
    ];
    app.outcome(Outcome::Runs { runs: runs.to_vec(), locks: Vec::new() });
    app.keys("W");
    app
}

/// Something worse comes above what is there, in each list that has an order of its own.
fn worsen(app: &mut App) {
    for check in ["db", "cache"] {
        for _ in 0..3 {
            app.pass(15);
            poll(app, check, Sign::Bad, 1, Some("connection refused"));
        }
    }
    app.pass(150);
    let run = world::run(app, "20261121T024500-b2c4", 0, RunState::Running);
    app.outcome(Outcome::Run(Box::new(run)));
}

fn place(app: &App, panel: &'static PanelSpec, row: &RowKey) -> Option<usize> {
    app.state.rows(&panel.id()).iter().position(|known| known == row)
}

#[test]
fn what_is_selected_stays_so_while_rows_change_places() {
    let mut app = desk();
    let mut chosen = Vec::new();
    for panel in LISTS {
        while app.state.focused_panel() != Some(panel.id()) {
            app.keys("tab");
        }
        app.keys("g j");
        let row = app.state.selected(&panel.id()).expect("a row");
        chosen.push((panel, place(&app, panel, &row).expect("it is there"), row));
    }
    worsen(&mut app);
    for (panel, before, row) in &chosen {
        assert_eq!(app.state.selected(&panel.id()).as_ref(), Some(row), "{}", panel.name);
        let moves = [&panels::SERVICES, &panels::ALERTS, &panels::RUNS].contains(panel);
        assert_eq!(
            place(&app, panel, row) != Some(*before),
            moves,
            "{}: {:?}",
            panel.name,
            app.state.rows(&panel.id())
        );
    }
}

/// A service that is well folds into the row of those that are: it must not be another one then that acts are about.
#[test]
fn a_selected_service_stays_so_while_others_go_down() {
    let mut app = App::new(CONFIG);
    for check in ["api", "web", "db", "cache", "mail", "worker", "search"] {
        app.pass(1);
        poll(&mut app, check, Sign::Good, 1, None);
    }
    app.keys("1 G");
    let row = app.state.selected(&panels::SERVICES.id()).expect("a row");
    worsen(&mut app);
    assert_eq!(app.state.selected(&panels::SERVICES.id()), Some(row));
}

/// The ids of the alerts in the order of their list, and the one that is selected.
fn alerts(app: &App) -> (Vec<RowKey>, Option<RowKey>) {
    let panel = panels::ALERTS.id();
    (app.state.rows(&panel), app.state.selected(&panel))
}

/// Nobody moved to it: it is what was highlighted as they looked.
#[test]
fn the_first_row_of_a_list_that_is_looked_at_stays_selected() {
    let mut app = desk();
    app.keys("5");
    let (before, selected) = alerts(&app);
    assert_eq!(selected.as_ref(), before.first());
    worsen(&mut app);
    let (after, still) = alerts(&app);
    assert_eq!(still, selected);
    assert_ne!(after.first(), before.first(), "something worse comes first now");
}

#[test]
fn where_the_selected_row_goes_away_its_place_stays_selected() {
    let mut app = App::new(CONFIG);
    for check in ["api", "web", "db", "cache", "mail", "worker", "search"] {
        app.pass(1);
        poll(&mut app, check, Sign::Good, 1, None);
    }
    let locks = |targets: &[&str]| {
        let lock = |target: &&str| Lock {
            target: (*target).to_owned(),
            id: (*target).into(),
            fence: 1,
            holder: "ana".to_owned(),
            host: "box".to_owned(),
            reason: "restart".to_owned(),
            since: DateTime::UNIX_EPOCH,
        };
        Outcome::Runs { runs: Vec::new(), locks: targets.iter().map(lock).collect() }
    };
    app.outcome(locks(&["a", "b", "c", "d"]));
    let panel = panels::LOCKS.id();
    app.keys("6");
    while app.state.focused_panel().as_ref() != Some(&panel) {
        app.keys("tab");
    }
    app.keys("j j");
    let key = |target: &str| Some(RowKey::Lock(target.to_owned()));
    assert_eq!(app.state.selected(&panel), key("c"));
    app.outcome(locks(&["a", "b", "d"]));
    assert_eq!(app.state.selected(&panel), key("d"), "what took its place");
    app.see();
    app.outcome(locks(&["0", "a", "b", "d"]));
    assert_eq!(app.state.selected(&panel), key("d"), "and that is selected from then on");
    app.outcome(locks(&[]));
    assert_eq!(app.state.selected(&panel), None);
}

#[test]
fn the_service_that_is_shown_is_not_another_one_when_that_becomes_worse() {
    let mut app = App::new(CONFIG);
    for check in ["api", "web", "db", "cache", "mail", "worker", "search"] {
        app.pass(1);
        poll(&mut app, check, Sign::Good, 1, None);
    }
    app.keys("5 2");
    let shown = |app: &App| app.state.shown_service().map(|service| service.name.clone());
    let before = shown(&app);
    worsen(&mut app);
    assert!(before.is_some());
    assert_eq!(shown(&app), before);
}
