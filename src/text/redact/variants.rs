//! The forms in which a secret is printed by programs that encode it. Those that a text is searched for as it is: what
//! is escaped in another way is found where [`super::find`] undoes it.

use std::collections::BTreeSet;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use encoding_rs::WINDOWS_1252;

use super::MIN_SECRET;
use crate::text::markup;

/// Adds every form of `value` that is long enough.
pub(super) fn add_variants(value: &str, into: &mut BTreeSet<Vec<u8>>) {
    // Most are the same: a form is made once.
    let mut values = BTreeSet::new();
    for whole in [value, value.trim(), value.trim_matches('"')] {
        values.insert(whole);
        values.extend(whole.lines().flat_map(|line| [line, line.trim()]));
        values.extend(password_of_url(whole));
    }
    for value in values {
        add(value, into);
        if !value.is_ascii() && value.len() >= MIN_SECRET {
            for misread in &misread(value) {
                add(misread, into);
            }
            for bytes in &narrow(value) {
                add_bytes(bytes, into);
            }
        }
    }
}

/// What is shown where UTF-8 is taken for Latin-1 or Windows-1252: `pÃ¤ss` for `päss`.
fn misread(value: &str) -> [String; 2] {
    let bytes = value.as_bytes();
    let latin = bytes.iter().map(|byte| char::from(*byte)).collect();
    [latin, WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()]
}

/// In Latin-1 or Windows-1252, one byte a character, where it can be written so.
fn narrow(value: &str) -> BTreeSet<Vec<u8>> {
    let latin = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let (windows, _, unmappable) = WINDOWS_1252.encode(value);
    let windows = (!unmappable).then(|| windows.into_owned());
    [latin, windows].into_iter().flatten().filter(|bytes: &Vec<u8>| bytes.len() >= MIN_SECRET).collect()
}

/// Adds bytes that are not UTF-8: as they are, as base64 and hex, and as a reader shows them who replaces what he can't read.
fn add_bytes(bytes: &[u8], into: &mut BTreeSet<Vec<u8>>) {
    base64(bytes, into);
    into.extend([hex(bytes, false), hex(bytes, true)].map(String::into_bytes));
    into.insert(String::from_utf8_lossy(bytes).into_owned().into_bytes());
    into.insert(bytes.to_vec());
}

fn add(value: &str, into: &mut BTreeSet<Vec<u8>>) {
    if value.len() < MIN_SECRET || value.trim().is_empty() {
        return;
    }
    let json = serde_json::to_string(value).unwrap_or_default();
    let json = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&json);
    let escaped = [
        value.to_owned(),
        json.to_owned(),
        json.replace('/', "\\/"),
        ascii_json(json),
        markup::escaped(value).replace('"', "&quot;").replace('\'', "&#39;"),
        markup::escaped(value).replace('"', "&quot;").replace('\'', "&apos;"),
        markup::escaped(value),
        value.replace('\'', "'\\''"),
    ];
    let spelled = KEPT.iter().flat_map(|kept| {
        [(false, "%20"), (true, "%20"), (false, "+")].map(|(lower, space)| percent(value, lower, space, kept))
    });
    let written: BTreeSet<String> = escaped.into_iter().chain(spelled).collect();
    // Twice, as where a secret of Kubernetes is encoded by who writes it.
    let within = [value, json, &markup::escaped(value), &percent(value, false, "%20", b""), &STANDARD.encode(value)];
    for text in BTreeSet::from(within) {
        base64(text.as_bytes(), into);
    }
    into.extend([hex(value.as_bytes(), false), hex(value.as_bytes(), true)].map(String::into_bytes));
    into.extend(written.into_iter().map(String::into_bytes));
}

/// Adds what of `value` stays the same in base64 wherever it stands.
fn base64(value: &[u8], into: &mut BTreeSet<Vec<u8>>) {
    for skipped in 0..3 {
        let Some(bytes) = value.get(skipped..) else { continue };
        // Only the characters that depend on nothing but the secret: what follows it changes the last one.
        let fixed = bytes.len() * 4 / 3;
        for encoded in [STANDARD_NO_PAD.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)] {
            if fixed >= MIN_SECRET {
                into.insert(encoded.as_bytes()[..fixed].to_vec());
            }
            if skipped == 0 {
                into.insert(encoded.into_bytes());
            }
        }
    }
}

/// The password in `scheme://user:password@host`.
fn password_of_url(value: &str) -> Option<&str> {
    let authority = value.split_once("://")?.1.split(['/', '?', '#']).next()?;
    authority.rsplit_once('@')?.0.split_once(':').map(|(_, password)| password)
}

/// What those who escape addresses leave as it is, beyond letters, digits and `-._~`: nothing, as the standard says;
/// `quote` of Python; path segments in Go; `encodeURIComponent` and `encodeURI` of JavaScript.
const KEPT: [&[u8]; 5] = [b"", b"/", b"$&+:=@", b"!*'()", b"!*'();/?:@&=+$,#"];

fn percent(value: &str, lower: bool, space: &str, kept: &[u8]) -> String {
    value.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b' ' => out.push_str(space),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if kept.contains(&byte) => out.push(char::from(byte)),
            _ => push_hex(&mut out, "%", byte, lower),
        }
        out
    })
}

fn hex(value: &[u8], upper: bool) -> String {
    value.iter().fold(String::new(), |mut out, byte| {
        push_hex(&mut out, "", *byte, !upper);
        out
    })
}

fn push_hex(out: &mut String, prefix: &str, byte: u8, lower: bool) {
    // Writing to a string can't fail.
    let _ = if lower { write!(out, "{prefix}{byte:02x}") } else { write!(out, "{prefix}{byte:02X}") };
}

/// JSON as programs print it that keep to ASCII.
fn ascii_json(json: &str) -> String {
    json.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_urls() {
        assert_eq!(password_of_url("postgres://app:s3cr3t@db:5432/x"), Some("s3cr3t"));
        assert_eq!(password_of_url("redis://:p@ss@h"), Some("p@ss"));
        assert_eq!(password_of_url("https://example.com/a:b@c"), None);
        assert_eq!(password_of_url("no url"), None);
    }

    #[test]
    fn forms_are_long_enough() {
        let mut forms = BTreeSet::new();
        add_variants("ab\"c", &mut forms);
        assert!(forms.iter().all(|form| form.len() >= MIN_SECRET));
        assert!(forms.contains(&b"ab\\\"c"[..]));
    }
}
