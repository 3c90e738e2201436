//! The metrics screen.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::app::keymap::Command;
use crate::app::layout::PanelId;
use crate::app::state::State;
use crate::model::name::Name;

use super::ListState;

/// What the metrics screen remembers.
#[derive(Debug, Clone)]
pub struct MetricsScreen {
    /// The metrics, as a list beside or above the charts.
    pub list: ListState,
    /// Index into [`RANGES`].
    pub range: usize,
    /// The cursor, in buckets from the newest (0); `None`: not shown.
    pub cursor: Option<usize>,
    /// The metrics whose charts are shown together; empty shows the selected one.
    pub shown: BTreeSet<Name>,
}

impl Default for MetricsScreen {
    fn default() -> Self {
        Self { list: ListState::default(), range: 2, cursor: None, shown: BTreeSet::new() }
    }
}

impl MetricsScreen {
    /// The span that is shown.
    pub fn span(&self) -> Duration {
        RANGES[self.range.min(RANGES.len() - 1)].0
    }

    /// Its word.
    pub fn span_word(&self) -> &'static str {
        RANGES[self.range.min(RANGES.len() - 1)].1
    }
}

/// The spans that can be shown, shortest first.
pub const RANGES: [(Duration, &str); 8] = [
    (Duration::from_mins(5), "5m"),
    (Duration::from_mins(15), "15m"),
    (Duration::from_hours(1), "1h"),
    (Duration::from_hours(3), "3h"),
    (Duration::from_hours(12), "12h"),
    (Duration::from_hours(24), "24h"),
    (Duration::from_hours(7 * 24), "7d"),
    (Duration::from_hours(30 * 24), "30d"),
];

/// The charts of the metrics screen, from the top.
pub fn charts(state: &State) -> Vec<Name> {
    let shown = &state.screens.metrics.shown;
    let many: Vec<Name> =
        state.metrics.iter().filter(|metric| shown.contains(&metric.name)).map(|metric| metric.name.clone()).collect();
    if many.is_empty() {
        return state.selected(&PanelId::MetricList).map(Name::from).into_iter().collect();
    }
    many
}

/// Shows the chart of a metric beside those that are shown, or takes it away.
pub fn toggle(state: &mut State, name: &str) {
    let shown = &mut state.screens.metrics.shown;
    if !shown.remove(name) {
        shown.insert(Name::from(name));
    }
}

/// Commands of this screen alone.
pub(super) fn command(state: &mut State, command: Command) {
    let width = buckets(state);
    let screen = &mut state.screens.metrics;
    match command {
        Command::LongerRange => screen.range = (screen.range + 1).min(RANGES.len() - 1),
        Command::ShorterRange => screen.range = screen.range.saturating_sub(1),
        // The first press shows the cursor at the newest value; at the right edge it goes away again.
        Command::Left => screen.cursor = Some(screen.cursor.map_or(0, |at| (at + 1).min(width.saturating_sub(1)))),
        Command::Right => screen.cursor = screen.cursor.and_then(|at| at.checked_sub(1)),
        Command::Select => {
            if let Some(name) = state.selected(&PanelId::MetricList) {
                toggle(state, &name);
            }
        }
        _ => {}
    }
}

/// Columns of the first chart as it was last drawn.
fn buckets(state: &State) -> usize {
    let first = charts(state).into_iter().next();
    first.and_then(|name| state.layout.panel(&PanelId::Chart(name))).map_or(60, |area| usize::from(area.width))
}
