//! The timeline of the incident that is shown; what happened around it is folded until a key shows it.

use std::fmt::Write as _;
use std::sync::Arc;

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
        go_to_line(state, row.as_ref());
    }

    fn copied(&self, _state: &State, row: Option<&RowKey>) -> Option<String> {
        copied_line(row)
    }
}

/// Shows the logs of the moment of a line.
pub(super) fn go_to_line(state: &mut State, row: Option<&RowKey>) {
    if let Some(RowKey::IncidentLine(at, _)) = row {
        logs::go_to(state, *at);
    }
}

/// A line with its moment, to be copied.
pub(super) fn copied_line(row: Option<&RowKey>) -> Option<String> {
    let RowKey::IncidentLine(at, text) = row? else { return None };
    Some(format!("{} {text}", at.to_rfc3339()))
}

/// The lines of the incident that is shown, oldest first.
pub(crate) struct ShownLines {
    all: Arc<[IncidentLine]>,
    has_automatic: bool,
}

impl ShownLines {
    /// Those that are not folded.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &IncidentLine> {
        self.all.iter().filter(|line| self.has_automatic || line.kind != LineKind::Happened)
    }

    /// How many are folded.
    pub(crate) fn hidden(&self) -> usize {
        self.all.len() - self.iter().count()
    }
}

/// The lines of the incident that is shown.
pub(crate) fn shown(state: &State) -> ShownLines {
    let built = |record| state.console.incident_lines.of(state.seen(), record);
    ShownLines {
        all: state.shown_incident().map(built).unwrap_or_default(),
        has_automatic: state.console.screens.incident.has_automatic,
    }
}
