//! What the world and each of its checks have to do with the record of the store.

use std::collections::BTreeSet;

use super::ids::CheckId;
use crate::lang::time::Stamp;
use crate::model::since::Since;
use crate::model::status::Status;

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
