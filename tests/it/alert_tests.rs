//! `opsroom test`: the vectors of alerts as tests of configurations, what a failure says, and the clock behind them.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use chrono::{DateTime, Utc};
use opsroom::model::document::Timing;
use opsroom::model::fact::{Fact, SilenceStarted, Statement};
use opsroom::model::observation::Observation;
use opsroom::model::reading::{Reading, Sample, Sign};
use opsroom::text::SafeText;
use opsroom::world::driver::WorldDriver;
use proptest::prelude::*;
use serde_json::Value;

use crate::support::app::config;
use crate::support::month;

fn opsroom(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsroom"));
    command.args(arguments).env("LC_ALL", "C.UTF-8").current_dir(env!("CARGO_MANIFEST_DIR"));
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Files of tests, beside the repository.
fn vectors() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alerts");
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_vector_of_alerts_holds_and_so_does_the_example() {
    let files = vectors();
    let mut arguments: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    arguments.extend(["test", "--json", "config.example.toml"]);
    arguments.rotate_right(3);
    let output = opsroom(&arguments);
    let results: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failed: Vec<&Value> =
        results["tests"].as_array().unwrap().iter().filter(|test| test["ok"] != Value::Bool(true)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!((output.status.code(), &results["failed"]), (Some(0), &Value::from(0)));
    assert_eq!(results["passed"].as_u64().unwrap() as usize, results["tests"].as_array().unwrap().len());
    assert!(files.len() >= 8 && results["passed"].as_u64().unwrap() > 40, "{results:#}");
}

const FAILING: &str = r#"
[severity.critical]
notify = ["desk"]
[notify.desk]
command = ["true"]
[check.api]
tcp = "127.0.0.1:9"
every = "30s"
alert = { critical = "down for 2m", high = "degraded" }
[[test]]
name = "holds"
expect = [{ at = "1m", alert = "api", severity = "critical", state = "inactive" }]
[[test]]
name = "does not"
start = "2026-03-29T00:30:00Z"
input = { "check:api" = "ok*4 down*8" }
do = [
  { at = "1m", ack = "api", severity = "critical", by = "ana", why = "on it" },
  { at = "2m", unsilence = "severity:high" },
  { at = "4m", silence = "api:critical", by = "ben", why = "known", for = "1h" },
]
expect = [
  { at = "5m", alert = "api", severity = "critical", state = "pending", muted = "" },
  { at = "5m30s", notified = "desk", count = 2 },
]
"#;

fn written(directory: &Path, text: &str) -> String {
    let file = directory.join("opsroom.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_failure_says_what_was_expected_and_what_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let file = written(directory.path(), FAILING);
    let output = opsroom(&["test", &file]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let printed = text(&output.stdout).replace(&file, "opsroom.toml");
    let expected = "\
ok      holds
FAILED  does not
        at 1m (2026-03-29T00:31:00Z), opsroom.toml:18
          expected  api critical firing, to be acknowledged
          seen      inactive
        at 2m (2026-03-29T00:32:00Z), opsroom.toml:19
          expected  a silence of severity:high, to be ended
          seen      no silence
        at 5m (2026-03-29T00:35:00Z), opsroom.toml:23
          expected  api critical pending, unmuted
          seen      firing for 0s, muted: silenced by ben until 01:34:00Z: known; messages so far: none
        at 5m30s (2026-03-29T00:35:30Z), opsroom.toml:24
          expected  2 messages to desk
          seen      0
1 test passed, 1 failed
";
    assert_eq!(printed, expected);
    let output = opsroom(&["test", "--json", &file]);
    let results: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&results["passed"], &results["failed"]), (&Value::from(1), &Value::from(1)));
    let failure = &results["tests"][1]["failures"][3];
    assert_eq!(
        (&failure["at"], &failure["expected"], &failure["seen"]),
        (&Value::from("5m30s"), &Value::from("2 messages to desk"), &Value::from("0"))
    );
}

#[test]
fn the_test_of_the_readme_passes_beside_the_example() {
    let readme = include_str!("../../README.md");
    let block = readme.split("```toml\n").find(|block| block.starts_with("[[test]]")).unwrap();
    let block = block.split("```").next().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = written(directory.path(), &format!("{}\n{block}", opsroom::config::EXAMPLE));
    let output = opsroom(&["test", &file]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("2 tests passed"), "{}", text(&output.stdout));
}

#[test]
fn without_tests_it_says_so_and_with_a_name_that_is_none_it_refuses() {
    let directory = tempfile::tempdir().unwrap();
    let file = written(directory.path(), "[check.api]\ntcp = \"127.0.0.1:9\"\n");
    let output = opsroom(&["test", &file]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "no tests found\n"));
    assert!(text(&output.stderr).contains("hint: add [[test]] blocks"), "{}", text(&output.stderr));
    let file = written(
        directory.path(),
        &FAILING.replace(
            "alert = \"api\", severity = \"critical\", state = \"pending\"",
            "alert = \"app\", state = \"pending\"",
        ),
    );
    let output = opsroom(&["test", &file]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(78), ""));
    assert!(text(&output.stderr).contains("no check named `app`"), "{}", text(&output.stderr));
    assert_eq!(opsroom(&["test", "nowhere.toml"]).status.code(), Some(78));
}

#[test]
fn a_day_of_checks_comes_to_what_its_outages_say() {
    let played = month::play(11, 1, 200);
    assert!(played.readings > 12_000 && played.firings > 30, "{} {}", played.readings, played.firings);
    assert!(played.facts > 2 * played.firings, "their statuses too: {}", played.facts);
}

/// Two services of which one needs the other, figures, an objective, maintenance, reminders, escalation and a digest.
const BUSY: &str = r#"
[console]
name = "busy"
[severity.critical]
notify = ["sms", "desk"]
repeat = "13m"
acknowledge_within = "9m"
[severity.high]
notify = ["desk"]
[severity.low]
notify = ["mail"]
digest = "daily 00:40"
[notify.sms]
twilio = { account = "AC1", token = "{secret:s}", from = "+15550100" }
[notify.desk]
command = ["true"]
limits = { "1m" = 2, "10m" = 5 }
quiet = { when = "daily 00:20-00:30", above = "high" }
[notify.mail]
command = ["true"]
[secret]
s = { env = "S" }
[contact.ana]
phone = "+15550101"
[contact.ben]
phone = "+15550102"
[oncall]
rotation = ["ana", "ben"]
handover = "daily 00:50"
from = "2026-01-05"
escalation = [{ after = "7m", to = ["ben"] }]
[alerts]
resolved_for = "4m"
quiet_ends_silence = "5m"
ack_expires = { critical = "6m", default = "11m" }
[maintenance.short]
when = "Mon 00:33-00:41"
services = ["api"]
notice = "11m"
notify = ["mail"]
[defaults]
every = "20s"
timeout = "7s"
fail_after = 2
ok_after = 2
[service.db]
[service.api]
depends_on = ["db"]
[check.db]
service = "db"
tcp = "127.0.0.1:9"
alert = { critical = "down for 45s", low = "stale for 31s" }
[check.api]
service = "api"
tcp = "127.0.0.1:9"
alert = { critical = "down", high = "degraded for 33s", low = "changes > 2 in 3m" }
[source.load]
http = "http://127.0.0.1:9/"
[metric.load]
from = "load"
value = ".body.x"
alert = { high = "> 5 for 37s", medium = "> 3 until < 1", low = "absent for 1m" }
[slo.api]
check = "api"
objective = "99%"
"#;

/// Something that comes: seconds after the one before, and which.
type Step = (u64, u8);

/// Plays steps, and stops at every second too where `is_watched`; what was put on record, in its order.
fn played(steps: &[Step], is_watched: bool) -> Vec<Fact> {
    let start: DateTime<Utc> = "2026-01-05T00:00:00Z".parse().unwrap();
    let mut driver = WorldDriver::new(config(BUSY), start);
    let mut at = 0;
    for (seconds, what) in steps {
        for second in at + 1..at + seconds {
            if is_watched {
                driver.advance(Duration::from_secs(second));
                driver.close();
            }
        }
        at += seconds;
        driver.advance(Duration::from_secs(at));
        come(&mut driver, *what);
        driver.close();
    }
    driver.take_facts()
}

fn come(driver: &mut WorldDriver, what: u8) {
    let now = driver.world().now;
    match what {
        0..=11 => {
            let sign =
                [Sign::Good, Sign::Good, Sign::Bad, Sign::Bad, Sign::Degraded, Sign::Unknown][usize::from(what % 6)];
            let check = if what < 6 { "api" } else { "db" };
            let timing = Timing { scheduled: now, sent: now, ended: now };
            driver.observe(Observation::Reading(Box::new(Reading::plain(check.into(), timing, sign))));
        }
        12..=15 => {
            let value = f64::from(what - 12) * 2.0;
            driver.observe(Observation::Sample(Sample {
                metric: "load".into(),
                at: now,
                value: Ok(value),
                caveat: None,
            }));
        }
        _ => {
            let id = now.utc.format("%H%M%S").to_string().into();
            let (why, until) = (SafeText::new("known"), now.plus(Duration::from_mins(9)).utc);
            let matching = if what == 16 { "service:api" } else { "*" }.to_owned();
            driver.say("ben", Statement::SilenceStarted(SilenceStarted { id, matching, why, until, hold: what == 16 }));
        }
    }
}

/// A fact without what numbers the messages of a process.
fn described(fact: &Fact) -> String {
    let said = match fact.said() {
        Statement::MessageClaimed(said) => format!("claimed {} {}", said.target.id(), said.summary),
        Statement::MessageSent(said) => format!("sent {} {:?}", said.target.id(), said.groups),
        said => format!("{said:?}"),
    };
    format!("{} {said}", fact.draft.at)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_clock_that_stops_where_something_is_due_misses_nothing_that_one_of_seconds_sees(
        steps in proptest::collection::vec((prop_oneof![8 => 1..30_u64, 1 => 30..600_u64], 0..18_u8), 1..60),
    ) {
        let (due, watched) = (played(&steps, false), played(&steps, true));
        let told = |facts: &[Fact]| -> Vec<String> { facts.iter().map(described).collect() };
        let (due, watched) = (told(&due), told(&watched));
        let first = due.iter().zip(&watched).position(|(one, other)| one != other);
        prop_assert!(due == watched, "{:?}", first.map_or((None, None), |at| (due.get(at), watched.get(at))));
    }
}
