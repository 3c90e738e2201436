//! Spans that people excluded from objectives: what is on record of them, and what an objective makes of that.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{DateTime, Utc};

use super::World;
use super::ids::SloId;
use super::output::Output;
use super::past::Past;
use crate::lang::time::{Stamp, millis, minute_of};
use crate::model::fact::{Fact, SloExcluded, SloIncluded, Statement};
use crate::model::thing::{ExclusionRecord, StoredThing, ThingKind};
use crate::text::name::Name;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
/// Hours whose minutes are asked for at most; of more, the latest.
const APART: usize = 100;

impl World {
    /// The spans that do not count against an objective, the earliest first.
    pub(crate) fn exclusions_of(&self, slo: &str) -> impl Iterator<Item = &ExclusionRecord> {
        self.exclusions.known.values().filter(move |record| *record.slo == *slo)
    }

    /// What the store says of them; other things say nothing here. What is taken back is of no account any more. An objective
    /// is added up again once, however many spans of it are new.
    pub(super) fn learn_exclusions(&mut self, things: &[StoredThing]) {
        let records = things.iter().filter(|thing| thing.key.kind == ThingKind::Exclusion);
        let known = &mut self.exclusions;
        let concerned: BTreeSet<Name> =
            records.filter_map(|thing| known.learn(thing.read::<ExclusionRecord>()?, thing.seq)).collect();
        for slo in concerned {
            self.count_without_excluded(&slo);
        }
    }

    /// A fact about exclusions; true where that shows.
    pub(super) fn apply_exclusion(&mut self, fact: &Fact, output: &mut Output) -> bool {
        let (Statement::SloExcluded(SloExcluded { id, slo, .. }) | Statement::SloIncluded(SloIncluded { id, slo })) =
            fact.said()
        else {
            return false;
        };
        let known = self.exclusions.known.get(id).cloned();
        let record = ExclusionRecord::after(known, &fact.draft);
        if record.and_then(|record| self.exclusions.learn(record, fact.seq)).is_none() {
            return false;
        }
        if let Some(id) = self.count_without_excluded(slo) {
            self.evaluate_slo(id, output);
        }
        true
    }

    /// Has an objective leave out what it does not count; `None`: the configuration has none of that name.
    fn count_without_excluded(&mut self, slo: &str) -> Option<SloId> {
        let id = self.membership.slos.get(slo).copied()?;
        self.exclude_from(id);
        self.want_minutes(id);
        if self.slos[id].meter.is_none() {
            self.count_runs(id);
        }
        Some(id)
    }

    /// Every objective counts all of its time again.
    pub(super) fn forget_exclusions(&mut self) {
        if !std::mem::take(&mut self.exclusions).known.is_empty() {
            for id in self.slos.ids() {
                self.exclude_from(id);
            }
        }
    }

    /// Has every objective leave out what it does not count: some may be others.
    pub(super) fn exclude_from_all(&mut self) {
        if !self.exclusions.known.is_empty() {
            for id in self.slos.ids() {
                self.exclude_from(id);
            }
        }
    }

    pub(super) fn exclude_from(&mut self, id: SloId) {
        let now = self.now;
        let spans = self.exclusions_of(&self.slos[id].name).map(|record| on_our_clock(record, now)).collect();
        self.slos[id].exclude(spans, now);
    }

    /// Has the minutes read of hours that are too old to have theirs here, where what does not count begins or ends within
    /// them. What is still unread of an objective comes with these.
    pub(super) fn want_minutes(&mut self, id: SloId) {
        let slo = &self.slos[id];
        let edges = within_hours(self.exclusions_of(&slo.name));
        let within = edges.map(|at| (millis(self.now.placed(at).mono) / MINUTE_MS) as u32);
        if slo.past != Past::Unread && slo.meter.as_ref().is_some_and(|meter| meter.lacks_minutes(within)) {
            self.slos[id].minutes = Past::Unread;
        }
    }

    /// The hours within which a span begins or ends that does not count, each by its first minute since 1970: what is stored of
    /// them is wanted by the minute, also where that is long ago.
    pub(crate) fn hours_apart(&self) -> Vec<u32> {
        let minutes = within_hours(self.exclusions.known.values()).map(minute_of);
        let hours: BTreeSet<u32> = minutes.map(|minute| minute - minute % 60).collect();
        hours.into_iter().rev().take(APART).collect()
    }

    /// The moments at which a span begins or ends that does not count.
    pub(super) fn exclusion_edges(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.exclusions.known.values().flat_map(|record| [record.from, record.until])
    }
}

/// The moments at which these begin or end within an hour, as hours are stored: by the wall clock.
fn within_hours<'a>(records: impl Iterator<Item = &'a ExclusionRecord>) -> impl Iterator<Item = DateTime<Utc>> {
    let edges = records.flat_map(|record| [record.from, record.until]);
    edges.filter(|at| at.timestamp_millis() % HOUR_MS != 0)
}

/// A span on the monotonic clock, in milliseconds.
fn on_our_clock(record: &ExclusionRecord, now: Stamp) -> Range<u64> {
    let Range { start, end } = record.span();
    millis(now.placed(start).mono)..millis(now.placed(end).mono)
}
