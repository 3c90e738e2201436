//! Contacts: which test pages they were sent, and the last one that they confirmed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::alert::login;
use super::{StoredThing, ThingKind, Things};
use crate::model::fact::{Fact, NewFact, OnCallStatement, Statement};
use crate::model::test_page;
use crate::text::SafeText;
use crate::text::name::Name;

/// Test pages that wait to be confirmed and are kept.
const MOST_PAGES: usize = 5;

/// A contact as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRecord {
    /// The contact, by its name in the configuration.
    pub contact: Name,
    /// The test pages that nobody has confirmed yet, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<TestPage>,
    /// The last one that was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<VerifiedPage>,
}

/// A test page that waits to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestPage {
    /// Its id.
    pub id: Name,
    /// The channel by which it was sent.
    pub channel: Name,
    /// The mark of its code.
    pub mark: Name,
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// The first moment at which it can't be confirmed.
    pub until: DateTime<Utc>,
}

/// A test page that was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedPage {
    /// The channel by which it was sent.
    pub channel: Name,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// When it was confirmed.
    pub at: DateTime<Utc>,
    /// By whom: the login name.
    pub by: SafeText,
}

impl ContactRecord {
    /// The page of which somebody has the code.
    pub(crate) fn page(&self, code: &str, now: DateTime<Utc>) -> Option<&TestPage> {
        self.pages.iter().find(|page| page.until > now && page.mark == test_page::mark(&page.id, code))
    }

    /// When the last test page that is still known was sent by a channel.
    pub(crate) fn paged_at(&self, channel: &str) -> Option<DateTime<Utc>> {
        let waiting = self.pages.iter().map(|page| (&page.channel, page.at));
        let confirmed = self.verified.iter().map(|page| (&page.channel, page.sent_at));
        waiting.chain(confirmed).filter(|(by, _)| ***by == *channel).map(|(_, at)| at).max()
    }

    /// Whether a page waits to be confirmed.
    pub(crate) fn waits_for(&self, page: &str, now: DateTime<Utc>) -> bool {
        self.pages.iter().any(|known| *known.id == *page && known.until > now)
    }

    /// Takes in what is said of a contact, of whom `known` is on record; `None`: that is no news.
    pub(crate) fn after(known: Option<Self>, draft: &NewFact) -> Option<Self> {
        match &draft.said {
            Statement::OnCall(OnCallStatement::Paged(said)) => {
                let new = || Self { contact: said.contact.clone(), pages: Vec::new(), verified: None };
                let mut record = known.unwrap_or_else(new);
                record.pages.push(TestPage {
                    id: said.id.clone(),
                    channel: said.channel.clone(),
                    mark: said.mark.clone(),
                    at: draft.at,
                    until: said.until,
                });
                record.pages.drain(..record.pages.len().saturating_sub(MOST_PAGES));
                Some(record)
            }
            Statement::OnCall(OnCallStatement::Verified(said)) => {
                let mut record = known?;
                let place = record.pages.iter().position(|page| page.id == said.page)?;
                let TestPage { channel, at: sent_at, .. } = record.pages.remove(place);
                record.verified = Some(VerifiedPage { channel, sent_at, at: draft.at, by: login(&draft.who) });
                Some(record)
            }
            _ => None,
        }
    }
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let Statement::OnCall(said) = fact.said() else { return };
    let key = said.key();
    if key.kind != ThingKind::Contact {
        return;
    }
    let known = things.get(&key).and_then(StoredThing::read::<ContactRecord>);
    if let Some(record) = ContactRecord::after(known, &fact.draft) {
        things.write(key, false, String::new(), &record, fact.seq);
    }
}
