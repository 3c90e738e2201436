//! The service screen: which service it shows.

use crate::config::panels;
use crate::text::name::Name;
use crate::world::alerts::AlertView;
use crate::world::services::ServiceView;

use super::describe;
use super::keymap::Command;
use super::logs;
use super::row::RowKey;
use super::screens::Screen;
use super::state::State;
use super::toasts::Tone;

/// Takes the service that is selected on the screen one comes from.
pub(crate) fn choose(state: &mut State) {
    if state.shows(&panels::SERVICES)
        && let Some(RowKey::Service(name)) = state.selected(&panels::SERVICES.id())
    {
        set(state, name);
    }
}

/// The service that is shown stays so, though another one becomes worse.
pub(crate) fn stay(state: &mut State) {
    if let Some(name) = state.shown_service().map(|service| service.name.clone()) {
        set(state, name);
    }
}

/// Shows another service: its lists begin at their first rows.
fn set(state: &mut State, name: Name) {
    if state.console.screens.service.service.as_ref() != Some(&name) {
        for spec in [&panels::CHECKS, &panels::SERVICE_METRICS, &panels::SERVICE_ACTIONS, &panels::SERVICE_TIMELINE] {
            if let Some(list) = state.list_mut(&spec.id()) {
                list.selected = None;
            }
        }
    }
    state.console.screens.service.service = Some(name);
}

/// What "poll now" polls: the checks of the service on its own screen, everything elsewhere.
pub(crate) fn polled(state: &State) -> Vec<Name> {
    match (&state.console.screen, state.shown_service()) {
        (Screen::Service, Some(service)) => service
            .checks
            .iter()
            .filter_map(|id| state.seen().checks.get(*id))
            .map(|check| check.name.clone())
            .collect(),
        _ => Vec::new(),
    }
}

/// Opens the screen of a service.
pub(crate) fn show(state: &mut State, name: Name) {
    set(state, name);
    state.go(Screen::Service);
}

/// The service that is selected, or the one that the screen is about.
pub(crate) fn selected(state: &State) -> Option<Name> {
    let row = state.focused_panel().and_then(|id| state.selected(&id));
    let of_row = row.and_then(|row| describe::service_of(state, &row));
    let shown = || (state.console.screen == Screen::Service).then(|| state.shown_service()).flatten();
    of_row.or_else(|| shown().map(|service| service.name.clone()))
}

/// The alert that is selected, where `subject` is what is.
pub(crate) fn alert_of<'a>(state: &'a State, subject: Option<&RowKey>) -> Option<&'a AlertView> {
    match subject? {
        RowKey::Alert(id) => state.seen().alert(id),
        _ => None,
    }
}

/// The service whose actions are at hand: that of `subject`, which is selected. An alert has no other: a key beside it that acts
/// on another service would be pressed for this one.
pub(crate) fn at_hand<'a>(state: &'a State, subject: Option<&RowKey>) -> Option<&'a ServiceView> {
    if let Some(alert) = alert_of(state, subject) {
        return state.seen().service_of_alert(alert);
    }
    if state.console.screen == Screen::Alerts {
        return None;
    }
    let of_row = subject.and_then(|row| describe::service_of(state, row));
    of_row.and_then(|name| state.seen().service(&name)).or_else(|| state.regarded_service())
}

/// Opens the logs of the service that is selected.
pub(crate) fn show_logs(state: &mut State) {
    match selected(state) {
        Some(name) => logs::show_service(state, &name),
        None => state.toast(Tone::Info, "no service selected"),
    }
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
    let here = state.seen().services.iter().position(|service| service.name == shown).unwrap_or(0);
    let last = state.seen().services.len().saturating_sub(1);
    let next = here.saturating_add_signed(by).min(last);
    let chosen = state.seen().services.iter().nth(next).map(|service| service.name.clone());
    if let Some(chosen) = chosen {
        set(state, chosen);
    }
}
