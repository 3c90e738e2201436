//! The programs that nearly everybody writes, without jaq: `.body.status == "healthy"`, `.error_rate`.

use std::cmp::Ordering;

use serde_json::Value;

use super::reads::{Read, Step};

/// A path, or a path compared with a literal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Simple {
    path: Vec<Step>,
    /// The path as written, for messages.
    written: String,
    comparison: Option<(Operator, Value)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Simple {
    /// Recognises a simple program; `None` sends it to jaq, which also finds what is wrong with it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (path, rest) = parse_path(text)?;
        let written = text[..text.len() - rest.len()].to_owned();
        let rest = rest.trim_start();
        let comparison = if rest.is_empty() { None } else { Some(parse_comparison(rest)?) };
        Some(Self { path, written, comparison })
    }

    /// The path as written: the left side of the comparison.
    pub(crate) fn path(&self) -> &str {
        &self.written
    }

    /// The path, for a program that begins at `offset`; `None` for the whole document.
    pub(super) fn read(&self, offset: usize) -> Option<Read> {
        (!self.path.is_empty()).then(|| Read { steps: self.path.clone(), offset })
    }

    /// What the path leads to in `document`.
    ///
    /// # Errors
    /// A step into something that has no such steps.
    pub(crate) fn look_up(&self, document: &Value) -> Result<Value, String> {
        self.find(document).map(|found| found.cloned().unwrap_or(Value::Null))
    }

    /// Runs the program.
    ///
    /// # Errors
    /// As [`Simple::look_up`].
    pub(crate) fn run(&self, document: &Value) -> Result<Value, String> {
        let found = self.find(document)?;
        Ok(match &self.comparison {
            None => found.cloned().unwrap_or(Value::Null),
            Some((operator, literal)) => Value::Bool(operator.holds(compare(found.unwrap_or(&Value::Null), literal))),
        })
    }

    fn find<'a>(&self, document: &'a Value) -> Result<Option<&'a Value>, String> {
        let mut here = document;
        for step in &self.path {
            let next = match (here, step) {
                (Value::Null, _) => return Ok(None),
                (Value::Object(map), Step::Key(key)) => map.get(key),
                (Value::Array(list), Step::Index(index)) => at(list, *index),
                // jaq's objects may have keys of any kind, and so it finds nothing here where jq complains.
                (Value::Object(_), Step::Index(_)) => None,
                (other, Step::Key(key)) => return Err(format!("{} has no field \"{key}\"", kind(other))),
                (other, Step::Index(index)) => return Err(format!("{} has no element {index}", kind(other))),
            };
            match next {
                Some(value) => here = value,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }
}

fn at(list: &[Value], index: i64) -> Option<&Value> {
    let index = if index < 0 { i64::try_from(list.len()).ok()? + index } else { index };
    list.get(usize::try_from(index).ok()?)
}

/// The kind of a value, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl Operator {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering == Ordering::Equal,
            Self::NotEqual => ordering != Ordering::Equal,
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}

/// jq's order between a value and a scalar: null, false, true, numbers, strings, arrays, objects.
fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.as_f64().unwrap_or(f64::NAN).total_cmp(&right.as_f64().unwrap_or(f64::NAN)),
        },
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (left, right) => rank(left).cmp(&rank(right)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Number(_) => 3,
        Value::String(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    }
}

fn parse_path(text: &str) -> Option<(Vec<Step>, &str)> {
    let mut path = Vec::new();
    let mut rest = text.strip_prefix('.')?;
    // After the first dot a name, a quoted name or a bracket may follow at once; later ones need their own dot.
    let mut after_dot = true;
    loop {
        if after_dot && rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            path.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        } else if after_dot && rest.starts_with('"') {
            let (key, tail) = parse_string(rest)?;
            path.push(Step::Key(key));
            rest = tail;
        } else if let Some(inner) = rest.strip_prefix('[') {
            let (step, tail) = parse_bracket(inner)?;
            path.push(step);
            rest = tail;
        } else if after_dot && path.is_empty() {
            return Some((path, rest));
        } else {
            return None;
        }
        after_dot = false;
        if let Some(tail) = rest.strip_prefix('.') {
            after_dot = true;
            rest = tail;
        } else if !rest.starts_with('[') {
            return Some((path, rest));
        }
    }
}

fn parse_bracket(text: &str) -> Option<(Step, &str)> {
    if text.starts_with('"') {
        let (key, tail) = parse_string(text)?;
        return Some((Step::Key(key), tail.strip_prefix(']')?));
    }
    let (index, tail) = text.split_once(']')?;
    Some((Step::Index(parse_index(index)?), tail))
}

fn parse_index(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.len() < 10 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A string without escapes: those with escapes or interpolation go to jaq.
fn parse_string(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let end = inner.find('"')?;
    let content = &inner[..end];
    (!content.contains('\\')).then(|| (content.to_owned(), &inner[end + 1..]))
}

fn parse_comparison(text: &str) -> Option<(Operator, Value)> {
    let operators = [
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let (operator, rest) = operators.iter().find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))?;
    // `<-1` would be lexed by jq as one operator with a number; only a blank makes it plain.
    let literal = rest.trim();
    let value = match literal {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if literal.starts_with('"') => {
            let (content, tail) = parse_string(literal)?;
            if !tail.is_empty() {
                return None;
            }
            Value::String(content)
        }
        _ => {
            let digits = literal.strip_prefix('-').unwrap_or(literal);
            if !digits.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            Value::Number(serde_json::from_str(literal).ok()?)
        }
    };
    Some((operator, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn simple_programs_are_recognised_and_others_left_alone() {
        for text in
            [".", ".a", " .a.b ", ".a[0]", ".[0].b", ".\"a b\"", ".a == 1", ".a.b!=\"x\"", ".a >= -1.5", ".[\"x\"] < 2"]
        {
            assert!(Simple::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "a",
            ".a | length",
            ".a?",
            ".a[]",
            "..",
            ".a == .b",
            ".a == 1 and .b",
            ".a[1:2]",
            ".a == \"\\(1)\"",
            ".a.",
            ".a == ",
            ".1",
        ] {
            assert!(Simple::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_missing_field_is_null_and_a_wrong_step_an_error() {
        let simple = Simple::parse(".a.b").unwrap();
        assert_eq!(simple.run(&json!({})), Ok(Value::Null));
        assert_eq!(simple.run(&json!({"a": null})), Ok(Value::Null));
        assert_eq!(simple.run(&json!({"a": "x"})), Err("a string has no field \"b\"".to_owned()));
        assert_eq!(simple.path(), ".a.b");
    }
}
