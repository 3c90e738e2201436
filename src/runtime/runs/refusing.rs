//! Why a run does not begin, and that it is on record once.

use super::RunService;
use crate::config::sections::action::Action;
use crate::model::effect::StartRun;
use crate::model::fact::{RunRefused, Statement};
use crate::store::StoreError;
use crate::store::runs::BeginError;
use crate::text::SafeText;

/// Why something is refused, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusalReason {
    /// Why, in words.
    pub why: SafeText,
    /// What to do about it; empty: nothing is known.
    pub hint: SafeText,
}

impl RefusalReason {
    pub(in crate::runtime) fn new(why: &str, hint: &str) -> Self {
        Self { why: SafeText::new(why), hint: SafeText::new(hint) }
    }

    /// Both in one sentence.
    pub(in crate::runtime) fn explained(&self) -> SafeText {
        if self.hint.is_empty() { self.why.clone() } else { SafeText::new(&format!("{}; {}", self.why, self.hint)) }
    }
}

impl From<SafeText> for RefusalReason {
    fn from(why: SafeText) -> Self {
        Self { why, hint: SafeText::default() }
    }
}

impl From<BeginError> for RefusalReason {
    fn from(error: BeginError) -> Self {
        Self::new(&error.to_string(), &error.hint())
    }
}

/// Why a run was refused.
pub(super) struct NotBegun {
    pub reason: RefusalReason,
    /// Whether the record says so already: its intent was there, and is closed.
    pub is_on_record: bool,
}

impl<R: Into<RefusalReason>> From<R> for NotBegun {
    fn from(reason: R) -> Self {
        Self { reason: reason.into(), is_on_record: false }
    }
}

/// That a run was refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Why.
    pub reason: RefusalReason,
    /// What is to be put on record of it once the store is back.
    pub unrecorded: Option<Statement>,
}

impl Refusal {
    /// Of a run that could not be put on record, since the store is away.
    pub(in crate::runtime) fn without_store(start: &StartRun, why: SafeText) -> Self {
        let unrecorded = start.plan.is_guarded().then(|| refused(start, &why));
        Self { reason: why.into(), unrecorded }
    }
}

fn refused(start: &StartRun, why: &SafeText) -> Statement {
    let plan = &start.plan;
    Statement::RunRefused(RunRefused {
        target: plan.target.clone(),
        action: plan.action.clone(),
        verb: plan.verb.clone(),
        why: why.clone(),
        plan_digest: start.digest.clone(),
    })
}

impl RunService {
    /// Puts on record that an action was refused before there was a run to begin.
    ///
    /// # Errors
    /// The store can't be written.
    pub(crate) async fn record_unplanned(&self, action: &Action, why: SafeText) -> Result<(), StoreError> {
        let refused = RunRefused {
            target: action.target.clone(),
            action: action.name.clone(),
            verb: action.verb.clone(),
            why,
            plan_digest: String::new(),
        };
        self.record_refused(Statement::RunRefused(refused)).await
    }

    /// A chain that lost its end is not written on: that would hide what is missing.
    async fn record_refused(&self, refused: Statement) -> Result<(), StoreError> {
        self.store.trusted().await?;
        self.store.record(self.now(), &self.identity.who, refused).await
    }

    /// Puts on record that a run was refused. Where even this can't be written, the refusal is still one.
    pub(super) async fn record_refusal(&self, start: &StartRun, reason: RefusalReason) -> Refusal {
        let refused = refused(start, &reason.explained());
        let unrecorded = match self.record_refused(refused.clone()).await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "a refusal could not be put on record");
                // Who may only read the store has no right to say more of it later.
                Some(refused).filter(|_| !error.is_of_rights())
            }
        };
        Refusal { reason, unrecorded }
    }
}
