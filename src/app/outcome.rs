//! What came of effects, taken into the state.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::model::choice::Choice;
use crate::model::message::{Effect, Outcome, RequestId};
use crate::model::run::{Lock, OutputLine, Run, RunState, Stopping};
use crate::text::SafeText;
use crate::text::name::Name;

use super::ended;
use super::overlays::{Overlay, patterns};
use super::screens::actions::hold;
use super::state::State;
use super::world::diagnostics::ProblemKind;
use super::world::runs::{MAX_OUTPUT_LINES, RunView};
use super::world::timeline::{Entry, Happening};
use super::world::toasts::Tone;

/// Takes in one outcome. All of these answer a person, so they are drawn even where the screen is frozen.
pub fn outcome(state: &mut State, outcome: Outcome, effects: &mut Vec<Effect>) {
    match outcome {
        Outcome::RunStarted { request, run } => started(state, request, &run, effects),
        Outcome::Run(run) => self::run(state, &run, effects),
        Outcome::RunProgress { run, progress } => {
            if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == run) {
                view.progress = Some(progress);
            }
        }
        Outcome::RunStopping { run, stopping } => {
            let now = state.now;
            if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == run) {
                // A supervisor that has answered knows better than who asks it.
                let known = matches!(&view.stopping, Some((Stopping::Terminated { .. } | Stopping::Killed, _)));
                if !known || !matches!(stopping, Stopping::Asked) {
                    view.stopping = Some((stopping, now));
                }
            }
        }
        Outcome::RunSigns { run, signs } => {
            let now = state.now;
            if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == run) {
                view.signs = Some((signs, now));
            }
        }
        Outcome::RunOutput { run, lines, omitted } => output(state, &run, lines, omitted),
        Outcome::RunRefused { request, action, why } => {
            state.requested.remove(&request);
            let service = action_service(state, &action);
            let text = SafeText::new(&format!("{action} was refused: {why}"));
            state.toast(Tone::Error, text.as_str());
            state.timeline.push(Entry { at: state.now, happening: Happening::Run, service, text });
        }
        Outcome::Choices { request, choices, .. } => self::choices(state, request, choices),
        Outcome::Runs { runs, locks } => self::runs(state, runs, locks, effects),
        Outcome::Store { away, since } => store(state, away, since, effects),
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

/// It is tried again by itself: a person is told when it goes and when it is back, not of each try.
fn store(state: &mut State, away: Option<SafeText>, since: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let zone = state.config.console.timezone;
    match away {
        Some(why) => {
            let known = state.store_away.as_ref().is_some_and(|(_, known)| *known == why);
            if !known {
                state.toast(Tone::Error, &format!("the store is away: {why}"));
            }
            state.diagnostics.note(state.now, ProblemKind::Failed, SafeText::new("store"), why.clone());
            state.store_away = Some((since, why));
        }
        None => {
            state.store_away = None;
            let text =
                format!("the store is back; it was away since {}", since.with_timezone(&zone).format("%H:%M:%S"));
            state.toast(Tone::Good, &text);
            effects.push(Effect::LoadRuns);
        }
    }
}

fn action_service(state: &State, action: &Name) -> Option<Name> {
    state.config.actions.iter().find(|known| known.name == *action).and_then(|known| known.service.clone())
}

/// What was asked for here runs: whoever goes to the actions looks for this one.
fn started(state: &mut State, request: RequestId, run: &Run, effects: &mut Vec<Effect>) {
    state.requested.remove(&request);
    if state.run(&run.id).is_none() {
        hold(state, RunView::new(run.clone()));
    }
    if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == run.id) {
        view.ours = true;
    }
    state.screens.actions.runs.selected = Some(run.id.to_string());
    state.screens.actions.output_at = None;
    follow(state, &run.id, effects);
    // Its lock is held from now, and belongs on the screen and into the next dialog.
    effects.push(Effect::LoadRuns);
}

/// A run has news: it began, moved on, or ended.
fn run(state: &mut State, run: &Run, effects: &mut Vec<Effect>) {
    let id = run.id.clone();
    let was = state.run(&id).map(|view| view.run.state);
    // What was read before the run was closed may arrive after it.
    if run.state.is_open() && was.is_some_and(|was| !was.is_open() && was != RunState::Unknown) {
        return;
    }
    if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == id) {
        view.run = run.clone();
    } else if run.state.is_open() || recent(state, run) {
        hold(state, RunView::new(run.clone()));
    } else {
        // What ended before we came is history, not news.
        return;
    }
    if let Some(past) = state.past.iter_mut().find(|past| past.id == id) {
        *past = run.clone();
    }
    if run.state.is_open() {
        follow(state, &id, effects);
        if was.is_none() {
            effects.push(Effect::LoadRuns);
        }
    }
    if was == Some(run.state) {
        return;
    }
    if !run.state.is_open() {
        ended::ended(state, run, effects);
        return;
    }
    let said = format!("{}: {}", state.title_of(&run.action), run.outcome());
    state.timeline.push(Entry {
        at: state.now,
        happening: Happening::Run,
        service: run.service.clone(),
        text: SafeText::new(&said),
    });
    // Whoever asked for it here was told that it starts, and the header counts what runs.
    if run.state == RunState::Running && !state.run(&id).is_some_and(|view| view.ours) {
        state.toast(Tone::Info, &said);
    }
}

/// Follows the output of a run, once.
fn follow(state: &mut State, id: &Name, effects: &mut Vec<Effect>) {
    if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == *id && !view.followed) {
        view.followed = true;
        effects.push(Effect::FollowRun(id.clone()));
    }
}

/// Whether a run ended while this console was open.
fn recent(state: &State, run: &Run) -> bool {
    run.ago(state.moment()) <= state.now.since(state.started)
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

fn choices(state: &mut State, request: RequestId, values: Result<BTreeMap<String, Vec<Choice>>, SafeText>) {
    let waiting = state.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Choices(choices) if choices.request == request && choices.loading => Some(choices),
        _ => None,
    });
    if let Some(choices) = waiting {
        choices.answered(values);
    }
}

/// What the store holds. Those that are open are reported one by one by whoever watches them.
fn runs(state: &mut State, runs: Vec<Run>, locks: Vec<Lock>, effects: &mut Vec<Effect>) {
    for known in &runs {
        let held = state.run(&known.id).is_some();
        if known.state.is_open() || held {
            run(state, known, effects);
        } else if known.can_be_verified_now() && locks.iter().any(|lock| lock.id == known.id) {
            // However long ago its supervisor died: its target stays locked until somebody looks.
            hold(state, RunView::new(known.clone()));
            ended::ended(state, known, effects);
        }
    }
    state.past = runs;
    state.locks = locks;
}
