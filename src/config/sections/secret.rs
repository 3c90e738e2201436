//! `[secret]`

use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::config::thing::{NAME_HINT, valid_name};
use crate::config::tree::TomlValue;
use crate::text::name::Name;
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::reader::{KeyValue, ReadContext, TableReader, entries, resolve_path, text_of};
use crate::config::spec::{KeySpec, ValueForm, key};
/// Where a secret comes from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretSource {
    /// `{ env = "NAME" }`
    Env(String),
    /// `{ file = "PATH" }`; trailing line break removed.
    File(PathBuf),
    /// `{ command = [...] }`; its stdout, trailing line break removed.
    Command(Vec<String>),
    /// Written into the file itself; refused where others can read the file.
    Inline(String),
}

impl std::fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => f.debug_tuple("Env").field(name).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Command(argv) => f.debug_tuple("Command").field(argv).finish(),
            Self::Inline(_) => f.write_str("Inline(***)"),
        }
    }
}

/// The keys of one secret.
pub(crate) const KEYS: &[KeySpec] = &[
    key("env", ValueForm::Text, "Name of an environment variable"),
    key("file", ValueForm::Text, "A file that only its owner can read"),
    key("command", ValueForm::Texts, "Its standard output"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "secret",
    shape: spec::SectionShape::Secrets(KEYS),
    help: "Where secrets come from; used as {secret:NAME}",
};

/// Reads one entry of `[secret]`.
pub(crate) fn read(context: &ReadContext<'_>, entry: &KeyValue<'_>) -> Option<SecretSource> {
    const HOW: &str = "write { env = \"NAME\" }, { file = \"PATH\" } or { command = [\"…\"] }";
    if !valid_name(entry.key) {
        context.error(entry.key_at, format!("`{}` is not a valid secret name", entry.key), NAME_HINT);
    }
    let file = &context.files[entry.at.file];
    if let Some(text) = text_of(entry) {
        if file.readable_by_others {
            context.error(
                entry.at,
                format!("secret `{}` is in a file that others can read", entry.key),
                format!("chmod 600 {}, or {HOW}", file.path.display()),
            );
            return None;
        }
        return Some(SecretSource::Inline(text.value));
    }
    let TomlValue::Table(inner) = entry.value else {
        context.error(entry.at, format!("secret `{}` does not say where it comes from", entry.key), HOW);
        return None;
    };
    let title = format!("secret `{}`", entry.key);
    let table = TableReader::open(context, title.into(), entry.key, entry.key_at, entries(inner, entry.at.file), KEYS);
    let given: Vec<&str> = ["env", "file", "command"].into_iter().filter(|key| table.has(key)).collect();
    match given.as_slice() {
        ["env"] => table.string("env").map(SecretSource::Env),
        ["file"] => {
            let text = table.text("file")?;
            let path = resolve_path(&file.directory(), &text.value);
            if (context.exposed)(&path) {
                let hint = format!("chmod 600 {}", path.display());
                context.warning(text.at, format!("others can read the file of secret `{}`", entry.key), hint);
            }
            Some(SecretSource::File(path))
        }
        ["command"] => {
            let argv: Vec<String> = table.texts("command").into_iter().map(|text| text.value).collect();
            if argv.is_empty() {
                context.error(table.place("command"), "`command` is empty", "write the program and its arguments");
                return None;
            }
            Some(SecretSource::Command(argv))
        }
        [] if table.others().next().is_some() => None,
        [] => {
            context.error(entry.at, format!("secret `{}` does not say where it comes from", entry.key), HOW);
            None
        }
        _ => {
            context.error(entry.at, format!("secret `{}` comes from two places", entry.key), "keep one of them");
            None
        }
    }
}

/// What of them differs: never a value.
pub(crate) fn changes(old: &BTreeMap<Name, SecretSource>, new: &BTreeMap<Name, SecretSource>, words: &mut Vec<String>) {
    for (name, after) in new {
        match old.get(name) {
            None => words.push(format!("secret {name} added")),
            Some(before) if before == after => {}
            Some(_) => words.push(format!("secret {name} changed")),
        }
    }
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    words.extend(gone.map(|name| format!("secret {name} removed")));
}
