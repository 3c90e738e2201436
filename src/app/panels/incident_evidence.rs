//! Pins and saved evidence of the incident that is shown.

use super::incident_clock::{command, hints};
use super::{Hint, Panel};
use crate::app::keymap::Command;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;

pub(super) struct IncidentEvidencePanel;

impl Panel for IncidentEvidencePanel {
    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Incident)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        hints(state)
    }

    fn command(&self, state: &mut State, _id: &PanelId, given: Command, effects: &mut Vec<Effect>) -> bool {
        command(state, given, effects)
    }
}
