//! What a report is about: its period, the one before it, and the configuration by which both are read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::Config;
use crate::config::sections::check::Check;
use crate::config::sections::slo::Slo;
use crate::config::titles::titles_of_checks;
use crate::lang::schedule::TimeWindow;
use crate::lang::time::minute_of;
use crate::model::thing::ExclusionRecord;
use crate::report::period::Period;
use crate::text::name::Name;
use crate::world::maintenance::{self, MaintenancePlan, StoredTime};

/// What leads from within a minute into the next one, and from its first moment not.
const LAST_OF_MINUTE: TimeDelta = TimeDelta::milliseconds(59_999);

/// The period, the one before it, and what was planned in them.
#[derive(Debug)]
pub(crate) struct ReportScope<'a> {
    /// The configuration as it is now: what it has no more is not reported.
    pub config: &'a Config,
    /// The period.
    pub period: Period,
    /// The one before.
    pub before: Period,
    /// When the report is written: the end of a period that is not over.
    pub now: DateTime<Utc>,
    plan: &'a MaintenancePlan,
    exclusions: &'a [ExclusionRecord],
    /// The minutes at which the two begin, and at which the period ends or now is.
    edges: [u32; 3],
    /// How checks are shown, by name.
    titles: HashMap<&'a str, &'a str>,
    /// Windows of maintenance by service.
    windows: BTreeMap<Option<Name>, Vec<TimeWindow>>,
    /// What does not count against objectives of which anything is excluded, with those windows.
    uncounted: BTreeMap<Name, Vec<TimeWindow>>,
}

/// In which of the two something lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// In the period.
    Now,
    /// In the one before.
    Before,
}

impl<'a> ReportScope<'a> {
    /// `None` where the calendar has no period before.
    pub(crate) fn new(
        config: &'a Config,
        (plan, exclusions): (&'a MaintenancePlan, &'a [ExclusionRecord]),
        period: Period,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let before = period.before()?;
        let edges = [before.from(), period.from(), period.until().min(now)].map(minute_of);
        let titles = titles_of_checks(config);
        let (windows, uncounted) = (BTreeMap::new(), BTreeMap::new());
        Some(Self { config, period, before, now, plan, exclusions, edges, titles, windows, uncounted })
    }

    /// How a check is shown.
    pub(crate) fn title_of(&self, check: &'a Check) -> &'a str {
        self.titles.get(&*check.name).copied().unwrap_or(&check.name)
    }

    /// The end of the period, or now where it is not over.
    pub(crate) fn until(&self) -> DateTime<Utc> {
        self.period.until().min(self.now)
    }

    /// Whether the period is over.
    pub(crate) fn is_complete(&self) -> bool {
        self.period.until() <= self.now
    }

    /// The minutes at which the two begin, and at which the period ends or now is.
    pub(crate) const fn edges(&self) -> [u32; 3] {
        self.edges
    }

    /// In which of the two a moment lies.
    pub(crate) fn when(&self, at: DateTime<Utc>) -> Option<When> {
        if at >= self.until() {
            return None;
        }
        self.period.contains(at).then_some(When::Now).or(self.before.contains(at).then_some(When::Before))
    }

    /// The same of a stored minute.
    pub(crate) fn when_of(&self, minute: u32) -> Option<When> {
        let [before, from, until] = self.edges;
        match minute {
            _ if minute >= until || minute < before => None,
            _ if minute >= from => Some(When::Now),
            _ => Some(When::Before),
        }
    }

    /// The length of either, in milliseconds.
    pub(crate) fn length_ms(&self, when: When) -> u64 {
        let (from, until) = self.ends(when);
        (until - from).num_milliseconds().max(0).cast_unsigned()
    }

    /// What a person excluded from an objective and lies in the period, the earliest first.
    pub(crate) fn excluded(&self, slo: &Slo) -> impl Iterator<Item = &'a ExclusionRecord> {
        let (from, until) = self.ends(When::Now);
        self.exclusions_of(slo).filter(move |one| one.from < until && one.until > from)
    }

    /// Whether a moment does not count against an objective because a person said so.
    pub(crate) fn is_excluded(&self, slo: &Slo, at: DateTime<Utc>) -> bool {
        self.exclusions_of(slo).any(|one| one.span().contains(&at))
    }

    fn exclusions_of(&self, slo: &Slo) -> impl Iterator<Item = &'a ExclusionRecord> {
        let name = slo.name.clone();
        self.exclusions.iter().filter(move |one| one.slo == name)
    }

    /// What a person excluded from an objective, in its order and without overlaps.
    pub(crate) fn excluded_windows(&self, slo: &Slo) -> Vec<TimeWindow> {
        let excluded = self.exclusions_of(slo).map(|one| TimeWindow { start: one.from, end: one.until });
        maintenance::joined(excluded.collect())
    }

    /// Milliseconds that do not count against an objective: planned maintenance of its service, and what a person excluded.
    pub(crate) fn uncounted_ms(&mut self, slo: &Slo, service: Option<&Name>, when: When) -> u64 {
        let (from, until) = self.ends(when);
        let share = maintenance::share(self.uncounted_windows(slo, service), from, until);
        (share * self.length_ms(when) as f64).round() as u64
    }

    fn uncounted_windows(&mut self, slo: &Slo, service: Option<&Name>) -> &[TimeWindow] {
        let excluded = self.excluded_windows(slo);
        if excluded.is_empty() {
            return self.windows(service);
        }
        if !self.uncounted.contains_key(&slo.name) {
            let all = self.windows(service).iter().copied().chain(excluded).collect();
            self.uncounted.insert(slo.name.clone(), maintenance::joined(all));
        }
        self.uncounted.get(&slo.name).map_or(&[], Vec::as_slice)
    }

    /// Some minutes, with the planned maintenance of a service in them.
    pub(crate) fn planned(&mut self, service: Option<&Name>, begin: u32, minutes: u32) -> StoredTime<'_> {
        StoredTime::new(self.windows(service), begin, minutes)
    }

    /// The minutes within which, or with which, something of a service or of these objectives begins not to count or counts
    /// again: spans that are divided there hold nothing but what counts and what does not, but for single minutes.
    pub(crate) fn uncounted_edges<'s>(
        &mut self,
        service: Option<&Name>,
        slos: impl IntoIterator<Item = &'s Slo>,
    ) -> Vec<u32> {
        let [before, _, until] = self.edges;
        let excluded: Vec<TimeWindow> = slos.into_iter().flat_map(|slo| self.excluded_windows(slo)).collect();
        let moments = self.windows(service).iter().chain(&excluded).flat_map(|window| [window.start, window.end]);
        let edges: BTreeSet<u32> = moments.flat_map(|at| [minute_of(at), minute_of(at + LAST_OF_MINUTE)]).collect();
        edges.into_iter().filter(|edge| (before..until).contains(edge)).collect()
    }

    /// Milliseconds of planned maintenance of a service.
    pub(crate) fn maintenance_ms(&mut self, service: Option<&Name>, when: When) -> u64 {
        let (from, until) = self.ends(when);
        let share = maintenance::share(self.windows(service), from, until);
        (share * self.length_ms(when) as f64).round() as u64
    }

    fn ends(&self, when: When) -> (DateTime<Utc>, DateTime<Utc>) {
        match when {
            When::Now => (self.period.from(), self.until()),
            When::Before => (self.before.from(), self.before.until()),
        }
    }

    fn windows(&mut self, service: Option<&Name>) -> &[TimeWindow] {
        let (plan, span) = (self.plan, (self.before.from(), self.period.until()));
        let find = || plan.covered(service.map(|name| &**name), span);
        self.windows.entry(service.cloned()).or_insert_with(find)
    }
}

/// So many minutes from one on, since 1970.
pub(super) fn span_of(begin: u32, minutes: u32) -> (DateTime<Utc>, DateTime<Utc>) {
    let start = DateTime::from_timestamp(i64::from(begin) * 60, 0).unwrap_or_default();
    (start, start + chrono::Duration::minutes(i64::from(minutes)))
}
