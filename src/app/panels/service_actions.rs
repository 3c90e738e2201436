//! The actions of the service that is shown.

use super::{Panel, startable};
use crate::app::keymap::Command;
use crate::app::launch;
use crate::app::row::RowKey;
use crate::app::service;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;
use crate::world::ids::Id;

pub(super) struct ServiceActions;

impl Panel for ServiceActions {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let shown = state.shown_service().map_or(&[][..], |service| &*service.actions);
        startable::keys_of(shown.iter().filter_map(|id| state.seen().config.actions.get(id.place())), filter)
    }

    fn is_wanted(&self, state: &State) -> bool {
        state.shown_service().is_some_and(|service| !service.actions.is_empty())
    }

    fn opens_by_click(&self) -> bool {
        false
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, _effects: &mut Vec<Effect>) -> bool {
        service::command(state, command)
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, effects: &mut Vec<Effect>) {
        if let Some(RowKey::Action(name)) = row {
            launch::begin(state, &name, false, effects);
        }
    }

    fn copied(&self, _state: &State, row: Option<&RowKey>) -> Option<String> {
        startable::copied(row?)
    }
}
