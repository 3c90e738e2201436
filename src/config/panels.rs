//! The panels that a layout can name, as data: what each is called, what it is asked to show, a few words about it.
//! What their keys do is in `app::panels`, how they look in `ui::panels`.

use std::fmt;

use super::reader::{TableReader, Text};
use super::syntax;
use super::thing::Thing;
use crate::lang::nearest;
use crate::logs::filter::Filter;
use crate::text::SafeText;
use crate::text::name::Name;

/// One kind of panel.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct PanelSpec {
    /// Its name in `rows`.
    pub name: &'static str,
    /// What stands behind the name.
    pub argument: Argument,
    /// What it shows, in a few words.
    pub help: &'static str,
}

/// What stands behind the name of a panel, after a colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Argument {
    /// Nothing.
    None,
    /// The name of a check.
    Check,
    /// The name of a metric.
    Metric,
    /// The name of an objective.
    Slo,
    /// The name of a log or `*` for all, then `columns=FIELD,…` and a filter if wanted.
    Log,
}

/// What one panel is asked to show.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PanelSubject {
    /// What its kind says.
    None,
    /// A check.
    Check(Name),
    /// A metric.
    Metric(Name),
    /// An objective.
    Slo(Name),
    /// The tail of one log or of all.
    Log(LogPanel),
}

/// A panel of a layout: its kind, and what it is asked to show. Lists remember their selection by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PanelId {
    /// The kind.
    pub kind: &'static PanelSpec,
    /// What it is asked to show.
    pub subject: PanelSubject,
}

/// The tail of one log or of all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogPanel {
    /// The log; `*` merges all.
    pub name: Name,
    /// Fields that have a column of their own, until a person chooses others.
    pub columns: Vec<SafeText>,
    /// What of it is shown.
    pub filter: Filter,
}

/// The name that merges all logs.
const ALL: &str = "*";
/// What stands before the fields that have a column.
const COLUMNS: &str = "columns=";
/// Fields that can have one.
pub(crate) const MAX_COLUMNS: usize = 6;

/// Every kind of panel.
pub static PANELS: &[&PanelSpec] = &[
    &SERVICES,
    &ALERTS,
    &SILENCES,
    &ACTIONS,
    &TIMELINE,
    &SERVICE_TIMELINE,
    &SERVICE_DETAIL,
    &CHECK,
    &METRIC,
    &SLO,
    &LOG,
    &SERVICE_STATUS,
    &CHECKS,
    &SERVICE_METRICS,
    &SERVICE_CHARTS,
    &SERVICE_RUNBOOK,
    &SERVICE_ACTIONS,
    &SERVICE_LOGS,
    &LEVELS,
    &RECORDS,
    &METRIC_LIST,
    &CHARTS,
    &STARTABLE,
    &RUNS,
    &LOCKS,
    &OUTPUT,
    &ACTION_DETAIL,
    &CHECKLISTS,
    &WALKTHROUGH,
    &STEP_DETAIL,
    &STEP_PANEL,
    &INCIDENT_CLOCK,
    &INCIDENT_TIMELINE,
    &INCIDENT_ENTRIES,
    &INCIDENT_CHANGES,
    &INCIDENT_EVIDENCE,
    &INCIDENTS,
    &CHANGES,
    &FIGURES,
    &PROBLEMS,
];

/// Kinds of panels that later versions bring.
const LATER: [&str; 2] = ["table", "backup"];

const fn plain(name: &'static str, help: &'static str) -> PanelSpec {
    PanelSpec { name, argument: Argument::None, help }
}

/// Every service with its status.
pub static SERVICES: PanelSpec = plain("services", "Every service: status, since when, latency, availability, reason");
/// Alerts.
pub static ALERTS: PanelSpec = plain("alerts", "Pending, firing and recently resolved alerts");
/// Silences.
pub static SILENCES: PanelSpec = plain("silences", "Silences in force: what they match, by whom, until when, why");
/// Runs, leading on to the actions screen.
pub static ACTIONS: PanelSpec = plain("actions", "Running and past runs; opening one shows the actions screen");
/// The timeline.
pub static TIMELINE: PanelSpec = plain("timeline", "Status changes, alerts, runs and reloads, newest first");
/// The timeline of the service that is shown.
pub static SERVICE_TIMELINE: PanelSpec = plain("service-timeline", "What happened to the chosen service, newest first");
/// What is known of the service that is shown, in a column.
pub static SERVICE_DETAIL: PanelSpec =
    plain("service-detail", "The chosen service: version, since when, latency, last deployment, last run");
/// One check.
pub static CHECK: PanelSpec =
    PanelSpec { name: "check", argument: Argument::Check, help: "One check: status, latencies, its components" };
/// One metric.
pub static METRIC: PanelSpec =
    PanelSpec { name: "metric", argument: Argument::Metric, help: "The chart of one metric" };
/// One objective.
pub static SLO: PanelSpec = PanelSpec {
    name: "slo",
    argument: Argument::Slo,
    help: "One objective: what is left of its error budget, how fast it burns, what the latest release cost",
};
/// The tail of a log.
pub static LOG: PanelSpec = PanelSpec {
    name: "log",
    argument: Argument::Log,
    help: "The newest records of a log, or of all with *; columns=FIELD,… and a filter may follow",
};
/// The line about the service that is shown.
pub static SERVICE_STATUS: PanelSpec =
    plain("service-status", "The chosen service in one line: status, since when, what it depends on, its runbook");
/// The checks of the service that is shown.
pub static CHECKS: PanelSpec = plain("checks", "The checks of the chosen service with their components");
/// The metrics of the service that is shown.
pub static SERVICE_METRICS: PanelSpec = plain("service-metrics", "The metrics of the chosen service");
/// The charts of the service that is shown.
pub static SERVICE_CHARTS: PanelSpec = plain("service-charts", "The charts of the chosen service, side by side");
/// The runbook of the service that is shown.
pub static SERVICE_RUNBOOK: PanelSpec =
    plain("service-runbook", "The section of the chosen service's runbook; opening it shows the file in the pager");
/// The actions of the service that is shown.
pub static SERVICE_ACTIONS: PanelSpec =
    plain("service-actions", "The actions of the chosen service with their last runs");
/// The records of the service that is shown.
pub static SERVICE_LOGS: PanelSpec = plain("service-logs", "The newest records of the chosen service");
/// The records of the logs screen.
pub static RECORDS: PanelSpec = plain("records", "All records, with filter, search and marks");
/// How many records of which level came when.
pub static LEVELS: PanelSpec = plain("levels", "The levels of the records over time");
/// Every metric.
pub static METRIC_LIST: PanelSpec = plain("metric-list", "Every metric: value, course, thresholds");
/// The charts of the metrics that are chosen.
pub static CHARTS: PanelSpec =
    plain("charts", "The charts of the metrics chosen in metric-list in full, the others small where there is room");
/// What can be started.
pub static STARTABLE: PanelSpec = plain("startable", "The actions that can be started");
/// Runs, beside their output.
pub static RUNS: PanelSpec = plain("runs", "Running and past runs; output shows the chosen one");
/// What the chosen run says.
pub static OUTPUT: PanelSpec = plain("output", "The state and output of the run chosen in runs");
/// What is known of an action.
pub static ACTION_DETAIL: PanelSpec = plain(
    "action-detail",
    "The action chosen in startable: what it would run, what decides how it went, its last runs",
);
/// Locks.
pub static LOCKS: PanelSpec = plain("locks", "Targets that are locked, by whom, for what");
/// The checklists, leading on to the walkthrough.
pub static CHECKLISTS: PanelSpec =
    plain("checklists", "Checklists: due, late, running, done, and past runs; opening one starts or resumes it");
/// The steps of a run of a checklist.
pub static WALKTHROUGH: PanelSpec =
    plain("walkthrough", "The steps of the run chosen in checklists; opening one answers it and moves on");
/// What is known of a step.
pub static STEP_DETAIL: PanelSpec = plain(
    "step-detail",
    "The step selected in walkthrough: what is asked, expected, found before, its notes and evidence",
);
/// The panel that belongs to a step.
pub static STEP_PANEL: PanelSpec =
    plain("step-panel", "The panel that belongs to the step selected in walkthrough: its `show`");
/// The clock of the incident.
pub static INCIDENT_CLOCK: PanelSpec =
    plain("incident-clock", "The incident: its clock against the targets, who leads, the next update, its services");
/// The timeline of the incident.
pub static INCIDENT_TIMELINE: PanelSpec =
    plain("incident-timeline", "What people said of the incident and what happened around it");
/// What people added to the incident.
pub static INCIDENT_ENTRIES: PanelSpec =
    plain("incident-entries", "Tasks, hypotheses and decisions of the incident, the open ones first");
/// What changed before the incident.
pub static INCIDENT_CHANGES: PanelSpec =
    plain("incident-changes", "Releases, runs and configurations in the hours before the incident and since");
/// What was saved of the incident.
pub static INCIDENT_EVIDENCE: PanelSpec = plain("incident-evidence", "Pins and saved evidence of the incident");
/// Incidents.
pub static INCIDENTS: PanelSpec = plain("incidents", "Open incidents and the latest of the others");
/// The change calendar.
pub static CHANGES: PanelSpec =
    plain("changes", "Planned changes, freezes and maintenance: when, of what, by whom, who approved");
/// Figures about the console itself.
pub static FIGURES: PanelSpec = plain("figures", "Figures about the console itself");
/// What went wrong in the console.
pub static PROBLEMS: PanelSpec = plain("problems", "Warnings of sources, failed tasks, gaps, rejected reloads");

impl PanelSpec {
    /// The panel of this kind, which takes no argument.
    pub const fn id(&'static self) -> PanelId {
        PanelId { kind: self, subject: PanelSubject::None }
    }

    /// How it is written: `services`, `check:NAME`.
    pub(crate) fn form(&self) -> String {
        match self.argument {
            Argument::None => self.name.to_owned(),
            Argument::Check | Argument::Metric | Argument::Slo | Argument::Log => format!("{}:NAME", self.name),
        }
    }
}

impl PanelId {
    pub(crate) const fn metric(name: Name) -> Self {
        Self { kind: &METRIC, subject: PanelSubject::Metric(name) }
    }

    pub(crate) const fn slo(name: Name) -> Self {
        Self { kind: &SLO, subject: PanelSubject::Slo(name) }
    }

    pub(crate) const fn log(shown: LogPanel) -> Self {
        Self { kind: &LOG, subject: PanelSubject::Log(shown) }
    }

    /// Whether it is of that kind.
    pub(crate) fn is(&self, kind: &PanelSpec) -> bool {
        self.kind.name == kind.name
    }
}

impl LogPanel {
    /// All logs, merged, unfiltered.
    pub(crate) fn all() -> Self {
        Self { name: Name::from(ALL), columns: Vec::new(), filter: Filter::everything() }
    }

    /// All logs, merged: those records that say that something is or may be wrong.
    pub(crate) fn warnings() -> Self {
        let filter = syntax::filter("level>=warn").unwrap_or_else(|_| Filter::everything());
        Self { filter, ..Self::all() }
    }

    /// The log that is shown alone; `None` where all are merged.
    pub(crate) fn only(&self) -> Option<&Name> {
        (&*self.name != ALL).then_some(&self.name)
    }
}

/// As it is written in `rows`, without a weight.
impl fmt::Display for PanelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.name;
        match &self.subject {
            PanelSubject::None => f.write_str(kind),
            PanelSubject::Check(name) | PanelSubject::Metric(name) | PanelSubject::Slo(name) => {
                write!(f, "{kind}:{name}")
            }
            PanelSubject::Log(LogPanel { name, columns, filter }) => {
                write!(f, "{kind}:{name}")?;
                if !columns.is_empty() {
                    let fields: Vec<&str> = columns.iter().map(SafeText::as_str).collect();
                    write!(f, " {COLUMNS}{}", fields.join(","))?;
                }
                if filter.is_everything() { Ok(()) } else { write!(f, " {}", filter.text()) }
            }
        }
    }
}

/// Reads `NAME` or `NAME:ARGUMENT`, `body` being what of `text` stands before a weight.
pub(in crate::config) fn read(table: &TableReader<'_>, text: &Text, body: &str) -> Option<PanelId> {
    let context = table.context;
    let listed = || {
        let forms: Vec<String> = PANELS.iter().map(|panel| panel.form()).collect();
        format!("panels: {}", nearest::listed(forms.iter().map(String::as_str)))
    };
    let (name, argument) = body.split_once(':').map_or((body, None), |(name, argument)| (name, Some(argument)));
    let found = PANELS.iter().find(|panel| panel.name == name);
    let Some(kind) = found.filter(|panel| (panel.argument == Argument::None) == argument.is_none()) else {
        let (message, hint) = match (found, argument) {
            (Some(panel), Some(_)) => {
                (format!("the panel `{name}` takes nothing after its name"), format!("write \"{}\"", panel.form()))
            }
            (Some(panel), None) => (format!("the panel `{name}` needs a name"), format!("write \"{}\"", panel.form())),
            (None, Some(_)) if LATER.contains(&name) => (format!("`{name}` panels are not in this version"), listed()),
            (None, _) => {
                let near = nearest::nearest(name, PANELS.iter().map(|panel| panel.name));
                let hint = nearest::suggest(near, listed);
                (format!("no panel named `{name}`"), hint)
            }
        };
        context.error(text.at, message, hint);
        return None;
    };
    let argument = argument.unwrap_or_default();
    let subject = match kind.argument {
        Argument::None => PanelSubject::None,
        Argument::Check => PanelSubject::Check(context.refer(Thing::Check, argument, text.at)?),
        Argument::Metric => PanelSubject::Metric(context.refer(Thing::Metric, argument, text.at)?),
        Argument::Slo => PanelSubject::Slo(context.refer(Thing::Slo, argument, text.at)?),
        Argument::Log => PanelSubject::Log(log(table, text, argument)?),
    };
    Some(PanelId { kind, subject })
}

/// `NAME`, `*`, either with columns and a filter behind it. `log:*3` has come here as an empty name: all logs with
/// weight 3.
fn log(table: &TableReader<'_>, text: &Text, shown: &str) -> Option<LogPanel> {
    let (name, rest) = shown.split_once(' ').unwrap_or((shown, ""));
    let (columns, filter) = match rest.strip_prefix(COLUMNS) {
        Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
        None => ("", rest),
    };
    let columns: Vec<SafeText> = columns.split(',').filter(|field| !field.is_empty()).map(SafeText::new).collect();
    if columns.len() > MAX_COLUMNS || (columns.is_empty() && rest.starts_with(COLUMNS)) {
        let message = format!("`{COLUMNS}` takes one to {MAX_COLUMNS} fields, and this has {}", columns.len());
        table.context.error(text.at, message, "write \"log:api columns=path,status level>=warn\"");
        return None;
    }
    let name = match name {
        ALL | "" => Name::from(ALL),
        name => table.context.refer(Thing::Log, name, text.at)?,
    };
    let filter = syntax::filter(filter).map_err(|mut fault| {
        let before = "log:".len() + shown.len() - filter.len();
        fault.offset = Some(before + fault.offset.unwrap_or(0));
        table.context.fault(text, "bad filter", &fault);
    });
    Some(LogPanel { name, columns, filter: filter.ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_has_a_name_and_words_of_its_own() {
        for (at, panel) in PANELS.iter().enumerate() {
            assert!(!panel.help.is_empty() && !panel.name.contains([':', '*', ' ']), "{}", panel.name);
            assert!(PANELS[..at].iter().all(|other| other.name != panel.name), "{}", panel.name);
        }
    }
}
