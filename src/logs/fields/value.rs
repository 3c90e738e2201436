//! A value as the line writes it.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::text::coding;

/// A value as it is written in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldValue<'a> {
    pub(super) written: &'a str,
    kind: Kind,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As it is.
    Plain,
    Escaped,
    /// As a list of the numbers of its bytes, which is how the journal exports what is not plain text.
    Bytes,
    /// As the JSON word `null`: there is no value, or it is not exported.
    Null,
}

impl<'a> FieldValue<'a> {
    /// A value without escapes.
    pub(crate) const fn plain(written: &'a str) -> Self {
        Self { written, kind: Kind::Plain }
    }

    /// A word of JSON that is no text: a number, `true`, `null`.
    pub(super) fn literal(written: &'a str) -> Self {
        Self { written, kind: if written == "null" { Kind::Null } else { Kind::Plain } }
    }

    /// A list or an object as JSON writes it. A list of bytes stands for its text where `exported`.
    pub(super) fn nested(written: &'a str, exported: bool) -> Self {
        let is_bytes = exported && bytes(written).is_some();
        Self { written, kind: if is_bytes { Kind::Bytes } else { Kind::Plain } }
    }

    /// Whether it is the word `null`, not the text.
    pub(crate) fn is_null(self) -> bool {
        self.kind == Kind::Null
    }

    /// The value where it has no escapes.
    pub(crate) fn as_written(self) -> Option<&'a str> {
        matches!(self.kind, Kind::Plain | Kind::Null).then_some(self.written)
    }

    /// The value with its escapes undone; borrowed where it has none.
    #[inline]
    pub fn text(self) -> Cow<'a, str> {
        match self.kind {
            Kind::Plain | Kind::Null => Cow::Borrowed(self.written),
            Kind::Escaped => Cow::Owned(unescape(self.written)),
            Kind::Bytes => match bytes(self.written) {
                Some(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
                None => Cow::Borrowed(self.written),
            },
        }
    }
}

/// `[104,105]`: the bytes; `None` for any other list and for an empty one.
fn bytes(written: &str) -> Option<Vec<u8>> {
    let inner = written.strip_prefix('[')?.strip_suffix(']')?;
    inner.split(',').map(|number| number.trim_ascii().parse::<u8>().ok()).collect()
}

/// Bytes of a string that are looked at by words.
const NEAR: usize = 32;

/// Reads up to the closing quote: the value, the bytes consumed with the quote, and whether there was one.
#[inline]
pub(super) fn quoted(text: &str) -> (FieldValue<'_>, usize, bool) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut escaped = false;
    while let Some(found) = next_stop(&bytes[at..]) {
        at += found;
        if bytes[at] == b'"' {
            let kind = if escaped { Kind::Escaped } else { Kind::Plain };
            return (FieldValue { written: &text[..at], kind }, at + 1, true);
        }
        escaped = true;
        at += 2;
        if at > bytes.len() {
            break;
        }
    }
    (FieldValue { written: text, kind: if escaped { Kind::Escaped } else { Kind::Plain } }, text.len(), false)
}

/// The next quote or backslash. Most names and values are so short that calling the vectorised search costs more than
/// looking at eight bytes at a time.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call of it costs more than it does, and a small binary inlines little")]
fn next_stop(bytes: &[u8]) -> Option<usize> {
    let (words, _) = bytes[..bytes.len().min(NEAR)].as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let stops = zeros(word ^ u64::from_le_bytes([b'"'; 8])) | zeros(word ^ u64::from_le_bytes([b'\\'; 8]));
        if stops != 0 {
            return Some(index * 8 + stops.trailing_zeros() as usize / 8);
        }
    }
    let far = words.len() * 8;
    memchr2(b'"', b'\\', &bytes[far..]).map(|at| far + at)
}

/// One in each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// The highest bit of each byte that is zero, exact up to the first of them: what is above it may be said to be zero
/// too, for the borrow of the subtraction.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call of it costs more than it does, and a small binary inlines little")]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(EACH) & !word & (EACH << 7)
}

fn unescape(written: &str) -> String {
    let mut out = Vec::with_capacity(written.len());
    let mut rest = written.as_bytes();
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let taken = if let Some(undone) = coding::backslash(rest) {
            out.extend_from_slice(undone.bytes());
            undone.written
        } else {
            out.push(b'\\');
            1
        };
        rest = &rest[taken..];
    }
    out.extend_from_slice(rest);
    // Web servers write the bytes of a character one by one, also some that make none.
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_find_the_stop_that_bytes_find(
            bytes in prop::collection::vec(prop_oneof![6 => b'!'..=b'#', 1 => Just(b'\\'), 2 => b'['..=b']', 9 => any::<u8>()], 0..70),
        ) {
            let first = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(next_stop(&bytes), first);
            let calm: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'"' | b'\\')).collect();
            prop_assert_eq!(next_stop(&calm), None);
        }
    }
}
