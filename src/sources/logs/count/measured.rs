//! What is taken of records.

use std::time::Duration;

use super::quantiles::Quantiles;
use super::tally::Tally;
use super::window::{Grid, Window};
use crate::config::sections::metric::{LogMetric, Measure};
use crate::lang::unit;
use crate::logs::filter::Filter;
use crate::logs::record::{Record, RecordKind};

/// Buckets of a window of counts; one of 24 hours is counted by the minute.
const COUNTS: u64 = 1440;
/// Buckets of a window of values.
const VALUES: u64 = 60;

/// What is taken of the records of a log. Two that are equal count the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    pub(super) measure: Measure,
    /// What the values of a percentile are converted into.
    pub(super) unit: String,
    /// How long the sliding window is.
    pub(super) window: Duration,
}

/// What a record has been counted as already: one that goes on must not count twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CountedAs {
    part: bool,
    whole: bool,
}

impl CountedAs {
    /// It is not to be counted any more.
    pub(crate) const DONE: Self = Self { part: true, whole: true };
}

impl Measured {
    /// What a metric takes; `unit` is the metric's.
    pub(crate) fn new(metric: &LogMetric, unit: &str) -> Self {
        let measures = matches!(metric.measure, Measure::Percentile { .. });
        // What is counted stays the same count under another unit.
        let unit = if measures { unit } else { "" };
        Self { measure: metric.measure.clone(), unit: unit.to_owned(), window: metric.window }
    }

    /// Nothing counted yet.
    pub(super) fn tally(&self) -> Tally {
        match self.measure {
            Measure::Percentile { .. } => Tally::Values(Quantiles::new(Grid::new(self.window, VALUES)), 0),
            _ => Tally::Counts(Window::new(Grid::new(self.window, COUNTS))),
        }
    }

    /// What the record adds, beside what it was `seen` as; nothing where it does not matter.
    pub(super) fn find(&self, record: &Record, seen: &mut CountedAs) -> Option<Found> {
        if record.kind == RecordKind::Marker || *seen == CountedAs::DONE {
            return None;
        }
        let matches = |filter: &Filter| filter.is_everything() || filter.matches(record);
        match &self.measure {
            Measure::Count { filter } | Measure::Rate { filter } => {
                let counts = matches(filter);
                *seen = CountedAs { part: counts, whole: counts };
                counts.then_some(Found::Count([1, 1]))
            }
            Measure::Ratio { filter: part, of } => {
                let whole = seen.whole || matches(of);
                let found = CountedAs { part: seen.part || (whole && matches(part)), whole };
                let new = |before: bool, now: bool| u64::from(now && !before);
                let pair = [new(seen.part, found.part), new(seen.whole, found.whole)];
                *seen = found;
                (pair != [0; 2]).then_some(Found::Count(pair))
            }
            Measure::Percentile { field, filter, .. } => {
                if !matches(filter) {
                    return None;
                }
                let text = record.field(field)?;
                *seen = CountedAs::DONE;
                Some(unit::amount_in(&text, &self.unit).map_or(Found::NoMeasure, Found::Value))
            }
        }
    }
}

/// What a record adds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Found {
    /// To what matches, and to the whole.
    Count([u64; 2]),
    Value(f64),
    /// The field is there and no number of the metric's unit.
    NoMeasure,
}
