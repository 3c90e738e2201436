//! What a screen says is so now: the dialog over a service that goes down, a metric without a value, a filter without a
//! match.

use crate::support::app::{App, WORLD};
use crate::support::frame::{draw, text};
use crate::support::world;
use opsroom::app::screens::Screen;
use opsroom::logs::record::{Level, Record, RecordBatch, RecordData};
use opsroom::model::effect::{Effect, RunEffect};
use opsroom::model::observation::Observation;
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::model::run::RunState;
use opsroom::text::SafeText;

fn shown(app: &App) -> String {
    text(&draw(&app.state, 120, 40))
}

fn lines_with<'a>(frame: &'a str, word: &str) -> Vec<&'a str> {
    frame.lines().filter(|line| line.contains(word)).collect()
}

#[test]
fn the_dialog_says_how_the_service_stands_now() {
    let mut app = App::new(WORLD);
    app.poll("api", Sign::Good);
    app.keys("R");
    assert!(shown(&app).contains("HTTP API is OK"), "{}", shown(&app));
    for _ in 0..3 {
        app.pass(15);
        app.poll("api", Sign::Bad);
    }
    assert!(shown(&app).contains("HTTP API is DOWN"), "{}", shown(&app));
    app.keys("esc f");
    assert!(shown(&app).contains("FROZEN since 02:41:45"), "{}", shown(&app));
    for _ in 0..3 {
        app.pass(15);
        app.poll("api", Sign::Good);
    }
    app.keys("R");
    let frame = shown(&app);
    assert!(frame.contains("HTTP API is OK") && !frame.contains("FROZEN"), "nobody acts on what was so: {frame}");
}

#[test]
fn a_frozen_screen_is_of_one_moment_whatever_is_pressed() {
    let mut app = App::new(WORLD);
    app.poll("api", Sign::Good);
    app.sample("errors", Ok(1.5));
    app.keys("f");
    for _ in 0..3 {
        app.pass(15);
        app.poll("api", Sign::Bad);
        app.sample("errors", Ok(77.0));
    }
    app.keys("j k tab - -");
    for (screen, unseen) in [("1", "HTTP API DOWN"), ("2", "DOWN api"), ("4", "77.0"), ("1", "77.0")] {
        app.keys(screen);
        let frame = shown(&app);
        assert!(frame.contains("FROZEN since 02:41:00") && !frame.contains(unseen), "{screen}: {frame}");
        assert!(!frame.contains("1 of 2 down"), "{frame}");
    }
    app.keys("f");
    assert!(shown(&app).contains("HTTP API DOWN"), "{}", shown(&app));
}

#[test]
fn a_metric_whose_field_is_gone_says_so_at_once() {
    const WHY: &str = "no field `.error_rate`; body has errors";
    let mut app = App::new(WORLD);
    app.sample("errors", Ok(3.5));
    app.keys("4");
    assert!(shown(&app).contains("3.5 %"), "{}", shown(&app));
    app.pass(5);
    app.sample("errors", Err(WHY));
    for screen in ["1", "4"] {
        app.keys(screen);
        let frame = shown(&app);
        assert!(frame.contains("no value") && frame.contains("no field `.error_rate`"), "{frame}");
        assert!(lines_with(&frame, "errors").iter().all(|line| !line.contains("3.5 %")), "{frame}");
    }
    app.pass(5);
    app.sample("errors", Err(WHY));
    app.keys("!");
    let frame = shown(&app);
    assert!(frame.contains(WHY) && !frame.contains("2x"), "once an outage: {frame}");
}

#[test]
fn a_list_whose_filter_matches_nothing_says_so() {
    let mut app = App::new(WORLD);
    for screen in ["1", "2", "4", "6", "!"] {
        app.keys(screen);
        let Some(panel) = app.state.focused_panel() else { continue };
        if app.state.list(&panel).is_none() || app.state.rows(&panel).is_empty() {
            continue;
        }
        app.keys("/");
        app.typed("zzz");
        app.keys("enter");
        let frame = shown(&app);
        assert!(frame.contains("matches the filter"), "{screen}: {frame}");
        app.keys("esc");
    }
    app.keys("6");
    assert_eq!(app.state.console.screen, Screen::Actions);
}

#[test]
fn a_number_without_a_screen_says_so() {
    let mut app = App::new(WORLD);
    app.keys("9");
    assert_eq!(app.toast(), "no screen has the key 9; ? lists them");
    app.keys("3");
    assert_eq!(app.state.console.screen, Screen::Logs);
}

/// Sends a line of `log` that states a time so many milliseconds from now.
fn line(app: &mut App, log: &str, seq: u64, ahead: i64, words: &str) {
    let time = Some(app.now().utc + chrono::TimeDelta::milliseconds(ahead));
    let data = RecordData {
        level: Level::Error,
        time,
        ..RecordData::unknown(log.into(), seq, app.now(), SafeText::new(words))
    };
    let batch = RecordBatch { records: vec![Record::new(data)], ..RecordBatch::default() };
    app.send_observation(Observation::Records { log: log.into(), batch });
}

#[test]
fn a_record_of_a_clock_a_little_ahead_has_the_bar_of_its_time() {
    let mut app = App::new(WORLD);
    app.keys("3");
    // 02:41:59.2 here, and 02:42:00 there.
    app.pass(59);
    app.wait(200);
    line(&mut app, "api", 1, 800, "ahead");
    let bars = opsroom::app::logs::bars(&app.state, 100);
    let held = bars.bars.iter().find(|bar| bar.counts.iter().sum::<u32>() > 0).expect("its bar");
    assert_eq!(held.from.to_rfc3339(), "2026-11-21T02:42:00+00:00", "{} s", bars.width);
    assert_eq!(bars.width, 60);
}

#[test]
fn a_second_that_goes_back_has_its_sign() {
    let mut app = App::new(WORLD);
    app.keys("3");
    app.pass(30);
    app.wait(100);
    line(&mut app, "api", 1, 0, "first line");
    line(&mut app, "api", 2, -200, "second line");
    let frame = shown(&app);
    let second = lines_with(&frame, "second line");
    assert!(second.iter().any(|line| line.contains('↑')), "{frame}");
    assert!(lines_with(&frame, "first line").iter().all(|line| !line.contains('↑')), "{frame}");
    assert!(app.now().utc.timestamp_subsec_millis() < 200, "the lines are of two seconds");
}

#[test]
fn what_is_muted_stands_below_what_is_not_and_is_counted_as_what_it_is() {
    let load = "[metric.load]\nfrom = \"metrics\"\nvalue = \".body.load\"\nalert = { low = \"> 5 for 1m\" }\n";
    let mut app = App::new(&format!("{WORLD}{load}"));
    app.sample("load", Ok(7.0));
    app.poll("db", Sign::Good);
    for _ in 0..3 {
        app.pass(1);
        app.poll("db", Sign::Bad);
        app.poll("api", Sign::Bad);
    }
    let order: Vec<&str> = app.state.world.alerts.iter().map(|alert| &*alert.id).collect();
    // That api is degraded for some time would be the same failure once more.
    assert_eq!(order, ["check:db/critical/0", "metric:load/low/0", "check:api/critical/0"]);
    let frame = shown(&app);
    // Of the header's "1 muted" the panel says why.
    assert!(frame.contains("1 firing, 1 muted (inhibited), 1 pending") && frame.contains(" 1 muted "), "{frame}");
}

#[test]
fn output_that_is_not_ours_to_read_is_said_where_it_would_be_and_nowhere_else() {
    let mut app = world::ended(RunState::Verified);
    app.take();
    app.keys("6 tab j");
    let followed = app.take().into_iter().find_map(|effect| match effect {
        Effect::Run(request, RunEffect::Follow(_)) => Some(request),
        _ => None,
    });
    let why = "its output can be read only by ben on ops-b";
    app.outcome(Outcome::RequestFailed { request: followed.unwrap(), why: SafeText::new(why) });
    let frame = shown(&app);
    assert_eq!(lines_with(&frame, why).len(), 1, "{frame}");
    assert!(!frame.contains("no output") && !frame.contains(&format!("✗ {why}")), "{frame}");
}

#[test]
fn a_follow_up_is_named_where_there_is_one() {
    for (state, is_offered) in [(RunState::Verified, false), (RunState::NotRecovered, false), (RunState::Unknown, true)]
    {
        let mut app = world::ended(state);
        app.keys("6 tab");
        let frame = text(&draw(&app.state, 200, 50));
        let footer = frame.lines().last().unwrap();
        assert_eq!(footer.contains("u verify"), is_offered, "{state:?}: {frame}");
        assert!(!footer.contains("u follow up"), "{state:?}: {frame}");
    }
}

#[test]
fn a_refusal_does_not_bear_the_sign_of_what_runs() {
    let mut app = App::new(WORLD);
    app.keys("R");
    app.wait(400);
    app.keys("y");
    let request = app.take().into_iter().find_map(|effect| match effect {
        Effect::Run(request, RunEffect::Start(start)) => Some((request, start.plan.action.clone())),
        _ => None,
    });
    let (request, action) = request.unwrap();
    app.outcome(Outcome::RunRefused { request, action, why: SafeText::new("it ran 5s ago") });
    app.pass(60);
    let frame = shown(&app);
    let entries = lines_with(&frame, "restart api was");
    assert!(!entries.is_empty() && entries.iter().all(|line| line.contains("– ") && !line.contains('▸')), "{frame}");
}
