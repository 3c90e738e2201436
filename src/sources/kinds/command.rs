//! `command = [...]`: run, bounded in time and output, shown as a document, and judged by its exit code.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Answer, Ask, Kind, Pool, number};
use crate::config::kinds::command::CommandLine;
use crate::config::sections::check::Check;
use crate::lang::time::millis;
use crate::model::document::PollError;
use crate::model::reading::Sign;
use crate::process::{self, ChildError, Limits};
use crate::sources::child;
use crate::sources::health::{self, Health};
use crate::sources::json;
use crate::text::SafeText;

/// How much of stdout and of stderr is kept, each.
const MAX_OUTPUT: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Command(CommandLine);

impl Command {
    /// Run as written.
    pub(super) fn new(line: &CommandLine) -> Self {
        Self(line.clone())
    }

    /// Runs it to its end: `{exit, signal, stdout, stderr, json, duration_ms}`.
    ///
    /// # Errors
    /// It could not be started, or did not end in time; then all of its process group is ended.
    async fn run(&self, ask: Ask<'_>) -> Result<Answer, PollError> {
        let started = ask.clock.now();
        let command = child::command(&self.0, ask.secrets)?;
        let mut took = Duration::ZERO;
        let limits = Limits { timeout: ask.timeout, most_bytes: MAX_OUTPUT };
        let output = process::run(command, limits, || took = ask.clock.now().since(started)).await;
        let output = output.map_err(|error| match error {
            ChildError::Start(error) => child::not_started(&error),
            ChildError::TimedOut(after, survivors) => {
                PollError::Timeout(after, format!("and was ended{survivors}").into())
            }
            ChildError::TooMuch(..) | ChildError::Wait(_) => {
                PollError::Ours(SafeText::new(&format!("the command {error}")))
            }
        })?;
        let (parsed, lost) = json::read(output.stdout.trim_ascii()).unwrap_or_default();
        let mut document = json!({
            "exit": output.status.code(),
            "signal": output.status.signal(),
            "stdout": String::from_utf8_lossy(&output.stdout),
            "stderr": String::from_utf8_lossy(&output.stderr),
            "json": parsed,
            "duration_ms": millis(took),
        });
        if let Some(why) = lost {
            document["json_error"] = Value::String(why);
        }
        Ok(Answer::plain(document))
    }
}

impl Kind for Command {
    fn pool(&self) -> Pool {
        Pool::Process
    }

    fn fetch<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Answer, PollError>> {
        self.run(ask).boxed()
    }

    fn health(&self, document: &Value) -> Option<Health> {
        health::read(&document["json"], "")
    }

    fn judge(&self, check: &Check, document: &Value, _health: Option<&Health>) -> (Sign, Option<String>) {
        by_exit(check.nagios, document)
    }

    fn summary(&self, document: &Value) -> String {
        let printed = document.get("stdout").and_then(Value::as_str).map_or(0, str::len);
        let ended = match document.get("exit").and_then(Value::as_i64) {
            Some(code) => format!("exit {code}"),
            None => format!("signal {}", number(document, "signal")),
        };
        format!("{ended}, {printed} B of stdout")
    }
}

/// 0 ok, 1 degraded, 2 and more down; as Nagios has it 3 and what is killed by a signal are unknown.
fn by_exit(nagios: bool, document: &Value) -> (Sign, Option<String>) {
    let first_line = |key: &str| {
        let text = document[key].as_str().unwrap_or_default();
        // A Nagios plugin says what matters before the bar; what follows is for graphs.
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(if nagios { line.split('|').next().unwrap_or(line).trim() } else { line }.to_owned())
    };
    let said = if nagios {
        first_line("stdout").or_else(|| first_line("stderr"))
    } else {
        first_line("stderr").or_else(|| first_line("stdout"))
    };
    if let Some(signal) = document["signal"].as_i64() {
        let sign = if nagios { Sign::Unknown } else { Sign::Bad };
        return (sign, Some(format!("ended by signal {signal}")));
    }
    let code = document["exit"].as_i64().unwrap_or(-1);
    let sign = match code {
        0 => return (Sign::Good, None),
        1 => Sign::Degraded,
        2 => Sign::Bad,
        _ if nagios => Sign::Unknown,
        _ => Sign::Bad,
    };
    (sign, Some(said.map_or_else(|| format!("exit code {code}"), |said| format!("{said} (exit code {code})"))))
}
