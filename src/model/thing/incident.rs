//! Incidents, from their opening to their report: all that people said of one, in one record that needs no other.

mod fold;
mod parts;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::parts::{
    IncidentCorrection, IncidentEntry, IncidentEvidenceRecord, IncidentGrade, IncidentJoin, IncidentMove,
    IncidentReminder, IncidentRoleRecord, IncidentStamps, StatusUpdate,
};
use super::{StoredThing, ThingKey, ThingKind, Things};
use crate::model::alert::Severity;
use crate::model::fact::incident::CopiedLine;
use crate::model::fact::{Fact, IncidentFact, IncidentSaid, Statement};
use crate::model::incident::{
    EntryKind, EntryState, IncidentRole, IncidentState, IncidentTargets, RoleStep, RoleTerm, incident_number,
};
use crate::text::SafeText;
use crate::text::name::Name;

/// What stands before the name of the alert from which an incident was opened.
pub(crate) const FROM_ALERT: &str = "alert:";

/// From where an incident is that was opened from the alert of that name.
pub(crate) fn from_alert(alert: &str) -> SafeText {
    SafeText::new(&format!("{FROM_ALERT}{alert}"))
}

/// Entries of an incident at most: nobody reads more, and the record is written whole with each.
pub(crate) const MOST_ENTRIES: usize = 500;
/// Steps, updates, reminders and the like of each kind that are kept at most.
pub(crate) const MOST_OTHERS: usize = 300;

/// An incident as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRecord {
    /// `INC-42`.
    pub id: Name,
    /// What is wrong, in a line.
    pub title: SafeText,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub state: IncidentState,
    /// The services that are concerned.
    pub services: Vec<Name>,
    /// The kind, of `[incident] kinds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Name>,
    /// The checklist that its kind offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checklist: Option<Name>,
    /// What it was opened from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<SafeText>,
    /// Who opened it: the login name.
    pub opened_by: SafeText,
    /// When it was opened: its clock runs from here.
    pub opened_at: DateTime<Utc>,
    /// Its other moments.
    pub stamps: IncidentStamps,
    /// By when what is asked for.
    pub targets: IncidentTargets,
    /// Its severities, the first first.
    pub grades: Vec<IncidentGrade>,
    /// Its states after the first, in the order in which they were said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<IncidentMove>,
    /// How roles changed hands, in the order in which it was said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<IncidentRoleRecord>,
    /// What people added, in the order in which it was said: the number of an entry is its place, from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<IncidentEntry>,
    /// Status updates, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<StatusUpdate>,
    /// Moments that were corrected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<IncidentCorrection>,
    /// What was due or late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reminders: Vec<IncidentReminder>,
    /// Who looked at it, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<IncidentJoin>,
    /// The incident in which the work goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<Name>,
    /// The incidents that turned out to be this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<Name>,
    /// Evidence that was saved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<IncidentEvidenceRecord>,
    /// What happened around it, as it was copied when it ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copied: Vec<CopiedLine>,
}

impl IncidentRecord {
    /// Its number.
    pub fn number(&self) -> u32 {
        incident_number(&self.id).unwrap_or_default()
    }

    /// Whether it was opened from an alert of that name.
    pub fn is_from_alert(&self, alert: &str) -> bool {
        self.from.as_ref().and_then(|from| from.as_str().strip_prefix(FROM_ALERT)) == Some(alert)
    }

    /// Whether it is being worked on.
    pub const fn is_open(&self) -> bool {
        self.state.is_open()
    }

    /// When it ended, whatever it was: resolved, merged, a false alarm.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        if self.is_open() {
            return None;
        }
        self.stamps.resolved.or_else(|| self.moves.last().map(|last| last.at))
    }

    /// Until when what happened around it was copied; `None`: nothing was.
    pub fn copied_until(&self) -> Option<DateTime<Utc>> {
        let copied = self.moves.iter().rfind(|moved| moved.step.ends()).map(|moved| moved.at);
        copied.filter(|_| !self.copied.is_empty())
    }

    /// Who has a role.
    pub fn holder(&self, role: IncidentRole) -> Option<&SafeText> {
        holder_of(self.roles.iter().filter(|said| said.role == role))
    }

    /// From whom a role was taken last, where whoever has it did not wait for them.
    pub fn taken_from(&self, role: IncidentRole) -> Option<&SafeText> {
        let mut said = self.roles.iter().filter(|said| said.role == role);
        let last = said.next_back().filter(|last| last.step == RoleStep::Taken)?;
        holder_of(said).filter(|before| **before != last.who)
    }

    /// To whom a role is offered, and who offers it, where nobody has answered yet.
    pub fn offer(&self, role: IncidentRole) -> Option<&IncidentRoleRecord> {
        self.roles.iter().rfind(|said| said.role == role).filter(|last| last.step == RoleStep::Offered)
    }

    /// Who leads.
    pub fn lead(&self) -> Option<&SafeText> {
        self.holder(IncidentRole::Lead)
    }

    /// Who had which role, and when, in the order in which they took it.
    pub fn terms(&self) -> Vec<RoleTerm> {
        let mut terms: Vec<RoleTerm> = Vec::new();
        let end = self.ended_at();
        for said in &self.roles {
            let open = terms.iter_mut().rfind(|term| term.role == said.role && term.until.is_none());
            match said.step {
                RoleStep::Taken | RoleStep::Accepted => {
                    if let Some(before) = open {
                        if before.who == said.who {
                            continue;
                        }
                        before.until = Some(said.at);
                    }
                    terms.push(RoleTerm { role: said.role, who: said.who.clone(), from: said.at, until: None });
                }
                RoleStep::Released => {
                    if let Some(before) = open.filter(|before| before.who == said.who) {
                        before.until = Some(said.at);
                    }
                }
                RoleStep::Offered | RoleStep::Declined => {}
            }
        }
        for term in terms.iter_mut().filter(|term| term.until.is_none()) {
            term.until = end;
        }
        terms
    }

    /// The entry of that number, from 1.
    pub fn entry(&self, number: usize) -> Option<&IncidentEntry> {
        self.entries.get(number.checked_sub(1)?)
    }

    /// The entries of a kind, each with its number.
    pub fn entries_of(&self, kind: EntryKind) -> impl Iterator<Item = (usize, &IncidentEntry)> {
        (1..).zip(&self.entries).filter(move |(_, entry)| entry.kind == kind)
    }

    /// The tasks and hypotheses that are open, each with its number.
    pub fn open_entries(&self) -> impl Iterator<Item = (usize, &IncidentEntry)> {
        (1..).zip(&self.entries).filter(|(_, entry)| entry.state == EntryState::Open)
    }
}

/// Who has a role after these steps of it.
fn holder_of<'a>(steps: impl Iterator<Item = &'a IncidentRoleRecord>) -> Option<&'a SafeText> {
    let mut holder: Option<&SafeText> = None;
    for said in steps {
        match said.step {
            RoleStep::Taken | RoleStep::Accepted => holder = Some(&said.who),
            RoleStep::Released => holder = holder.filter(|known| **known != said.who),
            RoleStep::Offered | RoleStep::Declined => {}
        }
    }
    holder
}

/// The key of an incident: its number in so many digits that keys stand in the order of numbers.
pub(crate) fn incident_key(id: &str) -> ThingKey {
    ThingKey::new(ThingKind::Incident, &format!("{:08}", incident_number(id).unwrap_or_default()))
}

/// The incidents that something said changes.
pub(crate) fn incident_things(said: &IncidentSaid) -> Vec<ThingKey> {
    let mut keys = vec![incident_key(&said.id)];
    if let IncidentFact::Moved(moved) = &said.what {
        keys.extend(moved.into.as_ref().map(|into| incident_key(into)));
    }
    keys
}

pub(super) fn follow(fact: &Fact, things: &mut Things) {
    let Statement::Incident(said) = fact.said() else { return };
    for key in incident_things(said) {
        let known = things.get(&key).and_then(StoredThing::read::<IncidentRecord>);
        let changed = if key == incident_key(&said.id) {
            IncidentRecord::after(known, &fact.draft, said)
        } else {
            known.map(|known| known.with_merged(&said.id))
        };
        if let Some(record) = changed {
            things.write(key, !record.state.is_done(), record.id.to_string(), &record, fact.seq);
        }
    }
}
