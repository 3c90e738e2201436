//! From a drawn buffer to the fewest bytes that bring the terminal there.
//!
//! ratatui's own backend moves the cursor absolutely for every run and resets all colours with every frame. Over
//! SSH with a dozen checks that is most of what is written, so this one remembers the pen and the cursor across frames and
//! writes only what differs.

use std::io::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";

/// Unchanged cells that are written again rather than jumped over: a jump costs at least so many bytes.
const BRIDGE: u16 = 3;

/// Attributes that can be seen on a blank.
const SHOWN_ON_BLANK: Modifier = Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);

/// Colours and attributes that the terminal has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    const fn from_cell(cell: &Cell) -> Self {
        // Only attributes that have a code of ours: anything else would make two equal pens look different.
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier.difference(Modifier::RAPID_BLINK) }
    }
}

/// What the terminal shows, and how to change it.
#[derive(Debug)]
pub(crate) struct Encoder {
    shown: Buffer,
    width: u16,
    pen: Pen,
    cursor: Option<(u16, u16)>,
    clear: bool,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { shown: Buffer::empty(Rect::ZERO), width: 0, pen: Pen::PLAIN, cursor: None, clear: true }
    }
}

impl Encoder {
    /// The terminal's contents are no longer known (resumed, resized, asked for): the next frame clears and draws all.
    pub(crate) fn forget(&mut self) {
        self.clear = true;
    }

    /// What the terminal shows after the last encoded frame.
    pub(crate) fn shown(&self) -> &Buffer {
        &self.shown
    }

    /// Appends what turns the shown frame into `next`, and takes `next` as shown; what was shown is left in `next` for
    /// reuse. Appends nothing where nothing differs.
    pub(crate) fn encode(&mut self, next: &mut Buffer, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(BEGIN_UPDATE);
        let opened = out.len();
        if self.clear || self.shown.area != next.area {
            self.clear = false;
            self.shown = Buffer::empty(next.area);
            self.width = next.area.width;
            self.pen = Pen::PLAIN;
            self.cursor = None;
            out.extend_from_slice(b"\x1b[m\x1b[2J");
        }
        let shown = std::mem::replace(&mut self.shown, Buffer::empty(Rect::ZERO));
        for (x, y, cell) in shown.diff_iter(next) {
            self.move_to(x, y, next, out);
            self.print(x, y, cell, out);
            self.rewrite(x, y, &shown, next, out);
        }
        self.shown = shown;
        std::mem::swap(&mut self.shown, next);
        if out.len() == opened {
            out.truncate(start);
        } else {
            out.extend_from_slice(END_UPDATE);
        }
    }

    /// A sign that covers the first half of a wide one makes a blank of its other half, in whatever colour: the cell there
    /// is written again, though the buffers hold the same.
    fn rewrite(&mut self, x: u16, y: u16, shown: &Buffer, next: &Buffer, out: &mut Vec<u8>) {
        let wide = |buffer: &Buffer, x| buffer.cell((x, y)).is_some_and(|cell| cell.symbol().width() > 1);
        let mut x = x;
        loop {
            let last = if wide(next, x) { x + 1 } else { x };
            if !wide(shown, last) || last + 1 >= self.width {
                return;
            }
            x = last + 1;
            self.move_to(x, y, next, out);
            self.print(x, y, &next[(x, y)], out);
        }
    }

    fn move_to(&mut self, x: u16, y: u16, next: &Buffer, out: &mut Vec<u8>) {
        match self.cursor {
            Some(at) if at == (x, y) => return,
            Some((from, row)) if row == y && from < x => {
                if x - from <= BRIDGE && (from..x).all(|column| self.bridges(&next[(column, y)])) {
                    for column in from..x {
                        out.extend_from_slice(next[(column, y)].symbol().as_bytes());
                    }
                } else if x - from == 1 {
                    out.extend_from_slice(b"\x1b[C");
                } else {
                    push(out, format_args!("\x1b[{}C", x - from));
                }
            }
            Some((_, row)) if row != y && x == 0 && row + 1 == y => out.extend_from_slice(b"\r\n"),
            _ if x == 0 && y == 0 => out.extend_from_slice(b"\x1b[H"),
            _ if x == 0 => push(out, format_args!("\x1b[{}H", y + 1)),
            _ => push(out, format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
        self.cursor = Some((x, y));
    }

    /// Whether a cell can be written over again without touching the pen.
    fn bridges(&self, cell: &Cell) -> bool {
        Pen::from_cell(cell) == self.pen && matches!(cell.symbol().as_bytes(), [0x20..=0x7e])
    }

    fn print(&mut self, x: u16, y: u16, cell: &Cell, out: &mut Vec<u8>) {
        let symbol = cell.symbol();
        let mut pen = Pen::from_cell(cell);
        if symbol == " " && !(pen.modifier | self.pen.modifier).intersects(SHOWN_ON_BLANK) {
            // A blank has no foreground: the pen that is in the hand will do.
            pen = Pen { bg: pen.bg, ..self.pen };
        }
        self.switch(pen, out);
        // The last net: whatever reached the buffer, a control character never reaches the terminal.
        if symbol.is_empty() || symbol.chars().any(char::is_control) {
            out.push(b' ');
            self.cursor = Some((x + 1, y));
        } else {
            out.extend_from_slice(symbol.as_bytes());
            let width = symbol.width().max(1) as u16;
            // Terminals disagree about the width of joined and wide characters: the next cell is addressed absolutely.
            let sure = width == 1 && symbol.chars().nth(1).is_none();
            self.cursor = sure.then_some((x + 1, y));
        }
        // In the last column the cursor hangs before the line break, or not: terminals differ.
        if x + 1 >= self.width {
            self.cursor = None;
        }
    }

    /// Changes the pen by the shorter way: what differs, or everything from plain.
    fn switch(&mut self, to: Pen, out: &mut Vec<u8>) {
        if self.pen == to {
            return;
        }
        let mut change = Sgr::default();
        change.modifiers(self.pen.modifier, to.modifier);
        if self.pen.fg != to.fg {
            change.colour(to.fg, false);
        }
        if self.pen.bg != to.bg {
            change.colour(to.bg, true);
        }
        let mut fresh = Sgr::default();
        if to != Pen::PLAIN {
            fresh.code("0");
            fresh.modifiers(Modifier::empty(), to.modifier);
            if to.fg != Color::Reset {
                fresh.colour(to.fg, false);
            }
            if to.bg != Color::Reset {
                fresh.colour(to.bg, true);
            }
        }
        let shorter = if fresh.0.len() < change.0.len() { fresh } else { change };
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(&shorter.0);
        out.push(b'm');
        self.pen = to;
    }
}

fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing into memory does not fail");
}

/// The parameters of one `ESC [ … m`.
#[derive(Default)]
struct Sgr(Vec<u8>);

impl Sgr {
    fn code(&mut self, code: &str) {
        if !self.0.is_empty() {
            self.0.push(b';');
        }
        self.0.extend_from_slice(code.as_bytes());
    }

    fn modifiers(&mut self, from: Modifier, to: Modifier) {
        const WEIGHT: Modifier = Modifier::BOLD.union(Modifier::DIM);
        const OTHERS: [(Modifier, &str, &str); 6] = [
            (Modifier::ITALIC, "3", "23"),
            (Modifier::UNDERLINED, "4", "24"),
            (Modifier::SLOW_BLINK, "5", "25"),
            (Modifier::REVERSED, "7", "27"),
            (Modifier::HIDDEN, "8", "28"),
            (Modifier::CROSSED_OUT, "9", "29"),
        ];
        let mut weight = from & WEIGHT;
        // One code takes off both bold and dim.
        if !(weight - (to & WEIGHT)).is_empty() {
            self.code("22");
            weight = Modifier::empty();
        }
        let added = (to & WEIGHT) - weight;
        if added.contains(Modifier::BOLD) {
            self.code("1");
        }
        if added.contains(Modifier::DIM) {
            self.code("2");
        }
        for (modifier, on, off) in OTHERS {
            match (from.contains(modifier), to.contains(modifier)) {
                (false, true) => self.code(on),
                (true, false) => self.code(off),
                _ => {}
            }
        }
    }

    fn colour(&mut self, colour: Color, background: bool) {
        let base = if background { 10 } else { 0 };
        let code = match colour {
            Color::Reset => (39 + base).to_string(),
            Color::Indexed(index) => format!("{};5;{index}", 38 + base),
            Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", 38 + base),
            named => (named_code(named) + base).to_string(),
        };
        self.code(&code);
    }
}

const fn named_code(colour: Color) -> u16 {
    match colour {
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::Gray => 37,
        Color::DarkGray => 90,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightBlue => 94,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        Color::White => 97,
        Color::Reset | Color::Indexed(_) | Color::Rgb(..) => 39,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::style::Style;

    use super::*;

    fn buffer(lines: &[&str]) -> Buffer {
        Buffer::with_lines(lines.iter().copied())
    }

    fn encode(encoder: &mut Encoder, next: &Buffer) -> String {
        let mut out = Vec::new();
        encoder.encode(&mut next.clone(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_unchanged_frame_is_no_bytes() {
        let mut encoder = Encoder::default();
        let frame = buffer(&["one two", "three  "]);
        assert!(encode(&mut encoder, &frame).contains("three"));
        assert_eq!(encode(&mut encoder, &frame), "");
    }

    #[test]
    fn one_changed_digit_costs_one_jump_and_one_byte() {
        let mut encoder = Encoder::default();
        encode(&mut encoder, &buffer(&["02:41:07Z", "         "]));
        assert_eq!(encode(&mut encoder, &buffer(&["02:41:08Z", "         "])), "\x1b[?2026h\x1b[1;8H8\x1b[?2026l");
    }

    #[test]
    fn control_characters_in_a_cell_never_reach_the_terminal() {
        let mut encoder = Encoder::default();
        let mut frame = buffer(&["abc"]);
        frame[(1, 0)].set_symbol("\x1b[31m");
        assert!(!encode(&mut encoder, &frame).contains("\x1b[31m"));
    }

    fn style() -> impl Strategy<Value = Style> {
        let colour = prop_oneof![
            Just(Color::Reset),
            Just(Color::Red),
            Just(Color::LightBlue),
            (0u8..=255).prop_map(Color::Indexed),
            (0u8..4, 0u8..4).prop_map(|(red, blue)| Color::Rgb(red, 0, blue)),
        ];
        let modifier = (0u16..64).prop_map(|bits| {
            let all = [Modifier::BOLD, Modifier::DIM, Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED];
            all.into_iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, it)| it).collect()
        });
        (colour.clone(), colour, modifier)
            .prop_map(|(fg, bg, modifier): (_, _, Modifier)| Style::new().fg(fg).bg(bg).add_modifier(modifier))
    }

    fn frames() -> impl Strategy<Value = Vec<Buffer>> {
        let run = (0u16..12, 0u16..4, "[a-c ]{1,5}|コ|é|▁▂", style());
        proptest::collection::vec(proptest::collection::vec(run, 0..12), 1..5).prop_map(|frames| {
            frames
                .into_iter()
                .map(|runs| {
                    let mut frame = Buffer::empty(Rect::new(0, 0, 12, 4));
                    for (x, y, text, style) in runs {
                        frame.set_string(x, y, text, style);
                    }
                    // The terminal of the test knows bold or dim, not both.
                    for cell in &mut frame.content {
                        if cell.modifier.contains(Modifier::BOLD) {
                            cell.modifier -= Modifier::DIM;
                        }
                    }
                    frame
                })
                .collect()
        })
    }

    fn attributes(cell: &vt100::Cell) -> (vt100::Color, vt100::Color, [bool; 5]) {
        let flags = [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()];
        (cell.fgcolor(), cell.bgcolor(), flags)
    }

    proptest! {
        /// Frame after frame, the terminal shows what a terminal shows that got the last frame alone.
        #[test]
        fn increments_end_where_a_fresh_screen_ends(frames in frames()) {
            let mut encoder = Encoder::default();
            let mut screen = vt100::Parser::new(4, 12, 0);
            for frame in &frames {
                screen.process(encode(&mut encoder, frame).as_bytes());
                let mut fresh = vt100::Parser::new(4, 12, 0);
                fresh.process(encode(&mut Encoder::default(), frame).as_bytes());
                for (y, x) in (0..4).flat_map(|y| (0..12).map(move |x| (y, x))) {
                    let (is, want) = (screen.screen().cell(y, x).unwrap(), fresh.screen().cell(y, x).unwrap());
                    let (shown, wanted) = (is.contents().trim(), want.contents().trim());
                    prop_assert_eq!(shown, wanted, "text at {},{}", x, y);
                    let (shown_as, wanted_as) = (attributes(is), attributes(want));
                    if shown.is_empty() {
                        prop_assert_eq!(shown_as.1, wanted_as.1, "background at {},{}", x, y);
                    } else {
                        prop_assert_eq!(shown_as, wanted_as, "style at {},{}", x, y);
                    }
                }
            }
        }
    }
}
