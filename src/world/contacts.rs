//! Whether contacts can be reached: the last test page that each confirmed.

use chrono::{DateTime, NaiveDate, Utc};

use super::duty::DutyPlan;
use crate::config::sections::contact::Contact;
use crate::lang::tz::Tz;
use crate::lang::unit;
use crate::model::maintenance::clock_with_zone;
use crate::text::name::Name;

/// The last test page that a contact confirmed, and the one that waits to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContactCheck<'a> {
    pub contact: &'a Contact,
    /// The last that was confirmed; `None`: none ever was.
    pub confirmed: Option<ConfirmedPage<'a>>,
    /// When the last one was sent that nobody has confirmed yet, and by which channel.
    pub waiting: Option<(DateTime<Utc>, &'a Name)>,
}

/// When a test page was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConfirmedPage<'a> {
    /// On record: when, and by which channel it was sent.
    OnRecord(DateTime<Utc>, &'a Name),
    /// As the configuration says.
    Configured(NaiveDate),
}

impl DutyPlan {
    /// The test pages of the contacts of a configuration, in its order.
    pub(crate) fn contact_checks<'a>(
        &'a self,
        contacts: &'a [Contact],
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = ContactCheck<'a>> {
        contacts.iter().map(move |contact| {
            let record = self.contact(&contact.id);
            let verified = record.and_then(|record| record.verified.as_ref());
            // What is on record is more exact than a day.
            let on_record = verified.filter(|page| contact.verified.is_none_or(|day| page.at.date_naive() >= day));
            let on_record = on_record.map(|page| ConfirmedPage::OnRecord(page.at, &page.channel));
            let waiting = record.and_then(|record| record.pages.iter().rfind(|page| page.until > now));
            ContactCheck {
                contact,
                confirmed: on_record.or(contact.verified.map(ConfirmedPage::Configured)),
                waiting: waiting.map(|page| (page.at, &page.channel)),
            }
        })
    }
}

impl ContactCheck<'_> {
    /// `confirmed 2026-03-02 10:00 UTC by sms (3d ago)`, `never confirmed; the one of 10:00 by sms waits`.
    pub(crate) fn describe(&self, now: DateTime<Utc>, zone: Tz) -> String {
        let ago = |at: DateTime<Utc>| format!(" ({} ago)", unit::span((now - at).to_std().unwrap_or_default()));
        let confirmed = match self.confirmed {
            Some(ConfirmedPage::OnRecord(at, channel)) => {
                format!("confirmed {} by {channel}{}", clock_with_zone(at, now, zone), ago(at))
            }
            Some(ConfirmedPage::Configured(day)) => format!("confirmed {day}"),
            None => "never confirmed".to_owned(),
        };
        let waiting = self.waiting.map_or_else(String::new, |(at, channel)| {
            format!("; sent by {channel} {}, waiting to be confirmed", clock_with_zone(at, now, zone))
        });
        format!("{confirmed}{waiting}")
    }
}
