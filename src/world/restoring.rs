//! What is stored of before this console began, put before what it measured itself.

use std::time::Duration;

use super::World;
use super::diagnostics::{PARTIAL, ProblemKind, STORE};
use super::ids::CheckId;
use super::maintenance::PlannedPast;
use super::output::Output;
use super::past::Past;
use crate::lang::time::Stamp;
use crate::model::rollup::{Bucket, SeriesHistory, SeriesKey};
use crate::text::SafeText;
use crate::text::name::Name;

/// How the monotonic clock and the wall clock lie to each other, in whole minutes: what is stored is by the wall clock,
/// and the monotonic one began with it.
#[derive(Debug, Clone, Copy)]
struct Clocks {
    offset: i64,
}

impl Clocks {
    fn new(now: Stamp) -> Self {
        Self { offset: now.minutes_ahead() }
    }

    /// A minute of the wall clock on the monotonic one.
    fn mono(self, minute: u32) -> Option<u32> {
        u32::try_from(i64::from(minute) + self.offset).ok()
    }

    /// Stored spans that end before the minute of `until`: first minute, minutes, bucket.
    fn spans(self, history: &SeriesHistory, until: Stamp) -> Vec<(u32, u32, &Bucket)> {
        let hours = history.hours.iter().map(|(minute, bucket)| (*minute, 60, bucket));
        let spans = hours.chain(history.minutes.iter().map(|(minute, bucket)| (*minute, 1, bucket)));
        let last = (until.mono.as_secs() / 60) as u32;
        let placed = spans.filter_map(|(minute, count, bucket)| Some((self.mono(minute)?, count, bucket)));
        let mut found: Vec<_> = placed.filter(|(minute, count, _)| minute + count <= last).collect();
        found.sort_by_key(|(minute, ..)| *minute);
        found
    }
}

/// What is said where nothing of what is stored can be read.
const UNREAD: &str = "stored readings can't be read";

impl World {
    /// Some of what is stored of readings can't be read, or, for a reason, nothing of it. The same again is no news.
    pub(crate) fn readings_left_out(&mut self, why: Option<&SafeText>) -> Output {
        let (text, is_known) = match why {
            None => (SafeText::new(PARTIAL), std::mem::replace(&mut self.diagnostics.partial, true)),
            Some(why) => {
                let text = SafeText::new(&format!("{UNREAD}: {why}"));
                let before = self.diagnostics.unread.replace(text.clone());
                (text.clone(), before == Some(text))
            }
        };
        if is_known {
            return Output::default();
        }
        self.problem(ProblemKind::Failed, &SafeText::new(STORE), &text)
    }

    /// Of these series those whose past is to be read now; from here on it is on its way.
    pub(crate) fn ask_past(&mut self, series: impl IntoIterator<Item = SeriesKey>) -> Vec<SeriesKey> {
        let mut unread = Vec::new();
        // Which windows of maintenance there were decides what of it counts: those on record come first.
        let waits = self.record.applied.is_some() && !self.firings.is_read;
        for series in series.into_iter().filter(|series| !waits || matches!(series, SeriesKey::Metric(_))) {
            let slos = self.slos_of(&series);
            let mut is_unread = false;
            for id in slos {
                is_unread |= self.slos[id].turn_past(Past::Unread, Past::Asked);
            }
            if let Some(past) = self.past_of(&series).filter(|past| **past == Past::Unread) {
                *past = Past::Asked;
                is_unread = true;
            }
            if is_unread {
                unread.push(series);
            }
        }
        unread
    }

    /// These could not be read: they may be asked for again.
    pub(crate) fn past_missed(&mut self, series: &[SeriesKey]) {
        for series in series {
            // What is here already stays: only an objective that came later was asked for.
            if let Some(past) = self.past_of(series).filter(|past| **past == Past::Asked) {
                *past = Past::Unread;
            }
            for id in self.slos_of(series) {
                self.slos[id].turn_past(Past::Asked, Past::Unread);
            }
        }
    }

    /// Takes in what is stored of series. What was measured here stays as it is.
    pub(crate) fn restore(&mut self, histories: &[SeriesHistory]) {
        // That only some of it can be read is said once of a store, and holds on.
        self.diagnostics.unread = None;
        self.diagnostics.settle(&SafeText::new(STORE), UNREAD);
        let clocks = Clocks::new(self.now);
        for history in histories {
            match &history.series {
                SeriesKey::Check(name) => self.restore_check(name, history, clocks),
                SeriesKey::Metric(name) => self.restore_metric(name, history, clocks),
            }
            for id in self.slos_of(&history.series) {
                let was_here = self.slos[id].past == Past::Here;
                let spans = clocks.spans(history, self.slos[id].known_from);
                self.restore_slo(id, &spans);
                if !was_here {
                    // Which hours came by the minute was decided when they were asked for.
                    self.slos[id].minutes = Past::Here;
                    self.want_minutes(id);
                } else if self.slos[id].minutes == Past::Asked {
                    self.slos[id].minutes = Past::Here;
                    self.divide_hours(id, &clocks.spans(history, self.now));
                }
            }
        }
    }

    /// The checks from which metrics are derived: what those say goes back as far as what is known of these.
    pub(crate) fn derived_from(&self) -> impl Iterator<Item = &Name> {
        let of = |id: &CheckId| self.membership.derived_metrics.get(*id).is_some_and(|metrics| !metrics.is_empty());
        self.checks.ids().filter(of).map(|id| &self.checks[id].name)
    }

    /// Minutes from the wall clock, by which the past is stored, to the monotonic one.
    pub(crate) fn clock_offset(&self) -> i64 {
        Clocks::new(self.now).offset
    }

    /// How long ago anything was known of a check first, with what is stored of before this console began.
    pub(crate) fn known_for(&self) -> Duration {
        self.now.mono.saturating_sub(self.known_since)
    }

    fn restore_check(&mut self, name: &Name, history: &SeriesHistory, clocks: Clocks) {
        let (now, plan) = (self.now, self.maintenance_plan());
        let Some(id) = self.membership.checks.get(name).copied() else { return };
        let check = &mut self.checks[id];
        if std::mem::replace(&mut check.past, Past::Here) == Past::Here {
            return;
        }
        let spans = clocks.spans(history, check.known_from);
        let stored = history.first.and_then(|first| clocks.mono(first));
        let first = spans.first().map(|(first, ..)| *first);
        let planned = PlannedPast::new(&plan, check.service.as_deref(), first, now);
        check.restore(&spans, stored, |first, count| planned.at(first, count).share(), now);
        self.charted_since = check.first().into_iter().chain(self.charted_since).min();
        if let Some((first, ..)) = spans.first() {
            let first = Duration::from_secs(u64::from(*first) * 60);
            self.known_since = self.known_since.min(first);
        }
        // What the first polls alone said of a whole window is not what it is: an alert would be over by it.
        if self.checks[id].last.is_some() {
            for sample in self.derived_samples(id) {
                let metric = self.membership.metrics.get(&sample.metric).copied();
                if let Some(metric) = metric.map(|metric| &mut self.metrics[metric]) {
                    metric.value = sample.value.as_ref().ok().map(|value| (sample.at, *value)).or(metric.value);
                    metric.last = Some(sample);
                }
            }
        }
    }

    fn restore_metric(&mut self, name: &Name, history: &SeriesHistory, clocks: Clocks) {
        let Some(id) = self.membership.metrics.get(name).copied() else { return };
        let metric = &mut self.metrics[id];
        if std::mem::replace(&mut metric.past, Past::Here) == Past::Here {
            return;
        }
        let until = metric.known_from;
        let first = history.first.and_then(|first| clocks.mono(first));
        metric.restore(&clocks.spans(history, until), first, until);
        self.charted_since = metric.first().into_iter().chain(self.charted_since).min();
    }

    fn past_of(&mut self, series: &SeriesKey) -> Option<&mut Past> {
        match series {
            SeriesKey::Check(name) => {
                let id = self.membership.checks.get(name).copied()?;
                Some(&mut self.checks[id].past)
            }
            SeriesKey::Metric(name) => {
                let id = self.membership.metrics.get(name).copied()?;
                Some(&mut self.metrics[id].past)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_store_that_is_read_in_part_stays_so_after_it_could_not_be_read() {
        let now = Stamp { mono: Duration::ZERO, utc: chrono::DateTime::UNIX_EPOCH };
        let mut world = World::new(Arc::new(Config::default()), now);
        assert_eq!(world.diagnostics.left_out(), None);
        world.readings_left_out(None);
        let partial = world.diagnostics.left_out().map(str::to_owned);
        assert!(partial.as_ref().is_some_and(|said| said.starts_with("some stored readings")), "{partial:?}");
        world.readings_left_out(Some(&SafeText::new("disk I/O error")));
        assert_eq!(world.diagnostics.left_out(), Some("stored readings can't be read: disk I/O error"));
        world.restore(&[]);
        assert_eq!(world.diagnostics.left_out().map(str::to_owned), partial);
    }
}
