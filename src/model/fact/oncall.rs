//! The bodies of what is said of who is on call and of handovers, each in the form in which it is stored.

use std::ops::Deref;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::timed_id;
use crate::model::thing::{ThingKey, ThingKind};
use crate::text::SafeText;
use crate::text::name::Name;

/// What is said of who is on call. Who says it is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnCallStatement {
    /// Others are on call for a while than the rotation says.
    Assigned(OnCallAssigned),
    /// That ends early, or was called off.
    Ended(OnCallEnded),
    /// A handover was drafted and is offered.
    Offered(HandoverOffered),
    /// It was accepted: whoever accepts it is on call from then on.
    Accepted(HandoverAccepted),
    /// It was taken back.
    Withdrawn(HandoverWithdrawn),
    /// A test page with a code was sent to a contact.
    Paged(ContactPaged),
    /// They confirmed it.
    Verified(ContactVerified),
}

/// Others are on call for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCallAssigned {
    /// Unique for ever: see [`assignment_id`].
    pub id: Name,
    /// The layer: `primary`, `backup`.
    pub layer: Name,
    /// The contacts: one, or several who take turns.
    pub people: Vec<Name>,
    /// When their shifts change, where there are several: `daily 09:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<String>,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
    /// Whether somebody took the shift that runs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken: bool,
}

/// An assignment holds no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCallEnded {
    /// Which.
    pub id: Name,
    /// Its layer.
    pub layer: Name,
}

/// A handover that is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverOffered {
    /// Unique for ever: see [`handover_id`].
    pub id: Name,
    /// The layer that is handed over.
    pub layer: Name,
    /// The contact whose shift it was.
    pub who: Name,
    /// The contact who is next, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Name>,
    /// Since when the shift lasted.
    pub from: DateTime<Utc>,
    /// The first moment after the shift, as planned.
    pub until: DateTime<Utc>,
    /// The first moment after the shift of whoever is next: the longest that an offer that nobody accepts keeps somebody on
    /// call.
    pub next_until: DateTime<Utc>,
    /// What it says.
    pub text: HandoverText,
}

/// What a handover says: Markdown, a line each. Cheap to clone: the lines are shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<SafeText>", into = "Vec<SafeText>")]
pub struct HandoverText(Arc<[SafeText]>);

impl From<Vec<SafeText>> for HandoverText {
    fn from(lines: Vec<SafeText>) -> Self {
        Self(lines.into())
    }
}

impl From<HandoverText> for Vec<SafeText> {
    fn from(text: HandoverText) -> Self {
        text.0.to_vec()
    }
}

impl Deref for HandoverText {
    type Target = [SafeText];

    fn deref(&self) -> &[SafeText] {
        &self.0
    }
}

/// A handover that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverAccepted {
    /// Which.
    pub id: Name,
    /// The contact who accepts it.
    pub who: Name,
    /// The alerts whose acknowledgement moved to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Name>,
    /// The alerts whose acknowledgement ended with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reopened: Vec<Name>,
}

/// A handover that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverWithdrawn {
    /// Which.
    pub id: Name,
}

/// A test page that was sent to a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactPaged {
    /// Unique for ever: see [`page_id`].
    pub id: Name,
    /// The contact.
    pub contact: Name,
    /// The channel.
    pub channel: Name,
    /// The mark of its code, of which it says nothing.
    pub mark: Name,
    /// The first moment at which it can't be confirmed.
    pub until: DateTime<Utc>,
}

/// A contact confirmed a test page. Who says so is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactVerified {
    /// The contact.
    pub contact: Name,
    /// The page.
    pub page: Name,
    /// The channel by which it came.
    pub channel: Name,
}

impl OnCallStatement {
    /// What kind of thing is said.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Assigned(_) => "oncall.assigned",
            Self::Ended(_) => "oncall.ended",
            Self::Offered(_) => "handover.offered",
            Self::Accepted(_) => "handover.accepted",
            Self::Withdrawn(_) => "handover.withdrawn",
            Self::Paged(_) => "contact.paged",
            Self::Verified(_) => "contact.verified",
        }
    }

    /// What it is about.
    pub(super) fn object(&self) -> String {
        let ThingKey { kind, id } = self.key();
        format!("{}:{id}", kind.name())
    }

    /// The thing that it changes.
    pub(crate) fn key(&self) -> ThingKey {
        match self {
            Self::Assigned(OnCallAssigned { id, .. }) | Self::Ended(OnCallEnded { id, .. }) => {
                ThingKey::new(ThingKind::OnCall, id)
            }
            Self::Offered(HandoverOffered { id, .. })
            | Self::Accepted(HandoverAccepted { id, .. })
            | Self::Withdrawn(HandoverWithdrawn { id }) => ThingKey::new(ThingKind::Handover, id),
            Self::Paged(ContactPaged { contact, .. }) | Self::Verified(ContactVerified { contact, .. }) => {
                ThingKey::new(ThingKind::Contact, contact)
            }
        }
    }

    pub(super) fn detail(&self) -> serde_json::Result<Value> {
        match self {
            Self::Assigned(said) => serde_json::to_value(said),
            Self::Ended(said) => serde_json::to_value(said),
            Self::Offered(said) => serde_json::to_value(said),
            Self::Accepted(said) => serde_json::to_value(said),
            Self::Withdrawn(said) => serde_json::to_value(said),
            Self::Paged(said) => serde_json::to_value(said),
            Self::Verified(said) => serde_json::to_value(said),
        }
    }

    /// From its parts; `None`: it is about something else.
    pub(super) fn known(kind: &str, detail: &Value) -> Option<Self> {
        match kind {
            "oncall.assigned" => OnCallAssigned::deserialize(detail).ok().map(Self::Assigned),
            "oncall.ended" => OnCallEnded::deserialize(detail).ok().map(Self::Ended),
            "handover.offered" => HandoverOffered::deserialize(detail).ok().map(Self::Offered),
            "handover.accepted" => HandoverAccepted::deserialize(detail).ok().map(Self::Accepted),
            "handover.withdrawn" => HandoverWithdrawn::deserialize(detail).ok().map(Self::Withdrawn),
            "contact.paged" => ContactPaged::deserialize(detail).ok().map(Self::Paged),
            "contact.verified" => ContactVerified::deserialize(detail).ok().map(Self::Verified),
            _ => None,
        }
    }
}

/// The id of an assignment that is made now. It begins with the time, so that ids stand in their order.
pub(crate) fn assignment_id(at: DateTime<Utc>) -> Name {
    timed_id("o", at)
}

/// The id of a handover that is offered now, in the order of time too.
pub(crate) fn handover_id(at: DateTime<Utc>) -> Name {
    timed_id("h", at)
}

/// The id of a test page that is sent now to a contact by a channel.
pub(crate) fn page_id(at: DateTime<Utc>, channel: &str, contact: &str) -> Name {
    Name::from(format!("{}-{channel}/{contact}", timed_id("t", at)))
}
