//! The view: a pure function from the state to a buffer of cells.
//!
//! [`view`] draws the header, what is broken, one screen, what runs, the footer, and what lies over them, and says where things are. Widgets take
//! plain data; screens pick it out of the state. Everything goes through [`paint::Painter`], which clips, so that no size
//! of terminal can make it panic.
//!
//! *Invariant:* read-only: nothing here changes the state, waits, or knows a clock. The same state gives the same cells,
//! and a state that differs only by time gives cells that differ only where an age has a new word.

mod calendar;
pub mod export;
pub mod figures;
mod footer;
mod header;
mod incident;
pub mod line;
mod maintenance;
mod on_call;
mod overlays;
pub mod paint;
pub mod panels;
pub mod replay_bar;
mod screens;
mod strip;
pub mod sweep;
mod toasts;
mod wall;
pub mod widgets;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::layout::{LayoutMap, Target};
use crate::app::overlays::line::LineInput;
use crate::app::state::State;
use crate::theme::Styles;
use paint::{Painter, split_bottom, split_top};

/// Under so many columns or rows there is room for one line alone.
const SMALLEST: (u16, u16) = (40, 10);

/// Draws the state into `area` of the buffer and says what was drawn where.
pub fn view(state: &State, styles: &Styles, area: Rect, buffer: &mut Buffer) -> LayoutMap {
    let area = area.intersection(buffer.area);
    let mut painter = Painter::new(buffer, styles);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        header::one_line(state, &mut painter, area);
    } else if let Some(wall) = &state.console.wall {
        wall::draw(state, &mut painter, area, wall);
    } else {
        let (top, rest) = split_top(area, 1);
        // A line that is typed in has two rows: what is said above the footer must not lie under it.
        let is_typed = state.console.overlays.top_as::<LineInput>().is_some();
        let says = state.strip().is_some() || toasts::are_any(state);
        let (body, bottom) = split_bottom(rest, 1 + u16::from(is_typed && says));
        header::draw(state, &mut painter, top);
        let body = incident::draw(state, &mut painter, body);
        let body = maintenance::draw(state, &mut painter, body);
        let body = calendar::draw(state, &mut painter, body);
        let body = strip::draw(state, &mut painter, body);
        let body = toasts::draw(state, &mut painter, body);
        painter.note(body, Target::Screen);
        screens::draw(state, &mut painter, body);
        // With a box over the screen these keys are not there.
        if !overlays::is_boxed(state) {
            footer::draw(state, &mut painter, bottom);
        }
    }
    overlays::draw(state, &mut painter, area);
    if overlays::is_boxed(state) {
        toasts::over_box(state, &mut painter, area);
    }
    let map = painter.into_map();
    sweep::sweep(buffer);
    sweep::spell_out(buffer, styles.glyphs);
    map
}
