//! Regexes of a configuration: compiled once, kept with their text.

use std::fmt;

use regex::{Captures, Regex, RegexBuilder, RegexSet, RegexSetBuilder};

/// Bound on what one expression, or one set of them, compiles to, in bytes.
const MAX_COMPILED: usize = 4 << 20;
const SIMPLER: &str = "make it shorter or simpler";

/// Why a regex was not compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// The character of the text, from 0, at which it is wrong; `None` for the whole text.
    pub offset: Option<usize>,
    /// What is wrong, one line, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// A compiled regex. Cheap to clone; equal where the text is equal.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let compiled = RegexBuilder::new(text).size_limit(MAX_COMPILED).build();
        compiled.map(Self).map_err(|error| explained(text, &error))
    }

    /// Whether a part of `text` matches.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The groups of the first match.
    pub(crate) fn captures<'a>(&self, text: &'a str) -> Option<Captures<'a>> {
        self.0.captures(text)
    }

    /// The names of its groups, in the order of the text.
    pub(crate) fn group_names(&self) -> impl Iterator<Item = &str> {
        self.0.capture_names().flatten()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.0.as_str())
    }
}

/// Several regexes that are searched for at once. Cheap to clone; equal where the texts are equal.
#[derive(Clone, Default)]
pub struct PatternSet(RegexSet);

impl PatternSet {
    /// Compiles `texts`.
    ///
    /// # Errors
    /// What is wrong with each text that does not compile, by its position; at the last one, what is wrong with all
    /// together.
    pub fn parse(texts: &[impl AsRef<str>]) -> Result<Self, Vec<(usize, PatternError)>> {
        RegexSetBuilder::new(texts).size_limit(MAX_COMPILED).build().map(Self).map_err(|_| {
            let alone = texts.iter().map(|text| Pattern::parse(text.as_ref()).err()).enumerate();
            let mut errors: Vec<_> = alone.filter_map(|(at, error)| Some((at, error?))).collect();
            if errors.is_empty() {
                errors.push((texts.len().saturating_sub(1), too_large("the regexes are too large together")));
            }
            errors
        })
    }

    /// Whether it has no expression, so that nothing matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them matches a part of `text`.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for PatternSet {
    fn eq(&self, other: &Self) -> bool {
        self.0.patterns() == other.0.patterns()
    }
}

impl Eq for PatternSet {}

impl fmt::Debug for PatternSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PatternSet({:?})", self.0.patterns())
    }
}

fn explained(text: &str, error: &regex::Error) -> PatternError {
    if let regex::Error::CompiledTooBig(_) = error {
        return too_large("the regex is too large");
    }
    let shown = error.to_string();
    // The crate tells the place in a drawing only: the pattern, indented by four, and a caret below it.
    let caret = shown.lines().find(|line| line.contains('^') && line.trim_start().trim_matches('^').is_empty());
    let place = caret.and_then(|line| line.find('^')).and_then(|column| column.checked_sub(4));
    let message = shown.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
    let offset = place.filter(|_| !text.contains('\n'));
    let hint = match offset {
        Some(_) => "escape special characters with a backslash: \\[ \\( \\. \\*",
        None => SIMPLER,
    };
    PatternError { offset, message, hint: hint.to_owned() }
}

fn too_large(message: &str) -> PatternError {
    PatternError { offset: None, message: message.to_owned(), hint: SIMPLER.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_pointed_at() {
        let cases = [
            ("a(b", Some(1), "unclosed group"),
            ("ä[z-a]", Some(2), "invalid character class range, the start must be <= the end"),
            ("a\n(", None, "unclosed group"),
            ("(a{1000}){1000}", None, "the regex is too large"),
        ];
        for (text, offset, message) in cases {
            let error = Pattern::parse(text).unwrap_err();
            assert_eq!((error.offset, &*error.message), (offset, message), "{text}");
        }
    }

    #[test]
    fn patterns_are_equal_as_written() {
        let pattern = |text| Pattern::parse(text).unwrap();
        assert_eq!(pattern("a+"), pattern("a+"));
        assert_ne!(pattern("a+"), pattern("aa*"));
        assert_eq!(format!("{:?}", pattern("a+")), "Pattern(\"a+\")");
        let set = |texts: &[&str]| PatternSet::parse(texts).unwrap();
        assert_eq!(set(&["a", "b"]), set(&["a", "b"]));
        assert_ne!(set(&["a", "b"]), set(&["b", "a"]));
        assert_eq!(format!("{:?}", set(&["a"])), "PatternSet([\"a\"])");
    }

    #[test]
    fn every_bad_text_of_a_set_is_told_and_its_size_is_bounded_as_a_whole() {
        let places = |texts: &[&str]| {
            let errors = PatternSet::parse(texts).unwrap_err();
            errors.into_iter().map(|(at, error)| (at, error.offset, error.message)).collect::<Vec<_>>()
        };
        let unclosed = "unclosed group".to_owned();
        assert_eq!(places(&["(", "a", "b("]), [(0, Some(0), unclosed.clone()), (2, Some(1), unclosed)]);
        let text = "a{20000}";
        assert!(Pattern::parse(text).is_ok());
        assert_eq!(places(&[text; 8]), [(7, None, "the regexes are too large together".to_owned())]);
    }
}
