//! The parts of the record of an incident.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::alert::Severity;
use crate::model::fact::incident::{EvidenceFile, IncidentUpdated};
use crate::model::incident::{
    EntryKind, EntryState, IncidentRole, IncidentStamp, IncidentState, IncidentStep, Reminder, RoleStep,
};
use crate::text::SafeText;
use crate::text::name::Name;

/// The moments of an incident beside its opening.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentStamps {
    /// The first moment of the impact, as far as that is known.
    pub impact_started: Option<DateTime<Utc>>,
    /// When it was noticed.
    pub detected: Option<DateTime<Utc>>,
    /// When the alert fired that told of it.
    pub alerted: Option<DateTime<Utc>>,
    /// When somebody was at it first.
    pub acknowledged: Option<DateTime<Utc>>,
    /// When the impact was over.
    pub mitigated: Option<DateTime<Utc>>,
    /// When it was over.
    pub resolved: Option<DateTime<Utc>>,
    /// When the report was done.
    pub closed: Option<DateTime<Utc>>,
}

impl IncidentStamps {
    /// The one that can be corrected.
    pub const fn of(&self, stamp: IncidentStamp) -> Option<DateTime<Utc>> {
        match stamp {
            IncidentStamp::ImpactStarted => self.impact_started,
            IncidentStamp::Detected => self.detected,
            IncidentStamp::Acknowledged => self.acknowledged,
            IncidentStamp::Mitigated => self.mitigated,
            IncidentStamp::Resolved => self.resolved,
        }
    }

    pub(super) const fn set(&mut self, stamp: IncidentStamp, to: DateTime<Utc>) {
        let at = match stamp {
            IncidentStamp::ImpactStarted => &mut self.impact_started,
            IncidentStamp::Detected => &mut self.detected,
            IncidentStamp::Acknowledged => &mut self.acknowledged,
            IncidentStamp::Mitigated => &mut self.mitigated,
            IncidentStamp::Resolved => &mut self.resolved,
        };
        *at = Some(to);
    }
}

/// A severity that it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentGrade {
    /// Which.
    pub severity: Severity,
    /// Since when.
    pub from: DateTime<Utc>,
    /// Who said so.
    pub by: SafeText,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
}

/// A state that it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentMove {
    /// By what.
    pub step: IncidentStep,
    /// Where to.
    pub to: IncidentState,
    /// When.
    pub at: DateTime<Utc>,
    /// Who said so.
    pub by: SafeText,
    /// Why, or what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
}

/// A step of a role from hand to hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRoleRecord {
    /// Which.
    pub role: IncidentRole,
    /// Whose it is then, or would be.
    pub who: SafeText,
    /// How.
    pub step: RoleStep,
    /// When.
    pub at: DateTime<Utc>,
    /// Who said so.
    pub by: SafeText,
}

/// What a person added: a note, a task, a hypothesis, a decision, a pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentEntry {
    /// The id of the fact that added it.
    pub id: String,
    /// What kind.
    pub kind: EntryKind,
    /// In words.
    pub text: SafeText,
    /// Where it stands.
    pub state: EntryState,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<SafeText>,
    /// When it was; of a task or a hypothesis when it was said.
    pub at: DateTime<Utc>,
    /// When it was said.
    pub said_at: DateTime<Utc>,
    /// Who said it.
    pub by: SafeText,
    /// Where a pin comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SafeText>,
    /// When its state changed last, and who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<(DateTime<Utc>, SafeText)>,
    /// When its words, its owner or its time were corrected last, and who did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<(DateTime<Utc>, SafeText)>,
}

/// A status update that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusUpdate {
    /// The id of the fact.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who gave it.
    pub by: SafeText,
    /// What was said.
    #[serde(flatten)]
    pub said: IncidentUpdated,
}

/// A moment that was corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentCorrection {
    /// Which.
    pub stamp: IncidentStamp,
    /// What it was taken to be.
    pub before: Option<DateTime<Utc>>,
    /// What it is.
    pub to: DateTime<Utc>,
    /// When that was said.
    pub at: DateTime<Utc>,
    /// Who said so.
    pub by: SafeText,
    /// By what that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
}

/// What was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentReminder {
    /// What.
    pub about: Reminder,
    /// Since when it was.
    pub due_at: DateTime<Utc>,
    /// When that was said.
    pub at: DateTime<Utc>,
}

/// Somebody who looked at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentJoin {
    /// Who.
    pub who: SafeText,
    /// When first.
    pub at: DateTime<Utc>,
}

/// Evidence that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentEvidenceRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// Who saved it.
    pub by: SafeText,
    /// On which host it lies.
    pub host: Name,
    /// In which directory.
    pub directory: String,
    /// The files.
    pub files: Vec<EvidenceFile>,
    /// What could not be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<SafeText>,
}
