//! Actions that get the terminal: who has it, what goes on record, and what becomes of it when the line drops.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the files are the tests' own, and what fails here fails the test"
)]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};

use crate::support::pty::{self, Terminal};

/// A configuration with one action that opens a program in the terminal.
struct Opening(tempfile::TempDir);

impl Opening {
    fn of(steps: &str) -> Self {
        let opening = Self(tempfile::tempdir().unwrap());
        let text = format!(
            "[console]\nname = \"proving-ground\"\n[service.api]\n\
             [adapter.ours]\nenv = {{ GREETING = \"hello\" }}\nshell = {{ terminal = true, steps = {steps} }}\n\
             [action.open-api]\nservice = \"api\"\nadapter = \"ours\"\ndo = \"shell\"\nkey = \"H\"\n"
        );
        std::fs::write(opening.config(), text).unwrap();
        opening
    }

    fn config(&self) -> PathBuf {
        self.0.path().join("opsroom.toml")
    }

    /// The console at the confirmation, which is given.
    fn confirmed(&self) -> Terminal {
        let mut console = Terminal::console(&self.config(), 100, 30);
        console.wait_for("proving-ground");
        console.press("H");
        console.wait_for("digest");
        assert!(console.contents().contains("neither recorded nor redacted"), "{}", console.contents());
        pty::until("the dialog takes the key", || {
            console.press("y");
            std::thread::sleep(Duration::from_millis(50));
            !console.contents().contains("digest")
        });
        console
    }
}

fn first_run(console: &Terminal) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .args(["runs", "--json"])
        .env("XDG_STATE_HOME", console.state())
        .output()
        .unwrap();
    serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap_or_default()[0].clone()
}

fn wait_for_state(console: &Terminal, state: &str) -> serde_json::Value {
    let mut run = serde_json::Value::Null;
    pty::until(&format!("the run is {state}"), || {
        run = first_run(console);
        run["state"] == state
    });
    run
}

#[test]
fn a_shell_has_the_terminal_and_its_exit_code_goes_on_record() {
    let opening = Opening::of(r#"[["sh", "-i"]]"#);
    let mut console = opening.confirmed();
    console.wait("our screen is left", |screen| !screen.alternate_screen() && !screen.hide_cursor());
    console.press("echo $GREETING-$TERM-$((40 + 2))-${PAGER-none}\r");
    console.wait_for("hello-xterm-256color-42-none");
    assert_eq!(wait_for_state(&console, "running")["verb"], "shell");
    console.press("stty size\r");
    console.wait_for("30 100");
    console.resize(90, 25);
    console.press("stty size\r");
    console.wait_for("25 90");

    // Ctrl-C is for what runs in the shell: neither the shell nor the console ends.
    console.press("echo sleeps-$((40 + 1)); sleep 100; echo slept-$((40 + 4))\r");
    console.wait_for("sleeps-41");
    console.press("\x03");
    // What is typed before the shell is back at its prompt goes with the interrupt.
    console.wait("the prompt behind the interrupt", |screen| {
        let text = screen.contents();
        text.contains("^C") && text.trim_end().ends_with('#')
    });
    console.press("echo still-$((40 + 3))\r");
    console.wait_for("still-43");
    assert!(!console.contents().contains("slept-44"));

    console.press("sleep 3; exit 3\r");
    console.wait("the console in its new size", |screen| {
        screen.alternate_screen() && screen.contents().contains("exit 3")
    });
    let run = wait_for_state(&console, "failed");
    assert_eq!((&run["exit_code"], &run["verb"]), (&3.into(), &"shell".into()), "{run}");
    console.press("q");
    assert_eq!(console.wait_for_end().exit_code(), 0);
    console.assert_restored("after a shell");
}

#[test]
fn what_fails_at_once_is_read_before_the_screen_is_covered() {
    let opening = Opening::of(r#"[["sh", "-c", "echo no such container; exit 1"]]"#);
    let mut console = opening.confirmed();
    console.wait("why it failed", |screen| {
        let text = screen.contents();
        text.contains("no such container") && text.contains("Press Enter to return") && !screen.alternate_screen()
    });
    console.press("\r");
    console.wait("the console again", |screen| screen.alternate_screen() && screen.contents().contains("exit 1"));
    assert_eq!(wait_for_state(&console, "failed")["exit_code"], 1);
}

#[test]
fn a_dropped_line_hangs_the_shell_up() {
    let opening =
        Opening::of(r#"[["sh", "-c", "trap 'kill $!; exit' HUP; sleep 1000 & echo $$ > pid; echo ready; wait"]]"#);
    let mut console = opening.confirmed();
    console.wait_for("ready");
    let pid = std::fs::read_to_string(opening.0.path().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    console.close();
    assert_eq!(console.wait_for_end().exit_code(), 129);
    pty::until("the shell is gone", || test_kill_process(pid).is_err());
    let run = wait_for_state(&console, "killed");
    assert!(run["note"].as_str().is_some_and(|note| note.contains("the terminal was closed")), "{run}");
}

#[test]
fn in_a_shell_an_action_gets_the_terminal_too() {
    let opening = Opening::of(r#"[["sh", "-i"]]"#);
    let config = opening.config();
    let program = [env!("CARGO_BIN_EXE_opsroom"), "--config", config.to_str().unwrap(), "run", "open-api", "--yes"];
    let mut shell = Terminal::program(&program, 100, 30, &[]);
    shell.wait_for("is handed over");
    shell.press("echo shell-$((40 + 2))\r");
    shell.wait_for("shell-42");
    shell.press("exit\r");
    assert_eq!(shell.wait_for_end().exit_code(), 0, "{}", shell.contents());
    assert_eq!(wait_for_state(&shell, "ended")["exit_code"], 0);
}

#[test]
fn without_a_terminal_or_read_only_nothing_is_opened() {
    let opening = Opening::of(r#"[["sh", "-i"]]"#);
    let state = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .args(["run", "open-api", "--yes", "--config"])
        .arg(opening.config())
        .env("XDG_STATE_HOME", state.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(64) && said.contains("`shell api` needs a terminal"), "{said}");

    let config = opening.config();
    let config = config.to_str().unwrap();
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--read-only", "--config", config, "run", "open-api", "--yes"];
    let mut shell = Terminal::program(&argv, 100, 30, &[]);
    assert_eq!(shell.wait_for_end().exit_code(), 64);
    shell.wait_for("read-only: nothing that changes the world");
}
