//! What comes in while the screen is frozen: it waits, so that filter and search work on what was there.

use std::collections::VecDeque;

use crate::app::state::State;
use crate::lang::time::Stamp;
use crate::logs::record::{Record, RecordBatch};
use crate::logs::ring::RingLimits;
use crate::text::name::Name;

/// Records that wait, by log and in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Waiting(VecDeque<(Name, RecordBatch, Stamp)>);

impl Waiting {
    /// Records of `log` that wait, and their bytes.
    fn waiting_in(&self, log: &Name) -> (usize, usize) {
        let records = self.0.iter().filter(|(name, ..)| name == log).flat_map(|(_, batch, _)| &batch.records);
        records.fold((0, 0), |(count, bytes), record| (count + 1, bytes + record.footprint()))
    }

    /// All records that wait.
    pub(in crate::app) fn all(&self) -> impl Iterator<Item = &Record> {
        self.0.iter().flat_map(|(_, batch, _)| &batch.records)
    }

    /// Puts records in the place of those that wait still.
    pub(in crate::app) fn replace(&mut self, records: &[(Record, Record)]) {
        for waiting in self.0.iter_mut().flat_map(|(_, batch, _)| &mut batch.records) {
            if let Some((_, other)) = records.iter().find(|(held, _)| held.same(waiting)) {
                waiting.clone_from(other);
            }
        }
    }

    /// The records of `log` that wait, oldest first.
    pub(in crate::app) fn records<'a>(&'a self, log: &'a Name) -> impl DoubleEndedIterator<Item = &'a Record> {
        self.0.iter().filter(move |(name, ..)| name == log).flat_map(|(_, batch, _)| &batch.records)
    }
}

/// Keeps a batch for later. No more waits than the ring of its log could take in: what is older would be dropped there
/// too, and is counted as such.
pub(in crate::app) fn hold(state: &mut State, log: &Name, batch: RecordBatch) {
    let limits = RingLimits::default();
    state.console.waiting.0.push_back((log.clone(), batch, state.world.now));
    let (mut records, mut bytes) = state.console.waiting.waiting_in(log);
    while records > limits.records || bytes > limits.bytes {
        let mut own = state.console.waiting.0.iter_mut().filter(|(name, ..)| name == log);
        let Some((_, oldest, _)) = own.find(|(_, batch, _)| !batch.records.is_empty()) else { return };
        let dropped = std::mem::take(&mut oldest.records);
        records -= dropped.len();
        bytes -= dropped.iter().map(Record::footprint).sum::<usize>();
        if let Some(view) = state.world.logs.iter_mut().find(|view| view.name == *log) {
            view.ring.note_dropped(dropped.len() as u64);
        }
    }
}

/// Takes in what waited.
pub(in crate::app) fn thaw(state: &mut State) {
    for (log, batch, at) in std::mem::take(&mut state.console.waiting.0) {
        super::arrived(state, &log, batch, at);
    }
}
