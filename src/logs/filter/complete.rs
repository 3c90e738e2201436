//! What may follow in a filter that is being written.

use std::collections::BTreeSet;
use std::ops::Range;

use super::known::{Field, KnownFields};
use super::parse::{is_name, name_and_operator};
use crate::logs::record::Level;
use crate::text::SafeText;

/// Candidates that are given at most.
pub(crate) const MOST: usize = 50;
/// From so many characters on values are offered by themselves, with their field put before them.
const VALUE_PREFIX: usize = 2;
/// Lengths of time worth a candidate.
const SPANS: [&str; 8] = ["5m", "10m", "30m", "1h", "6h", "12h", "1d", "7d"];
/// What the language itself knows, and what it means.
const WORDS: [(&str, &str); 11] = [
    ("level>=", "this level or a worse one"),
    ("level:", "trace, debug, info, warn, error, fatal"),
    ("service:", "the service that wrote it"),
    ("log:", "which log it came from"),
    ("message:", "text anywhere in the message"),
    ("raw:", "text anywhere in the line"),
    ("trace:", "the id of a trace or a request, whatever its field is called"),
    ("pattern:", "messages of one shape: \"job <n> done in <n>\""),
    ("since:", "not older than: 10m, 2h, 17:54, a date and time"),
    ("until:", "older than: 10m, 2h, 17:54; behind since:17:30 the first 17:54 after it"),
    ("is:stderr", "written to the standard error"),
];
/// What joins terms.
const JOINTS: [(&str, &str); 3] =
    [("or", "either side"), ("and", "both sides, as without it"), ("not", "what does not pass")];

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterCompletion {
    /// The bytes of the text that it replaces: from the beginning of the name or value to the cursor.
    pub replace: Range<usize>,
    /// What is put there.
    pub text: String,
    /// What it is, for the line beside it.
    pub note: String,
}

/// What may be put at `cursor`, a byte offset in `text`, best first; at most [`MOST`]. Nothing within a phrase or a
/// regular expression.
pub fn complete(text: &str, cursor: usize, known: &KnownFields) -> Vec<FilterCompletion> {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let Some(start) = term_start(&text[..cursor]) else { return Vec::new() };
    let term = &text[start..cursor];
    let mut found = Found { replace: start..cursor, candidates: Vec::new(), seen: BTreeSet::new() };
    match value_of(term) {
        Some((name, operator_end)) => {
            found.replace.start = start + operator_end;
            values(&mut found, &name, &term[..operator_end], &term[operator_end..], known);
        }
        None if term.starts_with(['"', '/']) => {}
        None => {
            names(&mut found, term, known);
            if !text[..start].trim_end().is_empty() && !text[..start].trim_end().ends_with('(') {
                for (word, note) in JOINTS {
                    found.offer(term, word, word.to_owned(), note);
                }
            }
        }
    }
    found.candidates.truncate(MOST);
    found.candidates
}

struct Found {
    replace: Range<usize>,
    candidates: Vec<FilterCompletion>,
    seen: BTreeSet<String>,
}

impl Found {
    /// Adds a candidate that is known as `word` and written as `text` where what is written so far begins it.
    fn offer(&mut self, written: &str, word: &str, text: String, note: impl Into<String>) {
        if self.candidates.len() < MOST && begins(word, written) && self.seen.insert(text.to_lowercase()) {
            self.candidates.push(FilterCompletion { replace: self.replace.clone(), text, note: note.into() });
        }
    }
}

fn begins(word: &str, written: &str) -> bool {
    let mut word = word.chars().flat_map(char::to_lowercase);
    written.chars().flat_map(char::to_lowercase).all(|c| word.next() == Some(c))
}

/// Where the term begins that the text ends in, behind its `-`; `None` within a regular expression.
fn term_start(text: &str) -> Option<usize> {
    let mut start = 0;
    let mut chars = text.char_indices();
    let mut fresh = true;
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                // To the closing quote; a term that has none goes on to the end.
                let mut escaped = false;
                chars.by_ref().find(|(_, c)| {
                    let closes = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    closes
                });
                fresh = false;
            }
            '/' if fresh => {
                let mut escaped = false;
                chars.by_ref().find(|(_, c)| {
                    let closes = *c == '/' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    closes
                })?;
                fresh = false;
            }
            c if c.is_whitespace() => {
                start = at + c.len_utf8();
                fresh = true;
            }
            '(' | '-' | '!' if fresh => start = at + 1,
            ')' => {
                start = at + 1;
                fresh = true;
            }
            _ => fresh = false,
        }
    }
    Some(start)
}

/// The name of the field whose value the term is in the middle of, and where its value begins.
fn value_of(term: &str) -> Option<(String, usize)> {
    if let Some(rest) = term.strip_prefix('"') {
        let end = rest.find('"')?;
        let after = &rest[end + 1..];
        let operator = after.find(|c| !matches!(c, ':' | '=' | '>' | '<' | '!' | '~')).unwrap_or(after.len());
        return (operator > 0).then(|| (rest[..end].to_owned(), end + 2 + operator));
    }
    let (name, operator) = name_and_operator(term)?;
    Some((term[..name].to_owned(), name + operator))
}

fn names(found: &mut Found, written: &str, known: &KnownFields) {
    let fields = known.fields();
    let total = fields.iter().map(|(_, field)| field.seen()).max().unwrap_or(1).max(1);
    if !written.is_empty() {
        for (word, note) in WORDS {
            found.offer(written, word, word.to_owned(), note);
        }
    }
    for (name, field) in &fields {
        let own = WORDS.iter().any(|(word, _)| word.trim_end_matches([':', '>', '=']) == name.as_str());
        if own {
            continue;
        }
        let what = match (field.is_numeric(), field.has_many(), field.values().len()) {
            (true, true, _) => "numbers".to_owned(),
            (_, true, _) => "many values".to_owned(),
            (_, false, 1) => field.values()[0].0.to_string(),
            (_, false, count) => format!("{count} values"),
        };
        let note = match field.seen() * 100 / total {
            100 => what,
            share => format!("{what}, in {} % of the records", share.max(1)),
        };
        let last = name.as_str().rsplit('.').next().unwrap_or_default();
        // What is nested is found by its last part too.
        let word = if begins(name.as_str(), written) { name.as_str() } else { last };
        found.offer(written, word, name_text(name) + ":", note);
    }
    if written.is_empty() {
        for (word, note) in WORDS {
            found.offer(written, word, word.to_owned(), note);
        }
    }
    if written.chars().count() < VALUE_PREFIX {
        return;
    }
    for (service, count) in known.services() {
        found.offer(written, service.as_str(), format!("service:{}", quoted(service)), times(count));
    }
    for (name, field) in fields {
        for (value, count) in field.values() {
            let number = value.as_str().starts_with(|c: char| c.is_ascii_digit());
            if !number {
                let text = format!("{}:{}", name_text(name), quoted(value));
                found.offer(written, value.as_str(), text, times(count));
            }
        }
    }
}

fn values(found: &mut Found, name: &str, before: &str, written: &str, known: &KnownFields) {
    let orders = before.ends_with(['<', '>']) || before.ends_with(">=") || before.ends_with("<=");
    let written = written.trim_start_matches(['>', '<', '=', '"']);
    let ranked = match name.to_ascii_lowercase().as_str() {
        "level" | "lvl" | "severity" => {
            for word in &Level::WORDS[1..] {
                found.offer(written, word, (*word).to_owned(), "");
            }
            return;
        }
        "since" | "until" => {
            for span in SPANS {
                found.offer(written, span, span.to_owned(), "ago");
            }
            return;
        }
        "is" => return found.offer(written, "stderr", "stderr".to_owned(), "written to the standard error"),
        "service" => known.services(),
        "log" => known.logs(),
        _ => known.find(name).map(|field| field.values()).unwrap_or_default(),
    };
    let field = known.find(name);
    let is_status = field.is_some_and(Field::is_numeric)
        && !ranked.is_empty()
        && ranked.iter().all(|(value, _)| matches!(value.as_str().as_bytes(), [b'1'..=b'5', a, b] if a.is_ascii_digit() && b.is_ascii_digit()));
    if is_status && !orders {
        let classes: BTreeSet<u8> = ranked.iter().map(|(value, _)| value.as_str().as_bytes()[0]).collect();
        for class in classes {
            let text = format!("{}xx", class as char);
            found.offer(written, &text, text.clone(), "all of the class");
        }
    }
    for (value, count) in ranked {
        found.offer(written, value.as_str(), quoted(value), times(count));
    }
    if field.is_some() && !orders {
        found.offer(written, "*", "*".to_owned(), "the field is present");
    }
}

fn times(count: u64) -> String {
    if count == 1 { "seen once".to_owned() } else { format!("seen {count} times") }
}

fn name_text(name: &SafeText) -> String {
    let name = name.as_str();
    let plain = name.chars().all(is_name) && !name.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if plain { name.to_owned() } else { in_quotes(name) }
}

/// A value as it must be written to be found as it is.
fn quoted(value: &SafeText) -> String {
    let value = value.as_str();
    let strange = |c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')' | '*');
    let means_more = value.starts_with(['/', ':', '>', '<', '=', '!', '~']) || value.contains("..");
    if value.contains(strange) || means_more { in_quotes(value) } else { value.to_owned() }
}

fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests;
