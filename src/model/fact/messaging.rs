//! The bodies of what is said of messages, each in the form in which it is stored.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::message::{GroupState, MessageKind, Recipient};
use crate::text::SafeText;
use crate::text::name::Name;

/// A message is about to be sent: said before it is, so that none is lost. Said by the holder of the lease alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageClaimed {
    /// Unique for ever.
    pub id: Name,
    /// To whom.
    pub target: Recipient,
    /// What kind.
    pub kind: MessageKind,
    /// It, in a line.
    pub summary: SafeText,
    /// What the receiver takes to be firing once it has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupState>,
    /// When it was made, in milliseconds.
    pub at: DateTime<Utc>,
    /// The fence by which it was said.
    pub fence: u64,
}

/// A receiver accepted a message. Said by the holder of the lease alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSent {
    /// Which.
    pub id: Name,
    /// To whom.
    pub target: Recipient,
    /// What kind.
    pub kind: MessageKind,
    /// The firings that it was about.
    pub alerts: Vec<Name>,
    /// What the receiver takes to be firing since then.
    pub groups: Vec<GroupState>,
    /// The windows of maintenance that it announced, each with its first moment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notices: BTreeMap<Name, DateTime<Utc>>,
    /// So many of the newest messages count for the limits of the channel.
    pub most: usize,
    /// When it was accepted, in milliseconds.
    pub at: DateTime<Utc>,
    /// The fence by which it was said.
    pub fence: u64,
}

/// A message was not accepted. Said by the holder of the lease alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFailed {
    /// Which.
    pub id: Name,
    /// To whom.
    pub target: Recipient,
    /// What kind.
    #[serde(default)]
    pub kind: MessageKind,
    /// The firings that it was about.
    pub alerts: Vec<Name>,
    /// What happened.
    pub why: SafeText,
    /// Whether the same will happen again until somebody changes something.
    pub is_permanent: bool,
    /// When that was, in milliseconds.
    pub at: DateTime<Utc>,
    /// The fence by which it was said.
    pub fence: u64,
}
