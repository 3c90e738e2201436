//! One frame of a state.

use std::fmt::Write as _;

use opsroom::app::state::State;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet};
use opsroom::ui;
use opsroom::ui::export::{ExportFormat, export};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

/// The sizes that people have, the smallest first.
pub const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

/// A frame in the default theme.
pub fn draw(state: &State, width: u16, height: u16) -> Buffer {
    draw_with(state, width, height, "midnight", ColorDepth::True, GlyphSet::UTF8)
}

/// A frame in any theme.
pub fn draw_with(state: &State, width: u16, height: u16, theme: &str, depth: ColorDepth, glyphs: GlyphSet) -> Buffer {
    let styles = Catalogue::shipped().styles(theme, depth, glyphs);
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    ui::view(state, &styles, area, &mut buffer);
    buffer
}

/// What is read.
pub fn text(buffer: &Buffer) -> String {
    let styles = Catalogue::shipped().styles("mono", ColorDepth::None, GlyphSet::UTF8);
    export(buffer, &styles, ExportFormat::Text, "")
}

/// What is read, and under each row how it is drawn: one letter a cell, a key to the letters at the end.
pub fn styled(buffer: &Buffer) -> String {
    let mut seen: Vec<Style> = Vec::new();
    let mut out = String::new();
    let plain = text(buffer);
    for (y, line) in plain.lines().enumerate() {
        let mut letters = String::new();
        for x in 0..buffer.area.width {
            let style = buffer[(x, y as u16)].style();
            let at = seen.iter().position(|known| *known == style).unwrap_or_else(|| {
                seen.push(style);
                seen.len() - 1
            });
            letters.push(LETTERS.chars().nth(at).unwrap_or('#'));
        }
        writeln!(out, "{line}\n{}", letters.trim_end()).expect("a string takes all");
    }
    for (letter, style) in LETTERS.chars().zip(&seen) {
        let side = |color: Option<Color>| color.map_or_else(|| "-".to_owned(), |color| color.to_string());
        writeln!(out, "{letter}: {} on {} {:?}", side(style.fg), side(style.bg), style.add_modifier)
            .expect("a string takes all");
    }
    out
}

const LETTERS: &str = " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// What a terminal is sent for the difference of two frames, by a plain encoder: an absolute move where cells are not
/// neighbours, a whole new style where it changes, the frame's marks around it all.
pub fn bytes(before: &Buffer, after: &Buffer) -> usize {
    let mut out = String::new();
    let mut place = None;
    let mut style = Style::new();
    for (x, y, cell) in before.diff(after) {
        if place != Some((x, y)) {
            write!(out, "\x1b[{};{}H", y + 1, x + 1).expect("a string takes all");
        }
        if style != cell.style() {
            style = cell.style();
            let side = |color: Option<Color>| if matches!(color, None | Some(Color::Reset)) { 0 } else { 9 };
            let flags = style.add_modifier.iter().count() * 2;
            out.push_str(&"m".repeat(4 + side(style.fg) + side(style.bg) + flags));
        }
        out.push_str(cell.symbol());
        place = Some((x + 1, y));
    }
    if out.is_empty() { 0 } else { out.len() + 2 * "\x1b[?2026h".len() }
}
