//! Commands: run, bounded in time and output, and shown as a document.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use serde_json::{Value, json};

use super::child;
use crate::clock::Clock;
use crate::config::kinds::command::CommandLine;
use crate::model::document::PollError;
use crate::process::{self, Limits, RunError};
use crate::text::SafeText;
use crate::text::secret::Secrets;

/// How much of stdout and of stderr is kept, each.
const MAX_OUTPUT: usize = 1 << 20;

/// Runs a command to its end: `{exit, signal, stdout, stderr, json, duration_ms}`.
///
/// # Errors
/// It could not be started, or did not end in time; then all of its process group is ended.
pub(crate) async fn run(
    line: &CommandLine,
    timeout: Duration,
    secrets: &Secrets,
    clock: Clock,
) -> Result<Value, PollError> {
    let started = clock.now();
    let command = child::command(line, secrets)?;
    let mut took = Duration::ZERO;
    let limits = Limits { timeout, most_bytes: MAX_OUTPUT };
    let output = process::run(command, limits, || took = clock.now().since(started)).await;
    let output = output.map_err(|error| match error {
        RunError::Start(error) => child::not_started(line, &error),
        RunError::TimedOut(after) => PollError::Timeout(after, "and was ended".into()),
        RunError::TooMuch(_) | RunError::Wait(_) => PollError::Ours(SafeText::new(&format!("the command {error}"))),
    })?;
    let parsed = serde_json::from_slice::<Value>(output.stdout.trim_ascii()).ok();
    Ok(json!({
        "exit": output.status.code(),
        "signal": output.status.signal(),
        "stdout": String::from_utf8_lossy(&output.stdout),
        "stderr": String::from_utf8_lossy(&output.stderr),
        "json": parsed,
        "duration_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }))
}
