//! Channels that have delivered nothing for long: a marked test in working hours, and an alert by other channels where
//! that is not accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::routes::Routes;
use super::{Announcing, InFlight, blank, ids, quiet_rule};
use crate::config::Config;
use crate::config::channels::ChannelKind;
use crate::config::sections::notify::{Channel, PROVED_EVERY};
use crate::lang::schedule::WindowSchedule;
use crate::lang::unit::duration;
use crate::model::alert::Severity;
use crate::model::governor::Precedence;
use crate::model::message::{MessageKind, Notification, Recipient};
use crate::model::thing::AlertRecord;
use crate::text::name::Name;

/// When people read tests, by the console's clocks.
const WORKING_HOURS: &str = "Mon-Fri 09:00-17:00";

/// After how long without a delivery a channel is tried.
fn proved_every(channel: &Channel) -> Duration {
    channel.prove_every.unwrap_or(PROVED_EVERY)
}

/// Who has to accept a message now and then.
pub(super) fn proven(config: &Config, routes: &Routes<'_>) -> Vec<Recipient> {
    config.channels.iter().filter(|channel| !is_local(channel)).flat_map(|channel| routes.targets(channel)).collect()
}

/// Whether each console signals by it itself.
pub(super) const fn is_local(channel: &Channel) -> bool {
    matches!(channel.kind, ChannelKind::Terminal(_))
}

/// A channel that did not accept its test, as an alert.
#[derive(Debug, Clone)]
pub(crate) struct ChannelFault {
    /// The alert.
    pub record: AlertRecord,
    /// The channel that can't say it.
    pub channel: Name,
}

/// Who hears of a channel that does not deliver: whoever hears of high alerts by another one, or else of others.
pub(super) fn told_of_fault(routes: &Routes<'_>, channel: &Name) -> BTreeSet<Recipient> {
    let by_another = |severity| -> BTreeSet<Recipient> {
        routes.of(severity, None).into_iter().filter(|target| target.channel != *channel).collect()
    };
    let severities = [Severity::High, Severity::Critical, Severity::Medium, Severity::Low];
    severities.into_iter().map(by_another).find(|told| !told.is_empty()).unwrap_or_default()
}

impl Announcing {
    /// The test that a target is to be sent now.
    pub(super) fn proof(
        &mut self,
        config: &Config,
        channel: &Channel,
        target: &Recipient,
        now: DateTime<Utc>,
    ) -> Option<Notification> {
        let every = TimeDelta::from_std(proved_every(channel)).unwrap_or(TimeDelta::MAX);
        // One that nobody asked to be proved has the same time from when it was looked after first: it may just have had
        // nothing to say.
        let since = self.proving_since.get(target).copied().unwrap_or(now);
        let outbox = self.outboxes.entry(target.clone()).or_default();
        // What waits to be sent proves as much.
        let is_busy = outbox.in_flight.is_some() || outbox.wanting_since.is_some();
        let unasked = || channel.prove_every.is_none().then_some(since);
        let is_proven = outbox.record.sent.last().or_else(unasked).is_some_and(|at| now - at < every);
        if is_busy || is_proven {
            return None;
        }
        let hours = WindowSchedule::parse(WORKING_HOURS).ok()?;
        let is_quiet = quiet_rule(config, channel).is_some_and(|quiet| quiet.hold(Severity::Low, now).is_some());
        if is_quiet || hours.covers(now, config.console.timezone).is_none() {
            return None;
        }
        let opens_at = outbox.record.sent.opens_at(&channel.limits, Precedence::FollowUp, now);
        if now < opens_at.max(outbox.proof_at.unwrap_or(now)) {
            return None;
        }
        let message = blank(config, target, MessageKind::Test, ids::of_proof(target, &outbox.record), now);
        outbox.in_flight = Some(InFlight { message: message.clone(), is_started: false });
        Some(message)
    }

    /// Notes since when each target is looked after that the configuration has, whoever of its people is on call: who is added
    /// later, or again, begins then.
    pub(super) fn look_after_targets(&mut self, config: &Config, now: DateTime<Utc>) {
        let mut targets = BTreeSet::new();
        for channel in config.channels.iter().filter(|channel| !is_local(channel)) {
            let target =
                |contact: Option<&Name>| Recipient { channel: channel.name.clone(), contact: contact.cloned() };
            if channel.is_personal() {
                targets.extend(config.contacts.iter().map(|contact| target(Some(&contact.id))));
            } else {
                targets.insert(target(None));
            }
        }
        self.proving_since.retain(|target, _| targets.contains(target));
        for target in targets {
            self.proving_since.entry(target).or_insert(now);
        }
    }

    /// Since when each target is looked after, by its id, for whoever acts next.
    pub(crate) fn kept_proving(&self) -> BTreeMap<String, DateTime<Utc>> {
        self.proving_since.iter().map(|(target, since)| (target.id(), *since)).collect()
    }

    /// Goes on from since when whoever acted before looked after targets: a process that is begun again each week would never
    /// try one that has delivered nothing.
    pub(crate) fn resume_proving(&mut self, kept: &BTreeMap<String, DateTime<Utc>>) {
        for (target, since) in kept {
            let known = self.proving_since.entry(Recipient::from_id(target)).or_insert(*since);
            *known = (*known).min(*since);
        }
    }

    /// The channels that did not accept their test, or did again lately.
    pub(crate) fn faults(&self, config: &Config) -> Vec<ChannelFault> {
        let fault = |target: &Recipient| {
            let unproven = self.outboxes.get(target)?.record.unproven.as_ref()?;
            let every = proved_every(config.channel(&target.channel)?);
            let name: Name = format!("channel:{}", target.id()).into();
            let record = AlertRecord {
                id: format!("{name}@{}", unproven.since.timestamp_millis()).into(),
                alert: name.clone(),
                rule: name,
                severity: Severity::High,
                service: None,
                condition: format!("test after {} without a delivery", duration(every)),
                value: unproven.why.clone(),
                since: unproven.since,
                fired_at: unproven.since,
                seen: true,
                last: None,
                resolved_at: unproven.over,
                muted_because: None,
                acknowledged: None,
                used_links: Vec::new(),
                fence: 0,
            };
            Some(ChannelFault { record, channel: target.channel.clone() })
        };
        self.outboxes.keys().filter_map(fault).collect()
    }
}
