//! From what was read to a record that is kept and counted.

use chrono::{DateTime, Utc};

use super::stream::{Counted, Version};
use super::{Pipeline, RecordStream};
use crate::lang::time::Stamp;
use crate::logs::record::{Level, Record, RecordData, RecordKind};
use crate::sources::logs::count::CountedAs;
use crate::sources::logs::follow::reading::RecordReading;

impl Pipeline {
    /// Makes a record, unless it is not kept.
    pub(super) fn emit(&mut self, bytes: &[u8], version: &mut Version, stream: &mut RecordStream, at: Stamp) {
        let seen = self.reader().read(bytes, self.last, stream.placed(at));
        if let Some(data) = self.data(seen, version, &mut stream.not_before, at) {
            self.keep(Record::new(data), version);
        }
    }

    /// What the record of what was read holds; `None` where it is not kept.
    pub(super) fn data(
        &mut self,
        seen: RecordReading,
        version: &mut Version,
        not_before: &mut Option<DateTime<Utc>>,
        at: Stamp,
    ) -> Option<RecordData> {
        let time = seen.time.or(version.time);
        if version.seq.is_none() {
            let early = not_before.is_some_and(|bound| time.is_none_or(|time| time < bound));
            if early || (seen.level != Level::None && seen.level < self.floor) {
                return None;
            }
            *not_before = None;
        }
        self.last = seen.format;
        let cut_bytes = version.cut + seen.cut_bytes;
        self.count_loss(version, seen.neutralised, cut_bytes);
        let seq = if self.hidden {
            0
        } else {
            *version.seq.get_or_insert_with(|| {
                self.next_seq += 1;
                self.next_seq - 1
            })
        };
        let before = self.latest.filter(|_| self.hidden);
        self.latest = time.or(self.latest);
        Some(RecordData {
            log: self.log.clone(),
            seq,
            read_at: at,
            time: time.or(before),
            level: seen.level,
            service: seen.service,
            message: seen.message,
            raw: seen.raw,
            format: seen.format,
            styles: seen.styles.into(),
            layout: self.recogniser.layout().cloned(),
            kind: version.kind,
            stderr: version.stderr,
            cut_bytes,
            file: version.file.clone(),
        })
    }

    /// Counts a record, and keeps it unless it is hidden.
    pub(super) fn keep(&mut self, record: Record, version: &mut Version) {
        if version.kind == RecordKind::Line {
            self.note(&record, version);
        }
        if !self.hidden {
            self.records.push(record);
        }
    }

    /// Counts what a record could not be shown with; of its later versions only what is more.
    fn count_loss(&mut self, version: &mut Version, neutralised: u32, cut_bytes: u64) {
        // The whole line will count it.
        if version.kind == RecordKind::Partial || self.hidden {
            return;
        }
        self.loss.neutralised += u64::from(neutralised.saturating_sub(version.lost.0));
        self.loss.cut_bytes += cut_bytes.saturating_sub(version.lost.1);
        self.loss.cut_records += u64::from(cut_bytes > 0 && version.lost.1 == 0);
        version.lost = (neutralised, cut_bytes);
    }

    fn note(&mut self, record: &Record, version: &mut Version) {
        self.tally(record, &mut version.counted);
    }

    fn tally(&self, record: &Record, counted: &mut Counted) {
        if counted.generation == self.generation {
            for (counter, seen) in self.counters.iter().zip(&mut counted.seen) {
                counter.count(record, seen);
            }
        }
    }

    pub(super) fn uncounted(&self) -> Counted {
        let counters = if self.counting { self.counters.len() } else { 0 };
        Counted { generation: self.generation, seen: vec![CountedAs::default(); counters] }
    }
}
