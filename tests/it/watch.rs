//! `opsroom watch`, the real process: what it records and prints, and how it takes over, reloads and ends.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use opsroom::app::state::State;
use opsroom::clock::Clock;
use opsroom::model::lease::LeaseView;
use opsroom::runtime::core::{ConsolePart, StartOptions};
use opsroom::runtime::headless::Headless;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::app::config;
use crate::support::pty::until;
use crate::support::shared::reaches;

/// Far beyond what any wait takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// How soon a watcher has to be gone once it was asked to leave.
const LEAVING: Duration = Duration::from_secs(5);

/// A store, a configuration with one check, and the port that it asks.
struct Room {
    at: tempfile::TempDir,
    port: u16,
}

impl Room {
    fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { at: tempfile::tempdir().unwrap(), port }
    }

    fn text(&self) -> String {
        format!(
            "[console]\nname = \"watched\"\n[check.api]\ntcp = \"127.0.0.1:{}\"\nevery = \"1s\"\ntimeout = \"500ms\"\n\
             fail_after = 1\nok_after = 1\nalert = {{ critical = \"down\" }}\n",
            self.port
        )
    }

    fn write(&self, text: &str) -> PathBuf {
        let path = self.at.path().join("opsroom.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.at.path().join("shared.db").display())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsroom"));
        command.args(["--config", self.at.path().join("opsroom.toml").to_str().unwrap(), "--store", &self.url()]);
        command.args(arguments).current_dir(self.at.path()).env("HOME", self.at.path()).env("USER", "ana");
        command.env("XDG_STATE_HOME", self.at.path().join("state")).stdin(Stdio::null());
        for name in ["OPSROOM_CONFIG", "NOTIFY_SOCKET", "WATCHDOG_USEC", "SUDO_USER", "SSH_CONNECTION", "SSH_CLIENT"] {
            command.env_remove(name);
        }
        command
    }

    fn opsroom(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn watch(&self, arguments: &[&str]) -> Watch {
        let arguments: Vec<&str> = ["watch"].iter().chain(arguments).copied().collect();
        Watch::start(self.command(&arguments))
    }

    fn console(&self) -> Headless {
        let start = StartOptions {
            clock: Clock::start(),
            config: config(&self.text()),
            loader: None,
            warnings: Vec::new(),
            store: Some(self.url()),
            part: ConsolePart::ActsForAll,
            state_directory: self.at.path().join("console"),
        };
        Headless::start(start, (80, 24))
    }

    /// The facts of a kind on record: what each says.
    fn facts(&self, kind: &str) -> Vec<Value> {
        let exported = self.opsroom(&["audit", "export"]);
        let lines = String::from_utf8_lossy(&exported.stdout).into_owned();
        let entries = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let entries = entries.map(|line| line.get("entry").cloned().unwrap_or(line));
        entries.filter(|entry| entry["kind"] == kind).collect()
    }
}

/// A watcher at work; killed with the test.
struct Watch {
    child: Child,
    out: Receiver<String>,
    notices: Receiver<String>,
}

impl Watch {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = lines(child.stdout.take().unwrap());
        let notices = lines(child.stderr.take().unwrap());
        Self { child, out, notices }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The next change, as JSON, that is as wanted.
    fn change(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.out.recv_timeout(left).unwrap_or_else(|_| panic!("waited in vain for {what}"));
            let change: Value = serde_json::from_str(&line).unwrap();
            if wanted(&change) {
                return change;
            }
        }
    }

    fn notice(&self, words: &str) -> String {
        let (end, mut said) = (Instant::now() + PATIENCE, Vec::new());
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.notices.recv_timeout(left) else { panic!("no notice of {words}: {said:?}") };
            if line.contains(words) {
                return line;
            }
            said.push(line);
        }
    }

    /// Waits until it has left; its exit code, and how long that took.
    fn left(&mut self) -> (Option<i32>, Duration) {
        let from = Instant::now();
        let mut status = None;
        until("the watcher leaves", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        (status.and_then(|status| status.code()), from.elapsed())
    }

    fn end(&mut self) {
        self.signal(Signal::TERM);
        let (code, took) = self.left();
        assert_eq!(code, Some(0));
        assert!(took < LEAVING, "{took:?}");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn is_ours(state: &State) -> bool {
    matches!(state.world.lease, LeaseView::Ours { .. })
}

fn is_a_watchers(state: &State) -> bool {
    matches!(&state.world.lease, LeaseView::Other(holder) if holder.watcher)
}

#[test]
fn it_says_in_a_line_what_changes_and_puts_it_on_record() {
    let room = Room::new();
    room.write(&room.text());
    let mut watch = room.watch(&["--json"]);
    let down = watch.change("the check is down", |change| change["kind"] == "status");
    assert_eq!((&down["check"], &down["from"], &down["to"]), (&"api".into(), &Value::Null, &"down".into()));
    assert!(down["reason"].as_str().unwrap().contains("refused"), "{down}");
    let fired = watch.change("the alert", |change| change["kind"] == "alert");
    assert_eq!(
        (&fired["alert"], &fired["severity"], &fired["state"]),
        (&"api".into(), &"critical".into(), &"firing".into())
    );
    until("it is on record", || room.facts("alert.fired").len() == 1);
    let listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    let up = watch.change("the check is up", |change| change["kind"] == "status");
    assert_eq!((&up["from"], &up["to"], &up["reason"]), (&"down".into(), &"ok".into(), &Value::Null));
    watch.change("the end of the alert", |change| change["state"] == "resolved");
    until("that is on record", || room.facts("alert.resolved").len() == 1);
    watch.end();
    assert!(watch.out.try_recv().is_err(), "it is quiet otherwise");
    drop(listener);
}

#[test]
fn what_a_person_reads_is_one_plain_line() {
    let room = Room::new();
    room.write(&room.text());
    let mut watch = room.watch(&[]);
    let line = watch.out.recv_timeout(PATIENCE).unwrap();
    let (at, said) = line.split_once("  ").unwrap();
    assert!(chrono::NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%SZ").is_ok(), "{line}");
    assert!(said.starts_with("check api DOWN: ") && said.contains("refused"), "{line}");
    let line = watch.out.recv_timeout(PATIENCE).unwrap();
    assert!(line.contains("  alert critical api firing: down, "), "{line}");
    watch.notice("recording: this watcher holds the lease");
    watch.end();
}

#[tokio::test]
async fn a_console_leaves_the_recording_to_it_and_takes_it_back() {
    let room = Room::new();
    room.write(&room.text());
    let mut console = room.console();
    reaches(&mut console, "the lease", PATIENCE, is_ours).await;
    let mut watch = room.watch(&[]);
    reaches(&mut console, "the watcher to hold it", PATIENCE, is_a_watchers).await;
    watch.notice("recording: this watcher holds the lease");
    watch.end();
    // At once: it was given back, and not left to expire.
    reaches(&mut console, "the lease again", Duration::from_secs(12), is_ours).await;
    console.finish().await;
}

#[test]
fn one_that_is_killed_is_succeeded_without_loss() {
    let room = Room::new();
    room.write(&room.text());
    let mut watch = room.watch(&["--json"]);
    until("the alert is on record", || room.facts("alert.fired").len() == 1);
    watch.signal(Signal::KILL);
    watch.left();
    // It recovers while nobody looks.
    let _listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    let mut next = room.watch(&["--json"]);
    next.notice("recording: this watcher holds the lease");
    until("the recovery is on record", || room.facts("alert.resolved").len() == 1);
    next.end();
    assert_eq!(room.facts("alert.fired").len(), 1, "it is the same firing");
    let statuses: Vec<Value> = room.facts("check.status").iter().map(|fact| fact["detail"]["status"].clone()).collect();
    assert_eq!(statuses, ["down", "ok"]);
    let verified = room.opsroom(&["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn the_service_manager_hears_of_its_life() {
    let room = Room::new();
    room.write(&room.text());
    let path = room.at.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut bytes = [0; 4096];
        let count = manager.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    let hears = |wanted: &str| while told() != wanted {};
    let mut command = room.command(&["watch"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "500000");
    let mut watch = Watch::start(command);
    hears("READY=1");
    hears("WATCHDOG=1");
    hears("WATCHDOG=1");
    watch.signal(Signal::HUP);
    hears("RELOADING=1");
    hears("READY=1");
    watch.notice("configuration reloaded");
    watch.end();
    hears("STOPPING=1");
}

#[test]
fn it_reads_its_configuration_again_by_itself_and_keeps_a_good_one() {
    let room = Room::new();
    let _listener = TcpListener::bind(("127.0.0.1", room.port)).unwrap();
    room.write(&room.text());
    let mut watch = room.watch(&["--json"]);
    watch.notice("recording");
    room.write("[check.api]\ntpc = \"x\"\n");
    watch.notice("configuration rejected; the previous one stays in effect");
    let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    room.write(&format!("{}[check.other]\ntcp = \"{other}\"\nevery = \"1s\"\nfail_after = 1\n", room.text()));
    watch.notice("configuration reloaded");
    let change = watch.change("the new check", |change| change["kind"] == "status");
    assert_eq!((&change["check"], &change["to"]), (&"other".into(), &"down".into()));
    watch.end();
}
