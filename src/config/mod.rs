//! The configuration: one TOML file, validated into a [`Config`], every problem a [`crate::lang::diagnostic::Diagnostic`]
//! with line, column and hint.
//!
//! *Invariant:* only `load` reads files; nothing here ever writes one, and nothing here touches the network.

pub mod adapters;
mod belonging;
mod changes;
pub mod channels;
pub mod commands;
pub mod confidential;
mod context;
mod digest;
pub mod draft;
mod entry;
mod fault;
mod file;
pub mod kinds;
pub(crate) mod known;
pub mod literal;
pub mod load;
pub mod loaded;
mod merge;
mod misplaced;
mod named;
pub mod panels;
pub mod plan;
pub mod preview;
mod reach;
mod reader;
pub(crate) mod registry;
pub mod reload;
mod roots;
pub(crate) mod schema;
pub mod screens;
pub mod sections;
pub mod spec;
pub(crate) mod substitute;
mod syntax;
mod texts;
pub(crate) mod thing;
pub(crate) mod titles;
mod toml_fault;
mod tree;
mod validate;
pub mod verb;
pub(crate) mod verifying;
mod written;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::alert::Severity;
use crate::text::name::Name;
use sections::action::Action;
use sections::adapter::Adapter;
use sections::alerting::Alerting;
use sections::check::Check;
use sections::checklist::Checklist;
use sections::console::ConsoleConfig;
use sections::contact::Contact;
use sections::filter::SavedFilter;
use sections::freeze::Freeze;
use sections::incident::{IncidentConfig, IncidentTimes};
use sections::keys::Keys;
use sections::log::Log;
use sections::maintenance::Maintenance;
use sections::metric::Metric;
use sections::notify::Channel;
use sections::oncall::OnCall;
use sections::retention::Retention;
use sections::screen::ScreenLayout;
use sections::secret::SecretSource;
use sections::service::Service;
use sections::severity::SeverityRule;
use sections::slo::Slo;
use sections::source::Source;
use sections::statuspage::StatusPage;
use sections::store::StoreConfig;
use sections::test::AlertTest;
use sections::watch::WatchConfig;
pub use texts::ConfigTexts;

/// A complete example with comments: the default documentation. A test holds it valid.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// A validated configuration: every reference resolves, every expression compiles. Things are kept in the order
/// of the file, because that is the order in which people expect to see them.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `[console]`
    pub console: ConsoleConfig,
    /// `[store]`
    pub store: StoreConfig,
    /// `[secret.*]`: where each secret comes from. Values are resolved by the runtime, off the loop.
    pub secrets: BTreeMap<Name, SecretSource>,
    /// `[severity.*]`, worst first. A severity without a section has none here, and nobody is told of it.
    pub severities: Vec<SeverityRule>,
    /// `[service.*]`
    pub services: Vec<Service>,
    /// `[source.*]`, and one more for each check that names its own (`http = …` in a check), named `check:NAME`.
    pub sources: Vec<Source>,
    /// `[check.*]`
    pub checks: Vec<Check>,
    /// `[metric.*]`
    pub metrics: Vec<Metric>,
    /// `[log.*]`
    pub logs: Vec<Log>,
    /// `[adapter.*]`, resolved: the verbs of the built-in kind with the file's own over them.
    pub adapters: Vec<Adapter>,
    /// `[action.*]`
    pub actions: Vec<Action>,
    /// `[notify.*]`
    pub channels: Vec<Channel>,
    /// `[contact.*]`
    pub contacts: Vec<Contact>,
    /// `[oncall]`; `None` where nobody is on call.
    pub oncall: Option<OnCall>,
    /// `[watch]`
    pub watch: WatchConfig,
    /// `[alerts]`
    pub alerting: Alerting,
    /// `[maintenance.*]`
    pub maintenance: Vec<Maintenance>,
    /// `[freeze.*]`
    pub freezes: Vec<Freeze>,
    /// `[slo.*]`
    pub slos: Vec<Slo>,
    /// `[checklist.*]`
    pub checklists: Vec<Checklist>,
    /// `[statuspage]`; `None` where there is none.
    pub statuspage: Option<StatusPage>,
    /// `[incident]`
    pub incident: IncidentConfig,
    /// `[[test]]`
    pub tests: Vec<AlertTest>,
    /// `[screen.*]`
    pub screens: Vec<ScreenLayout>,
    /// `[filter.*]`
    pub filters: Vec<SavedFilter>,
    /// `[keys]`
    pub keys: Keys,
    /// `[retention]`
    pub retention: Retention,
    /// Every file that was read, the main one first; empty for the built-in demo.
    pub files: Vec<PathBuf>,
    /// What stood in them.
    pub texts: ConfigTexts,
}

impl Config {
    /// The channel of that name.
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| *channel.name == *name)
    }

    /// The checklist of that name.
    pub fn checklist(&self, name: &str) -> Option<&Checklist> {
        self.checklists.iter().find(|list| *list.name == *name)
    }

    /// By when an incident of a severity asks for what.
    pub fn incident_times(&self, severity: Severity) -> IncidentTimes {
        let rule = self.severities.iter().find(|rule| rule.severity == severity);
        IncidentTimes::new(&self.incident, severity, rule)
    }

    /// The contact who logs in by that name.
    pub fn contact_of(&self, login: &str) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.logins.iter().any(|name| **name == *login))
    }

    /// The severity that a word or an alias stands for.
    pub fn severity_named(&self, word: &str) -> Option<Severity> {
        let of_alias = || self.severities.iter().find(|rule| rule.aliases.iter().any(|alias| alias == word));
        Severity::named(word).or_else(|| of_alias().map(|rule| rule.severity))
    }
}
