//! What a digest is made of and from.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::alert::Severity;
use crate::model::fact::Fact;
use crate::model::run::Run;
use crate::model::status::Status;
use crate::model::thing::{CheckRecord, IncidentRecord};
use crate::text::SafeText;
use crate::text::count::counted;
use crate::text::name::Name;

/// How many entries of each kind were left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LeftOutEntries {
    /// Of checks that were not ok.
    pub outages: usize,
    /// Of alerts.
    pub alerts: usize,
    /// Of releases.
    pub deployments: usize,
    /// Of runs.
    pub runs: usize,
    /// Of acknowledgements.
    pub acknowledged: usize,
    /// Of incidents.
    pub incidents: usize,
    /// Of rounds.
    pub rounds: usize,
    /// Of what else people did.
    pub people: usize,
}

/// What stands where entries are missing; `None`: none are.
pub(crate) fn left_out(count: usize) -> Option<String> {
    (count > 0).then(|| format!("{} left out", counted(count, "earlier entry")))
}

/// What is on record of a span of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpanRecord<'a> {
    /// Facts in the order of the chain. Those outside of the span are passed over.
    pub facts: &'a [Fact],
    /// The runs that they are about, by the object of the fact.
    pub runs: &'a BTreeMap<String, Run>,
    /// The checks that are not ok at its end.
    pub troubled: &'a BTreeMap<Name, CheckRecord>,
    /// Incidents, those that are open among them.
    pub incidents: &'a [IncidentRecord],
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DigestIncident {
    /// `INC-42`.
    pub id: Name,
    /// What is wrong.
    pub title: SafeText,
    /// How bad.
    pub severity: Severity,
    /// Where it stands, in a word.
    pub state: &'static str,
    /// When it was opened.
    pub opened: DateTime<Utc>,
    /// When it ended; `None`: it is open.
    pub ended: Option<DateTime<Utc>>,
}

/// A check that was not ok.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Outage {
    /// The check.
    #[serde(skip)]
    pub check: Name,
    /// How the check is shown.
    pub title: String,
    /// The worst that it was shown to be.
    pub worst: Status,
    /// Since when; `None`: it was so before the span.
    pub from: Option<DateTime<Utc>>,
    /// When it was ok again; `None`: it is not yet.
    pub healed: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<SafeText>,
    /// Whether it was so all the time, so that nothing of it is news.
    pub stood: bool,
}

/// An alert that fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FiredAlert {
    /// How the check, metric or objective is shown.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// When.
    pub at: DateTime<Utc>,
    /// When it was over; `None`: it still fires.
    pub resolved: Option<DateTime<Utc>>,
    /// Who acknowledged it first.
    pub acknowledged_by: Option<SafeText>,
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DigestLine {
    /// When.
    pub at: DateTime<Utc>,
    /// What, as in the timeline.
    pub text: SafeText,
    /// Who: the login name.
    pub by: Option<SafeText>,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct EndedRun {
    /// What.
    #[serde(flatten)]
    pub line: DigestLine,
    /// Whether it did not do what it should.
    pub failed: bool,
}
