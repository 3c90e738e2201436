//! What people add to an incident: notes, tasks, hypotheses, decisions, pins; and what becomes of them.

use chrono::{DateTime, Utc};
use clap::Args;

use super::chosen::{Chosen, Done, Meant, moment, person, say_of, text};
use crate::cli::Global;
use crate::cli::span::Refusal;
use crate::model::fact::IncidentFact;
use crate::model::fact::incident::{IncidentAmended, IncidentNoted};
use crate::model::incident::{EntryKind, EntryState};
use crate::model::thing::incident::IncidentEntry;
use crate::text::SafeText;

#[derive(Debug, Args)]
pub(super) struct NoteArguments {
    /// The text
    #[arg(value_name = "TEXT")]
    text: String,
    /// When it was, if not now: 02:41, 15m (ago), 2026-03-02T02:41, with Z for UTC
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct TaskArguments {
    /// What is to be done
    #[arg(value_name = "TEXT", required_unless_present_any = ["done", "drop", "reopen"])]
    text: Option<String>,
    /// Who does it
    #[arg(long, value_name = "WHO")]
    owner: Option<String>,
    /// Mark the task with this number done
    #[arg(long, value_name = "N", conflicts_with = "text")]
    done: Option<usize>,
    /// Drop the task with this number
    #[arg(long, value_name = "N", conflicts_with_all = ["text", "done"])]
    drop: Option<usize>,
    /// Reopen the task with this number
    #[arg(long, value_name = "N", conflicts_with_all = ["text", "done", "drop"])]
    reopen: Option<usize>,
}

#[derive(Debug, Args)]
pub(super) struct HypothesisArguments {
    /// What the cause may be
    #[arg(value_name = "TEXT", required_unless_present_any = ["eliminate", "confirm", "reopen"])]
    text: Option<String>,
    /// Who looks into it
    #[arg(long, value_name = "WHO")]
    owner: Option<String>,
    /// Rule out the hypothesis with this number
    #[arg(long, value_name = "N", conflicts_with = "text")]
    eliminate: Option<usize>,
    /// Confirm the hypothesis with this number
    #[arg(long, value_name = "N", conflicts_with_all = ["text", "eliminate"])]
    confirm: Option<usize>,
    /// Reopen the hypothesis with this number
    #[arg(long, value_name = "N", conflicts_with_all = ["text", "eliminate", "confirm"])]
    reopen: Option<usize>,
}

#[derive(Debug, Args)]
pub(super) struct PinArguments {
    /// The log line, reading or figure
    #[arg(value_name = "TEXT")]
    text: String,
    /// Where it comes from: log:NAME, check:NAME, metric:NAME
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// When it was, if not now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct CorrectArguments {
    /// The number of the entry
    #[arg(value_name = "N")]
    number: usize,
    /// The new text
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["owner", "at"])]
    text: Option<String>,
    /// The new owner
    #[arg(long, value_name = "WHO")]
    owner: Option<String>,
    /// The new time; the entry moves to its place in the timeline
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

fn at(written: Option<&String>, chosen: &Chosen) -> Result<Option<DateTime<Utc>>, Refusal> {
    written.map(|written| moment("--at", written, chosen.now, chosen.config.console.timezone)).transpose()
}

fn owner(written: Option<&String>, chosen: &Chosen) -> Result<Option<SafeText>, Refusal> {
    written.map(|written| person("--owner", written, &chosen.config)).transpose()
}

/// Adds a note.
pub(super) fn note(arguments: &NoteArguments, id: Option<&str>, global: &Global) -> u8 {
    plain(EntryKind::Note, arguments, id, global)
}

/// Adds a decision.
pub(super) fn decision(arguments: &NoteArguments, id: Option<&str>, global: &Global) -> u8 {
    plain(EntryKind::Decision, arguments, id, global)
}

fn plain(kind: EntryKind, arguments: &NoteArguments, id: Option<&str>, global: &Global) -> u8 {
    say_of(global, id, Meant::Any, |chosen| {
        let (text, happened_at) = (text("TEXT", &arguments.text)?, at(arguments.at.as_ref(), chosen)?);
        let noted = IncidentNoted { kind, text, owner: None, happened_at, source: None };
        Ok((vec![IncidentFact::Noted(noted)], Done::Added(kind)))
    })
}

/// Adds a pin.
pub(super) fn pin(arguments: &PinArguments, id: Option<&str>, global: &Global) -> u8 {
    say_of(global, id, Meant::Any, |chosen| {
        let source = arguments.source.as_ref().map(|written| text("--source", written)).transpose()?;
        let (kind, happened_at) = (EntryKind::Pin, at(arguments.at.as_ref(), chosen)?);
        let noted = IncidentNoted { kind, text: text("TEXT", &arguments.text)?, owner: None, happened_at, source };
        Ok((vec![IncidentFact::Noted(noted)], Done::Added(kind)))
    })
}

/// Adds a task, or says what became of one.
pub(super) fn task(arguments: &TaskArguments, id: Option<&str>, global: &Global) -> u8 {
    let TaskArguments { text, owner, done, drop, reopen } = arguments;
    let states = [(done, EntryState::Done), (drop, EntryState::Dropped), (reopen, EntryState::Open)];
    stated(EntryKind::Task, (text.as_ref(), owner.as_ref()), &states, id, global)
}

/// Adds a hypothesis, or says what became of one.
pub(super) fn hypothesis(arguments: &HypothesisArguments, id: Option<&str>, global: &Global) -> u8 {
    let HypothesisArguments { text, owner, eliminate, confirm, reopen } = arguments;
    let states = [(eliminate, EntryState::Eliminated), (confirm, EntryState::Confirmed), (reopen, EntryState::Open)];
    stated(EntryKind::Hypothesis, (text.as_ref(), owner.as_ref()), &states, id, global)
}

fn stated(
    kind: EntryKind,
    (written, by): (Option<&String>, Option<&String>),
    states: &[(&Option<usize>, EntryState)],
    id: Option<&str>,
    global: &Global,
) -> u8 {
    say_of(global, id, Meant::Any, |chosen| {
        let owner = owner(by, chosen)?;
        let Some(written) = written else {
            let (number, state) = states
                .iter()
                .find_map(|(number, state)| Some(((**number)?, *state)))
                .unwrap_or((0, kind.first_state()));
            let entry = entry(chosen, number, Some(kind))?;
            let done = format!("{} {number} {}", kind.word(), state.word());
            let (entry, state) = (entry.id.clone(), Some(state));
            let amended = IncidentAmended { entry, state, text: None, owner, happened_at: None };
            return Ok((vec![IncidentFact::Amended(amended)], Done::Said(done)));
        };
        let noted = IncidentNoted { kind, text: text("TEXT", written)?, owner, happened_at: None, source: None };
        Ok((vec![IncidentFact::Noted(noted)], Done::Added(kind)))
    })
}

/// The entry of a number, which has to be of a kind.
fn entry(chosen: &Chosen, number: usize, kind: Option<EntryKind>) -> Result<&IncidentEntry, Refusal> {
    let record = &chosen.record;
    let what = kind.map_or("entry", EntryKind::word);
    let found = record.entry(number).filter(|entry| kind.is_none_or(|kind| entry.kind == kind));
    found.ok_or_else(|| {
        let known = (1..).zip(&record.entries).filter(|(_, entry)| kind.is_none_or(|kind| entry.kind == kind));
        let known: Vec<String> = known.map(|(number, entry)| format!("{number} ({})", entry.text)).take(8).collect();
        let hint =
            if known.is_empty() { format!("it has no {what} yet") } else { format!("it has {}", known.join(", ")) };
        (format!("{} has no {what} {number}", record.id), hint)
    })
}

/// Corrects an entry.
pub(super) fn correct(arguments: &CorrectArguments, id: Option<&str>, global: &Global) -> u8 {
    say_of(global, id, Meant::Any, |chosen| {
        let entry = entry(chosen, arguments.number, None)?.id.clone();
        let text = arguments.text.as_ref().map(|written| text("--text", written)).transpose()?;
        let (owner, happened_at) = (owner(arguments.owner.as_ref(), chosen)?, at(arguments.at.as_ref(), chosen)?);
        let amended = IncidentAmended { entry, state: None, text, owner, happened_at };
        Ok((vec![IncidentFact::Amended(amended)], format!("entry {} corrected", arguments.number)))
    })
}
