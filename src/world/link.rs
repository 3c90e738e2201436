//! Our own network: without it nothing is known of anything else.

use crate::model::since::Since;
use crate::text::SafeText;

/// What we know of our own network.
#[derive(Debug, Clone, Default)]
pub struct Connectivity {
    /// Whether we reach our own reference point; `true` where none is configured.
    pub ok: bool,
    /// In words.
    pub detail: SafeText,
    /// Since when; the first word of it has no beginning that was seen.
    pub since: Option<Since>,
}
