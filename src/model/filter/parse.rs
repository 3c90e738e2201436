//! From text to nodes: a recursive descent with bounds on everything that a text could make grow.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use regex::{Regex, RegexBuilder};

use super::value::{Quantity, Test};
use super::{Compare, Field, FilterError, Moment, Node};
use crate::model::record::Level;

/// Longest text, in bytes.
const MAX_TEXT: usize = 4096;
/// Most terms.
const MAX_TERMS: usize = 100;
/// Deepest parentheses and negations.
const MAX_DEPTH: usize = 32;
/// Bound on one compiled expression, in bytes.
const MAX_REGEX: usize = 1 << 20;

pub(super) fn parse(text: &str) -> Result<Node, FilterError> {
    if text.len() > MAX_TEXT {
        return Err(error(text, 0, "the filter is too long", Some(format!("at most {MAX_TEXT} characters"))));
    }
    let mut parser = Parser { text, at: 0, terms: 0 };
    parser.space();
    if parser.rest().is_empty() {
        return Ok(Node::Everything);
    }
    let node = parser.any(0)?;
    if parser.rest().is_empty() {
        return Ok(node);
    }
    Err(parser.error(parser.at, "a `)` without its `(`", Some("write \")\" in quotes to look for it".into())))
}

fn error(text: &str, at: usize, message: impl Into<String>, hint: Option<String>) -> FilterError {
    FilterError { offset: text[..at].chars().count(), message: message.into(), hint }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    terms: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, at: usize, message: impl Into<String>, hint: Option<String>) -> FilterError {
        error(self.text, at, message, hint)
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes the word `word` (with a boundary after it) and the spaces behind it.
    fn keyword(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let found = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && rest[word.len()..].chars().next().is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')'));
        if found {
            self.at += word.len();
            self.space();
        }
        found
    }

    fn any(&mut self, depth: usize) -> Result<Node, FilterError> {
        let mut nodes = vec![self.all(depth)?];
        loop {
            let at = self.at;
            if !(self.keyword("or") || self.symbol("||")) {
                break;
            }
            if self.rest().is_empty() || self.rest().starts_with(')') {
                return Err(self.error(
                    at,
                    "nothing follows `or`",
                    Some("write \"or\" in quotes to look for the word".into()),
                ));
            }
            nodes.push(self.all(depth)?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Any(nodes) })
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
            self.space();
        }
        found
    }

    fn all(&mut self, depth: usize) -> Result<Node, FilterError> {
        let mut nodes = Vec::new();
        loop {
            if self.rest().is_empty() || self.rest().starts_with(')') {
                break;
            }
            let before = self.at;
            if self.keyword("or") || self.symbol("||") {
                self.at = before;
                break;
            }
            if !nodes.is_empty() && (self.keyword("and") || self.symbol("&&")) {
                continue;
            }
            nodes.push(self.unary(depth)?);
            self.space();
        }
        match nodes.len() {
            0 => Err(self.error(
                self.at.min(self.text.len()),
                "a term is missing here",
                Some("a term is a word, a \"phrase\", a /regex/ or FIELD:VALUE".into()),
            )),
            1 => Ok(nodes.remove(0)),
            _ => Ok(Node::All(nodes)),
        }
    }

    fn unary(&mut self, depth: usize) -> Result<Node, FilterError> {
        if depth > MAX_DEPTH {
            return Err(self.error(self.at, "nested too deeply", Some(format!("at most {MAX_DEPTH} levels"))));
        }
        let start = self.at;
        let dash = self.rest().strip_prefix(['-', '!']).and_then(|rest| rest.chars().next());
        if dash.is_some_and(|next| !next.is_whitespace() && next != ')') {
            self.at += 1;
            return Ok(Node::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.keyword("not") {
            if self.rest().is_empty() {
                return Err(self.error(
                    start,
                    "nothing follows `not`",
                    Some("write \"not\" in quotes to look for the word".into()),
                ));
            }
            return Ok(Node::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.symbol("(") {
            let node = self.any(depth + 1)?;
            if !self.symbol(")") {
                return Err(self.error(start, "this `(` is not closed", Some("add a `)`".into())));
            }
            return Ok(node);
        }
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.error(
                start,
                "too many terms",
                Some(format!("at most {MAX_TERMS}; a /regex|with|choices/ counts as one")),
            ));
        }
        self.term()
    }

    fn term(&mut self) -> Result<Node, FilterError> {
        let start = self.at;
        if self.rest().starts_with('"') {
            let phrase = self.phrase()?;
            return Ok(Node::Text(self.literal(start, &phrase)?));
        }
        if self.rest().starts_with('/') {
            return match self.regex()? {
                Some(regex) => Ok(Node::Text(regex)),
                None => Err(self.error(
                    start,
                    "this regular expression has no closing `/`",
                    Some("close it, or write the text in quotes to look for it as it is".into()),
                )),
            };
        }
        let name_length = self
            .rest()
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '@')))
            .unwrap_or(self.rest().len());
        let operator = operator(&self.rest()[name_length..]);
        if let (1.., Some((operator, length))) = (name_length, operator) {
            let name = &self.rest()[..name_length];
            self.at += name_length + length;
            return self.comparison(start, name, operator);
        }
        let word = self.word();
        Ok(Node::Text(self.literal(start, word)?))
    }

    /// Up to the next space or parenthesis.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(rest.len());
        // Parentheses within a word, as in `f(x)`, belong to it.
        let end = if rest[..end].contains('(') && rest[end..].starts_with(')') { end + 1 } else { end };
        self.at += end;
        &rest[..end]
    }

    fn phrase(&mut self) -> Result<String, FilterError> {
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
    fn regex(&mut self) -> Result<Option<Regex>, FilterError> {
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

    fn compile(&self, at: usize, pattern: &str, fold: bool) -> Result<Regex, FilterError> {
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
                    Some("quote the text to look for it as it is".into()),
                )
            })
    }

    fn literal(&self, at: usize, text: &str) -> Result<Regex, FilterError> {
        self.compile(at, &regex::escape(text), true)
    }

    fn comparison(&mut self, start: usize, name: &str, operator: Operator) -> Result<Node, FilterError> {
        let at = self.at;
        if self.rest().is_empty() || self.rest().starts_with(|c: char| c.is_whitespace()) {
            return Err(self.error(
                at.min(self.text.len()),
                format!("a value is missing after `{}`", &self.text[start..at]),
                Some(format!("{name}:* asks whether the field is there")),
            ));
        }
        match (name.to_ascii_lowercase().as_str(), operator) {
            ("level" | "lvl" | "severity", _) => self.level(at, operator),
            ("since", Operator::Is | Operator::Compare(Compare::Equal)) => Ok(Node::Since(self.moment(at)?)),
            ("until", Operator::Is | Operator::Compare(Compare::Equal)) => Ok(Node::Until(self.moment(at)?)),
            ("is", Operator::Is) => match self.word() {
                "stderr" => Ok(Node::Stderr),
                _ => Err(self.error(at, "`is:` knows `stderr` alone", None)),
            },
            (lower, _) => {
                let field = match lower {
                    "message" | "msg" => Field::Message,
                    "raw" | "line" => Field::Raw,
                    "service" => Field::Service,
                    "log" => Field::Log,
                    "trace" => Field::Trace,
                    _ => Field::Named(name.to_owned()),
                };
                Ok(Node::Field(field, self.test(at, operator)?))
            }
        }
    }

    fn level(&mut self, at: usize, operator: Operator) -> Result<Node, FilterError> {
        let word = self.word().trim_matches('"');
        let compare = match operator {
            Operator::Is | Operator::Compare(Compare::Equal) => Compare::Equal,
            Operator::Compare(compare) => compare,
            Operator::Matches(_) => {
                return Err(self.error(at, "a level is compared by `:`, `>=`, `<=`, `>`, `<` or `!=`", None));
            }
        };
        let Some(level) = Level::from_word(word) else {
            let nearest = Level::WORDS.iter().min_by_key(|known| strsim::levenshtein(known, word));
            let hint = match nearest {
                Some(known) if strsim::levenshtein(known, word) <= 2 => format!("did you mean `{known}`?"),
                _ => format!("levels are {}", Level::WORDS.join(", ")),
            };
            return Err(self.error(at, format!("`{word}` is no level"), Some(hint)));
        };
        Ok(Node::Level(compare, level))
    }

    fn test(&mut self, at: usize, operator: Operator) -> Result<Test, FilterError> {
        let (compare, positive) = match operator {
            Operator::Is | Operator::Compare(Compare::Equal) => (None, true),
            Operator::Compare(Compare::NotEqual) => (None, false),
            Operator::Compare(compare) => (Some(compare), true),
            Operator::Matches(positive) => {
                let written = if self.rest().starts_with('/') { self.regex()? } else { None };
                let regex = if let Some(regex) = written {
                    regex
                } else {
                    let text = if self.rest().starts_with('"') { self.phrase()? } else { self.word().to_owned() };
                    self.compile(at, &text, false)?
                };
                return Ok(Test::Matches { regex, positive });
            }
        };
        if let Some(compare) = compare {
            let word = self.word();
            let number = Quantity::parse(word.trim_matches('"')).ok_or_else(|| {
                self.error(
                    at,
                    format!("`{word}` is no number"),
                    Some("write a number, with a unit if you like: 500, 1.5s, 20MB".into()),
                )
            })?;
            return Ok(Test::Number(compare, number));
        }
        self.equality(at, positive)
    }

    fn equality(&mut self, at: usize, positive: bool) -> Result<Test, FilterError> {
        if self.rest().starts_with('"') {
            let value = self.phrase()?;
            return if value.contains('*') {
                self.pattern(at, &value, positive)
            } else {
                Ok(Test::Is { value, positive })
            };
        }
        if self.rest().starts_with('/')
            && let Some(regex) = self.regex()?
        {
            return Ok(Test::Matches { regex, positive });
        }
        let word = self.word();
        let bytes = word.as_bytes();
        if word == "*" && positive {
            return Ok(Test::Exists);
        }
        if positive && bytes.len() == 3 && bytes[0].is_ascii_digit() && bytes[1..].eq_ignore_ascii_case(b"xx") {
            return Ok(Test::Class(bytes[0]));
        }
        if positive
            && let Some((low, high)) = word.split_once("..")
            && let (Some(low), Some(high)) = (Quantity::parse(low), Quantity::parse(high))
        {
            return Ok(Test::Between(low, high));
        }
        if positive
            && let Some((Operator::Compare(compare), length)) = operator(word)
            && let Some(number) = Quantity::parse(&word[length..])
        {
            return Ok(Test::Number(compare, number));
        }
        if word.contains('*') {
            self.pattern(at, word, positive)
        } else {
            Ok(Test::Is { value: word.to_owned(), positive })
        }
    }

    /// `*` stands for anything.
    fn pattern(&self, at: usize, text: &str, positive: bool) -> Result<Test, FilterError> {
        let body: Vec<String> = text.split('*').map(regex::escape).collect();
        let regex = self.compile(at, &format!("(?s)^{}$", body.join(".*")), true)?;
        Ok(Test::Matches { regex, positive })
    }

    fn moment(&mut self, at: usize) -> Result<Moment, FilterError> {
        let word = if self.rest().starts_with('"') { self.phrase()? } else { self.word().to_owned() };
        duration(&word).map(Moment::Ago).or_else(|| instant(&word).map(Moment::At)).ok_or_else(|| {
            self.error(at, format!("`{word}` is no time"), Some("write 10m, 2h, 1d or 2026-11-21T10:00:00Z".into()))
        })
    }
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Is,
    Compare(Compare),
    Matches(bool),
}

fn operator(text: &str) -> Option<(Operator, usize)> {
    const KNOWN: [(&str, Operator); 9] = [
        (">=", Operator::Compare(Compare::AtLeast)),
        ("<=", Operator::Compare(Compare::AtMost)),
        ("!=", Operator::Compare(Compare::NotEqual)),
        ("!~", Operator::Matches(false)),
        (">", Operator::Compare(Compare::More)),
        ("<", Operator::Compare(Compare::Less)),
        ("=", Operator::Compare(Compare::Equal)),
        ("~", Operator::Matches(true)),
        (":", Operator::Is),
    ];
    KNOWN.into_iter().find(|(symbol, _)| text.starts_with(symbol)).map(|(symbol, operator)| (operator, symbol.len()))
}

/// `10m`, `1h30m`, `2d`: whole numbers with units.
fn duration(text: &str) -> Option<Duration> {
    let mut total = 0_u64;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit_length = rest[digits..].find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len() - digits);
        let seconds = match &rest[digits..digits + unit_length] {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(seconds)?)?;
        rest = &rest[digits + unit_length..];
    }
    Some(Duration::from_secs(total))
}

/// RFC 3339, or without seconds, zone (UTC) or time of day.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    for form in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, form) {
            return Some(at.and_utc());
        }
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc())
}
