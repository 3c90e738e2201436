//! A frame as a file: SVG for pictures, ANSI for terminals, plain text for mails.

mod svg;

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::theme::color::ansi;
use crate::theme::{GlyphSet, Styles};

/// The forms in which a frame can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// A picture with the theme's own canvas behind it.
    Svg,
    /// Text with escape sequences for colours.
    Ansi,
    /// Text alone.
    Text,
}

impl ExportFormat {
    /// What file names end in.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Ansi => "ansi",
            Self::Text => "txt",
        }
    }
}

/// Writes a frame. `title` is shown in the picture's window bar alone.
pub fn export(buffer: &Buffer, styles: &Styles, format: ExportFormat, title: &str) -> String {
    match format {
        ExportFormat::Svg => svg::svg(buffer, styles, title),
        ExportFormat::Ansi => escapes(buffer),
        ExportFormat::Text => text(buffer, styles.glyphs),
    }
}

/// The cells of one row that hold something: a wide sign covers the cell behind it, which is left out.
fn row(buffer: &Buffer, y: u16) -> impl Iterator<Item = (u16, &Cell)> {
    let area = buffer.area;
    let mut covered = 0;
    (area.left()..area.right()).filter_map(move |x| {
        let cell = buffer.cell((x, y))?;
        if covered > 0 {
            covered -= 1;
            return None;
        }
        covered = cell.symbol().width().saturating_sub(1);
        Some((x, cell))
    })
}

/// The frame as text, without trailing spaces. A bar whose upper part is the colour behind it is a whole one; in a chart
/// that colour goes on in the shade above it, and is no part of the bar.
fn text(buffer: &Buffer, glyphs: GlyphSet) -> String {
    let [.., whole] = glyphs.bars;
    let is_below_shade = |x: u16, y: u16| {
        let above = y.checked_sub(1).and_then(|above| buffer.cell((x, above)));
        above.is_some_and(|above| above.symbol() == glyphs.shade)
    };
    let sign = |x: u16, y: u16, cell: &Cell| {
        let of_two = cell.bg != Color::Reset && glyphs.bars.contains(&cell.symbol()) && !is_below_shade(x, y);
        if of_two { whole.to_owned() } else { cell.symbol().to_owned() }
    };
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let line: String = row(buffer, y).map(|(x, cell)| sign(x, y, cell)).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The frame with select-graphic-rendition sequences and no other.
fn escapes(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut now = (Color::Reset, Color::Reset, Modifier::empty());
        for (_, cell) in row(buffer, y) {
            let next = (cell.fg, cell.bg, cell.modifier);
            if next != now {
                out.push_str(&sgr(next.0, next.1, next.2));
                now = next;
            }
            out.push_str(cell.symbol());
        }
        out.push_str("\x1b[0m\n");
    }
    out
}

fn sgr(fg: Color, bg: Color, modifier: Modifier) -> String {
    let mut codes = String::from("\x1b[0");
    for (flag, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
    ] {
        if modifier.contains(flag) {
            let _ = write!(codes, ";{code}");
        }
    }
    color(&mut codes, fg, 30);
    color(&mut codes, bg, 40);
    codes.push('m');
    codes
}

/// `base` is 30 for the foreground, 40 for the background.
fn color(codes: &mut String, color: Color, base: u8) {
    // Writing into a string can't fail.
    let _ = match color {
        Color::Reset => Ok(()),
        Color::Rgb(r, g, b) => write!(codes, ";{};2;{r};{g};{b}", base + 8),
        Color::Indexed(index) => write!(codes, ";{};5;{index}", base + 8),
        named => {
            let index = (0..16).find(|index| ansi(*index) == named).unwrap_or(7);
            let code = if index < 8 { base + index } else { base + 52 + index };
            write!(codes, ";{code}")
        }
    };
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;
    use crate::theme::{Catalogue, ColorDepth, GlyphSet};

    fn frame() -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(0, 0, "✗ DOWN", Style::new().fg(Color::LightRed).bold().reversed());
        buffer.set_string(7, 0, "世 <&>", Style::new().fg(Color::Rgb(1, 2, 3)));
        buffer.set_string(0, 1, "ok", Style::new().fg(Color::Indexed(35)).bg(Color::Blue));
        buffer
    }

    fn styles() -> Styles {
        Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8)
    }

    #[test]
    fn text_is_what_is_read() {
        assert_eq!(export(&frame(), &styles(), ExportFormat::Text, ""), "✗ DOWN 世 <&\nok\n");
    }

    #[test]
    fn escapes_are_colours_alone() {
        let ansi = export(&frame(), &styles(), ExportFormat::Ansi, "");
        assert!(ansi.starts_with("\x1b[0;1;7;91m✗ DOWN\x1b[0m "), "{ansi:?}");
        assert!(ansi.contains("\x1b[0;38;2;1;2;3m世"), "{ansi:?}");
        assert!(ansi.contains("\x1b[0;38;5;35;44mok"), "{ansi:?}");
        assert_eq!(ansi.lines().count(), 2);
    }

    #[test]
    fn a_picture_is_well_formed_and_escaped() {
        let svg = export(&frame(), &styles(), ExportFormat::Svg, "a <b>");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("&lt;&amp;") && svg.contains("a &lt;b&gt;"));
        assert!(svg.contains(&styles().canvas.background.hex()));
    }
}
