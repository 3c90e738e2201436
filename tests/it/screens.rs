//! What the screens look like: whole frames of a real state, at the sizes that people have.

use std::fmt::Write as _;
use std::process::Command;

use crate::support::app::App;
use crate::support::frame::{SIZES, draw, draw_with, text};
use crate::support::{app, frame, world};
use opsroom::app::message::Event;
use opsroom::app::screens::Screen;
use opsroom::model::reading::Sign;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn snap(name: &str, app: &App) {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&draw(&app.state, width, height)));
    }
}

#[test]
fn overview() {
    snap("overview_calm", &world::calm());
    snap("overview_trouble", &world::trouble());
}

#[test]
fn service() {
    let mut app = world::trouble();
    app.keys("enter");
    assert_eq!(app.state.console.screen, Screen::Service);
    snap("service", &app);
}

#[test]
fn logs() {
    let mut app = world::trouble();
    app.keys("3");
    snap("logs", &app);
}

#[test]
fn metrics() {
    let mut app = world::trouble();
    app.keys("4");
    snap("metrics", &app);
}

#[test]
fn the_cursor_of_a_chart_says_its_time_and_goes_with_esc() {
    let mut app = world::trouble();
    app.keys("4");
    let before = text(&draw(&app.state, 80, 24));
    app.keys("h");
    let at = app.state.console.time_cursor.expect("a cursor");
    let drawn = text(&draw(&app.state, 80, 24));
    let clock = at.format("%H:%M:%SZ  ").to_string();
    assert!(drawn.contains(&clock) && !before.contains(&clock), "{drawn}");
    app.keys("esc");
    assert_eq!((app.state.console.time_cursor, &app.state.console.screen), (None, &Screen::Metrics));
    assert_eq!(text(&draw(&app.state, 80, 24)), before);
    app.keys("esc");
    assert_eq!(app.state.console.screen, Screen::Overview);
}

#[test]
fn a_configuration_that_is_gone_is_shown_until_it_is_back() {
    let mut app = world::trouble();
    let gone = opsroom::config::load::load("/nonexistent/opsroom.toml".as_ref());
    app.send(Event::Reloaded(Err(gone.diagnostics)));
    app.keys("!");
    let shown = text(&draw(&app.state, 120, 40));
    assert!(shown.contains("file              rejected") && shown.contains("this file does not exist"), "{shown}");
    assert!(shown.contains("stays in effect"), "{shown}");
    app.send(Event::Reloaded(Ok((app::config(world::CONFIG), Vec::new()))));
    let shown = text(&draw(&app.state, 120, 40));
    // What was said when it went may still be on the screen.
    assert!(!shown.contains("file              rejected") && !shown.contains("│reload"), "{shown}");
    assert!(app.state.world.diagnostics.rejected.is_none());
}

#[test]
fn a_list_that_is_longer_than_its_panel_says_how_much_more_there_is() {
    let mut config = String::from("[adapter.stack]\nkind = \"compose\"\ndirectory = \".\"\n");
    for number in 1..=9 {
        let _ = write!(
            config,
            "[action.act-{number}]\nadapter = \"stack\"\ndo = \"restart\"\ntarget = \"web{number}\"\nconfirm = \"yes\"\n\
             [metric.m{number}]\nfrom = \"s\"\nvalue = \".body.a\"\n[check.c{number}]\nhttp = \"http://127.0.0.1:1/\"\n"
        );
    }
    config += "[source.s]\nhttp = \"http://127.0.0.1:1/\"\n";
    let mut app = App::new(&config);
    app.keys("6");
    let drawn = text(&draw(&app.state, 80, 20));
    assert!(drawn.contains("more below"), "{drawn}");
    // Each of them is reached.
    app.keys("G");
    let drawn = text(&draw(&app.state, 80, 20));
    assert!(drawn.contains("restart web9"), "{drawn}");
    app.keys("4");
    let drawn = text(&draw(&app.state, 80, 20));
    assert!(drawn.contains("more below"), "{drawn}");
    (0..9).for_each(|_| app.keys("space j"));
    let drawn = text(&draw(&app.state, 80, 20));
    assert!(drawn.contains("not shown, no room"), "{drawn}");
}

#[test]
fn a_short_list_has_no_blank_row() {
    let mut app = App::new(app::WORLD);
    app.poll("db", Sign::Good);
    app.poll("api", Sign::Good);
    let drawn = text(&draw(&app.state, 80, 24));
    let last = drawn.lines().take_while(|line| !line.starts_with('┗')).last().unwrap_or_default();
    assert!(last.contains(" OK "), "{drawn}");
}

#[test]
fn actions() {
    snap("actions", &world::running());
}

#[test]
fn diagnostics() {
    let mut app = world::trouble();
    app.keys("!");
    snap("diagnostics", &app);
}

#[test]
fn overlays() {
    for (name, keys) in [("help", "?"), ("palette", ": r e"), ("confirm_type", "R"), ("confirm_two", "D")] {
        let mut app = world::trouble();
        app.keys(keys);
        snap(&format!("overlay_{name}"), &app);
    }
}

#[test]
fn ascii_frames_are_ascii() {
    let app = world::trouble();
    let buffer = draw_with(&app.state, 100, 30, "mono", ColorDepth::None, GlyphSet::ASCII);
    let drawn = text(&buffer);
    assert!(drawn.is_ascii(), "{drawn}");
    insta::assert_snapshot!("ascii_100x30", drawn);
}

#[test]
fn themes_and_depths() {
    let app = world::trouble();
    for (theme, depth) in
        [("midnight", ColorDepth::True), ("daylight", ColorDepth::Sixteen), ("mono", ColorDepth::None)]
    {
        let buffer = draw_with(&app.state, 80, 24, theme, depth, GlyphSet::UTF8);
        insta::assert_snapshot!(format!("theme_{theme}_80x24"), frame::styled(&buffer));
    }
}

/// Every size, down to nothing: each with some of the screens and overlays, all of them in turn.
#[test]
fn no_size_panics() {
    let mut apps = Vec::new();
    for keys in ["", "z", "enter", "3", "4", "6", "!", "?", ":", "/", "3 /", "R", "D"] {
        let mut app = world::running();
        app.state.console.screen = Screen::Overview;
        app.keys(keys);
        apps.push(app);
    }
    let mut catalogue = Catalogue::shipped();
    let sets = [GlyphSet::UTF8, GlyphSet::ASCII].map(|set| catalogue.styles("mono", ColorDepth::None, set));
    for width in 0..60 {
        for height in 0..40 {
            let turn = usize::from(width * 7 + height * 3);
            for (styles, app) in sets.iter().zip([&apps[turn % apps.len()], &apps[(turn + 5) % apps.len()]]) {
                let area = Rect::new(0, 0, width, height);
                let mut buffer = Buffer::empty(area);
                ui::view(&app.state, styles, area, &mut buffer);
            }
        }
    }
}

/// What is drawn names only places that exist.
#[test]
fn everything_noted_is_inside_the_frame() {
    for (width, height) in [(33, 9), (40, 10), (80, 24), (200, 50)] {
        for keys in ["", "enter", "3", "4", "6", "!", ": r", "R"] {
            let mut app = world::trouble();
            app.keys(keys);
            let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
            let area = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            let map = ui::view(&app.state, &styles, area, &mut buffer);
            for (spot, target) in &map.areas {
                assert!(spot.x + spot.width <= width && spot.y + spot.height <= height, "{target:?} {spot:?}");
            }
        }
    }
}

/// Twelve HTTP checks at one second on 40×120: what a quiet console writes, clock and sparklines included.
#[test]
fn a_quiet_screen_costs_few_bytes() {
    let mut text = String::from("[console]\nname = \"bytes\"\n");
    for n in 0..12 {
        write!(
 text,
            "[service.s{n}]\n[check.c{n}]\nservice = \"s{n}\"\nhttp = \"http://127.0.0.1:{}/\"\nevery = \"1s\"\ntimeout = \"900ms\"\n",
            8000 + n
        ).unwrap();
    }
    let mut app = App::new(&text);
    let styles = Catalogue::shipped().styles("midnight", ColorDepth::Indexed, GlyphSet::UTF8);
    let area = Rect::new(0, 0, 120, 40);
    let mut before = Buffer::empty(area);
    let mut written = 0;
    let (warm, seconds) = (180, 300);
    for second in 0..warm + seconds {
        app.pass(1);
        for n in 0..12 {
            world::poll(&mut app, &format!("c{n}"), Sign::Good, 5 + (second * 13 + n * 7) % 40, None);
        }
        let mut after = Buffer::empty(area);
        ui::view(&app.state, &styles, area, &mut after);
        if second >= warm {
            written += frame::bytes(&before, &after);
        }
        before = after;
    }
    let rate = written as u64 / seconds;
    assert!(rate <= 80, "{rate} bytes a second");
}

/// The first two minutes of the demo's outage on 120×40, four frames a second: every bar that grows included.
#[tokio::test]
async fn an_outage_costs_few_bytes() {
    use opsroom::app::update::update;
    use opsroom::cli::demo::simulate::{CALM, Story, configuration};
    let mut story = Story::new(std::sync::Arc::new(configuration().expect("the demo's configuration")), 1);
    let mut state = story.begin((120, 40));
    let styles = Catalogue::shipped().styles("midnight", ColorDepth::Indexed, GlyphSet::UTF8);
    let area = Rect::new(0, 0, 120, 40);
    let (mut before, mut written) = (Buffer::empty(area), 0);
    let (begins, seconds) = (CALM.as_secs() + 32, 120);
    for second in 0..begins + seconds {
        let messages = story.next_second().await;
        let every = messages.len().div_ceil(4);
        for (at, message) in messages.into_iter().enumerate() {
            drop(update(&mut state, message));
            if second + 1 < begins || !(at + 1).is_multiple_of(every) {
                continue;
            }
            let mut after = Buffer::empty(area);
            ui::view(&state, &styles, area, &mut after);
            if second >= begins {
                written += frame::bytes(&before, &after);
            }
            before = after;
        }
    }
    let rate = written as u64 / seconds;
    assert!(rate <= 1_200, "{rate} bytes a second");
}

/// The world of the tests with one more screen, opened.
fn with_screen(name: &str, keys: &str, body: &str) -> App {
    let mut app = App::new(&format!("{}\n[screen.{name}]\n{body}\n", app::WORLD));
    app.poll("api", Sign::Bad);
    app.keys(keys);
    app
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test writes a configuration and runs the program")]
fn the_built_in_screens_are_printed_as_they_are_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("opsroom.toml");
    std::fs::write(&file, app::WORLD).expect("a file");
    let print = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsroom"));
        let command = command.args(arguments).current_dir("/").env_remove("OPSROOM_CONFIG");
        let output = command.env("HOME", directory.path()).env("XDG_CONFIG_HOME", directory.path()).output();
        let output = output.expect("the program runs");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let printed = print(&["--config", &file.to_string_lossy(), "config", "screens"]);
    assert!(printed.contains("#   service-logs ") && printed.contains("\"metric:errors\""), "{printed}");
    let read = app::config(&format!("{}\n{printed}", app::WORLD));
    let names: Vec<&str> = read.screens.iter().map(|screen| &*screen.name).collect();
    assert_eq!(names, Screen::BUILT_IN.iter().map(Screen::name).collect::<Vec<_>>());
    // Without a configuration they are those of an empty one.
    let printed = print(&["config", "screens"]);
    assert_eq!(app::config(&printed).screens.len(), names.len());
}

#[test]
fn what_is_printed_looks_as_what_is_built_in() {
    let printed = opsroom::config::screens::toml(&app::config(app::WORLD));
    let mut built_in = App::new(app::WORLD);
    let mut pasted = App::new(&format!("{}\n{printed}", app::WORLD));
    for key in ["1", "2", "3", "4", "6", "!"] {
        for app in [&mut built_in, &mut pasted] {
            app.keys(key);
        }
        for (width, height) in SIZES {
            assert_eq!(text(&draw(&built_in.state, width, height)), text(&draw(&pasted.state, width, height)), "{key}");
        }
    }
}

#[test]
fn a_custom_screen_of_a_built_in_name_replaces_it() {
    let mut app = with_screen("service", "2", "key = \"W\"\nrows = [[\"service-status\"], [\"timeline\", \"alerts\"]]");
    let drawn = text(&draw(&app.state, 120, 40));
    assert!(drawn.contains(" timeline ") && !drawn.contains(" checks "), "{drawn}");
    assert!(drawn.lines().nth(1).is_some_and(|line| line.starts_with(" HTTP API")), "{drawn}");
    assert_eq!(drawn.matches("2 service").count(), 1, "one tab: {drawn}");
    app.keys("q W");
    assert_eq!(app.state.console.screen, Screen::Service);
}

#[test]
fn a_column_stands_in_its_row_and_narrow_terminals_have_rows_of_their_own() {
    let rows = "rows = [[\"services*2\", [\"alerts\", \"metric:errors\"]]]";
    let app =
        with_screen("mine", "W", &format!("key = \"W\"\n{rows}\nnarrow = {{ under = 100, rows = [[\"alerts\"]] }}"));
    let drawn = text(&draw(&app.state, 120, 40));
    let line = |word: &str| drawn.lines().position(|line| line.contains(word)).unwrap_or_else(|| panic!("{drawn}"));
    assert!(line("services") == line("alerts") && line("errors") > line("alerts"), "{drawn}");
    let drawn = text(&draw(&app.state, 99, 40));
    assert!(drawn.contains(" alerts ") && !drawn.contains(" services "), "{drawn}");
}

#[test]
fn every_panel_can_be_alone_on_a_screen() {
    for panel in opsroom::config::panels::PANELS {
        let written = match panel.name {
            "check" => "check:api".to_owned(),
            "metric" => "metric:errors".to_owned(),
            "log" => "log:*".to_owned(),
            "slo" => "slo:up".to_owned(),
            name => name.to_owned(),
        };
        let objective = "[slo.up]\ncheck = \"api\"\nobjective = \"99%\"";
        let mut app = with_screen("mine", "W", &format!("key = \"W\"\nrows = [[\"{written}\"]]\n{objective}"));
        for (width, height) in [(120, 40), (80, 24), (40, 10)] {
            assert!(!text(&draw(&app.state, width, height)).trim().is_empty(), "{written}");
        }
        app.keys("j k h l g G tab z y space + - enter");
        draw(&app.state, 80, 24);
    }
}

/// How many of the thousand blocks of ten cells of a screen of 200×50 hold a sign that is no border.
fn used(drawn: &str) -> usize {
    let is_said = |cells: &[char]| cells.iter().any(|c| !" ─│┌┐└┘━┃┏┓┗┛".contains(*c));
    let rows = drawn.lines().map(|row| row.chars().collect::<Vec<_>>());
    rows.map(|row| row.chunks(10).filter(|block| is_said(block)).count()).sum()
}

/// A service that is well has something to say too: half of its screen.
#[tokio::test]
async fn the_screen_of_a_healthy_service_is_used() {
    use opsroom::app::message::Message;
    use opsroom::cli::demo::simulate::{CALM, Story, configuration};
    let mut story = Story::new(std::sync::Arc::new(configuration().expect("the demo's configuration")), 1);
    let mut state = story.begin((200, 50));
    story.play(&mut state, CALM).await;
    let at = state.world.now;
    state.console.screen = Screen::Service;
    for service in ["web", "api", "auth", "worker", "cache", "db"] {
        state.console.screens.service.service = Some(service.into());
        story.apply(&mut state, Message { at, event: Event::Clock });
        while state.next_tick() == Some(std::time::Duration::ZERO) {
            story.apply(&mut state, Message { at, event: Event::Clock });
        }
        let drawn = text(&draw(&state, 200, 50));
        assert!(drawn.contains("✓ OK") && used(&drawn) >= 500, "{service}: {} of 1000 blocks\n{drawn}", used(&drawn));
    }
}

/// The demo's outage on a wide terminal uses each screen: so many of its thousand blocks of ten cells say something.
#[tokio::test]
async fn the_screens_of_an_outage_are_used() {
    use opsroom::cli::demo::simulate::{CALM, Story, configuration};
    let mut story = Story::new(std::sync::Arc::new(configuration().expect("the demo's configuration")), 1);
    let mut state = story.begin((200, 50));
    story.play(&mut state, CALM + std::time::Duration::from_mins(2)).await;
    while state.next_tick() == Some(std::time::Duration::ZERO) {
        let at = state.world.now;
        story.apply(&mut state, opsroom::app::message::Message { at, event: Event::Clock });
    }
    for (screen, least) in [(Screen::Overview, 700), (Screen::Service, 600), (Screen::Metrics, 500)] {
        state.console.screen = screen.clone();
        let drawn = text(&draw(&state, 200, 50));
        let used = used(&drawn);
        assert!(used >= least, "{screen:?}: {used} of 1000 blocks\n{drawn}");
    }
}
