//! The bodies of what is said of the change calendar, each in the form in which it is stored.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::timed_id;
use crate::model::maintenance::{ServiceChoice, WindowKind};
use crate::text::SafeText;
use crate::text::name::Name;

/// Characters of a title.
pub(crate) const LONGEST_TITLE: usize = 120;
/// How long before its beginning a change ought to be planned, and is announced, where nothing says so.
pub(crate) const NOTICE: Duration = Duration::from_hours(48);

/// A person plans a change, or a freeze: who, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePlanned {
    /// Unique for ever: see [`change_id`].
    pub id: Name,
    /// What is changed.
    pub title: SafeText,
    /// Why.
    pub why: SafeText,
    /// The services that it affects.
    pub services: ServiceChoice,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// How many seconds before its beginning it ought to be planned, and is announced.
    pub notice_s: u64,
    /// The channels by which it is announced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Name>,
    /// Whether nothing is to be changed in that time.
    pub freeze: bool,
}

impl ChangePlanned {
    /// Which of the two it is.
    pub(crate) const fn kind(&self) -> WindowKind {
        WindowKind::of_calendar(self.freeze)
    }
}

/// A second person approves a change: who, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeApproved {
    /// Which change.
    pub id: Name,
    /// What is changed; `None`: it was said by a version that did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<SafeText>,
}

/// A person calls a change or a freeze off, before it begins or while it goes on: who, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeCalledOff {
    /// Which.
    pub id: Name,
    /// What was to be changed; `None`: it was said by a version that did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<SafeText>,
    /// Whether it was a freeze.
    #[serde(default)]
    pub freeze: bool,
    /// Why.
    pub why: SafeText,
}

impl ChangeCalledOff {
    /// Which of the two it was.
    pub(crate) const fn kind(&self) -> WindowKind {
        WindowKind::of_calendar(self.freeze)
    }
}

/// What is said of the change calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeSaid {
    /// A person planned a change or a freeze.
    Planned(ChangePlanned),
    /// A second person approved a change.
    Approved(ChangeApproved),
    /// A person called a change or a freeze off.
    CalledOff(ChangeCalledOff),
}

impl ChangeSaid {
    /// The change or freeze that it is about.
    pub const fn id(&self) -> &Name {
        match self {
            Self::Planned(said) => &said.id,
            Self::Approved(said) => &said.id,
            Self::CalledOff(said) => &said.id,
        }
    }

    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Planned(_) => "change.planned",
            Self::Approved(_) => "change.approved",
            Self::CalledOff(_) => "change.called_off",
        }
    }

    pub(super) fn detail(&self) -> serde_json::Result<Value> {
        match self {
            Self::Planned(said) => serde_json::to_value(said),
            Self::Approved(said) => serde_json::to_value(said),
            Self::CalledOff(said) => serde_json::to_value(said),
        }
    }

    /// From its kind, which is one of these, and its form in JSON.
    pub(super) fn read(kind: &str, detail: &Value) -> Option<Self> {
        match kind {
            "change.planned" => ChangePlanned::deserialize(detail).ok().map(Self::Planned),
            "change.called_off" => ChangeCalledOff::deserialize(detail).ok().map(Self::CalledOff),
            _ => ChangeApproved::deserialize(detail).ok().map(Self::Approved),
        }
    }
}

/// The id of a change that is planned now. It begins with the time, so that ids stand in their order.
pub(crate) fn change_id(at: DateTime<Utc>) -> Name {
    timed_id("c", at)
}
