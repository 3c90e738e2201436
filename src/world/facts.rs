//! Facts of the store, taken in: the one place that understands what they mean for a running world.

use std::time::Duration;

use super::World;
use super::alerting::SAME;
use super::history::{self, HistoryKind};
use super::ids::{Id as _, SloId};
use super::objectives;
use super::output::Output;
use super::past::Past;
use super::timeline::{EventKind, EventMark, TimelineEntry};
use crate::lang::time::Stamp;
use crate::model::fact::alerting::rule_of;
use crate::model::fact::{
    CheckStatus, Fact, PeerChanged, SilenceEnded, SilenceStarted, SloExcluded, SloIncluded, Statement,
};
use crate::model::run::{Run, RunState};
use crate::model::status::Status;
use crate::model::thing::{CheckRecord, is_outdated};
use crate::text::SafeText;
use crate::text::name::Name;

/// How far two looks at a check may lie apart that the configuration does not know any more.
const NEAR: Duration = Duration::from_mins(1);

impl World {
    /// Takes in a fact of the store that was read `at`. They come in their order; one that was taken in before changes
    /// nothing. Runs and locks are loaded by whoever reads the facts.
    pub(crate) fn apply(&mut self, fact: &Fact, at: Stamp) -> Output {
        self.advance(at);
        let mut output = Output::default();
        if self.record.applied.is_none_or(|applied| applied >= fact.seq) {
            return output;
        }
        self.record.applied = Some(fact.seq);
        if let Statement::CheckStatus(said) = fact.said() {
            output.noticeable |= self.apply_status(fact, said);
        }
        self.apply_message(fact, &mut output);
        let shows = self.apply_alert(fact, &mut output)
            | self.apply_acknowledgement(fact, &mut output)
            | self.apply_silence(fact, &mut output)
            | self.apply_maintenance(fact, &mut output)
            | self.apply_exclusion(fact, &mut output)
            | self.apply_checklist(fact)
            | self.apply_incident(fact, &mut output)
            | self.apply_change(fact)
            | self.apply_runbook(fact)
            | self.apply_duty(fact, &mut output);
        output.noticeable |= shows;
        // Who acts for all has seen its own reload.
        let is_own = matches!(fact.said(), Statement::ConfigChanged(_)) && self.lease.fence().is_some();
        output.noticeable |= !is_own && self.tell(fact);
        output
    }

    /// The store was opened: what it has said lately, oldest first, up to its fact `head`. What is known of another store, or
    /// of this one in another state, is forgotten.
    pub(crate) fn remember(&mut self, lately: &[Fact], head: u64, at: Stamp) -> Output {
        self.advance(at);
        if self.knows_the_store() {
            self.forget_runs_that_are_lost();
        }
        self.forget_record();
        self.record.applied = Some(head);
        for fact in lately {
            self.tell(fact);
        }
        let mut output = Output { noticeable: !lately.is_empty(), ..self.ask_for_statuses() };
        output.extend(self.ask_for_alerts());
        output
    }

    /// Whether the store was read: what is known of it is then what it says.
    pub fn knows_the_store(&self) -> bool {
        self.record.applied.is_some()
    }

    /// Whether all that was asked of the record at the start is here, as far as there is one: what fires, and the past of what
    /// objectives measure.
    pub(crate) fn has_read_record(&self) -> bool {
        let is_here = |id: &SloId| self.slos[*id].past == Past::Here;
        let has_past = || self.measured_by_slos().flat_map(|series| self.slos_of(&series)).all(|id| is_here(&id));
        self.store_away.is_some() || (self.knows_the_store() && self.firings.is_read && has_past())
    }

    fn apply_status(&mut self, fact: &Fact, said: &CheckStatus) -> bool {
        let CheckStatus { status, since, seen, fence, .. } = *said;
        let known = self.check(&said.check).and_then(|check| check.recording.known);
        // As the store does.
        if fact.draft.late && known.is_some_and(|known| is_outdated(said, (known.fence, known.since.at.utc))) {
            return false;
        }
        let record = CheckRecord { status, since, seen, reason: said.reason.clone(), fence };
        self.status_on_record(&said.check, &record, fact.seq)
    }

    /// Puts into the timeline what a fact says, where that is not there yet.
    fn tell(&mut self, fact: &Fact) -> bool {
        if let Statement::MessageSent(said) = fact.said() {
            let mut shows = false;
            for rule in said.alerts.iter().filter_map(|id| rule_of(id)) {
                shows |= self.timeline.announce(&rule);
            }
            return shows;
        }
        let object = fact.said().object();
        let run = object.strip_prefix("run:").and_then(|id| self.run_by_id(id));
        let Some(mut entry) = self.entry_of(fact, run) else { return false };
        if let Statement::AlertResolved(said) = fact.said() {
            entry.is_step = rule_of(&said.id).is_some_and(|rule| self.timeline.fired_muted(&rule));
        }
        let near = match fact.said() {
            Statement::CheckStatus(CheckStatus { check, .. }) | Statement::PeerChanged(PeerChanged { check, .. }) => {
                self.check(check).map_or(NEAR, |check| check.stale_after)
            }
            Statement::AlertFired(_) | Statement::AlertResolved(_) => SAME,
            _ => NEAR,
        };
        self.timeline.tell(entry, mark(fact.said()), near, &fact.draft.id)
    }

    /// What a fact says, as an entry of a timeline; `None`: nothing that belongs there. `run`: the one that it is about.
    pub(crate) fn entry_of(&self, fact: &Fact, run: Option<&Run>) -> Option<TimelineEntry> {
        let line = history::describe(fact, run, &self.config, self.config.console.timezone)?;
        let (kind, service) = (kind(fact, line.kind), self.service_of_fact(fact, run));
        let by = if line.by_person { format!(" · {}", fact.draft.who) } else { String::new() };
        // The clock of another host may be ahead: nothing has happened that is still to come.
        let at = self.now.stored(fact.draft.at.min(self.now.utc));
        let text = SafeText::new(&format!("{}{by}", line.text));
        let reason = match fact.said() {
            Statement::CheckStatus(said) => self.why(said.by.as_deref(), said.reason.as_ref()),
            Statement::Deployed(deployed) => deployed.subject.clone(),
            _ => None,
        };
        // What was muted asked nothing of a person.
        let is_step = matches!(fact.said(), Statement::AlertFired(fired) if fired.muted_because.is_some());
        Some(TimelineEntry { reason, is_step, ..TimelineEntry::new(at, kind, service, text) })
    }

    /// The service that a fact is about.
    pub(super) fn service_of_fact(&self, fact: &Fact, run: Option<&Run>) -> Option<Name> {
        match fact.said() {
            Statement::CheckStatus(said) => said.service.clone(),
            Statement::PeerChanged(said) => said.service.clone(),
            Statement::AlertFired(said) => said.service.clone(),
            Statement::AlertResolved(said) => self.service_of_firing(&said.id, &said.alert),
            Statement::AlertAcknowledged(said) => self.service_of_firing(&said.id, &said.alert),
            Statement::AlertUnacknowledged(said) => self.service_of_firing(&said.id, &said.alert),
            Statement::SilenceStarted(SilenceStarted { matching, .. })
            | Statement::SilenceEnded(SilenceEnded { matching, .. }) => match matching.strip_prefix("service:") {
                Some(service) => self.service(service).map(|service| service.name.clone()),
                None => self.service_of_name(matching.split(':').next().unwrap_or_default()),
            },
            Statement::SloExcluded(SloExcluded { slo, .. }) | Statement::SloIncluded(SloIncluded { slo, .. }) => {
                self.service_of_name(slo)
            }
            Statement::Deployed(deployed) => Some(deployed.service.clone()),
            Statement::Incident(said) => self.incident_record(&said.id)?.services.first().cloned(),
            Statement::RunIntended(intended) => intended.service.clone(),
            Statement::RunRefused(refused) => self.action(&refused.action)?.service.clone(),
            Statement::Unlocked(unlocked) => self.run_by_id(&unlocked.run)?.service.clone(),
            _ => run?.service.clone(),
        }
    }

    /// The service of a firing: where its beginning stands, by the record or in the timeline, else that of its condition.
    fn service_of_firing(&self, id: &str, name: &str) -> Option<Name> {
        if let Some(firing) = self.firings.get(id) {
            return firing.record.service.clone();
        }
        let Some(rule) = rule_of(id) else { return self.service_of_name(name) };
        if let Some(fired) = self.timeline.fired(&rule) {
            return fired.service.clone();
        }
        let machine = self.machines.alert(&rule, &self.membership).and_then(|id| self.machines.all.get(id.place()));
        machine.map_or_else(|| self.service_of_name(name), |machine| machine.service.clone())
    }

    /// The service of the check, metric or objective of that name, which an alert is named after.
    fn service_of_name(&self, name: &str) -> Option<Name> {
        let of_check = || self.check(name).map(|check| check.service.clone());
        let of_metric = || self.metric(name).map(|metric| metric.service.clone());
        let of_slo = || {
            let slo = self.config.slos.iter().find(|slo| &*slo.name == name)?;
            Some(objectives::service(slo, &self.config).cloned())
        };
        of_check().or_else(of_metric).or_else(of_slo).flatten()
    }
}

fn kind(fact: &Fact, kind: HistoryKind) -> EventKind {
    match (fact.said(), kind) {
        (Statement::CheckStatus(said), _) => {
            let from = said.before.unwrap_or(Status::Unknown);
            EventKind::Status { check: said.check.clone(), from, to: said.status }
        }
        (Statement::Deployed(deployed), _) => EventKind::Deployed {
            release: SafeText::new(&format!("{} {}", deployed.service, deployed.version)),
            who: SafeText::new(&fact.draft.who),
        },
        (said, HistoryKind::Run | HistoryKind::Deployment) => {
            EventKind::Run { id: said.object().strip_prefix("run:").map(Name::from), state: state(said) }
        }
        (_, HistoryKind::Incident) => EventKind::Incident,
        (_, HistoryKind::Config) => EventKind::Reload,
        (_, HistoryKind::Network) => EventKind::Network,
        (Statement::AlertFired(said), _) => EventKind::Fired(said.severity),
        (Statement::AlertResolved(said), _) => EventKind::Resolved(said.severity),
        (
            _,
            HistoryKind::Status
            | HistoryKind::Alert
            | HistoryKind::Ack
            | HistoryKind::Silence
            | HistoryKind::Checklist
            | HistoryKind::Note,
        ) => EventKind::Note,
    }
}

/// The state that a run has come to by what is said of it. A stop that was requested leaves it running.
fn state(said: &Statement) -> RunState {
    match said {
        Statement::RunClosed(closed) => closed.state,
        Statement::RunLost(_) => RunState::Unknown,
        Statement::RunReopened { .. } => RunState::Verifying,
        Statement::RunRefused(_) => RunState::Refused,
        _ => RunState::Running,
    }
}

/// By what this console knows the same thing where it saw it itself.
fn mark(said: &Statement) -> Option<EventMark> {
    Some(match said {
        Statement::CheckStatus(said) => EventMark::Status(said.check.clone(), said.status),
        Statement::PeerChanged(said) => EventMark::Peer(said.check.clone(), said.after.clone()),
        Statement::AlertFired(said) => EventMark::Alert(said.rule.clone(), true),
        Statement::AlertResolved(said) => EventMark::Alert(rule_of(&said.id)?, false),
        Statement::RunIntended(intended) => EventMark::Run(intended.run.clone(), RunState::Running),
        Statement::RunClosed(closed) => EventMark::Run(closed.run.clone(), closed.state),
        Statement::RunLost(lost) => EventMark::Run(lost.run.clone(), RunState::Unknown),
        Statement::RunReopened { run } => EventMark::Run(run.clone(), RunState::Verifying),
        Statement::MaintenanceStarted(said) => EventMark::Maintenance(said.id.clone(), true),
        Statement::MaintenanceEnded(said) => EventMark::Maintenance(said.id.clone(), false),
        Statement::RunRefused(refused) => EventMark::Refused(refused.action.clone(), refused.why.clone()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use chrono::DateTime;

    use super::*;
    use crate::config::load::load_text;
    use crate::model::fact::alerting::instance_id;
    use crate::model::fact::{AlertAcknowledged, AlertFired, ConfigChanged, NewFact};

    #[test]
    fn another_configuration_of_whoever_acts_is_a_change_and_no_note() {
        let loaded = load_text(Path::new("/srv/opsroom.toml"), "[console]\nname = \"t\"\n");
        let utc: DateTime<chrono::Utc> = "2026-11-21T02:00:00Z".parse().unwrap();
        let now = Stamp { mono: Duration::from_hours(9), utc };
        let mut world = World::new(Arc::new(loaded.config.unwrap()), now);
        world.remember(&[], 0, now);
        let said = ConfigChanged::new("d".to_owned(), &[SafeText::new("check web is new")]);
        let (who, host, said) = ("ben (ssh)".to_owned(), "box".to_owned(), Statement::ConfigChanged(said));
        let draft = NewFact { id: "f".to_owned(), at: utc, who, host, process: 7, late: false, said };
        world.apply(&Fact { seq: 1, recorded_at: utc, draft }, now);
        let entry = world.timeline.newest_first().next().unwrap();
        assert_eq!(entry.kind, EventKind::Reload);
        assert_eq!(entry.text.as_str(), "configuration reloaded: check web is new · ben (ssh)");
    }

    #[test]
    fn an_acknowledgement_stands_where_its_alert_does() {
        let text = "[console]\nname = \"t\"\n[service.shop]\n[check.cdn]\ntcp = \"127.0.0.1:1\"\n\
                    [check.front]\nservice = \"shop\"\ntcp = \"127.0.0.1:1\"\n\
                    [slo.cdn]\ncheck = \"front\"\nobjective = \"99%\"\n";
        let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
        let utc: DateTime<chrono::Utc> = "2026-11-21T02:00:00Z".parse().unwrap();
        let now = Stamp { mono: Duration::from_hours(9), utc };
        // The objective has the name of a check without a service; the other check is not configured here any more.
        for (rule, service) in
            [("slo:cdn/critical/0", Some("shop")), ("check:gone/high/0", Some("shop")), ("check:cdn/high/0", None)]
        {
            let alert: Name = rule.split([':', '/']).nth(1).unwrap().into();
            let fired = AlertFired {
                id: instance_id(rule, utc),
                alert: alert.clone(),
                rule: rule.into(),
                service: service.map(Name::from),
                ..AlertFired::sample(utc)
            };
            let id = fired.id.clone();
            let acknowledged = AlertAcknowledged {
                id,
                alert,
                severity: fired.severity,
                why: "on it".into(),
                until: utc + chrono::TimeDelta::hours(1),
                link: None,
                together: false,
                taken_by: None,
            };
            let said = [Statement::AlertFired(fired), Statement::AlertAcknowledged(acknowledged)];
            let facts = said.into_iter().zip(1..).map(|(said, seq)| {
                let (id, who, host) = (seq.to_string(), "ben".to_owned(), "box".to_owned());
                Fact { seq, recorded_at: utc, draft: NewFact { id, at: utc, who, host, process: 7, late: false, said } }
            });
            let facts: Vec<Fact> = facts.collect();
            let mut world = World::new(Arc::new(loaded.config.clone().unwrap()), now);
            world.remember(&facts, 2, now);
            let stands: Vec<_> = world.timeline.newest_first().map(|entry| entry.service.as_deref()).collect();
            assert_eq!(stands, [service, service], "{rule}");
        }
    }
}
