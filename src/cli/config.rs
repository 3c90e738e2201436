//! `opsroom config schema|keys|screens|themes|adapters|example`: what can be written into the configuration.

use std::fmt::Write;

use super::{Global, adapters, configuration, output, screens};
use crate::app::keymap::{Binding, Command, Keymap};
use crate::config::Config;
use crate::config::commands::{COMMANDS, CommandInfo};
use crate::config::{EXAMPLE, schema};
use crate::lang::key::{Key, KeyCode};
use crate::lang::order::InOrder;
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
    /// List the commands of the console with their keys as the configuration binds them, and the free capitals
    Keys,
    /// Print the built-in screens as TOML, and the panels that a screen can be made of
    Screens,
    /// List the themes, for `theme` in `[console]`
    Themes,
    /// List the adapters, built in and configured; with NAME show what each verb runs
    Adapters(adapters::Arguments),
    /// List the presets of services
    #[command(hide = true)]
    Presets,
    /// Print a complete example with comments
    Example,
}

/// Prints what was asked for.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    match &arguments.what {
        What::Schema => output::print_json(&format!("{:#}\n", schema::json_schema())),
        What::Keys => match configuration::if_any(global, "the default keys", "the default keys are listed") {
            Ok(config) => output::print(&keys(&config.unwrap_or_default())),
            Err(code) => code,
        },
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

/// The commands with their keys as `config` binds them, what else has a key, and which capitals are free.
fn keys(config: &Config) -> String {
    let map = Keymap::new(config, false);
    let mut text = String::new();
    let mut context = None;
    let width = COMMANDS.iter().map(|command| command.name.len()).max().unwrap_or(0);
    let mut commands: Vec<&CommandInfo> = COMMANDS.iter().collect();
    commands.order_by_key(|command| command.context);
    // Writing to a string can't fail.
    for command in commands {
        if context != Some(command.context) {
            let gap = if context.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{gap}# {}", command.context.describe());
            context = Some(command.context);
        }
        let bound = Command::from_name(command.name).map(|command| map.keys_of(&Binding::Command(command)));
        let keys = bound.filter(|keys| !keys.is_empty()).unwrap_or_else(|| "-".to_owned());
        let _ = writeln!(text, "{:width$}  {keys:12}  {}", command.name, command.help);
    }
    let own = map.iter().filter_map(|(key, _, binding)| {
        let (what, name) = match binding {
            Binding::Command(_) => return None,
            Binding::Action(name) => ("action", name),
            Binding::Screen(name) => ("screen", name),
            Binding::Filter(name) => ("filter", name),
        };
        Some(format!("{name:width$}  {:12}  {what}\n", key.to_string()))
    });
    let own: String = own.collect();
    if !own.is_empty() {
        let _ = write!(text, "\n# of this configuration\n{own}");
    }
    let taken: Vec<Key> = map.iter().map(|(key, _, _)| key).collect();
    let is_free = |letter: &char| !taken.contains(&Key::plain(KeyCode::Char(*letter)));
    let free: Vec<String> = ('A'..='Z').filter(is_free).map(String::from).collect();
    let _ = writeln!(text, "\n# free capitals: {}", free.join(" "));
    text
}

fn themes() -> String {
    Catalogue::shipped().names().flat_map(|name| [name, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;

    #[test]
    fn every_command_and_theme_is_listed() {
        let keys = keys(&Config::default());
        assert!(COMMANDS.iter().all(|command| keys.contains(command.name)), "{keys}");
        assert!(keys.ends_with("\n# free capitals: A B C D H I J K L O P Q R V W X Y Z\n"), "{keys}");
        let text = "[screen.w]\nkey = \"W\"\nrows = [[\"services\"]]\n[keys]\nx = \"poll\"\n";
        let config = load_text(Path::new("ops.toml"), text).config.unwrap();
        let keys = super::keys(&config);
        let line = |name: &str| keys.lines().find(|line| line.split(' ').next() == Some(name)).unwrap().to_owned();
        assert!(line("poll").contains("ctrl-r x") && line("cancel").contains("  -  "), "{keys}");
        assert!(line("w").contains(" W ") && !keys.contains("V W X"), "{keys}");
        assert!(themes().lines().any(|name| name == "midnight"));
    }
}
