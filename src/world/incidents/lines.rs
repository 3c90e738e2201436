//! The timeline of one incident: what people said of it and what happened around it, in the order in which it was so.

use chrono::{DateTime, TimeDelta, Utc};

use super::words;
use crate::lang::order::InOrder;
use crate::lang::tz::Tz;
use crate::model::fact::incident::CopiedLine;
use crate::model::incident::{EntryKind, EntryState};
use crate::model::thing::IncidentRecord;
use crate::text::SafeText;

/// How long before an incident began it is looked for what changed.
pub(crate) const CHANGED_WITHIN: TimeDelta = TimeDelta::hours(6);
/// How long after its end what happens still belongs to it.
const AFTER: TimeDelta = TimeDelta::minutes(15);

/// What kind of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    /// It was opened, or came to another state or severity.
    State,
    /// A role changed hands.
    Role,
    /// A status update.
    Update,
    /// What a person added.
    Entry(EntryKind),
    /// A promise was about to be broken, or was; or something was due.
    Due {
        /// Whether it was broken.
        is_breach: bool,
    },
    /// A moment was corrected, evidence saved, somebody joined.
    Other,
    /// What happened around it.
    Happened,
}

impl LineKind {
    /// The word for it in a report, as in the kinds of a timeline.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Role => "role",
            Self::Update => "comms",
            Self::Entry(EntryKind::Hypothesis) => "finding",
            Self::Entry(EntryKind::Pin) => "evidence",
            Self::Entry(EntryKind::Task) => "todo",
            Self::Entry(kind) => kind.word(),
            Self::Due { .. } => "due",
            Self::Other => "record",
            Self::Happened => "auto",
        }
    }
}

/// A line of the timeline of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IncidentLine {
    /// When.
    pub at: DateTime<Utc>,
    /// What kind.
    pub kind: LineKind,
    /// Who, where that was a person.
    pub who: Option<SafeText>,
    /// In words.
    pub text: SafeText,
    /// The number of the entry that it is, from 1.
    pub entry: Option<usize>,
    /// Whether it was put in later, at the time at which it was so.
    pub is_back_dated: bool,
}

impl IncidentLine {
    fn new(at: DateTime<Utc>, kind: LineKind, who: &SafeText, text: &str) -> Self {
        let who = Some(who.clone());
        Self { at, kind, who, text: SafeText::new(text), entry: None, is_back_dated: false }
    }

    /// What happened around it.
    pub(crate) fn happened(line: &CopiedLine) -> Self {
        Self {
            at: line.at,
            kind: LineKind::Happened,
            who: line.who.clone(),
            text: line.text.clone(),
            entry: None,
            is_back_dated: false,
        }
    }
}

/// The span of time of which what happens belongs to an incident: from what led to it to what followed.
pub(crate) fn span(record: &IncidentRecord) -> (DateTime<Utc>, Option<DateTime<Utc>>) {
    let from = record.impact_started_at().min(record.opened_at) - CHANGED_WITHIN;
    (from, record.ended_at().map(|at| at + AFTER))
}

/// What is on record of an incident by itself, oldest first; of the same moment in the order in which it was said.
pub(crate) fn of_record(record: &IncidentRecord, zone: Tz) -> Vec<IncidentLine> {
    let mut lines = steps(record, zone);
    for (number, entry) in (1..).zip(&record.entries) {
        let kind = LineKind::Entry(entry.kind);
        let text = words::noted(entry.kind, &entry.text, entry.owner.as_ref(), entry.source.as_ref());
        let mut line = IncidentLine::new(entry.at, kind, &entry.by, &text);
        (line.entry, line.is_back_dated) = (Some(number), entry.at != entry.said_at);
        lines.push(line);
        if let Some((at, by)) = entry.settled.as_ref().filter(|_| entry.state != EntryState::Open) {
            let text = words::settled(entry.kind, entry.state, &entry.text);
            lines.push(IncidentLine { entry: Some(number), ..IncidentLine::new(*at, kind, by, &text) });
        }
    }
    lines.order_by_key(|line| line.at);
    lines
}

fn steps(record: &IncidentRecord, zone: Tz) -> Vec<IncidentLine> {
    let first = record.grades.first().map_or(record.severity, |grade| grade.severity);
    let text = words::opened(first, &record.title, record.from.as_ref());
    let mut lines = vec![IncidentLine::new(record.opened_at, LineKind::State, &record.opened_by, &text)];
    for grade in record.grades.iter().skip(1) {
        let text = words::graded(grade.severity, grade.why.as_ref());
        lines.push(IncidentLine::new(grade.from, LineKind::State, &grade.by, &text));
    }
    for moved in &record.moves {
        let into = record.merged_into.as_ref();
        let text = words::moved(moved.step, into.filter(|_| moved.to.is_done()), moved.why.as_ref());
        lines.push(IncidentLine::new(moved.at, LineKind::State, &moved.by, &text));
    }
    for said in &record.roles {
        lines.push(IncidentLine::new(said.at, LineKind::Role, &said.by, &words::role(said.role, &said.who, said.step)));
    }
    for update in &record.updates {
        let text = words::updated(&update.said, update.at, zone);
        lines.push(IncidentLine::new(update.at, LineKind::Update, &update.by, &text));
    }
    for known in &record.corrections {
        let text = words::corrected(known.stamp, (known.to, known.at), zone, known.why.as_ref());
        lines.push(IncidentLine::new(known.at, LineKind::Other, &known.by, &text));
    }
    for known in &record.reminders {
        let kind = LineKind::Due { is_breach: known.about.is_breach() };
        let line = IncidentLine::new(known.at, kind, &SafeText::default(), known.about.describe());
        lines.push(IncidentLine { who: None, ..line });
    }
    for join in record.joins.iter().filter(|join| join.at != record.opened_at) {
        lines.push(IncidentLine::new(join.at, LineKind::Other, &join.who, "joined"));
    }
    for saved in &record.evidence {
        let text = words::evidence(&saved.directory, saved.files.len(), &saved.missing);
        lines.push(IncidentLine::new(saved.at, LineKind::Other, &saved.by, &text));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::Severity;
    use crate::model::fact::IncidentFact;
    use crate::model::fact::incident::IncidentNoted;
    use crate::model::incident::IncidentStep;
    use crate::model::incident::samples::{SampleIncident, at};

    #[test]
    fn what_is_dated_back_stands_between_two_others() {
        let mut said = SampleIncident::opened(Severity::Critical, (None, None, 1_800));
        said.take("ana", 5, SampleIncident::lead("ana"));
        said.note("ana", 60, EntryKind::Hypothesis, "the cache is full");
        said.step("bo", 300, IncidentStep::Resolve);
        let noted = IncidentNoted {
            kind: EntryKind::Note,
            text: "restarted it by hand".into(),
            owner: None,
            happened_at: Some(at(200)),
            source: None,
        };
        said.take("bo", 900, IncidentFact::Noted(noted));
        let lines = of_record(said.record(), Tz::UTC);
        let texts: Vec<(i64, &str, bool)> = lines
            .iter()
            .map(|line| ((line.at - at(0)).num_seconds(), line.text.as_str(), line.is_back_dated))
            .collect();
        assert_eq!(
            texts,
            [
                (0, "opened as critical: checkout fails", false),
                (5, "ana takes the role lead", false),
                (60, "hypothesis: the cache is full", false),
                (200, "restarted it by hand", true),
                (300, "resolved", false),
            ]
        );
    }
}
