//! The newest records of the service that is shown.

use super::Panel;
use crate::app::keymap::Command;
use crate::app::log_commands;
use crate::app::logs;
use crate::app::row::RowKey;
use crate::app::screens::logs::LogScope;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::logs::filter::Filter;
use crate::model::effect::Effect;

pub(super) struct ServiceLogs;

impl Panel for ServiceLogs {
    fn is_wanted(&self, state: &State) -> bool {
        state.shown_service().is_some_and(|service| !service.logs.is_empty())
    }

    /// As the tail of a log.
    fn takes_wheel(&self) -> bool {
        false
    }

    fn shows_records(&self) -> bool {
        true
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Logs)
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, effects: &mut Vec<Effect>) -> bool {
        if let Some(name) = state.shown_service().map(|service| service.name.clone()) {
            log_commands::lead_on(state, LogScope::Service(name), &Filter::everything(), command, effects);
        }
        true
    }

    fn copied(&self, state: &State, _row: Option<&RowKey>) -> Option<String> {
        logs::copied(state)
    }
}
