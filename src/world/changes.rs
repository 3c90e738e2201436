//! The change calendar: what is on record of it and what the configuration says, and what of it is shown and announced.

use chrono::{DateTime, Utc};

use super::World;
use crate::lang::order::InOrder;
use crate::lang::schedule::TimeWindow;
use crate::model::calendar;
use crate::model::fact::{Fact, Statement};
use crate::model::maintenance::{MaintenanceWindow, ServiceChoice};
use crate::model::thing::{ChangeRecord, StoredThing};
use crate::text::name::Name;

/// What runs or comes: a row of the calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CalendarEntry<'a> {
    /// A change or a freeze.
    Change(&'a ChangeRecord),
    /// A window of maintenance.
    Maintenance(&'a MaintenanceWindow),
}

impl<'a> CalendarEntry<'a> {
    /// Its id.
    pub(crate) const fn id(self) -> &'a Name {
        match self {
            Self::Change(change) => &change.id,
            Self::Maintenance(window) => &window.id,
        }
    }

    /// `change`, `freeze` or `maintenance`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Change(change) => change.word(),
            Self::Maintenance(window) => window.kind.word(),
        }
    }

    /// What is changed, or the name of the window.
    pub(crate) fn title(self) -> &'a str {
        match self {
            Self::Change(change) => change.title.as_str(),
            Self::Maintenance(window) => &window.title,
        }
    }

    /// The services that it affects.
    pub(crate) const fn services(self) -> &'a ServiceChoice {
        match self {
            Self::Change(change) => &change.services,
            Self::Maintenance(window) => &window.services,
        }
    }

    /// Who planned it, and why; of a window of the configuration nothing.
    pub(crate) fn planned(self) -> Option<(&'a str, &'a str)> {
        match self {
            Self::Change(change) => Some((change.by.as_str(), change.why.as_str())),
            Self::Maintenance(window) => Some((window.by.as_ref()?.as_str(), window.why.as_ref()?.as_str())),
        }
    }

    /// `[start, end)`
    pub(crate) const fn window(self) -> TimeWindow {
        match self {
            Self::Change(change) => TimeWindow { start: change.from, end: change.until },
            Self::Maintenance(window) => window.window,
        }
    }

    /// Whether it has begun.
    pub(crate) fn is_running(self, now: DateTime<Utc>) -> bool {
        self.window().contains(now)
    }
}

impl World {
    /// What runs or comes, the earliest start first.
    pub(crate) fn calendar_entries(&self) -> Vec<CalendarEntry<'_>> {
        let mut entries: Vec<_> = self.standing_entries().collect();
        entries.order_by(|one, other| (one.window().start, one.id()).cmp(&(other.window().start, other.id())));
        entries
    }

    fn standing_entries(&self) -> impl Iterator<Item = CalendarEntry<'_>> {
        let now = self.now.utc;
        let changes = self.changes.all().filter(move |change| change.stands(now)).map(CalendarEntry::Change);
        let windows = self.maintenance.running.iter().chain(&self.maintenance.coming);
        let windows = windows.filter(move |one| now < one.window.end).map(CalendarEntry::Maintenance);
        changes.chain(windows)
    }

    /// What runs or comes by that id.
    pub(crate) fn calendar_entry(&self, id: &str) -> Option<CalendarEntry<'_>> {
        self.standing_entries().find(|entry| **entry.id() == *id)
    }

    /// Whether a change or a freeze is on record, and not of the configuration: then a person can say something of it.
    pub(crate) fn is_change_on_record(&self, id: &str) -> bool {
        self.changes.get(id).is_some()
    }

    /// What the store says of one.
    pub(super) fn learn_change(&mut self, thing: &StoredThing) {
        if let Some(record) = thing.read::<ChangeRecord>() {
            self.changes.learn(record, thing.seq);
        }
    }

    /// A fact about the calendar; true where that shows.
    pub(super) fn apply_change(&mut self, fact: &Fact) -> bool {
        let Statement::Change(said) = fact.said() else { return false };
        let known = self.changes.get(said.id()).cloned();
        ChangeRecord::after(known, &fact.draft).is_some_and(|record| self.changes.learn(record, fact.seq))
    }

    /// Which freezes the configuration has around now.
    pub(super) fn review_freezes(&mut self) {
        self.changes.look(&self.config, self.now.utc);
    }

    /// What speaks against changing a service now.
    pub(crate) fn objection_to_change(&self, service: Option<&str>) -> Option<String> {
        calendar::objection(&self.changes.all(), service, self.now.utc, self.config.console.timezone)
    }

    /// What runs or comes within its notice: a freeze that runs first, for it forbids the others, then what runs, then what
    /// comes next, with how many more there are.
    pub(crate) fn change_shown(&self) -> Option<(&ChangeRecord, usize)> {
        let now = self.now.utc;
        let is_near = |change: &&ChangeRecord| {
            let ahead = (change.from - now).to_std().unwrap_or_default();
            change.stands(now) && ahead.as_secs() <= change.notice_s
        };
        let near = || self.changes.all().filter(is_near);
        let first = near().min_by_key(|change| (change.from.max(now), !change.freeze))?;
        Some((first, near().count() - 1))
    }

    /// What of the calendar is announced once its notice begins.
    fn announceable(&self, now: DateTime<Utc>) -> impl Iterator<Item = &ChangeRecord> {
        self.changes.told(now).filter(|change| change.called_off.is_none())
    }

    /// What of the calendar is to be announced at a moment.
    pub(super) fn announced_changes(&self, now: DateTime<Utc>) -> Vec<MaintenanceWindow> {
        let due = self.announceable(now).filter(|change| change.announced_from().is_some_and(|from| from <= now));
        due.map(ChangeRecord::window).collect()
    }

    /// What of it was called off before it began.
    pub(super) fn changes_called_off(&self, now: DateTime<Utc>) -> Vec<MaintenanceWindow> {
        self.changes.told(now).filter(|change| change.called_off.is_some()).map(ChangeRecord::window).collect()
    }

    /// When what is to be announced of it is another.
    pub(super) fn change_edges(&self) -> Vec<DateTime<Utc>> {
        let now = self.now.utc;
        let announced = self.announceable(now).filter_map(ChangeRecord::announced_from);
        announced.chain(self.changes.edges()).filter(|at| *at > now).collect()
    }
}
