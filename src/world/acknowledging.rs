//! Acknowledgements in the world: who is at which alert, and when that holds no more.

use std::fmt;

use chrono::{DateTime, Utc};

use super::World;
use super::alerts::{AlertView, Phase};
use super::output::{Change, Output};
use crate::lang::order::InOrder;
use crate::model::fact::alerting::{instance_id, rule_of};
use crate::model::fact::{AlertAcknowledged, AlertUnacknowledged, Fact, NewFact, Statement, Unacknowledged};
use crate::model::thing::{Acknowledgement, AlertRecord, NOTE_STANDS, NoteRecord};
use crate::text::SafeText;
use crate::text::name::Name;

/// Who is at all that fires of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acknowledgers<'a> {
    /// The login names, each once, those of what was acknowledged first before others; at least one.
    people: Vec<&'a str>,
    /// Whether some of it waits on disk for a store that is away.
    pub is_queued: bool,
}

impl<'a> Acknowledgers<'a> {
    /// Of acknowledgements in any order; `None` where there are none.
    pub(super) fn of(known: impl IntoIterator<Item = &'a Acknowledgement>) -> Option<Self> {
        let mut known: Vec<&Acknowledgement> = known.into_iter().collect();
        known.order_by_key(|known| known.at);
        let mut people: Vec<&str> = Vec::new();
        for who in known.iter().flat_map(|known| known.people()) {
            if !people.contains(&who.as_str()) {
                people.push(who.as_str());
            }
        }
        let is_queued = known.iter().any(|known| known.is_queued);
        (!people.is_empty()).then_some(Self { people, is_queued })
    }

    /// Those of them that are somebody else.
    pub(crate) fn beside(&self, who: &str) -> Vec<&'a str> {
        self.people.iter().copied().filter(|one| *one != who).collect()
    }

    /// Whether they are more than one.
    pub(crate) fn is_plural(&self) -> bool {
        self.people.len() > 1
    }
}

impl fmt::Display for Acknowledgers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.people.join(", "))
    }
}

impl World {
    /// Who is at an alert, as it stands now: an acknowledgement holds until its time is over, or something worse fires of the
    /// same check or metric.
    pub(super) fn acknowledgement<'a>(&'a self, record: &'a AlertRecord) -> Option<&'a Acknowledgement> {
        let acknowledged = record.acknowledged.as_ref().filter(|_| record.is_firing())?;
        self.reopened(record, acknowledged).is_none().then_some(acknowledged)
    }

    /// What waits on disk for a store that is away, of a condition of which no firing is known.
    pub(super) fn queued_acknowledgement(&self, rule: &str) -> Option<&Acknowledgement> {
        let queued = self.store_away.as_ref().and_then(|_| self.firings.queued(rule));
        queued.filter(|queued| queued.until > self.now.utc)
    }

    /// The firing that is on record of a condition, and who is at it.
    pub(crate) fn firing_on_record(&self, rule: &str) -> Option<(&AlertRecord, Option<&Acknowledgement>)> {
        let record = &self.firings.latest(rule).filter(|firing| firing.record.is_firing())?.record;
        Some((record, self.acknowledgement(record)))
    }

    /// What fires by the record, the oldest first.
    pub(crate) fn firings_on_record(&self) -> impl Iterator<Item = &AlertRecord> {
        self.firings.open().map(|firing| &firing.record)
    }

    /// Why an acknowledgement holds no more.
    fn reopened(&self, record: &AlertRecord, acknowledged: &Acknowledgement) -> Option<Unacknowledged> {
        if acknowledged.until <= self.now.utc {
            return Some(Unacknowledged::Expired);
        }
        let is_worse = |other: &AlertRecord| {
            other.alert == record.alert && other.severity > record.severity && other.fired_at > acknowledged.at
        };
        let worse = self.firings.open().any(|firing| is_worse(&firing.record));
        worse.then_some(Unacknowledged::Worse)
    }

    /// What was said when a check or metric was acknowledged last, where that was not too long ago.
    pub(crate) fn note_of(&self, alert: &str) -> Option<&NoteRecord> {
        self.notes.get(alert).filter(|note| self.now.utc - note.at < NOTE_STANDS)
    }

    /// What acknowledges an alert that fires, `None`: it does not, or that is not on record.
    pub(crate) fn to_acknowledge(
        &self,
        alert: &AlertView,
        why: &SafeText,
        until: Option<DateTime<Utc>>,
    ) -> Option<AlertAcknowledged> {
        if alert.phase != Phase::Firing {
            return None;
        }
        // While the store is away it can't be known which firing it has: it finds that by the condition.
        let seen_here = || self.store_away.as_ref().and(alert.since).map(|since| instance_id(&alert.id, since.at.utc));
        let id = alert.firing.clone().or_else(seen_here)?;
        let expires = self.config.alerting.ack_expires(alert.severity);
        let until = until.unwrap_or_else(|| self.now.plus(expires).utc);
        Some(AlertAcknowledged {
            id,
            alert: alert.subject.name().into(),
            severity: alert.severity,
            why: why.clone(),
            until,
            link: None,
            together: true,
            taken_by: None,
        })
    }

    /// A fact about acknowledgements; true where that shows.
    pub(super) fn apply_acknowledgement(&mut self, fact: &Fact, output: &mut Output) -> bool {
        let id = match fact.said() {
            Statement::AlertAcknowledged(said) => self.take_acknowledgement(&fact.draft, said, fact.seq),
            Statement::AlertUnacknowledged(said) => {
                self.firings.unacknowledge(said, fact.seq);
                &said.id
            }
            _ => return false,
        };
        self.refresh_firing(id);
        output.changes.push(Change::Alerts);
        true
    }

    /// What a person here said while the store is away: it holds here at once, and is put on record later.
    pub(crate) fn acknowledged_here(&mut self, drafts: &[NewFact]) -> Output {
        for draft in drafts {
            if let Statement::Incident(said) = &draft.said {
                self.take_incident(draft, said, 0);
            }
            self.queue_checklist(draft);
            if let Statement::AlertAcknowledged(said) = &draft.said {
                self.take_acknowledgement(draft, said, 0);
                if let Some(rule) = rule_of(&said.id) {
                    self.refresh_rule(&rule);
                }
            }
        }
        Output { changes: vec![Change::Alerts], ..Output::noticeable() }
    }

    fn take_acknowledgement<'a>(&mut self, draft: &NewFact, said: &'a AlertAcknowledged, seq: u64) -> &'a Name {
        self.firings.acknowledge(&said.id, Acknowledgement::new(draft, said), seq);
        let note = NoteRecord::new(draft, said);
        if self.notes.get(&said.alert).is_none_or(|known| known.at <= note.at) {
            self.notes.insert(said.alert.clone(), note);
        }
        &said.id
    }

    /// Says which acknowledgements hold no more.
    pub(super) fn reopen_alerts(&mut self) -> Vec<Statement> {
        let over = self.firings.open().filter_map(|firing| {
            let record = &firing.record;
            let acknowledged = record.acknowledged.as_ref()?;
            let because = self.reopened(record, acknowledged)?;
            Some(AlertUnacknowledged {
                id: record.id.clone(),
                alert: record.alert.clone(),
                severity: record.severity,
                because,
                until: acknowledged.until,
            })
        });
        let over: Vec<AlertUnacknowledged> = over.collect();
        for said in &over {
            self.firings.unacknowledge(said, 0);
        }
        over.into_iter().map(Statement::AlertUnacknowledged).collect()
    }

    /// Shows those alerts again as open whose acknowledgement holds no more.
    pub(super) fn review_acknowledgements(&mut self, output: &mut Output) {
        let is_over = |view: &&AlertView| {
            let record = view.firing.as_ref().and_then(|id| self.firings.get(id)).map(|firing| &firing.record);
            let known = record.and_then(|record| self.acknowledgement(record));
            view.acknowledged.is_some() && known.or_else(|| self.queued_acknowledgement(&view.id)).is_none()
        };
        let over: Vec<Name> = self.alerts.iter().filter(is_over).map(|view| view.id.clone()).collect();
        for rule in &over {
            self.refresh_rule(rule);
            output.changes.push(Change::Alerts);
            output.noticeable = true;
        }
    }
}
