//! The panels: which rows each has and what its keys do there. Every one of [`crate::config::panels`] is a file here and
//! a line in `ALL`; how it looks is in `ui::panels`.

mod action_detail;
mod actions;
mod alerts;
mod changes;
mod charts;
mod check;
mod checklists;
mod checks;
mod figures;
mod incident_changes;
mod incident_clock;
mod incident_entries;
mod incident_evidence;
pub(crate) mod incident_timeline;
mod incidents;
mod levels;
mod locks;
mod log;
mod metric;
mod metric_list;
mod output;
mod problems;
mod records;
mod runs;
mod service_actions;
mod service_charts;
mod service_detail;
mod service_metrics;
mod service_runbook;
mod service_status;
pub(crate) mod services;
mod silences;
mod slo;
mod startable;
mod timeline;
pub(crate) mod walkthrough;

use std::fmt;

use crate::app::keymap::Command;
use crate::app::list::RowFilter;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::{self, PanelId, PanelSpec};
use crate::model::effect::Effect;

/// A key that is worth a place in the last row, and what it does here.
pub(crate) type Hint = (Command, &'static str);

/// What a panel is to the core. Everything has a default: that of a panel that only shows something.
pub(crate) trait Panel: Sync {
    /// Whether it is a list: its rows can be selected and filtered.
    fn is_list(&self) -> bool {
        false
    }

    /// The rows that a filter lets through, in the order in which they are drawn.
    fn rows(&self, _state: &State, _id: &PanelId, _filter: &str) -> Vec<RowKey> {
        Vec::new()
    }

    /// Whether there is anything for it to show; where not, the others get its room.
    fn is_wanted(&self, _state: &State) -> bool {
        true
    }

    /// Whether keys can go to it.
    fn takes_focus(&self, _state: &State) -> bool {
        true
    }

    /// Whether it is drawn alone when it is zoomed.
    fn zooms(&self) -> bool {
        true
    }

    /// When Tab comes to it: the lower first, equals in the order of the layout.
    fn tab_order(&self) -> u8 {
        0
    }

    /// Whether the wheel means anything over it.
    fn takes_wheel(&self) -> bool {
        true
    }

    /// Whether a click on the selected row opens it, as Enter does.
    fn opens_by_click(&self) -> bool {
        true
    }

    /// Whether a key of it starts something or puts something on record, so that it is refused in a recording.
    fn acts_by(&self, _state: &State, _command: Command) -> bool {
        false
    }

    /// Whether new records are worth a frame.
    fn shows_records(&self) -> bool {
        false
    }

    /// Where its keys are heard, before those of lists.
    fn context(&self) -> Option<CommandContext> {
        None
    }

    /// The keys that matter most in it.
    fn hints(&self, _state: &State) -> Vec<Hint> {
        Vec::new()
    }

    /// A command that means something else in it than elsewhere. `false`: this one does not.
    fn command(&self, _state: &mut State, _id: &PanelId, _command: Command, _effects: &mut Vec<Effect>) -> bool {
        false
    }

    /// Another row was selected.
    fn moved(&self, _state: &mut State) {}

    /// Enter on a row, or a second click; without one where there are no rows.
    fn open(&self, _state: &mut State, _id: &PanelId, _row: Option<RowKey>, _effects: &mut Vec<Effect>) {}

    /// What is copied of it, `row` being selected.
    fn copied(&self, _state: &State, _row: Option<&RowKey>) -> Option<String> {
        None
    }
}

/// Every panel.
const ALL: &[(&PanelSpec, &dyn Panel)] = &[
    (&panels::SERVICES, &services::Services),
    (&panels::ALERTS, &alerts::Alerts),
    (&panels::SILENCES, &silences::Silences),
    (&panels::ACTIONS, &actions::Actions),
    (&panels::TIMELINE, &timeline::Timeline { of_service: false }),
    (&panels::SERVICE_TIMELINE, &timeline::Timeline { of_service: true }),
    (&panels::SERVICE_DETAIL, &service_detail::ServiceDetail),
    (&panels::CHECK, &check::OneCheck),
    (&panels::METRIC, &metric::OneMetric),
    (&panels::SLO, &slo::OneSlo),
    (&panels::LOG, &log::LogTail { of_service: false }),
    (&panels::SERVICE_STATUS, &service_status::ServiceStatus),
    (&panels::CHECKS, &checks::Checks),
    (&panels::SERVICE_METRICS, &service_metrics::ServiceMetrics),
    (&panels::SERVICE_CHARTS, &service_charts::ServiceCharts),
    (&panels::SERVICE_RUNBOOK, &service_runbook::ServiceRunbook),
    (&panels::SERVICE_ACTIONS, &service_actions::ServiceActions),
    (&panels::SERVICE_LOGS, &log::LogTail { of_service: true }),
    (&panels::LEVELS, &levels::Levels),
    (&panels::RECORDS, &records::Records),
    (&panels::METRIC_LIST, &metric_list::MetricList),
    (&panels::CHARTS, &charts::Charts),
    (&panels::STARTABLE, &startable::Startable),
    (&panels::RUNS, &runs::Runs),
    (&panels::LOCKS, &locks::Locks),
    (&panels::OUTPUT, &output::Output),
    (&panels::ACTION_DETAIL, &action_detail::ActionDetail),
    (&panels::CHECKLISTS, &checklists::Checklists),
    (&panels::WALKTHROUGH, &walkthrough::Walkthrough),
    (&panels::STEP_DETAIL, &walkthrough::StepDetail),
    (&panels::STEP_PANEL, &walkthrough::StepPanel),
    (&panels::INCIDENT_CLOCK, &incident_clock::IncidentClock),
    (&panels::INCIDENT_TIMELINE, &incident_timeline::IncidentTimeline),
    (&panels::INCIDENT_ENTRIES, &incident_entries::IncidentEntries),
    (&panels::INCIDENT_CHANGES, &incident_changes::IncidentChanges),
    (&panels::INCIDENT_EVIDENCE, &incident_evidence::IncidentEvidencePanel),
    (&panels::INCIDENTS, &incidents::IncidentList),
    (&panels::CHANGES, &changes::Changes),
    (&panels::FIGURES, &figures::Figures),
    (&panels::PROBLEMS, &problems::Problems),
];

/// A panel that is in no list does nothing; a test holds that there is none.
impl Panel for () {}

/// What a panel does.
pub(crate) fn find(id: &PanelId) -> &'static dyn Panel {
    ALL.iter().find(|(spec, _)| id.is(spec)).map_or(&(), |(_, panel)| *panel)
}

/// The keys of the rows that a filter lets through. The text of a row is written only where there is a filter: a list may
/// be thousands of rows long.
fn keys<'a, T: 'a + ?Sized>(
    rows: impl IntoIterator<Item = &'a T>,
    filter: &str,
    key: impl Fn(&'a T) -> RowKey,
    text: impl Fn(&mut String, &T) -> fmt::Result,
) -> Vec<RowKey> {
    let mut words = RowFilter::new(filter);
    rows.into_iter().filter(|row| words.hold(|to| text(to, row))).map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_of_the_configuration_is_registered() {
        let configured: Vec<&str> = panels::PANELS.iter().map(|spec| spec.name).collect();
        let registered: Vec<&str> = ALL.iter().map(|(spec, _)| spec.name).collect();
        assert_eq!(registered, configured);
    }
}
