//! The demo's outage, fought to its end by keys at 80×24: the round before it, the incident, the shift handed over in a shell,
//! the wall beside it, and the recording of all of it.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files, and its helpers end it where they fail"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::pty::{Terminal, until};
use crate::support::shell;

const PROGRAM: &str = env!("CARGO_BIN_EXE_opsroom");
const ENTER: &str = "\r";
/// Empties the field.
const CTRL_U: &str = "\x15";

/// The folder of the demo that keeps its things in `at`.
fn folder(at: &Path) -> PathBuf {
    let mut found = std::fs::read_dir(at).unwrap().flatten().map(|entry| entry.path());
    found.find(|path| path.to_string_lossy().contains("opsroom-demo-")).unwrap()
}

/// A command in another terminal, about that demo.
fn shell(at: &Path, arguments: &[&str]) -> String {
    let config = folder(at).join("opsroom.toml");
    let mut command = shell::opsroom(at);
    let output = command.arg("--config").arg(config).args(arguments).env("USER", "ana").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn round(demo: &mut Terminal) {
    demo.wait_for("6 of 6 ok");
    demo.press("7");
    demo.wait_for("Morning round");
    demo.press(ENTER);
    for done in ["6 of 9", "7 of 9", "8 of 9", "9 of 9"] {
        demo.wait_for(done);
        demo.press(ENTER);
    }
    demo.wait_for("signed off");
    demo.press("1");
}

fn outage(demo: &mut Terminal) {
    demo.wait_for("✗ cache DOWN");
    demo.wait_for("1 critical");
    demo.press("a");
    demo.wait_for("looking into it");
    demo.press("1");
    demo.press(ENTER);
    demo.wait_for("acknowledged until");
    demo.press("i");
    demo.wait_for("open an incident");
    demo.press(ENTER);
    demo.wait_for("opened as critical: cache down");
    demo.press("r");
    demo.wait_for("role in INC-2");
    demo.press(ENTER);
    demo.wait_for("lead ana");
    demo.press("R");
    demo.confirm("y runs it");
    demo.wait_for("restart cache: verified");
    demo.press("m");
    demo.wait_for("state of INC-2");
    demo.press(&format!("{CTRL_U}resolve\tthe cache was restarted{ENTER}"));
    demo.wait_for("RESOLVED");
}

#[test]
fn the_outage_of_the_demo_is_fought_to_its_end() {
    let at = tempfile::tempdir().unwrap();
    let (place, file) = (at.path().to_str().unwrap(), at.path().join("outage.rec"));
    let argv = [PROGRAM, "demo", "--seed", "1", "--record", file.to_str().unwrap()];
    let mut demo = Terminal::program(&argv, 80, 24, &[("TMPDIR", place), ("USER", "ana")]);
    round(&mut demo);
    outage(&mut demo);
    let over = demo.clock();
    demo.press("o");
    let report = folder(at.path()).join("incidents/INC-2.md");
    until("the report is written", || report.is_file());

    let config = folder(at.path()).join("opsroom.toml");
    let argv = [PROGRAM, "--config", config.to_str().unwrap(), "wall"];
    let mut wall = Terminal::program(&argv, 80, 24, &[("USER", "cy")]);
    wall.wait_for("of 6 ok");
    // What is left of it is what five weeks have left, as in the console.
    wall.wait("the budget of the shop", |screen| {
        let shown = screen.contents();
        shown.lines().any(|row| row.contains("shop budget 3") && !row.contains("100 %"))
    });
    wall.press("q");
    assert_eq!(wall.wait_for_end().exit_code(), 0);

    assert!(shell(at.path(), &["incident", "export", "2"]).contains("the cache was restarted"));
    let offered = shell(at.path(), &["handover", "--yes", "--note", "look at the carts"]);
    assert!(offered.starts_with("handover offered to Ben"), "{offered}");
    demo.press("\x0f");
    demo.wait_for("look at the carts");
    demo.press("\x1b");
    assert!(shell(at.path(), &["handover", "--accept", "--as", "ops-b"]).contains("Ben is on call"));
    demo.press("1");
    demo.wait("Ben has the shift", |screen| {
        screen.contents().lines().next().is_some_and(|row| row.contains("ops-b until"))
    });
    demo.press("q");
    assert_eq!(demo.wait_for_end().exit_code(), 0);

    let mut replay = Command::new(PROGRAM);
    replay.args(["replay", file.to_str().unwrap(), "--at", over.as_str(), "--format", "txt"]).env("HOME", place);
    let output = replay.stdin(Stdio::null()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("INC-2") && shown.contains("cache down"), "{output:?}");
}

/// What the lists of the example measure, of the world of the demo; `URL` is where that answers, `LOGS` where it logs. Of that
/// world it is the database: all else fails half a minute after the start, and the round is given the time that it takes. A poll
/// has time too: one that fails takes the availability away for longer than anybody waits.
const MEASURED: &str = r#"
[console]
name = "own"
[service.api]
[check.api]
service = "api"
http = "URL/db/health"
every = "10s"
timeout = "9s"
[source.host]
command = ["echo", '{"disk": 71, "memory": 40, "load": 0.7}']
every = "10s"
timeout = "9s"
[metric.disk]
from = "host"
value = ".json.disk"
unit = "%"
[metric.memory]
from = "host"
value = ".json.memory"
unit = "%"
[metric.load]
from = "host"
value = ".json.load"
[metric.errors-24h]
log = "api"
count = "level>=error"
window = "24h"
[metric.api-availability]
check = "api"
availability = "24h"
[log.api]
file = "LOGS/db.log"
format = "json"
[slo.api]
check = "api"
objective = "99%"
window = "30d"
"#;

/// The morning round of the example and what it includes, as they are written there.
fn lists_of_the_example() -> &'static str {
    let example = include_str!("../../config.example.toml");
    let (from, to) = (example.find("[checklist.morning]").unwrap(), example.find("[checklist.evening]").unwrap());
    &example[from..to]
}

#[test]
fn the_morning_round_of_the_example_takes_at_most_fifteen_keys() {
    let at = tempfile::tempdir().unwrap();
    let place = at.path().to_str().unwrap();
    let demo = Terminal::program(&[PROGRAM, "demo", "--seed", "1"], 80, 24, &[("TMPDIR", place)]);
    demo.wait_for("6 of 6 ok");
    let folder = folder(at.path());
    let written = std::fs::read_to_string(folder.join("opsroom.toml")).unwrap();
    let address = written.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    let measured = MEASURED.replace("URL", &format!("http://{address}"));
    let measured = measured.replace("LOGS", folder.join("logs").to_str().unwrap());
    let config = at.path().join("own.toml");
    std::fs::write(&config, format!("{measured}{}", lists_of_the_example())).unwrap();

    let mut console = Terminal::console(&config, 120, 40);
    console.wait_for("1 of 1 ok");
    let mut keys = 0;
    let mut press = |console: &mut Terminal, key: &str| {
        console.press(key);
        keys += 1;
    };
    press(&mut console, "7");
    console.wait_for("Morning round");
    // In the afternoon it is not due: that was over before there was the list.
    let is_at = |shown: &str| shown.lines().any(|row| row.contains('▌') && row.contains("Morning round"));
    while !is_at(&console.contents()) {
        press(&mut console, "j");
        console.wait("the box is at it", |screen| is_at(&screen.contents()));
    }
    press(&mut console, ENTER);
    console.wait("what is measured has passed", |screen| {
        let shown = screen.contents();
        let passed = |title: &str| shown.lines().any(|row| row.contains(title) && row.contains("passed"));
        let titles = ["All services", "Errors overnight", "Uptime of", "Disk below", "Memory below", "CPU: load"];
        titles.iter().all(|title| passed(title))
    });
    let is_done = |shown: &str| shown.contains("sign off") && !shown.contains("sign off:");
    let is_asked = |shown: &str| shown.lines().any(|row| row.contains('▌') && row.contains("No new shapes"));
    // What is measured may relapse for a moment, and an Enter is for that then.
    while !is_done(&console.contents()) {
        console.wait("it asks what is left", |screen| is_asked(&screen.contents()) || is_done(&screen.contents()));
        if !is_done(&console.contents()) {
            press(&mut console, ENTER);
            console.wait("the box goes on", |screen| !is_asked(&screen.contents()));
        }
    }
    press(&mut console, ENTER);
    console.wait_for("signed off by");
    assert!(keys <= 15, "{keys}");
}
