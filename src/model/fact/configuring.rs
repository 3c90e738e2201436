//! The body of what is said of the configuration by which alerts are written.

use serde::{Deserialize, Serialize};

use crate::text::SafeText;

/// Changes that are named in one fact at most.
pub(crate) const CHANGES_NAMED: usize = 20;

/// The configuration of whoever acts for all is another one: by whom, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChanged {
    /// Of the checks, alerts and routes that are in effect now: see [`crate::model::lease::LeaseCandidate::digest`].
    pub digest: String,
    /// What is otherwise, in words; the first ones, where there are many.
    pub changes: Vec<SafeText>,
    /// How many changes there are beside those.
    #[serde(default, skip_serializing_if = "crate::lang::left_out::is_default")]
    pub more: u64,
}

impl ConfigChanged {
    /// Of these changes.
    pub(crate) fn new(digest: String, changes: &[SafeText]) -> Self {
        let named = &changes[..changes.len().min(CHANGES_NAMED)];
        Self { digest, changes: named.to_vec(), more: (changes.len() - named.len()) as u64 }
    }

    /// In a line.
    pub(crate) fn describe(&self) -> String {
        let named: Vec<&str> = self.changes.iter().map(SafeText::as_str).collect();
        let more = if self.more > 0 { format!("; and {} more", self.more) } else { String::new() };
        if named.is_empty() {
            return "configuration reloaded".to_owned();
        }
        format!("configuration reloaded: {}{more}", named.join("; "))
    }
}
