//! What a person says of a checklist, on its way to the record.

use crate::model::effect::{Effect, StoreEffect};
use crate::model::fact::Statement;
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
