//! The change calendar: what runs and comes.

use std::fmt::Write as _;

use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::maintenance::from_to;
use crate::world::changes::CalendarEntry;

pub(super) struct Changes;

impl Panel for Changes {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let entries = state.seen().calendar_entries();
        let text = |to: &mut String, entry: &CalendarEntry<'_>| {
            let (by, why) = entry.planned().unwrap_or_default();
            write!(to, "{} {} {} {by} {why}", entry.word(), entry.title(), entry.services().describe())
        };
        keys(&entries, filter, |entry| RowKey::Planned(entry.id().clone()), text)
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Changes)
    }

    /// What can be said of the row that is selected comes first.
    fn hints(&self, state: &State) -> Vec<Hint> {
        let selected = state.focused_panel().and_then(|id| state.selected(&id));
        let entry = selected.as_ref().and_then(|row| match row {
            RowKey::Planned(id) => state.seen().calendar_entry(id),
            _ => None,
        });
        let mut hints = Vec::new();
        match entry {
            Some(CalendarEntry::Change(change)) => {
                if change.needs_approval() {
                    hints.push((Command::ChangeApprove, "approve"));
                }
                if state.seen().is_change_on_record(&change.id) {
                    hints.push((Command::ChangeCallOff, "call off"));
                }
            }
            Some(CalendarEntry::Maintenance(window)) => {
                if window.window.contains(state.seen().now.utc) {
                    hints.push((Command::ChangeCallOff, "end"));
                } else if window.by.is_some() {
                    hints.push((Command::ChangeCallOff, "call off"));
                }
            }
            None => {}
        }
        hints.push((Command::ChangePlan, "plan a change"));
        hints
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let RowKey::Planned(id) = row? else { return None };
        let world = state.seen();
        let entry = world.calendar_entry(id)?;
        let window = entry.window();
        let span = from_to((window.start, window.end), world.now.utc, world.config.console.timezone);
        let why = entry.planned().map_or_else(String::new, |(by, why)| format!(", by {by}: {why}"));
        let services = entry.services().describe();
        Some(format!("{} {} {} of {services}, {span}{why}", entry.id(), entry.word(), entry.title()))
    }
}
