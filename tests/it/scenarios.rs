//! The console and the shell on the same worlds: each file of `tests/scenarios` has a configuration, what happens, and
//! what both must say of it. What one of them says otherwise than the other fails here.
#![expect(clippy::disallowed_methods, reason = "the scenarios are files")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::app::config;
use crate::support::scenario::{Expected, ExpectedCheck, Play, Scenario};
use serde_json::Value;

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let entries = std::fs::read_dir(directory).expect("the scenarios are there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it is readable").path()).collect();
    files.sort();
    files
}

/// Everything that is not as it should be, a line each.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn same(&mut self, what: &str, found: &str, wanted: &str) {
        if found != wanted {
            self.0.push(format!("{what}: found {found:?}, wanted {wanted:?}"));
        }
    }

    fn says(&mut self, what: &str, text: &str, wanted: &str) {
        if !squeezed(text).contains(&squeezed(wanted)) {
            self.0.push(format!("{what} does not say {wanted:?}:\n{text}"));
        }
    }
}

/// Lines are wrapped where the room ends: blanks are no part of what is said.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[tokio::test]
async fn the_console_and_the_shell_say_the_same_of_every_scenario() {
    opsroom::sources::jq::use_program(env!("CARGO_BIN_EXE_opsroom").into());
    let files = files();
    assert!(files.len() >= 14, "{} scenarios", files.len());
    let mut faults = Vec::new();
    for file in files {
        let name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a scenario is text");
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = compare(&scenario).await;
        faults.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

async fn compare(scenario: &Scenario) -> Vec<String> {
    let mut play = Play::new(scenario);
    for step in &scenario.steps {
        play.step(step).await;
    }
    let (mut faults, expected) = (Faults::default(), &scenario.expect);
    covers(&mut faults, scenario);
    let (json, printed) = (play.json(), play.printed());
    faults.same("the status of the report", text(&json["status"]), &expected.status);
    faults.same("the exit code", &play.exit_code().to_string(), &expected.exit.to_string());
    for (name, wanted) in &expected.checks {
        check(&mut faults, &mut play, name, wanted, &json, &printed);
    }
    for (name, wanted) in &expected.services {
        let row = play.service_row(name);
        faults.same(&format!("the console's service {name}"), &row.status, &wanted.status);
        faults.says(&format!("the console's service {name}"), &row.said, &wanted.says);
        let of_shell = play.shell.service(name).expect("a configured service");
        let status = serde_json::to_value(of_shell.status).expect("a status is a word");
        let once = wanted.once.as_ref().unwrap_or(&wanted.status);
        faults.same(&format!("the shell's service {name}"), text(&status), once);
    }
    for (name, wanted) in &expected.metrics {
        let (on_screen, row) = (play.metric_row(name), find(&json["metrics"], name));
        faults.says(&format!("the console's metric {name}"), &on_screen, &wanted.says);
        let once = wanted.once.as_ref().unwrap_or(&wanted.says);
        faults.says(&format!("the shell's metric {name}"), &line_of(&printed, name), once);
        if let Some(error) = row["error"].as_str() {
            faults.same(&format!("the error of {name}"), error, once);
        }
    }
    alerts(&mut faults, &mut play, expected, &json, &printed);
    runs(&mut faults, &mut play, expected);
    for never in &expected.never {
        for (who, said) in [("the console", play.everything()), ("the shell", format!("{printed}{json}"))] {
            if said.contains(never.as_str()) {
                faults.0.push(format!("{who} says {never:?}"));
            }
        }
    }
    faults.0
}

/// What is configured must be expected, and the other way round.
fn covers(faults: &mut Faults, scenario: &Scenario) {
    let config = config(&scenario.config);
    let lists = [
        ("checks", config.checks.iter().map(|check| &check.name).collect::<Vec<_>>(), keys(&scenario.expect.checks)),
        ("services", config.services.iter().map(|one| &one.name).collect(), keys(&scenario.expect.services)),
        ("metrics", config.metrics.iter().map(|metric| &metric.name).collect(), keys(&scenario.expect.metrics)),
    ];
    for (what, configured, expected) in lists {
        let mut configured: Vec<String> = configured.into_iter().map(ToString::to_string).collect();
        configured.sort();
        faults.same(&format!("the expected {what}"), &expected.join(" "), &configured.join(" "));
    }
}

fn keys<V>(map: &BTreeMap<String, V>) -> Vec<String> {
    map.keys().cloned().collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn find<'a>(rows: &'a Value, name: &str) -> &'a Value {
    let found = rows.as_array().into_iter().flatten().find(|row| row["name"] == name);
    found.unwrap_or(&Value::Null)
}

/// The line of a check or metric.
fn line_of(printed: &str, title: &str) -> String {
    let column = format!("  {title}  ");
    let is_of = |line: &&str| !line.starts_with("alert ") && line.contains(&column);
    printed.lines().find(is_of).unwrap_or_default().to_owned()
}

fn check(faults: &mut Faults, play: &mut Play, name: &str, wanted: &ExpectedCheck, json: &Value, printed: &str) {
    let shown = play.check_on_screen(name);
    faults.same(&format!("the console's status of {name}"), &shown.status, &wanted.status);
    faults.says(&format!("the console on {name}"), &shown.said, &wanted.reason);
    faults.says(&format!("the console's heading of {name}"), &shown.heading, &play.standing(name));
    let found = play.console_since(name);
    faults.same(&format!("the console's since of {name}"), &found, &wanted.since);
    let once = wanted.once.as_ref();
    if let Some(once) = once {
        let differs = once.status != wanted.status || once.reason != wanted.reason || once.since != wanted.since;
        assert!(differs, "{name}: `once` says nothing else than the rest");
    }
    let (status, reason, since) =
        once.map_or((&wanted.status, &wanted.reason, &wanted.since), |once| (&once.status, &once.reason, &once.since));
    let row = find(&json["checks"], name);
    let shown_as = if row["stale"] == true { "stale" } else { text(&row["status"]) };
    faults.same(&format!("the shell's status of {name}"), shown_as, status);
    let line = line_of(printed, &play.title_of_check(name));
    faults.says(&format!("the shell's line of {name}"), &line, &Play::label(status));
    faults.says(&format!("the shell's line of {name}"), &line, reason);
    faults.says(&format!("the JSON's error of {name}"), text(&row["error"]), reason);
    let by = wanted.explained_by.as_deref().unwrap_or_default();
    faults.same(&format!("what explains {name} to the shell"), text(&row["explained_by"]), by);
    if !by.is_empty() {
        // A person reads its title.
        let words = format!("(by {})", play.title_of(by));
        faults.says(&format!("the shell's line of {name}"), &line, &words);
        let words = format!("by {}", play.title_of(by));
        faults.says(&format!("the console's service of {name}"), &shown.service, &words);
    }
    if once.is_none() {
        faults.says(&format!("the console on {name}"), &shown.said, text(&row["error"]));
    }
    faults.same(&format!("the shell's since of {name}"), &play.shell_since(name), since);
    let known = if since.starts_with("before") { "" } else { since.as_str() };
    faults.same(&format!("the JSON's since of {name}"), &play.since_of(&row["since"]), known);
}

fn alerts(faults: &mut Faults, play: &mut Play, expected: &Expected, json: &Value, printed: &str) {
    let rows = play.alert_rows();
    let holding: Vec<_> = expected.alerts.iter().filter(|alert| alert.state != "resolved").collect();
    faults.same("the number of alerts on the screen", &rows.len().to_string(), &expected.alerts.len().to_string());
    for alert in &expected.alerts {
        let about = format!("{} {}", alert.severity, alert.says);
        let Some(row) = rows.iter().find(|row| squeezed(row).contains(&squeezed(&about))) else {
            faults.0.push(format!("no alert {about:?} on the screen:\n{}", rows.join("\n")));
            continue;
        };
        let standing = alert.muted.as_ref();
        let standing = standing.map_or_else(|| alert.state.clone(), |by| format!("⊘ {}", play.title_of(by)));
        faults.says(&format!("the row of {}", alert.id), row, &standing);
    }
    let listed = json["alerts"].as_array().expect("an array");
    let mut ids: Vec<&str> = listed.iter().map(|alert| text(&alert["name"])).collect();
    let mut wanted: Vec<&str> =
        holding.iter().filter(|alert| alert.once.as_deref() != Some("inactive")).map(|alert| &*alert.id).collect();
    ids.sort_unstable();
    wanted.sort_unstable();
    faults.same("the alerts of the shell", &ids.join(" "), &wanted.join(" "));
    for alert in holding {
        let row = find(&json["alerts"], &alert.id);
        if row.is_null() {
            continue;
        }
        faults.same(&alert.id, text(&row["state"]), alert.once.as_ref().unwrap_or(&alert.state));
        faults.same(&alert.id, text(&row["severity"]), &alert.severity);
        let muted = alert.muted.as_ref().map_or_else(String::new, |by| format!("{by} is down"));
        faults.same(&format!("why {} is muted", alert.id), text(&row["muted_because"]), &muted);
        let line = format!("alert {}: ", alert.severity);
        faults.says("the shell's alerts", printed, &line);
    }
}

fn runs(faults: &mut Faults, play: &mut Play, expected: &Expected) {
    let known: Vec<String> = play.runs.keys().cloned().collect();
    faults.same("the runs", &keys(&expected.runs).join(" "), &known.join(" "));
    for (action, wanted) in &expected.runs {
        let Some(run) = play.runs.get(action).cloned() else { continue };
        let said = run.outcome_and_note(|check| check);
        faults.same(&format!("the outcome of {action}"), &said, &wanted.says);
        faults.same(&format!("the exit code of {action}"), &Play::exit_of(&run).to_string(), &wanted.exit.to_string());
        let screen = play.run_on_screen(&run);
        faults.says(&format!("the console's run of {action}"), &screen, &run.outcome());
        if let Some(note) = &run.note {
            faults.says(&format!("the console's run of {action}"), &screen, note.as_str());
        }
    }
}

#[test]
fn a_scenario_is_read_to_the_letter() {
    let whole = "about = \"x\"\nconfig = \"\"\nsteps = []\n[expect]\nstatus = \"unknown\"\nexit = 3\n";
    assert!(toml::from_str::<Scenario>(whole).is_ok());
    for (from, to) in [("exit = 3\n", ""), ("exit = 3\n", "exit = 3\nexits = 3\n"), ("about = \"x\"\n", "")] {
        assert!(toml::from_str::<Scenario>(&whole.replace(from, to)).is_err(), "{to}");
    }
}
