//! What happened lately, newest first.

use ratatui::layout::Rect;

use super::{Listing, PanelView, frame, none_matches, note};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;
use crate::ui::widgets::table::{Column, Table, TableRow};
use crate::world::timeline::{EventKind, TimelineEntry};

const COLUMNS: [Column; 4] = [
    Column::text("at", 8, 8, 0),
    Column::text("", 1, 2, 2),
    Column::text("what", 10, 200, 0),
    Column::figure("age", 4, 3),
];

pub(super) struct Timeline;

impl PanelView for Timeline {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        draw(state, painter, id, area);
    }
}

fn draw(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    let inner = Frame::inner(area);
    let listing = Listing::new(state, id, usize::from(inner.height));
    let moment = state.console.time_cursor.map_or_else(Line::new, |at| {
        let at = figures::moment(at, state.world.now.utc, state.world.config.console.timezone);
        Line::styled(format!("at {at}"), Role::ChartCursor)
    });
    frame(state, painter, id, "timeline").with(moment, "").foot(listing.position()).draw(painter, area);
    note(painter, inner, id.clone());
    if listing.keys.is_empty() {
        let next = "status changes, alerts, runs and reloads appear here";
        none_matches(state, id).unwrap_or_else(|| Notice::empty("no events yet", next)).draw(painter, inner);
        return;
    }
    let visible = listing.visible();
    let entries = state.world.timeline.newest_first().filter(|entry| visible.iter().any(|row| row.is_entry(entry)));
    let then = then(state);
    let rows = entries.map(|entry| row(state, painter.glyphs(), entry, then)).collect();
    let focused = super::focused(state, id);
    Table { columns: &COLUMNS, rows, selected: listing.selected, focused, headings: false }.draw(painter, inner);
}

/// The last thing that had happened at the moment that logs and charts point at.
fn then(state: &State) -> Option<&TimelineEntry> {
    let at = state.console.time_cursor?;
    state.world.timeline.newest_first().find(|entry| entry.at.utc <= at)
}

fn row<'a>(state: &State, glyphs: GlyphSet, entry: &'a TimelineEntry, then: Option<&TimelineEntry>) -> TableRow<'a> {
    let sign = match &entry.kind {
        EventKind::Status { to, .. } => Line::styled(to.glyph(glyphs.ascii), status::role(*to)),
        EventKind::Fired(severity) => Line::styled("!", status::severity_role(*severity)),
        EventKind::Resolved(_) => Line::styled(glyphs.check, Role::StatusOk),
        EventKind::Run => Line::styled(glyphs.pointer, Role::Key),
        EventKind::Reload | EventKind::Console | EventKind::Note => Line::styled(glyphs.dot, Role::TextDim),
    };
    let is_then = then.is_some_and(|then| std::ptr::eq(then, entry));
    let role = if is_then { Role::ChartCursor } else { Role::LogTime };
    let time = Line::styled(figures::time(entry.at.utc, state.world.config.console.timezone), role);
    let age = Line::styled(figures::age(state.world.now.since(entry.at)), Role::TextDim);
    TableRow { cells: vec![time, sign, Line::plain(&entry.text), age], target: None }
}
