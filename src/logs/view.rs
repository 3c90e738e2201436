//! What is shown of several logs: the records that pass a filter, merged by time, kept up as records come.
//!
//! A view holds places, never records. It is never computed again for a frame: records that come are tested once, and
//! a new filter is scanned in slices, newest first, so that the end of the log is there at once.
//!
//! A search is a view too, with [`Filter::and`] of what is shown and what is searched: its length is the number of
//! hits, [`View::index_of`] the number of the present one, [`View::after`] and [`View::before`] the neighbours.

use std::collections::{BinaryHeap, VecDeque};

use chrono::{DateTime, Duration, Utc};

use super::filter::Filter;
use super::histogram::LevelHistogram;
use super::record::{Level, Record};
use super::ring::Ring;

/// Within this time of the newest record others are put where their time says; what comes later than that is put
/// last and flagged, so that nothing moves that a person may be reading.
pub(crate) const WINDOW: Duration = Duration::seconds(2);

/// Bytes of records that one slice of a scan looks at.
const SLICE_BYTES: usize = 8 << 20;

/// The place of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewEntry {
    /// The time by which it is merged.
    pub at: DateTime<Utc>,
    /// Its `seq`.
    pub seq: u64,
    /// Which ring, by its position in the list that the caller gives.
    pub source: usize,
    /// Its level, for the histogram.
    pub level: Level,
    /// It came later than its time says: it is out of order.
    pub late: bool,
}

impl ViewEntry {
    fn key(&self) -> (DateTime<Utc>, usize, u64) {
        (self.at, self.source, self.seq)
    }
}

/// The records of several rings that pass a filter, in the order of time. The rings are given to each call, always
/// the same ones in the same order; another choice of rings is another view.
#[derive(Debug, Clone, Default)]
pub struct View {
    filter: Filter,
    entries: VecDeque<ViewEntry>,
    histogram: LevelHistogram,
    /// For each ring the `seq` below which records are not scanned yet; 0 where all are.
    unscanned: Vec<u64>,
    to_scan: usize,
    scanned: usize,
    /// For each ring the oldest `seq` that was held at the last look.
    oldest: Vec<u64>,
    /// For each ring the newest `seq` that was seen; what is not above it is a new version.
    newest: Vec<u64>,
    /// For each ring the time that its latest late record was given: what follows must stay behind it.
    raised: Vec<Option<DateTime<Utc>>>,
    /// Whether any entry has another time than its ring says.
    any_raised: bool,
}

impl View {
    /// A view of `rings` through `filter`. What they hold is not scanned yet: see [`View::work`].
    pub fn new(filter: Filter, rings: &[&Ring]) -> Self {
        Self {
            filter,
            entries: VecDeque::new(),
            histogram: LevelHistogram::default(),
            unscanned: rings.iter().map(|ring| ring.last_seq().map_or(0, |last| last + 1)).collect(),
            to_scan: rings.iter().map(|ring| ring.len()).sum(),
            scanned: 0,
            oldest: rings.iter().map(|ring| ring.first_seq().unwrap_or(0)).collect(),
            newest: rings.iter().map(|ring| ring.last_seq().unwrap_or(0)).collect(),
            raised: vec![None; rings.len()],
            any_raised: false,
        }
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// How many records pass, of those that were scanned.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entry at `index`, from 0 for the oldest.
    pub(crate) fn get(&self, index: usize) -> Option<ViewEntry> {
        self.entries.get(index).copied()
    }

    /// The newest entry.
    pub(crate) fn last(&self) -> Option<ViewEntry> {
        self.entries.back().copied()
    }

    /// Entries from `index` on, towards the newest; also from the end.
    pub(crate) fn iter_from(&self, index: usize) -> impl DoubleEndedIterator<Item = ViewEntry> + ExactSizeIterator {
        self.entries.range(index.min(self.entries.len())..).copied()
    }

    /// Counts by level of what passes.
    pub(crate) fn histogram(&self) -> &LevelHistogram {
        &self.histogram
    }

    /// How much of the scan is done, in per cent; `None` where there is none under way.
    pub(crate) fn progress(&self) -> Option<u8> {
        self.is_scanning().then(|| (self.scanned * 100 / self.to_scan.max(1)).min(99) as u8)
    }

    /// Whether a scan is under way.
    pub(crate) fn is_scanning(&self) -> bool {
        self.unscanned.iter().any(|seq| *seq > 0)
    }

    /// Scans at most `most` records of what the rings held when the view was made, newest first. True when all are.
    pub fn work(&mut self, rings: &[&Ring], most: usize) -> bool {
        let mut next = self.newest_to_scan(rings);
        let mut bytes = 0;
        for _ in 0..most {
            // A record may be long, and a slice must not be.
            if bytes >= SLICE_BYTES {
                break;
            }
            let Some((at, source, index)) = next.pop() else { return true };
            let Some(record) = rings[source].at(index) else { return true };
            self.unscanned[source] = record.seq;
            self.scanned += 1;
            bytes += record.raw.len();
            if self.filter.matches(record) {
                self.place(entry(source, record, at), true);
            }
            next.extend(self.next_to_scan(rings, source));
        }
        !self.is_scanning()
    }

    /// The newest record of each ring that is not scanned: the newest of all is the next. Made once for a slice, or each
    /// record would cost a look at every ring.
    fn newest_to_scan(&mut self, rings: &[&Ring]) -> BinaryHeap<(DateTime<Utc>, usize, usize)> {
        let sources = 0..rings.len().min(self.unscanned.len());
        sources.filter_map(|source| self.next_to_scan(rings, source)).collect()
    }

    /// The newest record of a ring that is not scanned: its time, the ring, and where it is in it.
    fn next_to_scan(&mut self, rings: &[&Ring], source: usize) -> Option<(DateTime<Utc>, usize, usize)> {
        let bound = self.unscanned[source];
        if bound == 0 {
            return None;
        }
        let index = rings[source].before(bound).checked_sub(1);
        let next = index.and_then(|index| Some((rings[source].time_at(index)?, source, index)));
        if next.is_none() {
            self.unscanned[source] = 0;
        }
        next
    }

    /// Takes in a record that was just pushed to `ring`, which is the ring `source`, a new one or a new version. `backlog` records
    /// are put where their time says, however late.
    pub fn ingest(&mut self, ring: &Ring, source: usize, record: &Record, backlog: bool) {
        let Some(bound) = self.unscanned.get(source) else { return };
        if record.seq < *bound {
            return;
        }
        let Some(at) = ring.index_of(record.seq).and_then(|index| ring.time_at(index)) else { return };
        let passes = self.filter.matches(record);
        if record.seq > self.newest[source] {
            self.newest[source] = record.seq;
            if passes {
                self.place(entry(source, record, at), backlog);
            }
            return;
        }
        match self.find(source, record.seq, at) {
            Some(index) => {
                let held = self.entries[index];
                self.histogram.remove(held.at, held.level);
                if passes {
                    self.entries[index].level = record.level;
                    self.histogram.add(held.at, record.level);
                } else {
                    self.entries.remove(index);
                }
            }
            None if passes => self.place(entry(source, record, at), true),
            None => {}
        }
    }

    /// Puts an entry where its time says; unless `anywhere`, one that is too late for that is put last.
    fn place(&mut self, mut entry: ViewEntry, anywhere: bool) {
        if !anywhere {
            let floor = self.raised[entry.source].filter(|floor| *floor > entry.at);
            let last =
                self.entries.back().map(|last| last.at).filter(|last| *last > entry.at && *last - entry.at > WINDOW);
            if let Some(at) = floor.max(last) {
                entry.at = at;
                entry.late = true;
                self.raised[entry.source] = Some(at);
                self.any_raised = true;
            }
        }
        self.histogram.add(entry.at, entry.level);
        if self.entries.back().is_none_or(|last| last.key() < entry.key()) {
            self.entries.push_back(entry);
        } else {
            let index = self.entries.partition_point(|held| held.key() < entry.key());
            self.entries.insert(index, entry);
        }
    }

    /// Drops the entries of records that the rings no longer hold. Returns how many of them were before `index`, for
    /// a caller that remembers a place by number.
    pub(crate) fn forget(&mut self, rings: &[&Ring], index: usize) -> usize {
        let mut changed = false;
        for (oldest, ring) in self.oldest.iter_mut().zip(rings) {
            let first = ring.first_seq().unwrap_or(u64::MAX);
            changed |= std::mem::replace(oldest, first) != first;
        }
        if !changed {
            return 0;
        }
        let gone = |oldest: &[u64], entry: &ViewEntry| oldest.get(entry.source).is_none_or(|first| entry.seq < *first);
        let mut dropped = 0;
        while let Some(entry) = self.entries.pop_front_if(|entry| gone(&self.oldest, entry)) {
            self.histogram.remove(entry.at, entry.level);
            dropped += 1;
        }
        let mut before = dropped.min(index);
        // Only several rings leave holes further on.
        if rings.len() > 1 {
            let (oldest, histogram) = (&self.oldest, &mut self.histogram);
            let mut place = dropped;
            self.entries.retain(|entry| {
                let keep = !gone(oldest, entry);
                if !keep {
                    histogram.remove(entry.at, entry.level);
                    before += usize::from(place < index);
                }
                place += 1;
                keep
            });
        }
        before
    }

    /// Where the record is, from 0 for the oldest.
    pub(crate) fn index_of(&self, rings: &[&Ring], source: usize, seq: u64) -> Option<usize> {
        let ring = rings.get(source)?;
        self.find(source, seq, ring.time_at(ring.index_of(seq)?)?)
    }

    fn find(&self, source: usize, seq: u64, at: DateTime<Utc>) -> Option<usize> {
        let is_it = |entry: &ViewEntry| entry.source == source && entry.seq == seq;
        let index = self.entries.partition_point(|entry| entry.key() < (at, source, seq));
        if self.entries.get(index).is_some_and(is_it) {
            return Some(index);
        }
        // It may have been late, and then it is further on.
        let raised = self.any_raised.then(|| self.entries.range(index..).position(is_it))??;
        Some(index + raised)
    }

    /// The first entry that comes after `entry`, which need not be in this view.
    pub(crate) fn after(&self, entry: &ViewEntry) -> Option<usize> {
        let index = self.entries.partition_point(|held| held.key() <= entry.key());
        (index < self.entries.len()).then_some(index)
    }

    /// The last entry that comes before `entry`, which need not be in this view.
    pub(crate) fn before(&self, entry: &ViewEntry) -> Option<usize> {
        self.entries.partition_point(|held| held.key() < entry.key()).checked_sub(1)
    }

    /// The first entry at or after a moment, for jumping to a bar of the histogram.
    pub(crate) fn first_at(&self, at: DateTime<Utc>) -> usize {
        self.entries.partition_point(|entry| entry.at < at)
    }
}

fn entry(source: usize, record: &Record, at: DateTime<Utc>) -> ViewEntry {
    // By what the clock of its row shows: a second that goes back needs its sign.
    let late = record.time.is_some_and(|time| at.timestamp() > time.timestamp());
    ViewEntry { at, seq: record.seq, source, level: record.level, late }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logs::ring::RingLimits;
    use crate::logs::ring::tests::record;

    fn rings(count: usize, records: usize) -> Vec<Ring> {
        (0..count).map(|_| Ring::new(RingLimits { records, bytes: 1 << 20 })).collect()
    }

    fn shown(view: &View, rings: &[&Ring]) -> Vec<String> {
        view.iter_from(0).map(|entry| rings[entry.source].get(entry.seq).unwrap().raw.as_str().to_owned()).collect()
    }

    fn all(rings: &[Ring]) -> Vec<&Ring> {
        rings.iter().collect()
    }

    #[test]
    fn what_is_held_is_merged_by_time_and_the_end_is_there_first() {
        let mut rings = rings(2, 100);
        for (seq, at) in [(1, 10), (2, 20), (3, 30)] {
            rings[0].push(record("a", seq, at, &format!("a{seq}")));
            rings[1].push(record("b", seq, at + 5, &format!("b{seq}")));
        }
        let rings = all(&rings);
        let mut view = View::new(Filter::everything(), &rings);
        assert!(!view.work(&rings, 2));
        assert_eq!(shown(&view, &rings), ["a3", "b3"]);
        assert_eq!(view.progress(), Some(33));
        assert!(view.work(&rings, 100));
        assert_eq!(shown(&view, &rings), ["a1", "b1", "a2", "b2", "a3", "b3"]);
        assert_eq!(view.progress(), None);
    }

    #[test]
    fn live_records_are_sorted_within_the_window_and_flagged_beyond_it() {
        let mut rings = rings(2, 100);
        let mut view = View::new(Filter::everything(), &all(&rings));
        for (source, seq, at, text) in [
            (0, 1, 100, "a100"),
            (1, 1, 99, "b99"),
            (0, 2, 110, "a110"),
            (1, 2, 100, "b100 late"),
            (1, 3, 109, "b109"),
            (0, 3, 111, "a111"),
        ] {
            let record = record("x", seq, at, text);
            rings[source].push(record.clone());
            view.ingest(&rings[source], source, &record, false);
        }
        let late: Vec<bool> = view.iter_from(0).map(|entry| entry.late).collect();
        assert_eq!(shown(&view, &all(&rings)), ["b99", "a100", "a110", "b100 late", "b109", "a111"]);
        assert_eq!(late, [false, false, false, true, true, false]);
        assert_eq!(view.index_of(&all(&rings), 1, 2), Some(3));
    }

    #[test]
    fn a_search_is_a_view_within_the_view() {
        let mut rings = rings(1, 100);
        for seq in 1..=10_u32 {
            rings[0].push(record("a", seq.into(), seq.into(), if seq % 3 == 0 { "hit" } else { "miss" }));
        }
        let rings = all(&rings);
        let mut view = View::new(Filter::everything(), &rings);
        let mut search = View::new(view.filter().and(&Filter::parse("hit").unwrap()), &rings);
        view.work(&rings, 100);
        search.work(&rings, 100);
        let cursor = view.get(4).unwrap();
        assert_eq!(search.after(&cursor).and_then(|at| search.get(at)).unwrap().seq, 6);
        assert_eq!(search.before(&cursor).and_then(|at| search.get(at)).unwrap().seq, 3);
        assert_eq!(search.len(), 3);
        assert_eq!(search.first_at(DateTime::from_timestamp(4, 0).unwrap()), 1);
    }

    proptest! {
        /// Whatever comes, is replaced and is dropped, in whatever slices the scan goes: the view is what a filter
        /// over what is held would give.
        #[test]
        fn a_view_is_what_its_filter_keeps_of_what_is_held(
            before in prop::collection::vec((0_usize..3, 0_i64..50, any::<bool>()), 0..40),
            steps in prop::collection::vec((0_usize..3, 0_i64..60, any::<bool>(), any::<bool>(), 0_usize..6), 0..60),
        ) {
            let mut rings = rings(3, 12);
            let mut next = [1_u64; 3];
            let text = |hit: bool| if hit { "keep" } else { "drop" };
            for (source, at, hit) in before {
                rings[source].push(record("x", next[source], at, text(hit)));
                next[source] += 1;
            }
            let mut view = View::new(Filter::parse("keep").unwrap(), &all(&rings));
            for (source, at, hit, again, work) in steps {
                let seq = if again && next[source] > 1 { next[source] - 1 } else { next[source] };
                next[source] = seq + 1;
                let record = record("x", seq, at, text(hit));
                rings[source].push(record.clone());
                view.ingest(&rings[source], source, &record, hit);
                view.forget(&all(&rings), 0);
                view.work(&all(&rings), work);
            }
            view.work(&all(&rings), 1000);
            let refs = all(&rings);
            let mut expected: Vec<(usize, u64)> = Vec::new();
            for (source, ring) in refs.iter().enumerate() {
                expected.extend(ring.iter().filter(|record| record.raw.as_str() == "keep").map(|record| (source, record.seq)));
            }
            let mut found: Vec<(usize, u64)> = view.iter_from(0).map(|entry| (entry.source, entry.seq)).collect();
            for source in 0..3 {
                prop_assert!(found.iter().filter(|entry| entry.0 == source).is_sorted(), "{found:?}");
            }
            prop_assert!(view.iter_from(0).map(|entry| entry.at).is_sorted());
            for (index, entry) in view.iter_from(0).enumerate() {
                prop_assert_eq!(view.index_of(&refs, entry.source, entry.seq), Some(index));
            }
            let counted: u32 = view.histogram().span().map_or(0, |(from, to)| view.histogram().bars(from, to + Duration::seconds(1), 100).1.iter().flat_map(|bar| bar.counts).sum());
            prop_assert_eq!(counted as usize, found.len());
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
