//! Child processes of sources: argv and no shell unless asked for, in a clean environment.

use crate::config::kinds::command::CommandLine;
use crate::model::document::PollError;
use crate::process::{Invocation, ProcessGroup, StartError};
use crate::text::SafeText;
use crate::text::secret::Secrets;

/// The command of a source, ready to be started.
///
/// # Errors
/// It is empty, or a secret that it needs is not known.
pub(crate) fn command(line: &CommandLine, secrets: &Secrets) -> Result<Invocation, PollError> {
    let mut command = match line.argv.first() {
        Some(script) if line.shell => Invocation::shell(script),
        _ => Invocation::from_argv(&line.argv).map_err(|error| not_started(&error))?,
    };
    for (name, value) in &line.env {
        command = command.env(name, super::http::resolve(value, secrets)?);
    }
    Ok(match &line.directory {
        Some(directory) => command.directory(directory),
        None => command,
    })
}

/// Starts the command of a source.
///
/// # Errors
/// Why it can't be started, in words.
pub(crate) fn start(line: &CommandLine, secrets: &Secrets) -> Result<ProcessGroup, PollError> {
    command(line, secrets)?.start().map_err(|error| not_started(&error))
}

/// Why a command did not start.
pub(crate) fn not_started(error: &StartError) -> PollError {
    PollError::Ours(SafeText::new(&error.to_string()))
}
