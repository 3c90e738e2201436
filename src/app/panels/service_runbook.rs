//! The section of the runbook of the service that is shown.

use super::{Hint, Panel};
use crate::app::keymap::Command;
use crate::app::launch;
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
        let opens = match runbook::action_of_task(state) {
            Some(_) => "run its action",
            None if is_file => "open in the pager",
            None => "copy the address",
        };
        let mut hints = vec![(Command::Open, opens)];
        if !runbook::tasks(state).is_empty() {
            hints.insert(0, (Command::Select, "tick"));
        }
        hints
    }

    fn acts_by(&self, state: &State, command: Command) -> bool {
        command == Command::Select || (command == Command::Open && runbook::action_of_task(state).is_some())
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, effects: &mut Vec<Effect>) -> bool {
        runbook::command(state, command, effects)
    }

    fn open(&self, state: &mut State, _id: &PanelId, _row: Option<RowKey>, effects: &mut Vec<Effect>) {
        // What the task links to is asked for, with its own questions.
        if let Some(action) = runbook::action_of_task(state) {
            return launch::begin(state, &action, false, effects);
        }
        if let Some(service) = state.regarded_service().map(|service| service.name.clone()) {
            runbook::open(state, &service, effects);
        }
    }

    fn copied(&self, state: &State, _row: Option<&RowKey>) -> Option<String> {
        runbook::copied(state)
    }
}
