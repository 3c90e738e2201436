//! What lies over a screen: dialogs, help, palette, input lines, toasts.

mod ask;
mod choices;
mod columns;
mod confirm;
mod description;
mod details;
mod grouped;
mod help;
mod line;
mod palette;
mod patterns;
mod record;
mod top;

use std::any::Any;

use ratatui::layout::Rect;

use super::paint::{Painter, split_bottom};
use super::widgets::toast;
use crate::app::overlays::ask::AskOverlay;
use crate::app::overlays::choices::Choices;
use crate::app::overlays::columns::ColumnsOverlay;
use crate::app::overlays::confirm::Confirmation;
use crate::app::overlays::description::Description;
use crate::app::overlays::grouped::GroupedOverlay;
use crate::app::overlays::help::Help;
use crate::app::overlays::line::LineInput;
use crate::app::overlays::palette::Palette;
use crate::app::overlays::patterns::PatternsOverlay;
use crate::app::overlays::record::RecordOverlay;
use crate::app::overlays::top::TopOverlay;
use crate::app::state::State;
use crate::app::state::overlay::Overlay;
use crate::app::toasts::Tone;
use crate::theme::Role;
use crate::ui::line::Line;

/// How an overlay is drawn. One file an overlay, as in [`crate::app::overlays`], and a line in [`DRAWINGS`].
trait Draw: Overlay {
    /// Draws it; `area` is the whole frame.
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect);
}

/// Draws an overlay if it is of its kind, and says whether it was.
type Drawing = fn(&dyn Overlay, &State, &mut Painter<'_>, Rect) -> bool;

/// One for every kind of overlay.
const DRAWINGS: &[Drawing] = &[
    draws::<AskOverlay>,
    draws::<Choices>,
    draws::<ColumnsOverlay>,
    draws::<Confirmation>,
    draws::<Description>,
    draws::<GroupedOverlay>,
    draws::<Help>,
    draws::<LineInput>,
    draws::<Palette>,
    draws::<PatternsOverlay>,
    draws::<RecordOverlay>,
    draws::<TopOverlay>,
];

fn draws<O: Draw>(overlay: &dyn Overlay, state: &State, painter: &mut Painter<'_>, area: Rect) -> bool {
    let overlay: &dyn Any = overlay;
    overlay.downcast_ref::<O>().inspect(|overlay| overlay.draw(state, painter, area)).is_some()
}

/// Draws every overlay, the topmost last. `area` is the whole frame.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    for overlay in state.console.overlays.iter() {
        let drawn = DRAWINGS.iter().any(|draws| draws(overlay, state, painter, area));
        debug_assert!(drawn, "an overlay is missing in the list: {overlay:?}");
    }
}

/// Whether a box lies over the screen and takes the keys.
pub(crate) fn is_boxed(state: &State) -> bool {
    state.console.overlays.top().is_some_and(Overlay::is_boxed)
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
    // What runs, and what came of it, stays in sight: a message that says less must not lie on it.
    let above = if state.strip().is_some() { split_bottom(above, 1).0 } else { above };
    toast::draw(painter, above, newest_first);
}
