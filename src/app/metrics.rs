//! The metrics screen: which charts are shown, their span, the cursor in them.

use std::time::Duration;

use crate::config::panels;
use crate::model::rollup::SeriesKey;
use crate::world::charted::Charted;

use super::keymap::Command;
use super::row::RowKey;
use super::screens::Screen;
use super::screens::metrics::{Axis, Before, RANGES, fitted};
use super::state::State;

/// The charts of the metrics screen, from the top.
pub(crate) fn charts(state: &State) -> Vec<SeriesKey> {
    let shown = &state.console.screens.metrics.shown;
    let all = state.seen().all_charted().map(Charted::series);
    let many: Vec<SeriesKey> =
        if shown.is_empty() { Vec::new() } else { all.filter(|it| shown.contains(it)).collect() };
    if many.is_empty() {
        return selected(state).into_iter().collect();
    }
    many
}

/// The longest span of a metric's own panel.
const PANEL_SPAN: Duration = Duration::from_mins(30);

/// The span of the metrics screen's charts, with its word: all of them lie in time alike.
pub(crate) fn span(state: &State) -> (Duration, &'static str) {
    fitted(state.console.screens.metrics.span(), state.seen().charted_for())
}

/// The span of a metric's own panel and of sparklines, with its word.
pub(crate) fn panel_span(state: &State) -> (Duration, &'static str) {
    fitted(PANEL_SPAN, state.seen().charted_for())
}

/// What is selected in the list of all.
fn selected(state: &State) -> Option<SeriesKey> {
    state.selected(&panels::METRIC_LIST.id())?.series()
}

/// Opens the metrics screen with a metric or check selected.
pub(crate) fn show(state: &mut State, series: SeriesKey) {
    state.select(&panels::METRIC_LIST.id(), RowKey::of_series(series));
    state.go(Screen::Metrics);
}

/// Shows the chart of one beside those that are shown, or takes it away.
pub(crate) fn toggle(state: &mut State, series: SeriesKey) {
    let shown = &mut state.console.screens.metrics.shown;
    if !shown.remove(&series) {
        shown.insert(series);
    }
}

/// Commands of the list of metrics and of its charts. `false`: none of their own.
pub(crate) fn command(state: &mut State, command: Command) -> bool {
    let (span, _) = span(state);
    let screen = &mut state.console.screens.metrics;
    match command {
        Command::LongerRange => screen.range = (screen.range + 1).min(RANGES.len() - 1),
        Command::ShorterRange => screen.range = screen.range.saturating_sub(1),
        Command::Before => screen.before = screen.before.next(span),
        Command::Left | Command::Right => move_cursor(state, command == Command::Left),
        Command::Select => {
            if let Some(series) = selected(state) {
                toggle(state, series);
            }
        }
        _ => return false,
    }
    true
}

/// Compares with no time before any more. `false`: nothing was compared.
pub(crate) fn leave_comparison(state: &mut State) -> bool {
    let screen = &mut state.console.screens.metrics;
    state.console.screen == Screen::Metrics && std::mem::take(&mut screen.before) != Before::Off
}

/// The cursor is a moment, not a column: it stays with what it points at while time goes on, and other screens point
/// at the same. The first press shows it at the newest value; at the right edge it goes away again.
fn move_cursor(state: &mut State, left: bool) {
    let Some(series) = charts(state).into_iter().next() else { return };
    let columns = state.console.layout.plot(&series).map_or(60, |area| usize::from(area.width)).max(1);
    let Some(axis) = axis(state, &series, columns) else { return };
    let here = state.console.time_cursor.and_then(|at| axis.back(at));
    let next = match (here, left) {
        (None, true) => Some(0),
        (Some(here), true) => Some((here + 1).min(columns - 1)),
        (here, false) => here.and_then(|here| here.checked_sub(1)),
    };
    state.console.point_at(next.map(|back| axis.moment(back)));
}

/// Puts the cursor into the column of a chart that was pointed at. `false`: it is not drawn.
pub(super) fn point_at(state: &mut State, series: &SeriesKey, column: u16) -> bool {
    let Some(plot) = state.console.layout.plot(series) else { return false };
    let Some(back) = (plot.x + plot.width).checked_sub(column + 1) else { return false };
    let Some(axis) = axis(state, series, usize::from(plot.width)) else { return false };
    state.console.point_at(Some(axis.moment(usize::from(back))));
    true
}

/// How the columns of a chart lie in time on the metrics screen.
fn axis(state: &State, series: &SeriesKey, columns: usize) -> Option<Axis> {
    let shown = state.seen().charted(series)?;
    Some(Axis::new(columns, span(state).0, shown.every(), state.seen().now))
}
