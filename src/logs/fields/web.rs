//! The logs of web servers.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::scan::{Scan, emit, emit_all, is_number};
use super::value::{FieldValue, quoted};
use super::{Visit, pairs};

static BRACKET: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" ["));

/// `[VHOST] CLIENT IDENT USER [TIME] "METHOD PATH PROTOCOL" STATUS BYTES ["REFERER" "AGENT"] ["FORWARDED"] [DURATION]
/// [KEY=VALUE…]`.
pub(super) fn access<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    if line.starts_with('[') {
        return gin(line, visit).or_else(|| timed_first(line, visit));
    }
    if line.starts_with(|c: char| c.is_ascii_uppercase())
        && let Some(fields) = brief(line)
    {
        emit(visit, fields);
        return Some(());
    }
    let open = BRACKET.find(&line.as_bytes()[..line.len().min(256)])?;
    let mut who = line[..open].split(' ');
    let (first, second) = (who.next()?, who.next()?);
    let named = second != "-" && who.clone().count() >= 2;
    let (vhost, client) = if named { (first, second) } else { ("", first) };
    if named {
        who.next()?;
    }
    let user = who.next()?;
    let (time, rest) = line[open + 2..].split_once("] ")?;
    let (request, length, closed) = quoted(rest.strip_prefix('"')?);
    let mut tail = Scan(rest[1 + length..].trim_ascii_start());
    let status = tail.word()?;
    if !closed || status.len() != 3 || !is_number(status) {
        return None;
    }
    let bytes = tail.word().unwrap_or_default();
    let mut parts = request.written.split(' ');
    let mut part = || parts.next().unwrap_or_default();
    let fields = [
        ("vhost", vhost),
        ("client", client),
        ("user", user),
        ("time", time),
        ("method", part()),
        ("path", part()),
        ("protocol", part()),
        ("status", status),
        ("bytes", bytes),
    ];
    if emit(visit, fields) {
        access_tail(tail, visit);
    }
    Some(())
}

/// `[TIME] "METHOD PATH PROTOCOL" STATUS BYTES` (Django) and `[TIME] "METHOD PATH PROTOCOL" STATUS FLAGS … RECEIVED
/// SENT DURATION UPSTREAM "FORWARDED" "AGENT" "REQUEST" "AUTHORITY" "UPSTREAM"` (Envoy, Istio).
fn timed_first<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(line);
    let time = scan.bracketed('[', ']').filter(|time| time.len() >= 19)?;
    let (request, length, closed) = quoted(scan.0.strip_prefix('"')?);
    let mut tail = Scan(scan.0[1 + length..].trim_ascii_start());
    let status = tail.word().filter(|status| closed && is_number(status) && matches!(status.len(), 1 | 3))?;
    let mut parts = request.written.split(' ');
    let mut part = || parts.next().unwrap_or_default();
    let fields = [("time", time), ("method", part()), ("path", part()), ("protocol", part()), ("status", status)];
    if !emit(visit, fields) {
        return Some(());
    }
    let before = tail;
    let flags = tail.word().filter(|word| !is_number(word));
    if flags.is_none() {
        tail = before;
        emit(visit, [("bytes", tail.word().unwrap_or_default())]);
        return Some(());
    }
    let mut number = tail.word();
    // Istio says here why it answered.
    while number.is_some_and(|word| !is_number(word)) {
        number = tail.word();
    }
    let received = number.unwrap_or_default();
    let mut next = || tail.word().unwrap_or_default();
    let (sent, duration, upstream) = (next(), next(), next());
    let mut text = || {
        let inner = tail.0.strip_prefix('"')?;
        let (value, length, _) = quoted(inner);
        tail.0 = inner[length..].trim_ascii_start();
        Some(value.written)
    };
    let mut next_text = || text().unwrap_or_default();
    let (forwarded, agent, request) = (next_text(), next_text(), next_text());
    let (authority, upstream_host) = (next_text(), next_text());
    let fields = [
        ("flags", flags.unwrap_or_default()),
        ("bytes_received", received),
        ("bytes", sent),
        ("duration", duration),
        ("upstream_time", upstream),
        ("forwarded", forwarded),
        ("agent", agent),
        ("request_id", request),
        ("authority", authority),
        ("upstream", upstream_host),
    ];
    emit(visit, fields);
    Some(())
}

/// `[GIN] 2026/11/21 - 10:00:00 | 500 |  1.2ms |  10.0.0.1 | GET      "/x"`.
fn gin<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut parts = line.strip_prefix("[GIN] ")?.split('|').map(str::trim_ascii);
    let (time, status) = (parts.next()?, parts.next()?);
    let (took, client, request) = (parts.next()?, parts.next()?, parts.next()?);
    let (method, path) = request.split_once(' ').unwrap_or((request, ""));
    if status.len() != 3 || !is_number(status) {
        return None;
    }
    let fields = [
        ("time", time),
        ("method", method),
        ("path", path.trim_ascii().trim_matches('"')),
        ("client", client),
        ("status", status),
        ("request_time", took),
    ];
    emit(visit, fields);
    Some(())
}

/// `GET /x 500 12.3 ms - 12`, as morgan writes for developers.
fn brief(line: &str) -> Option<[(&'static str, &str); 4]> {
    let mut scan = Scan(line);
    let method = scan.word().filter(|word| METHODS.contains(word))?;
    let path = scan.word().filter(|path| path.starts_with('/'))?;
    let status = scan.word().filter(|status| status.len() == 3 && is_number(status))?;
    let took = scan.word().filter(|took| took.parse::<f64>().is_ok())?;
    scan.literal("ms")?;
    Some([("method", method), ("path", path), ("request_time", took), ("status", status)])
}

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// What is behind the size: texts in quotes, then numbers, then pairs, each if it is there.
fn access_tail<'a>(mut tail: Scan<'a>, visit: Visit<'_, 'a>) {
    let mut texts = ["referer", "agent", "forwarded"].into_iter();
    let mut numbers = ["request_time", "upstream_time"].into_iter();
    while let Some(first) = tail.0.chars().next() {
        if first == '"' {
            let (value, length, _) = quoted(&tail.0[1..]);
            tail.0 = tail.0[1 + length..].trim_ascii_start();
            let Some(name) = texts.next() else { return };
            if !matches!(value.written, "" | "-") && visit(name, value).is_break() {
                return;
            }
        } else if first.is_ascii_digit() || tail.0 == "-" || tail.0.starts_with("- ") {
            let (Some(name), Some(value)) = (numbers.next(), tail.word()) else { return };
            if !emit(visit, [(name, value)]) {
                return;
            }
        } else {
            pairs::walk(tail.0, visit);
            return;
        }
    }
}

/// `2026/11/21 10:00:00 [error] 7#8: *1 text, client: 10.0.0.1, server: x, request: "GET / HTTP/1.1"`.
pub(super) fn nginx_error<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(line);
    let time = scan.time().filter(|time| time.as_bytes().get(4) == Some(&b'/'))?;
    let level = scan.bracketed('[', ']')?;
    let pid = scan.until("#").filter(|pid| is_number(pid))?;
    let tid = scan.until(": ").filter(|tid| is_number(tid))?;
    let connection = if scan.literal("*").is_some() { scan.until(" ")? } else { "" };
    let fields = [("time", time), ("level", level), ("pid", pid), ("tid", tid), ("connection", connection)];
    if !emit(visit, fields) || !emit(visit, [("message", scan.0)]) {
        return Some(());
    }
    if let Some(at) = scan.0.find(", client: ").or_else(|| scan.0.find(", server: ")) {
        let mut rest = Scan(&scan.0[at + 2..]);
        while let Some(name) = rest.until(": ") {
            let value = if let Some(text) = rest.0.strip_prefix('"') {
                let (value, length, _) = quoted(text);
                rest.0 = text[length..].trim_start_matches([',', ' ']);
                value
            } else {
                let (value, after) = rest.0.split_once(", ").unwrap_or((rest.0, ""));
                rest.0 = after;
                FieldValue::plain(value)
            };
            if !name.is_empty() && !value.written.is_empty() && visit(name, value).is_break() {
                break;
            }
        }
    }
    Some(())
}

/// `[Sat Nov 21 10:00:00.123456 2026] [core:error] [pid 12:tid 34] [client 10.0.0.1:1234] AH00128: text`.
pub(super) fn httpd_error<'a>(line: &'a str, visit: Visit<'_, 'a>) -> Option<()> {
    let mut scan = Scan(line);
    let time = scan.bracketed('[', ']').filter(|time| time.len() >= 24 && time.as_bytes()[3] == b' ')?;
    let kind = scan.bracketed('[', ']')?;
    let (module, level) = kind.split_once(':').unwrap_or(("", kind));
    let (mut pid, mut tid, mut client) = ("", "", "");
    while let Some(part) = scan.bracketed('[', ']') {
        if let Some(ids) = part.strip_prefix("pid ") {
            (pid, tid) = ids.split_once(":tid ").unwrap_or((ids, ""));
        } else if let Some(address) = part.strip_prefix("client ") {
            client = address;
        }
    }
    // An error of the system may stand before the client.
    if let Some((_, rest)) = scan.0.split_once("[client ").filter(|_| client.is_empty() && scan.0.starts_with('(')) {
        client = rest.split(']').next().unwrap_or_default();
    }
    let code = scan
        .0
        .find("AH")
        .and_then(|at| scan.0.get(at..at + 7))
        .filter(|code| code.bytes().skip(2).all(|byte| byte.is_ascii_digit()))
        .unwrap_or_default();
    let fields = [
        ("time", time),
        ("module", module),
        ("level", level),
        ("pid", pid),
        ("tid", tid),
        ("client", client),
        ("code", code),
    ];
    emit_all(visit, fields, scan.0);
    Some(())
}
