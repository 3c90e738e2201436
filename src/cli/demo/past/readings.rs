//! What was measured in the weeks before the demo's start: a pure function of its seed and the minute.
//!
//! More is going on by day than by night, and less on Saturdays and Sundays. At the start it is what the demo's world
//! begins with, whatever the time of day.

use std::time::Duration;

use chrono::{DateTime, Datelike as _, TimeDelta, Timelike as _, Utc};

use super::outages::{OUTAGES, Outage};
use crate::cli::demo::world::{DemoWorld, SERVICES};
use crate::model::rollup::{Bucket, MINUTES_BACK, SeriesKey, Width};
use crate::model::status::Status;

/// How far back readings go, in minutes.
pub(super) const REACH: u32 = 35 * 24 * 60;
/// Minutes are kept of what a console reads by the minute, and some hours more.
pub(super) const IN_MINUTES: u32 = MINUTES_BACK + 3 * 60;
/// Minutes whose readings are as close as those of the demo: of the hour that charts show, and of the hour before, with
/// which they are compared.
const CLOSE: u32 = 125;
/// The troubles of the demo's world are later than any reading.
const CALM: Duration = Duration::from_hours(24 * 366 * 1_000);
/// Values of an hour.
const OF_AN_HOUR: u32 = 6;

/// The metrics that were measured.
pub(super) const METRICS: [&str; 8] =
    ["error-rate", "response-time", "requests", "p95", "queue", "clients", "connections", "disk"];

/// How much goes on at each hour of the day, in per cent of the average.
const BY_HOUR: [u32; 24] =
    [52, 44, 38, 36, 38, 48, 66, 88, 112, 132, 140, 144, 138, 134, 136, 138, 136, 132, 134, 142, 140, 118, 88, 66];

/// The readings before a start.
#[derive(Debug, Clone)]
pub(in crate::cli::demo) struct Readings {
    world: DemoWorld,
    start: DateTime<Utc>,
    /// The first minute after them.
    until: u32,
}

impl Readings {
    /// Those of the whole minutes before `until`, of a demo that starts at `start`.
    pub(in crate::cli::demo) fn new(seed: u64, start: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        let until = crate::lang::time::minute_of(until);
        Self { world: DemoWorld::new(seed).calm_for(CALM), start, until }
    }

    /// Every series of which there are any.
    pub(in crate::cli::demo) fn series() -> impl Iterator<Item = SeriesKey> {
        let checks = SERVICES.iter().map(|service| SeriesKey::Check((*service).into()));
        checks.chain(METRICS.iter().map(|metric| SeriesKey::Metric((*metric).into())))
    }

    /// The first minute of the first hour, the first of those that are kept by the minute, and the minute after the last.
    pub(in crate::cli::demo) fn span(&self) -> (u32, u32, u32) {
        let hour = |minute: u32| minute - minute % 60;
        (hour(self.until.saturating_sub(REACH)), hour(self.until.saturating_sub(IN_MINUTES)), self.until)
    }

    /// What is known of a series in the minute or hour that begins with `minute`, as far as it is over.
    pub(in crate::cli::demo) fn bucket(&self, series: &SeriesKey, width: Width, minute: u32) -> Bucket {
        let minutes = width.minutes().min(self.until.saturating_sub(minute));
        let mut bucket = if width == Width::Hour { Bucket::sum_of_none() } else { Bucket::default() };
        if let SeriesKey::Check(name) = series {
            stand(&mut bucket, name, self.start, (minute, minutes));
        }
        let mut measure = |minute: u32, second: u8| {
            let at = moment(minute) + TimeDelta::seconds(i64::from(second));
            bucket.measure(second, self.value(series, at));
        };
        match width {
            Width::Hour => {
                // An outage of some minutes must show: there every minute counts.
                let is_close = OUTAGES.iter().any(|outage| overlap_ms(outage, self.start, (minute, minutes)) > 0);
                let step = if is_close { 1 } else { Width::Hour.minutes() / OF_AN_HOUR };
                (0..minutes).step_by(step as usize).for_each(|after| measure(minute + after, 20));
            }
            Width::Minute if minute + CLOSE >= self.until => (0..60).step_by(10).for_each(|at| measure(minute, at)),
            Width::Minute => measure(minute, 20),
        }
        bucket
    }

    /// What a series was at a moment.
    fn value(&self, series: &SeriesKey, at: DateTime<Utc>) -> f64 {
        let name = match series {
            SeriesKey::Check(name) | SeriesKey::Metric(name) => name,
        };
        let index = u64::try_from(at.timestamp()).unwrap_or_default();
        let noise = |below: u64| self.world.noise(name, index, below) as f64;
        let now = Duration::from_secs(index);
        let (load, outage) = (activity(at) / activity(self.start), outage_at(self.start, at));
        let slower = outage.map_or(0.0, |outage| outage.slower);
        match (series, &**name) {
            (SeriesKey::Check(service), _) => {
                let slower = if matches!(&**service, "web" | "api") { slower } else { 0.0 };
                (self.world.latency(service, now).as_secs_f64() * 1_000.0).mul_add(load.sqrt(), slower)
            }
            (_, "error-rate") => match outage {
                Some(outage) if outage.failing > 0.0 => outage.failing + noise(30) / 10.0,
                _ => self.world.failing_share("api", now) as f64 / 10.0,
            },
            (_, "response-time") => (self.world.latency("api", now).as_millis() as f64).mul_add(load.sqrt(), slower),
            (_, "requests") => 52.0f64.mul_add(load, noise(9) - 4.0),
            (_, "p95") => (31.0 + noise(14)).mul_add(load.sqrt(), slower),
            (_, "queue") => match outage.filter(|outage| outage.service == "worker") {
                Some(_) => 300.0 + noise(110),
                None => (3.0 + noise(9)) * load,
            },
            // Those who are connected are more than those who ask, and never as many as the cache takes.
            (_, "clients") => load.sqrt().mul_add(400.0, 210.0 + noise(24)).min(890.0),
            (_, "connections") => load.sqrt().mul_add(22.0, 9.0 + noise(9)).min(88.0),
            _ => disk(self.start, at),
        }
    }
}

/// Per cent of the disk that are used: 86.4 at the start, more each day, since it was cleared up two weeks before.
pub(in crate::cli::demo) fn disk(start: DateTime<Utc>, at: DateTime<Utc>) -> f64 {
    let days = (start - at).num_seconds() as f64 / 86_400.0;
    if days < CLEARED { (-1.1f64).mul_add(days, DISK_NOW) } else { (-0.85f64).mul_add(days - CLEARED, 83.0) }
}

/// Per cent of the disk that are used at the start.
pub(in crate::cli::demo) const DISK_NOW: f64 = 86.4;
/// How many days before the start the disk was cleared up.
const CLEARED: f64 = 14.2;

/// How much goes on at a moment, in per cent of the average of a working day.
fn activity(at: DateTime<Utc>) -> f64 {
    let hour = at.hour() as usize;
    let (this, next) = (f64::from(BY_HOUR[hour]), f64::from(BY_HOUR[(hour + 1) % BY_HOUR.len()]));
    let of_day = (next - this).mul_add(f64::from(at.minute()) / 60.0, this);
    let is_weekend = at.weekday().number_from_monday() > 5;
    if is_weekend { of_day * 0.62 } else { of_day }
}

fn moment(minute: u32) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(i64::from(minute))
}

/// The outage in which a moment lies.
fn outage_at(start: DateTime<Utc>, at: DateTime<Utc>) -> Option<&'static Outage> {
    OUTAGES.iter().find(|outage| (start - outage.before..start - outage.before + outage.lasted).contains(&at))
}

/// Milliseconds of an outage that lie in so many minutes.
fn overlap_ms(outage: &Outage, start: DateTime<Utc>, (minute, minutes): (u32, u32)) -> u64 {
    let (from, until) = (moment(minute), moment(minute + minutes));
    let began = start - outage.before;
    let common = (began + outage.lasted).min(until) - began.max(from);
    u64::try_from(common.num_milliseconds()).unwrap_or_default()
}

/// How a check stood in so many minutes.
fn stand(bucket: &mut Bucket, check: &str, start: DateTime<Utc>, span: (u32, u32)) {
    let mut well = u64::from(span.1) * 60_000;
    for outage in OUTAGES.iter().filter(|outage| outage.service == check) {
        let ms = overlap_ms(outage, start, span);
        if ms > 0 {
            bucket.stand(outage.status, ms, outage.status == Status::Down);
            well -= ms;
        }
    }
    if well > 0 {
        bucket.stand(Status::Ok, well, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(start: &str) -> Readings {
        let start = start.parse().unwrap();
        Readings::new(1, start, start)
    }

    fn mean(bucket: &Bucket) -> f64 {
        bucket.sum() / bucket.count() as f64
    }

    #[test]
    fn a_week_has_days_and_nights_and_a_weekend() {
        // A Saturday.
        let readings = readings("2026-11-21T02:40:00Z");
        let requests = SeriesKey::Metric("requests".into());
        let hour = |at: &str| {
            let at: DateTime<Utc> = at.parse().unwrap();
            mean(&readings.bucket(&requests, Width::Hour, (at.timestamp() / 60) as u32))
        };
        let (noon, night, sunday) =
            (hour("2026-11-18T11:00:00Z"), hour("2026-11-18T03:00:00Z"), hour("2026-11-15T11:00:00Z"));
        assert!(noon > 3.0 * night && noon > 1.4 * sunday && sunday > night, "{noon} {night} {sunday}");
    }

    #[test]
    fn the_last_minute_is_as_the_demo_begins_whatever_the_time() {
        for start in ["2026-11-21T02:40:00Z", "2026-11-18T11:30:20Z", "2026-11-22T19:00:59Z"] {
            let readings = readings(start);
            let (.., until) = readings.span();
            let of = |metric: &str| mean(&readings.bucket(&SeriesKey::Metric(metric.into()), Width::Minute, until - 1));
            assert!((44.0..60.0).contains(&of("requests")), "{}", of("requests"));
            assert!((600.0..640.0).contains(&of("clients")), "{}", of("clients"));
            assert!((86.2..86.5).contains(&of("disk")), "{}", of("disk"));
        }
    }

    #[test]
    fn an_outage_is_kept_to_the_second_in_hours_and_in_minutes() {
        let readings = readings("2026-11-21T02:40:13Z");
        let (first, _, until) = readings.span();
        let bad = |width: Width, from: u32| -> u64 {
            let minutes = (from..until).step_by(width.minutes() as usize);
            minutes.map(|minute| readings.bucket(&SeriesKey::Check("web".into()), width, minute).failed_ms()).sum()
        };
        assert_eq!((bad(Width::Hour, first), bad(Width::Minute, until - 5 * 24 * 60)), (1_750_000, 280_000));
    }
}
