//! What goes between us and the child: a length of four bytes (little endian), and as many bytes of JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest frame, in bytes: a document may come from a body of 256 MiB, but nobody asks jq of that.
pub(super) const MAX_FRAME: usize = 64 << 20;

/// Programs to run on one document.
#[derive(Debug, Serialize)]
pub(super) struct Request<'a> {
    programs: &'a [&'a str],
    document: &'a Value,
}

/// A [`Request`] as the child reads it.
#[derive(Debug, Deserialize)]
pub(super) struct Received {
    pub(super) programs: Vec<String>,
    pub(super) document: Value,
}

/// What came of a request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// One answer for each program.
    Done(Vec<Answer>),
    /// The answers of the programs before the one that did not end in time.
    Hung(Vec<Answer>),
    /// The request can't be read.
    Refused(String),
}

/// What came of one program.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Answer {
    Outputs(Vec<Value>),
    /// The error that it raised.
    Raised(String),
    /// The bound that it exceeded.
    Exceeded(String),
}

impl<'a> Request<'a> {
    /// The frame.
    ///
    /// # Errors
    /// The document is too large.
    pub(super) fn encode(programs: &'a [&'a str], document: &'a Value) -> Result<Vec<u8>, String> {
        encode(&Self { programs, document }).ok_or_else(|| "the document is too large for an expression".to_owned())
    }
}

/// A value as a frame; `None` if it is too large.
pub(super) fn encode(value: &impl Serialize) -> Option<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, value).ok()?;
    let length = frame.len() - 4;
    frame[..4].copy_from_slice(&u32::try_from(length).ok()?.to_le_bytes());
    (length <= MAX_FRAME).then_some(frame)
}
