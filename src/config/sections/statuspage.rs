//! `[statuspage]`: a page for the public.

use std::path::PathBuf;

use super::severity::names;
use crate::config::changes::{Fact, hidden, summary};
use crate::config::reader::{TableReader, Thing};
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::text::name::Name;

/// A page for the public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// `directory`: where a watcher writes it.
    pub directory: PathBuf,
    /// `services`: what is on it, in the order of the file, and nothing else; at least one.
    pub services: Vec<Name>,
    /// `title`, default `Status of` and the console's name.
    pub title: String,
}

/// The keys of `[statuspage]`.
pub(crate) const KEYS: &[KeySpec] = &[
    key("directory", ValueForm::Text, "Where `opsroom watch` writes the page"),
    key("services", ValueForm::Texts, "The services that the public may see; nothing else is on it"),
    key("title", ValueForm::Text, "Default: Status of the console's name"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "statuspage",
    shape: spec::SectionShape::Single(KEYS),
    help: "A status page for the public, kept current by `opsroom watch`",
};

/// Reads `[statuspage]`, which is there.
pub(crate) fn read(table: &TableReader<'_>, console: &str) -> Option<StatusPage> {
    let directory = table.needed("directory", "\"/var/www/status\"").then(|| table.path("directory")).flatten();
    let services =
        if table.needed("services", "[\"NAME\"]") { table.distinct("services", Thing::Service) } else { Vec::new() };
    if table.is_list("services") && table.texts("services").is_empty() {
        table.context.error(
            table.place("services"),
            "`services` is empty",
            "name the services that the public may see",
        );
    }
    let title = table.string("title").unwrap_or_else(|| format!("Status of {console}"));
    (!services.is_empty()).then_some(StatusPage { directory: directory?, services, title })
}

/// What a change is said by.
pub(crate) fn facts(page: &StatusPage) -> Vec<Fact> {
    vec![
        hidden("directory", &page.directory),
        summary("services", names(&page.services)),
        summary("title", &page.title),
    ]
}
