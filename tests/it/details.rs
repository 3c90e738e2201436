//! Details of the logs, as a person sees them: a record in full, its trace, patterns, top values.

use std::fmt::Write as _;

use crate::support::app::{App, WORLD};
use crate::support::frame::{SIZES, draw, text};
use opsroom::app::layout::Target;
use opsroom::app::message::{Event, Learned, Mouse, MouseKind};
use opsroom::app::overlays::patterns::PatternsOverlay;
use opsroom::app::overlays::record::{RecordOverlay, Tab};
use opsroom::app::overlays::top::TopOverlay;
use opsroom::logs::format::Format;
use opsroom::logs::pattern::{Order, ShapeHistory};
use opsroom::logs::record::{Level, Record, RecordBatch, RecordData};
use opsroom::model::effect::{Effect, LogsEffect, TerminalEffect};
use opsroom::model::observation::Observation;
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::text::SafeText;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn snap(name: &str, app: &mut App) {
    snap_at(&SIZES, name, app);
}

/// Another state of an overlay that is drawn at every size already.
fn snap_state(name: &str, app: &mut App) {
    snap_at(&SIZES[..1], name, app);
}

fn snap_at(sizes: &[(u16, u16)], name: &str, app: &mut App) {
    for (width, height) in sizes {
        app.send(Event::Resize(*width, *height));
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&draw(&app.state, *width, *height)));
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
    let Some(record) = app.state.console.overlays.top_as::<RecordOverlay>() else { panic!("no record is open") };
    record
}

fn shown(app: &App) -> Vec<String> {
    let screen = &app.state.console.screens.logs;
    screen.rows(&app.state.world.logs, 100).iter().map(|row| row.record.message.to_string()).collect()
}

#[test]
fn a_record_is_a_tree_fields_and_what_came() {
    let mut app = logs();
    json(&mut app, "api", 1, Level::Error, FAILED);
    app.keys("enter");
    assert_eq!(record(&app).tab, Tab::Tree);
    assert_eq!(record(&app).recognised(), "json (common fields)");
    snap("record_tree", &mut app);
    app.keys("tab");
    assert!(record(&app).inside, "the first tab goes into the record");
    app.keys("tab");
    snap_state("record_fields", &mut app);
    app.keys("tab");
    assert_eq!(record(&app).tab, Tab::Raw);
    snap_state("record_raw", &mut app);
    app.keys("tab");
    assert!(!record(&app).inside, "after the last form comes the list again");
    app.keys("tab");
    assert_eq!(record(&app).tab, Tab::Tree);
    app.keys("shift-tab esc");
    assert!(app.state.console.overlays.is_empty());
}

#[test]
fn parts_are_folded_and_copied() {
    let mut app = logs();
    json(&mut app, "api", 1, Level::Error, FAILED);
    app.keys("enter y");
    assert_eq!(app.take(), [TerminalEffect::Copy(SafeText::new(FAILED)).into()], "the whole is selected at first");
    let all = record(&app).unfolded().len();
    app.keys("tab j j j j j space");
    assert_eq!(record(&app).unfolded().len(), all - 8, "metadata is folded");
    app.keys("space j j j y");
    assert_eq!(app.take(), [TerminalEffect::Copy(SafeText::new("1.50")).into()], "in its own digits");
}

#[test]
fn a_value_is_a_filter_and_esc_leads_back() {
    let mut app = logs();
    for (seq, status) in [(1, 200), (2, 503), (3, 200), (4, 404)] {
        json(&mut app, "api", seq, Level::Info, &format!(r#"{{"message":"m{seq}","status":{status}}}"#));
    }
    app.keys("k k enter tab tab j +");
    assert_eq!(app.state.console.screens.logs.filter.text(), r#"status="503""#);
    assert_eq!(shown(&app), ["m2"]);
    app.keys("esc");
    assert_eq!(app.state.console.screens.logs.filter.text(), "");
    app.keys("enter tab tab j -");
    assert_eq!(shown(&app), ["m1", "m3", "m4"]);
    app.keys("enter tab tab + esc esc");
    assert_eq!(shown(&app).len(), 4, "two steps back");
}

#[test]
fn neighbours_are_read_without_closing() {
    let mut app = logs();
    for seq in 1..=3 {
        json(&mut app, "api", seq, Level::Info, &format!(r#"{{"n":{seq},"message":"m{seq}","status":{seq}}}"#));
    }
    app.keys("enter tab tab j j h");
    assert_eq!(record(&app).record.message.as_str(), "m2");
    assert_eq!((record(&app).tab, record(&app).selected()), (Tab::Fields, 2), "the same field");
    app.keys("h h l");
    assert_eq!(record(&app).record.message.as_str(), "m2");
}

/// The list stays in sight, also where there is least room, and the keys that move go to it.
#[test]
fn the_list_moves_while_a_record_is_read() {
    let mut app = logs();
    for seq in 1..=30 {
        let level = if seq == 12 { Level::Error } else { Level::Info };
        json(&mut app, "api", seq, level, &format!(r#"{{"message":"number {seq} of all","status":{seq}}}"#));
    }
    for (width, height) in SIZES {
        app.send(Event::Resize(width, height));
        learn(&mut app);
        app.keys("enter");
        learn(&mut app);
        for (keys, expected) in
            [("k", 29), ("k k k k k k k k", 21), ("j", 22), ("g", 1), ("G", 30), ("E", 12), ("pagedown", 0)]
        {
            app.keys(keys);
            let frame = text(&draw(&app.state, width, height));
            let message = record(&app).record.message.to_string();
            assert!(expected == 0 || message == format!("number {expected} of all"), "{keys}: {message}");
            assert_eq!(frame.matches(&*message).count(), 2, "in the list and in full: {frame}");
        }
        app.keys("esc G");
    }
    app.send(Event::Resize(80, 24));
    learn(&mut app);
    app.keys("enter k");
    learn(&mut app);
    snap("record_and_list", &mut app);
    // A click in the list shows that record.
    learn(&mut app);
    let row = text(&draw(&app.state, 200, 50)).lines().position(|line| line.contains("number 27 of all")).unwrap();
    app.send(Event::Mouse(Mouse { kind: MouseKind::Press, column: 20, row: u16::try_from(row).unwrap() }));
    assert_eq!(record(&app).record.message.as_str(), "number 27 of all");
    // Where nobody moved the list goes on as it was.
    app.keys("esc G enter");
    assert!(!app.state.console.screens.logs.pane.follow);
    app.keys("esc");
    assert!(app.state.console.screens.logs.pane.follow);
}

/// A bar says what is broken and takes its rows from the screen: the record that is read stays in the list above.
#[test]
fn the_list_holds_the_record_while_something_is_broken() {
    let mut app = logs();
    for _ in 0..5 {
        app.poll("db", Sign::Bad);
        app.pass(1);
    }
    for seq in 1..=30 {
        json(&mut app, "api", seq, Level::Error, &format!(r#"{{"message":"number {seq} of all","status":{seq}}}"#));
    }
    for (width, height) in SIZES {
        app.send(Event::Resize(width, height));
        learn(&mut app);
        app.keys("enter");
        learn(&mut app);
        let frame = text(&draw(&app.state, width, height));
        assert!(frame.contains("DOWN"), "{frame}");
        assert_eq!(frame.matches("number 30 of all").count(), 2, "in the list and in full: {frame}");
        app.keys("esc");
    }
}

/// What does not fit is counted, whole rows only, in each form; and its trace is a key of the footer.
#[test]
fn a_record_says_what_is_below() {
    let mut app = logs();
    app.send(Event::Resize(80, 24));
    let fields: Vec<String> = (1..=40).map(|n| format!(r#""field_{n}":"{}""#, "word ".repeat(12))).collect();
    let line = format!(r#"{{"message":"long","trace_id":"4bf92f",{}}}"#, fields.join(","));
    json(&mut app, "api", 1, Level::Info, &line);
    learn(&mut app);
    app.keys("enter");
    for (tab, form) in [(Tab::Tree, "tree"), (Tab::Fields, "fields"), (Tab::Raw, "raw")] {
        app.keys("tab");
        let frame = text(&draw(&app.state, 80, 24));
        assert_eq!(record(&app).tab, tab);
        assert!(frame.contains(" more below"), "{form}: {frame}");
        assert!(frame.lines().last().is_some_and(|keys| keys.contains("r trace")), "{form}: {frame}");
        app.keys("G");
        let frame = text(&draw(&app.state, 80, 24));
        assert!(tab == Tab::Raw || !frame.contains(" more below"), "{form} at its end: {frame}");
    }
    json(&mut app, "api", 2, Level::Info, r#"{"message":"without"}"#);
    app.keys("esc esc G enter");
    assert!(!text(&draw(&app.state, 80, 24)).contains("r trace"), "it has none");
}

/// Who comes to the logs of a service comes to their end, wherever somebody stood before; from there the next error is
/// the last one.
#[test]
fn the_logs_of_a_service_begin_at_their_end() {
    let mut app = App::new("[service.api]\n[log.api]\nservice = \"api\"\nfile = \"/var/log/api.log\"\n");
    for seq in 1..=30 {
        let level = if [3, 20, 30].contains(&seq) { Level::Error } else { Level::Info };
        json(&mut app, "api", seq, level, &format!(r#"{{"message":"m{seq}"}}"#));
    }
    let at = |app: &App| {
        let selected = app.state.console.screens.logs.pane.selected(&app.state.world.logs);
        selected.map(|record| record.message.to_string())
    };
    app.keys("3 g 1 l");
    assert!(app.state.console.screens.logs.pane.follow);
    app.keys("e");
    assert_eq!(at(&app).as_deref(), Some("m30"), "though it is the newest of all");
    app.keys("E");
    assert_eq!(at(&app).as_deref(), Some("m20"));
    app.keys("1 l e");
    assert_eq!(at(&app).as_deref(), Some("m30"), "the same logs again");
}

/// Draws as the runtime does: the core learns how high the list is.
fn learn(app: &mut App) {
    let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
    let (width, height) = app.state.console.size;
    let area = Rect::new(0, 0, width, height);
    let layout = ui::view(&app.state, &styles, area, &mut Buffer::empty(area));
    app.send(Event::Learned(Learned::Layout(layout)));
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
    for tab in ["enter", "tab", "tab", "tab"] {
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
    app.keys("/");
    app.typed("declined or m3");
    app.keys("enter k j");
    let before = (shown(&app), app.state.console.screens.logs.pane.entry());
    app.keys("r");
    assert_eq!(shown(&app), ["checkout", "declined"], "also of the other log");
    let selected = app.state.console.screens.logs.pane.selected(&app.state.world.logs).unwrap();
    assert_eq!(selected.message.as_str(), "declined", "the cursor stays");
    assert!(text(&draw(&app.state, 120, 40)).contains("esc goes back"));
    app.keys("esc");
    assert_eq!((shown(&app), app.state.console.screens.logs.pane.entry()), before);
    assert_eq!(app.state.console.screens.logs.filter.text(), "declined or m3");
    app.keys("r r");
    assert_eq!(app.state.console.screens.logs.filter.text(), "declined or m3", "the same key leads back");
    app.keys("esc");
    assert_eq!(app.state.console.screens.logs.filter.text(), "");
}

#[test]
fn without_an_id_the_names_are_said() {
    let mut app = logs();
    json(&mut app, "web", 1, Level::Info, r#"{"message":"checkout","trace_id":null}"#);
    app.keys("r");
    assert!(app.toast().starts_with("this record has no trace or request id; looked for trace_id, traceid"));
    app.keys("enter r");
    assert!(app.state.console.overlays.top_as::<RecordOverlay>().is_some());
}

/// Three shapes, one of them an error that came last.
fn shapes() -> App {
    let mut app = logs();
    for n in 0..12 {
        app.records("web", &[(Level::Info, &format!("job {n} done in {n} ms"))]);
    }
    app.pass(60);
    app.records(
        "api",
        &[(Level::Warn, "slow render of /checkout: 341 ms"), (Level::Warn, "slow render of /checkout: 302 ms")],
    );
    app.pass(60);
    app.records("api", &[(Level::Error, "connect ECONNREFUSED 10.0.0.5:5432")]);
    app.wait(10);
    app
}

fn panel(app: &App) -> &PatternsOverlay {
    let Some(panel) = app.state.console.overlays.top_as::<PatternsOverlay>() else { panic!("no patterns are open") };
    panel
}

fn ranked(app: &App) -> Vec<String> {
    panel(app).rows().0.iter().map(|group| format!("{} {}", group.count, group.shape)).collect()
}

/// Lets everything be counted that is left.
fn settle(app: &mut App) {
    for _ in 0..1000 {
        if app.state.next_tick() != Some(std::time::Duration::ZERO) {
            return;
        }
        app.send(Event::Clock);
    }
    panic!("the counting does not end");
}

#[test]
fn messages_are_grouped_and_a_group_is_a_filter() {
    let mut app = shapes();
    app.keys("p");
    let effects = app.take();
    let [Effect::Logs(LogsEffect::ReadShapeHistory(asked, question))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(question.logs.len(), 2);
    let asked = *asked;
    assert!(text(&draw(&app.state, 80, 24)).contains("counting what is held"));
    settle(&mut app);
    assert_eq!(
        ranked(&app),
        ["12 job <n> done in <n> ms", "2 slow render of /checkout: <n> ms", "1 connect ECONNREFUSED <ip>"]
    );
    snap_state("patterns_asking", &mut app);
    app.records("web", &[(Level::Info, "job 99 done in 1 ms")]);
    assert_eq!(ranked(&app)[0], "13 job <n> done in <n> ms", "kept up");
    app.keys("o");
    assert_eq!(ranked(&app)[0], "1 connect ECONNREFUSED <ip>", "the newest");
    app.keys("o");
    assert_eq!(panel(&app).order, Order::Level);
    app.keys("o j enter");
    assert_eq!(app.take(), [LogsEffect::CancelShapeHistory(asked).into()]);
    assert_eq!(app.state.console.screens.logs.filter.text(), r#"pattern:"slow render of /checkout: <n> ms""#);
    assert_eq!(shown(&app).len(), 2);
    app.keys("esc");
    assert_eq!(shown(&app).len(), 16);
    app.keys("p");
    settle(&mut app);
    app.keys("-");
    assert_eq!(shown(&app).len(), 3, "hide these");
}

#[test]
fn new_is_said_where_the_files_reach_back() {
    let mut app = shapes();
    app.keys("p");
    settle(&mut app);
    let now = app.now().utc;
    let ago = |hours| Some(now - chrono::TimeDelta::hours(hours));
    let job = opsroom::logs::pattern::hash_of("job 1 done in 1 ms");
    let reach = |api, web| [("api".into(), api), ("web".into(), web)].into_iter().collect();
    let asked = |app: &mut App| {
        app.take().into_iter().find_map(|effect| match effect {
            Effect::Logs(LogsEffect::ReadShapeHistory(request, _)) => Some(request),
            _ => None,
        })
    };
    let request = asked(&mut app).unwrap();
    let answer = |request, reach| {
        let history = ShapeHistory { shapes: [job].into_iter().collect(), reach, cut: false };
        Outcome::ShapeHistory { request, history: Box::new(history) }
    };
    let history = |reach| answer(request, reach);
    app.outcome(history(reach(ago(3), None)));
    let drawn = text(&draw(&app.state, 80, 24));
    assert!(drawn.contains("history goes back only 3h: nothing is marked as new"), "{drawn}");
    assert!(!drawn.contains("NEW"));
    app.outcome(history(reach(ago(47), ago(47))));
    let drawn = text(&draw(&app.state, 80, 24));
    assert!(drawn.contains("NEW connect ECONNREFUSED <ip>") && !drawn.contains("NEW job"), "{drawn}");
    let first = drawn.lines().skip_while(|line| !line.contains("pattern ")).nth(1).unwrap_or_default();
    assert!(first.contains("NEW "), "what is new comes first: {drawn}");
    snap("patterns", &mut app);
    app.outcome(history(reach(ago(47), None)));
    assert!(text(&draw(&app.state, 80, 24)).contains("unknown for web"));

    app.keys("esc p");
    settle(&mut app);
    let again = asked(&mut app).unwrap();
    app.outcome(history(reach(ago(47), ago(47))));
    assert!(panel(&app).history.is_none(), "an answer to the panel that was closed is none to this one");
    app.outcome(answer(again, reach(ago(47), ago(47))));
    assert!(panel(&app).history.is_some());
}

#[test]
fn values_of_a_field_are_counted_and_lead_to_their_records() {
    let mut app = logs();
    for (seq, status) in [(1, 200), (2, 503), (3, 200), (4, 404), (5, 200)] {
        json(
            &mut app,
            "api",
            seq,
            Level::Info,
            &format!(r#"{{"message":"m{seq}","status":{status},"took":"{seq}ms"}}"#),
        );
    }
    app.keys("#");
    snap_state("top_choice", &mut app);
    app.typed("stat");
    app.keys("enter");
    settle(&mut app);
    snap("top", &mut app);
    let drawn = text(&draw(&app.state, 80, 24));
    assert!(drawn.contains("min 200") && drawn.contains("max 503"), "{drawn}");
    json(&mut app, "api", 6, Level::Info, r#"{"message":"m6","status":503}"#);
    app.keys("j enter");
    assert_eq!(shown(&app), ["m2", "m6"], "the second is 503 by now");
    app.keys("esc enter tab tab j #");
    settle(&mut app);
    let Some(top) = app.state.console.overlays.top_as::<TopOverlay>() else { panic!("no top values") };
    assert_eq!((top.counted.field.as_str(), top.counted.top.total()), ("status", 6), "from a record");
    app.keys("esc #");
    app.typed("nosuchfield");
    app.keys("enter");
    settle(&mut app);
    assert!(text(&draw(&app.state, 80, 24)).contains("no record that passes has this field"));
}

#[test]
fn no_size_of_a_panel_panics() {
    for keys in ["p", "#", "# enter", "# down down enter", "enter"] {
        let mut app = shapes();
        app.keys(keys);
        settle(&mut app);
        for (width, height) in (0..60).flat_map(|width| [(width, width / 2), (width, 24), (200 - width, width)]) {
            app.send(Event::Resize(width, height));
            draw(&app.state, width, height);
        }
    }
}

#[test]
fn clicks_and_the_wheel_work_in_details() {
    let mut app = shapes();
    app.keys("p");
    settle(&mut app);
    let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
    let area = Rect::new(0, 0, 120, 40);
    let layout = ui::view(&app.state, &styles, area, &mut Buffer::empty(area));
    app.send(Event::Learned(Learned::Layout(layout)));
    let row = |row: usize| Target::OverlayRow(row);
    let (area, _) = app.state.console.layout.areas.iter().find(|(_, target)| *target == row(2)).cloned().unwrap();
    app.send(Event::Mouse(Mouse { column: area.x + 1, row: area.y, kind: MouseKind::Press }));
    assert_eq!(panel(&app).rows().1, 2);
    app.send(Event::Mouse(Mouse { column: area.x + 1, row: area.y, kind: MouseKind::ScrollUp }));
    assert_eq!(panel(&app).rows().1, 0);
}

#[test]
fn numbers_are_grouped_by_another_field() {
    let mut app = logs();
    for seq in 1..=40 {
        let (path, took) = if seq % 4 == 0 { ("/slow", seq * 10) } else { ("/fast", seq) };
        let line = format!(r#"{{"message":"m{seq}","path":"{path}","took":"{took}ms"}}"#);
        json(&mut app, "api", seq, Level::Info, &line);
    }
    // `#` on a number, then by another field.
    app.keys("enter tab tab j j #");
    settle(&mut app);
    app.keys("b");
    app.typed("path");
    app.keys("enter");
    settle(&mut app);
    snap("grouped", &mut app);
    app.keys("o o");
    assert!(text(&draw(&app.state, 120, 40)).contains("most frequent first"));
    app.keys("j enter");
    assert_eq!(app.state.console.screens.logs.filter.text(), r#"path="/slow""#);
    assert_eq!(shown(&app).len(), 10);
    app.keys("esc #");
    app.typed("message");
    app.keys("enter b");
    assert_eq!(app.toast(), "still counting message, 0 %: no number found so far");
    settle(&mut app);
    app.keys("b");
    assert_eq!(app.toast(), "message holds no numbers to group by another field");
}
