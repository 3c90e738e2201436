//! From the texts of the files to a [`Config`]: syntax, merging, then every section in the order in which they need
//! each other. Pure: the texts are given.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::Config;
use super::file::{Place, SourceFile};
use super::load::Loaded;
use super::reader::{Context, Entry, Table, Thing, described, entries};
use super::sections::adapter::{NAME_HINT, valid_name};
use super::sections::secret::SecretSource;
use super::sections::{
    action, adapter, check, console, defaults, filter, keys, log, metric, screen, secret, service, source,
};
use super::spec::{KeySpec, LATER_SECTIONS, SECTIONS, Shape};
use super::{belonging, literal, toml_fault, validate};
use crate::lang::diagnostic::{Diagnostic, Level};
use crate::lang::nearest;
use crate::text::name::Name;
use crate::text::redact::Literals;

/// The patterns of `include`, each with its place.
pub fn includes(file: &SourceFile) -> Vec<(String, Place)> {
    let (root, _) = DeTable::parse_recoverable(&file.text);
    let Some(DeValue::Array(items)) = root.get_ref().get("include").map(toml::Spanned::get_ref) else {
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| match item.get_ref() {
            DeValue::String(text) => {
                let span = item.span();
                Some((text.clone().into_owned(), Place { file: 0, start: span.start, end: span.end }))
            }
            _ => None,
        })
        .collect()
}

/// Reads the files, the main one first, into a configuration. `early` are problems that are known already,
/// `exposed` tells whether others can read a file that holds a secret.
pub fn load(files: &[SourceFile], early: Vec<Diagnostic>, exposed: fn(&Path) -> bool) -> Loaded {
    let parsed: Vec<_> = files.iter().map(|file| DeTable::parse_recoverable(&file.text)).collect();
    let mut context = Context::new(files);
    context.exposed = exposed;
    for problem in early {
        context.push(problem);
    }
    let mut unreadable = BTreeSet::new();
    for (index, (root, faults)) in parsed.iter().enumerate() {
        let (found, lines) = toml_fault::explain(&files[index], index, root.get_ref(), faults);
        for diagnostic in found {
            context.push(diagnostic);
        }
        unreadable.extend(lines.into_iter().map(|line| (files[index].path.as_path(), line)));
    }
    let trees: Vec<&DeTable<'_>> = parsed.iter().map(|(root, _)| root.get_ref()).collect();
    let sections = merged(&context, &trees);
    context.names = names(&sections);
    let mut config = read(&context, &sections);
    config.files = files.iter().map(|file| file.path.clone()).collect();
    let inline = config.secrets.iter().filter_map(|(name, source)| match source {
        SecretSource::Inline(value) => Some((name, value.as_str())),
        _ => None,
    });
    for problem in literal::find(files, &Literals::of(inline)) {
        context.push(problem);
    }
    let mut diagnostics = context.finish();
    diagnostics.retain(|problem| {
        problem.message.starts_with(toml_fault::PREFIX) || !unreadable.contains(&(problem.file.as_path(), problem.line))
    });
    let usable = diagnostics.iter().all(|problem| problem.level == Level::Warning);
    Loaded { config: usable.then_some(config), diagnostics }
}

/// The entries of each section over all files, in the order of the files.
type Sections<'a> = BTreeMap<&'static str, Vec<Entry<'a>>>;

fn merged<'a>(context: &Context<'_>, trees: &[&'a DeTable<'a>]) -> Sections<'a> {
    let mut sections: Sections<'a> = BTreeMap::new();
    // Where each name was defined first: a generated file has very many.
    let mut first_at: HashMap<(&str, &str), Place> = HashMap::new();
    for (index, tree) in trees.iter().enumerate() {
        for entry in entries(tree, index) {
            let Some(spec) = SECTIONS.iter().find(|spec| spec.name == entry.key) else {
                unknown_section(context, &entry);
                continue;
            };
            if matches!(spec.shape, Shape::List) {
                check_include(context, &entry);
                continue;
            }
            let DeValue::Table(inner) = entry.value else {
                let message = format!("`{}` is a section, not {}", spec.name, described(entry.value));
                let named = if matches!(spec.shape, Shape::Named(_) | Shape::Adapters(_)) { ".NAME" } else { "" };
                context.error(entry.key_at, message, format!("write [{}{named}] on a line of its own", spec.name));
                continue;
            };
            let all = sections.entry(spec.name).or_default();
            for inner in entries(inner, index) {
                match first_at.get(&(spec.name, inner.key)) {
                    Some(first) => {
                        let here = context.where_is(inner.key_at);
                        let what = match spec.shape {
                            Shape::Single(_) => format!("`{}` of [{}]", inner.key, spec.name),
                            _ => format!("{} `{}`", spec.name, inner.key),
                        };
                        context.error(
                            inner.key_at,
                            format!("{what} is defined twice"),
                            format!("first in {}, again in {here}: rename or remove one", context.where_is(*first)),
                        );
                    }
                    None => {
                        first_at.insert((spec.name, inner.key), inner.key_at);
                        all.push(inner);
                    }
                }
            }
        }
    }
    sections
}

fn unknown_section(context: &Context<'_>, entry: &Entry<'_>) {
    if LATER_SECTIONS.contains(&entry.key) {
        let hint = "a later version brings it; remove the section until then";
        context.error(entry.key_at, format!("section `{}` is not in this version", entry.key), hint);
        return;
    }
    let known = || SECTIONS.iter().map(|spec| spec.name);
    let hint = match nearest::nearest(entry.key, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known sections: {}", nearest::listed(known())),
    };
    let what = if matches!(entry.value, DeValue::Table(_)) { "section" } else { "key" };
    context.error(entry.key_at, format!("unknown {what} `{}`", entry.key), hint);
}

fn check_include(context: &Context<'_>, entry: &Entry<'_>) {
    if entry.key_at.file != 0 {
        let hint = "write it into the main file: include = [\"services/*.toml\"]";
        context.error(entry.key_at, "an included file can't include others", hint);
    }
    if super::reader::texts_of(context, "include", entry).is_none() {
        let message = format!("`include` must be a list of texts, not {}", described(entry.value));
        context.error(entry.at, message, "write include = [\"services/*.toml\"]");
    }
}

fn names(sections: &Sections<'_>) -> BTreeMap<Thing, BTreeMap<String, Place>> {
    const THINGS: [Thing; 10] = [
        Thing::Secret,
        Thing::Service,
        Thing::Source,
        Thing::Check,
        Thing::Metric,
        Thing::Log,
        Thing::Adapter,
        Thing::Action,
        Thing::Screen,
        Thing::Filter,
    ];
    THINGS
        .into_iter()
        .map(|thing| {
            let entries = sections.get(thing.word()).map(Vec::as_slice).unwrap_or_default();
            (thing, entries.iter().map(|entry| (entry.key.to_owned(), entry.key_at)).collect())
        })
        .collect()
}

/// What reads the sections of one configuration.
struct Reader<'a> {
    context: &'a Context<'a>,
    sections: &'a Sections<'a>,
}

impl<'a> Reader<'a> {
    fn entries(&self, section: &str) -> &'a [Entry<'a>] {
        self.sections.get(section).map(Vec::as_slice).unwrap_or_default()
    }

    /// A section without names.
    fn single(&self, section: &'static str, keys: &'static [KeySpec]) -> Table<'a> {
        let entries = self.entries(section).to_vec();
        let at = entries.first().map_or(Place { file: 0, start: 0, end: 0 }, |entry| entry.key_at);
        Table::open(self.context, format!("[{section}]"), section, at, entries, keys)
    }

    /// The things of a section, each as a table, in the order of the files.
    fn named(&self, section: &'static str, keys: &'static [KeySpec], free: bool) -> Vec<Table<'a>> {
        let mut tables = Vec::new();
        for entry in self.entries(section) {
            if !valid_name(entry.key) {
                let shown: String = entry.key.chars().take(40).collect();
                self.context.error(entry.key_at, format!("`{shown}` is not a valid {section} name"), NAME_HINT);
            }
            let DeValue::Table(inner) = entry.value else {
                let message = format!("{section} `{}` must be a table, not {}", entry.key, described(entry.value));
                let hint = format!("write [{section}.NAME] on a line of its own, and the keys below it");
                self.context.error(entry.at, message, hint);
                continue;
            };
            let title = format!("{section} `{}`", entry.key);
            let inner = entries(inner, entry.at.file);
            let open = if free { Table::open_free } else { Table::open };
            tables.push(open(self.context, title, entry.key, entry.key_at, inner, keys));
        }
        tables
    }
}

fn read<'a>(context: &'a Context<'a>, sections: &'a Sections<'a>) -> Config {
    let reader = Reader { context, sections };
    let console = console::read(&reader.single("console", console::KEYS));
    let defaults = defaults::read(&reader.single("defaults", defaults::KEYS));
    let secrets = reader
        .entries("secret")
        .iter()
        .filter_map(|entry| {
            if !valid_name(entry.key) {
                context.error(entry.key_at, format!("`{}` is not a valid secret name", entry.key), NAME_HINT);
            }
            Some((Name::from(entry.key), secret::read(context, entry)?))
        })
        .collect();
    let services: Vec<_> = reader.named("service", service::KEYS, false).iter().map(service::read).collect();
    let mut sources: Vec<_> =
        reader.named("source", source::KEYS, false).iter().filter_map(|table| source::read(table, &defaults)).collect();
    let mut checks = Vec::new();
    let mut own = Vec::new();
    for table in reader.named("check", check::KEYS, false) {
        if let Some((check, source)) = check::read(&table, &defaults, &sources) {
            checks.push(check);
            own.extend(source);
        }
    }
    let known = metric::Known { sources: &sources, checks: &checks };
    let metrics =
        reader.named("metric", metric::KEYS, false).iter().filter_map(|table| metric::read(table, &known)).collect();
    let logs = reader.named("log", log::KEYS, false).iter().filter_map(log::read).collect();
    let adapters: Vec<_> = reader.named("adapter", adapter::KEYS, true).iter().filter_map(adapter::read).collect();
    let production = console.is_production();
    let actions: Vec<_> = reader
        .named("action", action::KEYS, false)
        .iter()
        .filter_map(|table| action::read(table, &defaults, &adapters, production))
        .collect();
    let screens: Vec<_> = reader.named("screen", screen::KEYS, false).iter().filter_map(screen::read).collect();
    let filters: Vec<_> = reader.named("filter", filter::KEYS, false).iter().filter_map(filter::read).collect();
    let bindings: Vec<_> = reader
        .entries("keys")
        .iter()
        .filter_map(|entry| keys::read(context, entry).map(|binding| (binding, entry.key_at)))
        .collect();
    validate::circles(context, reader.entries("service"));
    let of_their_own = ["action", "screen", "filter"].map(|section| (section, reader.entries(section)));
    validate::keys(context, &bindings, &of_their_own);
    sources.extend(own);
    validate::pace(context, reader.entries("check").first().map(|entry| entry.key_at), &sources);
    let keys = keys::Keys { bindings: bindings.into_iter().map(|(binding, _)| binding).collect() };
    let mut config = Config {
        console,
        secrets,
        services,
        sources,
        checks,
        metrics,
        logs,
        adapters,
        actions,
        screens,
        filters,
        keys,
        files: Vec::new(),
    };
    belonging::assign(&mut config);
    config
}
