//! What a person sees at once at 80×24: messages that cover nothing, the bar, the rows that matter, the keys that work.

use crate::support::app::{App, WORLD};
use crate::support::frame::{draw, text};
use crate::support::world;
use opsroom::app::layout::Target;
use opsroom::app::message::{Event, Learned};
use opsroom::app::overlays::palette::Palette;
use opsroom::app::row::RowKey;
use opsroom::app::screens::Screen;
use opsroom::app::screens::metrics::Before;
use opsroom::config::panels;
use opsroom::logs::record::Level;
use opsroom::model::effect::{Effect, LogsEffect};
use opsroom::model::reading::Sign;
use opsroom::model::run::RunState;
use opsroom::model::status::Status;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn rows(app: &App, width: u16, height: u16) -> Vec<String> {
    text(&draw(&app.state, width, height)).lines().map(str::to_owned).collect()
}

#[test]
fn a_message_has_a_row_of_its_own_and_goes_with_the_first_esc() {
    let mut app = world::trouble();
    let before = rows(&app, 80, 24);
    app.keys("ctrl-r");
    let with = rows(&app, 80, 24);
    assert!(with[22].starts_with(" · polling now"), "{with:#?}");
    assert!(with[21].starts_with('└') && before[22].starts_with('└'), "the panel above is whole: {with:#?}");
    assert_eq!(with[23], before[23], "the keys stay");
    app.keys("4 ctrl-r esc");
    assert_eq!(app.state.console.screen, Screen::Overview, "Esc does what it does without a message");
    assert_eq!((app.toast(), rows(&app, 80, 24)), (String::new(), before));
}

#[test]
fn a_message_does_not_lie_under_a_line_that_is_typed_in() {
    let mut app = world::trouble();
    app.keys("ctrl-r /");
    let with = rows(&app, 80, 24);
    assert!(with[21].starts_with(" · polling now") && with[22].starts_with(" rows with "), "{with:#?}");
}

#[test]
fn a_long_message_is_cut_rather_than_that_it_hides_the_screen() {
    let mut app = world::trouble();
    app.outcome(opsroom::model::outcome::Outcome::Said(opsroom::text::SafeText::new(&"word ".repeat(200))));
    let drawn = rows(&app, 80, 24);
    let is_message = |row: &&String| row.contains("word word");
    assert_eq!(drawn.iter().filter(is_message).count(), 2, "{drawn:#?}");
    assert!(drawn[22].ends_with('…') && drawn.iter().any(|row| row.contains("connect ECONNREFUSED")), "{drawn:#?}");
}

#[test]
fn news_waits_while_the_screen_is_held_still() {
    let mut app = world::trouble();
    app.keys("f");
    let gone = opsroom::config::load::load("/nonexistent/opsroom.toml".as_ref());
    app.send(Event::Reloaded(Err(gone.diagnostics)));
    app.keys("down");
    assert!(!text(&draw(&app.state, 120, 40)).contains("configuration rejected"));
    app.keys("ctrl-r");
    assert!(text(&draw(&app.state, 120, 40)).contains("polling now"), "what answers a key is shown");
    app.keys("f");
    assert!(text(&draw(&app.state, 120, 40)).contains("configuration rejected"));
}

#[test]
fn the_selected_service_keeps_its_row_when_it_recovers() {
    let mut app = world::trouble();
    let cache = RowKey::Service("cache".into());
    while app.state.selected(&panels::SERVICES.id()) != Some(cache.clone()) {
        app.keys("j");
    }
    for _ in 0..8 {
        app.pass(15);
        for check in ["cache", "web", "mail", "worker", "search"] {
            world::poll(&mut app, check, Sign::Good, 2, None);
        }
        world::poll(&mut app, "db", Sign::Bad, 1, Some("connection refused"));
    }
    assert_eq!(app.state.world.service("cache").map(|service| service.status), Some(Status::Ok));
    assert_eq!(app.state.selected(&panels::SERVICES.id()), Some(cache));
    let drawn = text(&draw(&app.state, 80, 24));
    assert!(drawn.contains("▌✓ OK       Cache") && drawn.contains("services: "), "{drawn}");
    let folded = drawn.lines().find(|line| line.contains("services: ")).unwrap_or_default();
    assert!(!folded.contains("Cache"), "it stands in one place: {folded}");
    app.keys("g");
    let drawn = text(&draw(&app.state, 80, 24));
    assert!(drawn.lines().any(|line| line.contains("services: ") && line.contains("Cache")), "{drawn}");
}

#[test]
fn a_stale_service_says_since_when_in_the_bar_as_in_its_row() {
    let mut app = App::new(WORLD);
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    let last = app.now();
    let after = app.state.world.check("api").map(|check| check.stale_after).expect("a check");
    app.pass(after.as_secs() + 60);
    let drawn = rows(&app, 120, 40);
    let since = last.utc.format("%H:%M:%S").to_string();
    let row = drawn.iter().skip(3).find(|row| row.contains("STALE") && row.contains("HTTP API")).expect("a row");
    assert!(drawn[1].contains("HTTP API STALE") && drawn[1].contains(&format!("since {since}")), "{drawn:#?}");
    assert!(drawn[1].contains("no answer, was DOWN"), "{drawn:#?}");
    assert!(row.contains("STALE") && row.contains(&since), "{row}");
    assert!(drawn.iter().any(|row| row.contains("check p95")) && !row.contains("ms "), "no latency of now: {row}");
}

#[test]
fn what_is_said_of_the_last_fifteen_minutes_is_of_no_more() {
    let mut app = App::new(WORLD);
    app.keys("j");
    // A span begins on a whole minute of the machine's clock.
    app.pass(60 - app.now().mono.as_secs() % 60);
    let minutes = |app: &mut App, minutes: u64, sign: Sign| {
        for _ in 0..minutes * 4 {
            app.poll("api", sign);
            app.pass(15);
        }
    };
    let said = |app: &App| {
        let drawn = rows(app, 200, 50);
        let row = drawn.iter().find(|row| row.contains("last 15m")).unwrap_or_else(|| panic!("{drawn:#?}"));
        row.split(", up ").nth(1).unwrap_or_default().split('│').next().unwrap_or_default().trim().to_owned()
    };
    minutes(&mut app, 5, Sign::Bad);
    minutes(&mut app, 17, Sign::Good);
    app.keys("2 1");
    assert_eq!(said(&app), "100.00 %", "it was down before");
    minutes(&mut app, 3, Sign::Bad);
    assert_eq!(said(&app), "80.00 %");
    minutes(&mut app, 12, Sign::Good);
    assert_eq!(said(&app), "80.00 %");
    minutes(&mut app, 3, Sign::Good);
    assert_eq!(said(&app), "100.00 %");
}

#[test]
fn a_latency_of_before_does_not_look_like_one_of_now() {
    let mut app = App::new(WORLD);
    let shows = |app: &App| rows(app, 160, 40).iter().any(|row| row.contains("HTTP API") && row.contains(" 40ms"));
    for _ in 0..3 {
        app.poll_in("api", Sign::Good, 40);
        app.pass(15);
    }
    assert!(shows(&app));
    // It is polled on time and never answers.
    for _ in 0..20 {
        app.poll_in("api", Sign::Bad, 40);
        app.pass(15);
    }
    assert!(!app.state.world.check("api").expect("a check").stale && !shows(&app), "{:#?}", rows(&app, 160, 40));
    // It is still of the last 15 minutes, and marked.
    assert!(rows(&app, 160, 40).iter().any(|row| row.contains("HTTP API") && row.contains("◷40ms")));
    app.poll_in("api", Sign::Good, 40);
    assert!(shows(&app));
}

#[test]
fn esc_leaves_the_comparison_before_the_screen() {
    let mut app = world::trouble();
    app.keys("4 b esc");
    assert_eq!((app.state.console.screens.metrics.before, &app.state.console.screen), (Before::Off, &Screen::Metrics));
    app.keys("esc");
    assert_eq!(app.state.console.screen, Screen::Overview);
}

#[test]
fn the_part_that_fails_stands_before_those_that_do_not() {
    let mut app = world::trouble();
    app.state.console.screens.service.service = Some("api".into());
    app.state.console.screen = Screen::Service;
    let drawn = text(&draw(&app.state, 80, 24));
    let at = |word: &str| drawn.find(word).unwrap_or_else(|| panic!("no {word}: {drawn}"));
    assert!(at("DOWN database") < at("DEGRADED queue") && at("DEGRADED queue") < at("OK cache"), "{drawn}");
}

#[test]
fn nothing_is_hidden_beside_blank_rows() {
    type Making = fn() -> App;
    let worlds: [(Making, &str); 4] =
        [(world::calm, ""), (world::calm, "2"), (world::trouble, "6"), (world::running, "1")];
    for (app, keys) in worlds {
        let mut app = app();
        app.keys(keys);
        let drawn = text(&draw(&app.state, 80, 24));
        let blank = drawn.lines().filter(|line| line.trim_matches(['│', '┃', ' ']).is_empty()).count();
        assert!(blank == 0 || !drawn.contains("more below"), "{keys}: {drawn}");
    }
}

#[test]
fn a_reason_is_whole_before_figures_are_shown() {
    let app = world::trouble();
    let drawn = text(&draw(&app.state, 80, 24));
    assert!(drawn.contains("connection refused (10.0.0.5:5432)"), "{drawn}");
    assert!(!drawn.contains("check p95"), "{drawn}");
    let calm = text(&draw(&world::calm().state, 80, 24));
    assert!(calm.contains("check p95"), "{calm}");
}

#[test]
fn a_reason_of_many_lines_is_whole_before_the_trend_is_shown() {
    let mut app = world::trouble();
    let why = "no route to the replica; the primary is read-only since the disk of the log is full, see the pager";
    for _ in 0..3 {
        app.pass(15);
        world::poll(&mut app, "db", Sign::Bad, 1, Some(why));
    }
    for (width, height) in [(120, 40), (120, 60), (160, 50)] {
        let frame = rows(&app, width, height).join("\n");
        assert!(frame.contains("pager"), "{width}x{height}: {frame}");
    }
}

#[test]
fn why_it_is_broken_stays_beside_a_long_name() {
    let text = "[service.a]\ntitle = \"the gateway of all payments abroad\"\n[check.a]\nservice = \"a\"\n\
                tcp = \"127.0.0.1:9\"\nevery = \"15s\"\nalert = { critical = \"down\" }\n";
    let mut app = App::new(text);
    for _ in 0..3 {
        app.poll("a", Sign::Bad);
        app.pass(15);
    }
    let drawn = rows(&app, 80, 24);
    let row = drawn.iter().find(|row| row.starts_with("┃▌✗ DOWN"));
    assert!(row.is_some_and(|row| row.contains("connection")), "{drawn:#?}");
}

#[test]
fn a_metric_that_is_late_says_that_its_age_is_one() {
    let mut app = world::trouble();
    app.sample("error-rate", Ok(8.0));
    app.pass(60);
    app.sample("error-rate", Err("the source is gone"));
    app.keys("4");
    let frame = rows(&app, 120, 40).join("\n");
    assert!(frame.contains(" old · the source is gone"), "{frame}");
}

#[test]
fn the_last_row_says_what_works_here_and_nothing_else() {
    let mut app = world::trouble();
    let last = |app: &App, width| rows(app, width, 24).pop().expect("a row");
    let overview = last(&app, 80);
    assert!(overview.starts_with(" enter open  ") && overview.trim_end().ends_with(": palette  ? help"), "{overview}");
    for key in ["l logs", "x actions", "D restart db"] {
        assert!(overview.contains(key), "{key}: {overview}");
    }
    for key in ["d describe", "S save"] {
        assert!(last(&app, 200).contains(key), "{key}: {}", last(&app, 200));
    }
    app.keys("9");
    assert!(app.toast().starts_with("no screen has the key 9"), "{}", app.toast());
    app.keys("4");
    assert!(!last(&app, 200).contains("zoom"), "{}", last(&app, 200));
    app.keys("z");
    assert!(!app.state.console.zoomed && app.toast().contains("stays beside the others"), "{}", app.toast());
    let mut app = world::running();
    app.keys("6 tab");
    assert!(last(&app, 80).contains("x cancel") && !last(&app, 200).contains("x actions"), "{}", last(&app, 80));
}

#[test]
fn the_help_begins_with_this_screen_and_is_searched() {
    let mut app = world::trouble();
    app.state.console.size = (120, 40);
    app.keys("3 ?");
    let drawn = rows(&app, 120, 40);
    assert!(drawn[2].contains("in logs"), "{drawn:#?}");
    assert!(drawn[2].contains("records that contain the word"), "in columns: {drawn:#?}");
    app.keys("/");
    app.typed("hold still");
    app.keys("enter");
    let found = text(&draw(&app.state, 120, 40));
    assert!(found.contains("hold the screen still; nothing is") && found.contains("everywhere"), "{found}");
    assert!(!found.contains("the next theme") && found.contains("/hold still"), "{found}");
    app.keys("esc");
    assert!(text(&draw(&app.state, 80, 24)).contains("in logs"));
    app.keys("esc");
    assert!(app.state.console.overlays.is_empty());
}

#[test]
fn what_had_no_room_takes_no_keys() {
    let mut app = world::trouble();
    app.send(Event::Resize(40, 10));
    let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
    let area = Rect::new(0, 0, 40, 10);
    let mut buffer = Buffer::empty(area);
    let layout = ui::view(&app.state, &styles, area, &mut buffer);
    let is_drawn = |id: &_| layout.areas.iter().any(|(_, target)| matches!(target, Target::Panel(of) if of == id));
    app.send(Event::Learned(Learned::Layout(layout.clone())));
    assert!(!app.state.panels().is_empty() && app.state.panels().iter().all(is_drawn), "{:?}", app.state.panels());
}

#[test]
fn a_small_chart_has_three_times_beside_its_marks() {
    let drawn = rows(&world::trouble(), 120, 40);
    let axis = drawn.iter().find(|row| row.contains("││") && row.matches(':').count() >= 4).expect("an axis");
    let first = axis.split("││").next().unwrap_or_default();
    let times = first.matches(':').count() + first.matches("now").count();
    assert!(times >= 3, "{first}");
}

#[test]
fn the_palette_says_a_name_only_where_the_title_does_not_say_it() {
    let mut app = App::new(&format!(
        "{WORLD}\n[metric.faults]\nfrom = \"metrics\"\nvalue = \".body.faults\"\ntitle = \"errors\""
    ));
    app.keys(":");
    let palette = |app: &App| app.state.console.overlays.top_as::<Palette>().expect("the palette").items.clone();
    let help = |name: &str| palette(&app).into_iter().find(|item| item.name == name).map(|item| item.help.to_string());
    assert_eq!(help("run restart api").as_deref(), Some(""), "`restart-api` says the same");
    assert_eq!(help("service HTTP API").as_deref(), Some("UNKNOWN  api"));
    let of_errors = palette(&app).into_iter().filter(|item| item.name == "metric errors");
    let named: Vec<String> = of_errors.map(|item| item.help.to_string()).collect();
    assert_eq!(named, ["errors", "faults"], "two have that title");
    app.typed("run restart-api");
    assert_eq!(palette(&app)[0].name, "run restart api", "it is found by its name all the same");
}

#[test]
fn a_confirmation_calls_things_as_the_screens_do() {
    let titled = WORLD.replace("[action.restart-api]", "[action.restart-api]\ntitle = \"Restart the API\"");
    let mut app = App::new(&titled);
    app.keys("R");
    let drawn = rows(&app, 120, 40);
    let dialog = drawn.iter().find(|row| row.contains("STAGING  local")).expect("a title");
    assert!(dialog.contains("local  Restart the API ━"), "{drawn:#?}");
    assert!(drawn.iter().any(|row| row.contains("verified by  exit 0, and HTTP API: 2 good")), "{drawn:#?}");
}

#[test]
fn a_verdict_calls_checks_as_the_screens_do() {
    let mut app = App::new(WORLD);
    let mut run = app.run_of("restart-api", RunState::NotRecovered);
    run.note = Some(opsroom::text::SafeText::new("still not healthy after 1m: api"));
    app.state.world.history.insert(0, run.clone());
    app.state.console.screen = Screen::Actions;
    app.state.console.lists.entry(panels::RUNS.id()).or_default().selected = Some(RowKey::Run(run.id));
    let drawn = text(&draw(&app.state, 120, 40));
    assert!(drawn.contains("still not healthy after 1m: HTTP API"), "{drawn}");
}

#[test]
fn keys_of_screens_and_actions_work_over_what_the_logs_are_counted_by() {
    for details in ["p", "enter"] {
        let mut app = App::new(WORLD);
        app.records("api", &[(Level::Info, "listening")]);
        app.keys(&format!("3 {details} R"));
        assert!(app.dialog().is_some(), "{details}");
        app.wait(500);
        app.keys("esc");
        assert!(app.dialog().is_none() && !app.state.console.overlays.is_empty(), "{details}: it lay over them");
        app.keys("1");
        assert_eq!(app.state.console.screen, Screen::Overview, "{details}");
        assert!(app.state.console.overlays.is_empty(), "{details}");
    }
    let mut app = App::new(WORLD);
    app.keys("3 p");
    app.take();
    app.keys("1");
    let called_off = |effect: &Effect| matches!(effect, Effect::Logs(LogsEffect::CancelShapeHistory(_)));
    assert!(app.take().iter().any(called_off), "nobody waits for it any more");
}

#[test]
fn details_of_the_logs_are_held_still_with_the_screen() {
    for (details, keys) in
        [("patterns", "p"), ("a record", "enter"), ("values", "# enter"), ("numbers", "# enter b enter")]
    {
        let mut app = App::new(WORLD);
        app.records("api", &[(Level::Info, "took duration_ms=12"), (Level::Error, "took duration_ms=15")]);
        app.keys("3");
        for key in keys.split(' ') {
            app.keys(key);
            app.pass(1);
        }
        app.keys("f");
        assert!(app.state.console.frozen.is_some(), "{details}");
        let held = rows(&app, 120, 40);
        assert!(held[0].contains("FROZEN") && !app.state.console.overlays.is_empty(), "{details}: {held:#?}");
        app.records("api", &[(Level::Error, "of later")]);
        app.pass(600);
        assert_eq!(rows(&app, 120, 40), held, "{details}");
        app.keys("f");
        assert!(app.state.console.frozen.is_none() && rows(&app, 120, 40) != held, "{details}");
        assert!(!app.state.console.overlays.is_empty(), "{details}: they stay");
    }
}

#[test]
fn the_time_of_a_record_goes_when_the_logs_are_left() {
    let mut app = App::new(WORLD);
    app.records("api", &[(Level::Info, "one"), (Level::Error, "two")]);
    for (keys, stays) in [("1", false), ("q", false), ("2", false), ("4", true)] {
        app.keys("1 3 g");
        assert!(app.state.console.time_cursor.is_some());
        app.keys(keys);
        assert_eq!(app.state.console.time_cursor.is_some(), stays, "{keys}");
    }
    app.keys("1");
    assert_eq!(app.state.console.time_cursor, None, "the charts in full were on the way");
}

#[test]
fn an_alert_that_is_about_to_clear_says_what_is_true() {
    let mut app = App::new(&WORLD.replace("high = \"> 10%\"", "high = \"> 20% until < 15%\""));
    for _ in 0..3 {
        app.sample("errors", Ok(30.0));
        app.pass(31);
    }
    app.sample("errors", Ok(30.0));
    let drawn = text(&draw(&app.state, 200, 50));
    assert!(drawn.contains("errors 30 % > 20%") && drawn.contains("errors 30 % > 5%"), "{drawn}");
    app.sample("errors", Ok(1.1));
    app.pass(20);
    let drawn = text(&draw(&app.state, 200, 50));
    assert!(drawn.contains("errors 1.1 % (was > 5%)") && !drawn.contains("1.1 % >"), "{drawn}");
    app.state.console.screen = Screen::Overview;
    let drawn = text(&draw(&app.state, 120, 40));
    assert!(drawn.contains("(was > 5%)") && drawn.contains("clears in 40s"), "{drawn}");
    for _ in 0..3 {
        app.sample("errors", Ok(30.0));
        app.pass(31);
    }
    app.sample("errors", Ok(17.0));
    let drawn = text(&draw(&app.state, 120, 40));
    assert!(drawn.contains("errors 17 % (was > 20%)") && drawn.contains("clears at < 15%"), "{drawn}");
    assert!(drawn.contains("errors 17 % > 5%"), "{drawn}");
}

#[tokio::test]
async fn no_alert_is_hidden_beside_blank_rows() {
    use opsroom::cli::demo::simulate::{CALM, Story, configuration};
    let mut story = Story::new(std::sync::Arc::new(configuration().expect("the demo's configuration")), 1);
    let mut state = story.begin((120, 40));
    story.play(&mut state, CALM + std::time::Duration::from_mins(2)).await;
    let drawn = text(&draw(&state, 120, 40));
    let alerts: Vec<&str> = drawn.lines().skip_while(|line| !line.contains("alerts · ")).collect();
    assert!(alerts.iter().take(9).filter(|line| line.contains("⊘ cache")).count() == 4, "{drawn}");
    let services: Vec<&str> = drawn.lines().skip_while(|line| !line.contains("services · ")).collect();
    let blank = |line: &&&str| line.chars().take(74).all(|c| "┃│ ".contains(c));
    assert!(services.iter().take(16).filter(blank).count() <= 1, "{drawn}");
}

#[test]
fn titles_are_whole_where_there_is_room() {
    let titled = WORLD.replace("title = \"HTTP API\"", "title = \"HTTP API of shop\"");
    let mut app =
        App::new(&titled.replace("[action.restart-api]", "[action.restart-api]\ntitle = \"Restart the HTTP API\""));
    for _ in 0..3 {
        app.poll("api", Sign::Bad);
    }
    for (width, height) in [(80, 24), (200, 50)] {
        let drawn = rows(&app, width, height);
        assert!(drawn.iter().any(|row| row.contains("✗ DOWN     HTTP API of shop ")), "{drawn:#?}");
        assert!(drawn[height as usize - 1].contains("R restart the HTTP API"), "{drawn:#?}");
    }
}
