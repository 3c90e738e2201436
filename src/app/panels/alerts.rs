//! Pending, firing and recently resolved alerts.

use std::fmt::Write as _;

use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::screens::Screen;
use crate::app::state::State;
use crate::app::{metrics, service};
use crate::config::panels::{self, PanelId};
use crate::model::effect::Effect;
use crate::model::rollup::SeriesKey;
use crate::world::alerts::{AlertSubject, AlertView};

pub(super) struct Alerts;

impl Panel for Alerts {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let text = |to: &mut String, alert: &AlertView| write!(to, "{}", summary(state, alert));
        keys(state.seen().alerts.iter(), filter, |alert| RowKey::Alert(alert.id.clone()), text)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        let mut hints = Vec::new();
        if !state.seen().alerts.is_empty() {
            hints.push((Command::Open, "open"));
            hints.push((Command::Acknowledge, "acknowledge"));
            let selected = state.selected(&panels::ALERTS.id());
            let is_silenced = selected.is_some_and(|row| match row {
                RowKey::Alert(id) => state.seen().alert(&id).is_some_and(AlertView::is_silenced),
                _ => false,
            });
            hints.push(if is_silenced { (Command::EndSilence, "end silence") } else { (Command::Silence, "silence") });
        }
        hints.push((Command::ServiceLogs, "logs"));
        hints
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        let Some(RowKey::Alert(id)) = row else { return };
        match state.seen().alert(&id).map(|alert| alert.subject.clone()) {
            Some(AlertSubject::Metric(name)) => metrics::show(state, SeriesKey::Metric(name)),
            Some(AlertSubject::Check(name)) => {
                let row = state.seen().row_of(&name);
                service::show(state, row);
                state.select(&panels::CHECKS.id(), RowKey::Check(name));
            }
            Some(AlertSubject::Slo(name)) => super::slo::show(state, &name),
            Some(AlertSubject::Console) => state.go(Screen::Diagnostics),
            None => {}
        }
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let RowKey::Alert(id) = row? else { return None };
        Some(summary(state, state.seen().alert(id)?))
    }
}

fn summary(state: &State, alert: &AlertView) -> String {
    alert.summary(state.seen().title_of_subject(&alert.subject), state.seen().now)
}
