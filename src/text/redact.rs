//! Redaction: registered secrets, in the encodings in which programs print them, and tokens whose shape is well
//! known, become `***` in everything that is shown, stored, copied or sent.
//!
//! Exact matches of the value and its variants are found in the text as it is written, and in what each line of it says
//! once what is encoded in it is undone, up to three times: a backslash, a percent sign and an ampersand may stand
//! for any character. What is masked then is the encoded form, so that nothing that is decoded later says a secret.
//! Overlapping and adjacent matches are merged.
//!
//! A secret of several lines is found whole, and each of its lines that is long enough by itself. What is not found: a
//! secret that is cut into pieces by its writer (over records, or where a line was too long to be kept), and one that is
//! transformed in another way (reversed, hashed, compressed, base64 over characters that were escaped needlessly).

mod decoded;
mod find;
mod literals;
mod shapes;
mod stream;
mod values;
mod variants;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::secret::Secrets;
use crate::text::{Bound, Coloured, SafeText, Sanitised, sanitise_bare, sanitise_coloured_within, sanitise_within};
use find::merge;
pub(crate) use literals::Literals;
use shapes::Shapes;
pub(crate) use stream::RedactStream;
use values::Values;

/// What a secret is replaced by.
pub(crate) const MASK: &str = "***";

/// Values shorter than this are not registered: they would redact half of every text.
pub(crate) const MIN_SECRET: usize = 4;

/// So much of the beginning of a secret is looked for where a text was cut: more than is kept of any that is.
const LONGEST_HEAD: usize = 512;

/// Where a text was cut.
const CUT: char = '…';

/// Built once for a configuration; cheap to clone and cheap where nothing matches.
#[derive(Clone)]
pub struct Redactor {
    values: Option<Arc<Values>>,
    shapes: Arc<Shapes>,
    /// How each variant begins, to at most [`LONGEST_HEAD`] bytes.
    heads: Arc<[Vec<u8>]>,
    /// Bytes of the longest variant.
    longest: usize,
}

impl std::fmt::Debug for Redactor {
    /// Says nothing about the values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Default for Redactor {
    /// Knows the well-known shapes and no values.
    fn default() -> Self {
        Self::new([])
    }
}

impl From<&Secrets> for Redactor {
    fn from(secrets: &Secrets) -> Self {
        Self::new(secrets.registered())
    }
}

impl Redactor {
    /// Registers values. Blank ones and those under [`MIN_SECRET`] bytes are ignored.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut patterns = BTreeSet::new();
        for value in secrets {
            variants::add_variants(value, &mut patterns);
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        let heads = patterns.iter().map(|variant| variant[..variant.len().min(LONGEST_HEAD)].to_vec()).collect();
        let values = if patterns.is_empty() { None } else { Values::from_variants(patterns).map(Arc::new) };
        Self { values, shapes: Shapes::shared(), heads, longest }
    }

    /// Replaces every secret in `text`; borrowed where there is none.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.redact_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Matches of UTF-8 in UTF-8 begin and end between characters, so nothing is lost here but half a character where a
            // secret in Latin-1 begins or ends within it.
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The same over bytes that need not be UTF-8.
    pub fn redact_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let ranges = self.find(bytes);
        if ranges.is_empty() { Cow::Borrowed(bytes) } else { Cow::Owned(replace(bytes, &ranges)) }
    }

    /// Makes bytes from outside fit to be shown: redacted, sanitised as one line, and redacted again, so that
    /// escape bytes within a secret can't hide it.
    pub fn clean(&self, raw: &[u8]) -> SafeText {
        self.clean_line(raw, Bound::Line).text
    }

    /// As [`Self::clean`], with the counts of the sanitiser.
    pub(crate) fn clean_line(&self, raw: &[u8], bound: Bound) -> Sanitised {
        let redacted = self.redact_bytes(raw);
        let mut line = sanitise_within(&redacted, bound);
        if let Some(text) = self.again(&redacted, &line, bound) {
            line.text = text;
        }
        line
    }

    /// As [`Self::clean`], with colours. Where the second redaction finds something the colours are dropped.
    pub(crate) fn clean_coloured(&self, raw: &[u8], bound: Bound) -> Coloured {
        let redacted = self.redact_bytes(raw);
        let mut done = sanitise_coloured_within(&redacted, bound);
        if let Some(text) = self.again(&redacted, &done.line, bound) {
            done.line.text = text;
            done.spans.clear();
        }
        done
    }

    /// As [`Self::redact_safe`], for a text that may have been shortened: what stands before a [`CUT`] and is how a secret
    /// begins is masked too, from [`MIN_SECRET`] bytes.
    pub(crate) fn redact_shortened(&self, text: &SafeText) -> SafeText {
        let text = self.redact_safe(text);
        let bytes = text.as_str().as_bytes();
        let cuts = text.as_str().match_indices(CUT).map(|(at, _)| at);
        let mut ranges: Vec<Range<usize>> =
            cuts.filter_map(|at| Some(at - self.head_before(&bytes[..at])?..at)).collect();
        if ranges.is_empty() {
            return text;
        }
        merge(&mut ranges);
        SafeText::new(&String::from_utf8_lossy(&replace(bytes, &ranges)))
    }

    /// Bytes at the end of `before` with which a secret begins.
    fn head_before(&self, before: &[u8]) -> Option<usize> {
        let of = |head: &Vec<u8>| {
            (MIN_SECRET..=head.len().min(before.len())).rev().find(|length| before.ends_with(&head[..*length]))
        };
        self.heads.iter().filter_map(of).max()
    }

    /// Redacts text that is already safe.
    pub(crate) fn redact_safe(&self, text: &SafeText) -> SafeText {
        match self.redact(text.as_str()) {
            Cow::Borrowed(_) => text.clone(),
            Cow::Owned(redacted) => SafeText::new(&redacted),
        }
    }

    /// For output that comes in chunks.
    pub fn stream(&self) -> RedactStream {
        RedactStream::new(self.clone())
    }

    /// The second redaction: over the text, and over the text without the marks of what the sanitiser took out.
    /// Where a control string stands within a secret, its text gives way.
    fn again(&self, redacted: &[u8], line: &Sanitised, bound: Bound) -> Option<SafeText> {
        let text = line.text.as_str();
        if text.as_bytes() == redacted {
            return None;
        }
        if line.neutralised == 0 {
            return self.masked(text, false, bound);
        }
        let bare = sanitise_bare(redacted, bound).text;
        let torn = if bare == line.text { None } else { self.masked(bare.as_str(), true, bound) };
        torn.or_else(|| self.masked(text, true, bound))
    }

    /// `text` with every secret in it replaced, also those that `marks` stand in; `None` where it has none.
    fn masked(&self, text: &str, marks: bool, bound: Bound) -> Option<SafeText> {
        let mut ranges = self.find(text.as_bytes());
        if marks {
            let (skeleton, origins) = shapes::without_marks(text);
            ranges.extend(
                self.find(skeleton.as_bytes())
                    .into_iter()
                    .map(|found| origins[found.start]..origins[found.end - 1] + 1),
            );
            merge(&mut ranges);
        }
        if ranges.is_empty() {
            return None;
        }
        Some(sanitise_within(&replace(text.as_bytes(), &ranges), bound).text)
    }
}

fn replace(bytes: &[u8], ranges: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for range in ranges {
        out.extend_from_slice(&bytes[at..range.start]);
        out.extend_from_slice(MASK.as_bytes());
        at = range.end;
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

#[cfg(test)]
mod tests;
