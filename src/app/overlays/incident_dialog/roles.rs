//! How a role of an incident changes hands in its dialog.

use super::questions::{field, one_of};
use crate::app::overlays::fields::{DialogField, DialogForm};
use crate::app::state::State;
use crate::model::fact::incident::IncidentRoleSaid;
use crate::model::incident::{IncidentRole, RoleStep};
use crate::text::SafeText;

/// How a role can change hands, in words, and whether its holder is passed over.
const STEPS: [(&str, (RoleStep, bool)); 6] = [
    ("take", (RoleStep::Taken, false)),
    ("take over", (RoleStep::Taken, true)),
    ("offer", (RoleStep::Offered, false)),
    ("accept", (RoleStep::Accepted, false)),
    ("decline", (RoleStep::Declined, false)),
    ("release", (RoleStep::Released, false)),
];

/// What is asked. Filled in is only what takes nothing from anybody: what is offered to who sits here, or a lead that nobody has.
pub(super) fn questions(id: &str, state: &State) -> Vec<DialogField> {
    let record = state.world.incident_record(id);
    let is_offered = |role: &IncidentRole| {
        record.and_then(|record| record.offer(*role)).is_some_and(|offer| state.is_me(&offer.who))
    };
    let offered = IncidentRole::ALL.into_iter().find(is_offered);
    let lead = record.and_then(|record| record.lead());
    let (step, placeholder) = match (offered, lead) {
        (Some(_), _) => ("accept", "take, offer, accept, decline, release".to_owned()),
        (None, None) => ("take", "take, offer, accept, decline, release".to_owned()),
        (None, Some(lead)) if state.is_me(lead) => ("", "you lead: offer or release".to_owned()),
        (None, Some(lead)) => ("", format!("{lead} leads: offer, take over")),
    };
    vec![
        field("role", offered.unwrap_or(IncidentRole::Lead).word(), "lead, ops, comms, scribe, deputy"),
        DialogField::new("do", step, placeholder),
        field("to", "", "to whom it is offered"),
    ]
}

/// What is put on record, and what is said once it is.
pub(super) fn said(form: &DialogForm, id: &str, state: &State) -> Result<(IncidentRoleSaid, String), String> {
    let config = &state.world.config;
    let role = one_of(form.text("role"), IncidentRole::ALL.map(|role| (role.word(), role)), "role")?;
    let (step, passes_over) = one_of(form.text("do"), STEPS, "step")?;
    let to = form.optional("to");
    if (step == RoleStep::Offered) != to.is_some() {
        return Err("offer it to somebody, or leave `to` empty".to_owned());
    }
    let holder = state.world.incident_record(id).and_then(|record| record.holder(role));
    let from = holder.filter(|holder| step == RoleStep::Taken && !state.is_me(holder));
    if let Some(holder) = from.filter(|_| !passes_over) {
        let word = role.word();
        return Err(format!("{holder} has the role {word}: ask them to offer it, or write `take over`"));
    }
    // Who accepts it says so by their login name; who is not named is who says it.
    let who = to.as_ref().map(|to| SafeText::new(config.login_meant(to.as_str()))).unwrap_or_default();
    let how = match (from, to) {
        (Some(holder), _) => format!(", taken from {holder}"),
        (None, Some(to)) => {
            let unknown = config.unknown_person(to.as_str());
            format!(", offered to {who}{}", unknown.map_or_else(String::new, |unknown| format!("; {unknown}")))
        }
        (None, None) => String::new(),
    };
    Ok((IncidentRoleSaid { role, who, step }, format!("role {} of {id}: on record{how}", role.word())))
}
