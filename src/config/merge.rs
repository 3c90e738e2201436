//! From the texts of the files to a [`Config`]: syntax, merging, then every section in the order in which they need
//! each other. Pure: the texts are given.

use std::collections::BTreeSet;
use std::path::Path;

use super::Config;
use super::draft::{Draft, SectionReader, Sections};
use super::file::{FilePlace, SourceFile};
use super::loaded::Loaded;
use super::reader::{KeyValue, Names, ReadContext, described, entries};
use super::registry::{LATER_SECTIONS, SECTIONS};
use super::sections::secret::SecretSource;
use super::spec::SectionShape;
use super::texts::ConfigTexts;
use super::tree::{Item, Node, Parsed, TomlValue};
use super::{belonging, literal, misplaced, reach, toml_fault, validate};
use crate::lang::diagnostic::{Diagnostic, DiagnosticLevel};
use crate::lang::nearest;
use crate::text::redact::Literals;

/// The patterns of `include` in the main file, each with its place.
pub(crate) fn includes(main: &[Node<'_>]) -> Vec<(String, FilePlace)> {
    let Some(TomlValue::Array(items)) = main.iter().find(|node| node.key == "include").map(|node| &node.value) else {
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| match &item.value {
            TomlValue::String(text) => {
                let span = item.span.range();
                Some((text.clone().into_owned(), FilePlace { file: 0, start: span.start, end: span.end }))
            }
            _ => None,
        })
        .collect()
}

/// Reads the files, the main one first, each with what was parsed of it, into a configuration. `early` are problems that
/// are known already, `exposed` tells whether others can read a file that holds a secret.
pub(crate) fn load(
    files: &[&SourceFile],
    parsed: &[Parsed<'_>],
    early: Vec<Diagnostic>,
    exposed: fn(&Path) -> bool,
) -> Loaded {
    let mut context = ReadContext::new(files);
    context.exposed = exposed;
    context.elsewhere = misplaced::hint;
    for problem in early {
        context.push(problem);
    }
    let mut unreadable = BTreeSet::new();
    for (index, Parsed { root, faults }) in parsed.iter().enumerate() {
        let (found, lines) = toml_fault::explain(files[index], index, root, faults);
        for diagnostic in found {
            context.push(diagnostic);
        }
        unreadable.extend(lines.into_iter().map(|line| (files[index].path.as_path(), line)));
    }
    let trees: Vec<&[Node<'_>]> = parsed.iter().map(|parsed| parsed.root.as_slice()).collect();
    let (sections, names) = merged(&context, &trees);
    context.names = names;
    let mut config = read(&context, &sections);
    config.files = files.iter().map(|file| file.path.clone()).collect();
    config.texts = ConfigTexts::new(files);
    let inline = config.secrets.iter().filter_map(|(name, source)| match source {
        SecretSource::Inline(value) => Some((name, value.as_str())),
        _ => None,
    });
    for problem in literal::find(files, &trees, &Literals::from_secrets(inline)) {
        context.push(problem);
    }
    let mut diagnostics = context.finish();
    diagnostics.retain(|problem| {
        problem.message.starts_with(toml_fault::PREFIX) || !unreadable.contains(&(problem.file.as_path(), problem.line))
    });
    let usable = diagnostics.iter().all(|problem| problem.level == DiagnosticLevel::Warning);
    let (secrets, files) = (config.secrets.clone(), config.files.clone());
    Loaded { config: usable.then_some(config), diagnostics, secrets, files }
}

fn merged<'a>(context: &ReadContext<'_>, trees: &[&'a [Node<'a>]]) -> (Sections<'a>, Names<'a>) {
    let (mut sections, mut names) = (Sections::new(), Names::new());
    for (index, tree) in trees.iter().enumerate() {
        for entry in entries(tree, index) {
            let Some(spec) = SECTIONS.iter().map(|section| section.spec).find(|spec| spec.name == entry.key) else {
                unknown_section(context, &entry);
                continue;
            };
            if matches!(spec.shape, SectionShape::List) {
                check_include(context, &entry);
                continue;
            }
            if matches!(spec.shape, SectionShape::Tables(_)) {
                if check_tables(context, &entry) {
                    sections.entry(spec.name).or_default().push(entry);
                }
                continue;
            }
            let TomlValue::Table(inner) = entry.value else {
                let message = format!("`{}` is a section, not {}", spec.name, described(entry.value));
                let form =
                    if matches!(spec.shape, SectionShape::Named(_) | SectionShape::Adapters(_)) { ".NAME" } else { "" };
                context.error(entry.key_at, message, format!("write [{}{form}] on a line of its own", spec.name));
                continue;
            };
            let all = sections.entry(spec.name).or_default();
            let first_at = names.entry(spec.name).or_default();
            for inner in entries(inner, index) {
                if let Some(first) = first_at.get(inner.key) {
                    let here = context.where_is(inner.key_at);
                    let what = match spec.shape {
                        SectionShape::Single(_) => format!("`{}` of [{}]", inner.key, spec.name),
                        _ => format!("{} `{}`", spec.name, inner.key),
                    };
                    context.error(
                        inner.key_at,
                        format!("{what} is defined twice"),
                        format!("first in {}, again in {here}: rename or remove one", context.where_is(*first)),
                    );
                } else {
                    first_at.insert(inner.key, inner.key_at);
                    all.push(inner);
                }
            }
        }
    }
    (sections, names)
}

fn unknown_section(context: &ReadContext<'_>, entry: &KeyValue<'_>) {
    if LATER_SECTIONS.contains(&entry.key) {
        let hint = "a later version brings it; remove the section until then";
        context.error(entry.key_at, format!("section `{}` is not in this version", entry.key), hint);
        return;
    }
    let known = || SECTIONS.iter().map(|section| section.spec.name);
    let hint = nearest::suggest(nearest::nearest(entry.key, known()), || {
        format!("known sections: {}", nearest::listed(known()))
    });
    let what = if matches!(entry.value, TomlValue::Table(_)) { "section" } else { "key" };
    context.error(entry.key_at, format!("unknown {what} `{}`", entry.key), hint);
}

/// Whether a section is a list of tables; notes the problem where it is not.
fn check_tables(context: &ReadContext<'_>, entry: &KeyValue<'_>) -> bool {
    let is_table = |item: &Item<'_>| matches!(item.value, TomlValue::Table(_));
    let good = matches!(entry.value, TomlValue::Array(items) if items.iter().all(is_table));
    if !good {
        let message = format!("`{}` is a list of tables", entry.key);
        context.error(entry.key_at, message, format!("write [[{}]] on a line of its own", entry.key));
    }
    good
}

fn check_include(context: &ReadContext<'_>, entry: &KeyValue<'_>) {
    if entry.key_at.file != 0 {
        let hint = "write it into the main file: include = [\"services/*.toml\"]";
        context.error(entry.key_at, "an included file can't include others", hint);
    }
    if super::reader::texts_of(context, "include", entry).is_none() {
        let message = format!("`include` must be a list of texts, not {}", described(entry.value));
        context.error(entry.at, message, "write include = [\"services/*.toml\"]");
    }
}

fn read<'a>(context: &'a ReadContext<'a>, sections: &'a Sections<'a>) -> Config {
    let reader = SectionReader { context, sections };
    let mut draft = Draft::default();
    for section in SECTIONS {
        (section.read)(&reader, &mut draft);
    }
    let Draft { mut config, own_sources, bindings, .. } = draft;
    validate::circles(context, reader.entries("service"));
    let of_their_own = ["action", "screen", "filter"].map(|section| (section, reader.entries(section)));
    validate::keys(context, &bindings, &of_their_own);
    config.sources.extend(own_sources);
    validate::pace(context, reader.entries("check").first().map(|entry| entry.key_at), &config.sources);
    reach::look(context, &reader, &config);
    config.keys.bindings = bindings.into_iter().map(|(binding, _)| binding).collect();
    belonging::assign(&mut config);
    // Lists that were doubled as they grew are kept for as long as the console runs.
    config.checks.shrink_to_fit();
    config.sources.shrink_to_fit();
    config
}
