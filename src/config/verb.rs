//! What an adapter can do: the commands of one verb.

use std::collections::BTreeMap;

use super::reader::{KeyValue, ReadContext, TableReader, Text, described, entries, texts_of};
use super::spec::{KeySpec, ValueForm, key};
use super::substitute;
use super::tree::TomlValue;
use super::written;

/// What an adapter can do, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verb {
    /// The argv of each step, with `{target}`, `{name}` of variables and parameters. Substituted an argument at a time.
    pub steps: Vec<Vec<String>>,
    /// `dry_run`: the argv of each step of a dry run. `None`: there is none, and asking for one is refused.
    pub dry_run: Option<Vec<Vec<String>>>,
    /// `choices`: for each parameter the argv that prints its values, one a line.
    pub choices: BTreeMap<String, Vec<String>>,
    /// `changes`: whether it changes the world. Default true, except for `status`, `logs` and with `terminal`.
    pub changes: bool,
    /// `shell = true`: each step is one script for `/bin/sh -c`, values are given as quoted words.
    pub shell: bool,
    /// `terminal = true`: the terminal is handed over to each step, as an interactive shell needs it.
    pub terminal: bool,
}

impl Verb {
    /// Every `{name}` of its steps, its dry run and its choices.
    pub(crate) fn references(&self) -> impl Iterator<Item = &str> {
        let chosen = self.choices.values().flatten().flat_map(|argument| substitute::names(argument, false));
        self.used().chain(chosen)
    }

    /// Every `{name}` of its steps and its dry run.
    pub(crate) fn used(&self) -> impl Iterator<Item = &str> {
        let steps = self.steps.iter().chain(self.dry_run.iter().flatten()).flatten();
        steps.flat_map(|argument| substitute::names(argument, self.shell))
    }
}

pub(crate) const KEYS: &[KeySpec] = &[
    key("steps", ValueForm::Steps, "The argv of each step, in order; the first that fails ends the run"),
    key("dry_run", ValueForm::Steps, "The argv of each step of a dry run; a dry run is refused if missing"),
    key(
        "choices",
        ValueForm::Commands,
        "For each parameter the argv that prints its values, one a line and newest first: plain, or JSON that says what runs",
    ),
    key(
        "changes",
        ValueForm::Flag,
        "Whether it changes anything. Default true, except for status, logs and with terminal",
    ),
    key("shell", ValueForm::Flag, "Each step is one script for /bin/sh -c"),
    key("terminal", ValueForm::Flag, "Hand the terminal over to each step: an interactive shell, psql, an editor"),
];

/// Reads a verb.
pub(crate) fn read(table: &TableReader<'_>) -> Option<Verb> {
    let shell = table.flag("shell").unwrap_or(false);
    let terminal = table.flag("terminal").unwrap_or(false);
    let choices = choices(table);
    let dry_run = table.has("dry_run").then(|| steps(table, "dry_run", shell));
    if !table.has("steps") {
        if !table.lacks(&["steps"]) {
            return None;
        }
        table.context.error(
            table.at,
            format!("{} has no steps", table.title),
            "add steps = [[\"program\", \"argument\"]]",
        );
        return None;
    }
    Some(Verb {
        steps: steps(table, "steps", shell),
        dry_run,
        choices,
        changes: table.flag("changes").unwrap_or(!terminal && !matches!(table.name, "status" | "logs")),
        shell,
        terminal,
    })
}

fn choices(table: &TableReader<'_>) -> BTreeMap<String, Vec<String>> {
    let context = table.context;
    let mut found = BTreeMap::new();
    let Some(entry) = table.entry("choices") else { return found };
    let TomlValue::Table(inner) = entry.value else {
        let message = format!("`choices` must be a table, not {}", described(entry.value));
        context.error(entry.at, message, "write choices = { version = [\"program\", \"argument\"] }");
        return found;
    };
    for one in entries(inner, entry.at.file) {
        let Some(argv) = texts_of(context, one.key, &one) else {
            let message = format!("the choices of `{}` come from a command", one.key);
            context.error(one.at, message, "write choices = { version = [\"program\", \"argument\"] }");
            continue;
        };
        if argv.first().is_none_or(|program| program.value.is_empty()) {
            context.error(one.at, "this command has no program", "write the program and its arguments");
            continue;
        }
        found.insert(one.key.to_owned(), checked(context, argv, false));
    }
    found
}

/// A list of steps, each an argv; with `shell` also a list of scripts.
fn steps(table: &TableReader<'_>, key: &str, shell: bool) -> Vec<Vec<String>> {
    let context = table.context;
    let mut found = Vec::new();
    let Some(entry) = table.entry(key) else { return found };
    let how = if shell {
        format!("write {key} = [\"script\"]")
    } else {
        format!("write {key} = [[\"program\", \"argument\"]]")
    };
    let TomlValue::Array(items) = entry.value else {
        let message = format!("`{key}` is a list of steps, not {}", described(entry.value));
        context.error(entry.at, message, how);
        return found;
    };
    if items.is_empty() {
        context.error(entry.at, format!("`{key}` is empty"), how.as_str());
    }
    for item in items {
        let at = entry.within(item.span);
        let step = KeyValue { key: entry.key, key_at: entry.key_at, value: &item.value, at };
        let words = match &item.value {
            TomlValue::String(value) if shell => vec![Text { value: value.clone().into_owned(), at }],
            TomlValue::Array(_) => match texts_of(context, key, &step) {
                Some(words) => words,
                None => continue,
            },
            other => {
                let message = format!("a step is a list of words, and this is {}", described(other));
                context.error(at, message, how.as_str());
                continue;
            }
        };
        if words.first().is_none_or(|word| word.value.trim().is_empty()) {
            context.error(at, "this step has no program", how.as_str());
        } else if shell && words.len() > 1 {
            context.error(at, "with `shell = true` a step is one script", "write each step as one text");
        } else {
            found.push(checked(context, words, shell));
        }
    }
    found
}

/// The words of an argv; a secret in one of them is refused.
fn checked(context: &ReadContext<'_>, words: Vec<Text>, shell: bool) -> Vec<String> {
    for word in &words {
        if word.value.contains("{secret:") {
            context.error(
                word.at,
                "a secret is in an argument, where `ps` shows it to everyone",
                "give it in the adapter's env = { NAME = \"{secret:NAME}\" }",
            );
        }
        written::warn_of_shape(context, word);
        let dry = |_: &str| Ok(String::new());
        if shell && let Err((reference, substitute::ReferenceFault::Quoted)) = substitute::script(&word.value, dry) {
            context.error(
                word.at,
                format!("`{{{reference}}}` is inside single quotes, where a shell expands nothing"),
                "use double quotes or none",
            );
        }
    }
    words.into_iter().map(|word| word.value).collect()
}
