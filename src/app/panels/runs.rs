//! Running and past runs, beside the output of the chosen one.

use std::fmt::Write as _;

use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::runs as run_commands;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::lang::order::InOrder;
use crate::model::effect::Effect;
use crate::model::run::{Run, RunState};
use crate::world::runs::summary;

pub(super) struct Runs;

/// The keys that matter where runs are looked at. Cancelling and following up only where there is something to cancel, or
/// something is offered. A run of unknown outcome is not cancelled: what it left is stopped, and it is verified.
pub(super) fn hints(state: &State) -> Vec<Hint> {
    let cancel = run_commands::cancellable(state)
        .map(|run| (Command::Cancel, if run.state == RunState::Unknown { "stop what is left" } else { "cancel" }));
    let verifies = state.shown_run().is_some_and(|run| state.world.can_verify(run));
    let offered = run_commands::is_follow_up_offered(state)
        .then_some((Command::FollowUp, if verifies { "verify" } else { "follow up" }));
    state
        .shown_run()
        .map(|_| (Command::Open, "output"))
        .into_iter()
        .chain(cancel)
        .chain(offered)
        .chain([(Command::NextPanel, "next panel")])
        .collect()
}

impl Panel for Runs {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        rows(state, filter)
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Actions)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        hints(state)
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, effects: &mut Vec<Effect>) {
        if let Some(RowKey::Run(id)) = row {
            run_commands::open_run(state, &id, effects);
        }
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        copied(state, row?)
    }
}

/// Every run, newest first; what is under way before all that is over.
pub(super) fn rows(state: &State, filter: &str) -> Vec<RowKey> {
    let zone = state.seen().config.console.timezone;
    let title = |run: &Run| state.seen().title_of(&run.action).to_owned();
    let text = |to: &mut String, run: &Run| write!(to, "{} {} {}", title(run), run.action, summary(run, zone));
    let mut runs = state.seen().all_runs();
    // Stable: each of the two stays in its order.
    runs.order_by_key(|run| !run.state.is_open());
    keys(runs, filter, |run| RowKey::Run(run.id.clone()), text)
}

/// A run in words.
pub(super) fn copied(state: &State, row: &RowKey) -> Option<String> {
    let RowKey::Run(id) = row else { return None };
    let run = state.seen().run_by_id(id)?;
    let zone = state.seen().config.console.timezone;
    Some(format!("{} {} {}", run.id, state.seen().title_of(&run.action), summary(run, zone)))
}
