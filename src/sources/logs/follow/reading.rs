//! From the bytes of one record to what is shown of it: redacted, recognised, sanitised, with its colours.

use std::borrow::Cow;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use super::progress;
use crate::config::sections::log::Ansi;
use crate::logs::fields;
use crate::logs::format::Format;
use crate::logs::record::Level;
use crate::sources::logs::recognise::format::Recogniser;
use crate::text::redact::{MASK, Redactor};
use crate::text::{
    Bound, Coloured, LINE_BREAK, RETURN, SafeText, Sanitised, Sgr, StyleSpan, TextStyles, printable, sanitise_shown,
    sanitise_within,
};

/// What a record says and shows.
#[derive(Debug)]
pub(crate) struct RecordReading {
    /// The time that it states.
    pub time: Option<DateTime<Utc>>,
    pub level: Level,
    /// The service that it names.
    pub service: Option<SafeText>,
    /// What it was recognised as.
    pub format: Format,
    /// All of it.
    pub raw: SafeText,
    /// What is said, with its colours.
    pub message: SafeText,
    /// The colours of the message.
    pub styles: Vec<StyleSpan>,
    /// What the sanitiser neutralised.
    pub neutralised: u32,
    /// Bytes that had no room in the record.
    pub cut_bytes: u64,
}

/// Reads the records of one log.
pub(crate) struct RecordReader<'a> {
    /// Knows the form.
    pub recogniser: &'a Recogniser,
    /// Knows the secrets.
    pub redactor: &'a Redactor,
    /// What becomes of colours.
    pub ansi: Ansi,
}

impl RecordReader<'_> {
    /// Reads a record of one or more lines. `last` is the format of the record before it.
    pub(crate) fn read(&self, bytes: &[u8], last: Format, now: DateTime<Utc>) -> RecordReading {
        let redacted = self.redactor.redact_bytes(bytes);
        let end = memchr::memchr(b'\n', &redacted);
        let first = end.map_or(&*redacted, |end| &redacted[..end]);
        let coloured = self.ansi != Ansi::Show && memchr::memchr(0x1b, first).is_some();
        let mut reading = if coloured { self.coloured(first, last, now) } else { self.clear(first, last, now) };
        if let Some(end) = end {
            self.go_on(&mut reading, first, without_blank_end(&redacted[end + 1..]));
        }
        if memchr::memchr(b'\r', &redacted).is_some() {
            progress::fold(&mut reading);
        }
        reading
    }

    /// A line with escape sequences: recognised by what is visible of it.
    fn coloured(&self, line: &[u8], last: Format, now: DateTime<Utc>) -> RecordReading {
        let Coloured { line, spans } = self.redactor.clean_coloured(line, Bound::Record);
        let text = line.text.as_str();
        let seen = self.recogniser.recognise(text, last, now);
        let (message, styles) = match &seen.message {
            Cow::Borrowed(part) if part.len() == text.len() => (line.text.clone(), spans),
            _ if goes_on_behind(&line.text, seen.format) => (line.text.clone(), spans),
            message => match line.text.range_of(message) {
                Some(range) => (line.text.part(range.clone()), TextStyles::within(&spans, &range)),
                // It was unescaped.
                None => self.shown(message.as_bytes()),
            },
        };
        RecordReading {
            time: seen.time,
            level: seen.level,
            service: seen.service.map(|name| SafeText::new(&name)),
            format: seen.format,
            message,
            styles: if self.ansi == Ansi::Colour { styles } else { Vec::new() },
            neutralised: line.neutralised,
            cut_bytes: line.cut_bytes,
            raw: line.text,
        }
    }

    /// A line without escape sequences, or one that shows them.
    fn clear(&self, line: &[u8], last: Format, now: DateTime<Utc>) -> RecordReading {
        if let Some(raw) = printable(line, Bound::Record) {
            return self.printable(raw, last, now);
        }
        if memchr::memchr(b'\r', line).is_some() {
            return self.returning(line, last, now);
        }
        let text = String::from_utf8_lossy(line);
        let visible = if self.ansi == Ansi::Show && memchr::memchr(0x1b, line).is_some() {
            Cow::Owned(sanitise_within(line, Bound::Record).text.as_str().to_owned())
        } else {
            Cow::Borrowed(&*text)
        };
        let seen = self.recogniser.recognise(&visible, last, now);
        let raw = self.line(line);
        let (message, styles) = match &seen.message {
            // What is shown is shown in its place.
            _ if matches!(visible, Cow::Owned(_)) => (raw.text.clone(), Vec::new()),
            message if message.len() == text.len() => (raw.text.clone(), Vec::new()),
            Cow::Borrowed(message) if raw.neutralised == 0 => (SafeText::of_record(message), Vec::new()),
            // What was unescaped may show a secret only now.
            message => self.shown(message.as_bytes()),
        };
        RecordReading {
            time: seen.time,
            level: seen.level,
            service: seen.service.map(|name| SafeText::new(&name)),
            format: seen.format,
            message,
            styles,
            neutralised: raw.neutralised,
            cut_bytes: raw.cut_bytes,
            raw: raw.text,
        }
    }

    /// A line with carriage returns in it: read as it is shown, with a mark for each. What a terminal would overwrite is
    /// part of what the line says, or whoever writes into it could hide what is before.
    fn returning(&self, line: &[u8], last: Format, now: DateTime<Utc>) -> RecordReading {
        let raw = self.line(line);
        let mut reading = self.printable(raw.text, last, now);
        if goes_on_behind(&reading.raw, reading.format) {
            (reading.message, reading.styles) = (reading.raw.clone(), Vec::new());
        }
        RecordReading { neutralised: raw.neutralised, cut_bytes: raw.cut_bytes, ..reading }
    }

    /// A line of which nothing has to be made safe, as nearly all are: copied once, for all that is kept of it.
    pub(crate) fn printable(&self, raw: SafeText, last: Format, now: DateTime<Utc>) -> RecordReading {
        let seen = self.recogniser.recognise(raw.as_str(), last, now);
        let (message, styles) = match &seen.message {
            Cow::Borrowed(part) => (raw.slice(part).unwrap_or_else(|| SafeText::new(part)), Vec::new()),
            // What was unescaped may show a secret only now.
            Cow::Owned(unescaped) => self.shown(unescaped.as_bytes()),
        };
        RecordReading {
            time: seen.time,
            level: seen.level,
            service: seen.service.map(|name| raw.slice(&name).unwrap_or_else(|| SafeText::new(&name))),
            format: seen.format,
            message,
            styles,
            neutralised: 0,
            cut_bytes: 0,
            raw,
        }
    }

    /// A whole line, made safe.
    fn line(&self, line: &[u8]) -> Sanitised {
        let show = self.ansi == Ansi::Show;
        let done = if show { sanitise_shown(line, Bound::Record) } else { sanitise_within(line, Bound::Record) };
        if done.text.as_str().as_bytes() == line {
            return done;
        }
        // What was hidden between the characters of a secret is gone now.
        let stripped = self.redactor.clean_line(line, Bound::Record);
        let masks = |text: &SafeText| text.as_str().matches(MASK).count();
        if show && masks(&stripped.text) <= masks(&done.text) { done } else { stripped }
    }

    /// A text that the line held in escaped form, or a line that follows, made safe.
    fn shown(&self, text: &[u8]) -> (SafeText, Vec<StyleSpan>) {
        match self.ansi {
            Ansi::Colour => {
                let done = self.redactor.clean_coloured(text, Bound::Record);
                (done.line.text, done.spans)
            }
            Ansi::Strip | Ansi::Show => (self.line(text).text, Vec::new()),
        }
    }

    /// Adds the lines that follow the first. A colour goes on until it is reset, as on a terminal.
    fn go_on(&self, reading: &mut RecordReading, first: &[u8], rest: &[u8]) {
        let (mut parts, mut at) = (Vec::new(), reading.message.as_str().len());
        let mut open = Sgr::default();
        if self.ansi == Ansi::Colour {
            open = open.after(first);
        }
        for line in rest.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let count = self.line(line);
            reading.neutralised = reading.neutralised.saturating_add(count.neutralised);
            reading.cut_bytes += count.cut_bytes;
            at += LINE_BREAK.len_utf8();
            let coloured = open != Sgr::default() || memchr::memchr(0x1b, line).is_some();
            if self.ansi == Ansi::Colour && coloured {
                let (text, spans) = self.shown(&[open.sequence().as_bytes(), line].concat());
                open = open.after(line);
                reading.styles.extend(spans.into_iter().map(|(span, style)| (span.start + at..span.end + at, style)));
                parts.push(text);
            } else {
                parts.push(count.text);
            }
            at += parts.last().map_or(0, |part| part.as_str().len());
        }
        let whole = std::ptr::eq(reading.message.as_str(), reading.raw.as_str());
        let (raw, left_out) = SafeText::joined(std::iter::once(&reading.raw).chain(&parts));
        reading.raw = raw;
        reading.cut_bytes += left_out;
        reading.message = if whole {
            reading.raw.clone()
        } else {
            SafeText::joined(std::iter::once(&reading.message).chain(&parts)).0
        };
        let end = reading.message.as_str().len();
        reading.styles.retain(|(span, _)| span.end <= end);
    }
}

/// Whether a line that was read as an object has more behind a carriage return, which is no part of the object.
fn goes_on_behind(raw: &SafeText, format: Format) -> bool {
    format.is_json()
        && raw.as_str().contains(RETURN)
        && !fields::walk(format, raw.as_str(), &mut |_, _| ControlFlow::Continue(()))
}

/// The lines without the blank ones at their end. What the last one ends in is its own.
fn without_blank_end(lines: &[u8]) -> &[u8] {
    match lines.trim_ascii_end().len() {
        0 => &[],
        end => memchr::memchr(b'\n', &lines[end..]).map_or(lines, |feed| &lines[..end + feed]),
    }
}
