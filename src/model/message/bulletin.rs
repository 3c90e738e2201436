//! What is posted to channels once: a word on an incident, or a handover.

use super::{HandoverNotice, IncidentNotice};
use crate::text::name::Name;

/// Something to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bulletin {
    /// A status update of an incident, or something of it is due.
    Incident(IncidentNotice),
    /// A handover that was accepted.
    Handover(HandoverNotice),
}

impl Bulletin {
    /// Unique for ever.
    pub(crate) const fn id(&self) -> &Name {
        match self {
            Self::Incident(notice) => &notice.id,
            Self::Handover(notice) => &notice.id,
        }
    }

    /// The channels by which it is sent.
    pub(crate) fn notify(&self) -> &[Name] {
        match self {
            Self::Incident(notice) => &notice.notify,
            Self::Handover(notice) => &notice.notify,
        }
    }
}
