//! Capacity: what grows steadily, when it meets its limit, and how long processors and memory were busy.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::scope::{ReportScope, When};
use crate::config::sections::metric::{Metric, MetricKind};
use crate::lang::condition::{Comparison, Predicate};
use crate::lang::unit;
use crate::model::rollup::StoredSpan;
use crate::report::markdown::{Align, MarkdownText};
use crate::report::spans::rounded;
use crate::text::name::Name;

/// Days by which growth is measured: those before the end of the period.
pub(crate) const DAYS_BACK: i64 = 30;
/// With fewer days nothing is said.
const LEAST_DAYS: usize = 7;
/// Growth is steady where a later day is higher than an earlier one in so many cases.
const STEADY: f64 = 0.8;
/// Room was made where a value falls by more than so many times what a day changes it, and stays so for some days.
const CLEARED: f64 = 3.0;
const AROUND: usize = 3;
/// A limit that is farther away than this is not foreseen.
const FARTHEST_DAYS: f64 = 366.0;
/// Growth of a month below this share of the limit is not reported.
const LEAST_GROWTH: f64 = 0.01;
/// Above these a machine is busy, in per cent.
const BUSY: [f64; 2] = [70.0, 80.0];
const DAY_S: f64 = 86_400.0;
/// Words in the name of a metric about processors or memory.
const ABOUT_LOAD: [&str; 5] = ["cpu", "mem", "memory", "ram", "processor"];

/// A metric that grows towards a limit.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CapacityOutlook {
    pub metric: Name,
    pub title: String,
    pub unit: String,
    /// Where it is at the end of the period, by its trend.
    pub current: f64,
    /// In thirty days, by the days before the end of the period.
    pub growth_per_month: f64,
    /// The threshold of its worst alert, else 100 for a percentage.
    pub limit: f64,
    /// The day on which it meets the limit if it goes on so, or up to which it is known to have met it; null where that is more
    /// than a year away.
    pub met_on: Option<NaiveDate>,
    /// Days that are known.
    pub days: usize,
}

/// How long processors or memory were busy.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SustainedLoad {
    pub metric: Name,
    pub title: String,
    /// Hours whose average was above 70 %.
    pub hours_over_70: f64,
    /// Hours whose average was above 80 %.
    pub hours_over_80: f64,
    /// The most hours in a row above 70 %.
    pub longest_over_70_h: f64,
}

/// The limit that a metric must not exceed; `None` where none is configured or where less is worse.
fn limit(metric: &Metric) -> Option<f64> {
    let thresholds = metric.alerts.iter().filter_map(|(_, condition)| match &condition.predicate {
        Predicate::Number { comparison, threshold, .. } => Some((*comparison, *threshold)),
        _ => None,
    });
    let thresholds: Vec<_> = thresholds.collect();
    let is_upper = |comparison| matches!(comparison, Comparison::Above | Comparison::AtLeast);
    let is_gauge = matches!(metric.kind, MetricKind::Value { .. } | MetricKind::Sample { .. }) && !metric.per_second;
    if !is_gauge || thresholds.iter().any(|(comparison, _)| !is_upper(*comparison)) {
        return None;
    }
    // Worst severity first.
    thresholds.first().map(|(_, threshold)| *threshold).or((metric.unit == "%").then_some(100.0))
}

impl CapacityOutlook {
    /// `None` where it does not grow steadily, or has no limit.
    pub(super) fn new(scope: &ReportScope<'_>, metric: &Metric, spans: &[StoredSpan]) -> Option<Self> {
        let limit = limit(metric).filter(|limit| *limit > 0.0)?;
        let Known { days, upto } = known(scope, spans);
        let days = since_cleared(&days);
        let (daily, last) = trend(days)?;
        let growth = daily * DAYS_BACK as f64;
        if growth < limit * LEAST_GROWTH {
            return None;
        }
        // A day's average stands for its middle: the last one goes on growing to where it ends. What is known may end long
        // before the period does.
        let current = last + daily * (upto - days.last()?.0);
        let left = ((limit - current) / daily).max(0.0);
        let met_at = (left <= FARTHEST_DAYS).then(|| scope.until() + seconds_of(upto + left));
        Some(Self {
            metric: metric.name.clone(),
            title: metric.title.clone(),
            unit: metric.unit.clone(),
            current: rounded(current),
            growth_per_month: rounded(growth),
            limit,
            met_on: met_at.map(|at| at.with_timezone(&scope.period.zone()).date_naive()),
            days: days.len(),
        })
    }

    /// Whether it is at its limit already.
    pub(super) fn is_met(&self) -> bool {
        self.current >= self.limit
    }

    /// Days from the end of the period to the limit.
    pub(super) fn days_left(&self, until: NaiveDate) -> Option<i64> {
        self.met_on.map(|day| (day - until).num_days())
    }
}

/// What is known of the days before the end of the period.
struct Known {
    /// Their averages, each with the middle of what was measured, in days to the end: before it, so none is above zero.
    days: Vec<(f64, f64)>,
    /// Where the last thing that was measured ends.
    upto: f64,
}

/// A day while it is added up.
struct KnownDay {
    day: NaiveDate,
    sum: f64,
    count: u64,
    /// The middle of each span, by how much was measured in it.
    middles: f64,
}

fn known(scope: &ReportScope<'_>, spans: &[StoredSpan]) -> Known {
    let (zone, until) = (scope.period.zone(), scope.until());
    let mut days: Vec<KnownDay> = Vec::new();
    let mut upto = f64::NEG_INFINITY;
    for one in spans {
        let at: DateTime<Utc> = DateTime::from_timestamp(i64::from(one.begin) * 60, 0).unwrap_or_default();
        let count = one.bucket.count();
        if at >= until || (until - at).num_days() >= DAYS_BACK || count == 0 {
            continue;
        }
        let (begin, length) = ((at - until).num_seconds() as f64 / DAY_S, f64::from(one.minutes) * 60.0 / DAY_S);
        upto = upto.max((begin + length).min(0.0));
        let day = at.with_timezone(&zone).date_naive();
        if days.last().is_none_or(|last| last.day != day) {
            days.push(KnownDay { day, sum: 0.0, count: 0, middles: 0.0 });
        }
        if let Some(last) = days.last_mut() {
            last.sum += one.bucket.sum();
            last.count += count;
            last.middles += (begin + length / 2.0) * count as f64;
        }
    }
    let average = |day: KnownDay| (day.middles / day.count as f64, day.sum / day.count as f64);
    Known { days: days.into_iter().map(average).collect(), upto }
}

fn seconds_of(days: f64) -> TimeDelta {
    TimeDelta::seconds((days * DAY_S) as i64)
}

/// The days since somebody made room: what was before says nothing of what comes. A day from which on all is lower than before,
/// by more than several days change it, begins anew; a single day that is out of line does not.
fn since_cleared(days: &[(f64, f64)]) -> &[(f64, f64)] {
    let changes = days.windows(2).map(|pair| (pair[1].1 - pair[0].1).abs());
    let usual = median(changes.collect());
    let is_cleared = |at: &usize| {
        let before = days[at.saturating_sub(AROUND)..*at].iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min);
        let after = days[*at..].iter().take(AROUND).map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
        before - after > CLEARED * usual
    };
    let from = (1..days.len()).rev().find(is_cleared).unwrap_or(0);
    &days[from..]
}

/// The change of a day and the value on the last day, by the median of all pairs, which single days do not move; `None`
/// where it does not grow steadily.
fn trend(days: &[(f64, f64)]) -> Option<(f64, f64)> {
    if days.len() < LEAST_DAYS {
        return None;
    }
    let pairs = days.iter().enumerate().flat_map(|(at, one)| days[at + 1..].iter().map(move |later| (one, later)));
    let slopes: Vec<f64> = pairs.map(|(one, later)| (later.1 - one.1) / (later.0 - one.0)).collect();
    let growing = slopes.iter().filter(|slope| **slope > 0.0).count();
    if (growing as f64) < slopes.len() as f64 * STEADY {
        return None;
    }
    let slope = median(slopes);
    let last = days.last()?.0;
    let level = median(days.iter().map(|(day, value)| value + slope * (last - day)).collect());
    Some((slope, level))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

impl SustainedLoad {
    /// `None` where it is not about processors or memory, or was never busy.
    pub(super) fn new(scope: &ReportScope<'_>, metric: &Metric, spans: &[StoredSpan]) -> Option<Self> {
        if metric.unit != "%" || limit(metric).is_none() || !is_about_load(metric) {
            return None;
        }
        let (mut over, mut run, mut longest, mut upto) = ([0.0; 2], 0.0, 0.0_f64, 0);
        for one in spans.iter().filter(|one| scope.when_of(one.begin) == Some(When::Now) && one.bucket.count() > 0) {
            let mean = one.bucket.sum() / one.bucket.count() as f64;
            let hours = f64::from(one.minutes) / 60.0;
            for (sum, busy) in over.iter_mut().zip(BUSY) {
                *sum += if mean > busy { hours } else { 0.0 };
            }
            run = if mean <= BUSY[0] {
                0.0
            } else if upto == one.begin {
                run + hours
            } else {
                hours
            };
            longest = longest.max(run);
            upto = one.begin + one.minutes;
        }
        let [hours_over_70, hours_over_80] = over.map(rounded);
        (hours_over_70 > 0.0).then(|| Self {
            metric: metric.name.clone(),
            title: metric.title.clone(),
            hours_over_70,
            hours_over_80,
            longest_over_70_h: rounded(longest),
        })
    }
}

fn is_about_load(metric: &Metric) -> bool {
    let words = |text: &str| {
        let text = text.to_lowercase();
        text.split(|c: char| !c.is_alphanumeric()).any(|word| ABOUT_LOAD.contains(&word))
    };
    words(&metric.name) || words(&metric.title)
}

pub(super) fn write(outlook: &[CapacityOutlook], loads: &[SustainedLoad], out: &mut MarkdownText) {
    if outlook.is_empty() && loads.is_empty() {
        return;
    }
    out.heading(2, "Capacity");
    if !outlook.is_empty() {
        let row = |one: &CapacityOutlook| {
            let shown = |value| unit::quantity(value, &one.unit);
            let met = match one.met_on {
                _ if one.is_met() => "met".to_owned(),
                Some(day) => day.to_string(),
                None => "more than a year".to_owned(),
            };
            vec![one.title.clone(), shown(one.current), shown(one.growth_per_month), shown(one.limit), met]
        };
        let right = ["At the end", "Growth a month", "Limit", "Limit met"].map(|name| (name, Align::Right));
        let columns: Vec<_> = [("Metric", Align::Left)].into_iter().chain(right).collect();
        out.table(&columns, &outlook.iter().map(row).collect::<Vec<_>>());
    }
    if !loads.is_empty() {
        let row = |one: &SustainedLoad| {
            let figures = [one.hours_over_70, one.hours_over_80, one.longest_over_70_h];
            let figures = figures.map(|hours| unit::quantity(hours, "h"));
            [one.title.clone()].into_iter().chain(figures).collect()
        };
        let right = ["Over 70 %", "Over 80 %", "Longest over 70 %"].map(|name| (name, Align::Right));
        let columns: Vec<_> = [("Sustained load", Align::Left)].into_iter().chain(right).collect();
        out.table(&columns, &loads.iter().map(row).collect::<Vec<_>>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(value: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (0..30).map(|day| (f64::from(day) - 30.0, value(f64::from(day)))).collect()
    }

    #[test]
    fn steady_growth_is_foreseen_and_noise_is_not() {
        let (slope, last) = trend(&days(|day| 50.0 + day)).unwrap();
        assert!((slope - 1.0).abs() < 1e-9 && (last - 79.0).abs() < 1e-9);
        // A single day that is out of line moves nothing.
        let (slope, _) = trend(&days(|day| if (19.5..20.5).contains(&day) { 5_000.0 } else { 50.0 + day })).unwrap();
        assert!((slope - 1.0).abs() < 0.01, "{slope}");
        assert_eq!(trend(&days(|day| 10.0 + day % 2.0)), None);
        assert_eq!(trend(&days(|day| 80.0 - day)), None, "what shrinks has no limit to meet");
        assert_eq!(trend(&days(|day| day)[..LEAST_DAYS - 1]), None);
    }

    #[test]
    fn growth_is_that_of_the_days_since_room_was_made() {
        let cleared = days(|day| if day < 16.0 { 70.0 + 0.85 * day } else { 50.0 + 1.1 * day });
        let since = since_cleared(&cleared);
        assert_eq!((since.len(), since[0].0), (14, -14.0));
        let (slope, last) = trend(since).unwrap();
        assert!((slope - 1.1).abs() < 1e-9 && (last - cleared[29].1).abs() < 1e-9, "{slope} {last}");
        for steady in [days(|day| 50.0 + day), days(|day| 80.0 - day), days(|day| 50.0 + day % 2.0), days(|_| 5.0)] {
            assert_eq!(since_cleared(&steady).len(), 30);
        }
        let out_of_line = days(|day| if (19.5..20.5).contains(&day) { 5_000.0 } else { 50.0 + day });
        assert_eq!(since_cleared(&out_of_line).len(), 30);
        // So lately that nothing can be said yet.
        let lately = days(|day| if day < 27.0 { 50.0 + day } else { 20.0 + day });
        assert_eq!(trend(since_cleared(&lately)), None);
        assert!(since_cleared(&[]).is_empty());
    }
}
