//! What a log says again and again, over the last hour: one entry for each shape of message, in a bounded space.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::histogram::span_begin;
use super::record::{Level, Record, RecordData, RecordKind};
use super::view::WINDOW;

/// For how long is counted.
const SPAN: TimeDelta = TimeDelta::hours(1);
/// Shapes that are held. When another comes a quarter is let go, mild and old ones first.
const MOST: usize = 128;

/// How often each shape of message came in the last hour. Counted by the minute in which a record says it was written, and
/// not lost when the record is dropped.
#[derive(Debug, Clone, Default)]
pub struct RepeatedShapes {
    /// By shape and level: an error must not hide among what is said alike at another level.
    shapes: HashMap<(u64, Level), RepeatedShape>,
    errors: Minutes,
    begins: Option<DateTime<Utc>>,
    last_seq: u64,
    /// The minute up to which what is too old was forgotten.
    swept: i64,
}

/// One shape of message.
#[derive(Debug, Clone)]
pub(crate) struct RepeatedShape {
    /// The `seq` of the latest record.
    pub seq: u64,
    /// When that was.
    pub at: DateTime<Utc>,
    /// Its level.
    pub level: Level,
    /// A record of the same minute, for when the latest one is no longer held. It holds no memory of others.
    pub kept: Record,
    minutes: Minutes,
}

/// Counts by the minute, oldest first.
#[derive(Debug, Clone, Default)]
struct Minutes(VecDeque<(i64, u32)>);

impl Minutes {
    fn add(&mut self, minute: i64) {
        match self.0.iter_mut().rev().find(|(held, _)| *held <= minute) {
            Some((held, count)) if *held == minute => *count += 1,
            _ => {
                let place = self.0.partition_point(|(held, _)| *held < minute);
                self.0.insert(place, (minute, 1));
            }
        }
    }

    /// The sum from a minute on.
    fn since(&self, first: i64) -> u64 {
        self.0.iter().rev().take_while(|(minute, _)| *minute >= first).map(|(_, count)| u64::from(*count)).sum()
    }

    fn forget(&mut self, first: i64) {
        while self.0.pop_front_if(|(minute, _)| *minute < first).is_some() {}
    }

    fn last(&self) -> Option<i64> {
        self.0.back().map(|(minute, _)| *minute)
    }
}

fn minute(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(60)
}

/// The first minute of the hour that ends at `now`.
fn first(now: DateTime<Utc>) -> i64 {
    minute(span_begin(now, SPAN))
}

impl RepeatedShapes {
    /// Counts a record once, by `shape`; `backlog` are those that were there before the log was followed.
    pub fn note(&mut self, record: &Record, shape: u64, backlog: bool) {
        if record.kind != RecordKind::Line || record.seq <= self.last_seq {
            return;
        }
        self.last_seq = record.seq;
        let now = record.read_at.utc;
        // A clock that is ahead counts as now; what came live came now, or a log whose clock is slow would never be seen.
        let at = if backlog { record.at() } else { record.at().max(now - WINDOW) }.min(now);
        if backlog && self.begins.is_none() {
            self.begins = Some(at);
        }
        self.forget(now);
        let (minute, first) = (minute(at), first(now));
        if minute < first {
            return;
        }
        if record.level >= Level::Error {
            self.errors.add(minute);
        }
        let key = (shape, record.level);
        if !self.shapes.contains_key(&key) && self.shapes.len() >= MOST {
            self.let_go();
        }
        let held = self.shapes.entry(key).or_insert_with(|| RepeatedShape {
            seq: record.seq,
            at,
            level: record.level,
            kept: alone(record),
            minutes: Minutes::default(),
        });
        if held.minutes.last().is_some_and(|last| last < minute) {
            held.kept = alone(record);
        }
        held.minutes.add(minute);
        (held.seq, held.at) = (record.seq, at.max(held.at));
    }

    /// Puts a record in the place of another that must not be shown any more.
    pub(crate) fn replace(&mut self, held: &Record, other: &Record) {
        for repeat in self.shapes.values_mut().filter(|repeat| repeat.kept.seq == held.seq) {
            repeat.kept = alone(other);
        }
    }

    /// The records that are kept here.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Record> {
        self.shapes.values().map(|repeat| &repeat.kept)
    }

    /// The shapes of the hour that ends at `now`, in no order, each with how often it came.
    pub(crate) fn of_hour(&self, now: DateTime<Utc>) -> impl Iterator<Item = (&RepeatedShape, u64)> {
        let first = first(now);
        self.shapes.values().map(move |repeat| (repeat, repeat.minutes.since(first))).filter(|(_, count)| *count > 0)
    }

    /// Errors and worse of the hour that ends at `now`, also those whose shape is no longer held.
    pub fn errors(&self, now: DateTime<Utc>) -> u64 {
        self.errors.since(first(now))
    }

    /// From when on records are counted, where the log may have said more before; `None`: all that it said.
    pub(crate) fn begins(&self) -> Option<DateTime<Utc>> {
        self.begins
    }

    /// Forgets what is older than an hour, once a minute.
    fn forget(&mut self, now: DateTime<Utc>) {
        let first = first(now);
        if std::mem::replace(&mut self.swept, first) == first {
            return;
        }
        self.errors.forget(first);
        self.shapes.retain(|_, repeat| {
            repeat.minutes.forget(first);
            repeat.minutes.last().is_some()
        });
    }

    fn let_go(&mut self) {
        let mut order: Vec<(bool, DateTime<Utc>, (u64, Level))> =
            self.shapes.iter().map(|(key, held)| (held.level >= Level::Warn, held.at, *key)).collect();
        order.sort_unstable();
        for (.., key) in order.into_iter().take(MOST / 4) {
            self.shapes.remove(&key);
        }
    }
}

/// The record in memory of its own: records that came together hold theirs together.
fn alone(record: &Record) -> Record {
    Record::new(RecordData::clone(record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::time::Stamp;
    use crate::logs::pattern::hash_of;
    use crate::text::SafeText;

    const BEGIN: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn record(seq: u64, second: i64, level: Level, message: &str) -> Record {
        let at = Stamp { mono: std::time::Duration::ZERO, utc: BEGIN + TimeDelta::seconds(second) };
        let data = RecordData::unknown("api".into(), seq, at, SafeText::new(message));
        Record::new(RecordData { level, ..data })
    }

    fn note(repeats: &mut RepeatedShapes, record: &Record) {
        repeats.note(record, hash_of(record.message.as_str()), false);
    }

    fn counts(repeats: &RepeatedShapes, second: i64) -> Vec<(String, u64)> {
        let mut rows: Vec<_> = repeats
            .of_hour(BEGIN + TimeDelta::seconds(second))
            .map(|(repeat, count)| (repeat.kept.message.to_string(), count))
            .collect();
        rows.sort();
        rows
    }

    #[test]
    fn shapes_are_counted_for_an_hour() {
        let mut repeats = RepeatedShapes::default();
        for seq in 1..=70_u64 {
            let second = seq.cast_signed() * 60;
            note(&mut repeats, &record(seq, second, Level::Error, &format!("job {seq} failed")));
        }
        note(&mut repeats, &record(71, 70 * 60, Level::Info, "started"));
        assert_eq!(counts(&repeats, 70 * 60), [("job 70 failed".into(), 60), ("started".into(), 1)]);
        assert_eq!(repeats.errors(BEGIN + TimeDelta::seconds(70 * 60)), 60);
        // A quiet log ages by itself.
        assert_eq!(counts(&repeats, 100 * 60), [("job 70 failed".into(), 30), ("started".into(), 1)]);
        assert_eq!(counts(&repeats, 200 * 60), []);
        // What is said alike at another level is another row.
        note(&mut repeats, &record(72, 70 * 60, Level::Info, "job 72 failed"));
        assert_eq!(counts(&repeats, 70 * 60)[1], ("job 72 failed".into(), 1));
        // A later version of a record is the same record.
        note(&mut repeats, &record(72, 70 * 60, Level::Info, "job 72 failed"));
        assert_eq!(counts(&repeats, 70 * 60)[1].1, 1);
    }

    #[test]
    fn new_errors_find_room() {
        let mut repeats = RepeatedShapes::default();
        let word = |n: u64| {
            format!("{}{}", char::from(b'a' + (n / 20 % 20) as u8), char::from(b'a' + (n % 20) as u8)).repeat(3)
        };
        for seq in 1..=300 {
            note(&mut repeats, &record(seq, 0, Level::Info, &format!("said {}", word(seq))));
        }
        note(&mut repeats, &record(301, 0, Level::Error, "it broke"));
        for seq in 302..=600 {
            note(&mut repeats, &record(seq, 1, Level::Info, &format!("told {}", word(seq))));
        }
        assert!(repeats.shapes.len() <= MOST);
        assert!(counts(&repeats, 1).contains(&("it broke".into(), 1)));
    }

    #[test]
    fn what_must_not_be_shown_is_replaced() {
        let mut repeats = RepeatedShapes::default();
        let (held, masked) =
            (record(1, 0, Level::Error, "password hunter2"), record(1, 0, Level::Error, "password ***"));
        note(&mut repeats, &held);
        repeats.replace(&held, &masked);
        assert_eq!(counts(&repeats, 0), [("password ***".into(), 1)]);
    }
}
