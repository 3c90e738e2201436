//! After a run: whether it helped, by fresh readings of the checks that the action names.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::message::Effect;
use crate::model::name::Name;
use crate::model::run::{Run, RunState, Verdict};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::verification::{Judgement, Verification};

use super::keymap::Binding;
use super::state::State;
use super::world::runs::{Verifying, outcome};
use super::world::timeline::{Entry, Happening};
use super::world::toasts::Tone;

/// While a run is verified its checks are polled at this pace, whatever their interval: a person waits for it.
const PACE: Duration = Duration::from_secs(2);

/// What each check is shown as: kept when a run is asked for, to see afterwards what it made worse.
pub(super) fn statuses(state: &State) -> BTreeMap<Name, Status> {
    state.checks.iter().map(|check| (check.name.clone(), check.status)).collect()
}

/// A run ended and its checks are judged now.
pub(super) fn begin(state: &mut State, run: &Run, effects: &mut Vec<Effect>) {
    let config = state.config.clone();
    let action = config.actions.iter().find(|action| action.name == run.action);
    let Some(verify) = action.and_then(|action| action.verify.as_ref()) else {
        let note = "the configuration no longer says by which checks it is verified";
        let judgement = Judgement { verdict: Verdict::Inconclusive, note: note.to_owned() };
        conclude(state, &run.id, &judgement, effects);
        return;
    };
    let before = state.before.remove(&run.plan_digest).unwrap_or_default();
    let ended = stamp_of(state.now, run);
    let verification = Verification::new(ended, &verify.checks, verify.good, verify.within, &before);
    let polled = state.now;
    if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == run.id) {
        view.verifying = Some(Verifying::new(verification, ended.plus(verify.within), polled));
        effects.push(Effect::PollNow(verify.checks.clone()));
    }
}

/// When the run ended, on our own clock: what was measured before counts for nothing.
fn stamp_of(now: Stamp, run: &Run) -> Stamp {
    let Some(ended) = run.ended_at else { return now };
    let ago = (now.utc - ended).to_std().unwrap_or_default();
    Stamp { mono: now.mono.saturating_sub(ago), utc: ended.min(now.utc) }
}

/// A check has a new reading.
pub(super) fn saw(state: &mut State, check: usize, effects: &mut Vec<Effect>) {
    let Some(reading) = state.checks.get(check).and_then(|check| check.last.as_ref()) else { return };
    let mut done = Vec::new();
    let mut moved = false;
    for view in &mut state.runs {
        if let Some(verifying) = &mut view.verifying {
            let judgement = verifying.saw(reading);
            moved = true;
            done.extend(judgement.map(|judgement| (view.run.id.clone(), judgement)));
        }
    }
    for (run, judgement) in done {
        conclude(state, &run, &judgement, effects);
    }
    if moved {
        state.changed();
    }
}

/// Time passed: polls at the fast pace, and judges at the deadline.
pub(super) fn advance(state: &mut State, effects: &mut Vec<Effect>) {
    let now = state.now;
    let mut done = Vec::new();
    for view in &mut state.runs {
        let Some(verifying) = &mut view.verifying else { continue };
        if let Some(judgement) = verifying.judge(now) {
            done.push((view.run.id.clone(), judgement));
        } else if now.since(verifying.polled) >= PACE {
            verifying.polled = now;
            effects.push(Effect::PollNow(verifying.progress.iter().map(|(name, ..)| name.clone()).collect()));
        }
    }
    for (run, judgement) in done {
        conclude(state, &run, &judgement, effects);
    }
}

fn conclude(state: &mut State, id: &Name, judgement: &Judgement, effects: &mut Vec<Effect>) {
    let note = Some(SafeText::new(&judgement.note)).filter(|note| !note.as_str().is_empty());
    let Some(view) = state.runs.iter_mut().find(|view| view.run.id == *id) else { return };
    view.verifying = None;
    view.announced = true;
    view.run.verdict = judgement.verdict;
    view.run.state = RunState::Ended;
    view.run.note = note.clone().or_else(|| view.run.note.clone());
    let run = view.run.clone();
    effects.push(Effect::RecordVerdict { run: id.clone(), verdict: judgement.verdict, note });
    announce(state, &run);
}

/// A run is over: said once, whether by its checks or by its exit code.
pub(super) fn ended(state: &mut State, run: &Run, effects: &mut Vec<Effect>) {
    state.before.remove(&run.plan_digest);
    effects.push(Effect::LoadRuns);
    if let Some(view) = state.runs.iter_mut().find(|view| view.run.id == run.id) {
        view.verifying = None;
        if !std::mem::replace(&mut view.announced, true) {
            announce(state, run);
        }
    }
}

/// Says how it ended, and offers what the configuration offers where it did not help. Nothing runs by itself.
fn announce(state: &mut State, run: &Run) {
    let config = state.config.clone();
    let action = config.actions.iter().find(|action| action.name == run.action);
    let title = action.map_or(&*run.action, |action| &action.title);
    let took = (state.now.utc - run.started_at).num_seconds().max(0);
    let note = run.note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
    let mut said = format!("{title}: {} after {took}s{note}", outcome(run));
    let good = match run.verdict {
        Verdict::Verified => true,
        Verdict::None => run.state == RunState::Ended && run.exit_code == Some(0),
        Verdict::NotRecovered | Verdict::Regressed | Verdict::Inconclusive => false,
    };
    if !good
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
    let tone = match (good, run.verdict) {
        (true, _) => Tone::Good,
        (false, Verdict::Inconclusive) => Tone::Warning,
        (false, _) => Tone::Error,
    };
    state.toast(tone, &said);
    let entry =
        Entry { at: state.now, happening: Happening::Run, service: run.service.clone(), text: SafeText::new(&said) };
    state.timeline.push(entry);
}
