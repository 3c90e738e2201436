//! Notifications in the world: whoever acts for all looks at every alert once a second, says which message it is about to
//! send, and has it sent once that is on record, or at once while the store is away.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use super::World;
use super::alerts::{AlertView, Phase, SilencedBy, UnderMaintenance};
use super::announcing::routes::Routes;
use super::announcing::{AlertNow, ChannelFault};
use super::diagnostics::ProblemKind;
use super::firings::Firing;
use super::muting::{FLAPPING, mute_ended};
use super::output::{Intent, Output};
use crate::config::sections::oncall::Escalation;
use crate::model::fact::{Fact, MessageClaimed, MessageFailed, MessageSent, Statement};
use crate::model::ledger::TargetRecord;
use crate::model::message::{Bulletin, DeliveryFailure, Notification, Recipient};
use crate::model::thing::{Acknowledgement, StoredThing};
use crate::text::SafeText;
use crate::text::name::Name;

/// How a problem begins that ends with the next message that is delivered.
const NOT_DELIVERED: &str = "message not delivered";

impl World {
    /// Says which messages are due.
    pub(super) fn announce(&mut self, output: &mut Output) {
        if self.config.channels.is_empty() {
            return;
        }
        let Some(fence) = self.lease.fence().filter(|_| self.may_say_alerts()) else { return self.note_mutes() };
        let (mut announcing, now) = (std::mem::take(&mut self.announcing), self.now.utc.trunc_subsecs(3));
        let faults = announcing.faults(&self.config);
        // What is over and was announced to nobody is no news.
        let announced = announcing.announced();
        let firings = self.firings.told(&announced).into_iter().map(|firing| self.alert_now(firing));
        let alerts: Vec<AlertNow<'_>> = firings.chain(faults.iter().map(AlertNow::from)).collect();
        let changes = self.announced_changes(now);
        let windows: Vec<_> = self.maintenance.announced(now).chain(&changes).collect();
        announcing
            .post(self.incident_notices().into_iter().map(Bulletin::Incident).chain(self.handover_notices()).collect());
        let mut called_off = self.maintenance.plan.called_off(now);
        called_off.extend(self.changes_called_off(now));
        announcing.call_off(called_off);
        announcing.duty = Some(Arc::clone(self.duty()));
        let due = announcing.review(&self.config, &alerts, &windows, now);
        let claims = due.iter().map(|message| Statement::MessageClaimed(claim(message, fence)));
        let claims: Vec<Statement> = claims.collect();
        if !claims.is_empty() {
            output.intents.push(Intent::Append(claims));
        }
        // No record of a claim comes back while the store is away: duplicates rather than silence.
        if self.store_away.is_some() {
            let unsent = announcing.start_all();
            output.intents.extend(unsent.into_iter().map(|message| Intent::Notify(Box::new(message))));
        }
        self.announcing = announcing;
    }

    /// Follows which alerts are muted while another process notifies: when one is escalated next is shown here too.
    fn note_mutes(&mut self) {
        // Of firings that are not known yet nothing is known to be over: what was kept of their mutes stays.
        if !self.firings.is_read {
            return;
        }
        let (mut announcing, now) = (std::mem::take(&mut self.announcing), self.now.utc.trunc_subsecs(3));
        let alerts: Vec<AlertNow<'_>> = self.firings.open().map(|firing| self.alert_now(firing)).collect();
        announcing.hold(&alerts, now);
        self.announcing = announcing;
    }

    /// When an alert that nobody acknowledges is escalated next, and to whom; `None`: it is not.
    pub(crate) fn next_escalation(&self, alert: &AlertView) -> Option<(DateTime<Utc>, Vec<Name>)> {
        if alert.phase != Phase::Firing || alert.is_muted() {
            return None;
        }
        let (now, firing) = (self.now.utc, alert.firing.as_ref()?);
        let told = self.announcing.told_first(firing)?;
        let is_settled = |known| self.asked_beside(firing, known).is_empty();
        if alert.acknowledged.as_ref().is_some_and(is_settled) {
            return None;
        }
        let told = self.announcing.without_muted(firing, told, now);
        let steps = &self.config.oncall.as_ref()?.escalation;
        let due = |step: &'_ Escalation| told.checked_add_signed(TimeDelta::from_std(step.after).ok()?);
        let (at, step) = steps.iter().filter_map(|step| Some((due(step)?, step))).find(|(at, _)| *at > now)?;
        let routes = Routes::by(&self.config, Some(self.duty()), at);
        Some((at, routes.told_by(step).into_iter().cloned().collect()))
    }

    /// Those who must acknowledge an alert too, though somebody is at it: a step of the escalation asked all of its people.
    pub(crate) fn still_asked(&self, alert: &AlertView) -> Vec<&Name> {
        let Some((known, firing)) = alert.acknowledged.as_ref().zip(alert.firing.as_ref()) else { return Vec::new() };
        self.asked_beside(firing, known)
    }

    fn asked_beside(&self, firing: &str, known: &Acknowledgement) -> Vec<&Name> {
        let routes = Routes::by(&self.config, Some(self.duty()), self.now.utc);
        self.announcing.still_asked(&routes, firing, known)
    }

    fn alert_now<'a>(&'a self, firing: &'a Firing) -> AlertNow<'a> {
        let record = &firing.record;
        let shown = self.alert(&record.rule).filter(|_| record.is_firing());
        let hidden = if record.is_firing() && shown.is_none() { self.hidden(&record.rule) } else { None };
        let (muted, ended) = if record.is_firing() {
            let view = shown.or(hidden.as_ref());
            let ended = view.and_then(|view| mute_ended(view.maintenance.as_ref(), view.silenced.as_ref()));
            (view.and_then(|view| self.muted_because(view)), ended)
        } else {
            let silence = self.silences.of(record.into(), self.now.utc).map(SilencedBy::from);
            let maintenance = self.maintenance_of(record.service.as_deref()).map(UnderMaintenance::from);
            // A recovery while it flaps means little.
            let muted = self
                .muted_by_people(record, self.config.console.timezone)
                .or_else(|| self.flaps(&record.rule).then(|| FLAPPING.to_owned()));
            (muted, mute_ended(maintenance.as_ref(), silence.as_ref()))
        };
        AlertNow {
            record,
            value: shown.filter(|view| view.phase == Phase::Firing).map(|view| &view.value),
            muted: muted.map(|why| SafeText::new(&why)),
            ended: ended.map(|said| SafeText::new(&said)),
            because: firing.because.as_ref(),
            acknowledged: self.acknowledgement(record),
            is_behind_worse: hidden.is_some(),
            about_channel: None,
        }
    }

    /// What the store says of a target.
    pub(super) fn learn_target(&mut self, thing: &StoredThing) {
        if let Some(record) = thing.read::<TargetRecord>() {
            self.announcing.learn(Recipient::from_id(&thing.key.id), record);
        }
    }

    /// A fact about messages: what others said is taken over, and what is claimed here is sent.
    pub(super) fn apply_message(&mut self, fact: &Fact, output: &mut Output) {
        let target = match fact.said() {
            Statement::MessageClaimed(said) => {
                if let Some(message) = self.announcing.start(&said.id, &said.target) {
                    output.intents.push(Intent::Notify(Box::new(message)));
                    return;
                }
                &said.target
            }
            Statement::MessageSent(said) => &said.target,
            Statement::MessageFailed(said) => &said.target,
            _ => return,
        };
        if self.lease.fence().is_some() {
            return;
        }
        self.announcing.apply(target, fact.said());
        match fact.said() {
            Statement::MessageSent(_) => self.diagnostics.settle(&about(target), NOT_DELIVERED),
            Statement::MessageFailed(said) => output.extend(self.note_failed(target, &said.why)),
            _ => {}
        }
    }

    /// A message was not accepted: that is shown until one is.
    fn note_failed(&mut self, target: &Recipient, why: &SafeText) -> Output {
        let text = SafeText::new(&format!("{NOT_DELIVERED}: {why}; retrying"));
        self.problem(ProblemKind::Failed, &about(target), &text)
    }

    /// What became of a message that was sent from here.
    pub(crate) fn delivered(
        &mut self,
        id: &Name,
        target: &Recipient,
        delivered: &Result<(), DeliveryFailure>,
    ) -> Output {
        let (now, mut output) = (self.now.utc.trunc_subsecs(3), Output::default());
        let Some(said) = self.announcing.settle(id, target, delivered, &self.config, now) else { return output };
        let (message, most) = said;
        let fence = self.lease.fence().unwrap_or_default();
        let alerts = message.entries().map(|entry| entry.id.clone()).collect();
        let (id, target, kind) = (id.clone(), target.clone(), message.kind);
        let statement = match delivered {
            Ok(()) => {
                self.diagnostics.settle(&about(&target), NOT_DELIVERED);
                let (groups, notices) = (message.states(), message.announced());
                Statement::MessageSent(MessageSent { id, target, kind, alerts, groups, notices, most, at: now, fence })
            }
            Err(DeliveryFailure { why, is_permanent, .. }) => {
                output.extend(self.note_failed(&target, why));
                let (why, is_permanent) = (why.clone(), *is_permanent);
                Statement::MessageFailed(MessageFailed { id, target, kind, alerts, why, is_permanent, at: now, fence })
            }
        };
        output.intents.push(Intent::Append(vec![statement]));
        output
    }
}

impl<'a> From<&'a ChannelFault> for AlertNow<'a> {
    fn from(fault: &'a ChannelFault) -> Self {
        Self {
            record: &fault.record,
            value: None,
            muted: None,
            ended: None,
            because: None,
            acknowledged: None,
            is_behind_worse: false,
            about_channel: Some(&fault.channel),
        }
    }
}

/// What problems of a target are about.
fn about(target: &Recipient) -> SafeText {
    SafeText::new(&target.id())
}

fn claim(message: &Notification, fence: u64) -> MessageClaimed {
    MessageClaimed {
        id: message.id.clone(),
        target: message.target.clone(),
        kind: message.kind,
        summary: SafeText::new(&message.summary()),
        groups: message.states(),
        at: message.at,
        fence,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::config::load::load_text;
    use crate::lang::time::Stamp;
    use crate::model::engine::{ENGINE_VERSION, EngineState, KeptMute};
    use crate::model::fact::AlertFired;
    use crate::model::thing::{AlertRecord, ThingKey, ThingKind};

    const TEXT: &str = r#"
[secret]
s = { env = "S" }
[notify.chat]
slack = "{secret:s}"
[check.api]
tcp = "127.0.0.1:1"
"#;

    #[test]
    fn mutes_that_were_kept_outlast_the_time_until_the_record_is_read() {
        let loaded = load_text(Path::new("/srv/opsroom.toml"), TEXT);
        let config = Arc::new(loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)));
        let now = Stamp { mono: Duration::from_hours(1_000), utc: "2026-03-01T09:00:00Z".parse().unwrap() };
        let mut world = World::new(config, now);
        let _ = world.remember(&[], 0, now);
        let fired = AlertFired::sample(now.utc);
        let mute = KeptMute { spans: Vec::new(), since: Some(now.utc), why: "api is down".into(), ended: None };
        let muted = vec![(fired.id.clone(), mute)];
        let engine = EngineState { version: ENGINE_VERSION, muted, ..EngineState::default() };
        let _ = world.resume(&engine, Duration::ZERO);
        let _ = world.tick(now.plus(Duration::from_secs(1)));
        let state = serde_json::to_value(AlertRecord::new(&fired)).unwrap();
        let key = ThingKey::new(ThingKind::Alert, &fired.id);
        let _ = world.alerts_read(&[StoredThing { key, open: true, group: String::new(), state, seq: 1 }]);
        let _ = world.tick(now.plus(Duration::from_secs(2)));
        let kept = world.announcing.kept_mutes();
        assert_eq!(
            kept.iter().map(|(id, kept)| (&**id, kept.why.as_str())).collect::<Vec<_>>(),
            [("f", "api is down")]
        );
    }
}
