//! Changes as a calendar that other programs read.

use chrono::{DateTime, Utc};

use crate::model::thing::ChangeRecord;
use crate::report::ical::{self, CalendarEvent};

/// The calendar of these changes, as it is written at a moment.
pub(super) fn calendar(changes: &[ChangeRecord], console: &str, now: DateTime<Utc>) -> String {
    let events: Vec<CalendarEvent> = changes.iter().map(|change| event(change, now)).collect();
    ical::calendar(console, &events)
}

fn event(change: &ChangeRecord, now: DateTime<Utc>) -> CalendarEvent {
    let kind = change.word();
    let approved = change.approved.as_ref().map_or_else(String::new, |(by, _)| format!(", approved by {by}"));
    CalendarEvent {
        uid: format!("{}@opsroom", change.id),
        // One of the configuration counts as said at its notice, which may be still to come.
        written: change.at.min(now),
        start: change.from,
        end: change.until,
        summary: format!("{kind}: {}", change.title),
        description: format!("{}: {}, by {}{approved}", change.services.describe(), change.why, change.by),
        counts: ("STATUS", if change.needs_approval() { "TENTATIVE" } else { "CONFIRMED" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::maintenance::ServiceChoice;
    use crate::text::SafeText;

    #[test]
    fn a_change_is_an_event_whose_text_means_nothing_but_itself() {
        let at = |hour: i64| DateTime::<Utc>::UNIX_EPOCH + chrono::TimeDelta::hours(hour);
        let change = ChangeRecord {
            id: "c1".into(),
            title: SafeText::new("disks; ä, \r\nEND:VEVENT"),
            why: SafeText::new(&"é".repeat(100)),
            services: ServiceChoice::All,
            from: at(1),
            until: at(2),
            notice_s: 0,
            notify: Vec::new(),
            freeze: false,
            by: SafeText::new("ana"),
            at: at(0),
            approved: None,
            called_off: None,
        };
        let text = calendar(std::slice::from_ref(&change), "ops", at(3));
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
        assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
        let unfolded = text.replace("\r\n ", "");
        assert_eq!(unfolded.matches("\r\nEND:VEVENT\r\n").count(), 1, "{unfolded}");
        for line in
            ["DTSTART:19700101T010000Z", "DTEND:19700101T020000Z", "STATUS:TENTATIVE", "SUMMARY:change: disks\\; ä\\,"]
        {
            assert!(unfolded.contains(line), "{line}: {unfolded}");
        }
        assert!(unfolded.contains("DTSTAMP:19700101T000000Z"), "{unfolded}");
        let announced = ChangeRecord { at: at(5), ..change };
        let text = calendar(&[announced], "ops", at(3));
        assert!(text.contains("DTSTAMP:19700101T030000Z"), "nothing was written in the future: {text}");
    }
}
