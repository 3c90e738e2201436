//! Tasks, hypotheses and decisions of the incident that is shown, what is open first.

use std::fmt::Write as _;

use super::incident_clock::{command, hints};
use super::{Hint, Panel};
use crate::app::incidents;
use crate::app::keymap::Command;
use crate::app::list::RowFilter;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::lang::order::InOrder;
use crate::model::effect::Effect;
use crate::model::incident::{EntryKind, EntryState};
use crate::model::thing::incident::IncidentEntry;

pub(super) struct IncidentEntries;

impl Panel for IncidentEntries {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let Some(record) = state.shown_incident() else { return Vec::new() };
        let is_kept =
            |entry: &IncidentEntry| matches!(entry.kind, EntryKind::Task | EntryKind::Hypothesis | EntryKind::Decision);
        let mut entries: Vec<(usize, &IncidentEntry)> =
            (1..).zip(&record.entries).filter(|(_, entry)| is_kept(entry)).collect();
        entries.order_by_key(|(number, entry)| (entry.state != EntryState::Open, *number));
        let mut words = RowFilter::new(filter);
        let wanted = entries.into_iter().filter(|(_, entry)| {
            words.hold(|to| write!(to, "{} {} {}", entry.kind.word(), entry.state.word(), entry.text))
        });
        wanted.map(|(number, _)| RowKey::IncidentEntry(record.id.clone(), number)).collect()
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Incident)
    }

    fn acts_by(&self, _state: &State, command: Command) -> bool {
        command == Command::Select
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        let mut hints = hints(state);
        if !state.world.read_only && state.shown_incident().is_some_and(|record| record.open_entries().next().is_some())
        {
            hints.insert(0, (Command::Select, "settle"));
        }
        hints
    }

    fn command(&self, state: &mut State, id: &PanelId, given: Command, effects: &mut Vec<Effect>) -> bool {
        if given == Command::Select {
            let row = state.selected(id);
            settle(state, row, effects);
            return true;
        }
        command(state, given, effects)
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, effects: &mut Vec<Effect>) {
        settle(state, row, effects);
    }

    fn opens_by_click(&self) -> bool {
        false
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let RowKey::IncidentEntry(id, number) = row? else { return None };
        let entry = state.seen().incident_record(id)?.entry(*number)?;
        Some(format!("{} {number} {}: {}", entry.kind.word(), entry.state.word(), entry.text))
    }
}

fn settle(state: &mut State, row: Option<RowKey>, effects: &mut Vec<Effect>) {
    if let Some(RowKey::IncidentEntry(id, number)) = row {
        incidents::settle(state, &id, number, effects);
    }
}
