//! What an HTTP answer that is not good says in its body of what went wrong: an expectation that it does not meet, or its
//! status code, says only that something did.

use serde_json::{Map, Value};

/// Characters of it that are kept.
const MAX: usize = 200;
/// Objects in each other in which it is looked for.
const MAX_DEPTH: usize = 3;
/// Fields that hold an error in whatever answer.
const ERRORS: &[&str] = &["error", "errors", "exception"];
/// Fields that hold one where the answer is one.
const WORDS: &[&str] = &["message", "detail", "error_description", "reason", "description", "title", "msg"];

/// `words (why)`: what the answer itself says, before why it is not good. `why` alone where it says nothing, or the same.
pub(crate) fn said_before(document: &Value, why: String) -> String {
    match words(document) {
        Some(words) if !why.contains(words.trim_end_matches('…')) => format!("{words} ({why})"),
        _ => why,
    }
}

/// What the body of an answer says of an error, in one line.
fn words(document: &Value) -> Option<String> {
    let code = document.get("status")?.as_u64()?;
    let is_error = code >= 400;
    let text = match document.get("body")? {
        Value::Object(object) => of_object(object, is_error, code, 0),
        Value::String(text) if is_error => plain(text),
        Value::Null if is_error => plain(document.get("text")?.as_str()?),
        _ => None,
    }?;
    says_more(&text, code).then_some(text)
}

fn of_object(object: &Map<String, Value>, is_error: bool, code: u64, depth: usize) -> Option<String> {
    let words = if is_error || depth > 0 { WORDS } else { &[] };
    let mut fields = ERRORS.iter().chain(words).filter_map(|key| object.get(*key));
    fields.find_map(|value| of_value(value, code, depth))
}

fn of_value(value: &Value, code: u64, depth: usize) -> Option<String> {
    match value {
        Value::String(text) => line(text).filter(|text| says_more(text, code)),
        Value::Object(object) if depth < MAX_DEPTH => of_object(object, true, code, depth + 1),
        Value::Array(all) if depth < MAX_DEPTH => all.iter().find_map(|one| of_value(one, code, depth + 1)),
        _ => None,
    }
}

/// A text that is no document of another kind: an error page says nothing in a line.
fn plain(text: &str) -> Option<String> {
    if text.trim_start().starts_with(['<', '{', '[']) { None } else { line(text) }
}

/// The first line that says anything, shortened.
fn line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| line.chars().any(char::is_alphabetic))?;
    Some(match line.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    })
}

/// Whether it says more than the name of the status code does.
fn says_more(text: &str, code: u64) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    let said = plain(text);
    reason_phrase(code).is_none_or(|phrase| said != plain(phrase)) && !matches!(&*said, "error" | "true" | "false")
}

/// The name of a status code: `Service Unavailable`.
pub(crate) fn reason_phrase(code: u64) -> Option<&'static str> {
    reqwest::StatusCode::from_u16(u16::try_from(code).ok()?).ok()?.canonical_reason()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_speaks_before_what_was_expected_of_it() {
        let long = "x".repeat(300);
        let cases = [
            (json!({"status": 503, "body": {"error": "pool exhausted"}}), Some("pool exhausted")),
            (
                json!({"status": 503, "body": {"error": {"code": 7, "message": "pool exhausted"}}}),
                Some("pool exhausted"),
            ),
            (json!({"status": 422, "body": {"errors": [{"title": "no such plan"}]}}), Some("no such plan")),
            (json!({"status": 500, "body": {"errors": ["disk full", "x"]}}), Some("disk full")),
            (
                json!({"status": 500, "body": {"title": "Internal Server Error", "detail": "disk full"}}),
                Some("disk full"),
            ),
            // Spring repeats the name of the code as the error.
            (
                json!({"status": 503, "body": {"error": "Service Unavailable", "message": "pool exhausted"}}),
                Some("pool exhausted"),
            ),
            (json!({"status": 503, "body": "pool exhausted"}), Some("pool exhausted")),
            (json!({"status": 503, "body": null, "text": "\n pool exhausted\nat db.go:1\n"}), Some("pool exhausted")),
            (json!({"status": 200, "body": {"ok": false, "error": "disk full"}}), Some("disk full")),
            // What says nothing.
            (json!({"status": 503, "body": {"error": true}}), None),
            (json!({"status": 503, "body": null, "text": "503 Service Unavailable\n"}), None),
            (
                json!({"status": 503, "body": null, "text": "upstream: service unavailable"}),
                Some("upstream: service unavailable"),
            ),
            (json!({"status": 502, "body": null, "text": "<html><title>Bad Gateway</title></html>"}), None),
            (json!({"status": 503, "body": null, "text": "{\"error\": \"cut of"}), None),
            (json!({"status": 503, "body": null, "text": null}), None),
            (json!({"status": 503, "body": [1, 2]}), None),
            (json!({"status": 200, "body": {"message": "welcome"}}), None),
            (json!({"status": 200, "body": null, "text": "welcome"}), None),
            (json!({"exit": 1, "body": {"error": "not an answer"}}), None),
        ];
        for (document, expected) in cases {
            assert_eq!(words(&document).as_deref(), expected, "{document}");
        }
        let shortened = words(&json!({"status": 500, "body": {"error": long}})).unwrap();
        assert_eq!((shortened.chars().count(), shortened.ends_with('…')), (MAX + 1, true));
        let document = json!({"status": 503, "body": {"error": "pool exhausted"}});
        assert_eq!(
            said_before(&document, ".status == 200 saw 503".to_owned()),
            "pool exhausted (.status == 200 saw 503)"
        );
        let same = ".body.error == null saw \"pool exhausted\"";
        assert_eq!(said_before(&document, same.to_owned()), same, "it is not said twice");
    }
}
