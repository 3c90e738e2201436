//! What sources, time and the store brought, as this console shows it: frames, short messages, bell and title.

use crate::config::channels::ChannelKind;
use crate::config::panels;
use crate::config::sections::notify::Channel;
use crate::lang::time::Stamp;
use crate::logs::record::RecordBatch;
use crate::model::alert::Clearing;
use crate::model::effect::{Effect, HistoryEffect, HolderEffect, LogsEffect, RunEffect, StoreEffect, TerminalEffect};
use crate::model::observation::Observation;
use crate::model::run::{Run, RunState};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::alerts::{AlertView, Phase};
use crate::world::runs::RunView;
use crate::world::{Change, Intent, Output};

use super::incidents;
use super::keymap::Command;
use super::logs;
use super::requests::AwaitedAnswer;
use super::start;
use super::state::State;
use super::toasts::{ToastOrigin, Tone};
use super::verifying;

/// Takes in one observation. Only what changes something a person would notice at once asks for a frame; figures wait
/// for the next tick of the header's clock, because over SSH every frame costs.
pub(crate) fn observe(state: &mut State, observation: Observation, at: Stamp, effects: &mut Vec<Effect>) {
    match observation {
        Observation::Records { log, batch } => records(state, &log, batch),
        Observation::LogsResumed => effects.push(LogsEffect::MaskHeld.into()),
        other => {
            let output = state.world.observe(other, at);
            show(state, output, effects);
        }
    }
}

fn records(state: &mut State, name: &Name, batch: RecordBatch) {
    state.world.diagnostics.observations += 1;
    if state.console.frozen.is_some() {
        logs::hold(state, name, batch);
        return;
    }
    let any = !batch.records.is_empty();
    logs::arrived(state, name, batch, state.world.now);
    if any && state.shows_logs() {
        state.changed();
    }
}

/// Shows what came of an input, and passes on what is to be done.
pub(super) fn show(state: &mut State, output: Output, effects: &mut Vec<Effect>) {
    for change in output.changes {
        self::change(state, change, effects);
    }
    // Once a store that is away is back, whoever watches it reads the runs by itself.
    let is_away = state.world.store_away.is_some();
    for intent in output.intents.into_iter().filter(|intent| !(is_away && matches!(intent, Intent::LoadRuns))) {
        effects.push(match intent {
            Intent::LoadRuns => Effect::Store(state.request(AwaitedAnswer::Runs), StoreEffect::LoadRuns),
            Intent::WriteMinute { fence, sheet, standing_in } => {
                HistoryEffect::WriteMinute { fence, sheet: Box::new(sheet), standing_in }.into()
            }
            Intent::Append(said) => HolderEffect::Append(said).into(),
            Intent::AppendMissed(said) => HolderEffect::AppendMissed(said).into(),
            Intent::Notify(message) => HolderEffect::Notify(message).into(),
            Intent::Signal(sequence) => TerminalEffect::Signal(sequence).into(),
            Intent::KeepEngine(engine) => HolderEffect::KeepEngine(engine).into(),
            Intent::ReadStatuses(checks) => {
                let request = state.request(AwaitedAnswer::Statuses(checks.clone()));
                Effect::Store(request, StoreEffect::ReadStatuses(checks))
            }
            Intent::ReadAlerts => Effect::Store(state.request(AwaitedAnswer::Alerts), StoreEffect::ReadAlerts),
            Intent::FollowRun(run) => {
                Effect::Run(state.request(AwaitedAnswer::Follow(run.clone())), RunEffect::Follow(run))
            }
        });
    }
    if output.noticeable {
        title(state, effects);
        state.changed();
    }
}

fn change(state: &mut State, change: Change, effects: &mut Vec<Effect>) {
    match change {
        Change::Critical { alert, text } => {
            let (now, text) = (state.world.now, SafeText::new(&text));
            state.console.toasts.push(now, Tone::Error, text, ToastOrigin::Alert(alert));
            // A terminal that is a channel signals as that says.
            let is_channel = |channel: &Channel| matches!(channel.kind, ChannelKind::Terminal(_));
            if !state.world.config.channels.iter().any(is_channel) {
                effects.push(TerminalEffect::Bell.into());
            }
        }
        Change::NetworkLost => effects.push(TerminalEffect::Bell.into()),
        Change::Problem if state.shows(&panels::PROBLEMS) => state.changed(),
        Change::Overrun if state.shows(&panels::CHECKS) => state.changed(),
        Change::Incident { said, by, text } => incidents::news(state, &said, &by, &text, effects),
        Change::Alerts => withdraw_alerts(state),
        Change::Problem | Change::Overrun => {}
        Change::TaskFailed { task, .. } => {
            state.news(Tone::Error, &format!("{task} failed and was restarted; see diagnostics (!)"));
        }
        Change::RunMoved(run) => {
            // The row above the footer says it from now on.
            let Some(RunView { run, .. }) = state.world.run(&run) else { return };
            let asked = start::asked(state.world.title_of(&run.action), run.dry_run);
            state.console.toasts.withdraw(&asked);
        }
        Change::RunEnded(run) => {
            verifying::look_after(state, &run, effects);
            let (tone, said) = result_of(state, &run);
            state.show_result(&run, tone, &said);
        }
        Change::RunStored(run) => {
            let (tone, said) = result_of(state, &run);
            state.correct_result(&run, tone, &said);
        }
    }
}

/// Takes back what was said of alerts whose condition holds no more, or which the configuration has no more.
fn withdraw_alerts(state: &mut State) {
    let holds = |alert: &AlertView| alert.phase == Phase::Firing && !matches!(alert.clearing, Some(Clearing::At(_)));
    let world = &state.world;
    state.console.toasts.withdraw_alerts(|name| world.alert(name).is_some_and(holds));
}

/// Brings the title up to what is broken, or to the name alone: it must not cry for ever.
pub(super) fn title(state: &mut State, effects: &mut Vec<Effect>) {
    let name = &state.world.config.console.name;
    let text = state.world.headline().map_or_else(|| name.clone(), |headline| format!("! {headline} · {name}"));
    if state.console.title != text {
        effects.push(TerminalEffect::Title(SafeText::new(&text)).into());
        state.console.title = text;
    }
}

/// How a run ended, in words. What the configuration offers where it did not help stands beside it, with its key.
fn result_of(state: &State, run: &Run) -> (Tone, String) {
    let mut said = state.world.epitaph(run);
    if state.world.can_verify(run) {
        let key = state.console.keymap.key_of(Command::FollowUp);
        let key = key.map_or_else(|| "follow-up".to_owned(), |key| key.to_string());
        said = format!("{said}; look at {}, then {key} on its run verifies it now", run.target);
    } else if run.can_be_verified_now() && !state.world.read_only {
        said = format!("{said}; look at {}, then opsroom unlock {} --why TEXT", run.target, run.id);
    }
    let tone = match run.state {
        state if state.is_good() => Tone::Good,
        RunState::Inconclusive | RunState::Cancelled => Tone::Warning,
        _ => Tone::Error,
    };
    (tone, said)
}
