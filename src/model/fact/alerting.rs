//! The bodies of what is said of alerts, acknowledgements and silences, each in the form in which it is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::alert::Severity;
use crate::text::SafeText;
use crate::text::name::Name;

/// An alert began to fire. Said by the holder of the lease alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertFired {
    /// This firing of it, unique for ever: see [`instance_id`].
    pub id: Name,
    /// The check or metric whose condition it is: the name by which a person acknowledges it.
    pub alert: Name,
    /// Which condition of the configuration: `check:api/critical/0`.
    pub rule: Name,
    /// How bad.
    pub severity: Severity,
    /// The service of the check or metric.
    pub service: Option<Name>,
    /// The condition as it is written.
    pub condition: String,
    /// What was seen: `12.4 %`, `DOWN connection refused`.
    pub value: SafeText,
    /// Since when the condition held, in milliseconds.
    pub since: DateTime<Utc>,
    /// When it began to fire, in milliseconds.
    pub fired_at: DateTime<Utc>,
    /// Whether the condition was seen to begin to hold; otherwise it may have held for longer.
    pub seen: bool,
    /// Why nobody needed to hear of it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_because: Option<SafeText>,
    /// The fence by which it was said.
    pub fence: u64,
}

/// A firing of an alert is over. Said by the holder of the lease alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertResolved {
    /// Which firing.
    pub id: Name,
    /// The check or metric.
    pub alert: Name,
    /// How bad it was.
    pub severity: Severity,
    /// When it was over, in milliseconds.
    pub at: DateTime<Utc>,
    /// Why, where its condition was not seen to hold no more: `no longer configured`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<SafeText>,
    /// The fence by which it was said.
    pub fence: u64,
}

/// The id of a firing: of which condition it is, and when it began. Whoever succeeds the holder makes the same one from
/// what that knew. It begins with the time, so that ids stand in the order of the firings.
pub(crate) fn instance_id(rule: &str, fired_at: DateTime<Utc>) -> Name {
    Name::from(format!("{}-{rule}", fired_at.format("%Y%m%dT%H%M%S%.3fZ")))
}

/// The condition of a firing, by its id.
pub(crate) fn rule_of(id: &str) -> Option<Name> {
    id.split_once("Z-").map(|(_, rule)| Name::from(rule))
}
