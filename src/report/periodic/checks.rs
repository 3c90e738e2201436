//! Availability and latency of checks.

use serde::Serialize;

use super::scope::{ReportScope, When};
use crate::config::sections::check::Check;
use crate::lang::order::InOrder;
use crate::lang::unit;
use crate::model::rollup::{Bucket, StoredSpan};
use crate::model::slo::{SloFigures, SloTally};
use crate::report::markdown::{Align, MarkdownText};
use crate::report::spans::{NowAndBefore, ValueFigures, latency, rounded, span};
use crate::text::name::Name;
use crate::world::slos::past;

/// One check in the period.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CheckFigures {
    pub check: Name,
    pub title: String,
    pub service: Option<Name>,
    /// Up time of the known time outside maintenance, 0 to 1.
    pub availability: NowAndBefore,
    /// Known time of the time outside maintenance, 0 to 1.
    pub coverage: Option<f64>,
    /// Whether so little is known that the availability must be read with care.
    pub thin: bool,
    /// The least and the most that the availability can be, whatever the unknown time was.
    pub bounds: Option<(f64, f64)>,
    /// Down outside maintenance.
    pub down_s: f64,
    /// How often it went down.
    pub outages: usize,
    /// In milliseconds; null where nothing was measured.
    pub latency_ms: Option<ValueFigures>,
    /// The 95th percentile, in milliseconds.
    pub p95_ms: NowAndBefore,
    /// What was known of it.
    #[serde(skip)]
    pub tally: SloTally,
    /// The same in the period before.
    #[serde(skip)]
    pub tally_before: SloTally,
}

impl CheckFigures {
    /// Of what is stored of it.
    pub(crate) fn new(scope: &mut ReportScope<'_>, check: &Check, spans: &[StoredSpan], outages: usize) -> Self {
        let (mut now, mut before) =
            ((Bucket::sum_of_none(), SloTally::default()), (Bucket::sum_of_none(), SloTally::default()));
        for one in spans {
            let Some(when) = scope.when_of(one.begin) else { continue };
            let (sum, tally) = if when == When::Now { &mut now } else { &mut before };
            sum.merge(&one.bucket);
            *tally += past::of_check(&one.bucket, scope.planned(check.service.as_ref(), one.begin, one.minutes));
        }
        now.1.maintenance_ms = scope.maintenance_ms(check.service.as_ref(), When::Now);
        let figures = figures_of(0.5, now.1, scope.length_ms(When::Now));
        let values = ValueFigures::new(&now.0);
        let p95_before = ValueFigures::new(&before.0).and_then(|values| values.p95);
        Self {
            check: check.name.clone(),
            title: scope.title_of(check).to_owned(),
            service: check.service.clone(),
            availability: NowAndBefore { now: now.1.availability(), before: before.1.availability() },
            coverage: figures.coverage(),
            thin: figures.is_thin(),
            bounds: figures.bounds().filter(|_| figures.availability().is_some()),
            down_s: rounded(now.1.bad_ms as f64 / 1e3),
            outages,
            p95_ms: NowAndBefore { now: values.as_ref().and_then(|values| values.p95), before: p95_before },
            latency_ms: values,
            tally: now.1,
            tally_before: before.1,
        }
    }

    /// Whether anything is known of it.
    pub(crate) const fn is_known(&self) -> bool {
        self.availability.now.is_some() || self.latency_ms.is_some()
    }
}

/// The figures of what is known of a period.
pub(super) fn figures_of(objective: f64, tally: SloTally, elapsed_ms: u64) -> SloFigures {
    let window = std::time::Duration::from_millis(elapsed_ms);
    SloFigures { objective, window, tally, elapsed_ms, excluded_ms: 0, spans: Default::default(), in_a_row: 0 }
}

/// `99.98 %`, with what is missing where little is known.
pub(super) fn availability(now: Option<f64>, coverage: Option<f64>, is_thin: bool) -> String {
    let known = coverage.filter(|_| is_thin && now.is_some());
    let known = known.map_or_else(String::new, |known| format!(" ({} % known)", (known * 100.0).floor()));
    format!("{}{known}", unit::availability(now))
}

/// The worst first.
pub(super) fn write(checks: &[CheckFigures], out: &mut MarkdownText) {
    let mut worst: Vec<&CheckFigures> = checks.iter().filter(|check| check.is_known()).collect();
    if worst.is_empty() {
        return;
    }
    let share = |check: &CheckFigures| check.availability.now.unwrap_or(2.0);
    worst.order_by(|one, other| share(one).total_cmp(&share(other)).then(other.down_s.total_cmp(&one.down_s)));
    out.heading(2, "Availability");
    let row = |check: &&CheckFigures| {
        let outages = if check.outages == 0 { unit::NOTHING.to_owned() } else { check.outages.to_string() };
        let down = if check.down_s > 0.0 { span(check.down_s) } else { unit::NOTHING.to_owned() };
        let figure = availability(check.availability.now, check.coverage, check.thin);
        vec![check.title.clone(), figure, check.availability.points(), down, outages]
    };
    out.table(
        &[
            ("Check", Align::Left),
            ("Availability", Align::Right),
            ("Points", Align::Right),
            ("Down", Align::Right),
            ("Outages", Align::Right),
        ],
        &worst.iter().map(row).collect::<Vec<_>>(),
    );
    write_latency(checks, out);
}

/// The slowest first.
fn write_latency(checks: &[CheckFigures], out: &mut MarkdownText) {
    let mut slowest: Vec<_> = checks.iter().filter_map(|check| Some((check, check.latency_ms.as_ref()?))).collect();
    if slowest.is_empty() {
        return;
    }
    let slow = |values: &ValueFigures| values.p95.unwrap_or(values.p50);
    slowest.order_by(|one, other| slow(other.1).total_cmp(&slow(one.1)));
    out.heading(2, "Latency");
    let row = |(check, values): &(&CheckFigures, &ValueFigures)| {
        let figures = [Some(values.p50), values.p95, values.p99, Some(values.max)].map(latency);
        let count = crate::text::count::count(values.count);
        [check.title.clone()].into_iter().chain(figures).chain([check.p95_ms.trend(), count]).collect()
    };
    let right = ["p50", "p95", "p99", "Highest", "p95 trend", "Answers"].map(|name| (name, Align::Right));
    let columns: Vec<_> = [("Check", Align::Left)].into_iter().chain(right).collect();
    out.table(&columns, &slowest.iter().map(row).collect::<Vec<_>>());
}
