//! Why nobody needs to hear of an alert: the reasons in their order, the first of which is said. None of them stops its
//! machine. An acknowledgement is none: what is acknowledged is heard of, and somebody is at it.

use chrono::{DateTime, Utc};

use super::World;
use super::alerting::flaps;
use super::alerts::{AlertView, SilencedBy, UnderMaintenance};
use super::history::clock;
use super::ids::Id as _;
use crate::lang::tz::Tz;
use crate::model::maintenance::clock_with_zone;
use crate::model::thing::AlertRecord;
use crate::text::name::Name;

/// Why what flaps is muted.
pub(super) const FLAPPING: &str = "flapping: its status changes too often";

impl World {
    /// Why an alert is muted, in words; `None`: it is not. In this order: a window of maintenance, a
    /// silence, a dependency that is down, flapping.
    pub fn muted_because(&self, alert: &AlertView) -> Option<String> {
        self.muted_because_in(alert, self.config.console.timezone)
    }

    /// The same with times in a zone: in UTC where it is kept or read elsewhere.
    pub(crate) fn muted_because_in(&self, alert: &AlertView, zone: Tz) -> Option<String> {
        if let Some(maintenance) = &alert.maintenance {
            return Some(self.maintenance_reason(maintenance, zone));
        }
        if let Some(silence) = &alert.silenced {
            return Some(self.silence_reason(silence, zone));
        }
        muted_by_itself(alert.inhibited_by.as_ref(), alert.flapping)
    }

    /// Why people mute a firing that is on record now, in words: a window of maintenance, else a silence.
    pub(crate) fn muted_by_people(&self, record: &AlertRecord, zone: Tz) -> Option<String> {
        let maintenance = self.maintenance_of(record.service.as_deref()).map(UnderMaintenance::from);
        maintenance.map(|window| self.maintenance_reason(&window, zone)).or_else(|| {
            let silence = self.silences.of(record.into(), self.now.utc).map(SilencedBy::from);
            silence.map(|silence| self.silence_reason(&silence, zone))
        })
    }

    /// Why a silence mutes, in words.
    fn silence_reason(&self, silence: &SilencedBy, zone: Tz) -> String {
        let until = clock(silence.until, self.now.utc, zone);
        format!("silenced by {} until {until}: {}", silence.by, silence.why)
    }

    /// Why a window of maintenance mutes, in words.
    fn maintenance_reason(&self, mute: &UnderMaintenance, zone: Tz) -> String {
        muted_by_maintenance(mute, self.now.utc, zone)
    }

    /// Whether a condition is about the status of a check that flaps.
    pub(super) fn flaps(&self, rule: &str) -> bool {
        let id = self.machines.alert(rule, &self.membership);
        id.and_then(|id| self.machines.all.get(id.place())).is_some_and(|machine| flaps(self, machine))
    }

    /// The same in a few words, for a line that says more, by titles.
    pub(crate) fn muted_note(&self, alert: &AlertView) -> Option<String> {
        if let Some(maintenance) = &alert.maintenance {
            return Some(format!("maintenance {}", maintenance.purpose()));
        }
        if let Some(silence) = &alert.silenced {
            return Some(format!("silenced by {}", silence.by));
        }
        if let Some(by) = &alert.inhibited_by {
            return Some(format!("inhibited by {}", self.title_of_service(by)));
        }
        alert.flapping.then(|| "flapping".to_owned())
    }
}

/// Why an alert is muted that no person muted.
pub(crate) fn muted_by_itself(inhibited_by: Option<&Name>, flapping: bool) -> Option<String> {
    inhibited_by.map(|by| format!("{by} is down")).or_else(|| flapping.then(|| FLAPPING.to_owned()))
}

/// What is said once a window of maintenance or a silence that muted an alert has ended; `None`: neither does.
pub(super) fn mute_ended(maintenance: Option<&UnderMaintenance>, silence: Option<&SilencedBy>) -> Option<String> {
    if let Some(maintenance) = maintenance {
        return Some(said_of(maintenance, "ended"));
    }
    silence.map(|silence| format!("silence by {} ended: {}", silence.by, silence.why))
}

/// `maintenance weekly until 04:00 UTC`, `maintenance until 04:00 UTC: new disks`
pub(crate) fn muted_by_maintenance(mute: &UnderMaintenance, now: DateTime<Utc>, zone: Tz) -> String {
    said_of(mute, &format!("until {}", clock_with_zone(mute.until, now, zone)))
}

/// A window that a person planned is told by why: it has no name but its id.
fn said_of(mute: &UnderMaintenance, standing: &str) -> String {
    match &mute.why {
        Some(why) => format!("maintenance {standing}: {why}"),
        None => format!("maintenance {} {standing}", mute.title),
    }
}
