//! `opsroom logs --follow` as a process, and what it prints.
#![expect(clippy::disallowed_methods, reason = "a test waits, and reads what the program wrote")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// `opsroom logs --follow`, and what it has printed.
pub struct Following {
    /// The process.
    pub child: Child,
    printed: Receiver<String>,
    /// What has come.
    pub lines: Vec<String>,
}

impl Following {
    /// Follows a log of the configuration in `directory`.
    pub fn start(directory: &Path, log: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_opsroom"))
            .args(["logs", log, "--follow"])
            .current_dir(directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("its output");
        let (sender, printed) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, printed, lines: Vec::new() }
    }

    /// Reads on until `enough` of the lines.
    pub fn until(&mut self, what: &str, enough: impl Fn(&[String]) -> bool) {
        let began = Instant::now();
        while !enough(&self.lines) {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let Ok(line) = self.printed.recv_timeout(left) else {
                let last = &self.lines[self.lines.len().saturating_sub(20)..];
                panic!("{what} did not come; the last lines: {last:#?}");
            };
            self.lines.push(line);
        }
    }

    /// The numbers behind `word`, in the order in which they came.
    pub fn numbers(&self, word: &str) -> Vec<u64> {
        numbers(&self.lines, word)
    }
}

/// The numbers behind `word` in `lines`.
pub fn numbers(lines: &[String], word: &str) -> Vec<u64> {
    let number = |line: &String| line.split(word).nth(1)?.split_whitespace().next()?.parse().ok();
    lines.iter().filter_map(number).collect()
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
