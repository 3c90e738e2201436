//! The incidents of a period: how many, how bad, and how long people took.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::scope::{ReportScope, When};
use crate::lang::order::InOrder;
use crate::model::alert::Severity;
use crate::model::incident::IncidentState;
use crate::model::thing::IncidentRecord;
use crate::report::markdown::{Align, MarkdownText};
use crate::report::spans::{CountsBefore, SpanSpread, span};
use crate::text::SafeText;
use crate::text::name::Name;

/// One incident.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IncidentInPeriod {
    pub id: Name,
    pub title: SafeText,
    pub severity: Severity,
    pub state: IncidentState,
    pub opened_at: DateTime<Utc>,
    pub services: Vec<Name>,
    pub time_to_acknowledge_s: Option<f64>,
    pub time_to_recover_s: Option<f64>,
    /// Whether it was acknowledged and resolved as promised; `None`: not over yet, or nothing was promised.
    pub in_time: Option<bool>,
    pub updates: usize,
    pub open_tasks: usize,
}

/// All incidents that were opened in the period.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct IncidentsInPeriod {
    pub opened: usize,
    pub opened_before: usize,
    /// Of those that were opened in the period.
    pub false_alarms: usize,
    /// From detection to impact, over all.
    pub time_to_detect: Option<SpanSpread>,
    pub time_to_acknowledge: Option<SpanSpread>,
    pub time_to_mitigate: Option<SpanSpread>,
    /// From the start of the impact to the end: resolved minus impact started.
    pub time_to_recover: Option<SpanSpread>,
    /// The worst first, then the newest.
    pub incidents: Vec<IncidentInPeriod>,
}

fn seconds(span: Option<TimeDelta>) -> Option<f64> {
    span.map(|span| span.num_milliseconds().max(0) as f64 / 1e3)
}

impl IncidentsInPeriod {
    /// Of what is on record; `None`: there were none in the two periods.
    pub(super) fn new(scope: &ReportScope<'_>, records: &[IncidentRecord]) -> Option<Self> {
        let of = |when| records.iter().filter(move |record| scope.when(record.opened_at) == Some(when));
        let (opened, opened_before) = (of(When::Now).count(), of(When::Before).count());
        if opened + opened_before == 0 {
            return None;
        }
        // What was nothing, or another one, has no times of its own.
        let is_counted =
            |record: &&IncidentRecord| !matches!(record.state, IncidentState::FalseAlarm | IncidentState::Merged);
        let spread = |figure: fn(&IncidentRecord) -> Option<TimeDelta>| {
            SpanSpread::new(of(When::Now).filter(is_counted).filter_map(|record| seconds(figure(record))).collect())
        };
        let mut incidents: Vec<IncidentInPeriod> = of(When::Now).map(|record| one(record, scope.now)).collect();
        incidents
            .order_by(|one, other| other.severity.cmp(&one.severity).then_with(|| other.opened_at.cmp(&one.opened_at)));
        Some(Self {
            opened,
            opened_before,
            false_alarms: of(When::Now).filter(|record| record.state == IncidentState::FalseAlarm).count(),
            time_to_detect: spread(|record| record.figures().to_detect),
            time_to_acknowledge: spread(|record| record.figures().to_acknowledge),
            time_to_mitigate: spread(|record| record.figures().to_mitigate),
            time_to_recover: spread(|record| record.figures().to_recover),
            incidents,
        })
    }

    /// How many of them people still work on.
    pub(super) fn open(&self) -> usize {
        self.incidents.iter().filter(|one| one.state.is_open()).count()
    }
}

fn one(record: &IncidentRecord, now: DateTime<Utc>) -> IncidentInPeriod {
    let promises = [record.acknowledge_deadline(), record.resolve_deadline()];
    let has_any = promises.iter().flatten().next().is_some();
    let is_broken = promises.iter().flatten().any(|promise| promise.is_broken(now));
    let is_settled = is_broken || !record.is_open();
    let figures = record.figures();
    IncidentInPeriod {
        id: record.id.clone(),
        title: record.title.clone(),
        severity: record.severity,
        state: record.state,
        opened_at: record.opened_at,
        services: record.services.clone(),
        time_to_acknowledge_s: seconds(figures.to_acknowledge),
        time_to_recover_s: seconds(figures.to_recover),
        in_time: (has_any && is_settled).then_some(!is_broken),
        updates: record.updates.len(),
        open_tasks: record
            .open_entries()
            .filter(|(_, entry)| entry.kind == crate::model::incident::EntryKind::Task)
            .count(),
    }
}

pub(super) fn write(report: &IncidentsInPeriod, before: CountsBefore, out: &mut MarkdownText) {
    out.heading(2, "Incidents");
    let row = |one: &IncidentInPeriod| {
        let took = |seconds: Option<f64>| seconds.map_or_else(|| "–".to_owned(), span);
        let in_time = match one.in_time {
            Some(true) => "yes",
            Some(false) => "no",
            None => "–",
        };
        vec![
            one.id.to_string(),
            one.title.to_string(),
            one.severity.word().to_owned(),
            one.state.word().to_owned(),
            one.opened_at.format("%Y-%m-%d %H:%M UTC").to_string(),
            took(one.time_to_acknowledge_s),
            took(one.time_to_recover_s),
            in_time.to_owned(),
            one.open_tasks.to_string(),
        ]
    };
    if !report.incidents.is_empty() {
        let left = ["Incident", "Title", "Severity", "State", "Opened"].map(|name| (name, Align::Left));
        let right = ["To acknowledge", "To recover", "In time", "Open tasks"].map(|name| (name, Align::Right));
        let columns: Vec<_> = left.into_iter().chain(right).collect();
        out.table(&columns, &report.incidents.iter().map(row).collect::<Vec<_>>());
    }
    let opened =
        format!("Opened: {}, {} {}", report.opened, before.cell(report.opened_before), before.column().to_lowercase());
    let mut notes = vec![opened];
    if report.false_alarms > 0 {
        notes.push(format!("False alarms: {}", report.false_alarms));
    }
    let spread = |name: &str, spread: &Option<SpanSpread>| {
        spread.as_ref().map(|spread| format!("Time to {name}: {}", spread.describe()))
    };
    notes.extend(spread("detect (detected minus impact started)", &report.time_to_detect));
    notes.extend(spread("acknowledge (acknowledged minus alerted)", &report.time_to_acknowledge));
    notes.extend(spread("mitigate (mitigated minus impact started)", &report.time_to_mitigate));
    notes.extend(spread("recover (resolved minus impact started)", &report.time_to_recover));
    out.list(&notes);
}
