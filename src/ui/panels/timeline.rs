//! What happened lately, newest first.

use ratatui::layout::Rect;

use super::{Listing, frame, note};
use crate::app::layout::PanelId;
use crate::app::lookup::entry_key;
use crate::app::state::State;
use crate::app::world::timeline::{Entry, Happening};
use crate::config::sections::screen::Panel;
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::words::Words;

const COLUMNS: [Column; 4] = [
    Column::text("at", 8, 8, 0),
    Column::text("", 1, 2, 2),
    Column::text("what", 10, 200, 0),
    Column::figure("age", 4, 3),
];

/// Draws it.
pub fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let id = PanelId::Layout(Panel::Timeline);
    let inner = Frame::inner(area);
    let listing = Listing::new(state, &id, usize::from(inner.height));
    frame(state, painter, &id, "timeline").foot(listing.position()).draw(painter, area);
    note(painter, inner, id.clone());
    if listing.keys.is_empty() {
        let next = "status changes, alerts, runs and reloads will stand here";
        Notice::empty("nothing has happened yet", next).draw(painter, inner);
        return;
    }
    let visible = listing.visible();
    let entries = state.timeline.newest_first().filter(|entry| visible.contains(&entry_key(entry)));
    let rows = entries.map(|entry| row(state, painter.glyphs(), entry)).collect();
    let focused = super::focused(state, &id);
    Table { columns: &COLUMNS, rows, selected: listing.selected, focused, headings: false }.draw(painter, inner);
}

fn row<'a>(state: &State, glyphs: GlyphSet, entry: &'a Entry) -> Row<'a> {
    let sign = match &entry.happening {
        Happening::Status { to, .. } => Words::of(to.glyph(glyphs.ascii), status::role(*to)),
        Happening::Fired(severity) => Words::of("!", status::severity_role(*severity)),
        Happening::Resolved(_) => Words::of(glyphs.check, Role::StatusOk),
        Happening::Run => Words::of(glyphs.pointer, Role::Key),
        Happening::Reload | Happening::Console => Words::of(glyphs.dot, Role::TextDim),
    };
    let time = Words::of(figures::time(entry.at.utc, state.config.console.timezone), Role::LogTime);
    let age = Words::of(figures::age(state.now.since(entry.at)), Role::TextDim);
    Row { cells: vec![time, sign, Words::plain(&entry.text), age], target: None }
}
