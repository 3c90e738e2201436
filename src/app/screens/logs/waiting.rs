//! Records that came while the screen is frozen.

use std::collections::VecDeque;

use crate::lang::time::Stamp;
use crate::logs::record::{Record, RecordBatch};
use crate::logs::ring::RingLimits;
use crate::text::name::Name;

/// Records that wait, by log and in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting(VecDeque<(Name, RecordBatch, Stamp)>);

impl Waiting {
    /// Keeps a batch of `log`. No more waits than its ring could take in: what is older would be dropped there too.
    /// Returns how many records were.
    pub(in crate::app) fn push(&mut self, log: &Name, batch: RecordBatch, at: Stamp) -> u64 {
        let limits = RingLimits::default();
        self.0.push_back((log.clone(), batch, at));
        let (mut records, mut bytes) = self.waiting_in(log);
        let mut dropped = 0;
        while records > limits.records || bytes > limits.bytes {
            let mut own = self.0.iter_mut().filter(|(name, ..)| name == log);
            let Some((_, oldest, _)) = own.find(|(_, batch, _)| !batch.records.is_empty()) else { break };
            let oldest = std::mem::take(&mut oldest.records);
            records -= oldest.len();
            bytes -= oldest.iter().map(Record::footprint).sum::<usize>();
            dropped += oldest.len() as u64;
        }
        dropped
    }

    /// All that waits, with the moment at which it came; nothing waits any more.
    pub(in crate::app) fn take(&mut self) -> VecDeque<(Name, RecordBatch, Stamp)> {
        std::mem::take(&mut self.0)
    }

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
