//! Why an expression found nothing, in words that name what the document has.

use serde_json::Value;

use crate::lang::expression::{Expression, Read, Step};
use crate::text::count::counted;

/// How many names are listed, and how many characters of each.
const NAMES: usize = 12;
const NAME: usize = 40;

/// Why the first of `reads` that leads to nothing does so: what could not be read at all, or a field that is missing
/// (`no field .p95_m; body has error_rate, p95_ms`). `None` where all of them lead to something.
pub(crate) fn absent(document: &Value, reads: &[Read]) -> Option<String> {
    unreadable_of(document, reads).or_else(|| missing_of(document, reads))
}

fn missing_of(document: &Value, reads: &[Read]) -> Option<String> {
    reads.iter().find_map(|read| missing(document, &read.steps))
}

/// The field that an expression takes for granted and a document that could be read does not have. `None` where the
/// expression says itself what a missing field means (`// 0`, `?`, `!= null`, `has`, `if` …).
pub(crate) fn relied_on(document: &Value, program: &Expression) -> Option<String> {
    if program.handles_absence() { None } else { missing_of(document, program.reads()) }
}

/// What could not be read of a document though `reads` ask for something in it.
pub(crate) fn unreadable_of(document: &Value, reads: &[Read]) -> Option<String> {
    let asked =
        |payload: &str| reads.iter().any(|read| matches!(read.steps.first(), Some(Step::Key(key)) if key == payload));
    if asked("body")
        && let Some(why) = document.get("body_error").filter(|_| is_null(document, "body")).and_then(Value::as_str)
    {
        return Some(why.to_owned());
    }
    let unparsed = asked("json") && document.get("json")?.is_null();
    let stdout = document.get("stdout").filter(|_| unparsed)?.as_str()?;
    not_json(stdout).map(|why| format!("stdout is {why}"))
}

/// What the service itself says, by its names: `body has error_rate, p95_ms`. `None` for a document that has no such part.
pub(crate) fn contents(document: &Value) -> Option<String> {
    if let Some(why) = document.get("body_error").filter(|_| is_null(document, "body")).and_then(Value::as_str) {
        return Some(why.to_owned());
    }
    if let Some(body) = document.get("body") {
        return Some(format!("body {}", has(body)));
    }
    let stdout = document.get("stdout")?.as_str()?;
    Some(match document.get("json").filter(|json| !json.is_null()) {
        Some(json) => format!("json {}", has(json)),
        None => format!("stdout is {}", not_json(stdout).unwrap_or_else(|| "JSON null".to_owned())),
    })
}

/// Why a text is not JSON, and at which byte; `None` if it is.
fn not_json(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("empty".to_owned());
    }
    let error = serde_json::from_str::<serde::de::IgnoredAny>(text.trim_start_matches('\u{feff}')).err()?;
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let whole = error.to_string();
    let why = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(why, _)| why);
    Some(format!("not JSON: {why} at byte {}", before + error.column()))
}

/// The deepest part of a path that is there, and what it has instead of the next step.
fn missing(document: &Value, steps: &[Step]) -> Option<String> {
    let mut here = document;
    for (depth, step) in steps.iter().enumerate() {
        let next = match (here, step) {
            (Value::Object(map), Step::Key(key)) => map.get(key),
            (Value::Array(list), Step::Index(index)) => {
                let index = if *index < 0 { i64::try_from(list.len()).ok()? + index } else { *index };
                usize::try_from(index).ok().and_then(|index| list.get(index))
            }
            _ => None,
        };
        match next {
            Some(value) => here = value,
            None => return Some(format!("{}; {} {}", no(step), place(&steps[..depth]), has(here))),
        }
    }
    let why = match steps.first() {
        Some(Step::Key(payload)) => document.get(format!("{payload}_error")).and_then(Value::as_str),
        _ => None,
    };
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    here.is_null().then(|| format!("`{}` is null{why}", path(steps)))
}

fn is_null(document: &Value, payload: &str) -> bool {
    document.get(payload).is_none_or(Value::is_null)
}

fn no(step: &Step) -> String {
    match step {
        Step::Key(_) => format!("no field `{step}`"),
        Step::Index(index) => format!("no element {index}"),
    }
}

/// A path as it is written.
pub(crate) fn path(steps: &[Step]) -> String {
    let text: String = steps.iter().map(ToString::to_string).collect();
    if text.starts_with('[') { format!(".{text}") } else { text }
}

fn place(steps: &[Step]) -> String {
    if steps.is_empty() { "the document".to_owned() } else { path(steps).trim_start_matches('.').to_owned() }
}

/// `has requests_total, error_rate, p95_ms`, `is null`, `is a string`.
fn has(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "has no fields".to_owned(),
        Value::Object(map) => format!("has {}", names(map.keys().map(String::as_str))),
        other => format!("is {}", kind(other)),
    }
}

/// Some names, within bounds.
pub(crate) fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.collect();
    let cut = |name: &&str| match name.char_indices().nth(NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => (*name).to_owned(),
    };
    let text = all.iter().take(NAMES).map(cut).collect::<Vec<_>>().join(", ");
    if all.len() > NAMES { format!("{text} and {} more", all.len() - NAMES) } else { text }
}

/// What a value is, with its article.
pub(crate) fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(list) => format!("an array of {}", counted(list.len(), "element")),
        Value::Object(map) => format!("an object of {}", counted(map.len(), "field")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lang::expression::Expression;

    fn said(program: &str, document: &Value) -> Option<String> {
        absent(document, Expression::compile(program).unwrap().reads())
    }

    #[test]
    fn a_missing_field_is_named_with_what_is_there() {
        let body = json!({"requests_total": 1, "error_rate": 2, "p95_ms": 3, "db": {"pool": [1, 2]}, "none": null});
        let document = json!({"status": 200, "body": body});
        let cases = [
            (".body.p95_m", Some("no field `.p95_m`; body has db, error_rate, none, p95_ms, requests_total")),
            (".body.db.pol.size", Some("no field `.pol`; body.db has pool")),
            (".body.db.pool[7]", Some("no element 7; body.db.pool is an array of 2 elements")),
            (".body.db.pool[-3]", Some("no element -3; body.db.pool is an array of 2 elements")),
            (".body.error_rate.x", Some("no field `.x`; body.error_rate is a number")),
            (".body.none.x", Some("no field `.x`; body.none is null")),
            (".body.none", Some("`.body.none` is null")),
            (
                ".body.errors / .body.requests_total",
                Some("no field `.errors`; body has db, error_rate, none, p95_ms, requests_total"),
            ),
            (
                ".body[\"a b\"] | length",
                Some("no field `[\"a b\"]`; body has db, error_rate, none, p95_ms, requests_total"),
            ),
            (".body.error_rate", None),
            (".body | map(.x)", None),
        ];
        for (program, words) in cases {
            assert_eq!(said(program, &document).as_deref(), words, "{program}");
        }
        let many: serde_json::Map<String, Value> = (0..40).map(|n| (format!("f{n:02}"), json!(1))).collect();
        let words = said(".body.x", &json!({"body": many})).unwrap();
        assert!(words.ends_with("f11 and 28 more"), "{words}");
        assert_eq!(said(".body.x", &json!({"body": {}})).unwrap(), "no field `.x`; body has no fields");
    }

    #[test]
    fn a_payload_that_is_not_json_is_said_before_anything_else() {
        let html = json!({"status": 502, "body": null, "body_error": "the body is not JSON: …", "text": "<html>"});
        assert_eq!(said(".body.errors // 0", &html).unwrap(), "the body is not JSON: …");
        assert_eq!(said(".body | length", &html).unwrap(), "the body is not JSON: …");
        assert_eq!(said(".status", &html), None);
        assert_eq!(said(".text | test(\"body\")", &html), None);
        assert_eq!(said(".body.a", &json!({"body": null})).unwrap(), "no field `.a`; body is null");
        let cut = json!({"json": null, "stdout": "{\"a\":\n [1, 2"});
        assert_eq!(said(".json.a", &cut).unwrap(), "stdout is not JSON: EOF while parsing a list at byte 12");
        assert_eq!(said(".json.a", &json!({"json": null, "stdout": " \n"})).unwrap(), "stdout is empty");
        let command = json!({"exit": 0, "json": null, "stdout": "7 jobs"});
        assert_eq!(said(".json.x", &command).unwrap(), "stdout is not JSON: trailing characters at byte 3");
        assert_eq!(said(".json.x", &json!({"json": null, "stdout": "null"})).unwrap(), "no field `.x`; json is null");
    }
}
