//! Alerts: each firing, from its beginning to its end.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::model::alert::Severity;
use crate::model::fact::{
    AlertAcknowledged, AlertFired, AlertResolved, AlertUnacknowledged, Fact, NewFact, Statement, login_of,
};
use crate::text::SafeText;
use crate::text::name::Name;

/// How long the note of an acknowledgement stands beside later alerts of the same check or metric.
pub(crate) const NOTE_STANDS: TimeDelta = TimeDelta::hours(24);

/// How much later than somebody who acknowledged it another process may see the same alert begin.
const FOUND_LATER: TimeDelta = TimeDelta::minutes(15);

/// A person is at an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who: the login name.
    pub by: SafeText,
    /// Why, or what is done about it.
    pub why: SafeText,
    /// Since when.
    pub at: DateTime<Utc>,
    /// When it ends by itself.
    pub until: DateTime<Utc>,
    /// Whether it waits on disk for a store that is away.
    #[serde(skip)]
    pub is_queued: bool,
    /// The mark of the link by which it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Name>,
    /// Who acknowledged it before and still does: the login names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<SafeText>,
    /// Whether it leaves those who acknowledged it before at it.
    #[serde(skip)]
    pub is_joint: bool,
}

/// What was said when a check or metric was acknowledged last. It stands beside its next alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRecord {
    /// How bad it was.
    pub severity: Severity,
    /// Who.
    pub by: SafeText,
    /// Why.
    pub why: SafeText,
    /// When.
    pub at: DateTime<Utc>,
}

/// The login name alone: how somebody came in is for the audit.
pub(super) fn login(who: &str) -> SafeText {
    SafeText::new(login_of(who))
}

impl Acknowledgement {
    /// Of what was put on record.
    pub fn new(draft: &NewFact, said: &AlertAcknowledged) -> Self {
        Self {
            by: SafeText::new(said.person(draft)),
            why: said.why.clone(),
            at: draft.at,
            until: said.until,
            is_queued: false,
            link: said.link.clone(),
            with: Vec::new(),
            is_joint: said.together,
        }
    }

    /// Everybody who is at it: the login names, who said so last first.
    pub fn people(&self) -> impl Iterator<Item = &SafeText> {
        std::iter::once(&self.by).chain(&self.with)
    }

    /// The same in words: `ana, ben`.
    pub(crate) fn names(&self) -> String {
        self.people().map(SafeText::as_str).collect::<Vec<_>>().join(", ")
    }

    /// With those of the acknowledgement before it that still held then.
    fn joined_to(mut self, before: Option<Self>) -> Self {
        if let Some(before) = before.filter(|before| self.is_joint && before.until > self.at) {
            let others = std::iter::once(before.by).chain(before.with).filter(|who| *who != self.by);
            self.with = others.collect();
        }
        self
    }

    /// Whether what was acknowledged `at` a moment may be this firing, which that did not name: it fired then, or was found to
    /// soon after.
    pub(crate) fn may_mean(record: &AlertRecord, at: DateTime<Utc>) -> bool {
        record.fired_at - at <= FOUND_LATER && record.resolved_at.is_none_or(|over| over > at)
    }
}

impl NoteRecord {
    /// Of what was put on record.
    pub fn new(draft: &NewFact, said: &AlertAcknowledged) -> Self {
        Self { severity: said.severity, by: SafeText::new(said.person(draft)), why: said.why.clone(), at: draft.at }
    }
}

/// A firing of an alert. It is open until it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// Its id.
    pub id: Name,
    /// The check or metric.
    pub alert: Name,
    /// Which condition of the configuration: `check:api/critical/0`.
    pub rule: Name,
    /// How bad.
    pub severity: Severity,
    /// The service of the check or metric.
    pub service: Option<Name>,
    /// The condition as it is written.
    pub condition: String,
    /// What was seen when it fired.
    pub value: SafeText,
    /// Since when the condition held.
    pub since: DateTime<Utc>,
    /// When it began to fire.
    pub fired_at: DateTime<Utc>,
    /// Whether the condition was seen to begin to hold.
    pub seen: bool,
    /// What was seen last, once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<SafeText>,
    /// When it was over.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Why nobody needed to hear of it when it fired.
    pub muted_because: Option<SafeText>,
    /// Who is at it.
    pub acknowledged: Option<Acknowledgement>,
    /// The marks of links by which somebody was at it: none says so twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_links: Vec<Name>,
    /// The fence by which it was said last.
    pub fence: u64,
}

impl AlertRecord {
    /// As it begins.
    pub fn new(fired: &AlertFired) -> Self {
        let AlertFired { severity, since, fired_at, seen, fence, .. } = *fired;
        Self {
            id: fired.id.clone(),
            alert: fired.alert.clone(),
            rule: fired.rule.clone(),
            severity,
            service: fired.service.clone(),
            condition: fired.condition.clone(),
            value: fired.value.clone(),
            since,
            fired_at,
            seen,
            last: None,
            resolved_at: None,
            muted_because: fired.muted_because.clone(),
            acknowledged: None,
            used_links: Vec::new(),
            fence,
        }
    }

    /// Whether it fires.
    pub const fn is_firing(&self) -> bool {
        self.resolved_at.is_none()
    }

    /// Takes in that it is over; false where it was already, or where that waited while a newer holder spoke.
    pub fn resolve(&mut self, resolved: &AlertResolved, is_late: bool) -> bool {
        let is_news = self.is_firing() && !(is_late && resolved.fence < self.fence);
        if is_news {
            (self.resolved_at, self.fence) = (Some(resolved.at), self.fence.max(resolved.fence));
            self.last.clone_from(&resolved.value);
        }
        is_news
    }

    /// Takes in that a person is at it; false where it is over, or where somebody has said so later.
    pub fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> bool {
        let is_older = self.acknowledged.as_ref().is_some_and(|known| known.at > acknowledgement.at);
        let is_news = self.is_firing() && !is_older && self.fired_at <= acknowledgement.at;
        if is_news {
            self.used_links.extend(acknowledgement.link.clone());
            self.acknowledged = Some(acknowledgement.joined_to(self.acknowledged.take()));
        }
        is_news
    }

    /// Takes in that an acknowledgement holds no more; false where it is not the one that is meant.
    pub fn unacknowledge(&mut self, said: &AlertUnacknowledged) -> bool {
        self.acknowledged.take_if(|known| known.until <= said.until).is_some()
    }
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    match fact.said() {
        // A firing begins once, whoever says so.
        Statement::AlertFired(fired) if known(things, &fired.id).is_none() => {
            keep(things, &AlertRecord::new(fired), fact.seq);
        }
        Statement::AlertResolved(resolved) => {
            change(things, &resolved.id, fact.seq, |record| record.resolve(resolved, fact.draft.late));
        }
        Statement::AlertAcknowledged(said) => {
            change(things, &said.id, fact.seq, |record| record.acknowledge(Acknowledgement::new(&fact.draft, said)));
            note(things, fact, said);
        }
        Statement::AlertUnacknowledged(said) => {
            change(things, &said.id, fact.seq, |record| record.unacknowledge(said));
        }
        _ => {}
    }
}

/// The newest word stands.
fn note(things: &mut Things, fact: &Fact, said: &AlertAcknowledged) {
    let key = ThingKey::new(ThingKind::Note, &said.alert);
    let known = things.get(&key).and_then(StoredThing::read::<NoteRecord>);
    if known.is_none_or(|known| known.at <= fact.draft.at) {
        things.write(key, false, String::new(), &NoteRecord::new(&fact.draft, said), fact.seq);
    }
}

fn known(things: &Things, id: &str) -> Option<AlertRecord> {
    things.get(&ThingKey::new(ThingKind::Alert, id)).and_then(StoredThing::read)
}

/// Changes what is known of a firing; what changes nothing leaves the fact of its last change as it is.
fn change(things: &mut Things, id: &str, seq: u64, change: impl FnOnce(&mut AlertRecord) -> bool) {
    let Some(mut record) = known(things, id) else { return };
    if change(&mut record) {
        keep(things, &record, seq);
    }
}

/// Found together with the other firings of its condition.
fn keep(things: &mut Things, record: &AlertRecord, seq: u64) {
    let key = ThingKey::new(ThingKind::Alert, &record.id);
    things.write(key, record.is_firing(), record.rule.to_string(), record, seq);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acknowledgement(second: i64, who: &str, together: bool) -> Acknowledgement {
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        let said = AlertAcknowledged {
            id: "a".into(),
            alert: "api".into(),
            severity: Severity::Critical,
            why: "on it".into(),
            until: at + TimeDelta::minutes(10),
            link: None,
            together,
            taken_by: None,
        };
        let (id, host) = (second.to_string(), "box".to_owned());
        let said_by = NewFact {
            id,
            at,
            who: who.to_owned(),
            host,
            process: 1,
            late: false,
            said: Statement::AlertAcknowledged(said.clone()),
        };
        Acknowledgement::new(&said_by, &said)
    }

    #[test]
    fn those_who_acknowledge_together_are_all_kept_while_what_they_said_holds() {
        let mut record = AlertRecord::new(&AlertFired { id: "a".into(), ..AlertFired::sample(DateTime::UNIX_EPOCH) });
        let mut people = |second, who, together| {
            assert!(record.acknowledge(acknowledgement(second, who, together)));
            let known = record.acknowledged.clone().unwrap();
            known.people().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(people(0, "ana", true), ["ana"]);
        assert_eq!(people(60, "ben", true), ["ben", "ana"]);
        assert_eq!(people(70, "ana", true), ["ana", "ben"], "each once");
        assert_eq!(people(80, "eve", false), ["eve"], "a shift that was handed over is nobody else's");
        assert_eq!(people(800, "ben", true), ["ben"], "hers was over by then");
    }
}
