//! One check.

use super::{Panel, checks};
use crate::app::row::RowKey;
use crate::app::service;
use crate::app::state::State;
use crate::config::panels::{PanelId, PanelSubject};
use crate::model::effect::Effect;

pub(super) struct OneCheck;

impl Panel for OneCheck {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, id: &PanelId, filter: &str) -> Vec<RowKey> {
        let PanelSubject::Check(name) = &id.subject else { return Vec::new() };
        checks::keys_of(state.seen().check(name), filter)
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, _effects: &mut Vec<Effect>) {
        if let Some(RowKey::Check(name)) = row {
            let row = state.seen().row_of(&name);
            service::show(state, row);
        }
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        checks::copied(state, row?)
    }
}
