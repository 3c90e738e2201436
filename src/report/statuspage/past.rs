//! What is stored of the checks of public services.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{DAYS, PublicNow};
use crate::lang::time::minute_of;
use crate::model::rollup::{HourStanding, SeriesKey, StandingHistory};
use crate::text::name::Name;

/// Minutes of a day.
pub(super) const DAY: u32 = 1_440;

/// The hours of each check that is asked for, as far as they were read.
#[derive(Debug, Clone, Default)]
pub(crate) struct PublicPast {
    hours: BTreeMap<Name, Vec<HourStanding>>,
    /// The minute up to which they were read; `None`: nothing was.
    read: Option<u32>,
    /// The checks of which they were read.
    known: BTreeSet<Name>,
    /// The minute after the last one of which anything was read.
    until: Option<u32>,
}

impl PublicPast {
    /// What is to be read: the series, and the minute with which the first day begins. What was read before is kept, but for
    /// yesterday and today: minutes come late where the store was away.
    pub(crate) fn wanted(&self, now: &PublicNow) -> (Vec<SeriesKey>, u32) {
        let checks = checks(now);
        let series = checks.iter().cloned().map(SeriesKey::Check).collect();
        let first = first_minute(now.at);
        let from = match self.read {
            Some(read) if checks == self.known => first.max((read - read % DAY).saturating_sub(DAY)),
            _ => first,
        };
        (series, from)
    }

    /// Takes in what was read from the minute `from` on.
    pub(crate) fn take(&mut self, now: &PublicNow, from: u32, histories: Vec<StandingHistory>) {
        let first = first_minute(now.at);
        for history in histories {
            let SeriesKey::Check(check) = history.series else { continue };
            self.until = self.until.max(history.until);
            let hours = self.hours.entry(check).or_default();
            hours.retain(|hour| (first..from).contains(&hour.hour));
            hours.extend(history.hours);
        }
        self.known = checks(now);
        self.hours.retain(|check, _| self.known.contains(check));
        self.read = Some(minute_of(now.at));
    }

    /// Until when what is counted goes: minutes are stored once they are over.
    pub(super) fn until(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(i64::from(self.until?) * 60, 0)
    }

    /// The hours of a check, oldest first.
    pub(super) fn hours(&self, check: &Name) -> &[HourStanding] {
        self.hours.get(check).map_or(&[], Vec::as_slice)
    }
}

fn checks(now: &PublicNow) -> BTreeSet<Name> {
    let services = now.page().map_or(&[][..], |page| &page.services);
    services.iter().flat_map(|service| now.checks_of(service)).cloned().collect()
}

/// The minute with which the first day of the page begins.
pub(super) fn first_minute(at: DateTime<Utc>) -> u32 {
    let today = minute_of(at) / DAY;
    (today + 1).saturating_sub(DAYS) * DAY
}
