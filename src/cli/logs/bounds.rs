//! `--since` and `--until`, also for records that state no time.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::logs::record::{Record, RecordKind};
use crate::text::name::Name;

/// Which records are within the times that were asked for.
///
/// A record without a time has that of the record before it in its file. Where there is none it is kept, and counted.
/// What is followed is as old as its reading.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bounds {
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    /// Logs that have a `since` of their own: what of them states no time was kept too.
    own: Vec<Name>,
    follow: bool,
    /// The last time that each file of each log has stated.
    last: HashMap<(Name, Option<Name>), DateTime<Utc>>,
    /// The record that was counted last: it may come again, longer.
    counted: Option<(Name, u64)>,
    without_time: u64,
}

impl Bounds {
    /// Within `[since, until)`; `own` names the logs that begin at a time of their own.
    pub(crate) fn new(
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
        own: Vec<Name>,
        follow: bool,
    ) -> Self {
        Self { since, until, own, follow, ..Self::default() }
    }

    /// Whether `--since` or `--until` was given.
    pub(crate) fn is_bounded(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Records that were kept though neither they nor any before them in their file state a time.
    pub(crate) fn without_time(&self) -> u64 {
        self.without_time
    }

    /// Whether a record is within.
    pub(crate) fn holds(&mut self, record: &Record) -> bool {
        if !self.is_bounded() && self.own.is_empty() {
            return true;
        }
        let within = |at| self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until);
        if self.follow || record.kind == RecordKind::Marker {
            return within(record.at());
        }
        let file = (record.log.clone(), record.file.clone());
        if let Some(at) = record.time.or_else(|| self.last.get(&file).copied()) {
            let within = within(at);
            self.last.insert(file, at);
            return within;
        }
        let counts = self.is_bounded() || self.own.contains(&record.log);
        let known = self.counted.as_ref().is_some_and(|(log, seq)| *log == record.log && *seq == record.seq);
        if counts && !known {
            self.without_time += 1;
            self.counted = Some((record.log.clone(), record.seq));
        }
        true
    }
}

/// That records were kept for want of a time, in words.
pub(crate) fn describe_without_time(count: u64) -> String {
    match count {
        1 => "1 record has no time and is kept".to_owned(),
        _ => format!("{count} records have no time and are kept"),
    }
}
