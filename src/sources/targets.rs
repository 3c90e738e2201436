//! What is polled, and what each answer is used for: the configuration turned round, by source.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::config::Config;
use crate::config::sections::check::Check;
use crate::config::sections::metric::MetricKind;
use crate::config::sections::source::Source;
use crate::lang::expression::Expression;
use crate::lang::selector::Selector;
use crate::lang::time::Stamp;
use crate::model::rate::CounterValue;
use crate::text::name::Name;

use super::http::Wants;
use super::kinds::{self, Kind, Readers};
use super::peer::PeerWatch;
use super::places::Record;

/// One source with everything that reads it.
#[derive(Debug)]
pub(crate) struct Watched {
    pub source: Source,
    /// What a person calls it: the check's name where the source is a check's own.
    pub label: Name,
    /// The checks that judge it.
    pub checks: Vec<Check>,
    /// The metrics that are read from it.
    pub metrics: Vec<Derived>,
    /// How it is asked.
    pub kind: Box<dyn Kind>,
    pub(super) warmth: Mutex<Warmth>,
    /// Who answered.
    pub(super) peer: Mutex<PeerWatch>,
    /// How its last poll ended.
    pub(super) record: Record,
    /// Whether the poll that is under way has begun: before that it waits for a place.
    pub(super) begun: AtomicBool,
    warned: AtomicBool,
}

/// A metric with its program or selector.
#[derive(Debug)]
pub(crate) struct Derived {
    /// The metric.
    pub name: Name,
    /// How its number is found.
    pub how: NumberFrom,
    /// The last value, where it is a counter.
    pub counter: Option<Mutex<CounterValue>>,
}

/// How a number is found.
#[derive(Debug)]
pub(crate) enum NumberFrom {
    /// By a program over the document.
    Program(Expression),
    /// By adding up the samples that a selector chooses.
    Selector(Selector),
}

/// What is known of a service that may sleep.
#[derive(Debug, Default)]
pub(super) struct Warmth {
    last_good: Option<Stamp>,
    waking_since: Option<Stamp>,
}

/// How long free tiers stay awake without a request: they fall asleep at 15 minutes.
const AWAKE_FOR: Duration = Duration::from_mins(14);

impl Watched {
    /// Start to start: `every`, or `keep_warm` where that is shorter.
    pub(crate) fn interval(&self) -> Duration {
        self.source.keep_warm.map_or(self.source.every, |warm| warm.min(self.source.every))
    }

    /// Whether anything needs it to be polled.
    pub(crate) fn is_needed(&self) -> bool {
        !self.checks.is_empty() || !self.metrics.is_empty() || self.source.keep_warm.is_some()
    }

    /// Whether this poll, sent now, may find the service asleep: then it gets the time to wake up.
    pub(super) fn may_be_cold(&self, now: Stamp) -> bool {
        let Some(cold_start) = self.source.cold_start else { return false };
        let warmth = self.warmth.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = warmth.last_good.is_none_or(|last| now.since(last) > AWAKE_FOR);
        idle && warmth.waking_since.is_none_or(|since| now.since(since) < cold_start)
    }

    /// Remembers how a poll ended, for [`Watched::may_be_cold`].
    pub(super) fn ended(&self, sent: Stamp, answered: bool) {
        if self.source.cold_start.is_none() {
            return;
        }
        let mut warmth = self.warmth.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            *warmth = Warmth { last_good: Some(sent), waking_since: None };
        } else {
            warmth.waking_since.get_or_insert(sent);
        }
    }

    /// Forgets counters and warmth: a span of which nothing is known has passed.
    pub(super) fn forget(&self) {
        for counter in self.metrics.iter().filter_map(|metric| metric.counter.as_ref()) {
            counter.lock().unwrap_or_else(PoisonError::into_inner).reset();
        }
    }

    /// The selectors of its metrics, in order.
    pub(crate) fn selectors<'a>(&'a self) -> Vec<&'a Selector> {
        let selector = |metric: &'a Derived| match &metric.how {
            NumberFrom::Selector(selector) => Some(selector),
            NumberFrom::Program(_) => None,
        };
        self.metrics.iter().filter_map(selector).collect()
    }

    /// The secrets that it is asked with.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        self.source.secrets().into_iter().collect()
    }

    /// Whether a warning of this source is the first: the same one at every poll helps nobody.
    pub(super) fn is_first_warning(&self) -> bool {
        !self.warned.swap(true, Ordering::Relaxed)
    }

    /// Whether `name` means this source, one of its checks or one of its metrics.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        *self.source.name == *name
            || self.checks.iter().any(|check| *check.name == *name)
            || self.metrics.iter().any(|metric| *metric.name == *name)
    }
}

/// Every source of the configuration that something needs, in the order of the file.
pub(crate) fn poll_targets(config: &Config) -> Vec<Watched> {
    poll_targets_with(config, &|source, readers| kinds::open(&source.kind, readers))
}

/// As [`poll_targets`], with other objects than the kinds' own.
pub(crate) fn poll_targets_with(config: &Config, open: Open<'_>) -> Vec<Watched> {
    let mut checks: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
    for check in &config.checks {
        checks.entry(&check.source).or_default().push(check);
    }
    let mut metrics: BTreeMap<&str, Vec<Derived>> = BTreeMap::new();
    for metric in &config.metrics {
        let (from, how) = match &metric.kind {
            MetricKind::Value { from, program } => (from, NumberFrom::Program(program.clone())),
            MetricKind::Sample { from, selector } => (from, NumberFrom::Selector(selector.clone())),
            MetricKind::Log(_) | MetricKind::Latency { .. } | MetricKind::Availability { .. } => continue,
        };
        let counter = metric.per_second.then(Mutex::default);
        metrics.entry(from).or_default().push(Derived { name: metric.name.clone(), how, counter });
    }
    let watched = config.sources.iter().map(|source| {
        let checks = checks.remove(&*source.name).unwrap_or_default().into_iter().cloned().collect();
        let metrics = metrics.remove(&*source.name).unwrap_or_default();
        watched(source, checks, metrics, open)
    });
    // Filtered into its full room: a vector that doubles would keep room for thousands more.
    let mut needed = Vec::with_capacity(config.sources.len());
    needed.extend(watched.filter(Watched::is_needed));
    needed
}

/// Makes what polls a source.
type Open<'a> = &'a dyn Fn(&Source, Readers) -> Box<dyn Kind>;

fn watched(source: &Source, checks: Vec<Check>, metrics: Vec<Derived>, open: Open<'_>) -> Watched {
    let programs = checks.iter().flat_map(|check| check.expect.iter().chain(&check.degraded)).chain(
        metrics
            .iter()
            .filter_map(|metric| if let NumberFrom::Program(program) = &metric.how { Some(program) } else { None }),
    );
    let asked = checks.iter().flat_map(|check| &check.alerts).any(|(_, condition)| condition.field().is_some());
    let mut wants = Wants { headers: false, text: false, tls: asked };
    for program in programs {
        // A program that is no plain path may walk the whole document without naming a part of it.
        let all = program.simple().is_none_or(|simple| simple.path() == ".");
        wants.headers |= all || program.text().contains("headers");
        wants.text |= all || program.text().contains("text");
        wants.tls |= all || program.text().contains("tls");
    }
    let readers = Readers { wants, judged: !checks.is_empty() };
    let label = source.name.strip_prefix("check:").map_or_else(|| source.name.clone(), Name::from);
    Watched {
        source: source.clone(),
        label,
        checks,
        metrics,
        kind: open(source, readers),
        warmth: Mutex::default(),
        peer: Mutex::default(),
        record: Record::default(),
        begun: AtomicBool::new(false),
        warned: AtomicBool::new(false),
    }
}
