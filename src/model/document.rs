//! Documents: what one poll of a source yields.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::text::SafeText;
use super::time::Stamp;

/// One answer of a source, ready for jq. The shape of `value` depends on the kind of source:
///
/// - HTTP: `{status, latency_ms, timing {dns, connect, tls, first_byte, total}, headers, body, text, size, version, remote, tls {days_left, not_after, issuer, subject}}`; `body` is
///   the parsed JSON, or null: then `body_error` says why (`the body is not JSON: it ends in the middle of a list at byte 31`)
/// - command: `{exit, signal, stdout, stderr, json, duration_ms}`
/// - TCP: `{connected, latency_ms, remote}`
/// - exposition: `{samples: N, bytes: N, latency_ms}`; the samples themselves go to `sample` metrics while streaming
#[derive(Debug, Clone)]
pub struct Document {
    /// The JSON value that checks and metrics read.
    pub value: Arc<Value>,
    /// When the poll was due, sent and answered.
    pub timing: Timing,
}

/// The three moments of a poll. Latency since scheduled shows what a user of the service waits when we run late;
/// latency since sent is the service's own.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// The tick at which the poll was due.
    pub scheduled: Stamp,
    /// When it was really sent.
    pub sent: Stamp,
    /// When the answer, the error or the timeout came.
    pub ended: Stamp,
}

impl Timing {
    /// From sent to ended.
    pub fn latency(&self) -> Duration {
        self.ended.since(self.sent)
    }

    /// From scheduled to ended.
    pub fn latency_since_scheduled(&self) -> Duration {
        self.ended.since(self.scheduled)
    }
}

/// Why a poll yielded no document. Every variant is a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// No answer within the whole-request timeout, and what was being waited for: `while connecting`.
    #[error("no answer within {0:?} {1}")]
    Timeout(Duration, &'static str),
    /// Name resolution, connection, TLS or protocol failure, in words.
    #[error("{0}")]
    Failed(SafeText),
    /// The other side broke off after the connection was made, before its answer was whole.
    #[error("{0}")]
    Dropped(SafeText),
    /// The answer came but can't be read (too large, not JSON where JSON is needed).
    #[error("answer not understood: {0}")]
    Unreadable(SafeText),
    /// Our own side prevents it: a secret is missing, a program is not there.
    #[error("{0}")]
    Ours(SafeText),
}

/// Why the body of a document is null, where `program` reads the body: ``the body is not JSON: …``,
/// `content-encoding br is not supported`. `None` where there is a body, or where the program does not ask for it.
pub fn body_error<'a>(document: &'a Value, program: &str) -> Option<&'a str> {
    let asked = program.match_indices("body").any(|(at, word)| {
        let (before, after) = (program[..at].chars().next_back(), program[at + word.len()..].chars().next());
        ![before, after].into_iter().flatten().any(|c| c.is_alphanumeric() || c == '_')
    });
    document.get("body_error").filter(|_| asked).and_then(Value::as_str)
}

/// A number of a document by its field: `latency_ms`, `tls.days_left`; one that is not at the top is looked for in
/// `body` and `tls`, as people write it.
pub fn number_at(document: &Value, field: &str) -> Option<f64> {
    let within = |part: &Value| field.split('.').try_fold(part, |part, key| part.get(key)).and_then(Value::as_f64);
    within(document).or_else(|| ["body", "tls"].into_iter().find_map(|part| document.get(part).and_then(within)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_that_is_not_there_is_explained_to_who_asks_for_it() {
        let document = json!({"status": 200, "body": null, "body_error": "the body is empty"});
        for (program, asks) in [
            (".body.status == \"ok\"", true),
            (".[\"body\"].n > 1", true),
            (".body", true),
            (".status == 200", false),
            (".body_error == null", false),
            (".text | test(\"nobody\")", false),
        ] {
            assert_eq!(body_error(&document, program), asks.then_some("the body is empty"), "{program}");
        }
        assert_eq!(body_error(&json!({"body": {}}), ".body.x"), None);
    }

    #[test]
    fn fields_are_found_where_people_expect_them() {
        let document =
            json!({"latency_ms": 41, "body": {"queue": {"depth": 7}, "name": "x"}, "tls": {"days_left": 20}});
        let cases = [
            ("latency_ms", Some(41.0)),
            ("queue.depth", Some(7.0)),
            ("body.queue.depth", Some(7.0)),
            ("days_left", Some(20.0)),
            ("tls.days_left", Some(20.0)),
            ("name", None),
            ("missing", None),
            ("", None),
        ];
        for (field, want) in cases {
            assert_eq!(number_at(&document, field), want, "{field}");
        }
    }
}
