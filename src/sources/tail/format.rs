//! From a line to what it says: time, level, service, message.

use std::borrow::Cow;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use super::level;
use super::timestamp::TimeReader;
use crate::config::sections::log::LogFormat;
use crate::model::fields::{self, Value};
use crate::model::format::Format;
use crate::model::record::Level;

/// Recognises lines of one log.
#[derive(Debug, Clone)]
pub struct Recogniser {
    format: LogFormat,
    times: TimeReader,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<'a> {
    /// The time that it states.
    pub time: Option<DateTime<Utc>>,
    /// Its level.
    pub level: Level,
    /// The service that it names.
    pub service: Option<Cow<'a, str>>,
    /// The message alone; the whole line where nothing was recognised.
    pub message: Cow<'a, str>,
    /// What it was recognised as.
    pub format: Format,
}

/// The fields with a meaning, the best name of each kept.
#[derive(Default)]
struct Known<'a> {
    time: Best<'a>,
    level: Best<'a>,
    service: Best<'a>,
    message: Best<'a>,
    status: Best<'a>,
    count: usize,
}

/// The value with the lowest rank.
#[derive(Default)]
struct Best<'a>(Option<(u8, Value<'a>)>);

impl<'a> Best<'a> {
    fn offer(&mut self, rank: u8, value: Value<'a>) {
        if self.0.is_none_or(|(held, _)| rank < held) {
            self.0 = Some((rank, value));
        }
    }

    fn text(&self) -> Option<Cow<'a, str>> {
        self.0.map(|(_, value)| value.text())
    }
}

impl<'a> Known<'a> {
    /// Notes a field by its name: those of pino, bunyan, zap, log4j, structlog, slog, `OpenTelemetry`, `MongoDB`, GELF
    /// and the house form.
    fn offer(&mut self, key: &str, value: Value<'a>) {
        self.count += 1;
        match key {
            "timestamp" | "@timestamp" | "time" => self.time.offer(0, value),
            "ts" | "datetime" | "eventTime" | "_time" | "log_time" | "asctime" | "@t" => self.time.offer(1, value),
            "t" | "date" | "t.$date" | "instant.epochSecond" | "timeMillis" | "Timestamp" | "Time" => {
                self.time.offer(2, value);
            }
            "level" | "severity" | "log.level" | "loglevel" | "levelname" | "@l" => self.level.offer(0, value),
            "lvl" | "severityText" | "severity_text" | "Level" | "Severity" | "log_level" => self.level.offer(1, value),
            "s" | "priority" | "level_name" => self.level.offer(2, value),
            "service" | "service.name" | "service_name" | "serviceName" => self.service.offer(0, value),
            "app" | "application" | "app_name" => self.service.offer(1, value),
            "message" | "msg" | "@m" | "Message" => self.message.offer(0, value),
            "event" | "short_message" | "log" | "text" => self.message.offer(1, value),
            "body" | "@message" | "error" | "err.message" => self.message.offer(2, value),
            "status" => self.status.offer(0, value),
            _ => {}
        }
    }

    fn level(&self) -> Level {
        if let Some(text) = self.level.text() {
            return Level::from_word(text.trim()).unwrap_or_default();
        }
        Level::None
    }
}

impl Recogniser {
    /// A recogniser for lines in `format`, with `times` for their times.
    pub fn new(format: LogFormat, times: TimeReader) -> Self {
        Self { format, times }
    }

    /// What `line` says. `now` places times without a year.
    pub fn recognise<'a>(&self, line: &'a str, now: DateTime<Utc>) -> Seen<'a> {
        let (json, logfmt, plain) = match self.format {
            LogFormat::Auto => (true, true, true),
            LogFormat::Json => (true, false, false),
            LogFormat::Logfmt => (false, true, false),
            LogFormat::Plain => (false, false, true),
        };
        if json && line.trim_ascii_start().starts_with('{') {
            return self.json(line, line, now).unwrap_or_else(|| unrecognised(line));
        }
        if logfmt && let Some(seen) = self.logfmt(line, now) {
            return seen;
        }
        if plain
            && line.as_bytes().iter().take(128).any(|byte| *byte == b'[')
            && let Some(seen) = self.access(line, now)
        {
            return seen;
        }
        self.plain(line, now, json)
    }

    /// `line` begins where the object does; `whole` is the line with what is before it.
    fn json<'a>(&self, line: &'a str, whole: &'a str, now: DateTime<Utc>) -> Option<Seen<'a>> {
        let mut known = Known::default();
        fields::walk(Format::Json, line, &mut |key, value| {
            known.offer(key, value);
            ControlFlow::Continue(())
        });
        if known.count == 0 {
            return None;
        }
        Some(Seen {
            time: known.time.text().and_then(|text| self.times.value(&text, now)),
            level: known.level(),
            service: known.service.text(),
            message: known.message.text().unwrap_or(Cow::Borrowed(whole)),
            format: Format::Json,
        })
    }

    /// Lines that begin with `key=` and name a level, a time or a message, or were said to be of this form.
    fn logfmt<'a>(&self, line: &'a str, now: DateTime<Utc>) -> Option<Seen<'a>> {
        let first = line.split(' ').next()?;
        let equals = first.find('=')?;
        if equals == 0 && self.format == LogFormat::Auto {
            return None;
        }
        let mut known = Known::default();
        fields::walk(Format::Logfmt, line, &mut |key, value| {
            known.offer(key, value);
            ControlFlow::Continue(())
        });
        let named = known.level.0.is_some() || known.time.0.is_some() || known.message.0.is_some();
        if self.format == LogFormat::Auto && (known.count < 2 || !named) {
            return None;
        }
        Some(Seen {
            time: known.time.text().and_then(|text| self.times.value(&text, now)),
            level: known.level(),
            service: known.service.text(),
            message: known.message.text().unwrap_or(Cow::Borrowed(line)),
            format: Format::Logfmt,
        })
    }

    /// Access logs of web servers: 5xx is an error, 4xx a warning.
    fn access<'a>(&self, line: &'a str, now: DateTime<Utc>) -> Option<Seen<'a>> {
        let mut time = None;
        let mut status = None;
        if !fields::walk(Format::Access, line, &mut |key, value| {
            match key {
                "time" => time = Some(value),
                "status" => status = Some(value),
                _ => {}
            }
            ControlFlow::Continue(())
        }) {
            return None;
        }
        let level = match status?.text().as_bytes().first() {
            Some(b'5') => Level::Error,
            Some(b'4') => Level::Warn,
            _ => Level::Info,
        };
        let time = self.times.value(&time?.text(), now)?;
        let request = line.find("] \"").map_or(0, |at| at + 2);
        Some(Seen {
            time: Some(time),
            level,
            service: None,
            message: Cow::Borrowed(&line[request..]),
            format: Format::Access,
        })
    }

    fn plain<'a>(&self, line: &'a str, now: DateTime<Utc>, json: bool) -> Seen<'a> {
        let leading = self.times.leading(line, now);
        let mut rest = leading.map_or(line, |found| &line[found.rest..]);
        // A container runtime or a shipper writes its own time before the program's object.
        if json
            && rest.starts_with('{')
            && let Some(mut seen) = self.json(rest, line, now)
        {
            seen.time = seen.time.or(leading.map(|found| found.at));
            return seen;
        }
        let mut service = None;
        if leading.is_some_and(|found| found.syslog)
            && let Some((tag, message)) = syslog_tag(rest)
        {
            service = Some(Cow::Borrowed(tag));
            rest = message;
        }
        let klog = leading.and_then(|_| klog_level(line));
        let found = level::find(rest);
        if let Some((_, range)) = &found
            && klog.is_none()
        {
            rest = without_level(rest, range.clone());
        }
        let found_level = found.is_some();
        Seen {
            time: leading.map(|found| found.at),
            level: klog.or(found.map(|found| found.0)).unwrap_or_default(),
            format: if leading.is_some() || found_level { Format::Plain } else { Format::Unknown },
            service,
            message: Cow::Borrowed(rest),
        }
    }
}

fn unrecognised(line: &str) -> Seen<'_> {
    Seen { time: None, level: Level::None, service: None, message: Cow::Borrowed(line), format: Format::Unknown }
}

/// `HOST TAG[PID]: message`.
fn syslog_tag(rest: &str) -> Option<(&str, &str)> {
    let (_, rest) = rest.split_once(' ')?;
    let (tag, message) = rest.split_once(": ")?;
    let name = tag.split('[').next()?;
    (!name.is_empty() && name.len() <= 48 && !name.contains(' ')).then_some((name, message))
}

/// The letter of `I1121 10:00:00.123456`.
fn klog_level(line: &str) -> Option<Level> {
    match line.as_bytes() {
        [b'I', b'0' | b'1', ..] => Some(Level::Info),
        [b'W', b'0' | b'1', ..] => Some(Level::Warn),
        [b'E', b'0' | b'1', ..] => Some(Level::Error),
        [b'F', b'0' | b'1', ..] => Some(Level::Fatal),
        _ => None,
    }
}

/// The rest of a line that begins with its level; a level further on is part of the message.
fn without_level(rest: &str, range: std::ops::Range<usize>) -> &str {
    let lead = |c: char| matches!(c, '[' | '(' | '<' | '|' | ' ');
    if !rest[..range.start].chars().all(lead) {
        return rest;
    }
    rest[range.end..].trim_start_matches([']', ')', '>', '|', ':', ' ', '\t'])
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use proptest::prelude::*;

    use super::*;

    fn seen(line: &str) -> (Option<String>, Level, Option<String>, String, Format) {
        let now = DateTime::parse_from_rfc3339("2026-11-21T12:00:00Z").unwrap().to_utc();
        let recogniser = Recogniser::new(LogFormat::Auto, TimeReader::new(Tz::UTC));
        let seen = recogniser.recognise(line, now);
        let time = seen.time.map(|at| at.format("%d %H:%M:%S").to_string());
        (time, seen.level, seen.service.map(Cow::into_owned), seen.message.into_owned(), seen.format)
    }

    #[expect(clippy::too_many_lines, reason = "a table")]
    #[test]
    fn lines_of_many_programs() {
        let ten = Some("21 10:00:00");
        for (line, time, level, service, message, format) in [
            (
                r#"{"timestamp":"2026-11-21T10:00:00Z","level":"ERROR","service":"billing","message":"card \"x\"","metadata":{"a":1},"trace_id":"t"}"#,
                ten,
                Level::Error,
                Some("billing"),
                "card \"x\"",
                Format::Json,
            ),
            (
                r#"{"level":50,"time":1795255200000,"pid":1,"hostname":"h","msg":"pino"}"#,
                ten,
                Level::Error,
                None,
                "pino",
                Format::Json,
            ),
            (
                r#"{"name":"a","level":40,"msg":"bunyan","time":"2026-11-21T10:00:00.000Z","v":0}"#,
                ten,
                Level::Warn,
                None,
                "bunyan",
                Format::Json,
            ),
            (
                r#"{"level":"info","ts":1795255200.5,"logger":"x","msg":"zap"}"#,
                ten,
                Level::Info,
                None,
                "zap",
                Format::Json,
            ),
            (
                r#"{"instant":{"epochSecond":1795255200,"nanoOfSecond":1},"level":"WARN","loggerName":"a.B","message":"log4j"}"#,
                ten,
                Level::Warn,
                None,
                "log4j",
                Format::Json,
            ),
            (
                r#"{"event":"structlog","level":"warning","timestamp":"2026-11-21T10:00:00Z"}"#,
                ten,
                Level::Warn,
                None,
                "structlog",
                Format::Json,
            ),
            (
                r#"{"time":"2026-11-21T10:00:00Z","level":"DEBUG","msg":"slog"}"#,
                ten,
                Level::Debug,
                None,
                "slog",
                Format::Json,
            ),
            (
                r#"{"t":{"$date":"2026-11-21T10:00:00.000+00:00"},"s":"E","c":"NETWORK","msg":"mongo"}"#,
                ten,
                Level::Error,
                None,
                "mongo",
                Format::Json,
            ),
            (
                r#"2026-11-21T10:00:00.123Z {"level":"error","msg":"prefixed"}"#,
                ten,
                Level::Error,
                None,
                "prefixed",
                Format::Json,
            ),
            (r#"{"a":1}"#, None, Level::None, None, r#"{"a":1}"#, Format::Json),
            (r#"{"msg":"cut in the mid"#, None, Level::None, None, "cut in the mid", Format::Json),
            ("{}", None, Level::None, None, "{}", Format::Unknown),
            ("{not json", None, Level::None, None, "{not json", Format::Unknown),
            (
                r#"time=2026-11-21T10:00:00Z level=warn msg="log fmt" took=5ms"#,
                ten,
                Level::Warn,
                None,
                "log fmt",
                Format::Logfmt,
            ),
            ("x=1 and some words", None, Level::None, None, "x=1 and some words", Format::Unknown),
            (
                r#"10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 502 0 "-" "curl""#,
                ten,
                Level::Error,
                None,
                r#""GET /a HTTP/1.1" 502 0 "-" "curl""#,
                Format::Access,
            ),
            (
                "2026-11-21 10:00:00,123 ERROR [main] a.B: boom",
                ten,
                Level::Error,
                None,
                "[main] a.B: boom",
                Format::Plain,
            ),
            ("2026/11/21 10:00:00 [error] 7#7: *1 refused", ten, Level::Error, None, "7#7: *1 refused", Format::Plain),
            (
                "2026-11-21 10:00:00.123 UTC [123] ERROR:  relation",
                ten,
                Level::Error,
                None,
                "[123] ERROR:  relation",
                Format::Plain,
            ),
            ("Nov 21 10:00:00 host sshd[12]: error: no key", ten, Level::Error, Some("sshd"), "no key", Format::Plain),
            (
                "E1121 10:00:00.123456       1 file.go:1] lost",
                ten,
                Level::Error,
                None,
                "1 file.go:1] lost",
                Format::Plain,
            ),
            ("WARN: no time", None, Level::Warn, None, "no time", Format::Plain),
            ("just words", None, Level::None, None, "just words", Format::Unknown),
            ("", None, Level::None, None, "", Format::Unknown),
        ] {
            let expected = (time.map(str::to_owned), level, service.map(str::to_owned), message.to_owned(), format);
            assert_eq!(seen(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_line(line in r#".{0,120}|[\{\}\[\]":,=0-9a-z TZ.\\-]{0,120}"#) {
            seen(&line);
        }
    }
}
