//! The levels of the records over time.

use super::{Hint, Panel, records};
use crate::app::keymap::Command;
use crate::app::log_commands;
use crate::app::logs;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::{self, PanelId};
use crate::model::effect::Effect;

pub(super) struct Levels;

impl Panel for Levels {
    fn is_wanted(&self, state: &State) -> bool {
        state.console.screens.logs.histogram
    }

    /// Only where there was room for it.
    fn takes_focus(&self, state: &State) -> bool {
        state.console.layout.panel(&panels::LEVELS.id()).is_some()
    }

    fn tab_order(&self) -> u8 {
        1
    }

    fn shows_records(&self) -> bool {
        true
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Logs)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        records::hints(state)
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, effects: &mut Vec<Effect>) -> bool {
        if !logs::bars_command(state, command) {
            log_commands::command(state, command, effects);
        }
        true
    }
}
