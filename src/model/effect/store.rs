//! What is asked of the store.

/// Something to be read from the durable memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreEffect {
    /// Read past runs and locks.
    LoadRuns,
}
