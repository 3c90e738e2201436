//! From a line to what it says: time, level, service, message.

mod known;

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::level;
use super::timestamp::{Leading, TimeReader};
use crate::config::sections::log::LogFormat;
use crate::logs::fields;
use crate::logs::format::Format;
use crate::logs::layout::Layout;
use crate::logs::record::Level;
use crate::sources::logs::follow::trace;
use known::Known;

/// Recognises lines of one log.
#[derive(Debug, Clone)]
pub(crate) struct Recogniser {
    format: LogFormat,
    times: TimeReader,
    layout: Option<Arc<Layout>>,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParsedLine<'a> {
    /// The time that it states.
    pub time: Option<DateTime<Utc>>,
    pub level: Level,
    /// The service that it names.
    pub service: Option<Cow<'a, str>>,
    /// The message alone; the whole line where nothing was recognised.
    pub message: Cow<'a, str>,
    /// What it was recognised as.
    pub format: Format,
}

/// Formats of lines that begin with `2026-`.
const AFTER_DATE: &[Format] = &[Format::Postgres, Format::Python, Format::Java, Format::Syslog];
/// Formats of lines that begin with `2026/`.
const AFTER_SLASHED: &[Format] = &[Format::NginxError, Format::Java];
/// Formats of lines that begin with another number: an address, a process id, a time.
const AFTER_NUMBER: &[Format] = &[Format::Access, Format::Redis, Format::Haproxy, Format::Java];
/// Formats of lines that begin with `[`.
const AFTER_BRACKET: &[Format] = &[Format::HttpdError, Format::Python, Format::Rust, Format::Access];
/// Formats of lines that begin with `<`.
const AFTER_ANGLE: &[Format] = &[Format::Haproxy, Format::Syslog];
/// Formats of lines that begin with a letter.
const AFTER_LETTER: &[Format] =
    &[Format::Klog, Format::Ruby, Format::Haproxy, Format::Syslog, Format::Python, Format::Logfmt, Format::Access];

impl Recogniser {
    /// A recogniser for lines in `format`, with `times` for their times and what the configuration says of them.
    pub(crate) fn new(format: LogFormat, times: TimeReader, layout: Option<Arc<Layout>>) -> Self {
        Self { format, times, layout }
    }

    /// Whether lines are recognised by what they are, and the configuration says nothing of their form.
    pub(crate) fn is_plain_auto(&self) -> bool {
        self.format == LogFormat::Auto && self.layout.is_none()
    }

    /// What the configuration says of the form of the lines.
    pub(crate) fn layout(&self) -> Option<&Arc<Layout>> {
        self.layout.as_ref()
    }

    /// The time of a whole value.
    pub(crate) fn time(&self, text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.times.value(text, now)
    }

    /// Whether a line begins with a time, as a record does.
    pub(crate) fn begins_with_time(&self, line: &str, now: DateTime<Utc>) -> bool {
        self.times.leading(line, now).is_some()
    }

    /// What `line` says. `last` is the format of the line before it, which is tried first; `now` places times
    /// without a year.
    pub(crate) fn recognise<'a>(&self, line: &'a str, last: Format, now: DateTime<Utc>) -> ParsedLine<'a> {
        if self.layout.as_ref().is_some_and(|layout| layout.pattern().is_some())
            && let Some(seen) = self.read_as(Format::Pattern, line, now)
        {
            return seen;
        }
        let auto = self.format == LogFormat::Auto;
        let candidates = match self.format {
            LogFormat::These(formats) => formats,
            LogFormat::Auto => match line.as_bytes() {
                [b'{', ..] => &[Format::Json],
                [b'0'..=b'9', _, _, _, b'-', ..] => AFTER_DATE,
                [b'0'..=b'9', _, _, _, b'/', ..] => AFTER_SLASHED,
                [b'0'..=b'9', ..] => AFTER_NUMBER,
                [b'[', ..] => AFTER_BRACKET,
                [b'<', ..] => AFTER_ANGLE,
                [b'a'..=b'z' | b'A'..=b'Z', ..] => AFTER_LETTER,
                _ => &[],
            },
        };
        // HAProxy and others write through syslog.
        let before = Some(last).filter(|last| *last != Format::Syslog && candidates.contains(last));
        let others = candidates.iter().copied().filter(|format| Some(*format) != before);
        if let Some(seen) = before.into_iter().chain(others).find_map(|format| self.read_as(format, line, now)) {
            return seen;
        }
        self.plain(line, auto || candidates.contains(&Format::Json), now)
    }

    /// What `line` says in one format; `None` where it is not in that format.
    fn read_as<'a>(&self, format: Format, line: &'a str, now: DateTime<Utc>) -> Option<ParsedLine<'a>> {
        match format {
            Format::Json | Format::Mongodb => {
                line.trim_ascii_start().starts_with('{').then(|| self.json(line, line, now))?
            }
            Format::Logfmt => self.logfmt(line, now),
            Format::Unknown | Format::Plain | Format::Traceback => None,
            _ => self.text(format, line, now),
        }
    }

    /// `line` begins where the object does; `whole` is the line with what is before it.
    fn json<'a>(&self, line: &'a str, whole: &'a str, now: DateTime<Utc>) -> Option<ParsedLine<'a>> {
        let mut known = Known::default();
        fields::walk(Format::Json, line, &mut |key, value| known.offer(key, value, self.layout.as_deref()));
        (known.count > 0).then(|| self.seen(&known, known.object(), whole, now))
    }

    /// Lines that begin with `key=` and name a level, a time or a message, or were said to be of this form.
    fn logfmt<'a>(&self, line: &'a str, now: DateTime<Utc>) -> Option<ParsedLine<'a>> {
        let first = line.split(' ').next()?;
        let equals = first.find('=')?;
        let auto = self.format == LogFormat::Auto;
        if equals == 0 && auto {
            return None;
        }
        if line.starts_with("type=")
            && let Some(seen) = self.audit(line, now)
        {
            return Some(seen);
        }
        let mut known = Known::default();
        fields::walk(Format::Logfmt, line, &mut |key, value| known.offer(key, value, self.layout.as_deref()));
        let sure = known.count >= 2 && known.says_something();
        (sure || !auto).then(|| self.seen(&known, Format::Logfmt, line, now))
    }

    /// `type=SYSCALL msg=audit(1700000000.123:45): text` of the audit daemon: what it calls a message is its time.
    fn audit<'a>(&self, line: &'a str, now: DateTime<Utc>) -> Option<ParsedLine<'a>> {
        let (_, rest) = line.split_once(" msg=audit(")?;
        let (time, _) = rest.split_once(':')?;
        let time = self.times.value(time, now)?;
        let message = Cow::Borrowed(line);
        Some(ParsedLine { time: Some(time), level: Level::None, service: None, message, format: Format::Logfmt })
    }

    /// The formats of lines of text, read up to their message.
    fn text<'a>(&self, format: Format, line: &'a str, now: DateTime<Utc>) -> Option<ParsedLine<'a>> {
        let mut known = Known::default();
        let request = matches!(format, Format::Access | Format::Haproxy);
        let last = if request { "status" } else { "message" };
        let mut visit = |key: &str, value: fields::FieldValue<'a>| {
            let _ = known.offer(key, value, self.layout.as_deref());
            if key == last && format != Format::Pattern { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let is = match (&self.layout, format) {
            (Some(layout), Format::Pattern) => layout.walk(line, &mut visit),
            _ => fields::walk(format, line, &mut visit),
        };
        if !is {
            return None;
        }
        let mut seen = self.seen(&known, format, line, now);
        if request {
            // What was asked and how it went, without who and when.
            seen.message = Cow::Borrowed(line.find("] ").map_or(line, |at| &line[at + 2..]));
        } else if seen.level == Level::None
            && let Cow::Borrowed(message) = seen.message
            && let Some((level, range)) = level::find(message)
        {
            seen.level = level;
            seen.message = Cow::Borrowed(without_level(message, range));
        }
        Some(seen)
    }

    fn seen<'a>(&self, known: &Known<'a>, format: Format, line: &'a str, now: DateTime<Utc>) -> ParsedLine<'a> {
        ParsedLine {
            time: known.time(self.times, now),
            level: known.level(format).unwrap_or_default(),
            service: known.service(),
            message: known.message().unwrap_or(Cow::Borrowed(line)),
            format,
        }
    }

    /// A line with at most a time, a level, and an object after a prefix.
    fn plain<'a>(&self, line: &'a str, json: bool, now: DateTime<Utc>) -> ParsedLine<'a> {
        let leading = self.times.leading(line, now).or_else(|| self.behind_prefix(line, now));
        // What is not read is left where it can be seen.
        let rest = leading.filter(|found| found.at.is_some()).map_or(line, |found| &line[found.rest..]);
        let time = leading.and_then(|found| found.at);
        // A container runtime or a shipper writes its own time before the program's object.
        if json
            && leading.is_some()
            && rest.starts_with('{')
            && let Some(mut seen) = self.json(rest, line, now)
        {
            seen.time = seen.time.or(time);
            return seen;
        }
        let mut seen = ParsedLine {
            time,
            level: Level::None,
            service: None,
            message: Cow::Borrowed(rest),
            format: if leading.is_some() { Format::Plain } else { Format::Unknown },
        };
        if leading.is_none()
            && let Some((_, level)) = trace::head(line)
        {
            (seen.level, seen.format) = (level, Format::Traceback);
        } else if let Some((level, range)) = level::find(rest) {
            (seen.level, seen.format) = (level, Format::Plain);
            seen.message = Cow::Borrowed(without_level(rest, range));
        }
        if seen.level == Level::None
            && rest.len() < line.len()
            && let Some((level, _)) = level::find(&line[..line.len() - rest.len()])
        {
            seen.level = level;
        }
        seen
    }

    /// The time behind a level and what else stands in brackets: `INFO  [main] 2026-11-21 10:00:00,123 text`,
    /// `INFO [2026-11-21 10:00:00,123] text`, `[Nest] 12  - 11/21/2026, 10:00:00 AM text`.
    fn behind_prefix(&self, line: &str, now: DateTime<Utc>) -> Option<Leading> {
        let mut at = 0;
        for _ in 0..PREFIX_WORDS {
            let rest = line[at..].trim_ascii_start();
            at = line.len() - rest.len();
            let length = match rest.as_bytes().first()? {
                b'[' => rest.bytes().take(64).position(|byte| byte == b']')? + 1,
                b'-' | b'|' | b':' => 1,
                _ => {
                    let word = rest.split(' ').next()?;
                    let is_number = at > 0 && word.bytes().all(|byte| byte.is_ascii_digit());
                    let is_level = word.len() > 2
                        && word.bytes().all(|byte| byte.is_ascii_uppercase())
                        && Level::from_word(word).is_some();
                    (is_number || is_level).then_some(word.len())?
                }
            };
            at += length;
            if let Some(found) = self.times.leading(line.get(at..)?, now) {
                return Some(Leading { rest: at + found.rest, ..found });
            }
        }
        None
    }
}

/// Words and brackets that may stand before a time.
const PREFIX_WORDS: usize = 4;

/// The level of an object that is recognised by what it is, read no further than that takes; `None` where it has no
/// field.
pub(crate) fn level_of_object(line: &str) -> Option<Level> {
    let mut known = Known::default();
    fields::walk(Format::Json, line, &mut |key, value| known.offer_level(key, value));
    (known.count > 0).then(|| known.level(Format::Json).unwrap_or_default())
}

/// The rest of a line that begins with its level; a level further on is part of the message.
fn without_level(rest: &str, range: std::ops::Range<usize>) -> &str {
    let lead = |c: char| matches!(c, '[' | '(' | '<' | '|' | ' ');
    if !rest[..range.start].chars().all(lead) {
        return rest;
    }
    let rest = &rest[range.end..];
    // `ERRO[0012] text` of logrus: seconds since its start.
    let seconds = rest.strip_prefix('[').and_then(|inner| inner.split_once(']'));
    let rest = match seconds {
        Some((digits, after)) if digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) => after,
        _ => rest,
    };
    rest.trim_start_matches([']', ')', '>', '|', ':', ' ', '\t'])
}

#[cfg(test)]
mod tests {
    use crate::lang::tz::Tz;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_a_line(line in r#".{0,120}|[\{\}\[\]":,=0-9a-z TZ.\\-]{0,120}"#) {
            let now = DateTime::UNIX_EPOCH + chrono::Duration::days(20_000);
            let recogniser = Recogniser::new(LogFormat::Auto, TimeReader::new(Tz::UTC), None);
            for last in Format::ALL {
                let seen = recogniser.recognise(&line, last, now);
                prop_assert!(matches!(seen.message, Cow::Owned(_)) || line.contains(&*seen.message));
            }
        }
    }
}
