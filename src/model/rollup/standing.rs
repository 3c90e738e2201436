//! For how long a check stood how, hour by hour: what a status page shows of the past.

use super::bucket::{Bucket, PlannedTime};
use super::series_key::SeriesKey;
use crate::model::status::Status;

/// One hour of a check. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourStanding {
    /// The minute it begins with, counted from 1970-01-01 00:00 UTC.
    pub hour: u32,
    /// For how long it was down.
    pub down: u64,
    /// For how long it was degraded.
    pub degraded: u64,
    /// For how long anything was known of it, down and degraded included.
    pub known: u64,
    /// How much of it lay in maintenance.
    pub planned: PlannedTime,
}

impl HourStanding {
    /// The hour that begins with a minute, from its bucket.
    pub fn new(hour: u32, bucket: &Bucket) -> Self {
        let (down, degraded) = (bucket.standing_ms(Status::Down), bucket.standing_ms(Status::Degraded));
        Self { hour, down, degraded, known: bucket.known_ms(), planned: bucket.planned_time() }
    }

    /// What of it counts where a `share` of the hour lay in maintenance, by the same arithmetic as objectives and reports.
    pub(crate) fn outside_maintenance(&self, share: f64) -> Self {
        let (planned, planned_failed) = self.planned.within(share);
        let known = self.known.saturating_sub(planned);
        let down = self.down.saturating_sub(planned_failed).min(known);
        // How much of it was degraded is not noted: that is spread over what worked.
        let (worked, planned_worked) = (self.known.saturating_sub(self.down), planned.saturating_sub(planned_failed));
        let left = 1.0 - (planned_worked as f64 / worked.max(1) as f64).min(1.0);
        let degraded = ((self.degraded as f64 * left).round() as u64).min(known - down);
        Self { down, degraded, known, ..*self }
    }
}

/// The hours of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingHistory {
    /// Of which check.
    pub series: SeriesKey,
    /// Oldest first; hours of which nothing is stored are left out.
    pub hours: Vec<HourStanding>,
    /// The minute after the last one that is stored; `None`: none is.
    pub until: Option<u32>,
}
