//! What only the holder of the lease does; of others, nothing comes of it.

use std::sync::Arc;

use crate::model::engine::EngineState;
use crate::model::fact::Statement;
use crate::model::message::Notification;

/// Something that is written for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HolderEffect {
    /// Put these on record, all together.
    Append(Vec<Statement>),
    /// Put these on record as history, in their order: they were seen while nobody acted for all. What the record says already
    /// is left out.
    AppendMissed(Vec<Statement>),
    /// Send a message, and say what became of it.
    Notify(Box<Notification>),
    /// Keep what the engine knows, for whoever holds the lease next.
    KeepEngine(Arc<EngineState>),
}
