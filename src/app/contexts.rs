//! Where keys are heard now.

use crate::config::commands::CommandContext;

use super::keymap::{Binding, Command, Keymap};
use super::state::State;
use super::{panels, service};

/// Where keys are heard now, the nearest first.
pub(crate) fn contexts(state: &State) -> Vec<CommandContext> {
    let nearest = state.focused_panel().and_then(|id| panels::find(&id).context());
    let nearest = nearest.or_else(|| service::selected(state).map(|_| CommandContext::Services));
    nearest.into_iter().chain([CommandContext::Selection, CommandContext::Lists, CommandContext::Everywhere]).collect()
}

/// Whether the first key of a command means that command where keys are heard in `contexts`, and not another that is nearer.
pub(crate) fn is_heard(keymap: &Keymap, contexts: &[CommandContext], command: Command) -> bool {
    keymap.key_of(command).is_some_and(|key| keymap.lookup(key, contexts) == Some(&Binding::Command(command)))
}
