//! `[adapter.NAME]`: how the world is changed, as data.

use crate::config::changes::{Fact, compare, hidden, summary};
use crate::config::reader::Thing;
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::config::tree::TomlValue;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::adapters;
use crate::config::kinds::command::environment;
use crate::config::reader::{KeyValue, ReadContext, TableReader, Text, described, entries, text_of, texts_of};
use crate::config::spec::{KeySpec, ValueForm, key, later};
use crate::config::substitute;
use crate::lang::nearest;
use crate::text::name::Name;
use crate::text::secret::Template;

/// An adapter, resolved: built-in kind with the file's own verbs over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// Its name.
    pub name: Name,
    /// `kind`: the built-in it is made from; `custom` for one's own.
    pub kind: String,
    /// `directory`, the working directory of its steps; default the configuration file's.
    pub directory: PathBuf,
    /// `env`: given to its steps; the only way for a secret.
    pub env: BTreeMap<String, Template>,
    /// Values for `{name}` in argv, from the adapter's section: `{project}`, `{namespace}`, `{database}`, …
    pub variables: BTreeMap<String, String>,
    /// Its verbs.
    pub verbs: BTreeMap<Name, Verb>,
}

/// What an adapter can do, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verb {
    /// The argv of each step, with `{target}`, `{name}` of variables and parameters. Substituted an argument at a time.
    pub steps: Vec<Vec<String>>,
    /// `dry_run`: the argv of each step of a dry run. `None`: there is none, and asking for one is refused.
    pub dry_run: Option<Vec<Vec<String>>>,
    /// `choices`: for each parameter the argv that prints its values, one a line.
    pub choices: BTreeMap<String, Vec<String>>,
    /// `changes`: whether it changes the world. Default true, except for `status` and `logs`.
    pub changes: bool,
    /// `shell = true`: each step is one script for `/bin/sh -c`, values are given as quoted words.
    pub shell: bool,
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

/// The keys of an adapter; every other one is a verb (a table) or a variable (a text).
pub(crate) const KEYS: &[KeySpec] = &[
    key("kind", ValueForm::Text, "A built-in adapter that this one is made from; `opsroom config adapters` lists them"),
    key("directory", ValueForm::Text, "Working directory of its steps. Default: where this file is"),
    key("env", ValueForm::TextMap, "Given to its steps; the only way for a secret: {secret:NAME}"),
    key("variables", ValueForm::TextMap, "Values for {name} in its steps"),
    later("host", "adapters act on this machine; steps that begin with ssh HOST work now"),
];

/// The keys of a verb.
pub(crate) const VERB_KEYS: &[KeySpec] = &[
    key("steps", ValueForm::Steps, "The argv of each step, in order; the first that fails ends the run"),
    key("dry_run", ValueForm::Steps, "The argv of each step of a dry run; if missing, there is no dry run"),
    key(
        "choices",
        ValueForm::Commands,
        "For each parameter the argv that prints its values, one a line and newest first: plain, or JSON that says what runs",
    ),
    key("changes", ValueForm::Flag, "Whether it changes anything. Default true, except for status and logs"),
    key("shell", ValueForm::Flag, "Each step is one script for /bin/sh -c"),
];

/// The kinds of later versions.
const LATER_KINDS: [&str; 5] = ["mongodump", "restic", "pgbackrest", "render", "vercel"];

/// The section.
pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "adapter",
    shape: spec::SectionShape::Adapters(KEYS),
    thing: Some(Thing::Adapter),
    help: "How actions are carried out: the commands of each verb",
    read: |reader, draft| draft.config.adapters = reader.named(&SECTION).filter_map(|table| read(&table)).collect(),
    changes: |old, new, words| compare("adapter", &old.adapters, &new.adapters, |adapter| &adapter.name, facts, words),
};

/// Reads an adapter: the verbs and variables of its built-in kind with the file's own over them.
pub(crate) fn read(table: &TableReader<'_>) -> Option<Adapter> {
    let base = match table.text("kind") {
        Some(text) => Some(built_in(table, &text)?),
        None if table.has("kind") => return None,
        None => None,
    };
    let mut adapter = Adapter {
        name: Name::from(table.name),
        kind: base.as_ref().map_or("custom", |base| base.kind).to_owned(),
        directory: table.path("directory").unwrap_or_else(|| table.directory()),
        env: environment(table).into_iter().collect(),
        variables: base.as_ref().map(|base| base.variables.clone()).unwrap_or_default(),
        verbs: base.as_ref().map(|base| base.verbs.clone()).unwrap_or_default(),
    };
    let required = base.as_ref().map(|base| base.required.as_slice()).unwrap_or_default();
    for (name, value) in table.text_map("variables") {
        adapter.variables.insert(name.value, value.value);
    }
    // Verbs first: a text is a variable where a verb asks for it.
    let (verbs, texts): (Vec<_>, Vec<_>) = table.others().partition(|entry| matches!(entry.value, TomlValue::Table(_)));
    for entry in verbs.into_iter().chain(texts) {
        other(table, entry, &mut adapter, required);
    }
    for name in required {
        if !adapter.variables.contains_key(name) && !table.has_any(name) {
            table.context.error(
                table.at,
                format!("{} needs `{name}`, as every adapter of kind `{}`", table.title, adapter.kind),
                format!("add {name} = \"…\""),
            );
        }
    }
    if base.is_none() && adapter.verbs.is_empty() && table.others().next().is_none() {
        table.context.error(
            table.at,
            format!("{} has no verbs", table.title),
            format!("add kind = \"…\" ({}), or a verb: restart = {{ steps = [[\"…\"]] }}", kinds()),
        );
    }
    Some(adapter)
}

fn kinds() -> String {
    nearest::listed(adapters::built_in().iter().map(|adapter| adapter.kind))
}

/// What to write for a tool's own name, which is not the kind's.
fn other_name(kind: &str) -> Option<&'static str> {
    Some(match kind.to_ascii_lowercase().as_str() {
        "docker-compose" | "docker_compose" | "dockercompose" | "compose-v1.x" | "compose1" | "compose_v1" => {
            "write `compose-v1` for the docker-compose command, or `compose` for `docker compose` (v2)"
        }
        "docker compose" | "compose-v2" | "compose2" | "compose_v2" => "write `compose`: it runs `docker compose` (v2)",
        "k8s" | "kube" | "kubectl" | "k3s" | "openshift" | "oc" => "write `kubernetes`: it runs kubectl",
        "pg_dump" | "pgdump" | "pg-dump" | "postgres" | "postgresql" | "pg" => "write `postgres-dump`: it runs pg_dump",
        "systemctl" | "service" | "unit" | "sysv" => "write `systemd`: it runs systemctl",
        "sh" | "bash" | "shell" | "exec" | "command" | "cmd" | "ssh" => {
            "write `script`, or leave `kind` out and write your own verbs: restart = { steps = [[\"…\"]] }"
        }
        "git" | "git-deploy" | "gitops" => "write `git-compose`: it checks out a tag and runs `docker compose`",
        "container" | "docker-cli" | "dockerd" => "write `docker`",
        "podman" | "podman-compose" | "podman_compose" | "nerdctl" | "helm" | "nomad" | "swarm" | "ansible" | "pm2"
        | "supervisor" | "supervisord" | "supervisorctl" => {
            "leave `kind` out and write your own verbs: restart = { steps = [[\"PROGRAM\", \"restart\", \"{target}\"]] }"
        }
        _ => return None,
    })
}

fn built_in<'a>(table: &TableReader<'_>, kind: &Text) -> Option<&'a adapters::BuiltIn> {
    let found = adapters::find(&kind.value);
    if found.is_none() {
        let (message, hint) = if LATER_KINDS.contains(&kind.value.as_str()) {
            (format!("adapter kind `{}` is not in this version", kind.value), format!("kinds: {}", kinds()))
        } else {
            let near = || nearest::nearest(&kind.value, adapters::built_in().iter().map(|adapter| adapter.kind));
            let hint = match other_name(&kind.value) {
                Some(hint) => hint.to_owned(),
                None => match near() {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("kinds: {}; or leave `kind` out and write your own verbs", kinds()),
                },
            };
            (format!("no adapter kind named `{}`", kind.value), hint)
        };
        table.context.error(kind.at, message, hint);
    }
    found
}

/// A key that is none of the known: a table is a verb, a text is a variable that the kind knows.
fn other(table: &TableReader<'_>, entry: &KeyValue<'_>, adapter: &mut Adapter, required: &[String]) {
    let context = table.context;
    if let TomlValue::Table(inner) = entry.value {
        let title = format!("verb `{}` of {}", entry.key, table.title);
        if !valid_name(entry.key) {
            context.error(entry.key_at, format!("`{}` is not a valid verb name", entry.key), NAME_HINT);
            return;
        }
        let verb = TableReader::open(context, title, entry.key, entry.key_at, entries(inner, entry.at.file), VERB_KEYS);
        if let Some(verb) = read_verb(&verb) {
            adapter.verbs.insert(Name::from(entry.key), verb);
        }
        return;
    }
    let known = adapter.variables.contains_key(entry.key)
        || required.iter().any(|name| name == entry.key)
        || adapter.verbs.values().any(|verb| verb.references().any(|name| name == entry.key));
    match text_of(entry) {
        Some(text) if known => {
            adapter.variables.insert(entry.key.to_owned(), text.value);
        }
        Some(_) => {
            let names = KEYS.iter().filter(|spec| !matches!(spec.kind, ValueForm::Later)).map(|spec| spec.name);
            let all =
                names.chain(adapter.variables.keys().map(String::as_str)).chain(required.iter().map(String::as_str));
            let hint = match nearest::nearest_key(entry.key, all.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known: {}; custom variables go into variables = {{ … }}", nearest::listed(all)),
            };
            context.error(entry.key_at, format!("unknown key `{}` in {}", entry.key, table.title), hint);
        }
        None => context.error(
            entry.at,
            format!("`{}` must be a verb or a text, not {}", entry.key, described(entry.value)),
            format!("write {} = {{ steps = [[\"…\"]] }} for a verb", entry.key),
        ),
    }
}

/// What names may be made of, for hints.
pub(crate) const NAME_HINT: &str = "use letters, digits, `_`, `-` and `.`, at most 64";

/// Whether a text can be the name of a thing.
pub(crate) fn valid_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// Reads a verb.
pub(crate) fn read_verb(table: &TableReader<'_>) -> Option<Verb> {
    let shell = table.flag("shell").unwrap_or(false);
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
        changes: table.flag("changes").unwrap_or(!matches!(table.name, "status" | "logs")),
        shell,
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

/// What a change is said by.
fn facts(adapter: &Adapter) -> Vec<Fact> {
    vec![
        summary("kind", &adapter.kind),
        summary("directory", adapter.directory.display()),
        hidden("env", &adapter.env),
        hidden("variables", &adapter.variables),
        hidden("verbs", &adapter.verbs),
    ]
}
