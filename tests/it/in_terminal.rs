//! Actions that get the terminal: who has it, what goes on record, and what becomes of it when the line drops.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the files are the tests' own, and what fails here fails the test"
)]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

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

    /// Which process wrote its number into `pid`.
    fn pid(&self) -> Pid {
        let pid = std::fs::read_to_string(self.0.path().join("pid")).unwrap();
        Pid::from_raw(pid.trim().parse().unwrap()).unwrap()
    }

    /// The console at the confirmation, which is given.
    fn confirmed(&self) -> Terminal {
        confirm(Terminal::console(&self.config(), 100, 30), "H")
    }

    /// The same behind a shell that has no job control and sits in our group, after its words `before`.
    fn confirmed_in_script(&self, before: &str) -> Terminal {
        confirm(Terminal::in_script(before, &self.config(), 100, 30), "H")
    }

    /// The same in the shell that a person came from.
    fn confirmed_in_shell(&self) -> Terminal {
        let mut outer = Terminal::program(&["/bin/sh", "-i"], 100, 30, &[("PS1", "outer$ ")]);
        outer.wait_for("outer$");
        outer.press(&format!("{} --config {}\r", env!("CARGO_BIN_EXE_opsroom"), self.config().display()));
        confirm(outer, "H")
    }
}

/// Gives the confirmation of the action with that key.
pub fn confirm(mut console: Terminal, key: &str) -> Terminal {
    console.wait("the console", |screen| screen.alternate_screen() && screen.contents().contains("proving-ground"));
    console.press(key);
    console.wait_for("digest");
    assert!(console.contents().contains("neither recorded nor redacted"), "{}", console.contents());
    pty::until("the dialog takes the key", || {
        console.press("y");
        std::thread::sleep(Duration::from_millis(50));
        !console.contents().contains("digest")
    });
    console
}

fn first_run(console: &Terminal) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_opsroom"))
        .args(["runs", "--json"])
        .env("XDG_STATE_HOME", console.state())
        .output()
        .unwrap();
    serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap_or_default()[0].clone()
}

pub fn wait_for_state(console: &Terminal, state: &str) -> serde_json::Value {
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
    // Before that the shell itself would be interrupted, and wait for its program all the same.
    pty::until("the program has the terminal", || console.foreground() == "sleep");
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
    // It is over, whether its words were read or not.
    assert_eq!(wait_for_state(&console, "failed")["exit_code"], 1);
    assert!(console.contents().contains("Press Enter to return"), "{}", console.contents());
    console.press("\r");
    console.wait("the console again", |screen| screen.alternate_screen() && screen.contents().contains("exit 1"));
}

#[test]
fn a_dropped_line_hangs_the_shell_up() {
    let opening =
        Opening::of(r#"[["sh", "-c", "trap 'kill $!; exit' HUP; sleep 1000 & echo $$ > pid; echo ready; wait"]]"#);
    let mut console = opening.confirmed();
    console.wait_for("ready");
    let pid = opening.pid();
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
    shell.wait_for("read-only: actions that change something");
}

/// The console is drawn, hears keys, and has the terminal in its own group.
pub fn assert_back(console: &mut Terminal, when: &str) {
    assert_hears(console, when);
    assert_eq!(console.foreground(), "opsroom", "{when}");
}

/// The console is drawn, and hears keys.
fn assert_hears(console: &mut Terminal, when: &str) {
    console.wait(&format!("the console, {when}"), |screen| {
        screen.alternate_screen() && screen.hide_cursor() && screen.contents().contains("proving-ground")
    });
    pty::until(&format!("it hears keys as they are typed, {when}"), || console.is_raw());
    console.press("?");
    console.wait(&format!("help, {when}"), |screen| screen.contents().contains("keys and commands"));
    console.press("\x1b");
    console.wait(&format!("no help, {when}"), |screen| !screen.contents().contains("keys and commands"));
}

#[test]
fn a_shell_that_is_killed_leaves_the_terminal_to_the_console() {
    let opening = Opening::of(r#"[["sh", "-i"]]"#);
    for (killed, words) in [
        ("by itself", "kill -9 $$"),
        ("as a group", "kill -9 -$$"),
        ("while a program of it has the terminal", "echo $$ > pid; sleep 1000"),
        ("in a mode of its own", "stty raw -echo; kill -9 $$"),
    ] {
        for is_in_shell in [true, false] {
            let mut console = if is_in_shell { opening.confirmed_in_shell() } else { opening.confirmed() };
            let when = format!("killed {killed}, a shell around it: {is_in_shell}");
            console.wait(&format!("the shell, {when}"), |screen| !screen.alternate_screen());
            pty::until(&format!("the shell has the terminal, {when}"), || console.foreground() == "sh");
            console.press(&format!("{words}\r"));
            if words.ends_with("sleep 1000") {
                pty::until(&format!("the program has the terminal, {when}"), || console.foreground() == "sleep");
                let pid = std::fs::read_to_string(opening.0.path().join("pid")).unwrap();
                kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), Signal::KILL).unwrap();
            }
            console.wait(&format!("the reason, {when}"), |screen| screen.contents().contains("Press Enter to return"));
            console.press("\r");
            assert_back(&mut console, &when);
            assert_eq!(wait_for_state(&console, "killed")["signal"], 9, "{when}");
            console.press("q");
            if is_in_shell {
                pty::until("the shell around it has the terminal", || console.foreground() == "sh");
                console.wait("its prompt", |screen| screen.contents().trim_end().ends_with("outer$"));
            } else {
                assert_eq!(console.wait_for_end().exit_code(), 0, "{when}");
            }
            console.assert_restored(&when);
        }
    }
}

#[test]
fn what_a_killed_program_did_to_the_terminal_is_undone_once() {
    let modes = r"\\033[4h\\033[?1003h\\033[?1006h\\033[?2004h\\033[?1h\\033=\\033[5;9r\\033[?6h\\033[?7l\\033(0";
    let opening = Opening::of(&format!(r#"[["sh", "-c", "printf '{modes}'; kill -9 $$"]]"#));
    let mut console = opening.confirmed();
    console.wait("its modes", |screen| screen.mouse_protocol_mode() == vt100::MouseProtocolMode::AnyMotion);
    pty::until("the question", || console.raw().contains("Press Enter to return"));
    let (before, lent) = {
        let raw = console.raw();
        let lent = raw.rfind("Press Enter to return").unwrap();
        (raw[..raw.find("\x1b[4h").unwrap()].to_owned(), lent)
    };
    assert!(!before.contains("\x1b[4l"), "nothing was lent before");
    console.press("\r");
    assert_back(&mut console, "after a program that was killed");
    console.wait("the modes are undone", |screen| {
        !screen.application_cursor()
            && !screen.application_keypad()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
            && screen.bracketed_paste()
    });
    let raw = console.raw();
    for mode in ["[4l", "[?6l", "[r", "[?7h", "[?1l", ">", "(B", "\x0f", "[?5l", "[?1003l", "[?1006l", "[<99u"] {
        let mode = if mode.starts_with('\x0f') { mode.to_owned() } else { format!("\x1b{mode}") };
        assert!(raw[lent..].contains(&mode), "{mode:?} is missing");
    }
    // A key, another screen and a whole redraw write none of it again.
    console.press("3");
    console.wait("the log screen", |screen| screen.contents().contains("no logs"));
    console.press("\x0c1");
    console.wait("the overview", |screen| !screen.contents().contains("no logs"));
    assert_eq!(console.raw()[lent..].matches("\x1b[4l").count(), 1, "it is written once a loan");
    console.press("q");
    assert_eq!(console.wait_for_end().exit_code(), 0);
    console.assert_restored("after a program that was killed");
}

#[test]
fn what_was_typed_into_a_program_that_is_killed_is_no_key() {
    let opening = Opening::of(r#"[["sh", "-c", "echo ready; read -r _; kill -9 $$"]]"#);
    let mut console = opening.confirmed();
    console.wait_for("ready");
    console.press("one\rq\rq\r");
    pty::until("the question", || console.raw().contains("Press Enter to return"));
    // One answers the question; what is behind it was typed before the console is back.
    console.press("\rq");
    assert_back(&mut console, "after a program that was killed");
}

#[test]
fn what_is_stopped_in_a_shell_stays_there_and_a_stopped_shell_can_be_continued() {
    let opening = Opening::of(r#"[["sh", "-i"]]"#);
    for is_in_shell in [true, false] {
        let mut console = if is_in_shell { opening.confirmed_in_shell() } else { opening.confirmed() };
        pty::until("the shell has the terminal", || !console.is_raw() && console.foreground() == "sh");
        console.press("PS1='inner$ '; sleep 1000\r");
        pty::until("a program has it", || console.foreground() == "sleep");
        console.press("\x1a");
        pty::until("the shell has it again", || console.foreground() == "sh");
        console.press("kill -9 %1; wait; kill -STOP $$; echo went-$((40 + 2))\r");
        if is_in_shell {
            console.wait("the shell around it", |screen| screen.contents().trim_end().ends_with("outer$"));
            console.press("fg\r");
        }
        console.wait_for("went-42");
        console.press("exit\r");
        assert_back(&mut console, &format!("a shell around it: {is_in_shell}"));
    }
}

#[test]
fn what_is_stopped_where_no_shell_could_continue_us_is_continued() {
    for steps in [r#"[["sh", "-c", "echo ready; read -r line; echo got-$line"]]"#, r#"[["sh", "-i"]]"#] {
        let opening = Opening::of(steps);
        let mut console = opening.confirmed_in_script("");
        console.wait("the program", |screen| !screen.alternate_screen());
        if steps.contains("-i") {
            pty::until("the shell has the terminal", || !console.is_raw() && console.foreground() == "sh");
            console.press("kill -STOP $$; exit\r");
        } else {
            console.wait_for("ready");
            console.press("\x1a");
            console.press("on\r");
            pty::until("it reads", || console.raw().contains("got-on"));
        }
        assert_hears(&mut console, steps);
        console.press("q");
        assert_eq!(console.wait_for_end().exit_code(), 0);
    }
}

#[test]
fn who_put_a_script_of_ours_into_the_background_keeps_the_terminal() {
    let opening = Opening::of(r#"[["sh", "-c", "echo ready; until [ -e go ]; do sleep 0.05; done"]]"#);
    let script = opening.0.path().join("open.sh");
    let program = env!("CARGO_BIN_EXE_opsroom");
    let words = format!(
        "#!/bin/sh\n{program} --config {} run open-api --yes\necho done-$((40 + 1))\n",
        opening.config().display()
    );
    std::fs::write(&script, words).unwrap();
    let mut outer = Terminal::program(&["/bin/sh", "-i"], 100, 30, &[("PS1", "outer$ ")]);
    outer.wait_for("outer$");
    outer.press(&format!("sh {}\r", script.display()));
    outer.wait_for("ready");
    outer.press("\x1a");
    outer.wait("the shell around the script", |screen| screen.contents().trim_end().ends_with("outer$"));
    outer.press("bg\r");
    wait_for_state(&outer, "running");
    std::fs::write(opening.0.path().join("go"), "").unwrap();
    outer.wait_for("done-41");
    outer.press("echo lives-$((40 + 2))\r");
    outer.wait_for("lives-42");
    assert_eq!(wait_for_state(&outer, "ended")["exit_code"], 0);
}

#[test]
fn a_shell_has_job_control_though_our_errors_go_to_a_file() {
    let opening = Opening::of(r#"[["bash", "--norc"]]"#);
    let errors = opening.0.path().join("errors");
    let words = format!(
        "exec {} --config {} 2> {}",
        env!("CARGO_BIN_EXE_opsroom"),
        opening.config().display(),
        errors.display()
    );
    let mut console = confirm(Terminal::program(&["/bin/sh", "-c", &words], 100, 30, &[("PS1", "inner$ ")]), "H");
    pty::until("the shell has the terminal", || console.foreground() == "bash");
    console.press("sleep 1000\r");
    pty::until("a program has it", || console.foreground() == "sleep");
    console.press("\x1a");
    pty::until("the shell has it again", || console.foreground() == "bash");
    console.press("kill -9 %1; wait; echo went-$((40 + 2)) >&2\r");
    console.wait_for("went-42");
    // It may not have heard of the end of its job yet, and would stay for that.
    console.press("exec true\r");
    assert_back(&mut console, "after a shell");
    assert_eq!(std::fs::read_to_string(errors).unwrap(), "");
}

#[test]
fn a_shell_that_is_deaf_to_a_closed_terminal_is_ended() {
    let opening =
        Opening::of(r#"[["sh", "-c", "trap '' HUP TERM; echo $$ > pid; echo ready; while :; do sleep 1; done"]]"#);
    let mut console = opening.confirmed();
    console.wait_for("ready");
    let pid = opening.pid();
    console.close();
    assert_eq!(console.wait_for_end().exit_code(), 129);
    pty::until("the shell is gone", || test_kill_process(pid).is_err());
    assert_eq!(wait_for_state(&console, "killed")["signal"], 9);
}

/// A hang-up reaches the leader of the session and who has the terminal: here both are deaf to it, and the console is neither.
#[test]
fn a_closed_terminal_ends_the_console_though_nobody_hears_of_it() {
    let deaf = "echo ready; while [ -e pid ]; do echo .; sleep 0.1; done";
    let opening =
        Opening::of(&format!(r#"[["bash", "-c", "trap '' HUP TERM; echo $$ > pid; set -m; sh -c '{deaf}'; exit"]]"#));
    let mut console = opening.confirmed_in_script("trap '' HUP;");
    console.wait_for("ready");
    pty::until("a group of its own has the terminal", || console.foreground() == "sh");
    let pid = opening.pid();
    console.close();
    assert_eq!(console.wait_for_end().exit_code(), 129);
    pty::until("the program is gone", || test_kill_process(pid).is_err());
    let run = wait_for_state(&console, "killed");
    assert!(run["note"].as_str().is_some_and(|note| note.contains("the terminal was closed")), "{run}");
}

#[test]
fn a_pager_that_is_killed_leaves_the_terminal_to_the_console() {
    let opening = Opening::of(r#"[["sh", "-i"]]"#);
    let config = opening.config();
    let log = opening.0.path().join("api.log");
    std::fs::write(&log, "a line to be read\n").unwrap();
    let with_log = std::fs::read_to_string(&config).unwrap() + &format!("[log.api]\nfile = {log:?}\n");
    std::fs::write(&config, with_log).unwrap();
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", config.to_str().unwrap()];
    // A pager with job control of its own, in a mode of its own.
    let pager = "sh -ic 'stty raw -echo < /dev/tty; echo paging; kill -9 $$'";
    let mut console = Terminal::program(&argv, 100, 30, &[("PAGER", pager)]);
    console.wait_for("a line to be read");
    console.press("3b");
    pty::until("the pager", || console.raw().contains("paging"));
    assert_back(&mut console, "after a pager");
    console.press("\x03");
    assert_eq!(console.wait_for_end().exit_code(), 0);
    console.assert_restored("after a pager");
}

/// What the adapter makes of a target, and that the shell behind it has the terminal. A cluster is none of this machine's.
#[test]
fn a_shell_in_a_pod_is_opened_by_kubectl() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let config = "[console]\nname = \"proving-ground\"\n[service.api]\n\
         [adapter.cluster]\nkind = \"kubernetes\"\ncontext = \"staging\"\nnamespace = \"shop\"\n\
         [action.open-api]\nservice = \"api\"\nadapter = \"cluster\"\ndo = \"shell\"\n\
         target = \"deployment/api\"\nkey = \"H\"\n";
    std::fs::write(at("opsroom.toml"), config).unwrap();
    let argv = at("argv");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" > '{}'\nuntil [ \"$1\" = -- ]; do shift; done\nshift\nexec \"$@\"\n",
        argv.display()
    );
    std::fs::write(at("kubectl"), script).unwrap();
    std::fs::set_permissions(at("kubectl"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", place.path().display());
    let program = [env!("CARGO_BIN_EXE_opsroom"), "--config", at("opsroom.toml").to_str().unwrap()].map(str::to_owned);
    let program: Vec<&str> = program.iter().map(String::as_str).collect();
    let mut console = confirm(Terminal::program(&program, 100, 30, &[("PATH", &path)]), "H");
    console.wait("our screen is left", |screen| !screen.alternate_screen());
    console.press("echo pod-$((40 + 2))\r");
    console.wait_for("pod-42");
    let asked = std::fs::read_to_string(argv).unwrap();
    let asked: Vec<&str> = asked.lines().collect();
    assert_eq!(
        asked,
        ["--context=staging", "--namespace=shop", "exec", "--stdin", "--tty", "deployment/api", "--", "sh"]
    );
    console.press("exit\r");
    assert_back(&mut console, "after a shell in a pod");
    assert_eq!(wait_for_state(&console, "ended")["target"], "deployment/api");
}
