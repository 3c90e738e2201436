//! Incidents: read, and what people say of them put on record where it makes sense.
//!
//! *Invariant:* the numbers of incidents follow each other, whoever opens them: the store gives them, in the transaction that
//! opens one.

use super::dialect::WhichThings;
use super::{Store, StoreError};
use crate::lang::order::InOrder;
use crate::model::fact::incident::IncidentRoleSaid;
use crate::model::fact::{IncidentFact, IncidentSaid, NewFact, Statement};
use crate::model::incident::{IncidentStep, RoleStep, incident_id, incident_number};
use crate::model::thing::incident::MOST_ENTRIES;
use crate::model::thing::{IncidentRecord, StoredThing, ThingKind, incident_key};
use crate::text::name::Name;

/// Incidents that are read beside those that are open.
pub(crate) const LATEST: u32 = 200;

/// Why something is not put on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IncidentRefusal {
    /// There is no incident of that id.
    Unknown(Name),
    /// It says what is on record already, or what makes no sense of an incident in this state.
    NoSense(Box<(IncidentRecord, IncidentFact)>),
    /// It is to become part of this one, which is over.
    IntoOver(Box<IncidentRecord>),
    /// It is to become part of itself.
    IntoItself(Name),
    /// The moment of a step is corrected that was not taken: it has none.
    NotTaken(Name, IncidentStep),
}

impl IncidentRefusal {
    /// Whether there is an incident of that number already.
    pub(super) fn is_of_number(&self) -> bool {
        matches!(self, Self::NoSense(refused) if matches!(refused.1, IncidentFact::Opened(_)))
    }

    /// In words.
    pub(crate) fn describe(&self) -> String {
        let (record, what) = match self {
            Self::Unknown(id) => return format!("no incident `{id}`"),
            Self::NoSense(refused) => &**refused,
            Self::IntoOver(other) => {
                let into = other.merged_into.as_ref().map_or_else(String::new, |into| format!(" into {into}"));
                return format!("{} is {}{into}: nothing can be merged into it", other.id, other.state.word());
            }
            Self::IntoItself(id) => return format!("{id} can't be merged into itself"),
            Self::NotTaken(id, step) => {
                return format!("{id} was not {}: it has no time to correct", step.done());
            }
        };
        let id = &record.id;
        match what {
            IncidentFact::Opened(_) => format!("{id} exists already"),
            IncidentFact::Moved(moved) if moved.step == IncidentStep::Reopen => {
                format!("{id} is {}: nothing to reopen", record.state.word())
            }
            IncidentFact::Moved(moved) => format!("{id} is {}: it can't be {}", record.state.word(), moved.step.done()),
            IncidentFact::Graded(said) => format!("{id} is {} already", said.severity.word()),
            IncidentFact::Noted(_) if record.entries.len() >= MOST_ENTRIES => {
                format!("{id} has {MOST_ENTRIES} entries, as many as one can have")
            }
            IncidentFact::Amended(_) => format!("that entry of {id} is so already, or there is none of that number"),
            IncidentFact::Role(said) => role_refusal(record, said),
            IncidentFact::Noted(_)
            | IncidentFact::Updated(_)
            | IncidentFact::Corrected(_)
            | IncidentFact::Reminded(_)
            | IncidentFact::Joined(_)
            | IncidentFact::Evidence(_) => format!("{id} has that on record already"),
        }
    }

    /// Where to look, or what to do first.
    pub(super) const fn hint(&self) -> &'static str {
        match self {
            Self::NotTaken(_, IncidentStep::Acknowledge) => {
                "say `opsroom incident acknowledge` first, then correct when that was"
            }
            Self::NotTaken(_, IncidentStep::Mitigate) => {
                "say `opsroom incident mitigate` first, then correct when that was"
            }
            Self::NotTaken(..) => "say `opsroom incident resolve` first, then correct when that was",
            Self::IntoOver(_) => "name one that is open: `opsroom incident list` shows them",
            _ => "`opsroom incident list --all` shows how they stand",
        }
    }
}

/// Why a role does not change hands so.
fn role_refusal(record: &IncidentRecord, said: &IncidentRoleSaid) -> String {
    let (id, role, who) = (&record.id, said.role.word(), &said.who);
    match (said.step, record.holder(said.role), record.offer(said.role)) {
        (RoleStep::Offered, _, Some(offer)) if offer.who == *who => {
            format!("the role {role} of {id} is offered to {who} already")
        }
        (RoleStep::Accepted | RoleStep::Declined, _, Some(offer)) => {
            format!("the role {role} of {id} is offered to {}, not to {who}", offer.who)
        }
        (RoleStep::Accepted | RoleStep::Declined, _, None) => {
            format!("the role {role} of {id} is offered to nobody")
        }
        (RoleStep::Released, Some(holder), _) => format!("{holder} has the role {role} of {id}, not {who}"),
        (RoleStep::Released, None, _) => format!("nobody has the role {role} of {id}"),
        (RoleStep::Taken | RoleStep::Offered, ..) => format!("{who} has the role {role} of {id} already"),
    }
}

impl Store {
    /// The incidents that somebody has still to do with, and the latest `most` of the others.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn incidents(&self, most: u32) -> Result<Vec<StoredThing>, StoreError> {
        let mut things = self.dialect.things(WhichThings::Latest(ThingKind::Incident), most).await?;
        things.extend(self.dialect.things(WhichThings::Open(ThingKind::Incident), u32::MAX).await?);
        things.order_by(|one, other| one.key.cmp(&other.key));
        things.dedup_by(|one, other| one.key == other.key);
        Ok(things)
    }

    /// The incident of that id, however that is written.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn incident(&self, id: &str) -> Result<Option<IncidentRecord>, StoreError> {
        let things = self.dialect.things(WhichThings::Keys(&[incident_key(id)]), 1).await?;
        Ok(things.first().and_then(StoredThing::read))
    }

    /// What is said, with the next number where an incident is opened, and the incident that it is about; `None`: about none.
    pub(super) async fn numbered(&self, drafts: &[NewFact]) -> Result<(Option<Name>, Vec<NewFact>), StoreError> {
        let said = |draft: &NewFact| match &draft.said {
            Statement::Incident(said) => Some(said.id.clone()),
            _ => None,
        };
        let Some(known) = drafts.iter().find_map(said) else { return Ok((None, drafts.to_vec())) };
        let id = if known.is_empty() {
            let last = self.dialect.things(WhichThings::Latest(ThingKind::Incident), 1).await?;
            let last = last.first().and_then(|thing| incident_number(&thing.key.id)).unwrap_or_default();
            incident_id(last.saturating_add(1))
        } else {
            known
        };
        let mut drafts = drafts.to_vec();
        for draft in &mut drafts {
            if let Statement::Incident(said) = &mut draft.said
                && said.id.is_empty()
            {
                said.id = id.clone();
            }
        }
        Ok((Some(id), drafts))
    }
}

/// What of these makes no sense of an incident any more, each after those before it. `things` are those that they touch.
pub(super) fn incident_refusal(drafts: &[NewFact], things: &[StoredThing]) -> Option<IncidentRefusal> {
    let stored = |id: &str| {
        let key = incident_key(id);
        things.iter().find(|thing| thing.key == key).and_then(StoredThing::read::<IncidentRecord>)
    };
    let mut records: Vec<IncidentRecord> = Vec::new();
    for draft in drafts {
        let Statement::Incident(said) = &draft.said else { continue };
        let known = records.iter().find(|record| record.id == said.id).cloned().or_else(|| stored(&said.id));
        let refusal = other_refusal(said, stored).or_else(|| stamp_refusal(said, known.as_ref()?));
        if refusal.is_some() {
            return refusal;
        }
        match (IncidentRecord::after(known.clone(), draft, said), known) {
            (Some(record), _) => {
                records.retain(|known| known.id != record.id);
                records.push(record);
            }
            (None, Some(record)) => return Some(IncidentRefusal::NoSense(Box::new((record, said.what.clone())))),
            (None, None) => return Some(IncidentRefusal::Unknown(said.id.clone())),
        }
    }
    None
}

/// Why an incident can't be merged into another one.
fn other_refusal(said: &IncidentSaid, stored: impl Fn(&str) -> Option<IncidentRecord>) -> Option<IncidentRefusal> {
    let IncidentFact::Moved(moved) = &said.what else { return None };
    let into = moved.into.as_ref()?;
    match stored(into) {
        None => Some(IncidentRefusal::Unknown(into.clone())),
        Some(other) if other.id == said.id => Some(IncidentRefusal::IntoItself(other.id)),
        Some(other) if !other.is_open() => Some(IncidentRefusal::IntoOver(Box::new(other))),
        Some(_) => None,
    }
}

/// Why a moment is not corrected: that of a step says when it was taken, it does not take it. What is on record already stays as
/// it was said.
fn stamp_refusal(said: &IncidentSaid, record: &IncidentRecord) -> Option<IncidentRefusal> {
    let IncidentFact::Corrected(corrected) = &said.what else { return None };
    let step = corrected.stamp.step().filter(|_| record.stamps.of(corrected.stamp).is_none())?;
    Some(IncidentRefusal::NotTaken(record.id.clone(), step))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::config::sections::retention::Retention;
    use crate::model::alert::Severity;
    use crate::model::fact::incident::{IncidentCorrected, IncidentMoved, IncidentOpened};
    use crate::model::fact::{AlertAcknowledged, AlertFired};
    use crate::model::incident::{IncidentStamp, IncidentState, IncidentTargets};
    use crate::store::new_fact;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn draft(id: &str, what: IncidentFact) -> NewFact {
        new_fact(AT, "ana", "box", Statement::Incident(Box::new(IncidentSaid { id: id.into(), what })))
    }

    fn opening() -> IncidentFact {
        IncidentFact::Opened(IncidentOpened {
            title: "x".into(),
            severity: Severity::High,
            targets: IncidentTargets::default(),
            services: Vec::new(),
            kind: None,
            checklist: None,
            from: None,
            alerted_at: None,
            impact_started_at: None,
        })
    }

    fn moved(step: IncidentStep, into: Option<&str>) -> IncidentFact {
        IncidentFact::Moved(IncidentMoved { step, why: None, into: into.map(Into::into), copied: Vec::new() })
    }

    #[tokio::test]
    async fn numbers_follow_each_other_whoever_opens() {
        let room = tempfile::tempdir().unwrap();
        let (one, other) = (Store::sample(room.path()).await, Store::sample(room.path()).await);
        let open_one = |store: &Store| {
            let store = store.clone();
            async move { store.say(&[draft("", opening())]).await.unwrap().unwrap().unwrap().to_string() }
        };
        let mut ids = Vec::new();
        for _ in 0..6 {
            let (a, b) = tokio::join!(open_one(&one), open_one(&other));
            ids.extend([a, b]);
        }
        ids.sort_by_key(|id| incident_number(id));
        assert_eq!(ids, (1..=12).map(|number| format!("INC-{number}")).collect::<Vec<_>>());
        assert_eq!(one.incidents(3).await.unwrap().len(), 12, "all of them are open");
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused_with_the_reason() {
        let room = tempfile::tempdir().unwrap();
        let store = Store::sample(room.path()).await;
        for _ in 0..2 {
            store.say(&[draft("", opening())]).await.unwrap().unwrap();
        }
        let say = |id: &'static str, what| {
            let store = store.clone();
            async move { store.say(&[draft(id, what)]).await.unwrap().map_err(|why| why.describe()) }
        };
        let refused = |text: &str| Err::<Option<Name>, _>(text.to_owned());
        assert_eq!(say("INC-9", moved(IncidentStep::Resolve, None)).await, refused("no incident `INC-9`"));
        assert_eq!(say("INC-1", moved(IncidentStep::Merge, Some("INC-7"))).await, refused("no incident `INC-7`"));
        assert_eq!(
            say("INC-1", moved(IncidentStep::Merge, Some("INC-1"))).await,
            refused("INC-1 can't be merged into itself")
        );
        assert!(say("INC-1", moved(IncidentStep::Merge, Some("INC-2"))).await.is_ok());
        assert_eq!(
            say("INC-1", moved(IncidentStep::Resolve, None)).await,
            refused("INC-1 is merged: it can't be resolved")
        );
        assert_eq!(say("INC-2", moved(IncidentStep::Reopen, None)).await, refused("INC-2 is open: nothing to reopen"));
        let (one, two) = (store.incident("1").await.unwrap().unwrap(), store.incident("inc-2").await.unwrap().unwrap());
        assert_eq!((one.state, one.merged_into.as_deref()), (IncidentState::Merged, Some("INC-2")));
        assert_eq!(two.merged, [Name::from("INC-1")]);
    }

    #[tokio::test]
    async fn what_is_over_takes_no_other_incident() {
        let room = tempfile::tempdir().unwrap();
        let store = Store::sample(room.path()).await;
        for _ in 0..3 {
            store.say(&[draft("", opening())]).await.unwrap().unwrap();
        }
        let refusal = async |id: &str, step, into| {
            let said = store.say(&[draft(id, moved(step, into))]).await.unwrap();
            said.err().map(|refusal| (refusal.describe(), refusal.hint()))
        };
        assert_eq!(refusal("INC-2", IncidentStep::Resolve, None).await, None);
        let (said, hint) = refusal("INC-1", IncidentStep::Merge, Some("INC-2")).await.unwrap();
        assert_eq!(said, "INC-2 is resolved: nothing can be merged into it");
        assert!(hint.contains("name one that is open"), "{hint}");
        assert_eq!(refusal("INC-1", IncidentStep::Merge, Some("INC-3")).await, None);
        store.say(&[draft("", opening())]).await.unwrap().unwrap();
        let (said, _) = refusal("INC-4", IncidentStep::Merge, Some("INC-1")).await.unwrap();
        assert_eq!(said, "INC-1 is merged into INC-3: nothing can be merged into it");
        // Of what is over itself it is said that it is.
        let (said, _) = refusal("INC-2", IncidentStep::Merge, Some("INC-3")).await.unwrap();
        assert_eq!(said, "INC-2 is resolved: it can't be merged");
    }

    #[tokio::test]
    async fn the_moment_of_a_step_is_corrected_only_where_it_was_taken() {
        let room = tempfile::tempdir().unwrap();
        let store = Store::sample(room.path()).await;
        store.say(&[draft("", opening())]).await.unwrap().unwrap();
        let correct = async |stamp| {
            let to = AT - chrono::TimeDelta::minutes(1);
            let corrected = IncidentFact::Corrected(IncidentCorrected { stamp, to, why: None });
            let said = store.say(&[draft("INC-1", corrected)]).await.unwrap();
            said.err().map(|refusal| (refusal.describe(), refusal.hint()))
        };
        for (stamp, done, command) in [
            (IncidentStamp::Acknowledged, "acknowledged", "incident acknowledge"),
            (IncidentStamp::Mitigated, "mitigated", "incident mitigate"),
            (IncidentStamp::Resolved, "resolved", "incident resolve"),
        ] {
            let (said, hint) = correct(stamp).await.unwrap();
            assert_eq!(said, format!("INC-1 was not {done}: it has no time to correct"));
            assert!(hint.contains(command), "{hint}");
        }
        for stamp in [IncidentStamp::ImpactStarted, IncidentStamp::Detected] {
            assert_eq!(correct(stamp).await, None, "nobody has to say that first");
        }
        store.say(&[draft("INC-1", moved(IncidentStep::Resolve, None))]).await.unwrap().unwrap();
        assert_eq!(correct(IncidentStamp::Resolved).await, None);
        let record = store.incident("1").await.unwrap().unwrap();
        assert_eq!(record.stamps.resolved, Some(AT - chrono::TimeDelta::minutes(1)));
        store.say(&[draft("INC-1", moved(IncidentStep::Reopen, None))]).await.unwrap().unwrap();
        assert!(correct(IncidentStamp::Resolved).await.is_some(), "it is not over any more");
    }

    fn fired() -> Statement {
        Statement::AlertFired(AlertFired { fence: 0, ..AlertFired::sample(AT) })
    }

    fn acknowledged() -> Statement {
        let until = AT + chrono::TimeDelta::hours(1);
        let (id, alert, severity) = ("f".into(), "api".into(), Severity::Critical);
        let why = "on it".into();
        Statement::AlertAcknowledged(AlertAcknowledged {
            id,
            alert,
            severity,
            why,
            until,
            link: None,
            together: false,
            taken_by: None,
        })
    }

    #[tokio::test]
    async fn who_is_at_the_alert_is_at_the_incident_that_was_opened_from_it() {
        let room = tempfile::tempdir().unwrap();
        let store = Store::sample(room.path()).await;
        let say = |seconds: i64, who: &'static str, said| {
            new_fact(AT + chrono::TimeDelta::seconds(seconds), who, "box", said)
        };
        let from = |alert: &str| match opening() {
            IncidentFact::Opened(opened) => IncidentFact::Opened(IncidentOpened {
                from: Some(format!("alert:{alert}").as_str().into()),
                alerted_at: Some(AT),
                ..opened
            }),
            other => other,
        };
        store.record_all(vec![say(0, "ana", fired())]).await.unwrap();
        for alert in ["api", "db"] {
            store.say(&[draft("", from(alert))]).await.unwrap().unwrap();
        }
        let acknowledgement = say(90, "bo", acknowledged());
        assert_eq!(store.say(std::slice::from_ref(&acknowledgement)).await.unwrap(), Ok(None));
        let (one, other) = (store.incident("1").await.unwrap().unwrap(), store.incident("2").await.unwrap().unwrap());
        assert_eq!((one.state, one.stamps.acknowledged), (IncidentState::Acknowledged, Some(acknowledgement.at)));
        assert_eq!((one.moves[0].by.as_str(), one.moves.len()), ("bo", 1));
        assert_eq!(other.state, IncidentState::Open, "it is of another alert");
        // One of its service is its too, unless it is worse than what somebody is at.
        let of_service = |severity| match opening() {
            IncidentFact::Opened(opened) => {
                IncidentFact::Opened(IncidentOpened { severity, services: vec!["api".into()], ..opened })
            }
            other => other,
        };
        let of_db = NewFact {
            said: match fired() {
                Statement::AlertFired(fired) => Statement::AlertFired(AlertFired {
                    id: "g".into(),
                    alert: "db".into(),
                    severity: Severity::High,
                    service: Some("api".into()),
                    ..fired
                }),
                other => other,
            },
            ..say(1, "ana", fired())
        };
        store.record_all(vec![of_db]).await.unwrap();
        for severity in [Severity::High, Severity::Critical] {
            store.say(&[draft("", of_service(severity))]).await.unwrap().unwrap();
        }
        let of_db = match acknowledged() {
            Statement::AlertAcknowledged(said) => Statement::AlertAcknowledged(AlertAcknowledged {
                id: "g".into(),
                alert: "db".into(),
                severity: Severity::High,
                ..said
            }),
            other => other,
        };
        assert_eq!(store.say(&[say(95, "bo", of_db)]).await.unwrap(), Ok(None));
        let state = async |id: &str| store.incident(id).await.unwrap().unwrap().state;
        assert_eq!((state("3").await, state("4").await), (IncidentState::Acknowledged, IncidentState::Open));
        // One that is opened from it afterwards has no clock that runs.
        store
            .say(&[say(200, "ana", Statement::Incident(Box::new(IncidentSaid { id: "".into(), what: from("api") })))])
            .await
            .unwrap()
            .unwrap();
        let late = store.incident("5").await.unwrap().unwrap();
        assert_eq!((late.state, late.stamps.acknowledged), (IncidentState::Acknowledged, Some(acknowledgement.at)));
        assert!(late.moves[0].why.as_ref().unwrap().as_str().contains("bo"), "{late:?}");
        assert!(store.check().await.unwrap().is_sound());
    }

    #[tokio::test]
    async fn an_acknowledgement_that_waited_stops_the_clock_once() {
        let room = tempfile::tempdir().unwrap();
        let store = Store::sample(room.path()).await;
        let opened = IncidentFact::Opened(match opening() {
            IncidentFact::Opened(opened) => IncidentOpened { from: Some("alert:api".into()), ..opened },
            _ => unreachable!(),
        });
        store.record_all(vec![new_fact(AT, "ana", "box", fired())]).await.unwrap();
        store.say(&[draft("", opened)]).await.unwrap().unwrap();
        let waited = vec![new_fact(AT, "bo", "box", acknowledged())];
        for _ in 0..2 {
            assert_eq!(store.append_late(&waited).await.unwrap(), []);
        }
        let record = store.incident("1").await.unwrap().unwrap();
        assert_eq!((record.state, record.moves.len()), (IncidentState::Acknowledged, 1));
    }

    #[tokio::test]
    async fn closed_incidents_go_by_retention_and_their_numbers_do_not_come_back() {
        let room = tempfile::tempdir().unwrap();
        let store = Store::sample(room.path()).await;
        for id in ["INC-1", "INC-2"] {
            store.say(&[draft("", opening())]).await.unwrap().unwrap();
            store.say(&[draft(id, moved(IncidentStep::FalseAlarm, None))]).await.unwrap().unwrap();
        }
        let fence = store.held(AT).await;
        let later = "2099-01-01T00:00:00Z".parse().unwrap();
        assert!(store.retain(&Retention::default(), later, fence).await.unwrap());
        assert_eq!(store.incidents(9).await.unwrap().len(), 2, "they are kept for ever by default");
        let retention = Retention { incidents: Some(Duration::from_hours(24)), ..Retention::default() };
        assert!(store.retain(&retention, later, fence).await.unwrap());
        let kept = store.incidents(9).await.unwrap();
        assert_eq!(kept.iter().map(|thing| &*thing.group).collect::<Vec<_>>(), ["INC-2"]);
        assert_eq!(store.say(&[draft("", opening())]).await.unwrap(), Ok(Some("INC-3".into())));
        assert!(store.check().await.unwrap().is_sound());
    }
}
