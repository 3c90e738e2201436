//! Characters that are written as others, so that they can stand where they could not stand themselves: one at a time.

use memchr::memchr;
use std::fmt::Write as _;

/// What an escape stands for, and how many bytes it takes where it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Undone {
    bytes: [u8; 4],
    length: u8,
    /// Bytes that it takes as written.
    pub written: usize,
}

impl Undone {
    fn byte(byte: u8, written: usize) -> Self {
        Self { bytes: [byte, 0, 0, 0], length: 1, written }
    }

    fn char(c: char, written: usize) -> Self {
        let mut bytes = [0; 4];
        let length = c.encode_utf8(&mut bytes).len() as u8;
        Self { bytes, length, written }
    }

    /// Something that is not seen.
    pub(super) const fn nothing(written: usize) -> Self {
        Self { bytes: [0; 4], length: 0, written }
    }

    /// What it stands for, in UTF-8; a byte of it where each byte is written by itself.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// The escape with a backslash that `text` begins with, as JSON has them and, beyond it, `\xXX`. What no escape is known
/// for stands for itself without its backslash; `None` where the backslash itself stays.
pub(crate) fn backslash(text: &[u8]) -> Option<Undone> {
    Some(match *text.get(1)? {
        b'n' => Undone::byte(b'\n', 2),
        b't' => Undone::byte(b'\t', 2),
        b'r' => Undone::byte(b'\r', 2),
        b'b' => Undone::byte(8, 2),
        b'f' => Undone::byte(12, 2),
        b'u' => unit(text)?,
        b'x' => hex(text, 2, 2).map_or(Undone::byte(b'x', 2), |byte| Undone::byte(byte as u8, 4)),
        other => Undone::byte(other, 2),
    })
}

/// `\u` and four hex digits, or the pair of them that a character beyond those takes.
fn unit(text: &[u8]) -> Option<Undone> {
    let high = hex(text, 2, 4)?;
    if (0xd800..0xdc00).contains(&high)
        && text[6..].starts_with(b"\\u")
        && let Some(low) = hex(text, 8, 4).filter(|low| (0xdc00..0xe000).contains(low))
    {
        let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        return Some(Undone::char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12));
    }
    Some(Undone::char(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
}

/// The `%XX` that `text` begins with.
pub(crate) fn percent(text: &[u8]) -> Option<Undone> {
    hex(text, 1, 2).map(|byte| Undone::byte(byte as u8, 3))
}

/// As [`percent`], and the `+` for a space that forms write.
pub(crate) fn form(text: &[u8]) -> Option<Undone> {
    if text[0] == b'+' { Some(Undone::byte(b' ', 1)) } else { percent(text) }
}

/// Longest reference to a character that is read, without `&` and `;`: `#x10FFFF` with some zeros in front.
const LONGEST_REFERENCE: usize = 12;

/// The `&name;` or `&#number;` that `text` begins with.
pub(crate) fn html(text: &[u8]) -> Option<Undone> {
    let end = memchr(b';', &text[1..text.len().min(LONGEST_REFERENCE + 2)])?;
    let name = std::str::from_utf8(&text[1..=end]).ok()?;
    let named = || {
        let names = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];
        names.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, c)| *c)
    };
    let c = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(number) => u32::from_str_radix(number, 16).ok().and_then(char::from_u32),
            None => number.parse().ok().and_then(char::from_u32),
        },
        None => named(),
    };
    c.map(|c| Undone::char(c, end + 2))
}

/// Bytes as hexadecimal digits, in small letters.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The bytes that hexadecimal digits stand for, in letters of either size; `None`: it is something else.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let byte = |pair: &[u8]| hex(pair, 0, 2).map(|byte| byte as u8);
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(byte).collect()).flatten()
}

/// The number that `digits` hexadecimal digits at `at` make.
fn hex(text: &[u8], at: usize, digits: usize) -> Option<u32> {
    text.get(at..at + digits)?.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stand_for_what_programs_mean_by_them() {
        let read = |coding: fn(&[u8]) -> Option<Undone>, text: &str| {
            coding(text.as_bytes()).map(|undone| (String::from_utf8_lossy(undone.bytes()).into_owned(), undone.written))
        };
        for (coding, text, want) in [
            (backslash as fn(&[u8]) -> Option<Undone>, r"\u0026x", Some(("&", 6))),
            (backslash, r"\u00E9", Some(("é", 6))),
            (backslash, r"\ud83d\ude00", Some(("😀", 12))),
            (backslash, r"\ud83d\u0041", Some(("\u{fffd}", 6))),
            (backslash, r"\/", Some(("/", 2))),
            (backslash, r"\x41", Some(("A", 4))),
            (backslash, r"\xg", Some(("x", 2))),
            (backslash, r"\u12", None),
            (backslash, r"\", None),
            (percent, "%2f", Some(("/", 3))),
            (percent, "%2", None),
            (form, "+", Some((" ", 1))),
            (html, "&AMP;", Some(("&", 5))),
            (html, "&#38;", Some(("&", 5))),
            (html, "&#x1F600;", Some(("😀", 9))),
            (html, "&b=1&c=2;", None),
            (html, "&;", None),
            (html, "&", None),
        ] {
            assert_eq!(
                read(coding, text),
                want.map(|(stands_for, written)| (stands_for.to_owned(), written)),
                "{text}"
            );
        }
    }

    #[test]
    fn bytes_are_had_back_from_their_digits_and_nothing_else_is() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
        assert_eq!((from_hex(""), from_hex("0aF0")), (Some(Vec::new()), Some(vec![0x0a, 0xf0])));
        for text in ["0", "0g", "+1", " 1", "ab\u{e9}", "0x12"] {
            assert_eq!(from_hex(text), None, "{text}");
        }
    }
}
