//! What a finished frame goes through: no control or direction character is in any of its cells, and none of our own signs
//! that the terminal has no font for.

use ratatui::buffer::Buffer;

use crate::theme::GlyphSet;

/// What stands in the place of a forbidden character.
const REPLACEMENT: &str = "\u{fffd}";

/// Characters that steer a terminal or turn text around. The sanitiser lets none of them through; this is for what went
/// past it.
pub(crate) fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Replaces every cell that holds a forbidden character. How many there were: zero, or something is wrong in here.
pub(crate) fn sweep(buffer: &mut Buffer) -> usize {
    let mut found = 0;
    for cell in &mut buffer.content {
        if cell.symbol().chars().any(is_forbidden) {
            cell.set_symbol(REPLACEMENT);
            found += 1;
        }
    }
    found
}

/// Writes the signs that stand in our own texts in ASCII, where the terminal has only that. What others write keeps its
/// letters: they mean something, and no sign of ours stands for them.
pub(crate) fn spell_out(buffer: &mut Buffer, glyphs: GlyphSet) {
    if !glyphs.ascii {
        return;
    }
    for cell in &mut buffer.content {
        let sign = match cell.symbol() {
            "·" => glyphs.dot,
            "…" => glyphs.ellipsis,
            "–" => glyphs.none,
            "×" => "x",
            "→" => ">",
            "↑" => glyphs.up,
            "↓" => glyphs.down,
            "µ" => "u",
            _ => continue,
        };
        cell.set_symbol(sign);
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn what_went_past_the_sanitiser_is_caught() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        buffer.content[0].set_symbol("\u{1b}");
        buffer.content[1].set_symbol("a\u{202e}");
        buffer.content[2].set_symbol("é");
        assert_eq!(sweep(&mut buffer), 2);
        let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "\u{fffd}\u{fffd}é ");
        assert_eq!(sweep(&mut buffer), 0);
    }

    #[test]
    fn signs_of_our_own_are_written_in_ascii_where_the_terminal_has_only_that() {
        let drawn = |glyphs| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
            buffer.set_string(0, 0, "14.4× · é 5…", ratatui::style::Style::new());
            spell_out(&mut buffer, glyphs);
            buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
        };
        assert_eq!(drawn(GlyphSet::ASCII), "14.4x - é 5~");
        assert_eq!(drawn(GlyphSet::UTF8), "14.4× · é 5…");
    }
}
