//! The newest records of one log, or of all, or of the service that is shown.

use super::Panel;
use crate::app::keymap::Command;
use crate::app::log_commands;
use crate::app::logs;
use crate::app::row::RowKey;
use crate::app::screens::logs::LogScope;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::{PanelId, PanelSubject};
use crate::logs::filter::Filter;
use crate::model::effect::Effect;

/// Of the logs that the panel is about, or of the service that is shown.
pub(super) struct LogTail {
    pub of_service: bool,
}

impl Panel for LogTail {
    fn is_wanted(&self, state: &State) -> bool {
        !self.of_service || state.shown_service().is_some_and(|service| !service.logs.is_empty())
    }

    /// The tail of a log has nothing further down, and a wheel must not open another screen.
    fn takes_wheel(&self) -> bool {
        false
    }

    fn shows_records(&self) -> bool {
        true
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Logs)
    }

    fn command(&self, state: &mut State, id: &PanelId, command: Command, effects: &mut Vec<Effect>) -> bool {
        let service = state.shown_service().filter(|_| self.of_service).map(|service| service.name.clone());
        if let Some(name) = service {
            log_commands::lead_on(state, LogScope::Service(name), &Filter::everything(), command, effects);
        } else if let PanelSubject::Log(shown) = &id.subject {
            let scope = shown.only().cloned().map_or(LogScope::All, LogScope::Log);
            log_commands::lead_on(state, scope, &shown.filter, command, effects);
        }
        true
    }

    fn copied(&self, state: &State, _row: Option<&RowKey>) -> Option<String> {
        logs::copied(state)
    }
}
