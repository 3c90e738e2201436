//! Colours as numbers: reading them, comparing them, and the nearest one that a terminal has.

use ratatui::style::Color;

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// The sixteen names, in the order of the terminal's palette.
pub(crate) const ANSI_NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// What xterm draws for the sixteen: for pictures, and for finding the nearest. Real terminals differ.
pub(crate) const ANSI_RGB: [Rgb; 16] = [
    Rgb(0, 0, 0),
    Rgb(205, 49, 49),
    Rgb(13, 188, 121),
    Rgb(229, 229, 16),
    Rgb(36, 114, 200),
    Rgb(188, 63, 188),
    Rgb(17, 168, 205),
    Rgb(229, 229, 229),
    Rgb(102, 102, 102),
    Rgb(241, 76, 76),
    Rgb(35, 209, 139),
    Rgb(245, 245, 67),
    Rgb(59, 142, 234),
    Rgb(214, 112, 214),
    Rgb(41, 184, 219),
    Rgb(255, 255, 255),
];

/// The levels of the 6×6×6 cube in the 256-colour palette.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Rgb {
    /// Reads `#rrggbb` or `#rgb`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if !digits.is_ascii() {
            return None;
        }
        let byte = |part: &str| u8::from_str_radix(part, 16).ok();
        match digits.len() {
            6 => Some(Self(byte(&digits[0..2])?, byte(&digits[2..4])?, byte(&digits[4..6])?)),
            3 => {
                let nibble = |at: usize| byte(&digits[at..=at]).map(|value| value * 17);
                Some(Self(nibble(0)?, nibble(1)?, nibble(2)?))
            }
            _ => None,
        }
    }

    /// `#rrggbb`.
    pub(crate) fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// Relative luminance of WCAG 2, 0 (black) to 1 (white).
    pub(crate) fn luminance(self) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Contrast ratio of WCAG 2, 1 (none) to 21.
    pub(crate) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// This colour and another, `share` (0 to 1) of the other.
    #[must_use]
    pub(crate) fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |a: u8, b: u8| (f64::from(a) * (1.0 - share) + f64::from(b) * share).round() as u8;
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }

    /// Distance for finding the nearest: the eye is most sensitive to green, least to blue ("redmean").
    fn distance(self, other: Self) -> i64 {
        let difference = |a: u8, b: u8| i64::from(a) - i64::from(b);
        let mean = i64::midpoint(i64::from(self.0), i64::from(other.0));
        let (r, g, b) = (difference(self.0, other.0), difference(self.1, other.1), difference(self.2, other.2));
        (((512 + mean) * r * r) >> 8) + 4 * g * g + (((767 - mean) * b * b) >> 8)
    }

    /// The nearest of the 240 fixed colours of the 256-colour palette. The first sixteen are left out: people
    /// redefine them.
    pub(crate) fn nearest_256(self) -> u8 {
        (16..=255).min_by_key(|index| self.distance(indexed(*index))).unwrap_or(16)
    }

    /// The nearest of the sixteen.
    pub(crate) fn nearest_16(self) -> u8 {
        (0..16).min_by_key(|index| self.distance(ANSI_RGB[usize::from(*index)])).unwrap_or(7)
    }
}

/// What a number of the 256-colour palette looks like.
pub(crate) fn indexed(index: u8) -> Rgb {
    match index {
        0..=15 => ANSI_RGB[usize::from(index)],
        16..=231 => {
            let index = usize::from(index - 16);
            Rgb(CUBE[index / 36], CUBE[index / 6 % 6], CUBE[index % 6])
        }
        232..=255 => {
            let level = 8 + 10 * (index - 232);
            Rgb(level, level, level)
        }
    }
}

/// One of the sixteen as the style type names it.
pub(crate) fn ansi(index: u8) -> Color {
    match index {
        0 => Color::Black,
        1 => Color::Red,
        2 => Color::Green,
        3 => Color::Yellow,
        4 => Color::Blue,
        5 => Color::Magenta,
        6 => Color::Cyan,
        7 => Color::Gray,
        8 => Color::DarkGray,
        9 => Color::LightRed,
        10 => Color::LightGreen,
        11 => Color::LightYellow,
        12 => Color::LightBlue,
        13 => Color::LightMagenta,
        14 => Color::LightCyan,
        _ => Color::White,
    }
}

/// What a style's colour looks like; `None` for the terminal's own.
pub(crate) fn rgb_of(color: Color) -> Option<Rgb> {
    let index = match color {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some(Rgb(r, g, b)),
        Color::Indexed(index) => index,
        named => (0..16).find(|index| ansi(*index) == named).unwrap_or(7),
    };
    Some(indexed(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_and_written() {
        assert_eq!(Rgb::parse("#d55e00"), Some(Rgb(0xd5, 0x5e, 0)));
        assert_eq!(Rgb::parse("#fa0"), Some(Rgb(0xff, 0xaa, 0)));
        assert_eq!(Rgb::parse("d55e00"), None);
        assert_eq!(Rgb::parse("#d55e0"), None);
        assert_eq!(Rgb::parse("#ééé"), None);
        assert_eq!(Rgb(1, 2, 255).hex(), "#0102ff");
    }

    /// Figures of Okabe and Ito's palette as in WCAG's formula, to one digit.
    #[test]
    fn contrast_is_that_of_wcag() {
        let one_digit = |value: f64| (value * 10.0).round() / 10.0;
        let (black, white) = (Rgb(0, 0, 0), Rgb(255, 255, 255));
        for (hex, on_black, on_white) in
            [("#E69F00", 9.3, 2.3), ("#009E73", 6.1, 3.4), ("#0072B2", 4.0, 5.2), ("#D55E00", 5.4, 3.9)]
        {
            let color = Rgb::parse(hex).unwrap();
            assert!((one_digit(color.contrast(black)) - on_black).abs() < 0.05, "{hex} on black");
            assert!((one_digit(color.contrast(white)) - on_white).abs() < 0.05, "{hex} on white");
        }
        assert!((black.contrast(white) - 21.0).abs() < 0.01);
    }

    #[test]
    fn the_nearest_of_an_exact_colour_is_itself() {
        for index in 16..=255_u8 {
            assert_eq!(indexed(indexed(index).nearest_256()), indexed(index));
        }
        for index in 0..16_u8 {
            assert_eq!(indexed(index).nearest_16(), index);
        }
    }

    #[test]
    fn named_colours_have_numbers() {
        for index in 0..16_u8 {
            assert_eq!(rgb_of(ansi(index)), Some(indexed(index)));
        }
        assert_eq!(rgb_of(Color::Reset), None);
    }
}
