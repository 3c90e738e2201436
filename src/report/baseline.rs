//! Baselines: the figures of a span of time, and how those of another compare.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::markdown::{Align, MarkdownText};
use super::spans::{NowAndBefore, ValueFigures, latency, rounded};
use crate::config::Config;
use crate::config::sections::metric::Metric;
use crate::config::titles::titles_of_checks;
use crate::lang::unit;
use crate::model::baseline::{BaselineRecord, BaselineSaved, SeriesBaseline};
use crate::model::rollup::{Bucket, SeriesKey, StoredSpan};
use crate::model::slo::SloTally;
use crate::text::name::Name;
use crate::world::maintenance::StoredTime;
use crate::world::slos::past;

/// A check whose 95th percentile is that many times what it was is slower.
const SLOWER: f64 = 1.2;
/// Below so many milliseconds more, it is not worth a word.
const LEAST_MS: f64 = 5.0;

/// The figures of a series in some spans; `None` where nothing was measured.
pub(crate) fn figures(series: &SeriesKey, spans: &[StoredSpan]) -> Option<SeriesBaseline> {
    let mut sum = Bucket::sum_of_none();
    let mut tally = SloTally::default();
    for span in spans {
        sum.merge(&span.bucket);
        tally += past::of_check(&span.bucket, StoredTime::new(&[], span.begin, span.minutes));
    }
    let values = ValueFigures::new(&sum)?;
    Some(SeriesBaseline {
        series: series.to_string(),
        count: values.count,
        mean: values.mean,
        p50: values.p50,
        p95: values.p95,
        max: values.max,
        availability: tally.availability().map(rounded),
    })
}

/// A baseline beside the figures of now.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AgainstBaseline {
    pub name: Name,
    pub saved_by: String,
    pub saved_at: DateTime<Utc>,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// What both know, in the order of the configuration.
    pub series: Vec<BaselineShift>,
}

/// One series beside its baseline.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BaselineShift {
    pub series: String,
    pub title: String,
    /// Milliseconds for checks.
    pub unit: String,
    pub mean: NowAndBefore,
    pub p50: NowAndBefore,
    pub p95: NowAndBefore,
    /// Whether it is a check and answers notably slower.
    pub slower: bool,
}

impl AgainstBaseline {
    /// The figures of now beside those of a baseline.
    pub(crate) fn new(config: &Config, record: &BaselineRecord, now: &[SeriesBaseline]) -> Self {
        let BaselineSaved { name, from, until, figures } = &record.saved;
        let before: BTreeMap<&str, &SeriesBaseline> = figures.iter().map(|one| (one.series.as_str(), one)).collect();
        let known = Known {
            titles: titles_of_checks(config),
            metrics: config.metrics.iter().map(|metric| (&*metric.name, metric)).collect(),
        };
        let shift = |now: &SeriesBaseline| Some(BaselineShift::new(&known, before.get(now.series.as_str())?, now));
        Self {
            name: name.clone(),
            saved_by: record.by.to_string(),
            saved_at: record.at,
            from: *from,
            until: *until,
            series: now.iter().filter_map(shift).collect(),
        }
    }

    /// How many checks are slower.
    pub(crate) fn worse(&self) -> usize {
        self.series.iter().filter(|one| one.slower).count()
    }

    /// As a section of a report.
    pub(super) fn write(&self, out: &mut MarkdownText) {
        if self.series.is_empty() {
            return;
        }
        out.heading(2, &format!("Against baseline {}", self.name));
        let of = format!("{} to {}", self.from.format("%Y-%m-%d"), self.until.format("%Y-%m-%d"));
        out.paragraph("", &format!("Figures of {of}, saved by {}.", self.saved_by));
        let right = ["Average then", "now", "p95 then", "now ", "p95 change"].map(|name| (name, Align::Right));
        let columns: Vec<_> = [("Series", Align::Left)].into_iter().chain(right).chain([("", Align::Left)]).collect();
        out.table(&columns, &self.series.iter().map(BaselineShift::row).collect::<Vec<_>>());
    }

    /// As a document of its own.
    pub(crate) fn markdown(&self) -> String {
        let mut out = MarkdownText::default();
        self.write(&mut out);
        out.finish()
    }
}

/// What series are called.
struct Known<'a> {
    titles: HashMap<&'a str, &'a str>,
    metrics: HashMap<&'a str, &'a Metric>,
}

impl BaselineShift {
    fn new(known: &Known<'_>, before: &SeriesBaseline, now: &SeriesBaseline) -> Self {
        let compared = |of: fn(&SeriesBaseline) -> Option<f64>| NowAndBefore { now: of(now), before: of(before) };
        let p95 = compared(|one| one.p95);
        let (title, unit, is_check) = match SeriesKey::parse(&now.series) {
            Some(SeriesKey::Check(name)) => {
                let title = known.titles.get(&*name).copied().unwrap_or(&name);
                (title.to_owned(), "ms".to_owned(), true)
            }
            Some(SeriesKey::Metric(name)) => {
                let metric = known.metrics.get(&*name);
                let title = metric.map_or_else(|| name.to_string(), |metric| metric.title.clone());
                (title, metric.map_or_else(String::new, |metric| metric.unit.clone()), false)
            }
            None => (now.series.clone(), String::new(), false),
        };
        let is_slower = |now: f64, before: f64| now > before * SLOWER && now - before >= LEAST_MS;
        let slower = is_check && p95.now.zip(p95.before).is_some_and(|(now, before)| is_slower(now, before));
        let (mean, p50) = (compared(|one| Some(one.mean)), compared(|one| Some(one.p50)));
        Self { series: now.series.clone(), title, unit, mean, p50, p95, slower }
    }

    fn row(&self) -> Vec<String> {
        let shown = |value: Option<f64>| match value {
            Some(_) if self.unit == "ms" => latency(value),
            Some(value) => unit::quantity(value, &self.unit),
            None => unit::NOTHING.to_owned(),
        };
        let figures = [self.mean.before, self.mean.now, self.p95.before, self.p95.now].map(shown);
        let slower = if self.slower { "slower" } else { "" };
        let last = [self.p95.trend(), slower.to_owned()];
        [self.title.clone()].into_iter().chain(figures).chain(last).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::status::Status;
    use crate::text::SafeText;

    fn spans(ms: f64) -> Vec<StoredSpan> {
        let mut bucket = Bucket::sum_of_none();
        (0..60).for_each(|_| bucket.measure(0, ms));
        bucket.stand(Status::Ok, 3_600_000, false);
        vec![StoredSpan { begin: 0, minutes: 60, bucket }]
    }

    fn shift(before: f64, now: f64) -> AgainstBaseline {
        let series = SeriesKey::Check("api".into());
        let at = DateTime::UNIX_EPOCH;
        let figures_before = vec![figures(&series, &spans(before)).unwrap()];
        let saved = BaselineSaved { name: "v1".into(), from: at, until: at, figures: figures_before };
        let record = BaselineRecord { by: SafeText::new("ana"), at, saved };
        let now =
            [figures(&series, &spans(now)).unwrap(), figures(&SeriesKey::Check("new".into()), &spans(1.0)).unwrap()];
        AgainstBaseline::new(&Config::default(), &record, &now)
    }

    #[test]
    fn a_fifth_more_is_slower_and_a_few_milliseconds_are_not() {
        for (before, now, slower) in [(100.0, 130.0, 1), (100.0, 115.0, 0), (10.0, 13.0, 0), (100.0, 50.0, 0)] {
            let against = shift(before, now);
            assert_eq!(against.worse(), slower, "{before} {now}");
            assert_eq!(against.series.len(), 1, "what the baseline does not know is left out");
        }
        assert!(shift(100.0, 130.0).markdown().contains("slower"));
    }

    #[test]
    fn the_figures_of_nothing_are_none() {
        assert_eq!(figures(&SeriesKey::Check("api".into()), &[]), None);
    }
}
