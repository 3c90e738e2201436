//! Planned maintenance: which windows there are, and which of them run and come at a moment.

mod past;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub(super) use self::past::PlannedPast;
pub(crate) use self::past::{StoredTime, inside_ms, share};
pub(crate) use self::plan::{MaintenancePlan, joined};
use crate::config::Config;
use crate::lang::schedule::TimeWindow;
use crate::lang::time::Stamp;
use crate::model::maintenance::MaintenanceWindow;
use crate::model::thing::MaintenanceRecord;
use crate::text::name::Name;

/// Where a window stands for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MaintenanceStage {
    /// It runs.
    Running,
    /// It comes, and is announced already.
    Coming,
    /// It ended lately.
    Over,
}

/// The windows at one moment.
#[derive(Debug, Clone)]
pub(super) struct Maintenances {
    pub(super) plan: Arc<MaintenancePlan>,
    /// The fact that changed each window last.
    pub(super) seqs: BTreeMap<Name, u64>,
    pub(super) running: Vec<MaintenanceWindow>,
    /// The next one of each, the earliest first.
    pub(super) coming: Vec<MaintenanceWindow>,
    /// The one that ended last.
    pub(super) over: Option<MaintenanceWindow>,
    /// When that was looked up; `None`: something has changed since.
    looked: Option<DateTime<Utc>>,
    /// When it is to be looked up again.
    pub(super) next: Option<DateTime<Utc>>,
    /// When something was said of a window that is not known to be on record.
    pub(super) said: BTreeMap<Name, Stamp>,
}

impl Maintenances {
    /// Of a configuration.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            plan: Arc::new(MaintenancePlan::new(config, [])),
            seqs: BTreeMap::new(),
            running: Vec::new(),
            coming: Vec::new(),
            over: None,
            looked: None,
            next: None,
            said: BTreeMap::new(),
        }
    }

    /// Which windows there are.
    pub(super) fn plan(&self) -> Arc<MaintenancePlan> {
        Arc::clone(&self.plan)
    }

    /// By another configuration.
    pub(super) fn reconfigure(&mut self, config: &Config) {
        Arc::make_mut(&mut self.plan).reconfigure(config);
        self.looked = None;
    }

    /// Those that come and are to be announced at a moment.
    pub(super) fn announced(&self, now: DateTime<Utc>) -> impl Iterator<Item = &MaintenanceWindow> {
        let is_announced = move |one: &&MaintenanceWindow| one.announced_from().is_some_and(|from| from <= now);
        self.coming.iter().filter(is_announced).filter(move |one| now < one.window.start)
    }

    /// The store has this of a window; false where more was known.
    pub(super) fn learn(&mut self, record: MaintenanceRecord, seq: u64) -> bool {
        if self.seqs.get(&record.id).is_some_and(|known| *known >= seq) {
            return false;
        }
        self.said.remove(&record.id);
        self.seqs.insert(record.id.clone(), seq);
        Arc::make_mut(&mut self.plan).learn(record);
        self.looked = None;
        true
    }

    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.looked.is_none_or(|looked| looked > now) || self.next.is_some_and(|next| next <= now)
    }

    /// Looks them up: those that began and those that ended since the last look.
    pub(super) fn look(&mut self, now: DateTime<Utc>) -> (Vec<MaintenanceWindow>, Vec<MaintenanceWindow>) {
        let (running, coming) = (self.plan.running(now), self.plan.coming(now));
        let edges = running.iter().map(|one| one.window.end).chain(coming.iter().map(|one| one.window.start));
        (self.next, self.looked) = (edges.min(), Some(now));
        let ids =
            |windows: &[MaintenanceWindow]| -> BTreeSet<Name> { windows.iter().map(|one| one.id.clone()).collect() };
        let (before, after) = (ids(&self.running), ids(&running));
        let began = running.iter().filter(|one| !before.contains(&one.id)).cloned().collect();
        let over: Vec<_> =
            std::mem::take(&mut self.running).into_iter().filter(|one| !after.contains(&one.id)).collect();
        if let Some(last) = over.last() {
            let end = last.window.end.min(now);
            self.over = Some(MaintenanceWindow { window: TimeWindow { end, ..last.window }, ..last.clone() });
        }
        (self.running, self.coming) = (running, coming);
        (began, over)
    }
}
