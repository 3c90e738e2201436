//! Every record of several rings once: what is held in slices, newest first, then what comes.

use super::filter::Filter;
use super::record::{Record, RecordKind};
use super::ring::Ring;

/// What one slice of work may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    /// Records.
    pub records: usize,
    /// Bytes of their lines: reading fields costs by the byte.
    pub bytes: usize,
}

/// Goes over the records of rings that pass a filter. The rings are given to each call, always the same ones in the
/// same order. A record that grows is seen once, as it was first; what its writer has not ended is not seen before
/// it is.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    filter: Filter,
    /// For each ring the `seq` below which records are not seen yet; 0 where all are.
    unseen: Vec<u64>,
    /// For each ring the newest `seq` that was seen.
    newest: Vec<u64>,
    held: usize,
    done: usize,
}

impl Scan {
    /// Begins over what the rings hold.
    pub(crate) fn new(filter: Filter, rings: &[&Ring]) -> Self {
        let whole = |ring: &&Ring| {
            let last = ring.iter().next_back()?;
            Some(if last.kind == RecordKind::Partial { last.seq - 1 } else { last.seq })
        };
        let newest: Vec<u64> = rings.iter().map(|ring| whole(ring).unwrap_or(0)).collect();
        let unseen = newest.iter().map(|seq| if *seq == 0 { 0 } else { seq + 1 }).collect();
        Self { filter, unseen, newest, held: rings.iter().map(|ring| ring.len()).sum(), done: 0 }
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether something held is not seen yet.
    pub(crate) fn is_under_way(&self) -> bool {
        self.unseen.iter().any(|seq| *seq > 0)
    }

    /// How much of what was held is seen, in per cent; `None` where all is.
    pub(crate) fn progress(&self) -> Option<u8> {
        self.is_under_way().then(|| (self.done * 100 / self.held.max(1)).min(99) as u8)
    }

    /// Looks at a slice of what was held; `see` is called with what passes and the place of its ring.
    pub(crate) fn work(&mut self, rings: &[&Ring], slice: Slice, mut see: impl FnMut(usize, &Record)) {
        let (mut records, mut bytes) = (0, 0);
        for (source, ring) in rings.iter().enumerate() {
            let Some(bound) = self.unseen.get_mut(source) else { return };
            let mut index = ring.before(*bound);
            while *bound > 0 {
                if records >= slice.records || bytes >= slice.bytes {
                    return;
                }
                let Some(record) = index.checked_sub(1).and_then(|before| ring.at(before)) else {
                    *bound = 0;
                    break;
                };
                index -= 1;
                *bound = record.seq;
                records += 1;
                bytes += record.raw.as_str().len();
                self.done += 1;
                if record.kind == RecordKind::Line && self.filter.matches(record) {
                    see(source, record);
                }
            }
        }
    }

    /// Whether a record that came is to be counted: it is new, whole, and passes.
    pub(crate) fn takes(&mut self, source: usize, record: &Record) -> bool {
        let Some(newest) = self.newest.get_mut(source) else { return false };
        if record.seq <= *newest || record.kind == RecordKind::Partial {
            return false;
        }
        *newest = record.seq;
        record.kind == RecordKind::Line && self.filter.matches(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::record::RecordData;
    use crate::logs::ring::RingLimits;
    use crate::logs::ring::tests::record;

    const ALL: Slice = Slice { records: 1000, bytes: 1 << 20 };

    fn ring(name: &str, count: u64) -> Ring {
        let mut ring = Ring::new(RingLimits { records: 100, bytes: 1 << 20 });
        for seq in 1..=count {
            ring.push(record(name, seq, seq.cast_signed(), &format!("{name}{seq}")));
        }
        ring
    }

    #[test]
    fn everything_held_is_seen_once_in_slices() {
        let (a, b) = (ring("a", 5), ring("b", 3));
        let rings = [&a, &b];
        let mut scan = Scan::new(Filter::everything(), &rings);
        let (mut seen, mut slices) = (Vec::new(), 0);
        while scan.is_under_way() {
            scan.work(&rings, Slice { records: 2, bytes: 1 << 20 }, |_, record| seen.push(record.raw.to_string()));
            slices += 1;
            assert!(slices < 10);
        }
        assert_eq!(seen, ["a5", "a4", "a3", "a2", "a1", "b3", "b2", "b1"]);
        assert_eq!(scan.progress(), None);
        let mut scan = Scan::new(Filter::parse("a").unwrap(), &rings);
        scan.work(&rings, Slice { records: 100, bytes: 3 }, |_, _| {});
        assert!(scan.progress().is_some_and(|done| done < 50), "long lines end a slice early");
    }

    #[test]
    fn what_comes_is_seen_once_and_when_it_is_whole() {
        let mut held = ring("a", 2);
        let version = |seq: u64, kind: RecordKind| {
            let data = record("a", seq, seq.cast_signed(), "text");
            Record::new(RecordData { kind, ..(*data).clone() })
        };
        held.push(version(3, RecordKind::Partial));
        let mut scan = Scan::new(Filter::everything(), &[&held]);
        let mut count = 0;
        scan.work(&[&held], ALL, |_, _| count += 1);
        assert_eq!(count, 2, "the unfinished line waits");
        assert!(!scan.takes(0, &version(3, RecordKind::Partial)));
        assert!(scan.takes(0, &version(3, RecordKind::Line)));
        assert!(!scan.takes(0, &version(3, RecordKind::Line)), "it has grown");
        assert!(!scan.takes(0, &version(4, RecordKind::Marker)));
        assert!(!scan.takes(7, &version(4, RecordKind::Line)), "a log that is not shown");
    }
}
