//! What people exclude from objectives, by the real program on SQLite and on a real PostgreSQL, and what a reload leaves in the
//! timeline.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use opsroom::model::fact::{SloExcluded, SloIncluded, Statement};
use opsroom::model::reading::Sign;
use opsroom::text::SafeText;
use opsroom::text::name::Name;
use serde_json::Value;

use crate::support::frame::{draw, text};
use crate::support::pty::Terminal;
use crate::support::room::Room;
use crate::support::team::Team;

/// What it printed, or said of its failure where it printed nothing, where it ends with `code`.
fn said(team: &Team, config: &str, code: i32, arguments: &[&str]) -> String {
    let output = team.opsroom_with(config, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    String::from_utf8(text).unwrap()
}

fn excludes_and_includes(team: &Team) {
    let config = format!("{}[slo.api-up]\ncheck = \"api\"\nobjective = \"99%\"\nwindow = \"30d\"\n", team.config());
    let written = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let from = written(Utc::now() - TimeDelta::hours(2));
    let later = written(Utc::now() - TimeDelta::hours(1));
    let of = |slo: &'static str| ["slo", "exclude", slo, "--from", &from, "--why", "load test"];
    for (more, slo, why) in [
        (&["--for", "1h"][..], "api-ub", "did you mean `api-up`?"),
        (&[], "api-up", "add --until TIME, or --for DURATION"),
        (&["--until", &from], "api-up", "does not lie after"),
        (&["--for", "9000d"], "api-up", "allowed: "),
        (&["--until", "tomorrow"], "api-up", "--until: "),
    ] {
        let text = said(team, &config, 64, &[&of(slo)[..], more].concat());
        assert!(text.contains(why) && text.contains("hint: "), "{more:?}: {text}");
    }
    let empty = ["slo", "exclude", "api-up", "--from", &from, "--for", "1h", "--why", " "];
    assert!(said(team, &config, 64, &empty).contains("--why is empty"));
    let old = written(Utc::now() - TimeDelta::days(40));
    let past = ["slo", "exclude", "api-up", "--from", &old, "--for", "1h", "--why", "x"];
    assert!(said(team, &config, 64, &past).contains("outside the window of the SLO, 30d"));

    let text = said(team, &config, 0, &[&of("api-up")[..], &["--until", &later]].concat());
    assert!(text.starts_with("excluded ") && text.contains(" from SLO api-up, id x"), "{text}");
    let id = text.trim().rsplit(' ').next().unwrap().to_owned();
    // Nothing was measured: no data never reads as met.
    let slos: Value = serde_json::from_str(&said(team, &config, 3, &["slo", "--json"])).unwrap();
    let exclusion = &slos[0]["exclusions"][0];
    assert_eq!((&exclusion["id"], &exclusion["why"]), (&Value::from(&*id), &Value::from("load test")), "{slos:#}");
    let moment = |key: &str| exclusion[key].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert_eq!((written(moment("from")), written(moment("until"))), (from, later));
    assert!(exclusion["by"].as_str().unwrap().starts_with("ana"), "{exclusion}");
    let text = said(team, &config, 3, &["slo"]);
    assert!(text.contains("excluded ") && text.contains(": load test  id x"), "{text}");

    let unknown = said(team, &config, 64, &["slo", "include", "x1"]);
    assert!(unknown.contains("no exclusion with id `x1`") && unknown.contains(&id), "{unknown}");
    assert!(said(team, &config, 0, &["slo", "include", &id]).contains("counts against SLO api-up again"));
    assert!(said(team, &config, 64, &["slo", "include", &id]).contains("nothing is excluded"));
    let slos: Value = serde_json::from_str(&said(team, &config, 3, &["slo", "--json"])).unwrap();
    assert_eq!(slos[0]["exclusions"], Value::Array(Vec::new()));

    let lines: Vec<Value> = serde_json::from_str(&said(team, &config, 0, &["timeline", "--json"])).unwrap();
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    assert!(lines.iter().any(|line| line.contains("excluded: load test")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains(&format!("exclusion {id} taken back"))), "{lines:#?}");
    assert!(team.does(&["store", "check"]).contains("as the entries say"));
    team.does(&["audit", "verify"]);
}

#[test]
fn spans_are_excluded_and_included_again_on_sqlite() {
    excludes_and_includes(&Team::sqlite());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_are_excluded_and_included_again_on_postgresql() {
    if let Some(team) = Team::postgres().await {
        excludes_and_includes(&team);
        team.end().await;
    }
}

#[test]
fn the_panel_says_how_much_is_excluded() {
    let mut room = Room::of(
        "[console]\nname = \"t\"\n[service.api]\n[check.api]\nservice = \"api\"\ntcp = \"127.0.0.1:9\"\nevery = \"15s\"\n\
         [slo.api-up]\ncheck = \"api\"\nobjective = \"99%\"\nwindow = \"30d\"\n[screen.overview]\nrows = [[\"services\"], [\"slo:api-up\"]]\n",
    );
    for poll in 0..240 {
        room.app.pass(15);
        room.app.poll("api", if (120..160).contains(&poll) { Sign::Bad } else { Sign::Good });
    }
    let frame = |room: &Room| text(&draw(&room.app.state, 120, 40));
    assert!(!frame(&room).contains("excluded"), "{}", frame(&room));
    let now = room.app.now().utc;
    let (from, until) = (now - TimeDelta::minutes(31), now - TimeDelta::minutes(18));
    let (id, why): (Name, _) = ("x1".into(), SafeText::new("load test"));
    let excluded = SloExcluded { id: id.clone(), slo: "api-up".into(), from, until, why };
    room.tell(now, "ana", Statement::SloExcluded(excluded));
    assert!(frame(&room).contains(" · 13 min excluded"), "{}", frame(&room));
    room.tell(now, "ben", Statement::SloIncluded(SloIncluded { id, slo: "api-up".into() }));
    assert!(!frame(&room).contains(" excluded"), "{}", frame(&room));
}

#[test]
fn what_may_only_be_read_excludes_nothing() {
    let team = Team::sqlite();
    let config = format!(
        "{}[slo.api-up]\ncheck = \"api\"\nobjective = \"99%\"\nwindow = \"30d\"\n",
        team.config().replacen("name = \"team\"", "name = \"team\"\nread_only = true", 1)
    );
    let output = team.opsroom_with(
        &config,
        &["slo", "exclude", "api-up", "--from", "2026-01-01T00:00Z", "--for", "1h", "--why", "x"],
    );
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("nothing can be excluded here"), "{text}");
}

#[test]
fn a_reload_of_whoever_acts_is_in_the_timeline_as_configuration() {
    let team = Team::sqlite();
    let file = team.file();
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", file.to_str().unwrap(), "--store", &team.url];
    let mut console = Terminal::program(&argv, 120, 40, &[]);
    console.wait_for("1 critical");
    // Only whoever acts for all puts its reload on record.
    let before =
        || -> Vec<Value> { serde_json::from_str(&said(&team, &team.config(), 0, &["timeline", "--json"])).unwrap() };
    crate::support::pty::until_seen("the alert", before, |lines| lines.iter().any(|line| line["kind"] == "alert"));
    let changed = format!("{}[check.web]\ntcp = \"127.0.0.1:{}\"\n", team.config(), team.port);
    std::fs::write(&file, &changed).unwrap();
    console.press(":reload\r");
    console.wait_for("web");
    let timeline =
        || -> Vec<Value> { serde_json::from_str(&said(&team, &changed, 0, &["timeline", "--json"])).unwrap() };
    let is_config = |line: &&Value| line["kind"] == "config";
    let lines =
        crate::support::pty::until_seen("the reload", timeline, |lines| lines.iter().any(|line| is_config(&line)));
    let line = lines.iter().find(is_config).unwrap().to_string();
    assert!(line.contains("configuration reloaded: ") && line.contains("web"), "{line}");
    console.press("q");
    console.wait_for_end();
}
