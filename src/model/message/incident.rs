//! What a message says of an incident: a status update, or that something is due.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{flat, time};
use crate::model::alert::Severity;
use crate::text::SafeText;
use crate::text::name::Name;

/// A word on an incident, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentNotice {
    /// Unique for ever.
    pub id: Name,
    /// Which incident.
    pub incident: Name,
    /// What is wrong.
    pub title: SafeText,
    /// How bad.
    pub severity: Severity,
    /// Where it stands, or what is due.
    pub status: SafeText,
    /// Who notices what.
    pub impact: Option<SafeText>,
    /// What is being done.
    pub doing: Option<SafeText>,
    /// When the next update comes.
    pub next_at: Option<DateTime<Utc>>,
    /// How to live with it until then.
    pub workaround: Option<SafeText>,
    /// Whether it reminds those who work on it, rather than telling those who wait.
    pub is_reminder: bool,
    /// The channels by which it is sent.
    #[serde(skip)]
    pub notify: Vec<Name>,
}

impl IncidentNotice {
    /// `INC-3 critical checkout fails: rolling back`
    pub(super) fn line(&self) -> String {
        let reminds = if self.is_reminder { "reminder: " } else { "" };
        flat(&format!("{reminds}{} {} {}: {}", self.incident, self.severity.word(), self.title, self.status))
    }

    /// It with its other fields, a line each.
    pub(super) fn paragraph(&self) -> Vec<String> {
        let field = |name: &str, text: Option<&SafeText>| text.map(|text| flat(&format!("- {name}: {text}")));
        let texts = [
            field("impact", self.impact.as_ref()),
            field("what is being done", self.doing.as_ref()),
            field("workaround", self.workaround.as_ref()),
            self.next_at.map(|at| format!("- next update: {}", time(at))),
        ];
        [String::new(), self.line()].into_iter().chain(texts.into_iter().flatten()).collect()
    }
}

/// The latest of them in a line, and how many more there are.
pub(super) fn summary(updates: &[IncidentNotice]) -> Option<String> {
    let (last, others) = updates.split_last()?;
    let more = if others.is_empty() { String::new() } else { format!(", {} more", others.len()) };
    Some(format!("{}{more}", last.line()))
}
