//! Who does what in an incident. Roles are terms of persons, not properties of them: one person may have several, and each
//! changes hands while the work goes on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::text::SafeText;

/// What somebody does in an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentRole {
    /// Decides and delegates, and repairs nothing.
    Lead,
    /// Watches the clock and stands ready to lead.
    Deputy,
    /// Changes the system: nobody else does.
    Ops,
    /// Tells those outside.
    Comms,
    /// Writes down what happens.
    Scribe,
}

impl IncidentRole {
    /// All of them, the first one that is needed first.
    pub const ALL: [Self; 5] = [Self::Lead, Self::Ops, Self::Comms, Self::Scribe, Self::Deputy];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Deputy => "deputy",
            Self::Ops => "ops",
            Self::Comms => "comms",
            Self::Scribe => "scribe",
        }
    }

    /// The one of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// How a role changes hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleStep {
    /// Somebody takes it: because nobody has it, or without asking who has.
    Taken,
    /// Who has it, or anybody where nobody does, offers it to somebody: nothing changes until that is accepted.
    Offered,
    /// To whom it was offered takes it over.
    Accepted,
    /// To whom it was offered does not.
    Declined,
    /// Who has it gives it up.
    Released,
}

/// The time in which somebody had a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleTerm {
    /// Which.
    pub role: IncidentRole,
    /// Who: the login name.
    pub who: SafeText,
    /// Since when.
    pub from: DateTime<Utc>,
    /// Until when; `None`: still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}
