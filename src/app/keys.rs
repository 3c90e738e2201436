//! Where a key, a pasted text or the mouse goes: the topmost overlay first, then the keymap.

use crate::config::commands::CommandContext;
use crate::lang::key::{Key, KeyCode};
use crate::model::effect::Effect;

use super::commands;
use super::keymap::{Binding, Command};
use super::launch;
use super::overlays::stack;
use super::panels;
use super::screens::{self, Screen};
use super::state::State;

/// A key was pressed.
pub(crate) fn key(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    if !state.console.overlays.is_empty() {
        stack::key(state, key, effects);
        return;
    }
    let contexts = contexts(state);
    match state.console.keymap.lookup(key, &contexts).cloned() {
        Some(Binding::Command(command)) => commands::run(state, command, effects),
        Some(Binding::Screen(name)) => commands::open_screen(state, Screen::named(&name), effects),
        Some(Binding::Filter(name)) => screens::logs::toggle_saved(state, &name),
        Some(Binding::Action(name)) => launch::begin(state, &name, false, effects),
        None => {}
    }
}

/// Text was pasted. It goes into the input that has the focus and nowhere else: it is never keys.
pub(crate) fn paste(state: &mut State, text: &str) {
    stack::paste(state, text);
}

/// The command of a key inside an overlay that is no input.
pub(crate) fn overlay_command(state: &State, key: Key) -> Option<Command> {
    // Esc always closes, even where `[keys]` gave it away: no one may be locked into a dialog.
    if key == Key::plain(KeyCode::Esc) {
        return Some(Command::Back);
    }
    match state.console.keymap.lookup(key, &[CommandContext::Lists, CommandContext::Everywhere]) {
        Some(Binding::Command(command)) => Some(*command),
        _ => None,
    }
}

/// The command of a key in details of the logs: their own, then those of the logs.
pub(crate) fn details_command(state: &State, key: Key) -> Option<Command> {
    if key == Key::plain(KeyCode::Esc) {
        return Some(Command::Back);
    }
    let contexts = [CommandContext::Details, CommandContext::Logs, CommandContext::Lists, CommandContext::Everywhere];
    match state.console.keymap.lookup(key, &contexts) {
        Some(Binding::Command(command)) => Some(*command),
        _ => None,
    }
}

/// Where keys are heard now, the nearest first.
pub(crate) fn contexts(state: &State) -> Vec<CommandContext> {
    let nearest = state.focused_panel().and_then(|id| panels::find(&id).context());
    nearest.into_iter().chain([CommandContext::Lists, CommandContext::Everywhere]).collect()
}
