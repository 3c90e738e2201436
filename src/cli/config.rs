//! `opsroom config schema|keys|themes|adapters|presets|example`: what can be written into the configuration.

use std::fmt::Write;

use super::output;
use crate::config::adapters::{self, BuiltIn};
use crate::config::commands::{COMMANDS, CommandInfo};
use crate::config::{EXAMPLE, spec};
use crate::theme::Catalogue;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum What {
    /// The JSON Schema of the file, for editors
    Schema,
    /// Commands with their keys, for [keys]
    Keys,
    /// Themes, for `theme` in `[console]`
    Themes,
    /// Built-in adapters with verbs and variables, for `kind` in [adapter.NAME]
    Adapters,
    /// Presets of services
    Presets,
    /// A complete example with comments
    Example,
}

/// Prints what was asked for.
pub fn run(arguments: &Arguments) -> u8 {
    match arguments.what {
        What::Schema => output::print(&format!("{:#}\n", spec::schema())),
        What::Keys => output::print(&keys()),
        What::Themes => output::print(&themes()),
        What::Adapters => output::print(&adapters()),
        // An empty list on stdout, so that scripts may count it; the sentence is for people.
        What::Presets => {
            output::complain("there are no presets in this version\n");
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
            let _ = writeln!(text, "{gap}# {}", command.context.words());
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

fn adapters() -> String {
    adapters::built_in().iter().map(adapter).collect::<Vec<_>>().join("\n")
}

fn adapter(adapter: &BuiltIn) -> String {
    let verbs: Vec<String> = adapter
        .verbs
        .iter()
        .map(|(name, verb)| if verb.dry_run.is_some() { format!("{name} (dry run)") } else { name.to_string() })
        .collect();
    let mut text = format!("{}\n  {}\n  verbs: {}\n", adapter.kind, adapter.description, verbs.join(", "));
    if !adapter.required.is_empty() {
        let _ = writeln!(text, "  needs: {}", adapter.required.join(", "));
    }
    if !adapter.variables.is_empty() {
        let known: Vec<String> =
            adapter.variables.iter().map(|(name, default)| format!("{name} = {default:?}")).collect();
        let _ = writeln!(text, "  variables: {}", known.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_theme_and_adapter_is_listed() {
        let keys = keys();
        assert!(COMMANDS.iter().all(|command| keys.contains(command.name)), "{keys}");
        assert!(themes().lines().any(|name| name == "midnight"));
        let adapters = adapters();
        assert!(adapters.contains("compose\n  Docker Compose v2"), "{adapters}");
        assert!(adapters.contains("restart (dry run)"), "{adapters}");
        assert!(adapters.contains("needs: dumps, tables"), "{adapters}");
    }
}
