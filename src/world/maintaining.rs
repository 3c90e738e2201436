//! Planned maintenance in the world: what of it is said, and what is shown of it.

use std::sync::Arc;
use std::time::Duration;

use super::World;
use super::history::{clock, maintenance_started};
use super::maintenance::{MaintenancePlan, MaintenanceStage};
use super::output::{Change, Output};
use super::timeline::{EventKind, EventMark, TimelineEntry};
use crate::config::titles::title_of_maintenance;
use crate::model::fact::{Fact, MaintenanceEnd, MaintenanceEnded, MaintenanceStarted, Statement};
use crate::model::maintenance::MaintenanceWindow;
use crate::model::thing::{MaintenanceRecord, StoredThing};
use crate::text::SafeText;
use crate::text::name::Name;

/// What was said and is not on record after so long is said again.
const PATIENCE: Duration = Duration::from_secs(30);

impl World {
    /// The window that runs now and concerns a service, or with `None` what belongs to no service; of several the one that
    /// lasts longest.
    pub(crate) fn maintenance_of(&self, service: Option<&str>) -> Option<&MaintenanceWindow> {
        let now = self.now.utc;
        let running = self.maintenance.running.iter().filter(|one| one.window.contains(now));
        running.filter(|one| one.services.includes(service)).max_by_key(|one| one.window.end)
    }

    /// The window that a person should know of, where it stands, and how many more there are of that: one that runs, else one
    /// that is announced, else one that ended lately.
    pub(crate) fn maintenance_shown(&self) -> Option<(MaintenanceStage, &MaintenanceWindow, usize)> {
        let now = self.now.utc;
        let running = || self.maintenance.running.iter().filter(|one| one.window.contains(now));
        if let Some(longest) = running().max_by_key(|one| one.window.end) {
            return Some((MaintenanceStage::Running, longest, running().count() - 1));
        }
        if let Some(next) = self.maintenance.announced(now).next() {
            return Some((MaintenanceStage::Coming, next, self.maintenance.announced(now).count() - 1));
        }
        let shown = chrono::Duration::from_std(self.config.alerting.resolved_for).unwrap_or_default();
        let lately = self.maintenance.over.as_ref().filter(|one| now - one.window.end < shown);
        lately.map(|one| (MaintenanceStage::Over, one, 0))
    }

    /// Which windows there are.
    pub(crate) fn maintenance_plan(&self) -> Arc<MaintenancePlan> {
        self.maintenance.plan()
    }

    /// Has alerts looked at again where a window began or ended.
    pub(super) fn review_maintenance(&mut self, output: &mut Output) {
        let now = self.now.utc;
        self.review_freezes();
        if !self.maintenance.is_due(now) {
            return;
        }
        let is_first = self.maintenance.seqs.is_empty() && self.maintenance.next.is_none();
        let (began, over) = self.maintenance.look(now);
        if began.is_empty() && over.is_empty() {
            return;
        }
        self.plan_minute(&began, &over);
        let zone = self.config.console.timezone;
        for one in &began {
            let text = maintenance_started(&self.config, &started(one), &clock(one.window.end, now, zone));
            // One that was found to run began at some time before.
            self.see_maintenance(EventMark::Maintenance(one.id.clone(), true), &text, is_first);
        }
        // What a person ended is said by the fact, with who.
        let plan = self.maintenance_plan();
        let is_said = |one: &MaintenanceWindow| plan.record(&one.id).is_some_and(|known| known.ended.is_some());
        for one in over.into_iter().filter(|one| !is_said(one)) {
            let text = format!("{} ended", title_of_maintenance(&self.config, &one.id, &one.name, &one.services));
            self.see_maintenance(EventMark::Maintenance(one.id, false), &text, false);
        }
        self.review_alerts();
        output.changes.push(Change::Alerts);
        output.noticeable = true;
    }

    fn see_maintenance(&mut self, mark: EventMark, text: &str, is_found: bool) {
        let entry = TimelineEntry::new(self.now, EventKind::Note, None, SafeText::new(text));
        self.timeline.see(entry, mark, Duration::ZERO, is_found);
    }

    /// What the store says of a window.
    pub(super) fn learn_maintenance(&mut self, thing: &StoredThing) {
        if let Some(record) = thing.read() {
            self.maintenance.learn(record, thing.seq);
            self.replan_slos();
        }
    }

    /// A fact about maintenance; true where that shows.
    pub(super) fn apply_maintenance(&mut self, fact: &Fact, output: &mut Output) -> bool {
        let (Statement::MaintenancePlanned(_) | Statement::MaintenanceStarted(_) | Statement::MaintenanceEnded(_)) =
            fact.said()
        else {
            return false;
        };
        let object = fact.said().object();
        let known = object.strip_prefix("maintenance:").and_then(|id| self.maintenance.plan.record(id)).cloned();
        let Some(record) = MaintenanceRecord::after(known, &fact.draft) else { return false };
        let is_news = self.maintenance.learn(record, fact.seq);
        if is_news {
            self.replan_slos();
            self.review_maintenance(output);
        }
        is_news
    }

    /// Says which windows began and which are over, where the record does not say so.
    pub(super) fn say_maintenance(&mut self) -> Vec<Statement> {
        let now = self.now;
        let mut said = Vec::new();
        for one in &self.maintenance.running {
            if self.maintenance.plan.record(&one.id).is_none_or(|record| !record.has_started) {
                said.push((one.id.clone(), Statement::MaintenanceStarted(started(one))));
            }
        }
        let runs = |record: &MaintenanceRecord| self.maintenance.running.iter().any(|one| one.id == record.id);
        let open = self.maintenance.plan.records().filter(|record| record.ended.is_none() && record.from <= now.utc);
        for record in open.filter(|record| !runs(record)) {
            let because = if record.until <= now.utc { MaintenanceEnd::Over } else { MaintenanceEnd::Reconfigured };
            said.push((record.id.clone(), Statement::MaintenanceEnded(ended(record, because))));
        }
        let waits = |id: &Name| {
            let at = self.maintenance.said.get(id);
            at.is_some_and(|at| now.since(*at) <= PATIENCE || self.store_away.is_some())
        };
        said.retain(|(id, _)| !waits(id));
        self.maintenance.said.extend(said.iter().map(|(id, _)| (id.clone(), now)));
        said.into_iter().map(|(_, said)| said).collect()
    }
}

fn started(one: &MaintenanceWindow) -> MaintenanceStarted {
    let MaintenanceWindow { id, name, services, window, .. } = one.clone();
    MaintenanceStarted { id, name, services, from: window.start, until: window.end }
}

fn ended(record: &MaintenanceRecord, because: MaintenanceEnd) -> MaintenanceEnded {
    let MaintenanceRecord { id, name, services, from, until, .. } = record.clone();
    MaintenanceEnded { id, name, services, from, until, because }
}
