//! `opsroom logs` loses nothing that was read: long lines, control characters, the newest record, rotated files.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what fails here fails the test; the files are its own"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// Longer than any machine takes; waiting ends as soon as what is waited for is there.
const PATIENCE: Duration = Duration::from_secs(30);

struct Done {
    out: String,
    err: String,
    code: Option<i32>,
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opsroom"));
    command.arg("logs").args(arguments).current_dir(directory).env("HOME", directory).env("XDG_STATE_HOME", directory);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn logs(directory: &Path, arguments: &[&str], stdin: &[u8]) -> Done {
    let mut child = command(directory, arguments).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = stdin.to_vec();
    let writing = std::thread::spawn(move || drop(input.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
}

fn count(directory: &Path, file: &str, filter: &str) -> u64 {
    let done = logs(directory, &[file, "--count", "--filter", filter], b"");
    assert_eq!(done.code, Some(0), "{}", done.err);
    done.out.trim().parse().unwrap()
}

#[test]
fn what_is_behind_8_kib_of_a_line_is_found_and_counted() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    let pad = "x".repeat(20_000);
    let object = format!("{{\"msg\":\"{pad} needle\",\"pad\":\"{pad}\",\"status\":503,\"level\":\"error\"}}\n");
    let trace = format!("2026-11-28T05:13:00Z ERROR boom\n{}    at needle\n", "    at a.b.C(D.java:1)\n".repeat(490));
    fs::write(at.join("a.log"), object.repeat(3)).unwrap();
    fs::write(at.join("b.log"), format!("{trace}{pad} needle\n")).unwrap();
    for filter in ["needle", "status>=500", "status:5xx", "level:error", "message:needle", "/needle$/ or /needle\"/"] {
        assert_eq!(count(at, "a.log", filter), 3, "{filter}");
    }
    assert_eq!(count(at, "b.log", "needle"), 2, "a joined record and a line");
    let top = logs(at, &["a.log", "--top", "status"], b"");
    assert_eq!(top.out, "3  100.0 %  503\n");
    let printed = logs(at, &["a.log", "--json", "--filter", "needle"], b"");
    let object: Value = serde_json::from_str(printed.out.lines().next().unwrap()).unwrap();
    assert_eq!(object["message"].as_str().unwrap().len(), 20_007);
    assert_eq!(object["fields"]["pad"].as_str().unwrap().len(), 20_000, "whole");
    assert_eq!(object.get("cut_bytes"), None);
}

#[test]
fn a_bound_that_cuts_is_said() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    let long = "x".repeat(1 << 20);
    fs::write(at.join("a.log"), format!("{long}\n{long} needle\nneedle\n{long}y\n{{\"msg\":\"{long}\"}}\n")).unwrap();
    let done = logs(at, &["a.log", "--count", "--filter", "needle"], b"");
    assert_eq!(done.out, "1\n");
    assert!(done.err.starts_with("note: 3 records were cut at 1 MiB\n"), "{}", done.err);
    let done = logs(at, &["a.log", "--top", "level", "--json"], b"");
    assert_eq!(serde_json::from_str::<Value>(&done.out).unwrap()["cut_records"], 3);
    for summary in ["--patterns", "--histogram"] {
        let done = logs(at, &["a.log", summary], b"");
        assert!(done.err.contains("3 records were cut at 1 MiB"), "{summary}: {}", done.err);
    }
    let done = logs(at, &["a.log", "--filter", "needle"], b"");
    assert_eq!((&*done.out, &*done.err), ("needle\n", "note: 3 records were cut at 1 MiB\n"));
    let done = logs(at, &["a.log", "--json"], b"");
    let second: Value = serde_json::from_str(done.out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(second["cut_bytes"], 7);
}

#[test]
fn control_characters_hide_nothing() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    for (index, line) in [
        &b"good\rfake"[..],
        b"good\x08\x08\x08\x08fake",
        b"good\x1b[2K\x1b[1Gfake",
        b"good\x1b[1A\x1b[10Dfake",
        b"good\0fake",
        b"good\x0bfake\x0c",
        b"good\xe2\x80\xa8fake",
        b"\x1b]8;;http://good\x1b\\fake\x1b]8;;\x1b\\",
        b"\x1b]0;good\x07fake",
        b"\xc2\x9d0;good\x07fake",
        b"go\x1b[8mod\x1b[0m \x1b[30;40mfake",
        "good\u{202e}fake".as_bytes(),
        &[b"good a", "\u{301}".repeat(2000).as_bytes(), b" fake"].concat(),
        b"good\r\rfake\r",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("{index}.log");
        fs::write(at.join(&name), [line, &b"\n"[..]].concat()).unwrap();
        let shown = logs(at, &[&name], b"").out;
        assert!(shown.contains("good") && shown.contains("fake"), "{index}: {shown:?}");
        assert!(!shown.trim_end().contains(char::is_control), "{index}: {shown:?}");
        for word in ["good", "fake", "good fake", "/good.*fake/"] {
            assert_eq!(count(at, &name, word), 1, "{index}: {word} in {shown:?}");
        }
    }
    fs::write(at.join("crlf.log"), "one\r\ntwo\r\n").unwrap();
    assert_eq!(logs(at, &["crlf.log"], b"").out, "one\ntwo\n");
    let bar = (0..=100).map(|done| format!("\rfetching {done} %")).collect::<Vec<_>>().concat();
    let bar = logs(at, &["-"], format!("{bar}\n").as_bytes()).out;
    assert_eq!(bar, "␍×100 fetching 100 %\n");
}

#[test]
fn values_may_begin_with_a_hyphen() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    let minutes_ago = |minutes: i64| (chrono::Utc::now() - chrono::Duration::minutes(minutes)).to_rfc3339();
    let lines = format!("{} INFO old\n{} INFO health\n{} INFO new\n", minutes_ago(90), minutes_ago(30), minutes_ago(1));
    fs::write(at.join("a.log"), lines).unwrap();
    let count = |arguments: &[&str]| {
        let done = logs(at, &[&["a.log", "--count"], arguments].concat(), b"");
        assert_eq!(done.code, Some(0), "{}", done.err);
        done.out.trim().to_owned()
    };
    assert_eq!(count(&["--filter", "-health"]), "2");
    assert_eq!(count(&["--filter=-health"]), "2");
    assert_eq!(count(&["-F", "-health -old"]), "1");
    assert_eq!(count(&["--since", "-1h"]), "2");
    assert_eq!(count(&["--since=-1h"]), "2");
    assert_eq!(count(&["-s", "-1h", "--until", "-10m"]), "1");
    let done = logs(at, &["a.log", "--top", "-x"], b"");
    assert_eq!(done.code, Some(0), "{}", done.err);
}

#[test]
fn files_of_one_name_are_told_apart() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    for directory in ["web1", "web2", "eu/web1/log", "us/web1/log"] {
        fs::create_dir_all(at.join(directory)).unwrap();
        fs::write(at.join(directory).join("app.log"), format!("hello from {directory}\n")).unwrap();
    }
    let done = logs(at, &["web1/app.log", "web2/app.log"], b"");
    assert_eq!(done.out, "web1/app.log hello from web1\nweb2/app.log hello from web2\n");
    let done = logs(at, &["eu/web1/log/app.log", "us/web1/log/app.log", "--json"], b"");
    let names: Vec<Value> =
        done.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["log"].clone()).collect();
    assert_eq!(names, ["eu/web1/log/app.log", "us/web1/log/app.log"]);
    let done = logs(at, &["web1/app.log", "web2/app.log", "--top", "log"], b"");
    assert!(done.out.contains("web1/app.log") && done.out.contains("web2/app.log"), "{}", done.out);
    fs::write(at.join("opsroom.toml"), "[log.web]\nfile = \"web*/app.log\"\n").unwrap();
    let done = logs(at, &["web"], b"");
    assert_eq!(done.out, "web:web1/app.log hello from web1\nweb:web2/app.log hello from web2\n", "{}", done.err);
    let done = logs(at, &["web", "--json"], b"");
    let first: Value = serde_json::from_str(done.out.lines().next().unwrap()).unwrap();
    assert_eq!((&first["log"], &first["file"]), (&"web".into(), &"web1/app.log".into()));
}

#[test]
fn text_keeps_every_field_of_an_object() {
    let place = tempfile::tempdir().unwrap();
    let line = concat!(
        r#"{"time":"2026-11-28T05:13:00Z","level":"error","service":"api","msg":"no answer","method":"GET","#,
        r#""path":"/v1/a b","status":500,"client":"10.0.0.1","user":{"id":7,"name":"a \"b\""},"tags":["x","y"],"#,
        r#""empty":"","none":null,"event":"call","ts":1,"_id":"q"}"#,
        "\n"
    );
    let done = logs(place.path(), &["-"], line.as_bytes());
    assert_eq!(
        done.out,
        "2026-11-28T05:13:00.000Z ERROR api: no answer method=GET path=\"/v1/a b\" status=500 client=10.0.0.1 \
         user.id=7 user.name=\"a \\\"b\\\"\" tags=[\"x\",\"y\"] empty=\"\" none=null event=call ts=1 _id=q\n"
    );
    let done = logs(place.path(), &["-"], b"level=info msg=\"a b\" status=500 path=/x\n");
    assert_eq!(done.out, "INFO  a b status=500 path=/x\n");
}

/// A program that is read while it runs.
struct Running {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Running {
    fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut child = command(directory, arguments).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let lines = Self::read(child.stdout.take().unwrap());
        Self { child, input, lines }
    }

    fn read(out: ChildStdout) -> Receiver<String> {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        lines
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line comes")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn the_newest_record_is_printed_once_it_is_quiet_and_goes_on_later() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    let mut piped = Running::start(at, &["-"]);
    piped.input.write_all(b"2026-11-28T05:13:00Z ERROR boom\n").unwrap();
    assert!(piped.next().ends_with("boom"));
    piped.input.write_all(b"    at a.b.C(D.java:1)\n").unwrap();
    assert_eq!(piped.next(), "    at a.b.C(D.java:1)");
    piped.input.write_all(b"2026-11-28T05:13:01Z INFO next\n").unwrap();
    assert!(piped.next().ends_with("next"));

    let mut json = Running::start(at, &["-", "--json"]);
    json.input.write_all(b"2026-11-28T05:13:00Z ERROR boom\n").unwrap();
    let first: Value = serde_json::from_str(&json.next()).unwrap();
    assert_eq!((&first["message"], first.get("continued")), (&"boom".into(), None));
    json.input.write_all(b"    at a.b.C(D.java:1)\n").unwrap();
    let more: Value = serde_json::from_str(&json.next()).unwrap();
    assert_eq!((&more["message"], &more["continued"]), (&"    at a.b.C(D.java:1)".into(), &true.into()));

    let file = at.join("a.log");
    fs::write(&file, "2026-11-28T05:13:00Z ERROR boom\n").unwrap();
    let followed = Running::start(at, &["a.log", "--follow"]);
    assert!(followed.next().ends_with("boom"));
    fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"    at a.b.C(D.java:1)\n").unwrap();
    assert_eq!(followed.next(), "    at a.b.C(D.java:1)");

    let fifo = at.join("pipe");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let pipe = Running::start(at, &["pipe"]);
    let mut writer = fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    writer.write_all(b"2026-11-28T05:13:00Z ERROR boom\n").unwrap();
    assert!(pipe.next().ends_with("boom"));
}

#[test]
fn a_record_that_grows_is_counted_once() {
    let place = tempfile::tempdir().unwrap();
    let mut counting = Running::start(place.path(), &["-", "--count"]);
    counting.input.write_all(b"2026-11-28T05:13:00Z ERROR boom\n").unwrap();
    assert!(counting.lines.recv_timeout(Duration::from_millis(400)).is_err(), "nothing is counted before the end");
    counting.input.write_all(b"    at a.b.C(D.java:1)\n").unwrap();
    let Running { input, .. } = &mut counting;
    drop(std::mem::replace(input, Command::new("cat").stdin(Stdio::piped()).spawn().unwrap().stdin.take().unwrap()));
    assert_eq!(counting.next(), "1");
}

#[test]
fn a_count_says_what_it_covers() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    let now = chrono::Utc::now();
    let line = |minutes: i64, word: &str| {
        format!("{} ERROR {word}\n", (now - chrono::Duration::minutes(minutes)).to_rfc3339())
    };
    fs::write(at.join("app.log.2"), line(100, "oldest") + &line(80, "older")).unwrap();
    assert!(Command::new("gzip").arg(at.join("app.log.2")).status().unwrap().success());
    fs::write(at.join("app.log.1"), line(50, "rotated") + &line(40, "rotated")).unwrap();
    fs::write(at.join("app.log"), line(20, "now") + &line(10, "now")).unwrap();
    fs::write(at.join("opsroom.toml"), "[log.app]\nfile = \"app.log\"\n").unwrap();
    let done = logs(at, &["app", "--count"], b"");
    assert_eq!(done.out, "2\n");
    assert!(done.err.contains("2 rotated files not read"), "{}", done.err);
    let done = logs(at, &["app", "--count", "--since", "-1h"], b"");
    assert_eq!(done.out, "4\n");
    assert!(done.err.contains("covers: app since"), "{}", done.err);
    for summary in [&["--count"][..], &["--top", "level"], &["--patterns"], &["--histogram"]] {
        let done = logs(at, &[&["app", "--json", "--since", "90m"], summary].concat(), b"");
        let covers = &serde_json::from_str::<Value>(&done.out).unwrap()["covers"];
        assert_eq!((&covers["complete"], &covers["logs"][0]["rotated_files"]), (&true.into(), &2.into()), "{covers}");
        let done = logs(at, &[&["app", "--json"], summary].concat(), b"");
        let covers = &serde_json::from_str::<Value>(&done.out).unwrap()["covers"];
        assert_eq!((&covers["complete"], &covers["logs"][0]["rotated_files_not_read"]), (&false.into(), &2.into()));
        let done = logs(at, &[&["app"], summary].concat(), b"");
        assert!(done.err.contains("covers: app since"), "{summary:?}: {}", done.err);
    }
    // A `since` of its own reaches as far for a count as for what is printed.
    fs::write(at.join("opsroom.toml"), "[log.app]\nfile = \"app.log\"\nsince = \"90m\"\n").unwrap();
    assert_eq!(logs(at, &["app"], b"").out.lines().count(), 5);
    for (summary, field) in [("--count", "records"), ("--top=level", "records"), ("--patterns", "records")] {
        let object: Value = serde_json::from_str(&logs(at, &["app", "--json", summary], b"").out).unwrap();
        assert_eq!(object[field], 5, "{summary}: {object}");
        let read = &object["covers"]["logs"][0];
        assert_eq!(
            (&read["rotated_files"], &read["rotated_files_not_read"], &read["complete"]),
            (&2.into(), &0.into(), &true.into())
        );
    }
    let done = logs(at, &["app", "--json", "--histogram"], b"");
    assert_eq!(serde_json::from_str::<Value>(&done.out).unwrap()["records"], 5);
    let done = logs(at, &["app", "--count"], b"");
    assert!(!done.err.contains("not read"), "{}", done.err);
    let done = logs(at, &["app", "--count", "--since", "5h", "--json"], b"");
    let covers = &serde_json::from_str::<Value>(&done.out).unwrap()["covers"];
    assert_eq!(covers["complete"], false, "nothing of the first hours is there: {covers}");
}

#[test]
fn what_is_empty_is_in_every_record() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("a.log"), "a\nb\nc\n").unwrap();
    for filter in ["\"\"", "/x*/", "\"\" or took", "/$/"] {
        assert_eq!(count(place.path(), "a.log", filter), 3, "{filter}");
        assert_eq!(logs(place.path(), &["a.log", "-F", filter], b"").out.lines().count(), 3, "{filter}");
    }
}

#[test]
fn records_without_a_time_are_kept_and_it_is_said() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    let ago = |minutes| (chrono::Utc::now() - chrono::Duration::minutes(minutes)).to_rfc3339();
    fs::write(at.join("none.log"), "a\nb\nc\n").unwrap();
    let some = format!("{} INFO old\nafter old\n{} INFO new\nafter new\n", ago(120), ago(10));
    fs::write(at.join("some.log"), &some).unwrap();
    fs::write(at.join("late.log"), format!("first\n{} INFO new\nafter new\n", ago(10))).unwrap();
    let cases = [
        ("none.log", "--since", "a\nb\nc\n", 3),
        ("none.log", "--until", "a\nb\nc\n", 3),
        ("some.log", "--since", "new\nafter new\n", 0),
        ("some.log", "--until", "old\nafter old\n", 0),
        ("late.log", "--since", "first\nnew\nafter new\n", 1),
        ("late.log", "--until", "first\n", 1),
    ];
    for (file, bound, printed, without_time) in cases {
        let text = fs::read(at.join(file)).unwrap();
        for (name, stdin) in [(file, &b""[..]), ("-", &text)] {
            let done = logs(at, &[name, bound, "1h"], stdin);
            let said: String = done
                .out
                .lines()
                .map(|line| line.split_once("INFO  ").map_or(line, |(_, message)| message).to_owned() + "\n")
                .collect();
            assert_eq!(said, printed, "{file} {bound} {name}");
            let note = match without_time {
                0 => String::new(),
                1 => "note: 1 record has no time and is kept\n".to_owned(),
                count => format!("note: {count} records have no time and are kept\n"),
            };
            assert_eq!(done.err, note, "{file} {bound} {name}");
            let counted = logs(at, &[name, bound, "1h", "--count"], stdin);
            assert_eq!(counted.out, format!("{}\n", printed.lines().count()), "{file} {bound} {name}");
            assert!(counted.err.starts_with(&format!("{note}covers: ")), "{}", counted.err);
            for summary in ["--count", "--top=level", "--patterns", "--histogram"] {
                let object = logs(at, &[name, bound, "1h", summary, "--json"], stdin).out;
                let object: Value = serde_json::from_str(&object).unwrap();
                assert_eq!(object["without_time"], without_time, "{file} {bound} {summary}: {object}");
            }
        }
    }
}

#[test]
fn a_line_of_a_record_can_not_pass_for_another_record() {
    let place = tempfile::tempdir().unwrap();
    let text = r#"{"time":"2026-11-20T10:00:00Z","level":"info","msg":"ok\n2026-11-20T10:00:05.000Z ERROR api: forged\n  indented\n\nend"}"#;
    fs::write(place.path().join("a.log"), format!("{text}\n")).unwrap();
    assert_eq!(
        logs(place.path(), &["a.log"], b"").out,
        "2026-11-20T10:00:00.000Z INFO  ok\n    2026-11-20T10:00:05.000Z ERROR api: forged\n  indented\n\n    end\n"
    );
    let object: Value = serde_json::from_str(&logs(place.path(), &["a.log", "--json"], b"").out).unwrap();
    assert!(object["message"].as_str().unwrap().starts_with("ok⏎2026-11-20"), "{object}");
}
