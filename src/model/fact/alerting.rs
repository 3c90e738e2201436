//! The bodies of what is said of alerts, acknowledgements and silences, each in the form in which it is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{NewFact, login_of, timed_id};
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

#[cfg(test)]
impl AlertFired {
    /// A check `api` that is down since a moment.
    pub(crate) fn sample(at: DateTime<Utc>) -> Self {
        Self {
            id: "f".into(),
            alert: "api".into(),
            rule: "check:api/critical/0".into(),
            severity: Severity::Critical,
            service: None,
            condition: "down".to_owned(),
            value: "DOWN".into(),
            since: at,
            fired_at: at,
            seen: true,
            muted_because: None,
            fence: 1,
        }
    }
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
    /// Why, where its condition was not seen to hold no more: `removed from the configuration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<SafeText>,
    /// What was seen last: `OK`, `3 %`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<SafeText>,
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
    rule_in(id).map(Name::from)
}

/// The same as it stands there; `None`: it begins with no time, as the id of a condition itself, whose name may have `Z-` in it.
pub(crate) fn rule_in(id: &str) -> Option<&str> {
    id.split_once("Z-").filter(|(time, _)| !time.contains(':')).map(|(_, rule)| rule)
}

/// A person is at it: who, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertAcknowledged {
    /// Which firing.
    pub id: Name,
    /// The check or metric.
    pub alert: Name,
    /// How bad it is: one that is worse and fires later is not meant.
    pub severity: Severity,
    /// Why, or what is done about it.
    pub why: SafeText,
    /// When it ends by itself.
    pub until: DateTime<Utc>,
    /// The mark of the link by which it was said, which says it once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Name>,
    /// Whether those who acknowledged it before still do, beside whoever does now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub together: bool,
    /// Who is at it by their login name, where somebody else says so for them: whoever takes a shift under the login of
    /// another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<Name>,
}

impl AlertAcknowledged {
    /// The login name of whoever is at it, as `draft` says it.
    pub(crate) fn person<'a>(&'a self, draft: &'a NewFact) -> &'a str {
        self.taken_by.as_deref().unwrap_or_else(|| login_of(&draft.who))
    }
}

/// Why an acknowledgement holds no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unacknowledged {
    /// Its time is over.
    Expired,
    /// Something worse fires of the same check or metric.
    Worse,
    /// The shift of whoever acknowledged it was handed over without it.
    HandedOver,
}

/// An acknowledgement holds no more. Said by the holder of the lease, or by whoever accepts a handover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertUnacknowledged {
    /// Which firing.
    pub id: Name,
    /// The check or metric.
    pub alert: Name,
    /// How bad it is.
    pub severity: Severity,
    /// Why.
    pub because: Unacknowledged,
    /// When the acknowledgement that is meant was to end: one that came after it stays.
    pub until: DateTime<Utc>,
}

/// A person silences alerts: who, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceStarted {
    /// Unique for ever: see [`silence_id`].
    pub id: Name,
    /// Which alerts, as it was written: `service:api`.
    #[serde(rename = "match")]
    pub matching: String,
    /// Why.
    pub why: SafeText,
    /// When it ends at the latest.
    pub until: DateTime<Utc>,
    /// Whether it stays until then, though what it matches has long been quiet.
    pub hold: bool,
}

/// Why a silence is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceEnd {
    /// Its time is over.
    Expired,
    /// What it matches fired and has been quiet since.
    Quiet,
    /// A person ended it.
    Person,
}

/// A silence is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceEnded {
    /// Which.
    pub id: Name,
    /// Which alerts it was about.
    #[serde(rename = "match")]
    pub matching: String,
    /// Why.
    pub because: SilenceEnd,
}

/// The id of a silence that begins now. It begins with the time, so that ids stand in their order.
pub(crate) fn silence_id(at: DateTime<Utc>) -> Name {
    timed_id("", at)
}
