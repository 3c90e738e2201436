//! What is remembered of runs for the row above the footer.

use crate::lang::time::Stamp;
use crate::text::SafeText;
use crate::text::name::Name;

use super::toasts::Tone;

/// What is kept of the strip.
#[derive(Debug, Clone, Default)]
pub struct RunStrip {
    /// The run that a person sent away while it was going on.
    pub(in crate::app) hidden: Option<Name>,
    /// The last result, until it is over or dismissed.
    pub(in crate::app) result: Option<RunResult>,
}

/// How a run ended, as it is shown.
#[derive(Debug, Clone)]
pub struct RunResult {
    /// The run.
    pub run: Name,
    /// How it is coloured.
    pub tone: Tone,
    /// How it ended, what was proven, what is offered.
    pub text: SafeText,
    /// Until when it is shown.
    pub(in crate::app) until: Stamp,
}
