//! Key hints: what can be pressed here.

use ratatui::layout::Rect;

use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::Painter;

/// A key and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The key as written.
    pub key: String,
    /// What it does, one or two words.
    pub label: String,
}

impl Hint {
    pub(crate) fn new(key: impl Into<String>, label: impl Into<String>) -> Self {
        Self { key: key.into(), label: label.into() }
    }

    fn line(&self) -> Line<'static> {
        Line::styled(self.key.clone(), Role::Key).and(" ", Role::Text).and(self.label.clone(), Role::KeyLabel)
    }
}

/// Draws hints in one row. `always` stand at the right and stay; of the others those that fit whole: a
/// long one gives way to the short ones after it.
pub(crate) fn draw(painter: &mut Painter<'_>, row: Rect, hints: &[Hint], always: &[Hint]) {
    let gap = if row.width >= 60 { 3 } else { 2 };
    let end = joined(always, gap);
    let end_width = u16::try_from(end.width()).unwrap_or(u16::MAX);
    let margin = u16::from(row.width > 20);
    let inside = Rect { x: row.x + margin, width: row.width.saturating_sub(2 * margin), ..row };
    let mut room = usize::from(inside.width);
    if end_width <= inside.width {
        painter.put_right(inside, 0, &end);
        room -= usize::from(end_width);
    }
    let mut words = Line::new();
    for hint in hints {
        let next = hint.line();
        let space = if words.is_empty() { 0 } else { gap };
        if words.width() + space + next.width() + gap > room {
            continue;
        }
        words = words.and(" ".repeat(space), Role::Text).join(next);
    }
    painter.put(inside, 0, &words);
}

/// Hints in one line.
pub(crate) fn joined(hints: &[Hint], gap: usize) -> Line<'static> {
    hints.iter().fold(Line::new(), |words, hint| {
        let space = if words.is_empty() { 0 } else { gap };
        words.and(" ".repeat(space), Role::Text).join(hint.line())
    })
}
