//! The tree of a health document's parts.

use std::collections::BTreeMap;

use super::status;
use crate::lang::order::InOrder;
use crate::model::reading::Component;
use crate::model::status::Status;
use crate::text::SafeText;
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::Line;

/// Parts below this depth are not drawn: a document is bounded, a screen more so.
const DEEPEST: usize = 6;

/// One line a part, with branches. The words may be wider than the room; they are cut where they are drawn.
pub(crate) fn lines(components: &BTreeMap<SafeText, Component>, glyphs: GlyphSet) -> Vec<Line<'_>> {
    let mut out = Vec::new();
    grow(&mut out, components, "", 0, glyphs);
    out
}

/// Where a part stands among its neighbours: what fails, itself or in one of its own parts, before what does not.
fn rank(component: &Component, depth: usize) -> usize {
    let own = Status::WORST_FIRST.iter().position(|status| *status == component.status).unwrap_or(usize::MAX);
    let below = component.components.values().filter(|_| depth + 1 < DEEPEST).map(|part| rank(part, depth + 1)).min();
    own.min(below.unwrap_or(usize::MAX))
}

fn grow<'a>(
    out: &mut Vec<Line<'a>>,
    components: &'a BTreeMap<SafeText, Component>,
    trunk: &str,
    depth: usize,
    glyphs: GlyphSet,
) {
    let last = components.len().saturating_sub(1);
    let mut worst_first: Vec<_> = components.iter().collect();
    worst_first.order_by_key(|(_, component)| rank(component, 0));
    for (at, (name, component)) in worst_first.into_iter().enumerate() {
        let branch = glyphs.tree[usize::from(at == last)];
        let mut words = Line::styled(format!("{trunk}{branch}"), Role::ChartAxis)
            .join(status::label(component.status, false, glyphs, status::FULL))
            .and(" ", Role::Text)
            .and(name, Role::Text);
        if let Some(ms) = component.latency_ms {
            words = words.and("  ", Role::Text).and(figures::milliseconds(ms), Role::TextDim);
        }
        if let Some(detail) = &component.detail {
            words = words.and("  ", Role::Text).and(detail, Role::TextDim);
        }
        out.push(words);
        if depth + 1 < DEEPEST {
            let below = if at == last { "  " } else { glyphs.tree[2] };
            grow(out, &component.components, &format!("{trunk}{below}"), depth + 1, glyphs);
        }
    }
}
