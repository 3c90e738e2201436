//! What a person says of a checklist or an incident, on its way to the record.

use crate::model::effect::{Effect, RequestId, StoreEffect};
use crate::model::fact::{IncidentFact, IncidentSaid, Statement};
use crate::text::SafeText;
use crate::text::name::Name;

use super::requests::AwaitedAnswer;
use super::state::State;
use super::toasts::Tone;

/// Puts on record what a person says; or says why that can't be said. Returns the request, where there is one.
pub(super) fn say(
    state: &mut State,
    said: Result<Vec<Statement>, String>,
    about: Option<(Name, Option<Name>)>,
    text: &str,
    effects: &mut Vec<Effect>,
) -> Option<RequestId> {
    match (said, about) {
        (Ok(said), Some((run, step))) => {
            let said_text = SafeText::new(text);
            let request = state.request(AwaitedAnswer::Step { run, step, said: said_text });
            effects.push(Effect::Store(request, StoreEffect::SayOfAlerts(said)));
            return Some(request);
        }
        (Ok(_), None) => {}
        (Err(why), _) => state.toast(Tone::Warning, &why),
    }
    None
}

/// Has statements put on record, and says `text` once they are. Returns the request.
pub(in crate::app) fn say_of_alerts(
    state: &mut State,
    said: Vec<Statement>,
    text: &str,
    effects: &mut Vec<Effect>,
) -> RequestId {
    let request = state.request(AwaitedAnswer::Said(SafeText::new(text)));
    effects.push(Effect::Store(request, StoreEffect::SayOfAlerts(said)));
    request
}

/// Has what was said of incidents put on record, and remembers that it was said here.
pub(super) fn say_of_incident(
    state: &mut State,
    request: RequestId,
    said: Vec<IncidentSaid>,
    effects: &mut Vec<Effect>,
) {
    // Of these alone the fact is announced.
    for one in said.iter().filter(|one| matches!(one.what, IncidentFact::Moved(_) | IncidentFact::Graded(_))) {
        state.console.requests.say(request, one);
    }
    effects.push(Effect::Store(request, StoreEffect::SayOfIncident(said)));
}
