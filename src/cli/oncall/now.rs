//! Who is on call now and next.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::contacts::{self, ContactLine};
use crate::cli::Global;
use crate::cli::output;
use crate::config::Config;
use crate::config::titles::title_of_contact;
use crate::lang::time::rfc3339;
use crate::model::maintenance::{clock_with_zone, from_to};
use crate::model::thing::AssignmentRecord;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::contacts::ContactCheck;
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
    /// The last test page that each contact confirmed.
    contacts: Vec<ContactLine>,
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
            from: rfc3339(said.from),
            until: rfc3339(record.end()),
            taken: said.taken,
            by: record.by.clone(),
            why: said.why.clone(),
        }
    }
}

impl DutyReport {
    fn new(plan: &DutyPlan, config: &Config, now: DateTime<Utc>) -> Self {
        let layers = plan.planned(now).map(|(layer, rotation)| {
            let shift = rotation.shift(now);
            let next = shift.until.map(|until| rotation.who(until).clone());
            LayerLine {
                layer: layer.clone(),
                name: title_of_contact(config, &shift.who).to_owned(),
                who: shift.who,
                from: shift.from.map(rfc3339),
                until: shift.until.map(rfc3339),
                next,
                end: shift.until,
            }
        });
        let offered = plan.layers().iter().find_map(|(layer, _)| plan.offered(layer, now));
        Self {
            at: rfc3339(now),
            layers: layers.collect(),
            overrides: plan.standing(now).map(OverrideLine::from).collect(),
            offered: offered.map(|record| OfferLine {
                id: record.said.id.clone(),
                layer: record.said.layer.clone(),
                who: record.said.who.clone(),
                to: record.said.to.clone(),
                at: rfc3339(record.at),
            }),
            contacts: contacts::lines(plan, config, now),
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
        let next =
            line.next.as_ref().map_or_else(String::new, |next| format!(", then {}", title_of_contact(config, next)));
        let _ = writeln!(text, "{:<width$}  {}{until}{next}", line.layer.to_string(), line.name);
    }
    for (place, line) in report.layers.iter().enumerate() {
        // Whoever took a shift or accepted a handover may stand behind themselves then.
        if let Some(first) = report.layers[..place].iter().find(|first| first.who == line.who) {
            let _ = writeln!(text, "note: {} is {} and {} at once", line.name, first.layer, line.layer);
        }
    }
    for record in plan.standing(now) {
        let said = &record.said;
        let people: Vec<&str> = said.people.iter().map(|who| title_of_contact(config, who)).collect();
        let span = from_to((said.from, record.end()), now, config.console.timezone);
        let turns = said.handover.as_ref().map_or_else(String::new, |handover| format!(", {handover}"));
        let why = said.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let _ = writeln!(
            text,
            "override {}  {} ({}{turns})  {span}  by {}{why}",
            said.id,
            people.join(", "),
            said.layer,
            record.by
        );
    }
    if let Some(offer) = &report.offered {
        let to = offer.to.as_ref().map_or_else(String::new, |to| format!(" to {}", title_of_contact(config, to)));
        let _ = writeln!(
            text,
            "handover of {} offered{to}; `opsroom handover --accept` accepts it",
            title_of_contact(config, &offer.who)
        );
    }
    let checks: Vec<ContactCheck<'_>> = plan.contact_checks(&config.contacts, now).collect();
    let widest = checks.iter().map(|check| check.contact.name.chars().count()).max().unwrap_or(0);
    for (place, check) in checks.iter().enumerate() {
        let head = if place == 0 { "test pages" } else { "" };
        let said = check.describe(now, config.console.timezone);
        let _ = writeln!(text, "{head:<10}  {:<widest$}  {said}", check.contact.name);
    }
    output::print(&text)
}
