//! What a word means by where it stands: a status of HTTP, and letters that may be an id or a word.

use super::token::{HEX, word_kinds};

const METHODS: [&[u8]; 9] = [b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"HEAD", b"OPTIONS", b"CONNECT", b"TRACE"];

/// The class of the status of HTTP that `bytes[start..end]` is: `<5xx>`; `None` where it is any other number. A status
/// stands behind its name (`status=500`), behind a request (`"GET /x HTTP/1.1" 500`, `GET /x 500`), behind `HTTP`, or
/// behind the timers of `HAProxy`.
pub(super) fn status(bytes: &[u8], start: usize, end: usize) -> Option<&'static str> {
    const CLASSES: [&str; 5] = ["<1xx>", "<2xx>", "<3xx>", "<4xx>", "<5xx>"];
    if end - start != 3 || !bytes[start..end].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let place = CLASSES.get(usize::from(bytes[start]).checked_sub(usize::from(b'1'))?)?;
    let ends = match bytes.get(end..) {
        Some([b'.' | b':', next, ..]) => !next.is_ascii_alphanumeric(),
        Some([next, ..]) => !next.is_ascii_alphanumeric() && !matches!(next, b'/' | b'-' | b'_' | b'%'),
        _ => true,
    };
    (ends && is_behind_request(&bytes[..start])).then_some(place)
}

fn is_behind_request(before: &[u8]) -> bool {
    if is_named(before) {
        return true;
    }
    let Some(before) = before.strip_suffix(b" ") else { return false };
    // The request in quotes.
    if let Some(inner) = before.strip_suffix(b"\"") {
        let open = memchr::memrchr(b'"', inner).map_or(0, |at| at + 1);
        return begins_with_method(&inner[open..]);
    }
    let mut words = before.rsplit(|byte| *byte == b' ').filter(|word| !word.is_empty() && *word != b"->");
    let Some(mut last) = words.next() else { return false };
    if last.starts_with(b"HTTP") {
        let Some(word) = words.next().filter(|word| word.starts_with(b"/")) else { return true };
        last = word;
    }
    let timers = memchr::memchr_iter(b'/', last).count() == 4
        && last.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'/' | b'-' | b'+'));
    timers
        || ((last.starts_with(b"/") || last.starts_with(b"http"))
            && words.next().is_some_and(|word| METHODS.contains(&word.trim_ascii_start())))
}

fn begins_with_method(request: &[u8]) -> bool {
    METHODS.iter().any(|method| request.strip_prefix(*method).is_some_and(|rest| rest.starts_with(b" ")))
}

/// `status=`, `"status_code":`, `status code `; not the status that a process exits with.
fn is_named(before: &[u8]) -> bool {
    let is_mark = |byte: &&u8| matches!(byte, b' ' | b'=' | b':' | b'"');
    let marks = before.iter().rev().take_while(is_mark).count();
    let mut name = &before[..before.len() - marks];
    if marks == 0 {
        return false;
    }
    let cut = |name: &mut &[u8], end: &[u8]| {
        let at = name.len().checked_sub(end.len());
        let Some(at) = at.filter(|at| name[*at..].eq_ignore_ascii_case(end)) else { return false };
        *name = &name[..at];
        true
    };
    if cut(&mut name, b"code") && !name.is_empty() {
        name = name
            .strip_suffix(b"_")
            .or_else(|| name.strip_suffix(b" "))
            .or_else(|| name.strip_suffix(b"-"))
            .unwrap_or(name);
    }
    cut(&mut name, b"status")
        && !name.to_ascii_lowercase().ends_with(b"exit ")
        && !name.to_ascii_lowercase().ends_with(b"exit_")
}

/// Whether the class of a status stands at `start` already, as in a shape that is masked again.
pub(super) fn is_class(bytes: &[u8], start: usize, end: usize) -> bool {
    matches!(&bytes[start..end], [b'1'..=b'5', b'x', b'x'])
        && start.checked_sub(1).is_some_and(|before| bytes[before] == b'<')
        && bytes.get(end) == Some(&b'>')
}

/// English words, and names, of four letters and more that are made of hexadecimal digits alone.
const WORDS: [&[u8]; 43] = [
    b"abed", b"aced", b"babe", b"bade", b"bead", b"beef", b"cafe", b"cede", b"dace", b"dada", b"dead", b"deaf",
    b"deed", b"face", b"fade", b"feed", b"abba", b"edac", b"dbcc", b"abcd", b"abcde", b"added", b"ceded", b"decaf",
    b"ebbed", b"faced", b"faded", b"facade", b"decade", b"accede", b"deface", b"efface", b"beaded", b"bedded",
    b"deeded", b"dabbed", b"cabbed", b"fabbed", b"acceded", b"defaced", b"effaced", b"facaded", b"abcdef",
];

/// The shortest id of letters alone.
pub(super) const SHORTEST: usize = 4;

/// Whether letters that are hexadecimal digits are a word of a language.
pub(super) fn is_word(letters: &[u8]) -> bool {
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(letters))
}

/// A shape in which words that may as well be ids are taken for ids; `None` where there is none. What they are is told
/// by their place: where ids stand in it too, `cafe` is one.
pub(super) fn loosened(shape: &str) -> Option<String> {
    let bytes = shape.as_bytes();
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        let start = at;
        let kinds = word_kinds(bytes, &mut at);
        if kinds == HEX && at - start >= SHORTEST && is_word(&bytes[start..at]) {
            out.push_str(&shape[copied..start]);
            out.push_str("<id>");
            copied = at;
        }
        at += usize::from(at == start);
    }
    (copied > 0).then(|| out + &shape[copied..])
}
