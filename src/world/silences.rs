//! Silences as the store has them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::lang::time::Stamp;
use crate::model::fact::SilenceEnded;
use crate::model::silence::{MatchInput, SilenceMatch};
use crate::model::thing::SilenceRecord;
use crate::text::name::Name;

/// Silences that are held at most; those that are not over stay.
const HELD: usize = 500;

/// One silence.
#[derive(Debug, Clone)]
pub(super) struct Silence {
    /// As it is known.
    pub record: SilenceRecord,
    /// What it matches; `None`: that is written in a form that is not known here.
    pub matching: Option<SilenceMatch>,
    /// The fact that changed it last.
    pub seq: u64,
    /// When it was said to be over, where that is not known to be on record.
    pub said_at: Option<Stamp>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Silences {
    all: BTreeMap<Name, Silence>,
    /// Those that were active when that was looked at last.
    active: BTreeSet<Name>,
}

impl Silences {
    /// In the order in which they began.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Silence> {
        self.all.values()
    }

    /// The one that mutes an alert for longest.
    pub(super) fn of(&self, alert: MatchInput<'_>, now: DateTime<Utc>) -> Option<&SilenceRecord> {
        let about = |silence: &&Silence| silence.matching.as_ref().is_some_and(|matching| matching.matches(alert));
        let active = self.all.values().filter(|silence| silence.record.is_active(now));
        active.filter(about).map(|silence| &silence.record).max_by_key(|record| record.until)
    }

    /// The store has this of a silence; false where more was known.
    pub(super) fn learn(&mut self, record: SilenceRecord, seq: u64) -> bool {
        if self.all.get(&record.id).is_some_and(|known| known.seq >= seq) {
            return false;
        }
        let matching = SilenceMatch::stored(&record.matching).ok();
        self.all.insert(record.id.clone(), Silence { record, matching, seq, said_at: None });
        if self.all.len() > HELD
            && let Some(oldest) = self.all.values().find(|silence| silence.record.ended.is_some())
        {
            let oldest = oldest.record.id.clone();
            self.all.remove(&oldest);
        }
        true
    }

    /// The store says that one is over.
    pub(super) fn learn_end(&mut self, said: &SilenceEnded, at: DateTime<Utc>, seq: u64) -> bool {
        let Some(silence) = self.all.get_mut(&said.id).filter(|known| known.seq < seq) else { return false };
        silence.record.end(said, at);
        (silence.seq, silence.said_at) = (seq, None);
        true
    }

    /// This console says that one is over.
    pub(super) fn say_end(&mut self, said: &SilenceEnded, now: Stamp) {
        if let Some(silence) = self.all.get_mut(&said.id) {
            silence.record.end(said, now.utc);
            silence.said_at = Some(now);
        }
    }

    /// Whether others are active now than when this was asked last.
    pub(super) fn has_changed(&mut self, now: DateTime<Utc>) -> bool {
        let active = self.all.values().filter(|silence| silence.record.is_active(now));
        let active: BTreeSet<Name> = active.map(|silence| silence.record.id.clone()).collect();
        let changed = active != self.active;
        self.active = active;
        changed
    }
}
