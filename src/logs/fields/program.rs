//! What the logging libraries of Python, Java and Ruby write where nobody changed their patterns.

use super::Visit;
use super::scan::{Scan, emit_all, is_number};

const LEVELS: [&str; 17] = [
    "TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL", "NOTICE", "SEVERE", "CONFIG", "FINE",
    "FINER", "FINEST", "NOTSET", "ALL", "OFF",
];

fn is_level(word: &str) -> bool {
    LEVELS.contains(&word)
}

/// A name of a logger: words with dots, slashes or dollars between.
fn is_logger(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 128
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$' | b'-' | b'/'))
        && !is_number(word)
}

/// The forms of `logging`: the one of its documentation, that of `basicConfig`, Flask's, Celery's, gunicorn's and
/// uvicorn's.
pub(super) fn python<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    match line.as_bytes().first()? {
        b'0'..=b'9' => dashed(line, visit),
        b'[' => bracketed(line, visit),
        _ => coloned(line, visit),
    }
}

/// `2026-11-21 10:00:00,123 - name - LEVEL - text`.
fn dashed<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(line);
    let time = scan.time()?;
    scan.literal("- ")?;
    let first = scan.until(" - ")?;
    let second = scan.until(" - ")?;
    let (logger, level) = if is_level(second) { (first, second) } else { (second, first) };
    if !is_level(level) || !is_logger(logger) {
        return None;
    }
    emit_all(visit, [("time", time), ("logger", logger), ("level", level)], scan.0);
    Some(())
}

/// `[2026-11-21 10:00:00,123] LEVEL in module: text`, `[TIME: LEVEL/Process-1] text`, `[TIME] [12] [LEVEL] text`.
fn bracketed<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(line);
    let head = scan.bracketed('[', ']')?;
    let mut inner = Scan(head);
    let time = inner.time()?;
    if let Some((level, process)) = inner.0.strip_prefix(": ").and_then(|rest| rest.split_once('/')) {
        let name = process.split('(').next().filter(|_| is_level(level))?;
        emit_all(visit, [("time", time), ("level", level), ("process", name)], scan.0);
    } else if let Some(pid) = scan.bracketed('[', ']').filter(|pid| is_number(pid)) {
        let level = scan.bracketed('[', ']').filter(|level| is_level(level))?;
        emit_all(visit, [("time", time), ("pid", pid), ("level", level)], scan.0);
    } else {
        let level = scan.word().filter(|level| is_level(level))?;
        scan.literal("in ")?;
        let module = scan.until(": ").filter(|module| is_logger(module))?;
        emit_all(visit, [("time", time), ("level", level), ("logger", module)], scan.0);
    }
    Some(())
}

/// `LEVEL:name:text` and `LEVEL:     text`.
fn coloned<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(line);
    let level = scan.until(":").filter(|level| is_level(level))?;
    if scan.0.starts_with("  ") || (level.len() == 8 && scan.0.starts_with(' ')) {
        emit_all(visit, [("level", level)], scan.0.trim_ascii_start());
        return Some(());
    }
    let logger = scan.until(":").filter(|logger| is_logger(logger))?;
    emit_all(visit, [("level", level), ("logger", logger)], scan.0);
    Some(())
}

/// `[2026-11-21T10:00:00Z ERROR module] text` of `env_logger`; time or module may be missing.
pub(super) fn rust<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(line);
    let mut inner = Scan(scan.bracketed('[', ']')?);
    let time = inner.time().unwrap_or_default();
    let level = inner.word().filter(|level| is_level(level))?;
    let module = inner.word().unwrap_or_default();
    // A level alone in brackets is the habit of many.
    if !inner.0.is_empty() || (time.is_empty() && !module.contains("::")) {
        return None;
    }
    emit_all(visit, [("time", time), ("level", level), ("logger", module)], scan.0);
    Some(())
}

/// `E, [2026-11-21T10:00:00.123456 #12] ERROR -- program: text`.
pub(super) fn ruby<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(line.get(1..).filter(|_| line.starts_with(['D', 'I', 'W', 'E', 'F', 'A']))?);
    scan.literal(", ")?;
    let (time, pid) = scan.bracketed('[', ']')?.split_once(" #")?;
    let level = scan.word()?;
    scan.literal("-- ")?;
    let (program, message) = scan.0.split_once(": ").unwrap_or(("", scan.0));
    let program = if is_logger(program) { program } else { "" };
    emit_all(visit, [("time", time), ("pid", pid), ("level", level), ("app", program)], message);
    Some(())
}

/// The patterns of log4j, logback and Spring Boot: after the time, in any order, a level, a thread in brackets, a
/// process id and a logger, then `-` or `:` and the text.
pub(super) fn java<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(line);
    let time = scan.time().or_else(|| tomcat_time(&mut scan))?;
    let (mut level, mut thread, mut pid, mut app) = ("", "", "", "");
    loop {
        if let Some(inner) = scan.bracketed('[', ']') {
            // Spring Boot names the application before the thread.
            if !thread.is_empty() {
                app = thread;
            }
            thread = inner;
            continue;
        }
        let before = scan;
        match scan.word()? {
            word if level.is_empty() && is_level(word) => level = word,
            "---" if !pid.is_empty() => {}
            word if pid.is_empty() && is_number(word) => pid = word,
            _ => {
                scan = before;
                break;
            }
        }
    }
    if level.is_empty() || thread.is_empty() {
        return None;
    }
    let word = scan.word()?;
    let (logger, ended) = word.strip_suffix(':').map_or((word, false), |logger| (logger, true));
    if !is_logger(logger) {
        return None;
    }
    let separated = ended || scan.literal("- ").or_else(|| scan.literal(": ")).is_some();
    // Tomcat puts nothing between the logger and the text; a dotted name is a logger all the same.
    if !separated && !logger.contains('.') {
        return None;
    }
    let fields = [
        ("time", time),
        ("level", level),
        ("pid", pid),
        ("app", app.trim_ascii()),
        ("thread", thread.trim_ascii()),
        ("logger", logger),
    ];
    emit_all(visit, fields, scan.0);
    Some(())
}

/// `21-Nov-2026 10:00:00.123`.
fn tomcat_time<'a>(scan: &mut Scan<'a>) -> Option<&'a str> {
    let line = scan.0;
    let date =
        scan.word().filter(|date| date.len() == 11 && date.as_bytes()[2] == b'-' && date.as_bytes()[6] == b'-')?;
    let clock = scan.time()?;
    line.get(..date.len() + 1 + clock.len())
}
