//! What came of effects, taken into the state.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::config::panels;
use crate::model::choice::ChoiceList;
use crate::model::effect::{Effect, RequestId, TerminalEffect};
use crate::model::fact::incident::EvidenceFile;
use crate::model::fact::{Fact, NewFact};
use crate::model::message::{DeliveryFailure, Recipient};
use crate::model::outcome::{Outcome, StoreAbsence, StoreAway, StoreFigures};
use crate::model::presence::Presence;
use crate::model::rollup::{SeriesHistory, SeriesKey};
use crate::model::run::Run;
use crate::model::since;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::Output;
use crate::world::announcing::is_asked;

use super::channel_test;
use super::charts;
use super::checklists;
use super::following;
use super::incidents;
use super::logs;
use super::observe;
use super::overlays::choices::Choices;
use super::overlays::patterns;
use super::reading;
use super::requests::AwaitedAnswer;
use super::row::RowKey;
use super::runbook;
use super::saying;
use super::start;
use super::state::State;
use super::verifying;
use crate::app::toasts::Tone;
use crate::world::diagnostics::ProblemKind;

/// Takes in one outcome. All of these answer a person, so they are drawn even where the screen is frozen.
pub(crate) fn outcome(state: &mut State, outcome: Outcome, effects: &mut Vec<Effect>) {
    if let Outcome::StoreFigures(figures) = outcome {
        return store_figures(state, figures);
    }
    let is_named = state.on_its_way().is_some();
    let output = taken_in(state, outcome, effects);
    observe::show(state, output, effects);
    if is_named {
        // It may be answered: then that goes, also on a screen that is held still.
        state.answer();
    } else {
        state.changed();
    }
}

fn taken_in(state: &mut State, outcome: Outcome, effects: &mut Vec<Effect>) -> Output {
    match outcome {
        Outcome::RunStarted { request, run } => started(state, request, &run),
        Outcome::RunVerifying { request, run } => {
            state.console.requests.answered(request);
            state.world.run_changed(&run)
        }
        Outcome::Run(run) => state.world.run_changed(&run),
        Outcome::RunsLoaded { request, runs, locks } if state.console.requests.answered(request) => {
            state.world.stored_runs(runs, locks)
        }
        Outcome::Runs { runs, locks } => state.world.stored_runs(runs, locks),
        Outcome::Store { away, since } => store(state, away, since),
        Outcome::StoreOnlyRead(why) => only_read(state, why),
        Outcome::Past { series, histories } => past(state, &series, histories),
        Outcome::ReadingsLeftOut(why) => state.world.readings_left_out(why.as_ref()),
        Outcome::Lease(report) => state.world.lease_changed(*report),
        Outcome::Present(present) => self::present(state, present, effects),
        Outcome::Engine { engine, unseen } => state.world.resume(&engine, unseen),
        Outcome::Remembered { lately, head } => {
            // It may be another store.
            state.console.screens.metrics.stored.forget();
            state.world.remember(&lately, head, state.world.now)
        }
        Outcome::Facts(facts) => apply(state, &facts),
        Outcome::Statuses { request, checks, things } if state.console.requests.answered(request) => {
            state.world.statuses_read(&checks, &things)
        }
        Outcome::Alerts { request, things } if state.console.requests.answered(request) => {
            state.world.alerts_read(&things)
        }
        Outcome::Delivered { message, target, delivered } => told(state, &message, &target, &delivered),
        Outcome::Queued { request, drafts } => queued(state, request, &drafts),
        Outcome::QueuedBefore(drafts) => state.world.acknowledged_here(&drafts),
        // Asked for again meanwhile: that answer is newer.
        Outcome::RunsLoaded { .. } | Outcome::Statuses { .. } | Outcome::Alerts { .. } => Output::default(),
        Outcome::RunProgress { run, progress } => verifying::progressed(state, &run, progress, effects),
        Outcome::StepRan { request, result } => {
            checklists::ran(state, request, &result, effects);
            Output::default()
        }
        Outcome::EvidenceSaved { path, files } => {
            evidence_saved(state, &path.display().to_string(), files, effects);
            Output::default()
        }
        Outcome::EvidenceFailed(why) => {
            evidence_failed(state, why);
            Output::default()
        }
        other => {
            answered(state, other);
            Output::default()
        }
    }
}

fn evidence_failed(state: &mut State, why: SafeText) {
    let why = incidents::evidence_failed(state, why);
    failed(state, &why, true);
}

fn evidence_saved(state: &mut State, path: &str, files: Vec<EvidenceFile>, effects: &mut Vec<Effect>) {
    incidents::evidence_saved(state, path, files, effects);
    state.toast(Tone::Good, &format!("evidence saved in {path} (sent to the clipboard)"));
    effects.push(TerminalEffect::CopyPath(SafeText::new(path)).into());
}

fn apply(state: &mut State, facts: &[Fact]) -> Output {
    let (mut output, now) = (Output::default(), state.world.now);
    for fact in facts {
        output.extend(state.world.apply(fact, now));
    }
    output
}

fn answered(state: &mut State, outcome: Outcome) {
    match outcome {
        Outcome::RunStopping { run, stopping } => state.world.run_stopping(&run, stopping),
        Outcome::RunSigns { run, signs } => state.world.run_signs(&run, signs),
        Outcome::RunOutput { run, lines, omitted } => state.world.run_output(&run, lines, omitted),
        Outcome::RunRefused { request, action, why } if state.console.requests.answered(request) => {
            let title = state.world.title_of(&action).to_owned();
            start::refused(state, &title);
            state.console.overlays.come_back(request, &why, state.world.now);
            state.toast(Tone::Error, &format!("{title} was refused: {why}"));
            state.world.refused(&action, &why);
        }
        Outcome::Charts { request, answers } if state.console.requests.answered(request) => {
            charts::answered(state, answers);
        }
        Outcome::Marks { request, facts, runs } if state.console.requests.answered(request) => {
            charts::marks_answered(state, &facts, &runs);
        }
        Outcome::Choices { request, choices, .. } => self::choices(state, request, choices),
        Outcome::ShapeHistory { request, history } => patterns::learned(state, request, *history),
        Outcome::Runbook { request, text } => runbook::learned(state, request, text),
        Outcome::Masked(records) => logs::masked(state, &records),
        Outcome::Said(text) => state.toast(Tone::Good, text.as_str()),
        Outcome::RequestFailed { request, why } => request_failed(state, request, why),
        Outcome::Recorded { request } => recorded(state, request),
        Outcome::Completed { request } => drop(state.console.requests.take(request)),
        Outcome::Looked(missed) => reading::looked(state, *missed),
        Outcome::Failed(why) => failed(state, &why, false),
        Outcome::Saved(path) => state.toast(Tone::Good, &format!("saved {}", path.display())),
        // Nobody waits for these any more; and what the world takes in is no answer.
        Outcome::RunRefused { .. }
        | Outcome::RunStarted { .. }
        | Outcome::RunVerifying { .. }
        | Outcome::Run(_)
        | Outcome::RunsLoaded { .. }
        | Outcome::Runs { .. }
        | Outcome::StepRan { .. }
        | Outcome::RunProgress { .. }
        | Outcome::EvidenceSaved { .. }
        | Outcome::EvidenceFailed(_)
        | Outcome::Store { .. }
        | Outcome::StoreOnlyRead(_)
        | Outcome::Past { .. }
        | Outcome::StoreFigures(_)
        | Outcome::ReadingsLeftOut(_)
        | Outcome::Lease(_)
        | Outcome::Present(_)
        | Outcome::Engine { .. }
        | Outcome::Remembered { .. }
        | Outcome::Facts(_)
        | Outcome::Statuses { .. }
        | Outcome::Alerts { .. }
        | Outcome::Charts { .. }
        | Outcome::Marks { .. }
        | Outcome::Delivered { .. }
        | Outcome::Queued { .. }
        | Outcome::QueuedBefore(_) => {}
    }
}

/// What a person said is on record.
fn recorded(state: &mut State, request: RequestId) {
    state.console.overlays.arrived(request);
    let asked = state.console.requests.take(request);
    match asked {
        Some(AwaitedAnswer::Said(said) | AwaitedAnswer::Step { said, .. }) if !said.is_empty() => {
            state.toast(Tone::Good, said.as_str());
        }
        Some(AwaitedAnswer::Opened(title)) => state.toast(Tone::Good, &saying::opened(&title)),
        _ => {}
    }
}

/// So ends what is said of what waits for the store, until that is back.
const QUEUED: &str = ": queued on disk, recorded once the store is back";

fn request_failed(state: &mut State, request: RequestId, why: SafeText) {
    state.console.requests.unsay(request);
    state.console.overlays.come_back(request, &why, state.world.now);
    match state.console.requests.take(request) {
        // Nobody asked for it: it is read of every run that is seen, and said where the output would be.
        Some(AwaitedAnswer::Follow(run)) => state.world.output_unreadable(&run, why),
        // Nor for these: the charts say so.
        Some(AwaitedAnswer::Charts | AwaitedAnswer::Marks) => charts::failed(state),
        Some(AwaitedAnswer::Opened(title)) => {
            let why = incidents::opening_failed(state, &title, &why);
            failed(state, &why, true);
        }
        Some(_) => failed(state, &why, true),
        None => {}
    }
}

/// What became of a message: one that a person asked for is said here, the others are for the world.
fn told(state: &mut State, id: &Name, target: &Recipient, delivered: &Result<(), DeliveryFailure>) -> Output {
    if !is_asked(id) {
        return state.world.delivered(id, target, delivered);
    }
    channel_test::delivered(state, target, delivered);
    Output::default()
}

/// The store is away: what a person said holds here, and is put on record later.
fn queued(state: &mut State, request: RequestId, drafts: &[NewFact]) -> Output {
    let output = state.world.acknowledged_here(drafts);
    state.console.overlays.arrived(request);
    let said = match state.console.requests.take(request) {
        Some(asked @ (AwaitedAnswer::Said(_) | AwaitedAnswer::Step { .. })) => saying::said_with(state, &asked),
        _ => None,
    };
    if let Some(said) = said {
        let text = format!("{said}{QUEUED}");
        state.toast(Tone::Warning, &text);
    }
    output
}

/// So begins what is said of a store that is away, until it is back.
const AWAY: &str = "the store is away: ";

fn failed(state: &mut State, why: &SafeText, is_asked: bool) {
    state.world.problem(ProblemKind::Failed, &SafeText::new("effect"), why);
    // What needs a store that is away fails of that, which is said once; a person who asks later is answered again.
    let is_known = state.world.store_away.as_ref().is_some_and(|away| away.why == *why);
    let is_shown = || state.console.toasts.iter().any(|toast| toast.text.as_str().starts_with(AWAY));
    if !(is_known && (!is_asked || is_shown())) {
        state.toast(Tone::Error, why.as_str());
    }
}

/// Others came, left, or show something else. A screen that is followed follows.
fn present(state: &mut State, present: Vec<Presence>, effects: &mut Vec<Effect>) -> Output {
    let output = state.world.present_changed(present);
    following::present_changed(state, effects);
    output
}

fn only_read(state: &mut State, why: Option<SafeText>) -> Output {
    state.world.store_only_read = why;
    Output::default()
}

/// They are shown with the next frame: none is drawn for them.
const fn store_figures(state: &mut State, figures: StoreFigures) {
    state.world.diagnostics.store = figures;
}

fn past(state: &mut State, series: &[SeriesKey], histories: Option<Vec<SeriesHistory>>) -> Output {
    match histories {
        Some(histories) => state.world.restore(&histories),
        None => state.world.past_missed(series),
    }
    Output::default()
}

/// It is tried again by itself: a person is told when it goes and when it is back, not of each try, nor of each reason: the
/// header says that it is away, and the problems of the diagnostics screen say why.
fn store(state: &mut State, away: Option<StoreAway>, since: DateTime<Utc>) -> Output {
    let known = state.world.store_away.as_ref().map(|away| (away.seen, away.how));
    let output = state.world.store_changed(away.clone());
    match away {
        // The header says so, and nothing failed.
        Some(StoreAway { how: StoreAbsence::NotMade, .. }) => {}
        Some(away) if known.is_none_or(|(_, how)| how == StoreAbsence::NotMade) => {
            state.news(Tone::Error, &format!("{AWAY}{}", away.why));
        }
        Some(_) => {}
        None if known.is_some_and(|(_, how)| how == StoreAbsence::NotMade) => {
            state.news(Tone::Good, "the store has been made");
        }
        None => {
            state.console.toasts.withdraw(AWAY);
            state.console.toasts.withdraw_ending(QUEUED);
            let at = since.with_timezone(&state.world.config.console.timezone).format("%H:%M:%S");
            let since = since::since(known.is_none_or(|(seen, _)| seen), at);
            state.news(Tone::Good, &format!("the store is back; it was away {since}"));
        }
    }
    output
}

/// What was asked for here runs: whoever goes to the actions looks for this one.
fn started(state: &mut State, request: RequestId, run: &Run) -> Output {
    if !state.console.requests.answered(request) {
        return state.world.run_changed(run);
    }
    state.console.overlays.arrived(request);
    state.select(&panels::RUNS.id(), RowKey::Run(run.id.clone()));
    state.console.screens.actions.output_at = None;
    state.world.started(run)
}

fn choices(state: &mut State, request: RequestId, values: Result<BTreeMap<String, ChoiceList>, SafeText>) {
    let latest = state.console.overlays.latest_mut::<Choices>();
    if let Some(choices) = latest.filter(|choices| choices.request == request && choices.loading) {
        choices.answered(values);
    }
}
