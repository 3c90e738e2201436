//! Every metric, and the latency of every check.

use std::fmt::Write as _;

use super::{Hint, Panel};
use crate::app::keymap::Command;
use crate::app::list::RowFilter;
use crate::app::metrics;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;
use crate::world::charted::Charted;

pub(super) struct MetricList;

/// The keys that matter where charts are looked at.
const HINTS: [Hint; 5] = [
    (Command::LongerRange, "longer"),
    (Command::ShorterRange, "shorter"),
    (Command::Left, "move cursor"),
    (Command::Before, "compare"),
    (Command::Select, "add a chart"),
];

impl Panel for MetricList {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        keys_of(state, state.seen().all_charted(), filter)
    }

    fn is_wanted(&self, state: &State) -> bool {
        state.seen().all_charted().next().is_some()
    }

    /// Its keys move the cursor of the charts, which must stay in sight.
    fn zooms(&self) -> bool {
        false
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Metrics)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        hints(state)
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, _effects: &mut Vec<Effect>) -> bool {
        metrics::command(state, command)
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        if let Some(series) = row.and_then(|row| row.series()) {
            metrics::toggle(state, series);
        }
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        copied(state, row?)
    }
}

/// The keys of charts, where there are any.
pub(super) fn hints(state: &State) -> Vec<Hint> {
    if state.seen().all_charted().next().is_none() { Vec::new() } else { HINTS.to_vec() }
}

/// The rows of some of them.
pub(super) fn keys_of<'a>(state: &State, shown: impl IntoIterator<Item = Charted<'a>>, filter: &str) -> Vec<RowKey> {
    let mut words = RowFilter::new(filter);
    let held = |shown: &Charted<'_>| words.hold(|to| write!(to, "{} {}", shown.name(), shown.title(state.seen())));
    shown.into_iter().filter(held).map(|shown| RowKey::of_series(shown.series())).collect()
}

/// One of them in words.
pub(super) fn copied(state: &State, row: &RowKey) -> Option<String> {
    Some(state.seen().charted(&row.series()?)?.summary(state.seen()))
}
