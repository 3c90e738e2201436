//! Toasts: short messages in rows of their own above the footer, where they lie on nothing that is read.

use ratatui::layout::Rect;

use super::figures;
use super::line::{Line, cut};
use super::overlays;
use super::paint::{Painter, split_bottom};
use crate::app::saying::OnItsWay;
use crate::app::state::State;
use crate::app::toasts::{Toast, Tone};
use crate::theme::{GlyphSet, Role};
use crate::ui::widgets::dialog;

/// One in so many rows of the screen is for messages.
const SHARE: u16 = 7;
/// Rows of all messages at the most.
const HIGHEST: u16 = 4;

/// Draws them in the last rows of `area`, the newest lowest, and returns the rest. Over a box they could hide its
/// buttons: [`over_box`].
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) -> Rect {
    let mut rest = area;
    if overlays::is_boxed(state) {
        return rest;
    }
    let glyphs = painter.glyphs();
    let most = (area.height / SHARE).clamp(1, HIGHEST);
    for (words, role) in said(state, glyphs) {
        let left = most - (area.height - rest.height);
        let is_newest = rest == area;
        let mut lines = words.wrapped(usize::from(area.width.saturating_sub(2)), 2);
        if lines.len() > usize::from(left) {
            // Of an older one all is shown or nothing.
            if !is_newest {
                break;
            }
            shorten(&mut lines, usize::from(left), usize::from(area.width.saturating_sub(2)), glyphs.ellipsis);
        }
        let (above, spot) = split_bottom(rest, u16::try_from(lines.len()).unwrap_or(left));
        painter.tint(spot, role);
        for (row, line) in (0..spot.height).zip(lines) {
            painter.put_at(spot, 1, row, &line.all(role));
        }
        rest = above;
    }
    rest
}

/// Draws the newest in the last row of the screen, which a box leaves empty where the screen has rows to spare.
pub(crate) fn over_box(state: &State, painter: &mut Painter<'_>, screen: Rect) {
    if !dialog::is_free_below(screen.height) {
        return;
    }
    let footer = split_bottom(screen, 1).1;
    if let Some((words, role)) = said(state, painter.glyphs()).next() {
        painter.clear(footer);
        painter.tint(footer, role);
        painter.put(footer, 0, &Line::plain(" ").join(words).all(role));
    }
}

/// Whether anything is said.
pub(crate) fn are_any(state: &State) -> bool {
    state.on_its_way().is_some() || state.toasts_newest_first().next().is_some()
}

/// All that is said, with its colour: what is still on its way first, as nothing is newer than that; then the newest.
fn said(state: &State, glyphs: GlyphSet) -> impl Iterator<Item = (Line<'_>, Role)> {
    let waits = state.on_its_way().map(|waits| (on_its_way(&waits, glyphs), Role::ToastInfo));
    waits.into_iter().chain(state.toasts_newest_first().map(move |toast| (words(toast, glyphs), role(toast))))
}

/// `still being written (3s): critical HTTP API acknowledged until 03:41:00Z`.
fn on_its_way(waits: &OnItsWay, glyphs: GlyphSet) -> Line<'static> {
    let OnItsWay { doing, what, took, others } = waits;
    let more = if *others > 0 { format!(", +{others} more") } else { String::new() };
    let text = format!("still {doing} ({}{more}): {what}", figures::elapsed(*took));
    Line::plain(glyphs.dot).and(" ", Role::Text).and(text, Role::Text)
}

/// Leaves so many lines, and a sign that there were more.
fn shorten(lines: &mut Vec<Line<'static>>, most: usize, width: usize, ellipsis: &str) {
    lines.truncate(most);
    let last: String = lines.pop().iter().flat_map(Line::pieces).map(|(text, _)| text).collect();
    lines.push(Line::plain(cut(&format!("{}{ellipsis}", last.trim_end()), width, ellipsis)));
}

fn words(toast: &Toast, glyphs: GlyphSet) -> Line<'_> {
    let sign = match toast.tone {
        Tone::Info => glyphs.dot,
        Tone::Good => glyphs.check,
        Tone::Warning => "!",
        Tone::Error => glyphs.cross,
    };
    Line::plain(sign).and(" ", Role::Text).and(&toast.text, Role::Text)
}

fn role(toast: &Toast) -> Role {
    match toast.tone {
        Tone::Info => Role::ToastInfo,
        Tone::Good => Role::ToastGood,
        Tone::Warning => Role::ToastWarning,
        Tone::Error => Role::ToastBad,
    }
}
