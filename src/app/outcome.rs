//! What came of effects, taken into the state.

use std::collections::BTreeMap;

use crate::model::choice::Choice;
use crate::model::message::{Effect, Outcome};
use crate::model::name::Name;
use crate::model::run::{Lock, OutputLine, Run, RunState};
use crate::model::text::SafeText;

use super::overlays::{Overlay, patterns};
use super::screens::actions::hold;
use super::state::State;
use super::verifying;
use super::world::diagnostics::ProblemKind;
use super::world::runs::{self, MAX_OUTPUT_LINES, RunView, is_active};
use super::world::timeline::{Entry, Happening};
use super::world::toasts::Tone;

/// Takes in one outcome. All of these answer a person, so they are drawn even where the screen is frozen.
pub fn outcome(state: &mut State, outcome: Outcome, effects: &mut Vec<Effect>) {
    match outcome {
        Outcome::Run(run) => self::run(state, &run, effects),
        Outcome::RunOutput { run, lines, omitted } => output(state, &run, lines, omitted),
        Outcome::RunRefused { action, why } => {
            let service = action_service(state, &action);
            let text = SafeText::new(&format!("{action} was refused: {why}"));
            state.toast(Tone::Error, text.as_str());
            state.timeline.push(Entry { at: state.now, happening: Happening::Run, service, text });
        }
        Outcome::Choices { action, choices } => self::choices(state, &action, choices),
        Outcome::Runs { runs, locks } => self::runs(state, runs, locks, effects),
        Outcome::Past(past) => patterns::learned(state, *past),
        Outcome::Said(text) => state.toast(Tone::Good, text.as_str()),
        Outcome::Failed(text) => {
            state.diagnostics.note(state.now, ProblemKind::Failed, SafeText::new("effect"), text.clone());
            state.toast(Tone::Error, text.as_str());
        }
        Outcome::Saved(path) => state.toast(Tone::Good, &format!("saved {}", path.display())),
    }
    state.changed();
}

fn action_service(state: &State, action: &Name) -> Option<Name> {
    state.config.actions.iter().find(|known| known.name == *action).and_then(|known| known.service.clone())
}

/// A run has news: it began, went on, or ended.
fn run(state: &mut State, run: &Run, effects: &mut Vec<Effect>) {
    let id = run.id.clone();
    let was = state.run(&id).map(|view| view.run.state);
    let news = was != Some(run.state);
    if let Some(past) = state.past.iter_mut().find(|past| past.id == id) {
        *past = run.clone();
    }
    // What ended before we came is history, not news.
    let worth = !matches!(run.state, RunState::Ended | RunState::Cancelled | RunState::Refused | RunState::TimedOut)
        || recent(state, run);
    match state.runs.iter_mut().find(|view| view.run.id == id) {
        Some(view) => view.run = run.clone(),
        None if worth => hold(state, RunView::new(run.clone())),
        None => return,
    }
    if is_active(run.state)
        && let Some(view) = state.runs.iter_mut().find(|view| view.run.id == id && !view.followed)
    {
        view.followed = true;
        effects.push(Effect::FollowRun(id.clone()));
    }
    if was.is_none() && is_active(run.state) {
        // Its lock is held from now, and belongs on the screen and into the next dialog.
        effects.push(Effect::LoadRuns);
    }
    if !news {
        return;
    }
    if was.is_none() && state.before.contains_key(&run.plan_digest) {
        // It was asked for here: whoever goes to the actions looks for this one.
        state.screens.actions.runs.selected = Some(id.to_string());
        state.screens.actions.output_at = None;
    }
    let said = format!("{}: {}", state.title_of(&run.action), runs::outcome(run));
    state.timeline.push(Entry {
        at: state.now,
        happening: Happening::Run,
        service: run.service.clone(),
        text: SafeText::new(&said),
    });
    match run.state {
        RunState::Starting | RunState::Stopping => {}
        // Whoever asked for it here was told that it starts, and the header counts what runs.
        RunState::Running if state.before.contains_key(&run.plan_digest) => {}
        RunState::Running => state.toast(Tone::Info, &said),
        RunState::Verifying => verifying::begin(state, run, effects),
        RunState::Ended => verifying::ended(state, run, effects),
        RunState::Refused | RunState::Cancelled => {
            state.toast(Tone::Warning, &said);
            effects.push(Effect::LoadRuns);
        }
        RunState::TimedOut => {
            state.toast(Tone::Error, &format!("{said}; see its output on actions"));
            verifying::ended(state, run, effects);
        }
        RunState::OutcomeUnknown => {
            let text = format!("{said}: look at {} yourself, then `opsroom unlock {} --why …`", run.target, run.id);
            state.toast(Tone::Error, &text);
        }
    }
}

/// Whether a run ended while this console was open.
fn recent(state: &State, run: &Run) -> bool {
    run.ended_at.unwrap_or(run.started_at) >= state.started.utc
}

fn output(state: &mut State, id: &Name, lines: Vec<OutputLine>, omitted: u64) {
    let Some(view) = state.runs.iter_mut().find(|view| view.run.id == *id) else { return };
    view.omitted = omitted;
    let next = view.lines.back().map_or(0, |line| line.index + 1);
    // Output is followed from its beginning again after a re-attachment: what is held already is passed over.
    view.lines.extend(lines.into_iter().filter(|line| line.index >= next));
    while view.lines.len() > MAX_OUTPUT_LINES {
        view.lines.pop_front();
    }
}

fn choices(state: &mut State, action: &Name, values: Result<BTreeMap<String, Vec<Choice>>, SafeText>) {
    let waiting = state.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Choices(choices) if choices.action == *action && choices.loading => Some(choices),
        _ => None,
    });
    if let Some(choices) = waiting {
        choices.answered(values);
    }
}

fn runs(state: &mut State, runs: Vec<Run>, locks: Vec<Lock>, effects: &mut Vec<Effect>) {
    for known in &runs {
        if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == known.id) {
            view.run = known.clone();
        } else if is_active(known.state) {
            let mut view = RunView::new(known.clone());
            view.followed = true;
            hold(state, view);
            effects.push(Effect::FollowRun(known.id.clone()));
        }
    }
    state.past = runs;
    state.locks = locks;
}
