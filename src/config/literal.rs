//! The value of a secret that is written where `{secret:NAME}` belongs: it would be shown in previews, recorded in the
//! audit log and, in a command line, be seen by every user of the machine.

use super::file::{FilePlace, SourceFile};
use super::reader::{KeyValue, entries};
use super::tree::{Node, TomlValue};
use crate::lang::diagnostic::{Diagnostic, DiagnosticLevel};
use crate::text::redact::Literals;

/// Keys whose values are words of ours or names of other things: a secret that is such a word is none.
const WORDS: [&str; 18] = [
    "adapter",
    "checks",
    "command_format",
    "confirm",
    "depends_on",
    "do",
    "environment",
    "format",
    "from",
    "include",
    "key",
    "kind",
    "level",
    "on_failure",
    "service",
    "theme",
    "timezone",
    "unit",
];

/// Every text of the files, each with its tree, that holds the value of a secret.
pub(crate) fn find(files: &[&SourceFile], trees: &[&[Node<'_>]], literals: &Literals) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if literals.is_empty() {
        return found;
    }
    for (index, (file, tree)) in files.iter().zip(trees).enumerate() {
        for entry in entries(tree, index).iter().filter(|entry| entry.key != "secret") {
            let mut walk = Walk { file, literals, path: Vec::new(), found: &mut found };
            walk.entry(entry);
        }
    }
    found
}

struct Walk<'a> {
    file: &'a SourceFile,
    literals: &'a Literals,
    path: Vec<String>,
    found: &'a mut Vec<Diagnostic>,
}

impl Walk<'_> {
    fn entry(&mut self, entry: &KeyValue<'_>) {
        if self.path.len() >= 2 && WORDS.contains(&entry.key) {
            return;
        }
        self.path.push(entry.key.to_owned());
        self.value(entry.value, entry.at);
        self.path.pop();
    }

    /// As deep as the parser goes, which has a bound.
    fn value(&mut self, value: &TomlValue<'_>, at: FilePlace) {
        match value {
            TomlValue::String(text) => self.text(text, at),
            TomlValue::Array(items) => {
                for item in items {
                    let span = item.span.range();
                    self.value(&item.value, FilePlace { start: span.start, end: span.end, ..at });
                }
            }
            TomlValue::Table(table) => {
                for entry in entries(table, at.file) {
                    self.entry(&entry);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, at: FilePlace) {
        let Some((name, range)) = self.literals.find(text) else { return };
        let start = self.file.inside(at, range.start).start;
        let end = self.file.inside(at, range.end).start;
        let place = FilePlace { start, end: end.max(start + 1), ..at };
        let message = format!("the value of secret `{name}` is written here, where it is shown and recorded");
        let mut diagnostic = self.file.diagnostic(DiagnosticLevel::Error, place, message, Some(self.hint(name)));
        diagnostic.hide_marked();
        self.found.push(diagnostic);
    }

    fn hint(&self, name: &str) -> String {
        let says = |keys: &[&str]| self.path.iter().any(|key| keys.contains(&key.as_str()));
        if says(&["env", "headers", "body", "proxy"]) {
            return format!("write {{secret:{name}}} in its place");
        }
        if says(&["http", "exposition", "url", "query"]) {
            return format!("give it in a header: headers = {{ Authorization = \"Bearer {{secret:{name}}}\" }}");
        }
        let command = says(&["steps", "dry_run", "choices", "command", "variables", "set", "target", "directory"]);
        if command || self.path.first().is_some_and(|section| section == "adapter") {
            return format!(
                "give it in the environment, env = {{ NAME = \"{{secret:{name}}}\" }}, and use $NAME in a script"
            );
        }
        "take it out, or choose another value for the secret".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::load::load_text;

    fn problems(rest: &str) -> Vec<String> {
        let text = format!("[secret]\ntoken = \"hunter22\"\nshort = \"api\"\nword = \"pass\"\n{rest}");
        let loaded = load_text(Path::new("ops.toml"), &text);
        loaded.diagnostics.iter().filter(|problem| problem.is_error()).map(super::Diagnostic::render).collect()
    }

    #[test]
    fn a_secret_in_clear_is_refused_wherever_it_stands() {
        for (text, hint) in [
            ("[adapter.a]\nr = { steps = [[\"curl\", \"-uadmin:hunter22\"]] }\n", "give it in the environment"),
            ("[adapter.a]\nr = { steps = [[\"true\"]], dry_run = [[\"hunter22\"]] }\n", "give it in the environment"),
            (
                "[adapter.a]\nr = { steps = [[\"true\", \"{v}\"]], choices = { v = [\"echo\", \"hunter22\"] } }\n",
                "environment",
            ),
            ("[adapter.a]\nr = { shell = true, steps = [[\"echo hunter22\"]] }\n", "give it in the environment"),
            ("[adapter.a]\nenv = { TOKEN = \"hunter22\" }\nr = { steps = [[\"true\"]] }\n", "write {secret:token}"),
            (
                "[adapter.a]\ndirectory = \"/srv/hunter22\"\nr = { steps = [[\"true\"]] }\n",
                "give it in the environment",
            ),
            ("[check.a]\ncommand = [\"x\", \"hunter22\"]\n", "give it in the environment"),
            ("[check.a]\nhttp = \"https://x.example/?token=hunter22\"\n", "headers = "),
            ("[check.a]\nhttp = \"https://x.example/\"\nheaders = { X-Key = \"hunter22\" }\n", "write {secret:token}"),
            ("[log.a]\ncommand = [\"x\", \"aHVudGVyMjI=\"]\n", "give it in the environment"),
            ("[service.a]\ntitle = \"hunter22\"\n", "take it out"),
            ("[check.a]\ncommand = [\"x\", \"pass\"]\n", "give it in the environment"),
        ] {
            let found = problems(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains("is written here, where it is shown") && found[0].contains(hint), "{}", found[0]);
            assert!(
                found[0].contains('^') && !found[0].contains("hunter22") && !found[0].contains("aHVud"),
                "{}",
                found[0]
            );
        }
        for text in [
            "[check.a]\ncommand = [\"x\", \"api\", \"bypassing\"]\n",
            "[adapter.a]\nenv = { TOKEN = \"{secret:token}\" }\nr = { steps = [[\"true\"]] }\n",
        ] {
            assert_eq!(problems(text), [""; 0], "{text}");
        }
    }
}
