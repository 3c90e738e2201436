//! The states in which a panel has nothing to show: each in words, with what to do next.

use ratatui::layout::Rect;

use crate::theme::Role;
use crate::ui::line::{Line, Span};
use crate::ui::paint::Painter;

/// What is said instead of content.
#[derive(Debug, Clone)]
pub(crate) struct Notice<'a> {
    /// What is so.
    pub headline: Line<'a>,
    /// What to do about it, or what happens next; each on rows of its own.
    pub next: Vec<Line<'a>>,
}

impl<'a> Notice<'a> {
    /// There is nothing, and that is no fault.
    pub(crate) fn empty(headline: impl Into<Span<'a>>, next: impl Into<Span<'a>>) -> Self {
        Self { headline: Line::plain(headline), next: vec![Line::styled(next, Role::TextDim)] }
    }

    /// Something is wrong.
    pub(crate) fn error(headline: impl Into<Span<'a>>, next: impl Into<Span<'a>>) -> Self {
        Self { headline: Line::styled(headline, Role::LevelError), next: vec![Line::styled(next, Role::TextDim)] }
    }

    /// Draws it in the corner: in one line where it fits.
    pub(crate) fn draw(&self, painter: &mut Painter<'_>, area: Rect) {
        if area.is_empty() {
            return;
        }
        let margin = u16::from(area.width > 20);
        let area = Rect { x: area.x + margin, width: area.width - 2 * margin, ..area };
        let width = usize::from(area.width);
        let next = || self.next.iter().filter(|next| !next.is_empty()).cloned();
        let dot = Line::styled(format!(" {} ", painter.glyphs().dot), Role::TextDim);
        let whole = next().fold(self.headline.clone(), |line, next| line.join(dot.clone()).join(next));
        if whole.width() <= width {
            painter.put(area, 0, &whole);
            return;
        }
        let lines = std::iter::once(self.headline.clone()).chain(next()).flat_map(|line| line.wrapped(width, 0));
        for (row, line) in (0..area.height).zip(lines) {
            painter.put(area, row, &line);
        }
    }
}
