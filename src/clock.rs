//! The one place that reads the clock. Everything else gets a [`Stamp`] as data.

use std::time::Instant;

use chrono::Utc;

use crate::model::time::Stamp;

/// The process clock: a monotonic origin, and the wall clock beside it. Copies share the origin.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// Starts counting.
    #[expect(clippy::disallowed_methods, reason = "this is the room that owns the clock")]
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// This moment.
    #[expect(clippy::disallowed_methods, reason = "this is the room that owns the clock")]
    pub fn now(self) -> Stamp {
        Stamp { mono: self.origin.elapsed(), utc: Utc::now() }
    }

    /// The moment of `stamp` as tokio's timer wants it.
    pub fn instant(self, stamp: Stamp) -> Instant {
        self.origin + stamp.mono
    }
}
