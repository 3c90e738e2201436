//! The smallest parts: words, phrases, regular expressions.

use regex::{Regex, RegexBuilder};

use super::Parser;
use crate::logs::filter::FilterError;

/// Bound on one compiled expression, in bytes.
const MAX_REGEX: usize = 1 << 20;

impl<'a> Parser<'a> {
    /// Up to the next space or parenthesis.
    pub(super) fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(rest.len());
        // Parentheses within a word, as in `f(x)`, belong to it.
        let end = if rest[..end].contains('(') && rest[end..].starts_with(')') { end + 1 } else { end };
        self.at += end;
        &rest[..end]
    }

    /// A phrase without its quotes, or a word.
    pub(super) fn phrase_or_word(&mut self) -> Result<String, FilterError> {
        if self.rest().starts_with('"') { self.phrase() } else { Ok(self.word().to_owned()) }
    }

    pub(super) fn phrase(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = start + at + 1;
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => out.push(escaped),
                    Some((_, other)) => out.extend(['\\', other]),
                    None => break,
                },
                other => out.push(other),
            }
        }
        Err(self.error(start, "this quote is not closed", Some("add a `\"` at its end".into())))
    }

    /// `/…/` or `/…/i`, followed by a space, a parenthesis or the end; `None` where there is no such end.
    pub(super) fn regex(&mut self) -> Result<Option<Regex>, FilterError> {
        let start = self.at;
        let rest = self.rest();
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            if c == '/' && !escaped {
                let after = &rest[at + 1..];
                let fold = after.starts_with('i');
                let after = &after[usize::from(fold)..];
                if after.is_empty() || after.starts_with(|next: char| next.is_whitespace() || next == ')') {
                    self.at = start + at + 1 + usize::from(fold);
                    let pattern = rest[1..at].replace("\\/", "/");
                    return self.compile(start + 1, &pattern, fold).map(Some);
                }
            }
            escaped = c == '\\' && !escaped;
        }
        Ok(None)
    }

    pub(super) fn compile(&self, at: usize, pattern: &str, fold: bool) -> Result<Regex, FilterError> {
        RegexBuilder::new(pattern)
            .case_insensitive(fold)
            .size_limit(MAX_REGEX)
            .dfa_size_limit(MAX_REGEX)
            .nest_limit(64)
            .build()
            .map_err(|problem| {
                let lines = problem.to_string();
                let what = lines.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
                self.error(
                    at,
                    format!("not a regular expression: {what}"),
                    Some("quote the text to search for it literally".into()),
                )
            })
    }

    pub(super) fn literal(&self, at: usize, text: &str) -> Result<Regex, FilterError> {
        self.compile(at, &regex::escape(text), true)
    }
}
