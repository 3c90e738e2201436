//! What is said of incidents, each in the form in which it is stored. All of it is one kind of statement: which incident, and
//! what of it.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::model::alert::Severity;
use crate::model::incident::{
    EntryKind, EntryState, IncidentRole, IncidentStamp, IncidentStep, IncidentTargets, Reminder, RoleStep,
};
use crate::text::SafeText;
use crate::text::name::Name;

/// Something that is said of an incident. Who says it and when is in the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentSaid {
    /// Which incident: `INC-42`. Of one that is opened the store gives it.
    pub id: Name,
    /// What.
    pub what: IncidentFact,
}

/// What can be said of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentFact {
    /// It was opened.
    Opened(IncidentOpened),
    /// It came to another state.
    Moved(IncidentMoved),
    /// Its severity is another one.
    Graded(IncidentGraded),
    /// A note, a task, a hypothesis, a decision or a pin was added.
    Noted(IncidentNoted),
    /// An entry is another one than before: a task was done, a word was wrong.
    Amended(IncidentAmended),
    /// A role changed hands, or is offered.
    Role(IncidentRoleSaid),
    /// A status update for those outside.
    Updated(IncidentUpdated),
    /// A moment of it was another one than was said.
    Corrected(IncidentCorrected),
    /// Something is due, or late. Said by the holder of the lease alone.
    Reminded(IncidentReminded),
    /// Somebody looks at it who did not before.
    Joined(IncidentJoined),
    /// Evidence was saved.
    Evidence(IncidentEvidence),
}

/// An incident is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentOpened {
    /// What is wrong, in a line.
    pub title: SafeText,
    /// How bad.
    pub severity: Severity,
    /// By when what is asked for.
    pub targets: IncidentTargets,
    /// The services that are concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Name>,
    /// The kind, of `[incident] kinds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Name>,
    /// The checklist that its kind offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checklist: Option<Name>,
    /// What it was opened from: `alert:api`, `checklist:morning`. `None`: by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<SafeText>,
    /// When the alert fired that it was opened from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerted_at: Option<DateTime<Utc>>,
    /// When the impact began, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact_started_at: Option<DateTime<Utc>>,
}

/// An incident came to another state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentMoved {
    /// By what.
    pub step: IncidentStep,
    /// Why, or what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
    /// The incident that it is merged into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<Name>,
    /// What happened around it, copied, so that its record does not refer to what expires.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copied: Vec<CopiedLine>,
}

/// A line of the timeline that an incident keeps for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedLine {
    /// When.
    pub at: DateTime<Utc>,
    /// The kind, as `opsroom timeline` has it.
    pub kind: SafeText,
    /// What it is about: `check:api`.
    pub object: SafeText,
    /// In words.
    pub text: SafeText,
    /// Who, where that was a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<SafeText>,
}

/// The severity of an incident is another one. Its clock keeps its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentGraded {
    /// How bad.
    pub severity: Severity,
    /// By when what is asked for now.
    pub targets: IncidentTargets,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
}

/// Something that a person adds. It is known by the id of the fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentNoted {
    /// What kind.
    pub kind: EntryKind,
    /// In words.
    pub text: SafeText,
    /// Who is to do it, or holds it to be so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<SafeText>,
    /// When it was, where that was not when it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened_at: Option<DateTime<Utc>>,
    /// Where a pin comes from: `log:api`, `check:api`, `metric:error-rate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SafeText>,
}

/// What of an entry is another one than before; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentAmended {
    /// The id of the fact that added it.
    pub entry: String,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<EntryState>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<SafeText>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<SafeText>,
    /// When it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened_at: Option<DateTime<Utc>>,
}

/// A role changes hands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRoleSaid {
    /// Which.
    pub role: IncidentRole,
    /// Who takes it, or is offered it, or gives it up: the login name.
    pub who: SafeText,
    /// How.
    pub step: RoleStep,
}

/// A status update: what those outside have to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentUpdated {
    /// Where it stands.
    pub status: SafeText,
    /// Who notices what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<SafeText>,
    /// What is being done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doing: Option<SafeText>,
    /// When the next one comes.
    pub next_at: DateTime<Utc>,
    /// How to live with it until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workaround: Option<SafeText>,
    /// Whether it is for the status page too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_public: bool,
    /// The channels by which it is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Name>,
}

/// A moment of an incident was another one than was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentCorrected {
    /// Which.
    pub stamp: IncidentStamp,
    /// When it was.
    pub to: DateTime<Utc>,
    /// By what that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
}

/// Something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentReminded {
    /// What.
    pub about: Reminder,
    /// Since when it is.
    pub due_at: DateTime<Utc>,
}

/// Somebody looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentJoined {}

/// Evidence that was saved beside the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentEvidence {
    /// The directory, on the host of the envelope.
    pub directory: String,
    /// The files in it.
    pub files: Vec<EvidenceFile>,
    /// What could not be had, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<SafeText>,
}

/// A file of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFile {
    /// Its name in the directory.
    pub name: SafeText,
    /// SHA-256 of its content, hex.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
}

impl EvidenceFile {
    /// Of a file with that content.
    pub(crate) fn of(name: &str, content: &str) -> Self {
        let sha256 = format!("{:x}", Sha256::digest(content.as_bytes()));
        Self { name: SafeText::new(name), sha256, bytes: content.len() as u64 }
    }
}

impl IncidentSaid {
    /// What begins every kind.
    pub(crate) const KIND: &str = "incident.";

    /// Of an incident that is known.
    pub fn of(id: &Name, what: IncidentFact) -> Self {
        Self { id: id.clone(), what }
    }

    /// The kind of the fact.
    pub(super) const fn kind(&self) -> &'static str {
        match self.what {
            IncidentFact::Opened(_) => "incident.opened",
            IncidentFact::Moved(_) => "incident.moved",
            IncidentFact::Graded(_) => "incident.severity",
            IncidentFact::Noted(_) => "incident.entry",
            IncidentFact::Amended(_) => "incident.amended",
            IncidentFact::Role(_) => "incident.role",
            IncidentFact::Updated(_) => "incident.update",
            IncidentFact::Corrected(_) => "incident.corrected",
            IncidentFact::Reminded(_) => "incident.due",
            IncidentFact::Joined(_) => "incident.joined",
            IncidentFact::Evidence(_) => "incident.evidence",
        }
    }

    /// As JSON: the fields of what is said beside `incident`.
    pub(super) fn detail(&self) -> serde_json::Result<Value> {
        let mut detail = match &self.what {
            IncidentFact::Opened(said) => serde_json::to_value(said),
            IncidentFact::Moved(said) => serde_json::to_value(said),
            IncidentFact::Graded(said) => serde_json::to_value(said),
            IncidentFact::Noted(said) => serde_json::to_value(said),
            IncidentFact::Amended(said) => serde_json::to_value(said),
            IncidentFact::Role(said) => serde_json::to_value(said),
            IncidentFact::Updated(said) => serde_json::to_value(said),
            IncidentFact::Corrected(said) => serde_json::to_value(said),
            IncidentFact::Reminded(said) => serde_json::to_value(said),
            IncidentFact::Joined(said) => serde_json::to_value(said),
            IncidentFact::Evidence(said) => serde_json::to_value(said),
        }?;
        if let Value::Object(fields) = &mut detail {
            fields.insert("incident".to_owned(), Value::String(self.id.to_string()));
        }
        Ok(detail)
    }

    /// From its kind and its JSON; `None`: neither this version nor an earlier one writes it so.
    pub(super) fn read(kind: &str, detail: &Value) -> Option<Self> {
        fn typed<T: DeserializeOwned>(detail: &Value) -> Option<T> {
            T::deserialize(detail).ok()
        }
        let id = Name::from(detail.get("incident")?.as_str()?);
        let what = match kind {
            "incident.opened" => IncidentFact::Opened(typed(detail)?),
            "incident.moved" => IncidentFact::Moved(typed(detail)?),
            "incident.severity" => IncidentFact::Graded(typed(detail)?),
            "incident.entry" => IncidentFact::Noted(typed(detail)?),
            "incident.amended" => IncidentFact::Amended(typed(detail)?),
            "incident.role" => IncidentFact::Role(typed(detail)?),
            "incident.update" => IncidentFact::Updated(typed(detail)?),
            "incident.corrected" => IncidentFact::Corrected(typed(detail)?),
            "incident.due" => IncidentFact::Reminded(typed(detail)?),
            "incident.joined" => IncidentFact::Joined(typed(detail)?),
            "incident.evidence" => IncidentFact::Evidence(typed(detail)?),
            _ => return None,
        };
        Some(Self { id, what })
    }
}
