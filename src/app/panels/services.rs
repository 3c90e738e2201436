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

/// The services that are well and stand in one row: while something is broken, and there is more than one. The selected
/// one keeps its row, so that it does not go from under the hand when it recovers.
pub(crate) fn folded<'a>(state: &'a State, id: &PanelId) -> Vec<&'a ServiceView> {
    let is_broken = |service: &ServiceView| matches!(service.status, Status::Down | Status::Degraded);
    if !state.seen().services.first().is_some_and(is_broken) {
        return Vec::new();
    }
    let keeps_row = row_keeper(state, id);
    let folded: Vec<_> = state.seen().healthy().filter(|service| !keeps_row(service)).collect();
    if folded.len() < LEAST { Vec::new() } else { folded }
}

/// Which service that is well keeps a row of its own.
fn row_keeper<'a>(state: &'a State, id: &PanelId) -> impl Fn(&ServiceView) -> bool + use<'a> {
    let selected = state.list(id).and_then(|list| list.selected.as_ref());
    let is_open = state.console.screens.overview.healthy_is_open;
    move |service| !is_open && matches!(selected, Some(RowKey::Service(name)) if *name == service.name)
}

pub(super) struct Services;

impl Panel for Services {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, id: &PanelId, filter: &str) -> Vec<RowKey> {
        let text = |to: &mut String, service: &ServiceView| {
            write!(to, "{} {} {}", service.name, service.title, service.status.word())
        };
        let key = |service: &ServiceView| RowKey::Service(service.name.clone());
        let folded = folded(state, id);
        if !filter.is_empty() || folded.is_empty() {
            return keys(state.seen().services_worst_first(), filter, key, text);
        }
        let keeps_row = row_keeper(state, id);
        let worst_first = state.seen().services_worst_first().into_iter();
        let others = worst_first.filter(|service| !service.is_healthy() || keeps_row(service)).map(key);
        let open = folded.iter().filter(|_| state.console.screens.overview.healthy_is_open).map(|service| key(service));
        others.chain([RowKey::Healthy]).chain(open).collect()
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
