//! What the help of each command says beyond its options: examples and exit codes. The man page prints the same.

mod pages;
mod people;

use std::fmt::Write;

use self::pages::PAGES;
use self::people::PEOPLE;
use super::output::exit;
use crate::logs::filter::forms::FORMS;

/// The heading of the options that every command has.
pub(crate) const GLOBAL: &str = "Global options";

/// What each exit code means.
pub(crate) const EXITS: &[(u8, &str)] = &[
    (exit::OK, "ok, done, verified"),
    (exit::WARNING, "warning: something is degraded, or an action is not verified"),
    (exit::CRITICAL, "critical: something is down, or an action failed"),
    (exit::UNKNOWN, "unknown"),
    (exit::USAGE, "wrong usage"),
    (exit::SOFTWARE, "internal error, or an error of the system"),
    (exit::CONFIG, "invalid configuration"),
];

/// Where the configuration is looked for, in this order.
pub(crate) const LOOKUP: &[&str] = &[
    "the file named by --config",
    "the file named by $OPSROOM_CONFIG",
    "opsroom.toml in the current directory",
    "opsroom/config.toml in the configuration directory ($XDG_CONFIG_HOME, else ~/.config)",
];

/// What one command's help says at its end.
#[derive(Debug)]
pub(crate) struct HelpPage {
    /// The command; empty for the program itself.
    pub command: &'static str,
    /// Command lines with what they do.
    pub examples: &'static [(&'static str, &'static str)],
    /// Its exit codes, where they say more than that it worked.
    pub exits: &'static [(u8, &'static str)],
}

/// Every page.
pub(crate) fn pages() -> impl Iterator<Item = &'static HelpPage> {
    PAGES.iter().chain(PEOPLE)
}

/// The page of a command.
pub(crate) fn page(command: &str) -> Option<&'static HelpPage> {
    pages().find(|page| page.command == command)
}

/// The end of `opsroom COMMAND --help`.
pub(crate) fn end(command: &str) -> String {
    // Writing to a string can't fail.
    let mut text = String::new();
    if command.is_empty() {
        text.push_str("Without a command the console opens. Its configuration is the first that exists of:\n");
        for place in LOOKUP {
            let _ = writeln!(text, "  {place}");
        }
        text.push('\n');
    }
    if command == "logs" {
        text.push_str("Filters:\n");
        for form in FORMS {
            let _ = writeln!(text, "  {}\n      {}", form.examples.join("   "), form.meaning);
        }
        text.push('\n');
    }
    let Some(page) = page(command) else { return text };
    text.push_str("Examples:\n");
    for (line, what) in page.examples {
        let _ = writeln!(text, "  {line}\n      {what}");
    }
    if !page.exits.is_empty() {
        text.push_str("\nExit codes:\n");
        for (code, what) in page.exits {
            let _ = writeln!(text, "  {code:<3} {what}");
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, command_line};

    /// The words of a shell's line from `opsroom` up to a pipe or a redirection; single quotes group.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for character in line[line.find("opsroom").unwrap()..].chars() {
            match character {
                '\'' => quoted = !quoted,
                '|' | '>' if !quoted => break,
                ' ' if !quoted => words.push(String::new()),
                other => words.last_mut().unwrap().push(other),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_example_is_a_command_line() {
        for (line, _) in pages().flat_map(|page| page.examples) {
            // `tail -f app.log | opsroom logs -` is about what stands behind the pipe.
            let line = line.split_once("| opsroom").map_or((*line).to_owned(), |(_, after)| format!("opsroom{after}"));
            let parsed = Cli::try_parse_from(words(&line));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn every_command_has_a_page_that_its_help_shows() {
        let mut command = command_line();
        command.build();
        for below in command.get_subcommands_mut().filter(|below| !below.is_hide_set()) {
            let name = below.get_name().to_owned();
            if name == "help" {
                continue;
            }
            let page = page(&name).unwrap_or_else(|| panic!("no examples for {name}"));
            let help = below.render_long_help().to_string();
            assert!(help.contains(page.examples[0].0), "{help}");
            let short = below.render_help().to_string();
            assert!(!short.contains("Examples:"), "-h is short: {short}");
            let (own, global) = (help.find("\nOptions:"), help.find(&format!("\n{GLOBAL}:")));
            assert!(own.is_some() && own < global, "own options stand first: {help}");
            let own = &help[own.unwrap()..global.unwrap()];
            assert!(!own.contains("--read-only") && !own.contains("--store"), "{help}");
        }
    }
}
