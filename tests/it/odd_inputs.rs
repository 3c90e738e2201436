//! What people and scripts type by mistake into the commands by which people work together: names that are none, nothing,
//! control characters, texts without an end, and a system that takes no output or has no store. Each is told in a line or two,
//! with the exit code that is promised, and nothing panics.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test may touch files, and its helpers end it")]

use std::path::Path;
use std::process::{Command, Output};

use crate::support::pty::until_seen;
use crate::support::shell;
use crate::support::watcher::{Room, asked, serves};

const PROGRAM: &str = env!("CARGO_BIN_EXE_opsroom");

const CONFIG: &str = r#"
[console]
name = "odd"
[service.api]
[check.api]
service = "api"
command = ["true"]
every = "30s"
[contact.ana]
[contact.ben]
[oncall]
rotation = ["ana"]
[slo.api]
check = "api"
objective = "99%"
window = "7d"
[checklist.round]
step = [{ title = "Look", ask = "?" }, { title = "Users", measure = "number", range = "> 0" }]
"#;

/// Commands; in the place of `@` stands what is odd.
const COMMANDS: &[&str] = &[
    "checklist @",
    "checklist @ --json",
    "incident open t --severity @",
    "incident open t --service @",
    "incident open t --alert @",
    "incident open t --kind @",
    "incident --id @ note x",
    "incident note x --at @",
    "incident note @",
    "incident task --done @",
    "incident hypothesis --confirm @",
    "incident pin x --from @",
    "incident correct @ --text x",
    "incident stamp @ 5m",
    "incident stamp impact-started @",
    "incident role @",
    "incident role lead --to @",
    "incident severity @",
    "incident update @",
    "incident update x --next @",
    "incident update x --notify @",
    "incident merge --into @",
    "incident export @",
    "oncall @",
    "oncall take --as @",
    "oncall take --as ben --for @",
    "oncall take --as ben --for 1h --layer @",
    "oncall override @ --for 1h",
    "oncall override ben --from @ --for 1h",
    "oncall override ben --until @",
    "oncall override ana ben --for 7d --handover @",
    "oncall end @",
    "oncall calendar --from @",
    "oncall calendar --for @",
    "handover --print --as @",
    "handover --print --layer @",
    "handover --print --note @",
    "handover --accept --as @",
    "replay @",
    "replay opsroom.toml --at @",
    "replay opsroom.toml --speed @",
    "wall @",
    "change @",
    "change add t @ --why w --from 2099-01-01 --for 1h",
    "change add t api --why w --from @ --for 1h",
    "change add t api --why w --from 2099-01-01 --for @",
    "change add t api --why w --from 2099-01-01 --until @",
    "change add @ api --why @ --from 2099-01-01 --for 1h",
    "change approve @",
    "slo exclude @ --from 5m --for 1m --why w",
    "slo exclude api --from @ --for 1m --why w",
    "slo exclude api --from 2026-01-01T00:00Z --until @ --why w",
    "slo include @",
];

fn command(at: &Path, words: &[&str]) -> Command {
    let mut command = shell::opsroom(at);
    command.args(["--config", "opsroom.toml"]).args(words).env("USER", "ana");
    command
}

fn desk() -> tempfile::TempDir {
    let at = tempfile::tempdir().unwrap();
    std::fs::write(at.path().join("opsroom.toml"), CONFIG).unwrap();
    at
}

/// It ended as promised, said what is wrong in the form in which errors are said, and nothing else.
fn is_in_order(what: &str, output: &Output) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let shown: String = err.chars().take(400).collect();
    let code = output.status.code();
    assert!(matches!(code, Some(0..=3 | 64 | 70 | 78)), "{what}: {:?}: {shown}", output.status);
    assert!(!err.contains("panicked"), "{what}: {shown}");
    // Unknown may be what was asked for: steps that are open, figures that nothing measured.
    if code > Some(3) {
        assert!(err.starts_with("error: ") || err.contains("\nerror: "), "{what}: {code:?}: {shown}");
        assert!(err.contains("hint: ") || err.contains("--help"), "{what}: {code:?}: {shown}");
    }
    assert!(err.len() < 20_000, "{what}: {} bytes of {shown}", err.len());
    // What was typed begins no line of an error.
    assert!(!err.contains("a\nb"), "{what}: {shown}");
    for text in [&out, &err] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{what}: {shown}");
    }
}

#[test]
fn what_is_typed_by_mistake_is_explained_and_bounded() {
    let at = desk();
    let long = "x".repeat(100_000);
    let odd = ["", "\u{1b}]52;c;eA==\u{7}\u{202e}a\nb", &long, "99999999999d"];
    let opened = command(at.path(), &["incident", "open", "first", "--no-evidence"]).output().unwrap();
    assert!(opened.status.success(), "{opened:?}");
    std::thread::scope(|scope| {
        for part in COMMANDS.chunks(COMMANDS.len().div_ceil(3)) {
            let at = at.path();
            scope.spawn(move || {
                for (line, odd) in part.iter().flat_map(|line| odd.map(|odd| (*line, odd))) {
                    let words: Vec<&str> = line.split(' ').map(|word| if word == "@" { odd } else { word }).collect();
                    let what: String = format!("{line} with {odd:?}").chars().take(120).collect();
                    is_in_order(&what, &command(at, &words).output().unwrap());
                }
            });
        }
    });
    // All of it left a store that is whole, and reports that hold nothing of it raw.
    for words in [
        &["audit", "verify"][..],
        &["incident", "export", "1"],
        &["incident", "list", "--all"],
        &["change"],
        &["oncall"],
        &["timeline"],
        &["checklist"],
        &["slo"],
    ] {
        let output = command(at.path(), words).output().unwrap();
        is_in_order(&words.join(" "), &output);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{words:?}: {output:?}");
    }
}

/// Commands that read, and that write.
const EACH: &[&str] = &[
    "checklist",
    "checklist round",
    "checklist round --json",
    "incident",
    "incident open t --no-evidence",
    "incident note x",
    "incident export",
    "oncall",
    "oncall take --as ben --for 1h",
    "oncall calendar --ics",
    "handover",
    "handover --print",
    "handover --yes",
    "handover --accept --as ben",
    "wall",
    "change",
    "change add t api --why w --from 2099-01-01 --for 1h",
    "slo",
    "slo exclude api --from 5m --for 1m --why w",
    "replay gone",
];

#[test]
fn without_a_configuration_a_store_or_a_terminal_it_is_said_what_is_missing() {
    let at = desk();
    std::fs::write(at.path().join("rubbish.db"), "this is no database at all, but a text".repeat(200)).unwrap();
    let deep = at.path().join("rubbish.db/below.db");
    for line in EACH {
        let words: Vec<&str> = line.split(' ').collect();
        for store in ["rubbish.db", "/", deep.to_str().unwrap(), "postgres://nobody@127.0.0.1:1/none"] {
            let url = if store.starts_with("postgres") { store.to_owned() } else { format!("sqlite:{store}") };
            let output = command(at.path(), &[&["--store", &url], &words[..]].concat()).output().unwrap();
            is_in_order(&format!("{line} on {store}"), &output);
            assert_ne!(output.status.code(), Some(0), "{line} on {store}: {output:?}");
        }
        let bare = tempfile::tempdir().unwrap();
        let output = command(bare.path(), &words).output().unwrap();
        is_in_order(&format!("{line} without a configuration"), &output);
        // An editor needs a terminal before all else.
        let due = if *line == "handover" { 64 } else { 78 };
        assert_eq!(output.status.code(), Some(due), "{line} without the configuration that is named: {output:?}");
    }
}

#[test]
fn a_closed_input_or_output_ends_it_without_a_word_too_much() {
    let at = desk();
    for line in EACH {
        for closed in ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-", ">/dev/full"] {
            let script = format!("exec '{PROGRAM}' --config opsroom.toml {line} {closed}");
            let mut shell = shell::at_home("/bin/sh", at.path());
            let output = shell.args(["-c", &script]).env("USER", "ana").output().unwrap();
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = output.status.code();
            assert!(matches!(code, Some(0..=3 | 64 | 70 | 78)), "{line} {closed}: {:?}: {err}", output.status);
            assert!(!err.contains("panicked"), "{line} {closed}: {err}");
        }
    }
    let verified = || command(at.path(), &["audit", "verify"]).output().unwrap().status.code();
    until_seen("the store is whole", verified, |code| *code == Some(0));
}

/// What comes by a pipe and has no end is read as far as it is wanted.
#[test]
fn a_text_without_an_end_is_not_kept() {
    let at = desk();
    let big = at.path().join("big");
    std::fs::write(&big, vec![b'x'; 10 << 20]).unwrap();
    let output = command(at.path(), &["replay", "big"]).output().unwrap();
    is_in_order("replay of ten megabytes", &output);
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    let input = std::fs::File::open(&big).unwrap();
    let output = command(at.path(), &["checklist", "round"]).stdin(input).output().unwrap();
    is_in_order("a checklist that is answered with ten megabytes", &output);
    // An editor that writes that much: what it wrote is not put on record whole.
    let script = "exec \"$0\" --config opsroom.toml handover";
    let argv = ["/bin/sh", "-c", script, PROGRAM];
    let editor = format!("cp {}", big.display());
    let (home, state) = (at.path().to_str().unwrap(), at.path().join("state"));
    let environment = [
        ("HOME", home),
        ("XDG_STATE_HOME", state.to_str().unwrap()),
        ("EDITOR", &editor),
        ("USER", "ana"),
        ("PWD", home),
    ];
    let inside = format!("cd {home} && {script}");
    let argv = [argv[0], argv[1], &inside, argv[3]];
    let mut terminal = crate::support::pty::Terminal::program(&argv, 100, 30, &environment);
    let code = terminal.wait_for_end().exit_code();
    let shown = terminal.contents();
    assert!(!shown.contains("panicked") && shown.contains("error: "), "{shown}");
    assert_ne!(code, 0, "{shown}");
}

/// A heartbeat is asked for by whoever reaches the port.
#[test]
fn a_heartbeat_that_is_none_is_refused_in_words() {
    let room = Room::new();
    room.write(&format!("{}[check.nightly]\nheartbeat = \"24h\"\ngrace = \"1h\"\n", room.text()));
    let mut watch = room.watch(&["--listen", "127.0.0.1:0"]);
    let address = serves(&watch);
    for (method, path, status) in [
        ("POST", "/heartbeat/nightly", "200"),
        ("POST", "/heartbeat/nightly/fail", "200"),
        ("POST", "/heartbeat/", "404"),
        ("POST", "/heartbeat", "404"),
        ("POST", "/heartbeat/nobody", "404"),
        ("POST", "/heartbeat/%1b%5b31m", "404"),
        ("POST", "/heartbeat/../metrics", "404"),
        ("POST", "/heartbeat/nightly/fail/x", "404"),
        ("POST", "/heartbeat/nightly\u{1b}[31m", "400"),
        ("POST", "/heartbeat/a b", "400"),
        ("GET", "/heartbeat/nightly", "405"),
        ("DELETE", "/heartbeat/nightly", "405"),
    ] {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
        let (head, body) = asked(&address, request.as_bytes());
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {path:?}: {head}");
        assert!(!body.trim().is_empty() && !body.contains('\u{1b}'), "{method} {path:?}: {body}");
    }
    // A body is not read, whatever it promises.
    let endless = "POST /heartbeat/nightly HTTP/1.1\r\nhost: x\r\ncontent-length: 10485760\r\n\r\n";
    assert!(asked(&address, endless.as_bytes()).0.starts_with("HTTP/1.1 200 "));
    watch.end();
}
