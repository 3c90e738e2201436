//! Running and past runs, where their output has no panel: Enter leads on to the screen that has one.

use super::{Panel, RowKey, runs};
use crate::app::commands;
use crate::app::screens::{Screen, actions};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;

pub(super) struct Actions;

impl Panel for Actions {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        runs::rows(state, filter)
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, effects: &mut Vec<Effect>) {
        let Some(RowKey::Run(id)) = row else { return };
        commands::open_screen(state, Screen::Actions, effects);
        actions::open_run(state, &id, effects);
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        runs::copied(state, row?)
    }
}
