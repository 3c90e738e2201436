//! Charts of what is stored: a console that starts after others have measured for a year, on SQLite and on a real PostgreSQL
//! (`tests/run` starts one; without it that half says so and passes).
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test's helpers end it where they fail, and say that it is skipped"
)]

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use opsroom::app::layout::{Area, Target};
use opsroom::app::message::{Event, Learned, Mouse, MouseKind};
use opsroom::lang::time::Stamp;
use opsroom::model::alert::Severity;
use opsroom::model::effect::{Effect, HistoryEffect, RequestId, StoreEffect};
use opsroom::model::fact::{AlertFired, Deployed, NewFact, Statement};
use opsroom::model::lease::LeaseCandidate;
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;
use opsroom::model::rollup::{Bucket, Pack, SeriesKey, Width};
use opsroom::store::Store;
use opsroom::store::address::{ServerUrl, StoreAddress};
use opsroom::store::lease::HeldWrite;
use opsroom::store::place::StoreLocation;
use opsroom::text::SafeText;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::app::App;
use crate::support::frame::{SIZES, draw, text};

const CONFIG: &str = "[console]\nname = \"shop\"\n[service.web]\n[source.s]\nhttp = \"http://127.0.0.1:1/\"\nevery = \"1m\"\n\
    [metric.queue]\nfrom = \"s\"\nvalue = \".body.a\"\nunit = \"/s\"\nservice = \"web\"\n";
/// The same of a check alone.
const CHECKED: &str = "[console]\nname = \"shop\"\n[service.web]\n[check.api]\nhttp = \"http://127.0.0.1:1/\"\nevery = \"1m\"\n\
    service = \"web\"\nalert = { high = \"latency_ms > 100\" }\n";
const DAY: u32 = 24 * 60;
/// As long as the usual retention keeps them.
const MINUTES: u32 = 14 * DAY;
const HOURS: u32 = 400 * DAY;
/// Nothing was measured from so many days ago for so long.
const GAP: (u32, u32) = (10 * DAY, 2 * DAY);

fn now() -> DateTime<Utc> {
    "2025-03-11T02:41:00Z".parse().unwrap()
}

fn this_minute() -> u32 {
    u32::try_from(now().timestamp() / 60).unwrap()
}

fn ago(minutes: u32) -> DateTime<Utc> {
    now() - TimeDelta::minutes(i64::from(minutes))
}

/// A load that grows over the year, with days and weekends.
fn value(minute: u32) -> f64 {
    let (hour, day) = (minute / 60 % 24, minute / DAY);
    let weekend = if matches!(day % 7, 2 | 3) { 0.5 } else { 1.0 };
    let grown = 1.0 - f64::from(this_minute().saturating_sub(minute)) / f64::from(2 * HOURS);
    (40.0 - f64::from(hour.abs_diff(13))) * weekend * grown
}

async fn open(at: StoreAddress, state: &Path) -> Store {
    Store::open(&StoreLocation { at, state: Some(state.to_owned()), host: "box".to_owned() }).await.unwrap()
}

fn fact(id: &str, ago_minutes: u32, said: Statement) -> NewFact {
    let (id, host) = (id.to_owned(), "ci-1".to_owned());
    NewFact { id, at: ago(ago_minutes), who: "ana".to_owned(), host, process: 1, late: false, said }
}

fn deployed(version: &str, ago_minutes: u32) -> NewFact {
    let said = Deployed { service: "web".into(), version: SafeText::new(version), subject: None };
    fact(&format!("web-{version}"), ago_minutes, Statement::Deployed(said))
}

fn fired(ago_minutes: u32, fence: u64) -> NewFact {
    let said = AlertFired {
        id: format!("{}-metric:queue/high/0", ago(ago_minutes).format("%Y%m%dT%H%M%S%.3fZ")).into(),
        alert: "queue".into(),
        rule: "metric:queue/high/0".into(),
        severity: Severity::High,
        service: Some("web".into()),
        condition: "> 100".to_owned(),
        value: SafeText::new("120/s"),
        since: ago(ago_minutes),
        fired_at: ago(ago_minutes),
        seen: true,
        muted_because: None,
        fence,
    };
    fact("fired", ago_minutes, Statement::AlertFired(said))
}

fn queue() -> SeriesKey {
    SeriesKey::Metric("queue".into())
}

fn api() -> SeriesKey {
    SeriesKey::Check("api".into())
}

/// What a watcher has stored by now.
async fn fill(store: &Store, series: &SeriesKey) {
    let candidate =
        LeaseCandidate { id: "w".into(), who: "w".into(), watcher: true, digest: "d".into(), looks_on: false };
    let fence = store.lease_turn(&candidate, now()).await.unwrap().fence().unwrap();
    let gap = this_minute() - GAP.0..this_minute() - GAP.0 + GAP.1;
    let measured = |minute: u32| {
        let mut bucket = Bucket::default();
        for off in [-3.0, 0.0, 3.0] {
            bucket.measure(30, value(minute) + off);
        }
        Some(bucket).filter(|_| !gap.contains(&minute) && minute < this_minute())
    };
    let until = Width::Minute.first_minute(this_minute()) + 60;
    let mut packs = Vec::new();
    for day in (Width::Hour.first_minute(until - HOURS)..until).step_by(DAY as usize) {
        let mut pack = Pack::new(Width::Hour, day);
        for hour in (day..(day + DAY).min(until)).step_by(60) {
            let mut bucket = Bucket::sum_of_none();
            for minute in (hour..hour + 60).step_by(20).filter_map(measured) {
                bucket.merge(&minute);
            }
            if bucket.count() > 0 {
                pack.add(hour, bucket);
            }
        }
        packs.push((series.clone(), pack));
    }
    for hour in (Width::Minute.first_minute(until - MINUTES)..until).step_by(60) {
        let mut pack = Pack::new(Width::Minute, hour);
        for minute in hour..hour + 60 {
            if let Some(bucket) = measured(minute) {
                assert!(pack.add(minute, bucket));
            }
        }
        if pack.buckets().next().is_some() {
            packs.push((series.clone(), pack));
        }
    }
    assert!(store.add_packs(fence, &packs).await.unwrap());
    let facts = vec![
        deployed("2.4.0", 20 * DAY),
        fired(200 * DAY, fence),
        deployed("2.4.1", 3 * DAY),
        deployed("2.4.2", 3 * DAY - 60),
    ];
    assert_eq!(store.append_held(fence, facts).await.unwrap(), HeldWrite::Done);
}

/// A console that has just started on its metrics screen, with the first values of its own.
fn console() -> App {
    console_of(&queue())
}

fn console_of(series: &SeriesKey) -> App {
    let mono = Duration::from_millis(now().timestamp_millis().cast_unsigned());
    let config = if *series == queue() { CONFIG } else { CHECKED };
    let mut app = App::at(config, Stamp { mono, utc: now() });
    app.outcome(Outcome::Remembered { lately: Vec::new(), head: 4 });
    for effect in app.take() {
        if let Effect::Store(request, StoreEffect::ReadAlerts) = effect {
            app.outcome(Outcome::Alerts { request, things: Vec::new() });
        }
    }
    for _ in 0..3 {
        match series {
            SeriesKey::Metric(_) => app.sample("queue", Ok(value(this_minute()))),
            SeriesKey::Check(_) => app.poll_in("api", Sign::Good, value(this_minute()) as u64),
        }
        app.pass(60);
    }
    app.keys("4");
    drawn(&mut app, (120, 40));
    app.pass(1);
    app
}

/// A frame, after which the console knows where everything was drawn.
fn drawn(app: &mut App, (width, height): (u16, u16)) -> Buffer {
    let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
    let area = Rect::new(0, 0, width, height);
    let layout = ui::view(&app.state, &styles, area, &mut Buffer::empty(area));
    app.send(Event::Learned(Learned::Layout(layout)));
    draw(&app.state, width, height)
}

/// Answers what was asked of the store, until nothing more is. Returns how many queries of charts there were.
async fn serve(app: &mut App, store: &Store) -> usize {
    let mut queries = 0;
    loop {
        let effects = app.take();
        let mut answers = Vec::new();
        for effect in effects {
            answers.extend(match effect {
                Effect::History(HistoryEffect::Read { series, .. }) => {
                    let histories = store.stored_readings(&series, this_minute()).await.unwrap();
                    Some(Outcome::Past { series, histories: Some(histories) })
                }
                Effect::Store(request, StoreEffect::ReadCharts(asked)) => {
                    queries += asked.len();
                    let mut answers = Vec::new();
                    for query in asked {
                        let spans = store.chart(&query).await.unwrap();
                        assert!(spans.len() < 1_500, "an answer is bounded");
                        answers.push((query, spans));
                    }
                    Some(Outcome::Charts { request, answers })
                }
                Effect::Store(request, StoreEffect::ReadMarks(since)) => {
                    let (facts, runs) = store.marks(since).await.unwrap();
                    Some(Outcome::Marks { request, facts, runs })
                }
                _ => None,
            });
        }
        if answers.is_empty() {
            return queries;
        }
        for answer in answers {
            app.outcome(answer);
        }
        drawn(app, (120, 40));
    }
}

fn plot(app: &App) -> Area {
    let is_plot = |target: &Target| matches!(target, Target::Plot(_));
    app.state.console.layout.areas.iter().find(|(_, target)| is_plot(target)).expect("a plot").0
}

/// Of which columns anything is known, oldest first: a bar always has its foot.
fn known(app: &mut App) -> Vec<bool> {
    let buffer = drawn(app, (120, 40));
    let plot = plot(app);
    let foot = plot.y + plot.height - 1;
    (plot.x..plot.x + plot.width).map(|x| buffer[(x, foot)].symbol() != " ").collect()
}

/// Presses the key for a longer range so often, and waits for what that needs each time.
async fn range(app: &mut App, store: &Store, presses: usize) {
    for _ in 0..presses {
        app.keys("+");
        serve(app, store).await;
    }
}

async fn sees_all(store: &Store, series: &SeriesKey) {
    fill(store, series).await;
    let mut app = console_of(series);
    assert!(known(&mut app).iter().any(|known| *known), "what is measured here waits for no store");
    serve(&mut app, store).await;
    // 1h, 6h, 1d, 7d, 30d, 90d, 400d.
    for (days, gap) in [(0.25, None), (1.0, None), (7.0, None), (30.0, Some((20.0, 22.0))), (90.0, Some((80.0, 82.0)))]
    {
        range(&mut app, store, 1).await;
        let known = known(&mut app);
        let width = known.len() as f64;
        for (at, is_known) in known.iter().enumerate() {
            let day = (at as f64 + 0.5) / width * days;
            let edge = 1.5 * days / width;
            let (in_gap, at_edge) = gap.map_or((false, false), |(from, to)| {
                (day > from && day < to, (day - from).abs() < edge || (day - to).abs() < edge)
            });
            assert!(at_edge || *is_known != in_gap, "{days} days, day {day}: {}", text(&draw(&app.state, 120, 40)));
        }
    }
    range(&mut app, store, 1).await;
    assert!(known(&mut app).iter().all(|known| *known), "{}", text(&draw(&app.state, 120, 40)));
    let shown = text(&draw(&app.state, 120, 40));
    assert!(!shown.contains("no older data") && !shown.contains("reading"), "{shown}");
    // What is here is not asked for again.
    app.pass(5);
    app.keys("- +");
    assert_eq!(serve(&mut app, store).await, 0);
}

async fn on_a_server(name: &str) -> Option<(StoreAddress, String, String)> {
    let Ok(server) = std::env::var("OPSROOM_TEST_POSTGRES") else {
        eprintln!("skipped on PostgreSQL: OPSROOM_TEST_POSTGRES is not set; tests/run starts a server");
        return None;
    };
    let database = format!("{name}_{:08x}", fastrand::u32(..));
    let admin = format!("postgres://postgres@{server}/postgres");
    let mut connection = PgConnection::connect(&admin).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"))).await.unwrap();
    let url = format!("postgres://postgres@{server}/{database}");
    Some((StoreAddress::Server(ServerUrl::new(&url).unwrap()), admin, database))
}

async fn sqlite() -> (Store, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(StoreAddress::File(directory.path().join("opsroom.db")), directory.path()).await;
    (store, directory)
}

#[tokio::test]
async fn a_console_that_starts_later_charts_a_year_from_a_file() {
    let (store, _directory) = sqlite().await;
    sees_all(&store, &queue()).await;
}

#[tokio::test]
async fn the_latency_of_a_check_is_charted_over_a_year_without_a_seam() {
    let (store, _directory) = sqlite().await;
    sees_all(&store, &api()).await;
    let mut app = console_of(&api());
    serve(&mut app, &store).await;
    range(&mut app, &store, 4).await;
    let shown = text(&drawn(&mut app, (120, 40)));
    assert!(shown.contains("api latency") || shown.contains("web latency"), "{shown}");
    assert!(shown.contains("p50 ") && shown.contains("p95 ") && shown.contains("max "), "{shown}");
    // Releases of its service are marked, and the cursor says both percentiles.
    let axis = shown.lines().find(|line| line.contains(" now")).unwrap_or_else(|| panic!("{shown}"));
    assert!(axis.contains('▲') && axis.contains(" 30d "), "{axis}");
    app.keys("h h");
    let shown = text(&drawn(&mut app, (120, 40)));
    assert!(shown.lines().any(|line| line.contains("Z  p50 ") && line.contains(" p95 ")), "{shown}");
    for words in ["a week ago", "before the last release"] {
        app.keys("b");
        serve(&mut app, &store).await;
        let shown = text(&drawn(&mut app, (120, 40)));
        assert!(shown.contains(&format!(" {words}")), "{words}: {shown}");
        assert!(!shown.contains("no data from") && !shown.contains("reading"), "{words}: {shown}");
    }
    for size in SIZES {
        let mut app = console_of(&api());
        serve(&mut app, &store).await;
        range(&mut app, &store, 4).await;
        insta::assert_snapshot!(format!("latency_30d_{}x{}", size.0, size.1), text(&drawn(&mut app, size)));
    }
}

#[tokio::test]
async fn a_console_that_starts_later_charts_a_year_from_a_server() {
    let Some((at, admin, database)) = on_a_server("charts").await else { return };
    let directory = tempfile::tempdir().unwrap();
    let store = open(at, directory.path()).await;
    sees_all(&store, &queue()).await;
    store.close().await;
    let mut connection = PgConnection::connect(&admin).await.unwrap();
    let drop = format!("DROP DATABASE {database} WITH (FORCE)");
    connection.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
}

#[tokio::test]
async fn the_cursor_says_date_and_range_and_what_happened_is_counted() {
    let (store, _directory) = sqlite().await;
    fill(&store, &queue()).await;
    let mut app = console();
    serve(&mut app, &store).await;
    range(&mut app, &store, 4).await;
    let shown = text(&drawn(&mut app, (120, 40)));
    let axis = shown.lines().find(|line| line.contains(" now")).unwrap_or_else(|| panic!("{shown}"));
    assert!(axis.contains('▲') && axis.contains(" 30d ") && axis.contains("02-"), "{axis}");
    assert!(axis.contains('2'), "two releases in one column: {axis}");
    let plot = plot(&app);
    let column = plot.x + plot.width / 3;
    app.send(Event::Mouse(Mouse { column, row: plot.y + 2, kind: MouseKind::Press }));
    let at = app.state.console.time_cursor.expect("a cursor");
    assert!((at - ago(20 * DAY)).abs() < TimeDelta::hours(10), "{at}");
    let shown = text(&drawn(&mut app, (120, 40)));
    let date = at.format("%Y-%m-%d %H:%M:%SZ").to_string();
    assert!(shown.lines().any(|line| line.contains(&date) && line.contains(" to ")), "{date}: {shown}");
    // The alert of two hundred days ago.
    app.keys("esc");
    range(&mut app, &store, 2).await;
    let shown = text(&drawn(&mut app, (120, 40)));
    let axis = shown.lines().find(|line| line.contains("now│")).unwrap_or_else(|| panic!("{shown}"));
    assert!(axis.contains("400d") && axis.contains("2024-"), "{axis}");
    // Beside the plot, and several in one column are counted.
    assert!(axis.matches('▲').count() == 2 && axis.contains("2 now"), "{axis}");
    let foot = shown.lines().take_while(|line| *line != axis).last().unwrap_or_default();
    assert!(!foot.contains('▲'), "{foot}");
}

#[tokio::test]
async fn it_is_compared_with_what_the_store_has_of_before() {
    let (store, _directory) = sqlite().await;
    fill(&store, &queue()).await;
    let mut app = console();
    serve(&mut app, &store).await;
    range(&mut app, &store, 3).await;
    for words in ["a week ago", "before the last release"] {
        app.keys("b");
        serve(&mut app, &store).await;
        let shown = text(&drawn(&mut app, (120, 40)));
        assert!(shown.contains(&format!("─ {words}")), "{words}: {shown}");
    }
    // A week before the shortest range the store has minutes.
    app.keys("b b - - - - -");
    serve(&mut app, &store).await;
    let shown = text(&drawn(&mut app, (120, 40)));
    assert!(shown.contains("─ a week ago"), "{shown}");
}

#[tokio::test]
async fn while_it_is_read_what_is_here_stays_and_what_fails_is_tried_again() {
    let (store, _directory) = sqlite().await;
    fill(&store, &queue()).await;
    let mut app = console();
    serve(&mut app, &store).await;
    range(&mut app, &store, 4).await;
    app.keys("+");
    let shown = text(&drawn(&mut app, (120, 40)));
    assert!(shown.contains("reading older data"), "{shown}");
    let is_known = known(&mut app).iter().filter(|known| **known).count();
    assert!(is_known > 25, "thirty days of ninety are here: {is_known} columns");
    let asked = |app: &mut App| {
        app.take().into_iter().find_map(|effect| match effect {
            Effect::Store(request, StoreEffect::ReadCharts(_)) => Some(request),
            _ => None,
        })
    };
    let request = asked(&mut app).expect("a query");
    app.outcome(Outcome::RequestFailed { request: RequestId(u64::MAX), why: SafeText::new("another's") });
    app.outcome(Outcome::RequestFailed { request, why: SafeText::new("the disk is gone") });
    let shown = text(&drawn(&mut app, (120, 40)));
    assert!(shown.contains("older data can't be read") && !shown.contains("the disk is gone"), "{shown}");
    app.pass(29);
    assert_eq!(asked(&mut app), None);
    app.pass(2);
    let request = asked(&mut app);
    assert!(request.is_some());
    app.keys("+ -");
    serve(&mut app, &store).await;
    assert!(!text(&drawn(&mut app, (120, 40))).contains("older data"));
}

#[tokio::test]
async fn charts_of_a_month_and_of_a_year() {
    let (store, _directory) = sqlite().await;
    fill(&store, &queue()).await;
    for (size, name) in SIZES.into_iter().flat_map(|size| [(size, "30d"), (size, "400d")]) {
        let mut app = console();
        serve(&mut app, &store).await;
        range(&mut app, &store, if name == "30d" { 4 } else { 6 }).await;
        app.keys("b");
        serve(&mut app, &store).await;
        let (width, height) = size;
        insta::assert_snapshot!(format!("chart_{name}_{width}x{height}"), text(&drawn(&mut app, size)));
    }
}
