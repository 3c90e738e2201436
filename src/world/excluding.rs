//! Spans that people excluded from objectives: what is on record of them, and what an objective makes of that.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::World;
use super::output::Output;
use crate::lang::time::{Stamp, millis};
use crate::model::fact::{Fact, SloExcluded, SloIncluded, Statement};
use crate::model::thing::{ExclusionRecord, StoredThing};

impl World {
    /// The spans that do not count against an objective, the earliest first.
    pub(crate) fn exclusions_of(&self, slo: &str) -> impl Iterator<Item = &ExclusionRecord> {
        self.exclusions.values().filter(move |record| *record.slo == *slo)
    }

    /// What the store says of one. What is taken back is of no account any more.
    pub(super) fn learn_exclusion(&mut self, thing: &StoredThing) {
        if let Some(record) = thing.read::<ExclusionRecord>() {
            self.take_exclusion(record);
        }
    }

    /// A fact about exclusions; true where that shows.
    pub(super) fn apply_exclusion(&mut self, fact: &Fact, output: &mut Output) -> bool {
        let (Statement::SloExcluded(SloExcluded { id, slo, .. }) | Statement::SloIncluded(SloIncluded { id, slo })) =
            fact.said()
        else {
            return false;
        };
        let known = self.exclusions.get(id).cloned();
        let Some(record) = ExclusionRecord::after(known, &fact.draft) else { return false };
        self.take_exclusion(record);
        if let Some(id) = self.membership.slos.get(slo).copied() {
            self.evaluate_slo(id, output);
        }
        true
    }

    fn take_exclusion(&mut self, record: ExclusionRecord) {
        let slo = record.slo.clone();
        if record.holds() {
            self.exclusions.insert(record.id.clone(), record);
        } else {
            self.exclusions.remove(&record.id);
        }
        if let Some(id) = self.membership.slos.get(&slo).copied() {
            self.exclude_from(id);
            if self.slos[id].meter.is_none() {
                self.count_runs(id);
            }
        }
    }

    /// Every objective counts all of its time again.
    pub(super) fn forget_exclusions(&mut self) {
        if !std::mem::take(&mut self.exclusions).is_empty() {
            for id in self.slos.ids() {
                self.exclude_from(id);
            }
        }
    }

    /// Has every objective leave out what it does not count: some may be others.
    pub(super) fn exclude_from_all(&mut self) {
        if !self.exclusions.is_empty() {
            for id in self.slos.ids() {
                self.exclude_from(id);
            }
        }
    }

    fn exclude_from(&mut self, id: super::ids::SloId) {
        let (now, name) = (self.now, self.slos[id].name.clone());
        let spans: Vec<Range<u64>> = self.exclusions_of(&name).map(|record| on_our_clock(record, now)).collect();
        self.slos[id].exclude(spans, now);
    }

    /// The moments at which a span begins or ends that does not count.
    pub(super) fn exclusion_edges(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.exclusions.values().flat_map(|record| [record.from, record.until])
    }
}

/// A span on the monotonic clock, in milliseconds.
fn on_our_clock(record: &ExclusionRecord, now: Stamp) -> Range<u64> {
    let Range { start, end } = record.span();
    millis(now.stored(start).mono)..millis(now.stored(end).mono)
}
