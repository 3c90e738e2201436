//! The change calendar: what speaks against changing a service now.

use chrono::{DateTime, TimeDelta, Utc};

use super::maintenance::clock_with_zone;
use super::thing::ChangeRecord;
use crate::lang::tz::Tz;

/// Where no change was planned for so long, the calendar is not in use, and nobody is reminded of it.
const IN_USE: TimeDelta = TimeDelta::days(30);

/// What speaks against changing a service at `now`: a freeze, that its change is not approved, or that none is planned for
/// now. `None`: nothing does, or nobody keeps the calendar.
pub(crate) fn objection<'a>(
    changes: &(impl Iterator<Item = &'a ChangeRecord> + Clone),
    service: Option<&str>,
    now: DateTime<Utc>,
    zone: Tz,
) -> Option<String> {
    let stand = changes.clone().filter(|change| change.called_off.is_none());
    let its = stand.clone().filter(|change| change.services.includes(service));
    let running = its.clone().filter(|change| change.is_running(now));
    if let Some(freeze) = running.clone().filter(|change| change.freeze).max_by_key(|change| change.until) {
        let until = clock_with_zone(freeze.until, now, zone);
        return Some(format!("freeze until {until}: {} ({}, by {})", freeze.title, freeze.why, freeze.by));
    }
    if running.clone().any(|change| !change.needs_approval()) {
        return None;
    }
    if let Some(waiting) = running.clone().next() {
        return Some(format!(
            "the change `{}` is not approved yet: opsroom change approve {}",
            waiting.title, waiting.id
        ));
    }
    if !stand.clone().any(|change| !change.freeze && change.until > now - IN_USE) {
        return None;
    }
    let next = its.filter(|change| !change.freeze && change.from > now).min_by_key(|change| change.from);
    Some(match next {
        Some(next) => {
            let from = clock_with_zone(next.from, now, zone);
            format!("outside of every planned change; the next, `{}`, begins {from}", next.title)
        }
        None => "outside of every planned change, and none is planned".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::maintenance::ServiceChoice;
    use crate::text::SafeText;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(480_000 + hour)
    }

    fn change(from: i64, until: i64) -> ChangeRecord {
        ChangeRecord {
            id: "c1".into(),
            title: SafeText::new("new disks"),
            why: SafeText::new("full"),
            services: ServiceChoice::These(vec!["db".into()]),
            from: at(from),
            until: at(until),
            notice_s: 48 * 3_600,
            notify: Vec::new(),
            freeze: false,
            by: SafeText::new("ana"),
            at: at(-60),
            approved: Some((SafeText::new("ben"), at(-50))),
            called_off: None,
        }
    }

    fn said(changes: &[ChangeRecord], service: &str) -> Option<String> {
        objection(&changes.iter(), Some(service), at(0), Tz::UTC)
    }

    #[test]
    fn an_approved_change_lets_its_services_be_changed_and_no_others() {
        assert_eq!(said(&[], "db"), None, "nobody keeps the calendar");
        let now = change(-1, 1);
        assert_eq!(said(std::slice::from_ref(&now), "db"), None);
        let other = said(std::slice::from_ref(&now), "api").unwrap();
        assert_eq!(other, "outside of every planned change, and none is planned");
        let waits = ChangeRecord { approved: None, ..now };
        assert_eq!(
            said(&[waits], "db").unwrap(),
            "the change `new disks` is not approved yet: opsroom change approve c1"
        );
        assert!(
            said(&[change(2, 3)], "db").unwrap().starts_with("outside of every planned change; the next, `new disks`")
        );
        assert_eq!(said(&[change(-2_000, -1_900)], "db"), None, "of long ago");
        assert!(said(&[change(-1, 0)], "db").is_some(), "its end is exclusive");
    }

    #[test]
    fn a_freeze_speaks_against_what_was_approved_too() {
        let freeze = ChangeRecord { freeze: true, approved: None, services: ServiceChoice::All, ..change(-1, 5) };
        let text = said(&[change(-1, 1), freeze.clone()], "db").unwrap();
        assert!(text.starts_with("freeze until ") && text.ends_with(": new disks (full, by ana)"), "{text}");
        assert!(!freeze.needs_approval() && !freeze.is_at_short_notice());
        assert_eq!(said(&[ChangeRecord { from: at(1), ..freeze }], "db"), None, "it has not begun");
    }

    #[test]
    fn what_is_called_off_counts_no_more() {
        let off = |change: ChangeRecord| ChangeRecord { called_off: Some((SafeText::new("ana"), at(-1))), ..change };
        assert_eq!(said(&[off(change(-1, 1))], "db"), None, "nobody keeps the calendar");
        let freeze = ChangeRecord { freeze: true, approved: None, ..change(-1, 5) };
        assert!(said(std::slice::from_ref(&freeze), "db").is_some());
        assert_eq!(said(&[off(freeze)], "db"), None);
        let waits = off(ChangeRecord { approved: None, ..change(1, 2) });
        assert!(!waits.needs_approval() && !waits.stands(at(0)));
    }

    #[test]
    fn what_is_planned_late_is_at_short_notice() {
        assert!(!change(-1, 1).is_at_short_notice());
        assert!(ChangeRecord { at: at(-10), ..change(-1, 1) }.is_at_short_notice());
    }
}
