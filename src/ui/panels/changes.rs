//! The change calendar: what runs and comes.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, frame, list_in, next_key};
use crate::app::keymap::Command;
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
use crate::world::changes::CalendarEntry;

/// Wide enough for the whole calendar, which changes when somebody plans something: a name is not cut beside blank cells.
fn columns(rows: &[TableRow<'_>]) -> [Column; 6] {
    let fit = |at: usize, title: &'static str, (least, most): (u16, u16), priority: u8| {
        let widest = rows.iter().filter_map(|row| row.cells.get(at)).map(Line::width).max().unwrap_or(0);
        let widest = u16::try_from(widest).unwrap_or(u16::MAX).min(most);
        Column::text(title, widest.min(least), widest, priority)
    };
    [
        fit(0, "kind", (11, 11), 1),
        fit(1, "what", (10, 32), 0),
        fit(2, "when", (26, 44), 0),
        fit(3, "approval", (18, 40), 2),
        fit(4, "services", (8, 24), 3),
        Column::text("why", 12, 200, 4).wrapping(),
    ]
}

pub(super) struct Changes;

impl PanelView for Changes {
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        Some(Height::by_rows(state.rows(id).len(), room))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let empty = || {
            let next = next_key(state, Command::ChangePlan, "plans a change");
            Notice::empty("no changes, freezes or maintenance planned", next)
        };
        let frame = frame(state, painter, id, "changes");
        let Some((inner, listing)) = list_in(state, painter, (id, area), frame, empty) else { return };
        let entries = state.seen().calendar_entries();
        let all: Vec<TableRow<'_>> = entries.iter().map(|entry| row(state, *entry)).collect();
        let found = |key: &RowKey| match key {
            RowKey::Planned(id) => entries.iter().position(|entry| *entry.id() == *id),
            _ => None,
        };
        let rows = listing.visible().iter().filter_map(found).map(|at| all[at].clone()).collect();
        Table { columns: &columns(&all), rows, selected: listing.selected, headings: false }.draw(painter, inner);
    }
}

fn row<'a>(state: &State, entry: CalendarEntry<'a>) -> TableRow<'a> {
    let is_running = entry.is_running(state.seen().now.utc);
    let kind = match entry {
        CalendarEntry::Change(change) if change.freeze && is_running => Role::StatusDegraded,
        _ if is_running => Role::MarkMaintenance,
        _ => Role::TextDim,
    };
    let why = entry.planned().map_or_else(Line::new, |(by, why)| {
        Line::styled(Span::borrowed(why), Role::TextDim).and(format!(", by {by}"), Role::TextDim)
    });
    TableRow {
        cells: vec![
            Line::styled(entry.word(), kind),
            Line::styled(Span::borrowed(entry.title()), Role::TextStrong),
            Line::styled(when(state, entry), Role::Text),
            approval(entry),
            Line::styled(entry.services().describe(), Role::Text),
            why,
        ],
        target: Some(Target::Row(RowKey::Planned(entry.id().clone()))),
        ..TableRow::default()
    }
}

/// `until 04:00`, `Wed 09:00 to 11:00`, by the console's clocks.
fn when(state: &State, entry: CalendarEntry<'_>) -> String {
    let (now, zone) = (state.seen().now.utc, state.seen().config.console.timezone);
    let window = entry.window();
    if window.contains(now) {
        return format!("until {}", figures::weekday(window.end, now, zone));
    }
    let (from, until) = (figures::weekday(window.start, now, zone), figures::weekday(window.end, window.start, zone));
    format!("{from} to {until}")
}

/// Who approved it, or that nobody did yet. A freeze and maintenance need nobody.
fn approval(entry: CalendarEntry<'_>) -> Line<'_> {
    match entry {
        CalendarEntry::Change(change) if change.needs_approval() => Line::styled("not approved", Role::StatusDegraded),
        CalendarEntry::Change(change) => change
            .approved
            .as_ref()
            .map_or_else(Line::new, |(by, _)| Line::styled(format!("approved by {by}"), Role::TextDim)),
        CalendarEntry::Maintenance(_) => Line::new(),
    }
}
