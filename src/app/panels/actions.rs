//! Running and past runs, where their output has no panel: Enter leads on to the screen that has one.

use super::{Panel, runs};
use crate::app::navigation::open_screen;
use crate::app::row::RowKey;
use crate::app::runs as run_commands;
use crate::app::screens::Screen;
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
        open_screen(state, Screen::Actions, effects);
        run_commands::open_run(state, &id, effects);
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        runs::copied(state, row?)
    }
}
