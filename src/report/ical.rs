//! Calendars in the form of RFC 5545, written only.

use chrono::{DateTime, Utc};

/// Octets of a content line at most, its line break aside (RFC 5545, 3.1).
const LINE: usize = 75;

/// An event with a beginning and an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CalendarEvent {
    /// The same for the same event whenever it is written: a calendar that reads it again changes it, and adds none.
    pub uid: String,
    /// When it was said last.
    pub written: DateTime<Utc>,
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// The first moment after it.
    pub end: DateTime<Utc>,
    /// What stands in the calendar.
    pub summary: String,
    /// What else is known of it; may have several lines.
    pub description: String,
    /// How it counts in the calendar: the name of a property and its value.
    pub counts: (&'static str, &'static str),
}

/// A calendar of events.
pub(crate) fn calendar(name: &str, events: &[CalendarEvent]) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| fold(&format!("{name}:{value}"), &mut out);
    line("BEGIN", "VCALENDAR");
    line("VERSION", "2.0");
    line("PRODID", "-//opsroom//opsroom//EN");
    line("CALSCALE", "GREGORIAN");
    line("METHOD", "PUBLISH");
    line("X-WR-CALNAME", &escape(name));
    for event in events {
        line("BEGIN", "VEVENT");
        line("UID", &escape(&event.uid));
        line("DTSTAMP", &moment(event.written));
        line("DTSTART", &moment(event.start));
        line("DTEND", &moment(event.end));
        line("SUMMARY", &escape(&event.summary));
        if !event.description.is_empty() {
            line("DESCRIPTION", &escape(&event.description));
        }
        line(event.counts.0, event.counts.1);
        line("END", "VEVENT");
    }
    line("END", "VCALENDAR");
    out
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// Text as a value (RFC 5545, 3.3.11). Control characters have no form there.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A content line, folded so that no character is torn (RFC 5545, 3.1).
fn fold(line: &str, out: &mut String) {
    let mut octets = 0;
    for c in line.chars() {
        if octets + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            octets = 1;
        }
        out.push(c);
        octets += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn event(summary: &str) -> CalendarEvent {
        let (uid, summary) = ("primary-1@shop".to_owned(), summary.to_owned());
        CalendarEvent {
            uid,
            written: at(60),
            start: at(0),
            end: at(3_600),
            summary,
            description: String::new(),
            counts: ("TRANSP", "TRANSPARENT"),
        }
    }

    /// As a calendar reads it: lines joined, escapes resolved.
    fn summary_of(text: &str) -> String {
        let joined = text.replace("\r\n ", "");
        let line = joined.split("\r\n").find_map(|line| line.strip_prefix("SUMMARY:")).unwrap().to_owned();
        let (mut out, mut chars) = (String::new(), line.chars());
        while let Some(c) = chars.next() {
            match c {
                '\\' => out.push(chars.next().map(|c| if c == 'n' { '\n' } else { c }).unwrap()),
                c => out.push(c),
            }
        }
        out
    }

    #[test]
    fn a_calendar_is_written_as_the_standard_says() {
        let text = calendar("on call, shop", &[event("Ana; on call")]);
        let due = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//opsroom//opsroom//EN\r\nCALSCALE:GREGORIAN\r\n\
            METHOD:PUBLISH\r\nX-WR-CALNAME:on call\\, shop\r\nBEGIN:VEVENT\r\nUID:primary-1@shop\r\n\
            DTSTAMP:19700101T000100Z\r\nDTSTART:19700101T000000Z\r\nDTEND:19700101T010000Z\r\n\
            SUMMARY:Ana\\; on call\r\nTRANSP:TRANSPARENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(text, due);
    }

    #[test]
    fn nothing_from_outside_begins_a_line() {
        let text = calendar("x", &[event("a\r\nEND:VEVENT\r\nb\u{7}")]);
        assert_eq!(text.matches("\r\nEND:VEVENT").count(), 1, "{text}");
        assert_eq!(summary_of(&text), "a\nEND:VEVENT\nb");
    }

    proptest! {
        #[test]
        fn lines_are_short_and_read_as_they_were_meant(summary in "[ -~äß🚨\n]{0,200}") {
            let text = calendar("x", &[event(&summary)]);
            prop_assert!(text.split("\r\n").all(|line| line.len() <= LINE), "{text}");
            prop_assert_eq!(summary_of(&text), summary);
        }
    }
}
