//! What is selected stays selected while the rows of its list change places.

use crate::support::app::App;
use crate::support::world::{self, CONFIG, poll};
use opsroom::app::row::RowKey;
use opsroom::config::panels::{self, PanelSpec};
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::model::run::RunState;

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
