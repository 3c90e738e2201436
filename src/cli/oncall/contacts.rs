//! Test pages: which contact confirmed one last, and confirming one by its code.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::cli::span::{Refusal, refused};
use crate::config::Config;
use crate::lang::time::rfc3339;
use crate::model::fact::ContactVerified;
use crate::text::name::Name;
use crate::world::contacts::{ConfirmedPage, ContactCheck};
use crate::world::duty::DutyPlan;

/// A contact with the last test page that they confirmed, as JSON has it. Fields may be added.
#[derive(Debug, Serialize)]
pub(super) struct ContactLine {
    contact: Name,
    /// As it is shown.
    name: String,
    /// A moment, or a day where the configuration says it; null: never.
    confirmed_at: Option<String>,
    /// By which channel it was sent.
    channel: Option<Name>,
    /// When the last one was sent that is not confirmed yet.
    waiting_since: Option<String>,
}

impl From<&ContactCheck<'_>> for ContactLine {
    fn from(check: &ContactCheck<'_>) -> Self {
        let (confirmed_at, channel) = match check.confirmed {
            Some(ConfirmedPage::OnRecord(at, channel)) => (Some(rfc3339(at)), Some(channel.clone())),
            Some(ConfirmedPage::Configured(day)) => (Some(day.to_string()), None),
            None => (None, None),
        };
        Self {
            contact: check.contact.id.clone(),
            name: check.contact.name.clone(),
            confirmed_at,
            channel,
            waiting_since: check.waiting.map(|(at, _)| rfc3339(at)),
        }
    }
}

/// The contacts of the configuration.
pub(super) fn lines(plan: &DutyPlan, config: &Config, now: DateTime<Utc>) -> Vec<ContactLine> {
    plan.contact_checks(&config.contacts, now).map(|check| ContactLine::from(&check)).collect()
}

/// What confirms the test page of which somebody with that login name has the code.
pub(super) fn confirmed(
    code: &str,
    plan: &DutyPlan,
    config: &Config,
    (login, now): (&str, DateTime<Utc>),
) -> Result<ContactVerified, Refusal> {
    let found = plan.contacts().find_map(|record| Some((record, record.page(code, now)?)));
    match found {
        // In a chat others read it too.
        Some((record, _)) if config.contact_of(login).is_some_and(|contact| contact.id != record.contact) => {
            let problem = format!("this test page was sent to `{}`", record.contact);
            refused(problem, format!("{} confirms it", record.contact))
        }
        Some((record, page)) => Ok(ContactVerified {
            contact: record.contact.clone(),
            page: page.id.clone(),
            channel: page.channel.clone(),
        }),
        None => refused(
            "no test page with this code is waiting to be confirmed",
            "copy the code of the last test message; `opsroom notify test CHANNEL CONTACT` sends a new one",
        ),
    }
}
