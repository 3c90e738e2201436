//! What is asked of the sources.

use crate::text::name::Name;

/// Something to be done by what brings data in; the data is the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedEffect {
    /// Poll these checks and sources now; empty means all.
    PollNow(Vec<Name>),
}
