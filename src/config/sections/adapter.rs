//! `[adapter.NAME]`: how the world is changed, as data.

use crate::config::changes::{Fact, hidden, summary};
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::config::tree::TomlValue;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::adapters;
use crate::config::kinds::command::environment;
use crate::config::reader::{KeyValue, TableReader, Text, described, entries, text_of};
use crate::config::spec::{KeySpec, ValueForm, key, later};
use crate::config::thing::{NAME_HINT, valid_name};
use crate::config::verb::{self, Verb};
use crate::lang::nearest;
use crate::text::name::Name;
use crate::text::secret::Template;

/// An adapter, resolved: built-in kind with the file's own verbs over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// Its name.
    pub name: Name,
    /// `kind`: the built-in it is made from; `custom` for your own.
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

/// The keys of an adapter; every other one is a verb (a table) or a variable (a text).
pub(crate) const KEYS: &[KeySpec] = &[
    key("kind", ValueForm::Text, "A built-in adapter that this one is made from; `opsroom config adapters` lists them"),
    key("directory", ValueForm::Text, "Working directory of its steps. Default: where this file is"),
    key("env", ValueForm::TextMap, "Given to its steps; the only way for a secret: {secret:NAME}"),
    key("variables", ValueForm::TextMap, "Values for {name} in its steps"),
    later("host", "adapters act on this machine; steps that begin with ssh HOST work now"),
];

/// The kinds of later versions.
const LATER_KINDS: [&str; 5] = ["mongodump", "restic", "pgbackrest", "render", "vercel"];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "adapter",
    shape: spec::SectionShape::Adapters(KEYS),
    help: "How actions are carried out: the commands of each verb",
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
                None => nearest::suggest(near(), || {
                    format!("kinds: {}; or leave `kind` out and write your own verbs", kinds())
                }),
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
        let verb = TableReader::open(
            context,
            title.into(),
            entry.key,
            entry.key_at,
            entries(inner, entry.at.file),
            verb::KEYS,
        );
        if let Some(verb) = verb::read(&verb) {
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
            let hint = nearest::suggest(nearest::nearest_key(entry.key, all.clone()), || {
                format!("known: {}; custom variables go into variables = {{ … }}", nearest::listed(all))
            });
            context.error(entry.key_at, format!("unknown key `{}` in {}", entry.key, table.title), hint);
        }
        None => context.error(
            entry.at,
            format!("`{}` must be a verb or a text, not {}", entry.key, described(entry.value)),
            format!("write {} = {{ steps = [[\"…\"]] }} for a verb", entry.key),
        ),
    }
}

/// What a change is said by.
pub(crate) fn facts(adapter: &Adapter) -> Vec<Fact> {
    vec![
        summary("kind", &adapter.kind),
        summary("directory", adapter.directory.display()),
        hidden("env", &adapter.env),
        hidden("variables", &adapter.variables),
        hidden("verbs", &adapter.verbs),
    ]
}
