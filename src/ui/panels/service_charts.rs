//! The charts of the service that is shown, side by side.

use ratatui::layout::Rect;

use super::metric_chart::{self, Shown};
use super::{Height, PanelView, Room};
use crate::app::layout::Target;
use crate::app::metrics::panel_span;
use crate::app::screens::metrics::Before;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::ui::paint::{Painter, shares, split_left};

/// Columns that a chart needs.
const LEAST: u16 = 30;

pub(super) struct ServiceCharts;

impl PanelView for ServiceCharts {
    fn height(&self, _state: &State, _id: &PanelId, _room: Room) -> Option<Height> {
        Some(Height { most: 14, ..Height::from(6) })
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let Some(service) = state.regarded_service() else { return };
        let most = usize::from(area.width / LEAST).max(1);
        let shown: Vec<_> = service.metrics.iter().take(most).filter_map(|id| state.seen().metrics.get(*id)).collect();
        let chart = Shown { span: panel_span(state), before: Before::Off };
        let mut rest = area;
        for (shown, width) in shown.iter().zip(shares(area.width, &vec![1; shown.len()], LEAST)) {
            let (spot, right) = split_left(rest, width);
            rest = right;
            let plot = metric_chart::draw(state, painter, shown, spot, id, chart);
            painter.note(plot, Target::Plot(shown.name.clone()));
        }
    }
}
