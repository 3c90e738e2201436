//! Readings and samples added up by the minute, as they are stored: by the one that holds the lease, for all.
//!
//! Minutes are those of the wall clock, durations those of the monotonic one. A wall clock that is set ends the minute;
//! one that is set back begins a minute again, and whoever stores it adds the parts up.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::checks::CheckView;
use super::ids::{CheckId, MetricId};
use super::table::IdTable;
use crate::lang::time::{Stamp, millis, minute_of};
use crate::model::latency::skipped;
use crate::model::reading::Sign;
use crate::model::rollup::Bucket;
use crate::model::status::Status;

/// The minute that is under way. `None` in the world: nothing is stored by this process.
#[derive(Debug, Clone)]
pub(super) struct OpenMinute {
    /// Minutes since 1970 in UTC.
    minute: u32,
    /// On the monotonic clock.
    begun: Duration,
    /// On the monotonic clock, as long as nobody sets the other one.
    ends: Duration,
    checks: IdTable<CheckId, CheckMinute>,
    metrics: IdTable<MetricId, Bucket>,
}

#[derive(Debug, Clone, Default)]
struct CheckMinute {
    bucket: Bucket,
    standing: Option<Standing>,
}

/// What a reading says until the next one, and no longer than two intervals. In milliseconds of the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Standing {
    from: u64,
    until: u64,
    status: Status,
    failed: bool,
    /// Whether that is in maintenance.
    planned: bool,
}

impl CheckMinute {
    /// Counts what stands, up to a moment.
    fn close(&mut self, at: u64) {
        if let Some(Standing { from, until, status, failed, planned }) = self.standing.take() {
            let ms = until.min(at).saturating_sub(from);
            if planned {
                self.bucket.stand_in_maintenance(status, ms, failed);
            } else {
                self.bucket.stand(status, ms, failed);
            }
        }
    }

    /// What stands does so in maintenance, or not, from a moment on; not before what is counted already.
    fn plan(&mut self, planned: bool, at: u64) {
        let Some(standing) = self.standing.filter(|standing| standing.planned != planned) else { return };
        let at = at.max(standing.from);
        self.close(at);
        self.standing = Some(Standing { from: at, planned, ..standing });
    }

    /// Ends the minute: its bucket, with what stands left to the next one.
    fn end(&mut self, ends: u64, next: u64) -> Bucket {
        let standing = self.standing;
        self.close(ends);
        self.standing = standing.filter(|standing| standing.until > next);
        if let Some(standing) = &mut self.standing {
            standing.from = standing.from.max(next);
        }
        std::mem::take(&mut self.bucket)
    }
}

impl OpenMinute {
    /// Minutes since 1970 in UTC.
    pub(super) const fn minute(&self) -> u32 {
        self.minute
    }

    /// Nothing is known of any check from a moment on.
    pub(super) fn loses_sight(&mut self, at: Stamp) {
        for check in &mut self.checks {
            check.close(millis(at.mono));
        }
    }

    pub(super) fn new(now: Stamp, checks: usize, metrics: usize) -> Self {
        let left = Duration::from_millis(60_000 - into_minute(now.utc));
        Self {
            minute: minute_of(now.utc),
            begun: now.mono,
            ends: now.mono + left,
            checks: (0..checks).map(|_| CheckMinute::default()).collect(),
            metrics: (0..metrics).map(|_| Bucket::default()).collect(),
        }
    }

    /// The second of this minute in which something ended that is taken in now. What came late or early is put to its edge.
    fn second(&self, at: DateTime<Utc>) -> u8 {
        match minute_of(at).cmp(&self.minute) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => (into_minute(at) / 1_000) as u8,
            std::cmp::Ordering::Greater => 59,
        }
    }

    /// A check is in maintenance, or is not, from a moment on, in milliseconds of the monotonic clock.
    pub(super) fn plan(&mut self, id: CheckId, planned: bool, at: u64) {
        self.checks[id].plan(planned, at);
    }

    /// A check has a new reading; `planned`: in maintenance.
    pub(super) fn reading(&mut self, id: CheckId, check: &CheckView, planned: bool) {
        let Some(reading) = &check.last else { return };
        let ended = reading.timing.ended;
        let second = self.second(ended.utc);
        let from = millis(ended.mono.max(self.begun));
        let of_check = &mut self.checks[id];
        of_check.close(from);
        let until = millis(ended.mono.saturating_add(check.every * 2));
        let (status, failed) = (check.status, reading.sign == Sign::Bad);
        of_check.standing = Some(Standing { from, until, status, failed, planned });
        let latency = reading.timing.latency();
        if reading.sign == Sign::Unknown {
            return;
        }
        of_check.bucket.measure(second, latency.as_millis() as f64);
        if reading.sign != Sign::Cold {
            for waited in skipped(latency, check.every) {
                of_check.bucket.correct(second, waited.as_millis() as f64);
            }
        }
    }

    pub(super) fn sample(&mut self, id: MetricId, at: DateTime<Utc>, value: f64) {
        let second = self.second(at);
        self.metrics[id].measure(second, value);
    }

    /// Ends this minute at `now` at the latest, and begins the one in which `now` lies. The buckets are those of the
    /// minute that is over, checks before metrics, each in their order.
    pub(super) fn turn(&mut self, now: Stamp) -> (u32, Vec<Bucket>) {
        let (over, next) = (self.minute, minute_of(now.utc));
        let into = Duration::from_millis(into_minute(now.utc));
        // The minutes touch where the wall clock runs on, and not where it was set or nobody looked for minutes.
        let (ends, begins) = if next == over + 1 {
            let edge = now.mono.saturating_sub(into).max(self.begun);
            (edge, edge)
        } else {
            (now.mono.min(self.ends), now.mono)
        };
        let (ends, begun) = (millis(ends), millis(begins));
        let checks = self.checks.iter_mut().map(|check| check.end(ends, begun));
        let buckets = checks.chain(self.metrics.iter_mut().map(std::mem::take)).collect();
        (self.minute, self.begun) = (next, begins);
        self.ends = now.mono + Duration::from_mins(1).saturating_sub(into);
        (over, buckets)
    }
}

fn into_minute(at: DateTime<Utc>) -> u64 {
    at.timestamp_millis().rem_euclid(60_000).cast_unsigned()
}
