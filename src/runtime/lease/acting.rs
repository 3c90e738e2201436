//! The lease that this process acts by.

use chrono::{DateTime, Utc};

/// A lease that is acted by.
#[derive(Debug, Clone)]
pub(super) struct ActingLease {
    pub store: String,
    pub fence: u64,
    /// When it was taken, by the store's clock.
    pub since: DateTime<Utc>,
    /// When this process began to act by it, by its own.
    pub began: DateTime<Utc>,
}
