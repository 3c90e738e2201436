//! Where a key, a pasted text or the mouse goes: the topmost overlay first, then the keymap.

use crate::lang::key::{Key, KeyCode};
use crate::model::effect::Effect;

use super::contexts::contexts;
use super::keymap::{Binding, Command};
use super::navigation::open_screen;
use super::screens::Screen;
use super::state::{State, overlays};
use super::toasts::Tone;
use super::{commands, launch, logs};

/// A key was pressed.
pub(crate) fn key(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    if !state.console.overlays.is_empty() {
        if let Some(operation) = overlays::key(state, key, effects) {
            commands::perform(state, operation, effects);
        }
        return;
    }
    let contexts = contexts(state);
    match state.console.keymap.lookup(key, &contexts).cloned() {
        Some(Binding::Command(command)) => commands::run(state, command, effects),
        Some(Binding::Screen(name)) => open_screen(state, Screen::named(&name), effects),
        Some(Binding::Filter(name)) => logs::toggle_saved(state, &name),
        Some(Binding::Action(name)) => launch::begin(state, &name, false, effects),
        None => say_no_screen(state, key),
    }
}

/// Numbers are keys of screens: one without a screen says so, rather than nothing.
fn say_no_screen(state: &mut State, key: Key) {
    if let KeyCode::Char(number @ '1'..='9') = key.code
        && !key.ctrl
        && !key.alt
    {
        let help =
            state.console.keymap.key_of(Command::Help).map_or_else(String::new, |key| format!("; {key} lists them"));
        state.toast(Tone::Info, &format!("no screen has the key {number}{help}"));
    }
}

/// Text was pasted. It goes into the input that has the focus and nowhere else: it is never keys.
pub(crate) fn paste(state: &mut State, text: &str) {
    overlays::paste(state, text);
}
