//! What metrics showed: averages, percentiles, and the trend against the period before.

use serde::Serialize;

use super::scope::{ReportScope, When};
use crate::config::sections::metric::Metric;
use crate::lang::unit;
use crate::model::rollup::{Bucket, StoredSpan};
use crate::report::markdown::{Align, MarkdownText};
use crate::report::spans::{NowAndBefore, ValueFigures};
use crate::text::name::Name;

/// One metric in the period.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MetricFigures {
    pub metric: Name,
    pub title: String,
    pub service: Option<Name>,
    pub unit: String,
    pub values: ValueFigures,
    /// The average.
    pub mean: NowAndBefore,
}

impl MetricFigures {
    /// `None` where nothing was measured in the period.
    pub(super) fn new(scope: &ReportScope<'_>, metric: &Metric, spans: &[StoredSpan]) -> Option<Self> {
        let (mut now, mut before) = (Bucket::sum_of_none(), Bucket::sum_of_none());
        for one in spans {
            match scope.when_of(one.begin) {
                Some(When::Now) => now.merge(&one.bucket),
                Some(When::Before) => before.merge(&one.bucket),
                None => {}
            }
        }
        let values = ValueFigures::new(&now)?;
        Some(Self {
            metric: metric.name.clone(),
            title: metric.title.clone(),
            service: metric.service.clone(),
            unit: metric.unit.clone(),
            mean: NowAndBefore { now: Some(values.mean), before: ValueFigures::new(&before).map(|values| values.mean) },
            values,
        })
    }
}

pub(super) fn write(metrics: &[MetricFigures], out: &mut MarkdownText) {
    if metrics.is_empty() {
        return;
    }
    out.heading(2, "Metrics");
    let row = |metric: &MetricFigures| {
        let shown = |value: Option<f64>| {
            value.map_or_else(|| unit::NOTHING.to_owned(), |value| unit::quantity(value, &metric.unit))
        };
        let values = &metric.values;
        let figures = [Some(values.mean), Some(values.p50), values.p95, Some(values.max)].map(shown);
        [metric.title.clone()].into_iter().chain(figures).chain([metric.mean.trend()]).collect()
    };
    let right = ["Average", "p50", "p95", "Highest", "Trend"].map(|name| (name, Align::Right));
    let columns: Vec<_> = [("Metric", Align::Left)].into_iter().chain(right).collect();
    out.table(&columns, &metrics.iter().map(row).collect::<Vec<_>>());
}
