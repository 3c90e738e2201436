//! The command of a step of a checklist: run once, within bounds, what it prints kept as evidence.

use std::path::Path;
use std::time::Duration;

use super::effects::Tools;
use crate::clock::Clock;
use crate::config::Config;
use crate::lang::unit;
use crate::model::checklist::{CommandResult, EVIDENCE_BYTES};
use crate::model::effect::{RequestId, StepCommand};
use crate::model::outcome::Outcome;
use crate::process::{self, Invocation, Limits};
use crate::text::SafeText;
use crate::text::redact::Redactor;

/// Runs a command to its end, in a clean environment and without a terminal.
pub(crate) async fn run(
    argv: &[String],
    timeout: Duration,
    directory: Option<&Path>,
    redactor: &Redactor,
    clock: Clock,
) -> CommandResult {
    let began = clock.now();
    let failed = |value: String, output: &[u8]| CommandResult {
        passed: false,
        value: redactor.clean(value.as_bytes()),
        output: redactor.clean(output),
    };
    let command = match Invocation::from_argv(argv) {
        Ok(command) => command,
        Err(error) => return failed(error.to_string(), b""),
    };
    let command = match directory {
        Some(directory) => command.directory(directory),
        None => command,
    };
    let limits = Limits { timeout, most_bytes: EVIDENCE_BYTES };
    let output = match process::run(command, limits, || ()).await {
        Ok(output) => output,
        Err(error) => return failed(error.to_string(), b""),
    };
    let mut printed = output.stdout;
    if !printed.is_empty() && !printed.ends_with(b"\n") && !output.stderr.is_empty() {
        printed.push(b'\n');
    }
    printed.extend_from_slice(&output.stderr);
    let how = output.status.code().map_or_else(|| "ended by a signal".to_owned(), |code| format!("exit {code}"));
    let took = unit::latency(Some(clock.now().since(began)));
    CommandResult {
        passed: output.status.success(),
        value: SafeText::new(&format!("{how} after {took}")),
        output: redactor.clean(printed.trim_ascii_end()),
    }
}

impl Tools {
    /// Runs the command of a step, and answers with what came of it.
    pub(super) async fn step(mut self, request: RequestId, command: &StepCommand, config: &Config, clock: Clock) {
        let redactor = Redactor::from(&*self.secrets_handle.secrets().await);
        let result = run(&command.argv, command.timeout, directory(config), &redactor, clock).await;
        self.answer(Outcome::StepRan { request, result }).await;
    }
}

/// Where a command runs: beside the configuration.
pub(crate) fn directory(config: &Config) -> Option<&Path> {
    let directory = config.files.first()?.parent()?;
    (!directory.as_os_str().is_empty()).then_some(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ran(argv: &[&str], timeout: Duration) -> CommandResult {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        run(&argv, timeout, None, &Redactor::new(["hunter22"]), Clock::start()).await
    }

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn what_it_prints_is_kept_redacted_and_bounded() {
        let good = ran(&["sh", "-c", "echo token hunter22; echo more >&2"], LONG).await;
        assert!(good.passed && good.value.as_str().starts_with("exit 0 after "), "{good:?}");
        assert!(good.output.as_str().starts_with("token ***") && good.output.as_str().ends_with("more"), "{good:?}");
        let much = ran(&["sh", "-c", "yes | head -c 1000000"], LONG).await;
        assert!(much.output.len() <= 3 * EVIDENCE_BYTES, "{}", much.output.len());
    }

    #[tokio::test]
    async fn what_fails_says_how() {
        let bad = ran(&["sh", "-c", "echo no; exit 3"], LONG).await;
        assert!(!bad.passed && bad.value.as_str().starts_with("exit 3 after "), "{bad:?}");
        let late = ran(&["sleep", "300"], Duration::from_millis(100)).await;
        assert!(!late.passed && late.value.as_str().contains("gave no answer"), "{late:?}");
        let none = ran(&["/nonexistent/program"], LONG).await;
        assert!(!none.passed && !none.value.is_empty(), "{none:?}");
    }
}
