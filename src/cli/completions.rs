//! `opsroom completions SHELL`, and the hidden `opsroom __complete` that the printed scripts call.
//!
//! bash, zsh and fish ask the program itself at each Tab, so that names of checks, actions, logs, screens and runs come
//! from the configuration as it is then, and no script goes out of date. Other shells get a fixed list.

mod engine;
mod names;

use std::path::PathBuf;

use clap_complete::Shell;

use super::output::{self, exit};

/// The arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell to print the completion script for
    shell: Shell,
}

/// The arguments of `__complete`.
#[derive(Debug, clap::Args)]
pub(crate) struct Words {
    /// The words behind the program's name, up to the one that is being completed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, num_args = 0..)]
    words: Vec<String>,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> u8 {
    let script = match arguments.shell {
        Shell::Bash => include_str!("completions/opsroom.bash").to_owned(),
        Shell::Zsh => include_str!("completions/opsroom.zsh").to_owned(),
        Shell::Fish => include_str!("completions/opsroom.fish").to_owned(),
        other => {
            let mut text = Vec::new();
            clap_complete::generate(other, &mut visible(&super::command_line()), "opsroom", &mut text);
            String::from_utf8_lossy(&text).into_owned()
        }
    };
    output::print(&script)
}

/// Prints what the last word may be, one candidate a line with its description behind a tab; `:files` stands for the
/// names of files, which the shell knows best. Silent where nothing can be said: a Tab must not print errors.
pub(crate) fn complete(words: &Words) -> u8 {
    let mut command = super::command_line();
    command.build();
    let completion = engine::complete(&command, &words.words, names::candidates);
    let mut text: String = completion.candidates.iter().map(engine::Candidate::line).collect();
    if completion.files {
        text.push_str(":files\n");
    }
    output::print(&text);
    exit::OK
}

/// The command line without what is hidden.
fn visible(command: &clap::Command) -> clap::Command {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set()).map(visible);
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set()).cloned();
    let about = command.get_about().cloned().unwrap_or_default();
    // clap wants names that live as long as the program, which ends after this.
    let name: &'static str = command.get_name().to_owned().leak();
    clap::Command::new(name).about(about).args(arguments).subcommands(below)
}

/// What a value may be, beyond what the command line itself knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Checks, metrics and services.
    Judged,
    /// Logs, and files.
    Logs,
    /// The fields of every record.
    Fields,
    Actions,
    Runs,
    Screens,
    Themes,
    Adapters,
    Files,
}

/// A question for names: their kind, and `--config` where it was given.
struct Question {
    kind: Kind,
    config: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_in_no_script() {
        for shell in [Shell::Elvish, Shell::PowerShell] {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut visible(&crate::cli::command_line()), "opsroom", &mut text);
            let text = String::from_utf8(text).unwrap();
            assert!(text.contains("snapshot") && text.contains("read-only"), "{text}");
            assert!(!text.contains("__"), "{text}");
        }
    }
}
