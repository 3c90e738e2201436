//! Things: what facts have made of an object, to be found without reading them all.
//!
//! A thing is a row of its own, written with the fact that changes it, and always the same as if every fact were read
//! again: [`follow`] is the one place that knows what a fact makes of it.

mod alert;
mod baseline;
mod change;
mod check;
mod checklist;
mod contact;
mod exclusion;
pub mod incident;
mod maintenance;
mod message;
mod oncall;
mod run;
mod runbook;
mod silence;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::alert::NOTE_STANDS;
pub use self::alert::{Acknowledgement, AlertRecord, NoteRecord};
pub use self::change::ChangeRecord;
pub use self::check::CheckRecord;
pub(crate) use self::check::is_outdated;
pub use self::checklist::{ChecklistRecord, CorrectedText, NotedText, SignOff, StepAnswer, StepRecord};
pub(crate) use self::checklist::{DEFERRED_FOR, checklist_key, checklist_run_of};
pub use self::contact::{ContactRecord, TestPage, VerifiedPage};
pub use self::exclusion::ExclusionRecord;
pub use self::incident::IncidentRecord;
pub(crate) use self::incident::{incident_key, incident_things};
pub use self::maintenance::{MaintenanceRecord, PlannedBy};
pub use self::oncall::{AssignmentRecord, HandoverAcceptance, HandoverRecord};
pub use self::run::{HeldLock, RunRecord, group_of};
pub use self::runbook::{RunbookRecord, RunbookTick};
pub use self::silence::SilenceRecord;
use super::fact::Fact;

/// What kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThingKind {
    /// A check, by its name.
    Check,
    /// A firing of an alert, by its id.
    Alert,
    /// The note of the last acknowledgement of a check or metric, by its name.
    Note,
    /// A silence, by its id.
    Silence,
    /// A window of maintenance, by its id.
    Maintenance,
    /// A span that does not count against an objective, by its id.
    Exclusion,
    /// A run of a checklist, or a period that went by without one, by its moment and list.
    Checklist,
    /// An incident, by its number in eight digits.
    Incident,
    /// A planned change or a freeze, by its id.
    Change,
    /// A runbook, by its file and section.
    Runbook,
    /// Who is on call for a while, by the id of the assignment.
    #[serde(rename = "oncall")]
    OnCall,
    /// A handover, by its id.
    Handover,
    /// A contact of the configuration, by its name.
    Contact,
    /// A baseline, by its name.
    Baseline,
    /// What a target of messages was told, by the target's id.
    Message,
    /// A run, by its id.
    Run,
    /// The lock of a target, by the target's name.
    Lock,
}

impl ThingKind {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Alert => "alert",
            Self::Note => "note",
            Self::Silence => "silence",
            Self::Maintenance => "maintenance",
            Self::Exclusion => "exclusion",
            Self::Checklist => "checklist_run",
            Self::Incident => "incident",
            Self::Change => "change",
            Self::Runbook => "runbook",
            Self::OnCall => "oncall",
            Self::Handover => "handover",
            Self::Contact => "contact",
            Self::Baseline => "baseline",
            Self::Message => "message",
            Self::Run => "run",
            Self::Lock => "lock",
        }
    }

    /// Every kind that this version keeps.
    pub(crate) const ALL: [Self; 17] = [
        Self::Check,
        Self::Alert,
        Self::Note,
        Self::Silence,
        Self::Maintenance,
        Self::Exclusion,
        Self::Checklist,
        Self::Incident,
        Self::Change,
        Self::Runbook,
        Self::OnCall,
        Self::Handover,
        Self::Contact,
        Self::Baseline,
        Self::Message,
        Self::Run,
        Self::Lock,
    ];

    /// From how it is stored; `None` where a newer version stored it.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ThingKey {
    /// Its kind.
    pub kind: ThingKind,
    /// Its id among those.
    pub id: String,
}

impl ThingKey {
    /// Of an object.
    pub fn new(kind: ThingKind, id: &str) -> Self {
        Self { kind, id: id.to_owned() }
    }
}

/// An object as the facts left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredThing {
    /// Which.
    #[serde(flatten)]
    pub key: ThingKey,
    /// Whether it still needs somebody.
    pub open: bool,
    /// What it is found by together with others: for a run its verb and target.
    pub group: String,
    /// How it stands.
    pub state: Value,
    /// The fact that changed it last.
    pub seq: u64,
}

impl StoredThing {
    /// How it stands, in its own type; `None` where that was written by a version that keeps it in another way.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(&self.state).ok()
    }

    /// Whether things of a kind may be about a time that is still to come while they need nobody.
    pub(crate) const fn may_lie_ahead(kind: ThingKind) -> bool {
        matches!(kind, ThingKind::OnCall | ThingKind::Handover | ThingKind::Change)
    }

    /// The first moment after the time that it is about, where its kind may lie ahead; `None`: it is over with its last fact.
    pub(crate) fn ends_at(&self) -> Option<DateTime<Utc>> {
        match self.key.kind {
            ThingKind::OnCall => self.read().map(|one: AssignmentRecord| one.end()),
            ThingKind::Handover => self.read().map(|one: HandoverRecord| one.waits_until()),
            ThingKind::Change => self.read().map(|one: ChangeRecord| one.until),
            _ => None,
        }
    }
}

/// Some things at hand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Things(BTreeMap<ThingKey, StoredThing>);

impl Things {
    /// One.
    pub fn get(&self, key: &ThingKey) -> Option<&StoredThing> {
        self.0.get(key)
    }

    /// All, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &StoredThing> {
        self.0.values()
    }

    /// Puts one in its place.
    pub fn set(&mut self, thing: StoredThing) {
        self.0.insert(thing.key.clone(), thing);
    }

    fn write(&mut self, key: ThingKey, open: bool, group: String, state: &impl Serialize, seq: u64) {
        // What these states hold is plain data: it always has a form in JSON.
        if let Ok(state) = serde_json::to_value(state) {
            self.set(StoredThing { key, open, group, state, seq });
        }
    }
}

impl FromIterator<StoredThing> for Things {
    fn from_iter<I: IntoIterator<Item = StoredThing>>(things: I) -> Self {
        Self(things.into_iter().map(|thing| (thing.key.clone(), thing)).collect())
    }
}

/// What a fact makes of things. `things` holds those that it touches, as the facts before it left them.
pub fn follow(fact: &Fact, things: &mut Things) {
    run::follow(fact, things);
    check::follow(fact, things);
    alert::follow(fact, things);
    silence::follow(fact, things);
    maintenance::follow(fact, things);
    exclusion::follow(fact, things);
    checklist::follow(fact, things);
    incident::follow(fact, things);
    change::follow(fact, things);
    runbook::follow(fact, things);
    oncall::follow(fact, things);
    contact::follow(fact, things);
    baseline::follow(fact, things);
    message::follow(fact, things);
}

/// Removes what needs nobody any more and was last changed by the fact `seq` or one before.
pub fn forget(things: &mut Things, kind: ThingKind, seq: u64) {
    things.0.retain(|key, thing| key.kind != kind || thing.open || thing.seq > seq);
}
