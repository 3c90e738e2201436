//! What is asked of the log engine.

use chrono::{DateTime, Utc};

use super::RequestId;
use crate::text::name::Name;

/// Something to be done with logs beyond what is held of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogsEffect {
    /// Read from the files of logs which shapes of messages they held. An earlier question is forgotten.
    ReadShapeHistory(RequestId, ShapeHistoryQuery),
    /// Nobody waits for that answer any more.
    CancelShapeHistory(RequestId),
    /// Look through the records that are held for secrets that were not known when they were read.
    MaskHeld,
}

/// The logs and the span of time whose shapes are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeHistoryQuery {
    /// The logs.
    pub logs: Vec<Name>,
    /// From when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}
