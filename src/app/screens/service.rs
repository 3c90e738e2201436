//! One service.

use crate::app::layout::PanelId;
use crate::app::state::State;
use crate::config::sections::screen::Panel;
use crate::text::name::Name;

use super::{ListState, Screen};

/// What the service screen remembers.
#[derive(Debug, Clone, Default)]
pub struct ServiceScreen {
    /// The service; `None`: the first as the overview orders them.
    pub service: Option<Name>,
    /// Its checks; the view draws the components of each below it.
    pub checks: ListState,
    /// Metrics.
    pub metrics: ListState,
    /// Actions.
    pub actions: ListState,
}

/// The panels of the service that is shown: only those that have something.
pub(crate) fn panels(state: &State) -> Vec<PanelId> {
    let mut panels = vec![PanelId::Checks];
    if let Some(service) = state.shown_service() {
        let more = [
            (!service.metrics.is_empty(), PanelId::Metrics),
            (!service.actions.is_empty(), PanelId::ServiceActions),
            (!service.logs.is_empty(), PanelId::ServiceLogs),
        ];
        panels.extend(more.into_iter().filter(|(any, _)| *any).map(|(_, panel)| panel));
    }
    panels
}

/// Takes the service that is selected on the screen one comes from.
pub(crate) fn choose(state: &mut State) {
    if matches!(state.console.screen, Screen::Overview | Screen::Custom(_))
        && let Some(name) = state.selected(&PanelId::Layout(Panel::Services))
    {
        state.console.screens.service.service = Some(Name::from(name));
    }
}

/// What "poll now" polls: the checks of the service on its own screen, everything elsewhere.
pub(crate) fn polled(state: &State) -> Vec<Name> {
    match (&state.console.screen, state.shown_service()) {
        (Screen::Service, Some(service)) => {
            service.checks.iter().filter_map(|at| state.world.checks.get(*at)).map(|check| check.name.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// Shows the next service, or the one before, in the order of the overview.
pub(crate) fn step(state: &mut State, by: isize) {
    let Some(shown) = state.shown_service().map(|service| service.name.clone()) else { return };
    let here = state.world.services.iter().position(|service| service.name == shown).unwrap_or(0);
    let last = state.world.services.len().saturating_sub(1);
    let next = here.saturating_add_signed(by).min(last);
    state.console.screens.service.service = state.world.services.iter().nth(next).map(|service| service.name.clone());
}
