//! One log's part of one metric, shared by the follower that counts live, the reader of the past, and the one who says
//! the number.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::measured::{CountedAs, Measured};
use super::tally::Tally;
use crate::logs::record::Record;
use crate::text::SafeText;

/// How far back what was counted reaches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum CountReach {
    /// Nobody counts yet.
    #[default]
    Unknown,
    /// What was there before is being counted.
    Counting,
    /// The whole window.
    Whole,
    /// From this moment on; what was before can't be had.
    Since(DateTime<Utc>),
}

/// What is known of one log for one metric.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) tally: Tally,
    pub(super) reach: CountReach,
    /// Bytes of the past that were counted, and all of them.
    pub(super) progress: (u64, u64),
    /// Readers of the past that are at work.
    jobs: usize,
    /// When something was last lost, and what, in words.
    pub(super) lost: Option<(DateTime<Utc>, SafeText)>,
    /// Why the log can't be followed now.
    pub(super) trouble: Option<SafeText>,
}

/// One metric's counter in one log. Clones count together.
#[derive(Debug, Clone)]
pub struct LogCounter {
    measured: Arc<Measured>,
    part: Arc<Mutex<Part>>,
}

impl LogCounter {
    /// A counter that nobody uses yet.
    pub(crate) fn new(measured: Arc<Measured>) -> Self {
        let part = Part {
            tally: measured.tally(),
            reach: CountReach::default(),
            progress: (0, 0),
            jobs: 0,
            lost: None,
            trouble: None,
        };
        Self { measured, part: Arc::new(Mutex::new(part)) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Part> {
        self.part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it counts.
    pub(crate) fn measured(&self) -> &Arc<Measured> {
        &self.measured
    }

    /// How far back its window reaches from `now`.
    pub(crate) fn from(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let window = chrono::Duration::from_std(self.measured.window).ok();
        window.and_then(|window| now.checked_sub_signed(window)).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// Counts what the record adds to what it was `seen` as.
    pub(crate) fn count(&self, record: &Record, seen: &mut CountedAs) {
        if let Some(found) = self.measured.find(record, seen) {
            self.lock().tally.add(record, found);
        }
    }

    /// How far back it reaches by now.
    pub(crate) fn reach(&self) -> CountReach {
        self.lock().reach.clone()
    }

    /// Says how far back it reaches.
    pub(crate) fn reaches(&self, reach: CountReach) {
        self.lock().reach = reach;
    }

    /// Forgets everything: what was counted can't be gone on with.
    pub(crate) fn reset(&self) {
        let fresh = Self::new(Arc::clone(&self.measured));
        std::mem::swap(&mut *self.lock(), &mut *fresh.lock());
    }

    /// Records were lost at `at`, of which nobody knows how many would have counted.
    pub(crate) fn lost(&self, at: DateTime<Utc>, what: &str) {
        self.lock().lost = Some((at, SafeText::new(what)));
    }

    /// Why the log can't be followed now, if so.
    pub(crate) fn troubled(&self, why: Option<&SafeText>) {
        let mut part = self.lock();
        if part.trouble.as_ref() != why {
            part.trouble = why.cloned();
        }
    }

    /// A counter of the same that counts for itself, for reading `bytes` of the past. It is put in with
    /// [`Self::put_in`], at once and as a whole: a number in between would be wrong.
    #[must_use]
    pub(crate) fn aside(&self, bytes: u64) -> Self {
        let mut part = self.lock();
        part.reach = CountReach::Counting;
        part.jobs += 1;
        part.progress.1 += bytes;
        drop(part);
        Self::new(Arc::clone(&self.measured))
    }

    /// So many bytes more of the past were read.
    pub(crate) fn advanced(&self, bytes: u64) {
        let mut part = self.lock();
        part.progress.0 = (part.progress.0 + bytes).min(part.progress.1);
    }

    /// Puts in what was counted aside.
    pub(crate) fn put_in(&self, aside: &Self) {
        let mut part = self.lock();
        let counted = aside.lock();
        part.tally.merge(&counted.tally);
        if part.lost.is_none() {
            part.lost.clone_from(&counted.lost);
        }
        drop(counted);
        part.jobs = part.jobs.saturating_sub(1);
        if part.jobs == 0 {
            part.reach = CountReach::Whole;
            part.progress = (0, 0);
        }
    }
}
