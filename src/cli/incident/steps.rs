//! What changes how an incident stands: its state, its severity, its moments.

use clap::Args;

use super::chosen::{Chosen, Meant, moment, say_of, text};
use crate::cli::Global;
use crate::cli::incident::opening::severity_named;
use crate::cli::span::Refusal;
use crate::lang::nearest::hint_of;
use crate::model::fact::IncidentFact;
use crate::model::fact::incident::{IncidentCorrected, IncidentGraded, IncidentMoved};
use crate::model::incident::{IncidentStamp, IncidentStep, incident_id, incident_number};
use crate::model::maintenance::clock_with_zone;
use crate::text::SafeText;
use crate::world::responding::targets;

/// A step, and which incident is meant where none is named.
pub(super) type Step = (IncidentStep, Meant);

pub(super) const ACKNOWLEDGE: Step = (IncidentStep::Acknowledge, Meant::Open);
pub(super) const MITIGATE: Step = (IncidentStep::Mitigate, Meant::Open);
pub(super) const RESOLVE: Step = (IncidentStep::Resolve, Meant::Open);
pub(super) const CLOSE: Step = (IncidentStep::Close, Meant::Resolved);
pub(super) const REOPEN: Step = (IncidentStep::Reopen, Meant::Ended);
pub(super) const FALSE_ALARM: Step = (IncidentStep::FalseAlarm, Meant::Open);

#[derive(Debug, Args)]
pub(super) struct StepArguments {
    /// The incident: INC-42, or 42
    #[arg(value_name = "ID", conflicts_with = "id")]
    incident: Option<String>,
    /// Why, or what was done
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// The incident to merge
    #[arg(value_name = "ID", conflicts_with = "id")]
    incident: Option<String>,
    /// The incident to merge it into
    #[arg(long, value_name = "ID")]
    into: String,
    /// Why they are the same incident
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct SeverityArguments {
    /// critical, high, medium, low, or your own word for one
    #[arg(value_name = "SEVERITY")]
    severity: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct StampArguments {
    /// impact-started, detected, acknowledged, mitigated or resolved
    #[arg(value_name = "MOMENT")]
    stamp: String,
    /// When it was: 02:41, 15m (ago), 2026-03-02T02:41, with Z for UTC
    #[arg(value_name = "TIME")]
    at: String,
    /// How the time is known, such as the log line that shows it
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

fn optional(why: Option<&String>) -> Result<Option<SafeText>, Refusal> {
    why.map(|why| text("--why", why)).transpose()
}

/// Brings it to another state.
pub(super) fn run(arguments: &StepArguments, id: Option<&str>, (step, meant): Step, global: &Global) -> u8 {
    say_of(global, arguments.incident.as_deref().or(id), meant, |_| {
        let why = optional(arguments.why.as_ref())?;
        let moved = IncidentMoved { step, why, into: None, copied: Vec::new() };
        Ok((vec![IncidentFact::Moved(moved)], step.done().to_owned()))
    })
}

/// Says that it is another one.
pub(super) fn merge(arguments: &MergeArguments, id: Option<&str>, global: &Global) -> u8 {
    let Some(into) = incident_number(&arguments.into) else {
        let problem = format!("`{}` is not the id of an incident", arguments.into);
        return super::chosen::refuse(&(problem, "use INC-42, or 42".to_owned()));
    };
    let named = arguments.incident.as_deref().or(id);
    if named.is_none() {
        // Of two that are open neither is the one that is obviously meant.
        let problem = "no incident given: which one turned out to be another?".to_owned();
        return super::chosen::refuse(&(problem, "write opsroom incident merge ID --into ID".to_owned()));
    }
    if named.and_then(incident_number) == Some(into) {
        let problem = format!("{} can't be merged into itself", incident_id(into));
        return super::chosen::refuse(&(problem, "name the other incident with --into".to_owned()));
    }
    say_of(global, named, Meant::Open, |_| {
        let (into, why) = (incident_id(into), optional(arguments.why.as_ref())?);
        let done = format!("merged into {into}");
        let moved = IncidentMoved { step: IncidentStep::Merge, why, into: Some(into), copied: Vec::new() };
        Ok((vec![IncidentFact::Moved(moved)], done))
    })
}

/// Sets how bad it is.
pub(super) fn severity(arguments: &SeverityArguments, id: Option<&str>, global: &Global) -> u8 {
    say_of(global, id, Meant::Open, |chosen| {
        let severity = severity_named(&arguments.severity, &chosen.config)?;
        let (targets, why) = (targets(&chosen.config, severity), optional(arguments.why.as_ref())?);
        let graded = IncidentGraded { severity, targets, why };
        Ok((vec![IncidentFact::Graded(graded)], format!("severity {}", severity.word())))
    })
}

/// Corrects a moment of it.
pub(super) fn stamp(arguments: &StampArguments, id: Option<&str>, global: &Global) -> u8 {
    say_of(global, id, Meant::Any, |chosen: &Chosen| {
        let words = IncidentStamp::ALL.into_iter().map(IncidentStamp::word);
        let Some(stamp) = IncidentStamp::ALL.into_iter().find(|stamp| stamp.word() == arguments.stamp) else {
            return Err((format!("no moment named `{}`", arguments.stamp), hint_of(&arguments.stamp, words)));
        };
        let zone = chosen.config.console.timezone;
        let to = moment("TIME", &arguments.at, chosen.now, zone)?;
        let why = optional(arguments.why.as_ref())?;
        let done = format!("{} corrected to {}", stamp.word(), clock_with_zone(to, chosen.now, zone));
        Ok((vec![IncidentFact::Corrected(IncidentCorrected { stamp, to, why })], done))
    })
}
