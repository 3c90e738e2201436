//! Figures about the console itself.

use super::Panel;
use crate::app::keymap::Command;
use crate::app::list::moved;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;

pub(super) struct Figures;

/// No console has more rows of figures.
const MOST: usize = 60;
/// Rows of a page.
const PAGE: usize = 10;

impl Panel for Figures {
    fn command(&self, state: &mut State, _id: &PanelId, command: Command, _effects: &mut Vec<Effect>) -> bool {
        let first = &mut state.console.screens.diagnostics.figures;
        let to = moved(command, *first, MOST, PAGE);
        *first = to.unwrap_or(*first);
        to.is_some()
    }
}
