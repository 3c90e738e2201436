//! The timeline of the incident that is shown, newest first.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, framed, list_in, next_key};
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::panels::incident_timeline::shown;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::incident::EntryKind;
use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table::{Column, Table, TableRow, longest};
use crate::world::incidents::lines::{IncidentLine, LineKind};

pub(super) struct IncidentTimeline;

impl PanelView for IncidentTimeline {
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        let rows = state.rows(id).len();
        Some(Height { most: u16::MAX, ..Height::from(room.list(rows).max(framed(3))) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let lines = shown(state);
        let hidden = lines.hidden();
        let mut panel = frame(state, painter, id, "incident timeline");
        if hidden > 0 {
            let key = next_key(state, Command::IncidentAutomatic, "shows");
            panel = panel.note(Line::styled(format!("{key} {hidden} automatic"), Role::TextDim));
        }
        let empty = || Notice::empty("nothing yet", "what people say of the incident appears here");
        let Some((inner, listing)) = list_in(state, painter, (id, area), panel, empty) else { return };
        let found = |key: &RowKey| match key {
            RowKey::IncidentLine(at, text) => lines.iter().find(|line| line.at == *at && line.text == *text),
            _ => None,
        };
        let (now, zone) = (state.seen().now.utc, state.seen().config.console.timezone);
        let is_dated = lines.iter().any(|line| !figures::same_day(line.at, now, zone));
        let width = if is_dated { 14 } else { 8 };
        let who = longest(lines.iter().filter_map(|line| line.who.as_ref()).map(SafeText::as_str), 6, 16);
        let columns = [
            Column::text("time", width, width, 0),
            Column::text("who", 6, who, 2),
            Column::text("what", 16, 200, 0).wrapping(),
        ];
        let rows = listing.visible().iter().filter_map(found).map(|line| row(state, line, is_dated)).collect();
        let table = Table { columns: &columns, rows, selected: listing.selected, headings: false };
        table.draw(painter, inner);
    }
}

fn row<'a>(state: &State, line: &IncidentLine, is_dated: bool) -> TableRow<'a> {
    let zone = state.seen().config.console.timezone;
    let time = if is_dated { figures::dated(line.at, zone) } else { figures::time(line.at, zone) };
    let role = match line.kind {
        LineKind::State | LineKind::Update | LineKind::Entry(EntryKind::Decision) => Role::TextStrong,
        LineKind::Due { is_breach: true } => Role::StatusDegraded,
        LineKind::Due { is_breach: false } => Role::StatusPending,
        LineKind::Happened | LineKind::Other => Role::TextDim,
        LineKind::Role | LineKind::Entry(_) => Role::Text,
    };
    let number = line.entry.map_or_else(String::new, |number| format!("{number}. "));
    let later = if line.is_back_dated { " (added later)" } else { "" };
    TableRow {
        cells: vec![
            Line::styled(time, Role::TextDim),
            Line::styled(line.who.as_ref().map_or_else(String::new, ToString::to_string), Role::TextLabel),
            Line::styled(number, Role::TextDim).and(Span::made(line.text.to_string()), role).and(later, Role::TextDim),
        ],
        target: Some(Target::Row(RowKey::IncidentLine(line.at, line.text.clone()))),
        ..TableRow::default()
    }
}
