//! Syslog, old and new, and what goes through it.

use super::scan::{Scan, emit, emit_all, is_number};
use super::value::quoted;
use super::{Visit, pairs};

/// The words of a severity, RFC 5424 table 2.
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// The words of a facility, RFC 5424 table 1.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

/// The parts of a line in the old form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Old<'a> {
    facility: &'static str,
    severity: &'static str,
    time: &'a str,
    host: &'a str,
    /// The program.
    pub(super) app: &'a str,
    pid: &'a str,
    /// What it says.
    pub(super) message: &'a str,
}

/// RFC 5424 where it says so, else RFC 3164 with its old time or with that of RFC 3339.
pub(super) fn walk<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    if let Some((facility, severity, rest)) = priority(line)
        && let Some(rest) = rest.strip_prefix("1 ")
    {
        return new(facility, severity, rest, visit);
    }
    let Old { facility, severity, time, host, app, pid, message } = old(line)?;
    let fields =
        [("facility", facility), ("severity", severity), ("time", time), ("host", host), ("app", app), ("pid", pid)];
    emit_all(visit, fields, message);
    Some(())
}

/// `<34>`: facility, severity and the rest.
fn priority(line: &str) -> Option<(&'static str, &'static str, &str)> {
    let (number, _) = line.get(1..line.len().min(6)).and_then(|head| head.split_once('>'))?;
    let value: usize = (line.starts_with('<') && is_number(number)).then(|| number.parse().ok())??;
    Some((FACILITIES.get(value / 8)?, SEVERITIES[value % 8], &line[number.len() + 2..]))
}

/// `TIME HOST APP PROCID MSGID STRUCTURED-DATA [MESSAGE]`.
fn new<'a>(facility: &'static str, severity: &'static str, rest: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(rest);
    let mut word = || scan.word();
    let (time, host, app, pid, id) = (word()?, word()?, word()?, word()?, word()?);
    let data = scan.0;
    let length = structured_length(data)?;
    let message = data[length..].trim_ascii_start().trim_start_matches('\u{feff}').trim_start_matches("<U+FEFF>");
    let fields = [
        ("facility", facility),
        ("severity", severity),
        ("time", time),
        ("host", host),
        ("app", app),
        ("pid", pid),
        ("msgid", id),
    ];
    if emit(visit, fields) && emit(visit, [("message", message)]) && structured(&data[..length], visit) {
        pairs::walk(message, visit);
    }
    Some(())
}

/// How long `-` or `[id a="b"][id2]` is.
fn structured_length(data: &str) -> Option<usize> {
    if data.starts_with('-') {
        return Some(1);
    }
    let bytes = data.as_bytes();
    let mut at = 0;
    while bytes.get(at) == Some(&b'[') {
        loop {
            match bytes.get(at)? {
                b']' => break,
                b'"' => {
                    let (_, length, closed) = quoted(&data[at + 1..]);
                    closed.then_some(())?;
                    at += 1 + length;
                }
                _ => at += 1,
            }
        }
        at += 1;
    }
    (at > 0).then_some(at)
}

/// Hands over `id.name` of every element. False when no more are wanted.
fn structured<'a>(data: &'a str, visit: Visit<'_, 'a>) -> bool {
    let mut rest = data;
    let mut name = String::new();
    while let Some(element) = rest.strip_prefix('[') {
        let end = element.find([' ', ']']).unwrap_or(element.len());
        let id = &element[..end];
        rest = element[end..].trim_ascii_start();
        while let Some((key, after)) = rest.split_once("=\"").filter(|(key, _)| !key.contains(']')) {
            let (value, length, _) = quoted(after);
            name.clear();
            name.push_str(id);
            name.push('.');
            name.push_str(key);
            if visit(&name, value).is_break() {
                return false;
            }
            rest = after[length..].trim_ascii_start();
        }
        rest = rest.strip_prefix(']').unwrap_or_default();
    }
    true
}

/// `[<34>]Nov 21 10:00:00 host app[12]: text`. With a time of RFC 3339 instead the process id must be there too:
/// other programs begin their lines like that.
pub(super) fn old(line: &str) -> Option<Old<'_>> {
    let (facility, severity, rest) = priority(line).unwrap_or(("", "", line));
    let mut scan = Scan(rest);
    let (time, is_old) = match scan.syslog_time() {
        Some(time) => (time, true),
        None => (scan.time().filter(|time| time.as_bytes().get(10) == Some(&b'T'))?, false),
    };
    let host = scan.word()?;
    let tag = scan.0.split(": ").next().filter(|tag| tag.len() < scan.0.len() || tag.ends_with(':'));
    let Some(tag) = tag.filter(|tag| tag.len() <= 64 && !tag.contains(' ')) else {
        // Some devices name no program; only the priority tells that it is syslog.
        return (!severity.is_empty()).then_some(Old {
            facility,
            severity,
            time,
            host,
            app: "",
            pid: "",
            message: scan.0,
        });
    };
    let message = scan.0.get(tag.len() + 2..).unwrap_or_default();
    let tag = tag.trim_end_matches(':');
    let (app, pid) = tag.split_once('[').map_or((tag, ""), |(app, pid)| (app, pid.trim_end_matches(']')));
    let sure = is_old || !severity.is_empty() || !pid.is_empty() || app == "kernel";
    (sure && !app.is_empty()).then_some(Old { facility, severity, time, host, app, pid, message })
}

/// `CLIENT:PORT [TIME] FRONTEND BACKEND/SERVER TR/TW/TC/TR/TA STATUS BYTES … "REQUEST"`, alone or through syslog.
pub(super) fn haproxy<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let logged = old(line);
    let mut scan = Scan(logged.map_or(line, |old| old.message));
    let (client, port) = scan.word()?.rsplit_once(':')?;
    let time = scan.bracketed('[', ']').filter(|time| time.as_bytes().get(11) == Some(&b':'))?;
    let frontend = scan.word()?;
    let (backend, server) = scan.word()?.split_once('/')?;
    let timers = scan.word().filter(|timers| timers.split('/').count() == 5)?;
    let mut timer = timers.split('/');
    let mut next = || timer.next().unwrap_or_default();
    let (request, queue, connect, response, total) = (next(), next(), next(), next(), next());
    let status = scan.word()?;
    let bytes = scan.word()?;
    for _cookie in 0..2 {
        scan.word()?;
    }
    let state = scan.word()?;
    let asked = scan.0.find('"').map_or("", |at| quoted(&scan.0[at + 1..]).0.written);
    let mut parts = asked.split(' ');
    let mut next_word = || parts.next().unwrap_or_default();
    let (method, path, protocol) = (next_word(), next_word(), next_word());
    let fields = [
        ("host", logged.map_or("", |old| old.host)),
        ("client", client),
        ("port", port),
        ("time", time),
        ("frontend", frontend),
        ("backend", backend),
        ("server", server),
        ("status", status),
        ("bytes", bytes),
        ("method", method),
        ("path", path),
        ("protocol", protocol),
        ("state", state),
        ("time_request", request),
        ("time_queue", queue),
        ("time_connect", connect),
        ("time_response", response),
        ("time_total", total),
    ];
    emit(visit, fields);
    Some(())
}
