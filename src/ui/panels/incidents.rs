//! Incidents: those that are open, then the latest of the others.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, list_in, next_key};
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::thing::IncidentRecord;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;
use crate::ui::widgets::table::{Column, Table, TableRow};

const COLUMNS: [Column; 5] = [
    Column::text("id", 7, 8, 0),
    Column::text("severity", 8, 8, 2),
    Column::text("state", 12, 12, 1),
    Column::text("opened", 8, 14, 3),
    Column::text("title", 12, 200, 0),
];

pub(super) struct IncidentList;

impl PanelView for IncidentList {
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        Some(Height { yields: true, ..Height::by_rows(state.rows(id).len(), room) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let empty = || Notice::empty("no incidents on record", next_key(state, Command::OpenIncident, "opens one"));
        let frame = frame(state, painter, id, "incidents");
        let Some((inner, listing)) = list_in(state, painter, (id, area), frame, empty) else { return };
        let found = |key: &RowKey| match key {
            RowKey::Incident(id) => state.seen().incident_record(id).map(|record| row(state, record)),
            _ => None,
        };
        let rows = listing.visible().iter().filter_map(found).collect();
        Table { columns: &COLUMNS, rows, selected: listing.selected, headings: false }.draw(painter, inner);
    }
}

fn row<'a>(state: &State, record: &'a IncidentRecord) -> TableRow<'a> {
    let (now, zone) = (state.seen().now.utc, state.seen().config.console.timezone);
    let severity = if record.is_open() { status::severity_role(record.severity) } else { Role::TextDim };
    let role = if record.is_open() { Role::TextStrong } else { Role::TextDim };
    TableRow {
        cells: vec![
            Line::styled(Span::borrowed(&record.id), role),
            Line::styled(record.severity.word(), severity),
            Line::styled(record.state.word(), role),
            Line::styled(figures::moment(record.opened_at, now, zone), Role::TextDim),
            Line::styled(Span::borrowed(record.title.as_str()), role),
        ],
        target: Some(Target::Row(RowKey::Incident(record.id.clone()))),
        ..TableRow::default()
    }
}
