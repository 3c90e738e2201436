//! What lies over a screen: dialogs, help, palette, input lines, toasts.

mod choices;
mod confirm;
mod details;
mod help;
mod line;
mod palette;
mod patterns;
mod record;
mod top;

use ratatui::layout::Rect;

use super::paint::{Painter, split_bottom};
use super::widgets::toast;
use crate::app::overlays::Overlay;
use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::theme::Role;
use crate::ui::line::Line;

/// Draws every overlay, the topmost last. `area` is the whole frame.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    for overlay in &state.console.overlays {
        match overlay {
            Overlay::Help(overlay) => help::draw(painter, overlay, area),
            Overlay::Palette(overlay) => palette::draw(painter, overlay, area),
            Overlay::Line(overlay) => line::draw(state, painter, overlay, area),
            Overlay::Choices(overlay) => choices::draw(state, painter, overlay, area),
            Overlay::Ask(overlay) => confirm::ask(state, painter, overlay, area),
            Overlay::Confirm(overlay) => confirm::draw(state, painter, overlay, area),
            Overlay::Patterns(panel) => patterns::draw(state, painter, panel, area),
            Overlay::Top(panel) => top::draw(state, painter, panel, area),
            Overlay::Record(overlay) => record::draw(state, painter, overlay, area),
        }
    }
}

/// Whether a box lies over the screen and takes the keys.
pub(crate) fn is_boxed(state: &State) -> bool {
    state.console.overlays.last().is_some_and(|overlay| !matches!(overlay, Overlay::Line(_)))
}

/// Draws the short messages above the footer. Over a box they could hide its buttons: then the newest alone is shown, in
/// the footer's row.
pub(crate) fn toasts(state: &State, painter: &mut Painter<'_>, area: Rect) {
    let glyphs = painter.glyphs();
    let mut newest_first =
        state.console.toasts.iter().collect::<Vec<_>>().into_iter().rev().map(|toast| match toast.tone {
            Tone::Info => (Role::ToastInfo, glyphs.dot, &toast.text),
            Tone::Good => (Role::ToastGood, glyphs.check, &toast.text),
            Tone::Warning => (Role::ToastWarning, "!", &toast.text),
            Tone::Error => (Role::ToastBad, glyphs.cross, &toast.text),
        });
    let (above, footer) = split_bottom(area, 1);
    if is_boxed(state) {
        if let Some((role, sign, text)) = newest_first.next() {
            let words = Line::plain(" ").and(sign, role).and(" ", role).and(text, role);
            painter.clear(footer);
            painter.tint(footer, role);
            painter.put(footer, 0, &words.all(role));
        }
        return;
    }
    toast::draw(painter, above, newest_first);
}
