//! The logs screen and the log panels: every drawn state at the sizes that people have, and what keys do in them.

use std::time::Duration;

use crate::support::app::App;
use crate::support::frame::{SIZES, draw, draw_with, text};
use opsroom::app::layout::Target;
use opsroom::app::logs::MAX_MARKS;
use opsroom::app::message::{Event, Learned, Mouse, MouseKind};
use opsroom::app::overlays::line::LineInput;
use opsroom::app::overlays::record::RecordOverlay;
use opsroom::app::screens::Screen;
use opsroom::app::screens::logs::LogScope;
use opsroom::config::panels;
use opsroom::logs::format::Format;
use opsroom::logs::record::{Level, LogState, Loss, Record, RecordBatch, RecordData};
use opsroom::model::effect::{ConsoleEffect, Effect, TerminalEffect};
use opsroom::model::observation::Observation;
use opsroom::model::outcome::Outcome;
use opsroom::text::{Colour, SafeText, Sgr, TextStyles};
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet, Role};
use opsroom::ui;
use opsroom::world::timeline::{EventKind, TimelineEntry};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

const WORLD: &str = r#"
[console]
name = "logs"
log_records = 200
[service.api]
[service.web]
[log.api]
service = "api"
file = "/var/log/api.log"
[log.web]
service = "web"
file = "/var/log/web.log"
[source.metrics]
http = "http://127.0.0.1:8080/metrics"
[metric.errors]
from = "metrics"
value = ".body.error_rate"
[filter.errors]
title = "errors of all"
filter = "level>=error"
key = "F2"
[screen.overview]
rows = [["services", "timeline"], ["log:api level>=error*3", "log:*"]]
[screen.tails]
key = "F3"
rows = [["services"], ["log:*"]]
"#;

/// A console on its logs, with nothing read yet.
fn logs() -> App {
    let mut app = App::new(WORLD);
    app.keys("3");
    app
}

/// Sends a line of `log`, written `ago` seconds before it was read.
fn line(app: &mut App, log: &str, seq: u64, ago: u64, level: Level, words: &str) {
    let time = Some(app.now().utc - Duration::from_secs(ago));
    let data = RecordData { level, time, ..RecordData::unknown(log.into(), seq, app.now(), SafeText::new(words)) };
    batch(app, log, vec![Record::new(data)], Loss::default());
}

fn batch(app: &mut App, log: &str, records: Vec<Record>, loss: Loss) {
    let batch = RecordBatch { records, loss, ..RecordBatch::default() };
    app.send_observation(Observation::Records { log: log.into(), batch });
}

fn state(app: &mut App, log: &str, state: LogState) {
    app.send_observation(Observation::LogState { log: log.into(), state });
}

/// Two logs over a minute: an error each ten lines.
fn minute() -> App {
    let mut app = logs();
    for n in 0..60 {
        let level = if n % 10 == 3 { Level::Error } else { Level::Info };
        let log = if n % 3 == 0 { "web" } else { "api" };
        line(&mut app, log, n + 1, 0, level, &format!("request {n} path=/v1/{n}"));
        app.pass(1);
    }
    app
}

/// Draws as the runtime does: the core learns where things are.
fn shown(app: &mut App, (width, height): (u16, u16)) -> String {
    let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    app.state.console.size = (width, height);
    let layout = ui::view(&app.state, &styles, area, &mut buffer);
    app.send(Event::Learned(Learned::Layout(layout)));
    text(&buffer)
}

/// A state of the panel, where room is shortest.
fn snap(name: &str, app: &mut App) {
    snap_at(&SIZES[..1], name, app);
}

fn snap_at(sizes: &[(u16, u16)], name: &str, app: &mut App) {
    for size in sizes {
        let frame = shown(app, *size);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), frame);
    }
}

#[test]
fn a_filtered_panel_folds_what_is_said_again_and_again() {
    let mut app = logs();
    for seq in 1..=7 {
        line(&mut app, "api", 2 * seq, 0, Level::Error, &format!("connect to 10.0.0.{seq} failed after {seq} ms"));
        line(&mut app, "api", 2 * seq + 1, 0, Level::Info, "all is well");
    }
    line(&mut app, "api", 200, 0, Level::Error, "out of memory");
    app.keys("1");
    let roomy = shown(&mut app, (120, 40));
    assert!(roomy.contains("connect to 10.0.0.6 failed"), "in the order in which it happened: {roomy}");
    let drawn = shown(&mut app, (120, 18));
    let row = |words: &str| drawn.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{drawn}"));
    assert!(row("connect to 10.0.0.7 failed").contains("×7"), "{drawn}");
    assert!(!row("out of memory").contains('×') && !drawn.contains("connect to 10.0.0.6"), "{drawn}");
    assert!(row("level>=error").contains(" 8 "), "{drawn}");
}

#[test]
fn every_state_is_drawn_in_words() {
    let mut app = logs();
    snap("starting", &mut app);
    for log in ["api", "web"] {
        state(&mut app, log, LogState::Following(1));
    }
    snap("empty", &mut app);
    state(&mut app, "web", LogState::Waiting(SafeText::new("/var/log/web.log is not there")));
    snap("waiting", &mut app);
    let why = "/var/log/api.log: no permission to read it: root:adm 0640; you are deploy (groups deploy); add deploy to group \
               adm (usermod -aG adm deploy) and log in again";
    state(&mut app, "api", LogState::Failed(SafeText::new(why)));
    snap("no_permission", &mut app);
    state(&mut app, "api", LogState::Failed(SafeText::new("/var/log/api.log: binary, not shown")));
    snap("binary", &mut app);
    state(&mut app, "api", LogState::Restarting(SafeText::new("ended with exit code 3; started again in 2 s")));
    snap("restarting", &mut app);
    state(&mut app, "api", LogState::CatchingUp { left: 1_234_567_890 });
    snap("catching_up", &mut app);
    let mut app = minute();
    state(&mut app, "api", LogState::CatchingUp { left: 1_234_567_890 });
    state(&mut app, "web", LogState::FollowingNewest { files: 32, left_out: 68 });
    snap("behind_and_left_out", &mut app);
    for size in SIZES {
        let frame = shown(&mut app, size);
        assert!(frame.contains("api catching up, 1.1 GiB to read"), "{frame}");
        assert!(frame.contains("web: 68 files not followed"), "{frame}");
    }
    app.keys("1");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("api: catching up, 1.1 GiB to read") && frame.contains("losses, see !"), "{frame}");
    app.keys("!");
    assert!(shown(&mut app, (160, 60)).contains("68 files not followed"));
    app.keys("1");
    state(&mut app, "api", LogState::Failed(SafeText::new(why)));
    for size in [(80, 24), (120, 40)] {
        let frame = shown(&mut app, size);
        assert!(frame.contains("api: /var/log/api.log"), "cut, not left out: {frame}");
    }
    app.keys("3");
    state(&mut app, "api", LogState::CatchingUp { left: 1_234_567_890 });
    app.keys("/");
    app.typed("nothing-like-it");
    app.keys("enter");
    snap("nothing_passes", &mut app);
}

#[test]
fn what_is_not_of_today_shows_its_day() {
    let mut app = logs();
    for (seq, days) in [(1, 20), (2, 20), (3, 8)] {
        line(&mut app, "api", seq, days * 86_400, Level::Warn, &format!("written {days} days ago"));
    }
    snap("of_other_days", &mut app);
    line(&mut app, "web", 1, 0, Level::Info, "written now");
    let frame = shown(&mut app, (80, 24));
    assert!(!frame.contains("no records in the last hour") && frame.contains("11-21 "), "{frame}");
    // As soon as all that is in sight is of today, the time of day is enough.
    app.keys("/");
    app.typed("log:web");
    app.keys("enter");
    let frame = shown(&mut app, (80, 24));
    assert!(frame.contains("written now") && !frame.contains("11-21 "), "{frame}");
}

#[test]
fn a_log_whose_clock_is_slow_is_seen_among_others() {
    let mut app = logs();
    let old = |app: &App, seq| {
        let time = Some(app.now().utc - Duration::from_hours(2));
        let text = SafeText::new(&format!("told {seq}"));
        Record::new(RecordData { time, ..RecordData::unknown("web".into(), seq, app.now(), text) })
    };
    let records = (1..=50).map(|seq| old(&app, seq)).collect();
    let told = RecordBatch { records, backlog: true, ..RecordBatch::default() };
    app.send_observation(Observation::Records { log: "web".into(), batch: told });
    for n in 1..=40 {
        line(&mut app, "api", n, 0, Level::Info, &format!("on time {n}"));
        app.pass(1);
    }
    app.keys("f3");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("on time 40") && !frame.contains("told "), "what was there before is old:\n{frame}");
    line(&mut app, "web", 51, 7200, Level::Info, "of a slow clock");
    line(&mut app, "api", 41, 0, Level::Info, "on time 41");
    let frame = shown(&mut app, (120, 40));
    let row = frame.lines().find(|line| line.contains("of a slow clock")).expect("it is seen");
    assert!(row.contains('↑'), "{frame}");
    let place = |words: &str| frame.find(words).expect(words);
    assert!(place("on time 37") < place("of a slow") && place("of a slow") < place("on time 41"), "{frame}");
    let wide = shown(&mut app, (200, 50));
    assert!(wide.contains("↑ arrived late"), "{wide}");
    app.keys("1");
    let frame = shown(&mut app, (200, 50));
    assert!(frame.contains("of a slow clock") && !frame.contains("told "), "also where repeats are one row: {frame}");
}

#[test]
fn late_lines_and_losses_are_said_in_the_border() {
    let mut app = minute();
    line(&mut app, "web", 99, 30, Level::Warn, "written long ago");
    let loss = Loss { dropped: 0, cut_bytes: 2_000_000, cut_records: 2, skipped_bytes: 30_000_000, neutralised: 7 };
    batch(&mut app, "web", Vec::new(), loss);
    snap("late_and_lost", &mut app);
    for size in SIZES {
        let frame = shown(&mut app, size);
        assert!(frame.contains('↑') && frame.contains("web:") && frame.contains("7 neutralised"), "{frame}");
    }
    app.keys("1");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("neutralised") || frame.contains("losses, see !"), "{frame}");
    app.keys("!");
    assert!(shown(&mut app, (120, 60)).contains("7 neutralised"));
}

#[test]
fn a_long_record_says_how_much_of_it_is_not_shown() {
    let mut app = logs();
    let text = format!("begin {}", "x".repeat(20 << 10));
    let data = RecordData {
        cut_bytes: 3 << 20,
        ..RecordData::unknown("api".into(), 1, app.now(), SafeText::of_record(&text))
    };
    batch(&mut app, "api", vec![Record::new(data)], Loss { cut_bytes: 3 << 20, cut_records: 1, ..Loss::default() });
    let frame = shown(&mut app, (80, 24));
    assert!(frame.contains("begin x") && frame.contains("+12 KiB +3 MiB cut"), "{frame}");
    assert!(frame.contains("1 cut at 1 MiB"), "{frame}");
    app.keys("w");
    assert!(shown(&mut app, (200, 150)).contains("+12 KiB"), "a wrapped record ends in it");
    app.keys("enter");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("cut at 1 MiB, 3.0 MiB more"), "{frame}");
    // All of it is there to be read.
    app.keys("tab G");
    let open = app.state.console.overlays.top_as::<RecordOverlay>().unwrap();
    assert_eq!(open.record.raw.len(), text.len());
}

#[test]
fn counts_over_time_say_since_when_they_are_loaded() {
    let mut app = logs();
    let at = app.now();
    let time = Some(at.utc - chrono::TimeDelta::minutes(20));
    let old = RecordData { time, ..RecordData::unknown("api".into(), 1, at, SafeText::new("old")) };
    let records = RecordBatch { records: vec![Record::new(old)], backlog: true, ..RecordBatch::default() };
    app.send_observation(Observation::Records { log: "api".into(), batch: records });
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("last hour, loaded since "), "{frame}");
    app.keys("tab - -");
    assert!(!shown(&mut app, (120, 40)).contains("loaded since"), "all of the last minutes is loaded");
}

/// Errors that a log had when it was opened, so many seconds ago.
fn had(app: &mut App, log: &str, ages: &[u64]) {
    let old = |(at, ago): (usize, &u64)| {
        let time = Some(app.now().utc - Duration::from_secs(*ago));
        let data = RecordData::unknown(log.into(), at as u64 + 1, app.now(), SafeText::new("it broke"));
        Record::new(RecordData { time, level: Level::Error, ..data })
    };
    let records = ages.iter().enumerate().map(old).collect();
    let batch = RecordBatch { records, backlog: true, ..RecordBatch::default() };
    app.send_observation(Observation::Records { log: log.into(), batch });
}

/// The number that stands before the word in a title.
fn count_of(frame: &str, title: &str, word: &str) -> u64 {
    let row = frame.lines().find(|row| row.contains(title)).unwrap_or_else(|| panic!("{frame}"));
    let words: Vec<&str> = row.split_whitespace().collect();
    let counted = words.windows(2).find_map(|pair| pair[0].parse().ok().filter(|_| pair[1] == word));
    counted.unwrap_or_else(|| panic!("{row}"))
}

#[test]
fn the_errors_of_the_last_hour_are_as_many_on_every_screen() {
    let mut app = App::new(WORLD.split("[screen.").next().unwrap_or_default());
    // One every 40 seconds, on both sides of where the hour begins.
    let ages: Vec<u64> = (0..6).map(|at| 3_720 - at * 40).chain([60, 20]).collect();
    had(&mut app, "api", &ages);
    for _ in 0..4 {
        for (width, height) in [(80, 24), (120, 40), (200, 50)] {
            app.keys("1");
            let folded = count_of(&shown(&mut app, (width, height)), "errors first", "errors");
            app.keys("3");
            let bars = count_of(&shown(&mut app, (width, height)), "last hour", "errors");
            assert_eq!(folded, bars, "{width}x{height} at {}", app.now().utc);
        }
        app.pass(25);
    }
}

#[test]
fn evidence_has_the_lines_by_their_time_also_those_that_arrived_late() {
    let mut app = logs();
    app.keys("1");
    let now = app.now();
    line(&mut app, "api", 1, 9, Level::Info, "first");
    line(&mut app, "api", 2, 3, Level::Info, "fourth");
    line(&mut app, "api", 3, 8, Level::Info, "second, late");
    let untimed = RecordData::unknown("api".into(), 4, now, SafeText::new("  at render (cart.js)"));
    batch(&mut app, "api", vec![Record::new(untimed)], Loss::default());
    line(&mut app, "web", 1, 5, Level::Info, "third");
    for screen in ["1", "3"] {
        app.keys(screen);
        app.take();
        app.keys("S");
        let effects = app.take();
        let saved = effects.iter().find_map(|effect| match effect {
            Effect::Terminal(TerminalEffect::SaveEvidence(logs)) => Some(logs.as_str()),
            _ => None,
        });
        let wanted = "api | first\napi | second, late\napi |   at render (cart.js)\nweb | third\napi | fourth\n";
        assert_eq!(saved, Some(wanted), "on screen {screen}");
    }
}

#[test]
fn two_logs_that_begin_at_different_times_both_say_so() {
    let mut app = logs();
    had(&mut app, "api", &[1_200, 60]);
    had(&mut app, "web", &[300]);
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("3 records since 02:21:00, complete since 02:36:00"), "{frame}");
    assert!(frame.contains("last hour, loaded since 02:21:00, complete since 02:36:00"), "{frame}");
    app.keys("tab -");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("last 15 minutes, complete since 02:36:00"), "{frame}");
}

#[test]
fn a_frozen_screen_filters_and_searches_what_is_there() {
    let mut app = App::new(&WORLD.replace("log_records = 200", "log_records = 20_000"));
    app.keys("3");
    let many: Vec<String> =
        (0..9_000).map(|n| format!("line {n} {}", if n % 3 == 0 { "third" } else { "other" })).collect();
    let lines: Vec<(Level, &str)> = many.iter().map(|line| (Level::Info, line.as_str())).collect();
    app.records("api", &lines);
    app.keys("f");
    app.records("api", &[(Level::Info, "third too late")]);
    app.keys("/");
    app.typed("third");
    app.keys("enter");
    let drawn = app.state.console.revision;
    let mut slices = 0;
    while app.state.console.screens.logs.progress().is_some() {
        app.send(Event::Clock);
        slices += 1;
        assert!(slices < 100);
    }
    assert!(slices > 0 && app.state.console.revision > drawn && app.state.console.answered > 0, "the answer is drawn");
    assert_eq!(app.state.console.screens.logs.pane.view().len(), 3_000);
    app.records("api", &[(Level::Info, "third again")]);
    app.pass(2);
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("3,000") && !frame.contains("too late") && !frame.contains("again"), "{frame}");
    let bars = |app: &App| opsroom::app::logs::bars(&app.state, 60);
    let still = bars(&app);
    app.pass(90);
    assert_eq!(bars(&app), still, "the levels over time stand still");
    app.keys("f");
    assert_eq!(app.state.console.screens.logs.pane.view().len(), 3_002, "nothing is lost");
    assert_ne!(bars(&app), still);
    assert_eq!(app.state.world.log("api").unwrap().ring.len(), 9_002);
}

#[test]
fn elapsed_times_show_gaps() {
    let mut app = logs();
    line(&mut app, "api", 1, 0, Level::Info, "one");
    app.wait(1_500);
    line(&mut app, "api", 2, 0, Level::Info, "two");
    app.pass(95);
    line(&mut app, "api", 3, 0, Level::Info, "three");
    app.keys("t t t");
    let frame = shown(&mut app, (80, 24));
    assert!(frame.contains("+1.5s") && frame.contains("+1m35s"), "{frame}");
}

#[test]
fn the_levels_over_time_are_gone_into() {
    let mut app = minute();
    shown(&mut app, (120, 40));
    app.keys("tab");
    assert_eq!(app.state.focused_panel(), Some(panels::LEVELS.id()));
    app.keys("- -");
    shown(&mut app, (120, 40));
    app.keys("h h h");
    let at = app.state.console.time_cursor.expect("a bar");
    snap_at(&SIZES, "bar", &mut app);
    shown(&mut app, (120, 40));
    app.keys("enter");
    assert_eq!(app.state.focused_panel(), Some(panels::RECORDS.id()));
    let screen = &app.state.console.screens.logs;
    let record = screen.pane.selected(&app.state.world.logs).expect("a record");
    assert!(record.at() >= at && record.at() < at + Duration::from_secs(10), "{} {at}", record.at());
    assert!(!screen.pane.follow);
    // The same by the mouse.
    app.keys("G");
    shown(&mut app, (120, 40));
    let mut bars = app.state.console.layout.areas.iter().filter(|(_, target)| matches!(target, Target::Bar(_)));
    let (area, target) = bars.next_back().expect("bars").clone();
    let Target::Bar(from) = target else { panic!("no bar") };
    app.send(Event::Mouse(Mouse { column: area.x, row: area.y, kind: MouseKind::Press }));
    let record = app.state.console.screens.logs.pane.selected(&app.state.world.logs).expect("a record");
    assert!(app.state.console.time_cursor == Some(from) && record.at() >= from - Duration::from_secs(10));
}

#[test]
fn a_bar_further_back_than_the_span_moves_the_span() {
    let mut app = minute();
    app.pass(2 * 3_600);
    line(&mut app, "api", 100, 0, Level::Info, "much later");
    shown(&mut app, (120, 40));
    app.keys("tab g");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("hour from 2026-11-21"), "{frame}");
    assert!(frame.contains("6 errors"), "{frame}");
    app.keys("enter");
    assert_eq!(
        app.state.console.screens.logs.pane.selected(&app.state.world.logs).expect("a record").message.as_str(),
        "request 0 path=/v1/0"
    );
}

#[test]
fn logs_charts_and_timeline_point_at_one_moment() {
    let mut app = minute();
    for _ in 0..30 {
        app.sample("errors", Ok(1.0));
        app.pass(10);
    }
    app.keys("4");
    shown(&mut app, (120, 40));
    app.keys("h h h h");
    let at = app.state.console.time_cursor.expect("the chart's moment");
    app.pass(5);
    assert_eq!(app.state.console.time_cursor, Some(at), "it is a moment, not a column");
    app.keys("3");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("' goes to 02:4"), "{frame}");
    app.keys("'");
    assert!(!app.state.console.screens.logs.pane.follow);
    // Moving in the logs moves the chart's cursor.
    app.keys("g");
    let first = app.state.console.screens.logs.pane.selected(&app.state.world.logs).expect("a record").at();
    assert_eq!(app.state.console.time_cursor, Some(first));
    // What is selected in the timeline opens the logs then.
    let entry = |at, text: &str| TimelineEntry::new(at, EventKind::Console, None, SafeText::new(text));
    app.state.world.timeline.push(entry(app.now(), "something"));
    app.keys("1 tab enter");
    assert_eq!((&app.state.console.screen, app.state.console.time_cursor), (&Screen::Logs, Some(app.now().utc)));
    // And the timeline shows the moment: the last that had happened then.
    let moment = app.now();
    app.pass(60);
    app.state.world.timeline.push(entry(app.now(), "something else"));
    app.keys("1");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains(&format!("timeline at {}", moment.utc.format("%H:%M:%S"))), "{frame}");
    let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
    let cursor = styles.get(Role::ChartCursor).fg;
    let buffer = draw(&app.state, 120, 40);
    let is_marked = |text: &str| {
        let y = frame.lines().position(|line| line.contains(text)).expect(text);
        (0..120).any(|x| buffer[(x, y as u16)].style().fg == cursor)
    };
    assert!(is_marked("something  ") && !is_marked("something else"), "{frame}");
}

#[test]
fn a_filter_is_shown_while_it_is_typed_and_esc_brings_the_former_back() {
    let mut app = minute();
    app.keys("/");
    app.typed("level>=error");
    snap("preview", &mut app);
    assert_eq!(app.state.console.screens.logs.pane.view().len(), 6);
    assert!(shown(&mut app, (80, 24)).contains("6 of 60 pass"));
    app.typed(" /un");
    let frame = shown(&mut app, (80, 24));
    assert!(frame.contains("no closing"), "{frame}");
    assert_eq!(app.state.console.screens.logs.pane.view().len(), 60, "what was half typed does not stand for it");
    assert!(frame.contains("filter not applied"), "{frame}");
    app.typed("/");
    assert!(shown(&mut app, (80, 24)).contains("0 of 60 pass"));
    app.keys("esc");
    assert_eq!(app.state.console.screens.logs.pane.view().len(), 60);
}

/// Complaint: a filter that was only tried moved the list and forgot how much was new.
#[test]
fn esc_brings_back_the_place_and_the_count_of_what_is_new() {
    let mut app = minute();
    shown(&mut app, (120, 40));
    app.keys("k k k k k");
    line(&mut app, "api", 100, 0, Level::Info, "came while it stands still");
    let before = shown(&mut app, (120, 40));
    assert!(before.contains("1 new"), "{before}");
    app.keys("/");
    app.typed("level>=error");
    shown(&mut app, (120, 40));
    assert_eq!(app.state.console.screens.logs.pane.view().len(), 6);
    app.keys("esc");
    assert_eq!(shown(&mut app, (120, 40)), before);
    for (bar, text) in [("/", "level>=error"), ("s", "request 7")] {
        app.keys(bar);
        app.typed(text);
        // Some of what is held goes and something comes while it is typed.
        let first = app.now().utc.timestamp().unsigned_abs();
        for n in 0..30 {
            line(&mut app, "web", first + n, 0, Level::Info, "meanwhile");
        }
        shown(&mut app, (120, 40));
        app.keys("esc");
        app.pass(30);
    }
    let after = shown(&mut app, (120, 40));
    assert!(after.contains("61 new"), "{after}");
    let rows =
        |frame: &str| frame.lines().filter(|line| line.contains("request ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&after), rows(&before), "the list has not moved");
    assert_eq!(app.state.console.screens.logs.pane.view().len(), 121);
    // Without anything typed, and typed back by hand, it is the same.
    app.keys("s esc / a backspace enter");
    assert!(shown(&mut app, (120, 40)).contains("61 new"));
    app.keys("G s");
    app.typed("request 7");
    app.keys("esc");
    assert!(app.state.console.screens.logs.pane.follow, "what followed follows again");
}

#[test]
fn fields_and_values_are_completed() {
    let mut app = minute();
    app.keys("/");
    app.typed("path");
    snap("completion", &mut app);
    app.keys("tab");
    let Some(line) = app.state.console.overlays.top_as::<LineInput>() else { panic!("no line") };
    assert!(line.input.text().starts_with("path"), "{}", line.input.text());
    assert!(!line.offers.is_empty());
    app.keys("shift-tab");
    let Some(line) = app.state.console.overlays.top_as::<LineInput>() else { panic!("no line") };
    assert_eq!(line.input.text(), "path", "before the first is what was typed");
    app.keys("ctrl-u");
    app.typed("service");
    app.keys("tab");
    app.typed("nobody");
    app.keys("enter / esc / up");
    let Some(line) = app.state.console.overlays.top_as::<LineInput>() else { panic!("no line") };
    assert_eq!(line.input.text(), "service:nobody", "the history has it");
}

#[test]
fn a_saved_filter_has_a_key_everywhere_and_the_key_takes_it_off() {
    let mut app = minute();
    app.keys("1 f2");
    assert_eq!(
        (&app.state.console.screen, app.state.console.screens.logs.filter.text()),
        (&Screen::Logs, "level>=error")
    );
    assert_eq!(app.state.console.screens.logs.pane.view().len(), 6);
    app.keys("f2");
    assert_eq!(app.state.console.screens.logs.filter.text(), "");
    app.keys("?");
    let help = shown(&mut app, (120, 60));
    assert!(help.contains("f2") && help.contains("errors of all: level>=error"), "{help}");
    app.keys("esc :");
    app.typed("filter err");
    app.keys("enter");
    assert_eq!(app.state.console.screens.logs.filter.text(), "level>=error");
}

#[test]
fn a_panel_of_a_layout_has_a_filter() {
    let mut app = minute();
    app.keys("1");
    snap_at(&SIZES, "panels", &mut app);
    let frame = shown(&mut app, (200, 50));
    assert!(frame.contains("log api · level>=error · 4"), "{frame}");
    // It holds what passes although a thousand others came since.
    for n in 0..150 {
        line(&mut app, "api", 1_000 + n, 0, Level::Info, "noise");
    }
    let frame = shown(&mut app, (200, 50));
    assert!(frame.contains("level>=error · 4") && frame.contains("×4"), "{frame}");
    app.keys("tab tab enter");
    assert_eq!(
        (&app.state.console.screen, app.state.console.screens.logs.filter.text()),
        (&Screen::Logs, "level>=error")
    );
    assert_eq!(app.state.console.screens.logs.scope, LogScope::Log("api".into()));
}

#[test]
fn marks_outlive_the_ring_and_are_bounded() {
    let mut app = logs();
    line(&mut app, "api", 1, 0, Level::Error, "the first cause");
    app.keys("m");
    for n in 2..400 {
        line(&mut app, "api", n, 0, Level::Info, "noise");
    }
    assert!(app.state.world.log("api").expect("a log").ring.get(1).is_none(), "the ring has let it go");
    app.keys("k U");
    let Some(open) = app.state.console.overlays.top_as::<RecordOverlay>() else { panic!("the mark is not shown") };
    assert_eq!(open.record.message.as_str(), "the first cause");
    app.keys("esc o");
    let effects = app.take();
    let saved = effects.iter().find_map(|effect| match effect {
        Effect::Console(ConsoleEffect::Save { name, text }) => Some((name.clone(), text.clone())),
        _ => None,
    });
    let (name, text) = saved.expect("a file");
    assert!(name.contains("marked") && text == "the first cause\n", "{name} {text}");
    for _ in 0..MAX_MARKS + 5 {
        app.keys("k m");
    }
    assert_eq!(app.state.console.screens.logs.marks.len(), MAX_MARKS);
    assert!(app.toast().contains("are marked"), "{}", app.toast());
}

#[test]
fn what_is_shown_goes_to_the_pager() {
    let mut app = minute();
    app.keys("f2 b");
    let effects = app.take();
    let [Effect::Terminal(TerminalEffect::Page(text))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(text.lines().count(), 6);
    assert!(text.starts_with("web | request 3 path=/v1/3\n"), "{text}");
}

/// Complaints 10 and 11: context is kept in sight, and the column stays.
#[test]
fn column_wrap_and_context_stay() {
    let mut app = minute();
    app.keys("f2 + + + g l");
    assert!(shown(&mut app, (80, 24)).contains("from column 9"));
    line(&mut app, "api", 500, 0, Level::Error, "a new one");
    app.keys("j j j 1 3 w");
    assert_eq!((app.state.console.screens.logs.column, app.state.console.wrap), (8, true));
    app.keys("w 4 3 G g j j");
    assert_eq!(app.state.console.screens.logs.column, 8);
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let frame = shown(&mut app, (width, height));
        let styles = draw(&app.state, width, height);
        let rows: Vec<&str> = frame.lines().collect();
        let selected: Vec<u16> = (0..height).filter(|y| styles[(4, *y)].bg == tint()).collect();
        let [selected] = selected[..] else { panic!("{selected:?} are selected\n{frame}") };
        let around = &rows[usize::from(selected) - 2..=usize::from(selected) + 2];
        // What its own log said before and after it.
        for (row, number) in around.iter().zip([20, 22, 23, 25, 26]) {
            assert!(row.contains(&format!("{number} path=/v1/{number}")), "the record in its context\n{frame}");
        }
        assert!(around[2].contains("23 ERROR"), "{frame}");
    }
}

/// The tint behind what is selected.
fn tint() -> Color {
    let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
    styles.get(Role::Selection).bg.expect("the theme has one")
}

/// The colours that lines bring along: never over what is found, never unreadable, kept by what is selected, and hidden by
/// a key.
#[test]
fn lines_have_their_own_colours() {
    let mut app = logs();
    let red = Sgr { fg: Some(Colour::Indexed(1)), ..Sgr::default() };
    let dark = Sgr { fg: Some(Colour::Rgb(12, 14, 20)), ..Sgr::default() };
    let plain = RecordData::unknown("api".into(), 1, app.now(), SafeText::new("danger unseen rest"));
    let data = RecordData { styles: TextStyles::from(vec![(0..6, red), (7..13, dark)]), ..plain };
    batch(&mut app, "api", vec![Record::new(data)], Loss::default());
    let cell = |app: &App, letter: &str, depth| {
        let buffer = draw_with(&app.state, 80, 24, "midnight", depth, GlyphSet::UTF8);
        let row = (6..24).find(|y| (1..79).any(|x| buffer[(x, *y)].symbol() == "g")).expect("the line");
        let x = (20..79).find(|x| buffer[(*x, row)].symbol() == letter).expect("the letter");
        (buffer[(x, row)].fg, buffer[(x, row)].modifier, buffer[(x, row)].bg)
    };
    assert_eq!(cell(&app, "d", ColorDepth::True).0, Color::Red);
    assert_eq!(cell(&app, "d", ColorDepth::None).0, Color::Reset);
    assert_eq!(cell(&app, "u", ColorDepth::True).0, Color::Reset, "black on black is not drawn");
    app.keys("c");
    assert_eq!(cell(&app, "d", ColorDepth::True).0, Color::Reset);
    app.keys("c s");
    app.typed("anger");
    app.keys("enter");
    let found = cell(&app, "a", ColorDepth::True);
    assert_ne!(found.0, Color::Red, "what was found has its own colour");
    app.keys("esc k");
    let selected = cell(&app, "d", ColorDepth::True);
    assert_eq!(selected, (Color::Red, Modifier::empty(), tint()), "the tint lies behind the line's own colour");
    assert_eq!(cell(&app, "u", ColorDepth::True), (Color::Reset, Modifier::empty(), tint()), "readable on it");
    let (colour, modifier, behind) = cell(&app, "d", ColorDepth::Sixteen);
    assert_eq!((colour, behind), (Color::Red, Color::Reset), "sixteen colours have no tint");
    assert!(modifier.contains(Modifier::BOLD) && !modifier.contains(Modifier::REVERSED), "{modifier:?}");
}

#[test]
fn what_came_from_stderr_has_a_mark_and_a_word_for_it() {
    let mut app = logs();
    line(&mut app, "api", 1, 0, Level::Info, "spoken");
    let at = app.now();
    for (seq, level, words) in [(2, Level::Error, "cried"), (3, Level::None, "grumbled")] {
        let data =
            RecordData { level, stderr: true, ..RecordData::unknown("api".into(), seq, at, SafeText::new(words)) };
        batch(&mut app, "api", vec![Record::new(data)], Loss::default());
    }
    app.keys("3");
    for (size, signs) in [((120, 40), ["INFO  ", "ERROR!", "     !"]), ((50, 24), ["I ", "E!", " !"])] {
        let frame = shown(&mut app, size);
        let row = |words: &str| frame.lines().find(|line| line.contains(words)).expect(words).to_owned();
        for (sign, words) in signs.iter().zip(["spoken", "cried", "grumbled"]) {
            assert!(row(words).contains(sign), "{frame}");
        }
        assert!(!row("spoken").contains('!') && frame.contains("! stderr"), "{frame}");
    }
}

/// Sends a line of JSON as the recogniser makes it a record.
fn json_line(app: &mut App, log: &str, seq: u64, level: Level, message: &str, fields: &str) {
    let raw = format!(r#"{{"level":"{}","msg":"{message}",{fields}}}"#, level.word());
    let data = RecordData {
        level,
        time: Some(app.now().utc),
        message: SafeText::new(message),
        format: Format::Json,
        ..RecordData::unknown(log.into(), seq, app.now(), SafeText::new(&raw))
    };
    batch(app, log, vec![Record::new(data)], Loss::default());
}

#[test]
fn a_panel_has_the_columns_that_its_layout_gives_it_until_others_are_chosen() {
    let wanted = "rows = [[\"services\"], [\"log:*\"]]";
    let given = "rows = [[\"services\"], [\"log:api columns=status,path\", \"log:* level>=error\"]]";
    let config = WORLD.replace(wanted, given);
    let mut app = App::new(&config);
    let fields = r#""path":"/v1/carts","status":500"#;
    json_line(&mut app, "api", 1, Level::Error, "refused", fields);
    app.keys("F3");
    let frame = shown(&mut app, (160, 40));
    assert!(frame.contains("ERROR 500              /v1/carts        refused"), "{frame}");
    assert!(frame.contains("ERROR api refused  path=/v1/carts"), "as it was: {frame}");
    // What is chosen in one panel leaves the other as it was.
    app.keys("tab =");
    assert!(shown(&mut app, (160, 40)).contains("columns of log:api"));
    app.typed("stat");
    app.keys("enter esc");
    let frame = shown(&mut app, (160, 40));
    assert!(frame.contains("/v1/carts        refused") && !frame.contains("500              /v1"), "{frame}");
    // A reload leaves what was chosen.
    app.send(Event::Reloaded(Ok((crate::support::app::config(&config), Vec::new()))));
    let frame = shown(&mut app, (160, 40));
    assert!(!frame.contains("500              /v1"), "{frame}");
}

#[test]
fn fields_follow_the_message_and_columns_can_be_chosen() {
    let mut app = logs();
    let fields = r#""http":{"path":"/v1/carts","status":500},"user":"ada l","trace_id":"4bf92f""#;
    json_line(&mut app, "api", 1, Level::Error, "connect ECONNREFUSED", fields);
    json_line(&mut app, "api", 2, Level::Error, "GET /v1/carts failed", fields);
    let frame = shown(&mut app, (120, 40));
    assert!(
        frame.contains(r#"connect ECONNREFUSED  path=/v1/carts  status=500  user="ada l"  trace_id=4bf92f"#),
        "{frame}"
    );
    assert!(
        frame.contains("GET /v1/carts failed  status=500  user="),
        "what the message says is not said again: {frame}"
    );
    app.keys("=");
    app.typed("stat");
    app.keys("enter esc");
    snap_at(&SIZES, "columns", &mut app);
    let frame = shown(&mut app, (120, 40));
    let (heading, row) =
        (frame.lines().find(|line| line.contains(" status ")), frame.lines().find(|line| line.contains("ECONN")));
    let (heading, row) = (heading.expect("a heading"), row.expect("a row"));
    assert_eq!(heading.find("status"), row.find("500"), "{frame}");
    assert!(row.contains("500    connect ECONNREFUSED  path=/v1/carts  user="), "{row}");
    // They are those of this panel alone; the other fields can be hidden.
    app.keys("= enter esc");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("500    connect ECONNREFUSED") && !frame.contains("path=/v1"), "{frame}");
    app.keys("1");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("connect ECONNREFUSED  path=/v1/carts  status=500"), "{frame}");
    assert!(!frame.contains("500    connect"), "{frame}");
    // A record of any length costs a row no more than its beginning.
    app.keys("3 = enter esc");
    json_line(
        &mut app,
        "api",
        3,
        Level::Error,
        "long",
        &format!(r#""first":1,"blob":"{}","behind":2"#, "x".repeat(1 << 16)),
    );
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("long  first=1  blob=x") && !frame.contains("behind"), "{frame}");
}

#[test]
fn a_window_of_time_says_which_night_it_means() {
    let mut app = minute();
    app.keys("/");
    app.typed("since:10m");
    app.keys("enter");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("since:10m (from "), "{frame}");
}

#[test]
fn a_service_leads_to_its_own_logs_and_back_to_all() {
    let mut app = minute();
    // From its screen by the key of the logs.
    app.keys("1 enter 3");
    assert_eq!(app.state.console.screens.logs.scope, LogScope::Service("api".into()));
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("logs of api · esc shows all logs · 40"), "{frame}");
    app.keys("esc");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("all logs · 60"), "{frame}");
    // `l` where a service is selected or shown, on any screen; back is where one came from.
    app.keys("1 j l");
    assert_eq!(app.state.console.screens.logs.scope, LogScope::Service("web".into()));
    app.keys("q");
    assert_eq!(app.state.console.screen, Screen::Overview);
    app.keys("enter l");
    assert!(shown(&mut app, (80, 24)).contains("logs of web · esc shows all logs · 20"));
    app.keys("q right");
    assert_eq!(app.state.console.screen, Screen::Service, "arrows still step to the next service");
    // A filter is undone before the scope, and another screen leads to all of them again.
    app.keys("l /");
    app.typed("request");
    app.keys("enter");
    assert!(!shown(&mut app, (120, 40)).contains("esc shows all logs"));
    app.keys("esc");
    assert!(shown(&mut app, (120, 40)).contains("esc shows all logs"));
    app.keys("1 3");
    assert_eq!(app.state.console.screens.logs.scope, LogScope::All);
    assert!(shown(&mut app, (120, 40)).contains("all logs · 60"));
}

#[test]
fn a_service_without_logs_of_its_own_shows_the_records_that_name_it() {
    let mut app = App::new("[service.api]\n[service.web]\n[log.all]\nfile = \"/var/log/all.log\"\n");
    for (seq, service) in [(1, "api"), (2, "web"), (3, "api")] {
        let data = RecordData {
            service: Some(SafeText::new(service)),
            time: Some(app.now().utc),
            ..RecordData::unknown("all".into(), seq, app.now(), SafeText::new("said"))
        };
        batch(&mut app, "all", vec![Record::new(data)], Loss::default());
    }
    app.keys("l");
    assert!(shown(&mut app, (120, 40)).contains("logs of api · esc shows all logs · 2 "));
    app.keys("q j l");
    assert!(shown(&mut app, (120, 40)).contains("logs of web · esc shows all logs · 1 "));
}

#[test]
fn what_is_said_again_and_again_is_one_row_of_the_overview() {
    let mut app = App::new("[log.api]\nfile = \"/var/log/api.log\"\n[log.web]\nfile = \"/var/log/web.log\"\n");
    assert!(shown(&mut app, (120, 40)).contains("opening the logs"));
    for n in 1..=30 {
        line(&mut app, "api", n, 0, Level::Info, &format!("GET /v1/carts/{n} took {n} ms"));
    }
    for n in 1..=74 {
        line(&mut app, "web", n, 0, Level::Error, &format!("connect ECONNREFUSED after {n} ms"));
        app.pass(1);
    }
    line(&mut app, "api", 31, 0, Level::Warn, "retry 5 of 5");
    line(&mut app, "api", 32, 0, Level::Error, "cart.total is undefined");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("logs · errors first · 75 errors in the last hour · "), "{frame}");
    let rows: Vec<&str> = frame.lines().skip_while(|line| !line.contains("errors first")).skip(1).take(4).collect();
    for (row, (words, times)) in rows.iter().zip([
        ("connect ECONNREFUSED after 74 ms", "×74│"),
        ("cart.total is undefined", "  │"),
        ("retry 5 of 5", "  │"),
        ("GET /v1/carts/30 took 30 ms", "×30│"),
    ]) {
        assert!(row.contains(words) && row.ends_with(times), "{row}\n{frame}");
    }
    for size in SIZES {
        insta::assert_snapshot!(format!("folded_{}x{}", size.0, size.1), shown(&mut app, size));
    }
    // They are those of an hour, and the records need not be held any more.
    app.pass(3540);
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("errors in the last hour") && !frame.contains("75 errors"), "{frame}");
    app.pass(120);
    let frame = shown(&mut app, (120, 40));
    assert!(
        !frame.contains("errors first") && frame.contains("connect ECONNREFUSED"),
        "what is older is a tail: {frame}"
    );
}

#[test]
fn a_count_says_since_when_it_counts() {
    let mut app = App::new("[log.api]\nfile = \"/var/log/api.log\"\n");
    let old = |app: &App, seq, ago| {
        let time = Some(app.now().utc - Duration::from_secs(ago));
        let data = RecordData::unknown("api".into(), seq, app.now(), SafeText::new("it broke"));
        Record::new(RecordData { time, level: Level::Error, ..data })
    };
    let records = vec![old(&app, 1, 600), old(&app, 2, 60)];
    app.send_observation(Observation::Records {
        log: "api".into(),
        batch: RecordBatch { records, backlog: true, ..RecordBatch::default() },
    });
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("2 errors since 02:31:00"), "older ones may be in the file: {frame}");
    app.pass(3600);
    line(&mut app, "api", 3, 0, Level::Error, "it broke");
    assert!(shown(&mut app, (120, 40)).contains("1 error in the last hour"));
}

#[test]
fn a_log_that_was_empty_or_is_still_read_is_not_said_to_be_counted_for_an_hour() {
    let mut app = App::new("[log.api]\nfile = \"/var/log/api.log\"\n[log.web]\nfile = \"/var/log/web.log\"\n");
    state(&mut app, "api", LogState::Following(1));
    line(&mut app, "api", 1, 0, Level::Error, "it broke");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("1 error so far, still reading"), "web is not open yet: {frame}");
    state(&mut app, "web", LogState::CatchingUp { left: 4096 });
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("1 error so far, still reading"), "{frame}");
    // The file may have been rotated just before it was opened: what it said before is in another.
    app.pass(60);
    state(&mut app, "web", LogState::Following(1));
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("1 error since 02:41:00 ·"), "{frame}");
    // Rotated while it is followed, it is counted on.
    state(&mut app, "api", LogState::Waiting(SafeText::new("/var/log/api.log is not there")));
    app.pass(60);
    state(&mut app, "api", LogState::Following(1));
    line(&mut app, "api", 2, 0, Level::Error, "it broke");
    let frame = shown(&mut app, (120, 40));
    assert!(frame.contains("2 errors since 02:41:00 ·"), "{frame}");
    app.pass(3540);
    assert!(shown(&mut app, (120, 40)).contains("1 error in the last hour"));
}

#[test]
fn a_secret_that_is_learned_late_leaves_the_folded_rows_too() {
    let mut app = logs();
    let said = |app: &App, words: &str| {
        let data = RecordData::unknown("api".into(), 1, app.now(), SafeText::new(words));
        Record::new(RecordData { level: Level::Error, ..data })
    };
    let (open, masked) = (said(&app, "login with hunter2secret"), said(&app, "login with ***"));
    batch(&mut app, "api", vec![open.clone()], Loss::default());
    // The ring drops the record; its row stays for the hour.
    for n in 2..=300 {
        line(&mut app, "api", n, 0, Level::Info, &format!("request {n}"));
    }
    assert!(app.state.world.log("api").unwrap().ring.get(1).is_none());
    app.keys("f3 1");
    let row = |app: &mut App| {
        let frame = shown(app, (200, 50));
        frame.lines().find(|line| line.contains("login with")).map(str::to_owned)
    };
    assert!(row(&mut app).unwrap().contains("hunter2secret"));
    app.outcome(Outcome::Masked(vec![(open, masked)]));
    assert!(row(&mut app).unwrap().contains("login with ***"));
}
