//! `opsroom watch` as a process, with a store and a configuration of its own.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may touch files and the clock, and its helpers end it where they fail"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use opsroom::clock::Clock;
use opsroom::runtime::core::{ConsolePart, StartOptions};
use opsroom::runtime::headless::Headless;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::app::config;
use super::pty::until;
use super::shell;

/// Far beyond what any wait takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How soon a watcher has to be gone once it was asked to leave.
const LEAVING: Duration = Duration::from_secs(5);

/// A store, a configuration with one check, and the port that it asks.
pub struct Room {
    pub at: tempfile::TempDir,
    pub port: u16,
}

impl Room {
    pub fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { at: tempfile::tempdir().unwrap(), port }
    }

    pub fn text(&self) -> String {
        format!(
            "[console]\nname = \"watched\"\n[check.api]\ntcp = \"127.0.0.1:{}\"\nevery = \"1s\"\ntimeout = \"500ms\"\n\
             fail_after = 1\nok_after = 1\nalert = {{ critical = \"down\" }}\n",
            self.port
        )
    }

    pub fn write(&self, text: &str) -> PathBuf {
        let path = self.at.path().join("opsroom.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn url(&self) -> String {
        format!("sqlite:{}", self.at.path().join("shared.db").display())
    }

    /// Whether a unit can see the program: it has a /tmp of its own, where a checkout may lie.
    pub fn is_program_seen_by_units() -> bool {
        !["/tmp", "/var/tmp"].iter().any(|at| Path::new(env!("CARGO_BIN_EXE_opsroom")).starts_with(at))
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = shell::opsroom(self.at.path());
        command.args(["--config", self.at.path().join("opsroom.toml").to_str().unwrap(), "--store", &self.url()]);
        command.args(arguments).env("USER", "ana");
        command
    }

    pub fn opsroom(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub fn watch(&self, arguments: &[&str]) -> Watch {
        let arguments: Vec<&str> = ["watch"].iter().chain(arguments).copied().collect();
        Watch::start(self.command(&arguments))
    }

    pub fn console(&self) -> Headless {
        self.headless(ConsolePart::ActsForAll)
    }

    pub fn headless(&self, part: ConsolePart) -> Headless {
        let start = StartOptions {
            clock: Clock::start(),
            config: config(&self.text()),
            loader: None,
            warnings: Vec::new(),
            store: Some(self.url()),
            part,
            state_directory: self.at.path().join("console"),
            record: None,
        };
        Headless::start(start, (80, 24))
    }

    /// The facts of a kind on record: what each says.
    pub fn facts(&self, kind: &str) -> Vec<Value> {
        let exported = self.opsroom(&["audit", "export"]);
        let lines = String::from_utf8_lossy(&exported.stdout).into_owned();
        let entries = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let entries = entries.map(|line| line.get("entry").cloned().unwrap_or(line));
        entries.filter(|entry| entry["kind"] == kind).collect()
    }
}

/// A watcher at work; killed with the test.
pub struct Watch {
    child: Child,
    pub out: Receiver<String>,
    notices: Receiver<String>,
}

impl Watch {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = lines(child.stdout.take().unwrap());
        let notices = lines(child.stderr.take().unwrap());
        Self { child, out, notices }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The next change, as JSON, that is as wanted.
    pub fn change(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
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

    pub fn notice(&self, words: &str) -> String {
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
    pub fn left(&mut self) -> (Option<i32>, Duration) {
        let from = Instant::now();
        let mut status = None;
        until("the watcher leaves", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        (status.and_then(|status| status.code()), from.elapsed())
    }

    pub fn end(&mut self) {
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

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
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

/// What one connection is answered: the head, and the body.
pub fn asked(address: &str, request: &[u8]) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

pub fn get(address: &str, path: &str) -> (String, String) {
    asked(address, format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes())
}

/// Where it serves.
pub fn serves(watch: &Watch) -> String {
    let notice = watch.notice("serving http://");
    notice.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned()
}
