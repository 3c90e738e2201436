use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::*;
use crate::config::load::load_text;
use crate::model::alert::Clearing;
use crate::model::document::Timing;
use crate::model::fact::alerting::instance_id;
use crate::model::fact::{AlertFired, Fact, NewFact, SloExcluded, SloIncluded, Statement};
use crate::model::lease::LeaseView;
use crate::model::observation::Observation;
use crate::model::reading::Reading;
use crate::model::rollup::{Bucket, SeriesHistory, SeriesKey};
use crate::model::slo::SloTally;
use crate::model::thing::{StoredThing, Things, follow};
use crate::world::Intent;
use crate::world::alerts::Phase;

const API: &str = "[check.api]\ntcp = \"127.0.0.1:9\"\nevery = \"60s\"\n\
    [slo.api]\ncheck = \"api\"\nobjective = \"99.9%\"\nwindow = \"30d\"\n";

fn config(text: &str) -> Arc<Config> {
    let loaded = load_text(Path::new("/srv/opsroom.toml"), &format!("[console]\nname = \"t\"\n{text}"));
    Arc::new(loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)))
}

struct Room {
    world: World,
    now: Stamp,
    /// Minutes that were handed over to be stored.
    minutes: BTreeMap<SeriesKey, Vec<(u32, Bucket)>>,
}

impl Room {
    fn new(text: &str, at: &str) -> Self {
        let utc: DateTime<Utc> = at.parse().unwrap();
        let now = Stamp { mono: Duration::from_millis(utc.timestamp_millis().cast_unsigned()), utc };
        let mut world = World::new(config(text), now);
        world.lease = LeaseView::Ours { fence: 7, since: utc };
        Self { world, now, minutes: BTreeMap::new() }
    }

    /// One that has read what is on record, which is nothing.
    fn remembering(at: &str) -> Self {
        let mut room = Self::new(API, at);
        let output = room.world.remember(&[], 0, room.now);
        room.take(output);
        room.world.alerts_read(&[]);
        room
    }

    fn take(&mut self, output: Output) {
        for intent in output.intents {
            if let Intent::WriteMinute { sheet, .. } = intent {
                let minute = sheet.minute;
                for (series, bucket) in sheet.buckets() {
                    self.minutes.entry(series.clone()).or_default().push((minute, bucket.clone()));
                }
            }
        }
    }

    fn poll(&mut self, check: &str, sign: Sign) {
        let now = self.now;
        let reading = Reading::plain(check.into(), Timing { scheduled: now, sent: now, ended: now }, sign);
        let output = self.world.observe(Observation::Reading(Box::new(reading)), now);
        self.take(output);
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
        let output = self.world.tick(self.now);
        self.take(output);
    }

    /// Polls `api` once a minute.
    fn run(&mut self, sign: Sign, minutes: u64) {
        for _ in 0..minutes {
            self.poll("api", sign);
            self.pass(Duration::from_mins(1));
        }
    }

    fn fires(&self, rule: &str) -> bool {
        self.world.alert(rule).is_some_and(|alert| alert.phase == Phase::Firing)
    }

    fn tally(&self, slo: &str) -> SloTally {
        self.world.slo(slo).and_then(SloView::figures).unwrap().tally
    }
}

#[test]
fn an_outage_pages_with_its_third_poll_and_tickets_later() {
    let mut room = Room::new(API, "2026-11-21T02:00:00Z");
    room.run(Sign::Good, 24 * 60);
    for fires in [false, false, true] {
        room.poll("api", Sign::Bad);
        assert_eq!(room.fires("slo:api/critical/0"), fires);
        room.pass(Duration::from_mins(1));
    }
    let alert = room.world.alert("slo:api/critical/0").unwrap();
    assert_eq!(alert.subject, super::super::alerts::AlertSubject::Slo("api".into()));
    assert_eq!(&*alert.condition, "budget burn > 14.4× over 1h and 5m");
    assert_eq!(alert.summary("api", room.now), "critical api budget burn > 14.4× over 1h and 5m · 33×");
    assert!(!room.fires("slo:api/medium/2"));
    room.run(Sign::Bad, 3);
    assert!(room.fires("slo:api/critical/1") && room.fires("slo:api/medium/2"));
    room.run(Sign::Good, 7);
    assert!(!room.fires("slo:api/critical/0") && room.fires("slo:api/critical/1"));
    assert_eq!(room.tally("api").bad_ms, 360_000);
}

#[test]
fn a_check_that_says_nothing_any_more_keeps_what_fires() {
    let mut room = Room::new(API, "2026-11-21T02:00:00Z");
    room.run(Sign::Good, 120);
    room.run(Sign::Bad, 5);
    assert!(room.fires("slo:api/critical/0"));
    for _ in 0..60 {
        room.pass(Duration::from_mins(1));
    }
    assert!(room.fires("slo:api/critical/0"), "no data is not good data");
}

#[test]
fn planned_maintenance_uses_no_budget_to_the_second() {
    let planned = "[maintenance.db]\nwhen = \"2026-11-21T03:00:30/2026-11-21T03:30:30\"\nservices = [\"*\"]\n";
    let text = format!("timezone = \"UTC\"\n{API}{planned}");
    let mut room = Room::new(&text, "2026-11-21T02:00:00Z");
    room.run(Sign::Good, 60);
    room.run(Sign::Bad, 32);
    room.run(Sign::Good, 28);
    let tally = room.tally("api");
    // Bad from 03:00:00 to 03:32:00, of which half an hour was planned.
    assert_eq!((tally.bad_ms, tally.maintenance_bad_ms, tally.maintenance_ms), (120_000, 1_800_000, 1_800_000));
    assert_eq!(tally.bad_events, 2, "those at 03:00:00 and 03:31:00");
    let figures = room.world.slo("api").and_then(SloView::figures).unwrap();
    assert_eq!(figures.coverage(), Some(1.0));
    assert!(!room.fires("slo:api/critical/0"));
}

#[test]
fn what_was_counted_survives_a_restart() {
    let mut room = Room::new(API, "2026-11-21T02:00:00Z");
    room.run(Sign::Good, 300);
    room.run(Sign::Bad, 7);
    room.run(Sign::Good, 3);
    let before = room.world.slo("api").and_then(SloView::figures).unwrap().clone();
    let mut later = Room::new(API, &room.now.utc.to_rfc3339());
    let histories: Vec<SeriesHistory> = std::mem::take(&mut room.minutes)
        .into_iter()
        .map(|(series, minutes)| SeriesHistory { series, hours: Vec::new(), minutes, first: None })
        .collect();
    let asked = later.world.measured_by_slos().collect::<Vec<_>>();
    assert_eq!(later.world.ask_past(asked), [SeriesKey::Check("api".into())]);
    later.world.restore(&histories);
    later.pass(Duration::ZERO);
    let after = later.world.slo("api").and_then(SloView::figures).unwrap();
    assert_eq!((after.tally, after.elapsed_ms), (before.tally, before.elapsed_ms));
    assert_eq!(after.spans, before.spans);
    // Twice is once.
    later.world.restore(&histories);
    later.pass(Duration::ZERO);
    assert_eq!(later.tally("api"), before.tally);
}

#[test]
fn the_record_is_read_once_what_fires_and_the_past_of_objectives_are_here() {
    let mut room = Room::new(API, "2026-11-21T02:00:00Z");
    assert!(!room.world.has_read_record(), "the store is not open");
    let output = room.world.remember(&[], 0, room.now);
    room.take(output);
    assert!(!room.world.has_read_record(), "nothing is known of what fires");
    room.world.alerts_read(&[]);
    assert!(!room.world.has_read_record(), "the past is missing");
    let asked = room.world.measured_by_slos().collect::<Vec<_>>();
    let histories = room.world.ask_past(asked).into_iter();
    let empty = |series| SeriesHistory { series, hours: Vec::new(), minutes: Vec::new(), first: None };
    room.world.restore(&histories.map(empty).collect::<Vec<_>>());
    assert!(room.world.has_read_record());
}

#[test]
fn a_metric_is_good_as_its_objective_says() {
    let text = "[source.m]\nhttp = \"http://127.0.0.1:9/\"\nevery = \"60s\"\n\
        [metric.errors]\nfrom = \"m\"\nvalue = \".body.x\"\nunit = \"%\"\n\
        [slo.errors]\nmetric = \"errors\"\ngood = \"< 0.1%\"\nobjective = \"99%\"\n";
    let mut room = Room::new(text, "2026-11-21T02:00:00Z");
    for value in [Ok(0.05), Ok(0.1), Err(SafeText::new("no number")), Ok(0.0)] {
        let sample = Sample { metric: "errors".into(), at: room.now, value, caveat: None };
        room.world.observe(Observation::Sample(sample), room.now);
        room.pass(Duration::from_mins(1));
    }
    let tally = room.tally("errors");
    assert_eq!((tally.good_ms, tally.bad_ms, tally.bad_events), (120_000, 60_000, 1));
}

#[test]
fn a_reload_keeps_what_was_counted_and_another_window_begins_again() {
    let mut room = Room::new(API, "2026-11-21T02:00:00Z");
    room.run(Sign::Good, 10);
    let titled = API.replace("check = \"api\"\n", "check = \"api\"\ntitle = \"The API\"\n");
    room.world.reconfigure(config(&titled), room.now);
    room.pass(Duration::ZERO);
    assert_eq!(room.tally("api").good_ms, 600_000);
    assert_eq!(room.world.slo("api").unwrap().title, "The API");
    room.world.reconfigure(config(&API.replace("30d", "7d")), room.now);
    room.pass(Duration::ZERO);
    assert_eq!(room.tally("api").good_ms, 0);
}

/// All of them in a build for users; a few in one for tests, which is some thirty times slower.
const CHECKS: usize = if cfg!(debug_assertions) { 3 } else { 200 };

#[test]
fn a_month_of_polls_adds_up_to_the_second() {
    const START: &str = "2026-11-01T00:00:00Z";
    let check = |nth: usize| {
        format!(
            "[check.c{nth}]\ntcp = \"127.0.0.1:9\"\nevery = \"60s\"\n[slo.c{nth}]\ncheck = \"c{nth}\"\nobjective = \"99.9%\"\n"
        )
    };
    let planned = "[maintenance.weekly]\nwhen = \"Sun 02:00-04:00 UTC\"\nservices = [\"*\"]\n";
    let text = (0..CHECKS).map(check).collect::<String>() + planned;
    let mut room = Room::new(&text, START);
    let start = room.now.utc;
    let names: Vec<String> = (0..CHECKS).map(|nth| format!("c{nth}")).collect();
    let rules = ["critical/0", "critical/1", "medium/2", "medium/3"].map(|rule| format!("slo:c0/{rule}"));
    let mut log: Vec<(String, &str, bool)> = Vec::new();
    let mut firing = [false; 4];
    let day = |minute: u64, number: u64, hour: u64| minute == (number * 24 + hour) * 60;
    let (mut outage, mut silent) = (0_u64, 0_u64);
    for minute in 0..30 * 24 * 60 {
        outage = if day(minute, 2, 10) { 30 } else { outage.saturating_sub(1) };
        silent = if day(minute, 9, 12) { 59 } else { silent.saturating_sub(1) };
        for (nth, name) in names.iter().enumerate() {
            let planned = room.now.utc.format("%a %H").to_string();
            let sign = match nth {
                0 if outage > 0 => Sign::Bad,
                // All that is bad of it lies in the windows of maintenance.
                1 if planned == "Sun 02" || planned == "Sun 03" => Sign::Bad,
                2 if silent > 0 => continue,
                _ => Sign::Good,
            };
            room.poll(name, sign);
        }
        for (at, rule) in rules.iter().enumerate() {
            let now = room.fires(rule);
            if std::mem::replace(&mut firing[at], now) != now {
                let after = (room.now.utc - start).num_seconds();
                let clock = format!(
                    "day {} {:02}:{:02}:{:02}",
                    after / 86_400,
                    after / 3_600 % 24,
                    after / 60 % 60,
                    after % 60
                );
                log.push((clock, ["14.4", "6", "3", "1"][at], now));
            }
        }
        room.pass(Duration::from_mins(1));
        room.minutes.clear();
    }
    let figures = |slo: &str| room.world.slo(slo).and_then(SloView::figures).unwrap();
    // Five Sundays of November, two hours each.
    let planned = 5 * 7_200_000;
    assert_eq!(
        figures("c0").tally,
        SloTally {
            good_ms: 2_592_000_000 - planned - 1_800_000,
            bad_ms: 1_800_000,
            maintenance_good_ms: planned,
            maintenance_ms: planned,
            bad_events: 30,
            ..SloTally::default()
        }
    );
    assert_eq!((figures("c0").budget_s(), figures("c0").left_s()), (2_592.0, Some(792.0)));
    assert_eq!((figures("c1").availability(), figures("c1").left_s()), (Some(1.0), Some(2_592.0)));
    assert_eq!(figures("c1").tally.maintenance_bad_ms, planned);
    // The poll of 11:59 holds until 12:01; the next one comes at 12:59.
    assert_eq!(figures("c2").tally.good_ms, 2_592_000_000 - planned - 58 * 60_000);
    assert!(!figures("c2").is_thin() && figures("c2").coverage().is_some_and(|coverage| coverage < 1.0));
    let expected = [
        ("day 2 10:02:00", "14.4", true),
        ("day 2 10:03:00", "6", true),
        ("day 2 10:04:00", "1", true),
        ("day 2 10:05:00", "3", true),
        ("day 2 10:35:00", "14.4", false),
        ("day 2 11:00:00", "6", false),
        ("day 2 12:30:00", "3", false),
        ("day 2 16:30:00", "1", false),
    ];
    let log: Vec<_> = log.iter().map(|(at, rule, fires)| (at.as_str(), *rule, *fires)).collect();
    assert_eq!(log, expected);
}

fn told(room: &mut Room, seq: u64, said: Statement) {
    let (id, who, host) = (seq.to_string(), "ana (ssh)".to_owned(), "box".to_owned());
    let draft = NewFact { id, at: room.now.utc, who, host, process: 0, late: false, said };
    let fact = Fact { seq, recorded_at: room.now.utc, draft };
    let output = room.world.apply(&fact, room.now);
    room.take(output);
}

#[test]
fn a_span_that_a_person_excludes_uses_no_budget_until_that_is_taken_back() {
    let mut room = Room::new(API, "2026-11-21T02:00:00Z");
    let output = room.world.remember(&[], 0, room.now);
    room.take(output);
    room.run(Sign::Good, 60);
    room.run(Sign::Bad, 10);
    room.run(Sign::Good, 10);
    assert_eq!(room.tally("api").bad_ms, 600_000);
    let utc = |text: &str| text.parse().unwrap();
    let (from, until) = (utc("2026-11-21T03:02:00Z"), utc("2026-11-21T03:15:00Z"));
    let (id, why): (Name, _) = ("x1".into(), SafeText::new("load test"));
    let excluded = SloExcluded { id: id.clone(), slo: "api".into(), from, until, why };
    told(&mut room, 1, Statement::SloExcluded(excluded));
    assert_eq!(room.tally("api").bad_ms, 120_000);
    let figures = room.world.slo("api").and_then(SloView::figures).unwrap();
    assert_eq!((figures.excluded_ms, figures.coverage()), (780_000, Some(1.0)));
    let records: Vec<_> = room.world.exclusions_of("api").map(|one| (one.by.as_str(), one.why.as_str())).collect();
    assert_eq!(records, [("ana", "load test")]);
    let entry = room.world.timeline.newest_first().next().unwrap();
    assert_eq!(entry.text.as_str(), "slo api: 03:02:00Z to 03:15:00Z excluded: load test · ana (ssh)");
    // It stays out of a reload, and of an objective that is added up again.
    let text = API.replace("30d", "28d");
    let output = room.world.reconfigure(config(&text), room.now);
    room.take(output);
    assert_eq!(room.tally("api").bad_ms, 0, "nothing is known of another window yet");
    room.run(Sign::Good, 1);
    assert_eq!(room.world.slo("api").and_then(SloView::figures).unwrap().excluded_ms, 0, "before it is known");
    let output = room.world.reconfigure(config(API), room.now);
    room.take(output);
    told(&mut room, 2, Statement::SloIncluded(SloIncluded { id, slo: "api".into() }));
    assert_eq!(room.world.exclusions_of("api").count(), 0);
}

/// What was handed over to be stored, as it is read back.
fn stored(room: &mut Room) -> Vec<SeriesHistory> {
    let minutes = std::mem::take(&mut room.minutes).into_iter();
    minutes.map(|(series, minutes)| SeriesHistory { series, hours: Vec::new(), minutes, first: None }).collect()
}

#[test]
fn maintenance_that_begins_within_a_minute_costs_nothing_after_a_restart_either() {
    let planned = "[maintenance.db]\nwhen = \"2026-11-21T02:10:25/2026-11-21T02:20:25\"\nservices = [\"*\"]\n";
    let text = format!("timezone = \"UTC\"\n{}{planned}", API.replace("60s", "10s"));
    let mut room = Room::new(&text, "2026-11-21T02:00:00Z");
    let run = |room: &mut Room, sign: Sign, seconds: u64| {
        for _ in 0..seconds / 10 {
            room.poll("api", sign);
            room.pass(Duration::from_secs(10));
        }
    };
    run(&mut room, Sign::Good, 630);
    // Taken down once it is announced, up again before it is over.
    run(&mut room, Sign::Bad, 590);
    run(&mut room, Sign::Good, 600);
    let expected = SloTally {
        good_ms: 1_220_000,
        maintenance_good_ms: 10_000,
        maintenance_bad_ms: 590_000,
        maintenance_ms: 600_000,
        ..SloTally::default()
    };
    room.pass(Duration::from_secs(20));
    assert_eq!(SloTally { good_ms: 1_220_000, ..room.tally("api") }, expected);
    let mut later = Room::new(&text, &room.now.utc.to_rfc3339());
    later.world.restore(&stored(&mut room));
    later.pass(Duration::ZERO);
    let tally = later.tally("api");
    assert_eq!((tally.bad_ms, tally.maintenance_bad_ms, tally.maintenance_good_ms), (0, 590_000, 10_000));
    assert_eq!(later.world.slo("api").and_then(SloView::figures).unwrap().availability(), Some(1.0));
}

#[test]
fn what_is_excluded_altogether_leaves_nothing_that_counts() {
    let mut room = Room::new(API, "2026-11-21T02:00:00Z");
    room.run(Sign::Bad, 30);
    room.run(Sign::Good, 30);
    let histories = stored(&mut room);
    // Clocks are read one after the other, and one of them in whole milliseconds.
    let mut later = Room::new(API, "2026-11-21T03:01:00.000700Z");
    let output = later.world.remember(&[], 0, later.now);
    later.take(output);
    later.world.restore(&histories);
    later.pass(Duration::ZERO);
    assert_eq!(later.world.slo("api").and_then(SloView::figures).unwrap().availability(), Some(0.5));
    let utc = |text: &str| text.parse().unwrap();
    let exclude = |from: &str, until: &str| SloExcluded {
        id: "x1".into(),
        slo: "api".into(),
        from: utc(from),
        until: utc(until),
        why: SafeText::new("moved"),
    };
    told(&mut later, 1, Statement::SloExcluded(exclude("2026-11-21T02:00:00Z", "2026-11-21T03:00:00Z")));
    let figures = later.world.slo("api").and_then(SloView::figures).unwrap();
    assert_eq!((figures.tally.valid_ms(), figures.availability(), figures.is_met()), (0, None, false));
    // Of a minute that is known in part, what is known is what was excluded.
    let half = SloTally { bad_ms: 20_000, good_ms: 10_000, ..SloTally::default() };
    assert_eq!(half.excluded(30_000, 60_000), half);
    assert_eq!(half.excluded(15_000, 60_000).bad_ms, 10_000);
    let whole = SloTally { bad_ms: 60_000, ..SloTally::default() };
    assert_eq!(whole.excluded(15_000, 60_000).bad_ms, 15_000);
}

#[test]
fn an_older_word_on_an_exclusion_changes_nothing_and_many_are_taken_in_at_once() {
    let mut room = Room::new(API, "2026-11-21T02:00:00Z");
    let output = room.world.remember(&[], 0, room.now);
    room.take(output);
    room.run(Sign::Bad, 30);
    let (from, until) = (room.now.utc - chrono::TimeDelta::minutes(20), room.now.utc);
    let excluded = |id: &str| SloExcluded { id: id.into(), slo: "api".into(), from, until, why: SafeText::new("test") };
    let mut things = Things::default();
    for (seq, id) in (1..).zip(["x1", "x2"]) {
        let (who, host, said) = ("ana".to_owned(), "box".to_owned(), Statement::SloExcluded(excluded(id)));
        let draft = NewFact { id: seq.to_string(), at: until, who, host, process: 0, late: false, said };
        follow(&Fact { seq, recorded_at: until, draft }, &mut things);
    }
    let things: Vec<StoredThing> = things.iter().cloned().collect();
    let output = room.world.alerts_read(&things);
    room.take(output);
    assert_eq!((room.world.exclusions_of("api").count(), room.tally("api").bad_ms), (2, 600_000));
    for (seq, id) in [(3, "x1"), (4, "x2")] {
        told(&mut room, seq, Statement::SloIncluded(SloIncluded { id: id.into(), slo: "api".into() }));
    }
    // The store was read before that, and is heard of after it.
    let output = room.world.alerts_read(&things);
    room.take(output);
    assert_eq!((room.world.exclusions_of("api").count(), room.tally("api").bad_ms), (0, 1_800_000));
}

#[test]
fn what_is_excluded_within_an_old_hour_is_the_same_while_a_console_runs_and_after_a_restart() {
    let mut room = Room::remembering("2026-11-21T02:00:00Z");
    room.run(Sign::Good, 20);
    room.run(Sign::Bad, 10);
    room.run(Sign::Good, 5 * 24 * 60);
    let (from, until) = ("2026-11-21T02:20:00Z".parse().unwrap(), "2026-11-21T02:30:00Z".parse().unwrap());
    let why = SafeText::new("load test");
    let excluded = SloExcluded { id: "x1".into(), slo: "api".into(), from, until, why };
    room.world.ask_past([SeriesKey::Check("api".into())]);
    let histories = stored(&mut room);
    room.world.restore(&histories);
    assert!(room.world.ask_past([SeriesKey::Check("api".into())]).is_empty(), "it is here");
    told(&mut room, 1, Statement::SloExcluded(excluded.clone()));
    assert_eq!(room.tally("api").bad_ms, 500_000, "a sixth of the hour, until its minutes are read");
    assert_eq!(room.world.ask_past([SeriesKey::Check("api".into())]).len(), 1);
    room.world.restore(&histories);
    assert!(room.world.ask_past([SeriesKey::Check("api".into())]).is_empty());
    let mut later = Room::remembering(&room.now.utc.to_rfc3339());
    later.world.restore(&histories);
    told(&mut later, 1, Statement::SloExcluded(excluded));
    let figures = |room: &Room| {
        let tally = room.tally("api");
        (tally.bad_ms, tally.maintenance_bad_ms, tally.maintenance_ms, tally.bad_events)
    };
    assert_eq!(figures(&room), (0, 600_000, 600_000, 0));
    assert_eq!(figures(&later), figures(&room));
}

#[test]
fn an_old_hour_whose_minutes_are_not_kept_is_asked_for_once() {
    let mut room = Room::remembering("2026-11-21T02:00:00Z");
    room.run(Sign::Bad, 60);
    room.run(Sign::Good, 5 * 24 * 60);
    let api = || [SeriesKey::Check("api".into())];
    let empty =
        [SeriesHistory { series: SeriesKey::Check("api".into()), hours: Vec::new(), minutes: Vec::new(), first: None }];
    room.world.ask_past(api());
    room.world.restore(&empty);
    let (from, until) = ("2026-11-21T02:00:00Z".parse().unwrap(), "2026-11-21T02:30:00Z".parse().unwrap());
    let excluded = SloExcluded { id: "x1".into(), slo: "api".into(), from, until, why: SafeText::new("test") };
    told(&mut room, 1, Statement::SloExcluded(excluded));
    assert_eq!(room.world.ask_past(api()).len(), 1);
    room.world.restore(&empty);
    assert!(room.world.ask_past(api()).is_empty());
    assert_eq!(room.tally("api").bad_ms, 1_800_000, "its share of the hour");
}

/// What fires by the record of one process goes on in another, which has read `histories` of it.
fn succeeds(room: &Room, record: &AlertFired, histories: &[SeriesHistory]) -> Room {
    let mut later = takes_over(API, room, record);
    later.world.restore(histories);
    later
}

/// The same before anything is read of what was measured.
fn takes_over(text: &str, room: &Room, record: &AlertFired) -> Room {
    let mut things = Things::default();
    let (who, host, said) = ("ana".to_owned(), "box".to_owned(), Statement::AlertFired(record.clone()));
    let draft = NewFact { id: "1".to_owned(), at: record.fired_at, who, host, process: 0, late: false, said };
    follow(&Fact { seq: 1, recorded_at: record.fired_at, draft }, &mut things);
    let mut later = Room::new(text, &room.now.utc.to_rfc3339());
    let output = later.world.remember(&[], 1, later.now);
    later.take(output);
    let output = later.world.alerts_read(&things.iter().cloned().collect::<Vec<_>>());
    later.take(output);
    later.world.ask_past([SeriesKey::Check("api".into())]);
    later
}

#[test]
fn an_availability_is_not_well_again_by_the_first_poll_of_a_process() {
    let text = "[check.api]\ntcp = \"127.0.0.1:9\"\nevery = \"60s\"\n\
        [metric.up]\ncheck = \"api\"\navailability = \"1h\"\nalert = { high = \"< 99%\" }\n";
    let mut room = Room::new(text, "2026-11-21T02:00:00Z");
    room.run(Sign::Good, 60);
    room.run(Sign::Bad, 20);
    let firing = room.world.alerts.iter().find(|alert| alert.phase == Phase::Firing).unwrap();
    let (rule, fired_at) = (firing.id.clone(), room.now.utc - chrono::TimeDelta::minutes(15));
    let record = AlertFired {
        id: instance_id(&rule, fired_at),
        alert: "up".into(),
        rule: rule.clone(),
        condition: "< 99%".to_owned(),
        ..AlertFired::sample(fired_at)
    };
    let whole = stored(&mut room);
    let mut later = takes_over(text, &room, &record);
    later.poll("api", Sign::Good);
    later.pass(Duration::from_secs(1));
    assert!(later.fires(&rule), "what one poll says of an hour is little");
    later.world.restore(&whole);
    later.pass(Duration::from_secs(1));
    assert!(later.fires(&rule), "most of the hour is known, and a third of it was down");
    later.run(Sign::Good, 80);
    assert!(!later.fires(&rule), "it is over by what is seen");
}

#[test]
fn a_budget_whose_past_cannot_be_read_keeps_its_alert_until_enough_is_known_again() {
    let mut room = Room::new(API, "2026-11-21T02:00:00Z");
    room.run(Sign::Good, 24 * 60);
    room.run(Sign::Bad, 20);
    let rule: Name = "slo:api/critical/0".into();
    let fired_at = room.now.utc - chrono::TimeDelta::minutes(17);
    let record = AlertFired {
        id: instance_id(&rule, fired_at),
        alert: "api".into(),
        rule: rule.clone(),
        condition: "budget burn > 14.4× over 1h and 5m".to_owned(),
        value: SafeText::new("33×"),
        ..AlertFired::sample(fired_at)
    };
    let whole = stored(&mut room);
    let lost = [SeriesHistory { series: SeriesKey::Check("api".into()), hours: vec![], minutes: vec![], first: None }];
    for (histories, is_lost) in [(&whole[..], false), (&lost[..], true)] {
        let mut later = succeeds(&room, &record, histories);
        later.run(Sign::Good, 2);
        assert!(later.fires(&rule), "lost: {is_lost}");
        let alert = later.world.alert(&rule).unwrap();
        let said = alert.summary("api", later.now);
        assert_eq!(alert.clearing == Some(Clearing::NoData), is_lost, "{said}");
        if is_lost {
            assert_eq!(said, "critical api 33× (was budget burn > 14.4× over 1h and 5m) · kept: no data");
        }
        // It is over by what is seen, not by what is not.
        later.run(Sign::Good, 4);
        assert!(!later.fires(&rule), "lost: {is_lost}");
    }
    // The same where it can't be read at all, however long that is waited for.
    let mut later = succeeds(&room, &record, &[]);
    later.world.past_missed(&[SeriesKey::Check("api".into())]);
    later.poll("api", Sign::Good);
    later.pass(Duration::from_secs(70));
    assert!(later.fires(&rule));
}
