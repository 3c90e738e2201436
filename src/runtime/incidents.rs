//! What people say of incidents, put on record: by the console and by the shell alike. What ends an incident takes with it what
//! happened around it, so that its record refers to nothing that expires.

use std::sync::Arc;

use chrono::TimeDelta;

use super::effects::{StoreState, Tools};
use super::identity::Identity;
use crate::config::Config;
use crate::lang::time::Stamp;
use crate::model::effect::RequestId;
use crate::model::fact::incident::{CopiedLine, IncidentRoleSaid};
use crate::model::fact::{IncidentFact, IncidentSaid, NewFact, Statement, login_of};
use crate::model::incident::RoleStep;
use crate::model::outcome::Outcome;
use crate::model::thing::IncidentRecord;
use crate::store::saying::RecordRefusal;
use crate::store::{Store, StoreError, new_fact};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::incidents::lines;
use crate::world::responding::{copy_around, with_copied};

/// How far a clock of another host may be ahead of the store's before what it wrote is missed.
const AHEAD: TimeDelta = TimeDelta::hours(1);

/// Puts on record what is said of one incident. Returns its id; why not, where it makes no sense any more.
///
/// # Errors
/// The store can't be written.
pub(crate) async fn say(
    store: &Store,
    config: &Arc<Config>,
    mut drafts: Vec<NewFact>,
    now: Stamp,
) -> Result<Result<Name, RecordRefusal>, StoreError> {
    for draft in &mut drafts {
        let login = SafeText::new(login_of(&draft.who));
        let Statement::Incident(said) = &mut draft.said else { continue };
        match &mut said.what {
            IncidentFact::Role(role) => {
                // Who is not named is who says it.
                if role.who.as_str().is_empty() {
                    role.who = login;
                }
                let record = store.incident(&said.id).await?;
                if let Some(known) = record.and_then(|record| known_as(&record, role, config)) {
                    role.who = known;
                }
            }
            IncidentFact::Moved(moved) if moved.step.ends() => {
                if let Some(record) = store.incident(&said.id).await? {
                    moved.copied = around(store, config, &record, now).await?;
                }
            }
            _ => {}
        }
    }
    Ok(store.say(&drafts).await?.map(Option::unwrap_or_default))
}

/// By which name the record has who is meant: it knows names only, and a person may have several.
fn known_as(record: &IncidentRecord, said: &IncidentRoleSaid, config: &Config) -> Option<SafeText> {
    let offered = record.offer(said.role).map(|offer| &offer.who);
    let holder = record.holder(said.role);
    let known = match said.step {
        RoleStep::Accepted | RoleStep::Declined => [offered, None],
        RoleStep::Taken | RoleStep::Released => [holder, None],
        RoleStep::Offered => [holder, offered],
    };
    let is_meant = |known: &&SafeText| config.is_same_person(known.as_str(), said.who.as_str());
    known.into_iter().flatten().find(is_meant).cloned()
}

/// What happened around an incident, oldest first: as the store has it, and before that as it was copied, for the store may have
/// let go of it since.
///
/// # Errors
/// The store can't be read.
pub(crate) async fn around(
    store: &Store,
    config: &Arc<Config>,
    record: &IncidentRecord,
    now: Stamp,
) -> Result<Vec<CopiedLine>, StoreError> {
    let (from, _) = lines::span(record);
    let history = store.history(from - AHEAD).await?;
    Ok(with_copied(&record.copied, copy_around(config, record, &history.facts, &history.runs, now)))
}

impl Tools {
    /// Puts on record what a person says, and answers with what became of it.
    pub(super) async fn say_of_incident(
        self,
        request: RequestId,
        said: Vec<IncidentSaid>,
        config: Arc<Config>,
        now: Stamp,
    ) {
        let Identity { who, host } = Identity::present();
        let draft = |said| new_fact(now.utc, &who, &host, Statement::Incident(Box::new(said)));
        let drafts: Vec<NewFact> = said.into_iter().map(draft).collect();
        let outcome = match self.try_to_say_of_incident(drafts.clone(), &config, now).await {
            Ok(None) => Outcome::Recorded { request },
            Ok(Some(why)) => Outcome::RequestFailed { request, why },
            Err(why) => self.say_of_incident_later(request, drafts, why).await,
        };
        self.answer(outcome).await;
    }

    async fn try_to_say_of_incident(
        &self,
        drafts: Vec<NewFact>,
        config: &Arc<Config>,
        now: Stamp,
    ) -> Result<Option<SafeText>, SafeText> {
        // Who writes a note in an outage does not wait for a store that is known to be away.
        if let StoreState::Closed(why) = &*self.run_service.borrow() {
            return Err(why.clone());
        }
        let store = self.store().await?;
        let said = say(&store, config, drafts, now).await.map_err(|error| SafeText::new(&error.explained()))?;
        Ok(said.err().map(|refusal| SafeText::new(&refusal.describe())))
    }

    /// What is only added may wait; what depends on how the incident stands is refused with the reason.
    async fn say_of_incident_later(&self, request: RequestId, drafts: Vec<NewFact>, why: SafeText) -> Outcome {
        let may_wait = |draft: &NewFact| {
            matches!(&draft.said, Statement::Incident(said)
                if matches!(said.what, IncidentFact::Noted(_) | IncidentFact::Updated(_)))
        };
        match self.late.as_ref().filter(|_| drafts.iter().all(may_wait)) {
            Some(late) if late.queue(drafts.clone()).await => Outcome::Queued { request, drafts },
            _ => Outcome::RequestFailed { request, why },
        }
    }
}
