//! From when on a command is to write, and the times that it puts before its lines.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::config::sections::log::{SINCE, SINCE_UNIX};
use crate::config::sections::source::CommandLine;

/// Whether the command is told since when.
pub(super) fn is_asked(line: &CommandLine) -> bool {
    line.argv.iter().any(|word| word.contains(SINCE) || word.contains(SINCE_UNIX))
}

/// The command with `since` in the places for it. The texts have no character that a shell would see.
pub(super) fn told(line: &CommandLine, since: DateTime<Utc>) -> CommandLine {
    let written = since.to_rfc3339_opts(SecondsFormat::Nanos, true);
    let unix = format!("{}.{:06}", since.timestamp(), since.timestamp_subsec_micros());
    let argv = line.argv.iter().map(|word| word.replace(SINCE, &written).replace(SINCE_UNIX, &unix)).collect();
    CommandLine { argv, ..line.clone() }
}

/// The time before a line and what comes after it: `2026-11-21T10:00:00.123456789Z text`. A line without one is given
/// back as it is.
pub(super) fn taken_off(line: &[u8]) -> (Option<DateTime<Utc>>, &[u8]) {
    let end = line.iter().take(40).position(|byte| *byte == b' ').unwrap_or_else(|| line.len().min(40));
    let time = std::str::from_utf8(&line[..end]).ok().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    match time {
        Some(time) => (Some(time.to_utc()), line.get(end + 1..).unwrap_or_default()),
        None => (None, line),
    }
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
        let argv = told(&asked, at).argv;
        assert_eq!(argv[1..], ["--since=2025-11-21T04:40:00.123456789Z", "--since=@1763700000.123456", "{{.Name}}"]);
    }

    #[test]
    fn times_are_taken_off() {
        let (time, rest) = taken_off(b"2026-11-21T10:00:00.5Z {\"a\":1}");
        assert_eq!(time.unwrap().to_rfc3339(), "2026-11-21T10:00:00.500+00:00");
        assert_eq!(rest, b"{\"a\":1}");
        assert_eq!(taken_off(b"2026-11-21T10:00:00Z"), (taken_off(b"2026-11-21T10:00:00Z ").0, &b""[..]));
        for line in [&b"Error response from daemon"[..], b"", b"2026-11-21 10:00:00 x", b"\xff\xfe 1"] {
            assert_eq!(taken_off(line), (None, line));
        }
    }
}
