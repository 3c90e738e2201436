//! The chart of one metric.

use super::Panel;
use crate::app::metrics;
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::panels::{PanelId, PanelSubject};
use crate::model::effect::Effect;
use crate::model::rollup::SeriesKey;

pub(super) struct OneMetric;

impl Panel for OneMetric {
    fn copied(&self, state: &State, _row: Option<&RowKey>) -> Option<String> {
        let PanelSubject::Metric(name) = state.focused_panel()?.subject else { return None };
        Some(state.seen().charted(&SeriesKey::Metric(name))?.summary(state.seen()))
    }

    fn open(&self, state: &mut State, id: &PanelId, _row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        if let PanelSubject::Metric(name) = &id.subject {
            metrics::show(state, SeriesKey::Metric(name.clone()));
        }
    }
}
