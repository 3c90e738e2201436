//! Checks: the configuration of each joined with what its polls said.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::past::Past;
use super::recording::{Recording, Witnessed};
use crate::config::sections::check::Check;
use crate::lang::condition::Condition;
use crate::lang::time::Stamp;
use crate::model;
use crate::model::alert::Severity;
use crate::model::engine::KeptStreak;
use crate::model::latency::{Latencies, Merged};
use crate::model::reading::{Component, Reading, Sign};
use crate::model::rollup::Bucket;
use crate::model::series::{OlderSpans, Point};
use crate::model::since::Since;
use crate::model::status::Status;
use crate::model::streak::{Rules, Streak};
use crate::text::SafeText;
use crate::text::name::Name;

/// One check with everything that the screens show of it.
#[derive(Debug, Clone)]
pub struct CheckView {
    /// Its name.
    pub name: Name,
    /// The service it belongs to.
    pub service: Option<Name>,
    /// What is shown: unknown while our own network is down. Staleness lies beside it, in `stale`.
    pub status: Status,
    /// Since when it has this status.
    pub since: Option<Since>,
    /// The latest poll.
    pub last: Option<Reading>,
    /// Why it is not well, in words.
    pub error: Option<SafeText>,
    /// What of its trouble no dependency explains, in words, where a dependency of its service is down.
    pub own_reason: Option<SafeText>,
    /// Whether that trouble certainly began before that of every dependency that is down.
    pub(super) fell_first: bool,
    /// Consecutive bad or good polls towards the next status: `(so far, needed)`, while pending.
    pub streak: Option<(u32, u32)>,
    /// Whether the latest poll is older than `2 × every + timeout`.
    pub stale: bool,
    /// Ticks skipped because a poll was still running, since the start.
    pub overruns: u64,
    /// Start to start.
    pub every: Duration,
    /// Past this age it is stale.
    pub stale_after: Duration,
    /// Since when it is configured: an age counts from here until something is known.
    pub known_from: Stamp,
    /// Whether it changes too often to be believed.
    pub flapping: bool,
    /// Lines for the conditions that compare its latency: severity, milliseconds, whether above it is bad.
    pub thresholds: Vec<(Severity, f64, bool)>,
    /// Whether what is stored of it is here.
    pub(super) past: Past,
    /// What the store says of it.
    pub(super) recording: Recording,
    /// At which statuses it was seen to settle since somebody acted for all here.
    pub(super) witnessed: Witnessed,
    /// Since when anything is stored, and from when on all of that is here: milliseconds of the monotonic clock.
    stored_since: Option<(i64, i64)>,
    judge: Streak,
    /// Shared with a screen that is held still, until either changes.
    latencies: Arc<Latencies>,
    /// When it answered last, however badly.
    answered: Option<Stamp>,
    /// The start of the latest poll that left it well: what was in trouble by then is not so for this one.
    pub(super) was_well: Option<Stamp>,
    known: Arc<model::availability::Availability>,
    /// Up to when the figures are computed: the latest poll or tick.
    pub(crate) as_of: Stamp,
}

impl CheckView {
    /// A check of which nothing is known yet.
    pub(crate) fn new(check: &Check, now: Stamp) -> Self {
        Self {
            name: check.name.clone(),
            service: check.service.clone(),
            status: Status::Unknown,
            since: None,
            last: None,
            error: None,
            own_reason: None,
            fell_first: false,
            streak: None,
            stale: false,
            overruns: 0,
            every: check.every,
            stale_after: check.stale_after(),
            known_from: now,
            flapping: false,
            thresholds: thresholds(check),
            stored_since: None,
            past: Past::default(),
            recording: Recording::default(),
            witnessed: Witnessed::default(),
            judge: Streak::new(rules(check), now),
            latencies: Arc::default(),
            answered: None,
            was_well: None,
            known: Arc::new(model::availability::Availability::new(check.every, now)),
            as_of: now,
        }
    }

    /// Takes in a poll; `is_maintenance`: a window of maintenance runs for its service.
    pub(crate) fn observe(&mut self, reading: Reading, is_maintenance: bool) -> Observed {
        let ended = reading.timing.ended;
        let change = self.judge.observe(reading.sign, ended);
        Arc::make_mut(&mut self.known).observe(reading.sign, ended, is_maintenance);
        // What our own side prevented was not measured.
        match reading.sign {
            Sign::Unknown => {}
            // Ticks pass while a service wakes up: they are no part of how fast it answers.
            Sign::Cold => Arc::make_mut(&mut self.latencies).record(ended, reading.timing.latency()),
            _ => Arc::make_mut(&mut self.latencies).record_corrected(ended, reading.timing.latency(), self.every),
        }
        if reading.answered {
            self.answered = Some(ended);
        }
        if matches!(reading.sign, Sign::Good | Sign::Cold) && self.judge.troubled_since().is_none() {
            self.was_well = Some(reading.timing.sent);
        }
        self.as_of = ended;
        let error = reading.error.clone().filter(|_| self.judge.status() != Status::Ok);
        let parts = self.last.as_ref().map(|last| &last.components);
        let noticeable = self.error != error || self.stale || parts != Some(&reading.components);
        self.error = error;
        self.stale = false;
        self.last = Some(reading);
        self.show();
        let is_on_record = self.adopt_since();
        Observed { turned: change.map(|change| (change.from, change.to)), is_on_record, noticeable }
    }

    /// Takes over from the store since when it stands as it does, where its beginning was not seen here: since then where the
    /// store says the same of it, later than that where it says otherwise. True where that changed something.
    pub(super) fn adopt_since(&mut self) -> bool {
        let changed = match self.recording.known.filter(|_| self.last.is_some()) {
            Some(known) if known.status == self.status => self.judge.began(known.since),
            Some(known) if self.settled().is_some() => self.judge.stood(known.status, known.since.at),
            _ => false,
        };
        self.show();
        changed
    }

    /// It became well on record, having stood otherwise there, while it was well here already. True where that changed since
    /// when it is shown so.
    pub(super) fn adopt_recovery(&mut self, since: Since) -> bool {
        let changed = self.last.is_some() && self.judge.turned_well(since);
        self.show();
        changed
    }

    /// Nothing is known from here: we were suspended, or our own network is down. `true` where that shows.
    pub(crate) fn lose_sight(&mut self, at: Stamp) -> bool {
        let changed = self.judge.lose_sight(at).is_some();
        Arc::make_mut(&mut self.known).lose_sight(at);
        self.show();
        changed
    }

    /// Puts what is stored before what was measured here: first minute on the monotonic clock, minutes, bucket.
    /// `first`: the first minute of which anything is stored. `planned` says which share of a span lay in maintenance.
    pub(super) fn restore(
        &mut self,
        spans: &[(u32, u32, &Bucket)],
        first: Option<u32>,
        planned: impl Fn(u32, u32) -> f64,
        now: Stamp,
    ) {
        self.stored_since = first.map(|first| (i64::from(first) * 60_000, Latencies::kept_from(now)));
        let minutes = spans.iter().filter(|(_, count, _)| *count == 1);
        Arc::make_mut(&mut self.latencies).restore(minutes.map(|(minute, _, bucket)| (*minute, *bucket)), now);
        Arc::make_mut(&mut self.known).restore(spans.iter().copied(), planned);
    }

    /// What is to be remembered of it; `None` while nothing is known.
    pub(crate) fn to_kept(&self) -> Option<KeptStreak> {
        self.judge.to_kept()
    }

    /// Goes on from what another console left.
    pub(crate) fn resume(&mut self, kept: &KeptStreak, now: Stamp, unseen: Duration) {
        self.judge.resume(kept, now, unseen);
        self.show();
        self.adopt_since();
    }

    fn show(&mut self) {
        self.status = self.judge.status();
        self.since = self.last.as_ref().map(|_| self.judge.since());
        self.streak = self.judge.streak();
        self.flapping = self.judge.is_flapping();
    }

    /// The same check under another configuration: its history is kept, judged by the new rules.
    pub(crate) fn moved(mut self, fresh: Self, check: &Check) -> Self {
        self.judge.set_rules(rules(check));
        Arc::make_mut(&mut self.known).set_every(check.every);
        self.service = fresh.service;
        self.thresholds = fresh.thresholds;
        self.every = fresh.every;
        self.stale_after = fresh.stale_after;
        self
    }

    /// Since when it is in the trouble that it is in; `None` while it is well.
    pub(super) fn troubled_since(&self) -> Option<Since> {
        self.judge.troubled_since()
    }

    /// The parts that the latest health document names.
    pub(crate) fn components(&self) -> Option<&BTreeMap<SafeText, Component>> {
        self.last.as_ref().map(|reading| &reading.components).filter(|parts| !parts.is_empty())
    }

    /// One line in words.
    pub(crate) fn summary(&self) -> String {
        let error = self.error.as_ref().map_or_else(String::new, |error| format!(" {error}"));
        format!("{} {}{error}", self.name, self.status.word())
    }

    /// Age of the latest poll.
    pub(crate) fn age(&self, now: Stamp) -> Option<Duration> {
        self.last.as_ref().map(|reading| now.since(reading.timing.ended))
    }

    /// When the next poll is due, from now.
    pub fn next_due(&self, now: Stamp) -> Option<Duration> {
        let last = self.last.as_ref()?;
        Some(last.timing.scheduled.plus(self.every).since(now))
    }

    /// Whether its latencies can pass for how fast it answers now: it has answered lately.
    pub(crate) fn is_answering(&self) -> bool {
        !self.stale && self.answered.is_some_and(|at| self.as_of.since(at) <= self.stale_after)
    }

    /// Latency at the quantile (0 < q < 1) over the last `window`, milliseconds; `None` where nothing was measured.
    pub fn percentile(&self, quantile: f64, window: Duration) -> Option<u64> {
        self.latencies.percentile(quantile, window, self.as_of)
    }

    /// The same where any answer lies within the window: refusals alone are no measure of it.
    pub(crate) fn percentile_of_answers(&self, quantile: f64, window: Duration) -> Option<u64> {
        let has_answered = self.answered.is_some_and(|at| self.as_of.since(at) <= window);
        self.percentile(quantile, window).filter(|_| has_answered)
    }

    /// Since when it has not answered, where its latencies can't pass for how fast it answers now.
    pub(crate) fn unanswered_for(&self, now: Stamp) -> Option<Duration> {
        self.answered.filter(|_| !self.is_answering()).map(|at| now.since(at))
    }

    /// All latencies of the last `window`: for several percentiles of it.
    pub(crate) fn latencies(&self, window: Duration) -> Merged {
        self.latencies.merged(window, self.as_of)
    }

    /// Since when its latency was measured, on the monotonic clock, with what is stored of before this console began.
    pub(crate) fn first(&self) -> Option<Duration> {
        let stored = self.stored_since.map(|(first, _)| first);
        let first = self.latencies.first().into_iter().chain(stored).min();
        first.and_then(|first| u64::try_from(first).ok()).map(Duration::from_millis)
    }

    /// From where on every minute of its latency is here, as [`super::metrics::MetricView::minutes_since`].
    pub(crate) fn minutes_since(&self) -> Option<i64> {
        let (first, restored) = self.stored_since?;
        let since = self.latencies.minutes_since().map_or(restored, |since| since.max(restored));
        (self.past == Past::Here && first < since).then_some(since)
    }

    /// Whether what is stored of it is not here yet.
    pub(crate) fn is_reading_past(&self) -> bool {
        self.past == Past::Asked
    }

    /// Median and 95th percentile of its latency in milliseconds by buckets: see [`Latencies::points`].
    pub(crate) fn latency_points(
        &self,
        older: OlderSpans<'_>,
        buckets: usize,
        width: Duration,
        now: Stamp,
    ) -> Vec<Option<Point>> {
        self.latencies.points(older, self.stale_after, (buckets, width), now)
    }

    /// All its latencies of the last `window`, with what is stored of before.
    pub(crate) fn latencies_after(&self, older: OlderSpans<'_>, window: Duration, now: Stamp) -> Merged {
        let from = Stamp { mono: now.mono.saturating_sub(window), ..now };
        self.latencies.merged_between(older, (from, now))
    }

    /// How many minutes of the last `window` it was measured in.
    pub(crate) fn minutes_measured(&self, window: Duration) -> usize {
        self.latencies.minutes_within(window, self.as_of)
    }

    /// How long after it was due the latest poll was answered: what its user waits where polls begin late.
    pub(crate) fn since_due(&self) -> Option<Duration> {
        Some(self.last.as_ref()?.timing.latency_since_scheduled())
    }

    /// What the percentiles leave out or add, in words; `None` where they are plain.
    pub(crate) fn percentiles_note(&self) -> Option<&'static str> {
        match (self.latencies.saturated() > 0, self.latencies.is_corrected()) {
            (true, _) => Some("over 60 s counted as 60 s"),
            (false, true) => Some("with skipped polls"),
            (false, false) => None,
        }
    }

    /// Median latency in milliseconds of the last `buckets` buckets of `width`, oldest first; `None` for a bucket
    /// without a poll. The buckets lie on whole multiples of `width`, so that they advance together.
    pub fn spark(&self, buckets: usize, width: Duration, now: Stamp) -> Vec<Option<u64>> {
        self.latencies.medians(buckets, width, now)
    }

    /// For how much of the last `window`, which begins on a whole minute, it is known whether it was up.
    pub(super) fn known_within(&self, window: Duration, now: Stamp) -> Duration {
        Duration::from_millis(self.known.window(window, now).tally.known_ms())
    }

    /// Availability over the last `window`, time-weighted.
    pub fn availability(&self, window: Duration, now: Stamp) -> Option<AvailabilityView> {
        let window = self.known.window(window, now);
        let percent = window.availability()? * 100.0;
        Some(AvailabilityView { percent, thin: window.is_thin() })
    }
}

/// The lines to draw for the conditions that compare its latency.
fn thresholds(check: &Check) -> Vec<(Severity, f64, bool)> {
    let line = |(severity, condition): &(Severity, Condition)| {
        let (threshold, is_above_bad) = condition.line("latency_ms")?;
        Some((*severity, threshold, is_above_bad))
    };
    check.alerts.iter().filter_map(line).collect()
}

fn rules(check: &Check) -> Rules {
    Rules { fail_after: check.fail_after, ok_after: check.ok_after, stale_after: check.stale_after() }
}

/// What a poll changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Observed {
    /// Another status than before.
    pub(crate) turned: Option<(Status, Status)>,
    /// Since when is known from the store: it had begun before.
    pub(crate) is_on_record: bool,
    /// Something else that a person would notice at once: another error, no longer stale.
    pub(crate) noticeable: bool,
}

/// Availability as it is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AvailabilityView {
    /// Per cent of the known time that it was up.
    pub percent: f64,
    /// Whether so little of the window is known that the figure must be marked.
    pub thin: bool,
}
