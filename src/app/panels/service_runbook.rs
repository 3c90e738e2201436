//! The section of the runbook of the service that is shown.

use super::{Hint, Panel};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::runbook;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;

pub(super) struct ServiceRunbook;

impl Panel for ServiceRunbook {
    fn is_wanted(&self, state: &State) -> bool {
        runbook::written(state).is_some()
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        let is_file = state.console.screens.service.runbook.is_some();
        vec![(Command::Open, if is_file { "open in the pager" } else { "copy the address" })]
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, _effects: &mut Vec<Effect>) -> bool {
        runbook::scroll(state, command)
    }

    fn open(&self, state: &mut State, _id: &PanelId, _row: Option<RowKey>, effects: &mut Vec<Effect>) {
        if let Some(service) = state.regarded_service().map(|service| service.name.clone()) {
            runbook::open(state, &service, effects);
        }
    }

    fn copied(&self, state: &State, _row: Option<&RowKey>) -> Option<String> {
        runbook::copied(state)
    }
}
