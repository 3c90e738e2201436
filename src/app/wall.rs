//! A console that hangs on a wall: a room reads it, and nobody types at it.

use crate::lang::key::{Key, KeyCode};
use crate::model::effect::{ConsoleEffect, Effect};

use super::message::Event;
use super::navigation;
use super::screens::Wall;
use super::state::State;

/// From now on this console hangs on a wall.
pub(crate) fn hang(state: &mut State, wall: Wall, effects: &mut Vec<Effect>) {
    if let Some(screen) = wall.screen.clone() {
        navigation::open_screen(state, screen, effects);
    }
    state.console.wall = Some(wall);
    state.touched();
}

/// Whether a wall takes no notice of an event: what is typed at it changes nothing, and whether its terminal has the focus
/// does not matter, for it is read from afar.
pub(crate) fn ignores(event: &Event) -> bool {
    matches!(event, Event::Key(_) | Event::Paste(_) | Event::Mouse(_) | Event::Focus(_))
}

/// The one key that a wall knows.
pub(crate) fn key(key: Key, effects: &mut Vec<Effect>) {
    if key == Key::plain(KeyCode::Char('q')) {
        effects.push(ConsoleEffect::Quit.into());
    }
}
