//! `[incident]`: how incidents are kept.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::changes::{Fact, hidden, summary};
use crate::config::reader::TableReader;
use crate::config::sections::severity::SeverityRule;
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::config::thing::{NAME_HINT, Thing, valid_name};
use crate::lang::unit::duration as shown;
use crate::model::alert::Severity;
use crate::text::name::Name;

/// How incidents are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentConfig {
    /// `directory`: where reports are exported to. Default `incidents`, beside the file.
    pub directory: PathBuf,
    /// `update_every`: an update is asked for this often while one is open. Default 30 min.
    pub update_every: Duration,
    /// `kinds`, in the order of the file.
    pub kinds: Vec<IncidentKind>,
}

/// A kind of incident, which offers the steps that one of it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentKind {
    /// Its name.
    pub name: Name,
    /// `checklist`: the checklist that is offered.
    pub checklist: Option<Name>,
}

/// By when an incident of a severity asks for what, where the configuration says nothing: the ladder of most who publish one.
const LADDER: [(Severity, Duration, Duration); 4] = [
    (Severity::Critical, Duration::from_mins(15), Duration::from_hours(4)),
    (Severity::High, Duration::from_mins(30), Duration::from_hours(8)),
    (Severity::Medium, Duration::from_hours(4), Duration::from_hours(48)),
    (Severity::Low, Duration::from_hours(24), Duration::from_hours(14 * 24)),
];

/// By when an incident asks for what, from its opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncidentTimes {
    /// Somebody has to be at it.
    pub acknowledge: Duration,
    /// It has to be over.
    pub resolve: Duration,
    /// Between two status updates.
    pub update: Duration,
}

impl IncidentTimes {
    /// Of a severity, by its rule where there is one.
    pub(crate) fn new(incident: &IncidentConfig, severity: Severity, rule: Option<&SeverityRule>) -> Self {
        let (_, acknowledge, resolve) =
            LADDER.into_iter().find(|(known, ..)| *known == severity).unwrap_or(LADDER[LADDER.len() - 1]);
        let acknowledge = rule.and_then(|rule| rule.acknowledge_within).unwrap_or(acknowledge);
        Self {
            acknowledge,
            // What was configured to be acknowledged late is not to be resolved before.
            resolve: rule.and_then(|rule| rule.resolve_within).unwrap_or(resolve).max(acknowledge),
            update: rule.and_then(|rule| rule.update_every).unwrap_or(incident.update_every),
        }
    }
}

impl Default for IncidentConfig {
    fn default() -> Self {
        Self { directory: PathBuf::from("incidents"), update_every: Duration::from_mins(30), kinds: Vec::new() }
    }
}

/// The keys of a kind.
const KIND: &[KeySpec] = &[key("checklist", ValueForm::Name, "The checklist that an incident of this kind offers")];

/// The keys of `[incident]`.
pub(crate) const KEYS: &[KeySpec] = &[
    key("directory", ValueForm::Text, "Where reports are exported to. Default incidents, beside this file"),
    key("update_every", ValueForm::Duration, "Ask for an update this often while an incident is open. Default 30m"),
    key(
        "kinds",
        ValueForm::NamedTables(KIND),
        "Kinds of incidents, each with the checklist it offers: { security = { checklist = \"security-steps\" } }",
    ),
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
        kinds: table.named_tables("kinds").iter().filter_map(kind).collect(),
    }
}

/// Reads a kind. Its checklist is one of `[checklist.*]`: found missing in an incident, it would be found too late.
fn kind(table: &TableReader<'_>) -> Option<IncidentKind> {
    let checklist = table.reference("checklist", Thing::Checklist);
    if !valid_name(table.name) {
        let message = format!("`{}` can't be the name of a kind of incident", table.name);
        table.context.error(table.at, message, NAME_HINT);
        return None;
    }
    Some(IncidentKind { name: Name::from(table.name), checklist })
}

/// What a change is said by.
pub(crate) fn facts(incident: &IncidentConfig) -> Vec<Fact> {
    let kind = |kind: &IncidentKind| match &kind.checklist {
        Some(checklist) => format!("{} ({checklist})", kind.name),
        None => kind.name.to_string(),
    };
    let kinds: Vec<String> = incident.kinds.iter().map(kind).collect();
    vec![
        hidden("directory", &incident.directory),
        summary("update_every", shown(incident.update_every)),
        summary("kinds", kinds.join(", ")),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;

    #[test]
    fn a_severity_has_the_times_of_its_rule_else_those_of_the_ladder() {
        let text = "[severity.critical]\nnotify = [\"desk\"]\nresolve_within = \"1h\"\nupdate_every = \"15m\"\n\
            [severity.low]\nnotify = [\"desk\"]\nacknowledge_within = \"30d\"\n[notify.desk]\nterminal = \"bell\"\n\
            [checklist.steps]\nstep = [{ title = \"Isolate\", ask = \"Done?\" }]\n\
            [incident]\nupdate_every = \"20m\"\nkinds = { security = { checklist = \"steps\" }, outage = {} }\n";
        let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
        assert_eq!(loaded.diagnostics, []);
        let config = loaded.config.unwrap();
        let times = |severity| {
            let IncidentTimes { acknowledge, resolve, update } = config.incident_times(severity);
            [acknowledge, resolve, update].map(|span| span.as_secs() / 60)
        };
        assert_eq!(times(Severity::Critical), [15, 60, 15]);
        assert_eq!(times(Severity::High), [30, 480, 20]);
        assert_eq!(times(Severity::Low), [30 * 24 * 60, 30 * 24 * 60, 20]);
        let kinds: Vec<_> = config.incident.kinds.iter().map(|kind| (&*kind.name, kind.checklist.as_deref())).collect();
        assert_eq!(kinds, [("security", Some("steps")), ("outage", None)]);
    }

    #[test]
    fn a_kind_names_a_checklist_that_is_there() {
        let text = "[checklist.security-steps]\nstep = [{ title = \"Isolate\", ask = \"Done?\" }]\n\
            [incident]\nkinds = { security = { checklist = \"security-step\" } }\n";
        let problems = load_text(Path::new("/srv/opsroom.toml"), text).diagnostics;
        let [problem] = &*problems else { panic!("{problems:#?}") };
        assert_eq!((problem.line, problem.column), (4, 36));
        assert_eq!(problem.message, "no checklist named `security-step`");
        assert_eq!(problem.hint.as_deref(), Some("did you mean `security-steps`?"));
    }
}
