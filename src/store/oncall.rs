//! What people say of who is on call, put on record where it still makes sense.

use super::dialect::WhichThings;
use super::{Store, StoreError};
use crate::model::fact::{NewFact, OnCallStatement, Statement};
use crate::model::thing::{AlertRecord, AssignmentRecord, HandoverRecord, StoredThing, ThingKey, ThingKind};
use crate::text::name::Name;

/// Why something is not put on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OnCallRefusal {
    /// There is an assignment or a handover of that id.
    Taken(String),
    /// There is no assignment of that id, or it was ended before.
    NotAssigned(Name),
    /// There is no handover of that id that waits to be accepted.
    NotOffered(Name),
}

impl OnCallRefusal {
    /// In words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Taken(id) => format!("`{id}` exists already"),
            Self::NotAssigned(id) => format!("no on-call override with id `{id}` is in effect or planned"),
            Self::NotOffered(id) => format!("handover `{id}` was accepted or taken back already"),
        }
    }
}

impl Store {
    /// Puts on record what a person says of who is on call, all or nothing. Acknowledgements that move with a handover are
    /// left out where their alert is over. Says why not, where something of it makes no sense any more.
    ///
    /// # Errors
    /// The store can't be written, or is not the one that was used before. The same facts may be given again.
    pub(crate) async fn say_of_oncall(&self, drafts: &[NewFact]) -> Result<Option<OnCallRefusal>, StoreError> {
        let mut turns = self.turns();
        loop {
            let mut turn = turns.next().await?;
            turn.trusted().await?;
            let keys: Vec<ThingKey> = drafts.iter().flat_map(|draft| draft.said.touches()).collect();
            let things = self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await?;
            if let Some(refusal) = drafts.iter().find_map(|draft| refusal(draft, &things)) {
                return Ok(Some(refusal));
            }
            let standing = drafts.iter().filter(|draft| still_stands(draft, &things)).cloned().collect();
            if turn.append(standing).await?.is_some() {
                return Ok(None);
            }
        }
    }
}

fn thing<'a>(things: &'a [StoredThing], kind: ThingKind, id: &str) -> Option<&'a StoredThing> {
    things.iter().find(|thing| thing.key.kind == kind && thing.key.id == *id)
}

fn refusal(draft: &NewFact, things: &[StoredThing]) -> Option<OnCallRefusal> {
    let Statement::OnCall(said) = &draft.said else { return None };
    let key = said.key();
    let known = thing(things, key.kind, &key.id);
    let handover = || known.and_then(StoredThing::read::<HandoverRecord>).filter(HandoverRecord::is_open);
    match said {
        OnCallStatement::Assigned(_) | OnCallStatement::Offered(_) => known.map(|_| OnCallRefusal::Taken(key.id)),
        OnCallStatement::Ended(said) => {
            let record = known.and_then(StoredThing::read::<AssignmentRecord>);
            let stands = record.is_some_and(|record| record.end() > draft.at);
            (!stands).then(|| OnCallRefusal::NotAssigned(said.id.clone()))
        }
        OnCallStatement::Accepted(said) => handover().is_none().then(|| OnCallRefusal::NotOffered(said.id.clone())),
        OnCallStatement::Withdrawn(said) => handover().is_none().then(|| OnCallRefusal::NotOffered(said.id.clone())),
    }
}

/// Whether what it says of an alert can still be said.
fn still_stands(draft: &NewFact, things: &[StoredThing]) -> bool {
    let alert = match &draft.said {
        Statement::AlertAcknowledged(said) => &said.id,
        Statement::AlertUnacknowledged(said) => &said.id,
        _ => return true,
    };
    let record = thing(things, ThingKind::Alert, alert).and_then(StoredThing::read::<AlertRecord>);
    record.is_some_and(|record| record.is_firing() && record.acknowledged.is_some())
}
