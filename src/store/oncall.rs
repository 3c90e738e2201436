//! What people say of who is on call, put on record where it still makes sense.

use crate::model::fact::{NewFact, OnCallStatement, Statement};
use crate::model::thing::{AlertRecord, AssignmentRecord, ContactRecord, HandoverRecord, StoredThing, ThingKind};
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
    /// There is no test page of that id that this contact may still confirm.
    NoPage(Name),
}

impl OnCallRefusal {
    /// Where to look.
    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::NotOffered(_) => "see `opsroom handover --show`",
            Self::Taken(_) | Self::NotAssigned(_) | Self::NoPage(_) => "see `opsroom oncall`",
        }
    }

    /// In words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Taken(id) => format!("`{id}` exists already"),
            Self::NotAssigned(id) => format!("no on-call override with id `{id}` is in effect or planned"),
            Self::NotOffered(id) => format!("handover `{id}` was accepted or taken back already"),
            Self::NoPage(contact) => format!("no test page to {contact} is waiting to be confirmed by this code"),
        }
    }
}

/// What of these makes no sense any more, of who is on call. `things` are those that they touch.
pub(super) fn oncall_refusal(drafts: &[NewFact], things: &[StoredThing]) -> Option<OnCallRefusal> {
    drafts.iter().find_map(|draft| refusal(draft, things))
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
        OnCallStatement::Paged(_) => None,
        OnCallStatement::Verified(said) => {
            let record = known.and_then(StoredThing::read::<ContactRecord>);
            let waits = record.is_some_and(|record| record.waits_for(&said.page, draft.at));
            (!waits).then(|| OnCallRefusal::NoPage(said.contact.clone()))
        }
        OnCallStatement::Withdrawn(said) => handover().is_none().then(|| OnCallRefusal::NotOffered(said.id.clone())),
    }
}

/// Whether what it says of an alert can still be said.
pub(super) fn still_stands(draft: &NewFact, things: &[StoredThing]) -> bool {
    let alert = match &draft.said {
        Statement::AlertAcknowledged(said) => &said.id,
        Statement::AlertUnacknowledged(said) => &said.id,
        _ => return true,
    };
    let record = thing(things, ThingKind::Alert, alert).and_then(StoredThing::read::<AlertRecord>);
    record.is_some_and(|record| record.is_firing() && record.acknowledged.is_some())
}
