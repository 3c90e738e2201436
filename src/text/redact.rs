//! Redaction: registered secrets, in the encodings in which programs print them, and tokens whose shape is well
//! known, become `***` in everything that is shown, stored, copied or sent.
//!
//! The rules are those of GitHub's runner, whose holes are known and documented: exact matches of the value and its
//! variants, line by line, overlapping and adjacent matches merged. A secret that is cut into pieces or transformed
//! in another way is not found.

mod literals;
mod shapes;
mod stream;
mod variants;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use super::secret::Secrets;
use crate::text::{Bound, Coloured, SafeText, Sanitised, sanitise_bare, sanitise_coloured_within, sanitise_within};
pub use literals::Literals;
use shapes::Shapes;
pub use stream::RedactStream;

/// What a secret is replaced by.
pub const MASK: &str = "***";

/// Values shorter than this are not registered: they would redact half of every text.
pub const MIN_SECRET: usize = 4;

/// Built once for a configuration; cheap to clone and cheap where nothing matches.
#[derive(Clone)]
pub struct Redactor {
    values: Option<Arc<Values>>,
    shapes: Arc<Shapes>,
    /// Bytes of the longest variant.
    longest: usize,
}

/// The registered values in their variants, in two automata.
struct Values {
    /// Finds quickly that there is none, with vector instructions where the values are few.
    any: AhoCorasick,
    /// Finds all, those that overlap too.
    all: AhoCorasick,
}

impl Values {
    fn of(patterns: &BTreeSet<Vec<u8>>) -> Option<Self> {
        let build = |kind| AhoCorasick::builder().match_kind(kind).build(patterns).ok();
        Some(Self { any: build(MatchKind::LeftmostFirst)?, all: build(MatchKind::Standard)? })
    }
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
            variants::of(value, &mut patterns);
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        let values = if patterns.is_empty() { None } else { Values::of(&patterns).map(Arc::new) };
        Self { values, shapes: Shapes::shared(), longest }
    }

    /// Replaces every secret in `text`; borrowed where there is none.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.redact_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Matches of UTF-8 in UTF-8 begin and end between characters, so nothing is lost here.
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
    pub fn clean_line(&self, raw: &[u8], bound: Bound) -> Sanitised {
        let redacted = self.redact_bytes(raw);
        let mut line = sanitise_within(&redacted, bound);
        if let Some(text) = self.again(&redacted, &line, bound) {
            line.text = text;
        }
        line
    }

    /// As [`Self::clean`], with colours. Where the second redaction finds something the colours are dropped.
    pub fn clean_coloured(&self, raw: &[u8], bound: Bound) -> Coloured {
        let redacted = self.redact_bytes(raw);
        let mut done = sanitise_coloured_within(&redacted, bound);
        if let Some(text) = self.again(&redacted, &done.line, bound) {
            done.line.text = text;
            done.spans.clear();
        }
        done
    }

    /// Each line of `raw`, cleaned. Secrets that span lines are found.
    pub fn clean_lines(&self, raw: &[u8]) -> Vec<SafeText> {
        let redacted = self.redact_bytes(raw);
        let body = redacted.strip_suffix(b"\n").unwrap_or(&redacted);
        if body.is_empty() {
            Vec::new()
        } else {
            body.split(|byte| *byte == b'\n').map(|line| self.clean(line)).collect()
        }
    }

    /// Redacts text that is already safe.
    pub fn redact_safe(&self, text: &SafeText) -> SafeText {
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

    /// The merged ranges of all secrets.
    pub fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut ranges = self.find_values(bytes);
        self.shapes.find(bytes, &mut ranges);
        merge(&mut ranges);
        ranges
    }

    /// The ranges of registered values alone; they may overlap.
    fn find_values(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let values = self.values.as_ref().filter(|values| values.any.is_match(bytes));
        values.map_or_else(Vec::new, |values| {
            values.all.find_overlapping_iter(bytes).map(|found| found.range()).collect()
        })
    }
}

/// Sorts, and makes one of ranges that overlap or touch.
fn merge(ranges: &mut Vec<Range<usize>>) {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, kept| {
        let touches = next.start <= kept.end;
        if touches {
            kept.end = kept.end.max(next.end);
        }
        touches
    });
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
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn redacted(secrets: &[&str], text: &str) -> String {
        Redactor::new(secrets.iter().copied()).redact(text).into_owned()
    }

    #[test]
    fn values_and_their_variants() {
        let secret = "p&ss/w\"rd <1>";
        for text in [
            secret.to_owned(),
            "p%26ss%2Fw%22rd%20%3C1%3E".to_owned(),
            "p%26ss%2fw%22rd%20%3c1%3e".to_owned(),
            "p%26ss/w%22rd%20%3C1%3E".to_owned(),
            "p&ss%2Fw%22rd%20%3C1%3E".to_owned(),
            "p&ss/w%22rd%20%3C1%3E".to_owned(),
            r#"p&ss/w\"rd <1>"#.to_owned(),
            "p&amp;ss/w&quot;rd &lt;1&gt;".to_owned(),
            STANDARD.encode(secret),
            "702673732f77227264203c313e".to_owned(),
            "702673732F77227264203C313E".to_owned(),
        ] {
            let done = redacted(&[secret], &format!("before {text} after"));
            assert!(done.starts_with("before ***") && done.ends_with(" after") && done.len() < 24, "{text}: {done}");
        }
        assert_eq!(redacted(&["\"quoted-value\""], "x=quoted-value"), "x=***");
        assert_eq!(redacted(&["first-line\nsecond-line"], "second-line, first-line"), "***, ***");
        assert_eq!(redacted(&["postgres://app:hunter22@db/x"], "password hunter22 refused"), "password *** refused");
    }

    #[test]
    fn base64_at_every_alignment() {
        for prefix in ["", "u", "us", "use", "user:"] {
            let done =
                redacted(&["correct-horse-battery"], &STANDARD.encode(format!("{prefix}correct-horse-battery:tail")));
            assert!(done.contains(MASK), "{prefix}: {done}");
            assert!(done.len() < 24, "{prefix}: {done}");
        }
    }

    #[test]
    fn overlapping_and_adjacent_are_one() {
        assert_eq!(redacted(&["abcdef", "defghi"], "x abcdefghi y"), "x *** y");
        assert_eq!(redacted(&["abcd", "efgh"], "abcdefgh"), "***");
        assert_eq!(redacted(&["abcd"], "abcd abcd"), "*** ***");
    }

    #[test]
    fn short_and_blank_values_are_not_registered() {
        assert_eq!(redacted(&["", "abc", "     "], "abc      abc"), "abc      abc");
        assert!(matches!(Redactor::new(["secret"]).redact("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_inside_a_secret_do_not_hide_it() {
        let redactor = Redactor::new(["swordfish"]);
        for raw in ["sword\u{1b}[31mfish", "sword\u{1b}[2Jfish", "sword\u{200b}fish", "sw\0ord\u{202e}fish"] {
            assert_eq!(redactor.clean(raw.as_bytes()), "***", "{raw:?}");
        }
        for raw in ["sword\rfish", "sword\u{1b}]0;title\u{7}fish", "sword\u{1b}]8;;http://x\u{1b}\\fish"] {
            assert_eq!(redactor.clean(raw.as_bytes()), "***", "{raw:?}");
        }
        assert_eq!(redactor.clean(b"\x1b]0;swordfish\x07x"), "\u{241b}0;***\u{2407}x");
        assert_eq!(redactor.clean_lines(b"a\nswordfish\n"), [SafeText::new("a"), SafeText::new("***")]);
    }

    #[test]
    fn debug_says_nothing() {
        assert!(!format!("{:?}", Redactor::new(["swordfish"])).contains("swordfish"));
    }

    fn secret() -> impl Strategy<Value = String> {
        proptest::string::string_regex("[!-)+-~éß日]{4,24}").expect("a valid pattern")
    }

    proptest! {
        #[test]
        fn no_registered_secret_survives(
            secrets in proptest::collection::vec(secret(), 1..4),
            noise in proptest::collection::vec("\\PC{0,10}", 4),
            picks in proptest::collection::vec((0..4_usize, 0..5_usize), 1..6),
        ) {
            let redactor = Redactor::new(secrets.iter().map(String::as_str));
            let mut text = String::new();
            for (index, (pick, form)) in picks.iter().enumerate() {
                let secret = &secrets[pick % secrets.len()];
                text.push_str(&noise[index % noise.len()]);
                match form {
                    0 => text.push_str(&STANDARD.encode(secret)),
                    1 => text.push_str(serde_json::to_string(secret).expect("a string").trim_matches('"')),
                    2 => text.extend(secret.bytes().map(|byte| format!("%{byte:02X}"))),
                    _ => text.push_str(secret),
                }
            }
            let done = redactor.redact(&text);
            let clean = redactor.clean(text.as_bytes());
            for secret in &secrets {
                prop_assert!(!done.contains(secret.as_str()));
                prop_assert!(!done.contains(&STANDARD.encode(secret)));
                prop_assert!(!clean.as_str().contains(secret.as_str()));
            }
            prop_assert_eq!(redactor.redact(&done), done.clone());
        }

        #[test]
        fn chunks_make_no_difference(
            secrets in proptest::collection::vec("[a-d]{4,8}", 1..4),
            text in "[a-e\n]{0,200}",
            cuts in proptest::collection::vec(1..9_usize, 1..40),
        ) {
            let redactor = Redactor::new(secrets.iter().map(String::as_str));
            let mut stream = redactor.stream();
            let (mut rest, mut out) = (text.as_bytes(), Vec::new());
            for cut in cuts.iter().cycle().take(400) {
                let (chunk, tail) = rest.split_at((*cut).min(rest.len()));
                out.extend(stream.push(chunk));
                rest = tail;
            }
            out.extend(stream.finish());
            prop_assert_eq!(String::from_utf8_lossy(&out), redactor.redact(&text));
        }
    }
}
