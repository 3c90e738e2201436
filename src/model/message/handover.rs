//! What a message says of a handover that was accepted.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{flat, time};
use crate::model::fact::HandoverText;
use crate::text::name::Name;

/// Lines of the text that are sent; the rest is read in the console.
const MOST_LINES: usize = 80;

/// A handover, as it is posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverNotice {
    /// Unique for ever.
    pub id: Name,
    /// The layer.
    pub layer: Name,
    /// Whose shift it was, as they are shown.
    pub who: String,
    /// Who is on call now, as they are shown.
    pub to: String,
    /// When it was accepted.
    pub at: DateTime<Utc>,
    /// What it says.
    pub text: HandoverText,
    /// The channels by which it is sent.
    #[serde(skip)]
    pub notify: Vec<Name>,
}

impl HandoverNotice {
    /// `handover of Ana (primary) accepted: Ben is on call since 2026-03-02 09:00 UTC`
    pub(super) fn line(&self) -> String {
        let (who, to, layer, at) = (&self.who, &self.to, &self.layer, time(self.at));
        flat(&format!("handover of {who} ({layer}) accepted: {to} is on call since {at}"))
    }

    /// What it says, and how much more there is.
    pub(super) fn paragraph(&self) -> Vec<String> {
        let lines = self.text.iter().take(MOST_LINES).map(|line| flat(line.as_str()));
        let more = self.text.len().saturating_sub(MOST_LINES);
        let more = (more > 0).then(|| format!("… {more} more lines: `opsroom handover --show`"));
        std::iter::once(String::new()).chain(lines).chain(more).collect()
    }
}
