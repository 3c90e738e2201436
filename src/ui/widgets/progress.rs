//! Steps: how many are done, how many are left.

use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;

/// One block a step: those that are done, and those that are left. At most twenty.
pub(crate) fn steps(done: u32, needed: u32, glyphs: GlyphSet) -> Line<'static> {
    let (done, needed) = (done.min(needed).min(20) as usize, needed.min(20) as usize);
    Line::styled(glyphs.block.repeat(done), Role::Progress).and(glyphs.shade.repeat(needed - done), Role::TextDim)
}
