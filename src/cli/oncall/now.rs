//! Who is on call now and next.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::written;
use crate::cli::Global;
use crate::cli::output;
use crate::config::Config;
use crate::model::maintenance::clock_with_zone;
use crate::model::thing::AssignmentRecord;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::duty::DutyPlan;

/// Who is on call, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
struct DutyReport {
    at: String,
    /// The primary one first.
    layers: Vec<LayerLine>,
    /// What people said, of what holds or is to come.
    overrides: Vec<OverrideLine>,
    /// The handover that waits for somebody to accept it.
    offered: Option<OfferLine>,
}

#[derive(Debug, Serialize)]
struct LayerLine {
    layer: Name,
    who: Name,
    /// As it is shown.
    name: String,
    /// Null: it has always been so.
    from: Option<String>,
    /// Null: it stays so.
    until: Option<String>,
    /// Who is on call then.
    next: Option<Name>,
    #[serde(skip)]
    end: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize)]
pub(super) struct OverrideLine {
    id: Name,
    layer: Name,
    people: Vec<Name>,
    handover: Option<String>,
    from: String,
    until: String,
    taken: bool,
    by: SafeText,
    why: Option<SafeText>,
}

#[derive(Debug, Serialize)]
struct OfferLine {
    id: Name,
    layer: Name,
    who: Name,
    to: Option<Name>,
    at: String,
}

impl From<&AssignmentRecord> for OverrideLine {
    fn from(record: &AssignmentRecord) -> Self {
        let said = &record.said;
        Self {
            id: said.id.clone(),
            layer: said.layer.clone(),
            people: said.people.clone(),
            handover: said.handover.clone(),
            from: written(said.from),
            until: written(record.end()),
            taken: said.taken,
            by: record.by.clone(),
            why: said.why.clone(),
        }
    }
}

/// How a contact is shown.
pub(super) fn title(config: &Config, who: &str) -> String {
    let contact = config.contacts.iter().find(|contact| *contact.id == *who);
    contact.map_or_else(|| who.to_owned(), |contact| contact.name.clone())
}

impl DutyReport {
    fn new(plan: &DutyPlan, config: &Config, now: DateTime<Utc>) -> Self {
        let layers = plan.layers().iter().map(|(layer, rotation)| {
            let shift = rotation.shift(now);
            let next = shift.until.map(|until| rotation.who(until).clone());
            LayerLine {
                layer: layer.clone(),
                name: title(config, &shift.who),
                who: shift.who,
                from: shift.from.map(written),
                until: shift.until.map(written),
                next,
                end: shift.until,
            }
        });
        let offered = plan.layers().iter().find_map(|(layer, _)| plan.offered(layer, now));
        Self {
            at: written(now),
            layers: layers.collect(),
            overrides: plan.standing(now).map(OverrideLine::from).collect(),
            offered: offered.map(|record| OfferLine {
                id: record.said.id.clone(),
                layer: record.said.layer.clone(),
                who: record.said.who.clone(),
                to: record.said.to.clone(),
                at: written(record.at),
            }),
        }
    }
}

/// Prints it.
pub(super) fn print(plan: &DutyPlan, config: &Config, json: bool, global: &Global) -> u8 {
    let now = global.clock.now().utc;
    let report = DutyReport::new(plan, config, now);
    if json {
        return output::print_as_json("who is on call", &report);
    }
    let clock = |at: DateTime<Utc>| clock_with_zone(at, now, config.console.timezone);
    let mut text = String::new();
    let width = report.layers.iter().map(|line| line.layer.chars().count()).max().unwrap_or(0);
    for line in &report.layers {
        let until = line.end.map_or_else(String::new, |end| format!(" until {}", clock(end)));
        let next = line.next.as_ref().map_or_else(String::new, |next| format!(", then {}", title(config, next)));
        let _ = writeln!(text, "{:<width$}  {}{until}{next}", line.layer.to_string(), line.name);
    }
    for record in plan.standing(now) {
        let said = &record.said;
        let people: Vec<String> = said.people.iter().map(|who| title(config, who)).collect();
        let (from, until) = (clock(said.from), clock_with_zone(record.end(), said.from, config.console.timezone));
        let turns = said.handover.as_ref().map_or_else(String::new, |handover| format!(", {handover}"));
        let why = said.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let _ = writeln!(
            text,
            "override {}  {} ({}{turns})  {from} to {until}  by {}{why}",
            said.id,
            people.join(", "),
            said.layer,
            record.by
        );
    }
    if let Some(offer) = &report.offered {
        let to = offer.to.as_ref().map_or_else(String::new, |to| format!(" to {}", title(config, to)));
        let _ = writeln!(
            text,
            "handover of {} offered{to}; `opsroom handover --accept` accepts it",
            title(config, &offer.who)
        );
    }
    output::print(&text)
}
