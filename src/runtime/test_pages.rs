//! Test pages: a test message to a contact, with a code by which they confirm that it reached them.

use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::effects::{StoreState, Tools};
use super::runs::RunService;
use crate::model::fact::oncall::page_id;
use crate::model::fact::{ContactPaged, OnCallStatement, Statement};
use crate::model::message::{MessageKind, Notification, Recipient};
use crate::model::test_page;
use crate::store::new_fact;
use crate::text::name::Name;

/// How long the code of one confirms it.
const CONFIRMED_WITHIN: TimeDelta = TimeDelta::hours(24);

/// A page that is about to be sent.
pub(crate) struct NewTestPage {
    said: ContactPaged,
    /// What stands in the message alone.
    pub code: String,
}

impl NewTestPage {
    /// One that a target can confirm; `None`: nobody in particular gets it, or there is no chance to be had from the system.
    pub(crate) fn new(target: &Recipient, now: DateTime<Utc>) -> Option<Self> {
        let contact = target.contact.clone()?;
        let mut bytes = [0; test_page::BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        let (code, id) = (test_page::code(bytes), page_id(now, &target.channel, &contact));
        let (channel, mark) = (target.channel.clone(), test_page::mark(&id, &code));
        Some(Self { said: ContactPaged { id, contact, channel, mark, until: now + CONFIRMED_WITHIN }, code })
    }

    /// Puts on record that it was sent; its id.
    ///
    /// # Errors
    /// It is not on record, so that its code confirms nothing; in words.
    pub(crate) async fn recorded(self, by: &RunService) -> Result<Name, String> {
        let (id, identity) = (self.said.id.clone(), by.identity());
        let said = Statement::OnCall(OnCallStatement::Paged(self.said));
        match by.store().say(&[new_fact(by.now(), &identity.who, &identity.host, said)]).await {
            Ok(Ok(_)) => Ok(id),
            Ok(Err(refusal)) => Err(refusal.describe()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Tools {
    /// The test page that a message to a contact is, with the service that puts it on record; `None`: the message is no test of
    /// a contact, has its code already, or no store is open.
    pub(super) fn page(&self, message: &Notification, now: DateTime<Utc>) -> Option<(NewTestPage, RunService)> {
        if message.kind != MessageKind::Test || message.confirm.is_some() {
            return None;
        }
        let StoreState::Open(run_service) = self.run_service.borrow().clone() else { return None };
        NewTestPage::new(&message.target, now).map(|page| (page, *run_service))
    }
}
