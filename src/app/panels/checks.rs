//! The checks of the service that is shown.

use std::cmp::Reverse;
use std::fmt::Write as _;

use super::{Panel, keys};
use crate::app::keymap::Command;
use crate::app::row::RowKey;
use crate::app::service;
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::lang::order::InOrder;
use crate::model::effect::Effect;
use crate::world::checks::CheckView;

pub(super) struct Checks;

impl Panel for Checks {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let shown = state.shown_service().map_or(&[][..], |service| &*service.checks);
        let mut checks: Vec<&CheckView> = shown.iter().filter_map(|id| state.seen().checks.get(*id)).collect();
        // Stable: those that are equally bad stand as they are configured.
        checks.order_by_key(|check| Reverse(check.status.badness()));
        keys_of(checks, filter)
    }

    fn is_wanted(&self, state: &State) -> bool {
        state.shown_service().is_some()
    }

    fn command(&self, state: &mut State, _id: &PanelId, command: Command, _effects: &mut Vec<Effect>) -> bool {
        service::command(state, command)
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        copied(state, row?)
    }
}

/// The rows of some checks.
pub(super) fn keys_of<'a>(checks: impl IntoIterator<Item = &'a CheckView>, filter: &str) -> Vec<RowKey> {
    let text = |to: &mut String, check: &CheckView| write!(to, "{} {}", check.name, check.status.word());
    keys(checks, filter, |check| RowKey::Check(check.name.clone()), text)
}

/// A check in words.
pub(super) fn copied(state: &State, row: &RowKey) -> Option<String> {
    let RowKey::Check(name) = row else { return None };
    Some(state.seen().check(name)?.summary())
}
