//! One objective.

use super::Panel;
use crate::app::row::RowKey;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::{metrics, service};
use crate::config::panels::{self, PanelId, PanelSubject};
use crate::config::sections::slo::SloKind;
use crate::model::effect::Effect;
use crate::model::rollup::SeriesKey;
use crate::text::name::Name;

pub(super) struct OneSlo;

impl Panel for OneSlo {
    fn open(&self, state: &mut State, id: &PanelId, _row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        if let PanelSubject::Slo(name) = &id.subject {
            show(state, name);
        }
    }
}

/// Shows what an objective measures: its check, its metric, or the actions.
pub(super) fn show(state: &mut State, name: &Name) {
    let Some(slo) = state.seen().config.slos.iter().find(|slo| slo.name == *name) else { return };
    match slo.kind.clone() {
        SloKind::Check(check) => {
            let row = state.seen().row_of(&check);
            service::show(state, row);
            state.select(&panels::CHECKS.id(), RowKey::Check(check));
        }
        SloKind::Metric { metric, .. } => metrics::show(state, SeriesKey::Metric(metric)),
        SloKind::Action { .. } => state.go(Screen::Actions),
    }
}
