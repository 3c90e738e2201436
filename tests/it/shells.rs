//! The completion scripts in the true shells, and the manual page in the true formatter, where they are installed.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what fails here fails the test; the files are the test's own"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_opsroom");

const CONFIG: &str = r#"
[service.shop]
[check.api]
tcp = "127.0.0.1:1"
[check.db]
tcp = "127.0.0.1:2"
[metric.api-latency]
check = "api"
latency = "p95"
window = "5m"
[log.web]
file = "web.log"
[adapter.ctl]
restart = { steps = [["true"]] }
[action.restart-api]
service = "shop"
adapter = "ctl"
do = "restart"
confirm = "yes"
[screen.war-room]
rows = [["services"]]
"#;

fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// A directory with a configuration, a file and the program in it.
fn place() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("ops.toml"), CONFIG).unwrap();
    fs::write(directory.path().join("a file.log"), "").unwrap();
    fs::create_dir_all(directory.path().join("state/opsroom/runs/run-1")).unwrap();
    std::os::unix::fs::symlink(PROGRAM, directory.path().join("opsroom")).unwrap();
    directory
}

fn shell(argv: &[&str], place: &Path) -> Output {
    let path = format!("{}:{}", place.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(argv[0]);
    command.args(&argv[1..]).current_dir(place).env("PATH", path).env("OPSROOM_CONFIG", "ops.toml");
    command.env("XDG_STATE_HOME", place.join("state")).env("HOME", place).output().unwrap()
}

/// The lines that bash offers for the words, the last of which is being completed.
fn bash(words: &[&str], place: &Path) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <(opsroom completions bash); COMP_WORDS=({}); COMP_CWORD={}; _opsroom; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words.len() - 1
    );
    let output = shell(&["bash", "--norc", "--noprofile", "-c", &script], place);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_names() {
    let place = place();
    let place = place.path();
    for (words, expected) in [
        (&["opsroom", "sta"][..], &["status", "statuspage"][..]),
        (&["opsroom", "__"], &[]),
        (&["opsroom", "status", ""], &["api", "db", "api-latency", "shop"]),
        (&["opsroom", "status", "--js"], &["--json"]),
        (&["opsroom", "status", "--until", ""], &["ok", "degraded"]),
        (&["opsroom", "run", ""], &["restart-api"]),
        (&["opsroom", "runs", ""], &["run-1"]),
        (&["opsroom", "unlock", "run"], &["run-1"]),
        (&["opsroom", "snapshot", "w"], &["war-room"]),
        (&["opsroom", "logs", "w"], &["web"]),
        (&["opsroom", "logs", "a"], &["a file.log"]),
        (&["opsroom", "--theme", "mid"], &["midnight"]),
        (&["opsroom", "--theme", "=", "mid"], &["midnight"]),
        (&["opsroom", "completions", "z"], &["zsh"]),
        (&["opsroom", "--config", "op"], &["ops.toml", "opsroom"]),
    ] {
        let mut found = bash(words, place);
        let mut expected = expected.to_vec();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{words:?}");
    }
}

#[test]
fn a_broken_configuration_completes_silently() {
    let place = place();
    fs::write(place.path().join("ops.toml"), "[check.api\n").unwrap();
    assert_eq!(bash(&["opsroom", "status", ""], place.path()), [""; 0]);
    assert_eq!(bash(&["opsroom", "sta"], place.path()), ["status", "statuspage"]);
    let output = shell(&["opsroom", "__complete", "--", "status", ""], place.path());
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn fish_completes_with_descriptions() {
    if !installed("fish") {
        return;
    }
    let place = place();
    let offered = |line: &str| {
        let script = format!("opsroom completions fish | source; complete -C '{line}'");
        let output = shell(&["fish", "--no-config", "-c", &script], place.path());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(offered("opsroom status ap"), "api\tcheck\napi-latency\tmetric\n");
    assert!(offered("opsroom logs a").contains("a\\ file.log") || offered("opsroom logs a").contains("a file.log"));
    assert!(offered("opsroom --the").starts_with("--theme\t"));
    assert_eq!(offered("opsroom __"), "");
}

#[test]
fn zsh_reads_its_script() {
    if !installed("zsh") {
        return;
    }
    let place = place();
    let script = "autoload -Uz compinit && compinit -u -D; source <(opsroom completions zsh); print $_comps[opsroom]";
    let output = shell(&["zsh", "-f", "-c", script], place.path());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "_opsroom\n", "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn the_manual_is_formatted_without_a_warning() {
    if !installed("groff") {
        return;
    }
    let page = Command::new(PROGRAM).arg("man").output().unwrap().stdout;
    let mut groff = Command::new("groff")
        .args(["-man", "-Tutf8", "-ww", "-rLL=80n", "-P-cbu"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    groff.stdin.take().unwrap().write_all(&page).unwrap();
    let output = groff.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    for title in ["CONFIGURATION", "FILTERS", "KEYS", "FILES", "ENVIRONMENT", "EXIT STATUS"] {
        assert!(text.contains(title), "{title}");
    }
}
