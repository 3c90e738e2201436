//! A configuration while its sections are read, one after the other in the order of the list.

use std::collections::BTreeMap;

use super::Config;
use super::file::FilePlace;
use super::reader::{KeyValue, ReadContext, TableReader, TableTitle, described, entries};
use super::sections::defaults::Defaults;
use super::sections::source::Source;
use super::spec::{SectionShape, SectionSpec};
use super::thing::{NAME_HINT, valid_name};
use super::tree::{Item, TomlValue};
use crate::lang::key::Key;

/// The entries of each section over all files, in the order of the files.
pub(crate) type Sections<'a> = BTreeMap<&'static str, Vec<KeyValue<'a>>>;

/// What is read so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The configuration.
    pub config: Config,
    /// `[defaults]`
    pub defaults: Defaults,
    /// The sources that checks bring themselves: they stand behind those that have a section.
    pub own_sources: Vec<Source>,
    /// `[keys]`, with the places.
    pub bindings: Vec<((Key, String), FilePlace)>,
}

/// What reads the sections of one configuration.
pub(crate) struct SectionReader<'a> {
    pub(super) context: &'a ReadContext<'a>,
    pub(super) sections: &'a Sections<'a>,
}

impl<'a> SectionReader<'a> {
    pub(super) fn entries(&self, section: &str) -> &'a [KeyValue<'a>] {
        self.sections.get(section).map(Vec::as_slice).unwrap_or_default()
    }

    /// The table of a section without names.
    pub(super) fn single(&self, section: &SectionSpec) -> TableReader<'a> {
        let SectionSpec { name: section, shape, .. } = *section;
        let entries = self.entries(section).to_vec();
        let at = entries.first().map_or(FilePlace { file: 0, start: 0, end: 0 }, |entry| entry.key_at);
        TableReader::open(self.context, format!("[{section}]").into(), section, at, entries, shape.keys())
    }

    /// As [`SectionReader::single`], where the section is there.
    pub(super) fn single_if_any(&self, section: &SectionSpec) -> Option<TableReader<'a>> {
        (!self.entries(section.name).is_empty()).then(|| self.single(section))
    }

    /// The things of a section without names, each as a table, in the order of the files.
    pub(super) fn tables(&self, section: &SectionSpec) -> impl Iterator<Item = TableReader<'a>> + use<'a> {
        let SectionSpec { name: section, shape, .. } = *section;
        let context = self.context;
        self.entries(section).iter().flat_map(move |entry| {
            let TomlValue::Array(items) = entry.value else { return Vec::new() };
            let open = |item: &'a Item<'a>| {
                let TomlValue::Table(inner) = &item.value else { return None };
                let title = format!("[[{section}]]").into();
                let inner = entries(inner, entry.at.file);
                Some(TableReader::open(context, title, section, entry.within(item.span), inner, shape.keys()))
            };
            items.iter().filter_map(open).collect()
        })
    }

    /// The things of a section, each as a table, in the order of the files. Each is made when it is asked for: what ten
    /// thousand checks need while they are read fits the processor's cache one by one, and not all at once.
    pub(super) fn named(&self, section: &SectionSpec) -> impl Iterator<Item = TableReader<'a>> + use<'a> {
        let SectionSpec { name: section, shape, .. } = *section;
        let context = self.context;
        self.entries(section).iter().filter_map(move |entry| {
            if !valid_name(entry.key) {
                let shown: String = entry.key.chars().take(40).collect();
                context.error(entry.key_at, format!("`{shown}` is not a valid {section} name"), NAME_HINT);
            }
            let TomlValue::Table(inner) = entry.value else {
                let message = format!("{section} `{}` must be a table, not {}", entry.key, described(entry.value));
                let hint = format!("write [{section}.NAME] on a line of its own, and the keys below it");
                context.error(entry.at, message, hint);
                return None;
            };
            let title = TableTitle::Thing(section, entry.key);
            let inner = entries(inner, entry.at.file);
            let open =
                if matches!(shape, SectionShape::Adapters(_)) { TableReader::open_free } else { TableReader::open };
            Some(open(context, title, entry.key, entry.key_at, inner, shape.keys()))
        })
    }
}
