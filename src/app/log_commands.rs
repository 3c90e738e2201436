//! What the keys of the logs screen do.

use crate::logs::filter::Filter;
use crate::logs::record::Level;
use crate::model::effect::Effect;

use super::keymap::Command;
use super::list::moved;
use super::logs;
use super::overlays::line::{LineInput, Purpose};
use super::overlays::record::RecordOverlay;
use super::overlays::{patterns, record, top};
use super::screens::Screen;
use super::screens::logs::LogScope;
use super::state::State;
use super::toasts::Tone;

/// Columns that one press of left or right moves.
const COLUMNS: usize = 8;
/// Lines of context at the most.
const MAX_CONTEXT: usize = 20;

/// Commands of the logs screen.
pub(in crate::app) fn command(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    let height = logs::height(state);
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
        Command::Mark => logs::toggle_mark(state),
        Command::NextMark => next_mark(state, true),
        Command::PreviousMark => next_mark(state, false),
        Command::Patterns => patterns::open(state, effects),
        Command::TopValues => top::open(state, None),
        Command::Trace => logs::trace_selected(state),
        Command::Open => record::open(state),
        Command::Search => {
            let line = LineInput::new(state, Purpose::Search);
            state.console.overlays.push(line);
        }
        Command::NextMatch => logs::next_match(state, true),
        Command::PreviousMatch => logs::next_match(state, false),
        Command::NextError => next_error(state, true),
        Command::PreviousError => next_error(state, false),
        Command::NextLog => logs::step_log(state, 1),
        Command::PreviousLog => logs::step_log(state, -1),
        Command::SaveRecords => logs::save(state, effects),
        Command::PageRecords => logs::page(state, effects),
        other => {
            const MIDDLE: usize = 1 << 20;
            if let Some(to) = moved(other, MIDDLE, 2 * MIDDLE, height) {
                screen.pane.step(&state.world.logs, to.cast_signed() - MIDDLE.cast_signed(), height);
            }
        }
    }
    logs::follow_selection(state);
}

/// Commands of a log panel elsewhere: it is a tail, and whoever wants to move in it gets the whole screen with what it
/// shows. A filter that lets everything through leaves the one in force.
pub(in crate::app) fn lead_on(
    state: &mut State,
    scope: LogScope,
    filter: &Filter,
    command: Command,
    effects: &mut Vec<Effect>,
) {
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
        return;
    }
    state.go(Screen::Logs);
    logs::come_to(state, scope);
    if !filter.is_everything() {
        logs::set_filter(state, filter.clone());
    }
    if command != Command::Open {
        self::command(state, command, effects);
    }
}

fn next_mark(state: &mut State, forward: bool) {
    if let Some(record) = logs::next_mark(state, forward) {
        state.console.overlays.push(RecordOverlay::new(record, false));
    }
}

fn next_error(state: &mut State, forward: bool) {
    let height = logs::height(state);
    match state.console.screens.logs.pane.find_level(Level::Error, forward) {
        Some(entry) => state.console.screens.logs.pane.jump(&state.world.logs, entry, height),
        None => state.toast(Tone::Info, if forward { "no later error" } else { "no earlier error" }),
    }
}
