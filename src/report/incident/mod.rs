//! The report of an incident: one model, written as Markdown with front matter and as JSON, in the order of a post-mortem.
//!
//! The same record gives the same text, to the byte.

mod markdown;
mod seed;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::config::Config;
use crate::config::titles::title_of_service;
use crate::lang::order::InOrder;
use crate::lang::time::rfc3339;
use crate::lang::tz::Tz;
use crate::model::alert::Severity;
use crate::model::fact::incident::CopiedLine;
use crate::model::incident::clock::Deadline;
use crate::model::incident::{EntryKind, EntryState, IncidentState};
use crate::model::thing::IncidentRecord;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::incidents::lines::{self, IncidentLine};
use crate::world::responding::is_change_word;

/// What the form of a report is called, with its version.
const SCHEMA: &str = "opsroom.incident/1";

/// What stands where nobody has written anything yet.
const TO_BE_WRITTEN: &str = "To be written.";

/// What a note begins with that belongs into a section of its own.
const MARKED: [(&str, Marked); 6] = [
    ("cause:", Marked::Cause),
    ("impact:", Marked::Impact),
    ("well:", Marked::Well),
    ("badly:", Marked::Badly),
    ("lucky:", Marked::Lucky),
    ("todo", Marked::Todo),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marked {
    Cause,
    Impact,
    Well,
    Badly,
    Lucky,
    Todo,
}

fn seconds(span: Option<TimeDelta>) -> Option<i64> {
    span.map(|span| span.num_seconds())
}

/// A promise, and whether it was kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PromiseInReport {
    pub due_at: String,
    pub met_at: Option<String>,
    /// `null` while it is neither kept nor broken.
    pub kept: Option<bool>,
}

impl PromiseInReport {
    fn new(deadline: Deadline, now: DateTime<Utc>) -> Self {
        let is_settled = deadline.met_at.is_some() || deadline.is_broken(now);
        Self {
            due_at: rfc3339(deadline.due_at),
            met_at: deadline.met_at.map(rfc3339),
            kept: is_settled.then(|| !deadline.is_broken(now)),
        }
    }
}

/// How long it had a severity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SeverityInReport {
    pub severity: Severity,
    pub seconds: i64,
}

/// How long what took, in seconds; `null` where that is not known.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the JSON")]
pub(crate) struct FiguresInReport {
    pub time_to_detect_s: Option<i64>,
    pub time_to_acknowledge_s: Option<i64>,
    pub time_to_mitigate_s: Option<i64>,
    pub time_to_recover_s: Option<i64>,
    pub time_to_respond_s: Option<i64>,
}

/// Somebody's role, and when.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RoleInReport {
    pub role: &'static str,
    pub who: SafeText,
    pub from: String,
    pub until: Option<String>,
}

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LineInReport {
    pub at: String,
    pub kind: &'static str,
    pub who: Option<SafeText>,
    pub text: SafeText,
    /// The number of the entry.
    pub entry: Option<usize>,
    /// Whether it was put in later.
    pub back_dated: bool,
}

/// A note, a task, a hypothesis, a decision or a pin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct EntryInReport {
    pub number: usize,
    pub kind: EntryKind,
    pub state: EntryState,
    pub text: SafeText,
    pub owner: Option<SafeText>,
    pub by: SafeText,
    pub at: String,
    pub source: Option<SafeText>,
}

/// A status update.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct UpdateInReport {
    pub at: String,
    pub by: SafeText,
    pub status: SafeText,
    pub impact: Option<SafeText>,
    pub doing: Option<SafeText>,
    pub next_at: String,
    pub workaround: Option<SafeText>,
    pub public: bool,
}

/// What changed before it and while it lasted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ChangeInReport {
    pub at: String,
    pub kind: SafeText,
    pub object: SafeText,
    pub text: SafeText,
    pub who: Option<SafeText>,
}

/// A file of evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct EvidenceInReport {
    pub at: String,
    pub host: Name,
    pub path: String,
    pub sha256: String,
    pub bytes: u64,
}

/// Everything that a report says. The fields and their names in JSON are a promise; some may be added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct IncidentReport {
    pub schema: &'static str,
    pub console: String,
    pub environment: String,
    pub id: Name,
    pub title: SafeText,
    pub severity: Severity,
    pub state: IncidentState,
    pub kind: Option<Name>,
    pub services: Vec<Name>,
    pub opened_from: Option<SafeText>,
    pub opened_by: SafeText,
    pub lead: Option<SafeText>,
    pub impact_started_at: String,
    pub detected_at: String,
    pub alerted_at: Option<String>,
    pub opened_at: String,
    pub acknowledged_at: Option<String>,
    pub mitigated_at: Option<String>,
    pub resolved_at: Option<String>,
    pub closed_at: Option<String>,
    pub merged_into: Option<Name>,
    pub merged: Vec<Name>,
    pub figures: FiguresInReport,
    pub acknowledge: Option<PromiseInReport>,
    pub resolve: Option<PromiseInReport>,
    pub severities: Vec<SeverityInReport>,
    pub roles: Vec<RoleInReport>,
    pub changes: Vec<ChangeInReport>,
    pub timeline: Vec<LineInReport>,
    pub entries: Vec<EntryInReport>,
    pub updates: Vec<UpdateInReport>,
    pub evidence: Vec<EvidenceInReport>,
    /// What of the evidence could not be had.
    pub evidence_missing: Vec<SafeText>,
    /// Number and hash of the last fact of the audit chain when it was written.
    pub audit_head: Option<AuditHead>,
    /// The configuration's own word for the severity.
    #[serde(skip)]
    alias: Option<String>,
    /// The titles of the services, in their order.
    #[serde(skip)]
    service_titles: Vec<String>,
    /// Why it was resolved, merged or called a false alarm.
    pub resolution: Option<SafeText>,
}

/// The head of the audit chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct AuditHead {
    pub seq: u64,
    pub hash: String,
}

impl IncidentReport {
    /// Of an incident, with what happened around it, oldest first.
    pub(crate) fn new(
        record: &IncidentRecord,
        around: &[CopiedLine],
        config: &Config,
        audit_head: Option<AuditHead>,
        now: DateTime<Utc>,
    ) -> Self {
        let figures = record.figures();
        let stamps = &record.stamps;
        let began = record.impact_started_at().min(record.opened_at);
        let mut timeline = lines::of_record(record, Tz::UTC);
        timeline.extend(around.iter().filter(|line| line.at >= began).map(IncidentLine::happened));
        timeline.order_by_key(|line| line.at);
        Self {
            schema: SCHEMA,
            console: config.console.name.clone(),
            environment: config.console.environment.clone(),
            id: record.id.clone(),
            title: record.title.clone(),
            severity: record.severity,
            state: record.state,
            kind: record.kind.clone(),
            service_titles: record.services.iter().map(|name| title_of_service(config, name).to_owned()).collect(),
            services: record.services.clone(),
            opened_from: record.from.clone(),
            opened_by: record.opened_by.clone(),
            lead: record.lead().cloned(),
            impact_started_at: rfc3339(record.impact_started_at()),
            detected_at: rfc3339(record.detected_at()),
            alerted_at: stamps.alerted.map(rfc3339),
            opened_at: rfc3339(record.opened_at),
            acknowledged_at: stamps.acknowledged.map(rfc3339),
            mitigated_at: stamps.mitigated.map(rfc3339),
            resolved_at: stamps.resolved.map(rfc3339),
            closed_at: stamps.closed.map(rfc3339),
            merged_into: record.merged_into.clone(),
            merged: record.merged.clone(),
            figures: FiguresInReport {
                time_to_detect_s: seconds(figures.to_detect),
                time_to_acknowledge_s: seconds(figures.to_acknowledge),
                time_to_mitigate_s: seconds(figures.to_mitigate),
                time_to_recover_s: seconds(figures.to_recover),
                time_to_respond_s: seconds(figures.to_respond),
            },
            acknowledge: record.acknowledge_deadline().map(|deadline| PromiseInReport::new(deadline, now)),
            resolve: record.resolve_deadline().map(|deadline| PromiseInReport::new(deadline, now)),
            severities: severities(record, now),
            roles: roles(record),
            changes: around.iter().filter(|line| is_change_word(line.kind.as_str())).map(change).collect(),
            timeline: timeline.into_iter().map(line).collect(),
            entries: entries(record),
            updates: updates(record),
            evidence: evidence(record),
            evidence_missing: record.evidence.iter().flat_map(|saved| saved.missing.clone()).collect(),
            audit_head,
            alias: alias(config, record.severity),
            resolution: record.moves.iter().rev().find(|moved| !moved.to.is_open()).and_then(|moved| moved.why.clone()),
        }
    }

    /// As JSON.
    ///
    /// # Errors
    /// It has no form in JSON.
    pub(crate) fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// The notes that begin with a word, without it.
    fn marked(&self, wanted: Marked) -> Vec<(&EntryInReport, &str)> {
        let notes = self.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Note | EntryKind::Decision));
        notes.filter_map(|entry| Some((entry, mark_of(entry.text.as_str(), wanted)?))).collect()
    }
}

/// The first word of the configuration's own for a severity.
fn alias(config: &Config, severity: Severity) -> Option<String> {
    config.severities.iter().find(|rule| rule.severity == severity)?.aliases.first().cloned()
}

/// What follows the word that a note begins with.
fn mark_of(text: &str, wanted: Marked) -> Option<&str> {
    MARKED.into_iter().filter(|(_, marked)| *marked == wanted).find_map(|(word, _)| {
        let head = text.get(..word.len())?;
        let rest = &text[word.len()..];
        let ends = word.ends_with(':') || rest.starts_with([':', ' ']);
        (head.eq_ignore_ascii_case(word) && ends).then(|| rest.trim_start_matches([':', ' ']))
    })
}

fn severities(record: &IncidentRecord, now: DateTime<Utc>) -> Vec<SeverityInReport> {
    let spent = record.time_per_severity(now).into_iter();
    spent.map(|(severity, span)| SeverityInReport { severity, seconds: span.num_seconds() }).collect()
}

fn roles(record: &IncidentRecord) -> Vec<RoleInReport> {
    let term = |term: crate::model::incident::RoleTerm| RoleInReport {
        role: term.role.word(),
        who: term.who,
        from: rfc3339(term.from),
        until: term.until.map(rfc3339),
    };
    record.terms().into_iter().map(term).collect()
}

fn change(line: &CopiedLine) -> ChangeInReport {
    let CopiedLine { at, kind, object, text, who } = line.clone();
    ChangeInReport { at: rfc3339(at), kind, object, text, who }
}

fn line(line: IncidentLine) -> LineInReport {
    LineInReport {
        at: rfc3339(line.at),
        kind: line.kind.word(),
        who: line.who,
        text: line.text,
        entry: line.entry,
        back_dated: line.is_back_dated,
    }
}

fn entries(record: &IncidentRecord) -> Vec<EntryInReport> {
    let entry = |(number, entry): (usize, &crate::model::thing::incident::IncidentEntry)| EntryInReport {
        number,
        kind: entry.kind,
        state: entry.state,
        text: entry.text.clone(),
        owner: entry.owner.clone(),
        by: entry.by.clone(),
        at: rfc3339(entry.at),
        source: entry.source.clone(),
    };
    (1..).zip(&record.entries).map(entry).collect()
}

fn updates(record: &IncidentRecord) -> Vec<UpdateInReport> {
    let update = |update: &crate::model::thing::incident::StatusUpdate| UpdateInReport {
        at: rfc3339(update.at),
        by: update.by.clone(),
        status: update.said.status.clone(),
        impact: update.said.impact.clone(),
        doing: update.said.doing.clone(),
        next_at: rfc3339(update.said.next_at),
        workaround: update.said.workaround.clone(),
        public: update.said.is_public,
    };
    record.updates.iter().map(update).collect()
}

fn evidence(record: &IncidentRecord) -> Vec<EvidenceInReport> {
    let files = record.evidence.iter().flat_map(|saved| saved.files.iter().map(move |file| (saved, file)));
    let file = |(saved, file): (
        &crate::model::thing::incident::IncidentEvidenceRecord,
        &crate::model::fact::incident::EvidenceFile,
    )| EvidenceInReport {
        at: rfc3339(saved.at),
        host: saved.host.clone(),
        path: format!("{}/{}", saved.directory, file.name),
        sha256: file.sha256.clone(),
        bytes: file.bytes,
    };
    files.map(file).collect()
}

#[cfg(test)]
mod tests;
