//! A world to draw: seven services, half an hour of polls, then trouble.

use std::collections::BTreeMap;
use std::time::Duration;

use opsroom::app::screens::Screen;
use opsroom::logs::record::{Level, LogState};
use opsroom::model::document::Timing;
use opsroom::model::observation::Observation;
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::{Component, Reading, Sign};
use opsroom::model::run::{Lock, OutputLine, Run, RunState};
use opsroom::model::status::Status;
use opsroom::text::SafeText;

use super::app::App;

pub const CONFIG: &str = r#"
[console]
name = "wellbeing"
environment = "production"

[service.api]
title = "HTTP API"
depends_on = ["db", "cache"]
runbook = "docs/RUNBOOK.md#api"
[service.web]
title = "Web app"
depends_on = ["api"]
[service.db]
title = "Database"
[service.cache]
title = "Cache"
[service.mail]
title = "Mail"
[service.worker]
title = "Worker"
[service.search]
title = "Search"

[check.api]
service = "api"
http = "https://api.example.com/health"
every = "15s"
alert = { critical = "down for 2m", medium = "degraded for 10m" }
[check.web]
service = "web"
http = "https://www.example.com/"
every = "15s"
alert = { high = "down for 2m" }
[check.db]
service = "db"
tcp = "db.example.com:5432"
every = "15s"
alert = { critical = "down for 1m" }
[check.cache]
service = "cache"
tcp = "cache.example.com:6379"
every = "15s"
alert = { medium = "degraded for 5m" }
[check.mail]
service = "mail"
tcp = "mail.example.com:587"
every = "15s"
[check.worker]
service = "worker"
http = "https://worker.example.com/health"
every = "15s"
[check.search]
service = "search"
http = "https://search.example.com/health"
every = "15s"

[source.api-metrics]
http = "https://api.example.com/metrics"
every = "15s"

[metric.error-rate]
service = "api"
from = "api-metrics"
value = ".body.error_rate"
unit = "%"
alert = { medium = "> 5% for 5m", high = "> 10% for 1m" }
[metric.p95]
service = "api"
from = "api-metrics"
value = ".body.p95"
unit = "s"
alert = { medium = "> 1s for 5m", high = "> 2s for 5m" }
[metric.requests]
service = "api"
from = "api-metrics"
value = ".body.requests"
unit = "/s"

[log.api]
service = "api"
file = "/var/log/api/*.log"
[log.db]
service = "db"
file = "/var/log/postgresql/*.log"

[adapter.stack]
kind = "compose"
directory = "/srv/wellbeing"

[action.restart-api]
title = "Restart api"
service = "api"
adapter = "stack"
do = "restart"
target = "api"
key = "R"
verify = { checks = ["api"], within = "60s" }
[action.restart-db]
title = "Restart db"
service = "db"
adapter = "stack"
do = "restart"
target = "db"
key = "D"
confirm = "type-name"
"#;

const CHECKS: [(&str, u64); 7] =
    [("api", 38), ("web", 92), ("db", 3), ("cache", 2), ("mail", 24), ("worker", 61), ("search", 47)];

/// A latency that goes up and down by itself, always the same.
fn wobble(round: u64, base: u64) -> u64 {
    base + base * ((round * 7 + base * 3) % 11) / 22
}

pub fn poll(app: &mut App, check: &str, sign: Sign, latency: u64, error: Option<&str>) {
    let now = app.now();
    let mut components = BTreeMap::new();
    if check == "api" {
        let part = |status: Status, detail: Option<&str>, ms: Option<u64>| Component {
            status,
            detail: detail.map(SafeText::new),
            latency_ms: ms,
            components: BTreeMap::new(),
        };
        let bad = sign != Sign::Good;
        let database = if bad {
            part(Status::Down, Some("connect ECONNREFUSED 10.0.0.5:5432"), None)
        } else {
            part(Status::Ok, None, Some(3))
        };
        components.insert(SafeText::new("database"), database);
        components.insert(SafeText::new("cache"), part(Status::Ok, None, Some(1)));
        components.insert(SafeText::new("queue"), part(Status::Degraded, Some("backlog 1,204"), Some(12)));
    }
    let timing = Timing { scheduled: now, sent: now, ended: now.plus(Duration::from_millis(latency)) };
    app.send_observation(Observation::Reading(Box::new(Reading {
        error: error.map(SafeText::new),
        components,
        version: Some(SafeText::new("2.4.1")),
        ..Reading::plain(check.into(), timing, sign)
    })));
}

/// One round of polls, fifteen seconds, a tick for each.
fn round(app: &mut App, number: u64, trouble: bool) {
    app.pass(15);
    for (check, base) in CHECKS {
        let latency = wobble(number, base);
        match (check, trouble) {
            ("db", true) => poll(app, check, Sign::Bad, 1, Some("connection refused (10.0.0.5:5432)")),
            ("api", true) => poll(app, check, Sign::Bad, 5_000, Some("503; .status == 200 does not hold")),
            ("cache", true) => poll(app, check, Sign::Degraded, latency * 40, Some(".latency_ms > 50 holds: 84")),
            ("search", true) if number.is_multiple_of(2) => {
                poll(app, check, Sign::Bad, latency, Some("no answer within 5s"));
            }
            _ => poll(app, check, Sign::Good, latency, None),
        }
    }
    let bad = if trouble { 1.0 } else { 0.0 };
    let wave = wobble(number, 100) as f64 / 100.0;
    app.sample("error-rate", Ok(0.8 * wave + bad * 10.5 * wave));
    app.sample("p95", Ok(0.12 * wave + bad * 1.4));
    app.sample("requests", Ok(4_102.0 * wave - bad * 2_800.0));
}

/// A console after half an hour in which all was well.
pub fn calm() -> App {
    let mut app = App::new(CONFIG);
    app.send_observation(Observation::LogState { log: "api".into(), state: LogState::Following(1) });
    app.send_observation(Observation::LogState { log: "db".into(), state: LogState::Following(1) });
    for number in 0..120 {
        round(&mut app, number, false);
    }
    app.records("api", &[(Level::Info, "listening on 0.0.0.0:8080"), (Level::Info, "GET /orders 200 in 38 ms")]);
    app.records("db", &[(Level::Info, "checkpoint complete: wrote 812 buffers (5.0%)")]);
    app.outcome(Outcome::Runs { runs: stored_runs(&app), locks: Vec::new() });
    app
}

/// The same four minutes into an outage of the database.
pub fn trouble() -> App {
    let mut app = calm();
    for number in 120..137 {
        round(&mut app, number, true);
        if number % 4 == 0 {
            app.records("db", &[(Level::Fatal, "the database system is shutting down")]);
        }
        app.records(
            "api",
            &[
                (Level::Error, "connect ECONNREFUSED 10.0.0.5:5432 trace=8f2c"),
                (Level::Warn, "retry 3 of 5 in 400 ms"),
                (Level::Info, "GET /health 503 in 12 ms"),
            ],
        );
    }
    app.pass(4);
    app
}

pub fn run(app: &App, id: &str, minutes_ago: i64, state: RunState) -> Run {
    let started_at = app.now().utc - chrono::Duration::minutes(minutes_ago);
    let ended = (!state.is_open()).then(|| started_at + chrono::Duration::milliseconds(4_230));
    Run {
        id: id.into(),
        action: "restart-api".into(),
        verb: "restart".into(),
        dry_run: false,
        service: Some("api".into()),
        target: "api".to_owned(),
        who: "ops-a".to_owned(),
        reason: Some("does not answer".to_owned()),
        host: "local".to_owned(),
        plan_digest: "9f86d081884c7d659a2feaa0c55ad015".to_owned(),
        started_at,
        boot: None,
        ended_at: ended,
        duration_ms: ended.map(|_| 4_230),
        outcome_ms: None,
        state,
        verdict: state.verdict(),
        checks: None,
        exit_code: ended.map(|_| 0),
        signal: None,
        output_path: "/tmp/run".into(),
        note: None,
    }
}

fn stored_runs(app: &App) -> Vec<Run> {
    let mut bad = run(app, "20261120T120000-77aa", 900, RunState::NotRecovered);
    bad.exit_code = Some(0);
    vec![run(app, "20261121T020000-3f9a", 70, RunState::Verified), bad]
}

/// A restart that is under way, with output and a lock.
pub fn running() -> App {
    let mut app = trouble();
    let run = run(&app, "20261121T031500-b2c4", 0, RunState::Running);
    let id = run.id.clone();
    app.outcome(Outcome::Run(Box::new(run)));
    let lock = Lock {
        target: "api".to_owned(),
        id: id.clone(),
        fence: 7,
        holder: "ops-a".to_owned(),
        host: "bastion".to_owned(),
        reason: "restart-api".to_owned(),
        since: app.now().utc,
    };
    app.outcome(Outcome::Runs { runs: stored_runs(&app), locks: vec![lock] });
    let said = [
        "Container wellbeing-api  Stopping",
        "Container wellbeing-api  Stopped",
        "warning: orphan container db-old",
        "Container wellbeing-api  Starting",
    ];
    let lines = said.iter().enumerate().map(|(at, text)| OutputLine {
        index: at as u64,
        stderr: text.starts_with("warning"),
        text: SafeText::new(text),
    });
    app.outcome(Outcome::RunOutput { run: id, lines: lines.collect(), omitted: 0 });
    app.state.console.screen = Screen::Actions;
    app
}

/// The same restart at its end: the services are well again where it helped.
pub fn ended(state: RunState) -> App {
    let mut app = running();
    let mut run = run(&app, "20261121T031500-b2c4", 0, state);
    for number in 137..140 {
        round(&mut app, number, state != RunState::Verified);
    }
    run.outcome_ms = Some(45_000);
    app.outcome(Outcome::Run(Box::new(run.clone())));
    let runs = [vec![run], stored_runs(&app)].concat();
    app.outcome(Outcome::Runs { runs, locks: Vec::new() });
    app
}
