//! The actions screen: what can be started, what runs and ran, what is locked.

use crate::app::keymap::Command;
use crate::app::launch;
use crate::app::layout::PanelId;
use crate::app::overlays::Overlay;
use crate::app::overlays::ask::{Answer, Ask};
use crate::app::state::State;
use crate::app::world::runs::RunView;
use crate::app::world::toasts::Tone;
use crate::model::message::Effect;
use crate::model::run::{Run, RunState};
use crate::text::SafeText;
use crate::text::name::Name;

use super::{ListState, Screen};

/// What the actions screen remembers.
#[derive(Debug, Clone, Default)]
pub struct ActionsScreen {
    /// What can be started, by action name.
    pub startable: ListState,
    /// Running and past runs, by id, newest first.
    pub runs: ListState,
    /// Locks, by target.
    pub locks: ListState,
    /// The line on which the output is held, by its index; `None` follows the end.
    pub output_at: Option<u64>,
}

/// Runs whose output is held at once; the oldest that ended goes first.
const MAX_OPEN: usize = 30;

/// Its panels.
pub fn panels(state: &State) -> Vec<PanelId> {
    let mut panels = vec![PanelId::Runs, PanelId::Output];
    if !state.read_only && !state.config.actions.is_empty() {
        panels.insert(0, PanelId::Startable);
    }
    if !state.locks.is_empty() {
        panels.push(PanelId::Locks);
    }
    panels
}

/// Commands of this screen alone.
pub fn command(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Cancel => ask_cancel(state),
        Command::DryRun => {
            let panel = state.focused_panel().filter(|panel| *panel == PanelId::ServiceActions);
            if let Some(name) = state.selected(&panel.unwrap_or(PanelId::Startable)) {
                launch::begin(state, &Name::from(name), true, effects);
            }
        }
        Command::FollowUp => follow_up(state, effects),
        _ => {}
    }
}

/// What is offered after the shown run: its verification where its supervisor died, else what the configuration names.
fn follow_up(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(run) = state.shown_run().cloned() else { return };
    if run.can_be_verified_now() && !state.read_only {
        state.toast(Tone::Info, &format!("verifying {} on {}", run.action, run.target));
        effects.push(Effect::VerifyNow(run.id));
        return;
    }
    match state.run(&run.id).and_then(|view| view.offer.clone()) {
        Some(action) => launch::begin(state, &action, false, effects),
        None => state.toast(Tone::Info, "no follow-up action for this run"),
    }
}

fn ask_cancel(state: &mut State) {
    let left =
        |run: &Run| state.run(&run.id).and_then(|view| view.signs.as_ref()).map_or(0, |(signs, _)| signs.left.len());
    let stoppable = |run: &&Run| run.state == RunState::Running || (run.state == RunState::Unknown && left(run) > 0);
    let Some(run) = state.shown_run().filter(stoppable).cloned() else {
        state.toast(Tone::Info, "the selected run is not running");
        return;
    };
    let question = if run.state == RunState::Running {
        format!("Cancel {} on {}?", run.action, run.target)
    } else {
        format!("Stop what {} left running on {}?", run.action, run.target)
    };
    state.overlays.push(Overlay::Ask(Ask {
        question: SafeText::new(&question),
        detail: SafeText::new(
            "Its processes get TERM, then KILL after the grace period. A half-finished change may remain. y cancels the run.",
        ),
        opened: state.now,
        then: Answer::StopRun(run.id),
    }));
}

/// Opens a run: its output is shown from where it follows its end.
pub fn open_run(state: &mut State, id: &str, effects: &mut Vec<Effect>) {
    state.screens.actions.runs.selected = Some(id.to_owned());
    state.screens.actions.output_at = None;
    read_output(state, id, effects);
}

/// While the actions are on the screen the output of the chosen run is read, also of one that ended long ago.
pub fn show_output(state: &mut State, effects: &mut Vec<Effect>) {
    if state.screen == Screen::Actions
        && let Some(id) = state.selected(&PanelId::Runs)
    {
        read_output(state, &id, effects);
    }
}

/// Follows the output of a run from its first line, once.
fn read_output(state: &mut State, id: &str, effects: &mut Vec<Effect>) {
    if state.run(id).is_none() {
        let Some(run) = state.past.iter().find(|run| &*run.id == id).cloned() else { return };
        hold(state, RunView::new(run));
    }
    if let Some(view) = state.runs.iter_mut().find(|view| &*view.run.id == id).filter(|view| !view.followed) {
        view.followed = true;
        effects.push(Effect::FollowRun(view.run.id.clone()));
    }
}

/// Holds a run with its output, letting go the oldest other one that ended where there are too many.
pub fn hold(state: &mut State, view: RunView) {
    let held = view.run.id.clone();
    state.runs.insert(0, view);
    state.runs.sort_by(|a, b| b.run.started_at.cmp(&a.run.started_at).then_with(|| b.run.id.cmp(&a.run.id)));
    if state.runs.len() > MAX_OPEN
        && let Some(oldest) = state.runs.iter().rposition(|view| !view.run.state.is_open() && view.run.id != held)
    {
        let gone = state.runs.remove(oldest);
        if !state.past.iter().any(|run| run.id == gone.run.id) {
            state.past.push(gone.run);
        }
    }
}

/// Scrolls the output of the shown run. It holds its line while more comes in; at the end it follows again.
pub fn scroll_output(state: &mut State, command: Command) {
    let height = state.height(&PanelId::Output);
    let Some(view) = state.shown_run().and_then(|run| state.run(&run.id)) else { return };
    let Some(first) = view.lines.front().map(|line| line.index) else { return };
    let end = view.lines.len().saturating_sub(height);
    let at = |index: u64| usize::try_from(index.saturating_sub(first)).unwrap_or(0).min(end);
    let here = state.screens.actions.output_at.map_or(end, at);
    let Some(to) = super::list::moved(command, here, end, height) else { return };
    let held = view.lines.get(to).map(|line| line.index).filter(|_| to < end);
    state.screens.actions.output_at = held;
}
