//! Changes as a calendar that other programs read.

use crate::model::thing::ChangeRecord;
use crate::report::ical::{self, CalendarEvent};

/// The calendar of these changes.
pub(super) fn calendar(changes: &[ChangeRecord], console: &str) -> String {
    let events: Vec<CalendarEvent> = changes.iter().map(event).collect();
    ical::calendar(console, &events)
}

fn event(change: &ChangeRecord) -> CalendarEvent {
    let kind = change.word();
    let approved = change.approved.as_ref().map_or_else(String::new, |(by, _)| format!(", approved by {by}"));
    CalendarEvent {
        uid: format!("{}@opsroom", change.id),
        written: change.at,
        start: change.from,
        end: change.until,
        summary: format!("{kind}: {}", change.title),
        description: format!("{}: {}, by {}{approved}", change.services.describe(), change.why, change.by),
        counts: ("STATUS", if change.needs_approval() { "TENTATIVE" } else { "CONFIRMED" }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

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
        let text = calendar(&[change], "ops");
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
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
