//! `[filter.NAME]`: a filter of the logs under a name and a key.

use crate::config::changes::{Fact, summary};
use crate::config::reader::TableReader;
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::config::syntax;
use crate::lang::key::Key;
use crate::logs::filter::Filter;
use crate::text::name::Name;

/// A saved filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFilter {
    /// Its name.
    pub name: Name,
    /// `title`, default the name.
    pub title: String,
    /// `filter`
    pub filter: Filter,
    /// `key`: opens the logs with this filter, and takes it off again where it is in force.
    pub key: Option<Key>,
}

pub(crate) const KEYS: &[KeySpec] = &[
    key("filter", ValueForm::Text, "What it keeps, in the language of the logs screen"),
    key("key", ValueForm::Text, "The key that opens the logs with it"),
    key("title", ValueForm::Text, "How it is shown. Default its name"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "filter",
    shape: spec::SectionShape::Named(KEYS),
    help: "A filter of the logs under a name and a key",
};

/// Reads a saved filter.
pub(crate) fn read(table: &TableReader<'_>) -> Option<SavedFilter> {
    let key = super::action::read_key(table);
    let title = table.string("title").unwrap_or_else(|| table.name.to_owned());
    if table.lacks(&["filter"]) {
        let message = format!("{} does not say what it keeps", table.title);
        table.context.error(table.at, message, "add filter = \"level>=error\"");
    }
    let text = table.text("filter")?;
    if text.value.trim().is_empty() {
        table.context.error(text.at, "`filter` is empty and keeps everything", "write filter = \"level>=error\"");
        return None;
    }
    let filter = syntax::filter(&text.value).map_err(|fault| table.context.fault(&text, "bad filter", &fault)).ok()?;
    Some(SavedFilter { name: Name::from(table.name), title, filter, key })
}

/// What a change is said by.
pub(crate) fn facts(filter: &SavedFilter) -> Vec<Fact> {
    vec![
        summary("filter", filter.filter.text()),
        summary("title", &filter.title),
        summary("key", filter.key.map_or_else(String::new, |key| key.to_string())),
    ]
}
