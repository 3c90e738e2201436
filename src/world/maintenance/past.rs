//! Which share of what is stored lay in maintenance.

use chrono::{DateTime, TimeDelta, Utc};

use super::MaintenancePlan;
use crate::lang::schedule::TimeWindow;
use crate::lang::time::Stamp;

const MINUTE_MS: u64 = 60_000;

/// So many minutes of which something is stored, and the windows of maintenance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredTime<'a> {
    /// In their order, without overlaps.
    windows: &'a [TimeWindow],
    start: DateTime<Utc>,
    minutes: u32,
}

impl<'a> StoredTime<'a> {
    /// So many minutes from one on, counted from 1970; `windows` are in their order and without overlaps.
    pub(crate) fn new(windows: &'a [TimeWindow], begin: u32, minutes: u32) -> Self {
        let start = DateTime::from_timestamp(i64::from(begin) * 60, 0).unwrap_or_default();
        Self { windows, start, minutes }
    }

    /// Its length in milliseconds.
    pub(crate) const fn length_ms(&self) -> u64 {
        self.minutes as u64 * MINUTE_MS
    }

    /// Whether it is a single minute, of which values are kept with their seconds.
    pub(crate) const fn is_minute(&self) -> bool {
        self.minutes == 1
    }

    /// Its first moment, and the first one after it.
    pub(crate) fn ends(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.start, self.start + TimeDelta::minutes(self.minutes.into()))
    }

    /// The share of it that lay in maintenance.
    pub(crate) fn share(&self) -> f64 {
        let (start, end) = self.ends();
        share(self.windows, start, end)
    }

    /// Whether a second of it lay in maintenance.
    pub(crate) fn includes(&self, second: u8) -> bool {
        let at = self.start + TimeDelta::seconds(second.into());
        self.windows.iter().any(|window| window.contains(at))
    }
}

/// The windows that concern a service, between the first minute of what is stored and now.
#[derive(Debug)]
pub(in crate::world) struct PlannedPast {
    /// In their order, without overlaps.
    windows: Vec<TimeWindow>,
    /// By how many minutes the monotonic clock is ahead of the wall clock.
    ahead: i64,
}

impl PlannedPast {
    /// Since a minute of the monotonic clock; `None`: nothing is stored.
    pub(in crate::world) fn new(plan: &MaintenancePlan, service: Option<&str>, first: Option<u32>, now: Stamp) -> Self {
        let mut past = Self { windows: Vec::new(), ahead: now.minutes_ahead() };
        if let Some(first) = first {
            let (from, _) = past.at(first, 1).ends();
            past.windows = plan.covered(service, (from, now.utc));
        }
        past
    }

    /// So many minutes from a minute of the monotonic clock on.
    pub(in crate::world) fn at(&self, first: u32, count: u32) -> StoredTime<'_> {
        let begin = u32::try_from(i64::from(first) - self.ahead).unwrap_or(0);
        StoredTime::new(&self.windows, begin, count)
    }
}

/// The share of a span that lay in windows, which are in their order and without overlaps.
pub(crate) fn share(windows: &[TimeWindow], start: DateTime<Utc>, end: DateTime<Utc>) -> f64 {
    inside_ms(windows, start, end) as f64 / (end - start).num_milliseconds().max(1) as f64
}

/// How many milliseconds of a span lay in windows, which are in their order and without overlaps.
pub(crate) fn inside_ms(windows: &[TimeWindow], start: DateTime<Utc>, end: DateTime<Utc>) -> u64 {
    let from = windows.partition_point(|window| window.end <= start);
    let about = windows[from..].iter().take_while(|window| window.start < end);
    let inside = about.map(|window| (window.end.min(end) - window.start.max(start)).num_milliseconds());
    inside.sum::<i64>().max(0).cast_unsigned()
}
