//! Metrics: the list, and the charts of those that are chosen.

use ratatui::layout::Rect;

use super::service;
use crate::app::layout::PanelId;
use crate::app::screens::metrics::{RANGES, charts};
use crate::app::state::State;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, shares, split_left, split_top};
use crate::ui::panels::metric;
use crate::ui::widgets::notice::Notice;

/// From this width on the list stands beside the charts.
const WIDE: u16 = 110;

/// Draws it.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    if state.world.metrics.is_empty() {
        let next = "add [metric.NAME] with from = \"SOURCE\" and value = \".body.FIELD\" to the configuration";
        Notice::empty("no metrics yet", next).draw(painter, area);
        return;
    }
    let (list, rest) = if area.width >= WIDE {
        split_left(area, (area.width / 3).clamp(36, 60))
    } else {
        let wanted = u16::try_from(state.world.metrics.len()).unwrap_or(u16::MAX).saturating_add(2);
        split_top(area, wanted.min(area.height * 2 / 5).max(3))
    };
    service::list(state, painter, &PanelId::MetricList, "metrics", list);
    let (ranges, plots) = split_top(rest, 1);
    painter.put(ranges, 0, &range_words(state));
    let shown = charts(state);
    let room = usize::from(plots.height / 5).max(1);
    if shown.len() > room {
        let more = shown.len() - room;
        let words = format!("{more} more chart{} not shown, no room ", if more == 1 { "" } else { "s" });
        painter.put_right(ranges, 0, &Line::of(words, Role::TextDim));
    }
    let names: Vec<_> = shown.iter().filter_map(|name| state.world.metric(name)).take(room).collect();
    if names.is_empty() {
        Notice::empty("no metric selected", "j and k select, Space adds a chart").draw(painter, plots);
        return;
    }
    let screen = &state.console.screens.metrics;
    let mut below = plots;
    for (shown, height) in names.iter().zip(shares(plots.height, &vec![1; names.len()], 3)) {
        let (spot, rest) = split_top(below, height);
        below = rest;
        let id = PanelId::Chart(shown.name.clone());
        metric::draw_chart(state, painter, shown, spot, &id, (screen.span(), screen.span_word()));
    }
}

/// Every range, the present one marked.
fn range_words(state: &State) -> Line<'static> {
    let screen = &state.console.screens.metrics;
    let mut words = Line::of(" range", Role::TextDim);
    for (at, (_, word)) in RANGES.iter().enumerate() {
        let role = if at == screen.range.min(RANGES.len() - 1) { Role::DialogButtonFocus } else { Role::TextDim };
        words = words.and(" ", Role::Text).and(format!(" {word} "), role);
    }
    words
}
