//! What changed before the incident that is shown and since: releases, runs, configurations.

use std::fmt::Write as _;

use super::incident_clock::{command, hints};
use super::incident_timeline::{copied_line, go_to_line};
use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;
use crate::model::fact::incident::CopiedLine;

pub(super) struct IncidentChanges;

impl Panel for IncidentChanges {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let Some(record) = state.shown_incident() else { return Vec::new() };
        let lines = state.seen().changed_before(record);
        let text = |to: &mut String, line: &CopiedLine| write!(to, "{}", line.text);
        keys(lines.iter(), filter, |line| RowKey::IncidentLine(line.at, line.text.clone()), text)
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

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        go_to_line(state, row.as_ref());
    }

    fn copied(&self, _state: &State, row: Option<&RowKey>) -> Option<String> {
        copied_line(row)
    }
}
