//! What can be started.

use std::fmt::Write as _;

use super::{Hint, Panel, keys};
use crate::app::keymap::Command;
use crate::app::launch;
use crate::app::row::RowKey;
use crate::app::runs;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::config::plan;
use crate::config::sections::action::Action;
use crate::model::effect::Effect;

pub(super) struct Startable;

impl Panel for Startable {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        if state.seen().read_only { Vec::new() } else { keys_of(&state.seen().config.actions, filter) }
    }

    fn is_wanted(&self, state: &State) -> bool {
        !state.seen().read_only && !state.seen().config.actions.is_empty()
    }

    /// An action wants a key: a click beside the mark must not start one where its `confirm` is `none`.
    fn opens_by_click(&self) -> bool {
        false
    }

    fn acts_by(&self, _state: &State, command: Command) -> bool {
        command == Command::Open
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Actions)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        let mut hints = vec![(Command::Open, "start")];
        // Only where there is one: a key that refuses is no help.
        let actions = &state.seen().config.actions;
        let action = state.selected_action().and_then(|name| actions.iter().find(|action| action.name == name));
        if action.is_some_and(|action| plan::has_dry_run(&state.seen().config, action)) {
            hints.push((Command::DryRun, "dry run"));
        }
        if runs::cancellable(state).is_some() {
            hints.push((Command::Cancel, "cancel"));
        }
        hints.push((Command::NextPanel, "go to runs"));
        hints
    }

    fn open(&self, state: &mut State, _id: &PanelId, row: Option<RowKey>, effects: &mut Vec<Effect>) {
        if let Some(RowKey::Action(name)) = row {
            launch::begin(state, &name, false, effects);
        }
    }

    fn copied(&self, _state: &State, row: Option<&RowKey>) -> Option<String> {
        copied(row?)
    }
}

/// The rows of some actions.
pub(super) fn keys_of<'a>(actions: impl IntoIterator<Item = &'a Action>, filter: &str) -> Vec<RowKey> {
    let text = |to: &mut String, action: &Action| write!(to, "{} {}", action.name, action.title);
    keys(actions, filter, |action| RowKey::Action(action.name.clone()), text)
}

/// The name of an action.
pub(super) fn copied(row: &RowKey) -> Option<String> {
    let RowKey::Action(name) = row else { return None };
    Some(name.to_string())
}
