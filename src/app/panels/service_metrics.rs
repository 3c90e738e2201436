//! The metrics of the service that is shown.

use super::{Panel, metric_list};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::app::{metrics, service};
use crate::config::panels::PanelId;
use crate::model::effect::Effect;
use crate::model::rollup::SeriesKey;
use crate::world::charted::Charted;

pub(super) struct ServiceMetrics;

impl Panel for ServiceMetrics {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let shown = state.shown_service().map_or(&[][..], |service| &*service.metrics);
        let shown = shown.iter().filter_map(|id| state.seen().metrics.get(*id).map(Charted::Metric));
        metric_list::keys_of(state, shown, filter)
    }

    fn is_wanted(&self, state: &State) -> bool {
        state.shown_service().is_some_and(|service| !service.metrics.is_empty())
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, _effects: &mut Vec<Effect>) -> bool {
        service::command(state, command)
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        if let Some(RowKey::Metric(name)) = row {
            metrics::show(state, SeriesKey::Metric(name));
        }
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        metric_list::copied(state, row?)
    }
}
