//! What is stored of one series, to be put before what was measured since.

use serde::{Deserialize, Serialize};

use super::bucket::Bucket;
use super::series_key::SeriesKey;

/// Minutes of the past that are shown minute by minute: two days.
pub const MINUTES_BACK: u32 = 2 * 24 * 60;
/// Minutes of the past that are shown at all: thirty days.
pub const HOURS_BACK: u32 = 30 * 24 * 60;

/// The roll-ups of one series: minutes of the last days and of hours that were asked for, hours of what else lies before them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesHistory {
    /// Of what.
    pub series: SeriesKey,
    /// Hours, each by the minute it begins with, counted from 1970-01-01 00:00 UTC; oldest first. No minute lies in any.
    pub hours: Vec<(u32, Bucket)>,
    /// Minutes, oldest first.
    pub minutes: Vec<(u32, Bucket)>,
    /// The first minute of which anything is stored, also where that is older than what is here; `None`: nothing is.
    pub first: Option<u32>,
}

/// What is wanted of the stored past of one series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedSpans {
    /// Of what.
    pub series: SeriesKey,
    /// From this minute on.
    pub from: u32,
    /// Minutes at which a span ends and another begins: those within an hour need the minutes of that hour.
    pub edges: Vec<u32>,
}

/// What is stored of one series in one span of time.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSpan {
    /// Its first minute, counted from 1970-01-01 00:00 UTC.
    pub begin: u32,
    /// How many minutes it has.
    pub minutes: u32,
    /// What is known of it.
    pub bucket: Bucket,
}
