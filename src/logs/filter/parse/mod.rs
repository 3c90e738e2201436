//! From text to nodes: a recursive descent with bounds on everything that a text could make grow.

mod lex;
mod moment;
mod term;

pub(super) use term::{is_name, name_and_operator};

use super::{FilterError, Node};

/// Longest text, in bytes.
const MAX_TEXT: usize = 4096;
/// Most terms.
const MAX_TERMS: usize = 100;
/// Deepest parentheses and negations.
const MAX_DEPTH: usize = 32;

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
            if self.keyword("and") || self.symbol("&&") {
                let ends = self.rest().is_empty() || self.rest().starts_with(')');
                if nodes.is_empty() || ends {
                    let what = if nodes.is_empty() { "is before" } else { "follows" };
                    return Err(self.error(
                        before,
                        format!("nothing {what} `and`"),
                        Some("write \"and\" in quotes to look for the word".into()),
                    ));
                }
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
            _ => Ok(Node::all(nodes)),
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
}
