//! `key=value` words, in lines of nothing else and in text.

use memchr::memchr;

use super::Visit;
use super::value::{FieldValue, quoted};
use crate::text::LINE_BREAK;

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b'@')
}

/// Reads every pair of `line`.
pub(super) fn walk<'a>(line: &'a str, visit: Visit<'_, 'a>) -> bool {
    let bytes = line.as_bytes();
    let mut from = 0;
    while let Some(found) = memchr(b'=', &bytes[from..]) {
        let equals = from + found;
        let key_length = bytes[from..equals].iter().rev().take_while(|byte| is_key_byte(**byte)).count();
        let key = &line[equals - key_length..equals];
        from = equals + 1;
        let starts_a_word = equals - key_length == 0
            || matches!(bytes[equals - key_length - 1], b' ' | b'\t' | b',' | b'[' | b'(' | b'{' | b';');
        if key.is_empty() || !starts_a_word || key.as_bytes()[0].is_ascii_digit() {
            continue;
        }
        let value = if bytes.get(from) == Some(&b'"') {
            let (value, length, _) = quoted(&line[from + 1..]);
            from += 1 + length;
            value
        } else {
            let rest = &bytes[from..];
            let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
            // A record of several lines has a mark between them, and no value goes past it.
            let value = line[from..from + end].split(LINE_BREAK).next().unwrap_or_default();
            from += end;
            FieldValue::plain(value.trim_end_matches([',', ';', ')', ']', '}']))
        };
        if visit(key, value).is_break() {
            return true;
        }
    }
    true
}
