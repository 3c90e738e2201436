//! What lies over a wall whose data are old: a board that stands still and looks well is the worst that it can do.

use ratatui::layout::Rect;

use super::digits::{self, Scale};
use super::is_roomy;
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::world::wall::Freshness;

/// What it says.
const WORD: &str = "STALE";

/// Draws it over the middle of `area`, and takes the colours out of what lies below.
pub(super) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect, freshness: Freshness) {
    // The row at the top stays as it is: its clock says that the screen itself is alive.
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    painter.tint(below, Role::MarkStale);
    let scale = if is_roomy(area) { Scale::Large } else { Scale::Small };
    let words = words(state, freshness);
    let wide = digits::width(WORD, scale).max(u16::try_from(words.width()).unwrap_or(u16::MAX)).saturating_add(6);
    let high = scale.rows(painter.glyphs()) + 5;
    let (width, height) = (wide.min(below.width), high.min(below.height));
    let area = Rect { x: below.x + (below.width - width) / 2, y: below.y + (below.height - height) / 2, width, height };
    painter.clear(area);
    painter.outline(area, true, Role::MarkStale);
    let inner = Rect { x: area.x + 1, y: area.y + 1, width: width.saturating_sub(2), height: height.saturating_sub(2) };
    let word = digits::width(WORD, scale);
    let left = inner.width.saturating_sub(word) / 2;
    let large =
        Rect { x: inner.x + left, y: inner.y + 1, width: inner.width - left, height: inner.height.saturating_sub(1) };
    digits::draw(painter, large, WORD, scale, Role::StatusDown);
    let left = inner.width.saturating_sub(u16::try_from(words.width()).unwrap_or(inner.width)) / 2;
    painter.put_at(inner, left, inner.height.saturating_sub(1), &words);
}

/// Since when there is no answer.
fn words(state: &State, freshness: Freshness) -> Line<'static> {
    let (now, zone) = (state.seen().now.utc, state.seen().config.console.timezone);
    let age = figures::elapsed(freshness.age);
    match freshness.last {
        Some(at) => {
            let at = figures::moment(at, now, zone);
            Line::styled(format!("no answer for {age}, the last came {at}"), Role::TextStrong)
        }
        None => Line::styled(format!("no answer for {age}, since the start"), Role::TextStrong),
    }
}
