//! Which fields mean time, level, service and message, under the names that libraries give them.

use std::borrow::Cow;
use std::ops::ControlFlow;

use chrono::{DateTime, Duration, Utc};

use super::super::timestamp::TimeReader;
use crate::logs::fields::FieldValue;
use crate::logs::format::Format;
use crate::logs::layout::Layout;
use crate::logs::record::Level;

/// The fields with a meaning, the best name of each kept.
#[derive(Default)]
pub(super) struct Known<'a> {
    time: Best<'a>,
    nanos: Best<'a>,
    level: Best<'a>,
    severity_number: Best<'a>,
    service: Best<'a>,
    name: Best<'a>,
    message: Best<'a>,
    status: Best<'a>,
    /// The time as Serilog calls it, which names no level where it is information.
    compact: Best<'a>,
    /// Fields seen at all.
    pub(super) count: usize,
    date: bool,
    component: bool,
    bunyan: bool,
}

/// The value with the lowest rank.
#[derive(Default, Clone, Copy)]
struct Best<'a>(Option<(u8, FieldValue<'a>)>);

impl<'a> Best<'a> {
    fn offer(&mut self, rank: u8, value: FieldValue<'a>) {
        if self.0.is_none_or(|(held, _)| rank < held) {
            self.0 = Some((rank, value));
        }
    }

    fn text(self) -> Option<Cow<'a, str>> {
        self.0.map(|(_, value)| value.text())
    }

    fn is_best(self) -> bool {
        matches!(self.0, Some((0, _)))
    }
}

impl<'a> Known<'a> {
    /// Notes a field; breaks when nothing better can follow.
    pub(super) fn offer(&mut self, key: &str, value: FieldValue<'a>, layout: Option<&Layout>) -> ControlFlow<()> {
        self.count += 1;
        if let Some(layout) = layout
            && self.mapped(key, value, layout)
        {
            return ControlFlow::Continue(());
        }
        self.usual(key, value);
        if layout.is_none()
            && self.time.is_best()
            && self.level.is_best()
            && self.service.is_best()
            && self.message.is_best()
        {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Notes a field; breaks when the level is known, whatever may follow.
    pub(super) fn offer_level(&mut self, key: &str, value: FieldValue<'a>) -> ControlFlow<()> {
        self.count += 1;
        self.usual(key, value);
        if self.level.is_best() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// A field that the configuration names.
    fn mapped(&mut self, key: &str, value: FieldValue<'a>, layout: &Layout) -> bool {
        let is = |name: Option<&str>| name.is_some_and(|name| name == key);
        let place = if is(layout.time()) {
            &mut self.time
        } else if is(layout.level()) {
            &mut self.level
        } else if is(layout.service()) {
            &mut self.service
        } else if is(layout.message()) {
            &mut self.message
        } else {
            return false;
        };
        place.0 = Some((0, value));
        true
    }

    /// A field by the names of pino, bunyan, zap, log4j, structlog, slog, Serilog, `OpenTelemetry`, ECS, GELF,
    /// `MongoDB`, the journal, and the common fields.
    fn usual(&mut self, key: &str, value: FieldValue<'a>) {
        // The journal writes null for what it does not export.
        if value.is_null() && key != "MESSAGE" {
            return;
        }
        match key {
            "timestamp" | "@timestamp" | "time" | "ts" if may_be_time(value) => self.time.offer(0, value),
            "@t" => {
                self.compact.offer(0, value);
                self.time.offer(1, value);
            }
            "datetime" | "eventTime" | "_time" | "log_time" | "asctime" | "timestamp.seconds" | "timestampSeconds" => {
                self.time.offer(1, value);
            }
            "t"
            | "date"
            | "instant.epochSecond"
            | "timeMillis"
            | "Timestamp"
            | "Time"
            | "created"
            | "timeUnixNano"
            | "time_unix_nano"
            | "__REALTIME_TIMESTAMP"
            | "observedTimeUnixNano" => self.time.offer(2, value),
            "t.$date" => {
                self.date = true;
                self.time.offer(2, value);
            }
            "instant.nanoOfSecond" | "timestamp.nanos" | "timestampNanos" => self.nanos.offer(0, value),
            "level" | "severity" | "log.level" | "loglevel" | "levelname" | "@l" => self.level.offer(0, value),
            "lvl" | "severityText" | "severity_text" | "SeverityText" | "Level" | "Severity" | "log_level"
            | "LogLevel" => {
                self.level.offer(1, value);
            }
            "s" | "priority" | "level_name" | "PRIORITY" => self.level.offer(2, value),
            "severityNumber" | "severity_number" | "SeverityNumber" => self.severity_number.offer(0, value),
            "service" | "service.name" | "service_name" | "serviceName" | "resource.service.name" => {
                self.service.offer(0, value);
            }
            "app" | "application" | "app_name" | "_service" | "SYSLOG_IDENTIFIER" => self.service.offer(1, value),
            "name" => self.name.offer(0, value),
            "v" => self.bunyan = true,
            "c" => self.component = true,
            "message" | "msg" | "@m" | "Message" | "MESSAGE" => self.message.offer(0, value),
            "event" | "short_message" | "log" | "text" | "body" | "Body" | "body.stringValue" | "textPayload" => {
                self.message.offer(1, value);
            }
            "@mt" | "@message" | "error" | "err.message" | "jsonPayload.message" => self.message.offer(2, value),
            "status" => self.status.offer(0, value),
            other if is_status_code(other) => self.status.offer(1, value),
            _ => {}
        }
    }

    /// Whether there is what a log line has, beside anything else.
    pub(super) fn says_something(&self) -> bool {
        self.level.0.is_some() || self.time.0.is_some() || self.message.0.is_some() || self.level_of_request().is_some()
    }

    /// The object's format: that of `MongoDB` by its own three keys.
    pub(super) fn object(&self) -> Format {
        if self.date && self.component && self.level.0.is_some() { Format::Mongodb } else { Format::Json }
    }

    /// The level, by word or number; that of a request by its status.
    pub(super) fn level(&self, format: Format) -> Option<Level> {
        if matches!(format, Format::Access | Format::Haproxy) {
            return Some(match self.status.text()?.as_bytes().first() {
                Some(b'5') => Level::Error,
                // `-1`: the client went away before there was an answer.
                // 0: Envoy had none to give.
                Some(b'4' | b'-' | b'0') => Level::Warn,
                _ => Level::Info,
            });
        }
        if let Some(text) = self.level.text() {
            let text = without_colours(text);
            let word = text.trim();
            // `DEBUG1`, `trace8`, `D2`: degrees of one level.
            let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
            return Level::from_word(if bare.is_empty() { word } else { bare });
        }
        let Some(number) = self.severity_number.text() else { return self.level_of_request() };
        Some(match number.parse::<u8>().ok()? {
            1..=4 => Level::Trace,
            5..=8 => Level::Debug,
            9..=12 => Level::Info,
            13..=16 => Level::Warn,
            17..=20 => Level::Error,
            21..=24 => Level::Fatal,
            _ => return None,
        })
    }

    /// The level of what states none: by the status of HTTP that it answered with.
    fn level_of_request(&self) -> Option<Level> {
        let status = self.status.text().and_then(|status| status.parse::<u16>().ok());
        match status {
            Some(500..=599) => Some(Level::Error),
            Some(400..=499) => Some(Level::Warn),
            Some(100..=399) => Some(Level::Info),
            _ => self.compact.0.map(|_| Level::Info),
        }
    }

    /// The time, read by `times`.
    pub(super) fn time(&self, times: TimeReader, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let at = times.value(&without_colours(self.time.text()?), now)?;
        let nanos =
            self.nanos.text().and_then(|nanos| nanos.parse::<u32>().ok()).filter(|nanos| *nanos < 1_000_000_000);
        Some(nanos.map_or(at, |nanos| at + Duration::nanoseconds(i64::from(nanos))))
    }

    /// The service. Bunyan calls it `name`, and has a version of the form.
    pub(super) fn service(&self) -> Option<Cow<'a, str>> {
        self.service
            .text()
            .or_else(|| self.name.text().filter(|_| self.bunyan))
            .filter(|name| !name.is_empty())
            .map(without_colours)
    }

    pub(super) fn message(&self) -> Option<Cow<'a, str>> {
        match self.message.0 {
            Some((_, value)) if value.is_null() => Some(Cow::Owned(NOT_SHOWN.to_owned())),
            _ => self.message.text(),
        }
    }
}

/// What stands for a message that `journalctl` left out, as it does over 4,096 bytes without `--all`.
const NOT_SHOWN: &str = "message not shown by journalctl: too long (use --all)";

fn is_status_code(key: &str) -> bool {
    matches!(
        key,
        "status_code"
            | "statusCode"
            | "http_status"
            | "http.status_code"
            | "http.response.status_code"
            | "httpRequest.status"
            | "response.status"
            | "response.status_code"
            | "response_code"
            | "res.statusCode"
    )
}

/// Whether a value may be a time and not a duration: a request that took `0.012` has its time too.
fn may_be_time(value: FieldValue<'_>) -> bool {
    let text = value.text();
    let text = text.trim_ascii().as_bytes();
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match text.first() {
        Some(b'0'..=b'9') => {
            digits >= 9 || (text.len() >= 10 && text.iter().any(|byte| matches!(byte, b':' | b'e' | b'E' | b'T')))
        }
        first => first.is_some(),
    }
}

/// A word without the colours that a library gave it, though it wrote it into an object.
fn without_colours(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('\u{1b}');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let is_parameter = |c: char| c.is_ascii_digit() || matches!(c, '[' | ';' | ':');
        let rest = part.trim_start_matches(is_parameter);
        plain.push_str(rest.strip_prefix('m').unwrap_or(rest));
    }
    Cow::Owned(plain)
}
