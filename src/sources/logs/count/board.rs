//! The numbers themselves: each metric over its logs, said when it changes and now and then.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::measured::Measured;
use super::part::{CountReach, LogCounter};
use super::quantiles::Merged;
use crate::config::Config;
use crate::config::sections::metric::{Measure, MetricKind};
use crate::lang::time::{Stamp, rfc3339};
use crate::lang::unit;
use crate::model::observation::Observation;
use crate::model::reading::{Caveat, Sample};
use crate::text::SafeText;
use crate::text::name::Name;

/// A changed number is said at most this often.
const LEAST: Duration = Duration::from_secs(2);

/// Every metric over logs. Clones of its counters count for it.
#[derive(Debug, Default)]
pub(crate) struct Board {
    gauges: Vec<Gauge>,
}

/// One metric.
#[derive(Debug)]
struct Gauge {
    metric: Name,
    measured: Arc<Measured>,
    parts: Vec<(Name, LogCounter)>,
    every: Duration,
    said: Option<(Duration, Computed)>,
}

/// A number with what it leaves out, or why there is none.
type Computed = Result<(f64, Option<Caveat>), SafeText>;

impl Board {
    /// The metrics of a configuration, with nothing counted.
    pub(crate) fn new(config: &Config) -> Self {
        Self::keeping(config, |_, _| None)
    }

    /// The metrics of a configuration; `held` gives the counter of a log that has counted the same before, where
    /// there is one.
    pub(crate) fn keeping(config: &Config, mut held: impl FnMut(&str, &Measured) -> Option<LogCounter>) -> Self {
        let mut gauges = Vec::new();
        for metric in &config.metrics {
            let MetricKind::Log(of) = &metric.kind else { continue };
            let measured = Arc::new(Measured::new(of, &metric.unit));
            let logs = config.logs.iter().filter(|log| of.logs.includes(&log.name));
            let mut counter =
                |log: &str| held(log, &measured).unwrap_or_else(|| LogCounter::new(Arc::clone(&measured)));
            let parts = logs.map(|log| (log.name.clone(), counter(&log.name))).collect();
            gauges.push(Gauge { metric: metric.name.clone(), measured, parts, every: metric.every, said: None });
        }
        Self { gauges }
    }

    /// Whether there is nothing to say, ever.
    pub(crate) fn is_empty(&self) -> bool {
        self.gauges.is_empty()
    }

    /// The counters of the log `log`.
    pub(crate) fn counters(&self, log: &str) -> Vec<LogCounter> {
        self.parts().filter(|(name, _)| &**name == log).map(|(_, counter)| counter.clone()).collect()
    }

    /// Every counter with its log.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &(Name, LogCounter)> {
        self.gauges.iter().flat_map(|gauge| &gauge.parts)
    }

    /// The samples that are due: of what has changed, and of everything each `every`.
    pub(crate) fn due(&mut self, now: Stamp) -> Vec<Observation> {
        self.gauges.iter_mut().filter_map(|gauge| gauge.due(now)).map(Observation::Sample).collect()
    }
}

impl Gauge {
    fn due(&mut self, now: Stamp) -> Option<Sample> {
        let computed = self.compute(now.utc)?;
        if let Some((at, said)) = &self.said {
            let elapsed = now.mono.saturating_sub(*at);
            let found_at_last = said.is_err() && computed.is_ok();
            let due = if *said == computed { elapsed >= self.every } else { elapsed >= LEAST || found_at_last };
            if !due {
                return None;
            }
        }
        self.said = Some((now.mono, computed.clone()));
        let (value, caveat) = match computed {
            Ok((value, caveat)) => (Ok(value), caveat),
            Err(why) => (Err(why), None),
        };
        Some(Sample { metric: self.metric.clone(), at: now, value, caveat })
    }

    /// The number as it is now; `None` while nobody counts.
    fn compute(&self, now: DateTime<Utc>) -> Option<Computed> {
        let mut lacks = Lacks::new(&self.measured, now);
        let mut merged = matches!(self.measured.measure, Measure::Percentile { .. }).then(Merged::new);
        let (mut counts, mut strange) = ([0_u64; 2], 0);
        for (log, counter) in &self.parts {
            let mut part = counter.lock();
            match (&part.reach, &part.trouble) {
                (CountReach::Unknown, None) => return None,
                (CountReach::Unknown, Some(why)) => lacks.log(log, why),
                (CountReach::Counting, _) => lacks.counting(part.progress),
                (CountReach::Since(from), _) => lacks.before(*from),
                (CountReach::Whole, _) => {}
            }
            if let Some((at, what)) = &part.lost {
                lacks.lost(*at, what);
            }
            let [part_count, whole_count] = part.tally.counts(now);
            counts = [counts[0] + part_count, counts[1] + whole_count];
            if let Some(merged) = &mut merged {
                strange += part.tally.pour(now, merged);
            }
        }
        if let Some(why) = lacks.reason(self.parts.len()) {
            return Some(Err(why));
        }
        let seconds = lacks.covered().as_secs_f64().max(1.0);
        let Measured { measure, unit, window } = &*self.measured;
        let window = unit::duration(*window);
        let value = match measure {
            Measure::Count { .. } => Ok(counts[0] as f64),
            Measure::Rate { .. } => Ok(counts[0] as f64 / seconds),
            Measure::Ratio { .. } if counts[1] == 0 => Err(format!("no records in the last {window}")),
            Measure::Ratio { .. } => Ok(counts[0] as f64 / counts[1] as f64 * 100.0),
            Measure::Percentile { quantile, field, .. } => {
                merged.as_ref().and_then(|merged| merged.quantile(*quantile)).ok_or_else(|| match strange {
                    0 => format!("no record with `{field}` in the last {window}"),
                    _ if unit.is_empty() => {
                        format!("`{field}` is not a plain number: give its unit, as in unit = \"ms\"")
                    }
                    _ => format!("`{field}` is not a number in {unit}"),
                })
            }
        };
        let at_least = matches!(measure, Measure::Count { .. });
        Some(value.map(|value| (value, lacks.caveat(at_least))).map_err(|why| SafeText::new(&why)))
    }
}

/// What the parts of one number lack.
struct Lacks<'a> {
    measured: &'a Measured,
    now: DateTime<Utc>,
    progress: Option<(u64, u64)>,
    since: Option<DateTime<Utc>>,
    lost: Option<SafeText>,
    logs: Vec<(&'a str, SafeText)>,
}

impl<'a> Lacks<'a> {
    fn new(measured: &'a Measured, now: DateTime<Utc>) -> Self {
        Self { measured, now, progress: None, since: None, lost: None, logs: Vec::new() }
    }

    fn begins(&self) -> DateTime<Utc> {
        chrono::Duration::from_std(self.measured.window)
            .ok()
            .and_then(|window| self.now.checked_sub_signed(window))
            .unwrap_or(DateTime::UNIX_EPOCH)
    }

    fn counting(&mut self, (done, all): (u64, u64)) {
        let (before, total) = self.progress.unwrap_or_default();
        self.progress = Some((before + done, total + all));
    }

    fn before(&mut self, from: DateTime<Utc>) {
        if from > self.begins() {
            self.since = Some(self.since.map_or(from, |known| known.max(from)));
        }
    }

    fn lost(&mut self, at: DateTime<Utc>, what: &SafeText) {
        if at > self.begins() {
            self.lost = Some(what.clone());
        }
    }

    fn log(&mut self, log: &'a str, why: &SafeText) {
        self.logs.push((log, why.clone()));
    }

    /// Why no number can be said, of so many logs.
    fn reason(&self, logs: usize) -> Option<SafeText> {
        if logs == 0 {
            return Some(SafeText::new("no log to count"));
        }
        if let Some((done, all)) = self.progress {
            let percent = (done * 100).checked_div(all).unwrap_or(0);
            let window = unit::duration(self.measured.window);
            return Some(SafeText::new(&format!("counting the last {window}: {percent} %")));
        }
        self.logs.first().filter(|_| self.logs.len() == logs).map(|(_, why)| why.clone())
    }

    /// How much of the window is known.
    fn covered(&self) -> Duration {
        self.since.and_then(|from| (self.now - from).to_std().ok()).unwrap_or(self.measured.window)
    }

    fn caveat(&self, at_least: bool) -> Option<Caveat> {
        let mut words = Vec::new();
        if let Some(from) = self.since {
            words.push(format!("counted since {}", rfc3339(from)));
        }
        words.extend(self.lost.as_ref().map(ToString::to_string));
        words.extend(self.logs.iter().map(|(log, why)| format!("without {log}: {why}")));
        (!words.is_empty()).then(|| Caveat { at_least, text: SafeText::new(&words.join("; ")) })
    }
}
