//! How the chosen run stands, and what it says.

use super::{Hint, Panel, runs};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::runs as run_commands;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;

pub(super) struct Output;

impl Panel for Output {
    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Actions)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        runs::hints(state)
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, _effects: &mut Vec<Effect>) -> bool {
        run_commands::scroll_output(state, command)
    }

    fn copied(&self, state: &State, _row: Option<&RowKey>) -> Option<String> {
        let view = state.shown_run().and_then(|run| state.seen().run(&run.id))?;
        Some(view.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n"))
    }
}
