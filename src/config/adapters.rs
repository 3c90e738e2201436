//! The built-in adapters: data in `adapters/*.toml`, in the form of a person's own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::file::{FilePlace, SourceFile};
use super::reader::{ReadContext, TableReader, entries};
use super::spec::{KeySpec, ValueForm, key};
use super::tree::{self, Parsed, TomlValue};
use super::verb::{self, Verb};
use crate::text::name::Name;

/// A built-in adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuiltIn {
    /// Its kind: the name of its file.
    pub kind: &'static str,
    /// What it is for.
    pub description: String,
    /// Variables with defaults.
    pub variables: BTreeMap<String, String>,
    /// Variables that an adapter of this kind must give.
    pub required: Vec<String>,
    /// What it can do.
    pub verbs: BTreeMap<Name, Verb>,
}

const KEYS: &[KeySpec] = &[
    key("description", ValueForm::Text, "What it is for"),
    key("variables", ValueForm::TextMap, "Values for {name} with their defaults"),
    key("required", ValueForm::Texts, "Names for which an adapter of this kind must give a value"),
];

/// Every kind with the text of its file.
const FILES: &[(&str, &str)] = &[
    ("compose", include_str!("adapters/compose.toml")),
    ("compose-v1", include_str!("adapters/compose-v1.toml")),
    ("docker", include_str!("adapters/docker.toml")),
    ("git-compose", include_str!("adapters/git-compose.toml")),
    ("kubernetes", include_str!("adapters/kubernetes.toml")),
    ("postgres-dump", include_str!("adapters/postgres-dump.toml")),
    ("script", include_str!("adapters/script.toml")),
    ("systemd", include_str!("adapters/systemd.toml")),
];

static ALL: LazyLock<Vec<BuiltIn>> = LazyLock::new(|| FILES.iter().map(|(kind, text)| read(kind, text).0).collect());

/// Every built-in adapter.
pub(crate) fn built_in() -> &'static [BuiltIn] {
    &ALL
}

/// The built-in adapter of that kind.
pub(crate) fn find(kind: &str) -> Option<&'static BuiltIn> {
    ALL.iter().find(|adapter| adapter.kind == kind)
}

/// Reads the file of a built-in adapter. It can't fail at run time, because a test reads every one of them: what is
/// wrong is left out, and listed.
fn read(kind: &'static str, text: &str) -> (BuiltIn, Vec<String>) {
    let Parsed { root, faults } = tree::parse(text);
    let file = SourceFile::new(format!("{kind}.toml"), text.to_owned(), false);
    let files = [&file];
    let context = ReadContext::new(&files);
    let origin = FilePlace { file: 0, start: 0, end: 0 };
    let table = TableReader::open_free(&context, kind.to_owned().into(), kind, origin, entries(&root, 0), KEYS);
    let mut built = BuiltIn {
        kind,
        description: table.string("description").unwrap_or_default(),
        variables: table.text_map("variables").into_iter().map(|(name, value)| (name.value, value.value)).collect(),
        required: table.texts("required").into_iter().map(|name| name.value).collect(),
        verbs: BTreeMap::new(),
    };
    for entry in table.others() {
        let TomlValue::Table(inner) = entry.value else {
            context.error(entry.key_at, format!("`{}` is not a verb", entry.key), "");
            continue;
        };
        let title = format!("verb `{}`", entry.key);
        let verb = TableReader::open(&context, title.into(), entry.key, entry.key_at, entries(inner, 0), verb::KEYS);
        built.verbs.extend(verb::read(&verb).map(|verb| (Name::from(entry.key), verb)));
    }
    let mut problems: Vec<String> = faults.iter().map(|fault| fault.message().to_owned()).collect();
    problems.extend(context.finish().iter().map(ToString::to_string));
    (built, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_adapter_is_read_without_a_word() {
        for (kind, text) in FILES {
            let (adapter, problems) = read(kind, text);
            assert_eq!(problems, Vec::<String>::new(), "{kind}");
            assert!(!adapter.description.is_empty(), "{kind}");
            assert!(!adapter.verbs.is_empty(), "{kind}");
        }
    }

    #[test]
    fn every_file_of_the_directory_is_built_in() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/adapters");
        for entry in directory.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let kind = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(find(&kind).is_some(), "{kind}");
        }
    }

    #[test]
    fn every_reference_of_a_built_in_verb_is_given_by_something_or_named_in_its_file() {
        for (kind, text) in FILES {
            let adapter = find(kind).unwrap();
            for (name, verb) in &adapter.verbs {
                for reference in verb.references() {
                    let given = reference == "target"
                        || adapter.variables.contains_key(reference)
                        || adapter.required.iter().any(|required| required == reference)
                        || verb.choices.contains_key(reference)
                        || text.contains(&format!("variables = {{ {reference} ="));
                    assert!(given, "{kind}: {name} needs {{{reference}}}");
                }
            }
        }
    }
}
