//! The metrics of the service that is shown.

use ratatui::layout::Rect;

use super::{Height, PanelView, Room, metric_list};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::ui::paint::Painter;

pub(super) struct ServiceMetrics;

impl PanelView for ServiceMetrics {
    fn height(&self, state: &State, _id: &PanelId, room: Room) -> Option<Height> {
        Some(Height::by_rows(state.shown_service().map_or(0, |service| service.metrics.len()), room))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        metric_list::draw(state, painter, id, area);
    }
}
