//! What a person may choose from: the lines that an adapter's `choices` command prints.

use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use crate::model::environment::clean;
use crate::model::redact::Redactor;
use crate::model::text::SafeText;
use crate::process::{self, Limits, RunError};

/// Bound on the whole command: a person waits for it.
pub const CHOICES_TIMEOUT: Duration = Duration::from_secs(10);
/// At most so many values are offered.
pub const MOST_CHOICES: usize = 500;
const MOST_BYTES: usize = 256 << 10;

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
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).env_clear().envs(clean(|name| std::env::var_os(name))).envs(env);
    let limits = Limits { timeout: CHOICES_TIMEOUT, most_bytes: MOST_BYTES };
    let output = process::run(command, limits, || ()).await.map_err(|error| match error {
        RunError::Start(error) => SafeText::new(&process::start_error(program, &error)),
        RunError::TimedOut(after) => said(program, &format!("gave no choices within {} s", after.as_secs())),
        RunError::Wait(_) => said(program, &error.to_string()),
    })?;
    if !output.status.success() {
        let err = String::from_utf8_lossy(&output.stderr);
        let last = err.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(redactor.redact_safe(&said(program, &format!("failed ({}): {last}", output.status))));
    }
    let out = String::from_utf8_lossy(&output.stdout);
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

fn said(program: &str, what: &str) -> SafeText {
    SafeText::new(&format!("`{program}` {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(script: &str) -> Result<Vec<SafeText>, SafeText> {
        let argv = ["/bin/sh", "-c", script].map(str::to_owned);
        choices(&argv, Path::new("/"), [], &Redactor::default()).await
    }

    #[tokio::test]
    async fn a_child_that_keeps_its_output_open_costs_nothing() {
        // The bound is that of the command: an answer at all shows that the child of the child was not waited for.
        assert_eq!(ask("sleep 300 & echo v2; echo v1").await.unwrap(), ["v2", "v1"]);
        let error = ask("sleep 300 & echo no releases >&2; exit 4").await.unwrap_err();
        assert!(error.as_str().ends_with("no releases"), "{error}");
    }
}
