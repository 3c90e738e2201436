//! Logs: the state of each source and how much came in.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ids::LogId;
use super::table::IdTable;
use crate::config::sections::log::Log;
use crate::lang::time::Stamp;
use crate::logs::pattern;
use crate::logs::record::{LogState, Loss, Record};
use crate::logs::repeats::RepeatedShapes;
use crate::logs::ring::{Ring, RingLimits};
use crate::logs::view::WINDOW;
use crate::text::name::Name;

/// All logs.
pub type Logs = IdTable<LogId, LogView>;

/// One log.
#[derive(Debug, Clone)]
pub struct LogView {
    /// Its name.
    pub name: Name,
    /// The service it belongs to.
    pub service: Option<Name>,
    /// What its source is doing.
    pub state: LogState,
    /// What was lost since the start; `dropped` is what the ring let go.
    pub loss: Loss,
    /// Records a second over the last ten seconds.
    pub rate: f64,
    /// When the latest record came.
    pub last_at: Option<Stamp>,
    /// The records that are held.
    pub ring: Ring,
    /// What was said how often in the last hour.
    pub(crate) repeats: RepeatedShapes,
    /// Since when what it says is read as it is said; `None` before it was opened.
    followed_since: Option<DateTime<Utc>>,
    /// Up to which `seq` its records were there before they were read; those above came live.
    backlog_to: u64,
    /// Bytes of the longest service name that a record of this log has stated; never shrinks.
    pub longest_service: usize,
    /// When how many came, as far back as the rate looks.
    recent: VecDeque<(Stamp, u64)>,
}

impl LogView {
    /// A log of which nothing was read yet.
    pub(crate) fn new(log: &Log, limits: RingLimits) -> Self {
        Self {
            name: log.name.clone(),
            service: log.service.clone(),
            state: LogState::Starting,
            loss: Loss::default(),
            rate: 0.0,
            last_at: None,
            ring: Ring::new(limits),
            repeats: RepeatedShapes::default(),
            followed_since: None,
            backlog_to: 0,
            longest_service: 0,
            recent: VecDeque::new(),
        }
    }

    /// The same log under another configuration: what is held stays.
    pub(crate) fn moved(mut self, log: &Log) -> Self {
        self.service.clone_from(&log.service);
        self
    }

    /// Counts a record that came; `shape` is that of its message, where its source has found it.
    pub(crate) fn count(&mut self, record: &Record, shape: Option<u64>, backlog: bool) {
        let shape = shape.unwrap_or_else(|| pattern::hash_of(record.message.as_str()));
        self.repeats.note(record, shape, backlog);
    }

    /// Holds one record more.
    pub(crate) fn push(&mut self, record: &Record) {
        if let Some(service) = &record.service {
            self.longest_service = self.longest_service.max(service.len());
        }
        self.ring.push(record.clone());
    }

    /// What was lost, where anything was.
    pub(crate) fn lost(&self) -> Option<Loss> {
        let loss = Loss { dropped: self.loss.dropped.max(self.ring.dropped()), ..self.loss };
        (loss != Loss::default()).then_some(loss)
    }

    /// Records read since the start, as its source has numbered them: those that are held and those that are not.
    pub(crate) fn read(&self) -> u64 {
        self.ring.last_seq().unwrap_or(0)
    }

    /// The held records, newest first, each with the time by which it goes among those of other logs: what came live not
    /// before it came, less what clocks and reading take, or a log whose clock is slow would never be seen among others.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = (DateTime<Utc>, &Record)> {
        self.ring.iter().enumerate().rev().filter_map(|(index, record)| {
            let at = self.ring.time_at(index)?;
            let live = record.seq > self.backlog_to;
            Some((if live { at.max(record.read_at.utc - WINDOW) } else { at }, record))
        })
    }

    /// Since when its records are held, where older ones may be in its files: it had some when it was opened, or some
    /// were dropped.
    pub(crate) fn loaded_since(&self) -> Option<DateTime<Utc>> {
        let is_part = self.backlog_to > 0 || self.ring.dropped() > 0;
        self.ring.time_at(0).filter(|_| is_part)
    }

    /// Takes in what its source does now.
    pub(crate) fn turn(&mut self, to: LogState, now: Stamp) {
        let was_closed = matches!(self.state, LogState::Starting | LogState::Failed(_));
        if was_closed && !matches!(to, LogState::Starting | LogState::Failed(_)) {
            self.followed_since = Some(now.utc);
        }
        self.state = to;
    }

    /// From when on what it says is counted, where it may have said more before: its first record that was there when it was
    /// opened, or when that was. A file that was empty then may have been rotated the moment before.
    pub(crate) fn counted_since(&self) -> Option<DateTime<Utc>> {
        self.repeats.begins().or(self.followed_since)
    }

    /// Whether what was there when it was opened, or came faster than it is read, is not all counted yet.
    pub(crate) fn is_behind(&self) -> bool {
        match self.state {
            LogState::CatchingUp { .. } => true,
            LogState::Starting => self.read() == 0,
            _ => false,
        }
    }

    /// Files that match its pattern and are too many to be followed.
    pub(crate) fn left_out(&self) -> usize {
        match self.state {
            LogState::FollowingNewest { left_out, .. } => left_out,
            _ => 0,
        }
    }

    /// Counts records that came in just now, or were there before.
    pub(crate) fn observe(&mut self, records: &[Record], backlog: bool, now: Stamp) {
        if backlog {
            self.backlog_to = records.iter().map(|record| record.seq).fold(self.backlog_to, u64::max);
        } else if !records.is_empty() {
            self.last_at = Some(now);
            self.recent.push_back((now, records.len() as u64));
        }
        self.tick(now);
    }

    /// Forgets what is too old for the rate.
    pub(crate) fn tick(&mut self, now: Stamp) {
        while self.recent.front().is_some_and(|(at, _)| now.since(*at) > RATE_SPAN) {
            self.recent.pop_front();
        }
        let recent: u64 = self.recent.iter().map(|(_, count)| count).sum();
        self.rate = recent as f64 / RATE_SPAN.as_secs_f64();
    }
}

/// From when on records of some logs are held, where older ones may be in their files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoadedSpan {
    /// The oldest that is held of any.
    pub first: DateTime<Utc>,
    /// From there on all that all of them said is held.
    pub complete: DateTime<Utc>,
}

impl LoadedSpan {
    /// Of these logs; `None`: all that they ever said is held.
    pub(crate) fn of<'a>(logs: impl Iterator<Item = &'a LogView> + Clone) -> Option<Self> {
        let complete = logs.clone().filter_map(LogView::loaded_since).max()?;
        let first = logs.filter_map(|log| log.ring.time_at(0)).min()?;
        Some(Self { first, complete })
    }
}

/// The rings of some logs.
pub(crate) fn rings<'a>(logs: &'a Logs, sources: &[LogId]) -> Vec<&'a Ring> {
    sources.iter().filter_map(|id| logs.get(*id)).map(|log| &log.ring).collect()
}

/// The rate is that of so long.
const RATE_SPAN: Duration = Duration::from_secs(10);
