//! Which share of what is stored lay in maintenance.

use chrono::{DateTime, Utc};

use super::MaintenancePlan;
use crate::lang::schedule::TimeWindow;
use crate::lang::time::Stamp;

const MINUTE_MS: u64 = 60_000;

/// The windows that concern a service, between the first minute of what is stored and now.
#[derive(Debug)]
pub(in crate::world) struct PlannedPast {
    /// In their order, without overlaps.
    windows: Vec<TimeWindow>,
    now: Stamp,
}

impl PlannedPast {
    /// Since a minute of the monotonic clock; `None`: nothing is stored.
    pub(in crate::world) fn new(plan: &MaintenancePlan, service: Option<&str>, first: Option<u32>, now: Stamp) -> Self {
        let from = first.map(|first| utc_of(now, u64::from(first) * MINUTE_MS));
        let windows = from.map_or_else(Vec::new, |from| plan.covered(service, (from, now.utc)));
        Self { windows, now }
    }

    /// The share of so many minutes from a minute of the monotonic clock on that lay in them.
    pub(in crate::world) fn share(&self, first: u32, count: u32) -> f64 {
        let start = utc_of(self.now, u64::from(first) * MINUTE_MS);
        let end = start + chrono::Duration::minutes(i64::from(count));
        share(&self.windows, start, end)
    }
}

/// The share of a span that lay in windows, which are in their order and without overlaps.
pub(crate) fn share(windows: &[TimeWindow], start: DateTime<Utc>, end: DateTime<Utc>) -> f64 {
    let from = windows.partition_point(|window| window.end <= start);
    let about = windows[from..].iter().take_while(|window| window.start < end);
    let inside = about.map(|window| (window.end.min(end) - window.start.max(start)).num_milliseconds());
    inside.sum::<i64>() as f64 / (end - start).num_milliseconds().max(1) as f64
}

/// The wall clock at a moment of the monotonic one.
fn utc_of(now: Stamp, ms: u64) -> DateTime<Utc> {
    now.utc - (chrono::Duration::milliseconds(now.mono.as_millis() as i64 - ms.cast_signed()))
}
