//! `opsroom logs` where it counts: what it prints, to whom, and what it refuses.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Six records of two services, one of them with an escape in its message.
const LINES: &str = r#"{"time":"2026-11-21T10:00:00Z","level":"info","service":"api","msg":"user 1 came","status":200}
{"time":"2026-11-21T10:00:01Z","level":"info","service":"api","msg":"user 22 came","status":200}
{"time":"2026-11-21T10:00:02Z","level":"error","service":"db","msg":"disk \"sda\" is full","status":503}
{"time":"2026-11-21T10:00:03Z","level":"info","service":"api","msg":"user 333 came","status":200}
{"time":"2026-11-21T10:01:00Z","level":"warn","service":"api","msg":"slow\u001b[31m","status":404}
{"time":"2026-11-21T10:02:00Z","level":"info","service":"api","msg":"user 4 came"}
"#;

struct Done {
    out: String,
    err: String,
    code: Option<i32>,
}

fn logs(directory: &Path, arguments: &[&str], stdin: &str) -> Done {
    let mut child = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .arg("logs")
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A refused command does not read what it is given.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(directory.path().join("a.log")).unwrap();
    file.write_all(LINES.as_bytes()).unwrap();
    directory
}

#[test]
fn records_are_counted_in_files_and_on_stdin() {
    let directory = directory();
    let count = |arguments: &[&str], stdin: &str| {
        let done = logs(directory.path(), arguments, stdin);
        assert_eq!(done.code, Some(0), "{}", done.err);
        done.out
    };
    assert_eq!(count(&["a.log", "--count"], ""), "6\n");
    assert_eq!(count(&["a.log", "--count", "--filter", "level>=warn"], ""), "2\n");
    assert_eq!(count(&["a.log", "--count", "--filter", "nothing"], ""), "0\n");
    assert_eq!(count(&["a.log", "-", "--count", "--filter", "came"], LINES), "8\n");
    assert_eq!(
        count(&["a.log", "--count", "--since", "2026-11-21T10:00:02Z", "--until", "2026-11-21T10:02:00Z"], ""),
        "3\n"
    );
    let object: Value = serde_json::from_str(&count(&["-", "--count", "--json"], LINES)).unwrap();
    assert_eq!((&object["count"], &object["records"], &object["cut_records"]), (&6.into(), &6.into(), &0.into()));
    assert_eq!(object["covers"]["from"], "2026-11-21T10:00:00Z");
}

#[test]
fn a_field_of_the_filter_that_no_record_has_is_named_however_it_is_asked_for() {
    let directory = directory();
    let note = |arguments: &[&str]| {
        let done = logs(directory.path(), &[&["a.log", "--filter"], arguments].concat(), "");
        assert_eq!(done.code, Some(0), "{}", done.err);
        done.err
    };
    let said = "no record has the field `nosuch`";
    for arguments in [
        &["nosuch:5"][..],
        &["nosuch:5", "--count"],
        &["-nosuch:5", "--count"],
        &["nosuch:5", "--count", "--since", "2026-11-21T10:00:00Z"],
        &["nosuch:5", "--top", "status"],
        &["nosuch:5", "--histogram"],
        &["nosuch:5", "--patterns"],
    ] {
        assert!(note(arguments).contains(said), "{arguments:?}: {}", note(arguments));
    }
    for arguments in
        [&["status:1", "--count"][..], &["status:1"], &["level:fatal", "--count"], &["service:x", "--count"]]
    {
        assert!(!note(arguments).contains("no record has"), "{arguments:?}: {}", note(arguments));
    }
    // What was typed begins no line.
    assert!(note(&["\"no\nsuch\":5"]).starts_with("note: no line matched; no record has the field `no␊such`\n"));
    // Of what was passed by for want of a word it is not known which fields it has.
    let mut plain =
        std::fs::OpenOptions::new().create(true).append(true).open(directory.path().join("plain.log")).unwrap();
    plain.write_all(b"{\"msg\":\"one\"}\n{\"msg\":\"two\"}\n").unwrap();
    let passed_by = logs(directory.path(), &["plain.log", "--filter", "nowhere nosuch:5", "--count"], "");
    assert!(passed_by.out == "0\n" && !passed_by.err.contains("no record has"), "{}", passed_by.err);
}

#[test]
fn values_are_counted_as_sort_and_uniq_would() {
    let directory = directory();
    let done = logs(directory.path(), &["a.log", "--top", "status"], "");
    assert_eq!(done.out, "3   60.0 %  200\n1   20.0 %  404\n1   20.0 %  503\n");
    assert_eq!(
        done.err,
        "note: 1 of 6 records have no status\ncovers: a.log since 2026-11-21T10:00:00Z, the oldest record read\n"
    );
    let done = logs(directory.path(), &["a.log", "--top", "level", "--limit", "1", "--json"], "");
    let object: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(object["values"][0]["value"], "info");
    assert_eq!(
        (&object["values"][0]["count"], &object["distinct"], &object["missing"]),
        (&4.into(), &3.into(), &0.into())
    );
    assert_eq!(done.err, "");
}

#[test]
fn patterns_are_what_is_said_without_its_numbers() {
    let directory = directory();
    let done = logs(directory.path(), &["a.log", "--patterns"], "");
    let mut lines = done.out.lines();
    assert_eq!(lines.next(), Some("COUNT    SHARE  WORST  TREND         PATTERN"));
    let first = lines.next().unwrap();
    assert!(first.starts_with("    4   66.7 %  INFO ") && first.ends_with("user <n> came"), "{first}");
    let done = logs(directory.path(), &["a.log", "--patterns", "--json", "-F", "level>=warn"], "");
    let object: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&object["records"], &object["distinct"], &object["others"]), (&2.into(), &2.into(), &0.into()));
    let disk = object["patterns"].as_array().unwrap().iter().find(|row| row["level"] == "error").unwrap();
    assert_eq!(disk["pattern"], "disk \"sda\" is full");
    assert_eq!(disk["first"], "2026-11-21T10:00:02Z");
    assert!(disk["example"].as_str().unwrap().contains("\"service\":\"db\""));
}

#[test]
fn levels_are_shown_over_time() {
    let directory = directory();
    let done = logs(directory.path(), &["a.log", "--histogram", "--limit", "5"], "");
    let rows: Vec<&str> = done.out.lines().collect();
    assert!(rows[0].ends_with("each bar 1m"), "{}", rows[0]);
    assert!(rows[1].starts_with("2026-11-21T10:00:00Z      4      1      0  █"), "{}", rows[1]);
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.chars().count() <= 100));
    let done = logs(directory.path(), &["a.log", "--histogram", "--limit", "5", "--json"], "");
    let object: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&object["seconds"], &object["records"]), (&60.into(), &6.into()));
    assert_eq!(object["bars"][1]["levels"]["warn"], 1);
}

#[test]
fn context_is_printed_around_what_passes() {
    let directory = directory();
    let done = logs(directory.path(), &["a.log", "-F", "status:503 or status:404", "-C", "1", "--json"], "");
    let rows: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let matches: Vec<bool> = rows.iter().map(|row| row["match"].as_bool().unwrap()).collect();
    assert_eq!(matches, [false, true, false, true, false]);
    let done = logs(directory.path(), &["a.log", "-F", "\"user 1 \" or \"user 4 \"", "-C", "1"], "");
    let rows: Vec<&str> = done.out.lines().collect();
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[2], "--");
}

#[test]
fn no_control_character_reaches_a_terminal_or_a_pipe() {
    let directory = directory();
    let hostile = "plain \x1b]0;pwn\x07 \x1b[2J\r\x08 x=\x1b[31mred\n{\"msg\":\"a\\u001b[2Jb\\u0007\",\"k\\u001b\":\"\\u009b\"}\n";
    for arguments in [
        &["-"][..],
        &["-", "--json"],
        &["-", "--patterns"],
        &["-", "--patterns", "--json"],
        &["-", "--top", "msg"],
        &["-", "--top", "x", "--json"],
    ] {
        let done = logs(directory.path(), arguments, hostile);
        assert!(!done.out.chars().any(|c| c.is_control() && c != '\n'), "{arguments:?}: {:?}", done.out);
        assert!(!done.out.is_empty());
    }
}

#[test]
fn what_can_not_be_combined_is_refused() {
    let directory = directory();
    for (arguments, words) in [
        (&["a.log", "--count", "--follow"][..], "`--follow` can't be combined with a count"),
        (&["a.log", "--count", "--patterns"], "cannot be used with"),
        (&["a.log", "--limit", "3"], "required"),
        (&["a.log", "--top", "x", "--limit", "0"], "0 is not in 1.."),
        (&["a.log", "--count", "--filter", "level>=wran"], "did you mean `warn`?"),
    ] {
        let done = logs(directory.path(), arguments, "");
        assert_eq!((done.code, done.out.as_str()), (Some(64), ""), "{arguments:?}");
        assert!(done.err.contains(words), "{arguments:?}: {}", done.err);
    }
    assert_eq!(logs(directory.path(), &["/", "--count"], "").code, Some(3));
}

#[test]
fn numbers_are_grouped_by_another_field() {
    let directory = directory();
    let line = |n: u32| {
        let (path, took) = if n.is_multiple_of(4) { ("/slow", n * 10) } else { ("/fast", n) };
        format!("{{\"level\":\"info\",\"msg\":\"done\",\"path\":\"{path}\",\"took\":\"{took}ms\"}}\n")
    };
    let lines = (1..=100).fold(String::new(), |lines, n| lines + &line(n));
    let lines = lines + "{\"level\":\"info\",\"msg\":\"no number\",\"path\":\"/fast\"}\n";
    let done = logs(directory.path(), &["-", "--top", "path", "--of", "took"], &lines);
    let rows: Vec<Vec<&str>> = done.out.lines().map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["RECORDS", "P50", "P95", "MAX", "path"], "{}", done.out);
    assert_eq!((rows[1][0], *rows[1].last().unwrap()), ("25", "/slow"), "the highest p95 first: {}", done.out);
    assert!(done.out.contains("1.0 s") || done.out.contains("1 s"), "in its unit: {}", done.out);
    assert!(done.err.contains("1 record without a number in took"), "{}", done.err);
    let done = logs(directory.path(), &["-", "--top", "path", "--of", "took", "--json"], &lines);
    let object: Value = serde_json::from_str(&done.out).unwrap();
    let groups = object["groups"].as_array().unwrap();
    assert_eq!(
        (&groups[0]["value"], &groups[0]["count"], &groups[0]["unit"]),
        (&"/slow".into(), &25.into(), &"s".into())
    );
    assert!((groups[0]["p95"].as_f64().unwrap() - 0.96).abs() < 0.02 && groups[0]["max"] == 1.0, "{object}");
    let done = logs(directory.path(), &["-", "--of", "took"], &lines);
    assert_eq!(done.code, Some(64));
}
