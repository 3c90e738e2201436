//! The level that a line of plain text states.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::logs::record::Level;

/// Only so much of a line is looked at: further on, level words are part of what is said.
const WINDOW: usize = 96;

const WORDS: [&str; 37] = [
    "emergency",
    "emerg",
    "critical",
    "crit",
    "alert",
    "panic",
    "fatal",
    "severe",
    "error",
    "err",
    "warning",
    "warn",
    "notice",
    "information",
    "info",
    "inf",
    "debug",
    "dbg",
    "fine",
    "finer",
    "finest",
    "trace",
    "verbose",
    "wrn",
    "ftl",
    "fail",
    "trce",
    "dbug",
    "trc",
    "erro",
    "debu",
    "fata",
    "pani",
    "trac",
    "pnc",
    "note",
    "system",
];

static AUTOMATON: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(WORDS)
        .expect("a short list of ASCII words makes an automaton")
});

/// The first level word in the first 96 bytes of `line` that is meant as one, and where it is.
///
/// `ERROR` in capitals counts anywhere, `[error]`, `error:` and `level=error` do too; `error` within a sentence does
/// not ("no error", "error page"), unless it is the first word.
pub(crate) fn find(line: &str) -> Option<(Level, Range<usize>)> {
    let bytes = line.as_bytes();
    let window = &bytes[..bytes.len().min(WINDOW)];
    for found in AUTOMATON.find_iter(window) {
        let range = found.range();
        let word = &bytes[range.clone()];
        let before = range.start.checked_sub(1).map(|at| bytes[at]);
        let after = bytes.get(range.end).copied();
        let part_of_a_word = |byte: Option<u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || byte >= 0x80)
        };
        // Cut by the window, it may go on.
        let cut = range.end == WINDOW && bytes.len() > WINDOW && part_of_a_word(after);
        if cut || part_of_a_word(before) || part_of_a_word(after) {
            continue;
        }
        let capitals = word.iter().all(u8::is_ascii_uppercase);
        let first = line[..range.start].trim_start().is_empty();
        let set_off = matches!(
            (before, after),
            (Some(b'<'), Some(b'>'))
                | (Some(b'('), Some(b')'))
                | (Some(b'|'), Some(b'|'))
                | (_, Some(b':' | b']'))
                | (Some(b'=' | b'"'), _)
        );
        // Those of .NET stand before a colon; elsewhere they are words.
        if matches!(word, b"fail" | b"trce" | b"dbug") && !(first && after == Some(b':')) {
            continue;
        }
        if !is_meant(word, (before, after)) {
            continue;
        }
        if (capitals || first || set_off)
            && let Some(level) = std::str::from_utf8(word).ok().and_then(Level::from_word)
        {
            return Some((level, range));
        }
    }
    bracketed_letter(line)
}

/// Whether a word of few letters, or one that is common in sentences, stands as its library writes it: in capitals
/// (logrus, zerolog), or within brackets (`MySQL`).
fn is_meant(word: &[u8], around: (Option<u8>, Option<u8>)) -> bool {
    match word.to_ascii_lowercase().as_slice() {
        b"erro" | b"debu" | b"fata" | b"pani" | b"trac" | b"trc" | b"pnc" => word.iter().all(u8::is_ascii_uppercase),
        b"note" | b"system" => around == (Some(b'['), Some(b']')),
        _ => true,
    }
}

/// `[E]`, `(W)`, ` I ` as the first word of the line.
fn bracketed_letter(line: &str) -> Option<(Level, Range<usize>)> {
    let start = line.len() - line.trim_start().len();
    let (letter, range) = match line.as_bytes().get(start..)? {
        [b'[', letter, b']', ..] | [b'(', letter, b')', ..] => (*letter, start + 1..start + 2),
        [letter, b' ' | b'/', ..] => (*letter, start..start + 1),
        _ => return None,
    };
    let level = match letter {
        b'F' => Level::Fatal,
        b'E' => Level::Error,
        b'W' => Level::Warn,
        b'D' => Level::Debug,
        // A sentence may begin with `I`.
        b'I' if range.start > start => Level::Info,
        b'T' | b'V' if range.start > start => Level::Trace,
        _ => return None,
    };
    Some((level, range))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_that_are_levels_and_words_that_are_not() {
        for (line, expected) in [
            ("ERROR could not connect", Some(Level::Error)),
            ("[main] WARN  pool is small", Some(Level::Warn)),
            ("[error] 12#0: *1 connect() failed", Some(Level::Error)),
            ("warning: unused", Some(Level::Warn)),
            ("myapp: Error: boom", Some(Level::Error)),
            ("info server listens", Some(Level::Info)),
            ("there was no error today", None),
            ("GET /error HTTP/1.1", None),
            ("TERROR strikes", None),
            ("ERROR_COUNT rises", None),
            ("thread 'main' panicked", None),
            ("CRITICAL disk", Some(Level::Fatal)),
            ("fail: Shop.Orders[0]", Some(Level::Error)),
            ("fail over complete", None),
            ("NOTICE rotated", Some(Level::Info)),
            ("level=debug x", Some(Level::Debug)),
            ("[E] lost", Some(Level::Error)),
            ("I think so", None),
            ("E/Camera: lost", Some(Level::Error)),
            ("", None),
            // logrus, charmbracelet, zerolog, MySQL.
            ("ERRO[0012] boom  size=1", Some(Level::Error)),
            ("WARN[0000] low", Some(Level::Warn)),
            ("DEBU[3601] x", Some(Level::Debug)),
            ("FATA[0001] x", Some(Level::Fatal)),
            ("PANI[0001] x", Some(Level::Fatal)),
            ("TRAC[0001] x", Some(Level::Trace)),
            ("1:46PM ERR boom error=\"x\"", Some(Level::Error)),
            ("1:46PM TRC step", Some(Level::Trace)),
            ("0 [Note] mysqld: ready", Some(Level::Info)),
            ("0 [System] [MY-010931] [Server] ready", Some(Level::Info)),
            ("erro de sistema: system", None),
            ("app.ERROR: laravel", Some(Level::Error)),
        ] {
            assert_eq!(find(line).map(|found| found.0), expected, "{line}");
        }
    }

    #[test]
    fn only_the_beginning_of_a_line_counts() {
        assert_eq!(find(&format!("{} ERROR", "x".repeat(200))), None);
        assert_eq!(find(&format!("{} ERRORS", "x".repeat(90))), None);
    }

    proptest! {
        #[test]
        fn any_line(line in ".{0,120}") {
            if let Some((_, range)) = find(&line) {
                prop_assert!(line.get(range).is_some());
            }
        }
    }
}
