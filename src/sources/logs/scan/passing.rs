//! Counting the records that pass, where one word decides it, without making records of the others.
//!
//! Only what is suspicious is looked at. An object is a record, and so is a line of text between two lines that surely
//! begin records. Everything else that is suspicious goes through the pipeline, from the line before it that surely
//! begins a record to the next such line, so that the record comes out as it is.

use super::Gather;
use super::part::Part;
use super::suspects::{Suspicion, strange_after};
use crate::sources::logs::pipeline::{Pipeline, is_object};

/// Whole lines, and whether nothing in them is strange.
#[derive(Clone, Copy)]
struct Block<'a> {
    bytes: &'a [u8],
    plain: bool,
}

impl<G: Gather> Part<'_, G> {
    /// Takes a block of whole lines, but for those of its last record, unless the block is the `last` or all one
    /// record. Returns how many bytes were left.
    pub(super) fn passing(&mut self, suspicion: &Suspicion, bytes: &[u8], last: bool) -> usize {
        let strange = strange_after(bytes, 0);
        let block = Block { bytes, plain: strange.is_none() };
        let mut at = 0;
        if self.is_open {
            at = beginning_after(&self.pipeline, block, 0, bytes.len());
            self.slow(&bytes[..at]);
            if at == bytes.len() {
                return 0;
            }
            self.drain(true);
        }
        let end = beginning_before(&self.pipeline, block, bytes.len(), at);
        let mut places = suspicion.places(&bytes[..end], strange.filter(|at| *at < end));
        while let Some(place) = places.next(at) {
            let start = line_start(bytes, place);
            if let Some(next) = self.passes_alone(suspicion, block, start, at) {
                self.gather.count_one();
                at = next;
                continue;
            }
            let from = beginning_before(&self.pipeline, block, line_end(bytes, start), at);
            at = beginning_after(&self.pipeline, block, start, end);
            self.slow(&bytes[from..at]);
            self.drain(true);
        }
        if end > 0 && !last {
            return bytes.len() - end;
        }
        self.slow(&bytes[end..]);
        0
    }

    /// Where the next record begins, if the suspicious line at `start` is a record that surely passes; a record begins
    /// at `known`.
    fn passes_alone(&self, suspicion: &Suspicion, block: Block<'_>, start: usize, known: usize) -> Option<usize> {
        let next = line_end(block.bytes, start);
        let line = &block.bytes[start..next - 1];
        let passes = suspicion.is_hit(line, block.plain)
            && self.pipeline.is_unredacted(line)
            && (is_object(line)
                || (start == known || begins(&self.pipeline, block, start))
                    && next < block.bytes.len()
                    && begins(&self.pipeline, block, next));
        passes.then_some(next)
    }
}

/// Whether the line at `start` surely begins a record.
fn begins(pipeline: &Pipeline, block: Block<'_>, start: usize) -> bool {
    let Block { bytes, plain } = block;
    let before = start.checked_sub(1).map(|end| &bytes[line_start(bytes, end)..end]);
    pipeline.begins(before, &bytes[start..line_end(bytes, start) - 1], plain)
}

/// The beginning of the last line that begins before `end` and surely begins a record; `bound` where there is none
/// behind that.
fn beginning_before(pipeline: &Pipeline, block: Block<'_>, end: usize, bound: usize) -> usize {
    let mut start = end;
    while start > bound {
        start = line_start(block.bytes, start - 1);
        if begins(pipeline, block, start) {
            break;
        }
    }
    start
}

/// The beginning of the first line behind that at `start` that surely begins a record; `end` where there is none
/// before that.
fn beginning_after(pipeline: &Pipeline, block: Block<'_>, mut start: usize, end: usize) -> usize {
    while start < end {
        start = line_end(block.bytes, start);
        if start >= end || begins(pipeline, block, start) {
            return start;
        }
    }
    end
}

/// Where the line that holds `place` begins.
fn line_start(block: &[u8], place: usize) -> usize {
    memchr::memrchr(b'\n', &block[..place]).map_or(0, |at| at + 1)
}

/// Where the line behind the one that begins at `start` begins.
fn line_end(block: &[u8], start: usize) -> usize {
    memchr::memchr(b'\n', &block[start..]).map_or(block.len(), |at| start + at + 1)
}
