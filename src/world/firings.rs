//! Firings of alerts as the store has them, with those that this console has said and of which it waits to see that.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::ids::AlertId;
use crate::lang::time::Stamp;
use crate::model::fact::alerting::rule_of;
use crate::model::fact::{AlertResolved, AlertUnacknowledged};
use crate::model::thing::{Acknowledgement, AlertRecord};
use crate::text::SafeText;
use crate::text::name::Name;

/// Firings that are held at most; those that fire stay.
const HELD: usize = 2_000;

/// One firing.
#[derive(Debug, Clone)]
pub(super) struct Firing {
    /// As it is known.
    pub record: AlertRecord,
    /// The fact that changed it last; 0: it is not on record yet.
    pub seq: u64,
    /// When something was said of it that is not known to be on record.
    pub said_at: Option<Stamp>,
    /// Why it is over, where its condition was not seen to hold no more.
    pub because: Option<SafeText>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Firings {
    /// Whether the store was asked what fires.
    pub is_read: bool,
    /// Conditions of which something may have to be said.
    pub unsaid: BTreeSet<AlertId>,
    /// When something was said last.
    pub said_at: Option<Stamp>,
    /// By id, which is the order in which they began.
    all: BTreeMap<Name, Firing>,
    /// The ids of those that fire: most are over, and these are asked for each second.
    open: BTreeSet<Name>,
    /// The ids of those of which something was said that is not known to be on record.
    unheard: BTreeSet<Name>,
    /// The newest of each condition.
    latest: HashMap<Name, Name>,
    /// Acknowledgements of firings that are not known yet, which wait on disk since before this console began.
    queued: BTreeMap<Name, Acknowledgement>,
}

impl Firings {
    /// The newest firing of a condition.
    pub(super) fn latest(&self, rule: &str) -> Option<&Firing> {
        self.all.get(self.latest.get(rule)?)
    }

    /// The firing of that id.
    pub(super) fn get(&self, id: &str) -> Option<&Firing> {
        self.all.get(id)
    }

    /// Those that fire, and of the others those of `announced`, in the order in which they began.
    pub(super) fn told<'a>(&'a self, announced: &BTreeSet<&Name>) -> Vec<&'a Firing> {
        let ids: BTreeSet<&Name> = self.open.iter().chain(announced.iter().copied()).collect();
        ids.into_iter().filter_map(|id| self.all.get(id)).collect()
    }

    /// All that are known, in the order in which they began.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Firing> + Clone {
        self.all.values()
    }

    /// Those that fire.
    pub(super) fn open(&self) -> impl DoubleEndedIterator<Item = &Firing> {
        self.open.iter().filter_map(|id| self.all.get(id))
    }

    /// This console says that an alert fires.
    pub(super) fn say(&mut self, record: AlertRecord, now: Stamp) {
        self.put(Firing { record, seq: 0, said_at: Some(now), because: None });
    }

    /// This console says that one is over.
    pub(super) fn say_resolved(&mut self, resolved: &AlertResolved, now: Stamp) {
        if let Some(firing) = self.all.get_mut(&resolved.id) {
            firing.record.resolve(resolved, false);
            firing.said_at = Some(now);
            firing.because.clone_from(&resolved.because);
            self.index(&resolved.id);
        }
    }

    /// The store has this of a firing, by its fact `seq`; false where more was known.
    pub(super) fn learn(&mut self, record: AlertRecord, seq: u64) -> bool {
        if self.all.get(&record.id).is_some_and(|known| known.seq >= seq) {
            return false;
        }
        // Said here, and what is known here of it comes after that: it may be over, and somebody may be at it.
        if let Some(known) = self.all.get_mut(&record.id).filter(|known| known.seq == 0)
            && record.is_firing()
        {
            known.seq = seq;
            known.said_at = known.said_at.filter(|_| !known.record.is_firing());
            known.record.acknowledged = record.acknowledged.or(known.record.acknowledged.take());
            self.index(&record.id);
            return true;
        }
        // What is on record of a condition is what fires: what was said of it here meanwhile is the same firing.
        let same = self.latest(&record.rule).filter(|other| other.seq == 0 && other.record.id != record.id);
        let mut record = record;
        if let Some(said) = same.filter(|_| record.is_firing()).map(|other| other.record.id.clone()) {
            let gone = self.all.remove(&said);
            self.index(&said);
            let said = gone.and_then(|said| said.record.acknowledged);
            record.acknowledged = record.acknowledged.or(said);
        }
        self.put(Firing { record, seq, said_at: None, because: None });
        true
    }

    /// The store says that a firing is over; false where that was known.
    pub(super) fn learn_resolved(&mut self, resolved: &AlertResolved, is_late: bool, seq: u64) -> bool {
        let Some(firing) = self.all.get_mut(&resolved.id).filter(|known| known.seq < seq) else { return false };
        if firing.record.resolve(resolved, is_late) || !firing.record.is_firing() {
            (firing.seq, firing.said_at) = (seq, None);
            firing.because.clone_from(&resolved.because);
        }
        self.index(&resolved.id);
        true
    }

    /// A person is at it. By the fact `seq`; 0: that is not on record yet.
    pub(super) fn acknowledge(&mut self, id: &str, acknowledgement: Acknowledgement, seq: u64) {
        let acknowledgement = Acknowledgement { is_queued: seq == 0, ..acknowledgement };
        if seq > 0
            && let Some(rule) = rule_of(id)
        {
            self.queued.retain(|waiting, _| rule_of(waiting).is_none_or(|other| other != rule));
        }
        if let Some(firing) = self.all.get_mut(id) {
            firing.record.acknowledge(acknowledgement);
            firing.seq = firing.seq.max(seq);
        } else if seq == 0 {
            self.queued.insert(id.into(), acknowledgement);
        }
    }

    /// An acknowledgement holds no more.
    pub(super) fn unacknowledge(&mut self, said: &AlertUnacknowledged, seq: u64) {
        if let Some(firing) = self.all.get_mut(&said.id) {
            firing.record.unacknowledge(said);
            firing.seq = firing.seq.max(seq);
        }
    }

    /// What was said of it did not reach the record: it is said again.
    pub(super) fn lost(&self, patience: Duration, now: Stamp) -> impl Iterator<Item = &Firing> {
        let unheard = self.unheard.iter().filter_map(|id| self.all.get(id));
        unheard.filter(move |firing| firing.said_at.is_some_and(|at| now.since(at) > patience))
    }

    /// It has just been said again.
    pub(super) fn said_again(&mut self, id: &str, now: Stamp) {
        if let Some(firing) = self.all.get_mut(id) {
            firing.said_at = Some(now);
            self.index(id);
        }
    }

    /// Another one acts: what was said and is not on record may never be.
    pub(super) fn forget_said(&mut self) {
        self.all.retain(|_, firing| firing.seq > 0);
        self.unsaid.clear();
        self.number();
    }

    /// The acknowledgement of a condition that waits on disk, while no firing of it is known.
    pub(super) fn queued(&self, rule: &str) -> Option<&Acknowledgement> {
        self.queued.iter().rev().find(|(id, _)| rule_of(id).is_some_and(|of| *of == *rule)).map(|(_, queued)| queued)
    }

    fn put(&mut self, mut firing: Firing) {
        if let Some(queued) = self.queued.remove(&firing.record.id) {
            firing.record.acknowledge(queued);
        }
        // A console that was started again sees the same alert begin at another moment.
        let waiting =
            self.queued(&firing.record.rule).filter(|queued| Acknowledgement::may_mean(&firing.record, queued.at));
        if firing.record.acknowledged.is_none() && firing.record.is_firing() {
            firing.record.acknowledged = waiting.cloned();
        }
        let (rule, id) = (firing.record.rule.clone(), firing.record.id.clone());
        self.all.insert(id.clone(), firing);
        self.index(&id);
        let latest = self.latest.entry(rule).or_insert_with(|| id.clone());
        if *latest < id || !self.all.contains_key(latest) {
            *latest = id;
        }
        if self.all.len() > HELD
            && let Some(oldest) = self.all.values().find(|firing| !firing.record.is_firing())
        {
            let oldest = oldest.record.id.clone();
            self.all.remove(&oldest);
            self.index(&oldest);
        }
    }

    /// Notes whether a firing goes on, and whether it is waited for.
    fn index(&mut self, id: &str) {
        let firing = self.all.get_key_value(id);
        let keep = |ids: &mut BTreeSet<Name>, is_one: fn(&Firing) -> bool| match firing {
            Some((id, firing)) if is_one(firing) => drop(ids.insert(id.clone())),
            _ => drop(ids.remove(id)),
        };
        keep(&mut self.open, |firing| firing.record.is_firing());
        keep(&mut self.unheard, |firing| firing.said_at.is_some());
    }

    fn number(&mut self) {
        let all = &self.all;
        self.open.retain(|id| all.contains_key(id));
        self.unheard.retain(|id| all.contains_key(id));
        self.latest.clear();
        for (id, firing) in &self.all {
            self.latest.insert(firing.record.rule.clone(), id.clone());
        }
    }
}
