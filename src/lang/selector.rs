//! Selectors over expositions: `http_requests_total{job="api", code=~"5.."}`.

use regex::Regex;

/// Why a selector was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SelectorError {
    /// Byte offset into the selector.
    pub offset: usize,
    /// What is wrong, one line, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A compiled selector: a metric name and matchers over labels.
#[derive(Debug, Clone)]
pub struct Selector {
    written: String,
    name: Option<String>,
    matchers: Vec<Matcher>,
}

/// Equal as written.
impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

#[derive(Debug, Clone)]
struct Matcher {
    label: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Equal(String),
    NotEqual(String),
    Matches(Regex),
    MatchesNot(Regex),
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Equal(expected) => value == expected,
            Self::NotEqual(expected) => value != expected,
            Self::Matches(regex) => regex.is_match(value),
            Self::MatchesNot(regex) => !regex.is_match(value),
        }
    }
}

impl Selector {
    /// Reads a selector as `PromQL` has it: `name`, `name{label="value"}`, `{__name__="name"}`, `{"name", label!="x"}`.
    /// Operators are `=`, `!=`, `=~` and `!~`; regexes match the whole value.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut reader = Reader { text, at: 0 };
        let mut selector = Self { written: text.to_owned(), name: reader.name(), matchers: Vec::new() };
        reader.blanks();
        if reader.accept('{') {
            reader.matchers(&mut selector)?;
        }
        reader.blanks();
        if reader.at < text.len() {
            let hint = "a selector is a name with labels: functions and ranges need a Prometheus server";
            return Err(reader.error("expected the end of the selector", Some(hint)));
        }
        if selector.name.is_none() && selector.matchers.is_empty() {
            return Err(reader.error("a selector needs a metric name", Some("write it as `name{label=\"value\"}`")));
        }
        Ok(selector)
    }

    /// The selector as written.
    pub(crate) fn text(&self) -> &str {
        &self.written
    }

    /// Whether a series is meant. `label` looks up a label's value; a label that is not there is empty, as in `PromQL`.
    pub(crate) fn matches<'a>(&self, name: &str, mut label: impl FnMut(&str) -> Option<&'a str>) -> bool {
        self.name.as_deref().is_none_or(|expected| expected == name)
            && self.matchers.iter().all(|matcher| {
                let value = if matcher.label == "__name__" { Some(name) } else { label(&matcher.label) };
                matcher.test.holds(value.unwrap_or(""))
            })
    }

    /// The metric name that a series must have, where the selector gives one outright: the cheap test to do first.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether a series needs nothing but the name.
    pub(crate) fn is_bare(&self) -> bool {
        self.matchers.is_empty()
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn error(&self, message: &str, hint: Option<&str>) -> SelectorError {
        SelectorError { offset: self.at, message: message.to_owned(), hint: hint.map(str::to_owned) }
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn name(&mut self) -> Option<String> {
        self.blanks();
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':') {
            return None;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':').unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        self.at += end;
        Some(name)
    }

    fn matchers(&mut self, selector: &mut Selector) -> Result<(), SelectorError> {
        loop {
            self.blanks();
            if self.accept('}') {
                return Ok(());
            }
            let start = self.at;
            let quoted = self.rest().starts_with(['"', '\'']);
            let label = if quoted {
                self.string()?
            } else {
                self.name().ok_or_else(|| self.error("expected a label", None))?
            };
            self.blanks();
            if quoted && (self.rest().starts_with([',', '}'])) {
                if selector.name.is_some() {
                    self.at = start;
                    return Err(self.error("the metric name is given twice", None));
                }
                selector.name = Some(label);
            } else {
                let test = self.test()?;
                selector.matchers.push(Matcher { label, test });
            }
            self.blanks();
            if !self.accept(',') && !self.rest().starts_with('}') {
                return Err(self.error("expected `,` or `}`", None));
            }
        }
    }

    fn test(&mut self) -> Result<Test, SelectorError> {
        let operator = ["=~", "!~", "!=", "="].into_iter().find(|operator| self.rest().starts_with(operator));
        let Some(operator) = operator else {
            return Err(self.error("expected `=`, `!=`, `=~` or `!~`", None));
        };
        self.at += operator.len();
        self.blanks();
        let start = self.at;
        let value = self.string()?;
        let regex = |value: &str| {
            Regex::new(&format!("^(?s:{value})$")).map_err(|_| SelectorError {
                offset: start,
                message: format!("`{value}` is not a regular expression"),
                hint: Some("a dot or a bracket meant as itself is written `\\\\.`".to_owned()),
            })
        };
        Ok(match operator {
            "=" => Test::Equal(value),
            "!=" => Test::NotEqual(value),
            "=~" => Test::Matches(regex(&value)?),
            _ => Test::MatchesNot(regex(&value)?),
        })
    }

    fn string(&mut self) -> Result<String, SelectorError> {
        let start = self.at;
        let Some(quote @ ('"' | '\'')) = self.rest().chars().next() else {
            return Err(self.error("expected a value in quotes", Some("write it as `label=\"value\"`")));
        };
        let mut value = String::new();
        let mut chars = self.text[self.at + 1..].char_indices();
        while let Some((offset, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, c @ ('\\' | '"' | '\''))) => value.push(c),
                    // PromQL refuses unknown escapes; in a regex they are what everybody means.
                    Some((_, c)) => value.extend(['\\', c]),
                    None => break,
                },
                c if c == quote => {
                    self.at = start + 1 + offset + 1;
                    return Ok(value);
                }
                c => value.push(c),
            }
        }
        Err(self.error("the quote is not closed", None))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(selector: &str, name: &str, labels: &[(&str, &str)]) -> bool {
        Selector::parse(selector)
            .unwrap()
            .matches(name, |label| labels.iter().find(|(key, _)| *key == label).map(|(_, value)| *value))
    }

    #[test]
    fn selectors_choose_series_as_promql_does() {
        let labels = [("job", "api"), ("code", "503"), ("path", "/a\"b")];
        let yes = [
            "requests",
            " requests { } ",
            "requests{job=\"api\"}",
            "requests{job='api',}",
            "requests{code=~\"5..\", job!=\"web\"}",
            "requests{code!~\"4..\"}",
            "requests{missing=\"\"}",
            "requests{missing!=\"x\"}",
            "{__name__=~\"req.*\"}",
            "{\"requests\", \"job\"=\"api\"}",
            "requests{path=\"/a\\\"b\"}",
        ];
        for selector in yes {
            assert!(series(selector, "requests", &labels), "{selector}");
        }
        let no = [
            "request",
            "requests{job=\"ap\"}",
            "requests{code=~\"50\"}",
            "requests{missing=~\".+\"}",
            "requests{job!~\"a.*\"}",
        ];
        for selector in no {
            assert!(!series(selector, "requests", &labels), "{selector}");
        }
    }

    #[test]
    fn problems_are_pointed_at() {
        let cases = [
            ("", 0, "needs a metric name"),
            ("{}", 2, "needs a metric name"),
            ("a{b}", 3, "expected `=`"),
            ("a{b=c}", 4, "in quotes"),
            ("a{b=\"c}", 4, "not closed"),
            ("a{b=\"c\"", 7, "expected `,` or `}`"),
            ("a{b=\"c\" d=\"e\"}", 8, "expected `,` or `}`"),
            ("a[5m]", 1, "end of the selector"),
            ("rate(a[5m])", 4, "end of the selector"),
            ("a{b=~\"(\"}", 5, "not a regular expression"),
            ("a{\"b\"}", 2, "twice"),
        ];
        for (text, offset, message) in cases {
            let error = Selector::parse(text).unwrap_err();
            assert_eq!(error.offset, offset, "{text}: {error}");
            assert!(error.message.contains(message), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = Selector::parse(&text);
        }
    }
}
