//! What sources say to the world.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fact::PeerPart;
use super::reading::{Reading, Sample};
use crate::lang::time::Stamp;
use crate::logs::record::{LogState, RecordBatch};
use crate::text::SafeText;
use crate::text::name::Name;

/// Something that a source saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Observation {
    /// A check was polled and judged.
    Reading(Box<Reading>),
    /// A metric has a new value.
    Sample(Sample),
    /// A check is answered with another certificate, or from another address, than before.
    PeerChanged {
        /// The check.
        check: Name,
        /// What changed.
        part: PeerPart,
        /// As it was.
        before: SafeText,
        /// As it is.
        after: SafeText,
    },
    /// A log has new records.
    Records {
        /// The log.
        log: Name,
        /// The records and losses.
        batch: RecordBatch,
    },
    /// All that was read of logs with the secrets that were known before has come; what comes from now on is masked with
    /// those that are known now.
    LogsResumed,
    /// A log source changed its state.
    LogState {
        /// The log.
        log: Name,
        /// Its new state.
        state: LogState,
    },
    /// A poll was still running at its next tick, which was skipped. The count is since the start.
    Overrun {
        /// The check or source.
        name: Name,
        /// How many ticks were skipped.
        count: u64,
    },
    /// The process itself was suspended or starved: nothing is known of this span.
    Gap {
        /// From when.
        from: Stamp,
        /// Until when.
        to: Stamp,
    },
    /// The self-check changed its mind about our own connectivity.
    Connectivity {
        /// Whether we reach our own reference point.
        ok: bool,
        /// In words.
        detail: SafeText,
    },
    /// Scheduler figures, at most once in ten seconds.
    Scheduler {
        /// How late the latest slots were launched, at the worst.
        lag: Duration,
        /// Polls under way.
        in_flight: usize,
        /// Polls that wait for a place.
        waiting: usize,
        /// Ticks since the start at which the poll before still waited for a place: nothing was asked.
        not_asked: u64,
    },
    /// Something a person should read in the diagnostics: a warning of a source (`insecure`, wrong content type).
    Warning {
        /// What it is about.
        name: Name,
        /// In words.
        text: SafeText,
    },
    /// A background task panicked and was restarted.
    TaskFailed {
        /// Which.
        task: SafeText,
        /// What it said.
        text: SafeText,
    },
}
