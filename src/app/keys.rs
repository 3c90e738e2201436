//! Where a key, a pasted text or the mouse goes: the topmost overlay first, then the keymap.

use crate::config::commands::CommandContext;
use crate::lang::key::{Key, KeyCode};
use crate::model::effect::Effect;

use super::contexts::contexts;
use super::keymap::{Binding, Command, DETAILS};
use super::navigation::open_screen;
use super::overlays::help::Help;
use super::screens::Screen;
use super::state::{State, overlays};
use super::toasts::Tone;
use super::{commands, launch, logs};

/// A key was pressed.
pub(crate) fn key(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    pressed(state, key, effects);
    state.take_in_hand();
}

fn pressed(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    if let Some(binding) = beyond_details(state, key) {
        run_beyond_details(state, binding, effects);
        return;
    }
    if !state.console.overlays.is_empty() {
        if let Some(operation) = overlays::key(state, key, effects) {
            commands::perform(state, operation, effects);
        }
        return;
    }
    let contexts = contexts(state);
    match state.console.keymap.lookup(key, &contexts).cloned() {
        Some(binding) => run(state, binding, effects),
        None => say_no_screen(state, key),
    }
}

fn run(state: &mut State, binding: Binding, effects: &mut Vec<Effect>) {
    match binding {
        Binding::Command(command) => commands::run(state, command, effects),
        Binding::Screen(name) => open_screen(state, Screen::named(&name), effects),
        Binding::Filter(name) => logs::toggle_saved(state, &name),
        Binding::Action(name) => launch::begin(state, &name, false, effects),
    }
}

/// What a key does that reaches beyond details of the logs. They take a part of the screen and no text: actions, screens
/// and what works everywhere keep their keys over them, as the incident bar and the header say.
fn beyond_details(state: &State, key: Key) -> Option<Binding> {
    state.console.overlays.top().filter(|top| top.details().is_some() && !top.takes_text())?;
    let binding = state.console.keymap.lookup(key, &DETAILS)?;
    let reaches = match binding {
        Binding::Command(command) => command.screen().is_some() || command.works_over_details(),
        Binding::Screen(_) | Binding::Filter(_) | Binding::Action(_) => true,
    };
    reaches.then(|| binding.clone())
}

/// Another screen or filter leaves the details, and so does the palette, whose commands are meant for what is under them;
/// all else lies over them or leaves them as they are.
fn run_beyond_details(state: &mut State, binding: Binding, effects: &mut Vec<Effect>) {
    match &binding {
        Binding::Command(Command::Help) => {
            let help = Help::new(state, &[CommandContext::Details, CommandContext::Logs]);
            state.console.overlays.push(help);
            return;
        }
        Binding::Command(command) if command.screen().is_none() && *command != Command::Palette => {}
        Binding::Action(_) => {}
        Binding::Command(_) | Binding::Screen(_) | Binding::Filter(_) => close_details(state, effects),
    }
    run(state, binding, effects);
}

/// As Esc does: what they changed is put back, what they asked for is called off.
fn close_details(state: &mut State, effects: &mut Vec<Effect>) {
    // Each goes with one key; one that stayed must not hold the console.
    for _ in 0..state.console.overlays.iter().count() {
        if state.console.overlays.top().is_some_and(|top| top.details().is_some()) {
            overlays::key(state, Key::plain(KeyCode::Esc), effects);
        }
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
