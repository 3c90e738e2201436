//! The frame of a panel: its name and counts in the upper border, ages and positions at the right.

use ratatui::layout::Rect;

use crate::theme::Role;
use crate::ui::line::{Line, Span};
use crate::ui::paint::{Painter, split_top};

/// Under this many columns a panel has no sides, only a ruled title.
const NARROW: u16 = 20;
/// Under this many rows a panel has only a ruled title.
const LOW: u16 = 4;

#[derive(Debug, Clone, Default)]
pub(crate) struct Frame<'a> {
    /// Name and counts, at the left of the upper border.
    pub title: Line<'a>,
    /// Age and state, at the right of the upper border.
    pub note: Line<'a>,
    /// Position in a list, at the right of the lower border.
    pub foot: Line<'a>,
    /// Whether keys go to this panel.
    pub focused: bool,
}

impl<'a> Frame<'a> {
    /// A frame with a name.
    pub(crate) fn new(name: impl Into<Span<'a>>, focused: bool) -> Self {
        let role = if focused { Role::TitleFocus } else { Role::Title };
        Self { title: Line::styled(name, role), focused, ..Self::default() }
    }

    /// With further words in the title, after a dot where one is given.
    #[must_use]
    pub(crate) fn with(mut self, words: Line<'a>, dot: &'static str) -> Self {
        if !words.is_empty() {
            let title = if dot.is_empty() { self.title } else { self.title.then(dot, Role::TextDim) };
            self.title = title.and(" ", Role::Text).join(words);
        }
        self
    }

    /// With a note at the right.
    #[must_use]
    pub(crate) fn note(mut self, words: Line<'a>) -> Self {
        self.note = words;
        self
    }

    #[must_use]
    pub(crate) fn foot(mut self, words: Line<'a>) -> Self {
        self.foot = words;
        self
    }

    /// What [`Frame::draw`] leaves inside.
    pub(crate) fn inner(area: Rect) -> Rect {
        if area.height < LOW || area.width < NARROW {
            return split_top(area, 1).1;
        }
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }

    /// Draws it and returns the inside.
    pub(crate) fn draw(&self, painter: &mut Painter<'_>, area: Rect) -> Rect {
        if area.is_empty() {
            return area;
        }
        let boxed = area.height >= LOW && area.width >= NARROW;
        let role = if self.focused { Role::BorderFocus } else { Role::Border };
        if boxed {
            painter.outline(area, self.focused, role);
        } else {
            let glyphs = painter.glyphs();
            let line = if self.focused { glyphs.heavy_horizontal } else { glyphs.horizontal };
            for x in area.left()..area.right() {
                painter.sign(x, area.y, line, role);
            }
        }
        self.captions(painter, area, boxed);
        Self::inner(area)
    }

    fn captions(&self, painter: &mut Painter<'_>, area: Rect, boxed: bool) {
        let top = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
        let mut room = top;
        if !self.note.is_empty() {
            let note = padded(&self.note);
            let width = u16::try_from(note.width()).unwrap_or(u16::MAX);
            // The note gives way to the name, never the other way.
            if usize::from(top.width) >= self.title.width() + usize::from(width) + 4 {
                painter.put_right(Rect { width: top.width - 1, ..top }, 0, &note);
                room.width = top.width - width - 2;
            }
        }
        // A low panel has no lower border: what is left out of it is said in the upper one.
        if !boxed && !self.foot.is_empty() {
            let foot = padded(&self.foot);
            let width = u16::try_from(foot.width()).unwrap_or(u16::MAX);
            if room.width > width {
                painter.put_right(room, 0, &foot);
                room.width -= width + 1;
            }
        }
        if !self.title.is_empty() {
            painter.put(room, 0, &padded(&self.title));
        }
        if boxed && !self.foot.is_empty() {
            let bottom = Rect { y: area.bottom() - 1, width: top.width.saturating_sub(1), ..top };
            painter.put_right(bottom, 0, &padded(&self.foot));
        }
    }
}

/// A space on either side, so that words don't touch the border's line.
pub(crate) fn padded<'a>(words: &Line<'a>) -> Line<'a> {
    Line::plain(" ").join(words.clone()).and(" ", Role::Text)
}
