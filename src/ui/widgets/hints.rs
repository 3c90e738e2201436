//! Key hints: what can be pressed here.

use ratatui::layout::Rect;

use crate::lang::order::InOrder;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::Painter;

/// Columns from which hints stand farther apart.
const ROOMY: u16 = 100;

/// A key and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The key as written.
    pub key: String,
    /// What it does, one or two words.
    pub label: String,
    /// Where the room is short the highest goes first, of equals the last.
    pub rank: u8,
}

impl Hint {
    pub(crate) fn new(key: impl Into<String>, label: impl Into<String>) -> Self {
        Self { key: key.into(), label: label.into(), rank: 0 }
    }

    /// The same with another rank.
    pub(crate) fn ranked(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    fn line(&self) -> Line<'static> {
        Line::styled(self.key.clone(), Role::Key).and(" ", Role::Text).and(self.label.clone(), Role::KeyLabel)
    }
}

/// Draws hints in one row. `always` stand at the right and stay; of the others those of the lowest rank that fit whole.
pub(crate) fn draw(painter: &mut Painter<'_>, row: Rect, hints: &[Hint], always: &[Hint]) {
    let gap = if row.width >= ROOMY { 3 } else { 2 };
    let end = joined(always, gap);
    let end_width = u16::try_from(end.width()).unwrap_or(u16::MAX);
    let margin = u16::from(row.width > 20);
    let inside = Rect { x: row.x + margin, width: row.width.saturating_sub(2 * margin), ..row };
    let mut room = usize::from(inside.width);
    if end_width <= inside.width {
        painter.put_right(inside, 0, &end);
        room -= usize::from(end_width);
    }
    let mut by_rank: Vec<(usize, &Hint)> = hints.iter().enumerate().collect();
    by_rank.order_by_key(|(_, hint)| hint.rank);
    let mut kept = Vec::new();
    for (at, hint) in by_rank {
        // Each has its gap behind it, the last one before those at the right.
        if let Some(left) = room.checked_sub(hint.line().width() + gap) {
            room = left;
            kept.push(at);
        }
    }
    kept.sort_unstable();
    let kept: Vec<Hint> = kept.into_iter().filter_map(|at| hints.get(at).cloned()).collect();
    painter.put(inside, 0, &joined(&kept, gap));
}

/// Hints in one line.
pub(crate) fn joined(hints: &[Hint], gap: usize) -> Line<'static> {
    hints.iter().fold(Line::new(), |words, hint| {
        let space = if words.is_empty() { 0 } else { gap };
        words.and(" ".repeat(space), Role::Text).join(hint.line())
    })
}
