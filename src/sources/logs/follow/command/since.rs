//! From when on a command is to write, and the times that it puts before its lines.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::config::kinds::command::CommandLine;
use crate::config::sections::log::{SINCE, SINCE_UNIX};

/// Whether the command is told since when.
pub(super) fn is_asked(line: &CommandLine) -> bool {
    line.argv.iter().any(|word| word.contains(SINCE) || word.contains(SINCE_UNIX))
}

/// The command with `since` in the places for it. The texts have no character that a shell would see.
pub(super) fn summary(line: &CommandLine, since: DateTime<Utc>) -> CommandLine {
    let written = since.to_rfc3339_opts(SecondsFormat::Nanos, true);
    let unix = format!("{}.{:06}", since.timestamp(), since.timestamp_subsec_micros());
    let argv = line.argv.iter().map(|word| word.replace(SINCE, &written).replace(SINCE_UNIX, &unix)).collect();
    CommandLine { argv, ..line.clone() }
}

/// The time before a line and what comes after it: `2026-11-21T10:00:00.123456789Z text`. A line without one is given
/// back as it is. A runtime stores a long line in pieces, and some put a time before each of them: those are taken out.
pub(super) fn taken_off(line: &[u8]) -> (Option<DateTime<Utc>>, Cow<'_, [u8]>) {
    let Some((time, length)) = stamp(line) else { return (None, Cow::Borrowed(line)) };
    let rest = line.get(length..).unwrap_or_default();
    let stamped = |size: &usize| rest.get(*size..).and_then(stamp).is_some();
    match PIECES.into_iter().find(stamped) {
        Some(size) => (Some(time), Cow::Owned(joined(rest, size))),
        None => (Some(time), Cow::Borrowed(rest)),
    }
}

/// How many bytes of a line a runtime stores together: docker and containerd, and CRI-O.
const PIECES: [usize; 2] = [16 << 10, 8 << 10];

/// A line without the times that stand before its pieces of `size` bytes.
fn joined(mut rest: &[u8], size: usize) -> Vec<u8> {
    let mut line = Vec::with_capacity(rest.len());
    while let Some((_, length)) = rest.get(size..).and_then(stamp) {
        line.extend_from_slice(&rest[..size]);
        rest = rest.get(size + length..).unwrap_or_default();
    }
    line.extend_from_slice(rest);
    line
}

/// The time at the beginning, and its length with the blank behind it.
fn stamp(bytes: &[u8]) -> Option<(DateTime<Utc>, usize)> {
    let end = bytes.iter().take(40).position(|byte| *byte == b' ').unwrap_or_else(|| bytes.len().min(40));
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some((time.to_utc(), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_stands_where_it_is_asked_for() {
        let line = |argv: &[&str]| CommandLine {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            ..CommandLine::default()
        };
        let at = DateTime::from_timestamp(1_763_700_000, 123_456_789).unwrap();
        let asked = line(&["x", "--since={since}", "--since=@{since:unix}", "{{.Name}}"]);
        assert!(is_asked(&asked) && !is_asked(&line(&["x", "{sinc}"])));
        let argv = summary(&asked, at).argv;
        assert_eq!(argv[1..], ["--since=2025-11-21T04:40:00.123456789Z", "--since=@1763700000.123456", "{{.Name}}"]);
    }

    #[test]
    fn times_are_taken_off() {
        let (time, rest) = taken_off(b"2026-11-21T10:00:00.5Z {\"a\":1}");
        assert_eq!(time.unwrap().to_rfc3339(), "2026-11-21T10:00:00.500+00:00");
        assert_eq!(&*rest, b"{\"a\":1}");
        assert_eq!(&*taken_off(b"2026-11-21T10:00:00Z").1, b"");
        assert_eq!(taken_off(b"2026-11-21T10:00:00Z").0, taken_off(b"2026-11-21T10:00:00Z ").0);
        for line in [&b"Error response from daemon"[..], b"", b"2026-11-21 10:00:00 x", b"\xff\xfe 1"] {
            assert_eq!(taken_off(line), (None, Cow::Borrowed(line)));
        }
    }

    /// As docker 20.10 and 28 write lines over 16 KiB with `--timestamps`.
    #[test]
    fn times_between_the_pieces_of_a_long_line_are_taken_out() {
        let stamp = "2026-11-28T08:06:41.306071521Z ";
        for size in PIECES {
            for length in [size - 1, size, size + 1, 2 * size, 5 * size + 77] {
                let text: Vec<u8> = (0..length).map(|at| b'a' + u8::try_from(at % 23).unwrap()).collect();
                let pieces = text.chunks(size).map(|piece| [stamp.as_bytes(), piece].concat());
                let line = pieces.collect::<Vec<_>>().concat();
                let (time, rest) = taken_off(&line);
                assert_eq!(time.unwrap().timestamp(), 1_795_853_201);
                assert!(*rest == *text, "{size} {length}");
            }
        }
        // A time that a program itself wrote elsewhere stays.
        let line = format!("{stamp}{}{stamp}x", "y".repeat(16_000));
        assert_eq!(taken_off(line.as_bytes()).1.len(), 16_000 + stamp.len() + 1);
    }
}
