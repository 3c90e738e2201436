//! `opsroom incident`: incidents opened, worked on, ended and reported, by the shell as by the console.

mod chosen;
mod evidence;
mod export;
mod list;
mod notes;
mod opening;
mod response;
mod steps;

use clap::{Args, Subcommand};

use super::Global;

/// Arguments of `opsroom incident`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The incident: INC-42, or 42. Default: the only open one
    #[arg(long, global = true, value_name = "ID")]
    id: Option<String>,
    #[command(subcommand)]
    command: Option<IncidentCommand>,
}

#[derive(Debug, Subcommand)]
enum IncidentCommand {
    /// Open an incident
    Open(opening::OpenArguments),
    /// Acknowledge an incident: somebody is working on it
    #[command(visible_alias = "ack")]
    Acknowledge(steps::StepArguments),
    /// Mark an incident mitigated: its impact has ended
    Mitigate(steps::StepArguments),
    /// Mark an incident resolved
    Resolve(steps::StepArguments),
    /// Close an incident whose report is finished
    Close(steps::StepArguments),
    /// Reopen an incident
    Reopen(steps::StepArguments),
    /// Close an incident as a false alarm
    FalseAlarm(steps::StepArguments),
    /// Merge an incident into another one, where the work continues
    Merge(steps::MergeArguments),
    /// Change the severity; the clock keeps running from the opening
    Severity(steps::SeverityArguments),
    /// Post a status update: status, impact, action, workaround and next update
    Update(response::UpdateArguments),
    /// Add a note
    Note(notes::NoteArguments),
    /// Add a task, or complete, drop or reopen one
    Task(notes::TaskArguments),
    /// Add a possible cause, or rule one out, confirm or reopen it
    Hypothesis(notes::HypothesisArguments),
    /// Add a decision
    Decision(notes::NoteArguments),
    /// Add a log line, a reading or a figure as evidence
    Pin(notes::PinArguments),
    /// Correct an entry; the record keeps who corrected it and when
    Correct(notes::CorrectArguments),
    /// Correct one of its times, such as when the impact started
    Stamp(steps::StampArguments),
    /// Take a role, hand it over, or give it up
    Role(response::RoleArguments),
    /// List incidents, newest first
    List(list::ListArguments),
    /// Print the report of an incident as Markdown or JSON
    Export(export::ExportArguments),
}

/// Shows incidents, or says something of one.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let id = arguments.id.as_deref();
    match &arguments.command {
        None => list::run(&list::ListArguments::default(), id, global),
        Some(IncidentCommand::List(given)) => list::run(given, id, global),
        Some(IncidentCommand::Export(given)) => export::run(given, id, global),
        Some(IncidentCommand::Open(given)) => opening::run(given, global),
        Some(IncidentCommand::Acknowledge(given)) => steps::run(given, id, steps::ACKNOWLEDGE, global),
        Some(IncidentCommand::Mitigate(given)) => steps::run(given, id, steps::MITIGATE, global),
        Some(IncidentCommand::Resolve(given)) => steps::run(given, id, steps::RESOLVE, global),
        Some(IncidentCommand::Close(given)) => steps::run(given, id, steps::CLOSE, global),
        Some(IncidentCommand::Reopen(given)) => steps::run(given, id, steps::REOPEN, global),
        Some(IncidentCommand::FalseAlarm(given)) => steps::run(given, id, steps::FALSE_ALARM, global),
        Some(IncidentCommand::Merge(given)) => steps::merge(given, id, global),
        Some(IncidentCommand::Severity(given)) => steps::severity(given, id, global),
        Some(IncidentCommand::Stamp(given)) => steps::stamp(given, id, global),
        Some(IncidentCommand::Update(given)) => response::update(given, id, global),
        Some(IncidentCommand::Role(given)) => response::role(given, id, global),
        Some(IncidentCommand::Note(given)) => notes::note(given, id, global),
        Some(IncidentCommand::Decision(given)) => notes::decision(given, id, global),
        Some(IncidentCommand::Task(given)) => notes::task(given, id, global),
        Some(IncidentCommand::Hypothesis(given)) => notes::hypothesis(given, id, global),
        Some(IncidentCommand::Pin(given)) => notes::pin(given, id, global),
        Some(IncidentCommand::Correct(given)) => notes::correct(given, id, global),
    }
}
