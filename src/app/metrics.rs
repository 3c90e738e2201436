//! The metrics screen: which charts are shown, their span, the cursor in them.

use crate::config::panels;
use crate::text::name::Name;

use super::keymap::Command;
use super::row::RowKey;
use super::screens::Screen;
use super::screens::metrics::{Axis, RANGES};
use super::state::State;

/// The charts of the metrics screen, from the top.
pub(crate) fn charts(state: &State) -> Vec<Name> {
    let shown = &state.console.screens.metrics.shown;
    let many: Vec<Name> = state
        .world
        .metrics
        .iter()
        .filter(|metric| shown.contains(&metric.name))
        .map(|metric| metric.name.clone())
        .collect();
    if many.is_empty() {
        return selected(state).into_iter().collect();
    }
    many
}

/// The metric that is selected in the list of all.
fn selected(state: &State) -> Option<Name> {
    match state.selected(&panels::METRIC_LIST.id())? {
        RowKey::Metric(name) => Some(name),
        _ => None,
    }
}

/// Opens the metrics screen with a metric selected.
pub(crate) fn show(state: &mut State, name: Name) {
    state.select(&panels::METRIC_LIST.id(), RowKey::Metric(name));
    state.go(Screen::Metrics);
}

/// Shows the chart of a metric beside those that are shown, or takes it away.
pub(crate) fn toggle(state: &mut State, name: Name) {
    let shown = &mut state.console.screens.metrics.shown;
    if !shown.remove(&name) {
        shown.insert(name);
    }
}

/// Commands of the list of metrics and of its charts. `false`: none of their own.
pub(crate) fn command(state: &mut State, command: Command) -> bool {
    let screen = &mut state.console.screens.metrics;
    match command {
        Command::LongerRange => screen.range = (screen.range + 1).min(RANGES.len() - 1),
        Command::ShorterRange => screen.range = screen.range.saturating_sub(1),
        Command::Left | Command::Right => move_cursor(state, command == Command::Left),
        Command::Select => {
            if let Some(name) = selected(state) {
                toggle(state, name);
            }
        }
        _ => return false,
    }
    true
}

/// The cursor is a moment, not a column: it stays with what it points at while time goes on, and other screens point
/// at the same. The first press shows it at the newest value; at the right edge it goes away again.
fn move_cursor(state: &mut State, left: bool) {
    let Some(metric) = charts(state).first().and_then(|name| state.world.metric(name)) else { return };
    let drawn = state.console.layout.plot(&metric.name);
    let columns = drawn.map_or(60, |area| usize::from(area.width)).max(1);
    let axis = Axis::new(columns, state.console.screens.metrics.span(), metric.every, state.world.now);
    let here = state.console.time_cursor.and_then(|at| axis.back(at));
    let next = match (here, left) {
        (None, true) => Some(0),
        (Some(here), true) => Some((here + 1).min(columns - 1)),
        (here, false) => here.and_then(|here| here.checked_sub(1)),
    };
    state.console.time_cursor = next.map(|back| axis.moment(back));
}
