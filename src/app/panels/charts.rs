//! The charts of the metrics that are chosen.

use super::{Hint, Panel, metric_list};
use crate::app::keymap::Command;
use crate::app::metrics;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;

pub(super) struct Charts;

impl Panel for Charts {
    /// The list beside them has the keys of both.
    fn takes_focus(&self, _state: &State) -> bool {
        false
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Metrics)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        metric_list::hints(state)
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, _effects: &mut Vec<Effect>) -> bool {
        metrics::command(state, command)
    }
}
