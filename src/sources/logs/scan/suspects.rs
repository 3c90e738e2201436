//! Places in a file that may make a record pass where one word decides it.

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::block::is_searchable;
use crate::logs::filter::Filter;
use crate::sources::logs::pipeline::LONGEST;
use crate::text::every::{Unusual, is_printable};

/// Bytes that are looked at before the strange one among them is looked for.
const STRIDE: usize = 4 << 10;

/// What each line of a container runtime holds, in the name of its stream. The pieces of one line may hold parts of
/// the word.
const CONTAINER: &str = "std";

/// What stands before a message that the journal exported as a list of its bytes.
const EXPORTED: &str = "\"MESSAGE\":[";

/// Finds the lines without which no record can pass. All others are short, printable ASCII and tabs as they were
/// written, were written by no container runtime, and don't hold the word.
#[derive(Clone)]
pub(super) struct Suspicion {
    expression: Regex,
    container: Finder<'static>,
}

impl Suspicion {
    /// The one for a filter that a word decides, if it is such a filter.
    pub(super) fn for_filter(filter: &Filter) -> Option<Self> {
        let word = filter.required().filter(|required| required.suffices && is_searchable(required.word))?.word;
        // A tab is shown as blanks.
        let tab = if word.contains(' ') { r"|\t" } else { "" };
        let (word, exported) = (regex::escape(word), regex::escape(EXPORTED));
        let expression = Regex::new(&format!("(?-u)(?i:{word})|{CONTAINER}|{exported}{tab}")).ok()?;
        Some(Self { expression, container: Finder::new(CONTAINER) })
    }

    /// The suspicious places of `block`, whose first strange byte is at `strange`.
    pub(super) fn places<'a>(&'a self, block: &'a [u8], strange: Option<usize>) -> Places<'a> {
        Places { suspicion: self, block, hit: Some(0), strange, long: Some(0) }
    }

    /// Whether `line`, which is suspicious, is so for the word and nothing else. It may be known to be plain.
    pub(super) fn is_hit(&self, line: &[u8], plain: bool) -> bool {
        let as_written = if plain {
            memchr::memchr(b'\t', line).is_none()
        } else {
            is_printable(line) && memchr::memchr(b'\\', line).is_none()
        };
        as_written
            && line.len() <= LONGEST
            && self.container.find(line).is_none()
            && memchr::memmem::find(line, EXPORTED.as_bytes()).is_none()
    }
}

/// The suspicious places of a block, in order.
pub(super) struct Places<'a> {
    suspicion: &'a Suspicion,
    block: &'a [u8],
    /// Within or before the next one that the expression finds; `None` where there are no more.
    hit: Option<usize>,
    /// At or before the next byte that is strange.
    strange: Option<usize>,
    /// At or before the next line that is too long to be shown whole: it will be shown with a mark, which could hold
    /// the word.
    long: Option<usize>,
}

impl Places<'_> {
    /// The first place that is not before `from`, where a line begins.
    pub(super) fn next(&mut self, from: usize) -> Option<usize> {
        if self.hit.is_some_and(|hit| hit <= from) {
            self.hit = self.suspicion.expression.shortest_match_at(self.block, from).map(|end| end - 1);
        }
        if self.strange.is_some_and(|strange| strange <= from) {
            self.strange = strange_after(self.block, from);
        }
        if self.long.is_some_and(|long| long <= from) {
            self.long = long_after(self.block, from);
        }
        [self.hit, self.strange, self.long].into_iter().flatten().min()
    }
}

/// The first byte at `from` or later that may become something else when it is shown, or begins an escape of JSON:
/// no printable ASCII, tab or line feed.
pub(super) fn strange_after(block: &[u8], from: usize) -> Option<usize> {
    let is_strange = |byte: &u8| *byte != b'\t' && MAY_BE_STRANGE.is(*byte);
    let mut at = from;
    for stride in block[from..].chunks(STRIDE) {
        if MAY_BE_STRANGE.is_in(stride)
            && let Some(found) = stride.iter().position(is_strange)
        {
            return Some(at + found);
        }
        at += stride.len();
    }
    None
}

/// What is strange, and tabs: those are rare, and it is faster not to ask for them.
const MAY_BE_STRANGE: Unusual = Unusual { but: b'\n', and: b'\\' };

/// The first line at `from` or later that is longer than [`LONGEST`]. A line begins at `from`.
fn long_after(block: &[u8], from: usize) -> Option<usize> {
    let mut start = from;
    while block.len() - start > LONGEST {
        match memchr::memrchr(b'\n', &block[start..=start + LONGEST]) {
            Some(end) => start += end + 1,
            None => return Some(start),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_may_become_something_else_is_strange() {
        for byte in 0..=u8::MAX {
            let plain = byte == b'\n' || byte == b'\t' || (is_printable(&[byte]) && byte != b'\\');
            for before in ["", "\t", &"a line\n".repeat(STRIDE)] {
                let block = [before.as_bytes(), &[byte], b" and so on"].concat();
                assert_eq!(strange_after(&block, 0), (!plain).then_some(before.len()), "{byte}");
            }
        }
    }
}
