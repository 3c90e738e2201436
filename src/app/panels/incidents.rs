//! Incidents: those that are open, then the latest of the others.

use std::fmt::Write as _;

use super::incident_clock::{command, hints};
use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;
use crate::model::thing::IncidentRecord;

/// Incidents that are over and are listed.
const OVER: usize = 20;

pub(super) struct IncidentList;

impl Panel for IncidentList {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let world = state.seen();
        let over = world.known_incidents().filter(|record| !record.is_open()).take(OVER);
        let all: Vec<&IncidentRecord> = world.open_incidents().into_iter().chain(over).collect();
        let text = |to: &mut String, record: &IncidentRecord| {
            write!(to, "{} {} {} {}", record.id, record.severity.word(), record.state.word(), record.title)
        };
        keys(all, filter, |record| RowKey::Incident(record.id.clone()), text)
    }

    /// What is worked on has the keys first.
    fn tab_order(&self) -> u8 {
        2
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Incident)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        let mut hints = hints(state);
        hints.insert(0, (Command::Open, "show"));
        hints
    }

    fn command(&self, state: &mut State, _id: &PanelId, given: Command, effects: &mut Vec<Effect>) -> bool {
        command(state, given, effects)
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        if let Some(RowKey::Incident(id)) = row {
            state.console.screens.incident.shown = Some(id);
            state.go(Screen::Incident);
        }
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let RowKey::Incident(id) = row? else { return None };
        let record = state.seen().incident_record(id)?;
        Some(format!("{} {} {}: {}", record.id, record.severity.word(), record.state.word(), record.title))
    }
}
