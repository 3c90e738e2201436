//! The body of what is said of a runbook, in the form in which it is stored.

use serde::{Deserialize, Serialize};

use crate::text::SafeText;
use crate::text::name::Name;

/// A person ticked a task of a runbook, or took that back: who, is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunbookTicked {
    /// The file and its section, as the configuration has them: `docs/RUNBOOK.md#api`.
    pub runbook: Name,
    /// The task, by its words.
    pub task: SafeText,
    /// Whether it is done.
    pub done: bool,
}
