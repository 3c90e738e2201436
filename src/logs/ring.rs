//! The records of one log that are held, bounded by count and by bytes.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::record::Record;

/// Clocks of one machine or of a synchronised few differ by less than this: what a line states is believed as long as it
/// is no more ahead of ours.
pub(crate) const AHEAD: TimeDelta = TimeDelta::seconds(2);

/// How much a ring holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingLimits {
    /// Records.
    pub records: usize,
    /// Bytes, all that the records hold in memory.
    pub bytes: usize,
}

impl Default for RingLimits {
    fn default() -> Self {
        Self { records: 50_000, bytes: 32 << 20 }
    }
}

/// What became of a pushed record.
#[derive(Debug, Clone)]
pub enum Pushed {
    /// It is a new one at the end.
    New,
    /// It took the place of an earlier version of itself (a completed partial line, a joined trace that grew).
    Replaced(Record),
    /// Its place was dropped already.
    Gone,
}

/// The held records of one log, oldest first, `seq` ascending. What is dropped is counted.
#[derive(Debug, Clone)]
pub struct Ring {
    limits: RingLimits,
    records: VecDeque<Record>,
    /// The time by which each is merged with other logs, never falling.
    times: VecDeque<DateTime<Utc>>,
    bytes: usize,
    dropped: u64,
}

impl Ring {
    /// An empty ring.
    pub fn new(limits: RingLimits) -> Self {
        Self { limits, records: VecDeque::new(), times: VecDeque::new(), bytes: 0, dropped: 0 }
    }

    /// Adds a record, or replaces the held one of the same `seq`; drops the oldest to stay within the bounds.
    pub fn push(&mut self, record: Record) -> Pushed {
        let known = self.last_seq().is_some_and(|last| record.seq <= last);
        let outcome = if known {
            let Some(index) = self.index_of(record.seq) else { return Pushed::Gone };
            self.bytes += record.footprint();
            let old = std::mem::replace(&mut self.records[index], record);
            self.bytes -= old.footprint();
            Pushed::Replaced(old)
        } else {
            self.bytes += record.footprint();
            self.times.push_back(self.merge_time(&record));
            self.records.push_back(record);
            Pushed::New
        };
        while self.records.len() > self.limits.records || (self.bytes > self.limits.bytes && self.records.len() > 1) {
            let Some(oldest) = self.records.pop_front() else { break };
            self.times.pop_front();
            self.bytes -= oldest.footprint();
            self.dropped += 1;
        }
        outcome
    }

    /// What the line states, but not far in the future, where one wrong clock would stay the newest for ever, and not
    /// before the line above it: the order of one log is never changed. A line that states none goes with the line
    /// above.
    fn merge_time(&self, record: &Record) -> DateTime<Utc> {
        let last = self.times.back().copied();
        let own = match record.time {
            Some(time) if time <= record.read_at.utc + AHEAD => time,
            None if self.records.iter().rev().take(8).any(|before| before.time.is_some()) => {
                last.unwrap_or(record.read_at.utc)
            }
            _ => record.read_at.utc,
        };
        last.map_or(own, |last| own.max(last))
    }

    /// The time by which the record at `index` is merged with those of other logs; never falls within one log.
    pub(crate) fn time_at(&self, index: usize) -> Option<DateTime<Utc>> {
        self.times.get(index).copied()
    }

    /// Where `seq` is, from 0 for the oldest held.
    pub(crate) fn index_of(&self, seq: u64) -> Option<usize> {
        // Without gaps, which is the rule, the place follows from the first.
        let guess = usize::try_from(seq.checked_sub(self.first_seq()?)?).ok()?;
        match self.records.get(guess) {
            Some(record) if record.seq == seq => Some(guess),
            _ => self.records.binary_search_by_key(&seq, |record| record.seq).ok(),
        }
    }

    /// How many of the held records are before `seq`.
    pub(crate) fn before(&self, seq: u64) -> usize {
        match (self.first_seq(), self.last_seq()) {
            (Some(first), _) if seq <= first => 0,
            (_, Some(last)) if seq <= last => {
                self.index_of(seq).unwrap_or_else(|| self.records.partition_point(|record| record.seq < seq))
            }
            _ => self.records.len(),
        }
    }

    /// The record `seq`, where it is still held.
    pub fn get(&self, seq: u64) -> Option<&Record> {
        self.records.get(self.index_of(seq)?)
    }

    /// The record at `index`, from 0 for the oldest held.
    pub fn at(&self, index: usize) -> Option<&Record> {
        self.records.get(index)
    }

    /// Every held record, oldest first; also from the end.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> + ExactSizeIterator {
        self.records.iter()
    }

    /// The oldest held `seq`.
    pub(crate) fn first_seq(&self) -> Option<u64> {
        self.records.front().map(|record| record.seq)
    }

    /// The newest `seq`.
    pub(crate) fn last_seq(&self) -> Option<u64> {
        self.records.back().map(|record| record.seq)
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts records that were dropped before they could be pushed.
    pub(crate) fn note_dropped(&mut self, count: u64) {
        self.dropped += count;
    }

    /// How many were dropped to stay within the bounds.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lang::time::Stamp;
    use crate::logs::record::{Level, RecordData};
    use crate::text::SafeText;

    /// A record of `log` whose line states `seconds` since the epoch.
    pub(crate) fn record(log: &str, seq: u64, seconds: i64, text: &str) -> Record {
        let utc = DateTime::from_timestamp(seconds, 0).unwrap();
        let read_at = Stamp { mono: std::time::Duration::from_secs(seconds.unsigned_abs()), utc };
        Record::new(RecordData {
            time: Some(utc),
            level: Level::Info,
            ..RecordData::unknown(log.into(), seq, read_at, SafeText::new(text))
        })
    }

    #[test]
    fn the_oldest_are_dropped_and_counted() {
        let mut ring = Ring::new(RingLimits { records: 3, bytes: 1 << 20 });
        for seq in 1..=5 {
            ring.push(record("a", seq, 0, "x"));
        }
        assert_eq!((ring.len(), ring.dropped(), ring.first_seq(), ring.last_seq()), (3, 2, Some(3), Some(5)));
        assert!(ring.get(2).is_none());
        assert_eq!(ring.get(4).map(|r| r.seq), Some(4));
    }

    #[test]
    fn a_completed_line_takes_the_place_of_its_beginning() {
        let mut ring = Ring::new(RingLimits::default());
        ring.push(record("a", 1, 0, "beg"));
        ring.push(record("a", 2, 0, "other"));
        assert!(matches!(ring.push(record("a", 1, 0, "beginning")), Pushed::Replaced(_)));
        assert_eq!(ring.get(1).unwrap().raw.as_str(), "beginning");
        assert_eq!(ring.len(), 2);
    }

    #[test]
    fn a_clock_that_is_a_little_ahead_is_believed_and_a_wrong_one_is_not() {
        let mut ring = Ring::new(RingLimits::default());
        let stated = |seq, ahead| {
            let mut data = RecordData::clone(&record("a", seq, 1000, "x"));
            data.time = Some(data.read_at.utc + TimeDelta::seconds(ahead));
            Record::new(data)
        };
        ring.push(stated(1, 1));
        ring.push(stated(2, 2));
        assert_eq!(ring.time_at(1).unwrap().timestamp(), 1002);
        let mut ring = Ring::new(RingLimits::default());
        ring.push(stated(1, 3600));
        assert_eq!(ring.time_at(0).unwrap().timestamp(), 1000);
    }

    #[test]
    fn one_record_over_the_bound_is_still_shown() {
        let mut ring = Ring::new(RingLimits { records: 10, bytes: 10 });
        ring.push(record("a", 1, 0, "a line longer than the ring"));
        assert_eq!(ring.len(), 1);
    }

    proptest! {
        #[test]
        fn the_books_balance(steps in prop::collection::vec((0_u64..3, 0_usize..200), 0..200)) {
            let mut ring = Ring::new(RingLimits { records: 20, bytes: 6000 });
            let (mut next, mut news) = (1, 0);
            for (gap, length) in steps {
                let seq = if gap == 0 && next > 1 { next - 1 } else { next + gap };
                if matches!(ring.push(record("a", seq, 0, &"x".repeat(length))), Pushed::New) {
                    news += 1;
                    next = seq + 1;
                }
                prop_assert_eq!(ring.bytes(), ring.iter().map(Record::footprint).sum::<usize>());
                prop_assert_eq!(ring.len() as u64 + ring.dropped(), news);
                prop_assert!(ring.len() <= 20 && (ring.bytes() <= 6000 || ring.len() == 1));
                for held in ring.iter() {
                    prop_assert!(ring.get(held.seq).unwrap().same(held));
                }
            }
        }
    }
}
