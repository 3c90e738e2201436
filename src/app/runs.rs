//! The actions screen: cancelling, following up and reading runs.

use crate::config::panels;
use crate::model::effect::{Effect, RunEffect};
use crate::model::run::{Run, RunState};
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::runs::RunView;

use super::keymap::Command;
use super::launch;
use super::list::moved;
use super::logs;
use super::observe;
use super::overlays::ask::{AskOverlay, OnYes};
use super::requests::AwaitedAnswer;
use super::row::RowKey;
use super::state::State;
use super::toasts::Tone;

/// Commands of this screen alone.
pub(crate) fn command(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Cancel => {
            logs::thaw_to_act(state);
            ask_cancel(state);
        }
        Command::DryRun => {
            let panel = state.focused_panel().filter(|panel| panel.is(&panels::SERVICE_ACTIONS));
            if let Some(RowKey::Action(name)) = state.selected(&panel.unwrap_or(panels::STARTABLE.id())) {
                launch::begin(state, &name, true, effects);
            }
        }
        Command::FollowUp => {
            logs::thaw_to_act(state);
            follow_up(state, effects);
        }
        _ => {}
    }
}

/// What is offered after the shown run: its verification where its supervisor died, else what the configuration names.
fn follow_up(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(run) = state.shown_run().cloned() else { return };
    if state.world.can_verify(&run) {
        let title = state.world.title_of(&run.action).to_owned();
        state.toast(Tone::Info, &format!("{title}: verifying"));
        effects.push(Effect::Run(state.request(AwaitedAnswer::Verify(run.id.clone())), RunEffect::VerifyNow(run.id)));
        return;
    }
    match state.world.run(&run.id).and_then(|view| view.offer.clone()) {
        Some(action) => launch::begin(state, &action, false, effects),
        None if run.can_be_verified_now() => {
            let text = format!(
                "no checks verify {}: look at {}, then opsroom unlock {} --why TEXT",
                state.world.title_of(&run.action),
                run.target,
                run.id
            );
            state.toast(Tone::Info, &text);
        }
        None => state.toast(Tone::Info, "no follow-up action for this run"),
    }
}

/// Whether something is offered after the shown run.
pub(super) fn is_follow_up_offered(state: &State) -> bool {
    state.shown_run().is_some_and(|run| {
        let verifiable = state.world.can_verify(run);
        verifiable || state.world.run(&run.id).is_some_and(|view| view.offer.is_some())
    })
}

/// The run that would be cancelled now.
pub(super) fn cancellable(state: &State) -> Option<&Run> {
    let left = |run: &Run| {
        state.world.run(&run.id).and_then(|view| view.signs.as_ref()).map_or(0, |(signs, _)| signs.left.len())
    };
    let stoppable = |run: &&Run| run.state == RunState::Running || (run.state == RunState::Unknown && left(run) > 0);
    let in_startable = state.focused_panel().is_some_and(|panel| panel.is(&panels::STARTABLE));
    let chosen = if in_startable { state.selected_action() } else { None };
    let all = state.world.all_runs();
    let mut of_chosen = all.iter().copied().filter(|run| chosen.as_ref() == Some(&run.action)).filter(stoppable);
    let mut stoppables = all.iter().copied().filter(stoppable);
    let only = stoppables.next().filter(|_| stoppables.next().is_none());
    // What is selected, and where that runs no more, the only one that does: its name stands in the question.
    of_chosen.next().or_else(|| state.shown_run().filter(stoppable)).or(only)
}

fn ask_cancel(state: &mut State) {
    let Some(run) = cancellable(state).cloned() else {
        let verified = state.shown_run().filter(|run| run.state == RunState::Verifying);
        let text = match verified {
            Some(run) => {
                format!("{} has ended and is being verified: nothing to cancel", state.world.title_of(&run.action))
            }
            None => "the selected run is not running".to_owned(),
        };
        state.toast(Tone::Info, &text);
        return;
    };
    let title = state.world.title_of(&run.action);
    let question = if run.state == RunState::Running {
        format!("Cancel {title} on {}?", run.target)
    } else {
        format!("Stop what {title} left running on {}?", run.target)
    };
    state.console.overlays.push(AskOverlay {
        question: SafeText::new(&question),
        detail: SafeText::new(
            "Its processes are asked to end (TERM); what still runs after the grace period is killed (KILL). A change may be left half done.",
        ),
        opened: state.world.now,
        then: OnYes::StopRun(run.id),
    });
}

/// Opens a run: its output is shown from where it follows its end.
pub(crate) fn open_run(state: &mut State, id: &Name, effects: &mut Vec<Effect>) {
    state.select(&panels::RUNS.id(), RowKey::Run(id.clone()));
    state.console.screens.actions.output_at = None;
    read_output(state, id, effects);
}

/// While the output of runs is on the screen that of the chosen run is read, also of one that ended long ago.
pub(super) fn show_output(state: &mut State, effects: &mut Vec<Effect>) {
    if state.shows(&panels::OUTPUT)
        && let Some(RowKey::Run(id)) = state.selected(&panels::RUNS.id())
    {
        read_output(state, &id, effects);
    }
}

/// Follows the output of a run from its first line, once.
fn read_output(state: &mut State, id: &Name, effects: &mut Vec<Effect>) {
    if state.world.run(id).is_none() {
        let Some(run) = state.world.history.iter().find(|run| run.id == *id).cloned() else { return };
        state.world.hold(RunView::new(run));
    }
    let output = state.world.follow(id);
    observe::show(state, output, effects);
}

/// Scrolls the output of the shown run. It holds its line while more comes in; at the end it follows again. `false`:
/// the command is no movement.
pub(crate) fn scroll_output(state: &mut State, command: Command) -> bool {
    if moved(command, 0, 1, 1).is_none() {
        return false;
    }
    let height = state.height(&panels::OUTPUT.id());
    let Some(view) = state.shown_run().and_then(|run| state.world.run(&run.id)) else { return true };
    let Some(first) = view.lines.front().map(|line| line.index) else { return true };
    let end = view.lines.len().saturating_sub(height);
    let at = |index: u64| usize::try_from(index.saturating_sub(first)).unwrap_or(0).min(end);
    let here = state.console.screens.actions.output_at.map_or(end, at);
    let Some(to) = moved(command, here, end, height) else { return true };
    let held = view.lines.get(to).map(|line| line.index).filter(|_| to < end);
    state.console.screens.actions.output_at = held;
    true
}
