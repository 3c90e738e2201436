//! Details of the logs, as a person sees them: a record in full, its trace, patterns, top values.

#[path = "support/app.rs"]
mod app;
#[path = "support/frame.rs"]
mod frame;

use std::fmt::Write as _;

use app::{App, WORLD};
use frame::{draw, text};
use opsroom::app::message::Event;
use opsroom::app::overlays::Overlay;
use opsroom::app::overlays::record::{RecordOverlay, Tab};
use opsroom::model::format::Format;
use opsroom::model::message::{Effect, Observation};
use opsroom::model::record::{Level, Record, RecordBatch, RecordData};
use opsroom::model::text::SafeText;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

fn snap(name: &str, app: &mut App) {
    for (width, height) in SIZES {
        app.send(Event::Resize(width, height));
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&draw(&app.state, width, height)));
    }
}

/// Two logs, on the logs screen.
fn logs() -> App {
    let mut app = App::new(&format!("{WORLD}\n[log.web]\nfile = \"/var/log/web.log\"\n"));
    app.keys("3");
    app
}

/// One JSON record of a log.
fn json(app: &mut App, log: &str, seq: u64, level: Level, line: &str) {
    let message = line.split("\"message\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or(line);
    let record = Record::new(RecordData {
        level,
        time: Some(app.now().utc),
        service: Some(SafeText::new(log)),
        message: SafeText::new(message),
        format: Format::Json,
        ..RecordData::unknown(log.into(), seq, app.now(), SafeText::new(line))
    });
    let batch = RecordBatch { records: vec![record], ..RecordBatch::default() };
    app.send_observation(Observation::Records { log: log.into(), batch });
}

const FAILED: &str = r#"{"timestamp":"2026-11-21T02:41:00.000Z","level":"error","service":"api","message":"payment declined for order 77","metadata":{"host":"api-1","status":503,"took":1.50,"tags":["eu","retry"],"user":{"id":18446744073709551616}},"trace_id":"4bf92f","trace_id":"second"}"#;

fn record(app: &App) -> &RecordOverlay {
    let Some(Overlay::Record(record)) = app.state.overlays.last() else { panic!("no record is open") };
    record
}

fn shown(app: &App) -> Vec<String> {
    let screen = &app.state.screens.logs;
    screen.rows(&app.state.logs, 100).iter().map(|row| row.record.message.to_string()).collect()
}

#[test]
fn a_record_is_a_tree_fields_and_what_came() {
    let mut app = logs();
    json(&mut app, "api", 1, Level::Error, FAILED);
    app.keys("enter");
    assert_eq!(record(&app).tab, Tab::Tree);
    assert_eq!(record(&app).recognised(), "json (house form)");
    snap("record_tree", &mut app);
    app.keys("tab");
    snap("record_fields", &mut app);
    app.keys("tab");
    assert_eq!(record(&app).tab, Tab::Raw);
    snap("record_raw", &mut app);
    app.keys("tab");
    assert_eq!(record(&app).tab, Tab::Tree);
    app.keys("shift-tab esc");
    assert!(app.state.overlays.is_empty());
}

#[test]
fn parts_are_folded_and_copied() {
    let mut app = logs();
    json(&mut app, "api", 1, Level::Error, FAILED);
    app.keys("enter y");
    assert_eq!(app.take(), [Effect::Copy(SafeText::new(FAILED))], "the whole is selected at first");
    let all = record(&app).unfolded().len();
    app.keys("j j j j j space");
    assert_eq!(record(&app).unfolded().len(), all - 8, "metadata is folded");
    app.keys("space j j j y");
    assert_eq!(app.take(), [Effect::Copy(SafeText::new("1.50"))], "in its own digits");
}

#[test]
fn a_value_is_a_filter_and_esc_leads_back() {
    let mut app = logs();
    for (seq, status) in [(1, 200), (2, 503), (3, 200), (4, 404)] {
        json(&mut app, "api", seq, Level::Info, &format!(r#"{{"message":"m{seq}","status":{status}}}"#));
    }
    app.keys("k k enter tab j +");
    assert_eq!(app.state.screens.logs.filter, r#"status="503""#);
    assert_eq!(shown(&app), ["m2"]);
    app.keys("esc");
    assert_eq!(app.state.screens.logs.filter, "");
    app.keys("enter tab j -");
    assert_eq!(shown(&app), ["m1", "m3", "m4"]);
    app.keys("enter tab + esc esc");
    assert_eq!(shown(&app).len(), 4, "two steps back");
}

#[test]
fn neighbours_are_read_without_closing() {
    let mut app = logs();
    for seq in 1..=3 {
        json(&mut app, "api", seq, Level::Info, &format!(r#"{{"n":{seq},"message":"m{seq}","status":{seq}}}"#));
    }
    app.keys("enter tab j j h");
    assert_eq!(record(&app).record.message.as_str(), "m2");
    assert_eq!((record(&app).tab, record(&app).selected()), (Tab::Fields, 2), "the same field");
    app.keys("h h l");
    assert_eq!(record(&app).record.message.as_str(), "m2");
}

#[test]
fn what_is_no_json_is_shown_as_it_is() {
    let mut app = logs();
    app.records("api", &[(Level::None, "nothing to recognise here")]);
    app.keys("enter");
    assert_eq!(record(&app).tabs(), [Tab::Raw]);
    assert_eq!(record(&app).recognised(), "plain: format not recognised");
    app.keys("tab + y space esc");
    json(&mut app, "api", 9, Level::Info, r#"{"message":"cut in the mid"#);
    app.keys("enter");
    assert_eq!(record(&app).tabs(), [Tab::Fields, Tab::Raw]);
    assert_eq!(record(&app).recognised(), "json, not well-formed");
}

#[test]
fn a_huge_record_is_opened_and_read_at_any_size() {
    let mut app = logs();
    let mut line = String::from(r#"{"message":"huge""#);
    for n in 0..12_000 {
        write!(line, r#","k{n}":"välue {n}""#).unwrap();
    }
    line.push('}');
    json(&mut app, "api", 1, Level::Info, &line);
    for tab in ["enter", "tab", "tab"] {
        app.keys(tab);
        for key in ["G", "g", "pagedown", "ctrl-d", "j"] {
            app.keys(key);
            for (width, height) in [(0, 0), (1, 1), (7, 3), (41, 11), (80, 24), (139, 8), (140, 50), (300, 80)] {
                app.send(Event::Resize(width, height));
                draw(&app.state, width, height);
            }
        }
    }
}

#[test]
fn a_trace_is_shown_across_logs_and_leads_back_to_the_same_place() {
    let mut app = logs();
    json(&mut app, "web", 1, Level::Info, r#"{"message":"checkout","trace_id":"4bf92f"}"#);
    app.wait(1000);
    for seq in 1..=20 {
        json(&mut app, "api", seq, Level::Info, &format!(r#"{{"message":"m{seq}","request_id":"r{seq}"}}"#));
    }
    json(&mut app, "api", 21, Level::Error, r#"{"message":"declined","traceid":"4bf92f"}"#);
    app.keys(".");
    app.keys("esc");
    app.keys("/");
    app.typed("declined or m3");
    app.keys("enter k j");
    let before = (shown(&app), app.state.screens.logs.pane.entry());
    app.keys("r");
    assert_eq!(shown(&app), ["checkout", "declined"], "also of the other log");
    let selected = app.state.screens.logs.pane.selected(&app.state.logs).unwrap();
    assert_eq!(selected.message.as_str(), "declined", "the cursor stays");
    assert!(text(&draw(&app.state, 120, 40)).contains("esc goes back"));
    app.keys("esc");
    assert_eq!((shown(&app), app.state.screens.logs.pane.entry()), before);
    assert_eq!(app.state.screens.logs.filter, "declined or m3");
    app.keys("r r");
    assert_eq!(app.state.screens.logs.filter, "declined or m3", "the same key leads back");
    app.keys("esc");
    assert_eq!(app.state.screens.logs.filter, "");
}

#[test]
fn without_an_id_the_names_are_said() {
    let mut app = logs();
    json(&mut app, "web", 1, Level::Info, r#"{"message":"checkout","trace_id":null}"#);
    app.keys("r");
    assert!(app.toast().starts_with("this record has no trace or request id; looked for trace_id, traceid"));
    app.keys("esc enter r");
    assert!(matches!(app.state.overlays.last(), Some(Overlay::Record(_))));
}
