//! The charts of the metrics that are chosen, one under the other.

use ratatui::layout::Rect;

use super::metric_chart::{self, Shown};
use super::{Height, PanelView, Room, note};
use crate::app::layout::Target;
use crate::app::metrics::{charts, span};
use crate::app::screens::metrics::RANGES;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, shares, split_top};
use crate::ui::widgets::notice::Notice;

/// Rows of a chart.
const CHART: u16 = 5;

pub(super) struct Charts;

impl PanelView for Charts {
    fn height(&self, _state: &State, _id: &PanelId, _room: Room) -> Option<Height> {
        Some(Height::from(CHART + 1))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        if state.seen().metrics.is_empty() {
            let next = "add [metric.NAME] with from = \"SOURCE\" and value = \".body.FIELD\" to the configuration";
            Notice::empty("no metrics yet", next).draw(painter, area);
            return;
        }
        let (ranges, plots) = split_top(area, 1);
        note(painter, plots, id.clone());
        painter.put(ranges, 0, &range_line(state));
        let shown = charts(state);
        let room = usize::from(plots.height / CHART).max(1);
        if shown.len() > room {
            let more = shown.len() - room;
            let words = format!("{more} more chart{} not shown, no room ", if more == 1 { "" } else { "s" });
            painter.put_right(ranges, 0, &Line::styled(words, Role::TextDim));
        }
        let metrics: Vec<_> = shown.iter().filter_map(|name| state.seen().metric(name)).take(room).collect();
        if metrics.is_empty() {
            Notice::empty("no metric selected", "j and k select, Space adds a chart").draw(painter, plots);
            return;
        }
        let chart = Shown { span: span(state), before: state.console.screens.metrics.before };
        let mut below = plots;
        for (shown, height) in metrics.iter().zip(shares(plots.height, &vec![1; metrics.len()], 3)) {
            let (spot, rest) = split_top(below, height);
            below = rest;
            let plot = metric_chart::draw(state, painter, shown, spot, id, chart);
            painter.note(plot, Target::Plot(shown.name.clone()));
        }
    }
}

/// Every range, the present one marked.
fn range_line(state: &State) -> Line<'static> {
    let screen = &state.console.screens.metrics;
    let mut words = Line::styled(" range", Role::TextDim);
    for (at, (_, word)) in RANGES.iter().enumerate() {
        let role = if at == screen.range.min(RANGES.len() - 1) { Role::DialogButtonFocus } else { Role::TextDim };
        words = words.and(" ", Role::Text).and(format!(" {word} "), role);
    }
    let (shown, word) = span(state);
    // Where there is less than was asked for, that is no fault of the chart.
    if shown < screen.span() { words.and(format!("  showing {word}: no older data"), Role::TextDim) } else { words }
}
