//! From the key of an action to its first dialog.

use std::collections::BTreeMap;

use crate::config::plan;
use crate::model::effect::{Effect, RunEffect};
use crate::text::name::Name;

use super::logs;
use super::overlays::choices::Choices;
use super::overlays::confirm;
use super::replayed;
use super::state::State;
use super::toasts::Tone;

/// A person asked for an action. Opens what is needed next; starts at once only what needs no confirmation.
pub(crate) fn begin(state: &mut State, name: &Name, dry_run: bool, effects: &mut Vec<Effect>) {
    if state.world.read_only {
        state.toast(Tone::Warning, "read-only: actions are disabled");
        return;
    }
    if replayed::refuses_runs(state) {
        return;
    }
    logs::thaw_to_act(state);
    let config = state.world.config.clone();
    let Some(action) = config.actions.iter().find(|action| action.name == *name) else {
        state.toast(Tone::Error, &format!("no action named `{name}` in the configuration"));
        return;
    };
    if dry_run && !plan::has_dry_run(&config, action) {
        let text = format!("`{}` declares no dry run: nothing ran", action.title);
        state.toast(Tone::Warning, &text);
        return;
    }
    let request = state.next_request();
    match plan::open_parameters(&config, action) {
        Err(error) => state.toast(Tone::Error, &error.to_string()),
        Ok(open) if open.is_empty() => {
            let (chosen, replaced) = (BTreeMap::new(), BTreeMap::new());
            confirm::open(state, request, name, (&chosen, &replaced), dry_run, effects);
        }
        Ok(open) => {
            let asked = plan::choices(&config, action).is_ok_and(|choices| !choices.is_empty());
            if asked {
                effects.push(Effect::Run(request, RunEffect::FetchChoices(name.clone())));
            }
            let choices = Choices::new(request, name.clone(), dry_run, open, asked);
            state.console.overlays.push(choices);
        }
    }
}

/// After a reload: what a person read may not be what would run now.
pub(super) fn reconfigured(state: &mut State) {
    let world = &state.world;
    if state.console.overlays.tell(|overlay| overlay.reconfigured(world)) > 0 {
        state.toast(Tone::Warning, "the configuration changed what would have run: nothing ran; review the new plan");
    }
}
