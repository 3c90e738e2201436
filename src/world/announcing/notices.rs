//! What is announced of planned maintenance: windows that come, and that one which was announced does not take place.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::routes::Routes;
use super::{Announcing, InFlight, blank, ids, quiet_rule};
use crate::config::Config;
use crate::config::sections::notify::Channel;
use crate::model::alert::Severity;
use crate::model::governor::Precedence;
use crate::model::maintenance::MaintenanceWindow;
use crate::model::message::{MaintenanceNotice, MessageKind, Notification, Recipient};
use crate::text::name::Name;

impl Announcing {
    /// These windows do not take place: whoever was told of one hears of that.
    pub(crate) fn call_off(&mut self, windows: Vec<MaintenanceWindow>) {
        self.called_off = windows;
    }

    /// Those windows of maintenance of which a target was not told yet.
    pub(super) fn unsaid<'a>(
        &self,
        target: &Recipient,
        windows: Vec<&'a MaintenanceWindow>,
    ) -> Vec<&'a MaintenanceWindow> {
        let known = self.outboxes.get(target).map(|outbox| &outbox.record.notices);
        windows.into_iter().filter(|window| known.is_none_or(|known| !known.contains_key(&window.id))).collect()
    }

    /// The message that announces maintenance to one target, where it is time for one.
    pub(super) fn notice(
        &mut self,
        config: &Config,
        channel: &Channel,
        (target, windows): (&Recipient, &[&MaintenanceWindow]),
        now: DateTime<Utc>,
    ) -> Option<Notification> {
        let first = windows.first()?.window.start;
        let notices = windows.iter().map(|window| (*window).into()).collect();
        let id = ids::of_notices(target, windows);
        self.about_windows(config, channel, (target, first), (id, notices), now)
    }

    /// The message that windows which were announced to a target do not take place, where it is time for one.
    pub(super) fn retraction(
        &mut self,
        config: &Config,
        channel: &Channel,
        target: &Recipient,
        now: DateTime<Utc>,
    ) -> Option<Notification> {
        let outbox = self.outboxes.get(target)?;
        let known = |window: &&MaintenanceWindow| outbox.record.notices.get(&window.id).is_some_and(|from| *from > now);
        let windows: Vec<&MaintenanceWindow> = self.called_off.iter().filter(known).collect();
        let first = windows.iter().map(|window| window.window.start).min()?;
        let notice = |window: &&MaintenanceWindow| MaintenanceNotice { is_called_off: true, ..(*window).into() };
        let notices = windows.iter().map(notice).collect();
        let id = ids::of_retractions(target, &windows);
        self.about_windows(config, channel, (target, first), (id, notices), now)
    }

    /// A message about windows to one target, of which the `first` begins then, where it is time for one.
    fn about_windows(
        &mut self,
        config: &Config,
        channel: &Channel,
        (target, first): (&Recipient, DateTime<Utc>),
        (id, notices): (Name, Vec<MaintenanceNotice>),
        now: DateTime<Utc>,
    ) -> Option<Notification> {
        let outbox = self.outboxes.entry(target.clone()).or_default();
        if outbox.in_flight.is_some() {
            return None;
        }
        // Quiet hours that last until it begins would hold it back for ever.
        let quiet = quiet_rule(config, channel).and_then(|quiet| quiet.hold(Severity::Low, now));
        let opens_at = outbox.record.sent.opens_at(&channel.limits, Precedence::FollowUp, now);
        let ready_at = opens_at.max(outbox.retry_at.unwrap_or(now));
        let ready_at = quiet.filter(|until| *until < first).map_or(ready_at, |until| ready_at.max(until));
        if now < ready_at {
            outbox.due_at = outbox.due_at.into_iter().chain([ready_at]).min();
            return None;
        }
        let message = Notification { notices, ..blank(config, target, MessageKind::Maintenance, id, now) };
        outbox.in_flight = Some(InFlight { message: message.clone(), is_started: false });
        Some(message)
    }
}

/// To whom these windows of maintenance are announced.
pub(super) fn of_windows<'a>(
    config: &Config,
    routes: &Routes<'_>,
    windows: &[&'a MaintenanceWindow],
) -> BTreeMap<Recipient, Vec<&'a MaintenanceWindow>> {
    let mut found: BTreeMap<Recipient, Vec<&'a MaintenanceWindow>> = BTreeMap::new();
    for window in windows {
        for channel in config.channels.iter().filter(|channel| window.notify.contains(&channel.name)) {
            for target in routes.targets(channel) {
                found.entry(target).or_default().push(window);
            }
        }
    }
    found
}
