//! Whose fault it is, and since when: an own fault is never hidden by a dependency's, and nothing is claimed of a time
//! that was not seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::support::app::App;
use crate::support::room::Room;
use crate::support::{app, frame};
use chrono::TimeDelta;
use opsroom::app::message::Event;
use opsroom::app::screens::Screen;
use opsroom::model::document::Timing;
use opsroom::model::effect::TerminalEffect;
use opsroom::model::fact::{SilenceStarted, Statement};
use opsroom::model::observation::Observation;
use opsroom::model::reading::{Component, Reading, Sign};
use opsroom::model::since::Since;
use opsroom::model::status::Status;
use opsroom::text::SafeText;
use opsroom::world::alerts::{AlertView, Phase};
use opsroom::world::ids::Id as _;

/// web depends on api, api on cache and db: cache is two steps from web.
const SHOP: &str = r#"
[console]
name = "shop"
[service.web]
depends_on = ["api"]
[service.api]
depends_on = ["cache", "db"]
[service.cache]
[service.db]
title = "Database"
[check.web]
service = "web"
http = "http://127.0.0.1:1/web"
alert = { critical = "down", low = "tls.days_left < 21", medium = "stale for 1m" }
[check.api]
service = "api"
http = "http://127.0.0.1:1/api"
alert = { critical = "down", medium = "degraded" }
[check.cache]
service = "cache"
tcp = "127.0.0.1:6379"
alert = { critical = "down" }
[check.db]
service = "db"
tcp = "127.0.0.1:5432"
[source.figures]
http = "http://127.0.0.1:1/figures"
[metric.errors]
service = "api"
from = "figures"
value = ".body.errors"
alert = { high = "> 5" }
[metric.disk]
service = "api"
from = "figures"
value = ".body.disk"
alert = { high = "> 5" }
[action.restart-api]
service = "api"
adapter = "ours"
do = "restart"
target = "api"
key = "R"
evidence = ["check:api"]
[adapter.ours]
restart = { steps = [["true"]] }
"#;

type Parts<'a> = &'a [(&'a str, Status, &'a str)];

fn poll(app: &mut App, check: &str, sign: Sign, error: &str, parts: Parts<'_>) {
    let now = app.now();
    let components: BTreeMap<SafeText, Component> = parts
        .iter()
        .map(|(name, status, detail)| {
            let detail = (!detail.is_empty()).then(|| SafeText::new(detail));
            (SafeText::new(name), Component { status: *status, detail, ..Component::default() })
        })
        .collect();
    app.send_observation(Observation::Reading(Box::new(Reading {
        error: (!error.is_empty()).then(|| SafeText::new(error)),
        components,
        fields: BTreeMap::from([("tls.days_left".to_owned(), 3.0)]),
        ..Reading::plain(check.into(), Timing { scheduled: now, sent: now, ended: now }, sign)
    })));
}

/// Three bad polls: it is down.
fn down(app: &mut App, check: &str, error: &str, parts: Parts<'_>) {
    for _ in 0..3 {
        poll(app, check, Sign::Bad, error, parts);
    }
}

fn all_well() -> App {
    let mut app = App::new(SHOP);
    for check in ["web", "api", "cache", "db"] {
        app.poll(check, Sign::Good);
    }
    app.pass(10);
    app
}

fn alert<'a>(app: &'a App, id: &str) -> &'a AlertView {
    app.state
        .world
        .alerts
        .iter()
        .find(|alert| *alert.id == *id)
        .unwrap_or_else(|| panic!("no {id} in {:#?}", app.state.world.alerts))
}

/// Whether a row says its own reason first, whole or its beginning up to a sign that there is more, and what else it is by:
/// in words only where the reason is whole.
fn says_reason(row: &str, own: Option<&str>, by: &str) -> bool {
    let Some(own) = own else { return row.contains(&format!("by {by}")) && !row.contains('+') };
    if ["by ", ""].iter().any(|word| row.contains(&format!("{own} + {word}{by}"))) {
        return true;
    }
    let Some((before, _)) = row.split_once(&format!(" + {by}")) else { return false };
    (6..own.len()).any(|begin| before.ends_with(&format!("{}…", own[..begin].trim_end())))
}

#[test]
fn an_own_fault_is_never_hidden_by_that_of_a_dependency() {
    const TYPE_ERROR: (&str, Status, &str) = ("cart", Status::Down, "TypeError: cart.total is undefined");
    const API: (&str, Status, &str) = ("api", Status::Degraded, "");
    let own = "cart: TypeError: cart.total is undefined";
    // What web says while cache, two steps below it, is down; its own reason, where it has one.
    let cases: [(&str, &str, Parts<'_>, Option<&str>); 10] = [
        ("an own part", "unhealthy: cart", &[TYPE_ERROR], Some(own)),
        ("an own part beside the dependency", "unhealthy: api, cart", &[API, TYPE_ERROR], Some(own)),
        ("the dependency", "unhealthy: api", &[("api", Status::Down, "")], None),
        ("the dependency of the dependency", "unhealthy: cache", &[("cache", Status::Down, "")], None),
        ("a dependency that is well", "unhealthy: database", &[("database", Status::Down, "")], Some("database down")),
        ("nothing", "HTTP 503 Service Unavailable", &[], None),
        ("nothing at all", "", &[], None),
        ("a refused connection", "127.0.0.1:1 refused the connection: nothing listens there", &[], None),
        ("the dependency, in words", "unhealthy: connect ECONNREFUSED cache:6379", &[], None),
        ("an own error", "unhealthy: out of disk", &[], Some("out of disk")),
    ];
    for (name, error, parts, want) in cases {
        let mut app = all_well();
        down(&mut app, "cache", "refused", &[]);
        poll(&mut app, "api", Sign::Degraded, "degraded: cache", &[("cache", Status::Down, "")]);
        app.effects.clear();
        down(&mut app, "web", error, parts);
        let web = app.state.world.service("web").unwrap();
        assert_eq!(web.blocked_by.as_deref(), Some("cache"), "{name}");
        assert_eq!(web.own_reason.as_ref().map(SafeText::as_str), want, "{name}");
        let critical = alert(&app, "check:web/critical/0");
        assert_eq!(critical.inhibited_by.as_deref(), want.is_none().then_some("cache"), "{name}");
        assert_eq!(app.effects.contains(&TerminalEffect::Bell.into()), want.is_some(), "{name}");
        for (width, height) in frame::SIZES {
            let overview = frame::text(&frame::draw(&app.state, width, height));
            let row = overview.lines().skip(4).find(|line| line.contains("DOWN     web")).unwrap();
            assert!(says_reason(row, want, "cache"), "{name} at {width}: {row}");
        }
        if let Some(want) = want {
            assert!(critical.value.as_str().contains(&format!("{want} + by cache")), "{name}: {}", critical.value);
            app.state.console.screen = Screen::Service;
            app.state.console.screens.service.service = Some("web".into());
            for (width, height) in frame::SIZES {
                let service = frame::text(&frame::draw(&app.state, width, height));
                assert!(service.contains(want), "{name} at {width}: {service}");
                assert!(service.contains("+ by cache"), "{name} at {width}: {service}");
                assert!(
                    !service.contains("DEGRADED by cache") && !service.contains("ago  by cache"),
                    "{name}: {service}"
                );
            }
            let told =
                app.state.world.timeline.newest_first().find(|entry| entry.text.as_str().starts_with("web PENDING"));
            assert!(told.unwrap().text.as_str().contains(want), "{name}: {told:?}");
        }
        // What says what is wrong by itself, and what only we can cause, is never explained by a dependency.
        assert_eq!(alert(&app, "check:web/low/2").inhibited_by, None, "{name}");
    }
}

#[test]
fn in_a_narrow_row_the_reason_is_cut_and_the_dependency_stays() {
    let mut app = all_well();
    down(&mut app, "cache", "refused", &[]);
    down(
        &mut app,
        "web",
        "unhealthy: cart",
        &[("cart", Status::Down, &"TypeError: cart.total is undefined ".repeat(9))],
    );
    for (width, height) in [(120, 40), (160, 50)] {
        let overview = frame::text(&frame::draw(&app.state, width, height));
        let row = overview.lines().skip(4).find(|line| line.contains("DOWN     web")).unwrap();
        assert!(row.contains("cart: Type") && row.contains("+ cache"), "{width}: {row}");
    }
}

#[test]
fn the_bar_counts_what_it_names_and_has_a_fault_of_its_own() {
    let mut app = all_well();
    down(&mut app, "cache", "refused", &[]);
    down(&mut app, "api", "unhealthy: cache", &[("cache", Status::Down, "refused")]);
    let bar = |app: &App| {
        frame::text(&frame::draw(&app.state, 120, 40)).lines().skip(1).take(2).collect::<Vec<_>>().join("\n")
    };
    assert!(bar(&app).contains("takes down api") && !bar(&app).contains("more"), "{}", bar(&app));
    down(
        &mut app,
        "api",
        "unhealthy: cache, queue",
        &[("cache", Status::Down, "refused"), ("queue", Status::Down, "full")],
    );
    assert!(bar(&app).contains("takes down api") && bar(&app).contains("+1 more"), "{}", bar(&app));
}

#[test]
fn where_two_rows_are_too_few_the_bar_cuts_the_reason_and_keeps_what_follows() {
    let mut app = all_well();
    down(&mut app, "cache", &"max number of clients reached ".repeat(5), &[]);
    down(&mut app, "api", "unhealthy: cache", &[("cache", Status::Down, "refused")]);
    let drawn = frame::text(&frame::draw(&app.state, 80, 24));
    let rows: Vec<&str> = drawn.lines().skip(1).take(2).collect();
    assert!(rows[0].trim_end().ends_with(" · takes down api"), "{drawn}");
    assert!(rows[1].starts_with("   max number of clients") && rows[1].contains('…'), "{drawn}");
    assert!(rows[1].trim_end().chars().count() > 70, "the row is used: {drawn}");
}

#[test]
fn at_80_columns_nothing_of_the_bar_is_cut_while_a_row_has_room() {
    let mut app = all_well();
    down(&mut app, "cache", "max number of clients reached (1024)", &[]);
    down(&mut app, "api", "unhealthy: cache", &[("cache", Status::Down, "refused")]);
    down(
        &mut app,
        "web",
        "unhealthy: cart, api",
        &[("cart", Status::Down, "TypeError"), ("api", Status::Down, "refused")],
    );
    let drawn = frame::text(&frame::draw(&app.state, 80, 24));
    let bar = drawn.lines().skip(1).take(2).collect::<Vec<_>>().join("\n");
    for words in ["max number of clients reached (1024)", "takes down api, web", "+1 more cause"] {
        assert!(bar.contains(words), "{words}: {bar}");
    }
}

#[test]
fn the_bar_of_an_alert_names_its_service_says_its_time_whole_and_offers_what_is_meant_for_it() {
    let bar = |app: &App, width| {
        let drawn = frame::text(&frame::draw(&app.state, width, 24));
        drawn.lines().skip(1).take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let fired = |shop: &str| {
        let mut app = App::new(shop);
        for check in ["web", "api", "cache", "db"] {
            app.poll(check, Sign::Good);
        }
        app.sample("errors", Ok(9.0));
        app
    };
    // Nothing is configured for the figure, so what begins its service anew.
    let rows = bar(&fired(SHOP), 120);
    assert!(rows[0].contains("high  api · errors 9 > 5") && rows[0].contains("02:41:00"), "{rows:?}");
    assert!(rows[0].contains("R restart api"), "{rows:?}");
    assert!(!rows[1].trim().is_empty(), "no blank row below: {rows:?}");
    // The one that looks at the figure comes before.
    let meant = "[action.flush]\nservice = \"api\"\nadapter = \"ours\"\ndo = \"restart\"\ntitle = \"Flush\"\nkey = \"B\"\nevidence = [\"metric:errors\"]\n";
    let rows = bar(&fired(&format!("{SHOP}{meant}")), 120);
    assert!(rows[0].contains("B flush"), "{rows:?}");
    // None is: a person chooses.
    let other = SHOP.replace("do = \"restart\"", "do = \"backup\"").replace("restart = {", "backup = {");
    let mut app = fired(&other);
    // What the key opens are the actions of what is selected.
    assert!(!bar(&app, 120)[0].contains("x actions"));
    app.keys("j");
    let rows = bar(&app, 120);
    assert!(rows[0].contains("x actions") && !rows[0].contains("R "), "{rows:?}");
    // A time that does not fit stands below, whole.
    let long = SHOP
        .replace("[metric.errors]", "[metric.errors]\ntitle = \"Orders that failed for a fault of ours, in percent\"");
    let rows = bar(&fired(&long), 80);
    assert!(!rows[0].contains("since") && rows[1].contains("02:41:00"), "{rows:?}");
}

/// Two that fail by themselves, and a silence of the worse.
#[test]
fn the_worst_cause_that_is_not_muted_comes_first() {
    const TWO: &str = r#"
[service.alpha]
[service.beta]
[service.gamma]
[check.alpha]
service = "alpha"
tcp = "127.0.0.1:1"
every = "5m"
alert = { high = "down" }
[check.beta]
service = "beta"
tcp = "127.0.0.1:2"
every = "5m"
alert = { critical = "down" }
[check.gamma]
service = "gamma"
tcp = "127.0.0.1:3"
every = "5m"
"#;
    let mut room = Room::of(TWO);
    room.acts();
    let rows = |room: &Room| {
        let drawn = frame::text(&frame::draw(&room.app.state, 200, 50));
        let bar = drawn.lines().skip(1).take(2).collect::<Vec<_>>().join("\n");
        let place = |name: &str| drawn.lines().skip(4).position(|line| line.contains(&format!("DOWN     {name}")));
        (bar, ["alpha", "beta", "gamma"].map(place), drawn)
    };
    let silence = |room: &mut Room, of: &str| {
        let now = room.app.now().utc;
        let (id, matching, why) = (of.into(), format!("service:{of}"), SafeText::new("known"));
        let until = now + TimeDelta::hours(4);
        room.tell(now, "ana", Statement::SilenceStarted(SilenceStarted { id, matching, why, until, hold: true }));
    };
    for check in ["alpha", "beta", "gamma"] {
        room.app.poll(check, Sign::Good);
        room.fail(check);
    }
    let (bar, [alpha, beta, gamma], drawn) = rows(&room);
    assert!(bar.contains(" beta DOWN") && bar.contains("+2 more causes"), "the critical one: {bar}");
    assert!(beta < alpha && alpha < gamma && alpha.is_some(), "{drawn}");
    silence(&mut room, "beta");
    let (bar, _, drawn) = rows(&room);
    assert!(bar.contains(" alpha DOWN") && bar.contains("+1 more cause"), "{bar}");
    let silenced = drawn.lines().filter(|line| line.contains("DOWN ") && line.contains('⊖'));
    assert!(silenced.collect::<String>().contains("DOWN     beta"), "{drawn}");
    silence(&mut room, "alpha");
    let (bar, ..) = rows(&room);
    // No condition is about it, so nothing mutes it.
    assert!(bar.contains(" gamma DOWN") && !bar.contains("more cause"), "{bar}");
}

#[test]
fn only_a_dependency_that_is_down_explains() {
    let mut app = all_well();
    poll(&mut app, "cache", Sign::Degraded, "slow", &[]);
    down(&mut app, "api", "unhealthy: cache", &[("cache", Status::Degraded, "slow")]);
    assert_eq!(
        (
            app.state.world.service("api").unwrap().blocked_by.as_deref(),
            app.state.world.alerts[0].inhibited_by.as_deref()
        ),
        (None, None)
    );
    // The dependency goes down, and what it explains is muted at once.
    down(&mut app, "cache", "refused", &[]);
    down(&mut app, "api", "unhealthy: cache", &[("cache", Status::Down, "refused")]);
    assert_eq!(alert(&app, "check:api/critical/0").inhibited_by.as_deref(), Some("cache"));
    // It recovers, and nothing explains the trouble any more.
    for _ in 0..2 {
        poll(&mut app, "cache", Sign::Good, "", &[]);
    }
    assert_eq!(app.state.world.service("api").unwrap().blocked_by, None);
    assert_eq!(alert(&app, "check:api/critical/0").inhibited_by, None);
}

#[test]
fn figures_of_a_service_are_explained_unless_it_has_a_fault_of_its_own() {
    let mut app = all_well();
    app.sample("errors", Ok(9.0));
    app.sample("disk", Ok(9.0));
    assert_eq!(alert(&app, "metric:errors/high/0").inhibited_by, None);
    down(&mut app, "cache", "refused", &[]);
    assert_eq!(alert(&app, "metric:errors/high/0").inhibited_by.as_deref(), Some("cache"));
    assert_eq!(alert(&app, "metric:disk/high/0").inhibited_by, None, "no dependency fills a disk");
    poll(&mut app, "api", Sign::Degraded, "degraded: cache", &[("cache", Status::Down, "")]);
    assert_eq!(alert(&app, "metric:errors/high/0").inhibited_by.as_deref(), Some("cache"));
    poll(&mut app, "api", Sign::Degraded, "degraded: cart", &[("cache", Status::Down, ""), ("cart", Status::Down, "")]);
    assert_eq!(alert(&app, "metric:errors/high/0").inhibited_by, None);
}

/// The critical alert of api and what it says: what mutes it; what its service says is its own.
fn muted_and_own(app: &App) -> (Option<&str>, Option<&str>) {
    let api = app.state.world.service("api").expect("a service of the test");
    (alert(app, "check:api/critical/0").inhibited_by.as_deref(), api.own_reason.as_ref().map(SafeText::as_str))
}

#[test]
fn a_dependency_that_failed_later_explains_nothing_of_what_began_before() {
    const REFUSED: &str = "127.0.0.1:1 refused the connection: nothing listens there";
    let every = "http = \"http://127.0.0.1:1/api\"\nevery = \"5s\"\ntimeout = \"2s\"";
    let shop = SHOP
        .replace("http = \"http://127.0.0.1:1/api\"", every)
        .replace("tcp = \"127.0.0.1:5432\"", "tcp = \"127.0.0.1:5432\"\nevery = \"5s\"\ntimeout = \"2s\"");
    // Seconds from the first bad answer of api to the last good one of db and to its first bad one; what api says; what of it
    // is its own.
    let named = "unhealthy: connect ECONNREFUSED db:5432";
    let cases = [
        (0, 0, REFUSED, None),
        (0, 7, REFUSED, None),
        (0, 8, REFUSED, Some(REFUSED)),
        // A poll that began after it found db well.
        (1, 2, REFUSED, Some(REFUSED)),
        (120, 120, REFUSED, Some(REFUSED)),
        (120, 120, "", Some("no reason given")),
        // What names the dependency is explained by it whenever that was seen.
        (120, 120, named, None),
    ];
    for (well, later, error, own) in cases {
        let mut app = App::new(&shop);
        for check in ["web", "api", "cache", "db"] {
            app.poll(check, Sign::Good);
        }
        app.pass(5);
        down(&mut app, "api", error, &[]);
        app.pass(well);
        poll(&mut app, "db", Sign::Good, "", &[]);
        app.pass(later - well);
        down(&mut app, "db", "refused", &[]);
        let muted = own.is_none().then_some("db");
        assert_eq!(muted_and_own(&app), (muted, own), "{later} s, {error}");
        // Another answer that says the same changes nothing.
        poll(&mut app, "api", Sign::Bad, error, &[]);
        assert_eq!(muted_and_own(&app), (muted, own), "{later} s, {error}, again");
        let drawn = frame::text(&frame::draw(&app.state, 160, 50));
        let bar = drawn.lines().skip(1).take(2).collect::<Vec<_>>().join("\n");
        assert_eq!(bar.contains("takes down"), own.is_none(), "{later} s, {error}: {bar}");
        assert_eq!(bar.contains("+1 more"), own.is_some(), "{later} s, {error}: {bar}");
        let row = drawn.lines().skip(4).find(|line| line.contains("DOWN     api")).unwrap();
        // What was so before is not by it, not even beside its own reason.
        assert_eq!(row.contains("by Database"), own.is_none(), "{later} s, {error}: {row}");
        assert!(!row.contains('+') && own.is_none_or(|own| row.contains(&own[..15])), "{later} s, {error}: {row}");
        let fired = alert(&app, "check:api/critical/0");
        assert!(own.is_none() || !fired.value.as_str().contains("by Database"), "{}", fired.value);
        // It is over, and what fails then began after the dependency did.
        for _ in 0..2 {
            poll(&mut app, "api", Sign::Good, "", &[]);
        }
        down(&mut app, "api", error, &[]);
        assert_eq!(muted_and_own(&app), (Some("db"), None), "{later} s, {error}, afresh");
    }
}

#[test]
fn of_several_dependencies_that_are_down_the_one_that_is_named_is_meant() {
    let mut app = all_well();
    down(&mut app, "cache", "refused", &[]);
    down(&mut app, "db", "refused", &[]);
    down(&mut app, "api", "unhealthy: connect ECONNREFUSED db:5432", &[]);
    assert_eq!(muted_and_own(&app), (Some("db"), None), "not the nearer cache");
    poll(&mut app, "api", Sign::Bad, "unhealthy: cache", &[("cache", Status::Down, "")]);
    assert_eq!(muted_and_own(&app), (Some("cache"), None));
}

#[test]
fn what_another_took_down_is_not_taken_down_by_what_fails_later() {
    let mut app = all_well();
    down(&mut app, "api", "unhealthy: out of disk", &[]);
    poll(&mut app, "web", Sign::Bad, "unhealthy: api", &[("api", Status::Down, "")]);
    app.pass(60);
    poll(&mut app, "cache", Sign::Good, "", &[]);
    poll(&mut app, "web", Sign::Bad, "unhealthy: api", &[("api", Status::Down, "")]);
    poll(&mut app, "api", Sign::Bad, "unhealthy: out of disk", &[]);
    app.pass(1);
    down(&mut app, "cache", "refused", &[]);
    let drawn = frame::text(&frame::draw(&app.state, 160, 50));
    let bar = drawn.lines().nth(1).unwrap();
    assert!(bar.contains("cache DOWN") && bar.contains("+1 more cause: api"), "{bar}");
    assert!(!bar.contains("takes down"), "api took web down before: {bar}");
    let web = app.state.world.service("web").unwrap();
    assert_eq!((web.blocked_by.as_deref(), web.own_reason.as_ref()), (Some("api"), None));
    // The other cause says so.
    for _ in 0..2 {
        poll(&mut app, "cache", Sign::Good, "", &[]);
    }
    let drawn = frame::text(&frame::draw(&app.state, 160, 50));
    let bar = drawn.lines().skip(1).take(2).collect::<Vec<_>>().join("\n");
    assert!(bar.contains("api DOWN") && bar.contains("takes down web"), "{bar}");
}

#[test]
fn a_figure_that_was_bad_before_is_not_explained_by_what_fails_later() {
    let mut app = all_well();
    app.sample("errors", Ok(9.0));
    for _ in 0..20 {
        app.pass(15);
        app.sample("errors", Ok(9.0));
        for check in ["web", "api", "cache", "db"] {
            app.poll(check, Sign::Good);
        }
    }
    app.pass(1);
    down(&mut app, "cache", "refused", &[]);
    assert_eq!(alert(&app, "metric:errors/high/0").inhibited_by, None, "it began five minutes before");
}

#[test]
fn of_several_dependencies_the_one_that_failed_in_time_is_named() {
    let mut app = all_well();
    down(&mut app, "db", "refused", &[]);
    down(&mut app, "api", "HTTP 503 Service Unavailable", &[]);
    app.pass(300);
    poll(&mut app, "cache", Sign::Good, "", &[]);
    down(&mut app, "cache", "refused", &[]);
    assert_eq!(app.state.world.service("api").unwrap().blocked_by.as_deref(), Some("db"), "not the nearer cache");
    assert_eq!(muted_and_own(&app), (Some("db"), None));
}

#[test]
fn whose_beginning_was_not_seen_may_explain() {
    // db was down when the console began; api was seen well, and fails before db is known to be down.
    let mut app = App::new(SHOP);
    app.poll("api", Sign::Good);
    down(&mut app, "api", "HTTP 503 Service Unavailable", &[]);
    app.pass(300);
    down(&mut app, "db", "refused", &[]);
    assert_eq!(muted_and_own(&app), (Some("db"), None));
}

#[test]
fn what_is_over_is_not_muted() {
    let mut app = all_well();
    down(&mut app, "api", "HTTP 503 Service Unavailable", &[]);
    for _ in 0..2 {
        poll(&mut app, "api", Sign::Good, "", &[]);
    }
    app.pass(60);
    down(&mut app, "cache", "refused", &[]);
    let over = alert(&app, "check:api/critical/0");
    assert_eq!((over.phase, over.inhibited_by.as_deref()), (Phase::Resolved, None));
    // It is muted where it fires anew for that.
    down(&mut app, "api", "HTTP 503 Service Unavailable", &[]);
    let anew = alert(&app, "check:api/critical/0");
    assert_eq!((anew.phase, anew.inhibited_by.as_deref()), (Phase::Firing, Some("cache")));
}

fn row_of<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[test]
fn a_console_that_starts_in_an_outage_claims_nothing_of_before() {
    let mut app = App::new(SHOP);
    let first = app.now();
    down(&mut app, "api", "HTTP 500 Internal Server Error", &[]);
    app.poll("db", Sign::Good);
    app.pass(200);
    let before = Some(Since::before(first));
    assert_eq!(app.state.world.check("api").unwrap().since, before);
    assert_eq!(
        (app.state.world.service("api").unwrap().since, app.state.world.service("db").unwrap().since),
        (before, before)
    );
    assert_eq!(alert(&app, "check:api/critical/0").since, before);
    let overview = frame::text(&frame::draw(&app.state, 120, 40));
    let panel = overview.lines().skip(2).filter(|line| line.contains("api")).collect::<Vec<_>>().join("\n");
    assert!(panel.contains("before 02:41"), "{overview}");
    let wide = frame::text(&frame::draw(&app.state, 200, 50));
    assert!(wide.contains("DOWN  since before 02:41:00Z"), "{wide}");
    assert!(!overview.contains("UNKNOWN → "), "{overview}");
    let small = frame::text(&frame::draw(&app.state, 39, 9));
    assert!(row_of(&small, "api").contains("before 02:41"), "{small}");
    app.state.console.screen = Screen::Service;
    // The service and its check; and the timeline, of what is not well.
    for (service, times) in [("api", 3), ("db", 2)] {
        app.state.console.screens.service.service = Some(service.into());
        let shown = frame::text(&frame::draw(&app.state, 160, 40));
        assert_eq!(shown.matches("since before 02:41:00Z").count(), times, "{shown}");
    }
    app.keys("1 R");
    let facts = app.dialog().unwrap().context(&app.state);
    assert!(facts.iter().any(|(_, fact)| fact.as_str() == "api is DOWN since before 02:41:00Z"), "{facts:#?}");
    app.pass(1);
    app.keys("y");
    let evidence: serde_json::Value = serde_json::from_str(&app.started()[0].evidence).unwrap();
    let check = &evidence["captured"][0];
    assert_eq!((check["since"].as_str(), check["since_before"].as_str()), (None, Some("2026-11-21T02:41:00+00:00")));
    assert_eq!(evidence["alerts"][0]["since"], serde_json::Value::Null);
}

#[test]
fn what_was_seen_to_begin_is_stated() {
    let mut app = all_well();
    let then = app.now();
    down(&mut app, "api", "HTTP 500 Internal Server Error", &[]);
    app.pass(200);
    let seen = Some(Since::seen(then));
    assert_eq!(
        (app.state.world.check("api").unwrap().since, app.state.world.service("api").unwrap().since),
        (seen, seen)
    );
    assert_eq!(alert(&app, "check:api/critical/0").since, seen);
    let overview = frame::text(&frame::draw(&app.state, 120, 40));
    assert!(overview.contains("02:41:10 api        DOWN"), "{overview}");
    app.keys("R");
    let facts = app.dialog().unwrap().context(&app.state);
    assert!(facts.iter().any(|(_, fact)| fact.as_str() == "api is DOWN since 02:41:10Z"), "{facts:#?}");
}

#[test]
fn a_service_is_ok_since_the_last_of_its_checks_is() {
    let text = SHOP.replace("[check.db]", "[check.api-too]\nservice = \"api\"\ntcp = \"127.0.0.1:7\"\n[check.db]");
    let mut app = App::new(&text);
    app.poll("api", Sign::Good);
    down(&mut app, "api-too", "refused", &[]);
    app.pass(15);
    let recovered = app.now();
    for _ in 0..2 {
        app.poll("api-too", Sign::Good);
    }
    app.pass(60);
    let api = app.state.world.service("api").unwrap();
    assert_eq!((api.status, api.since), (Status::Ok, Some(Since::seen(recovered))));
}

#[test]
fn a_reload_keeps_what_was_seen_and_what_is_new_was_not_seen() {
    let mut app = all_well();
    let then = app.now();
    down(&mut app, "api", "refused", &[]);
    app.pass(5);
    let text = SHOP.replace("[check.cache]", "[check.memory]");
    app.send(Event::Reloaded(Ok((app::config(&text), vec![SafeText::new("check cache is now memory")]))));
    assert_eq!(app.state.world.check("api").unwrap().since, Some(Since::seen(then)));
    assert_eq!(app.state.world.service("api").unwrap().since, Some(Since::seen(then)));
    assert_eq!(alert(&app, "check:api/critical/0").since, Some(Since::seen(then)));
    assert_eq!(app.state.world.check("memory").unwrap().since, None);
    let first = app.now();
    down(&mut app, "memory", "refused", &[]);
    assert_eq!(app.state.world.check("memory").unwrap().since, Some(Since::before(first)));
    assert_eq!(alert(&app, "check:memory/critical/0").since, Some(Since::before(first)));
}

#[test]
fn what_began_while_our_own_network_was_gone_was_not_seen() {
    let mut app = all_well();
    let detail = SafeText::new("no route");
    app.send_observation(Observation::Connectivity { ok: false, detail: detail.clone() });
    let console = app.state.world.alerts[0].clone();
    assert_eq!(console.since, Some(Since::before(app.now())), "it was not seen whether it had been there");
    app.pass(60);
    app.send_observation(Observation::Connectivity { ok: true, detail });
    let back = app.now();
    down(&mut app, "api", "refused", &[]);
    assert_eq!(app.state.world.check("api").unwrap().since, Some(Since::before(back)));
    assert_eq!(alert(&app, "check:api/critical/0").since, Some(Since::before(back)));
}

#[test]
fn what_names_no_service_makes_none() {
    let text = format!(
        "{SHOP}\n[metric.load]\nfrom = \"figures\"\nvalue = \".body.load\"\n\
         [action.flush]\nadapter = \"ours\"\ndo = \"restart\"\ntarget = \"cache\"\n\
         [action.elsewhere]\nadapter = \"ours\"\ndo = \"restart\"\ntarget = \"x\"\n\
         [log.all]\nfile = \"/var/log/all.log\"\n"
    );
    let app = App::new(&text);
    let rows: Vec<&str> = app.state.world.services.iter().map(|service| &*service.name).collect();
    assert_eq!(rows, ["web", "api", "cache", "db"]);
    let actions = |service: &str| {
        let row = app.state.world.service(service).unwrap();
        row.actions.iter().map(|at| app.state.world.config.actions[at.place()].name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!((actions("cache"), actions("api")), (vec!["flush".to_owned()], vec!["restart-api".to_owned()]));
    assert_eq!(app.state.world.config.actions.iter().filter(|action| action.service.is_none()).count(), 1);
}

#[test]
fn a_latency_just_over_its_threshold_fires_and_shows_why() {
    let text = SHOP.replace("medium = \"degraded\" }", "medium = \"latency_ms > 500\" }");
    let mut app = App::new(&text);
    let now = app.now();
    let timing = Timing { scheduled: now, sent: now, ended: now.plus(Duration::from_micros(500_400)) };
    app.send_observation(Observation::Reading(Box::new(Reading::plain("api".into(), timing, Sign::Good))));
    let alert = alert(&app, "check:api/medium/1");
    assert_eq!((alert.phase, alert.value.as_str()), (Phase::Firing, "500.4"));
}

/// What a reading costs must not depend on how many checks and services there are. The bound is on what is touched, not
/// on a time: rows that a reading does not concern are not made again.
#[test]
fn thousands_of_checks_are_taken_in() {
    let mut text = "[console]\nname = \"scale\"\n".to_owned();
    for service in 0..500 {
        writeln!(text, "[service.s{service}]").unwrap();
        if service % 10 > 0 {
            writeln!(text, "depends_on = [\"s{}\"]", service / 10 * 10).unwrap();
        }
        for check in 0..10 {
            let keys = "tcp = \"127.0.0.1:1\"\nfail_after = 1\nalert = { critical = \"down\" }";
            writeln!(text, "[check.s{service}-{check}]\nservice = \"s{service}\"\n{keys}").unwrap();
        }
    }
    let mut app = App::new(&text);
    for service in 0..500 {
        for check in 0..10 {
            app.poll(&format!("s{service}-{check}"), Sign::Bad);
        }
    }
    app.pass(2);
    assert_eq!(app.state.world.services.len(), 500);
    assert!(app.state.world.services.iter().all(|service| service.status == Status::Down));
    assert_eq!(app.state.world.alerts.len(), 5_000);
    let muted = app.state.world.alerts.iter().filter(|alert| alert.inhibited_by.is_some()).count();
    assert_eq!(muted, 4_500, "nine services of ten depend on the tenth");
    let order: Vec<bool> = app.state.world.alerts.iter().map(|alert| alert.inhibited_by.is_some()).collect();
    assert!(order.is_sorted(), "what is muted comes last");
    app.keys("tab j j");
    assert!(frame::text(&frame::draw(&app.state, 120, 40)).contains("of 500"));
}
