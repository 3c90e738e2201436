//! The mouse: everything that it can do, keys can do too.

use crate::config::sections::screen::Panel;
use crate::model::effect::Effect;

use super::commands;
use super::keymap::Command;
use super::layout::{PanelId, Target};
use super::message::{Mouse, MouseKind};
use super::overlays::stack;
use super::screens;
use super::state::State;

/// Rows that one notch of the wheel moves.
const NOTCH: usize = 3;

/// A mouse event. `false` where it meant nothing.
pub(crate) fn mouse(state: &mut State, mouse: Mouse, effects: &mut Vec<Effect>) -> bool {
    let target = state.console.layout.at(mouse.column, mouse.row).cloned();
    if !state.console.overlays.is_empty() {
        match (mouse.kind, target) {
            (MouseKind::Press, Some(Target::OverlayRow(row))) => stack::click_row(state, row),
            (MouseKind::Press, Some(Target::OverlayButton(button))) => stack::click_button(state, button),
            (MouseKind::ScrollUp | MouseKind::ScrollDown, _) => {
                return stack::wheel(state, mouse.kind == MouseKind::ScrollUp, NOTCH);
            }
            _ => return false,
        }
        return true;
    }
    if mouse.kind != MouseKind::Press {
        let Some(panel) = state.console.layout.panel_at(mouse.column, mouse.row).cloned() else { return false };
        // The tail of a log has nothing further down, and a wheel must not open another screen.
        if matches!(panel, PanelId::Layout(Panel::Log(_)) | PanelId::ServiceLogs) {
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
        Some(Target::Tab(screen)) => commands::open_screen(state, screen, effects),
        Some(Target::Bar(at)) => screens::logs::jump_to_bar(state, at),
        Some(Target::LogLine(log, seq)) => screens::logs::select(state, &log, seq),
        Some(target) => return click_row(state, &target, effects),
        None => return false,
    }
    true
}

/// The first click selects a row, the second opens it.
fn click_row(state: &mut State, target: &Target, effects: &mut Vec<Effect>) -> bool {
    let key: String = match target {
        Target::ServiceRow(name)
        | Target::CheckRow(name)
        | Target::MetricRow(name)
        | Target::ActionRow(name)
        | Target::RunRow(name) => name.to_string(),
        Target::AlertRow(id) => id.clone(),
        _ => return matches!(target, Target::Panel(_)),
    };
    let Some(panel) = state.focused_panel() else { return false };
    let was = state.list(&panel).and_then(|list| list.selected.clone());
    // An action wants a key: a click beside the mark must not start one where its `confirm` is `none`.
    let opens = !matches!(target, Target::ActionRow(_));
    if was.as_deref() == Some(&key) && opens {
        screens::open(state, &panel, effects);
    } else if let PanelId::Layout(Panel::Metric(_)) = panel {
        screens::open(state, &panel, effects);
    } else if let Some(list) = state.list_mut(&panel) {
        list.selected = Some(key);
    }
    true
}
