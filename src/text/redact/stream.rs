//! Redaction of output that arrives in chunks.

use super::{MASK, Redactor};

/// A line is waited for up to so many bytes, so that a token which is split over chunks is seen whole.
const MAX_WAIT: usize = 16 << 10;

/// Redacts chunks as if they were one text: what could still become a secret is held back until the next chunk or
/// the end. Holds at most some 16 KiB and twice the longest secret.
#[derive(Debug)]
pub struct RedactStream {
    redactor: Redactor,
    /// What was not given out yet, after the context that earlier bytes give it.
    held: Vec<u8>,
    /// So much of `held` was given out already.
    given: usize,
    /// The last byte given out was masked: what touches it is the same mask.
    masking: bool,
    /// Inside a private key that has not ended yet.
    in_key: bool,
}

impl RedactStream {
    pub(super) fn new(redactor: Redactor) -> Self {
        Self { redactor, held: Vec::new(), given: 0, masking: false, in_key: false }
    }

    /// Takes a chunk; returns what is certain by now.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(chunk);
        let certain = self.held.len().saturating_sub(self.redactor.longest.saturating_sub(1));
        // Tokens end where their line does; without an end of line in sight the wait is bounded.
        let upto = match memchr::memrchr(b'\n', &self.held[..certain]) {
            Some(newline) if newline >= self.given => newline + 1,
            _ if certain.saturating_sub(self.given) > MAX_WAIT => certain,
            _ => return Vec::new(),
        };
        self.give(upto)
    }

    /// The rest.
    pub fn finish(mut self) -> Vec<u8> {
        self.give(self.held.len())
    }

    fn give(&mut self, upto: usize) -> Vec<u8> {
        let mut ranges = self.redactor.find(&self.held);
        let shapes = &self.redactor.shapes;
        if self.in_key {
            let end = shapes.end_of_key(&self.held[self.given..]).map(|end| self.given + end);
            self.in_key = end.is_none_or(|end| end > upto);
            ranges.push(self.given..end.unwrap_or(self.held.len()));
            super::find::merge(&mut ranges);
        }
        self.in_key |= shapes.is_inside_key(&self.held[..upto]);
        let mut out = Vec::with_capacity(upto - self.given);
        let mut at = self.given;
        for range in ranges.iter().filter(|range| range.end > self.given && range.start < upto) {
            let start = range.start.max(at);
            out.extend_from_slice(&self.held[at..start]);
            if start > at || !self.masking {
                out.extend_from_slice(MASK.as_bytes());
            }
            at = range.end.min(upto);
            self.masking = true;
        }
        if at < upto {
            out.extend_from_slice(&self.held[at..upto]);
            self.masking = false;
        }
        // What was given out stays as context as far back as a secret could have begun.
        let keep = upto.saturating_sub(self.redactor.longest);
        self.held.drain(..keep);
        self.given = upto - keep;
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(redactor: &Redactor, chunks: &[&str]) -> String {
        let mut stream = redactor.stream();
        let mut out: Vec<u8> = chunks.iter().flat_map(|chunk| stream.push(chunk.as_bytes())).collect();
        out.extend(stream.finish());
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn secrets_split_over_chunks() {
        let redactor = Redactor::new(["swordfish", "first\nsecond-part"]);
        assert_eq!(streamed(&redactor, &["pass sword", "fi", "sh ok\nnext"]), "pass *** ok\nnext");
        assert_eq!(streamed(&redactor, &["fir", "st\nsecond", "-part"]), "***");
        assert_eq!(streamed(&redactor, &["Bearer abcdef", "ghijklmn\n"]), "Bearer ***\n");
    }

    #[test]
    fn a_private_key_over_many_lines() {
        let lines =
            ["a\n-----BEGIN PRIVATE KEY-----\n", "MIIEabc\n", "MIIEdef\n", "-----END PRIVATE KEY-----\n", "after\n"];
        assert_eq!(streamed(&Redactor::default(), &lines), "a\n***\nafter\n");
    }

    #[test]
    fn a_line_without_end_is_not_held_for_ever() {
        let mut stream = Redactor::new(["swordfish"]).stream();
        let given: usize = (0..100).map(|_| stream.push(&[b'x'; 1000]).len()).sum();
        assert!(given > 80_000);
        assert!(stream.held.len() < 20_000);
    }
}
