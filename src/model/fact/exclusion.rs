//! The bodies of what is said of spans that do not count against an objective, each in the form in which it is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::timed_id;
use crate::text::SafeText;
use crate::text::name::Name;

/// A person says that a span of time does not count against an objective: who, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SloExcluded {
    /// Unique for ever: see [`exclusion_id`].
    pub id: Name,
    /// The objective.
    pub slo: Name,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// Why.
    pub why: SafeText,
}

/// A person says that it counts after all: who, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SloIncluded {
    /// Which exclusion.
    pub id: Name,
    /// The objective.
    pub slo: Name,
}

/// The id of an exclusion that is made now. It begins with the time, so that ids stand in their order.
pub(crate) fn exclusion_id(at: DateTime<Utc>) -> Name {
    timed_id("x", at)
}
