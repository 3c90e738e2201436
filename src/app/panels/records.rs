//! The records of the logs screen.

use super::{Hint, Panel};
use crate::app::keymap::Command;
use crate::app::log_commands;
use crate::app::logs;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;

pub(super) struct Records;

/// The keys that matter where records are read.
const HINTS: [Hint; 8] = [
    (Command::Filter, "filter"),
    (Command::Search, "search"),
    (Command::Open, "open"),
    (Command::Bottom, "follow"),
    (Command::NextError, "next error"),
    (Command::Wrap, "wrap"),
    (Command::Mark, "mark"),
    (Command::Timestamps, "switch times"),
];

/// Those that do something now: a view that follows can't be made to.
pub(super) fn hints(state: &State) -> Vec<Hint> {
    let follows = state.console.screens.logs.pane.follow;
    HINTS.into_iter().filter(|(command, _)| !(follows && *command == Command::Bottom)).collect()
}

impl Panel for Records {
    fn shows_records(&self) -> bool {
        true
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Logs)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        hints(state)
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, effects: &mut Vec<Effect>) -> bool {
        log_commands::command(state, command, effects);
        true
    }

    fn copied(&self, state: &State, _row: Option<&RowKey>) -> Option<String> {
        logs::copied_marks(state).or_else(|| logs::copied(state))
    }
}
