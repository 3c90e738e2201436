//! `opsroom completions SHELL`

use clap_complete::Shell;

use super::output;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the completions.
pub fn run(arguments: &Arguments) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command_line(), "opsroom", &mut text);
    output::print(&String::from_utf8_lossy(&text))
}
