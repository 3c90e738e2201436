//! What lies over a screen: dialogs, help, palette, input lines.

mod alert_dialog;
mod ask;
mod change_dialog;
mod choices;
mod columns;
mod confirm;
mod description;
mod details;
mod fields;
mod grouped;
mod help;
mod incident_dialog;
mod line;
mod palette;
mod patterns;
mod reading;
mod record;
mod step_dialog;
mod top;

use std::any::Any;

use ratatui::layout::Rect;

use super::paint::Painter;
use crate::app::keymap::Command;
use crate::app::overlays::alert_dialog::AlertDialog;
use crate::app::overlays::ask::AskOverlay;
use crate::app::overlays::change_dialog::ChangeDialog;
use crate::app::overlays::choices::Choices;
use crate::app::overlays::columns::ColumnsOverlay;
use crate::app::overlays::confirm::Confirmation;
use crate::app::overlays::description::Description;
use crate::app::overlays::grouped::GroupedOverlay;
use crate::app::overlays::help::Help;
use crate::app::overlays::incident_dialog::IncidentDialog;
use crate::app::overlays::line::LineInput;
use crate::app::overlays::palette::Palette;
use crate::app::overlays::patterns::PatternsOverlay;
use crate::app::overlays::reading::ReadingOverlay;
use crate::app::overlays::record::RecordOverlay;
use crate::app::overlays::step_dialog::StepDialog;
use crate::app::overlays::top::TopOverlay;
use crate::app::state::State;
use crate::app::state::overlay::Overlay;
use crate::ui::widgets::notice::Notice;

/// How an overlay is drawn. One file an overlay, as in [`crate::app::overlays`], and a line in [`DRAWINGS`].
trait Draw: Overlay {
    /// Draws it; `area` is the whole frame.
    fn draw(&self, state: &State, painter: &mut Painter<'_>, area: Rect);
}

/// Draws an overlay if it is of its kind, and says whether it was.
type Drawing = fn(&dyn Overlay, &State, &mut Painter<'_>, Rect) -> bool;

/// One for every kind of overlay.
const DRAWINGS: &[Drawing] = &[
    draws::<AlertDialog>,
    draws::<AskOverlay>,
    draws::<ChangeDialog>,
    draws::<Choices>,
    draws::<ColumnsOverlay>,
    draws::<Confirmation>,
    draws::<Description>,
    draws::<GroupedOverlay>,
    draws::<Help>,
    draws::<IncidentDialog>,
    draws::<LineInput>,
    draws::<Palette>,
    draws::<PatternsOverlay>,
    draws::<ReadingOverlay>,
    draws::<RecordOverlay>,
    draws::<StepDialog>,
    draws::<TopOverlay>,
];

fn draws<O: Draw>(overlay: &dyn Overlay, state: &State, painter: &mut Painter<'_>, area: Rect) -> bool {
    let overlay: &dyn Any = overlay;
    overlay.downcast_ref::<O>().inspect(|overlay| overlay.draw(state, painter, area)).is_some()
}

/// Draws every overlay, the topmost last. `area` is the whole frame.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    if let Some((columns, rows)) = state.console.overlays.too_small((area.width, area.height)) {
        painter.clear(area);
        let says = format!("terminal too small: make it at least {columns}x{rows}");
        Notice::error(says, "Esc closes").draw(painter, area);
        return;
    }
    for overlay in state.console.overlays.iter() {
        let drawn = DRAWINGS.iter().any(|draws| draws(overlay, state, painter, area));
        debug_assert!(drawn, "an overlay is missing in the list: {overlay:?}");
    }
}

/// `y copies, Esc closes`: the keys of commands as they are bound, and Esc, which closes whatever it is bound to.
fn closing(state: &State, does: &[(Command, &str)]) -> String {
    let keys = state.keys_to(does);
    if keys.is_empty() { "Esc closes".to_owned() } else { format!("{keys}, Esc closes") }
}

/// Whether a box lies over the screen and takes the keys.
pub(crate) fn is_boxed(state: &State) -> bool {
    state.console.overlays.top().is_some_and(Overlay::is_boxed)
}
