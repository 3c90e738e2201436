//! What this person missed since they last looked.

use crate::text::SafeText;
use crate::world::digest::Digest;

/// What this person missed.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastLook {
    /// The login name; `None`: no store has answered yet.
    pub login: Option<SafeText>,
    /// What happened since they last looked; `None`: they never did.
    pub digest: Option<Box<Digest>>,
}
