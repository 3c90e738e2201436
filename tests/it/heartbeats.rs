//! Heartbeats that jobs send to `opsroom watch`, and recordings of a watcher: the real process.
#![expect(clippy::unwrap_used, reason = "its helpers end a test where they fail")]

use rustix::process::Signal;

use crate::support::pty::until;
use crate::support::watcher::{Room, Watch, asked, get, serves};

const CHECK: &str = "[check.backup]\nheartbeat = \"1h\"\nfail_after = 1\nok_after = 1\n";

fn post(address: &str, path: &str) -> (String, String) {
    asked(address, format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").as_bytes())
}

/// What `opsroom status` says of the check.
fn status(room: &Room) -> String {
    String::from_utf8(room.opsroom(&["status", "backup", "--plain"]).stdout).unwrap()
}

#[test]
fn a_job_says_that_it_ran_and_that_survives_a_kill() {
    let room = Room::new();
    room.write(&format!("[console]\nname = \"watched\"\n{CHECK}"));
    // Nobody receives anything yet: that is no outage.
    assert!(status(&room).contains("unknown"), "{}", status(&room));
    let watch = room.watch(&["--listen", "127.0.0.1:0"]);
    let address = serves(&watch);
    let (head, _) = get(&address, "/heartbeat/backup");
    assert!(head.starts_with("HTTP/1.1 405 ") && head.contains("allow: POST"), "{head}");
    let (head, body) = post(&address, "/heartbeat/other");
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    assert_eq!(body, "no check of that name expects a heartbeat\n");
    until("it is waited for", || status(&room).contains("no heartbeat yet"));

    let (head, body) = post(&address, "/heartbeat/backup");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(body, "ok\n");
    assert!(status(&room).contains("OK OK"), "{}", status(&room));
    // What was answered is kept.
    watch.signal(Signal::KILL);
    drop(watch);
    assert!(status(&room).contains("OK OK"), "{}", status(&room));

    let mut watch = room.watch(&["--listen", "127.0.0.1:0"]);
    let address = serves(&watch);
    assert!(status(&room).contains("OK OK"), "{}", status(&room));
    assert!(post(&address, "/heartbeat/backup/fail").0.starts_with("HTTP/1.1 200 "));
    assert!(status(&room).contains("it said"), "{}", status(&room));
    watch.end();
}

#[test]
fn a_heartbeat_needs_the_token_where_there_is_one() {
    let room = Room::new();
    room.write(&format!(
        "[console]\nname = \"watched\"\n{CHECK}[watch]\nlisten = \"127.0.0.1:0\"\ntoken = \"{{secret:jobs}}\"\n[secret]\njobs = \
         {{ env = \"JOBS\" }}\n"
    ));
    let mut command = room.command(&["watch"]);
    command.env("JOBS", "s3cret-of-the-jobs");
    let mut watch = Watch::start(command);
    let address = serves(&watch);
    for path in ["/heartbeat/backup", "/heartbeat/other"] {
        let (head, _) = post(&address, path);
        assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    }
    let shown =
        "POST /heartbeat/backup HTTP/1.1\r\nauthorization: Bearer s3cret-of-the-jobs\r\ncontent-length: 0\r\n\r\n";
    assert!(asked(&address, shown.as_bytes()).0.starts_with("HTTP/1.1 200 "));
    watch.end();
}

#[test]
fn the_recording_of_a_watcher_that_was_killed_can_be_replayed() {
    let room = Room::new();
    room.write(&room.text());
    let watch = room.watch(&["--json", "--record", "night.rec"]);
    watch.change("the check is down", |change| change["kind"] == "status");
    // Until the next flush.
    let replay = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["replay", "night.rec"].iter().chain(arguments).copied().collect();
        let output = room.opsroom(&arguments);
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let last = || {
        let (_, said) = replay(&["--at", "2001-01-01T00:00:00Z", "--format", "txt"]);
        said.rsplit_once(" to ").map(|(_, last)| last.trim().replace(' ', "T"))
    };
    until("the outage is in the file", || {
        last().is_some_and(|last| replay(&["--at", &last, "--format", "txt"]).0.contains("refused"))
    });
    watch.signal(Signal::KILL);
    drop(watch);
    let (frame, said) = replay(&["--at", &last().unwrap(), "--format", "txt"]);
    assert!(frame.contains("watched") && frame.contains("refused"), "{frame}");
    assert!(said.contains("it ends in the middle: it is played up to that point"), "{said}");

    let again = room.opsroom(&["watch", "--record", "night.rec"]);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(said.contains("night.rec can't be recorded into: it is there already"), "{said}");
    let (_, said) = replay(&["--at", "nonsense"]);
    assert!(said.contains("`nonsense` is not a time"), "{said}");
}
