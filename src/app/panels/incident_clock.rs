//! The clock of the incident that is shown, and what an incident's keys do: the other panels of the screen share them.

use super::{Hint, Panel};
use crate::app::incidents;
use crate::app::keymap::Command;
use crate::app::overlays::incident_dialog::IncidentPurpose;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;
use crate::model::incident::EntryKind;

pub(super) struct IncidentClock;

impl Panel for IncidentClock {
    /// Where nothing else is on the screen it has the keys.
    fn tab_order(&self) -> u8 {
        1
    }

    fn zooms(&self) -> bool {
        false
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Incident)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        hints(state)
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, effects: &mut Vec<Effect>) -> bool {
        self::command(state, command, effects)
    }

    fn copied(&self, state: &State, _row: Option<&RowKey>) -> Option<String> {
        let record = state.shown_incident()?;
        Some(format!("{} {} {}: {}", record.id, record.severity.word(), record.state.word(), record.title))
    }
}

/// The keys that matter most in an incident.
pub(super) fn hints(state: &State) -> Vec<Hint> {
    if state.shown_incident().is_none() {
        return vec![(Command::OpenIncident, "open an incident")];
    }
    let has_automatic = state.console.screens.incident.has_automatic;
    let automatic = if has_automatic { "hide automatic" } else { "show automatic" };
    if state.world.read_only {
        return vec![(Command::IncidentAutomatic, automatic), (Command::IncidentExport, "write report")];
    }
    vec![
        (Command::IncidentNote, "add note"),
        (Command::IncidentUpdate, "update"),
        (Command::IncidentStep, "change state"),
        (Command::IncidentRole, "assign role"),
        (Command::IncidentTask, "add task"),
        (Command::IncidentHypothesis, "add cause"),
        (Command::IncidentDecision, "add decision"),
        (Command::IncidentSeverity, "change severity"),
        (Command::IncidentAutomatic, automatic),
        (Command::IncidentExport, "write report"),
    ]
}

/// Does what an incident's key means.
pub(super) fn command(state: &mut State, command: Command, effects: &mut Vec<Effect>) -> bool {
    match command {
        Command::IncidentNote => incidents::add(state, EntryKind::Note),
        Command::IncidentTask => incidents::add(state, EntryKind::Task),
        Command::IncidentHypothesis => incidents::add(state, EntryKind::Hypothesis),
        Command::IncidentDecision => incidents::add(state, EntryKind::Decision),
        Command::IncidentCorrect => incidents::correct(state),
        Command::IncidentUpdate => incidents::with_shown(state, IncidentPurpose::Update),
        Command::IncidentRole => incidents::with_shown(state, IncidentPurpose::Role),
        Command::IncidentSeverity => incidents::with_shown(state, IncidentPurpose::Severity),
        Command::IncidentStep => incidents::with_shown(state, IncidentPurpose::Step),
        Command::IncidentAutomatic => {
            let screen = &mut state.console.screens.incident;
            screen.has_automatic = !screen.has_automatic;
        }
        Command::IncidentExport => incidents::export(state, effects),
        _ => return false,
    }
    true
}
