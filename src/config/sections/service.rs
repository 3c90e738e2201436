//! `[service.NAME]`

use std::path::{Path, PathBuf};

use crate::config::changes::{Fact, hidden, summary};
use crate::config::reader::{TableReader, Thing};
use crate::config::spec;
use crate::config::spec::SectionSpec;
use crate::config::spec::{KeySpec, ValueForm, key};
use crate::text::name::Name;

/// A thing that is operated: what checks, metrics, logs and actions belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: Name,
    /// `title`, default the name.
    pub title: String,
    /// `depends_on`: other services; no circles.
    pub depends_on: Vec<Name>,
    /// `runbook`: a Markdown file, with `#section`.
    pub runbook: Option<String>,
    /// `links`, in order.
    pub links: Vec<(String, String)>,
}

impl Service {
    /// The file of its runbook, given `beside` which it is written, and the anchor of the section, empty for all of it. `None`
    /// where it has none, or one that is an address.
    pub(crate) fn runbook_file(&self, beside: &Path) -> Option<(PathBuf, &str)> {
        let written = self.runbook.as_deref().filter(|written| !written.contains("://"))?;
        let (path, section) = written.split_once('#').unwrap_or((written, ""));
        Some((beside.join(path), section))
    }
}

pub(crate) const KEYS: &[KeySpec] = &[
    key("title", ValueForm::Text, "How it is shown. Default its name"),
    key("depends_on", ValueForm::Texts, "Services that this one depends on"),
    key("runbook", ValueForm::Text, "A Markdown file, with #section"),
    key("links", ValueForm::TextMap, "Links by name"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "service",
    shape: spec::SectionShape::Named(KEYS),
    help: "Something that is operated: checks, logs and actions belong to it",
};

/// Reads a service.
pub(crate) fn read(table: &TableReader<'_>) -> Service {
    Service {
        name: Name::from(table.name),
        title: table.string("title").unwrap_or_else(|| table.name.to_owned()),
        depends_on: table.references("depends_on", Thing::Service),
        runbook: table.string("runbook"),
        links: table.text_map("links").into_iter().map(|(name, url)| (name.value, url.value)).collect(),
    }
}

/// What a change is said by.
pub(crate) fn facts(service: &Service) -> Vec<Fact> {
    vec![
        summary("title", &service.title),
        summary("depends_on", service.depends_on.join(", ")),
        hidden("runbook", &service.runbook),
        hidden("links", &service.links),
    ]
}
