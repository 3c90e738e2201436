//! Who is on call by what people said, and handovers: each from its beginning to its end.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::alert::login;
use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::lang::schedule::{MomentSchedule, TimeWindow};
use crate::model::fact::{Fact, HandoverOffered, NewFact, OnCallAssigned, OnCallStatement, Statement};
use crate::model::oncall::Override;
use crate::text::SafeText;
use crate::text::name::Name;

/// An assignment as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentRecord {
    /// What was said.
    #[serde(flatten)]
    pub said: OnCallAssigned,
    /// Who said it: the login name.
    pub by: SafeText,
    /// When.
    pub at: DateTime<Utc>,
    /// Since when it holds no more, where it was ended before its time.
    pub ended: Option<DateTime<Utc>>,
}

/// A handover as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverRecord {
    /// What was offered.
    #[serde(flatten)]
    pub said: HandoverOffered,
    /// Who offered it: the login name.
    pub by: SafeText,
    /// When.
    pub at: DateTime<Utc>,
    /// Who accepted it, and when.
    pub accepted: Option<HandoverAcceptance>,
    /// When it was taken back.
    pub withdrawn: Option<DateTime<Utc>>,
}

/// How a handover was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverAcceptance {
    /// The contact.
    pub who: Name,
    /// The login name.
    pub by: SafeText,
    /// When.
    pub at: DateTime<Utc>,
}

impl AssignmentRecord {
    /// The first moment after it.
    pub fn end(&self) -> DateTime<Utc> {
        self.ended.map_or(self.said.until, |at| at.min(self.said.until))
    }

    /// As a rotation has it; `None`: it was called off before it began, or can't be read any more.
    pub(crate) fn to_override(&self) -> Option<Override> {
        let window = TimeWindow { start: self.said.from, end: self.end() };
        if window.start >= window.end {
            return None;
        }
        match (&self.said.people[..], &self.said.handover) {
            ([who], _) => Some(Override::by(who.clone(), window)),
            (people, Some(handover)) => {
                Override::in_turns(people.to_vec(), MomentSchedule::parse(handover).ok()?, window)
            }
            (_, None) => None,
        }
    }
}

impl HandoverRecord {
    /// Whether it waits for somebody to accept it.
    pub fn is_open(&self) -> bool {
        self.accepted.is_none() && self.withdrawn.is_none()
    }

    /// The moment after which it is of no use to accept it.
    pub(crate) fn waits_until(&self) -> DateTime<Utc> {
        self.said.next_until.max(self.said.until)
    }

    /// What it makes of the rotation, each with the moment at which that was said: whoever offered it stays on call until it is
    /// accepted, at the longest until the shift after theirs would end, and whoever accepted it is on call from then on.
    pub(crate) fn to_overrides(&self) -> Vec<(DateTime<Utc>, Override)> {
        let HandoverOffered { who, until, next_until, .. } = &self.said;
        let accepted = self.accepted.as_ref().map(|accepted| (&accepted.who, accepted.at));
        let stays = accepted.map(|(_, at)| at).or(self.withdrawn).map_or(*next_until, |end| end.min(*next_until));
        let next = accepted.map(|(next, at)| (at, next, at, *next_until));
        let spans = [Some((self.at, who, *until, stays)), next].into_iter().flatten();
        spans
            .filter(|(_, _, start, end)| start < end)
            .map(|(said_at, who, start, end)| (said_at, Override::by(who.clone(), TimeWindow { start, end })))
            .collect()
    }

    /// Whether it was of the same shift as another one, and nobody is on call by it: it was corrected, or waits.
    pub(crate) fn is_no_more_than(&self, other: &Self) -> bool {
        let shift = |record: &Self| (record.said.layer.clone(), record.said.who.clone(), record.said.until);
        self.accepted.is_none() && shift(self) == shift(other)
    }
}

impl AssignmentRecord {
    /// Takes in what is said of an assignment, of which `known` is on record; `None`: that is no news.
    pub(crate) fn after(known: Option<Self>, draft: &NewFact) -> Option<Self> {
        match (&draft.said, known) {
            (Statement::OnCall(OnCallStatement::Assigned(said)), None) => {
                Some(Self { said: said.clone(), by: login(&draft.who), at: draft.at, ended: None })
            }
            (Statement::OnCall(OnCallStatement::Ended(_)), Some(known)) if known.ended.is_none() => {
                Some(Self { ended: Some(draft.at), ..known })
            }
            _ => None,
        }
    }
}

impl HandoverRecord {
    /// Takes in what is said of a handover, of which `known` is on record; `None`: that is no news.
    pub(crate) fn after(known: Option<Self>, draft: &NewFact) -> Option<Self> {
        let Statement::OnCall(said) = &draft.said else { return None };
        let by = || login(&draft.who);
        match (said, known) {
            (OnCallStatement::Offered(said), None) => {
                Some(Self { said: said.clone(), by: by(), at: draft.at, accepted: None, withdrawn: None })
            }
            (OnCallStatement::Accepted(said), Some(known)) if known.is_open() => {
                let accepted = HandoverAcceptance { who: said.who.clone(), by: by(), at: draft.at };
                Some(Self { accepted: Some(accepted), ..known })
            }
            (OnCallStatement::Withdrawn(_), Some(known)) if known.is_open() => {
                Some(Self { withdrawn: Some(draft.at), ..known })
            }
            _ => None,
        }
    }
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let Statement::OnCall(said) = fact.said() else { return };
    let key: ThingKey = said.key();
    let known = things.get(&key);
    if key.kind == ThingKind::OnCall {
        let known = known.and_then(StoredThing::read::<AssignmentRecord>);
        if let Some(record) = AssignmentRecord::after(known, &fact.draft) {
            things.write(key, false, record.said.layer.to_string(), &record, fact.seq);
        }
    } else if key.kind == ThingKind::Handover {
        let known = known.and_then(StoredThing::read::<HandoverRecord>);
        if let Some(record) = HandoverRecord::after(known, &fact.draft) {
            things.write(key, record.is_open(), record.said.layer.to_string(), &record, fact.seq);
        }
    }
}
