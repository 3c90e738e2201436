//! What is sent of incidents: status updates, and reminders to those who work on them. Neither waits for quiet hours: who
//! gives an update at night wants it read then.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::routes::Routes;
use super::{Announcing, InFlight, blank, ids};
use crate::config::Config;
use crate::config::sections::notify::Channel;
use crate::model::governor::Precedence;
use crate::model::message::{IncidentNotice, MessageKind, Notification, Recipient};

impl Announcing {
    /// These are to be sent to whoever has not got them.
    pub(crate) fn post(&mut self, updates: Vec<IncidentNotice>) {
        self.updates = updates;
    }

    /// Which of them each target has not got.
    pub(super) fn unsent_updates(
        &self,
        config: &Config,
        routes: &Routes<'_>,
    ) -> BTreeMap<Recipient, Vec<IncidentNotice>> {
        let mut found: BTreeMap<Recipient, Vec<IncidentNotice>> = BTreeMap::new();
        for update in &self.updates {
            for channel in config.channels.iter().filter(|channel| update.notify.contains(&channel.name)) {
                for target in routes.targets(channel) {
                    let known =
                        self.outboxes.get(&target).is_some_and(|outbox| outbox.record.notices.contains_key(&update.id));
                    if !known {
                        found.entry(target).or_default().push(update.clone());
                    }
                }
            }
        }
        found
    }

    /// The message with these to one target, where it is time for one.
    pub(super) fn update_message(
        &mut self,
        config: &Config,
        channel: &Channel,
        (target, updates): (&Recipient, Vec<IncidentNotice>),
        now: DateTime<Utc>,
    ) -> Option<Notification> {
        let outbox = self.outboxes.entry(target.clone()).or_default();
        if updates.is_empty() || outbox.in_flight.is_some() {
            return None;
        }
        let opens_at = outbox.record.sent.opens_at(&channel.limits, Precedence::FollowUp, now);
        let ready_at = opens_at.max(outbox.retry_at.unwrap_or(now));
        if now < ready_at {
            outbox.due_at = outbox.due_at.into_iter().chain([ready_at]).min();
            return None;
        }
        let id = ids::of_updates(target, &updates);
        let message = Notification { updates, ..blank(config, target, MessageKind::Incident, id, now) };
        outbox.in_flight = Some(InFlight { message: message.clone(), is_started: false });
        Some(message)
    }
}
