//! Alerts on record: which firings the store has, and what this console, while it acts for all, has to put there.
//!
//! *Invariant:* a firing is said once when it begins and once when it is over, also where the console that said the first is
//! gone: whoever acts next goes on from what is on record.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};

use super::World;
use super::alerting::{seen, status_because};
use super::alerts::{AlertView, Phase};
use super::ids::{AlertId, Id as _};
use super::machines::{Machine, SubjectId};
use super::on_record::in_lots;
use super::output::{Change, Intent, Output};
use crate::lang::condition::Predicate;
use crate::lang::time::Stamp;
use crate::lang::tz::Tz;
use crate::model::alert::{AlertState, Severity};
use crate::model::engine::{KeptAlert, KeptAlertState};
use crate::model::fact::alerting::instance_id;
use crate::model::fact::{AlertFired, AlertResolved, Fact, Statement};
use crate::model::lease::LeaseView;
use crate::model::status::Status;
use crate::model::thing::{AlertRecord, NoteRecord, StoredThing, ThingKind};
use crate::text::SafeText;
use crate::text::name::Name;

/// What is seen within this span is said together.
const PACE: Duration = Duration::from_secs(1);
/// What was said and is not on record after so long is said again. The store drops what it knows already.
const PATIENCE: Duration = Duration::from_secs(30);
/// Conditions that are looked at in one tick at most.
const A_TICK: usize = 5_000;

impl World {
    /// An alert began to fire or is over: that is put on record, at once where nothing was said lately.
    pub(super) fn note_firing(&mut self, id: AlertId, output: &mut Output) {
        if self.lease.fence().is_none() {
            return;
        }
        self.firings.unsaid.insert(id);
        if self.firings.said_at.is_none_or(|at| self.now.since(at) >= PACE) {
            self.say_alerts(output);
        }
    }

    /// Says what has to be said of alerts, and again what did not reach the record.
    pub(super) fn say_alerts(&mut self, output: &mut Output) {
        let Some(fence) = self.lease.fence().filter(|_| self.may_say_alerts()) else { return };
        let (now, mut said) = (self.now, Vec::new());
        while said.len() < A_TICK
            && let Some(id) = self.firings.unsaid.pop_first()
        {
            said.extend(self.alert_statement(id, fence));
        }
        if self.store_away.is_none() {
            said.extend(self.said_again(fence));
        }
        said.extend(self.reopen_alerts());
        said.extend(self.end_silences());
        said.extend(self.say_maintenance());
        said.extend(self.say_checklists());
        said.extend(self.say_incidents());
        if !said.is_empty() {
            self.firings.said_at = Some(now);
        }
        output.intents.extend(in_lots(said).map(Intent::Append));
    }

    /// Whether this console acts for all and knows what is on record. While the store is away it can't be asked.
    pub(super) fn may_say_alerts(&self) -> bool {
        let knows = self.firings.is_read || matches!(self.lease, LeaseView::Away { .. });
        knows && self.lease.fence().is_some() && self.connectivity.ok
    }

    /// What has to be said of a condition, where the record does not say so.
    fn alert_statement(&mut self, id: AlertId, fence: u64) -> Option<Statement> {
        let (now, machine) = (self.now, self.machines.all.get(id.place())?);
        let open = self.firings.latest(&machine.alert.name).filter(|firing| firing.record.is_firing());
        match (machine.alert.state, open) {
            (AlertState::Firing { active_at, fired_at } | AlertState::Keeping { active_at, fired_at, .. }, None) => {
                let fired = self.fired(machine, id, (self.held_since(machine, active_at), fired_at.utc), fence)?;
                self.firings.say(AlertRecord::new(&fired), now);
                Some(Statement::AlertFired(fired))
            }
            (AlertState::Resolved { at, .. }, Some(open)) => {
                let resolved = resolved(&open.record, at.utc, None, fence);
                let value = Some(SafeText::new(&seen(self, machine)));
                let resolved = AlertResolved { value, ..resolved };
                self.firings.say_resolved(&resolved, now);
                Some(Statement::AlertResolved(resolved))
            }
            _ => None,
        }
    }

    /// Since when the condition of an alert holds. What is about the status of a check holds since that is shown so, which is
    /// what every screen says; it is evaluated a little later.
    fn held_since(&self, machine: &Machine, active_at: Stamp) -> DateTime<Utc> {
        let SubjectId::Check(id) = machine.about else { return active_at.utc };
        let is_of_status = matches!(machine.alert.condition.predicate, Predicate::Down | Predicate::Degraded);
        let stands = self.checks[id].since.filter(|since| is_of_status && since.seen);
        stands.map_or(active_at.utc, |since| since.at.utc.min(active_at.utc))
    }

    fn fired(
        &self,
        machine: &Machine,
        id: AlertId,
        (since, fired_at): (DateTime<Utc>, DateTime<Utc>),
        fence: u64,
    ) -> Option<AlertFired> {
        let view = self.alerts.get(id)?;
        let fired_at = fired_at.trunc_subsecs(3);
        Some(AlertFired {
            id: instance_id(&machine.alert.name, fired_at),
            alert: machine.subject.name().into(),
            rule: machine.alert.name.clone(),
            severity: machine.alert.severity,
            service: machine.service.clone(),
            condition: machine.alert.condition.written.to_string(),
            value: self.value_fired(machine, view),
            since: since.trunc_subsecs(3),
            fired_at,
            seen: view.since.is_some_and(|since| since.seen),
            muted_because: self.muted_because_in(view, Tz::UTC).map(|why| SafeText::new(&why)),
            fence,
        })
    }

    /// What an alert fired for. A check on its way to a recovery says less than it did while it was down: that is what is on
    /// record of it then.
    fn value_fired(&self, machine: &Machine, view: &AlertView) -> SafeText {
        let SubjectId::Check(id) = machine.about else { return view.value.clone() };
        let check = &self.checks[id];
        let is_of_status = matches!(machine.alert.condition.predicate, Predicate::Down | Predicate::Degraded);
        let recovers = is_of_status && check.status == Status::Pending;
        let stood = check.witnessed.settled().filter(|stood| recovers && stood.status != Status::Ok);
        let said = stood.map(|stood| SafeText::new(&status_because(stood.status, stood.reason.as_ref())));
        said.unwrap_or_else(|| view.value.clone())
    }

    /// What was said and did not reach the record.
    fn said_again(&mut self, fence: u64) -> Vec<Statement> {
        let now = self.now;
        let lost: Vec<AlertRecord> = self.firings.lost(PATIENCE, now).map(|firing| firing.record.clone()).collect();
        let mut said = Vec::new();
        for record in lost {
            self.firings.said_again(&record.id, now);
            said.push(match record.resolved_at {
                Some(at) => {
                    let value = record.last.clone();
                    Statement::AlertResolved(AlertResolved { value, ..resolved(&record, at, None, fence) })
                }
                None => Statement::AlertFired(again(record, fence)),
            });
        }
        said
    }

    /// Asks the store which alerts fire.
    pub(super) fn ask_for_alerts(&self) -> Output {
        let intents = if self.record.applied.is_some() { vec![Intent::ReadAlerts] } else { Vec::new() };
        Output { intents, ..Output::default() }
    }

    /// What the store says of alerts.
    pub(crate) fn alerts_read(&mut self, things: &[StoredThing]) -> Output {
        let mut output = Output::noticeable();
        for thing in things {
            match thing.key.kind {
                ThingKind::Alert => drop(thing.read().map(|record| self.firings.learn(record, thing.seq))),
                ThingKind::Silence => drop(thing.read().map(|record| self.silences.learn(record, thing.seq))),
                ThingKind::Note => {
                    let (alert, note) = (Name::from(&*thing.key.id), thing.read::<NoteRecord>());
                    self.notes.extend(note.map(|note| (alert, note)));
                }
                ThingKind::Maintenance => self.learn_maintenance(thing),
                ThingKind::Checklist => self.learn_checklist(thing),
                ThingKind::Incident => self.learn_incident(thing),
                ThingKind::Change => self.learn_change(thing),
                ThingKind::Runbook => self.learn_runbook(thing),
                ThingKind::Message => self.learn_target(thing),
                ThingKind::Exclusion
                | ThingKind::OnCall
                | ThingKind::Handover
                | ThingKind::Contact
                | ThingKind::Check
                | ThingKind::Baseline
                | ThingKind::Run
                | ThingKind::Lock => {}
            }
        }
        self.learn_exclusions(things);
        self.learn_duty(things);
        self.firings.is_read = true;
        self.checklists_are_read();
        self.review_maintenance(&mut output);
        self.review_duty(&mut output);
        self.review_firings(&mut output);
        self.review_alerts();
        output.changes.push(Change::Alerts);
        output
    }

    /// A fact about alerts; true where that shows.
    pub(super) fn apply_alert(&mut self, fact: &Fact, output: &mut Output) -> bool {
        let (learned, rule) = match fact.said() {
            Statement::AlertFired(fired) => {
                (self.firings.learn(AlertRecord::new(fired), fact.seq), Some(fired.rule.clone()))
            }
            Statement::AlertResolved(resolved) => {
                let rule = self.firings.get(&resolved.id).map(|firing| firing.record.rule.clone());
                (self.firings.learn_resolved(resolved, fact.draft.late, fact.seq), rule)
            }
            _ => return false,
        };
        let id = rule.and_then(|rule| self.machines.alert(&rule, &self.membership));
        if let Some(id) = id.filter(|_| learned) {
            self.resume_firing(id);
            self.firings.unsaid.insert(id);
            self.refresh_about(id);
            output.changes.push(self.cry(fact, id).unwrap_or(Change::Alerts));
        }
        learned
    }

    /// A critical alert that another process says to fire, and that nothing explains.
    fn cry(&self, fact: &Fact, id: AlertId) -> Option<Change> {
        let view = self.alerts.get(id).filter(|_| self.shows_record())?;
        let cries = matches!(fact.said(), Statement::AlertFired(fired) if fired.severity == Severity::Critical);
        let text = view.summary(self.title_of_subject(&view.subject), self.now);
        (cries && view.phase == Phase::Firing && !view.is_muted())
            .then(|| Change::Critical { alert: view.id.clone(), text })
    }

    /// Who acts for all is another one, or the configuration is: every alert is looked at again. What fires by the record and
    /// is not configured any more is over.
    pub(super) fn review_firings(&mut self, output: &mut Output) {
        self.firings.unsaid.clear();
        let Some(fence) = self.lease.fence() else { return self.firings.forget_said() };
        let ids: Vec<AlertId> = (0..self.machines.all.len()).map(AlertId::new).collect();
        for id in &ids {
            self.resume_firing(*id);
        }
        self.firings.unsaid.extend(ids);
        if !self.may_say_alerts() {
            return;
        }
        let now = self.now;
        let over: Vec<AlertResolved> = self.orphans(fence).collect();
        for resolved in &over {
            self.firings.say_resolved(resolved, now);
        }
        output.intents.extend(in_lots(over.into_iter().map(Statement::AlertResolved).collect()).map(Intent::Append));
    }

    /// The ends of firings whose condition the configuration does not have, and of those that a later one of the same
    /// condition goes on from.
    fn orphans(&self, fence: u64) -> impl Iterator<Item = AlertResolved> {
        let at = self.now.utc;
        self.firings.open().filter_map(move |firing| {
            let record = &firing.record;
            let machine = self.machines.alert(&record.rule, &self.membership);
            let machine = machine.and_then(|id| self.machines.all.get(id.place()));
            let is_configured = machine.is_some_and(|machine| *machine.alert.condition.written == *record.condition);
            let is_latest = self.firings.latest(&record.rule).is_some_and(|latest| latest.record.id == record.id);
            let is_there = machine.is_some();
            match (is_configured, is_latest) {
                (true, true) => None,
                (false, _) if is_there => Some(resolved(record, at, Some("its condition was changed"), fence)),
                (false, _) => Some(resolved(record, at, Some("removed from the configuration"), fence)),
                (true, false) => Some(resolved(record, at, Some("it fires since later"), fence)),
            }
        })
    }

    /// While this console acts for all, what fires by the record fires here too, until it is seen to be over.
    fn resume_firing(&mut self, id: AlertId) {
        let Some(machine) = self.machines.all.get_mut(id.place()).filter(|_| self.lease.fence().is_some()) else {
            return;
        };
        let Some(firing) = self.firings.latest(&machine.alert.name) else { return };
        let record = &firing.record;
        if record.is_firing() {
            let state = KeptAlertState::Firing(record.since, record.fired_at);
            let condition = record.condition.clone();
            let kept = KeptAlert {
                condition,
                state,
                blind_ms: 0,
                began_in_sight: record.seen,
                inhibited_by: None,
                flapping: false,
                value: None,
            };
            machine.alert.resume(&kept, self.now, Duration::ZERO);
        } else if let Some(at) = record.resolved_at.filter(|_| firing.seq > 0) {
            machine.alert.end(record.fired_at, at, self.now);
        }
    }
}

fn resolved(record: &AlertRecord, at: DateTime<Utc>, because: Option<&str>, fence: u64) -> AlertResolved {
    AlertResolved {
        id: record.id.clone(),
        alert: record.alert.clone(),
        severity: record.severity,
        at: at.trunc_subsecs(3).max(record.fired_at),
        because: because.map(SafeText::new),
        value: None,
        fence,
    }
}

/// The same firing, said once more.
fn again(record: AlertRecord, fence: u64) -> AlertFired {
    let AlertRecord {
        id, alert, rule, severity, service, condition, value, since, fired_at, seen, muted_because, ..
    } = record;
    AlertFired { id, alert, rule, severity, service, condition, value, since, fired_at, seen, muted_because, fence }
}
