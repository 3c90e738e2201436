//! Many lines in one piece of memory.

use std::sync::Arc;

use memchr::memchr;

use super::every::is_printable_or;
use super::{MAX_LINE, SafeText};

/// Printable lines that hold one piece of memory together: an allocation for all of them, and not one for each. Whoever
/// keeps one of them keeps all, at most [`MAX_LINE`] bytes.
#[derive(Debug, Clone)]
pub(crate) struct PrintableLines(Arc<str>);

impl PrintableLines {
    /// Copies `raw`, lines with line feeds between them and behind the last; `None` where it has anything but
    /// printable ASCII and line feeds, or is longer than [`MAX_LINE`].
    pub(crate) fn new(raw: &[u8]) -> Option<Self> {
        if raw.len() > MAX_LINE || !is_printable_or(b'\n', raw) {
            return None;
        }
        std::str::from_utf8(raw).ok().map(|text| Self(Arc::from(text)))
    }

    /// Each line, without its line feed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = SafeText> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let rest = self.0.as_bytes().get(start..).filter(|rest| !rest.is_empty())?;
            let len = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = SafeText { whole: Arc::clone(&self.0), start: start as u32, len: len as u32 };
            start += len + 1;
            Some(line)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Bound, printable};
    use super::*;

    #[test]
    fn lines_share_memory() {
        let block = PrintableLines::new(b"one\n\ntwo\n").unwrap();
        let lines: Vec<SafeText> = block.iter().collect();
        assert_eq!(lines, ["one", "", "two"]);
        assert!(lines[0].shares_memory_with(&lines[2]));
    }

    #[test]
    fn what_must_be_made_safe_is_no_block() {
        for raw in [&b"a\x1b[31mb\n"[..], b"a\tb\n", b"\xc3\xb6\n", b"a\r\n", b"\x7f\n", &[b'x'; MAX_LINE + 1]] {
            assert!(PrintableLines::new(raw).is_none(), "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn a_block_is_its_lines(raw in prop::collection::vec(prop_oneof![8 => 0x20_u8..0x7f, 2 => Just(b'\n'), 1 => any::<u8>()], 0..80)) {
            let lines: Option<Vec<SafeText>> =
                raw.strip_suffix(b"\n").unwrap_or(&raw).split(|byte| *byte == b'\n').map(|line| printable(line, Bound::Line)).collect();
            let block = PrintableLines::new(&raw).map(|block| block.iter().collect::<Vec<_>>());
            // No bytes at all are one empty line to `split`, and none to a block.
            prop_assert_eq!(block, if raw.is_empty() { Some(Vec::new()) } else { lines });
        }
    }
}
