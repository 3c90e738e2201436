//! The mouse: everything that it can do, keys can do too.

use crate::model::effect::Effect;

use super::keymap::Command;
use super::layout::Target;
use super::message::{Mouse, MouseKind};
use super::navigation::open_screen;
use super::row::RowKey;
use super::state::{State, overlays};
use super::{commands, logs, metrics, panels};

/// Rows that one notch of the wheel moves.
const NOTCH: usize = 3;

/// A mouse event. `false` where it meant nothing.
pub(crate) fn mouse(state: &mut State, mouse: Mouse, effects: &mut Vec<Effect>) -> bool {
    let target = state.console.layout.at(mouse.column, mouse.row).cloned();
    if !state.console.overlays.is_empty() {
        match (mouse.kind, target) {
            (MouseKind::Press, Some(Target::LogLine(log, seq))) if logs::details::keep_list(state) => {
                logs::select(state, &log, seq);
                overlays::list_moved(state);
            }
            (MouseKind::Press, Some(Target::OverlayRow(row))) => overlays::click_row(state, row),
            (MouseKind::Press, Some(Target::OverlayButton(button))) => {
                if let Some(operation) = overlays::click_button(state, button) {
                    commands::perform(state, operation, effects);
                }
            }
            (MouseKind::ScrollUp | MouseKind::ScrollDown, _) => {
                return overlays::wheel(state, mouse.kind == MouseKind::ScrollUp, NOTCH);
            }
            _ => return false,
        }
        return true;
    }
    if mouse.kind != MouseKind::Press {
        let Some(panel) = state.console.layout.panel_at(mouse.column, mouse.row).cloned() else { return false };
        if !panels::find(&panel).takes_wheel() {
            return false;
        }
        state.console.focus = Some(panel);
        let command = if mouse.kind == MouseKind::ScrollUp { Command::Up } else { Command::Down };
        for _ in 0..NOTCH {
            commands::run(state, command, effects);
        }
        return true;
    }
    if let Some(panel) = state.console.layout.panel_at(mouse.column, mouse.row).cloned() {
        state.console.focus = Some(panel);
    }
    match target {
        Some(Target::Tab(screen)) => open_screen(state, screen, effects),
        Some(Target::Bar(at)) => logs::jump_to_bar(state, at),
        Some(Target::LogLine(log, seq)) => logs::select(state, &log, seq),
        Some(Target::Row(row)) => return click_row(state, row, effects),
        Some(Target::Plot(series)) => return metrics::point_at(state, &series, mouse.column),
        Some(target) => return matches!(target, Target::Panel(_)),
        None => return false,
    }
    true
}

/// The first click selects a row, the second opens it; where no rows can be selected the first one does.
fn click_row(state: &mut State, row: RowKey, effects: &mut Vec<Effect>) -> bool {
    let Some(id) = state.focused_panel() else { return false };
    let panel = panels::find(&id);
    let selected = state.list(&id).and_then(|list| list.selected.as_ref()) == Some(&row);
    if !panel.is_list() || (selected && panel.opens_by_click()) {
        commands::open(state, &id, effects);
    } else {
        state.select(&id, row);
    }
    true
}
