//! Commands: run, bounded in time and output, and shown as a document.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::clock::Clock;
use crate::config::sections::source::CommandLine;
use crate::model::document::PollError;
use crate::model::secret::Secrets;
use crate::model::text::SafeText;

use super::child::Group;

/// How much of stdout and of stderr is kept, each.
const MAX_OUTPUT: usize = 1 << 20;
/// How long a pipe may stay open after the command has ended: a daemon that it started may hold it for ever.
const LINGER: Duration = Duration::from_secs(1);

/// Runs a command to its end: `{exit, signal, stdout, stderr, json, duration_ms}`.
///
/// # Errors
/// It could not be started, or did not end in time; then all of its process group is ended.
pub async fn run(line: &CommandLine, timeout: Duration, secrets: &Secrets, clock: Clock) -> Result<Value, PollError> {
    let started = clock.now();
    let mut group = Group::start(line, secrets)?;
    let (stdout, stderr) = group.pipes();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let work = async {
        let reading = async { tokio::join!(read(stdout, &mut out), read(stderr, &mut err)) };
        tokio::pin!(reading);
        let status = tokio::select! {
            status = group.wait() => {
                let _ = tokio::time::timeout(LINGER, &mut reading).await;
                status
            }
            // Both pipes are closed: the end is near.
            _ = &mut reading => group.wait().await,
        };
        status.map_err(|error| PollError::Ours(SafeText::new(&format!("the command can't be waited for: {error}"))))
    };
    let Ok(ended) = tokio::time::timeout(timeout, work).await else {
        group.end().await;
        return Err(PollError::Timeout(timeout, "and was ended"));
    };
    let status = ended?;
    let parsed = serde_json::from_slice::<Value>(out.trim_ascii()).ok();
    Ok(json!({
        "exit": status.code(),
        "signal": status.signal(),
        "stdout": String::from_utf8_lossy(&out),
        "stderr": String::from_utf8_lossy(&err),
        "json": parsed,
        "duration_ms": u64::try_from(clock.now().since(started).as_millis()).unwrap_or(u64::MAX),
    }))
}

/// Keeps the beginning and reads on to the end, so that a talkative command is not blocked.
async fn read(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 8192];
    while let Ok(size @ 1..) = pipe.read(&mut buffer).await {
        let room = MAX_OUTPUT.saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..size.min(room)]);
    }
}
