//! One term: a word, a phrase, a regular expression, or a comparison of a field.

use super::Parser;
use super::moment::{ago, clock, instant};
use crate::lang::nearest::did_you_mean;
use crate::logs::filter::value::{Quantity, Test};
use crate::logs::filter::{Compare, Field, FilterError, Moment, Node};
use crate::logs::pattern;
use crate::logs::record::Level;

/// How a field and a value are compared.
#[derive(Debug, Clone, Copy)]
enum Operator {
    Is,
    Compare(Compare),
    Matches(bool),
}

/// How they are written; a longer one before its beginning.
const OPERATORS: [(&str, Operator); 10] = [
    (">=", Operator::Compare(Compare::AtLeast)),
    ("<=", Operator::Compare(Compare::AtMost)),
    ("!=", Operator::Compare(Compare::NotEqual)),
    ("!~", Operator::Matches(false)),
    ("==", Operator::Compare(Compare::Equal)),
    (">", Operator::Compare(Compare::More)),
    ("<", Operator::Compare(Compare::Less)),
    ("=", Operator::Compare(Compare::Equal)),
    ("~", Operator::Matches(true)),
    (":", Operator::Is),
];

fn operator(text: &str) -> Option<(Operator, usize)> {
    OPERATORS
        .into_iter()
        .find(|(symbol, _)| text.starts_with(symbol))
        .map(|(symbol, operator)| (operator, symbol.len()))
}

/// What a field's name may be made of without quotes.
pub(crate) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '@')
}

/// How long the name of a field and its operator are with which `text` begins. Addresses, times and paths have
/// colons too: what begins with a digit is no name, and neither `//` nor `:` begins a value.
pub(crate) fn name_and_operator(text: &str) -> Option<(usize, usize)> {
    let name = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (operator, length) = operator(&text[name..])?;
    let value = &text[name + length..];
    let other = matches!(operator, Operator::Is) && (value.starts_with("//") || value.starts_with(':'));
    (name > 0 && !text.starts_with(|c: char| c.is_ascii_digit()) && !other).then_some((name, length))
}

impl Parser<'_> {
    pub(super) fn term(&mut self) -> Result<Node, FilterError> {
        let start = self.at;
        if self.rest().starts_with('"') {
            let phrase = self.phrase()?;
            // `"user agent":curl`: names with spaces are quoted.
            return match operator(self.rest()) {
                Some((operator, length)) if !phrase.is_empty() => {
                    self.at += length;
                    self.comparison(start, &phrase, operator)
                }
                _ => Ok(Node::Text(self.literal(start, &phrase)?, Some(phrase.into()))),
            };
        }
        if self.rest().starts_with('/') {
            return match self.regex()? {
                Some(regex) => Ok(Node::Text(regex, None)),
                None => Err(self.error(
                    start,
                    "this regular expression has no closing `/`",
                    Some("close it, or quote the text to search for it literally".into()),
                )),
            };
        }
        if let Some((name_length, _)) = name_and_operator(self.rest())
            && let Some((operator, length)) = operator(&self.rest()[name_length..])
        {
            let name = &self.rest()[..name_length];
            self.at += name_length + length;
            return self.comparison(start, name, operator);
        }
        let word = self.word();
        Ok(Node::Text(self.literal(start, word)?, Some(word.into())))
    }

    fn comparison(&mut self, start: usize, name: &str, operator: Operator) -> Result<Node, FilterError> {
        let at = self.at;
        if self.rest().is_empty() || self.rest().starts_with(|c: char| c.is_whitespace() || c == ')') {
            let written = &self.text[start..at];
            return Err(self.error(
                at,
                format!("a value is missing after `{written}`"),
                Some(format!(
                    "{}:* matches records that have the field",
                    &self.text[start..start + written_name(written)]
                )),
            ));
        }
        match (name.to_ascii_lowercase().as_str(), operator) {
            ("level" | "lvl" | "severity", _) => self.level(at, operator),
            ("since", Operator::Is | Operator::Compare(Compare::Equal)) => Ok(Node::Since(self.moment(at)?)),
            ("until", Operator::Is | Operator::Compare(Compare::Equal)) => Ok(Node::Until(self.moment(at)?, None)),
            ("since" | "until", _) => {
                Err(self.error(at, format!("`{name}` is written with `:`"), Some(format!("{name}:10m"))))
            }
            ("is", Operator::Is) => match self.word() {
                "stderr" => Ok(Node::Stderr),
                _ => Err(self.error(at, "`is:` knows `stderr` alone", Some("is:stderr".into()))),
            },
            ("pattern", Operator::Is | Operator::Compare(Compare::Equal)) => {
                let (written, mut shape) = (self.phrase_or_word()?, String::new());
                // A message may be given for its shape; the shape of a shape is itself.
                pattern::mask(&written, &mut shape);
                Ok(Node::Pattern(pattern::shape_hash(&shape)))
            }
            ("pattern", _) => {
                let hint = "pattern:\"job <n> done in <n>\", and -pattern:… for all others";
                Err(self.error(at, "`pattern` is written with `:`", Some(hint.into())))
            }
            (lower, _) => {
                let field = match lower {
                    "message" | "msg" => Field::Message,
                    "raw" | "line" => Field::Raw,
                    "service" => Field::Service,
                    "log" => Field::Log,
                    "trace" => Field::Trace,
                    _ => Field::Named(name.to_owned()),
                };
                let running = matches!(field, Field::Message | Field::Raw);
                Ok(Node::Field(field, self.test(at, operator, running)?))
            }
        }
    }

    fn level(&mut self, at: usize, operator: Operator) -> Result<Node, FilterError> {
        let written = self.phrase_or_word()?;
        let (operator, word) = match self::operator(&written) {
            // `level:>=warn`
            Some((inner, length)) if matches!(operator, Operator::Is) => (inner, &written[length..]),
            _ => (operator, written.as_str()),
        };
        let compare = match operator {
            Operator::Is | Operator::Compare(Compare::Equal) => Compare::Equal,
            Operator::Compare(compare) => compare,
            Operator::Matches(_) => {
                return Err(self.error(
                    at,
                    "a level is compared by `:`, `>=`, `<=`, `>`, `<` or `!=`",
                    Some("level>=warn".into()),
                ));
            }
        };
        let Some(level) = Level::from_word(word) else {
            let nearest = Level::WORDS.iter().min_by_key(|known| strsim::levenshtein(known, word));
            let hint = match nearest {
                Some(known) if strsim::levenshtein(known, word) <= 2 => did_you_mean(known),
                _ => format!("levels are {}", Level::WORDS.join(", ")),
            };
            return Err(self.error(at, format!("`{word}` is not a level"), Some(hint)));
        };
        Ok(Node::Level(compare, level))
    }

    /// A test of a value, or of `running` text, in which a value is looked for anywhere.
    fn test(&mut self, at: usize, operator: Operator, running: bool) -> Result<Test, FilterError> {
        match operator {
            Operator::Is | Operator::Compare(Compare::Equal) => self.equality(at, running),
            Operator::Compare(Compare::NotEqual) => Ok(Test::Not(Box::new(self.equality(at, running)?))),
            Operator::Compare(compare) => {
                let word = self.phrase_or_word()?;
                let number = Quantity::parse(&word).ok_or_else(|| {
                    self.error(
                        at,
                        format!("`{word}` is not a number"),
                        Some("write a number, with a unit if you like: 500, 1.5s, 20MB".into()),
                    )
                })?;
                Ok(Test::Number(compare, number))
            }
            Operator::Matches(positive) => {
                let written = if self.rest().starts_with('/') { self.regex()? } else { None };
                let regex = if let Some(regex) = written {
                    regex
                } else {
                    let text = self.phrase_or_word()?;
                    self.compile(at, &text, false)?
                };
                let test = Test::Matches(regex);
                Ok(if positive { test } else { Test::Not(Box::new(test)) })
            }
        }
    }

    fn equality(&mut self, at: usize, running: bool) -> Result<Test, FilterError> {
        if self.rest().starts_with('/')
            && let Some(regex) = self.regex()?
        {
            return Ok(Test::Matches(regex));
        }
        let quoted = self.rest().starts_with('"');
        let value = self.phrase_or_word()?;
        if value == "*" && !quoted {
            return Ok(Test::Exists);
        }
        if !quoted && let Some(test) = number_test(&value) {
            return Ok(test);
        }
        if value.contains('*') {
            // `*` stands for anything.
            let body = value.split('*').map(regex::escape).collect::<Vec<_>>().join(".*");
            let pattern = if running { format!("(?s){body}") } else { format!("(?s)^{body}$") };
            return Ok(Test::Matches(self.compile(at, &pattern, true)?));
        }
        if running { Ok(Test::Matches(self.literal(at, &value)?)) } else { Ok(Test::Is(value)) }
    }

    fn moment(&mut self, at: usize) -> Result<Moment, FilterError> {
        let word = self.phrase_or_word()?;
        let written = ago(&word).map(Moment::Ago).or_else(|| instant(&word).map(Moment::At));
        let written = written.or_else(|| clock(&word).map(|(time, utc)| Moment::Clock { time, utc }));
        written.ok_or_else(|| {
            self.error(
                at,
                format!("`{word}` is not a valid time"),
                Some("write 10m, 2h, 1d, 17:54:00 or 2026-11-21T10:00:00Z".into()),
            )
        })
    }
}

/// How much of `written` is the name, quotes included.
fn written_name(written: &str) -> usize {
    written.trim_end_matches(['>', '<', '=', '!', '~', ':']).len()
}

/// `5xx`, `400..499`, `400..`, `..499`, `>=500`.
fn number_test(word: &str) -> Option<Test> {
    let bytes = word.as_bytes();
    if bytes.len() == 3 && bytes[0].is_ascii_digit() && bytes[1..].eq_ignore_ascii_case(b"xx") {
        return Some(Test::Class(bytes[0]));
    }
    if let Some((low, high)) = word.split_once("..") {
        return match (Quantity::parse(low), Quantity::parse(high)) {
            (Some(low), Some(high)) => Some(Test::Between(low, high)),
            (Some(low), None) if high.is_empty() => Some(Test::Number(Compare::AtLeast, low)),
            (None, Some(high)) if low.is_empty() => Some(Test::Number(Compare::AtMost, high)),
            _ => None,
        };
    }
    match operator(word) {
        Some((Operator::Compare(compare), length)) => {
            Quantity::parse(&word[length..]).map(|number| Test::Number(compare, number))
        }
        _ => None,
    }
}
