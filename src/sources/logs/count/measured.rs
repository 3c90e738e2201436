//! What is taken of records, compiled.

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
    pub(super) what: What,
    /// How long the sliding window is.
    pub(super) window: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Count(Filter),
    Rate(Filter),
    Ratio { part: Filter, of: Filter },
    Percentile { quantile: f64, field: String, unit: String, filter: Filter },
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
    /// What a metric takes; `unit` is the metric's. `None` where a filter does not compile, which a validated
    /// configuration has none of.
    pub(crate) fn new(metric: &LogMetric, unit: &str) -> Option<Self> {
        let compiled = |text: &str| Filter::parse(text).ok();
        let what = match &metric.measure {
            Measure::Count { filter } => What::Count(compiled(filter)?),
            Measure::Rate { filter } => What::Rate(compiled(filter)?),
            Measure::Ratio { filter, of } => What::Ratio { part: compiled(filter)?, of: compiled(of)? },
            Measure::Percentile { quantile, field, filter } => What::Percentile {
                quantile: *quantile,
                field: field.clone(),
                unit: unit.to_owned(),
                filter: compiled(filter)?,
            },
        };
        Some(Self { what, window: metric.window })
    }

    /// Nothing counted yet.
    pub(super) fn tally(&self) -> Tally {
        match self.what {
            What::Percentile { .. } => Tally::Values(Quantiles::new(Grid::new(self.window, VALUES)), 0),
            _ => Tally::Counts(Window::new(Grid::new(self.window, COUNTS))),
        }
    }

    /// What the record adds, beside what it was `seen` as; nothing where it does not matter.
    pub(super) fn find(&self, record: &Record, seen: &mut CountedAs) -> Option<Found> {
        if record.kind == RecordKind::Marker || *seen == CountedAs::DONE {
            return None;
        }
        let matches = |filter: &Filter| filter.is_everything() || filter.matches(record);
        match &self.what {
            What::Count(filter) | What::Rate(filter) => {
                let counts = matches(filter);
                *seen = CountedAs { part: counts, whole: counts };
                counts.then_some(Found::Count([1, 1]))
            }
            What::Ratio { part, of } => {
                let whole = seen.whole || matches(of);
                let found = CountedAs { part: seen.part || (whole && matches(part)), whole };
                let new = |before: bool, now: bool| u64::from(now && !before);
                let pair = [new(seen.part, found.part), new(seen.whole, found.whole)];
                *seen = found;
                (pair != [0; 2]).then_some(Found::Count(pair))
            }
            What::Percentile { field, unit, filter, .. } => {
                if !matches(filter) {
                    return None;
                }
                let text = record.field(field)?;
                *seen = CountedAs::DONE;
                Some(unit::amount_in(&text, unit).map_or(Found::NoMeasure, Found::Value))
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
