//! From bytes to lines.

pub mod archive;
pub mod encoding;

use memchr::memchr;

use crate::text::MAX_RECORD;

/// What is kept of one line; the rest is counted.
pub const MAX_LINE: usize = MAX_RECORD;
/// Fewer NUL bytes are no hole that is worth a word.
const HOLE: usize = 64;
/// Memory that a splitter keeps for the next line.
const KEPT: usize = 16 << 10;

/// Splits a stream of bytes at line feeds. What has no end yet is held, up to [`MAX_LINE`].
#[derive(Debug, Default)]
pub struct LineSplitter {
    held: Vec<u8>,
    cut: u64,
    /// NUL bytes of holes that were left out.
    hollow: u64,
}

impl LineSplitter {
    /// Takes the next bytes and calls `line` with each whole line (without its line feed) and the bytes that were
    /// cut from it.
    pub fn feed(&mut self, mut chunk: &[u8], mut line: impl FnMut(&[u8], u64)) {
        while let Some(end) = memchr(b'\n', chunk) {
            if self.is_between_lines() {
                let whole = self.without_hole(&chunk[..end]);
                let kept = whole.len().min(MAX_LINE);
                line(&whole[..kept], (whole.len() - kept) as u64);
            } else {
                self.hold(&chunk[..end]);
                line(&self.held, self.cut);
                self.held.clear();
                self.cut = 0;
            }
            chunk = &chunk[end + 1..];
        }
        self.hold(chunk);
        // One huge line must not keep its memory for ever.
        if self.held.is_empty() && self.held.capacity() > KEPT {
            self.held = Vec::new();
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        let bytes = if self.is_between_lines() { self.without_hole(bytes) } else { bytes };
        let room = (MAX_LINE - self.held.len()).min(bytes.len());
        self.held.extend_from_slice(&bytes[..room]);
        self.cut += (bytes.len() - room) as u64;
    }

    /// Whether the next byte begins a line.
    pub(crate) fn is_between_lines(&self) -> bool {
        self.held.is_empty() && self.cut == 0
    }

    /// What is held without its end, and what was cut from it; `None` where nothing is.
    pub(crate) fn partial(&self) -> Option<(&[u8], u64)> {
        (!self.held.is_empty()).then_some((&*self.held, self.cut))
    }

    /// Takes what is held: the writer will not end it any more.
    pub fn next_line(&mut self) -> Option<(Vec<u8>, u64)> {
        let cut = std::mem::take(&mut self.cut);
        let mut held = std::mem::take(&mut self.held);
        if cut == 0 {
            held.truncate(written(&held));
        }
        (!held.is_empty()).then_some((held, cut))
    }

    /// NUL bytes of holes that were left out since the last call.
    pub(crate) fn take_hollow(&mut self) -> u64 {
        std::mem::take(&mut self.hollow)
    }

    /// A line that begins with NUL bytes follows a hole in the file, which a writer leaves that goes on at its old place
    /// after the file was truncated.
    fn without_hole<'a>(&mut self, line: &'a [u8]) -> &'a [u8] {
        if line.first() != Some(&0) {
            return line;
        }
        let hole = line.iter().position(|byte| *byte != 0).unwrap_or(line.len());
        if hole >= HOLE {
            self.hollow += hole as u64;
        }
        &line[hole..]
    }
}

/// How many of these bytes are before the NUL bytes at their end: room that a writer has made and not filled yet.
pub(crate) fn written(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)
}

/// The beginning of a file without its holes: NUL bytes where a line would begin, and those at the end.
pub(crate) fn without_holes(start: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(start.len());
    let mut hole = true;
    for byte in &start[..written(start)] {
        hole = *byte == b'\n' || (hole && *byte == 0);
        if *byte != 0 || !hole {
            text.push(*byte);
        }
    }
    text
}

/// Whether the beginning of a file looks like no text: nearly a third of it are NUL and control characters.
pub(crate) fn is_binary(start: &[u8]) -> bool {
    let strange = start.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    strange * 10 > start.len() * 3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A line and what was cut from it.
    type Line = (Vec<u8>, u64);

    fn split(chunks: &[&[u8]]) -> (Vec<Line>, Option<Line>) {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for chunk in chunks {
            splitter.feed(chunk, |line, cut| lines.push((line.to_vec(), cut)));
        }
        (lines, splitter.next_line())
    }

    #[test]
    fn a_huge_line_is_cut_and_counted() {
        let huge = vec![b'x'; 3 * MAX_LINE];
        let (lines, held) = split(&[&huge, &huge, b"\nnext\n"]);
        assert_eq!(lines[0].0.len(), MAX_LINE);
        assert_eq!(lines[0].1, 5 * MAX_LINE as u64);
        assert_eq!(lines[1], (b"next".to_vec(), 0));
        assert_eq!(held, None);
    }

    #[test]
    fn a_hole_is_no_text() {
        let (lines, held) = split(&[b"\0\0\0\0", b"\0\0after\n\0\0"]);
        assert_eq!(lines, [(b"after".to_vec(), 0)]);
        assert_eq!(held, None);
    }

    #[test]
    fn a_hole_is_counted_where_it_is_one_and_its_end_is_not_written_yet() {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for chunk in [&[0; 100][..], &[0; 50], b"one\n\0two\nthree", &[0; 30]] {
            splitter.feed(chunk, |line, _| lines.push(line.to_vec()));
        }
        assert_eq!(lines, [b"one", b"two"]);
        assert_eq!(splitter.next_line(), Some((b"three".to_vec(), 0)));
        assert_eq!((splitter.take_hollow(), splitter.take_hollow()), (100, 0));
        assert_eq!(without_holes(b"\0\0one\n\0\0two\0x\nthree\0\0"), b"one\ntwo\0x\nthree");
    }

    #[test]
    fn what_is_binary() {
        assert!(is_binary(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0"));
        assert!(is_binary(&[0; 100]));
        assert!(!is_binary(b"2026 \x1b[31mERROR\x1b[0m\tz\xc3\xb6\r\n"));
        assert!(!is_binary(b""));
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_the_bytes_arrive(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), 1_u8..=255], 0..200),
            cuts in prop::collection::vec(0_usize..200, 0..5),
        ) {
            let mut places: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
            places.sort_unstable();
            let chunks: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let (lines, held) = split(&chunks);
            let mut expected: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let last = expected.pop().unwrap_or_default();
            prop_assert_eq!(lines.into_iter().map(|line| line.0).collect::<Vec<_>>(), expected);
            prop_assert_eq!(held.map(|held| held.0).unwrap_or_default(), last);
        }
    }
}
