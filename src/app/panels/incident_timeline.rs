//! The timeline of the incident that is shown; what happened around it is folded until a key shows it.

use std::fmt::Write as _;

use super::incident_clock::{command, hints};
use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::logs;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::{self, PanelId};
use crate::model::effect::Effect;
use crate::world::incidents::lines::{IncidentLine, LineKind};

pub(super) struct IncidentTimeline;

impl Panel for IncidentTimeline {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let lines = shown(state);
        let text = |to: &mut String, line: &IncidentLine| {
            write!(to, "{} {}", line.text, line.who.as_ref().map_or("", |who| who.as_str()))
        };
        keys(lines.iter().rev(), filter, |line| RowKey::IncidentLine(line.at, line.text.clone()), text)
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Incident)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        hints(state)
    }

    fn command(&self, state: &mut State, _id: &PanelId, given: Command, effects: &mut Vec<Effect>) -> bool {
        command(state, given, effects)
    }

    /// Logs and charts point at the same moment.
    fn moved(&self, state: &mut State) {
        if let Some(RowKey::IncidentLine(at, _)) = state.selected(&panels::INCIDENT_TIMELINE.id()) {
            state.console.point_at(Some(at));
        }
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        if let Some(RowKey::IncidentLine(at, _)) = row {
            logs::go_to(state, at);
        }
    }

    fn copied(&self, _state: &State, row: Option<&RowKey>) -> Option<String> {
        let RowKey::IncidentLine(at, text) = row? else { return None };
        Some(format!("{} {text}", at.to_rfc3339()))
    }
}

/// The lines that are shown, oldest first.
pub(crate) fn shown(state: &State) -> Vec<IncidentLine> {
    let Some(record) = state.shown_incident() else { return Vec::new() };
    let mut lines = state.seen().incident_lines(record);
    if !state.console.screens.incident.has_automatic {
        lines.retain(|line| line.kind != LineKind::Happened);
    }
    lines
}
