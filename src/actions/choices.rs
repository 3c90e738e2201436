//! What a person may choose from: the lines that an adapter's `choices` command prints.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use crate::model::environment::clean;
use crate::model::redact::Redactor;
use crate::model::text::SafeText;

/// Bound on the whole command: a person waits for it.
pub const CHOICES_TIMEOUT: Duration = Duration::from_secs(10);
/// At most so many values are offered.
pub const MOST_CHOICES: usize = 500;
const MOST_BYTES: u64 = 256 << 10;

/// Runs `argv` and returns its lines: trimmed, without empty ones and repetitions, the first [`MOST_CHOICES`].
///
/// # Errors
/// A sentence: it could not be started, took too long, failed (with the end of its stderr), or printed nothing.
pub async fn choices<'a>(
    argv: &[String],
    directory: &Path,
    env: impl IntoIterator<Item = (&'a String, &'a String)>,
    redactor: &Redactor,
) -> Result<Vec<SafeText>, SafeText> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(SafeText::new("there is no command to ask for choices"));
    };
    let child = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(clean(|name| std::env::var_os(name)))
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = child.map_err(|error| said(program, &format!("could not be started: {error}")))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let (out, err) = tokio::join!(bounded(stdout), bounded(stderr));
        (out, err, child.wait().await)
    };
    let Ok((out, err, status)) = tokio::time::timeout(CHOICES_TIMEOUT, work).await else {
        return Err(said(program, &format!("gave no choices within {} s", CHOICES_TIMEOUT.as_secs())));
    };
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => {
            let last = err.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
            return Err(redactor.redact_safe(&said(program, &format!("failed ({status}): {last}"))));
        }
        Err(error) => return Err(said(program, &format!("could not be waited for: {error}"))),
    }
    let mut values: Vec<SafeText> = Vec::new();
    for line in out.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let value = redactor.clean(line.as_bytes());
        // A value that the sanitiser had to change is not the value any more: choosing it would run something else.
        if value.as_str() == line && !values.contains(&value) {
            values.push(value);
        }
        if values.len() == MOST_CHOICES {
            break;
        }
    }
    if values.is_empty() { Err(said(program, "printed nothing to choose from")) } else { Ok(values) }
}

async fn bounded(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        let _ = (&mut stream).take(MOST_BYTES).read_to_end(&mut bytes).await;
        // Read on, so that a talkative command is not blocked for ever.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn said(program: &str, what: &str) -> SafeText {
    SafeText::new(&format!("`{program}` {what}"))
}
