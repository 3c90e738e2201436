//! What a link in a message may still acknowledge.

use super::World;
use crate::config::sections::notify::Channel;
use crate::model::ack_link::SignedLink;
use crate::model::alert::times::SpanBounds;
use crate::model::fact::AlertAcknowledged;
use crate::model::message::Recipient;
use crate::model::thing::{Acknowledgement, AlertRecord};
use crate::text::SafeText;
use crate::text::name::Name;

/// How it stands with a link whose signature is good.
#[derive(Debug, Clone)]
pub(crate) enum LinkState<'a> {
    /// It acknowledges this alert.
    Open {
        /// The alert.
        alert: &'a AlertRecord,
        /// Who is then at it.
        by: String,
    },
    /// It was used before.
    Used,
    /// Somebody is at the alert already.
    Acknowledged(&'a Acknowledgement),
    /// Its time is over.
    Expired,
    /// The alert is over.
    Over,
    /// Nothing is acknowledged by links here: they are not configured, or only somebody looks on.
    Refused,
}

impl World {
    /// What a link may do now.
    pub(crate) fn link(&self, link: &SignedLink) -> LinkState<'_> {
        if self.read_only || self.config.watch.public_url.is_none() {
            return LinkState::Refused;
        }
        if link.expires <= self.now.utc {
            return LinkState::Expired;
        }
        let about = |record: &&AlertRecord| record.is_firing() && link.is_about(&record.id, record.severity);
        let Some(alert) = self.firings.open().map(|firing| &firing.record).find(about) else { return LinkState::Over };
        if alert.used_links.contains(&link.mark) {
            return LinkState::Used;
        }
        if let Some(acknowledged) = self.acknowledgement(alert) {
            return LinkState::Acknowledged(acknowledged);
        }
        match self.receiver(link) {
            Some(by) => LinkState::Open { alert, by },
            None => LinkState::Expired,
        }
    }

    /// What a person says by a link that is open: who they are, and what they say.
    pub(crate) fn acknowledge_by_link(&self, link: &SignedLink) -> Option<(String, AlertAcknowledged)> {
        let LinkState::Open { alert, by } = self.link(link) else { return None };
        let span = self.config.alerting.ack_expires(alert.severity);
        let said = AlertAcknowledged {
            id: alert.id.clone(),
            alert: alert.alert.clone(),
            severity: alert.severity,
            why: SafeText::new("by the link in a message"),
            until: SpanBounds::ACKNOWLEDGED.until(self.now.utc, span).ok()?,
            link: Some(link.mark.clone()),
            together: true,
            taken_by: None,
        };
        Some((by, said))
    }

    /// Whose link it is: the contact's name, or the channel that many read.
    fn receiver(&self, link: &SignedLink) -> Option<String> {
        let of_channel = |channel: &Channel| {
            let target = |contact: Option<Name>| Recipient { channel: channel.name.clone(), contact };
            if link.is_for(&target(None)) {
                return Some(format!("channel {}", channel.name));
            }
            let contact = self.config.contacts.iter().find(|contact| link.is_for(&target(Some(contact.id.clone()))))?;
            Some(contact.name.clone())
        };
        self.config.channels.iter().find_map(of_channel)
    }
}
