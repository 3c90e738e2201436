//! Every service.

use std::fmt::Write as _;

use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::service;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::model::effect::Effect;
use crate::world::services::ServiceView;

pub(super) struct Services;

impl Panel for Services {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let text = |to: &mut String, service: &ServiceView| {
            write!(to, "{} {} {}", service.name, service.title, service.status.word())
        };
        keys(state.world.services.iter(), filter, |service| RowKey::Service(service.name.clone()), text)
    }

    fn hints(&self, _state: &State) -> Vec<Hint> {
        vec![(Command::Open, "open"), (Command::ServiceLogs, "logs")]
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        if let Some(RowKey::Service(name)) = row {
            service::show(state, name);
        }
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let RowKey::Service(name) = row? else { return None };
        let service = state.world.service(name)?;
        Some(format!("{} {}", service.name, service.status.word()))
    }
}
