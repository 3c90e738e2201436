//! What is asked of the store.

use crate::text::name::Name;

/// Something to be read from the durable memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreEffect {
    /// Read past runs and locks.
    LoadRuns,
    /// Read at which status these checks settled last.
    ReadStatuses(Vec<Name>),
    /// Read which alerts fire, and which did lately.
    ReadAlerts,
}
