//! `[incident]`: how incidents are kept.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::changes::{Fact, hidden, summary};
use crate::config::reader::TableReader;
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::lang::unit::duration as shown;

/// How incidents are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentConfig {
    /// `directory`: where reports are exported to. Default `incidents`, beside the file.
    pub directory: PathBuf,
    /// `update_every`: an update is asked for this often while one is open. Default 30 min.
    pub update_every: Duration,
}

impl Default for IncidentConfig {
    fn default() -> Self {
        Self { directory: PathBuf::from("incidents"), update_every: Duration::from_mins(30) }
    }
}

/// The keys of `[incident]`.
pub(crate) const KEYS: &[KeySpec] = &[
    key("directory", ValueForm::Text, "Where reports are exported to. Default incidents, beside this file"),
    key("update_every", ValueForm::Duration, "Ask for an update this often while an incident is open. Default 30m"),
];

pub(crate) const SECTION: SectionSpec = SectionSpec {
    name: "incident",
    shape: spec::SectionShape::Single(KEYS),
    help: "How incidents are kept and reported",
};

/// Reads `[incident]`.
pub(crate) fn read(table: &TableReader<'_>) -> IncidentConfig {
    let default = IncidentConfig::default();
    IncidentConfig {
        directory: table.path("directory").unwrap_or_else(|| table.directory().join(default.directory)),
        update_every: table.positive("update_every").unwrap_or(default.update_every),
    }
}

/// What a change is said by.
pub(crate) fn facts(incident: &IncidentConfig) -> Vec<Fact> {
    vec![hidden("directory", &incident.directory), summary("update_every", shown(incident.update_every))]
}
