//! The actions of the service that is shown.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, startable};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::ui::paint::Painter;

pub(super) struct ServiceActions;

impl PanelView for ServiceActions {
    fn height(&self, state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        Some(Height::by_rows(state.shown_service().map_or(0, |service| service.actions.len()), room))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        startable::draw(state, painter, id, area);
    }
}
