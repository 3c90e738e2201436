//! The charts of the service that is shown, row by row.

use ratatui::layout::Rect;

use super::charts::grid;
use super::metric_chart::{self, Shown};
use super::{Height, PanelView, Room};
use crate::app::layout::Target;
use crate::app::metrics::panel_span;
use crate::app::screens::metrics::Before;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::ui::paint::Painter;

pub(super) struct ServiceCharts;

impl PanelView for ServiceCharts {
    fn height(&self, _state: &State, _id: &PanelId, _room: Room) -> Option<Height> {
        Some(Height::from(6))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let Some(service) = state.regarded_service() else { return };
        let shown: Vec<_> = state.seen().charted_of(service).collect();
        let chart = Shown { span: panel_span(state), before: Before::Off };
        for (shown, spot) in shown.iter().copied().zip(grid(area, shown.len())) {
            let plot = metric_chart::draw(state, painter, shown, spot, id, chart);
            painter.note(plot, Target::Plot(shown.series()));
        }
    }
}
