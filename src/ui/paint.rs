//! The brush: everything is drawn through it, and it clips.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::app::layout::{Area, LayoutMap, Target};
use crate::text::Sgr;
use crate::theme::{GlyphSet, Role, Styles};
use crate::ui::line::Line;

/// A buffer with the styles to draw with and the map of what was drawn.
pub(crate) struct Painter<'a> {
    buffer: &'a mut Buffer,
    styles: &'a Styles,
    map: LayoutMap,
}

impl<'a> Painter<'a> {
    /// A brush over a buffer.
    pub(crate) fn new(buffer: &'a mut Buffer, styles: &'a Styles) -> Self {
        Self { buffer, styles, map: LayoutMap::default() }
    }

    /// What was drawn where.
    pub(crate) fn into_map(self) -> LayoutMap {
        self.map
    }

    /// Where the screen is in this frame, once that is said.
    pub(crate) fn screen(&self) -> Option<Area> {
        self.map.screen()
    }

    /// Columns of the whole screen.
    pub(crate) fn width(&self) -> u16 {
        self.buffer.area.width
    }

    /// The signs.
    pub(crate) fn glyphs(&self) -> GlyphSet {
        self.styles.glyphs
    }

    /// Notes what an area means.
    pub(crate) fn note(&mut self, area: Rect, target: Target) {
        if !area.is_empty() {
            self.map.push(Area { x: area.x, y: area.y, width: area.width, height: area.height }, target);
        }
    }

    /// Draws words in row `row` of an area from its left edge. What does not fit gives way to an ellipsis. Returns the
    /// columns that were used.
    pub(crate) fn put(&mut self, area: Rect, row: u16, words: &Line<'_>) -> u16 {
        self.put_at(area, 0, row, words)
    }

    /// The same from column `column` of the area on.
    pub(crate) fn put_at(&mut self, area: Rect, column: u16, row: u16, words: &Line<'_>) -> u16 {
        let area = area.intersection(self.buffer.area);
        if row >= area.height || column >= area.width {
            return 0;
        }
        let (y, start) = (area.y + row, area.x + column);
        let room = usize::from(area.right() - start);
        let ellipsis = self.styles.glyphs.ellipsis;
        let fits = words.width() <= room;
        let end = if fits { room } else { room.saturating_sub(ellipsis.width()) };
        let mut x = start;
        let mut style = Style::new();
        for (text, role, ink) in words.inked() {
            let left = end.saturating_sub(usize::from(x - start));
            style = self.clean(role);
            if ink != Sgr::default() {
                style = style.patch(self.styles.ink(ink));
            }
            let width = text.width();
            (x, _) = self.buffer.set_stringn(x, y, text, left, style);
            if width > left {
                break;
            }
        }
        if !fits {
            (x, _) = self.buffer.set_stringn(x, y, ellipsis, room, style);
        }
        x - start
    }

    /// Draws words so that they end at the right edge. Nothing is drawn where they don't fit.
    pub(crate) fn put_right(&mut self, area: Rect, row: u16, words: &Line<'_>) -> u16 {
        let width = words.width();
        match u16::try_from(width) {
            Ok(width) if width <= area.width => self.put_at(area, area.width - width, row, words),
            _ => 0,
        }
    }

    /// One sign in one cell of the frame.
    pub(crate) fn sign(&mut self, x: u16, y: u16, sign: &str, role: Role) {
        let style = self.clean(role);
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(sign).set_style(style);
        }
    }

    /// One sign of a plot in one cell of the frame: never in reverse, whatever the theme does with the role in words.
    pub(crate) fn plot(&mut self, x: u16, y: u16, sign: &str, role: Role) {
        let style = self.clean(role).remove_modifier(Modifier::REVERSED);
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(sign).set_style(style);
        }
    }

    /// Whether two roles have colours, and not the same.
    pub(crate) fn are_told_apart(&self, one: Role, other: Role) -> bool {
        let colour = |role| self.styles.get(role).fg;
        matches!((colour(one), colour(other)), (Some(one), Some(other)) if one != other)
    }

    /// Takes the reverse out of an area: of words in a plot, whose roles are chips elsewhere.
    pub(crate) fn flatten(&mut self, area: Rect) {
        self.buffer.set_style(area, Style::new().remove_modifier(Modifier::REVERSED));
    }

    /// Gives a cell of the frame the colour of a role as its background, where the terminal has colours.
    pub(crate) fn behind(&mut self, x: u16, y: u16, role: Role) {
        let color = self.styles.get(role).fg;
        if let (Some(cell), Some(color)) = (self.buffer.cell_mut((x, y)), color) {
            cell.set_bg(color);
        }
    }

    /// Shows that a row is selected: a tint behind the cells' own colours, so that nothing loses its meaning by being
    /// selected. Where the terminal has too few colours for a tint the row is bold. What is in reverse already, a chip or a
    /// match, stays as it is.
    pub(crate) fn highlight(&mut self, area: Rect) {
        let mut style = self.styles.get(Role::Selection);
        // Among sixteen colours none is sure to leave every word readable on it.
        if !matches!(style.bg, Some(Color::Rgb(..) | Color::Indexed(16..))) {
            style.bg = None;
            style = style.add_modifier(Modifier::BOLD);
        }
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y))
                    && !cell.modifier.contains(Modifier::REVERSED)
                {
                    cell.set_style(style);
                }
            }
        }
    }

    /// The style of a role, with nothing shining through of what was drawn before.
    fn clean(&self, role: Role) -> Style {
        Style::reset().patch(self.styles.get(role))
    }

    /// A box around an area, heavy where it has the focus.
    pub(crate) fn outline(&mut self, area: Rect, heavy: bool, role: Role) {
        if area.is_empty() {
            return;
        }
        let glyphs = self.glyphs();
        let (horizontal, vertical, corners) = if heavy {
            (glyphs.heavy_horizontal, glyphs.heavy_vertical, glyphs.heavy_corners)
        } else {
            (glyphs.horizontal, glyphs.vertical, glyphs.corners)
        };
        let (left, right, top, bottom) = (area.x, area.right() - 1, area.y, area.bottom() - 1);
        for x in left..=right {
            self.sign(x, top, horizontal, role);
            self.sign(x, bottom, horizontal, role);
        }
        for y in top..=bottom {
            self.sign(left, y, vertical, role);
            self.sign(right, y, vertical, role);
        }
        for ((x, y), corner) in [(left, top), (right, top), (left, bottom), (right, bottom)].into_iter().zip(corners) {
            self.sign(x, y, corner, role);
        }
    }

    /// Lays a role's style over what is drawn already.
    pub(crate) fn tint(&mut self, area: Rect, role: Role) {
        self.buffer.set_style(area, self.styles.get(role));
    }

    /// Empties an area, for what lies over a screen.
    pub(crate) fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }
}

/// The first `height` rows of an area, and the rest.
pub(crate) fn split_top(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    (Rect { height, ..area }, Rect { y: area.y.saturating_add(height), height: area.height - height, ..area })
}

/// All but the last `height` rows of an area, and those.
pub(crate) fn split_bottom(area: Rect, height: u16) -> (Rect, Rect) {
    split_top(area, area.height.saturating_sub(height))
}

/// The first `width` columns of an area, and the rest.
pub(crate) fn split_left(area: Rect, width: u16) -> (Rect, Rect) {
    let width = width.min(area.width);
    (Rect { width, ..area }, Rect { x: area.x.saturating_add(width), width: area.width - width, ..area })
}

/// Shares `total` cells by weights so that nothing is lost to rounding; nobody gets less than `least` while it lasts.
pub(crate) fn shares(total: u16, weights: &[u16], least: u16) -> Vec<u16> {
    let sum: u32 = weights.iter().map(|weight| u32::from((*weight).max(1))).sum();
    let mut used = 0_u16;
    let mut passed = 0_u32;
    let mut out = Vec::with_capacity(weights.len());
    for (at, weight) in weights.iter().enumerate() {
        passed += u32::from((*weight).max(1));
        let rest = u16::try_from(weights.len() - at - 1).unwrap_or(u16::MAX).saturating_mul(least);
        let end = u16::try_from(u32::from(total) * passed / sum.max(1)).unwrap_or(total);
        let end = end.max(used.saturating_add(least)).min(total.saturating_sub(rest).max(used)).min(total);
        out.push(end.saturating_sub(used));
        used = end.max(used);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::{Catalogue, ColorDepth};

    fn drawn(width: u16, words: &Line<'_>) -> String {
        let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        let mut painter = Painter::new(&mut buffer, &styles);
        painter.put(Rect::new(0, 0, width, 1), 0, words);
        buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        let words = Line::plain("abc").and("def", Role::TextDim).and("ghi", Role::Text);
        assert_eq!(drawn(9, &words), "abcdefghi");
        assert_eq!(drawn(8, &words), "abcdefg…");
        assert_eq!(drawn(6, &words), "abcde…");
        assert_eq!(drawn(3, &words), "ab…");
        assert_eq!(drawn(1, &words), "…");
        assert_eq!(drawn(12, &words), "abcdefghi   ");
    }

    #[test]
    fn nothing_outside_is_touched() {
        let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 2));
        let mut painter = Painter::new(&mut buffer, &styles);
        let far = Rect::new(3, 1, 50, 50);
        painter.put(far, 7, &Line::plain("x"));
        painter.put_at(far, 60, 0, &Line::plain("x"));
        painter.put(far, 0, &Line::plain("世"));
        painter.sign(90, 90, "x", Role::Text);
        painter.tint(far, Role::Selection);
        painter.clear(far);
    }

    #[test]
    fn shares_lose_nothing() {
        assert_eq!(shares(100, &[2, 1], 0), [66, 34]);
        assert_eq!(shares(10, &[1, 1, 1], 0), [3, 3, 4]);
        assert_eq!(shares(10, &[9, 1], 3), [7, 3]);
        assert_eq!(shares(2, &[1, 1, 1], 3).iter().sum::<u16>(), 2);
        assert_eq!(shares(0, &[1, 1], 3), [0, 0]);
        assert_eq!(shares(5, &[], 3), Vec::<u16>::new());
    }
}
