//! `opsroom config schema|keys|screens|themes|adapters|presets|example`: what can be written into the configuration.

use std::fmt::Write;

use super::{Global, adapters, output, screens};
use crate::config::commands::{COMMANDS, CommandInfo};
use crate::config::{EXAMPLE, schema};
use crate::theme::Catalogue;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print the JSON Schema of the configuration, for editors
    Schema,
    /// List the commands of the console with their keys, for [keys]
    Keys,
    /// Print the built-in screens as TOML, and the panels that a screen can be made of
    Screens,
    /// List the themes, for `theme` in `[console]`
    Themes,
    /// List the adapters, built in and configured; with NAME show what each verb runs
    Adapters(adapters::Arguments),
    /// List the presets of services
    Presets,
    /// Print a complete example with comments
    Example,
}

/// Prints what was asked for.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    match &arguments.what {
        What::Schema => output::print_json(&format!("{:#}\n", schema::json_schema())),
        What::Keys => output::print(&keys()),
        What::Screens => screens::run(global),
        What::Themes => output::print(&themes()),
        What::Adapters(arguments) => adapters::run(arguments, global),
        // An empty list on stdout, so that scripts may count it; the sentence is for people.
        What::Presets => {
            output::eprint_error("this version has no presets\n");
            output::exit::OK
        }
        What::Example => output::print(EXAMPLE),
    }
}

// Writing to a string can't fail.
fn keys() -> String {
    let mut text = String::new();
    let mut context = None;
    let width = COMMANDS.iter().map(|command| command.name.len()).max().unwrap_or(0);
    let mut commands: Vec<&CommandInfo> = COMMANDS.iter().collect();
    commands.sort_by_key(|command| command.context);
    for command in commands {
        if context != Some(command.context) {
            let gap = if context.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{gap}# {}", command.context.describe());
            context = Some(command.context);
        }
        let keys = if command.keys.is_empty() { "-".to_owned() } else { command.keys.join(" ") };
        let _ = writeln!(text, "{:width$}  {keys:12}  {}", command.name, command.help);
    }
    text
}

fn themes() -> String {
    Catalogue::shipped().names().flat_map(|name| [name, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_theme_is_listed() {
        let keys = keys();
        assert!(COMMANDS.iter().all(|command| keys.contains(command.name)), "{keys}");
        assert!(themes().lines().any(|name| name == "midnight"));
    }
}
