//! The world's minutes: ended by the clock, handed over to be stored by who holds the lease. Who does not keeps its last ones:
//! the holder may be dead, or the store away from both, and then nobody else has them.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::World;
use super::ids::{CheckId, MetricId};
use super::minute::OpenMinute;
use super::output::{Intent, Output};
use crate::lang::time::{Stamp, millis, minute_of};
use crate::model::lease::LeaseView;
use crate::model::maintenance::MaintenanceWindow;
use crate::model::rollup::{SeriesKey, Sheet};

/// Minutes that are kept while nobody is known to store them: fewer than wait for a store in one turn.
const KEPT: usize = 50;
/// Minutes that are kept while another one stores them: that one is known to be dead long before these are over.
const KEPT_WHILE_HELD: usize = 3;
/// Series of them that are kept in all: ten minutes of ten thousand checks, some 20 MB.
const MOST_SERIES: usize = 100_000;

impl World {
    /// Ends the minute that is over.
    pub(super) fn turn_minute(&mut self, output: &mut Output) {
        if !self.adds_up() {
            (self.minute, self.unwritten, self.handed_over) = (None, VecDeque::new(), None);
            return;
        }
        match &self.minute {
            None => self.minute = Some(OpenMinute::new(self.now, self.checks.len(), self.metrics.len())),
            Some(open) if open.minute() == minute_of(self.now.utc) => {}
            Some(_) => self.end_minute(output),
        }
    }

    /// Whether this process stores minutes, or may have to in place of who does.
    fn adds_up(&self) -> bool {
        let may_succeed = !self.read_only && matches!(self.lease, LeaseView::Free | LeaseView::Other(_));
        self.lease.fence().is_some() || may_succeed || self.leaves_unrecorded()
    }

    /// Ends the minute as far as it has come: it is stored with what follows of it.
    pub(crate) fn end_minute(&mut self, output: &mut Output) {
        let Some(sheet) = self.sheet_so_far() else { return };
        let Some(fence) = self.lease.fence() else { return self.keep_unwritten(sheet) };
        // Once it is over nothing of it follows.
        let before = self.handed_over.take().filter(|before| before.minute == sheet.minute);
        if sheet.minute == minute_of(self.now.utc) {
            self.handed_over = Some(before.into_iter().fold(sheet.clone(), Sheet::merged));
        }
        output.intents.push(Intent::WriteMinute { fence, sheet, standing_in: false });
    }

    fn sheet_so_far(&mut self) -> Option<Sheet> {
        let now = self.now;
        let (minute, buckets) = self.minute.as_mut()?.turn(now);
        let checks = self.checks.iter().map(|check| SeriesKey::Check(check.name.clone()));
        let names = checks.chain(self.metrics.iter().map(|metric| SeriesKey::Metric(metric.name.clone())));
        let known: Vec<_> = names.zip(buckets).filter(|(_, bucket)| !bucket.is_empty()).collect();
        // Also one of which nothing is known: who acts for all lets go of what is old though it polls nothing.
        Some(Sheet::new(minute, known))
    }

    /// Keeps what was seen of a minute, with what was handed over of it before: in the place of what others store of it stands
    /// all that was seen here. A part alone would stand in the place of the other part.
    fn keep_unwritten(&mut self, sheet: Sheet) {
        let before = self.handed_over.take().filter(|before| before.minute == sheet.minute);
        let sheet = before.into_iter().fold(sheet, Sheet::merged);
        let series = (self.checks.len() + self.metrics.len()).max(1);
        let is_held = matches!(self.lease, LeaseView::Other(_));
        let room = if is_held { KEPT_WHILE_HELD } else { (MOST_SERIES / series).clamp(KEPT_WHILE_HELD, KEPT) };
        match self.unwritten.pop_back() {
            Some(before) if before.minute == sheet.minute => self.unwritten.push_back(before.merged(sheet)),
            before => self.unwritten.extend(before.into_iter().chain([sheet])),
        }
        self.unwritten.drain(..self.unwritten.len().saturating_sub(room));
    }

    /// This process acts from now on: minutes that who acted before left unwritten are stored as they were seen here.
    pub(super) fn write_left_minutes(&mut self, output: &mut Output) {
        let Some(fence) = self.lease.fence() else { return };
        if let Some(begun) = self.sheet_so_far() {
            self.keep_unwritten(begun);
        }
        let under_way = self.unwritten.back().filter(|sheet| sheet.minute == minute_of(self.now.utc));
        self.handed_over = under_way.cloned();
        let left = self.unwritten.drain(..).filter(|sheet| !sheet.is_empty());
        let write = |sheet| Intent::WriteMinute { fence, sheet, standing_in: true };
        output.intents.extend(left.map(write));
    }

    /// Ends the minute before another configuration begins, and begins again with that one's checks and metrics.
    pub(super) fn leave_minute(&mut self, output: &mut Output) {
        self.end_minute(output);
        self.minute = None;
    }

    pub(super) fn add_reading(&mut self, id: CheckId, planned: bool) {
        if let Some(open) = &mut self.minute {
            open.reading(id, &self.checks[id], planned);
        }
    }

    /// Windows of maintenance began or are over: what is stored of this minute says from when on.
    pub(super) fn plan_minute(&mut self, began: &[MaintenanceWindow], over: &[MaintenanceWindow]) {
        let Some(mut open) = self.minute.take() else { return };
        let now = self.now;
        for id in self.checks.ids() {
            let service = self.checks[id].service.as_deref();
            let is_about = |one: &&MaintenanceWindow| one.services.includes(service);
            let edges = began.iter().filter(is_about).map(|one| one.window.start);
            let edges = edges.chain(over.iter().filter(is_about).map(|one| one.window.end));
            if let Some(edge) = edges.max() {
                open.plan(id, self.maintenance_of(service).is_some(), millis(now.placed(edge.min(now.utc)).mono));
            }
        }
        self.minute = Some(open);
    }

    pub(super) fn add_sample(&mut self, id: MetricId, at: DateTime<Utc>, value: f64) {
        if let Some(open) = &mut self.minute {
            open.sample(id, at, value);
        }
    }

    /// Nothing is known of any check from a moment on.
    pub(super) fn minute_loses_sight(&mut self, at: Stamp) {
        if let Some(open) = &mut self.minute {
            open.loses_sight(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::config::load::load_text;
    use crate::model::document::Timing;
    use crate::model::lease::{LeaseHolder, LeaseReport};
    use crate::model::observation::Observation;
    use crate::model::reading::{Reading, Sample, Sign};
    use crate::model::rollup::Bucket;
    use crate::model::status::Status;
    use crate::text::SafeText;

    const CONFIG: &str = "[console]\nname = \"t\"\n[check.api]\ntcp = \"127.0.0.1:9\"\nevery = \"15s\"\nfail_after = 2\n\
        [source.m]\nhttp = \"http://127.0.0.1:9/\"\n[metric.queue]\nfrom = \"m\"\nvalue = \".body.x\"\n";

    fn config(text: &str) -> Arc<crate::config::Config> {
        let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
        Arc::new(loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)))
    }

    struct Room {
        world: World,
        now: Stamp,
        /// Those of which anything is known.
        sheets: Vec<Sheet>,
        /// Of each, whether it is to be stored only as far as less is.
        standing_in: Vec<bool>,
        /// How many were handed over.
        minutes: usize,
    }

    impl Room {
        /// A holder at a moment of the wall clock.
        fn new(at: &str) -> Self {
            let utc: DateTime<Utc> = at.parse().unwrap();
            let now = Stamp { mono: Duration::from_millis(utc.timestamp_millis().cast_unsigned()), utc };
            let config = config(CONFIG);
            let mut world = World::new(config, now);
            world.lease = LeaseView::Ours { fence: 7, since: utc };
            let mut room = Self { world, now, sheets: Vec::new(), standing_in: Vec::new(), minutes: 0 };
            room.pass(0);
            room
        }

        fn take(&mut self, output: Output) {
            for intent in output.intents {
                if let Intent::WriteMinute { fence: 7, sheet, standing_in } = intent {
                    self.minutes += 1;
                    self.standing_in.extend((!sheet.is_empty()).then_some(standing_in));
                    self.sheets.extend((!sheet.is_empty()).then_some(sheet));
                }
            }
        }

        fn pass(&mut self, seconds: u64) {
            for _ in 0..seconds.max(1) {
                self.now = self.now.plus(Duration::from_secs(u64::from(seconds > 0)));
                let output = self.world.tick(self.now);
                self.take(output);
            }
        }

        fn set_clock(&mut self, seconds: i64) {
            self.now.utc += chrono::Duration::seconds(seconds);
        }

        fn poll(&mut self, sign: Sign, millis: u64) {
            let sent = Stamp { mono: self.now.mono.saturating_sub(Duration::from_millis(millis)), ..self.now };
            let timing = Timing { scheduled: sent, sent, ended: self.now };
            let reading = Reading::plain("api".into(), timing, sign);
            let output = self.world.observe(Observation::Reading(Box::new(reading)), self.now);
            self.take(output);
        }

        fn bucket(&self, sheet: usize) -> &Bucket {
            self.sheets[sheet].get(&SeriesKey::Check("api".into())).unwrap()
        }
    }

    #[test]
    fn a_minute_holds_what_was_shown_and_measured_in_it() {
        let mut room = Room::new("2026-11-21T02:41:00Z");
        room.poll(Sign::Good, 20);
        room.pass(15);
        room.poll(Sign::Bad, 30);
        room.pass(15);
        room.poll(Sign::Bad, 40);
        room.pass(15);
        room.poll(Sign::Good, 50);
        let value = Sample { metric: "queue".into(), at: room.now, value: Ok(3.5), caveat: None };
        room.world.observe(Observation::Sample(value), room.now);
        room.pass(20);
        let [sheet] = &room.sheets[..] else { panic!("{:?}", room.sheets) };
        assert_eq!(sheet.minute, minute_of("2026-11-21T02:41:30Z".parse().unwrap()));
        let bucket = room.bucket(0);
        let stood = [Status::Ok, Status::Pending, Status::Down].map(|status| bucket.standing_ms(status));
        assert_eq!((stood, bucket.failed_ms()), ([15_000, 30_000, 15_000], 30_000));
        let each: Vec<_> = bucket.each().collect();
        assert_eq!(each, [(0, 20.0), (15, 30.0), (30, 40.0), (45, 50.0)]);
        let queue = sheet.get(&SeriesKey::Metric("queue".into())).unwrap();
        assert_eq!((queue.sum(), queue.count()), (3.5, 1));
    }

    #[test]
    fn what_stands_over_the_edge_is_in_both_minutes() {
        let mut room = Room::new("2026-11-21T02:41:55Z");
        room.poll(Sign::Good, 20);
        room.pass(70);
        assert_eq!(room.bucket(0).standing_ms(Status::Ok), 5_000);
        // A reading speaks for itself for two intervals: what comes after them is not known.
        assert_eq!((room.bucket(1).standing_ms(Status::Ok), room.bucket(1).known_ms()), (25_000, 25_000));
        assert_eq!(room.sheets.len(), 2);
    }

    #[test]
    fn a_gap_and_our_own_network_are_no_downtime() {
        let mut room = Room::new("2026-11-21T02:41:00Z");
        room.poll(Sign::Bad, 20);
        room.pass(5);
        let (from, to) = (room.now, room.now.plus(Duration::from_secs(20)));
        room.world.observe(Observation::Gap { from, to }, to);
        room.pass(20);
        room.poll(Sign::Bad, 20);
        room.pass(5);
        let detail = SafeText::new("no route");
        room.world.observe(Observation::Connectivity { ok: false, detail }, room.now);
        room.poll(Sign::Bad, 20);
        room.pass(40);
        let bucket = room.bucket(0);
        assert_eq!((bucket.failed_ms(), bucket.known_ms(), bucket.count()), (10_000, 10_000, 2));
    }

    #[test]
    fn a_clock_that_is_set_leaves_no_minute_negative_and_counts_nothing_twice() {
        for step in [3_600, -3_600, 90, -90, 20, -20, 86_400] {
            let mut room = Room::new("2026-11-21T02:41:30Z");
            for poll in 0..12 {
                room.poll(Sign::Good, 20);
                room.pass(15);
                if poll == 5 {
                    room.set_clock(step);
                }
            }
            let mut output = Output::default();
            room.world.end_minute(&mut output);
            room.take(output);
            let buckets: Vec<&Bucket> = (0..room.sheets.len()).map(|sheet| room.bucket(sheet)).collect();
            let known: u64 = buckets.iter().map(|bucket| bucket.known_ms()).sum();
            let polls: u64 = buckets.iter().map(|bucket| bucket.count()).sum();
            assert_eq!(polls, 12, "{step}");
            assert!(buckets.iter().all(|bucket| bucket.known_ms() <= 60_000), "{step}");
            assert!((179_000..=180_000).contains(&known), "{step}: {known}");
        }
    }

    #[test]
    fn a_holder_that_polls_nothing_ends_its_minutes_too() {
        let mut room = Room::new("2026-11-21T02:41:00Z");
        room.pass(125);
        assert_eq!((room.minutes, room.sheets.len()), (2, 0));
    }

    #[test]
    fn only_the_holder_adds_up_and_only_while_it_holds() {
        let mut room = Room::new("2026-11-21T02:41:00Z");
        room.poll(Sign::Good, 20);
        room.pass(15);
        room.world.lease = LeaseView::Free;
        room.poll(Sign::Good, 20);
        room.pass(60);
        assert_eq!(room.sheets, []);
        room.world.lease = LeaseView::Away { fence: 7, since: room.now.utc };
        room.pass(1);
        room.poll(Sign::Good, 20);
        room.pass(60);
        assert_eq!(room.bucket(0).count(), 1);
    }

    /// One that looks on, and takes the lease after `left` seconds.
    fn succeeds(left: u64) -> Room {
        let mut room = Room::new("2026-11-21T02:41:00Z");
        let (who, host, since) = ("ben".to_owned(), "b1".to_owned(), room.now.utc);
        let holder = LeaseHolder { who, host, pid: None, watcher: false, since, overdue: false };
        room.world.lease = LeaseView::Other(holder);
        room.world.minute = None;
        room.pass(0);
        for _ in 0..left / 15 {
            room.poll(Sign::Good, 20);
            room.pass(15);
        }
        room.world.lease = LeaseView::Free;
        let since = room.now.utc;
        let view = LeaseView::Ours { fence: 7, since };
        let output = room.world.lease_changed(LeaseReport { view, ..LeaseReport::default() });
        room.take(output);
        room
    }

    #[test]
    fn who_succeeds_a_holder_that_died_has_its_last_minutes() {
        let mut room = succeeds(90);
        let first = minute_of("2026-11-21T02:41:00Z".parse().unwrap());
        assert_eq!(room.sheets.iter().map(|sheet| sheet.minute).collect::<Vec<_>>(), [first, first + 1]);
        assert_eq!((room.bucket(0).known_ms(), room.bucket(1).known_ms()), (60_000, 30_000));
        assert_eq!(room.standing_in, [true, true], "only as far as less is stored");
        room.pass(35);
        assert_eq!((room.standing_in.len(), room.standing_in[2], room.sheets[2].minute), (3, false, first + 1));
        assert_eq!(
            succeeds(600).sheets.len(),
            KEPT_WHILE_HELD,
            "the last ones, and the one that has just begun is empty"
        );
    }

    #[test]
    fn who_holds_the_lease_twice_in_a_minute_stores_all_that_it_saw_of_it() {
        // Held from the start, or taken for the first time after 20 seconds; held again after 40, or in the next minute.
        for (first, again) in [(0, 40), (20, 40), (20, 70)] {
            let mut room = Room::new("2026-11-21T02:41:00Z");
            let since = room.now.utc;
            let holder =
                LeaseHolder { who: "ben".into(), host: "b1".into(), pid: None, watcher: true, since, overdue: false };
            let (ours, other) = (LeaseView::Ours { fence: 7, since }, LeaseView::Other(holder));
            for second in 0..135 {
                let view = match second {
                    _ if second == first || second == again => Some(&ours),
                    0 | 30 => Some(&other),
                    _ => None,
                };
                if let Some(view) = view {
                    let report = LeaseReport { view: view.clone(), ..LeaseReport::default() };
                    let output = room.world.lease_changed(report);
                    room.take(output);
                }
                if second == 25 {
                    let output = room.world.reconfigure(config(CONFIG), room.now);
                    room.take(output);
                }
                if second % 5 == 0 {
                    room.poll(Sign::Good, 20);
                }
                room.pass(1);
            }
            let minute = minute_of("2026-11-21T02:41:00Z".parse().unwrap());
            for minute in [minute, minute + 1] {
                let parts = room.sheets.iter().zip(&room.standing_in).filter(|(sheet, _)| sheet.minute == minute);
                let add = |stored: Sheet, (sheet, standing_in): (&Sheet, &bool)| {
                    if *standing_in { stored.filled(sheet.clone()) } else { stored.merged(sheet.clone()) }
                };
                let stored = parts.fold(Sheet::new(minute, Vec::new()), add);
                let bucket = stored.get(&SeriesKey::Check("api".into())).unwrap();
                assert_eq!((bucket.known_ms(), bucket.count()), (60_000, 12), "{first} {again} {minute}");
            }
        }
    }

    #[test]
    fn a_reload_ends_the_minute_and_what_follows_is_another_part_of_it() {
        let mut room = Room::new("2026-11-21T02:41:00Z");
        room.poll(Sign::Good, 20);
        room.pass(15);
        let more = format!("[check.web]\ntcp = \"127.0.0.1:10\"\n{CONFIG}");
        let config = config(&more);
        let output = room.world.reconfigure(config, room.now);
        room.take(output);
        room.pass(1);
        room.poll(Sign::Good, 30);
        room.pass(50);
        assert_eq!(room.sheets.iter().map(|sheet| sheet.minute).collect::<Vec<_>>(), [room.sheets[0].minute; 2]);
        let whole = room.sheets[0].clone().merged(room.sheets[1].clone());
        let bucket = whole.get(&SeriesKey::Check("api".into())).unwrap();
        assert_eq!((bucket.count(), bucket.standing_ms(Status::Ok)), (2, 45_000));
    }
}
