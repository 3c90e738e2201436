//! JSON as services write it, with numbers that no program here can hold.

use std::ops::Range;

use serde_json::{Error, Value};

/// So many numbers of a document may be too large; one with more of them can't be read.
const MOST: usize = 16;

/// Reads JSON. Where a number is too large for a float, null stands in its place, so that the other fields can be read; the
/// second value is why, with its place: ``number out of range `1e400` at byte 7, read as null``.
///
/// # Errors
/// It is not JSON, or nothing but such a number.
pub(super) fn read(bytes: &[u8]) -> Result<(Value, Option<String>), Error> {
    let error = match serde_json::from_slice(bytes) {
        Ok(value) => return Ok((value, None)),
        Err(error) => error,
    };
    let Some(first) = too_large(bytes, &error) else { return Err(error) };
    let mut without = bytes.to_vec();
    let mut next = Some(first.clone());
    for count in 0..MOST {
        let Some(number) = next.filter(|number| number.len() >= b"null".len()) else { break };
        without[number.clone()].fill(b' ');
        without[number.start..number.start + b"null".len()].copy_from_slice(b"null");
        next = match serde_json::from_slice(&without) {
            Ok(Value::Null) => break,
            Ok(value) => return Ok((value, Some(describe(bytes, &first, count)))),
            Err(error) => too_large(&without, &error),
        };
    }
    Err(error)
}

fn describe(bytes: &[u8], first: &Range<usize>, others: usize) -> String {
    let number = String::from_utf8_lossy(&bytes[first.clone()]);
    let number = if number.len() <= SHOWN { format!(" `{number}`") } else { String::new() };
    let others = if others > 0 { format!(", and {others} more") } else { String::new() };
    format!("number out of range{number} at byte {}, read as null{others}", first.start + 1)
}

/// A number that is longer than this is not repeated.
const SHOWN: usize = 20;

/// The number for which there is an error, if it is one that is too large.
fn too_large(bytes: &[u8], error: &Error) -> Option<Range<usize>> {
    if !error.to_string().starts_with("number out of range") {
        return None;
    }
    let digit = |byte: &&u8| byte.is_ascii_digit() || b"eE+-.".contains(byte);
    let read = number_at(bytes, byte_of(bytes, error));
    let rest = bytes[read.end..].iter().take_while(digit).count();
    let number = read.start..read.end + rest;
    bytes[number.clone()].iter().all(|byte| digit(&byte)).then_some(number)
}

/// The byte at which an error was found, from 1.
pub(super) fn byte_of(bytes: &[u8], error: &Error) -> usize {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    (before + error.column()).clamp(1, bytes.len().max(1))
}

/// The number of which a byte, counted from 1, is the last that was read, or the first that is no part of it.
pub(super) fn number_at(bytes: &[u8], byte: usize) -> Range<usize> {
    let number = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let end = if number(&bytes[byte - 1]) { byte } else { byte - 1 };
    let start = end - bytes[..end].iter().rev().take_while(|byte| number(byte)).count();
    start..end
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn why(text: &str, value: &Value) -> Option<String> {
        let (read, why) = read(text.as_bytes()).unwrap();
        assert_eq!(read, *value, "{text}");
        why
    }

    #[test]
    fn a_number_that_is_too_large_leaves_the_other_fields() {
        assert_eq!(why(r#"{"a": 1, "b": 1e308}"#, &json!({"a": 1, "b": 1e308})), None);
        assert_eq!(
            why("{\"a\":\n -1e999,\"b\":2}", &json!({"a": null, "b": 2})).as_deref(),
            Some("number out of range `-1e999` at byte 8, read as null")
        );
        assert_eq!(
            why("[1e400,2,3E+999]", &json!([null, 2, null])).as_deref(),
            Some("number out of range `1e400` at byte 2, read as null, and 1 more")
        );
        let digits = format!("[{}, \"1e400\"]", "9".repeat(400));
        assert_eq!(
            why(&digits, &json!([null, "1e400"])).as_deref(),
            Some("number out of range at byte 2, read as null")
        );
    }

    #[test]
    fn what_is_wrong_otherwise_stays_so() {
        let many = format!("[{}]", vec!["1e400"; MOST + 1].join(","));
        for text in ["1e400", "[1e400", "[1e400,]", "[1e400x]", "", "[NaN]", &many] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
