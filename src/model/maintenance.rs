//! Planned maintenance: one window of time in which the alerts of some services are muted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::lang::schedule::TimeWindow;
use crate::lang::tz::Tz;
use crate::text::SafeText;
use crate::text::name::Name;

/// Which services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Name>", into = "Vec<Name>")]
pub enum ServiceChoice {
    /// `["*"]`: all, and what belongs to none.
    All,
    /// These, in the order in which they were written.
    These(Vec<Name>),
}

impl ServiceChoice {
    /// Whether a thing that belongs to this service is meant.
    pub fn includes(&self, service: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::These(names) => service.is_some_and(|service| names.iter().any(|name| **name == *service)),
        }
    }

    /// `all services`, or their names.
    pub fn describe(&self) -> String {
        match self {
            Self::All => "all services".to_owned(),
            Self::These(names) => names.iter().map(|name| &**name).collect::<Vec<_>>().join(", "),
        }
    }
}

impl From<Vec<Name>> for ServiceChoice {
    fn from(names: Vec<Name>) -> Self {
        if names.iter().any(|name| **name == *"*") { Self::All } else { Self::These(names) }
    }
}

impl From<ServiceChoice> for Vec<Name> {
    fn from(choice: ServiceChoice) -> Self {
        match choice {
            ServiceChoice::All => vec![Name::from("*")],
            ServiceChoice::These(names) => names,
        }
    }
}

/// What is announced by a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// Alerts are muted.
    #[default]
    Maintenance,
    /// Something is changed.
    Change,
    /// Nothing is to be changed.
    Freeze,
}

impl WindowKind {
    /// Of an entry of the change calendar.
    pub(crate) const fn of_calendar(freeze: bool) -> Self {
        if freeze { Self::Freeze } else { Self::Change }
    }

    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::Change => "change",
            Self::Freeze => "freeze",
        }
    }
}

/// One window of maintenance, or of the change calendar where it is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenanceWindow {
    /// What it announces.
    pub kind: WindowKind,
    /// Unique for ever: of a window that a person planned its id, of one of the configuration see [`occurrence_id`].
    pub id: Name,
    /// Its name in the configuration, or the id.
    pub name: Name,
    /// How it is shown.
    pub title: String,
    /// The services whose alerts are muted.
    pub services: ServiceChoice,
    /// From when until when, as far as it is known: one that a person ended is shorter than planned.
    pub window: TimeWindow,
    /// It is announced so long before.
    pub notice: Option<Duration>,
    /// The channels by which it is announced.
    pub notify: Vec<Name>,
    /// Who planned it, where that was a person.
    pub by: Option<SafeText>,
    /// Why, where a person planned it.
    pub why: Option<SafeText>,
}

impl MaintenanceWindow {
    /// Since when it is announced; `None`: it is not.
    pub fn announced_from(&self) -> Option<DateTime<Utc>> {
        announced_from(self.window.start, self.notice?)
    }
}

/// Since when is announced what begins at a moment; `None`: so long before is no moment.
pub(crate) fn announced_from(start: DateTime<Utc>, notice: Duration) -> Option<DateTime<Utc>> {
    start.checked_sub_signed(chrono::Duration::from_std(notice).ok()?)
}

/// The id of the window of a configured maintenance that begins at a moment.
pub fn occurrence_id(name: &str, start: DateTime<Utc>) -> Name {
    Name::from(format!("{name}@{}", start.format("%Y%m%dT%H%M%SZ")))
}

/// `04:00 UTC`, with the day where that is not the one of `now`, and as `02:30 CET Europe/Vienna` where clocks show it twice.
pub fn clock_with_zone(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (at, today) = (at.with_timezone(&zone), now.with_timezone(&zone).date_naive());
    let day = if at.date_naive() == today { String::new() } else { at.format("%Y-%m-%d ").to_string() };
    let seconds = if at.format("%S").to_string() == "00" { "%H:%M" } else { "%H:%M:%S" };
    format!("{day}{}{} {zone}", at.format(seconds), zone.told_apart(at.to_utc()))
}

/// `02:00 UTC to 04:00 UTC`: a span of time, its end with the day where that is not the one of its start.
pub fn from_to((from, until): (DateTime<Utc>, DateTime<Utc>), now: DateTime<Utc>, zone: Tz) -> String {
    format!("{} to {}", clock_with_zone(from, now, zone), clock_with_zone(until, from, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_written_as_a_list() {
        for (choice, text) in [
            (ServiceChoice::All, "[\"*\"]"),
            (ServiceChoice::These(vec!["api".into(), "web".into()]), "[\"api\",\"web\"]"),
        ] {
            assert_eq!(serde_json::to_string(&choice).unwrap(), text);
            assert_eq!(serde_json::from_str::<ServiceChoice>(text).unwrap(), choice);
        }
        assert!(ServiceChoice::All.includes(None) && !ServiceChoice::These(vec!["api".into()]).includes(None));
    }

    #[test]
    fn an_end_says_its_zone_and_its_day_where_that_is_another() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = at("2026-03-01T02:10:00Z");
        assert_eq!(clock_with_zone(at("2026-03-01T04:00:00Z"), now, Tz::UTC), "04:00 UTC");
        assert_eq!(clock_with_zone(at("2026-03-02T04:00:05Z"), now, Tz::UTC), "2026-03-02 04:00:05 UTC");
        assert_eq!(
            clock_with_zone(at("2026-03-01T04:00:00Z"), now, "Europe/Vienna".parse().unwrap()),
            "05:00 Europe/Vienna"
        );
        // The night in which clocks are set back.
        let (from, until) = (at("2026-10-25T00:30:00Z"), at("2026-10-25T02:30:00Z"));
        assert_eq!(
            from_to((from, until), from, "Europe/Vienna".parse().unwrap()),
            "02:30 CEST Europe/Vienna to 03:30 Europe/Vienna"
        );
    }
}
