//! What people say, put on record where it still makes sense: of alerts, of who is on call, of incidents, of checklists. One
//! way for all of it: it is looked at with the things that it touches, and written only where nobody was faster.

use super::acknowledging::{AlertRefusal, alert_refusal};
use super::checklists::without_known;
use super::dialect::WhichThings;
use super::incidents::{IncidentRefusal, incident_refusal};
use super::oncall::{OnCallRefusal, oncall_refusal, still_stands};
use super::{Store, StoreError};
use crate::model::fact::{NewFact, Statement};
use crate::model::thing::{ThingKey, checklist_run_of};
use crate::text::name::Name;

/// Why something is not put on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecordRefusal {
    /// Of alerts, silences, maintenance, objectives, changes, checklists.
    Alert(AlertRefusal),
    /// Of who is on call, handovers, test pages.
    OnCall(OnCallRefusal),
    /// Of incidents.
    Incident(IncidentRefusal),
}

impl RecordRefusal {
    /// In words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Alert(refusal) => refusal.describe(),
            Self::OnCall(refusal) => refusal.describe(),
            Self::Incident(refusal) => refusal.describe(),
        }
    }

    /// Where to look.
    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::Alert(refusal) => refusal.hint(),
            Self::OnCall(refusal) => refusal.hint(),
            Self::Incident(refusal) => refusal.hint(),
        }
    }
}

impl Store {
    /// Puts on record what a person says, all or nothing. What is said of an incident without an id is of the one that is
    /// opened with it. Acknowledgements that move with a handover are left out where their alert is over. Returns the incident
    /// that it is about, where it is about one; why not, where something of it makes no sense any more.
    ///
    /// # Errors
    /// The store can't be written, or is not the one that was used before. The same facts may be given again.
    pub(crate) async fn say(&self, given: &[NewFact]) -> Result<Result<Option<Name>, RecordRefusal>, StoreError> {
        let mut turns = self.turns();
        loop {
            let mut turn = turns.next().await?;
            turn.trusted().await?;
            let (incident, mut drafts) = self.numbered(given).await?;
            let is_numbered_here = drafts.iter().map(|draft| &draft.said).ne(given.iter().map(|draft| &draft.said));
            let keys: Vec<ThingKey> = drafts.iter().flat_map(|draft| draft.said.touches()).collect();
            let things = self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await?;
            let is_of_duty = drafts.iter().any(|draft| matches!(draft.said, Statement::OnCall(_)));
            if is_of_duty {
                drafts.retain(|draft| still_stands(draft, &things));
            }
            if drafts.iter().any(|draft| checklist_run_of(&draft.said).is_some()) {
                drafts = without_known(drafts, &things);
                if drafts.is_empty() {
                    return Ok(Ok(None));
                }
            }
            let refusal = alert_refusal(&drafts, &things).map(RecordRefusal::Alert);
            let refusal = refusal.or_else(|| oncall_refusal(&drafts, &things).map(RecordRefusal::OnCall));
            let refusal = refusal.or_else(|| incident_refusal(&drafts, &things).map(RecordRefusal::Incident));
            match refusal {
                // Somebody else was given that number meanwhile.
                Some(RecordRefusal::Incident(refusal)) if is_numbered_here && refusal.is_of_number() => continue,
                Some(refusal) => return Ok(Err(refusal)),
                None => {}
            }
            let drafts = self.with_acknowledgement(self.with_incidents(drafts).await?).await?;
            if turn.append(drafts).await?.is_some() {
                return Ok(Ok(incident));
            }
        }
    }
}
