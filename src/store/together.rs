//! What is said of an alert and what that means for the incident that was opened from it, put on record together.

use chrono::{DateTime, Utc};

use super::dialect::WhichThings;
use super::{Store, StoreError};
use crate::model::ack_link::hash_of;
use crate::model::fact::incident::{IncidentCorrected, IncidentMoved};
use crate::model::fact::{IncidentFact, IncidentSaid, NewFact, Statement};
use crate::model::incident::{IncidentStamp, IncidentState, IncidentStep};
use crate::model::thing::incident::FROM_ALERT;
use crate::model::thing::{Acknowledgement, AlertRecord, IncidentRecord, StoredThing, ThingKey, ThingKind};
use crate::text::SafeText;
use crate::text::coding::to_hex;

impl Store {
    /// These, and with each acknowledgement of an alert that of the incidents that are about it: whoever is at the alert is at
    /// them, and their clock does not run on for another key. What was said late counts as it was meant: of an alert that fired
    /// then, and of the incidents that there were then. The id is made of those of both, so that what is put on record again is
    /// known.
    pub(super) async fn with_incidents(&self, mut drafts: Vec<NewFact>) -> Result<Vec<NewFact>, StoreError> {
        let is_acknowledgement = |draft: &NewFact| matches!(draft.said, Statement::AlertAcknowledged(_));
        if !drafts.iter().any(is_acknowledgement) {
            return Ok(drafts);
        }
        let open = self.dialect.things(WhichThings::Open(ThingKind::Incident), u32::MAX).await?;
        let mut waiting: Vec<IncidentRecord> = open.iter().filter_map(StoredThing::read).collect();
        waiting.retain(|record: &IncidentRecord| record.state == IncidentState::Open);
        let keys: Vec<ThingKey> =
            drafts.iter().filter(|one| is_acknowledgement(one)).flat_map(|one| one.said.touches()).collect();
        let alerts = self.dialect.things(WhichThings::Keys(&keys), u32::MAX).await?;
        let alerts: Vec<AlertRecord> = alerts.iter().filter_map(StoredThing::read).collect();
        let mut stopped = Vec::new();
        for draft in &drafts {
            let Statement::AlertAcknowledged(said) = &draft.said else { continue };
            let known = alerts.iter().find(|record| record.id == said.id).cloned();
            let Some(alert) = known.or_else(|| fired_beside(&drafts, &said.id)) else { continue };
            let resolved_at = alert.resolved_at.or_else(|| resolved_beside(&drafts, &said.id));
            if resolved_at.is_some_and(|at| at <= draft.at) {
                continue;
            }
            let is_meant = |record: &mut IncidentRecord| {
                record.opened_at <= draft.at && (record.is_from_alert(&said.alert) || is_no_less_than(&alert, record))
            };
            for record in waiting.extract_if(.., is_meant) {
                let why = SafeText::new(&format!("alert {} acknowledged: {}", said.alert, said.why));
                let moved =
                    IncidentMoved { step: IncidentStep::Acknowledge, why: Some(why), into: None, copied: Vec::new() };
                let id = id_beside(draft, &record.id);
                let said = Statement::Incident(Box::new(IncidentSaid::of(&record.id, IncidentFact::Moved(moved))));
                stopped.push(NewFact { id, said, ..draft.clone() });
            }
        }
        drafts.extend(stopped);
        Ok(drafts)
    }

    /// These, and where an incident is opened from an alert that somebody is at already, that its clock has stopped.
    pub(super) async fn with_acknowledgement(&self, mut drafts: Vec<NewFact>) -> Result<Vec<NewFact>, StoreError> {
        let opened = drafts.iter().find_map(|draft| match &draft.said {
            Statement::Incident(said) => match &said.what {
                IncidentFact::Opened(opened) => Some((draft.clone(), said.id.clone(), opened.from.clone()?)),
                _ => None,
            },
            _ => None,
        });
        let Some((draft, id, from)) = opened else { return Ok(drafts) };
        let Some(alert) = from.as_str().strip_prefix(FROM_ALERT) else { return Ok(drafts) };
        let open = self.dialect.things(WhichThings::Open(ThingKind::Alert), u32::MAX).await?;
        let mut firing = open.iter().filter_map(StoredThing::read::<AlertRecord>);
        let is_held = |known: &Acknowledgement| known.until > draft.at;
        let known =
            firing.find_map(|record| record.acknowledged.filter(|known| *record.alert == *alert && is_held(known)));
        let Some(known) = known else { return Ok(drafts) };
        let why = Some(SafeText::new(&format!("alert {alert} is acknowledged by {}: {}", known.by, known.why)));
        let (step, into, copied) = (IncidentStep::Acknowledge, None, Vec::new());
        let moved = IncidentFact::Moved(IncidentMoved { step, why: why.clone(), into, copied });
        let stamp = IncidentStamp::Acknowledged;
        let corrected = IncidentFact::Corrected(IncidentCorrected { stamp, to: known.at, why });
        for (word, what) in [("acknowledged", moved), ("stamp", corrected)] {
            let said = Statement::Incident(Box::new(IncidentSaid::of(&id, what)));
            drafts.push(NewFact { id: id_beside(&draft, word), said, ..draft.clone() });
        }
        Ok(drafts)
    }
}

/// Whether an alert is of a service that an incident concerns, and as bad or worse: one that was opened when the first thing
/// fired, or by hand before anything did, is about what fires next too. Somebody who is at a lesser alert is not at it.
fn is_no_less_than(alert: &AlertRecord, incident: &IncidentRecord) -> bool {
    alert.severity >= incident.severity
        && alert.service.as_ref().is_some_and(|service| incident.services.contains(service))
}

/// The alert that is put on record with these, as it fires.
fn fired_beside(drafts: &[NewFact], id: &str) -> Option<AlertRecord> {
    drafts.iter().find_map(|draft| match &draft.said {
        Statement::AlertFired(fired) if *fired.id == *id => Some(AlertRecord::new(fired)),
        _ => None,
    })
}

/// When it was over by what is put on record with it.
fn resolved_beside(drafts: &[NewFact], id: &str) -> Option<DateTime<Utc>> {
    drafts.iter().find_map(|draft| match &draft.said {
        Statement::AlertResolved(resolved) if *resolved.id == *id => Some(resolved.at),
        _ => None,
    })
}

/// The id of what is put on record with a fact: the same again, where that is.
fn id_beside(draft: &NewFact, what: &str) -> String {
    to_hex(&hash_of([draft.id.as_str(), what])[..16])
}
