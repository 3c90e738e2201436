//! What a field is compared with.

use std::ops::Range;

use regex::Regex;

use super::Compare;

/// A test of one field's value.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// It is there.
    Exists,
    /// Equal without regard to case.
    Is(String),
    /// A pattern or an expression that matches somewhere.
    Matches(Regex),
    /// A number against a number.
    Number(Compare, Quantity),
    /// From the first to the second, both included.
    Between(Quantity, Quantity),
    /// `5xx`: three digits, of which the first is this one.
    Class(u8),
    /// Does not pass the other, or is not there.
    Not(Box<Test>),
}

impl Test {
    /// Whether the value of a field passes.
    pub(super) fn holds(&self, value: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::Is(wanted) => same(value, wanted),
            Self::Matches(regex) => regex.is_match(value),
            Self::Number(compare, wanted) => {
                Quantity::parse(value).and_then(|found| found.pair(*wanted)).is_some_and(|(a, b)| compare.holds(a, b))
            }
            Self::Between(low, high) => Quantity::parse(value).is_some_and(|found| {
                found.pair(*low).is_some_and(|(a, b)| a >= b) && found.pair(*high).is_some_and(|(a, b)| a <= b)
            }),
            Self::Class(first) => {
                matches!(value.as_bytes(), [digit, rest @ ..] if digit == first && rest.len() == 2 && rest.iter().all(u8::is_ascii_digit))
            }
            Self::Not(test) => !test.holds(value),
        }
    }

    /// Whether a record without the field passes: only what says "not".
    pub(super) fn holds_without(&self) -> bool {
        matches!(self, Self::Not(_) | Self::Number(Compare::NotEqual, _))
    }

    pub(super) fn hits(&self, text: &str) -> Vec<Range<usize>> {
        match self {
            Self::Matches(regex) => {
                regex.find_iter(text).map(|hit| hit.range()).filter(|range| !range.is_empty()).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn same(left: &str, right: &str) -> bool {
    (left.len() == right.len() && left.eq_ignore_ascii_case(right))
        || (!(left.is_ascii() && right.is_ascii()) && left.to_lowercase() == right.to_lowercase())
}

/// What a number counts, where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    None,
    Seconds,
    Bytes,
    Percent,
}

/// A number, perhaps with a unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    written: f64,
    base: f64,
    unit: Unit,
}

/// The number that a text is, in seconds, bytes, per cent or nothing: `250ms` is 0.25 in `s`.
pub(crate) fn number(text: &str) -> Option<(f64, &'static str)> {
    let quantity = Quantity::parse(text)?;
    let unit = match quantity.unit {
        Unit::None => "",
        Unit::Seconds => "s",
        Unit::Bytes => "B",
        Unit::Percent => "%",
    };
    Some((quantity.base, unit))
}

const UNITS: [(&str, Unit, f64); 22] = [
    ("ns", Unit::Seconds, 1e-9),
    ("us", Unit::Seconds, 1e-6),
    ("µs", Unit::Seconds, 1e-6),
    ("ms", Unit::Seconds, 1e-3),
    ("s", Unit::Seconds, 1.0),
    ("sec", Unit::Seconds, 1.0),
    ("m", Unit::Seconds, 60.0),
    ("min", Unit::Seconds, 60.0),
    ("h", Unit::Seconds, 3600.0),
    ("d", Unit::Seconds, 86400.0),
    ("b", Unit::Bytes, 1.0),
    ("kb", Unit::Bytes, 1e3),
    ("mb", Unit::Bytes, 1e6),
    ("gb", Unit::Bytes, 1e9),
    ("tb", Unit::Bytes, 1e12),
    ("kib", Unit::Bytes, 1024.0),
    ("mib", Unit::Bytes, 1_048_576.0),
    ("gib", Unit::Bytes, 1_073_741_824.0),
    ("tib", Unit::Bytes, 1_099_511_627_776.0),
    ("k", Unit::None, 1e3),
    ("%", Unit::Percent, 1.0),
    ("", Unit::None, 1.0),
];

impl Quantity {
    /// Reads `12`, `-1.5e3`, `200ms`, `2MiB`, `5%`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text
            .bytes()
            .enumerate()
            .position(|(at, byte)| {
                let exponent = matches!(byte, b'e' | b'E')
                    && text
                        .as_bytes()
                        .get(at + 1)
                        .is_some_and(|next| next.is_ascii_digit() || matches!(next, b'-' | b'+'));
                !(byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'_') || exponent)
            })
            .unwrap_or(text.len());
        let digits = &text[..end];
        let written: f64 =
            if digits.contains('_') { digits.replace('_', "").parse().ok()? } else { digits.parse().ok()? };
        let word = text[end..].trim();
        let (_, unit, factor) = UNITS.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(word))?;
        Some(Self { written, base: written * factor, unit: *unit })
    }

    /// Both numbers on one scale: in base units where both have a unit of one kind, as written where one has
    /// none (`took=250` is compared with `200ms` as 250 with 200), nothing where the kinds differ. Sizes without a
    /// unit are bytes everywhere.
    fn pair(self, other: Self) -> Option<(f64, f64)> {
        match (self.unit, other.unit) {
            (Unit::None | Unit::Bytes, Unit::Bytes) | (Unit::Bytes, Unit::None) => Some((self.base, other.base)),
            (one, two) if one == two => Some((self.base, other.base)),
            (Unit::None, _) | (_, Unit::None) => Some((self.written, other.written)),
            _ => None,
        }
    }
}
