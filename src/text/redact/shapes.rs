//! Tokens that are recognised by what they look like, registered or not.

use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, Input, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

/// What must occur for the expression beside it to be worth running, and the expression.
/// Group 1 is what is masked where there is one, else the whole match.
const SHAPES: [(Hint, &str); 13] = [
    (Hint::Exact(&["AKIA"]), r"\bAKIA[0-9A-Z]{16}\b"),
    (Hint::Exact(&["ASIA"]), r"\bASIA[0-9A-Z]{16}\b"),
    (Hint::AnyCase("cret"), r#"(?i)secret_?(?:access_?)?key["']?\s*[:=]\s*["']?([A-Za-z0-9/+=_-]{16,})"#),
    (Hint::AnyCase("arer"), r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{8,})"),
    (Hint::AnyCase("riza"), r#"(?i)authorization["']?\s*[:=]\s*["']?(?:basic|token|digest|apikey)\s+([^\s"',]{4,})"#),
    // Also our own, behind a path, which acknowledge alerts: they are in the logs of proxies.
    (Hint::Exact(&["eyJ"]), r"/ack/(eyJ[A-Za-z0-9_-]{16,})|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"),
    // Most addresses name nobody, and most logs of servers are full of addresses.
    (Hint::With("://", b'@'), r#"://[^\s/:@"'<>]*:([^\s/"'<>]+)@"#),
    (Hint::Exact(&["-----BEGIN "]), PEM),
    (Hint::Exact(&["xox"]), r"\bxox[a-z]-[A-Za-z0-9-]{10,}"),
    (Hint::Exact(&["hooks.slack.com"]), r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/_-]+)"),
    (
        Hint::Exact(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"]),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})",
    ),
    (Hint::Exact(&["k_live_", "k_test_"]), r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    (Hint::Exact(&["glpat-"]), r"\bglpat-[A-Za-z0-9_-]{20,}"),
];

/// Where a list begins, behind a name, that is the value of a field: the journal exports what is not plain text as the
/// numbers of its bytes.
const NAME_ENDS: [&[u8]; 2] = [b"\":", b"\": "];

/// What a token can't be without.
enum Hint {
    /// One of these.
    Exact(&'static [&'static str]),
    /// This, and a byte that is somewhere.
    With(&'static str, u8),
    /// This in any case. Four letters, for each doubles what is looked for.
    AnyCase(&'static str),
}

impl Hint {
    fn spellings(&self) -> Vec<String> {
        match self {
            Self::Exact(texts) => texts.iter().map(|text| (*text).to_owned()).collect(),
            Self::With(text, _) => vec![(*text).to_owned()],
            Self::AnyCase(text) => text.chars().fold(vec![String::new()], |begun, letter| {
                let both = [letter, letter.to_ascii_uppercase()];
                begun.iter().flat_map(|start| both.map(|letter| format!("{start}{letter}"))).collect()
            }),
        }
    }
}

/// A private key to its end, or to the end of the text.
const PEM: &str = r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)";
const PEM_END: &str = r"-----END [A-Z0-9 ]*PRIVATE KEY-----";
/// What the sanitiser leaves in the place of what it took out.
const MARKS: &str = r"[␀-␡⏎\x{fffd}]|<U\+[0-9A-F]{4,6}>|\\x[89][0-9a-f]";

pub(super) struct Shapes {
    /// Leftmost-first and case-sensitive: only so does the automaton search with vector instructions, four times as
    /// fast over lines without any hint, which are nearly all.
    hints: AhoCorasick,
    /// The shape of each spelling in `hints`.
    shape_of: Vec<u8>,
    /// Compiled when their hint is first seen: most never are, and each costs start-up time and memory.
    expressions: [OnceLock<Regex>; SHAPES.len()],
    pem_end: OnceLock<Regex>,
}

impl Shapes {
    /// One for the process.
    pub(super) fn shared() -> Arc<Self> {
        static SHARED: LazyLock<Arc<Shapes>> = LazyLock::new(|| Arc::new(Shapes::build()));
        Arc::clone(&SHARED)
    }

    fn build() -> Self {
        let spellings: Vec<(u8, String)> = (0_u8..)
            .zip(&SHAPES)
            .flat_map(|(index, (hint, _))| hint.spellings().into_iter().map(move |text| (index, text)))
            .collect();
        let hints = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(spellings.iter().map(|(_, text)| text))
            .expect("some sixty short hints make a small automaton");
        let shape_of = spellings.into_iter().map(|(index, _)| index).collect();
        Self { hints, shape_of, expressions: [const { OnceLock::new() }; SHAPES.len()], pem_end: OnceLock::new() }
    }

    fn expression(&self, index: usize) -> &Regex {
        self.expressions[index].get_or_init(|| compile(SHAPES[index].1))
    }

    fn pem_end(&self) -> &Regex {
        self.pem_end.get_or_init(|| compile(PEM_END))
    }

    /// Adds the ranges of all tokens; says whether there may be lists of bytes.
    pub(super) fn find(&self, bytes: &[u8], ranges: &mut Vec<Range<usize>>) -> bool {
        let mut hinted = 0_u32;
        let mut from = 0;
        while let Some(hint) = self.hints.find(Input::new(bytes).range(from..)) {
            hinted |= 1 << self.shape_of[hint.pattern().as_usize()];
            // Not from its end: another hint may begin within it.
            from = hint.start() + 1;
        }
        while hinted != 0 {
            let index = hinted.trailing_zeros() as usize;
            hinted &= hinted - 1;
            if matches!(SHAPES[index].0, Hint::With(_, byte) if memchr::memchr(byte, bytes).is_none()) {
                continue;
            }
            let expression = self.expression(index);
            ranges.extend(
                expression
                    .captures_iter(bytes)
                    .filter_map(|found| found.get(1).or(found.get(0)))
                    .map(|found| found.range()),
            );
        }
        may_hold_lists(bytes)
    }

    /// Where a private key that began earlier ends.
    pub(super) fn end_of_key(&self, bytes: &[u8]) -> Option<usize> {
        self.pem_end().find(bytes).map(|found| found.end())
    }

    /// Whether `bytes` end within a private key.
    pub(super) fn is_inside_key(&self, bytes: &[u8]) -> bool {
        let mut ranges = Vec::new();
        self.find(bytes, &mut ranges);
        ranges.iter().any(|range| {
            let found = &bytes[range.clone()];
            range.end == bytes.len() && found.starts_with(b"-----BEGIN ") && !self.pem_end().is_match(found)
        })
    }
}

fn may_hold_lists(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'[', bytes).any(|at| NAME_ENDS.iter().any(|end| bytes[..at].ends_with(end)))
}

/// ASCII classes suffice for tokens, and are a tenth of the size.
fn compile(source: &str) -> Regex {
    RegexBuilder::new(source).unicode(false).build().expect("the shapes are constants that a test compiles")
}

/// A sanitised text without the marks in it, and for each of its bytes where it was.
pub(super) fn without_marks(text: &str) -> (String, Vec<usize>) {
    static EXPRESSION: LazyLock<regex::Regex> =
        LazyLock::new(|| regex::Regex::new(MARKS).expect("a constant that a test compiles"));
    let mut skeleton = String::with_capacity(text.len());
    let mut origins = Vec::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in
        EXPRESSION.find_iter(text).map(|mark| (mark.start(), mark.end())).chain([(text.len(), text.len())])
    {
        skeleton.push_str(&text[at..start]);
        origins.extend(at..start);
        at = end;
    }
    (skeleton, origins)
}

#[cfg(test)]
mod tests {
    use super::super::Redactor;
    use super::*;

    #[test]
    fn hints_within_hints_are_seen() {
        let redactor = Redactor::default();
        for (text, want) in [
            ("AKIAKIAIOSFODNN7EXAMPLE key AKIAIOSFODNN7EXAMPLE", "AKIAKIAIOSFODNN7EXAMPLE key ***"),
            ("xoxoxb-1234567890-abcdef ://a:hunter2@h", "xoxoxb-1234567890-abcdef ://a:***@h"),
            ("BEARER abcdef-123456, SeCrEtKeY=0123456789abcdef", "BEARER ***, SeCrEtKeY=***"),
        ] {
            assert_eq!(redactor.redact(text), want);
        }
    }

    /// With more the automaton searches without vector instructions (`aho_corasick::packed`).
    const MOST_SPELLINGS: usize = 64;

    #[test]
    fn the_hints_are_few_enough_to_be_searched_with_vectors() {
        assert!(Shapes::build().hints.patterns_len() <= MOST_SPELLINGS);
    }

    #[test]
    fn a_list_may_be_where_a_name_ends_before_a_bracket() {
        for (text, may_be) in [(r#"{"a":[1]}"#, true), (r#"{"a": [1]}"#, true), ("[1] \"a\" [2]", false), ("[", false)]
        {
            assert_eq!(may_hold_lists(text.as_bytes()), may_be, "{text}");
        }
    }

    #[test]
    fn every_shape_compiles() {
        let shapes = Shapes::build();
        for index in 0..SHAPES.len() {
            shapes.expression(index);
        }
        shapes.pem_end();
    }

    #[test]
    fn well_known_tokens() {
        let cases = [
            ("key AKIAIOSFODNN7EXAMPLE used", "key *** used"),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws_secret_access_key = ***"),
            ("Authorization: Bearer abc.def-123456", "Authorization: Bearer ***"),
            ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic ***"),
            ("t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_-x end", "t=*** end"),
            ("postgres://app:hunter2@db/x failed", "postgres://app:***@db/x failed"),
            ("redis://:p@ss@cache:6379", "redis://:***@cache:6379"),
            ("xoxb-1234567890-abcdef", "***"),
            ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/***"),
            ("ghp_0123456789abcdefghijklmnopqrstuvwxyz", "***"),
            ("sk_live_0123456789abcdefXYZ", "***"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nnext", "***\nnext"),
            ("-----BEGIN PRIVATE KEY-----\nMIIE", "***"),
            ("https://example.com:8080/a@b stays", "https://example.com:8080/a@b stays"),
            ("the bearer of this", "the bearer of this"),
            ("secret key missing", "secret key missing"),
        ];
        let redactor = Redactor::default();
        for (text, want) in cases {
            assert_eq!(redactor.redact(text), want);
        }
    }
}
