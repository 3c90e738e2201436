//! From the bytes of a body to its text, and from the text to JSON; or why not, in words.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use serde_json::Value;

use crate::sources::json;

/// How many characters of what was found stand in an error.
const SHOWN: usize = 20;

/// A body, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read<'a> {
    /// Its text; characters that can't be decoded are U+FFFD.
    pub(super) text: Cow<'a, str>,
    /// Its JSON.
    ///
    /// The error says why it has none: ``the body is not JSON: expected a value, found `<html>` at byte 1``.
    pub(super) json: Result<Value, String>,
    /// Why null stands in it for a number.
    pub(super) lost: Option<String>,
}

impl<'a> Read<'a> {
    fn new(text: Cow<'a, str>, json: Result<(Value, Option<String>), String>) -> Self {
        match json {
            Ok((json, lost)) => Self { text, json: Ok(json), lost },
            Err(why) => Self { text, json: Err(why), lost: None },
        }
    }
}

/// Reads a body of the given `Content-Type`.
pub(super) fn read<'a>(bytes: &'a [u8], content_type: &str) -> Read<'a> {
    let label = charset(content_type);
    let (encoding, unknown) = match encoding(bytes, label.as_deref()) {
        Ok(encoding) => (encoding, None),
        Err(label) => (UTF_8, Some(format!("charset {label} is not supported"))),
    };
    if encoding == UTF_8 {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let json = match unknown {
            // Nearly every charset agrees with ASCII.
            Some(words) if !bytes.is_ascii() => Err(words),
            Some(words) => parse(bytes, content_type, "").map_err(|_| words),
            None => parse(bytes, content_type, ""),
        };
        return Read::new(String::from_utf8_lossy(bytes), json);
    }
    let (text, malformed) = encoding.decode_with_bom_removal(bytes);
    let json = if malformed {
        Err(format!("the body is not valid {}", encoding.name()))
    } else {
        parse(text.as_bytes(), content_type, &format!(" (decoded from {})", encoding.name()))
    };
    Read::new(text, json)
}

/// The parameter `charset`, without quotes, in small letters.
fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']).trim().to_ascii_lowercase();
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
}

/// How the bytes are to be read: by their byte order mark, by the charset that was named, else by the zeros that the
/// first two characters of JSON have in UTF-16 (RFC 4627 §3).
fn encoding<'a>(bytes: &[u8], label: Option<&'a str>) -> Result<&'static Encoding, &'a str> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Ok(encoding);
    }
    let by_zeros = match bytes {
        [0, first, 0, ..] if *first != 0 => Some(UTF_16BE),
        [first, 0, second, ..] if *first != 0 && *second != 0 => Some(UTF_16LE),
        [0, first] if *first != 0 => Some(UTF_16BE),
        [first, 0] if *first != 0 => Some(UTF_16LE),
        _ => None,
    };
    let Some(label) = label else { return Ok(by_zeros.unwrap_or(UTF_8)) };
    let named = Encoding::for_label_no_replacement(label.as_bytes()).ok_or(label)?;
    // `utf-16` leaves the order open; without a mark it is what the zeros say.
    let open = matches!(label, "utf-16" | "utf16" | "ucs-2" | "unicode" | "iso-10646-ucs-2");
    Ok(by_zeros.filter(|_| open).unwrap_or(named))
}

fn parse(bytes: &[u8], content_type: &str, decoded: &str) -> Result<(Value, Option<String>), String> {
    if bytes.trim_ascii().is_empty() {
        return Err("the body is empty".to_owned());
    }
    json::read(bytes).map_err(|error| {
        let (what, byte) = fault(bytes, &error);
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let kind = if kind.is_empty() || kind.to_ascii_lowercase().contains("json") {
            String::new()
        } else {
            format!(" ({})", kind.chars().take(60).collect::<String>())
        };
        format!("the body is not JSON: {what} at byte {byte}{decoded}{kind}")
    })
}

/// What is wrong, and at which byte, from 1.
fn fault(bytes: &[u8], error: &serde_json::Error) -> (String, usize) {
    let byte = json::byte_of(bytes, error);
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    if let Some(within) = message.strip_prefix("EOF while parsing ") {
        return (format!("it ends in the middle of {within}"), byte);
    }
    match message {
        "expected value" | "expected ident" => (format!("expected a value, found {}", found(bytes, byte)), byte),
        "trailing characters" => (format!("unexpected {} after its end", found(bytes, byte)), byte),
        "recursion limit exceeded" => ("nested more than 127 levels deep".to_owned(), byte),
        "number out of range" | "invalid number" => {
            let start = json::number_at(bytes, byte).start + 1;
            (format!("{message} {}", found(bytes, start)), start)
        }
        _ if std::str::from_utf8(bytes).is_err_and(|error| error.valid_up_to() < byte) => {
            let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), |_| 0);
            ("it is not UTF-8, and names no charset".to_owned(), valid + 1)
        }
        _ => (format!("{message}, found {}", found(bytes, byte)), byte),
    }
}

/// The word that stands at a byte. It is shown whole or not at all: a part of a secret that is repeated here could not be
/// recognised, and masked, any more.
fn found(bytes: &[u8], byte: usize) -> String {
    let rest = &bytes[byte - 1..bytes.len().min(byte - 1 + SHOWN * 4)];
    let reaches_end = byte - 1 + rest.len() == bytes.len();
    let rest = String::from_utf8_lossy(rest);
    let Some(first) = rest.chars().next().filter(|c| !c.is_whitespace()) else { return "a blank".to_owned() };
    let ends = |(index, c): &(usize, char)| *index > 0 && (c.is_whitespace() || ",]}".contains(*c));
    let end = rest.char_indices().find(ends).map(|(index, _)| index);
    let is_whole = end.is_some() || reaches_end;
    let word = &rest[..end.unwrap_or(rest.len())];
    let begins = bytes[..byte - 1].last().is_none_or(|before| before.is_ascii_whitespace() || b"{[,:".contains(before));
    let is_structure = "{}[],:".contains(first);
    let is_quoted = word.contains(['"', '\\']) && !is_structure;
    match first {
        _ if (begins || is_structure) && is_whole && !is_quoted && word.chars().count() <= SHOWN => format!("`{word}`"),
        'a'..='z' | 'A'..='Z' => "a letter".to_owned(),
        '0'..='9' => "a digit".to_owned(),
        other => format!("`{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(body: &[u8], content_type: &str) -> String {
        read(body, content_type).json.unwrap_err()
    }

    #[test]
    fn no_part_of_a_secret_is_shown_that_could_not_be_masked() {
        for secret in [
            "7f3a9c2eaabbccdd1122",
            "sEcr3t-0123456789012345678901234567890123456789",
            "12345-67890-abcdef",
            "trueblue-secretpw",
            "abcd\"tokenpart99",
            "ab\\qcdefghij77",
            "nullify-this-one",
        ] {
            let redactor = crate::text::redact::Redactor::new([secret]);
            for body in
                ["{\"error\": S}", "{\"error\": \"S\"}", "S", "[1] S", "{S: 1}", "[S, S]", "bad token S!", "x=S"]
            {
                let Err(why) = read(body.replace('S', secret).as_bytes(), "").json else { continue };
                let shown = redactor.redact_shortened(&crate::text::SafeText::new(&why));
                let pieces = secret.as_bytes().windows(4).map(String::from_utf8_lossy);
                for piece in pieces.filter(|piece| !["null", "true", "secr", "this"].contains(&&**piece)) {
                    assert!(!shown.as_str().contains(&*piece), "{body}: {shown}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_json_is_said() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for (body, expected) in [
            ("", "the body is empty"),
            (" \r\n", "the body is empty"),
            ("<!doctype html>\n<h1>Down</h1>", "the body is not JSON: expected a value, found `<!doctype` at byte 1"),
            (r#"{"status":"ok","queue":[1,2,3,4"#, "the body is not JSON: it ends in the middle of a list at byte 31"),
            (r#"{"status":"heal"#, "the body is not JSON: it ends in the middle of a string at byte 15"),
            (r#"{"a":"#, "the body is not JSON: it ends in the middle of a value at byte 5"),
            (r#"{"a":1"#, "the body is not JSON: it ends in the middle of an object at byte 6"),
            (r#"{"a": NaN}"#, "the body is not JSON: expected a value, found `NaN` at byte 7"),
            (r#"{"a": Infinity, "b": 1}"#, "the body is not JSON: expected a value, found `Infinity` at byte 7"),
            (r#"{"a": -Infinity}"#, "the body is not JSON: invalid number `-Infinity` at byte 7"),
            ("1e400", "the body is not JSON: number out of range `1e400` at byte 1"),
            ("{\"a\": 1}\n{\"a\": 2}\n", "the body is not JSON: unexpected `{\"a\":` after its end at byte 10"),
            ("{\"a\": 1} trailing", "the body is not JSON: unexpected `trailing` after its end at byte 10"),
            (r#"{"a": 1,}"#, "the body is not JSON: trailing comma, found `}` at byte 9"),
            ("{'a': 1}", "the body is not JSON: key must be a string, found `'a':` at byte 2"),
            ("OK", "the body is not JSON: expected a value, found `OK` at byte 1"),
            (&deep, "the body is not JSON: nested more than 127 levels deep at byte 128"),
        ] {
            assert_eq!(text(body.as_bytes(), "application/json"), expected, "{body}");
        }
        assert_eq!(
            text(b"<html>", "text/html; charset=utf-8"),
            "the body is not JSON: expected a value, found `<html>` at byte 1 (text/html)"
        );
        assert_eq!(
            text(b"{\"a\":\"caf\xe9\"}", "application/json"),
            "the body is not JSON: it is not UTF-8, and names no charset at byte 10"
        );
    }

    #[test]
    fn charsets_are_decoded() {
        let utf16 = |text: &str, big: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let text = r#"{"a":"é"}"#;
        let marked = |text: &str, big: bool| utf16(&format!("\u{feff}{text}"), big);
        for (bytes, content_type) in [
            (b"{\"a\":\"\xe9\"}".to_vec(), "application/json; charset=ISO-8859-1"),
            (b"{\"a\":\"\xe9\"}".to_vec(), "application/json; profile=x; Charset=\"latin1\""),
            (b"{\"a\":\"\xa8\xa6\"}".to_vec(), "text/plain;charset=gb2312"),
            (text.as_bytes().to_vec(), ""),
            (text.as_bytes().to_vec(), "application/json;charset=utf8"),
            (format!("\u{feff}{text}").into_bytes(), "application/json"),
            // The mark is stronger than the header.
            (format!("\u{feff}{text}").into_bytes(), "application/json; charset=latin1"),
            (marked(text, true), "application/json; charset=utf-16"),
            (marked(text, false), "application/json; charset=UTF-16"),
            (marked(text, true), ""),
            (marked(text, false), ""),
            (utf16(text, true), "application/json; charset=utf-16"),
            (utf16(text, false), "application/json; charset=utf-16"),
            (utf16(text, true), "application/json; charset=utf-16be"),
            (utf16(text, false), "application/json; charset=utf-16le"),
            (utf16(text, true), "application/json"),
            (utf16(text, false), "application/json"),
        ] {
            let read = read(&bytes, content_type);
            assert_eq!(read.json, Ok(json!({"a": "é"})), "{content_type} {bytes:x?}");
            assert_eq!(read.text, text, "{content_type}");
        }
        assert_eq!(read(&utf16("1", false), "").json, Ok(json!(1)));
    }

    #[test]
    fn charsets_that_can_not_be_decoded_are_said() {
        let unknown = "application/json; charset=x-klingon";
        assert_eq!(text(b"{\"a\":\"\xe9\"}", unknown), "charset x-klingon is not supported");
        assert_eq!(text(b"{\0\0\0}\0\0\0", "application/json; charset=utf-32"), "charset utf-32 is not supported");
        assert_eq!(text(b"~{<:Ky2;~}", "text/plain; charset=hz-gb-2312"), "charset hz-gb-2312 is not supported");
        // ASCII is read all the same.
        assert_eq!(read(br#"{"a":1}"#, unknown).json, Ok(json!({"a": 1})));
        assert_eq!(text(b"{\"a\":\"\xa8\"}", "application/json; charset=gb2312"), "the body is not valid GBK");
        let cut = text(b"{\"a\":\"\xe9", "application/json; charset=latin1");
        assert_eq!(
            cut,
            "the body is not JSON: it ends in the middle of a string at byte 8 (decoded from windows-1252)"
        );
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..60), charset in "[a-z0-9-]{0,8}") {
            let _ = read(&bytes, &format!("text/plain; charset={charset}"));
            let _ = read(&bytes, "");
        }

        #[test]
        fn json_is_read_as_it_is(text in "\\PC{0,20}") {
            let body = json!({"a": text}).to_string();
            prop_assert_eq!(read(body.as_bytes(), "application/json").json, Ok(json!({"a": text})));
        }
    }
}
