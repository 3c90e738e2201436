//! Which windows of maintenance there are: by the configuration, again and again, and by people, once.
//!
//! *Invariant:* the one place that says so, for what is muted as for what does not count against objectives. Windows are
//! `[start, end)` in UTC.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::config::Config;
use crate::config::sections::maintenance::Maintenance;
use crate::lang::order::InOrder;
use crate::lang::schedule::TimeWindow;
use crate::lang::tz::Tz;
use crate::model::maintenance::{MaintenanceWindow, WindowKind, occurrence_id};
use crate::model::thing::MaintenanceRecord;
use crate::text::name::Name;

/// Windows of one maintenance that are looked through for the next one that was not called off.
const CALLED_OFF: usize = 64;

/// The windows.
#[derive(Debug, Clone)]
pub(crate) struct MaintenancePlan {
    zone: Tz,
    configured: Vec<Maintenance>,
    records: BTreeMap<Name, MaintenanceRecord>,
}

impl MaintenancePlan {
    /// Of a configuration, with what is on record.
    pub(crate) fn new(config: &Config, records: impl IntoIterator<Item = MaintenanceRecord>) -> Self {
        let records = records.into_iter().map(|record| (record.id.clone(), record)).collect();
        Self { zone: config.console.timezone, configured: config.maintenance.clone(), records }
    }

    /// Whether there is and was none.
    pub(crate) fn is_empty(&self) -> bool {
        self.configured.is_empty() && self.records.is_empty()
    }

    /// The same by another configuration.
    pub(super) fn reconfigure(&mut self, config: &Config) {
        self.zone = config.console.timezone;
        self.configured.clone_from(&config.maintenance);
    }

    /// What is on record of a window.
    pub(in crate::world) fn record(&self, id: &str) -> Option<&MaintenanceRecord> {
        self.records.get(id)
    }

    /// All that is on record.
    pub(in crate::world) fn records(&self) -> impl Iterator<Item = &MaintenanceRecord> {
        self.records.values()
    }

    /// This is on record of a window.
    pub(super) fn learn(&mut self, record: MaintenanceRecord) {
        self.records.insert(record.id.clone(), record);
    }

    /// The windows in which a moment lies.
    pub(crate) fn running(&self, at: DateTime<Utc>) -> Vec<MaintenanceWindow> {
        let configured = self.configured.iter().filter_map(|one| {
            let found = one.when.covers(at, self.zone)?;
            self.configured_window(one, found)
        });
        let known = configured.chain(self.once());
        known.filter(|one| one.window.contains(at)).collect()
    }

    /// The next window of each that begins after a moment, the earliest first.
    pub(crate) fn coming(&self, after: DateTime<Utc>) -> Vec<MaintenanceWindow> {
        let configured = self.configured.iter().filter_map(|one| {
            let starts =
                std::iter::successors(one.when.next(after, self.zone), |last| one.when.next(last.start, self.zone));
            starts.take(CALLED_OFF).find_map(|window| self.configured_window(one, window))
        });
        let mut found: Vec<_> = configured.chain(self.once().filter(|one| one.window.start > after)).collect();
        found.order_by_key(|one| one.window.start);
        found
    }

    /// The windows that people planned and called off, which would still come.
    pub(in crate::world) fn called_off(&self, now: DateTime<Utc>) -> Vec<MaintenanceWindow> {
        let is_called_off = |record: &&MaintenanceRecord| record.from > now && record.end() <= record.from;
        let planned = self.records().filter(|record| record.planned.is_some());
        planned.filter(is_called_off).map(|record| window_until(record, record.until)).collect()
    }

    /// The windows that have a part between two moments, in no order.
    fn between(&self, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> Vec<MaintenanceWindow> {
        let mut found: Vec<MaintenanceWindow> = Vec::new();
        for one in &self.configured {
            let mut add = |window| found.extend(self.configured_window(one, window));
            if let Some(window) = one.when.covers(from, self.zone) {
                add(window);
            }
            let mut at = from;
            while let Some(window) = one.when.next(at, self.zone).filter(|window| window.start < to) {
                at = window.start;
                add(window);
            }
        }
        // What took place counts also where the configuration has it no more.
        let known: BTreeSet<Name> = found.iter().map(|one| one.id.clone()).collect();
        let took_place = |record: &&MaintenanceRecord| record.has_started && record.ended.is_some();
        let recorded =
            self.records().filter(took_place).filter(|record| !known.contains(&record.id)).filter_map(of_record);
        found.extend(recorded);
        found.extend(self.once().filter(|one| !known.contains(&one.id)));
        found.retain(|one| one.window.start < to && one.window.end > from);
        found
    }

    /// The windows that concern a service between two moments, in their order and without overlaps.
    pub(crate) fn covered(&self, service: Option<&str>, span: (DateTime<Utc>, DateTime<Utc>)) -> Vec<TimeWindow> {
        let about = self.between(span).into_iter().filter(|one| one.services.includes(service));
        joined(about.map(|one| one.window).collect())
    }

    /// Whether a window that concerns a service is open at a moment, and when that may change next.
    pub(in crate::world) fn is_open(&self, service: Option<&str>, at: DateTime<Utc>) -> (bool, Option<DateTime<Utc>>) {
        let is_about = |one: &MaintenanceWindow| one.services.includes(service);
        let running: Vec<_> = self.running(at).into_iter().filter(is_about).collect();
        let coming = self.coming(at).into_iter().filter(is_about).map(|one| one.window.start);
        let next = running.iter().map(|one| one.window.end).chain(coming).min();
        (!running.is_empty(), next)
    }

    /// When the first of the windows began that run at a moment and concern a service.
    pub(in crate::world) fn began(&self, service: Option<&str>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let running = self.running(at).into_iter().filter(|one| one.services.includes(service));
        running.map(|one| one.window.start).min()
    }

    /// Windows that people planned, as long as they were not called off.
    fn once(&self) -> impl Iterator<Item = MaintenanceWindow> {
        self.records().filter(|record| record.planned.is_some()).filter_map(of_record)
    }

    /// A window of the configuration; `None`: it was called off.
    fn configured_window(&self, one: &Maintenance, window: TimeWindow) -> Option<MaintenanceWindow> {
        let id = occurrence_id(&one.name, window.start);
        let end =
            self.records.get(&id).and_then(|record| record.ended).map_or(window.end, |(_, at)| at.min(window.end));
        (end > window.start).then(|| MaintenanceWindow {
            kind: WindowKind::Maintenance,
            id,
            name: one.name.clone(),
            title: one.title.clone(),
            services: one.services.clone(),
            window: TimeWindow { start: window.start, end },
            notice: one.notice,
            notify: one.notify.clone(),
            by: None,
            why: None,
        })
    }
}

/// A window as it is on record; `None`: it was called off.
fn of_record(record: &MaintenanceRecord) -> Option<MaintenanceWindow> {
    (record.end() > record.from).then(|| window_until(record, record.end()))
}

fn window_until(record: &MaintenanceRecord, end: DateTime<Utc>) -> MaintenanceWindow {
    let planned = record.planned.as_ref();
    MaintenanceWindow {
        kind: WindowKind::Maintenance,
        id: record.id.clone(),
        name: record.name.clone(),
        title: record.name.to_string(),
        services: record.services.clone(),
        window: TimeWindow { start: record.from, end },
        notice: planned.and_then(|planned| planned.notice_s).map(Duration::from_secs),
        notify: planned.map_or_else(Vec::new, |planned| planned.notify.clone()),
        by: planned.map(|planned| planned.by.clone()),
        why: planned.map(|planned| planned.why.clone()),
    }
}

/// The same without overlaps, in their order.
pub(crate) fn joined(mut windows: Vec<TimeWindow>) -> Vec<TimeWindow> {
    windows.order_by_key(|window| window.start);
    let mut joined: Vec<TimeWindow> = Vec::with_capacity(windows.len());
    for window in windows {
        match joined.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => joined.push(window),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;
    use crate::model::fact::MaintenanceEnd;
    use crate::model::maintenance::ServiceChoice;
    use crate::model::thing::PlannedBy;

    fn plan(text: &str, records: Vec<MaintenanceRecord>) -> MaintenancePlan {
        let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        MaintenancePlan::new(&config, records)
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    fn record(id: &str, from: &str, until: &str, planned: bool) -> MaintenanceRecord {
        let planned =
            planned.then(|| PlannedBy { by: "ana".into(), why: "disk".into(), notice_s: None, notify: Vec::new() });
        MaintenanceRecord {
            id: id.into(),
            name: id.split('@').next().unwrap().into(),
            services: ServiceChoice::All,
            from: utc(from),
            until: utc(until),
            planned,
            has_started: true,
            ended: None,
        }
    }

    #[test]
    fn a_window_is_of_utc_instants_from_its_start_to_before_its_end() {
        let sunday = plan("[maintenance.weekly]\nwhen = \"Sun 02:00-04:00 UTC\"\nservices = [\"*\"]\n", Vec::new());
        for (at, runs) in [
            ("2026-03-01T01:59:59.999Z", false),
            ("2026-03-01T02:00:00Z", true),
            ("2026-03-01T03:59:59.999Z", true),
            ("2026-03-01T04:00:00Z", false),
        ] {
            assert_eq!(!sunday.running(utc(at)).is_empty(), runs, "{at}");
        }
        let coming = sunday.coming(utc("2026-03-01T02:00:00Z"));
        assert_eq!((&*coming[0].id, coming.len()), ("weekly@20260308T020000Z", 1));
    }

    #[test]
    fn it_crosses_midnight_and_follows_the_clocks_of_its_zone() {
        let text = "[maintenance.night]\nwhen = \"Sat 23:00-03:30 Europe/Vienna\"\nservices = [\"*\"]\n";
        let night = plan(text, Vec::new());
        let window = |at: &str| night.running(utc(at)).first().map(|one| (one.window.start, one.window.end));
        let span = |from, to| Some((utc(from), utc(to)));
        assert_eq!(window("2026-02-28T23:59:59Z"), span("2026-02-28T22:00:00Z", "2026-03-01T02:30:00Z"));
        // The clocks skip 02:00 to 03:00 on the 29th of March: an hour less.
        assert_eq!(window("2026-03-28T23:00:00Z"), span("2026-03-28T22:00:00Z", "2026-03-29T01:30:00Z"));
        assert_eq!(window("2026-03-28T21:59:59Z"), None);
    }

    #[test]
    fn what_was_ended_early_is_shorter_and_what_was_called_off_is_not_there() {
        let text = "[maintenance.weekly]\nwhen = \"Sun 02:00-04:00 UTC\"\nservices = [\"*\"]\n";
        let mut short = record("weekly@20260301T020000Z", "2026-03-01T02:00:00Z", "2026-03-01T04:00:00Z", false);
        short.ended = Some((MaintenanceEnd::Person, utc("2026-03-01T02:30:00Z")));
        let mut off = record("m1", "2026-03-02T09:00:00Z", "2026-03-02T11:00:00Z", true);
        off.ended = Some((MaintenanceEnd::Person, utc("2026-03-02T08:00:00Z")));
        let once = record("m2", "2026-03-03T09:00:00Z", "2026-03-03T11:00:00Z", true);
        let plan = plan(text, vec![short, off, once]);
        assert!(plan.running(utc("2026-03-01T02:30:00Z")).is_empty());
        assert!(plan.running(utc("2026-03-02T10:00:00Z")).is_empty());
        assert_eq!(plan.running(utc("2026-03-03T10:00:00Z")).len(), 1);
        let covered = plan.covered(None, (utc("2026-02-28T00:00:00Z"), utc("2026-03-07T00:00:00Z")));
        let minutes: Vec<i64> = covered.iter().map(|window| (window.end - window.start).num_minutes()).collect();
        assert_eq!(minutes, [30, 120]);
        assert_eq!(plan.is_open(None, utc("2026-03-01T02:10:00Z")), (true, Some(utc("2026-03-01T02:30:00Z"))));
    }

    #[test]
    fn what_took_place_counts_after_the_configuration_has_it_no_more() {
        let mut past = record("weekly@20260301T020000Z", "2026-03-01T02:00:00Z", "2026-03-01T04:00:00Z", false);
        let span = (utc("2026-02-28T00:00:00Z"), utc("2026-03-07T00:00:00Z"));
        assert_eq!(plan("", vec![past.clone()]).covered(None, span), [], "it is not known to be over");
        past.ended = Some((MaintenanceEnd::Over, past.until));
        assert_eq!(plan("", vec![past]).covered(None, span).len(), 1);
    }
}
