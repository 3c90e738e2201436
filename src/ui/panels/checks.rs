//! The checks of the service that is shown, each with what is wrong, latencies and its components.

use ratatui::layout::Rect;

use super::service_status::standing;
use super::{Height, Listing, PanelView, Room, check, focused, frame, framed, name_of, none_matches, note, services};
use crate::app::layout::Target;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::theme::Role;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::notice::Notice;
use crate::ui::widgets::status;
use crate::ui::widgets::table::{beside_pointer, position, select};
use crate::world::checks::CheckView;

/// Columns of a screen from which it stands beside other panels.
const BESIDE: u16 = 100;

pub(super) struct Checks;

impl PanelView for Checks {
    /// As high as all that is said of them: of what is broken nothing is hidden while others have blank rows.
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        let keys = state.rows(id);
        let checks = keys.iter().filter_map(|key| match key {
            RowKey::Check(name) => state.seen().check(name),
            _ => None,
        });
        // Beside others it has two fifths of the screen at the least.
        let width = if room.width < BESIDE { room.width } else { room.width * 2 / 5 };
        let whole = Rect::new(0, 0, width.saturating_sub(5), room.screen);
        // What would be below the screen is not counted.
        let rows = checks.scan(0, |rows, check| {
            let is_in_sight = *rows < usize::from(room.screen);
            *rows += if is_in_sight { 1 + check::height(state, check, whole) } else { 0 };
            is_in_sight.then_some(*rows)
        });
        let most = framed(rows.last().unwrap_or_default());
        Some(Height { most, ..Height::from(most.min(room.screen * 2 / 5).max(3)) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let inner = Frame::inner(area);
        let listing = Listing::new(state, id, usize::from(inner.height));
        let height = usize::from(inner.height);
        let focused = focused(state, id);
        // Rows: the name of a check, and the lines below it.
        let mut lines: Vec<(Option<usize>, Line<'_>)> = Vec::new();
        let below = beside_pointer(inner);
        let below = Rect { width: below.width.saturating_sub(2), ..below };
        for (at, key) in listing.keys.iter().enumerate() {
            let RowKey::Check(name) = key else { continue };
            let Some(check) = state.seen().check(name) else { continue };
            lines.push((Some(at), heading(state, painter, check)));
            let detail = check::lines(state, painter.glyphs(), check, below);
            lines.extend(detail.into_iter().map(|words| (None, Line::plain("  ").join(words))));
        }
        let chosen = listing.selected.map(|at| at + listing.shown.start);
        let line_of = |wanted: usize| lines.iter().position(|(at, _)| *at == Some(wanted)).unwrap_or(0);
        let first = line_of(listing.shown.start);
        // The whole of the chosen check is brought in sight where it fits.
        let first = chosen.map_or(first, |chosen| {
            let (top, end) =
                (line_of(chosen), if chosen + 1 < listing.keys.len() { line_of(chosen + 1) } else { lines.len() });
            first.min(top).max(end.saturating_sub(height).min(top))
        });
        let total = lines.len();
        let shown = first..(first + height).min(total);
        let place = position(&shown, total);
        frame(state, painter, id, name_of("checks", state.shown_service())).foot(place).draw(painter, area);
        note(painter, inner, id.clone());
        if lines.is_empty() {
            let none = || Notice::empty("no checks", "add [check.NAME] with service = \"…\"");
            none_matches(state, id).unwrap_or_else(none).draw(painter, inner);
            return;
        }
        for (row, (at, words)) in (0..inner.height).zip(&lines[shown]) {
            let line = Rect { y: inner.y + row, height: 1, ..inner };
            painter.put(beside_pointer(line), 0, words);
            let Some(key) = at.and_then(|at| listing.keys.get(at)) else { continue };
            if focused && *at == chosen {
                select(painter, line, true);
            }
            painter.note(line, Target::Row(key.clone()));
        }
    }
}

/// What refused or did not answer was polled, no more.
fn how_polled(check: &CheckView) -> &'static str {
    if check.last.as_ref().is_none_or(|last| last.answered) { "answered" } else { "polled" }
}

/// What lies over its status: that it is in maintenance, that it flaps.
fn overlays(state: &State, painter: &Painter<'_>, check: &CheckView) -> Line<'static> {
    let glyphs = painter.glyphs();
    let mut line = Line::new();
    if state.seen().maintenance_of(check.service.as_deref()).is_some() {
        line = line.and(" ", Role::Text).join(status::maintenance(glyphs));
    }
    if check.flapping { line.and(" ", Role::Text).join(status::flapping(glyphs)) } else { line }
}

fn heading<'a>(state: &'a State, painter: &Painter<'_>, check: &'a CheckView) -> Line<'a> {
    let own = if state.seen().is_own_view(check) { format!(" {}", services::OWN_VIEW) } else { String::new() };
    let over = overlays(state, painter, check);
    status::label(check.status, check.stale, painter.glyphs(), status::FULL)
        .and(" ", Role::Text)
        .and(Span::borrowed(state.seen().title_of_check(&check.name)), Role::TextStrong)
        .and(format!(" {}", standing(state, check.since)), Role::Text)
        .and(own, Role::MarkStale)
        .join(over)
        .and(format!("  {} ", how_polled(check)), Role::TextDim)
        .join(check::polled(state, check))
        .and(if check.last.is_some() { " ago" } else { "" }, Role::TextDim)
}
