//! Blocks of objects that are searched for a word before anything is read in them.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use crate::logs::filter::Filter;
use crate::sources::logs::pipeline::{LONGEST, is_object};
use crate::text::every::{is_printable, is_printable_or};

/// A word that every record that passes holds.
pub(super) struct Search {
    word: Regex,
}

impl Search {
    /// The search that a filter allows, if any.
    pub(super) fn for_filter(filter: &Filter) -> Option<Self> {
        let required = filter.required()?;
        if !is_searchable(required.word) {
            return None;
        }
        let word =
            RegexBuilder::new(&regex::escape(required.word)).case_insensitive(true).unicode(false).build().ok()?;
        Some(Self { word })
    }

    /// The lines of `block` that hold the word, without their ends.
    pub(super) fn hits<'a>(&'a self, block: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let hit = self.word.find_at(block, from)?;
            let start = memchr::memrchr(b'\n', &block[..hit.start()]).map_or(0, |at| at + 1);
            let end = memchr::memchr(b'\n', &block[hit.end()..]).map_or(block.len(), |at| hit.end() + at);
            from = (end + 1).min(block.len());
            Some(start..end)
        })
    }
}

/// Whether a record without secrets that holds `word` has it in its line as it was written. What the redaction puts in
/// the place of a secret could be what is looked for.
pub(super) fn is_searchable(word: &str) -> bool {
    !word.contains('*') && is_printable(word.as_bytes())
}

/// How many lines `block` has, where all of them are objects as they will be shown: printable ASCII without escapes,
/// none too long. What is no hit in such a block is no hit in any form.
pub(super) fn objects(block: &[u8]) -> Option<u64> {
    if !is_printable_or(b'\n', block) || memchr::memchr(b'\\', block).is_some() {
        return None;
    }
    let (mut start, mut lines) = (0, 0);
    for end in memchr::memchr_iter(b'\n', block) {
        if end - start > LONGEST || !is_object(&block[start..end]) {
            return None;
        }
        start = end + 1;
        lines += 1;
    }
    Some(lines)
}
