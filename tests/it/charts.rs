//! Charts as a person uses them: their range, the cursor, marks of what happened, the comparison with before.

use std::time::Duration;

use crate::support::app::App;
use crate::support::frame::{draw, text};
use crate::support::world;
use opsroom::app::layout::Target;
use opsroom::app::message::{Event, Learned, Mouse, MouseKind};
use opsroom::model::outcome::Outcome;
use opsroom::model::rollup::SeriesKey;
use opsroom::model::run::RunState;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const CONFIG: &str = "[console]\nname = \"charts\"\n[source.s]\nhttp = \"http://127.0.0.1:1/\"\nevery = \"1m\"\n\
    [metric.queue]\nfrom = \"s\"\nvalue = \".body.a\"\nunit = \"/s\"\n";

/// A console that has counted 40 days, with a value a minute from `minutes` ago on: the hour since midnight.
fn counted(minutes: u64) -> App {
    let mut app = App::after(CONFIG, Duration::from_hours(40 * 24));
    for minute in 0..minutes {
        app.sample("queue", Ok((minute / 60 + 1) as f64));
        app.wait(60_000);
    }
    app.send(Event::Clock);
    app.keys("4");
    app
}

fn drawn(app: &App) -> String {
    text(&draw(&app.state, 120, 40))
}

#[test]
fn five_minutes_of_values_take_the_whole_of_an_hours_chart() {
    let app = counted(5);
    let shown = drawn(&app);
    assert!(shown.contains("showing 5m: no older data"), "{shown}");
    let bars = shown.lines().map(|line| line.chars().filter(|sign| "▁▂▃▄▅▆▇█".contains(*sign)).count()).max();
    assert!(bars.is_some_and(|bars| bars > 55), "{shown}");
    let long = drawn(&counted(70));
    assert!(!long.contains("no older data") && long.contains(" 1h "), "{long}");
}

#[test]
fn a_key_compares_with_before_and_says_where_nothing_is_known() {
    let mut app = counted(150);
    assert!(!drawn(&app).contains(" ago"));
    app.keys("b");
    let shown = drawn(&app);
    assert!(shown.contains("─ an hour ago"), "{shown}");
    app.keys("h h");
    let shown = drawn(&app);
    assert!(shown.contains("3/s, 2/s an hour ago"), "{shown}");
    app.keys("b");
    assert!(drawn(&app).contains("no data from a day ago"), "{}", drawn(&app));
    app.keys("b");
    assert!(drawn(&app).contains("no data from a week ago"), "{}", drawn(&app));
    app.keys("b esc");
    assert!(!drawn(&app).contains(" ago"), "{}", drawn(&app));
}

#[test]
fn a_click_puts_the_cursor_where_the_arrow_keys_move_it_and_esc_takes_it_away() {
    let mut app = counted(30);
    let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
    let area = Rect::new(0, 0, 120, 40);
    let layout = ui::view(&app.state, &styles, area, &mut Buffer::empty(area));
    app.send(Event::Learned(Learned::Layout(layout)));
    let is_plot = |target: &Target| matches!(target, Target::Plot(SeriesKey::Metric(name)) if &**name == "queue");
    let (plot, _) = app.state.console.layout.areas.iter().find(|(_, target)| is_plot(target)).cloned().expect("a plot");
    let click = |column: u16| Event::Mouse(Mouse { column, row: plot.y + 2, kind: MouseKind::Press });
    let right = plot.x + plot.width - 1;
    app.send(click(right - 7));
    let pointed = app.state.console.time_cursor.expect("a cursor");
    app.keys("esc");
    assert_eq!(app.state.console.time_cursor, None);
    app.keys("h h h h h h h h");
    assert_eq!(app.state.console.time_cursor, Some(pointed));
    app.send(click(plot.x - 1));
    assert_eq!(app.state.console.time_cursor, Some(pointed), "the labels are no time");
}

#[test]
fn what_happened_is_marked_and_the_cursor_says_what_it_was() {
    let mut app = world::calm();
    let run = app.run_of("restart-api", RunState::Running);
    app.outcome(Outcome::Run(Box::new(run)));
    // The message about it goes first.
    app.keys("4 esc");
    let before = drawn(&app);
    assert!(before.contains('▲') && !before.contains("▲ 0"), "{before}");
    app.keys("h");
    let shown = drawn(&app);
    let legend = shown.lines().find(|line| line.contains("─ ▲ ")).unwrap_or_else(|| panic!("{shown}"));
    assert!(legend.contains("Restart api: running"), "{legend}");
    app.keys("esc");
    assert_eq!(drawn(&app), before);
}

#[test]
fn what_is_empty_says_why_and_the_next_key() {
    let mut app = App::after(CONFIG, Duration::from_hours(40 * 24));
    app.keys("4");
    let shown = drawn(&app);
    assert!(shown.contains("waiting for the first value") && shown.contains("ctrl-r polls now"), "{shown}");
    app.sample("queue", Err("no field `a`"));
    let shown = drawn(&app);
    assert!(
        shown.contains("no value") && shown.contains("no field `a`") && shown.contains("ctrl-r polls again"),
        "{shown}"
    );
    let mut old = counted(60);
    old.keys("- -");
    old.wait(3 * 3_600_000);
    old.send(Event::Clock);
    let shown = drawn(&old);
    assert!(shown.contains("no values in the last 5m; the newest is 3h old"), "{shown}");
    assert!(shown.contains("+ shows a longer range"), "{shown}");
    old.keys("+ + + +");
    assert!(!drawn(&old).contains("no values in"), "{}", drawn(&old));
}

/// A bucket that has only begun weighs no more than what is in it.
#[test]
fn the_average_is_the_same_however_long_the_span_is() {
    let mut app = App::after(&CONFIG.replace("every = \"1m\"", "every = \"5s\""), Duration::from_hours(40 * 24));
    for sample in 0..97 {
        app.sample("queue", Ok(if sample == 96 { 970.0 } else { 0.0 }));
        app.wait(5_000);
    }
    app.send(Event::Clock);
    app.keys("4");
    for _ in 0..3 {
        assert!(drawn(&app).contains("avg 10/s"), "{}", drawn(&app));
        app.keys("+");
    }
}

#[test]
fn figures_of_a_chart_say_less_where_there_is_no_room_for_all() {
    let mut app = App::after(CONFIG, Duration::from_hours(40 * 24));
    for minute in 0..5_u32 {
        app.sample("queue", Ok(1_234_567.0 + f64::from(minute) * 1_000_000.0));
        app.wait(60_000);
    }
    app.send(Event::Clock);
    app.keys("4");
    let foot = |width| {
        text(&draw(&app.state, width, 24)).lines().rfind(|line| line.contains('┘')).unwrap_or_default().to_owned()
    };
    assert!(foot(80).contains("avg ") && foot(80).contains("min ") && foot(80).contains("max "), "{}", foot(80));
    assert!(foot(40).contains("avg ") && foot(40).contains("max ") && !foot(40).contains("min "), "{}", drawn(&app));
}
