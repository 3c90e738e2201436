//! `opsroom incident list`.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::chosen::{Meant, find, read, refuse, unknown};
use crate::cli::output;
use crate::cli::{Global, run_service};
use crate::lang::time::rfc3339_millis;
use crate::lang::tz::Tz;
use crate::lang::unit;
use crate::model::alert::Severity;
use crate::model::incident::IncidentState;
use crate::model::thing::IncidentRecord;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::history::clock;

/// Incidents that are shown at most where all are asked for.
const ALL: u32 = 10_000;
/// Those that ended, beside those that are open, where nobody asks for all.
const LATELY: usize = 10;

#[derive(Debug, Default, Args)]
pub(super) struct ListArguments {
    /// List all incidents. Default: the open ones and the last ten others
    #[arg(long)]
    all: bool,
    /// Print JSON: an array of all, the newest first
    #[arg(long)]
    json: bool,
}

/// One incident, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
struct IncidentRow {
    id: Name,
    title: SafeText,
    severity: Severity,
    state: IncidentState,
    opened_at: String,
    acknowledged_at: Option<String>,
    mitigated_at: Option<String>,
    resolved_at: Option<String>,
    lead: Option<SafeText>,
    services: Vec<Name>,
    acknowledge_by: Option<String>,
    resolve_by: Option<String>,
    next_update_by: Option<String>,
    merged_into: Option<Name>,
    open_tasks: usize,
}

impl IncidentRow {
    fn new(record: &IncidentRecord) -> Self {
        let stamps = &record.stamps;
        Self {
            id: record.id.clone(),
            title: record.title.clone(),
            severity: record.severity,
            state: record.state,
            opened_at: rfc3339_millis(record.opened_at),
            acknowledged_at: stamps.acknowledged.map(rfc3339_millis),
            mitigated_at: stamps.mitigated.map(rfc3339_millis),
            resolved_at: stamps.resolved.map(rfc3339_millis),
            lead: record.lead().cloned(),
            services: record.services.clone(),
            acknowledge_by: record.acknowledge_deadline().map(|deadline| rfc3339_millis(deadline.due_at)),
            resolve_by: record.resolve_deadline().map(|deadline| rfc3339_millis(deadline.due_at)),
            next_update_by: record.update_due_at().map(rfc3339_millis),
            merged_into: record.merged_into.clone(),
            open_tasks: record
                .open_entries()
                .filter(|(_, entry)| entry.kind == crate::model::incident::EntryKind::Task)
                .count(),
        }
    }
}

/// Shows the incidents.
pub(super) fn run(arguments: &ListArguments, id: Option<&str>, global: &Global) -> u8 {
    output::carry_out(show(arguments, id, global))
}

async fn show(arguments: &ListArguments, id: Option<&str>, global: &Global) -> u8 {
    let run_service = match run_service::look(global, true).await {
        Ok(Some(run_service)) => run_service,
        Ok(None) if id.is_some() => return refuse(&unknown(id, Meant::Any, &[])),
        Ok(None) => return print(arguments, &[], global.clock.now().utc),
        Err(code) => return code,
    };
    let found = match id {
        Some(_) => find(&run_service, id, Meant::Any).await.map(|record| vec![record]),
        None => read(&run_service, ALL).await,
    };
    let code = match found {
        Ok(records) => print(arguments, &records, run_service.now()),
        Err(code) => code,
    };
    run_service::close_read(&run_service, code).await
}

fn print(arguments: &ListArguments, records: &[IncidentRecord], now: DateTime<Utc>) -> u8 {
    if arguments.json {
        let rows: Vec<IncidentRow> = records.iter().map(IncidentRow::new).collect();
        return output::print_as_json("the incidents", &rows);
    }
    let (open, others): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.is_open());
    let most = if arguments.all { usize::MAX } else { LATELY };
    let hidden = others.len().saturating_sub(most);
    let mut text = String::new();
    for record in open.into_iter().chain(others.into_iter().take(most)) {
        line(&mut text, record, now);
    }
    if hidden > 0 {
        let _ = writeln!(text, "{hidden} more; add --all");
    }
    output::print(if text.is_empty() { "no incidents on record\n" } else { &text })
}

fn line(text: &mut String, record: &IncidentRecord, now: DateTime<Utc>) {
    let (severity, state) = (record.severity.word(), record.state.word());
    let since = clock(record.opened_at, now, Tz::UTC);
    let lead = record.lead().map_or_else(|| "nobody leads".to_owned(), |lead| format!("lead {lead}"));
    let _ = write!(text, "{:<7}  {severity:<8}  {state:<12}  opened {since}  {}", record.id, record.title);
    let into = record.merged_into.as_ref().map_or_else(String::new, |into| format!(" into {into}"));
    if !record.is_open() {
        let lasted = record.ended_at().and_then(|at| (at - record.opened_at).to_std().ok());
        let lasted = lasted.map_or_else(String::new, |lasted| format!("  lasted {}", unit::span(lasted)));
        let _ = writeln!(text, "{into}{lasted}");
        return;
    }
    let _ = write!(text, "  {lead}");
    // What was kept needs no word any more.
    for (what, deadline) in [("acknowledge", record.acknowledge_deadline()), ("resolve", record.resolve_deadline())] {
        match deadline.and_then(|deadline| deadline.left(now)).map(|left| (left.to_std(), left.abs().to_std())) {
            Some((Ok(left), _)) => _ = write!(text, "  {what} {} left", unit::span(left)),
            Some((_, Ok(over))) => _ = write!(text, "  {what} {} overdue", unit::span(over)),
            _ => {}
        }
    }
    text.push('\n');
}
