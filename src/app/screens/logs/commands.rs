//! What the keys of the logs screen do.

use super::{
    COLUMNS, MAX_CONTEXT, bars, details, detour, height, marks, next_match, set_filter, show_only, step_log, taken,
    times,
};
use crate::app::keymap::Command;
use crate::app::layout::PanelId;
use crate::app::overlays::line::{LineInput, Purpose};
use crate::app::overlays::patterns;
use crate::app::screens::Screen;
use crate::app::screens::list::moved;
use crate::app::state::State;
use crate::app::toasts::Tone;
use crate::config::sections::screen::Panel;
use crate::logs::record::Level;
use crate::model::effect::Effect;

/// Commands of the logs screen, and of log panels elsewhere: these are tails, and whoever wants to move in one gets the
/// whole screen.
pub(in crate::app::screens) fn command(
    state: &mut State,
    panel: &PanelId,
    command: Command,
    effects: &mut Vec<Effect>,
) {
    if *panel == PanelId::Histogram && bars::command(state, command) {
        return;
    }
    if !matches!(panel, PanelId::Records | PanelId::Histogram) && !lead_on(state, panel, command) {
        return;
    }
    let height = height(state);
    let screen = &mut state.console.screens.logs;
    match command {
        Command::Top => {
            if let Some(first) = screen.pane.view().get(0) {
                screen.pane.jump(&state.world.logs, first, height);
            }
        }
        Command::Select if screen.pane.follow => screen.pane.pause(&state.world.logs, height),
        Command::Select | Command::Bottom => {
            screen.pane.resume();
            state.console.time_cursor = None;
        }
        Command::Left => screen.column = screen.column.saturating_sub(COLUMNS),
        Command::Right => screen.column = (screen.column + COLUMNS).min(8192),
        Command::MoreContext => screen.context = (screen.context + 1).min(MAX_CONTEXT),
        Command::LessContext => screen.context = screen.context.saturating_sub(1),
        Command::Histogram => screen.histogram = !screen.histogram,
        Command::Mark => marks::toggle(state),
        Command::NextMark => marks::step(state, true),
        Command::PreviousMark => marks::step(state, false),
        Command::Patterns => patterns::open(state, effects),
        Command::TopValues => details::open_top(state, None),
        Command::Trace => detour::trace_selected(state),
        Command::Open => details::open(state),
        Command::Search => {
            let line = LineInput::new(state, Purpose::Search);
            state.console.overlays.push(line);
        }
        Command::NextMatch => next_match(state, true),
        Command::PreviousMatch => next_match(state, false),
        Command::NextError => next_error(state, true),
        Command::PreviousError => next_error(state, false),
        Command::NextLog => step_log(state, 1),
        Command::PreviousLog => step_log(state, -1),
        Command::SaveRecords => taken::save(state, effects),
        Command::PageRecords => taken::page(state, effects),
        other => {
            const MIDDLE: usize = 1 << 20;
            if let Some(to) = moved(other, MIDDLE, 2 * MIDDLE, height) {
                screen.pane.step(&state.world.logs, to.cast_signed() - MIDDLE.cast_signed(), height);
            }
        }
    }
    times::follow_selection(state);
}

/// From a log panel elsewhere to the whole screen with what it shows; false where the command ends there.
fn lead_on(state: &mut State, panel: &PanelId, command: Command) -> bool {
    let leads_on = matches!(
        command,
        Command::Open
            | Command::Up
            | Command::PageUp
            | Command::HalfPageUp
            | Command::Top
            | Command::Search
            | Command::PreviousError
            | Command::Patterns
            | Command::TopValues
    );
    if !leads_on {
        return false;
    }
    let only = match panel {
        PanelId::Layout(Panel::Log(shown)) => shown.only().cloned(),
        PanelId::ServiceLogs => {
            let logs = state.shown_service().map(|service| service.logs.clone()).unwrap_or_default();
            if let [one] = logs[..] { Some(state.world.logs[one].name.clone()) } else { None }
        }
        _ => None,
    };
    let through = match panel {
        PanelId::Layout(Panel::Log(shown)) => Some(shown.filter.clone()).filter(|filter| !filter.is_empty()),
        _ => None,
    };
    state.go(Screen::Logs);
    if only != state.console.screens.logs.only {
        show_only(state, only);
    }
    if let Some(filter) = through {
        // It was read with the configuration.
        let _ = set_filter(state, &filter);
    }
    command != Command::Open
}

fn next_error(state: &mut State, forward: bool) {
    let height = height(state);
    match state.console.screens.logs.pane.find_level(Level::Error, forward) {
        Some(entry) => state.console.screens.logs.pane.jump(&state.world.logs, entry, height),
        None => state.toast(Tone::Info, if forward { "no later error" } else { "no earlier error" }),
    }
}
