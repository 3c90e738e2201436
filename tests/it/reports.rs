//! `opsroom report` and `opsroom baseline` by the real program, on SQLite and on a real PostgreSQL, which give the same
//! bytes (`tests/run` starts one; without it that half says so and passes).
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::fmt::Write as _;
use std::process::Output;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use opsroom::model::alert::Severity;
use opsroom::model::fact::{
    AlertAcknowledged, AlertFired, AlertResolved, CheckStatus, Deployed, MessageSent, NewFact, RunImported,
    SloExcluded, SloIncluded, Statement,
};
use opsroom::model::message::{MessageKind, Recipient};
use opsroom::model::rollup::{Bucket, Pack, SeriesKey, Width};
use opsroom::model::run::{Run, RunState};
use opsroom::model::status::Status;
use opsroom::store::lease::HeldWrite;
use opsroom::text::SafeText;
use serde_json::Value;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::support::seed::{fact, held, utc};
use crate::support::team::Team;

const CONFIG: &str = r#"
[console]
name = "shop"
environment = "production"
timezone = "Europe/Berlin"
[service.api]
title = "Shop API"
[service.web]
[check.api]
service = "api"
http = "http://127.0.0.1:1/"
every = "1m"
[check.web]
service = "web"
http = "http://127.0.0.1:1/"
every = "1m"
[source.host]
http = "http://127.0.0.1:1/"
every = "1m"
[metric.disk]
from = "host"
value = ".body.disk"
unit = "%"
service = "api"
title = "Disk"
alert = { high = "> 90%" }
[metric.cpu]
from = "host"
value = ".body.cpu"
unit = "%"
title = "CPU | <b>web</b> *1*"
[metric.errors]
from = "host"
value = ".body.errors"
unit = "%"
title = "Error rate"
[slo.api]
title = "API up"
check = "api"
objective = "99.9%"
window = "7d"
[slo.errors]
title = "Error rate below 0.1 %"
metric = "errors"
good = "< 0.1%"
objective = "99%"
window = "7d"
[maintenance.night]
when = "Sun 02:00-04:00"
services = ["web"]
"#;

/// The week in which summer time ends in Berlin: it has 169 hours.
const AT: &str = "2025-10-22";

/// The first moment of that week.
fn week() -> DateTime<Utc> {
    utc("2025-10-19T22:00:00Z")
}

fn minute(at: DateTime<Utc>) -> u32 {
    u32::try_from(at.timestamp() / 60).unwrap()
}

/// Hours of one series, from `hours` after the beginning of the week on (negative: before), so many, each as `bucket` says.
fn packed(series: &SeriesKey, hours: std::ops::Range<i64>, bucket: impl Fn(i64) -> Bucket) -> Vec<(SeriesKey, Pack)> {
    let mut packs: Vec<(SeriesKey, Pack)> = Vec::new();
    for hour in hours {
        let begin = minute(week() + TimeDelta::hours(hour));
        if packs.last().is_none_or(|(_, pack)| pack.first_minute() != Width::Hour.first_minute(begin)) {
            packs.push((series.clone(), Pack::new(Width::Hour, begin)));
        }
        assert!(packs.last_mut().unwrap().1.add(begin, bucket(hour)));
    }
    packs
}

/// An hour of a check that answers every minute in so many milliseconds and is down for some of them.
fn answers(ms: f64, down_minutes: u64) -> Bucket {
    let mut bucket = Bucket::sum_of_none();
    (0..60).for_each(|nth| bucket.measure(0, ms + f64::from(nth)));
    bucket.stand(Status::Ok, (60 - down_minutes) * 60_000, false);
    bucket.stand(Status::Down, down_minutes * 60_000, true);
    bucket
}

fn values(value: f64) -> Bucket {
    let mut bucket = Bucket::sum_of_none();
    (0..60).for_each(|_| bucket.measure(0, value));
    bucket
}

const HOURS: i64 = 169;
const BEFORE: i64 = 168;

/// Two weeks of readings, and a month of what grows.
fn readings() -> Vec<(SeriesKey, Pack)> {
    let check = |name: &str| SeriesKey::Check(name.into());
    let metric = |name: &str| SeriesKey::Metric(name.into());
    let mut packs = packed(&check("api"), -BEFORE..HOURS, |hour| match hour {
        ..0 => answers(100.0, 0),
        30 => answers(2_000.0, 25),
        _ => answers(130.0, 0),
    });
    // Down only while it is maintained, and unknown for two days.
    packs.extend(packed(&check("web"), -BEFORE..HOURS - 48, |_| answers(40.0, 0)));
    packs.extend(packed(&check("web"), HOURS - 24..HOURS, |hour| {
        answers(40.0, if hour == HOURS - 21 { 30 } else { 0 })
    }));
    packs.extend(packed(&metric("disk"), HOURS - 30 * 24..HOURS, |hour| values(70.0 + hour as f64 / 24.0)));
    packs.extend(packed(&metric("cpu"), -BEFORE..HOURS, |hour| {
        values(if (10..15).contains(&hour) { 85.0 } else { 30.0 })
    }));
    packs.extend(packed(&metric("errors"), -BEFORE..HOURS, |_| values(0.02)));
    packs
}

/// One firing: after so many hours, for so many minutes; acknowledged, told or neither.
struct Fires {
    alert: &'static str,
    severity: Severity,
    hour: i64,
    minutes: i64,
    acknowledged: Option<i64>,
    is_told: bool,
}

fn firing(one: &Fires, fence: u64) -> Vec<NewFact> {
    let fired_at = week() + TimeDelta::hours(one.hour);
    let after = |minutes| fired_at + TimeDelta::minutes(minutes);
    let (word, alert) = (format!("{:?}", one.severity).to_lowercase(), one.alert);
    let rule = format!("{}:{alert}/{word}/0", if alert == "disk" { "metric" } else { "check" });
    let id: std::sync::Arc<str> = format!("{}-{rule}", fired_at.format("%Y%m%dT%H%M%S%.3fZ")).into();
    let fired = AlertFired {
        id: id.clone(),
        alert: alert.into(),
        rule: rule.into(),
        severity: one.severity,
        service: Some(alert.into()),
        condition: "down".to_owned(),
        value: SafeText::new("DOWN connection refused"),
        since: fired_at,
        fired_at,
        seen: true,
        muted_because: None,
        fence,
    };
    let mut facts = vec![fact(fired_at, "", Statement::AlertFired(fired))];
    if one.is_told {
        let target = Recipient { channel: "sms".into(), contact: None };
        let said = MessageSent {
            id: format!("m{}", one.hour).into(),
            target,
            kind: MessageKind::Alerts,
            alerts: vec![id.clone()],
            groups: Vec::new(),
            notices: std::collections::BTreeMap::new(),
            most: 10,
            at: after(0),
            fence,
        };
        facts.push(fact(after(0), "", Statement::MessageSent(said)));
    }
    if let Some(minutes) = one.acknowledged {
        let (severity, until) = (one.severity, after(minutes + 60));
        let said = AlertAcknowledged {
            id: id.clone(),
            alert: alert.into(),
            severity,
            why: SafeText::new("mine"),
            until,
            link: None,
            together: false,
            taken_by: None,
        };
        facts.push(fact(after(minutes), "ben (ssh from 10.0.0.1)", Statement::AlertAcknowledged(said)));
    }
    let (alert, severity, at) = (alert.into(), one.severity, after(one.minutes));
    let over = AlertResolved { id, alert, severity, at, because: None, value: None, fence };
    facts.push(fact(at, "", Statement::AlertResolved(over)));
    facts
}

fn run(hour: i64, state: RunState, seconds: u64) -> NewFact {
    let started_at = week() + TimeDelta::hours(hour);
    let run = Run {
        id: format!("{}-0001", started_at.format("%Y%m%dT%H%M%S")).into(),
        action: "restart".into(),
        verb: "restart".into(),
        dry_run: false,
        service: Some("web".into()),
        target: "web".to_owned(),
        who: "ana".to_owned(),
        reason: None,
        host: "box".to_owned(),
        plan_digest: String::new(),
        started_at,
        boot: None,
        ended_at: Some(started_at),
        duration_ms: Some(seconds * 1_000),
        outcome_ms: Some(seconds * 1_000),
        state,
        verdict: state.verdict(),
        checks: None,
        exit_code: Some(0),
        signal: None,
        output_path: "/tmp/x".into(),
        note: None,
    };
    fact(
        started_at,
        "ana",
        Statement::RunImported(Box::new(RunImported { run, boot: None, changing: true, lock: None, fence: 0 })),
    )
}

fn told(fence: u64) -> Vec<NewFact> {
    let (high, medium, critical) = (Severity::High, Severity::Medium, Severity::Critical);
    let fires = |alert, severity, hour, minutes, acknowledged, is_told| {
        firing(&Fires { alert, severity, hour, minutes, acknowledged, is_told }, fence)
    };
    let mut facts = [
        // Before.
        fires("api", critical, -50, 12, Some(2), true),
        fires("web", medium, -20, 5, None, false),
        // The outage, which somebody took.
        fires("api", critical, 30, 25, Some(4), true),
        // What a restart ended.
        fires("web", high, 60, 30, None, true),
        fires("web", high, 61, 10, None, true),
        fires("web", high, 62, 10, None, true),
        // What nobody ever acted on.
        fires("disk", medium, 80, 4, None, false),
        fires("disk", medium, 82, 6, None, false),
        fires("disk", medium, 84, 180, None, false),
    ]
    .concat();
    let down = CheckStatus {
        check: "api".into(),
        service: Some("api".into()),
        status: Status::Down,
        before: Some(Status::Ok),
        since: week() + TimeDelta::hours(30),
        seen: true,
        reason: None,
        by: None,
        fence,
    };
    facts.push(fact(week() + TimeDelta::hours(30), "", Statement::CheckStatus(down)));
    facts.extend([
        run(60, RunState::Verified, 95),
        run(61, RunState::NotRecovered, 300),
        run(-3, RunState::Verified, 80),
    ]);
    for (hour, version) in [(-10, "2.4.0"), (90, "2.4.1"), (91, "2.4.2 <script>")] {
        let version = SafeText::new(version);
        let said = Deployed { service: "web".into(), version, subject: None };
        facts.push(fact(week() + TimeDelta::hours(hour), "ci", Statement::Deployed(said)));
    }
    facts
}

async fn seed(team: &Team) {
    let (store, fence) = held(team).await;
    assert!(store.add_packs(fence, &readings()).await.unwrap());
    for fact in told(fence) {
        assert_eq!(store.append_held(fence, vec![fact]).await.unwrap(), HeldWrite::Done);
    }
    store.close().await;
}

/// What it prints, where it ends with `code`.
fn says(team: &Team, code: i32, arguments: &[&str]) -> String {
    let ran: Output = team.opsroom_with(CONFIG, arguments);
    assert_eq!(ran.status.code(), Some(code), "{arguments:?}: {ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}

fn refused(team: &Team, code: i32, arguments: &[&str]) -> String {
    let ran = team.opsroom_with(CONFIG, arguments);
    assert_eq!((ran.status.code(), ran.stdout.as_slice()), (Some(code), &b""[..]), "{arguments:?}: {ran:?}");
    String::from_utf8(ran.stderr).unwrap()
}

#[tokio::test]
async fn a_week_is_reported_as_markdown_and_json() {
    let team = Team::sqlite();
    seed(&team).await;
    let weekly = says(&team, 0, &["report", "weekly", "--at", AT]);
    insta::assert_snapshot!("weekly", weekly);
    insta::assert_snapshot!("weekly_json", says(&team, 0, &["report", "weekly", "--at", AT, "--json"]));
    assert_eq!(says(&team, 0, &["report", "weekly", "--at", "2025-10-26"]), weekly, "any day of it");
    insta::assert_snapshot!("daily", says(&team, 0, &["report", "daily", "--at", "2025-10-21"]));
    insta::assert_snapshot!("monthly", says(&team, 0, &["report", "monthly", "--at", AT]));

    let file = team.at.path().join("report.md");
    assert_eq!(says(&team, 0, &["report", "weekly", "--at", AT, "--out", file.to_str().unwrap()]), "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), weekly);
    let problem = refused(&team, 70, &["report", "weekly", "--at", AT, "--out", "/nowhere/report.md"]);
    assert!(problem.contains("can't write /nowhere/report.md") && problem.contains("hint: "), "{problem}");
}

#[tokio::test]
async fn a_server_gives_the_same_bytes_as_a_file() {
    let Some(server) = Team::postgres().await else { return };
    let file = Team::sqlite();
    for team in [&server, &file] {
        seed(team).await;
    }
    for arguments in [
        ["report", "weekly", "--at", AT, "--json"],
        ["report", "monthly", "--at", AT, "--no-logs"],
        ["report", "daily", "--at", AT, "--no-logs"],
    ] {
        assert_eq!(says(&server, 0, &arguments), says(&file, 0, &arguments), "{arguments:?}");
    }
    server.end().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_said_in_the_report() {
    let team = Team::sqlite();
    seed(&team).await;
    let whole: Value = serde_json::from_str(&says(&team, 0, &["report", "weekly", "--at", AT, "--json"])).unwrap();
    assert!(whole.get("left_out").is_none(), "{whole:#}");
    let file = team.at.path().join("shared.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut connection = options.connect().await.unwrap();
    let spoil = "UPDATE rollup SET data = X'FFFE00' WHERE series = 'check:web'";
    sqlx::raw_sql(sqlx::AssertSqlSafe(spoil.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let json: Value = serde_json::from_str(&says(&team, 1, &["report", "weekly", "--at", AT, "--json"])).unwrap();
    assert_eq!(json["left_out"], serde_json::json!(["some stored readings"]));
    let text = says(&team, 1, &["report", "weekly", "--at", AT]);
    let said = "**Incomplete.** Left out because they can't be read: some stored readings; opsroom store check lists";
    assert!(text.contains(said), "{text}");
}

#[tokio::test]
async fn nothing_known_is_said_and_never_a_good_week() {
    let team = Team::sqlite();
    let problem = refused(&team, 3, &["report", "weekly"]);
    assert!(problem.contains("error: no store at ") && problem.contains("hint: "), "{problem}");
    let (store, _) = held(&team).await;
    store.close().await;
    let text = says(&team, 3, &["report", "weekly"]);
    assert!(text.contains("**No data.** The store has nothing of this time.") && !text.contains("met"), "{text}");
    seed(&team).await;
    // Before anything was measured.
    insta::assert_snapshot!("before_the_first_data", says(&team, 3, &["report", "monthly", "--at", "2024-02-29"]));
}

#[test]
fn a_date_that_is_none_or_to_come_is_refused() {
    let team = Team::sqlite();
    for (date, said) in
        [("2025-02-30", "not a valid date"), ("week", "not a valid date"), ("9990-01-01", "in the future")]
    {
        let problem = refused(&team, 64, &["report", "daily", "--at", date]);
        assert!(problem.contains(said) && problem.contains("hint: "), "{problem}");
    }
}

/// What a host of the outside may send must mean nothing in a report.
#[tokio::test]
async fn hostile_text_stays_text() {
    let team = Team::sqlite();
    seed(&team).await;
    let hostile = "\u{1b}]52;c;eA==\u{7}\u{202e}| x | <img src=x onerror=y> [click](https://evil.example) `c` \n# Good week. @channel";
    let (store, fence) = held(&team).await;
    let said = Deployed { service: "web".into(), version: SafeText::new(hostile), subject: None };
    let said = fact(week() + TimeDelta::hours(100), "ci", Statement::Deployed(said));
    assert_eq!(store.append_held(fence, vec![said]).await.unwrap(), HeldWrite::Done);
    store.close().await;
    let text = says(&team, 0, &["report", "weekly", "--at", AT]);
    let line = text.lines().find(|line| line.contains("Good week\\.") || line.contains("onerror")).unwrap();
    assert!(line.contains("\\| x \\|") && line.contains("&lt;img") && line.contains("\\[click\\]"), "{line}");
    assert!(line.contains("\\@channel") && !text.contains("https://evil"), "{line}");
    assert!(!text.contains("<img") && !text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("# ")).count(), 1, "{text}");
    // The title of a metric, which has a pipe, a tag and stars.
    assert!(text.contains("CPU \\| &lt;b&gt;web&lt;/b&gt; \\*1\\*"), "{text}");
    let json: Value = serde_json::from_str(&says(&team, 0, &["report", "weekly", "--at", AT, "--json"])).unwrap();
    assert!(
        json["releases"][0]["version"].as_str().unwrap().contains("<img src=x"),
        "JSON needs no escaping for Markdown"
    );
}

#[tokio::test]
async fn errors_of_the_logs_are_counted_and_their_shapes_named() {
    let team = Team::sqlite();
    seed(&team).await;
    let line = |hour: i64, text: &str| format!("{} {text}\n", (week() + TimeDelta::hours(hour)).to_rfc3339());
    let mut log: String = (-20..0).map(|hour| line(hour, "ERROR cart 17 lost")).collect();
    log.extend((0..40).map(|hour| line(hour, &format!("ERROR payment {hour} refused | <b>"))));
    log.extend((40..60).map(|hour| line(hour, "INFO all is well")));
    log.extend((60..63).map(|hour| line(hour, "FATAL cart 99 lost")));
    // After the week.
    log.push_str(&line(HOURS + 1, "ERROR cart 1 lost"));
    std::fs::write(team.at.path().join("app.log"), log).unwrap();
    let config = format!("{CONFIG}[log.app]\nfile = \"app.log\"\n");
    let ran = team.opsroom_with(&config, &["report", "weekly", "--at", AT, "--json"]);
    let json: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(
        (&json["errors"]["logs"][0]["errors"], &json["errors"]["logs"][0]["errors_before"]),
        (&43.into(), &20.into())
    );
    let shapes = json["errors"]["shapes"].as_array().unwrap();
    let shown: Vec<_> =
        shapes.iter().map(|one| (one["errors"].as_u64().unwrap(), one["new"].as_bool().unwrap())).collect();
    assert_eq!(shown, [(40, true), (3, false)], "{shapes:?}");
    let ran = team.opsroom_with(&config, &["report", "weekly", "--at", AT]);
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(text.contains("## Errors in logs") && text.contains("refused \\| &lt;b&gt;"), "{text}");
    let ran = team.opsroom_with(&config, &["report", "weekly", "--at", AT, "--no-logs"]);
    assert!(!String::from_utf8(ran.stdout).unwrap().contains("Errors in logs"));
}

/// A zone that is half an hour off: the day begins within a stored hour, which its minutes divide.
#[tokio::test]
async fn a_day_that_begins_within_an_hour_is_exact_where_minutes_are_kept() {
    let team = Team::sqlite();
    let (store, fence) = held(&team).await;
    let series = SeriesKey::Check("api".into());
    // 2025-10-21 in Kolkata begins at 18:30 UTC.
    let hour = minute(utc("2025-10-20T18:00:00Z"));
    let mut minutes = Pack::new(Width::Minute, hour);
    for nth in 0..60 {
        let mut bucket = Bucket::default();
        let is_down = nth < 40;
        bucket.stand(if is_down { Status::Down } else { Status::Ok }, 60_000, is_down);
        bucket.measure(30, 100.0);
        assert!(minutes.add(hour + nth, bucket));
    }
    let mut hours = Pack::new(Width::Hour, hour);
    assert!(hours.add(hour, minutes.total()));
    assert!(store.add_packs(fence, &[(series.clone(), minutes), (series, hours)]).await.unwrap());
    store.close().await;
    let config = CONFIG.replace("Europe/Berlin", "Asia/Kolkata");
    let down = |at: &str| {
        let ran = team.opsroom_with(&config, &["report", "daily", "--at", at, "--json"]);
        let json: Value = serde_json::from_slice(&ran.stdout).unwrap();
        (json["checks"][0]["down_s"].as_f64().unwrap(), json["checks"][0]["latency_ms"]["count"].clone())
    };
    assert_eq!(down("2025-10-20"), (1_800.0, 30.into()));
    assert_eq!(down("2025-10-21"), (600.0, 30.into()));
}

#[tokio::test]
async fn a_baseline_is_kept_and_compared() {
    let team = Team::sqlite();
    assert_eq!(says(&team, 0, &["baseline"]), "no baselines saved\n");
    let (store, fence) = held(&team).await;
    // The last day: what it is compared with is by the clock of now.
    let now = Utc::now();
    let hours = (now.timestamp() - week().timestamp()) / 3_600;
    let series = SeriesKey::Check("api".into());
    assert!(store.add_packs(fence, &packed(&series, hours - 24..hours, |_| answers(100.0, 0))).await.unwrap());
    store.close().await;
    assert_eq!(says(&team, 0, &["baseline", "save", "v1", "--period", "1d"]), "baseline v1 saved: 1 series\n");
    let listed = says(&team, 0, &["baseline", "list"]);
    assert!(listed.starts_with("v1  20") && listed.contains("1 series") && listed.ends_with("by ana\n"), "{listed}");
    says(&team, 0, &["baseline", "compare", "v1", "--period", "1d"]);

    let problem = refused(&team, 64, &["baseline", "compare", "v2"]);
    assert!(problem.contains("no baseline named `v2`") && problem.contains("did you mean `v1`?"), "{problem}");
    let problem = refused(&team, 64, &["baseline", "save", "a b"]);
    assert!(problem.contains("`a b` is not a valid name"), "{problem}");
    let problem = refused(&team, 64, &["baseline", "save", "x", "--period", "5m"]);
    assert!(problem.contains("not between 1h and 400d"), "{problem}");
    let problem = refused(&team, 64, &["--read-only", "baseline", "save", "x"]);
    assert!(problem.contains("read-only"), "{problem}");

    // The release made it slower: each hour is measured again on top.
    let (store, fence) = held(&team).await;
    assert!(store.add_packs(fence, &packed(&series, hours - 24..hours, |_| answers(400.0, 0))).await.unwrap());
    store.close().await;
    let slower = says(&team, 1, &["baseline", "compare", "v1", "--period", "1d"]);
    assert!(slower.contains("| Shop API |") && slower.contains("| slower |"), "{slower}");
    let json: Value =
        serde_json::from_str(&says(&team, 1, &["baseline", "compare", "v1", "--period", "1d", "--json"])).unwrap();
    assert_eq!((&json["name"], &json["series"][0]["slower"]), (&"v1".into(), &true.into()));
    // It goes through a rebuild and an audit as everything else does.
    says(&team, 0, &["store", "check"]);
    let timeline = says(&team, 0, &["timeline"]);
    assert!(timeline.contains("baseline v1 saved  by ana"), "{timeline}");
    let report = says(&team, 0, &["report", "daily", "--at", &now.format("%Y-%m-%d").to_string()]);
    assert!(report.contains("## Against baseline v1"), "{report}");
    let problem = refused(&team, 64, &["report", "daily", "--baseline", "gone"]);
    assert!(problem.contains("no baseline named `gone`"), "{problem}");
}

/// Ten thousand checks are read one after the other: the report of a day costs seconds and little memory.
#[tokio::test]
async fn ten_thousand_checks_fit_into_a_report() {
    let team = Team::sqlite();
    let (store, fence) = held(&team).await;
    let mut config = "[console]\nname = \"many\"\n".to_owned();
    let mut packs = Vec::new();
    for nth in 0..10_000 {
        write!(config, "[check.c{nth}]\nhttp = \"http://127.0.0.1:1/{nth}\"\nevery = \"1m\"\n").unwrap();
        packs.extend(packed(&SeriesKey::Check(format!("c{nth}").into()), 20..22, |_| answers(50.0, 0)));
    }
    for slice in packs.chunks(1_000) {
        assert!(store.add_packs(fence, slice).await.unwrap());
    }
    store.close().await;
    let began = Instant::now();
    let ran = team.opsroom_with(&config, &["report", "daily", "--at", "2025-10-20"]);
    assert!(ran.status.success(), "{ran:?}");
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(text.contains("9,950 more; the JSON form of this report has all of them."), "{text}");
    assert!(text.len() < 20_000, "{} bytes", text.len());
    let json = team.opsroom_with(&config, &["report", "daily", "--at", "2025-10-20", "--json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["checks"].as_array().unwrap().len(), 10_000);
    // A bound for what grows with the square of them, not a measurement.
    assert!(began.elapsed().as_secs() < 300, "{:?}", began.elapsed());
}

/// One objective of a weekly report.
fn objective(team: &Team, name: &str) -> Value {
    let report: Value = serde_json::from_str(&says(team, 0, &["report", "weekly", "--at", AT, "--json"])).unwrap();
    let slos = report["slos"].as_array().unwrap_or_else(|| panic!("{report:#}"));
    slos.iter().find(|slo| slo["slo"] == name).unwrap_or_else(|| panic!("{report:#}")).clone()
}

async fn put(team: &Team, said: NewFact) {
    let (store, fence) = held(team).await;
    assert_eq!(store.append_held(fence, vec![said]).await.unwrap(), HeldWrite::Done);
    store.close().await;
}

#[tokio::test]
async fn a_check_and_an_objective_of_one_name_are_told_apart() {
    let team = Team::sqlite();
    seed(&team).await;
    let (store, fence) = held(&team).await;
    let of_check =
        Fires { alert: "web", severity: Severity::High, hour: 50, minutes: 5, acknowledged: None, is_told: false };
    let Some(Statement::AlertFired(fired)) = firing(&of_check, fence).into_iter().next().map(|fact| fact.said) else {
        panic!("it fires first")
    };
    let (at, id) = (fired.fired_at, fired.id.replace("check:", "slo:"));
    let fired = AlertFired { id: id.into(), rule: "slo:web/high/0".into(), ..fired };
    let said = vec![fact(at, "", Statement::AlertFired(fired))];
    assert_eq!(store.append_held(fence, said).await.unwrap(), HeldWrite::Done);
    store.close().await;
    let report: Value = serde_json::from_str(&says(&team, 0, &["report", "weekly", "--at", AT, "--json"])).unwrap();
    let alerts = report["alerts"]["alerts"].as_array().unwrap().iter();
    let of_web: Vec<_> = alerts.filter(|one| one["alert"] == "web" && one["severity"] == "high").collect();
    let told: Vec<_> = of_web.iter().map(|one| (&one["subject"], &one["title"], &one["fired"])).collect();
    let expected = [("check", "web", 3), ("slo", "web (SLO)", 1)]
        .map(|(subject, title, fired)| (Value::from(subject), Value::from(title), Value::from(fired)));
    assert_eq!(told, expected.each_ref().map(|(subject, title, fired)| (subject, title, fired)), "{report:#}");
}

#[tokio::test]
async fn what_is_excluded_and_what_a_release_cost_is_in_the_report() {
    let team = Team::sqlite();
    seed(&team).await;
    // An hour before the outage of 25 minutes.
    let said = Deployed { service: "api".into(), version: SafeText::new("3.0"), subject: None };
    put(&team, fact(week() + TimeDelta::hours(29), "ci", Statement::Deployed(said))).await;
    let api = objective(&team, "api");
    assert_eq!(
        (&api["bad_s"], &api["releases"][0]["cost_s"]),
        (&Value::from(1_500.0), &Value::from(1_500.0)),
        "{api:#}"
    );
    assert!(api.get("excluded").is_none(), "{api:#}");
    let text = says(&team, 0, &["report", "weekly", "--at", AT]);
    let cost = text.lines().find(|line| line.contains("of the budget")).unwrap_or_else(|| panic!("{text}"));
    assert!(cost.contains("API up") && cost.contains("api 3") && cost.contains("25"), "{cost}");

    let (from, until) = (week() + TimeDelta::hours(30), week() + TimeDelta::hours(31));
    let (id, why) = ("x20251021-080000-000", SafeText::new("load test | <b>announced</b>"));
    let said = SloExcluded { id: id.into(), slo: "api".into(), from, until, why };
    put(&team, fact(week() + TimeDelta::hours(34), "ana (ssh)", Statement::SloExcluded(said))).await;
    let api = objective(&team, "api");
    assert_eq!((&api["bad_s"], api.get("releases")), (&Value::from(0.0), None), "{api:#}");
    assert_eq!(api["excluded"][0]["by"], "ana", "{api:#}");
    assert_eq!(objective(&team, "errors").get("excluded"), None);
    let text = says(&team, 0, &["report", "weekly", "--at", AT]);
    let line = text.lines().find(|line| line.contains("excluded by ana")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("04:00 to ") && line.contains("load test \\|") && !line.contains("<b>"), "{line}");

    let said = SloIncluded { id: id.into(), slo: "api".into() };
    put(&team, fact(week() + TimeDelta::hours(35), "ben", Statement::SloIncluded(said))).await;
    let api = objective(&team, "api");
    assert_eq!((&api["bad_s"], api.get("excluded")), (&Value::from(1_500.0), None), "{api:#}");
}

#[tokio::test]
async fn a_report_and_an_objective_agree_on_what_is_excluded_within_an_hour() {
    // A console that starts reads minutes of the last two days, and hours of what was before.
    for days_ago in [1, 5] {
        agree_on_excluded(days_ago).await;
    }
}

async fn agree_on_excluded(days_ago: i64) {
    let team = Team::sqlite();
    let (store, fence) = held(&team).await;
    // At ten: down for twenty minutes, then well for forty.
    let ten = (Utc::now() - TimeDelta::days(days_ago)).date_naive().and_hms_opt(10, 0, 0).unwrap().and_utc();
    let (series, begin) = (SeriesKey::Check("api".into()), minute(ten));
    let (mut minutes, mut hours) = (Pack::new(Width::Minute, begin), Pack::new(Width::Hour, begin));
    let mut sum = Bucket::sum_of_none();
    for nth in 0..60 {
        let mut bucket = Bucket::default();
        let is_down = nth < 20;
        bucket.stand(if is_down { Status::Down } else { Status::Ok }, 60_000, is_down);
        bucket.measure(5, 10.0);
        sum.merge(&bucket);
        assert!(minutes.add(begin + nth, bucket));
    }
    assert!(hours.add(begin, sum));
    assert!(store.add_packs(fence, &[(series.clone(), minutes), (series, hours)]).await.unwrap());
    store.close().await;
    let agree = |expected: f64| {
        let output = team.opsroom_with(CONFIG, &["slo", "--json"]);
        let slos: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (day, mut found) = (ten.format("%Y-%m-%d").to_string(), Vec::new());
        found.push(slos[0]["availability"].as_f64());
        let report = team.opsroom_with(CONFIG, &["report", "daily", "--at", &day, "--json", "--no-logs"]);
        let report: Value = serde_json::from_slice(&report.stdout).unwrap();
        found.push(report["slos"][0]["good"]["now"].as_f64());
        for good in &found {
            assert!(good.is_some_and(|good| (good - expected).abs() < 1e-6), "{found:?} {expected}");
        }
    };
    agree(40.0 / 60.0);
    let exclude = |id: &str, from: i64, until: i64| SloExcluded {
        id: id.into(),
        slo: "api".into(),
        from: ten + TimeDelta::seconds(from),
        until: ten + TimeDelta::seconds(until),
        why: "load test".into(),
    };
    let said = Statement::SloExcluded(exclude("x20251021-080000-000", 330, 1_800));
    put(&team, fact(ten + TimeDelta::hours(2), "ana (ssh)", said)).await;
    agree(30.0 / 35.5);
    // All of it: no data is neither met nor missed.
    let said = Statement::SloExcluded(exclude("x20251021-080001-000", 0, 3_600));
    put(&team, fact(ten + TimeDelta::hours(2), "ana (ssh)", said)).await;
    let slos: Value = serde_json::from_slice(&team.opsroom_with(CONFIG, &["slo", "--json"]).stdout).unwrap();
    assert_eq!(slos[0]["availability"], Value::Null, "{slos:#}");
    let day = ten.format("%Y-%m-%d").to_string();
    let report = team.opsroom_with(CONFIG, &["report", "daily", "--at", &day, "--json", "--no-logs"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!((&report["slos"][0]["good"]["now"], &report["slos"][0]["met"]), (&Value::Null, &Value::Null));
}
