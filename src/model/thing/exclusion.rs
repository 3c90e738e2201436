//! Spans that do not count against an objective, as long as nobody takes that back.

use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::alert::login;
use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::model::fact::{Fact, NewFact, SloExcluded, SloIncluded, Statement};
use crate::text::SafeText;
use crate::text::name::Name;

/// An exclusion as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionRecord {
    /// Its id.
    pub id: Name,
    /// The objective.
    pub slo: Name,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
    /// Who: the login name.
    pub by: SafeText,
    /// Why.
    pub why: SafeText,
    /// When it was said.
    pub at: DateTime<Utc>,
    /// Who took it back, and when; `None`: it holds.
    pub ended: Option<(SafeText, DateTime<Utc>)>,
}

impl ExclusionRecord {
    /// Takes in what is said of an exclusion, of which `known` is on record; `None`: that is no news.
    pub fn after(known: Option<Self>, draft: &NewFact) -> Option<Self> {
        match (&draft.said, known) {
            (Statement::SloExcluded(said), None) => {
                let SloExcluded { id, slo, from, until, why } = said.clone();
                Some(Self { id, slo, from, until, by: login(&draft.who), why, at: draft.at, ended: None })
            }
            (Statement::SloIncluded(_), Some(known)) if known.ended.is_none() => {
                Some(Self { ended: Some((login(&draft.who), draft.at)), ..known })
            }
            _ => None,
        }
    }

    /// Whether nobody took it back.
    pub const fn holds(&self) -> bool {
        self.ended.is_none()
    }

    /// The span.
    pub const fn span(&self) -> Range<DateTime<Utc>> {
        self.from..self.until
    }
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let (Statement::SloExcluded(SloExcluded { id, .. }) | Statement::SloIncluded(SloIncluded { id, .. })) = fact.said()
    else {
        return;
    };
    let key = ThingKey::new(ThingKind::Exclusion, id);
    let known = things.get(&key).and_then(StoredThing::read::<ExclusionRecord>);
    if let Some(record) = ExclusionRecord::after(known, &fact.draft) {
        things.write(key, record.holds(), record.slo.to_string(), &record, fact.seq);
    }
}
