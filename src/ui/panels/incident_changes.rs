//! What changed before the incident that is shown and since.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, list_in};
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::table::{Column, Table, TableRow};

const COLUMNS: [Column; 2] = [Column::text("time", 8, 14, 0), Column::text("what", 16, 200, 0).wrapping()];

pub(super) struct IncidentChanges;

impl PanelView for IncidentChanges {
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        Some(Height::by_rows(state.rows(id).len(), room))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let empty = || match state.shown_incident() {
            Some(_) => Notice::empty("no release, run or configuration in that time", ""),
            // Without one there is no time that it could be said of.
            None => Notice::empty("no incident", "what changed before it opened appears here"),
        };
        let frame = frame(state, painter, id, "what changed, 6h before and since");
        let Some((inner, listing)) = list_in(state, painter, (id, area), frame, empty) else { return };
        let opened = state.shown_incident().map(|record| record.opened_at);
        let (now, zone) = (state.seen().now.utc, state.seen().config.console.timezone);
        let row = |key: &RowKey| match key {
            RowKey::IncidentLine(at, text) => {
                // What came before may be the cause, what came after is what people did.
                let role = if opened.is_some_and(|opened| *at <= opened) { Role::TextStrong } else { Role::TextDim };
                Some(TableRow {
                    cells: vec![
                        Line::styled(figures::moment(*at, now, zone), Role::TextDim),
                        Line::styled(Span::made(text.to_string()), role),
                    ],
                    target: Some(Target::Row(key.clone())),
                    ..TableRow::default()
                })
            }
            _ => None,
        };
        let rows = listing.visible().iter().filter_map(row).collect();
        Table { columns: &COLUMNS, rows, selected: listing.selected, headings: false }.draw(painter, inner);
    }
}
