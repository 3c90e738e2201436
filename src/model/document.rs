//! Documents: what one poll of a source yields.

mod absent;
mod shape;

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

pub(crate) use absent::{absent, contents, kind, names, path, relied_on, unreadable_of};
pub(crate) use shape::{DocumentShape, Within};

use serde::{Deserialize, Serialize};

use crate::lang::time::Stamp;
use crate::text::SafeText;

/// The three moments of a poll. Latency since scheduled shows what a user of the service waits when we run late;
/// latency since sent is the service's own.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
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
    pub(crate) fn latency_since_scheduled(&self) -> Duration {
        self.ended.since(self.scheduled)
    }
}

/// Why a poll yielded no document. Every variant is a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// No answer within the whole-request timeout, and what was being waited for: `while connecting`.
    #[error("no answer within {0:?} {1}")]
    Timeout(Duration, Cow<'static, str>),
    /// Name resolution, connection, TLS or protocol failure, in words.
    #[error("{0}")]
    Failed(SafeText),
    /// The other side broke off after the connection was made, before its answer was whole.
    #[error("{0}")]
    Dropped(SafeText),
    /// The answer came but can't be read (too large, not JSON where JSON is needed).
    #[error("answer not understood: {0}")]
    Unreadable(SafeText),
    /// Our own side prevents it: a secret is missing, a program is not there, its turn never came.
    #[error("{0}")]
    Ours(SafeText),
}

/// A number of a document by its path: `latency_ms`, `tls.days_left`, `body.queue.depth`. As every expression it begins
/// at the document; nothing is looked for elsewhere.
pub(crate) fn number_at(document: &Value, field: &str) -> Option<f64> {
    let path = field.strip_prefix('.').unwrap_or(field);
    path.split('.').try_fold(document, |part, key| part.get(key)).and_then(Value::as_f64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_begins_at_the_document() {
        let document =
            json!({"latency_ms": 41, "body": {"queue": {"depth": 7}, "name": "x"}, "tls": {"days_left": 20}});
        let cases = [
            ("latency_ms", Some(41.0)),
            ("queue.depth", None),
            ("body.queue.depth", Some(7.0)),
            ("days_left", None),
            ("tls.days_left", Some(20.0)),
            (".body.queue.depth", Some(7.0)),
            ("name", None),
            ("missing", None),
            ("", None),
        ];
        for (field, want) in cases {
            assert_eq!(number_at(&document, field), want, "{field}");
        }
    }
}
