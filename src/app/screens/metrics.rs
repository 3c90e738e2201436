//! What the metrics screen remembers, and how its charts lie in time.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::lang::time::Stamp;
use crate::text::name::Name;

/// What the metrics screen remembers.
#[derive(Debug, Clone)]
pub struct MetricsScreen {
    /// Index into [`RANGES`].
    pub range: usize,
    /// The metrics whose charts are shown together; empty shows the selected one.
    pub shown: BTreeSet<Name>,
}

impl Default for MetricsScreen {
    fn default() -> Self {
        Self { range: 2, shown: BTreeSet::new() }
    }
}

impl MetricsScreen {
    /// The span that is shown.
    pub fn span(&self) -> Duration {
        RANGES[self.range.min(RANGES.len() - 1)].0
    }

    pub(crate) fn span_word(&self) -> &'static str {
        RANGES[self.range.min(RANGES.len() - 1)].1
    }
}

/// The spans that can be shown, shortest first.
pub const RANGES: [(Duration, &str); 8] = [
    (Duration::from_mins(5), "5m"),
    (Duration::from_mins(15), "15m"),
    (Duration::from_hours(1), "1h"),
    (Duration::from_hours(3), "3h"),
    (Duration::from_hours(12), "12h"),
    (Duration::from_hours(24), "24h"),
    (Duration::from_hours(7 * 24), "7d"),
    (Duration::from_hours(30 * 24), "30d"),
];

/// How the columns of a chart lie in time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    /// How long a bucket is; a whole number of seconds, and never shorter than the metric's own interval, so that
    /// there are no gaps between samples.
    pub bucket: Duration,
    /// How many there are: as many as columns, or fewer that are drawn wider.
    pub buckets: usize,
    columns: usize,
    end: DateTime<Utc>,
}

impl Axis {
    /// The axis of `columns` columns over `span`, for values that come `every` so often.
    pub(crate) fn new(columns: usize, span: Duration, every: Duration, now: Stamp) -> Self {
        let least = every.as_secs().max(10);
        let even = (span.as_secs() / columns.max(1) as u64).max(1);
        let (bucket, buckets) =
            if even >= least { (even, columns) } else { (least, (span.as_secs() / least).max(1) as usize) };
        // Buckets lie on whole multiples of their width; the newest has not ended yet.
        let width = u128::from(bucket) * 1_000;
        let left = width - now.mono.as_millis() % width;
        let end = now.utc + chrono::Duration::milliseconds(i64::try_from(left).unwrap_or(0));
        Self { bucket: Duration::from_secs(bucket), buckets, columns: columns.max(1), end }
    }

    /// Milliseconds of one column.
    fn column(self) -> f64 {
        self.bucket.as_secs_f64() * 1_000.0 * self.buckets as f64 / self.columns as f64
    }

    /// The column of a moment, from the newest (0); `None` where it is out of sight.
    pub(crate) fn back(self, at: DateTime<Utc>) -> Option<usize> {
        let ago = (self.end - at).num_milliseconds();
        let back = ((ago - 1) as f64 / self.column()).floor();
        (back >= 0.0 && back < self.columns as f64).then_some(back as usize)
    }

    /// The middle of a column.
    pub(in crate::app) fn moment(self, back: usize) -> DateTime<Utc> {
        self.end - chrono::Duration::milliseconds(((back as f64 + 0.5) * self.column()) as i64)
    }
}
