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
pub(super) const HINTS: [Hint; 8] = [
    (Command::Filter, "filter"),
    (Command::Search, "search"),
    (Command::Open, "record"),
    (Command::Bottom, "follow"),
    (Command::NextError, "next error"),
    (Command::Wrap, "wrap"),
    (Command::Mark, "mark"),
    (Command::Timestamps, "times"),
];

impl Panel for Records {
    fn shows_records(&self) -> bool {
        true
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Logs)
    }

    fn hints(&self, _state: &State) -> Vec<Hint> {
        HINTS.to_vec()
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, effects: &mut Vec<Effect>) -> bool {
        log_commands::command(state, command, effects);
        true
    }

    fn copied(&self, state: &State, _row: Option<&RowKey>) -> Option<String> {
        logs::copied_marks(state).or_else(|| logs::copied(state))
    }
}
