//! What an engine of alerts remembers beyond the facts: streaks, pending conditions, flapping. It is one row of the store,
//! written by the holder of the lease, so that a restart or a handover begins nothing again.
//!
//! Times are those of the wall clock: another process reads them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::reading::Sign;
use super::since::Since;
use super::status::Status;
use crate::lang::time::Stamp;
use crate::text::name::Name;

/// The version of the form that this program writes. What has another is not read: it is begun again.
pub const ENGINE_VERSION: u32 = 1;

/// What an engine remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineState {
    /// The version of its form.
    #[serde(rename = "v")]
    pub version: u32,
    /// Each check that was answered, by name.
    pub checks: Vec<(Name, KeptStreak)>,
    /// Each alert that is not inactive, by name.
    pub alerts: Vec<(Name, KeptAlert)>,
}

/// Since when something stands as it does, and whether that was seen to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSince(pub DateTime<Utc>, pub bool);

impl KeptSince {
    /// As it is stored.
    pub(crate) fn new(since: Since) -> Self {
        Self(since.at.utc, since.seen)
    }

    /// As it is seen from this moment.
    pub(crate) fn from(self, now: Stamp) -> Since {
        Since { at: now.stored(self.0), seen: self.1 }
    }
}

/// The streaks of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStreak {
    /// What was shown, and since when; before nothing was known, where that is so now.
    pub shown: Status,
    /// Since when.
    pub since: KeptSince,
    /// The last status that was more than a streak on its way.
    pub settled: Option<Status>,
    /// Bad polls in a row, not counted beyond what is needed.
    pub bad: u32,
    /// Good ones.
    pub good: u32,
    /// Those that were answered.
    pub answered: u32,
    /// Of which kind the latest answers are, and since when.
    pub alike: Option<(Sign, KeptSince)>,
    /// The results that flapping is judged by, a letter each.
    pub flaps: String,
    /// Whether it flaps.
    pub flapping: bool,
}

/// One alert that is not inactive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAlert {
    /// The condition as it was written: under another one nothing of this holds.
    pub condition: String,
    /// Where it stands.
    pub state: KeptAlertState,
    /// Milliseconds of the pending state in which nothing could be seen.
    pub blind_ms: u64,
    /// Whether its condition was seen to begin to hold.
    pub began_in_sight: bool,
}

/// Where an alert stands that is not inactive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptAlertState {
    /// Since when its condition holds.
    Pending(DateTime<Utc>),
    /// Since when its condition holds, and since when it fires.
    Firing(DateTime<Utc>, DateTime<Utc>),
    /// The same, and since when its condition holds no more.
    Keeping(DateTime<Utc>, DateTime<Utc>, DateTime<Utc>),
    /// When it had begun to fire, and when it was over.
    Resolved(DateTime<Utc>, DateTime<Utc>),
}
