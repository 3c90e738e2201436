//! `opsroom man`: the manual page, made from the command line, the tables of the configuration, the filter language and
//! the console's commands, so that it can't disagree with them.

use std::fmt::Write;

use super::help::{self, EXITS, LOOKUP};
use super::output::{self, exit};
use crate::config::commands::COMMANDS;
use crate::config::registry::{SECTIONS, Section};
use crate::config::spec::{KeySpec, SectionShape, ValueForm};
use crate::lang::order::InOrder;
use crate::logs::filter::forms::FORMS;

/// Prints the manual page.
pub(crate) fn run() -> u8 {
    match page() {
        Ok(text) => output::print(&text),
        Err(error) => output::fail(exit::SOFTWARE, &format!("can't make the manual page: {error}"), ""),
    }
}

fn page() -> std::io::Result<String> {
    let mut command = super::command_line();
    command.build();
    let mut text = Vec::new();
    let program = clap_mangen::Man::new(command.clone().after_long_help("")).section("1");
    program.render_title(&mut text)?;
    // Ragged right and without hyphens: commands are copied from here.
    text.extend(b".ad l\n.nh\n");
    program.render_name_section(&mut text)?;
    text.extend(synopsis(&command).into_bytes());
    program.render_description_section(&mut text)?;
    let mut page = Page(String::from_utf8_lossy(&text).into_owned());
    page.paragraph(
        "Without a command the console opens on the configuration. It shows health checks, metrics, logs and alerts of \
         the configured services, and runs configured actions with a preview, a confirmation, a lock, a verification \
         and an audit log.",
    );
    page.section("commands");
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        page.command(below);
    }
    page.section("global options");
    for option in command.get_arguments().filter(|argument| argument.is_global_set()) {
        page.option(option);
    }
    page.configuration();
    page.filters();
    page.keys();
    page.environment();
    page.section("exit status");
    for (code, what) in EXITS {
        page.item(&code.to_string(), what);
    }
    page.section("examples");
    for (line, what) in help::page("").map(|page| page.examples).unwrap_or_default() {
        page.item(line, what);
    }
    Ok(page.0)
}

/// How the program is called: every option with its value, which the generator leaves out.
fn synopsis(command: &clap::Command) -> String {
    let mut text = ".SH SYNOPSIS\n\\fBopsroom\\fR".to_owned();
    for option in command.get_arguments().filter(|argument| argument.is_global_set() && !argument.is_hide_set()) {
        let written = option.to_string();
        let (name, value) = written.split_once(' ').unwrap_or((&written, ""));
        let value = if value.is_empty() { String::new() } else { format!(" \\fI{}\\fR", escaped(value)) };
        let _ = write!(text, " [\\fB{}\\fR{value}]", escaped(name));
    }
    text + " [\\fICOMMAND\\fR]\n"
}

/// A page in the language of man(7).
struct Page(String);

/// Writing to a string can't fail.
impl Page {
    fn section(&mut self, title: &str) {
        let _ = writeln!(self.0, ".SH \"{}\"", title.to_uppercase());
    }

    fn subsection(&mut self, title: &str) {
        let _ = writeln!(self.0, ".SS \"{}\"", escaped(title));
    }

    fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.0, ".PP\n{}", escaped(text));
    }

    fn item(&mut self, term: &str, text: &str) {
        let _ = writeln!(self.0, ".TP\n\\fB{}\\fR\n{}", escaped(term), escaped(text));
    }

    fn command(&mut self, command: &clap::Command) {
        let mut usage = command.clone().render_usage().to_string();
        usage = usage.trim_start_matches("Usage: ").trim().to_owned();
        self.subsection(&format!("opsroom {}", command.get_name()));
        self.paragraph(&command.get_about().map(ToString::to_string).unwrap_or_default());
        self.paragraph(&usage);
        for argument in command.get_arguments().filter(|argument| !argument.is_global_set() && !argument.is_hide_set())
        {
            self.option(argument);
        }
        for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
            let about = below.get_about().map(ToString::to_string).unwrap_or_default();
            self.item(&format!("{} {}", command.get_name(), below.get_name()), &about);
        }
        let Some(page) = help::page(command.get_name()) else { return };
        for (code, what) in page.exits {
            self.item(&format!("exit {code}"), what);
        }
        for (line, what) in page.examples {
            self.item(line, what);
        }
    }

    fn option(&mut self, argument: &clap::Arg) {
        if matches!(argument.get_id().as_str(), "help" | "version") {
            return;
        }
        let written = argument.to_string();
        let short = argument.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
        self.item(&format!("{short}{written}"), &argument.get_help().map(ToString::to_string).unwrap_or_default());
    }

    fn configuration(&mut self) {
        self.section("configuration");
        self.paragraph(
            "One TOML file describes what is operated. It is read again when it changes, and never written by the \
             program. The first of these is used:",
        );
        for (index, place) in (1..).zip(LOOKUP) {
            self.item(&format!("{index}."), place);
        }
        self.paragraph(
            "Durations are written 500ms, 15s, 2m, 26h, 30d; sizes 512KiB, 1MB, 2GiB; percentages 99.9%. An expression \
             is jq over the document of a source, starting at the document: .status == 200, .body.queue | length. A \
             condition is COMPARISON [until COMPARISON] [for DURATION]: > 5% for 2m, > 85% until < 75%, down for 2m, \
             stale for 5m. {secret:NAME} stands for a secret in URLs, headers, bodies and environment variables.",
        );
        self.paragraph(
            "`opsroom config example` prints an example with comments, `opsroom config schema` a JSON Schema.",
        );
        for Section { spec: section, .. } in SECTIONS {
            let (title, keys): (String, &[KeySpec]) = match section.shape {
                SectionShape::Single(keys) | SectionShape::Secrets(keys) => (format!("[{}]", section.name), keys),
                SectionShape::Named(keys) | SectionShape::Adapters(keys) => (format!("[{}.NAME]", section.name), keys),
                SectionShape::Tables(keys) => (format!("[[{}]]", section.name), keys),
                SectionShape::Texts => (format!("[{}]", section.name), &[]),
                SectionShape::List => (format!("{} = [PATTERN, ...]", section.name), &[]),
            };
            self.subsection(&title);
            self.paragraph(section.help);
            for key in keys.iter().filter(|key| !matches!(key.kind, ValueForm::Later)) {
                self.item(key.name, key.help);
            }
        }
    }

    fn filters(&mut self) {
        self.section("filters");
        self.paragraph(
            "One language filters logs on the screen, in the configuration and on the command line. Press / in the \
             console, or use --filter.",
        );
        for form in FORMS {
            self.item(&form.examples.join("   "), form.meaning);
        }
    }

    fn keys(&mut self) {
        self.section("keys");
        self.paragraph(
            "The default keys of the console. [keys] binds others; a command without a key is in the palette, which : \
             opens. Actions have the keys that the configuration gives them.",
        );
        let mut commands: Vec<_> = COMMANDS.iter().collect();
        commands.order_by_key(|command| command.context);
        let mut context = None;
        for command in commands {
            if context != Some(command.context) {
                context = Some(command.context);
                self.subsection(command.context.describe());
            }
            let keys = if command.keys.is_empty() { ":".to_owned() } else { command.keys.join(", ") };
            self.item(&keys, &format!("{} ({})", command.help, command.name));
        }
    }

    fn environment(&mut self) {
        self.section("files");
        for (path, what) in FILES {
            self.item(path, what);
        }
        self.section("environment");
        for (name, what) in ENVIRONMENT {
            self.item(name, what);
        }
    }
}

/// The files that are read and written beside the configuration.
const FILES: &[(&str, &str)] = &[
    ("$XDG_STATE_HOME/opsroom, else ~/.local/state/opsroom", "the state directory"),
    ("opsroom.db", "in the state directory: runs, locks and the audit log; --store names another file"),
    ("runs/ID", "in the state directory: plan, output and result of each run"),
    ("saved", "in the state directory: saved screens and logs"),
    ("themes/NAME.toml", "beside the configuration: your own themes"),
];

/// The variables that are read.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("OPSROOM_CONFIG", "the configuration file, if --config is not given"),
    ("NO_COLOR", "if set and not empty: no colours"),
    ("COLORTERM, TERM", "how many colours the terminal has"),
    ("LC_ALL, LC_CTYPE, LANG", "whether the terminal shows more than ASCII"),
    ("PAGER", "the program that shows long texts"),
    ("HTTP_PROXY, HTTPS_PROXY, NO_PROXY", "the proxy for sources that name none"),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME", "where configuration and state are kept"),
];

/// Text in which roff reads nothing: no request at the start of a line, no escape.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if line.starts_with(['.', '\'']) {
            out.push_str("\\&");
        }
        for character in line.chars() {
            match character {
                '\\' => out.push_str("\\e"),
                '-' => out.push_str("\\-"),
                '"' => out.push_str("\\(dq"),
                '\'' => out.push_str("\\(aq"),
                '`' => out.push_str("\\(ga"),
                '^' => out.push_str("\\(ha"),
                '~' => out.push_str("\\(ti"),
                // Readers differ in the encoding that they expect; this form they all know.
                other if !other.is_ascii() => {
                    let _ = write!(out, "\\[u{:04X}]", u32::from(other));
                }
                other => out.push(other),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_names_every_command_section_key_and_form() {
        let page = page().unwrap();
        assert!(page.starts_with(".ie") || page.contains(".TH opsroom"), "{page}");
        let mut missing = Vec::new();
        let mut asked = |what: &str| {
            if !page.contains(&escaped(what)) {
                missing.push(what.to_owned());
            }
        };
        for below in super::super::command_line().get_subcommands().filter(|below| !below.is_hide_set()) {
            asked(&format!("opsroom {}", below.get_name()));
        }
        for what in SECTIONS.iter().map(|section| section.spec.help).chain(EXITS.iter().map(|(_, what)| *what)) {
            asked(what);
        }
        for example in FORMS.iter().flat_map(|form| form.examples) {
            asked(example);
        }
        for command in COMMANDS {
            asked(&format!("({})", command.name));
        }
        asked("OPSROOM_CONFIG");
        asked("$XDG_STATE_HOME/opsroom");
        assert!(missing.is_empty(), "{missing:?}");
        assert!(!page.contains("__"), "hidden commands are not in it");
        assert!(page.contains("[\\fB\\-\\-config\\fR \\fI<FILE>\\fR]"), "{}", &page[..600]);
    }

    #[test]
    fn nothing_in_a_text_is_a_request() {
        assert_eq!(escaped(".status == 200\n'x' \\d"), "\\&.status == 200\n\\&\\(aqx\\(aq \\ed");
        assert_eq!(escaped("a…"), "a\\[u2026]");
    }
}
