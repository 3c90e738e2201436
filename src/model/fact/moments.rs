//! When what is said began, and by which fence the holder of the lease says it.

use chrono::{DateTime, Utc};

use super::Statement;

impl Statement {
    /// When what it says began, where it says so.
    pub(crate) fn began(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::CheckStatus(said) => Some(said.since),
            Self::AlertFired(said) => Some(said.fired_at),
            Self::AlertResolved(said) => Some(said.at),
            Self::MessageSent(said) => Some(said.at),
            Self::MessageFailed(said) => Some(said.at),
            _ => None,
        }
    }

    /// The fence by which the holder of the lease says it, and since when it is so; `None` of what anybody may say.
    pub(crate) fn fence_mut(&mut self) -> Option<(&mut u64, DateTime<Utc>)> {
        match self {
            Self::CheckStatus(said) => Some((&mut said.fence, said.since)),
            Self::AlertFired(said) => Some((&mut said.fence, said.fired_at)),
            Self::AlertResolved(said) => Some((&mut said.fence, said.at)),
            Self::MessageClaimed(said) => Some((&mut said.fence, said.at)),
            Self::MessageSent(said) => Some((&mut said.fence, said.at)),
            Self::MessageFailed(said) => Some((&mut said.fence, said.at)),
            _ => None,
        }
    }
}
