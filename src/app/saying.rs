//! What a person says of a checklist or an incident, on its way to the record.

use crate::model::effect::{Effect, RequestId, StoreEffect};
use crate::model::fact::{IncidentFact, IncidentSaid, Statement};
use crate::text::SafeText;
use crate::text::name::Name;

use super::requests::AwaitedAnswer;
use super::state::State;
use super::toasts::Tone;

/// Puts on record what a person says; or says why that can't be said.
pub(super) fn say(
    state: &mut State,
    said: Result<Vec<Statement>, String>,
    about: Option<(Name, Option<Name>)>,
    text: &str,
    effects: &mut Vec<Effect>,
) {
    match (said, about) {
        (Ok(said), Some((run, step))) => {
            let said_text = SafeText::new(text);
            let request = state.request(AwaitedAnswer::Step { run, step, said: said_text });
            effects.push(Effect::Store(request, StoreEffect::SayOfAlerts(said)));
        }
        (Ok(_), None) => {}
        (Err(why), _) => state.toast(Tone::Warning, &why),
    }
}

/// Has what was said of incidents put on record, and remembers that it was said here.
pub(super) fn say_of_incident(
    state: &mut State,
    request: RequestId,
    said: Vec<IncidentSaid>,
    effects: &mut Vec<Effect>,
) {
    // The store names one that is opened: its fact is another one.
    for one in said.iter().filter(|one| !matches!(one.what, IncidentFact::Opened(_))) {
        state.console.requests.say(request, one);
    }
    effects.push(Effect::Store(request, StoreEffect::SayOfIncident(said)));
}
