//! Colours and attributes that a log line asked for, as plain data.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::escape;

/// A colour as the line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Colour {
    /// One of the 256; the first 16 are the terminal's own.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// The colours of a text: byte ranges with their styles, in order, not overlapping. One pointer wide, and nothing
/// more where there are none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TextStyles(Option<Box<[StyleSpan]>>);

/// A byte range of a text and its style.
pub type StyleSpan = (Range<usize>, Sgr);

impl TextStyles {
    /// Those within `range`, counted from its beginning.
    pub(crate) fn within(spans: &[StyleSpan], range: &Range<usize>) -> Vec<StyleSpan> {
        spans
            .iter()
            .map(|(span, style)| (span.start.max(range.start)..span.end.min(range.end), *style))
            .filter(|(span, _)| span.start < span.end)
            .map(|(span, style)| (span.start - range.start..span.end - range.start, style))
            .collect()
    }

    /// The spans, in order.
    pub(crate) fn as_slice(&self) -> &[StyleSpan] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl From<Vec<StyleSpan>> for TextStyles {
    fn from(spans: Vec<StyleSpan>) -> Self {
        Self((!spans.is_empty()).then(|| spans.into()))
    }
}

/// What SGR sequences may change. Blinking and concealed text is not honoured, and a foreground equal to its
/// background loses both: nothing may hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one attribute of the terminal, independent of the others")]
pub struct Sgr {
    /// Foreground.
    pub fg: Option<Colour>,
    /// Background.
    pub bg: Option<Colour>,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// Foreground and background swapped.
    pub reverse: bool,
}

impl Sgr {
    /// The same over a ground that stays: what was chosen for another one need not be readable on it.
    #[must_use]
    pub(crate) fn without_ground(self) -> Self {
        Self { fg: self.fg.filter(|_| self.bg.is_none()), bg: None, ..self }
    }

    /// Applies the parameters between `ESC [` and `m`; what is not understood is passed over.
    pub(super) fn apply(&mut self, parameters: &[u8]) {
        let mut numbers = parameters.split(|byte| matches!(byte, b';' | b':')).map(number);
        while let Some(code) = numbers.next() {
            match code {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                3 => self.italic = true,
                4 => self.underline = true,
                7 => self.reverse = true,
                22 => (self.bold, self.dim) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                27 => self.reverse = false,
                30..=37 => self.fg = Some(Colour::Indexed(code as u8 - 30)),
                38 => self.fg = extended(&mut numbers).or(self.fg),
                39 => self.fg = None,
                40..=47 => self.bg = Some(Colour::Indexed(code as u8 - 40)),
                48 => self.bg = extended(&mut numbers).or(self.bg),
                49 => self.bg = None,
                90..=97 => self.fg = Some(Colour::Indexed(code as u8 - 90 + 8)),
                100..=107 => self.bg = Some(Colour::Indexed(code as u8 - 100 + 8)),
                _ => {}
            }
        }
    }

    /// What is in force at the end of a line that begins with this.
    #[must_use]
    pub(crate) fn after(mut self, line: &[u8]) -> Self {
        let mut rest = line;
        while let Some(at) = memchr::memchr(0x1b, rest) {
            rest = &rest[at + 1..];
            let sequence = escape::after_escape(rest);
            if sequence.sgr {
                self.apply(&rest[1..sequence.len - 1]);
            }
            rest = &rest[sequence.len..];
        }
        self
    }

    /// The sequence that asks for this and nothing else.
    pub(crate) fn sequence(&self) -> String {
        let attributes = [(self.bold, 1), (self.dim, 2), (self.italic, 3), (self.underline, 4), (self.reverse, 7)];
        let attributes = attributes.into_iter().filter(|(is, _)| *is).map(|(_, code)| format!(";{code}"));
        let colours = [(self.fg, 38), (self.bg, 48)].into_iter().filter_map(|(colour, code)| {
            Some(match colour? {
                Colour::Indexed(index) => format!(";{code};5;{index}"),
                Colour::Rgb(red, green, blue) => format!(";{code};2;{red};{green};{blue}"),
            })
        });
        let numbers: String = attributes.chain(colours).collect();
        format!("\x1b[0{numbers}m")
    }

    /// The style to draw, in which nothing hides.
    pub(super) fn visible(mut self) -> Self {
        // Without both: alone, either could be the colour of the screen.
        if self.fg.is_some() && self.fg == self.bg {
            (self.fg, self.bg) = (None, None);
        }
        self
    }
}

fn number(digits: &[u8]) -> u16 {
    digits.iter().fold(0_u16, |sum, digit| sum.saturating_mul(10).saturating_add(u16::from(digit.wrapping_sub(b'0'))))
}

/// `5;N` or `2;R;G;B` after 38 or 48.
fn extended(numbers: &mut impl Iterator<Item = u16>) -> Option<Colour> {
    let byte = |numbers: &mut dyn Iterator<Item = u16>| numbers.next().and_then(|value| u8::try_from(value).ok());
    match numbers.next()? {
        5 => byte(numbers).map(Colour::Indexed),
        2 => Some(Colour::Rgb(byte(numbers)?, byte(numbers)?, byte(numbers)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(parameters: &str) -> Sgr {
        let mut sgr = Sgr::default();
        sgr.apply(parameters.as_bytes());
        sgr.visible()
    }

    #[test]
    fn parameters_are_understood() {
        assert_eq!(after("1;31"), Sgr { bold: true, fg: Some(Colour::Indexed(1)), ..Sgr::default() });
        assert_eq!(after("38;5;200;4").fg, Some(Colour::Indexed(200)));
        assert!(after("38;5;200;4").underline);
        assert_eq!(after("48;2;1;2;3").bg, Some(Colour::Rgb(1, 2, 3)));
        assert_eq!(after("91").fg, Some(Colour::Indexed(9)));
        assert_eq!(after("1;3;7;22;23;27"), Sgr::default());
        assert_eq!(after("31;"), Sgr::default());
        assert_eq!(after("38;5;999"), Sgr::default());
    }

    #[test]
    fn what_a_line_leaves_in_force_can_be_asked_for_again() {
        let open = Sgr::default().after(b"a\x1b[31mb\x1b[2Jc\x1b]0;x\x07\x1b[1;48;2;1;2;3md\x1b[4");
        assert_eq!((open.fg, open.bold, open.underline), (Some(Colour::Indexed(1)), true, false));
        assert_eq!(Sgr::default().after(open.sequence().as_bytes()), open);
        assert_eq!(open.after(b"\x1b[22;39mx"), Sgr { bg: open.bg, ..Sgr::default() });
        assert_eq!(open.after(b"\x1b[m"), Sgr::default());
        let all = Sgr {
            fg: Some(Colour::Indexed(200)),
            bg: None,
            bold: true,
            dim: true,
            italic: true,
            underline: true,
            reverse: true,
        };
        assert_eq!(open.after(all.sequence().as_bytes()), all);
    }

    #[test]
    fn nothing_hides() {
        assert_eq!(after("8"), Sgr::default());
        assert_eq!(after("31;41"), Sgr::default());
    }
}
