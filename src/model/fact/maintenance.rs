//! The bodies of what is said of planned maintenance, each in the form in which it is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::timed_id;
use crate::model::maintenance::ServiceChoice;
use crate::text::SafeText;
use crate::text::name::Name;

/// A person plans a window: who, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenancePlanned {
    /// Unique for ever: see [`planned_id`].
    pub id: Name,
    /// Why.
    pub why: SafeText,
    /// The services whose alerts are muted.
    pub services: ServiceChoice,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// It is announced so many seconds before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_s: Option<u64>,
    /// The channels by which it is announced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Name>,
}

/// A window began. Said by the holder of the lease alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceStarted {
    /// Which window.
    pub id: Name,
    /// Its name in the configuration, or the id.
    pub name: Name,
    /// The services whose alerts are muted.
    pub services: ServiceChoice,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it, as planned.
    pub until: DateTime<Utc>,
}

/// Why a window is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaintenanceEnd {
    /// Its time is over.
    Over,
    /// A person ended it early, or called it off.
    Person,
    /// The configuration does not have it any more.
    Reconfigured,
}

/// A window is over: said by the holder of the lease, or by a person before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceEnded {
    /// Which window.
    pub id: Name,
    /// Its name in the configuration, or the id.
    pub name: Name,
    /// The services whose alerts were muted.
    pub services: ServiceChoice,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// Why it is over.
    pub because: MaintenanceEnd,
}

/// The id of a window that is planned now. It begins with the time, so that ids stand in their order.
pub(crate) fn planned_id(at: DateTime<Utc>) -> Name {
    timed_id("m", at)
}
