//! What is posted once: status updates of incidents, reminders to those who work on them, and handovers. None waits for quiet
//! hours: who gives an update at night wants it read then.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::routes::Routes;
use super::{Announcing, InFlight, blank, ids};
use crate::config::Config;
use crate::config::sections::notify::Channel;
use crate::model::governor::Precedence;
use crate::model::message::{Bulletin, MessageKind, Notification, Recipient};

impl Announcing {
    /// These are to be sent to whoever has not got them.
    pub(crate) fn post(&mut self, bulletins: Vec<Bulletin>) {
        self.bulletins = bulletins;
    }

    /// Which of them each target has not got.
    pub(super) fn unsent_bulletins(&self, config: &Config, routes: &Routes<'_>) -> BTreeMap<Recipient, Vec<Bulletin>> {
        let mut found: BTreeMap<Recipient, Vec<Bulletin>> = BTreeMap::new();
        for bulletin in &self.bulletins {
            for channel in config.channels.iter().filter(|channel| bulletin.notify().contains(&channel.name)) {
                for target in routes.targets(channel) {
                    let known = self
                        .outboxes
                        .get(&target)
                        .is_some_and(|outbox| outbox.record.notices.contains_key(bulletin.id()));
                    if !known {
                        found.entry(target).or_default().push(bulletin.clone());
                    }
                }
            }
        }
        found
    }

    /// The message with these to one target, where it is time for one.
    pub(super) fn bulletin_message(
        &mut self,
        config: &Config,
        channel: &Channel,
        (target, bulletins): (&Recipient, Vec<Bulletin>),
        now: DateTime<Utc>,
    ) -> Option<Notification> {
        let outbox = self.outboxes.entry(target.clone()).or_default();
        if bulletins.is_empty() || outbox.in_flight.is_some() {
            return None;
        }
        let opens_at = outbox.record.sent.opens_at(&channel.limits, Precedence::FollowUp, now);
        let ready_at = opens_at.max(outbox.retry_at.unwrap_or(now));
        if now < ready_at {
            outbox.due_at = outbox.due_at.into_iter().chain([ready_at]).min();
            return None;
        }
        let id = ids::of_bulletins(target, &bulletins);
        let mut message = blank(config, target, MessageKind::Handover, id, now);
        for bulletin in bulletins {
            match bulletin {
                Bulletin::Incident(notice) => {
                    message.kind = MessageKind::Incident;
                    message.updates.push(notice);
                }
                Bulletin::Handover(notice) => message.handovers.push(notice),
            }
        }
        outbox.in_flight = Some(InFlight { message: message.clone(), is_started: false });
        Some(message)
    }
}
