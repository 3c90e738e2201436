//! Changes as a calendar that other programs read (RFC 5545).

use chrono::{DateTime, Utc};

use crate::model::thing::ChangeRecord;

/// Bytes of a line at the most, its end aside; a longer one goes on in the next behind a blank.
const LINE: usize = 75;

/// The calendar of these changes. Lines end as the form wants it, with CR and LF.
pub(super) fn calendar(changes: &[ChangeRecord], console: &str) -> String {
    let mut out = String::new();
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//opsroom//change calendar//EN"] {
        put(&mut out, line);
    }
    put(&mut out, &format!("X-WR-CALNAME:{}", escaped(console)));
    for change in changes {
        let kind = if change.freeze { "freeze" } else { "change" };
        let approved = change.approved.as_ref().map_or_else(String::new, |(by, _)| format!(", approved by {by}"));
        let about = format!("{}: {}, by {}{approved}", change.services.describe(), change.why, change.by);
        put(&mut out, "BEGIN:VEVENT");
        put(&mut out, &format!("UID:{}@opsroom", escaped(&change.id)));
        put(&mut out, &format!("DTSTAMP:{}", moment(change.at)));
        put(&mut out, &format!("DTSTART:{}", moment(change.from)));
        put(&mut out, &format!("DTEND:{}", moment(change.until)));
        put(&mut out, &format!("SUMMARY:{}", escaped(&format!("{kind}: {}", change.title))));
        put(&mut out, &format!("DESCRIPTION:{}", escaped(&about)));
        put(&mut out, if change.needs_approval() { "STATUS:TENTATIVE" } else { "STATUS:CONFIRMED" });
        put(&mut out, "END:VEVENT");
    }
    put(&mut out, "END:VCALENDAR");
    out
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// A text in which nothing has a meaning of its own.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A line, folded where it is too long: never within a character.
fn put(out: &mut String, line: &str) {
    let mut width = 0;
    for c in line.chars() {
        if width + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::maintenance::ServiceChoice;
    use crate::text::SafeText;

    #[test]
    fn a_change_is_an_event_whose_text_means_nothing_but_itself() {
        let at = |hour: i64| DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hour);
        let change = ChangeRecord {
            id: "c1".into(),
            title: SafeText::new("disks; ä, \r\nEND:VEVENT"),
            why: SafeText::new(&"é".repeat(100)),
            services: ServiceChoice::All,
            from: at(1),
            until: at(2),
            notice_s: 0,
            freeze: false,
            by: SafeText::new("ana"),
            at: at(0),
            approved: None,
        };
        let text = calendar(&[change], "ops");
        assert!(text.lines().all(|line| line.len() <= LINE), "{text}");
        assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
        let unfolded = text.replace("\r\n ", "");
        assert_eq!(unfolded.matches("\r\nEND:VEVENT\r\n").count(), 1, "{unfolded}");
        for line in
            ["DTSTART:19700101T010000Z", "DTEND:19700101T020000Z", "STATUS:TENTATIVE", "SUMMARY:change: disks\\; ä\\,"]
        {
            assert!(unfolded.contains(line), "{line}: {unfolded}");
        }
    }
}
