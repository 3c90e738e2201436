//! What the screens say in an outage: each word belongs to what it stands beside, and holds now.

use std::collections::BTreeMap;

use crate::support::app::{App, WORLD};
use crate::support::frame::{draw, text};
use crate::support::room::Room;
use chrono::TimeDelta;
use opsroom::model::document::Timing;
use opsroom::model::effect::{Effect, FeedEffect};
use opsroom::model::fact::{CheckStatus, Deployed, Statement};
use opsroom::model::observation::Observation;
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::{Reading, Sign};
use opsroom::model::run::{CheckProgress, ChecksAfter, Lock, RunState, VerificationProgress};
use opsroom::model::since::Since;
use opsroom::model::status::Status;
use opsroom::text::SafeText;
use opsroom::text::name::Name;
use opsroom::world::alerts::Phase;

/// Two services that depend on nothing, each with an action of its own.
const TWO: &str = r#"
[service.mail]
[service.shop]
[check.mail]
service = "mail"
tcp = "127.0.0.1:1"
every = "5m"
alert = { high = "down" }
[check.shop]
service = "shop"
tcp = "127.0.0.1:2"
every = "5m"
alert = { critical = "down" }
[adapter.ours]
restart = { steps = [["true"]] }
[action.restart-mail]
service = "mail"
adapter = "ours"
do = "restart"
target = "mail"
key = "B"
[action.restart-shop]
service = "shop"
adapter = "ours"
do = "restart"
target = "shop"
key = "R"
"#;

fn fail(app: &mut App, check: &str) {
    for _ in 0..3 {
        app.poll(check, Sign::Bad);
    }
}

#[test]
fn beside_an_alert_only_the_actions_of_its_own_service_are_offered() {
    let mut app = App::new(TWO);
    for check in ["mail", "shop"] {
        app.poll(check, Sign::Good);
    }
    for check in ["mail", "shop"] {
        fail(&mut app, check);
    }
    app.keys("5");
    let rows = |app: &App| {
        let drawn = text(&draw(&app.state, 160, 40));
        let bar = drawn.lines().skip(1).take(2).collect::<Vec<_>>().join("\n");
        (bar, drawn.lines().last().unwrap_or_default().to_owned())
    };
    let (bar, footer) = rows(&app);
    assert!(bar.contains("shop DOWN") && bar.contains("R restart shop"), "{bar}");
    assert!(footer.contains("R restart shop") && !footer.contains("restart mail"), "{footer}");
    app.keys("j");
    let (bar, footer) = rows(&app);
    assert!(bar.contains("shop DOWN") && !bar.contains("restart"), "the cause stays, its key would be pressed: {bar}");
    assert!(footer.contains("B restart mail") && !footer.contains("restart shop"), "{footer}");
}

#[test]
fn a_dialog_follows_the_lock() {
    let mut app = App::new(WORLD);
    app.poll("api", Sign::Good);
    let run = app.run_of("restart-api", RunState::Running);
    let lock = Lock {
        target: run.target.clone(),
        id: run.id.clone(),
        fence: 1,
        holder: "ben".to_owned(),
        host: run.host.clone(),
        reason: "restart-api".to_owned(),
        since: run.started_at,
    };
    app.outcome(Outcome::Runs { runs: vec![run.clone()], locks: vec![lock] });
    app.keys("R");
    let shown = |app: &App| text(&draw(&app.state, 120, 40));
    assert!(shown(&app).contains("it cannot run until the lock is released"), "{}", shown(&app));
    let over = opsroom::model::run::Run { state: RunState::Ended, ..run };
    app.outcome(Outcome::Runs { runs: vec![over], locks: Vec::new() });
    assert!(app.dialog().is_some() && !shown(&app).contains("lock"), "{}", shown(&app));
    // What is kept with the run is what was on the screen.
    app.pass(1);
    app.keys("y");
    assert!(app.started()[0].preview.warnings.is_empty(), "{:?}", app.started()[0].preview.warnings);
}

#[test]
fn what_a_supervisor_finds_well_is_looked_at_here_too() {
    let mut app = App::new(WORLD);
    let run = app.run_of("restart-api", RunState::Verifying);
    app.outcome(Outcome::Run(Box::new(run.clone())));
    let polled = |app: &mut App| {
        let polls = app.take().into_iter().filter_map(|effect| match effect {
            Effect::Feed(FeedEffect::PollNow(checks)) => Some(checks),
            _ => None,
        });
        polls.collect::<Vec<_>>()
    };
    let progress = |good| {
        let checks = vec![CheckProgress { name: "api".into(), good, needed: 2 }];
        VerificationProgress { until: run.started_at, until_boot: None, checks }
    };
    polled(&mut app);
    let api = vec![Name::from("api")];
    for (good, polls) in [(0, 0), (1, 1), (1, 0), (2, 1), (0, 0)] {
        app.outcome(Outcome::RunProgress { run: run.id.clone(), progress: progress(good) });
        assert_eq!(polled(&mut app), vec![api.clone(); polls], "{good}");
    }
    let over =
        opsroom::model::run::Run { checks: Some(ChecksAfter::Good), ..app.run_of("restart-api", RunState::Verified) };
    app.outcome(Outcome::Run(Box::new(over)));
    assert_eq!(polled(&mut app), [api]);
}

/// One that has both conditions on its status.
const BOTH: &str = r#"
[check.api]
tcp = "api.example:1"
every = "10s"
alert = { critical = "down", medium = "degraded" }
"#;

/// The alerts that are listed.
fn listed(app: &App) -> Vec<(String, Phase)> {
    app.state.world.alerts.iter().map(|alert| (alert.id.to_string(), alert.phase)).collect()
}

#[test]
fn one_failure_of_a_check_is_one_alert() {
    const CRITICAL: &str = "check:api/critical/0";
    const MEDIUM: &str = "check:api/medium/1";
    let mut room = Room::of(BOTH);
    room.acts();
    room.said();
    let fired = |said: &[Statement]| {
        let rules = said.iter().filter_map(|said| match said {
            Statement::AlertFired(fired) => Some(fired.rule.to_string()),
            _ => None,
        });
        rules.collect::<Vec<_>>()
    };
    // Down at once: the milder condition holds too, and is the same failure.
    fail(&mut room.app, "api");
    assert_eq!(listed(&room.app), [(CRITICAL.to_owned(), Phase::Firing)]);
    room.app.pass(2);
    assert_eq!(fired(&room.said()), [CRITICAL]);
    let told = room.app.state.world.timeline.newest_first().filter(|entry| entry.text.as_str().contains("medium"));
    assert_eq!(told.count(), 0);
    // It gets better, and not well: now the milder one is what there is.
    for _ in 0..2 {
        room.app.pass(10);
        room.app.poll("api", Sign::Degraded);
    }
    assert_eq!(room.app.state.world.check("api").map(|check| check.status), Some(Status::Degraded));
    let both = [(MEDIUM.to_owned(), Phase::Firing), (CRITICAL.to_owned(), Phase::Resolved)];
    assert_eq!(listed(&room.app), both);
    room.app.pass(2);
    assert_eq!(fired(&room.said()), [MEDIUM]);
    // Worse again: one.
    fail(&mut room.app, "api");
    assert_eq!(listed(&room.app), [(CRITICAL.to_owned(), Phase::Firing)]);
    // Both are over together: one.
    for _ in 0..2 {
        room.app.pass(10);
        room.app.poll("api", Sign::Good);
    }
    assert_eq!(listed(&room.app), [(CRITICAL.to_owned(), Phase::Resolved)]);
}

#[test]
fn what_changed_before_an_alert_counts_from_its_firing() {
    let mut room = Room::of(BOTH);
    room.acts();
    let deployed = |room: &mut Room, version: &str| {
        let (service, version) = ("api".into(), SafeText::new(version));
        let at = room.app.now().utc;
        room.tell(at, "ci", Statement::Deployed(Deployed { service, version, subject: None }));
    };
    deployed(&mut room, "2.4.1");
    room.app.pass(10);
    fail(&mut room.app, "api");
    room.app.pass(60);
    deployed(&mut room, "2.4.2");
    for _ in 0..2 {
        room.app.pass(10);
        room.app.poll("api", Sign::Good);
    }
    room.app.keys("5 d");
    let shown = text(&draw(&room.app.state, 120, 40));
    let changed = shown.lines().find(|line| line.contains("changed before  ")).expect("the label stands off");
    assert!(shown.contains("state           resolved") && changed.contains("2.4.1"), "{shown}");
    assert!(
        !shown.contains("2.4.2 deployed") && shown.contains("2.4.2"),
        "only the timeline has what came after: {shown}"
    );
}

#[test]
fn who_came_while_a_check_recovered_says_since_when_it_is_well() {
    let mut room = Room::of(WORLD);
    room.looks_on();
    let status = |room: &mut Room, status: Status, before: Option<Status>, ago: i64| {
        let since = room.app.now().utc - TimeDelta::seconds(ago);
        let (check, service, reason, by) = ("api".into(), Some("api".into()), None, None);
        let said = CheckStatus { check, service, status, before, since, seen: true, reason, by, fence: 1 };
        room.tell(since, "ben", Statement::CheckStatus(said));
    };
    status(&mut room, Status::Down, None, 60);
    assert_eq!(room.app.state.world.check("api").unwrap().since.map(|since| since.seen), Some(false), "found well");
    room.app.pass(5);
    status(&mut room, Status::Ok, Some(Status::Down), 0);
    let seen = Some(Since::seen(room.app.now()));
    let (check, service) = (room.app.state.world.check("api").unwrap(), room.app.state.world.service("api").unwrap());
    assert_eq!((check.since, service.since), (seen, seen));
}

#[test]
fn a_reason_that_would_be_cut_has_the_room_of_the_figures_beside_it() {
    const WHY: &str = "max number of clients reached (1024)";
    let mut app = App::new(TWO);
    for check in ["mail", "shop"] {
        app.poll(check, Sign::Good);
    }
    let shown = |app: &App, width| text(&draw(&app.state, width, 40));
    assert!(shown(&app, 120).contains("check p95 trend"), "{}", shown(&app, 120));
    for _ in 0..3 {
        let at = app.now();
        app.send_observation(Observation::Reading(Box::new(Reading {
            check: "shop".into(),
            timing: Timing { scheduled: at, sent: at, ended: at },
            sign: Sign::Bad,
            error: Some(SafeText::new(WHY)),
            answered: true,
            components: BTreeMap::default(),
            version: None,
            phases: Vec::new(),
            fields: BTreeMap::default(),
        })));
    }
    for width in [120, 130] {
        let drawn = shown(&app, width);
        let row = drawn.lines().find(|line| line.contains("✗ DOWN")).unwrap_or_default();
        assert!(row.contains(WHY), "{width}: {drawn}");
    }
}
