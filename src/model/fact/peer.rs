//! The body of what is said where whoever answers a check is another one than before.

use serde::{Deserialize, Serialize};

use crate::text::SafeText;
use crate::text::name::Name;

/// What of whoever answers is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerPart {
    /// The certificate that it shows.
    Certificate,
    /// The address that its name leads to.
    Address,
}

impl PeerPart {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Address => "address",
        }
    }
}

/// A check is answered with another certificate, or from another address, than before. Said by the holder of the lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerChanged {
    /// The check.
    pub check: Name,
    /// The service it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// What changed.
    pub part: PeerPart,
    /// As it was.
    pub before: SafeText,
    /// As it is.
    pub after: SafeText,
}

impl PeerChanged {
    /// `api: address 192.0.2.1 → 192.0.2.7`, with the title of the check.
    pub(crate) fn describe(&self, title: &str) -> String {
        format!("{title}: {} {} → {}", self.part.word(), self.before, self.after)
    }
}
