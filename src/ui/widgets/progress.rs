//! Bars: how much is done, how much is left.

use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;

/// A bar of `columns` cells, `share` (0 to 1) of it done.
pub(crate) fn bar(share: f64, columns: usize, glyphs: GlyphSet) -> Line<'static> {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let done = ((share * columns as f64).round() as usize).min(columns);
    Line::of(glyphs.block.repeat(done), Role::Progress).and(glyphs.shade.repeat(columns - done), Role::TextDim)
}

/// One block a step: those that are done, and those that are left. At most twenty.
pub(crate) fn steps(done: u32, needed: u32, glyphs: GlyphSet) -> Line<'static> {
    let (done, needed) = (done.min(needed).min(20) as usize, needed.min(20) as usize);
    Line::of(glyphs.block.repeat(done), Role::Progress).and(glyphs.shade.repeat(needed - done), Role::TextDim)
}
