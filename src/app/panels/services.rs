//! Every service.

use std::fmt::Write as _;

use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::service;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;
use crate::model::status::Status;
use crate::world::services::ServiceView;

/// Fewer are not worth folding.
const LEAST: usize = 2;

/// Whether services that are well are folded into one row: while something is broken, and there is more than one.
fn folds(state: &State) -> bool {
    let is_broken = |service: &ServiceView| matches!(service.status, Status::Down | Status::Degraded);
    state.seen().services.first().is_some_and(is_broken) && state.seen().healthy().nth(LEAST - 1).is_some()
}

pub(super) struct Services;

impl Panel for Services {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let text = |to: &mut String, service: &ServiceView| {
            write!(to, "{} {} {}", service.name, service.title, service.status.word())
        };
        let key = |service: &ServiceView| RowKey::Service(service.name.clone());
        if !filter.is_empty() || !folds(state) {
            return keys(state.seen().services.iter(), filter, key, text);
        }
        let troubled = state.seen().services.iter().filter(|service| !service.is_healthy()).map(key);
        let healthy = state.seen().healthy().filter(|_| state.console.screens.overview.healthy_is_open).map(key);
        troubled.chain([RowKey::Healthy]).chain(healthy).collect()
    }

    fn hints(&self, _state: &State) -> Vec<Hint> {
        vec![(Command::Open, "open"), (Command::ServiceLogs, "logs")]
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        match row {
            Some(RowKey::Service(name)) => service::show(state, name),
            Some(RowKey::Healthy) => {
                let is_open = &mut state.console.screens.overview.healthy_is_open;
                *is_open = !*is_open;
            }
            _ => {}
        }
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let RowKey::Service(name) = row? else { return None };
        let service = state.seen().service(name)?;
        Some(format!("{} {}", service.name, service.status.word()))
    }
}
