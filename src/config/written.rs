//! A secret that was never declared, and is known by its shape alone.

use super::reader::{ReadContext, Text};
use crate::text::redact::Redactor;

/// Warns of a word of a command line that holds what looks like a secret: a bearer token, a password in an address, a key.
pub(crate) fn warn_of_shape(context: &ReadContext<'_>, word: &Text) {
    // What stands for a value is none.
    let is_reference = |part: &str| part.contains(['$', '{', '`']);
    let found = Redactor::default().find(word.value.as_bytes());
    if found.into_iter().all(|range| word.value.get(range).is_none_or(is_reference)) {
        return;
    }
    context.warning(
        word.at,
        "this argument looks like it holds a secret, which is shown and recorded, and which `ps` shows to everyone",
        "define it under [secret], give it in the environment, env = { NAME = \"{secret:NAME}\" }, and use $NAME in a script",
    );
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::load::load_text;

    fn warnings(text: &str) -> Vec<String> {
        let found = load_text(Path::new("ops.toml"), text).diagnostics;
        found.iter().map(crate::lang::diagnostic::Diagnostic::render).collect()
    }

    #[test]
    fn what_looks_like_a_secret_in_a_command_line_is_warned_of() {
        for text in [
            "[adapter.a]\nr = { steps = [[\"curl\", \"-H\", \"Authorization: Bearer hunter22hunter22\"]] }\n",
            "[adapter.a]\nr = { steps = [[\"true\"]], dry_run = [[\"psql\", \"postgres://me:hunter22@db/shop\"]] }\n",
            "[adapter.a]\nr = { shell = true, steps = [\"curl https://me:hunter22@x.example/\"] }\n",
            "[check.a]\ncommand = [\"curl\", \"https://me:hunter22@x.example/\"]\n",
        ] {
            let found = warnings(text);
            assert!(found.len() == 1 && found[0].contains("looks like it holds a secret"), "{text}: {found:?}");
            assert!(found[0].contains("warning") && !found[0].contains("hunter22"), "{}", found[0]);
        }
        for text in [
            "[adapter.a]\nr = { shell = true, steps = [\"curl https://me:$PASSWORD@x.example/\"] }\n",
            "[adapter.a]\nr = { shell = true, steps = [\"curl -H \\\"Authorization: Bearer $TOKENTOKEN\\\" x\"] }\n",
            "[adapter.a]\nr = { steps = [[\"curl\", \"https://me@x.example/\"]] }\n",
        ] {
            assert_eq!(warnings(text), [""; 0], "{text}");
        }
    }
}
