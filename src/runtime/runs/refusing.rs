//! Why a run does not begin, and that it is on record once.

use super::RunService;
use crate::model::effect::StartRun;
use crate::model::fact::{RunRefused, Statement};
use crate::text::SafeText;

/// Why a run was refused.
pub(super) struct NotBegun {
    pub why: SafeText,
    /// Whether the record says so already: its intent was there, and is closed.
    pub is_on_record: bool,
}

impl From<SafeText> for NotBegun {
    fn from(why: SafeText) -> Self {
        Self { why, is_on_record: false }
    }
}

impl RunService {
    /// Puts on record that a run was refused. Where even this can't be written, the refusal is still one.
    pub(super) async fn record_refusal(&self, start: &StartRun, why: &SafeText) {
        let plan = &start.plan;
        let refused = Statement::RunRefused(RunRefused {
            target: plan.target.clone(),
            action: plan.action.clone(),
            verb: plan.verb.clone(),
            why: why.clone(),
            plan_digest: start.digest.clone(),
        });
        // A chain that lost its end is not written on: that would hide what is missing.
        if let Err(doubt) = self.store.trusted().await {
            tracing::warn!(%doubt, "a refusal is not put on record");
        } else if let Err(error) = self.store.record(self.now(), &self.identity.who, refused).await {
            tracing::warn!(%error, "a refusal could not be put on record");
        }
    }
}
