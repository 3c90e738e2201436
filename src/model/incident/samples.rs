//! Incidents for tests: said step by step, as people do.

use chrono::{DateTime, TimeDelta, Utc};

use super::{EntryKind, IncidentRole, IncidentStamp, IncidentStep, IncidentTargets, Reminder, RoleStep};
use crate::model::alert::Severity;
use crate::model::fact::incident::{
    IncidentCorrected, IncidentGraded, IncidentMoved, IncidentNoted, IncidentOpened, IncidentReminded,
    IncidentRoleSaid, IncidentUpdated,
};
use crate::model::fact::{Fact, IncidentFact, IncidentSaid, NewFact, Statement};
use crate::model::thing::IncidentRecord;
use crate::text::SafeText;

/// So many seconds after the opening.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

impl IncidentTargets {
    pub(crate) const fn of(acknowledge_s: Option<u64>, resolve_s: Option<u64>, update_s: u64) -> Self {
        Self { acknowledge_s, resolve_s, update_s }
    }
}

/// What was said of one incident.
pub(crate) struct SampleIncident {
    record: Option<IncidentRecord>,
    facts: Vec<Fact>,
}

impl SampleIncident {
    /// `INC-1`, opened by ana at second 0, of the service api.
    pub(crate) fn opened(severity: Severity, (acknowledge, resolve, update): (Option<u64>, Option<u64>, u64)) -> Self {
        let mut said = Self { record: None, facts: Vec::new() };
        let opened = IncidentOpened {
            title: "checkout fails".into(),
            severity,
            targets: IncidentTargets::of(acknowledge, resolve, update),
            services: vec!["api".into()],
            kind: None,
            checklist: None,
            from: None,
            alerted_at: None,
            impact_started_at: None,
        };
        said.take("ana", 0, IncidentFact::Opened(opened));
        said
    }

    /// Somebody says something; whether that was news.
    pub(crate) fn take(&mut self, who: &str, seconds: i64, what: IncidentFact) -> bool {
        let seq = self.facts.len() as u64 + 1;
        let said = IncidentSaid { id: "INC-1".into(), what };
        let draft = NewFact {
            id: format!("fact-{seq}"),
            at: at(seconds),
            who: format!("{who} (ssh 192.0.2.1)"),
            host: "box".to_owned(),
            process: 7,
            late: false,
            said: Statement::Incident(Box::new(said.clone())),
        };
        let after = IncidentRecord::after(self.record.clone(), &draft, &said);
        self.facts.push(Fact { seq, recorded_at: draft.at, draft });
        let is_news = after.is_some();
        self.record = after.or_else(|| self.record.take());
        is_news
    }

    pub(crate) fn record(&self) -> &IncidentRecord {
        self.record.as_ref().unwrap()
    }

    pub(crate) fn facts(&self) -> &[Fact] {
        &self.facts
    }

    pub(crate) fn lead(who: &str) -> IncidentFact {
        Self::role(who, RoleStep::Taken)
    }

    pub(crate) fn role(who: &str, step: RoleStep) -> IncidentFact {
        IncidentFact::Role(IncidentRoleSaid { role: IncidentRole::Lead, who: who.into(), step })
    }

    pub(crate) fn step(&mut self, who: &str, seconds: i64, step: IncidentStep) -> bool {
        let moved = IncidentMoved { step, why: None, into: None, copied: Vec::new() };
        self.take(who, seconds, IncidentFact::Moved(moved))
    }

    pub(crate) fn grade(&mut self, who: &str, seconds: i64, severity: Severity, targets: IncidentTargets) -> bool {
        self.take(who, seconds, IncidentFact::Graded(IncidentGraded { severity, targets, why: None }))
    }

    pub(crate) fn note(&mut self, who: &str, seconds: i64, kind: EntryKind, text: &str) -> bool {
        let noted = IncidentNoted { kind, text: SafeText::new(text), owner: None, happened_at: None, source: None };
        self.take(who, seconds, IncidentFact::Noted(noted))
    }

    pub(crate) fn update(&mut self, who: &str, seconds: i64, status: &str, next: i64) -> bool {
        let updated = IncidentUpdated {
            status: SafeText::new(status),
            impact: None,
            doing: None,
            next_at: at(next),
            workaround: None,
            is_public: true,
            notify: Vec::new(),
        };
        self.take(who, seconds, IncidentFact::Updated(updated))
    }

    pub(crate) fn correct(&mut self, who: &str, seconds: i64, stamp: IncidentStamp, to: i64) -> bool {
        let corrected = IncidentCorrected { stamp, to: at(to), why: Some("by the logs".into()) };
        self.take(who, seconds, IncidentFact::Corrected(corrected))
    }

    pub(crate) fn remind(&mut self, seconds: i64, about: Reminder, due: i64) -> bool {
        self.take("opsroom", seconds, IncidentFact::Reminded(IncidentReminded { about, due_at: at(due) }))
    }
}
