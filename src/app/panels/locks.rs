//! Targets that are locked.

use std::fmt::Write as _;

use super::{Hint, Panel, keys, runs};
use crate::app::row::RowKey;
use crate::app::state::State;
use crate::config::commands::CommandContext;
use crate::config::panels::PanelId;
use crate::model::run::Lock;

pub(super) struct Locks;

impl Panel for Locks {
    fn is_list(&self) -> bool {
        true
    }

    fn rows(&self, state: &State, _id: &PanelId, filter: &str) -> Vec<RowKey> {
        let text = |to: &mut String, lock: &Lock| write!(to, "{} {}", lock.target, lock.holder);
        keys(&state.seen().locks, filter, |lock| RowKey::Lock(lock.target.clone()), text)
    }

    fn is_wanted(&self, state: &State) -> bool {
        !state.seen().locks.is_empty()
    }

    /// After the output, which belongs to the runs.
    fn tab_order(&self) -> u8 {
        1
    }

    fn context(&self) -> Option<CommandContext> {
        Some(CommandContext::Actions)
    }

    fn hints(&self, state: &State) -> Vec<Hint> {
        runs::hints(state)
    }

    fn copied(&self, state: &State, row: Option<&RowKey>) -> Option<String> {
        let RowKey::Lock(target) = row? else { return None };
        Some(state.seen().locks.iter().find(|lock| lock.target == *target)?.id.to_string())
    }
}
