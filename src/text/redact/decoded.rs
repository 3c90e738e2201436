//! A text with what is encoded in it undone, which knows where each of its bytes was written.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2};

use super::MASK;
use crate::text::coding::{self, Undone};
use crate::text::is_hidden;

/// A text that stands for another.
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

/// A part of it.
struct Piece {
    /// Where it begins.
    at: usize,
    /// Where it is written.
    from: usize,
    /// As how many bytes; `None` where it is written as it is.
    written: Option<usize>,
}

impl Decoded {
    /// Where a range, which is not empty, is written.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let piece = |at: usize| {
            let piece = &self.pieces[self.pieces.partition_point(|piece| piece.at <= at) - 1];
            match piece.written {
                Some(written) => piece.from..piece.from + written,
                None => piece.from + (at - piece.at)..piece.from + (at - piece.at) + 1,
            }
        };
        piece(range.start).start..piece(range.end - 1).end
    }

    /// The text with a mask in the place of each of these ranges, which are in order and apart.
    pub(super) fn masked(text: &[u8], ranges: &[Range<usize>]) -> Self {
        let mut decoding = Decoding::new(text);
        for range in ranges {
            decoding.put(range.clone(), MASK.as_bytes());
        }
        decoding.finish()
    }
}

/// A text that is being decoded.
struct Decoding<'a> {
    text: &'a [u8],
    read: usize,
    done: Decoded,
}

impl<'a> Decoding<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, read: 0, done: Decoded { bytes: Vec::with_capacity(text.len()), pieces: Vec::new() } }
    }

    fn keep(&mut self, upto: usize) {
        if upto > self.read {
            self.done.pieces.push(Piece { at: self.done.bytes.len(), from: self.read, written: None });
            self.done.bytes.extend_from_slice(&self.text[self.read..upto]);
            self.read = upto;
        }
    }

    /// What stands before `range` as it is, and `bytes` in the place of `range`.
    fn put(&mut self, range: Range<usize>, bytes: &[u8]) {
        self.keep(range.start);
        if !bytes.is_empty() {
            let piece = Piece { at: self.done.bytes.len(), from: range.start, written: Some(range.len()) };
            self.done.pieces.push(piece);
            self.done.bytes.extend_from_slice(bytes);
        }
        self.read = range.end;
    }

    fn finish(mut self) -> Decoded {
        self.keep(self.text.len());
        self.done
    }
}

/// A way of writing characters as others.
#[derive(Clone, Copy)]
pub(super) enum Coding {
    /// With backslashes, as in JSON.
    Backslash,
    /// As in addresses.
    Percent,
    /// As in forms: `+` is a space.
    Form,
    Html,
    /// As the journal exports what is not plain text: a list of the numbers of its bytes.
    Numbers,
    /// With what is not seen in between: colours, control characters, characters without width.
    Hidden,
}

impl Coding {
    pub(super) const ALL: [Self; 6] =
        [Self::Backslash, Self::Percent, Self::Form, Self::Html, Self::Numbers, Self::Hidden];

    /// Whether any coding but [`Coding::Numbers`] may be in a text that is written as it came.
    pub(super) fn may_be_in(text: &[u8]) -> bool {
        memchr::memchr3(b'\\', b'%', b'&', text).is_some()
    }

    /// The text without this coding; `None` where it has none of it.
    pub(super) fn undo(self, text: &[u8]) -> Option<Decoded> {
        match self {
            Self::Backslash => undo(text, |rest| memchr(b'\\', rest), coding::backslash),
            Self::Percent => undo(text, |rest| memchr(b'%', rest), coding::percent),
            Self::Form => {
                memchr(b'+', text)?;
                undo(text, |rest| memchr2(b'%', b'+', rest), coding::form)
            }
            Self::Html => undo(text, |rest| memchr(b'&', rest), coding::html),
            Self::Numbers => numbers(text),
            Self::Hidden => undo(text, |rest| rest.iter().position(|byte| may_hide(*byte)), hidden),
        }
    }
}

fn undo(text: &[u8], next: impl Fn(&[u8]) -> Option<usize>, read: impl Fn(&[u8]) -> Option<Undone>) -> Option<Decoded> {
    let mut decoding: Option<Decoding<'_>> = None;
    let mut at = 0;
    while let Some(found) = next(&text[at..]) {
        at += found;
        let Some(undone) = read(&text[at..]) else {
            at += 1;
            continue;
        };
        let decoding = decoding.get_or_insert_with(|| Decoding::new(text));
        decoding.put(at..at + undone.written, undone.bytes());
        at += undone.written;
    }
    decoding.map(Decoding::finish)
}

/// Lists of bytes, each number in its place.
fn numbers(text: &[u8]) -> Option<Decoded> {
    let mut decoding: Option<Decoding<'_>> = None;
    let mut from = 0;
    for open in memchr_iter(b'[', text) {
        if open < from {
            continue;
        }
        let Some(close) = memchr(b']', &text[open..]).map(|length| open + length) else { break };
        let Some(list) = bytes_of(&text[open + 1..close]) else { continue };
        let decoding = decoding.get_or_insert_with(|| Decoding::new(text));
        for (range, byte) in list {
            decoding.put(open + 1 + range.start..open + 1 + range.end, &[byte]);
            // The comma and the spaces around it are no part of the text.
            decoding.read = open + 1 + range.end + separator(&text[open + 1 + range.end..]);
        }
        from = close;
    }
    decoding.map(Decoding::finish)
}

fn separator(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b',' | b' ' | b'\t')).count()
}

/// The numbers of a list and where they are; `None` where one is no byte.
fn bytes_of(inner: &[u8]) -> Option<Vec<(Range<usize>, u8)>> {
    let mut start = 0;
    inner
        .split(|byte| *byte == b',')
        .map(|number| {
            let digits = number.trim_ascii();
            let begin = start + (number.len() - number.trim_ascii_start().len());
            start += number.len() + 1;
            let byte = std::str::from_utf8(digits).ok()?.parse().ok()?;
            Some((begin..begin + digits.len(), byte))
        })
        .collect()
}

fn may_hide(byte: u8) -> bool {
    !matches!(byte, b'\t' | b'\n' | b' '..=b'~')
}

/// What `text` begins with and does not show.
fn hidden(text: &[u8]) -> Option<Undone> {
    match text[0] {
        0x1b => Some(Undone::nothing(sequence(text))),
        0..=0x1f | 0x7f => Some(Undone::nothing(1)),
        _ => {
            let c = text[..text.len().min(4)].utf8_chunks().next()?.valid().chars().next()?;
            (is_hidden(c) || c.is_control()).then(|| Undone::nothing(c.len_utf8()))
        }
    }
}

/// How long the escape sequence is that `text` begins with.
fn sequence(text: &[u8]) -> usize {
    let ends = |byte: &u8| match text.get(1) {
        Some(b'[') => matches!(byte, b'@'..=b'~'),
        _ => matches!(byte, 7 | b'\\'),
    };
    match text.get(1) {
        Some(b'[' | b']') => text[2..].iter().position(ends).map_or(2, |end| end + 3),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(coding: Coding, text: &str) -> Option<String> {
        coding.undo(text.as_bytes()).map(|decoded| String::from_utf8(decoded.bytes).expect("text"))
    }

    #[test]
    fn a_place_is_that_of_the_whole_escape() {
        let decoded = Coding::Backslash.undo(br"a\u0026b\/c").expect("escapes");
        assert_eq!(decoded.bytes, b"a&b/c");
        for (range, want) in [(0..1, 0..1), (1..2, 1..7), (0..3, 0..8), (2..4, 7..10), (3..5, 8..11)] {
            assert_eq!(decoded.origin(&range), want);
        }
        let masked = Decoded::masked(b"abcdef", std::slice::from_ref(&(1..3)));
        assert_eq!((&*masked.bytes, masked.origin(&(3..5))), (&b"a***def"[..], 1..4));
    }

    #[test]
    fn lists_of_bytes_are_text() {
        assert_eq!(
            undone(Coding::Numbers, r#"{"a":[104,105],"b":[1, 300]}"#).as_deref(),
            Some(r#"{"a":[hi],"b":[1, 300]}"#)
        );
        assert_eq!(undone(Coding::Numbers, r"[] [a] ["), None);
        let decoded = Coding::Numbers.undo(b"[104, 105,33]").expect("a list");
        assert_eq!(decoded.origin(&(1..4)), 1..12);
    }

    #[test]
    fn what_is_not_seen_is_left_out() {
        for text in ["sw\u{1b}[31mord", "sw\0ord", "sw\u{200b}ord", "sw\u{1b}]0;x\u{7}ord"] {
            assert_eq!(undone(Coding::Hidden, text).as_deref(), Some("sword"));
        }
        assert_eq!(undone(Coding::Hidden, "plain é\n"), None);
    }
}
