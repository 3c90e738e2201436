//! Child processes of sources: argv and no shell unless asked for, in a cleaned environment.

use tokio::process::Command;

use crate::config::kinds::command::CommandLine;
use crate::model::document::PollError;
use crate::model::environment::clean;
use crate::process::{Group, start_error};
use crate::text::SafeText;
use crate::text::secret::Secrets;

/// The command of a source, ready to be started.
///
/// # Errors
/// It is empty, its directory is missing, or a secret that it needs is not known.
pub(crate) fn command(line: &CommandLine, secrets: &Secrets) -> Result<Command, PollError> {
    let mut command = match line.argv.split_first() {
        Some((script, _)) if line.shell => {
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(script);
            shell
        }
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        None => return Err(ours("the command is empty")),
    };
    command.env_clear().envs(clean(|name| std::env::var_os(name)));
    for (name, value) in &line.env {
        command.env(name, super::http::resolve(value, secrets)?);
    }
    if let Some(directory) = &line.directory {
        if !directory.is_dir() {
            return Err(ours(&format!("the directory {} does not exist", directory.display())));
        }
        command.current_dir(directory);
    }
    Ok(command)
}

/// Starts the command of a source.
///
/// # Errors
/// Why it can't be started, in words.
pub(crate) fn start(line: &CommandLine, secrets: &Secrets) -> Result<Group, PollError> {
    Group::start(command(line, secrets)?).map_err(|error| not_started(line, &error))
}

/// Why a command did not start.
pub(crate) fn not_started(line: &CommandLine, error: &std::io::Error) -> PollError {
    ours(&start_error(line.argv.first().map_or("", String::as_str), error))
}

fn ours(text: &str) -> PollError {
    PollError::Ours(SafeText::new(text))
}
