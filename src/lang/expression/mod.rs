//! jq programs: compiled once, run under bounds.
//!
//! The language is jq as `jaq` has it, less what can hang or crash a console: no definitions (recursion has no
//! bound), nothing that reads or writes beside the document (`input`, `env`, `debug`, `halt`), and every generator
//! that can go on for ever pays for each step from a fixed budget. What remains is still run in a process of its own
//! with bounds on memory and time (`sources::jq`): a product of two long lists is slow without being endless, and
//! `"x" * 1e9` takes all memory.
//!
//! Most programs are a path, or a path compared with a literal. Those are recognised and evaluated directly on the
//! document, without jaq and without a thread.

mod engine;
mod reads;
mod simple;

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

pub(crate) use reads::{Read, Step};
pub(crate) use simple::Simple;

/// The longest program that is compiled, in bytes.
pub(crate) const MAX_PROGRAM: usize = 4096;
/// Words by which a program deals with what may be missing.
const ABSENCE: &[&str] = &[
    "null",
    "has",
    "in",
    "not",
    "if",
    "try",
    "select",
    "empty",
    "any",
    "all",
    "values",
    "nulls",
    "type",
    "keys",
    "paths",
    "getpath",
    "recurse",
    "to_entries",
    "map_values",
    "path",
    "del",
    "isvalid",
    "tostring",
    "tojson",
    "error",
];

/// The most outputs that one run may have.
pub(crate) const MAX_OUTPUTS: usize = 1000;

/// Why a program was not compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// Byte offset into the program, where it is known.
    pub offset: Option<usize>,
    /// What is wrong, one line, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Why a run gave no outputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EvaluationError {
    /// The program raised an error on this document: another document may do better.
    #[error("{0}")]
    Raised(String),
    /// The program exceeded a bound: it will not be better with another document of the kind.
    #[error("{0}")]
    Exceeded(&'static str),
}

/// A compiled program. Cheap to clone.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    program: Program,
    reads: Arc<[Read]>,
    handles_absence: bool,
}

#[derive(Clone)]
enum Program {
    Simple(Arc<Simple>),
    Full(Arc<engine::Program>),
}

impl Expression {
    /// Compiles `text`.
    ///
    /// # Errors
    /// What is wrong, where, and what to do.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        if text.len() > MAX_PROGRAM {
            return Err(ExpressionError {
                offset: Some(0),
                message: format!("the expression has {} bytes; at most {MAX_PROGRAM} are allowed", text.len()),
                hint: Some("run the long form in a command source and read its JSON".to_owned()),
            });
        }
        let (program, reads) = if let Some(simple) = Simple::parse(text) {
            let reads = simple.read(text.len() - text.trim_start().len());
            (Program::Simple(Arc::new(simple)), reads.into_iter().collect())
        } else {
            let (program, reads) = engine::compile(text)?;
            (Program::Full(Arc::new(program)), reads.into())
        };
        Ok(Self { text: text.into(), program, reads, handles_absence: handles_absence(text) })
    }

    /// The paths that the program reads from its document, in order, as far as its text shows them.
    pub(crate) fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// Whether the program says itself what a missing field means: by `//`, `?`, a comparison with null, or a filter
    /// that asks or chooses.
    pub(crate) fn handles_absence(&self) -> bool {
        self.handles_absence
    }

    /// The program as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The program in its simple form, where it has one: then it may be run anywhere, at once.
    pub(crate) fn simple(&self) -> Option<&Simple> {
        match &self.program {
            Program::Simple(simple) => Some(simple),
            Program::Full(_) => None,
        }
    }

    /// Runs the program on a document: its outputs, in order.
    ///
    /// A program that is not [`Expression::simple`] may take any time and memory: see `sources::jq`, which bounds both.
    ///
    /// # Errors
    /// What the program raised, or the bound that it exceeded.
    pub(crate) fn run(&self, document: &Value) -> Result<Vec<Value>, EvaluationError> {
        match &self.program {
            Program::Simple(simple) => simple.run(document).map(|value| vec![value]).map_err(EvaluationError::Raised),
            Program::Full(program) => program.run(document),
        }
    }
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

/// Equal as written: what a program means is its text.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

/// Compiles while it is read, so that a process that is handed a configuration compiles each program once.
impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::compile(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Whether jq takes a value for true: everything but `null` and `false`.
pub(crate) fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// Its text alone is looked at, so a word within a string counts too: then a missing field is left to the program, as jq
/// does.
fn handles_absence(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.contains("//") || text.contains('?') || text.split(|c| !is_word(c)).any(|word| ABSENCE.contains(&word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn run(text: &str, document: &Value) -> Result<Vec<Value>, EvaluationError> {
        Expression::compile(text).unwrap().run(document)
    }

    #[test]
    fn programs_as_they_are_written_in_configurations() {
        let document = json!({
            "status": 200, "latency_ms": 41.5,
            "body": {"status": "degraded", "total_errors": 3, "total": 12,
                     "services": {"db": {"status": "up"}, "redis": {"status": "down"}}, "list": [3, 1, 2]},
        });
        let cases = [
            (".status == 200", json!(true)),
            (".body.status == \"healthy\"", json!(false)),
            (".latency_ms > 1000", json!(false)),
            (".body.total_errors / .body.total", json!(0.25)),
            ("[.body.services[] | select(.status == \"down\")] | length", json!(1)),
            (".body.services | to_entries | map(.key) | join(\",\")", json!("db,redis")),
            (".body.list | sort | first", json!(1)),
            (".body.list | max", json!(3)),
            (".body.list[1:] | add", json!(3)),
            ("[range(5)] | length", json!(5)),
            ("[limit(3; repeat(1))]", json!([1, 1, 1])),
            ("[.. | numbers] | length", json!(7)),
            ("reduce range(0; 10; 2) as $x (0; . + $x)", json!(20)),
            ("[range(5; 0; -2)]", json!([5, 3, 1])),
            (".body.status | test(\"^deg\")", json!(true)),
            ("\"41.5\" | tonumber", json!(41.5)),
            ("\"[1,{\\\"a\\\":2}]\" | fromjson | .[1].a", json!(2)),
            (".missing // \"none\"", json!("none")),
            ("if .status >= 500 then \"bad\" else \"fine\" end", json!("fine")),
            ("[.body.list[] | until(. > 100; . * 2)] | length", json!(3)),
            ("[1 | recurse(if . < 3 then . + 1 else empty end)]", json!([1, 2, 3])),
            (".status == 200 and .body.status != \"unhealthy\"", json!(true)),
        ];
        for (text, expected) in cases {
            assert_eq!(run(text, &document), Ok(vec![expected]), "{text}");
        }
    }

    #[test]
    fn what_is_refused_says_where_and_why() {
        let cases = [
            ("def f: 1 + f; f", Some(0), "`def` is not allowed"),
            (".a | env", Some(5), "`env` is not allowed"),
            ("$ENV.HOME", Some(0), "`$ENV` is not allowed"),
            (".a | debug", Some(5), "`debug` is not allowed"),
            ("input", Some(0), "`input` is not allowed"),
            ("include \"x\"; .", Some(0), "`include` is not allowed"),
            (".a | lenght", Some(5), "no filter named `lenght`"),
            (".a | (.b", Some(8), "closing parenthesis"),
            (".a ==", Some(5), "a term"),
            ("", Some(0), "a term"),
            ("$x", Some(0), "no variable named `$x`"),
        ];
        for (text, offset, message) in cases {
            let error = Expression::compile(text).unwrap_err();
            assert_eq!(error.offset, offset, "{text}: {error}");
            assert!(error.message.contains(message), "{text}: {error}");
        }
        let error = Expression::compile(".a | lenght").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean `length`?"));
    }

    #[test]
    fn programs_without_end_stop_at_their_budget() {
        for text in [
            "last(range(infinite))",
            "[range(1000000000)]",
            "[repeat(1)]",
            "0 | until(false; . + 1)",
            "[0 | while(true; . + 1)]",
            "[0 | recurse(. + 1)] | length",
        ] {
            assert!(matches!(run(text, &Value::Null), Err(EvaluationError::Exceeded(_))), "{text}");
        }
        assert!(matches!(run("range(5000)", &Value::Null), Err(EvaluationError::Exceeded(_))));
    }

    #[test]
    fn deep_texts_are_refused_and_do_not_overflow() {
        let brackets = json!("[".repeat(60_000));
        assert!(matches!(run("fromjson | .x", &brackets), Err(EvaluationError::Raised(_))));
        assert!(matches!(run("tonumber + 1", &brackets), Err(EvaluationError::Raised(_))));
        assert!(Expression::compile(&"[".repeat(4000)).is_err());
        assert!(Expression::compile(&format!("{}1{}", "(".repeat(1900), ")".repeat(1900))).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn compiling_never_panics(text in "\\PC{0,60}") {
            let _ = Expression::compile(&text);
        }

        #[test]
        fn simple_programs_agree_with_jaq(
            path in prop::sample::select(vec![".", ".a", ".a.b", ".a[0]", ".a[-1]", ".\"x y\"", ".a.b[1].c", ".[\"a\"]", ".a?"]),
            operator in prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]),
            literal in prop::sample::select(vec!["1", "-2.5", "\"b\"", "true", "null", "1e3"]),
            document in prop::sample::select(vec![
                json!(null), json!({"a": 1}), json!({"a": {"b": "b"}}), json!({"a": [1, true, {"c": 2}]}), json!({"x y": null}),
                json!({"a": {"b": [0, {"c": -2.5}]}}), json!([1]), json!("b"), json!({"a": 1000}),
            ]),
        ) {
            for text in [path.to_owned(), format!("{path} {operator} {literal}")] {
                if let Some(simple) = Simple::parse(&text) {
                    let full = engine::compile(&text).unwrap().0.run(&document);
                    match (simple.run(&document), full) {
                        (Ok(ours), Ok(theirs)) => prop_assert_eq!(vec![ours], theirs, "{}", text),
                        (Err(_), Err(_)) => {}
                        (ours, theirs) => prop_assert!(false, "{text}: {ours:?} against {theirs:?}"),
                    }
                }
            }
        }
    }
}
