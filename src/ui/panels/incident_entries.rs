//! Tasks, hypotheses and decisions of the incident that is shown.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, list_in};
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::incident::{EntryKind, EntryState};
use crate::model::thing::incident::IncidentEntry;
use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table::{Column, Table, TableRow, longest};

/// The name of an owner is whole within bounds.
fn columns(state: &State) -> [Column; 4] {
    let entries = state.shown_incident().map_or(&[][..], |record| record.entries.as_slice());
    let owners = entries.iter().filter_map(|entry| entry.owner.as_ref()).map(SafeText::as_str);
    [
        Column::text("state", 10, 10, 0),
        Column::text("kind", 11, 12, 1),
        Column::text("what", 14, 200, 0).wrapping(),
        Column::text("owner", 6, longest(owners, 6, 16), 2),
    ]
}

pub(super) struct IncidentEntries;

impl PanelView for IncidentEntries {
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        Some(Height::by_rows(state.rows(id).len(), room))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let keys =
            [(Command::IncidentTask, "adds a task"), (Command::IncidentHypothesis, "adds what the cause may be")];
        let empty = || match state.shown_incident() {
            Some(_) => Notice::empty("no tasks, causes or decisions yet", state.keys_to(&keys)),
            // Without one these keys do nothing.
            None => Notice::empty("no incident", "its tasks, causes and decisions appear here"),
        };
        let frame = frame(state, painter, id, "tasks, causes, decisions");
        let Some((inner, listing)) = list_in(state, painter, (id, area), frame, empty) else { return };
        let found = |key: &RowKey| match key {
            RowKey::IncidentEntry(id, number) => {
                let entry = state.seen().incident_record(id)?.entry(*number)?;
                Some(row(key, *number, entry))
            }
            _ => None,
        };
        let rows = listing.visible().iter().filter_map(found).collect();
        Table { columns: &columns(state), rows, selected: listing.selected, headings: false }.draw(painter, inner);
    }
}

fn row<'a>(key: &RowKey, number: usize, entry: &'a IncidentEntry) -> TableRow<'a> {
    let (word, role) = match (entry.kind, entry.state) {
        (_, EntryState::Open) => ("open", Role::StatusPending),
        (_, EntryState::Confirmed) => ("confirmed", Role::TextStrong),
        (_, EntryState::Done) => ("done", Role::StatusOk),
        (EntryKind::Decision, _) => ("decided", Role::TextStrong),
        (_, state) => (state.word(), Role::TextDim),
    };
    let kind = if entry.kind == EntryKind::Hypothesis { "cause" } else { entry.kind.word() };
    let text_role = if entry.state == EntryState::Open { Role::TextStrong } else { Role::Text };
    TableRow {
        cells: vec![
            Line::styled(word, role),
            Line::styled(format!("{number}. {kind}"), Role::TextDim),
            Line::styled(Span::borrowed(entry.text.as_str()), text_role),
            Line::styled(Span::borrowed(entry.owner.as_ref().map_or("", |owner| owner.as_str())), Role::TextLabel),
        ],
        target: Some(Target::Row(key.clone())),
        ..TableRow::default()
    }
}
