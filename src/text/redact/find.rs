//! Where the secrets of a text are.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::Redactor;
use super::decoded::{Coding, Decoded};

/// So many encodings one over another are undone: JSON within JSON, with an address in it.
const DEPTH: usize = 3;

/// What was found in a line is masked and the line looked at again, at most so often: a mask may show where the next
/// escape begins.
const ROUNDS: usize = 8;

impl Redactor {
    /// The merged ranges of all secrets.
    pub(crate) fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let lists = self.find_written(bytes, &mut ranges);
        merge(&mut ranges);
        if lists || Coding::may_be_in(bytes) {
            self.find_encoded(bytes, lists, &mut ranges);
            merge(&mut ranges);
        }
        ranges
    }

    /// Adds what stands in a text as it is; says whether there may be lists of bytes.
    fn find_written(&self, bytes: &[u8], ranges: &mut Vec<Range<usize>>) -> bool {
        self.find_values(bytes, ranges);
        self.shapes.find(bytes, ranges)
    }

    /// Adds what is encoded in the lines of a text of which `known` is to be masked already.
    fn find_encoded(&self, bytes: &[u8], lists: bool, known: &mut Vec<Range<usize>>) {
        let (mut start, mut first, mut found) = (0, 0, Vec::new());
        for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
            let line = &bytes[start..end];
            if lists || Coding::may_be_in(line) {
                first += known[first..].iter().take_while(|range| range.end <= start).count();
                let within = known[first..].iter().take_while(|range| range.start < end);
                let masked = within.map(|range| range.start.max(start) - start..range.end.min(end) - start).collect();
                found.extend(self.find_in_line(line, masked).map(|range| range.start + start..range.end + start));
            }
            start = end + 1;
        }
        known.append(&mut found);
    }

    /// What is encoded in a line, and `masked`.
    fn find_in_line(&self, line: &[u8], mut masked: Vec<Range<usize>>) -> impl Iterator<Item = Range<usize>> + use<> {
        for _ in 0..ROUNDS {
            let before = masked.clone();
            if masked.is_empty() {
                self.find_decoded(line, 0, &mut Vec::new(), &mut masked);
            } else {
                let (text, mut found) = (Decoded::masked(line, &masked), Vec::new());
                self.find_written(&text.bytes, &mut found);
                self.find_decoded(&text.bytes, 0, &mut Vec::new(), &mut found);
                masked.extend(found.iter().map(|range| text.origin(range)));
            }
            merge(&mut masked);
            if masked == before {
                break;
            }
        }
        masked.into_iter()
    }

    /// Adds what a text says that was decoded `depth` times already. `seen` are the texts that were looked at: most codings
    /// give the same in any order, and a line may be written by who wants it to take long.
    fn find_decoded(&self, text: &[u8], depth: usize, seen: &mut Vec<u64>, ranges: &mut Vec<Range<usize>>) {
        for coding in Coding::ALL {
            // What is not seen in the text as it is written, the sanitiser sees to.
            let is_apt = if matches!(coding, Coding::Hidden) { depth > 0 } else { depth < DEPTH };
            let Some(decoded) = is_apt.then(|| coding.undo(text)).flatten() else { continue };
            let digest = digest(&decoded.bytes);
            if seen.contains(&digest) {
                continue;
            }
            seen.push(digest);
            let mut found = Vec::new();
            self.find_written(&decoded.bytes, &mut found);
            if !matches!(coding, Coding::Hidden) {
                self.find_decoded(&decoded.bytes, depth + 1, seen, &mut found);
            }
            ranges.extend(found.iter().map(|range| decoded.origin(range)));
        }
    }

    /// Adds the ranges of registered values alone; they may overlap.
    pub(super) fn find_values(&self, bytes: &[u8], ranges: &mut Vec<Range<usize>>) {
        if let Some(values) = &self.values {
            values.find(bytes, ranges);
        }
    }
}

fn digest(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Sorts, and makes one of ranges that overlap or touch.
pub(super) fn merge(ranges: &mut Vec<Range<usize>>) {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, kept| {
        let touches = next.start <= kept.end;
        if touches {
            kept.end = kept.end.max(next.end);
        }
        touches
    });
}
