//! Who is told of which alerts, and when. Pure: rules, alerts and a moment in, messages out.
//!
//! *Invariant:* what a receiver knows changes only by a message that it accepted. So what was not delivered is still news at
//! the next look, and what is over before it was delivered is none.

mod bulletins;
mod due;
mod ids;
mod muted;
mod news;
mod notices;
mod proving;
pub(crate) mod routes;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use self::ids::is_asked;
use self::muted::MutedTime;
use self::news::{Seen, TargetNews};
pub(crate) use self::proving::ChannelFault;
use self::routes::Routes;
use crate::config::Config;
use crate::config::sections::notify::Channel;
use crate::model::engine::KeptMute;
use crate::model::fact::Statement;
use crate::model::governor::{self, Precedence, QuietRule};
use crate::model::ledger::TargetRecord;
use crate::model::maintenance::MaintenanceWindow;
use crate::model::message::{Bulletin, DeliveryFailure, Entry, MessageKind, News, Notification, Recipient};
use crate::model::thing::{Acknowledgement, AlertRecord};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::duty::DutyPlan;

/// What fires or is over within this span is one message.
const BUNDLE: TimeDelta = TimeDelta::seconds(5);
/// A message that has no outcome after so long is made again: whoever sent it is gone.
const LOST_AFTER: TimeDelta = TimeDelta::minutes(5);
/// The first and the longest pause after an attempt that failed.
const BACKOFF: (TimeDelta, TimeDelta) = (TimeDelta::seconds(15), TimeDelta::minutes(15));

/// An alert as it stands: it fires, or it did lately.
#[derive(Debug, Clone)]
pub(crate) struct AlertNow<'a> {
    /// As it is known.
    pub record: &'a AlertRecord,
    /// What is seen of it now, while it fires.
    pub value: Option<&'a SafeText>,
    /// Why nobody needs to hear of it.
    pub muted: Option<SafeText>,
    /// Where a silence or planned maintenance is why: what is said once that has ended.
    pub ended: Option<SafeText>,
    /// Why it is over, where its condition was not seen to hold no more.
    pub because: Option<&'a SafeText>,
    /// Who is at it.
    pub acknowledged: Option<&'a Acknowledgement>,
    /// Whether a worse one of the same check fires: nobody is asked for this one, and who is at that one is at both.
    pub is_behind_worse: bool,
    /// The channel that it is about, which can't be trusted to say it.
    pub about_channel: Option<&'a Name>,
}

/// A message that is claimed, and what is known of its way.
#[derive(Debug, Clone)]
struct InFlight {
    message: Notification,
    /// Whether it was given to whoever sends it.
    is_started: bool,
}

/// What is on its way to one target, and what waits.
#[derive(Debug, Clone, Default)]
struct Outbox {
    record: TargetRecord,
    /// Since when there is news.
    wanting_since: Option<DateTime<Utc>>,
    in_flight: Option<InFlight>,
    failures: u32,
    retry_at: Option<DateTime<Utc>>,
    /// When a test that was not accepted is tried again: that holds no alert back.
    proof_at: Option<DateTime<Utc>>,
    /// When what waits may be sent.
    due_at: Option<DateTime<Utc>>,
}

/// All that is told and to be told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Announcing {
    outboxes: BTreeMap<Recipient, Outbox>,
    /// Who is on call; `None`: as configured.
    pub(crate) duty: Option<Arc<DutyPlan>>,
    /// When each alert was muted, and why, by its id.
    muted: BTreeMap<Name, MutedTime>,
    /// The windows of maintenance that people called off before they began.
    called_off: Vec<MaintenanceWindow>,
    /// What is to be posted.
    bulletins: Vec<Bulletin>,
    /// Since when somebody looks after each target: this process, or one from which it goes on.
    proving_since: BTreeMap<Recipient, DateTime<Utc>>,
}

impl Announcing {
    /// What is on record of a target: what it was told, by whomever.
    pub(crate) fn learn(&mut self, target: Recipient, record: TargetRecord) {
        self.outboxes.entry(target).or_default().record = record;
    }

    /// Another process said this of a message to a target.
    pub(crate) fn apply(&mut self, target: &Recipient, said: &Statement) {
        self.outboxes.entry(target.clone()).or_default().record.apply(said);
    }

    /// Looks at everything and returns the messages that are due. Each is on its way until [`Announcing::settle`] says what
    /// became of it.
    pub(crate) fn review(
        &mut self,
        config: &Config,
        alerts: &[AlertNow<'_>],
        windows: &[&MaintenanceWindow],
        now: DateTime<Utc>,
    ) -> Vec<Notification> {
        self.hold(alerts, now);
        let over: BTreeSet<&Name> =
            alerts.iter().filter(|alert| !alert.record.is_firing()).map(|alert| &alert.record.id).collect();
        for outbox in self.outboxes.values_mut() {
            outbox.record.doubt(|id| over.contains(id));
        }
        let muted = std::mem::take(&mut self.muted);
        let duty = self.duty.clone();
        let routes = Routes::by(config, duty.as_deref(), now);
        let informed = self.informed();
        let mut told: BTreeMap<Recipient, Vec<Seen<'_>>> = BTreeMap::new();
        for alert in alerts {
            let id = &alert.record.id;
            let muted = muted.get(id);
            let concerned = Concerned::new(&routes, alert, (informed.get(id), muted), now);
            for (target, is_routed) in concerned.targets {
                let is_settled = concerned.is_settled;
                let step = concerned.step.filter(|_| target.contact.is_some());
                told.entry(target).or_default().push(Seen { alert, is_routed, is_settled, muted, step });
            }
        }
        let mut notices = notices::of_windows(config, &routes, windows);
        let mut bulletins = self.unsent_bulletins(config, &routes);
        let mut due = Vec::new();
        let proven = proving::proven(config, &routes);
        self.look_after_targets(config, now);
        for target in notices.keys().chain(bulletins.keys()).chain(&proven).chain(self.outboxes.keys()) {
            told.entry(target.clone()).or_default();
        }
        for (target, seen) in told {
            let channel = config.channel(&target.channel).filter(|channel| !proving::is_local(channel));
            let Some(channel) = channel else { continue };
            let unsaid = self.unsaid(&target, notices.remove(&target).unwrap_or_default());
            let message = self.due(config, channel, (&target, &seen, &unsaid), now);
            let unsent = bulletins.remove(&target).unwrap_or_default();
            let message = message.or_else(|| self.bulletin_message(config, channel, (&target, unsent), now));
            let message = message.or_else(|| self.notice(config, channel, (&target, &unsaid), now));
            let message = message.or_else(|| self.retraction(config, channel, &target, now));
            let is_proven = proven.contains(&target);
            due.extend(message.or_else(|| is_proven.then(|| self.proof(config, channel, &target, now)).flatten()));
        }
        self.muted = muted;
        for message in &mut due {
            message.on_call = routes.on_call().cloned();
        }
        due
    }

    /// Remembers which alerts are muted and why, so that the end of it can name it and no deadline runs meanwhile.
    pub(crate) fn hold(&mut self, alerts: &[AlertNow<'_>], now: DateTime<Utc>) {
        let known: BTreeSet<&Name> = alerts.iter().map(|alert| &alert.record.id).collect();
        self.muted.retain(|id, _| known.contains(id));
        for alert in alerts {
            self.muted.entry(alert.record.id.clone()).or_default().note(alert, now);
        }
    }

    /// When firings were muted, for whoever acts next.
    pub(crate) fn kept_mutes(&self) -> Vec<(Name, KeptMute)> {
        self.muted.iter().filter_map(|(id, muted)| Some((id.clone(), muted.to_kept()?))).collect()
    }

    /// Goes on from what whoever acted before knew of that. Who `acts` knows it better of what it has looked at.
    pub(crate) fn resume_mutes(&mut self, kept: &[(Name, KeptMute)], acts: bool) {
        if !acts {
            self.muted.clear();
        }
        for (id, kept) in kept {
            self.muted.entry(id.clone()).or_insert_with(|| kept.into());
        }
    }

    /// What was known of another record, or of this one, is forgotten. When firings were muted stays: each has an id of its own.
    pub(crate) fn forget(&mut self) {
        let (muted, proving_since) = (std::mem::take(&mut self.muted), std::mem::take(&mut self.proving_since));
        *self = Self { muted, proving_since, ..Self::default() };
    }

    /// Who takes which firing to go on, and since when.
    fn informed(&self) -> HashMap<Name, Vec<(Recipient, DateTime<Utc>)>> {
        let mut informed: HashMap<Name, Vec<(Recipient, DateTime<Utc>)>> = HashMap::new();
        for (target, outbox) in &self.outboxes {
            for group in outbox.record.groups.values() {
                for known in &group.firing {
                    informed.entry(known.id.clone()).or_default().push((target.clone(), known.told_at));
                }
            }
        }
        informed
    }

    /// The message of one target, where it is time for one.
    fn due(
        &mut self,
        config: &Config,
        channel: &Channel,
        (target, seen, windows): (&Recipient, &[Seen<'_>], &[&MaintenanceWindow]),
        now: DateTime<Utc>,
    ) -> Option<Notification> {
        let outbox = self.outboxes.entry(target.clone()).or_default();
        if outbox.in_flight.as_ref().is_some_and(|sent| now - sent.message.at < LOST_AFTER) {
            return None;
        }
        (outbox.in_flight, outbox.due_at) = (None, None);
        let quiet = quiet_rule(config, channel);
        let news = TargetNews { config, quiet, record: &outbox.record, now };
        let (groups, was_held) = news.groups(seen);
        if groups.is_empty() {
            outbox.wanting_since = None;
            let is_told =
                |window: &MaintenanceWindow| outbox.record.notices.get(&window.id).is_some_and(|from| *from > now);
            let waits = !self.bulletins.is_empty() || !windows.is_empty() || self.called_off.iter().any(is_told);
            outbox.retry_at = outbox.retry_at.filter(|_| waits);
            return None;
        }
        let since = *outbox.wanting_since.get_or_insert(now);
        // Where it ended before there was news, that was held back by something else.
        let has_ended = |muted: &MutedTime| muted.ended_by_person_since(since);
        let by_person = seen.iter().filter(|one| one.muted.is_some_and(has_ended));
        let unmuted: BTreeSet<&Name> = by_person.map(|one| &one.alert.record.id).collect();
        let kind = if was_held { MessageKind::Digest } else { MessageKind::Alerts };
        let id = ids::of_alerts(target, &groups, &outbox.record);
        let mut message = Notification { groups, ..blank(config, target, kind, id, now) };
        let precedence = if message.has_first() { Precedence::First } else { Precedence::FollowUp };
        let opens_at = outbox.record.sent.opens_at(&channel.limits, precedence, now);
        // What is said again of what fires has waited for long enough, and so has what a person held back until now.
        let is_unmuted = |entry: &Entry| entry.after.is_some() && unmuted.contains(&entry.id);
        let is_old = |entry: &Entry| matches!(entry.news, News::Reminder | News::Due) || is_unmuted(entry);
        let gathered_at = if message.entries().all(is_old) { since } else { since + BUNDLE };
        let ready_at = opens_at.max(gathered_at).max(outbox.retry_at.unwrap_or(now));
        if now < ready_at {
            outbox.due_at = Some(ready_at);
            return None;
        }
        message.sort();
        outbox.in_flight = Some(InFlight { message: message.clone(), is_started: false });
        Some(message)
    }

    /// The message of that id, where it is still to be given to whoever sends it: its claim is on record.
    pub(crate) fn start(&mut self, id: &str, target: &Recipient) -> Option<Notification> {
        let in_flight = self.outboxes.get_mut(target)?.in_flight.as_mut()?;
        let is_due = *in_flight.message.id == *id && !std::mem::replace(&mut in_flight.is_started, true);
        is_due.then(|| in_flight.message.clone())
    }

    /// All messages that are still to be given to whoever sends them.
    pub(crate) fn start_all(&mut self) -> Vec<Notification> {
        let in_flight = self.outboxes.values_mut().filter_map(|outbox| outbox.in_flight.as_mut());
        let unsent = in_flight.filter(|in_flight| !in_flight.is_started);
        let start = |in_flight: &mut InFlight| {
            in_flight.is_started = true;
            in_flight.message.clone()
        };
        unsent.map(start).collect()
    }

    /// What became of a message: once it is accepted, the receiver knows what it says; otherwise that is still news, and is
    /// tried again after a while. The message, and how many of the newest count for the limits of its channel.
    pub(crate) fn settle(
        &mut self,
        id: &str,
        target: &Recipient,
        delivered: &Result<(), DeliveryFailure>,
        config: &Config,
        now: DateTime<Utc>,
    ) -> Option<(Notification, usize)> {
        let outbox = self.outboxes.get_mut(target)?;
        let InFlight { message, .. } = outbox.in_flight.take_if(|sent| *sent.message.id == *id)?;
        let channel = config.channel(&target.channel);
        let most = channel.map_or(1, |channel| governor::most(&channel.limits));
        match delivered {
            Ok(()) => {
                outbox.record.accept(&message.states(), most, now);
                outbox.record.note_windows(&message.announced(), now);
                (outbox.wanting_since, outbox.retry_at, outbox.proof_at, outbox.failures) = (None, None, None, 0);
            }
            Err(failure) => {
                outbox.failures = outbox.failures.saturating_add(1);
                let (first, longest) = BACKOFF;
                let pause = (first * 2_i32.pow(outbox.failures.min(7) - 1)).min(longest);
                let pause = if failure.is_permanent { longest } else { pause };
                let asked = TimeDelta::seconds(failure.retry_after_s.unwrap_or(0).into());
                let again_at = Some(now + pause.max(asked));
                match message.kind {
                    MessageKind::Test => outbox.proof_at = again_at,
                    _ => outbox.retry_at = again_at,
                }
                outbox.record.refuse(message.kind, &failure.why, now);
            }
        }
        Some((message, most))
    }
}

/// A message that says nothing yet.
fn blank(config: &Config, target: &Recipient, kind: MessageKind, id: Name, now: DateTime<Utc>) -> Notification {
    Notification {
        id,
        target: target.clone(),
        kind,
        console: config.console.name.clone(),
        environment: Some(config.console.environment.clone()).filter(|environment| !environment.is_empty()),
        at: now,
        on_call: None,
        groups: Vec::new(),
        notices: Vec::new(),
        updates: Vec::new(),
        handovers: Vec::new(),
        confirm: None,
    }
}

/// A test that a person asks for, of which nothing is put on record.
pub(crate) fn asked_test(config: &Config, target: &Recipient, now: DateTime<Utc>) -> Notification {
    blank(config, target, MessageKind::Test, ids::of_asked(target, now), now)
}

pub(super) fn quiet_rule<'a>(config: &Config, channel: &'a Channel) -> Option<QuietRule<'a>> {
    let zone = config.console.timezone;
    channel.quiet.as_ref().map(|quiet| QuietRule { when: &quiet.when, above: quiet.above, zone })
}

/// Who was told of an alert, with when.
type Informed = Vec<(Recipient, DateTime<Utc>)>;

/// Who is concerned by an alert.
struct Concerned {
    /// Everybody who is to hear of it (`true`), or has heard of it.
    targets: BTreeMap<Recipient, bool>,
    /// Whether everybody who must acknowledge it has, or nobody is asked to.
    is_settled: bool,
    /// When it was told first, and the step of the escalation that is reached since.
    step: Option<(DateTime<Utc>, TimeDelta)>,
}

impl Concerned {
    fn new(
        routes: &Routes<'_>,
        alert: &AlertNow<'_>,
        (informed, muted): (Option<&Informed>, Option<&MutedTime>),
        now: DateTime<Utc>,
    ) -> Self {
        let record = alert.record;
        let informed = informed.map_or(&[][..], Vec::as_slice);
        let told_at = informed.iter().map(|(_, at)| *at).min();
        let muted_for = |from, until| muted.map_or(TimeDelta::zero(), |muted| muted.between(from, until));
        // What was muted until somebody was at it brought no step nearer.
        let still_asked = |known: &Acknowledgement, at| routes.still_asked(known, at + muted_for(at, known.at));
        let is_enough = |known| told_at.is_none_or(|at| still_asked(known, at).is_empty());
        let asks_nobody = alert.about_channel.is_some() || alert.is_behind_worse;
        let is_settled = asks_nobody || alert.acknowledged.is_some_and(is_enough);
        let unanswered = told_at.filter(|_| !is_settled).map(|at| now - at - muted_for(at, now));
        let mut targets: BTreeMap<Recipient, bool> =
            informed.iter().map(|(target, _)| (target.clone(), false)).collect();
        if record.is_firing() {
            let told = match alert.about_channel {
                Some(channel) => proving::told_of_fault(routes, channel),
                None => routes.of(record.severity, unanswered),
            };
            // Who is at it already is not asked again while others are.
            let is_at_it = |target: &Recipient| {
                let known = target.contact.as_ref().zip(alert.acknowledged);
                !is_settled && known.is_some_and(|(who, known)| routes.has_acknowledged(who, known))
            };
            targets.extend(told.into_iter().filter(|target| !is_at_it(target)).map(|target| (target, true)));
        }
        let step = told_at.zip(unanswered.and_then(|unanswered| routes.step_after(unanswered)));
        Self { targets, is_settled, step }
    }
}

#[cfg(test)]
mod tests;
