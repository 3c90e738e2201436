//! Runs, where their output has no panel.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, runs};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::ui::paint::Painter;

pub(super) struct Actions;

impl PanelView for Actions {
    fn height(&self, state: &State, id: &PanelId, room: Room) -> Option<Height> {
        Some(Height::by_rows(state.rows(id).len().min(12), room))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        runs::draw(state, painter, id, area);
    }
}
