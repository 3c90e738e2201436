//! The true binary in a true terminal: what a person sees, and what is left behind.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the files are the tests' own, and what fails here fails the test"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::pty;
use crate::support::pty::{Terminal, Wire};
use crate::support::service::{Answer, Service};
use rustix::process::Signal;

/// A configuration of checks of one service, in a directory of its own.
struct Setup {
    directory: tempfile::TempDir,
    service: Service,
}

impl Setup {
    fn new(answer: Answer, checks: usize) -> Self {
        let (directory, service) = (tempfile::tempdir().unwrap(), Service::start(answer));
        let setup = Self { directory, service };
        std::fs::write(setup.config(), setup.text(checks)).unwrap();
        setup
    }

    fn text(&self, checks: usize) -> String {
        let address = self.service.address;
        let checks = (0..checks).map(|at| {
            format!("[service.s{at}]\n[check.c{at}]\nservice = \"s{at}\"\nhttp = \"http://{address}/{at}\"\nevery = \"1s\"\ntimeout = \"900ms\"\n")
        });
        format!("[console]\nname = \"proving-ground\"\n{}", checks.collect::<String>())
    }

    fn config(&self) -> PathBuf {
        self.directory.path().join("opsroom.toml")
    }

    fn console(&self) -> Terminal {
        let console = Terminal::console(&self.config(), 100, 30);
        console.wait_for("proving-ground");
        console
    }
}

#[test]
fn the_first_frame_names_the_console_and_checks_turn_ok() {
    let setup = Setup::new(Answer::Healthy, 2);
    let console = setup.console();
    console.wait("both services are ok", |screen| {
        let rows: Vec<String> = screen.rows(0, 100).collect();
        ["s0", "s1"].iter().all(|name| rows.iter().any(|row| row.contains(&format!(" {name} ")) && row.contains("OK")))
    });
}

#[test]
fn keys_move_between_screens_and_q_leaves_an_untouched_terminal() {
    let setup = Setup::new(Answer::Healthy, 1);
    let before = std::fs::read(setup.config()).unwrap();
    let mut console = setup.console();
    console.press("?");
    console.wait_for("keys and commands");
    // The escape alone first: with a key behind it, it would be that key with Alt.
    console.press("\x1b");
    console.wait("the help is closed", |screen| !screen.contents().contains("keys and commands"));
    console.press("!");
    console.wait_for("frame");
    console.press("1");
    console.press("q");
    assert_eq!(console.wait_for_end().exit_code(), 0);
    console.assert_restored("after quitting");
    assert_eq!(std::fs::read(setup.config()).unwrap(), before, "the configuration is never written");
}

#[test]
fn ctrl_c_leaves_too() {
    let setup = Setup::new(Answer::Healthy, 1);
    let mut console = setup.console();
    console.press("\x03");
    assert_eq!(console.wait_for_end().exit_code(), 0);
    console.assert_restored("after ctrl-c");
}

#[test]
fn a_resized_terminal_is_filled_to_its_new_edge() {
    let setup = Setup::new(Answer::Healthy, 1);
    let console = setup.console();
    for (columns, rows) in [(140, 40), (60, 20), (20, 5), (100, 30)] {
        console.resize(columns, rows);
        console.wait(&format!("something in the last columns and rows of {columns}x{rows}"), |screen| {
            let filled = |text: String| !text.trim().is_empty();
            let last_column = screen.rows(columns - 12, 12).any(filled);
            let last_rows = screen.rows(0, columns).skip(usize::from(rows) - 4).any(|row| !row.trim().is_empty());
            screen.size() == (rows, columns) && last_column && last_rows
        });
    }
}

#[test]
fn signals_end_it_in_order() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131)] {
        let setup = Setup::new(Answer::Healthy, 1);
        let mut console = setup.console();
        console.press("M");
        console.wait("the mouse is captured", |screen| screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None);
        console.signal(signal);
        assert_eq!(console.wait_for_end().exit_code(), code, "{signal:?}");
        console.assert_restored(&format!("after {signal:?}"));
    }
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    let setup = Setup::new(Answer::Healthy, 1);
    let config = setup.config();
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", config.to_str().unwrap()];
    let mut console = Terminal::program(&argv, 100, 30, &[("OPSROOM_TEST_PANIC", "1")]);
    console.wait_for("proving-ground");
    console.press("\x1b[24~");
    assert_eq!(console.wait_for_end().exit_code(), 101);
    console.assert_restored("after a panic");
    assert!(console.contents().contains("panicked at"), "the words stand on the person's own screen");
}

#[test]
fn a_panicking_task_is_shown_and_tears_nothing() {
    let setup = Setup::new(Answer::Healthy, 1);
    let config = setup.config();
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", config.to_str().unwrap()];
    let mut console = Terminal::program(&argv, 100, 30, &[("OPSROOM_TEST_PANIC", "1")]);
    console.wait_for("proving-ground");
    console.press("\x1b[23~!");
    console.wait_for("asked to panic");
    assert!(!console.raw().contains("panicked at"), "nothing is printed over the screen");
}

#[test]
fn stopped_and_continued_from_outside() {
    let setup = Setup::new(Answer::Healthy, 1);
    let mut console = setup.console();
    console.signal(Signal::TSTP);
    console.wait_until_stopped();
    console.assert_restored("while stopped");
    console.signal(Signal::CONT);
    console.wait("the console is back", |screen| {
        screen.alternate_screen() && screen.hide_cursor() && screen.contents().contains("proving-ground")
    });
    console.press("q");
    assert_eq!(console.wait_for_end().exit_code(), 0);
    console.assert_restored("after all");
}

#[test]
fn ctrl_z_goes_to_the_shell_and_fg_comes_back() {
    let setup = Setup::new(Answer::Healthy, 1);
    let mut shell = Terminal::program(&["/bin/sh", "-i"], 100, 30, &[]);
    shell.wait_for("$");
    shell.press(&format!("{} --config {}\r", env!("CARGO_BIN_EXE_opsroom"), setup.config().display()));
    shell.wait("the console", |screen| screen.alternate_screen() && screen.contents().contains("proving-ground"));
    shell.press("\x1a");
    shell.wait("the shell", at_prompt);
    shell.press("echo shell-$((40 + 2))\r");
    shell.wait_for("shell-42");
    shell.press("fg\r");
    shell.wait("the console again", |screen| screen.alternate_screen() && screen.contents().contains("proving-ground"));
    shell.press("q");
    shell.wait("the shell again", at_prompt);
    shell.press("exit\r");
    shell.wait_for_end();
}

/// The shell has the terminal and waits for a command: only then does it understand one.
fn at_prompt(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen() && !screen.hide_cursor() && screen.contents().trim_end().ends_with('$')
}

#[test]
fn ctrl_z_without_a_shell_to_come_back_from_says_so() {
    let setup = Setup::new(Answer::Healthy, 1);
    let mut console = setup.console();
    console.press("\x1a");
    console.wait_for("no shell");
    console.press("q");
    // A script is no shell to come back from either, though it is of our session.
    let mut console = Terminal::in_script("", &setup.config(), 100, 30);
    console.wait_for("proving-ground");
    console.press("\x1a");
    console.wait_for("no shell");
    console.press("q");
    assert_eq!(console.wait_for_end().exit_code(), 0);
}

#[test]
fn a_closed_far_end_ends_it() {
    let setup = Setup::new(Answer::Healthy, 1);
    let mut console = setup.console();
    console.close();
    let ended = console.wait_for_end();
    assert_eq!(ended.exit_code(), 129, "{ended:?}");
    // And where the hang-up is ignored by whoever started it.
    let mut console = Terminal::in_script("trap '' HUP;", &setup.config(), 100, 30);
    console.wait_for("proving-ground");
    console.close();
    assert_eq!(console.wait_for_end().exit_code(), 129);
}

#[test]
fn a_terminal_that_takes_nothing_neither_stops_the_probes_nor_the_end() {
    let setup = Setup::new(Answer::Healthy, 4);
    let mut console = setup.console();
    console.hold();
    for _ in 0..50 {
        console.press("\x0c");
    }
    let asked = setup.service.asked();
    setup.service.wait_until_asked(asked + 12);
    console.signal(Signal::TERM);
    assert_eq!(console.wait_for_end().exit_code(), 143);
}

#[test]
fn a_key_is_answered_while_ten_probes_hang() {
    let setup = Setup::new(Answer::Nothing, 10);
    let mut console = setup.console();
    setup.service.wait_until_asked(10);
    console.press("!");
    console.wait_for("frame");
    console.press("q");
    console.press("q");
    console.wait_for_end();
}

#[test]
fn a_held_screen_writes_nothing_while_data_flows() {
    let setup = Setup::new(Answer::Healthy, 4);
    let mut console = setup.console();
    console.wait_for("OK");
    console.press("f");
    console.wait("the word", |screen| screen.contents().to_uppercase().contains("FROZEN"));
    // What was under way when the key came has been written when another key's frame has.
    console.press("\x0c");
    let asked = setup.service.asked();
    setup.service.wait_until_asked(asked + 4);
    let written = console.written();
    setup.service.wait_until_asked(asked + 20);
    assert_eq!(console.written(), written, "a held screen is still");
    console.press("f");
    console.wait("it goes on", |screen| !screen.contents().to_uppercase().contains("FROZEN"));
}

#[test]
fn a_pasted_text_presses_no_key() {
    let setup = Setup::new(Answer::Healthy, 1);
    let mut console = setup.console();
    console.press("\x1b[200~q\r!\x1b[201~");
    console.press("?");
    console.wait_for("keys and commands");
}

#[test]
fn what_is_pasted_into_a_filter_a_search_and_the_palette_is_text() {
    let setup = Setup::new(Answer::Healthy, 1);
    let log = setup.directory.path().join("app.log");
    std::fs::write(&log, "one line\n").unwrap();
    std::fs::write(setup.config(), format!("{}[log.app]\nfile = {log:?}\n", setup.text(1))).unwrap();
    let mut console = setup.console();
    console.press("3");
    console.wait_for("one line");
    for opens in ["/", "s", ":"] {
        console.press(opens);
        console.press("\x1b[200~q\r\n!q(\x1b]0;owned\x07\u{202e}zz\x1b[2J\x03\x1b[201~");
        console.wait(opens, |screen| screen.contents().contains("zz"));
        assert!(!console.raw().contains("\x1b]0;owned") && !console.raw().contains('\u{202e}'), "{opens}");
        console.press("\x1b");
        console.wait("it is closed", |screen| !screen.contents().contains("zz"));
        console.wait_for("one line");
    }
}

#[test]
fn every_line_of_a_flood_is_held_or_counted() {
    let setup = Setup::new(Answer::Healthy, 0);
    let log = setup.directory.path().join("flood.log");
    let text = format!(
        "[console]\nname = \"proving-ground\"\nlog_records = 1000\n[log.flood]\nfile = {log:?}\nskip = false\n"
    );
    std::fs::write(setup.config(), text).unwrap();
    let mut console = setup.console();
    console.press("3");
    console.wait_for("waiting for the file");
    for part in 1..=4 {
        let mut lines = String::new();
        for n in 0..10_000 {
            writeln!(lines, "{{\"level\":\"info\",\"msg\":\"request {part}/{n}\"}}").unwrap();
        }
        std::fs::write(&log, lines).unwrap();
        console.wait_for(&format!("request {part}/9999"));
        std::fs::rename(&log, log.with_extension(format!("log.{part}"))).unwrap();
    }
    console.press("!");
    // What is said of logs stands at the end of what is said.
    console.press("G");
    console.wait("all is accounted for", |screen| {
        let shown = screen.contents();
        let words: Vec<&str> = shown.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
        let count = |what: &str| -> u64 {
            let mut pairs = words.windows(2).filter(|pair| pair[1] == what);
            pairs.find_map(|pair| pair[0].replace(',', "").parse().ok()).unwrap_or(0)
        };
        // The lines, and a word for each file that is new or gone.
        let read = count("read");
        (40_000..40_020).contains(&read) && (count("held"), count("dropped")) == (1000, read - 1000)
    });
}

/// Two lines a millisecond of a log, for as long as it is held.
struct Flood {
    over: Arc<AtomicBool>,
    writer: Option<std::thread::JoinHandle<()>>,
}

impl Flood {
    fn into(path: PathBuf) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&over);
        let writer = std::thread::spawn(move || {
            let mut file = std::fs::File::create(path).unwrap();
            for number in 0_u64.. {
                if theirs.load(Ordering::Relaxed) {
                    return;
                }
                let word = format!("{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                writeln!(file, "ERROR {word} order {number} of customer {word} could not be paid for").unwrap();
                std::thread::sleep(Duration::from_micros(500));
            }
        });
        Self { over, writer: Some(writer) }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.writer.take().map(std::thread::JoinHandle::join);
    }
}

/// The console over a slow line, with a log that floods on the screen.
fn flooded(wire: Wire) -> (Terminal, Flood, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let (config, log) = (directory.path().join("opsroom.toml"), directory.path().join("app.log"));
    let text = format!("[console]\nname = \"proving-ground\"\n[log.app]\nfile = {:?}\n", log.to_str().unwrap());
    std::fs::write(&config, text).unwrap();
    let flood = Flood::into(log);
    let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", config.to_str().unwrap()];
    let mut console = Terminal::over(wire, &argv, 100, 30, &[]);
    console.wait_for("could not be paid");
    console.press("3");
    console.wait("the log screen", |screen| screen.contents().matches("could not be paid").count() > 15);
    (console, flood, directory)
}

/// The largest of the frames in `raw`, in bytes.
fn largest_frame(raw: &str) -> usize {
    raw.split("\x1b[?2026h").map(str::len).max().unwrap_or_default()
}

#[test]
fn on_a_slow_line_a_key_is_answered_after_one_frame_of_a_flood_and_not_after_a_backlog() {
    // 3 kB/s, and an answer after ten times what a read takes.
    let wire = Wire { bytes: 30, pause: Duration::from_millis(10), answers: Some(Duration::from_millis(100)) };
    let (mut console, _flood, _directory) = flooded(wire);
    // Without a bound, twice as much would wait by then: of such a flood some 9 kB are drawn a second.
    let begun = console.written();
    pty::until("much has arrived", || console.written() > begun + 12_000);
    for (key, opened) in [("?", true), ("\x1b", false), ("?", true)] {
        let before = console.written();
        console.press(key);
        console
            .wait("the help is opened or closed", |screen| screen.contents().contains("keys and commands") == opened);
        let (arrived, frame) = (console.written() - before, largest_frame(&console.raw()));
        assert!(arrived <= 2 * frame, "{arrived} bytes came before the answer to {key:?}; a frame is at most {frame}");
    }
    // Nor has what is left of it to leave before the terminal is a person's own again.
    let before = console.written();
    console.press("\x03\x03");
    console.wait_for_end();
    console.assert_restored("over a slow line");
    let (arrived, frame) = (console.written() - before, largest_frame(&console.raw()));
    assert!(arrived <= 2 * frame, "{arrived} bytes came before the end; a frame is at most {frame}");
}

#[test]
fn a_terminal_that_never_answers_is_drawn_on_all_the_same() {
    let wire = Wire { answers: None, ..Wire::default() };
    let (mut console, _flood, _directory) = flooded(wire);
    console.press("?");
    console.wait_for("keys and commands");
    let asked = console.raw().matches("\x1b[5n").count();
    let begun = console.written();
    console.press("\x1b");
    pty::until("frames flow", || console.written() > begun + 12_000);
    assert!(console.raw().matches("\x1b[5n").count() <= asked + 10, "it is not asked for ever");
    console.press("\x03");
    assert_eq!(console.wait_for_end().exit_code(), 0);
}

#[test]
fn an_answer_that_is_on_its_way_is_not_typed_into_the_shell() {
    let setup = Setup::new(Answer::Healthy, 1);
    let config = setup.config();
    let script = format!(
        "{} --config {}; printf 'type: '; IFS= read -r typed; printf 'it was <%s>' \"$typed\"",
        env!("CARGO_BIN_EXE_opsroom"),
        config.display()
    );
    let wire = Wire { answers: Some(Duration::from_millis(300)), ..Wire::default() };
    let mut console = Terminal::over(wire, &["/bin/sh", "-c", &script], 100, 30, &[]);
    console.wait_for("proving-ground");
    // Each is a whole screen, which the terminal is asked about.
    console.press("?");
    console.wait_for("keys and commands");
    console.press("\x03");
    console.press("\x03");
    console.wait_for("type: ");
    console.press("own words\r");
    console.wait_for("it was <");
    console.wait_for("it was <own words>");
    console.wait_for_end();
}

#[test]
fn a_changed_configuration_is_taken_up_and_a_wrong_one_is_told() {
    let setup = Setup::new(Answer::Healthy, 1);
    let console = setup.console();
    std::fs::write(setup.config(), setup.text(2)).unwrap();
    console.wait("the new service", |screen| screen.contents().contains(" s1 "));
    std::fs::write(setup.config(), setup.text(2).replace("timeout", "timeuot")).unwrap();
    console.wait("the problem", |screen| screen.contents().contains("timeuot"));
    console.wait("the old configuration stays", |screen| screen.contents().contains(" s1 "));
}

/// A configuration of one check and a restart on `R`, in a directory of its own.
struct Restart {
    directory: tempfile::TempDir,
}

impl Restart {
    fn new(check: &str, script: &str, within: &str) -> Self {
        let restart = Self { directory: tempfile::tempdir().unwrap() };
        let at = restart.directory.path().display().to_string();
        let text = format!(
            "[console]\nname = \"proving-ground\"\n[service.api]\n[check.api]\nservice = \"api\"\n{check}\nevery = \"1s\"\ntimeout = \"900ms\"\n\
             [adapter.ours]\nrestart = {{ steps = [[\"sh\", \"-c\", \"{script}\"]] }}\n\
             [action.restart-api]\nservice = \"api\"\nadapter = \"ours\"\ndo = \"restart\"\nkey = \"R\"\nconfirm = \"yes\"\n\
             verify = {{ checks = [\"api\"], within = \"{within}\", good = 2 }}\n"
        );
        std::fs::write(restart.directory.path().join("opsroom.toml"), text.replace('@', &at)).unwrap();
        restart
    }

    /// Good once `up` is there.
    fn of_a_file() -> Self {
        Self::new(
            "command = [\"sh\", \"-c\", \"test -e @/up || exit 2\"]",
            "echo restarting; touch @/up; sleep 1",
            "30s",
        )
    }

    fn console(&self) -> Terminal {
        let console = Terminal::console(&self.directory.path().join("opsroom.toml"), 100, 30);
        console.wait_for("proving-ground");
        console
    }

    /// `R`, then `y` until the dialog takes it: it is deaf for a moment.
    fn confirm(console: &mut Terminal) {
        console.press("R");
        console.wait_for("digest");
        pty::until("the dialog takes the key", || {
            console.press("y");
            std::thread::sleep(Duration::from_millis(50));
            !console.contents().contains("digest")
        });
    }

    /// The runs, as a shell sees them.
    fn runs(console: &Terminal, arguments: &[&str]) -> String {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_opsroom"))
            .args(arguments)
            .env("XDG_STATE_HOME", console.state())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What the supervisor of the newest run has written down of its start.
    fn started(console: &Terminal) -> Option<serde_json::Value> {
        let runs: serde_json::Value = serde_json::from_str(&Self::runs(console, &["runs", "--json"])).ok()?;
        let started = PathBuf::from(runs[0]["output_path"].as_str()?).join("started.json");
        serde_json::from_slice(&std::fs::read(started).ok()?).ok()
    }

    fn wait_for_state(console: &Terminal, state: &str) -> String {
        let seen = pty::until_seen(
            &format!("the run is {state}"),
            || Self::runs(console, &["runs", "--json"]),
            |seen| seen.contains(&format!("\"state\": \"{state}\"")),
        );
        let runs: serde_json::Value = serde_json::from_str(&seen).unwrap();
        runs[0]["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn what_is_left_is_verified_without_any_console() {
    for how in ["q", "kill"] {
        let restart = Restart::of_a_file();
        let mut console = restart.console();
        Restart::confirm(&mut console);
        pty::until("it runs", || Restart::runs(&console, &["runs"]).contains("restart-api"));
        if how == "kill" {
            // A console that is killed before it has started the supervisor takes the run with it.
            pty::until_seen("its supervisor runs", || Restart::started(&console), Option::is_some);
            console.signal(Signal::KILL);
            console.wait_for_end();
        } else {
            console.press("\x03");
            assert_eq!(console.wait_for_end().exit_code(), 0);
            console.assert_restored("after leaving a run");
            console.wait("what continues is said on the person's own screen", |screen| {
                let text = screen.contents().replace('\n', "");
                text.contains("restart-api continues") && text.contains("--follow")
            });
        }
        let id = Restart::wait_for_state(&console, "verified");
        assert!(!Restart::runs(&console, &["runs"]).contains("locked:"), "{how}");
        assert!(Restart::runs(&console, &["runs", &id]).contains("outcome    verified"), "{how}");

        // The next console shows it with its stored output.
        let text = std::fs::read_to_string(restart.directory.path().join("opsroom.toml")).unwrap();
        std::fs::write(restart.directory.path().join("next.toml"), text).unwrap();
        let config = restart.directory.path().join("next.toml");
        let state = console.state();
        let argv = [env!("CARGO_BIN_EXE_opsroom"), "--config", config.to_str().unwrap()];
        let mut next = Terminal::program(&argv, 100, 30, &[("XDG_STATE_HOME", state.to_str().unwrap())]);
        next.wait_for("proving-ground");
        next.press("6");
        next.wait("the run and its output", |screen| {
            let text = screen.contents();
            text.contains("verified") && text.contains("restarting")
        });
    }
}

/// An old process keeps answering on the connections that it has; the new one, which users meet, answers 500.
#[test]
fn a_new_process_that_answers_500_is_not_verified_over_the_connection_of_the_old_one() {
    let old = Service::start_replaceable();
    let check = format!("http = \"http://{}/health\"", old.address);
    let restart = Restart::new(&check, "while ! [ -e @/go ]; do sleep 0.05; done", "4s");
    let mut console = restart.console();
    console.wait("the service is ok", |screen| screen.contents().contains("OK"));
    Restart::confirm(&mut console);
    Restart::wait_for_state(&console, "running");
    old.replace();
    std::fs::write(restart.directory.path().join("go"), "").unwrap();
    Restart::wait_for_state(&console, "regressed");
    console.press("6");
    console.wait_for("regressed");
}

#[test]
fn a_failed_step_with_good_checks_is_shown_as_failed() {
    let restart = Restart::new("command = [\"true\"]", "echo No containers to restart >&2; exit 1", "30s");
    let mut console = restart.console();
    console.wait("the service is ok", |screen| screen.contents().contains("OK"));
    Restart::confirm(&mut console);
    console.wait_for("failed: exit 1 (checks are good)");
    assert!(!console.contents().contains("verified"), "{}", console.contents());
    let id = Restart::wait_for_state(&console, "failed");
    assert!(Restart::runs(&console, &["runs", &id]).contains("failed: exit 1 (checks are good)"));
}

#[test]
fn a_killed_supervisor_is_followed_by_verifying_now() {
    let restart = Restart::new("command = [\"sh\", \"-c\", \"test -e @/up || exit 2\"]", "true", "50s");
    let mut console = restart.console();
    Restart::confirm(&mut console);
    Restart::wait_for_state(&console, "verifying");
    let started = Restart::started(&console).unwrap();
    let pid = i32::try_from(started["pid"].as_i64().unwrap()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    Restart::wait_for_state(&console, "unknown");
    assert!(Restart::runs(&console, &["runs"]).contains("locked: api by "));
    console.press("6");
    console.wait_for("verifies it now");
    std::fs::write(restart.directory.path().join("up"), "").unwrap();
    console.press("u");
    Restart::wait_for_state(&console, "verified");
    console.wait_for("verified");
    assert!(!Restart::runs(&console, &["runs"]).contains("locked:"));
}
