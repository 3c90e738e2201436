//! Silences, from their beginning to their end.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::alert::login;
use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::model::fact::{Fact, SilenceEnd, SilenceEnded, SilenceStarted, Statement};
use crate::text::SafeText;
use crate::text::name::Name;

/// A silence. It is open until it was said to be over; its time may be over before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceRecord {
    /// Its id.
    pub id: Name,
    /// Which alerts, as it was written: `service:api`.
    #[serde(rename = "match")]
    pub matching: String,
    /// Who: the login name.
    pub by: SafeText,
    /// Why.
    pub why: SafeText,
    /// Since when.
    pub at: DateTime<Utc>,
    /// When it ends at the latest.
    pub until: DateTime<Utc>,
    /// Whether it stays until then, though what it matches has long been quiet.
    pub hold: bool,
    /// Why it is over, and since when.
    pub ended: Option<(SilenceEnd, DateTime<Utc>)>,
}

impl SilenceRecord {
    /// As it begins.
    pub fn new(fact: &Fact, said: &SilenceStarted) -> Self {
        Self {
            id: said.id.clone(),
            matching: said.matching.clone(),
            by: login(&fact.draft.who),
            why: said.why.clone(),
            at: fact.draft.at,
            until: said.until,
            hold: said.hold,
            ended: None,
        }
    }

    /// Whether it mutes at a moment: its end is the first moment at which it does not.
    pub fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.ended.is_none() && now < self.until
    }

    /// Takes in that it is over; false where it was already.
    pub fn end(&mut self, said: &SilenceEnded, at: DateTime<Utc>) -> bool {
        let is_news = self.ended.is_none();
        if is_news {
            self.ended = Some((said.because, at));
        }
        is_news
    }
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let (Statement::SilenceStarted(SilenceStarted { id, .. }) | Statement::SilenceEnded(SilenceEnded { id, .. })) =
        fact.said()
    else {
        return;
    };
    let key = ThingKey::new(ThingKind::Silence, id);
    let known = things.get(&key).and_then(StoredThing::read::<SilenceRecord>);
    let record = match (fact.said(), known) {
        (Statement::SilenceStarted(said), None) => SilenceRecord::new(fact, said),
        (Statement::SilenceEnded(said), Some(mut record)) => {
            if !record.end(said, fact.draft.at) {
                return;
            }
            record
        }
        _ => return,
    };
    things.write(key, record.ended.is_none(), record.matching.clone(), &record, fact.seq);
}
