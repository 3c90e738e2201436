//! The screens: how the panels of each are placed.

mod actions;
mod diagnostics;
mod logs;
mod metrics;
mod overview;
mod service;

use ratatui::layout::Rect;

use super::paint::Painter;
use super::panels;
use crate::app::layout::PanelId;
use crate::app::screens::Screen;
use crate::app::state::State;

/// Draws the screen that is shown; where a panel is zoomed, that alone.
pub(crate) fn draw(state: &State, painter: &mut Painter<'_>, area: Rect) {
    if state.console.zoomed
        && let Some(id) = state.focused_panel()
    {
        panel(state, painter, &id, area);
        return;
    }
    match &state.console.screen {
        Screen::Overview | Screen::Custom(_) => overview::draw(state, painter, area),
        Screen::Service => service::draw(state, painter, area),
        Screen::Logs => logs::draw(state, painter, area),
        Screen::Metrics => metrics::draw(state, painter, area),
        Screen::Actions => actions::draw(state, painter, area),
        Screen::Diagnostics => diagnostics::draw(state, painter, area),
    }
}

/// Draws one panel of any screen.
fn panel(state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
    match id {
        PanelId::Layout(panel) => panels::draw(state, painter, panel, area),
        PanelId::Checks | PanelId::Latency => service::checks(state, painter, area),
        PanelId::Metrics => service::metrics(state, painter, area),
        PanelId::ServiceActions => service::actions(state, painter, area),
        PanelId::ServiceLogs => service::logs(state, painter, area),
        PanelId::Records | PanelId::Histogram => logs::draw(state, painter, area),
        PanelId::MetricList | PanelId::Chart(_) => metrics::draw(state, painter, area),
        PanelId::Startable => actions::startable(state, painter, area),
        PanelId::Runs => panels::runs::draw(state, painter, id, area),
        PanelId::Output => actions::output(state, painter, area),
        PanelId::Locks => actions::locks(state, painter, area),
        PanelId::Figures => diagnostics::figures(state, painter, area),
        PanelId::Problems => diagnostics::problems(state, painter, area),
    }
}
