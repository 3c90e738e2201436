//! What a person says of alerts in the console, put on record; acknowledgements and the steps of checklists wait on
//! disk while the store is away.

use chrono::{DateTime, Utc};

use super::effects::{StoreState, Tools};
use super::identity::Identity;
use crate::model::effect::RequestId;
use crate::model::fact::{NewFact, Statement};
use crate::model::outcome::Outcome;
use crate::store::new_fact;
use crate::text::SafeText;

impl Tools {
    /// Puts on record what a person says, and answers with what became of it.
    pub(super) async fn say_of_alerts(self, request: RequestId, said: Vec<Statement>, now: DateTime<Utc>) {
        let Identity { who, host } = Identity::present();
        let drafts: Vec<NewFact> = said.into_iter().map(|said| new_fact(now, &who, &host, said)).collect();
        let outcome = match self.try_to_say(&drafts).await {
            Ok(None) => Outcome::Recorded { request },
            Ok(Some(why)) => Outcome::RequestFailed { request, why },
            Err(why) => self.say_later(request, drafts, why).await,
        };
        self.answer(outcome).await;
    }

    /// Why it is refused, where it is.
    ///
    /// # Errors
    /// Why the store can't take it now.
    pub(super) async fn try_to_say(&self, drafts: &[NewFact]) -> Result<Option<SafeText>, SafeText> {
        // A person who acknowledges does not wait for a store that is known to be away.
        if let StoreState::Closed(why) = &*self.run_service.borrow() {
            return Err(why.clone());
        }
        let store = self.store().await?;
        let said = store.say(drafts).await.map_err(|error| SafeText::new(&error.explained()))?;
        Ok(said.err().map(|refusal| SafeText::new(&refusal.describe())))
    }

    async fn say_later(&self, request: RequestId, drafts: Vec<NewFact>, why: SafeText) -> Outcome {
        // A sign-off is of a run as the store has it: it does not wait.
        let waits = |draft: &NewFact| {
            matches!(
                draft.said,
                Statement::AlertAcknowledged(_)
                    | Statement::ChecklistStarted(_)
                    | Statement::ChecklistStepped(_)
                    | Statement::ChecklistNoted(_)
            )
        };
        let may_wait = drafts.iter().all(waits);
        match self.late.as_ref().filter(|_| may_wait) {
            Some(late) if late.queue(drafts.clone()).await => Outcome::Queued { request, drafts },
            _ => Outcome::RequestFailed { request, why },
        }
    }
}
