//! Stored spans of time added up, and the figures of what was added up.

use std::time::Duration;

use serde::Serialize;

use crate::lang::unit;
use crate::model::rollup::Bucket;
use crate::text::count::count as count_of;

/// With fewer values a percentile is the highest of them, or nearly so.
pub(crate) const ENOUGH_FOR_P95: u64 = 20;
/// The same for the 99th.
const ENOUGH_FOR_P99: u64 = 100;
/// Changes below this share are none.
const STEADY: f64 = 0.01;

/// Values of one series in a span: counted, never averaged from percentiles.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ValueFigures {
    /// Values.
    pub count: u64,
    /// Their average.
    pub mean: f64,
    pub p50: f64,
    /// `None`: too few values for it.
    pub p95: Option<f64>,
    /// `None`: too few values for it.
    pub p99: Option<f64>,
    pub max: f64,
}

impl ValueFigures {
    /// Of what was added up; `None` where nothing was measured.
    pub(crate) fn new(sum: &Bucket) -> Option<Self> {
        let count = sum.count();
        let at = |quantile| sum.percentile(quantile).map(rounded);
        Some(Self {
            count,
            mean: rounded(sum.sum() / count as f64),
            p50: at(0.5)?,
            p95: at(0.95).filter(|_| count >= ENOUGH_FOR_P95),
            p99: at(0.99).filter(|_| count >= ENOUGH_FOR_P99),
            max: rounded(sum.bounds()?.1),
        })
    }
}

/// A figure beside that of the period before.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub(crate) struct NowAndBefore {
    /// `None`: nothing is known.
    pub now: Option<f64>,
    /// The same in the period before.
    pub before: Option<f64>,
}

impl NowAndBefore {
    /// How much it changed as a share of what it was: `↑ 12 %`, `↓ 3 %`, `=`, or nothing where it can't be compared.
    pub(crate) fn trend(self) -> String {
        let (Some(now), Some(before)) = (self.now, self.before) else { return unit::NOTHING.to_owned() };
        if (now - before).abs() <= before.abs() * STEADY {
            return "=".to_owned();
        }
        let arrow = if now > before { '↑' } else { '↓' };
        if before == 0.0 {
            return format!("{arrow} from 0");
        }
        let share = (now - before).abs() / before.abs();
        // Ten times as much is easier to read than 900 % more.
        if share >= 9.995 {
            format!("{arrow} {:.0} ×", share + 1.0)
        } else {
            format!("{arrow} {:.0} %", share * 100.0)
        }
    }

    /// How many points of a per cent a share changed: `↑ 0.03`, `=`.
    pub(crate) fn points(self) -> String {
        let (Some(now), Some(before)) = (self.now, self.before) else { return unit::NOTHING.to_owned() };
        let points = (now - before) * 100.0;
        match format!("{:.2}", points.abs()) {
            none if none == "0.00" => "=".to_owned(),
            some => format!("{} {some}", if points > 0.0 { '↑' } else { '↓' }),
        }
    }
}

/// Counts beside those of the period before, which may be unknown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CountsBefore {
    /// What a period is called.
    pub noun: &'static str,
    /// Whether anything is known of the one before.
    pub is_known: bool,
}

impl CountsBefore {
    /// The heading of the column.
    pub(crate) fn column(self) -> String {
        format!("The {} before", self.noun)
    }

    /// A cell of it.
    pub(crate) fn cell(self, count: impl TryInto<u64>) -> String {
        if self.is_known { count_of(count.try_into().unwrap_or(u64::MAX)) } else { unit::NOTHING.to_owned() }
    }

    /// ` (before: 3)`, or nothing.
    pub(crate) fn beside(self, count: usize) -> String {
        if self.is_known { format!(" (before: {count})") } else { String::new() }
    }
}

/// To six digits: what is stored has no more.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// A latency in milliseconds, as it is shown.
pub(crate) fn latency(ms: Option<f64>) -> String {
    unit::latency_ms(ms.map(|ms| ms.round() as u64))
}

/// A span in seconds, as it is shown.
pub(crate) fn span(seconds: f64) -> String {
    if seconds <= 0.0 {
        return "0s".to_owned();
    }
    unit::span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// How many, the median and the longest of some spans in seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SpanSpread {
    pub count: usize,
    pub median_s: f64,
    pub max_s: f64,
}

impl SpanSpread {
    /// `None` where there are none.
    pub(crate) fn new(mut seconds: Vec<f64>) -> Option<Self> {
        seconds.sort_by(f64::total_cmp);
        let (middle, max) = (seconds.get(seconds.len().saturating_sub(1) / 2)?, seconds.last()?);
        Some(Self { count: seconds.len(), median_s: *middle, max_s: *max })
    }

    /// `median 4m 10s, longest 12m 00s (n 3)`
    pub(crate) fn describe(&self) -> String {
        format!("median {}, longest {} (n {})", span(self.median_s), span(self.max_s), self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(before: f64, now: f64) -> String {
        NowAndBefore { now: Some(now), before: Some(before) }.trend()
    }

    #[test]
    fn a_trend_says_how_much_and_in_which_direction() {
        let cases = [
            (100.0, 112.0, "↑ 12 %"),
            (100.0, 97.0, "↓ 3 %"),
            (100.0, 100.9, "="),
            (0.0, 0.0, "="),
            (0.0, 5.0, "↑ from 0"),
            (10.0, 250.0, "↑ 25 ×"),
            (5.0, 0.0, "↓ 100 %"),
        ];
        for (before, now, expected) in cases {
            assert_eq!(trend(before, now), expected, "{before} {now}");
        }
        assert_eq!(NowAndBefore { now: Some(1.0), before: None }.trend(), "–");
        assert_eq!(NowAndBefore { now: Some(0.9998), before: Some(0.9995) }.points(), "↑ 0.03");
        assert_eq!(NowAndBefore { now: Some(0.9998), before: Some(0.99981) }.points(), "=");
    }

    #[test]
    fn percentiles_are_merged_and_never_averaged() {
        let (mut all, mut many, mut few) = (Bucket::sum_of_none(), Bucket::default(), Bucket::default());
        (0..1_000).for_each(|_| many.measure(0, 10.0));
        (0..10).for_each(|_| few.measure(0, 1_000.0));
        all.merge(&many);
        all.merge(&few);
        let figures = ValueFigures::new(&all).unwrap();
        assert_eq!((figures.count, figures.max), (1_010, 1_000.0));
        let p99 = figures.p99.unwrap();
        assert!((p99 - 10.0).abs() < 10.0 * 0.0625, "the average of both would be 505: {p99}");
        let figures = ValueFigures::new(&few).unwrap();
        assert_eq!((figures.p50, figures.p95), (1_000.0, None), "ten values have no 95th percentile");
        assert_eq!(ValueFigures::new(&Bucket::sum_of_none()), None, "nothing measured is not 0");
    }

    #[test]
    fn a_median_is_one_of_the_values() {
        let spread = SpanSpread::new(vec![720.0, 10.0, 250.0]).unwrap();
        assert_eq!(spread.describe(), "median 4m 10s, longest 12m 00s (n 3)");
        assert_eq!(SpanSpread::new(Vec::new()), None);
    }
}
