//! How a command is run, as configured.

use super::{CommandLine, inline_token};
use crate::config::reader::{Table, template};
use crate::text::secret::Template;

/// A command: a list of words, or with `shell = true` one text.
pub(in crate::config::sections) fn command_line(table: &Table<'_>, key: &str) -> Option<CommandLine> {
    let shell = table.flag("shell").unwrap_or(false);
    let words = table.texts_or_one(key);
    let at = table.place(key);
    let alone = table.is_text(key);
    if alone && !shell {
        let split = words.first().map(|text| text.value.as_str()).unwrap_or_default();
        let list = split.split_whitespace().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ");
        let hint = format!("write {key} = [{list}], or add shell = true");
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

/// `env`, checked.
pub(in crate::config::sections) fn environment(table: &Table<'_>) -> Vec<(String, Template)> {
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
