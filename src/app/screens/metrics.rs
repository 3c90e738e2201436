//! What the metrics screen remembers, and how its charts lie in time.

pub(crate) mod stored;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::lang::time::Stamp;
use crate::model::rollup::SeriesKey;

use stored::StoredCharts;

/// What the metrics screen remembers.
#[derive(Debug, Clone)]
pub struct MetricsScreen {
    /// Index into [`RANGES`].
    pub range: usize,
    /// Of what the charts are that are shown together; empty shows the one that is selected.
    pub shown: BTreeSet<SeriesKey>,
    /// With which time before the charts are compared.
    pub before: Before,
    /// What is here of the store.
    pub(crate) stored: StoredCharts,
}

impl Default for MetricsScreen {
    fn default() -> Self {
        Self { range: 2, shown: BTreeSet::new(), before: Before::Off, stored: StoredCharts::default() }
    }
}

impl MetricsScreen {
    /// The span that is asked for.
    pub fn span(&self) -> Duration {
        RANGES[self.range.min(RANGES.len() - 1)].0
    }
}

/// A chart that is shifted by less than this part of its span lies on itself: a week has no hour before it.
const LEAST_SHIFT: u32 = 6;

/// The time before with which charts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Before {
    /// None.
    #[default]
    Off,
    /// An hour before.
    Hour,
    /// A day before.
    Day,
    /// A week before.
    Week,
    /// As long before the last release.
    Release,
}

impl Before {
    /// The next one that a chart over `span` can be compared with; after the last release none again.
    #[must_use]
    pub(crate) fn next(self, span: Duration) -> Self {
        let mut next = self.following();
        while next.ago().is_some_and(|ago| ago * LEAST_SHIFT < span) {
            next = next.following();
        }
        next
    }

    const fn following(self) -> Self {
        match self {
            Self::Off => Self::Hour,
            Self::Hour => Self::Day,
            Self::Day => Self::Week,
            Self::Week => Self::Release,
            Self::Release => Self::Off,
        }
    }

    /// How long before, where that is always the same.
    pub(crate) const fn ago(self) -> Option<Duration> {
        match self {
            Self::Off | Self::Release => None,
            Self::Hour => Some(Duration::from_hours(1)),
            Self::Day => Some(Duration::from_hours(24)),
            Self::Week => Some(Duration::from_hours(7 * 24)),
        }
    }

    /// In words; nothing where nothing is compared.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Off => "",
            Self::Hour => "an hour ago",
            Self::Day => "a day ago",
            Self::Week => "a week ago",
            Self::Release => "before the last release",
        }
    }
}

/// The spans to which charts are fitted while there is less than was asked for. Few, so that a scale stays for a while.
const FITTED: [(Duration, &str); 23] = [
    (Duration::from_mins(5), "5m"),
    (Duration::from_mins(10), "10m"),
    (Duration::from_mins(15), "15m"),
    (Duration::from_mins(20), "20m"),
    (Duration::from_mins(30), "30m"),
    (Duration::from_mins(45), "45m"),
    (Duration::from_hours(1), "1h"),
    (Duration::from_hours(2), "2h"),
    (Duration::from_hours(3), "3h"),
    (Duration::from_hours(4), "4h"),
    (Duration::from_hours(6), "6h"),
    (Duration::from_hours(8), "8h"),
    (Duration::from_hours(12), "12h"),
    (Duration::from_hours(24), "1d"),
    (Duration::from_hours(2 * 24), "2d"),
    (Duration::from_hours(4 * 24), "4d"),
    (Duration::from_hours(7 * 24), "7d"),
    (Duration::from_hours(14 * 24), "14d"),
    (Duration::from_hours(30 * 24), "30d"),
    (Duration::from_hours(60 * 24), "60d"),
    (Duration::from_hours(90 * 24), "90d"),
    (Duration::from_hours(180 * 24), "180d"),
    (Duration::from_hours(400 * 24), "400d"),
];

/// The span to show where `asked` is asked for and values go back as far as `known`: no longer than what there is needs, so
/// that five minutes are not squeezed into the corner of an hour. With its word.
pub(crate) fn fitted(asked: Duration, known: Duration) -> (Duration, &'static str) {
    let [.., longest] = FITTED;
    FITTED.into_iter().find(|(span, _)| *span >= known.min(asked)).unwrap_or(longest)
}

/// The spans that can be shown, shortest first.
pub const RANGES: [(Duration, &str); 9] = [
    (Duration::from_mins(5), "5m"),
    (Duration::from_mins(15), "15m"),
    (Duration::from_hours(1), "1h"),
    (Duration::from_hours(6), "6h"),
    (Duration::from_hours(24), "1d"),
    (Duration::from_hours(7 * 24), "7d"),
    (Duration::from_hours(30 * 24), "30d"),
    (Duration::from_hours(90 * 24), "90d"),
    (Duration::from_hours(400 * 24), "400d"),
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

    /// The first moment that is shown, and the one at which the newest column ends.
    pub(crate) fn bounds(self) -> (DateTime<Utc>, DateTime<Utc>) {
        let span = self.bucket.as_millis() as i64 * i64::try_from(self.buckets).unwrap_or(0);
        (self.end - chrono::Duration::milliseconds(span), self.end)
    }

    /// The moments whose values stand in a column, from the newest (0): from the first on, before the second.
    pub(crate) fn moments(self, back: usize) -> (DateTime<Utc>, DateTime<Utc>) {
        let at = |back: usize| self.end - chrono::Duration::milliseconds((back as f64 * self.column()) as i64);
        (at(back + 1), at(back))
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
    pub(crate) fn moment(self, back: usize) -> DateTime<Utc> {
        self.end - chrono::Duration::milliseconds(((back as f64 + 0.5) * self.column()) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_as_far_back_as_it_says() {
        let all = std::iter::successors(Some(Before::Off.following()), |before| Some(before.following()));
        let compared = all.take_while(|before| *before != Before::Off).map(|before| (before.ago(), before.words()));
        let hours = |hours| Some(Duration::from_hours(hours));
        let expected = [(hours(1), "an hour ago"), (hours(24), "a day ago"), (hours(168), "a week ago")];
        assert_eq!(compared.collect::<Vec<_>>(), [&expected[..], &[(None, "before the last release")]].concat());
    }

    #[test]
    fn what_is_compared_with_fits_the_range() {
        let offered = |hours| {
            let next = |before: &Before| Some(before.next(Duration::from_hours(hours)));
            let all = std::iter::successors(next(&Before::Off), next);
            all.take_while(|before| *before != Before::Off).collect::<Vec<_>>()
        };
        let all = [Before::Hour, Before::Day, Before::Week, Before::Release];
        for (hours, from) in [(1, 0), (6, 0), (24, 1), (7 * 24, 2), (30 * 24, 2), (90 * 24, 3), (400 * 24, 3)] {
            assert_eq!(offered(hours), all[from..], "{hours} h");
        }
        assert_eq!(Before::Hour.next(Duration::from_hours(7 * 24)), Before::Week, "the range was changed meanwhile");
    }

    #[test]
    fn a_range_is_no_longer_than_what_there_is_and_no_longer_than_asked() {
        let hours = Duration::from_hours;
        let cases = [
            (hours(1), Duration::ZERO, "5m"),
            (hours(1), Duration::from_mins(5), "5m"),
            (hours(1), Duration::from_mins(11), "15m"),
            (hours(1), hours(9), "1h"),
            (hours(12), hours(5), "6h"),
            (hours(720), hours(9_000), "30d"),
            (hours(9_600), hours(900), "60d"),
            (hours(9_600), hours(20_000), "400d"),
            (Duration::from_mins(5), hours(9), "5m"),
        ];
        for (asked, known, word) in cases {
            assert_eq!(fitted(asked, known).1, word, "{asked:?} {known:?}");
        }
        assert!(RANGES.iter().all(|range| FITTED.contains(range)), "each that can be asked for can be shown");
    }

    #[test]
    fn a_moment_stands_in_the_column_that_holds_it() {
        let utc: DateTime<Utc> = "2026-11-21T02:42:07Z".parse().unwrap();
        let now = Stamp { mono: Duration::from_millis(utc.timestamp_millis().cast_unsigned()), utc };
        let axis = Axis::new(90, Duration::from_mins(15), Duration::from_secs(5), now);
        assert_eq!(axis.bounds().1, "2026-11-21T02:42:10Z".parse::<DateTime<Utc>>().unwrap());
        for back in [0, 7, 89] {
            let (from, to) = axis.moments(back);
            assert_eq!((axis.back(from), axis.back(axis.moment(back))), (Some(back), Some(back)));
            assert_eq!(axis.back(to), back.checked_sub(1));
        }
    }
}
