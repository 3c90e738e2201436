//! The charts of the metrics and checks that are chosen, one under the other, and under them the others as small multiples.

use ratatui::layout::Rect;

use super::metric_chart::{self, Shown};
use super::{Height, PanelView, Room, metric_detail, note};
use crate::app::charts::is_reading;
use crate::app::keymap::Command;
use crate::app::layout::Target;
use crate::app::metrics::{charts, span};
use crate::app::screens::metrics::RANGES;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::text::count::counted;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::{Painter, shares, split_left, split_top};
use crate::ui::widgets::notice::Notice;
use crate::world::charted::Charted;

/// Rows of a chart.
const CHART: u16 = 5;
/// Rows that a chart in full keeps beside small ones.
const FULL: u16 = 9;
/// Columns from which what is known of its metric stands beside one in full.
const BESIDE: u16 = 140;
/// Rows and columns of a small one.
const SMALL: u16 = 7;
const WIDTH: u16 = 36;

pub(super) struct Charts;

impl PanelView for Charts {
    fn height(&self, _state: &State, _id: &PanelId, _room: Room) -> Option<Height> {
        Some(Height::from(CHART + 1))
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        if state.seen().all_charted().next().is_none() {
            let next = "add [metric.NAME] with from = \"SOURCE\" and value = \".body.FIELD\" to the configuration";
            Notice::empty("no metrics yet", next).draw(painter, area);
            return;
        }
        let (ranges, plots) = split_top(area, 1);
        note(painter, plots, id.clone());
        let shown = charts(state);
        let room = usize::from(plots.height / CHART).max(1);
        let unseen = shown.len().saturating_sub(room);
        let words = format!("{} not shown, no room ", counted(unseen, "more chart"));
        let aside = if unseen > 0 { Line::styled(words, Role::TextDim) } else { Line::new() };
        let left = usize::from(ranges.width).saturating_sub(aside.width() + 1);
        painter.put_right(ranges, 0, &aside);
        painter.put(
            split_left(ranges, u16::try_from(left).unwrap_or(ranges.width)).0,
            0,
            &range_line(state, ranges.width),
        );
        let full_ones: Vec<_> = shown.iter().filter_map(|series| state.seen().charted(series)).take(room).collect();
        if full_ones.is_empty() {
            {
                let keys = [(Command::Down, "selects the next"), (Command::Select, "adds a chart")];
                Notice::empty("nothing selected", state.keys_to(&keys))
            }
            .draw(painter, plots);
            return;
        }
        let (full, small) = split_top(plots, full_height(state, plots, full_ones.len()));
        for (shown, spot) in full_ones.iter().copied().zip(stacked(full, full_ones.len())) {
            let aside = if spot.width < BESIDE { 0 } else { metric_detail::WIDTH };
            let (chart, beside) = split_left(spot, spot.width - aside);
            one(state, painter, id, shown, chart);
            metric_detail::draw(state, painter, shown, beside, id);
        }
        let all = state.seen().all_charted();
        let others: Vec<_> = all.filter(|other| !shown.iter().any(|series| other.is(series))).collect();
        for (shown, spot) in others.iter().copied().zip(grid(small, others.len())) {
            one(state, painter, id, shown, spot);
        }
    }
}

/// One chart; a click in it points at its moment.
fn one(state: &State, painter: &mut Painter<'_>, id: &PanelId, shown: Charted<'_>, spot: Rect) {
    let chart = Shown { span: span(state), before: state.console.screens.metrics.before };
    let plot = metric_chart::draw(state, painter, shown, spot, id, chart);
    painter.note(plot, Target::Plot(shown.series()));
}

/// The rows of the charts in full. They leave room for the others where both can be read.
fn full_height(state: &State, plots: Rect, full: usize) -> u16 {
    let others = state.seen().all_charted().count().saturating_sub(full);
    let least = FULL.saturating_mul(u16::try_from(full).unwrap_or(u16::MAX));
    let Some(left) = plots.height.checked_sub(least).filter(|left| others > 0 && *left >= SMALL) else {
        return plots.height;
    };
    let rows = u16::try_from(others.div_ceil(columns(plots))).unwrap_or(u16::MAX);
    let rows = rows.min(left / SMALL);
    // One in full is twice as high as a small one where there is that much.
    let wanted = u32::from(plots.height) * u32::from(rows) / (u32::from(rows) + 2);
    plots.height - u16::try_from(wanted).unwrap_or(left).clamp(rows * SMALL, left)
}

/// How many small charts stand side by side.
fn columns(area: Rect) -> usize {
    usize::from(area.width / WIDTH).max(1)
}

/// The places of charts one under the other.
fn stacked(area: Rect, count: usize) -> Vec<Rect> {
    let mut below = area;
    let place = |height| {
        let (spot, rest) = split_top(below, height);
        below = rest;
        spot
    };
    shares(area.height, &vec![1; count], 3).into_iter().map(place).collect()
}

/// The places of small charts, row by row; fewer than `count` where there is no room for all.
pub(super) fn grid(area: Rect, count: usize) -> Vec<Rect> {
    let room = usize::from(area.height / SMALL).max(usize::from(area.height >= CHART));
    let rows = count.div_ceil(columns(area)).min(room);
    if rows == 0 {
        return Vec::new();
    }
    // As many in each row as in the others, so that no row ends in a hole.
    let across = count.div_ceil(rows).min(columns(area));
    let mut spots = Vec::with_capacity(count);
    for (row, place) in stacked(area, rows).into_iter().enumerate() {
        let here = count.saturating_sub(row * across).min(across);
        let mut rest = place;
        for width in shares(place.width, &vec![1; here], WIDTH) {
            let (spot, right) = split_left(rest, width);
            rest = right;
            spots.push(spot);
        }
    }
    spots
}

/// Columns from which the word for them stands before the ranges; below, it would push aside what is said behind them.
const WORD_FROM: u16 = 90;

/// Every range, the present one marked.
fn range_line(state: &State, columns: u16) -> Line<'static> {
    let screen = &state.console.screens.metrics;
    let word = if columns < WORD_FROM { "" } else { " range" };
    let mut words = Line::styled(word, Role::TextDim);
    for (at, (_, word)) in RANGES.iter().enumerate() {
        let role = if at == screen.range.min(RANGES.len() - 1) { Role::DialogButtonFocus } else { Role::TextDim };
        words = words.and(" ", Role::Text).and(format!(" {word} "), role);
    }
    let (shown, word) = span(state);
    if is_reading(state) {
        return words.and("  reading older data", Role::TextDim);
    }
    if screen.stored.failed.is_some() {
        return words.and("  older data can't be read", Role::LevelError);
    }
    // Where there is less than was asked for, that is no fault of the chart.
    if shown < screen.span() { words.and(format!("  showing {word}: no older data"), Role::TextDim) } else { words }
}
