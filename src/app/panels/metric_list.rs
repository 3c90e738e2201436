//! Every metric.

use std::fmt::Write as _;

use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::metrics;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;
use crate::world::metrics::MetricView;

pub(super) struct MetricList;

/// The keys that matter where charts are looked at.
const HINTS: [Hint; 5] = [
    (Command::LongerRange, "longer"),
    (Command::ShorterRange, "shorter"),
    (Command::Left, "cursor"),
    (Command::Before, "compare with before"),
    (Command::Select, "add a chart"),
];

impl Panel for MetricList {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        keys_of(&state.seen().metrics, filter)
    }

    fn is_wanted(&self, state: &State) -> bool {
        !state.seen().metrics.is_empty()
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
        if let Some(RowKey::Metric(name)) = row {
            metrics::toggle(state, name);
        }
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        copied(state, row?)
    }
}

/// The keys of charts, where there are any.
pub(super) fn hints(state: &State) -> Vec<Hint> {
    if state.seen().metrics.is_empty() { Vec::new() } else { HINTS.to_vec() }
}

/// The rows of some metrics.
pub(super) fn keys_of<'a>(metrics: impl IntoIterator<Item = &'a MetricView>, filter: &str) -> Vec<RowKey> {
    let text = |to: &mut String, metric: &MetricView| write!(to, "{} {}", metric.name, metric.title);
    keys(metrics, filter, |metric| RowKey::Metric(metric.name.clone()), text)
}

/// A metric in words.
pub(super) fn copied(state: &State, row: &RowKey) -> Option<String> {
    let RowKey::Metric(name) = row else { return None };
    Some(state.seen().metric(name)?.summary())
}
