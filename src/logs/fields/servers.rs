//! The logs of databases and of Kubernetes.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Visit;
use super::scan::{Scan, emit_all, is_number};

/// What `PostgreSQL` calls the levels, and the lines that explain the one before.
const POSTGRES: [&str; 19] = [
    "LOG",
    "ERROR",
    "FATAL",
    "PANIC",
    "WARNING",
    "NOTICE",
    "INFO",
    "DEBUG",
    "DEBUG1",
    "DEBUG2",
    "DEBUG3",
    "DEBUG4",
    "DEBUG5",
    "STATEMENT",
    "DETAIL",
    "HINT",
    "CONTEXT",
    "QUERY",
    "LOCATION",
];

/// The prefix may be this long.
const PREFIX: usize = 256;

/// `TIME [PID] [USER@DATABASE] LEVEL:  text`, whatever `log_line_prefix` puts between time and level.
pub(super) fn postgres<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b":  "));
    let mut scan = Scan(line);
    let time = scan.time().filter(|time| time.len() > 12)?;
    // The two spaces are a mark of this format.
    let window = &scan.0.as_bytes()[..scan.0.len().min(PREFIX)];
    let colon = MARK.find(window).or_else(|| window.ends_with(b": ").then(|| window.len() - 2))?;
    let prefix = &scan.0[..colon];
    let level = prefix.rsplit([' ', ':']).next().filter(|level| POSTGRES.contains(level))?;
    let prefix = &prefix[..prefix.len() - level.len()];
    let message = scan.0.get(colon + 3..).unwrap_or_default();
    let (mut pid, mut user, mut database) = ("", "", "");
    for word in prefix.split([' ', ':', ',']) {
        if let Some(number) = word.strip_prefix('[').and_then(|word| word.split([']', '-']).next())
            && is_number(number)
            && pid.is_empty()
        {
            pid = number;
        } else if is_number(word) && pid.is_empty() {
            pid = word;
        } else if let Some(name) = word.strip_prefix("user=") {
            user = name;
        } else if let Some(name) = word.strip_prefix("db=") {
            database = name;
        } else if let Some((name, of)) = word.split_once('@')
            && !name.contains(['(', '['])
        {
            (user, database) = (name, of);
        }
    }
    let fields = [("time", time), ("pid", pid), ("user", user), ("database", database), ("level", level)];
    emit_all(visit, fields, message);
    Some(())
}

/// `1:M 21 Nov 2026 10:00:00.123 * text`.
pub(super) fn redis<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(line);
    let pid = scan.until(":").filter(|pid| pid.len() <= 10 && is_number(pid))?;
    let role = match scan.word()? {
        "M" => "master",
        "S" => "replica",
        "C" => "child",
        "X" => "sentinel",
        _ => return None,
    };
    let start = scan.0;
    for _ in 0..4 {
        scan.word()?;
    }
    let time = start[..start.len() - scan.0.len()].trim_ascii_end();
    let level = match scan.word()? {
        "." => "debug",
        "-" => "verbose",
        "*" => "notice",
        "#" => "warning",
        _ => return None,
    };
    emit_all(visit, [("pid", pid), ("role", role), ("time", time), ("level", level)], scan.0);
    Some(())
}

/// `E1121 10:00:00.123456       1 file.go:123] text`.
pub(super) fn klog<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let bytes = line.as_bytes();
    let level = match bytes.first()? {
        b'I' => "info",
        b'W' => "warning",
        b'E' => "error",
        b'F' => "fatal",
        _ => return None,
    };
    if !bytes.get(1..5)?.iter().all(u8::is_ascii_digit) || bytes.get(5) != Some(&b' ') {
        return None;
    }
    let mut scan = Scan(&line[6..]);
    let clock = scan.time()?;
    // The letter and the day belong to it.
    let time = &line[..6 + clock.len()];
    let tid = scan.number()?;
    let source = scan.until("] ").filter(|source| !source.contains(' ') && source.contains(':'))?;
    emit_all(visit, [("level", level), ("time", time), ("tid", tid), ("source", source)], scan.0);
    Some(())
}
