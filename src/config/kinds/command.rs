//! `command = [...]`: a program, and how it is run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::http::inline_token;
use super::{KindRole, KindSpec, Need, Settings, SourceKind};
use crate::config::changes::{Fact, hidden};
use crate::config::reader::{TableReader, template};
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::config::written;
use crate::model::document::{DocumentShape, Within};
use crate::text::secret::Template;

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    key: "command",
    value: ValueForm::Command,
    roles: &[
        (KindRole::Source, "Program and arguments; what it prints is the document"),
        (KindRole::Check, "Program and arguments; 0 is ok, 1 degraded, 2 and more down"),
        (KindRole::Log, "A program whose output is followed"),
    ],
    keys: KEYS,
    example: "command = […]",
    number: "value = \".stdout | tonumber\"",
    every: Duration::from_mins(1),
    timeout: Duration::from_secs(30),
    document: DOCUMENT,
    read: |table| command_line(table, "command").map(Arc::new).map(SourceKind::Command),
};

/// What a command printed, and how it ended.
pub(crate) const DOCUMENT: DocumentShape = DocumentShape {
    noun: "the document of a command",
    fields: &[
        ("exit", Within::Nothing),
        ("signal", Within::Nothing),
        ("stdout", Within::Nothing),
        ("stderr", Within::Nothing),
        ("json", Within::Anything),
        ("json_error", Within::Nothing),
        ("duration_ms", Within::Nothing),
    ],
    samples: false,
};

/// How a command is run.
pub(crate) const KEYS: &[KeySpec] = &[
    key("shell", ValueForm::Flag, "Run the command, then one text, by /bin/sh -c"),
    key("directory", ValueForm::Text, "Working directory. Default: where this file is"),
    key("env", ValueForm::TextMap, "Added to the cleaned environment; values may hold {secret:NAME}"),
];

/// A command: argv, never a shell unless `shell = true`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommandLine {
    /// Program and arguments. With `shell`, one element: the script.
    pub argv: Vec<String>,
    /// `shell = true`: run by `/bin/sh -c`.
    pub shell: bool,
    /// `directory`.
    pub directory: Option<PathBuf>,
    /// `env`: added to the cleaned environment.
    pub env: Vec<(String, Template)>,
}

impl Settings for CommandLine {
    fn templates(&self) -> Vec<&Template> {
        self.env.iter().map(|(_, value)| value).collect()
    }

    fn change(&self) -> Fact {
        // It may hold a secret.
        hidden("command", self)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Command(self)]
    }
}

/// A command: a list of words, or with `shell = true` one text.
pub(crate) fn command_line(table: &TableReader<'_>, key: &str) -> Option<CommandLine> {
    let shell = table.flag("shell").unwrap_or(false);
    let words = table.texts_or_one(key);
    let at = table.place(key);
    let alone = table.is_text(key);
    if alone && !shell {
        let split = words.first().map(|text| text.value.as_str()).unwrap_or_default();
        let list = split.split_whitespace().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ");
        let hint = if is_script(split) {
            format!("it is a shell's: write {key} = [\"sh\", \"-c\", {split:?}], or add shell = true")
        } else {
            format!("write {key} = [{list}], or add shell = true")
        };
        table.context.error(at, format!("`{key}` is a list of words"), hint);
        return None;
    }
    if shell && words.len() > 1 {
        table.context.error(at, "with `shell = true` the command is one text", format!("write {key} = \"…\""));
        return None;
    }
    if words.first().is_none_or(|word| word.value.trim().is_empty()) {
        if !table.is_list(key) || words.is_empty() {
            table.context.error(at, format!("`{key}` is empty"), "write the program and its arguments");
        } else {
            table.context.error(words[0].at, "the program's name is empty", "write the program and its arguments");
        }
        return None;
    }
    for word in &words {
        written::warn_of_shape(table.context, word);
        if let Some(name) = Template(word.value.clone()).secrets().first() {
            table.context.error(
                word.at,
                format!("secret `{name}` is in an argument, where `ps` shows it to everyone"),
                format!("give it in the environment: env = {{ NAME = \"{{secret:{name}}}\" }}"),
            );
        }
    }
    Some(CommandLine {
        argv: words.into_iter().map(|word| word.value).collect(),
        shell,
        directory: Some(table.path("directory").unwrap_or_else(|| table.directory())),
        env: environment(table).into_iter().collect(),
    })
}

/// Whether a text means something else to a shell than its words.
fn is_script(text: &str) -> bool {
    text.contains(['|', '&', ';', '<', '>', '$', '`', '*', '?', '"', '\'', '\\', '(', '~'])
}

/// `env`, checked.
pub(crate) fn environment(table: &TableReader<'_>) -> Vec<(String, Template)> {
    let mut found = Vec::new();
    for (name, value) in table.text_map("env") {
        if name.value.is_empty() || name.value.contains(['=', '\0']) || value.value.contains('\0') {
            let message = format!("`{}` can't be an environment variable", name.value);
            table.context.error(name.at, message, "a name is not empty and has no `=` in it");
            continue;
        }
        inline_token(table, &name.value, &value);
        found.push((name.value, template(table.context, &value)));
    }
    found
}
