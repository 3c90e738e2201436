//! After a run: how it ended is said once, and what the configuration offers then is offered.

use crate::model::message::Effect;
use crate::model::run::{Run, RunState};
use crate::text::SafeText;

use super::keymap::{Binding, Command};
use super::state::State;
use super::world::timeline::{Entry, Happening};
use super::world::toasts::Tone;

/// A run is over.
pub(super) fn ended(state: &mut State, run: &Run, effects: &mut Vec<Effect>) {
    effects.push(Effect::LoadRuns);
    if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == run.id) {
        (view.progress, view.stopping, view.signs) = (None, None, None);
        announce(state, run);
    }
}

/// Says how it ended, and offers what the configuration offers where it did not help. Nothing runs by itself.
fn announce(state: &mut State, run: &Run) {
    let config = state.config.clone();
    let action = config.actions.iter().find(|action| action.name == run.action);
    let title = action.map_or(&*run.action, |action| &action.title);
    let took = run.took(state.moment()).as_secs();
    let note = run.note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
    let mut said = format!("{title}: {} after {took}s{note}", run.outcome());
    if run.state == RunState::Refused {
        said = format!("{title}: {}", run.outcome_and_note());
    }
    if run.can_be_verified_now() && !state.read_only {
        let key = state.keymap.key_of(Command::FollowUp).map_or_else(|| "follow-up".to_owned(), |key| key.to_string());
        said = format!("{said}; look at {}, then {key} on its run verifies it now", run.target);
    } else if !run.state.is_good()
        && !matches!(run.state, RunState::Refused | RunState::Unknown)
        && !state.read_only
        && let Some(offer) = action.and_then(|action| action.on_failure.clone())
    {
        let keys = state.keymap.keys_of(&Binding::Action(offer.clone()));
        let keys = if keys.is_empty() { "u on its run".to_owned() } else { keys };
        said = format!("{said}; {} is offered: {keys}", state.title_of(&offer));
        if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == run.id) {
            view.offer = Some(offer);
        }
    }
    let tone = match run.state {
        state if state.is_good() => Tone::Good,
        RunState::Inconclusive | RunState::Cancelled => Tone::Warning,
        _ => Tone::Error,
    };
    state.toast(tone, &said);
    let entry =
        Entry { at: state.now, happening: Happening::Run, service: run.service.clone(), text: SafeText::new(&said) };
    state.timeline.push(entry);
}
