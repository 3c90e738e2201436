//! What the world and each of its checks have to do with the record of the store.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ids::CheckId;
use crate::lang::time::Stamp;
use crate::model::fact::CheckStatus;
use crate::model::since::Since;
use crate::model::status::Status;

/// Changes of one check that are kept. The time in which nobody acts is short: a check that changes more often flaps.
const KEPT: usize = 16;

/// At which status a check settled, as the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusOnRecord {
    /// Ok, degraded or down.
    pub status: Status,
    /// Since when.
    pub since: Since,
    /// The fence by which it was said.
    pub fence: u64,
    /// The fact that says it.
    pub seq: u64,
}

/// What one check has to do with the record.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Recording {
    /// What the store says; `None`: nothing, or it was not asked yet.
    pub known: Option<StatusOnRecord>,
    /// Whether it was asked.
    pub is_asked: bool,
    /// What was said and is not known to be on record, and when it was said.
    pub said: Option<(Status, Stamp)>,
}

/// What the world has to do with the record.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    /// The last fact that was taken in; `None`: the store was not read yet.
    pub applied: Option<u64>,
    /// Checks whose status may have to be said.
    pub unsaid: BTreeSet<CheckId>,
    /// When something was said last.
    pub said_at: Option<Stamp>,
}

/// At which statuses a check was seen to settle, oldest first. The last is the one that it has, or had last.
#[derive(Debug, Clone, Default)]
pub(super) struct Witnessed(VecDeque<CheckStatus>);

impl Witnessed {
    pub(super) fn last(&self) -> Option<Status> {
        self.settled().map(|said| said.status)
    }

    /// How it settled last.
    pub(super) fn settled(&self) -> Option<&CheckStatus> {
        self.0.back()
    }

    pub(super) fn push(&mut self, said: CheckStatus) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        if self.0.is_empty() {
            // Most checks have one: the first push alone would make room for four, in ten thousand checks 3 MB of nothing.
            self.0.reserve_exact(1);
        }
        self.0.push_back(said);
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    pub(super) fn keep_last(&mut self) {
        let said = self.0.len().saturating_sub(1);
        self.0.drain(..said);
    }

    /// Those from the one at which it stood that long ago.
    pub(super) fn within(&self, span: Duration, now: DateTime<Utc>) -> impl Iterator<Item = &CheckStatus> {
        let first = self.0.iter().rposition(|said| is_older(said, span, now)).unwrap_or(0);
        self.0.iter().skip(first)
    }
}

/// Whether the check stood so that long ago already.
pub(super) fn is_older(said: &CheckStatus, span: Duration, now: DateTime<Utc>) -> bool {
    (now - said.since).to_std().is_ok_and(|age| age >= span)
}
