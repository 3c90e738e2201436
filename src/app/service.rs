//! The service screen: which service it shows.

use crate::config::panels;
use crate::text::name::Name;

use super::keymap::Command;
use super::row::RowKey;
use super::screens::Screen;
use super::state::State;

/// Takes the service that is selected on the screen one comes from.
pub(crate) fn choose(state: &mut State) {
    if state.shows(&panels::SERVICES)
        && let Some(RowKey::Service(name)) = state.selected(&panels::SERVICES.id())
    {
        state.console.screens.service.service = Some(name);
    }
}

/// What "poll now" polls: the checks of the service on its own screen, everything elsewhere.
pub(crate) fn polled(state: &State) -> Vec<Name> {
    match (&state.console.screen, state.shown_service()) {
        (Screen::Service, Some(service)) => {
            service.checks.iter().filter_map(|id| state.world.checks.get(*id)).map(|check| check.name.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// Opens the screen of a service.
pub(crate) fn show(state: &mut State, name: Name) {
    state.console.screens.service.service = Some(name);
    state.go(Screen::Service);
}

/// Commands of the panels of a service. `false`: none of their own.
pub(crate) fn command(state: &mut State, command: Command) -> bool {
    match command {
        Command::Left => step(state, -1),
        Command::Right => step(state, 1),
        _ => return false,
    }
    true
}

/// Shows the next service, or the one before, in the order of the overview.
fn step(state: &mut State, by: isize) {
    let Some(shown) = state.shown_service().map(|service| service.name.clone()) else { return };
    let here = state.world.services.iter().position(|service| service.name == shown).unwrap_or(0);
    let last = state.world.services.len().saturating_sub(1);
    let next = here.saturating_add_signed(by).min(last);
    state.console.screens.service.service = state.world.services.iter().nth(next).map(|service| service.name.clone());
}
