//! Text that is read from five metres: letters of five by five points, two of them in a cell where the terminal has half
//! blocks.

use ratatui::layout::Rect;

use crate::theme::{GlyphSet, Role};
use crate::ui::line::Line;
use crate::ui::paint::Painter;

/// Points of a letter's side.
const SIDE: u16 = 5;
/// The same with the point between two letters.
const PITCH: u16 = SIDE + 1;
/// Points of a colon, a full stop and a blank with the one behind it.
const NARROW: u16 = 3;

/// How large letters are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// A point is half a cell: three rows. In ASCII a cell, five rows.
    Small,
    /// A point is two columns of one row: five rows.
    Large,
}

impl Scale {
    const fn column(self) -> u16 {
        match self {
            Self::Small => 1,
            Self::Large => 2,
        }
    }

    /// Whether two points are one above the other in a cell.
    fn halves(self, glyphs: GlyphSet) -> bool {
        self == Self::Small && !glyphs.ascii
    }

    /// Rows of a line of text.
    pub(super) fn rows(self, glyphs: GlyphSet) -> u16 {
        if self.halves(glyphs) { SIDE.div_ceil(2) } else { SIDE }
    }
}

/// Columns that a text takes.
pub(super) fn width(text: &str, scale: Scale) -> u16 {
    let points = text.chars().map(pitch).fold(0_u16, u16::saturating_add);
    points.saturating_sub(1).saturating_mul(scale.column())
}

/// As much of a text as has room, letter by letter.
pub(super) fn fitting(text: &str, scale: Scale, room: u16) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.rev().map(|end| &text[..end]).find(|part| width(part, scale) <= room).unwrap_or("")
}

/// Whether every sign of a text can be drawn large.
pub(super) fn has_all(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' ' | ':' | '.' | '-') || letter(c).is_some())
}

/// Draws a text from the upper left corner of an area; what has no room is left out whole.
pub(super) fn draw(painter: &mut Painter<'_>, area: Rect, text: &str, scale: Scale, role: Role) {
    let halves = scale.halves(painter.glyphs());
    let text = fitting(text, scale, area.width);
    for row in 0..scale.rows(painter.glyphs()).min(area.height) {
        let mut line = String::new();
        for c in text.chars() {
            for x in 0..pitch(c) {
                let (upper, lower) =
                    if halves { (point(c, x, row * 2), point(c, x, row * 2 + 1)) } else { (point(c, x, row), false) };
                let sign = match (upper, lower, halves) {
                    (false, false, _) => " ",
                    (true, false, true) => "▀",
                    (false, true, _) => "▄",
                    _ => painter.glyphs().block,
                };
                line.push_str(&sign.repeat(usize::from(scale.column())));
            }
        }
        painter.put(area, row, &Line::styled(line.trim_end().to_owned(), role));
        // A chip's role is in reverse: letters made of blocks would be holes in it.
        painter.flatten(Rect { y: area.y + row, height: 1, ..area });
    }
}

/// Points from one letter to the next.
fn pitch(c: char) -> u16 {
    if matches!(c, ' ' | ':' | '.') { NARROW } else { PITCH }
}

/// Whether a point of a sign is drawn.
fn point(c: char, x: u16, y: u16) -> bool {
    match c {
        ':' => x == 0 && (y == 1 || y == 3),
        '.' => x == 0 && y == 4,
        '-' => (1..4).contains(&x) && y == 2,
        _ if x >= SIDE || y >= SIDE => false,
        _ => letter(c).is_some_and(|rows| rows[usize::from(y)] >> (SIDE - 1 - x) & 1 == 1),
    }
}

fn letter(c: char) -> Option<[u8; SIDE as usize]> {
    let c = c.to_ascii_uppercase();
    LETTERS.iter().find(|(known, _)| *known == c).map(|(_, rows)| *rows)
}

/// A bit a point, the left one highest.
#[rustfmt::skip]
static LETTERS: [(char, [u8; SIDE as usize]); 36] = [
    ('A', [0b01110, 0b10001, 0b11111, 0b10001, 0b10001]),
    ('B', [0b11110, 0b10001, 0b11110, 0b10001, 0b11110]),
    ('C', [0b01111, 0b10000, 0b10000, 0b10000, 0b01111]),
    ('D', [0b11110, 0b10001, 0b10001, 0b10001, 0b11110]),
    ('E', [0b11111, 0b10000, 0b11110, 0b10000, 0b11111]),
    ('F', [0b11111, 0b10000, 0b11110, 0b10000, 0b10000]),
    ('G', [0b01111, 0b10000, 0b10011, 0b10001, 0b01111]),
    ('H', [0b10001, 0b10001, 0b11111, 0b10001, 0b10001]),
    ('I', [0b01110, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('J', [0b00111, 0b00010, 0b00010, 0b10010, 0b01100]),
    ('K', [0b10010, 0b10100, 0b11000, 0b10100, 0b10010]),
    ('L', [0b10000, 0b10000, 0b10000, 0b10000, 0b11111]),
    ('M', [0b10001, 0b11011, 0b10101, 0b10001, 0b10001]),
    ('N', [0b10001, 0b11001, 0b10101, 0b10011, 0b10001]),
    ('O', [0b01110, 0b10001, 0b10001, 0b10001, 0b01110]),
    ('P', [0b11110, 0b10001, 0b11110, 0b10000, 0b10000]),
    ('Q', [0b01110, 0b10001, 0b10101, 0b10010, 0b01101]),
    ('R', [0b11110, 0b10001, 0b11110, 0b10010, 0b10001]),
    ('S', [0b01111, 0b10000, 0b01110, 0b00001, 0b11110]),
    ('T', [0b11111, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('U', [0b10001, 0b10001, 0b10001, 0b10001, 0b01110]),
    ('V', [0b10001, 0b10001, 0b10001, 0b01010, 0b00100]),
    ('W', [0b10001, 0b10001, 0b10101, 0b11011, 0b10001]),
    ('X', [0b10001, 0b01010, 0b00100, 0b01010, 0b10001]),
    ('Y', [0b10001, 0b01010, 0b00100, 0b00100, 0b00100]),
    ('Z', [0b11111, 0b00010, 0b00100, 0b01000, 0b11111]),
    ('0', [0b01110, 0b10001, 0b10001, 0b10001, 0b01110]),
    ('1', [0b00100, 0b01100, 0b00100, 0b00100, 0b01110]),
    ('2', [0b11110, 0b00001, 0b01110, 0b10000, 0b11111]),
    ('3', [0b11110, 0b00001, 0b01110, 0b00001, 0b11110]),
    ('4', [0b10010, 0b10010, 0b11111, 0b00010, 0b00010]),
    ('5', [0b11111, 0b10000, 0b11110, 0b00001, 0b11110]),
    ('6', [0b01110, 0b10000, 0b11110, 0b10001, 0b01110]),
    ('7', [0b11111, 0b00001, 0b00010, 0b00100, 0b00100]),
    ('8', [0b01110, 0b10001, 0b01110, 0b10001, 0b01110]),
    ('9', [0b01110, 0b10001, 0b01111, 0b00001, 0b01110]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_wide_as_it_is_drawn() {
        assert_eq!((width("", Scale::Small), width("1", Scale::Small), width("12:4", Scale::Small)), (0, 5, 20));
        assert_eq!(width("12", Scale::Large), 22);
        assert_eq!(fitting("12:45", Scale::Small, 19), "12:");
        assert_eq!(fitting("12", Scale::Small, 4), "");
    }

    #[test]
    fn what_has_no_letter_is_known() {
        assert!(has_all("02:41") && has_all("http-api 2") && !has_all("café"));
    }
}
