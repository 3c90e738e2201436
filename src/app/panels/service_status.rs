//! The line about the service that is shown.

use super::Panel;
use crate::app::keymap::Command;
use crate::app::service;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;

pub(super) struct ServiceStatus;

impl Panel for ServiceStatus {
    fn takes_focus(&self, _state: &State) -> bool {
        false
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, _effects: &mut Vec<Effect>) -> bool {
        service::command(state, command)
    }
}
