//! What users of other consoles complained about, as far as it takes the whole program to show that it does not happen here.
//!
//! | complaint | where it is held |
//! |---|---|
//! | 1 one key destroys | `complaints_app` `one_key_never_changes_the_world`; `story_app` for dialogs and key repeat |
//! | 2 a typo or a paste reaches the list | `complaints_app` `what_is_typed_or_pasted_never_starts_an_action`; `pty` `a_pasted_text_presses_no_key` |
//! | 3 production looks like staging | here; `complaints_app` for every dialog |
//! | 4 the confirmation lacks parameters | `complaints_app` `the_dialog_lists_what_will_run_with_every_parameter` |
//! | 5 a kill leaves children | `supervisor`: at the timeout, at a cancel, and those that left the group; `sources` for probes |
//! | 6 the screen freezes while something runs | here |
//! | 7 commands pile up | here; `sources` `a_slow_source_is_never_asked_twice_at_once` |
//! | 8–11 filter, autoscroll, context, column of logs | `complaints_app` |
//! | 12 nothing can be copied | here |
//! | 13 unreadable on a light terminal | here; `screens` draws three themes, `theme::catalogue` measures contrast |
//! | 14 the configuration is rewritten | here |
//! | 15 actions fail silently | here |
//! | 16 flicker | here; `pty` `a_held_screen_writes_nothing_while_data_flows`; `screens` `a_quiet_screen_costs_few_bytes` |
//! | 17 busy while idle | here |
//! | 18 restart storms | here; `run_service` for verbs, targets and two consoles |
//! | 20–24 blips, first success, cascades, long lists, unknown keys | `complaints_app` |
//! | 26 secrets leak | here; `run_service` and `supervisor` for each file of a run; `properties` for the redactor |
//! | 27 a dry run that is none, 28 unknown intervals | `complaints_app` |
//!
//! 19 (notifications after a restart) and 25 (SSH) concern what this version does not have.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the files are the tests' own, and what fails here fails the test"
)]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use crate::support::app::App;
use crate::support::pty::{Terminal, until};
use crate::support::service::{Answer, Service};
use crate::support::{frame, world};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet};
use ratatui::style::Color;

const PROGRAM: &str = env!("CARGO_BIN_EXE_opsroom");
const DEPTHS: [ColorDepth; 4] = [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Sixteen, ColorDepth::None];

/// A directory with a configuration.
struct Place(tempfile::TempDir);

impl Place {
    fn new(config: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::write(place.config(), place.filled(config)).unwrap();
        place
    }

    /// `@` stands for the directory.
    fn filled(&self, text: &str) -> String {
        text.replace('@', self.0.path().to_str().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path("opsroom.toml")
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).ok().filter(|text| text.ends_with('\n')).unwrap_or_default()
    }

    fn console(&self, environment: &[(&str, &str)]) -> Terminal {
        let console = Terminal::program(&[PROGRAM, "--config", self.config().to_str().unwrap()], 120, 36, environment);
        console.wait_for("proving-ground");
        console
    }

    fn shell(&self, state: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.arg("--config").arg(self.config()).args(arguments).current_dir(self.0.path()).stdin(Stdio::null());
        command.env("HOME", self.0.path()).env("XDG_STATE_HOME", state).env("TEST_TOKEN", SECRET);
        command.output().unwrap()
    }
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn alive(pid: &str) -> bool {
    let path = format!("/proc/{}/stat", pid.trim());
    let stat = std::fs::read_to_string(path).ok().filter(|_| !pid.trim().is_empty());
    stat.is_some_and(|stat| !stat.rsplit_once(')').unwrap().1.trim_start().starts_with('Z'))
}

/// Leaves whatever is open, and waits for the end.
fn quit(console: &mut Terminal) {
    console.press("\x03");
    assert_eq!(console.wait_for_end().exit_code(), 0);
}

#[test]
fn complaint_03_production_looks_like_staging() {
    for (word, shown) in [("production", " PRODUCTION "), ("staging", " STAGING "), ("blue-7", " BLUE-7 ")] {
        for keys in ["", "enter", "3", "4", "6", "!", "z", "?", ":", "R", "3 /", "f"] {
            let mut app = App::new(&world::CONFIG.replace("\"production\"", &format!("\"{word}\"")));
            app.keys(keys);
            for (width, height) in [(200, 50), (120, 40), (80, 24), (60, 16), (40, 10)] {
                let text = frame::text(&frame::draw(&app.state, width, height));
                let top = text.lines().next().unwrap();
                assert!(format!("{top} ").contains(shown), "`{keys}` {width}x{height}: {top}");
            }
        }
    }
    // The colour differs where there are colours; without any, the word is still there in reverse.
    let styles = |word: &str, depth: ColorDepth| {
        let app = App::new(&world::CONFIG.replace("\"production\"", &format!("\"{word}\"")));
        let buffer = frame::draw_with(&app.state, 80, 24, "midnight", depth, GlyphSet::UTF8);
        let row: String = (0..80).map(|x| buffer[(x, 0)].symbol()).collect();
        let at = row.find(&word.to_uppercase()).unwrap();
        let column = row[..at].chars().count() as u16;
        buffer[(column, 0)].style()
    };
    for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Sixteen] {
        assert_ne!(styles("production", depth), styles("staging", depth), "{depth:?}");
    }
    let plain = styles("production", ColorDepth::None);
    assert!(!plain.add_modifier.is_empty(), "{plain:?}");
}

#[test]
fn complaint_06_the_screen_freezes_while_a_command_runs() {
    let service = Service::start(Answer::Nothing);
    let checks = (0..10).map(|at| format!("[check.c{at}]\nhttp = \"http://{}/{at}\"\n", service.address));
    let place = Place::new(&format!(
        "[console]\nname = \"proving-ground\"\n[defaults]\nevery = \"10m\"\ntimeout = \"9m\"\n\
         [adapter.ours]\nrest = {{ steps = [[\"sh\", \"-c\", \"echo $$ > @/pid; exec sleep 600\"]] }}\n\
         [action.rest]\nadapter = \"ours\"\ndo = \"rest\"\ntarget = \"api\"\nkey = \"A\"\nconfirm = \"none\"\n{}",
        checks.collect::<String>()
    ));
    let mut console = place.console(&[]);
    service.wait_until_asked(10);
    console.press("A");
    until("the action runs", || alive(&place.read("pid")));
    for _ in 0..20 {
        console.press("?");
        console.wait_for("keys and commands");
        console.press("\x1b");
        console.wait("the help is closed", |screen| !screen.contents().contains("keys and commands"));
    }
    // Nothing was waited for: the probes still hang, and the action still runs.
    assert_eq!(service.asked(), 10);
    let action = place.read("pid");
    assert!(alive(&action));
    quit(&mut console);
    assert!(alive(&action), "an action outlives the console");
    let pid = rustix::process::Pid::from_raw(action.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn complaint_07_commands_pile_up() {
    // Due every second and deaf to TERM: each is ended by force long after the next one was due.
    let script = "trap '' TERM; echo $$ >> @/pids; while :; do sleep 0.1; done";
    let place = Place::new(&format!(
        "[console]\nname = \"proving-ground\"\n[service.slow]\n[check.slow]\nservice = \"slow\"\n\
         command = [\"sh\", \"-c\", \"{script}\"]\nevery = \"1s\"\ntimeout = \"900ms\"\n"
    ));
    let mut console = place.console(&[]);
    console.press("2");
    let mut started = 0;
    until("three were started", || {
        let pids = place.read("pids");
        started = pids.lines().count();
        let alive = pids.lines().filter(|pid| alive(pid)).count();
        assert!(alive <= 1, "{alive} at once of {started}");
        started >= 3
    });
    console.wait("the overruns are shown", |screen| screen.contents().contains("overrun"));
    quit(&mut console);
}

#[test]
fn complaint_12_nothing_can_be_copied() {
    let place = Place::new("[console]\nname = \"proving-ground\"\n[log.api]\nfile = \"@/api.log\"\n");
    std::fs::write(place.path("api.log"), "first line\nsecond line, ünïcode\n").unwrap();
    let mut console = place.console(&[]);
    console.press("3");
    console.wait_for("second line");
    console.press("y");
    console.wait_for("clipboard");
    let copied = format!("\x1b]52;c;{}\x07", STANDARD.encode("second line, ünïcode"));
    assert!(console.raw().contains(&copied), "no OSC 52 with the selected line");
    console.press("o");
    let saved = console.state().join("opsroom/saved");
    let files = |ending: &str| {
        let entries = std::fs::read_dir(&saved).into_iter().flatten().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.to_str().unwrap().ends_with(ending)).collect::<Vec<_>>()
    };
    console.wait_for("✓ saved");
    let file = files(".log").into_iter().chain(files(".txt")).next().expect("a file of records");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "first line\nsecond line, ünïcode\n");
    console.press("S");
    console.wait_for("evidence saved in");
    let [directory] = &evidence(&console)[..] else { panic!("one directory") };
    let names =
        ["logs.txt", "readings.json", "screen.ansi", "screen.svg", "screen.txt", "timeline.txt", "versions.txt"];
    for name in names.into_iter().chain(["SHA256SUMS"]) {
        assert!(directory.join(name).is_file(), "{name}");
    }
    let versions = std::fs::read_to_string(directory.join("versions.txt")).unwrap();
    assert!(versions.lines().any(|line| line.starts_with("saved by ") && line.contains(" on ")), "{versions}");
    let sums = Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(directory).status();
    assert!(sums.unwrap().success(), "the hashes are those of the files");
    assert_eq!(
        std::fs::read_to_string(directory.join("logs.txt")).unwrap(),
        "api | first line\napi | second line, ünïcode\n"
    );
    assert!(std::fs::read_to_string(directory.join("screen.txt")).unwrap().contains("second line"));
    let path = format!("\x1b]52;c;{}\x07", STANDARD.encode(directory.to_str().unwrap()));
    assert!(console.raw().contains(&path), "no OSC 52 with the path");
    // The terminal's own selection needs a mouse that is not captured: it is not, until asked for.
    console.wait("the mouse is free", |screen| screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None);
    console.press("M");
    console.wait("the mouse is ours", |screen| screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None);
    console.press("M");
    console.wait("the mouse is free again", |screen| screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None);
    quit(&mut console);
}

/// The directories of evidence.
fn evidence(console: &Terminal) -> Vec<PathBuf> {
    let saved = std::fs::read_dir(console.state().join("opsroom/saved")).into_iter().flatten();
    let paths = saved.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("evidence-")).collect()
}

#[test]
fn complaint_13_unreadable_on_a_light_terminal() {
    let names: Vec<String> = Catalogue::shipped().names().map(str::to_owned).collect();
    for theme in &names {
        for depth in DEPTHS {
            let mut app = world::calm();
            app.keys("3");
            let buffer = frame::draw_with(&app.state, 120, 40, theme, depth, GlyphSet::UTF8);
            let said = "checkpoint complete: wrote 812 buffers";
            let mut found = 0;
            for y in 0..40 {
                let row: String = (0..120).map(|x| buffer[(x, y)].symbol().chars().next().unwrap_or(' ')).collect();
                let Some(at) = row.find("listening on").or_else(|| row.find(said)) else { continue };
                let column = row[..at].chars().count() as u16;
                found += 1;
                for x in column..column + 12 {
                    let style = buffer[(x, y)].style();
                    let own = |color: Option<Color>| matches!(color, None | Some(Color::Reset));
                    // The selected line may have a background of its own, and then has a foreground for it.
                    assert!(
                        own(style.fg) == own(style.bg),
                        "{theme} {depth:?}: a foreground or background alone in `{row}`: {style:?}"
                    );
                    assert!(
                        own(style.fg) || row.contains(said),
                        "{theme} {depth:?}: normal text in `{row}`: {style:?}"
                    );
                }
            }
            assert_eq!(found, 2, "{theme} {depth:?}");
        }
    }
}

#[test]
fn complaint_14_the_configuration_is_rewritten() {
    let place = Place::new(
        "# a comment   with blanks\n[console]\nname    = \"proving-ground\"\ntheme = \"daylight\"\n\n\
         [log.api]\nfile = \"@/api.log\"\n\
         [adapter.ours]\nrun = { steps = [[\"true\"]] }\n\
         [action.run]\nadapter = \"ours\"\ndo = \"run\"\ntarget = \"api\"\nkey = \"A\"\nconfirm = \"none\"\n",
    );
    std::fs::write(place.path("api.log"), "a line\n").unwrap();
    let listed = || {
        let names = std::fs::read_dir(place.0.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.collect::<BTreeSet<_>>()
    };
    let metadata = || std::fs::metadata(place.config()).unwrap();
    let before = (std::fs::read(place.config()).unwrap(), metadata().modified().unwrap(), listed());
    let mut console = place.console(&[]);
    console.press("T");
    console.wait_for("theme ");
    console.press("M");
    console.wait_for("mouse on");
    console.press("3");
    console.wait_for("a line");
    console.press("/line\r");
    console.press("w+t");
    console.press("S");
    console.wait_for("evidence saved in");
    console.press("A");
    console.wait("it ran", |screen| screen.contents().contains("run api: ended"));
    console.press(":reload\r");
    console.press("f");
    console.wait_for("FROZEN");
    quit(&mut console);
    assert_eq!((std::fs::read(place.config()).unwrap(), metadata().modified().unwrap(), listed()), before);
}

/// Five ways to fail, each by its own key.
const FAILURES: &str = r#"
[console]
name = "proving-ground"
[secret]
absent = { env = "OPSROOM_TEST_ABSENT" }
[adapter.variable]
env = { TOKEN = "{secret:absent}" }
go = { steps = [["true"]] }
[adapter.missing]
go = { steps = [["opsroom-no-such-program"]] }
[adapter.exit]
go = { steps = [["sh", "-c", "exit 7"]] }
[adapter.signal]
go = { steps = [["sh", "-c", "kill -SEGV $$"]] }
[adapter.timeout]
go = { steps = [["sleep", "600"]] }
"#;

#[test]
fn complaint_15_a_failing_action_says_nothing() {
    let kinds = [
        ("variable", "secret `absent`, which TOKEN needs, has no value", "`absent`"),
        ("missing", "`opsroom-no-such-program` was not found", "could not start"),
        ("exit", "`sh` exited with code 7", "exit 7"),
        ("signal", "killed by signal 11 (SEGV)", "killed by signal 11"),
        ("timeout", "timed out after 0.5 s", "timed out"),
    ];
    let actions = kinds.iter().zip("ABCDW".chars()).map(|((kind, ..), key)| {
        format!("[action.{kind}]\nadapter = \"{kind}\"\ndo = \"go\"\ntarget = \"{kind}\"\nkey = \"{key}\"\nconfirm = \"none\"\ntimeout = \"500ms\"\ngrace = \"100ms\"\n")
    });
    let place = Place::new(&format!("{FAILURES}{}", actions.collect::<String>()));
    // In the shell.
    let mut told = BTreeSet::new();
    for (kind, said, _) in kinds {
        let ran = place.shell(&place.path("state"), &["run", kind, "--yes"]);
        assert_ne!(ran.status.code(), Some(0), "{kind}");
        let last = format!("{}{}", words(&ran.stdout), words(&ran.stderr));
        assert!(last.contains(said), "{kind}: {last}");
        told.insert(last.replace(kind, "*"));
    }
    assert_eq!(told.len(), 5, "{told:#?}");
    // On the screen, without looking anywhere.
    let mut console = place.console(&[]);
    for ((kind, _, shown), key) in kinds.iter().zip("ABCDW".chars()) {
        console.press(&key.to_string());
        console.wait(&format!("how {kind} failed"), |screen| screen.contents().contains(shown));
    }
    quit(&mut console);
}

#[test]
fn complaint_16_the_screen_flickers() {
    let service = Service::start(Answer::Healthy);
    let services = (0..12).map(|at| {
        let address = service.address;
        format!(
            "[service.s{at}]\n[check.c{at}]\nservice = \"s{at}\"\nhttp = \"http://{address}/{at}\"\nevery = \"1h\"\n"
        )
    });
    let place = Place::new(&format!("[console]\nname = \"proving-ground\"\n{}", services.collect::<String>()));
    let mut console = place.console(&[]);
    service.wait_until_asked(12);
    console.wait("all are ok", |screen| screen.contents().contains("12 of 12"));
    // A whole frame: everything is written again.
    let before = console.written();
    console.press("\x0c");
    until("a whole frame is written", || console.written() > before + 2_000);
    console.press("f");
    console.wait_for("FROZEN");
    let whole = console.written() - before;
    // What one key changes is a small part of it, and nothing is ever wiped.
    let at = console.written();
    console.press("f");
    console.wait("it goes on", |screen| !screen.contents().contains("FROZEN"));
    let changed = console.written() - at;
    assert!(changed * 4 < whole, "{changed} of {whole} bytes for one word");
    let raw = console.raw();
    assert!(!raw.as_bytes()[at..].windows(4).any(|bytes| bytes == b"\x1b[2J"), "the screen is wiped");
    // Each frame is shown at once or not at all.
    assert_eq!(raw.matches("\x1b[?2026h").count(), raw.matches("\x1b[?2026l").count());
    quit(&mut console);
}

/// How often the threads of a process went to sleep so far: each time something had woken them.
fn wake_ups(pid: i32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().map_while(Result::ok);
    let status = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok());
    let count = status.filter_map(|status| {
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?.to_owned();
        line.split_whitespace().last()?.parse::<u64>().ok()
    });
    count.sum()
}

/// Waits until the clock on the screen has ticked on so often.
fn wait_seconds(console: &mut Terminal, seconds: usize) {
    let clock = |screen: &vt100::Screen| screen.contents().lines().next().unwrap_or_default().trim_end().to_owned();
    for _ in 0..seconds {
        let shown = std::cell::RefCell::new(String::new());
        console.wait("the screen", |screen| {
            *shown.borrow_mut() = clock(screen);
            true
        });
        console.wait("the next second", |screen| clock(screen) != *shown.borrow());
    }
}

#[test]
fn complaint_17_it_is_busy_while_nothing_happens() {
    let service = Service::start(Answer::Healthy);
    let checks =
        (0..50).map(|at| format!("[check.c{at}]\nhttp = \"http://{}/{at}\"\nevery = \"1h\"\n", service.address));
    let place = Place::new(&format!("[console]\nname = \"proving-ground\"\n{}", checks.collect::<String>()));
    let mut console = place.console(&[]);
    service.wait_until_asked(50);
    console.wait("all have answered", |screen| !screen.contents().contains("UNKNOWN"));
    // What was seen first is put on record, once: the span that is looked at begins after that.
    let mut rate = f64::MAX;
    for _ in 0..5 {
        let (from, before) = (Instant::now(), wake_ups(console.pid().as_raw_pid()));
        wait_seconds(&mut console, 4);
        let woken = wake_ups(console.pid().as_raw_pid()) - before;
        rate = rate.min(woken as f64 / from.elapsed().as_secs_f64());
        if rate < 50.0 {
            break;
        }
    }
    assert!(rate < 50.0, "woken {rate:.0} times a second with nothing to do");
    quit(&mut console);
}

#[test]
fn complaint_18_restart_storms() {
    let place = Place::new(
        "[console]\nname = \"proving-ground\"\n\
         [adapter.ours]\nbeat = { steps = [[\"sh\", \"-c\", \"echo x >> @/ran; exit 1\"]] }\n\
         [action.cooled]\nadapter = \"ours\"\ndo = \"beat\"\ntarget = \"api\"\ncooldown = \"10m\"\n\
         [action.counted]\nadapter = \"ours\"\ndo = \"beat\"\ntarget = \"db\"\nat_most = \"2 per 1h\"\n",
    );
    let state = place.path("state");
    let run = |action: &str| {
        let ran = place.shell(&state, &["run", action, "--yes"]);
        (place.read("ran").lines().count(), format!("{}{}", words(&ran.stdout), words(&ran.stderr)))
    };
    assert_eq!(run("cooled").0, 1);
    let (ran, said) = run("cooled");
    assert!(ran == 1 && said.contains("refused: cooldown"), "{said}");
    assert_eq!(run("counted").0, 2);
    assert_eq!(run("counted").0, 3);
    let (ran, said) = run("counted");
    assert!(ran == 3 && said.contains("2 attempts"), "{said}");
    // What was refused is on record too.
    let audit = words(&place.shell(&state, &["audit"]).stdout);
    assert!(audit.contains("run.refused"), "{audit}");
}

/// With what encodings change: base64's padding, and characters that addresses escape.
const SECRET: &str = "hunter2/geheim+42=x";

/// The secret and its usual disguises.
fn disguises() -> Vec<String> {
    let hex = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let percent = SECRET.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    let escaped = SECRET.replace('/', "\\/");
    let (quoted, segment) = (SECRET.replace('+', "%2B").replace('=', "%3D"), SECRET.replace('/', "%2F"));
    let base64 = [STANDARD.encode(SECRET), URL_SAFE.encode(SECRET)];
    base64.into_iter().chain([SECRET.to_owned(), hex, percent, quoted, segment, escaped]).collect()
}

fn assert_no_secret(bytes: &[u8], place: &str) {
    for disguise in disguises() {
        let at = memchr::memmem::find(bytes, disguise.as_bytes());
        let around = at.map(|at| words(&bytes[at.saturating_sub(80)..(at + 80).min(bytes.len())]));
        assert!(around.is_none(), "{place} holds {disguise}: {}", around.unwrap_or_default());
    }
}

fn search(directory: &Path, files: &mut usize) {
    for entry in std::fs::read_dir(directory).unwrap().map_while(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            search(&path, files);
        } else {
            *files += 1;
            assert_no_secret(&std::fs::read(&path).unwrap(), &path.display().to_string());
        }
    }
}

const SECRETIVE: &str = r#"
[console]
name = "proving-ground"
[secret]
token = { env = "TEST_TOKEN" }
[service.api]
[check.api]
service = "api"
http = "http://ADDRESS/?key={secret:token}"
headers = { Authorization = "Bearer {secret:token}" }
every = "2s"
timeout = "1s"
[check.command]
service = "api"
command = ["sh", "-c", "echo \"no answer for $TOKEN\"; exit 2"]
env = { TOKEN = "{secret:token}" }
every = "2s"
timeout = "1s"
[log.api]
service = "api"
file = "@/api.log"
[adapter.ours]
env = { TOKEN = "{secret:token}" }
show = { steps = [["sh", "-c", "echo \"said $TOKEN\"; printf %s \"$TOKEN\" | base64; echo \"erred $TOKEN\" >&2; exit 3"]] }
[action.show]
service = "api"
adapter = "ours"
do = "show"
target = "api"
key = "A"
confirm = "none"
evidence = ["log:api", "check:api", "check:command"]
"#;

#[test]
fn complaint_26_secrets_leak() {
    let service = Service::start(Answer::Echo);
    let place = Place::new(&SECRETIVE.replace("ADDRESS", &service.address.to_string()));
    let log = format!("login with {SECRET} was logged\nGET /?key={} seen\n", SECRET.replace('/', "%2F"));
    std::fs::write(place.path("api.log"), log).unwrap();
    let (config, own_log) = (place.config(), place.path("own.log"));
    let argv = [PROGRAM, "-vv", "--log-file", own_log.to_str().unwrap(), "--config", config.to_str().unwrap()];
    let mut console = Terminal::program(&argv, 160, 45, &[("TEST_TOKEN", SECRET)]);
    console.wait_for("proving-ground");
    console.wait("both have failed", |screen| screen.contents().contains("***"));
    console.press("3");
    console.wait_for("login with ***");
    console.press("gy");
    console.wait_for("clipboard");
    console.press("o");
    console.wait_for("✓ saved");
    console.press("\r");
    console.wait_for("raw, ");
    console.press("\x1b");
    console.wait("the record is closed", |screen| !screen.contents().contains("raw, "));
    console.press("2");
    console.wait_for("no answer for ***");
    console.press("S");
    console.press("A");
    console.press("6");
    console.wait_for("said ***");
    console.wait_for("exit 3");
    for screen in ["1", "2", "4", "6", "!"] {
        console.press(screen);
        console.press("\x0c");
    }
    console.wait_for("frame");
    quit(&mut console);

    assert_no_secret(console.raw().as_bytes(), "the screen");
    let raw = console.raw();
    let copies: Vec<&str> = raw.split("\x1b]52;c;").skip(1).filter_map(|rest| rest.split('\x07').next()).collect();
    assert!(!copies.is_empty());
    for copy in copies {
        assert_no_secret(&STANDARD.decode(copy).unwrap(), "the clipboard");
    }
    let mut files = 0;
    search(&console.state(), &mut files);
    assert!(files > 8, "the database, a run's directory and what was saved, but only {files} files");
    assert_no_secret(&std::fs::read(own_log).unwrap(), "the program's own log");
    for arguments in [
        &["status", "--json"][..],
        &["status"],
        &["logs", "--json"],
        &["logs"],
        &["runs", "--json"],
        &["audit", "export"],
        &["run", "show", "--yes", "--reason", SECRET],
        &["runs"],
        &["check"],
        &["snapshot", "overview"],
    ] {
        let output = place.shell(&console.state(), arguments);
        let said = [output.stdout, output.stderr].concat();
        assert!(!said.is_empty(), "{arguments:?}");
        // What is redacted was there to leak: none of these is clean because it says nothing.
        let leaks = ["status", "logs", "run"].contains(&arguments[0]);
        assert!(!leaks || words(&said).contains("***"), "{arguments:?}: {}", words(&said));
        // What was written on the command line is seen by everybody already; what we print of it is not.
        assert_no_secret(&said, &arguments.join(" "));
    }
    search(&console.state(), &mut files);

    // A secret in the file itself is refused where others can read the file, and not printed with the refusal.
    std::fs::write(place.config(), format!("[secret]\ntoken = \"{SECRET}\"\n")).unwrap();
    std::fs::set_permissions(place.config(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = place.shell(&console.state(), &["check"]);
    assert_eq!(refused.status.code(), Some(78), "{}{}", words(&refused.stdout), words(&refused.stderr));
    assert_no_secret(&[refused.stdout, refused.stderr].concat(), "the diagnostic");
}
