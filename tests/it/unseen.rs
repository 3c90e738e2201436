//! What must not be seen: control characters that stand in arguments, and secrets.
#![expect(
    clippy::disallowed_methods,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::shell::opsroom;

const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that a command printed.
fn printed(output: &Output) -> Vec<u8> {
    [output.stdout.as_slice(), output.stderr.as_slice()].concat()
}

/// ESC with a title, an 8-bit CSI, a sign that turns the line around, a bell, and a byte that is no UTF-8.
const EVIL: &[u8] = b"x\x1b]0;title\x07\xc2\x9b31m\xe2\x80\xae\x7f\xff";

fn is_safe(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).unwrap_or("\u{1b}");
    !text.contains(|c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || c == '\u{202e}')
}

#[test]
fn what_stands_in_arguments_is_repeated_without_its_controls() {
    let at = tempfile::tempdir().unwrap();
    std::fs::write(at.path().join("ops.toml"), "[adapter.a]\nrestart = { steps = [[\"true\"]] }\n").unwrap();
    let evil = OsStr::from_bytes(EVIL);
    // As the program takes it where it wants text.
    let text = String::from_utf8_lossy(EVIL).into_owned();
    let text = OsStr::new(&text);
    let words = |words: &'static [&'static str]| words.iter().map(OsStr::new).collect::<Vec<_>>();
    let lines: Vec<(Vec<&OsStr>, &OsStr)> = [
        (&["--config"] as &[&str]),
        &["check"],
        &["--store"],
        &["--config", "ops.toml", "run"],
        &["--config", "ops.toml", "--theme"],
        &["--config", "ops.toml", "status"],
        &["--config", "ops.toml", "logs"],
        &["--config", "ops.toml", "logs", "--where"],
        &["--config", "ops.toml", "logs", "--since"],
        &["--config", "ops.toml", "snapshot"],
        &["--config", "ops.toml", "snapshot", "--keys"],
        &["--config", "ops.toml", "run", "a", "--set"],
        &["config", "adapters"],
        &["unlock", "--why", "x"],
        &["runs"],
        &["completions"],
        &["__complete", "run"],
        &["__demo", "restart", "--dry-run"],
        &["__run"],
        &["--log-file"],
        &[],
        &["--nothing"],
    ]
    .into_iter()
    .flat_map(|line| [(words(line), evil), (words(line), text)])
    .collect();
    for (line, last) in lines {
        let output = opsroom(at.path()).args(&line).arg(last).output().unwrap();
        let said = printed(&output);
        assert!(is_safe(&said), "{line:?} {last:?}: {}", String::from_utf8_lossy(&said).escape_debug());
    }
    // A directory of its own: `--log-file` made a file of that name above.
    let at = tempfile::tempdir().unwrap();
    let output = opsroom(at.path()).env("OPSROOM_CONFIG", text).arg("status").output().unwrap();
    let said = printed(&output);
    let shown = String::from_utf8_lossy(&said).escape_debug().to_string();
    assert!(is_safe(&said) && !said.is_empty(), "{shown}");
}

#[test]
fn a_crash_leaves_no_core() {
    let at = tempfile::tempdir().unwrap();
    std::fs::write(at.path().join("app.log"), "begins\n").unwrap();
    // The shell allows what the program then forbids itself.
    let script = "ulimit -c unlimited 2>/dev/null || ulimit -c $(ulimit -Hc); exec \"$0\" logs app.log --follow";
    let mut child = Command::new("/bin/sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_opsroom")])
        .current_dir(at.path())
        .env("HOME", at.path())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let about = |what: &str| std::fs::read_to_string(format!("/proc/{}/{what}", child.id())).unwrap();
    let begun = Instant::now();
    let forbidden = || {
        // Before that it is still the shell.
        let (is_ours, limits) = (about("comm") == "opsroom\n", about("limits"));
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned();
        is_ours && line.split_whitespace().nth(4) == Some("0")
    };
    while !forbidden() {
        assert!(begun.elapsed() < PATIENCE, "the limit is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
    // Not SEGV, which the standard library catches once.
    Command::new("kill").args(["-ABRT", &child.id().to_string()]).status().unwrap();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.signal(), Some(6), "{status:?}");
    let left: Vec<_> = std::fs::read_dir(at.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["app.log"]);
}

const ACTION: &str = r#"
[secret]
token = { env = "UNSEEN_TOKEN" }
[adapter.ours]
env = { TOKEN = "{secret:token}" }
restart = { steps = [["sh", "-c", "echo ran; exit 0", "sh", "swordfish-1"]] }
fine    = { steps = [["sh", "-c", "test $TOKEN = swordfish\"-1\""]] }
[action.restart]
adapter = "ours"
do      = "restart"
target  = "api"
[action.fine]
adapter = "ours"
do      = "fine"
target  = "api"
"#;

#[test]
fn a_secret_that_is_written_into_a_step_runs_nothing_and_is_recorded_nowhere() {
    let at = tempfile::tempdir().unwrap();
    std::fs::write(at.path().join("opsroom.toml"), ACTION).unwrap();
    let run = |arguments: &[&str]| {
        let output = opsroom(at.path()).env("UNSEEN_TOKEN", "swordfish-1").args(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(printed(&output)).unwrap())
    };
    let (code, said) = run(&["check"]);
    assert!(code == 78 && said.contains("opsroom.toml:6:62: the value of secret `token` is written here"), "{said}");
    let (code, said) = run(&["run", "restart", "--yes"]);
    assert!(code == 64 && said.contains("holds the value of secret `token`") && !said.contains("swordfish"), "{said}");
    let mut open = vec![at.path().join("state")];
    while let Some(path) = open.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            open.extend(entries.map(|entry| entry.unwrap().path()));
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            assert!(!bytes.windows(9).any(|part| part == b"swordfish"), "{}", path.display());
        }
    }
    let (code, said) = run(&["run", "fine", "--yes"]);
    assert_eq!(code, 0, "{said}");
}

/// The value of a secret that only the environment knows, beside a problem of another kind.
#[test]
fn a_value_from_the_environment_is_masked_in_every_excerpt() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("opsroom.toml");
    let text = r#"
[secret]
tok = { env = "TOK" }
[check.a]
http = "https://u@h.example/?k=s3cr3t-token-value"
tiemout = "5s"
expect = ['.status == "s3cr3t-token-value" and']
[adapter.x]
env = { TV = "s3cr3t-token-value" }
go = { steps = [["echo", "s3cr3t-token-value", "{secret:tok}"]] }
"#;
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for command in [&["check"][..], &["check", "--json"], &["status"], &["unlock", "x", "--why", "y"]] {
        let out = Command::new(env!("CARGO_BIN_EXE_opsroom"))
            .args(command)
            .current_dir(place.path())
            .env("TOK", "s3cr3t-token-value")
            .env("XDG_STATE_HOME", place.path())
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), Some(78), "{command:?}: {said}");
        assert!(said.contains("tiemout") && !said.contains("s3cr3t"), "{command:?}: {said}");
        if command[0] == "check" {
            assert_eq!(said.matches("the value of secret `tok` is written here").count(), 4, "{said}");
        }
    }
}
