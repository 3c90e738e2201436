//! An answer, and the document that it becomes.

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};

use super::body::Body;
use super::certificate::Certificate;
use super::text;

/// What is taken from an answer beside status and body; each costs something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wants {
    /// The headers, as `headers`.
    pub headers: bool,
    /// The body as text, as `text`, also where it is JSON.
    pub text: bool,
    /// The certificate, as `tls`.
    pub tls: bool,
}

/// The head of an answer and its moments.
#[derive(Debug)]
pub(crate) struct AnswerHead {
    /// The status code.
    pub status: u16,
    /// HTTP/1.1, HTTP/2.0.
    pub(super) version: String,
    pub(super) headers: HeaderMap,
    pub(super) remote: Option<String>,
    /// The server's certificate, in DER form.
    pub(super) certificate: Option<Vec<u8>>,
    /// When the answer was whole.
    pub(super) ended: DateTime<Utc>,
    /// Milliseconds: `dns`, `connect`, `first_byte`, `total`, as far as they happened.
    pub phases: Vec<(&'static str, f64)>,
    /// Why the body was not unpacked, in words; it is empty then.
    pub undecoded: Option<String>,
}

impl AnswerHead {
    /// Milliseconds until the whole answer was there.
    pub(crate) fn total_ms(&self) -> f64 {
        self.phases.last().map_or(0.0, |(_, total)| *total)
    }

    /// The document that jq sees.
    ///
    /// Where `body` is null, or a number in it, `body_error` says why: ``the body is not JSON: expected a value, found `<html>` at byte 1``.
    /// Where the body could not even be unpacked, `text` is null too.
    pub(crate) fn document(&self, body: &Body, wants: Wants) -> Value {
        let content_type = self.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let read = text::read(&body.bytes, &String::from_utf8_lossy(content_type));
        let mut document = Map::new();
        document.insert("status".to_owned(), json!(self.status));
        document.insert("latency_ms".to_owned(), json!(self.total_ms()));
        let timing: Map<String, Value> = ["dns", "connect", "tls", "first_byte", "total"]
            .iter()
            .map(|phase| ((*phase).to_owned(), self.phase(phase)))
            .collect();
        document.insert("timing".to_owned(), Value::Object(timing));
        if wants.headers {
            document.insert("headers".to_owned(), self.headers_value());
        }
        let json = self.undecoded.clone().map_or(read.json, Err);
        if wants.text || json.is_err() {
            let text = self.undecoded.is_none().then(|| read.text.into_owned());
            document.insert("text".to_owned(), json!(text));
        }
        match json {
            Ok(json) => {
                document.insert("body".to_owned(), json);
                document.extend(read.lost.map(|why| ("body_error".to_owned(), Value::String(why))));
            }
            Err(why) => {
                document.insert("body".to_owned(), Value::Null);
                document.insert("body_error".to_owned(), Value::String(why));
            }
        }
        document.insert("size".to_owned(), json!(body.bytes.len()));
        document.insert("version".to_owned(), json!(self.version));
        document.insert("remote".to_owned(), json!(self.remote));
        if wants.tls {
            let certificate = self.certificate.as_deref().and_then(Certificate::read);
            let tls = certificate.map_or(Value::Null, |certificate| certificate.value(self.ended));
            document.insert("tls".to_owned(), tls);
        }
        Value::Object(document)
    }

    fn phase(&self, wanted: &str) -> Value {
        self.phases.iter().find(|(name, _)| *name == wanted).map_or(Value::Null, |(_, time)| json!(time))
    }

    fn headers_value(&self) -> Value {
        let mut headers: Map<String, Value> = Map::new();
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            match headers.get_mut(name.as_str()) {
                Some(Value::String(before)) => {
                    before.push_str(", ");
                    before.push_str(&value);
                }
                _ => drop(headers.insert(name.as_str().to_owned(), Value::String(value.into_owned()))),
            }
        }
        Value::Object(headers)
    }
}
